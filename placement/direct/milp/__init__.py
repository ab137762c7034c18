"""The direct model as a mixed-integer program, written with PuLP, solved by HiGHS or CBC.

*Modules.* `program` writes it with PuLP, `engines` run it, `search` takes the objectives in turn, `last_digits` asks
CP-SAT what floats leave open. `outline` counts new machines by pool, for fleets where most of a plan is what runs:
`outline_plans` makes plans of its solutions, `outline_check` and `outline_digits` say what they get wrong.
"""

from placement.direct.milp.outline import may_outline, solve_outline
from placement.direct.milp.search import MilpOptions, solve_milp

__all__ = ["MilpOptions", "may_outline", "solve_milp", "solve_outline"]
