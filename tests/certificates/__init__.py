"""Certificates: the checker that believes nothing, and what is written for it."""
