"""The solver `column-generation`: prices and machine counts from patterns, plans packed on them, then improved.

1. Heuristics for a first plan.
2. The pattern bound (`patterns`): column generation, then whole machine counts by Benders cuts.
3. Packing at fleet mixes (`mix_packing`): the cheapest machine counts that keep every cut with a little to spare, and a
   packing of all copies looked for there.
4. In small fleets: mixes in the order of their price, each decided by CP-SAT (`mix_by_mix`), once the bound's tree is
   at its end.
5. By turns until the bound is met or the time is up (`polish.py`): machines of the best plan are closed, one or a few
   at a time, while their copies find room elsewhere; and large-neighbourhood search.

Where there is a second core and mixes are packed by diving, a second process packs other mixes, with patterns of
its own, and then improves the best plan too (`aside`).

Machines are closed once before step 3 too, in a small part of the time, unless that dives over the bound's patterns: it
gives the search for mixes a nearer goal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from placement.bounds.infeasible import why_infeasible
from placement.heuristics import improve, relabel
from placement.heuristics.first_plan import first_plan
from placement.local_search.eliminate import Elimination
from placement.local_search.variable_neighbourhood import Polish
from placement.parallel.helper import second_process
from placement.parallel.thread import may_search_beside
from placement.patterns.bound import TOO_SMALL, PatternBound
from placement.patterns.size import TOO_LARGE, may_build
from placement.solvers.column_generation.combinatorial_benders import MixByMix
from placement.solvers.column_generation.helper import errands, may_help
from placement.solvers.column_generation.pack import NAME, MixPacking, firm_fleet
from placement.solving.incumbent import why_stop
from placement.solving.result import Outcome, Stop

if TYPE_CHECKING:
    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Packing
    from placement.solving.budget import Budget
    from placement.solving.incumbent import Track

_MOST_TRIES = 1_000_000  # to close machines
_SECOND_SEED = 2_000
_NEWS_SHARE = 0.05  # of the time, in which the bound must rise


@dataclass(frozen=True, slots=True)
class ColumnGenerationOptions:
    """How the time is shared out.

    Attributes
    ----------
    bound_share : part of the time for the bound.
    first_share, pack_share : parts of what is left each time for closing machines and for packing at fleet mixes.
    dive_share : part of what is left after the bound for packing at fleet mixes, where that is done by diving: then
        no machines are closed before.
    decide_share : part of what is left after the bound, and again after packing, for fleet mixes that are decided one
        by one, where fleets are small enough for that.
    second : whether a second process may help, where there is a core and time for it.
    steps : most steps of the large-neighbourhood search, and most tries to close a machine; a work budget replaces it.
    """

    bound_share: float = 0.3
    first_share: float = 0.1
    pack_share: float = 0.5
    dive_share: float = 0.7
    decide_share: float = 0.4
    second: bool = True
    steps: int = 1_000_000


def solve_column_generation(
    fleet: Fleet,
    track: Track,
    *,
    budget: Budget,
    seed: int = 0,
    hint: Packing | None = None,
    options: ColumnGenerationOptions = ColumnGenerationOptions(),
) -> Outcome:
    """Bound by patterns, pack at the bound's machine counts, improve; see the module's text."""
    if (reason := why_infeasible(fleet, budget)) is not None:
        return Outcome(NAME, Stop.PROVED, infeasible=True, reason=reason)
    if hint is not None:
        track.offer(hint, NAME)
    first_plan(fleet, track, budget, seed)
    if not (options.second and may_search_beside(budget) and may_help(fleet, budget)):
        return _search(fleet, track, budget, seed, options)
    mixes = budget.share(options.bound_share + (1 - options.bound_share) * options.dive_share)
    with second_process(track, budget, errands(fleet, track, mixes, budget, seed + _SECOND_SEED)):
        return _search(fleet, track, budget, seed, options)


def _search(fleet: Fleet, track: Track, budget: Budget, seed: int, options: ColumnGenerationOptions) -> Outcome:
    """Steps 2 to 4."""
    if not may_build(fleet, budget):
        if track.best is not None:
            improve(fleet, track, budget, seed, NAME)
        return Outcome(NAME, _why(track, budget), reason=TOO_LARGE if track.best is None else "")
    best = track.best
    given = best[1].left_out if best is not None and fleet.levels else None
    bound = PatternBound(fleet, budget.share(options.bound_share), given, seed)
    bound.run(track, patience=_patience(budget))
    stats: dict[str, int] = {"columns": bound.columns, "rounds": bound.rounds, "cuts": len(bound.cuts)}
    stats.update(nodes=bound.nodes, programs=bound.programs)
    if bound.infeasible and given is None:
        return Outcome(NAME, Stop.PROVED, infeasible=True, reason=TOO_SMALL)
    by_mix = MixByMix(fleet, track, bound, seed, NAME)
    if bound.mix:
        by_mix.run(budget.share(options.decide_share))
    stats["closed"] = 0
    if not _ended(track, budget) and bound.cuts:
        mixes = MixPacking(fleet, track, bound, seed)
        if not mixes.dives:
            stats["closed"] = _close_machines(fleet, track, budget.share(options.first_share), seed)
        share = options.dive_share if mixes.dives else options.pack_share
        mixes.run(budget.share(share * (1 - options.decide_share) if by_mix.possible else share))
        stats["mixes"] = mixes.tried
    if not _ended(track, budget) and track.best is not None:
        by_mix.run(budget.share(options.decide_share))
        polish = Polish(fleet, track, seed + 1)
        polish.run(budget, options.steps if budget.work is None else budget.work)
        stats["closed"] += polish.closed
        stats.update(steps=polish.steps, improved=polish.improved)
    stats["ruled_out"] = by_mix.ruled_out
    return Outcome(NAME, _why(track, budget), stats={**stats})


def _patience(budget: Budget) -> float:
    """Seconds that the bound may go without news, when other work waits; for ever under a work limit."""
    return math.inf if budget.seconds is None or budget.work is not None else _NEWS_SHARE * budget.seconds


def _ended(track: Track, budget: Budget) -> bool:
    return track.good_enough or budget.over()


def _why(track: Track, budget: Budget) -> Stop:
    return why_stop(track, budget) or (Stop.DONE if track.best is not None else Stop.STUCK)


def _close_machines(fleet: Fleet, track: Track, budget: Budget, seed: int) -> int:
    """Close machines of the best plan until the budget is over; returns how often that made it cheaper."""
    if track.best is None:
        return 0
    search = Elimination(firm_fleet(fleet, track), track.best[0], seed)
    limit = _MOST_TRIES if budget.work is None else budget.work
    while search.possible and search.tries < limit and not _ended(track, budget):
        if search.step(budget.over):
            track.offer(relabel(fleet, search.packing), NAME)
    return search.gained
