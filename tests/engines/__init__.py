"""Engines as all modules start them."""
