"""A first plan for the exact solvers: the heuristics' best, in a small part of the time; else that of first-fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.heuristics import HeuristicOptions, solve_best_fit, solve_ffd, solve_greedy

if TYPE_CHECKING:
    from placement.compiled.fleet import Fleet
    from placement.solving.budget import Budget
    from placement.solving.incumbent import Track

_QUICK = HeuristicOptions(rounds=50)
_RESTARTS = 2
_PART = 0.1  # of the time left, for each heuristic


def first_plan(fleet: Fleet, track: Track, budget: Budget, seed: int) -> None:
    """Have the heuristics look for a plan, unless there is one."""
    if track.best is None:
        for solve in (solve_best_fit, solve_greedy):
            solve(fleet, track, budget=budget.share(_PART, work=_RESTARTS), seed=seed, options=_QUICK)
    if track.best is None:  # a part of the time was too little, perhaps: nothing else is worth more than a plan
        solve_ffd(fleet, track, budget=budget.share(1.0, work=1), seed=seed)
