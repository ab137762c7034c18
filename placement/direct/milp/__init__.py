"""The direct model as a mixed-integer program, written with PuLP, solved by HiGHS or CBC.

`rounding` brings rows into numbers that floats can take, `program` writes them with PuLP, `engines` run it, `check`
recounts a decoded plan in integers, `search` takes the objectives in turn; `standard_form` writes a program to a file.
"""

from placement.direct.milp.search import MilpOptions, solve_milp

__all__ = ["MilpOptions", "solve_milp"]
