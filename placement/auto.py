"""The solver `auto`: what is cheap first, and no further than the proof.

1. Instant proofs of infeasibility, and the volume bound.
2. Heuristics, cheapest first; each hands its plan on.
3. Exact search from the best plan, in the time that is left.

It ends as soon as the plan meets the bound (or the gap that was asked for).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from placement.bounds import volume_bound, why_infeasible
from placement.result import Outcome, Stop

if TYPE_CHECKING:
    from placement.budget import Budget
    from placement.fleet import Fleet
    from placement.packing import Packing
    from placement.solvers import SolveFunction
    from placement.track import Track

NAME = "auto"


@dataclass(frozen=True, slots=True)
class AutoOptions:
    """Which exact solver finishes.

    Attributes
    ----------
    exact : name of the solver that searches last.
    """

    exact: str = "cp-sat"


def solve_auto(
    fleet: Fleet,
    track: Track,
    *,
    budget: Budget,
    seed: int = 0,
    hint: Packing | None = None,
    options: AutoOptions = AutoOptions(),
) -> Outcome:
    """Bounds, heuristics, then exact search; see the module's text. Bounds and plans are in `track`."""
    reason = why_infeasible(fleet)
    if reason is not None:
        return Outcome(NAME, Stop.PROVED, infeasible=True, reason=reason)
    if hint is not None:
        track.offer(hint, "hint")
    track.raise_bound(volume_bound(fleet), "volume")
    stuck = ""
    for name in ("ffd", "best-fit", "greedy"):
        if ended := why_stop(track, budget):
            return Outcome(NAME, ended)
        outcome = _run(name, fleet, track, budget=budget.share(0.5), seed=seed, hint=None)
        stuck = outcome.reason
    if ended := why_stop(track, budget):
        return Outcome(NAME, ended, reason=stuck if track.best is None else "")
    best = track.best
    outcome = _run(options.exact, fleet, track, budget=budget.share(), seed=seed, hint=best[0] if best else None)
    if outcome.infeasible:
        return outcome
    reason = outcome.reason or (stuck if track.best is None else "")
    return Outcome(NAME, why_stop(track, budget) or outcome.stop, reason=reason, stats=outcome.stats)


def why_stop(track: Track, budget: Budget) -> Stop | None:
    """Why a solve should end now, or None to go on."""
    if track.proved:
        return Stop.PROVED
    if track.good_enough:
        return Stop.GAP
    if budget.interrupted:
        return Stop.INTERRUPTED
    return Stop.TIME if budget.over() else None


def _run(name: str, fleet: Fleet, track: Track, **given: Any) -> Outcome:
    from placement.solvers import find_solver

    solver = find_solver(name)
    solve: SolveFunction = solver.load()
    return solve(fleet, track, options=solver.default_options(), **given)
