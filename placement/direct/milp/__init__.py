"""The direct model as a mixed-integer program, written with PuLP, solved by HiGHS or CBC.

`model` states the rules, `program` is what it is written with, `translate` turns plans into values and back, `check`
recounts a decoded plan in integers, `engines` run it, `search` takes the objectives in turn.
"""

from placement.direct.milp.search import MilpOptions, solve_milp

__all__ = ["MilpOptions", "solve_milp"]
