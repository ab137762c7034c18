"""Packing by filling accelerators again: at a fixed fleet mix, and with ever fewer machines."""

from placement.exact.refill.elimination import Elimination
from placement.exact.refill.search import Refill

__all__ = ["Elimination", "Refill"]
