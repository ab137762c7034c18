"""Rewrites of a fleet: a smaller or coarser problem, and how its packings and bounds carry over to the whole."""
