"""The solver `auto`: what is cheap first, and no further than the proof.

1. Instant proofs of infeasibility.
2. Heuristics, cheapest first, each handing its plan on, and the volume bound.
3. Exact search by turns, each from the best plan so far. A fleet that is vector packing gets the exact packing core
   and the arc-flow program first. A problem small enough for the direct models gets CP-SAT
   first, then HiGHS (which is strong where CP-SAT is weak: dedicated components, whole accelerators with host
   limits), then column generation, then CP-SAT's portfolio for what time is left. A larger one gets column
   generation alone, a very large one is solved in parts.

It ends as soon as the plan meets the bound (or the gap that was asked for).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from placement.bounds import VOLUME_RELAXES, volume_bound, why_infeasible
from placement.exact.slots import direct_terms, most_new_machines
from placement.result import Outcome, Stop
from placement.track import why_stop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.budget import Budget
    from placement.fleet import Fleet
    from placement.packing import Packing
    from placement.solvers import SolveFunction
    from placement.track import Track

NAME = "auto"
_RESTARTS = 2  # of each heuristic: a problem that is hard to pack, or infeasible, must not be kept waiting
_MORE_RESTARTS = 6  # of greedy, once there is a plan
_FIRST_WORK = 3_000  # thousandths of CP-SAT's deterministic second for its first turn


@dataclass(frozen=True, slots=True)
class AutoOptions:
    """Which problems the direct models see.

    Attributes
    ----------
    direct_terms : up to so many terms (about: options x machines x accelerators) the direct models take turns.
    decompose_from : with so many copies or more, the problem is solved in parts.
    """

    direct_terms: int = 20_000
    decompose_from: int = 3_000


@dataclass(frozen=True, slots=True)
class Turn:
    """One solver's turn: its part of the time that is left, and its limit on work (None: the time alone)."""

    solver: str
    part: float
    work: int | None = None


def solve_auto(
    fleet: Fleet,
    track: Track,
    *,
    budget: Budget,
    seed: int = 0,
    hint: Packing | None = None,
    options: AutoOptions = AutoOptions(),
) -> Outcome:
    """Bounds, heuristics, then exact search by turns; see the module's text. Bounds and plans are in `track`."""
    if hint is not None:
        track.offer(hint, "hint")
    reason = why_infeasible(fleet)
    if reason is not None:
        return Outcome(NAME, Stop.PROVED, infeasible=True, reason=reason)
    stuck = ""
    stats: dict[str, int | float | str] = {}
    for turn in _turns(fleet, track, budget, options):
        if ended := why_stop(track, budget):
            return Outcome(NAME, ended, reason="" if track.best else stuck, stats=stats)
        best = track.best
        part = budget.share(turn.part, work=turn.work)
        outcome = _run(turn.solver, fleet, track, budget=part, seed=seed, hint=best[0] if best else None)
        if outcome.infeasible:
            return outcome
        stuck = stuck or outcome.reason
        stats.update({f"{turn.solver} {key}": value for key, value in outcome.stats.items()})
    return Outcome(NAME, why_stop(track, budget) or _end(track), reason="" if track.best else stuck, stats=stats)


def _turns(fleet: Fleet, track: Track, budget: Budget, options: AutoOptions) -> Iterator[Turn]:
    """Who searches when. Under a work limit every turn has one, so that the answer does not depend on a clock."""
    yield Turn("ffd", 1.0, _RESTARTS)
    track.raise_bound(
        volume_bound(fleet), "volume", relaxes=VOLUME_RELAXES
    )  # loads an engine: a first plan comes sooner
    yield Turn("best-fit", 0.2, _RESTARTS)
    yield Turn("greedy", 0.2, _RESTARTS if track.best is None else _MORE_RESTARTS)
    if sum(c.copies for c in fleet.components) >= options.decompose_from:
        yield Turn("decomposition", 1.0, budget.work)
        return
    for solver, part in _packers(fleet):
        yield Turn(solver, part, budget.work)
    best = track.best
    new = most_new_machines(fleet, best[1].ticks if best and not any(best[1].left_out) else None)
    terms = direct_terms(fleet, new)
    if budget.work is not None:
        yield Turn("cp-sat" if terms <= options.direct_terms else "column-generation", 1.0, budget.work)
    elif terms <= options.direct_terms:
        yield Turn("cp-sat", 0.3, _FIRST_WORK)
        yield Turn("milp", 0.25)
        yield Turn("column-generation", 0.5)
        yield Turn("cp-sat", 1.0)
    else:
        yield Turn("column-generation", 1.0)


def _packers(fleet: Fleet) -> tuple[tuple[str, float], ...]:
    """Solvers for a fleet that is vector packing and their parts of the time left, the stronger first.

    Which that is depends on what the bins are: single accelerators, or machines of several.
    """
    from placement.exact.fleet_bins import as_vector_packing  # loads an engine

    if as_vector_packing(fleet) is None:
        return ()
    plain = all(pool.shape.accelerators <= 1 for pool in fleet.pools)
    return (("bin-packing", 0.7), ("arc-flow", 0.4)) if plain else (("arc-flow", 0.4), ("bin-packing", 0.4))


def _end(track: Track) -> Stop:
    return Stop.STUCK if track.best is None else Stop.DONE


def _run(name: str, fleet: Fleet, track: Track, **given: Any) -> Outcome:
    from placement.solvers import find_solver

    solver = find_solver(name)
    solve: SolveFunction = solver.load()
    return solve(fleet, track, options=solver.default_options(), **given)
