"""The direct model with OR-Tools CP-SAT.

`model` states the rules (the executable specification) in the words of `program`, and `volume` adds rows that help
bounds; `translate` turns plans into values and back; `search` runs.
"""

from placement.direct.cp_sat.search import CpSatOptions, find_plan, solve_cp_sat

__all__ = ["CpSatOptions", "find_plan", "solve_cp_sat"]
