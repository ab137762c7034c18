"""A first plan for the exact solvers: first-fit's, with all of the time; then the heuristics' best in a part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.heuristics import GreedyOptions, solve_best_fit, solve_ffd, solve_greedy
from placement.heuristics.parameters import HEURISTICS
from placement.solving.schedule import SCHEDULE

if TYPE_CHECKING:
    from placement.solving.context import Solve

_QUICK = GreedyOptions(rounds=50)
_PARAMS = HEURISTICS.first_plan


def first_plan(solve: Solve) -> None:
    """Have the heuristics look for a plan, unless there is one, or they have looked before: they would do the same.

    First-fit is the quickest of them and comes first: cut short, the others would only take from its time. No limit on
    steps cuts them short: without a plan there is nothing that a search could make cheaper.
    """
    if solve.packing is None and not solve.incumbent.heuristics_failed:
        free = solve.within(solve.budget.share(work=1, counted=False))
        solve_ffd(free)
        for heuristic in (solve_best_fit, solve_greedy):
            if solve.ended:
                return
            heuristic(SCHEDULE.first_plan.within(free, _PARAMS.restarts), options=_QUICK)
        solve.incumbent.heuristics_failed = solve.packing is None
