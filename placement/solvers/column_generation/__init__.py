"""Column generation: fleet mixes from the pattern bound, and copies packed on them by diving.

*Formulation.* A fleet mix is a vector of machine counts (P,). Mixes that keep the bound's cuts are tried in turn; at
each, all copies are to be placed (`pack`). Small fleets are decided mix by mix (`combinatorial_benders`), large ones
with zones packed zone by zone (`zone_packing`).

*Method and source.* Diving (`diving`: Sadykov et al. 2019, INFORMS J. Comput. 31,
https://doi.org/10.1287/ijoc.2018.0822); combinatorial Benders cuts (Codato and Fischetti 2006, Oper. Res. 54,
https://doi.org/10.1287/opre.1060.0286); then `local_search`. `docs/maths/diving.md` has the mathematics.

*Modules.* `solve` is the order of all; `search` and `whole_plan` are what follows the first plan, without and with
rules over the whole plan, and `scarce` with `wanted_copies` what comes before where optional copies are left out.
`pack` packs at fleet `mixes`, made whole by `whole_counts`, from a `ground` (bounds) and by `penalties`.
`zone_packing` goes by `zone_split` with `zone_counts`, `zone_tasks` and `zone_plans`. `whole_solutions` and
`running_solutions` are solutions of the pattern program, packed in `solution_parts`. `helper` is the second process.

*Inputs.* A `Solve` and `ColumnGenerationOptions` (`solve.solve_column_generation` is the front door; the shares of
time are in `solving.schedule`).
*Returns.* An `Outcome`; plans and bounds go to the incumbent.
*Errors.* `SolverBugError` when a plan and a bound contradict each other.
*Complexity.* A dive solves some forty-five linear programs of O(modes + patterns) columns, each with pricing.
"""
