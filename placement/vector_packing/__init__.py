"""Exact vector bin packing: items of d integer sizes into bins of several types with costs and availabilities.

*Formulation.* A pattern is what one bin holds; the least cost of bins whose patterns hold all items
(`docs/maths/vector-packing.md`). The public names are `VectorPacking` (the problem), `solve_vector_packing` and
`PackingResult`.

*Method and source.* Column generation over loads (Gilmore and Gomory 1961, https://doi.org/10.1287/opre.9.6.849),
diving, and the covering program over all loads within the gap.

*Modules.* `problem` is what users write, `compiled` the same as arrays, `state` what is known, `solve` the order of all
that follows. Packings: `heuristics` with `fill`, `dive`. Bounds: `dual_feasible`, `generation` with its `master` and
`pricing` (by a `knapsack` table, `patterns` or `listed` ones), made exact by `certificate`. Counts of bins: `mix` by
cuts, `counts` by listed loads, `groups` with `shares` by groups of bin types. Covers: `cover` of all loads that matter,
`full_bins` where nothing may stay free.

*Inputs.* Sizes (m, d) or several rows an item, counts (m,), capacities (types, d), costs and availabilities (types,),
all whole numbers of at most 2^40.
*Returns.* Bins and a proven bound, in the unit of the costs.
*Errors.* `UsageError` that names the field for sizes, counts or capacities that mean nothing.
*Complexity.* Pricing is a table or a list of states of limited size (`pricing`, `patterns`); where states are
dropped, the bound takes in the best that they could have come to.
"""

from placement.vector_packing.problem import Bin, Bins, VectorPacking, check_bins
from placement.vector_packing.solve import solve_vector_packing
from placement.vector_packing.state import PackingResult

__all__ = ["Bin", "Bins", "PackingResult", "VectorPacking", "check_bins", "solve_vector_packing"]
