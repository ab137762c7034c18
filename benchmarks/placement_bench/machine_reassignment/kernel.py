"""The loop of annealing one move at a time, for Numba to compile; without Numba it is plain Python, for tests alone.

A move takes a process to another machine (`other` is -1), or swaps two. Load above a capacity has a price, which may be
infinite: then no move may bring any. Moves are scored many at once (`scores`), and those that look as if Metropolis'
rule would take them are judged one after the other, exactly.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from placement_bench.machine_reassignment.compiling import compiled
from placement_bench.machine_reassignment.scores import (
    NONE,
    cost_with,
    cost_without,
    refresh,
    score_machines,
    score_swaps,
    set_price,
)

if TYPE_CHECKING:
    from placement.arrays import Ints
    from placement_bench.machine_reassignment.tables import FixedTables, KeptTables, Random, ScoreTables, WorkTables

    Move = tuple[int, int, int, int]  # process, other, source, target

_HIGH, _LOW, _SHIFTS = np.uint64(32), np.uint64(11), (np.uint64(13), np.uint64(7), np.uint64(17))
_SCALE = 2.0**-53
_MOST = 1e15  # a price that is infinite, where single numbers of 32 bits are multiplied by it
_MARGIN = 1e-5  # of numbers of 32 bits that are added


@compiled
def walk(
    fixed: FixedTables,
    kept: KeptTables,
    scores: ScoreTables,
    work: WorkTables,
    heat: tuple[float, float, float],
    shares: tuple[float, float, int],
    draws: int,
) -> tuple[int, int, int]:
    """So many processes drawn; for each, some of its moves are scored, and one at most is made. O(draws x K block).

    Parameters
    ----------
    heat : the temperature, what a process away from home costs beside its true cost, and the price of load above a
        capacity.
    shares : of draws that look at the process's home alone, and at all machines; the others look at swaps with
        processes of a block of the given size.

    Returns
    -------
    What the cost has changed by, but for service moves; how many moves were scored; and how many were made.
    """
    changed, scored, made = 0, 0, 0
    set_price(fixed, scores, min(heat[2], _MOST))
    for _ in range(draws):
        drawn = _below(work.random, len(kept.machine_of)), _limit(work.random, heat[0])
        looked, found = _look(fixed, kept, scores, work, drawn, heat, shares)
        scored += looked
        for k in range(found):
            move = drawn[0], work.others[k], kept.machine_of[drawn[0]], work.targets[k]
            delta, taken = _attempt(fixed, kept, move, drawn[1], heat, work.after)
            if taken:
                refresh(fixed, kept, scores, move[2])
                refresh(fixed, kept, scores, move[3])
                changed += delta
                made += 1
                break
    return changed, scored, made


@compiled
def _next(random: Random) -> Any:
    """Marsaglia's xorshift with 64 bits (2003, Journal of Statistical Software 8, 14)."""
    x = random[0]
    x ^= x << _SHIFTS[0]
    x ^= x >> _SHIFTS[1]
    x ^= x << _SHIFTS[2]
    random[0] = x
    return x


@compiled
def _below(random: Random, end: int) -> Any:
    """A whole number from 0 to below `end`, which is less than 2^32."""
    return np.int64(((_next(random) >> _HIGH) * np.uint64(end)) >> _HIGH)


@compiled
def _uniform(random: Random) -> Any:
    """A number from 0 to below 1."""
    return (_next(random) >> _LOW) * _SCALE


