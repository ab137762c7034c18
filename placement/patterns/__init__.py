"""Bounds from patterns: what may stand together on one accelerator.

*Formulation.* A pattern is what one accelerator of a device class holds, or all of a machine with at most one. The
master program chooses machines per pool, copies per mode (component, option, pool) and how often each pattern is
used, at the least rent (`formulation` has all rows and symbols, `docs/maths/patterns.md` the mathematics).

*Method and source.* Column generation (Gilmore and Gomory 1961, Oper. Res. 9, https://doi.org/10.1287/opre.9.6.849)
with smoothed duals (Wentges 1997, Int. Trans. Oper. Res. 4, https://doi.org/10.1016/S0969-6016(97)00001-4): `bound` is
the front door, `master` the restricted program, its knapsacks those of `vector_packing`. Prices become exact
inequalities in whole numbers (`certificate`); branching is on machine counts and aggregates of copies
(`branch_and_price`; Vanderbeck 2011, Math. Prog. 130, https://doi.org/10.1007/s10107-009-0334-1); fleet mixes that lack
machines are separated as Benders cuts (`benders`, `covering`; Benders 1962, Numer. Math. 4,
https://doi.org/10.1007/BF01386316). With copies in place of money the program bounds what is left out (`left_out`).

*Modules.* `formulation` has the sets and rows, with `modes`, `zone_limits`, `dedicated` and `grid`. The linear program
is `master` with its rows in `master_rows`, grown by `columns`; `multiplicity` limits what patterns hold. At the root
`root` finds the best prices, after those of `one_place` where there are rules over zones. `certificate`
makes a `Cut` of prices, `covering` has the cheapest counts that keep cuts, `committed` and `group_rows` what
commitments pay. `branch_and_price` is the tree, whose nodes `enumeration` decides; `history` remembers why they hold,
`open_nodes` leaves counts out. `bound` puts all of this together, with `benders` at its end, if `size` says that there
is time. Beside it stand `group_bound` (limits, commitments), `left_out` (optional copies), `coarse_prices` (large
fleets), `copy_prices` (any counts of copies), `counts` (demands) and `running` (what runs now).

*Inputs.* A `Solve`, and limits on copies left out per level (None: no plan is excluded).
*Returns.* `PatternBound`: the bound in micro-dollars per hour (`bound`) and ticks (`ticks`), its cuts, patterns, and
the cheapest machine counts (P,) that keep them. Bounds are reported to the incumbent as they rise.
*Errors.* `EngineError` when HiGHS refuses its input; `SolverBugError` when a plan at hand disproves a bound.
*Complexity.* Rows and columns are O(modes + items); a knapsack is O(grid states x items x log multiplicity).
"""
