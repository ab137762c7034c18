"""Solvers that are fast and prove nothing: first-fit decreasing, best-fit decreasing, and a price-guided greedy."""

from placement.heuristics.partial_packing import Key, Missing, PartialPacking, partial_packing, partial_packing_of
from placement.heuristics.relabel import relabel
from placement.heuristics.solve import HeuristicOptions, improve, solve_best_fit, solve_ffd, solve_greedy

__all__ = [
    "HeuristicOptions",
    "Key",
    "Missing",
    "PartialPacking",
    "improve",
    "partial_packing",
    "partial_packing_of",
    "relabel",
    "solve_best_fit",
    "solve_ffd",
    "solve_greedy",
]
