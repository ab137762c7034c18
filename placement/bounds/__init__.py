"""What no plan can beat, cheapest first: instant proofs of infeasibility, then bounds on the cost.

*Formulation.* Machines, copies and moves are counted; where a copy stands within a pool is left out. The volume bound
is the linear program of what all copies take of each resource against what machines have (`volume`), also after dual
feasible functions (`dual_feasible`); the clique bound counts components that never share a machine (`cliques`);
`moves` counts copies that no plan keeps, `overload` those that must leave machines that hold more than fits; `cutoff`
is what a better plan may cost.

*Method and source.* The linear program's prices are made exact by its Lagrangian function (Geoffrion 1974, Math.
Prog. Study 2, 82-114, https://doi.org/10.1007/BFb0120690); dual feasible functions: Fekete and Schepers 2001, Math.
Prog. 91, https://doi.org/10.1007/s101070100243.

*Modules.* `infeasible` proves in words that there is no plan, with `lacking` for copies that fit nowhere. `instant`
reports the bounds: `volume` with `dual_feasible`, `cliques`, `moves` and `overload`. `fractional_cover` is the covering
knapsack that several of them solve, `cutoff` what a better plan may cost.

*Inputs.* A `Fleet` (C components, P pools) and a `Budget`; with `raise_instant_bounds` a `Solve`.
*Returns.* Bounds in ticks (`Fleet.cost` makes micro-dollars of them), or the reason why there is no plan, in words.
*Errors.* None on a valid fleet; when the budget ends first the bound is lower, and still a bound.
*Complexity.* O(components x options x pools) columns; milliseconds for hundreds of components.
"""

from placement.bounds.infeasible import why_infeasible
from placement.bounds.instant import raise_instant_bounds
from placement.bounds.volume import volume_bound

__all__ = ["raise_instant_bounds", "volume_bound", "why_infeasible"]
