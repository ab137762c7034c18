"""The loop of annealing one move at a time, for Numba to compile; without Numba it is plain Python, for tests alone.

A move takes a process to another machine (`other` is -1), or swaps two. Load above a capacity has a price, which may be
infinite: then no move may bring any. Nothing here makes arrays, so that Numba need not count references (`_nrt`), which
would cost more than all the rest: 10 million moves are drawn a second without, 3 million with.
"""

from __future__ import annotations

import importlib.util
import math
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from placement.machine_reassignment.problem import Ints

    Mask = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Random = NDArray[np.uint64]
    Move = tuple[int, int, int, int]  # process, other, source, target
    _F = TypeVar("_F", bound=Callable[..., Any])

COMPILES = importlib.util.find_spec("numba") is not None
NONE = -1
_HIGH, _LOW, _SHIFTS = np.uint64(32), np.uint64(11), (np.uint64(13), np.uint64(7), np.uint64(17))
_SCALE = 2.0**-53


def _compiled(function: _F) -> _F:
    """Compiled by Numba when it is first called, and kept on disk where that can be; as it is without Numba."""
    if not COMPILES:
        return function
    from numba import njit

    try:
        done: _F = njit(cache=True, _nrt=False)(function)
    except RuntimeError:  # nowhere to keep it
        done = njit(function)
    return done


class FixedTables(NamedTuple):
    """What a search does not change: of processes (P, ...), machines (M, ...), services (S, ...) and resources (R,).

    `unit` is what one unit of a resource above a capacity weighs. The services that service s needs are
    ``needs[needs_from[s] : needs_from[s + 1]]``, and those that need it likewise.
    """

    service: Ints
    home: Ints
    demand: Ints
    lasting: Ints
    process_cost: Ints
    capacity: Ints
    safety: Ints
    between: Ints
    location: Ints
    neighbourhood: Ints
    load_weight: Ints
    balances: Ints
    unit: Floats
    spread: Ints
    needs: Ints
    needs_from: Ints
    needed: Ints
    needed_from: Ints


class KeptTables(NamedTuple):
    """What a search keeps up to date, as in `SearchState`; `above` (M,) is the weighed load above capacities."""

    machine_of: Ints
    used: Ints
    taken: Ints
    machine_cost: Ints
    above: Floats
    on: Mask
    in_location: Ints
    places: Ints
    in_neighbourhood: Ints
    lacking: Ints
    wanted_by: Ints
    moved: Ints


@_compiled
def walk(
    fixed: FixedTables,
    kept: KeptTables,
    heat: tuple[float, float, float],
    shares: tuple[float, float],
    random: Random,
    after: Ints,
    draws: int,
) -> tuple[int, int]:
    """So many moves drawn, each made if Metropolis' rule takes it. O(draws x R).

    Parameters
    ----------
    heat : the temperature, what a process away from home costs beside its true cost, and the price of load above a
        capacity.
    shares : of swaps, and of moves home; the others go anywhere.
    random : (1,) the state of the random numbers. after : (4, R) to work in.

    Returns
    -------
    What the cost has changed by, but for service moves; and how many moves were made.
    """
    temperature, away, price = heat
    changed, made = 0, 0
    for _ in range(draws):
        move = _drawn(fixed, kept, shares, random)
        _, _, source, target = move
        if source == target or _conflict(fixed, kept, move):
            continue
        moving, gone = _moving(fixed, move)
        limit = _limit(random, temperature) - away * gone
        before = kept.above[source] + kept.above[target]
        now = kept.machine_cost[source] + kept.machine_cost[target]
        most = before + (limit - moving + now) / price  # machines that cost nothing, and no less above capacities
        if most < 0.0:
            continue
        above_source, above_target = _use(fixed, kept, move, most, after)
        if above_source + above_target > most:
            continue
        cost_source, cost_target = _machine_cost(fixed, source, after[0]), _machine_cost(fixed, target, after[1])
        delta = cost_source + cost_target - now + moving
        more = above_source + above_target - before
        if delta + (price * more if more != 0.0 else 0.0) >= limit or not _rules_kept(fixed, kept, move):
            continue
        _make(fixed, kept, move, after)
        kept.machine_cost[source], kept.machine_cost[target] = cost_source, cost_target
        kept.above[source], kept.above[target] = above_source, above_target
        changed += delta
        made += 1
    return changed, made


@_compiled
def _next(random: Random) -> Any:
    """Marsaglia's xorshift with 64 bits (2003, Journal of Statistical Software 8, 14)."""
    x = random[0]
    x ^= x << _SHIFTS[0]
    x ^= x >> _SHIFTS[1]
    x ^= x << _SHIFTS[2]
    random[0] = x
    return x


