"""The solver `column-generation`: prices and machine counts from patterns, plans packed on them, then improved.

1. Heuristics for a first plan.
2. The pattern bound (`bounds.patterns`): column generation, then whole machine counts by Benders cuts.
3. Packing at a given fleet mix: the cheapest machine counts that keep every cut with a little to spare become quotas
   for a dive over the bound's patterns, or for the heuristics where copies have rules that it does not know; the
   spare part is halved or raised until the least is found that can be packed.
4. By turns until the bound is met or the time is up (`polish.py`): machines of the best plan are closed, one or a few
   at a time, while their copies find room elsewhere; and large-neighbourhood search.

Machines are closed once before step 3 too, in a small part of the time, unless that dives: it gives the search for
mixes a nearer goal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from placement.bounds.infeasible import why_infeasible
from placement.bounds.patterns.bound import TOO_SMALL, PatternBound
from placement.exact.afresh import afresh
from placement.exact.diving import Dive, may_dive
from placement.exact.fill import PATIENCE, Fill
from placement.exact.mixes import Mixes
from placement.exact.polish import Polish, with_placed
from placement.exact.refill import Elimination
from placement.exact.start import first_plan
from placement.heuristics import relabel
from placement.result import Outcome, Stop
from placement.track import why_stop

if TYPE_CHECKING:
    from placement.budget import Budget
    from placement.fleet import Fleet
    from placement.heuristics import Sketch
    from placement.packing import Packing
    from placement.track import Track

NAME = "column-generation"
_LEAST_SPARE = 0.0005
_MOST_SPARE = 0.2
_MOST_TRIES = 1_000_000  # to close machines
_DIVE_SPARE = 0.003  # of the first mix that is dived for: less is rarely enough
_DIVE_FROM = 600  # copies: with fewer the heuristics leave little out
_DIVE_SHARE = 0.5  # of the time for a mix
_FILL_SHARE = 0.7  # of what is left for it then
_MOST_ADDED = 6  # machines beyond the mix
_ADD_SHARE = 0.4  # of the time left, for one of them
_NEWS_SHARE = 0.05  # of the time, in which the bound must rise
_TRY_SHARE = 0.6  # of the time left for packing, for one mix


@dataclass(frozen=True, slots=True)
class ColumnGenerationOptions:
    """How the time is shared out.

    Attributes
    ----------
    bound_share : part of the time for the bound.
    first_share, pack_share : parts of what is left each time for closing machines and for packing at fleet mixes.
    dive_share : part of what is left after the bound for packing at fleet mixes, where that is done by diving: then
        no machines are closed before.
    steps : most steps of the large-neighbourhood search, and most tries to close a machine; a work budget replaces it.
    """

    bound_share: float = 0.3
    first_share: float = 0.1
    pack_share: float = 0.5
    dive_share: float = 0.8
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
    if (reason := why_infeasible(fleet)) is not None:
        return Outcome(NAME, Stop.PROVED, infeasible=True, reason=reason)
    if hint is not None:
        track.offer(hint, NAME)
    first_plan(fleet, track, budget, seed)
    best = track.best
    given = best[1].left_out if best is not None and fleet.levels else None
    bound = PatternBound(fleet, budget.share(options.bound_share), given, seed)
    bound.run(track, patience=_patience(budget))
    stats: dict[str, int] = {"columns": bound.columns, "rounds": bound.rounds, "cuts": len(bound.cuts)}
    if bound.infeasible and given is None:
        return Outcome(NAME, Stop.PROVED, infeasible=True, reason=TOO_SMALL)
    dives = _dives(_firm(fleet, track))
    first, pack = (0.0, options.dive_share) if dives else (options.first_share, options.pack_share)
    stats["closed"] = _close_machines(fleet, track, budget.share(first), seed)
    if not _ended(track, budget) and bound.cuts:
        stats["mixes"] = _pack_mixes(fleet, track, budget.share(pack), bound, seed)
    if not _ended(track, budget) and track.best is not None:
        polish = Polish(fleet, track, seed + 1)
        polish.run(budget, options.steps if budget.work is None else budget.work)
        stats["closed"] += polish.closed
        stats.update(steps=polish.steps, improved=polish.improved)
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
    search = Elimination(_firm(fleet, track), track.best[0], seed)
    limit = _MOST_TRIES if budget.work is None else budget.work
    while search.possible and search.tries < limit and not _ended(track, budget):
        if search.step(budget.over):
            track.offer(relabel(fleet, search.packing), NAME)
    return search.gained


def _pack_mixes(fleet: Fleet, track: Track, budget: Budget, bound: PatternBound, seed: int) -> int:
    """Pack at fleet mixes until the budget is over; returns how many packings were tried.

    One round halves the spare part between what fails and what the best plan has; the next one tries again with
    another seed, as the search for a packing has luck.
    """
    best = track.best
    fresh = afresh(fleet, None if best is None else best[1])
    firm = _firm(fresh or fleet, track)
    mixes = Mixes(firm, bound.cuts, seed)
    tried = 0
    while not _ended(track, budget):
        more = _halve(fleet, firm, track, budget, bound, mixes, seed + tried)
        tried += more
        if not more or budget.work is not None:
            break
    return tried


def _halve(
    fleet: Fleet, firm: Fleet, track: Track, budget: Budget, bound: PatternBound, mixes: Mixes, seed: int
) -> int:
    """The bound's machine counts first, then mixes of half the spare part; returns how many were tried."""
    packed: dict[tuple[int, ...], bool] = {}
    tried = 0
    low, high = 0.0, track.gap() or _MOST_SPARE
    dives = _dives(firm)
    spare = min(_DIVE_SPARE, high / 2) if dives else 0.0
    while not _ended(track, budget):
        machines = bound.machines if not spare and bound.machines else mixes.cheapest(spare, budget)
        if machines is None:
            break
        cheaper = _is_cheaper(fleet, track, mixes.price(machines))
        if machines not in packed:
            part = budget.share(_TRY_SHARE)
            dive = Dive(bound.relaxation, bound.patterns, seed + tried) if dives and cheaper else None
            packed[machines] = cheaper and _pack(fleet, firm, track, part, machines, seed + tried, dive)
            tried += cheaper
        if packed[machines] or not cheaper:
            high = spare
        else:
            low = spare
        if high - low <= _LEAST_SPARE:
            break
        spare = min((low + high) / 2, 2 * low or high) if dives else (low + high) / 2
    return tried


