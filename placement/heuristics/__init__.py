"""Solvers that are fast and prove nothing: first-fit decreasing, best-fit decreasing, and a price-guided greedy."""

from placement.heuristics.relabel import relabel
from placement.heuristics.sketch import Key, Missing, Sketch, sketch, sketch_of
from placement.heuristics.solve import HeuristicOptions, improve, solve_best_fit, solve_ffd, solve_greedy

__all__ = [
    "HeuristicOptions",
    "Key",
    "Missing",
    "Sketch",
    "improve",
    "relabel",
    "sketch",
    "sketch_of",
    "solve_best_fit",
    "solve_ffd",
    "solve_greedy",
]