@_compiled
def _below(random: Random, end: int) -> Any:
    """A whole number from 0 to below `end`, which is less than 2^32."""
    return np.int64(((_next(random) >> _HIGH) * np.uint64(end)) >> _HIGH)


@_compiled
def _uniform(random: Random) -> Any:
    """A number from 0 to below 1."""
    return (_next(random) >> _LOW) * _SCALE


@_compiled
def _drawn(fixed: FixedTables, kept: KeptTables, shares: tuple[float, float], random: Random) -> Move:
    """Any move, by shares of their kinds; source and target may be the same."""
    process = _below(random, len(kept.machine_of))
    source = kept.machine_of[process]
    kind = _uniform(random)
    if kind < shares[0]:
        other = _below(random, len(kept.machine_of))
        return process, other, source, kept.machine_of[other]
    if kind < shares[0] + shares[1]:
        return process, NONE, source, fixed.home[process]
    return process, NONE, source, _below(random, len(fixed.capacity))


@_compiled
def _conflict(fixed: FixedTables, kept: KeptTables, move: Move) -> bool:
    """Whether two processes of one service would be on a machine."""
    process, other, source, target = move
    mine = fixed.service[process]
    if other == NONE:
        return bool(kept.on[mine, target])
    theirs = fixed.service[other]
    return mine != theirs and bool(kept.on[mine, target] or kept.on[theirs, source])


@_compiled
def _moving(fixed: FixedTables, move: Move) -> tuple[int, int]:
    """What a move adds to the costs of moves, and how many processes more are away from home after it."""
    process, other, source, target = move
    cost, gone = _moving_one(fixed, process, source, target)
    if other != NONE:
        more, too = _moving_one(fixed, other, target, source)
        cost, gone = cost + more, gone + too
    return cost, gone


@_compiled
def _moving_one(fixed: FixedTables, process: int, source: int, target: int) -> tuple[int, int]:
    home = fixed.home[process]
    gone = (1 if target != home else 0) - (1 if source != home else 0)
    return fixed.between[home, target] - fixed.between[home, source] + fixed.process_cost[process] * gone, gone


@_compiled
def _limit(random: Random, temperature: float) -> float:
    """What a delta must be below: the temperature times a standard exponential number; at 0, one."""
    if temperature == 0.0:
        return 1.0
    return -temperature * math.log(1.0 - _uniform(random))


@_compiled
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


@_compiled
def _taking(fixed: FixedTables, process: int, machine: int, r: int) -> int:
    """What more is taken on a machine when a process comes: at home it has never given lasting resources back."""
    taken: int = fixed.demand[process, r]
    return taken - fixed.lasting[process, r] if fixed.home[process] == machine else taken


@_compiled
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


@_compiled
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


@_compiled
def _spread_kept(fixed: FixedTables, kept: KeptTables, process: int, source: int, target: int) -> bool:
    service, left, came = fixed.service[process], fixed.location[source], fixed.location[target]
    if left == came:
        return True
    places = kept.places[service]
    places += (1 if kept.in_location[service, came] == 0 else 0) - (1 if kept.in_location[service, left] == 1 else 0)
    return bool(places >= fixed.spread[service])


@_compiled
def _needs_met(fixed: FixedTables, kept: KeptTables, process: int, left: int, came: int) -> bool:
    """Whether dependencies hold where a process has gone from one neighbourhood to another."""
    service = fixed.service[process]
    if kept.in_neighbourhood[service, left] == 0 and kept.wanted_by[service, left] > 0:
        return False
    return not (kept.in_neighbourhood[service, came] > 0 and kept.lacking[service, came] > 0)


@_compiled
def _go(fixed: FixedTables, kept: KeptTables, process: int, left: int, came: int) -> None:
    """Count a process in another neighbourhood; the last and the first of a service change what others see."""
    service = fixed.service[process]
    kept.in_neighbourhood[service, left] -= 1
    if kept.in_neighbourhood[service, left] == 0:
        _tell(fixed, kept, service, left, 1)
    kept.in_neighbourhood[service, came] += 1
    if kept.in_neighbourhood[service, came] == 1:
        _tell(fixed, kept, service, came, -1)


@_compiled
def _tell(fixed: FixedTables, kept: KeptTables, service: int, neighbourhood: int, missing: int) -> None:
    """A service is in a neighbourhood no longer (1), or again (-1)."""
    for k in range(fixed.needed_from[service], fixed.needed_from[service + 1]):
        kept.lacking[fixed.needed[k], neighbourhood] += missing
    for k in range(fixed.needs_from[service], fixed.needs_from[service + 1]):
        kept.wanted_by[fixed.needs[k], neighbourhood] -= missing


@_compiled
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


@_compiled
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
