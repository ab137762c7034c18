"""Thin, quiet doors to other people's engines, for what more than one of our modules needs of them."""
