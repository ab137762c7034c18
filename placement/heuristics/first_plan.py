"""A first plan for the exact solvers: the heuristics' best, in a small part of the time; else that of first-fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.heuristics import HeuristicOptions, solve_best_fit, solve_ffd, solve_greedy
from placement.solving.schedule import SCHEDULE

if TYPE_CHECKING:
    from placement.solving.context import Solve

_QUICK = HeuristicOptions(rounds=50)
_RESTARTS = 2


def first_plan(solve: Solve) -> None:
    """Have the heuristics look for a plan, unless there is one."""
    if solve.packing is None:
        for heuristic in (solve_best_fit, solve_greedy):
            heuristic(SCHEDULE.first_plan.within(solve, _RESTARTS), options=_QUICK)
    if solve.packing is None:  # a part of the time was too little, perhaps: nothing else is worth more than a plan
        solve_ffd(solve.share(work=1))
