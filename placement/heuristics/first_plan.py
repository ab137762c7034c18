"""A first plan for the exact solvers: first-fit's, with all of the time; then the heuristics' best in a part of it."""

from dataclasses import replace

from placement.heuristics import GreedyOptions, HeuristicOptions, solve_best_fit, solve_ffd, solve_greedy
from placement.heuristics.parameters import FirstPlanParameters as _PARAMS
from placement.solving.context import Solve
from placement.solving.schedule import SCHEDULE

_QUICK = GreedyOptions(rounds=50)


def first_plan(solve: Solve) -> None:
    """Have the heuristics look for a plan, unless there is one, or they have looked before: they would do the same.

    First-fit is the quickest of them and comes first: cut short, the others would only take from its time.
    """
    if solve.packing is None and not solve.incumbent.heuristics_failed:
        solve_ffd(solve, options=HeuristicOptions(restarts=1))
        quick = replace(_QUICK, restarts=_PARAMS.restarts)
        for heuristic in (solve_best_fit, solve_greedy):
            if solve.ended:
                return
            heuristic(SCHEDULE.first_plan.within(solve), options=quick)
        solve.incumbent.heuristics_failed = solve.packing is None
