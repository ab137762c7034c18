"""Rewrites of a fleet: a smaller or coarser problem, and how its packings and bounds carry over to the whole.

*Formulation.* A `Reduction` maps a fleet F to a fleet F' with `lift`: packings of F' become packings of F that keep
every rule; `keeps_bound` says whether a bound on F' holds for F, and what it takes for granted.

*Method and source.* Reversible problem rewrites as in CVXPY (Agrawal, Verschueren, Diamond and Boyd 2018, J. Control
Decis. 5, https://doi.org/10.1080/23307706.2017.1397554); a `Chain` is several in turn.

*Inputs.* A `Fleet`, and what the reduction asks for (machine counts (P,), a packing, a zone).
*Returns.* A frozen dataclass with the reduced `fleet`, or None from `of` where it does not apply.
*Errors.* None; `tests/reductions/test_all.py` holds each to what it claims, and to what lifted packings then cost
(`tests/reductions/lifted_value.py`).
*Complexity.* O(components x options x pools + copies) each, unless its docstring says more.
"""
