"""What runs now, in the bound and in the LP: copies that are kept save the money of a move."""
