"""Packing at a fixed fleet mix: empty a few accelerators, fill them as full as can be, until nothing is left out."""

from placement.exact.refill.search import Refill

__all__ = ["Refill"]