@compiled
def _look(
    fixed: FixedTables,
    kept: KeptTables,
    scores: ScoreTables,
    work: WorkTables,
    drawn: tuple[int, float],
    heat: tuple[float, float, float],
    shares: tuple[float, float, int],
) -> tuple[int, int]:
    """Score moves of the process drawn; how many were, and how many look good: those are listed in `work`.

    `drawn` has what a delta must be below, too.
    """
    process, limit = drawn
    kind = _uniform(work.random)
    if kind < shares[0]:
        found = _home(fixed, kept, work, process)
        return found, found
    price = np.float32(min(heat[2], _MOST))
    stays = cost_with(scores, process, price)
    bound = np.float32(limit - heat[1] * scores.at_home[process]) + stays * np.float32(1.0 + _MARGIN) + np.float32(1.0)
    if kind < shares[0] + shares[1]:
        bound -= cost_without(scores, process)
        if bound < np.float32(0.0) and len(fixed.balances) == 0:
            return 0, 0  # without balances no machine costs less when a process comes
        score_machines(scores, work.score, np.uint64(process))
        machines = len(fixed.capacity)
        return machines, _best(kept, work, bound, (NONE, machines), _below(work.random, machines))
    size = min(shares[2], len(kept.machine_of))
    begin = _below(work.random, len(kept.machine_of) - size + 1)
    block = np.uint64(process), np.uint64(begin), np.uint64(begin + size)
    score_swaps(scores, work.score, block, np.float32(heat[1]), price)
    return size, _best(kept, work, bound, (begin, size), _below(work.random, size))


@compiled
def _home(fixed: FixedTables, kept: KeptTables, work: WorkTables, process: int) -> int:
    """A process that is away goes home, or changes with one that is there: each in turn."""
    home = fixed.home[process]
    if kept.machine_of[process] == home:
        return 0
    work.others[0], work.targets[0] = NONE, home
    if kept.first[home] == NONE:
        return 1
    kept.first[home] = kept.following[kept.first[home]]
    work.others[1], work.targets[1] = kept.first[home], home
    return 2


@compiled
def _best(kept: KeptTables, work: WorkTables, bound: Any, block: tuple[int, int], begin: int) -> int:
    """Moves whose score is low enough, from the one at `begin` on.

    `block` is the first process that the moves swap with and how many there are; or `NONE` and the number of machines.
    """
    first, size = block
    found = 0
    for i in range(size):
        j = begin + i
        if j >= size:
            j -= size
        if work.score[j] <= bound:
            work.others[found] = NONE if first == NONE else first + j
            work.targets[found] = j if first == NONE else kept.machine_of[first + j]
            found += 1
    return found


@compiled
def _attempt(
    fixed: FixedTables, kept: KeptTables, move: Move, drawn: float, heat: tuple[float, float, float], after: Ints
) -> tuple[int, bool]:
    """Make a move if it keeps the rules and its delta is below what was drawn; what it changes, and whether it did."""
    _, _, source, target = move
    if source == target or _conflict(fixed, kept, move):
        return 0, False
    price = heat[2]
    moving, gone = _moving(fixed, move)
    limit = drawn - heat[1] * gone
    before = kept.above[source] + kept.above[target]
    now = kept.machine_cost[source] + kept.machine_cost[target]
    most = before + (limit - moving + now) / price  # machines that cost nothing, and no less above capacities
    if most < 0.0:
        return 0, False
    above_source, above_target = _use(fixed, kept, move, most, after)
    if above_source + above_target > most:
        return 0, False
    cost_source, cost_target = _machine_cost(fixed, source, after[0]), _machine_cost(fixed, target, after[1])
    delta = cost_source + cost_target - now + moving
    more = above_source + above_target - before
    if delta + (price * more if more != 0.0 else 0.0) >= limit or not _rules_kept(fixed, kept, move):
        return 0, False
    _make(fixed, kept, move, after)
    kept.machine_cost[source], kept.machine_cost[target] = cost_source, cost_target
    kept.above[source], kept.above[target] = above_source, above_target
    return delta, True


@compiled
def _conflict(fixed: FixedTables, kept: KeptTables, move: Move) -> bool:
    """Whether two processes of one service would be on a machine."""
    process, other, source, target = move
    mine = fixed.service[process]
    if other == NONE:
        return bool(kept.on[mine, target])
    theirs = fixed.service[other]
    return mine != theirs and bool(kept.on[mine, target] or kept.on[theirs, source])


