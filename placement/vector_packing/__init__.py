"""Exact vector bin packing: items of d integer sizes into bins of several types with costs and availabilities.

The public names are `VectorPacking` (the problem), `solve_vector_packing` and what it returns, `PackingResult`.
"""

from placement.vector_packing.problem import Bin, Bins, VectorPacking, check_bins
from placement.vector_packing.solve import solve_vector_packing
from placement.vector_packing.state import PackingResult

__all__ = ["Bin", "Bins", "PackingResult", "VectorPacking", "check_bins", "solve_vector_packing"]
