"""Rewrites of a fleet: a smaller or coarser problem, and how its packings and bounds carry over to the whole.

*Formulation.* A `Reduction` maps a fleet F to a fleet F' with `lift`: packings of F' become packings of F that keep
every rule; `keeps_bound` says whether a bound on F' holds for F, and what it takes for granted.

*Method and source.* Reversible problem rewrites as in CVXPY (Agrawal, Verschueren, Diamond and Boyd 2018, J. Control
Decis. 5, https://doi.org/10.1080/23307706.2017.1397554); a `Chain` is several in turn.

*Modules.* `base` says what a `Reduction` and a `Chain` are. Restrictions: `limits`, `required`, `capped`. What is left
as if nothing ran: `greenfield`. Without dedicated components: `preassigned`. Alike components as one:
`relaxing_aggregation` for bounds, `restricting_aggregation` for plans, `volume_aggregation` for volumes. Counts that
are decided: `counted`, `given_counts`, with `fixed_counts`. Parts of a plan: `subproblem`, `partition`, with
`rule_shares`. Rules written otherwise: `free_machines`, `zone_floors`, or at a price: `linear_prices`; or left out:
`without_rules`. Another problem: `vector_packing`. `parts` numbers components that are put in parts.

*Inputs.* A `Fleet`, and what the reduction asks for (machine counts (P,), a packing, a zone).
*Returns.* A frozen dataclass with the reduced `fleet`, or None from `of` where it does not apply.
*Errors.* None; `tests/reductions/test_all.py` holds each to what it claims, and to what lifted packings then cost
(`tests/reductions/lifted_value.py`).
*Complexity.* O(components x options x pools + copies) each, unless its docstring says more.
"""