@compiled
def _moving(fixed: FixedTables, move: Move) -> tuple[int, int]:
    """What a move adds to the costs of moves, and how many processes more are away from home after it."""
    process, other, source, target = move
    cost, gone = _moving_one(fixed, process, source, target)
    if other != NONE:
        more, too = _moving_one(fixed, other, target, source)
        cost, gone = cost + more, gone + too
    return cost, gone


@compiled
def _moving_one(fixed: FixedTables, process: int, source: int, target: int) -> tuple[int, int]:
    home = fixed.home[process]
    gone = (1 if target != home else 0) - (1 if source != home else 0)
    return fixed.between[home, target] - fixed.between[home, source] + fixed.process_cost[process] * gone, gone


@compiled
def _limit(random: Random, temperature: float) -> float:
    """What a delta must be below: the temperature times a standard exponential number; at 0, one."""
    if temperature == 0.0:
        return 1.0
    return -temperature * math.log(1.0 - _uniform(random))


@compiled
def _use(fixed: FixedTables, kept: KeptTables, move: Move, most: float, after: Ints) -> tuple[float, float]:
    """Fill four rows: what is used of source and target after a move, and what is taken of them.

    The weighed load above capacities of both is returned; where it comes to more than `most`, the rest is left out.
    """
    process, other, source, target = move
    above_source = above_target = 0.0
    for r in range(after.shape[1]):
        net = fixed.demand[process, r]
        back, come = _taking(fixed, process, source, r), _taking(fixed, process, target, r)
        if other != NONE:
            net -= fixed.demand[other, r]
            back -= _taking(fixed, other, source, r)
            come -= _taking(fixed, other, target, r)
        after[0, r], after[1, r] = kept.used[source, r] - net, kept.used[target, r] + net
        after[2, r], after[3, r] = kept.taken[source, r] - back, kept.taken[target, r] + come
        above_source += max(0, after[2, r] - fixed.capacity[source, r]) * fixed.unit[r]
        above_target += max(0, after[3, r] - fixed.capacity[target, r]) * fixed.unit[r]
        if above_source + above_target > most:
            break
    return above_source, above_target


@compiled
def _taking(fixed: FixedTables, process: int, machine: int, r: int) -> int:
    """What more is taken on a machine when a process comes: at home it has never given lasting resources back."""
    taken: int = fixed.demand[process, r]
    return taken - fixed.lasting[process, r] if fixed.home[process] == machine else taken


@compiled
def _machine_cost(fixed: FixedTables, machine: int, used: Ints) -> int:
    """Load and balance cost; a balance is a row of its two resources, target and weight."""
    capacity, balances = fixed.capacity, fixed.balances
    cost = 0
    for r in range(len(used)):
        cost += max(0, used[r] - fixed.safety[machine, r]) * fixed.load_weight[r]
    for k in range(len(balances)):
        first, second = balances[k, 0], balances[k, 1]
        free = balances[k, 2] * (capacity[machine, first] - used[first])
        cost += max(0, free - (capacity[machine, second] - used[second])) * balances[k, 3]
    return cost


@compiled
def _rules_kept(fixed: FixedTables, kept: KeptTables, move: Move) -> bool:
    """Whether spread and dependencies hold after a move; if so, neighbourhoods are counted as after it."""
    process, other, source, target = move
    if other != NONE and fixed.service[process] == fixed.service[other]:
        return True
    if not _spread_kept(fixed, kept, process, source, target):
        return False
    if other != NONE and not _spread_kept(fixed, kept, other, target, source):
        return False
    left, came = fixed.neighbourhood[source], fixed.neighbourhood[target]
    if left == came:
        return True
    _go(fixed, kept, process, left, came)
    if other != NONE:
        _go(fixed, kept, other, came, left)
    if _needs_met(fixed, kept, process, left, came) and (other == NONE or _needs_met(fixed, kept, other, came, left)):
        return True
    _go(fixed, kept, process, came, left)
    if other != NONE:
        _go(fixed, kept, other, left, came)
    return False


