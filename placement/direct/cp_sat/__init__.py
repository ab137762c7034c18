"""The direct model with OR-Tools CP-SAT: `engine` runs a program, `search` takes the objectives in turn."""

from placement.direct.cp_sat.search import CpSatOptions, find_plan, solve_cp_sat

__all__ = ["CpSatOptions", "find_plan", "solve_cp_sat"]
