"""The direct model as a mixed-integer program, written with PuLP, solved by HiGHS or CBC.

`program` writes it with PuLP, `engines` run it and `search` takes the objectives in turn. `outline` counts new machines
by pool, for fleets where most of a plan is what runs.
"""

from placement.direct.milp.outline import may_outline, solve_outline
from placement.direct.milp.search import MilpOptions, solve_milp

__all__ = ["MilpOptions", "may_outline", "solve_milp", "solve_outline"]