def _dives(firm: Fleet) -> bool:
    """Whether mixes are packed by diving."""
    return may_dive(firm) and sum(c.copies for c in firm.components) >= _DIVE_FROM


def _is_cheaper(fleet: Fleet, track: Track, price: int) -> bool:
    best = track.best
    return best is None or fleet.tick_price * price < best[1].ticks


def _firm(fleet: Fleet, track: Track) -> Fleet:
    """The fleet with as many optional copies as the best plan places, now required: a mix must hold them too."""
    return fleet if track.best is None else with_placed(fleet, track.best[0])


def _pack(
    fleet: Fleet,
    firm: Fleet,
    track: Track,
    budget: Budget,
    machines: tuple[int, ...],
    seed: int,
    dive: Dive | None,
) -> bool:
    """Pack with these machine counts as quotas; says whether all copies of `firm` found room."""
    if not machines:
        return False
    pools = tuple(replace(pool, max_instances=n) for pool, n in zip(firm.pools, machines, strict=True))
    narrow = replace(firm, pools=pools)
    fill = Fill(narrow, budget, seed, start=dive.run(machines, budget.share(_DIVE_SHARE)) if dive else None)
    patience = PATIENCE if budget.work is None else min(PATIENCE, budget.work)
    part = budget.share(_FILL_SHARE) if dive else budget
    if fill.run(part, track, patience) and fill.packing is not None:
        track.offer(relabel(fleet, fill.packing), NAME)
        return True
    if dive is not None and fill.sketch is not None:
        _add_machines(fleet, narrow, track, budget, fill.sketch, seed)
    return False


def _add_machines(fleet: Fleet, narrow: Fleet, track: Track, budget: Budget, start: Sketch, seed: int) -> None:
    """Complete a packing with few copies out on machines beyond its mix, cheapest first, if that pays."""
    for _ in range(_MOST_ADDED):
        homes = {p for c, _, _ in start.missing for option in fleet.components[c].options for p in option.pools}
        quotas = {pool.index: pool.max_instances for pool in fleet.pools}
        used = {pool.index: pool.max_instances or 0 for pool in narrow.pools}
        open_ = [p for p in homes if (quota := quotas[p]) is None or used[p] < quota]
        if not open_:
            return
        p = min(open_, key=lambda p: (fleet.pools[p].price, p))
        used[p] += 1
        pools = tuple(replace(pool, max_instances=used[pool.index]) for pool in narrow.pools)
        narrow = replace(narrow, pools=pools)
        if not _is_cheaper(fleet, track, sum(pool.price * used[pool.index] for pool in fleet.pools)):
            return
        fill = Fill(narrow, budget, seed, start=start)
        if fill.run(budget.share(_ADD_SHARE), track, PATIENCE // 4) and fill.packing is not None:
            track.offer(relabel(fleet, fill.packing), NAME)
            return
        start = fill.sketch or start