@compiled
def _spread_kept(fixed: FixedTables, kept: KeptTables, process: int, source: int, target: int) -> bool:
    service, left, came = fixed.service[process], fixed.location[source], fixed.location[target]
    if left == came:
        return True
    places = kept.places[service]
    places += (1 if kept.in_location[service, came] == 0 else 0) - (1 if kept.in_location[service, left] == 1 else 0)
    return bool(places >= fixed.spread[service])


@compiled
def _needs_met(fixed: FixedTables, kept: KeptTables, process: int, left: int, came: int) -> bool:
    """Whether dependencies hold where a process has gone from one neighbourhood to another."""
    service = fixed.service[process]
    if kept.in_neighbourhood[service, left] == 0 and kept.wanted_by[service, left] > 0:
        return False
    return not (kept.in_neighbourhood[service, came] > 0 and kept.lacking[service, came] > 0)


@compiled
def _go(fixed: FixedTables, kept: KeptTables, process: int, left: int, came: int) -> None:
    """Count a process in another neighbourhood; the last and the first of a service change what others see."""
    service = fixed.service[process]
    kept.in_neighbourhood[service, left] -= 1
    if kept.in_neighbourhood[service, left] == 0:
        _tell(fixed, kept, service, left, 1)
    kept.in_neighbourhood[service, came] += 1
    if kept.in_neighbourhood[service, came] == 1:
        _tell(fixed, kept, service, came, -1)


@compiled
def _tell(fixed: FixedTables, kept: KeptTables, service: int, neighbourhood: int, missing: int) -> None:
    """A service is in a neighbourhood no longer (1), or again (-1)."""
    for k in range(fixed.needed_from[service], fixed.needed_from[service + 1]):
        kept.lacking[fixed.needed[k], neighbourhood] += missing
    for k in range(fixed.needs_from[service], fixed.needs_from[service + 1]):
        kept.wanted_by[fixed.needs[k], neighbourhood] -= missing


@compiled
def _make(fixed: FixedTables, kept: KeptTables, move: Move, after: Ints) -> None:
    """Make a move of which neighbourhoods are counted, with the rows of `_use`; machines are priced by the caller."""
    process, other, source, target = move
    _put(fixed, kept, process, source, target)
    if other != NONE:
        _put(fixed, kept, other, target, source)
        kept.on[fixed.service[process], target] = True  # one of the same service has just left it
    for r in range(after.shape[1]):
        kept.used[source, r], kept.used[target, r] = after[0, r], after[1, r]
        kept.taken[source, r], kept.taken[target, r] = after[2, r], after[3, r]


@compiled
def _put(fixed: FixedTables, kept: KeptTables, process: int, source: int, target: int) -> None:
    """Count a process on another machine and in another location."""
    service, home = fixed.service[process], fixed.home[process]
    left, came = fixed.location[source], fixed.location[target]
    kept.on[service, source], kept.on[service, target] = False, True
    kept.in_location[service, left] -= 1
    if kept.in_location[service, left] == 0:
        kept.places[service] -= 1
    if kept.in_location[service, came] == 0:
        kept.places[service] += 1
    kept.in_location[service, came] += 1
    kept.moved[service] += (1 if target != home else 0) - (1 if source != home else 0)
    kept.machine_of[process] = target
    _leave(kept, process, source)
    _join(kept, process, target)


@compiled
def _leave(kept: KeptTables, process: int, machine: int) -> None:
    """Out of the ring of a machine."""
    after, before = kept.following[process], kept.preceding[process]
    kept.following[before], kept.preceding[after] = after, before
    if kept.first[machine] == process:
        kept.first[machine] = NONE if after == process else after


@compiled
def _join(kept: KeptTables, process: int, machine: int) -> None:
    """Into the ring of a machine, as its last."""
    after = kept.first[machine]
    if after == NONE:
        kept.first[machine] = kept.following[process] = kept.preceding[process] = process
        return
    before = kept.preceding[after]
    kept.following[before], kept.preceding[process] = process, before
    kept.following[process], kept.preceding[after] = after, process
