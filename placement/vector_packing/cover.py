"""Exact search over patterns: all loads that can still matter, and an integer program that covers the items with them.

A packing that costs no more than the aim uses only patterns whose difference ``highest[t] - value`` is within the
slack (see `certificate.slack_of`). Where those can be listed, the covering program over them decides: a packing, or a
proof that there is none. Patterns that a bigger one contains are left out, as covering more than the demand does no
harm.
"""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import highspy
import numpy as np

from placement.arrays import Ints
from placement.engines.highs import QuietHighs, least_steps, linear_program, none_up_to, prove, whole_solution
from placement.solving.budget import Budget
from placement.solving.schedule import SCHEDULE
from placement.vector_packing.certificate import highest_values, slack_of
from placement.vector_packing.compiled import Compiled, Load, Pattern
from placement.vector_packing.generation import Generation
from placement.vector_packing.heuristics import offer
from placement.vector_packing.parameters import CoverParameters as _PARAMS
from placement.vector_packing.patterns import PatternSearch
from placement.vector_packing.state import PackingState

NAME = "pattern cover"
_BEYOND = 2**60


def close_by_patterns(generation: Generation, most: int | None = None) -> None:
    """Raise the bound and find packings until they meet, with up to `most` patterns at a time.

    Each round aims at a cost between bound and packing, the lower the fewer patterns are in the program. What it finds
    may cost more than the aim; that there is nothing up to the aim is proved all the same.
    """
    problem, state = generation.problem, generation.state
    if generation.bound is None:
        return
    part = 1.0
    while not state.ended and part > _PARAMS.least_part:
        cutoff = next_cutoff(state, part)
        loads = loads_within(generation, cutoff, most)
        if loads is None:
            if cutoff == state.bound:
                return
            part /= 2
            continue
        state.stats["patterns"] = len(loads)
        if not loads:
            state.raise_bound(cutoff + state.unit, NAME)
            continue
        if not cover(problem, state, loads, cutoff, SCHEDULE.vector_packing.listed.of(state.budget)):
            part /= 2


def loads_within(generation: Generation, cutoff: int, most: int | None = None) -> list[Load] | None:
    """All maximal loads that a packing of at most `cutoff` can use, none where there is none; None: too many."""
    problem = generation.problem
    highest = highest_values(problem, generation.cut, generation.scale)
    slack = slack_of(problem, generation.cut, highest, cutoff * generation.scale, generation.scale)
    if slack < 0:
        return []
    return list_loads(problem, generation.price, highest, slack, generation.state.budget.over, most)


def next_cutoff(state: PackingState, part: float) -> int:
    """A cost between the bound and what would be better than the best packing; the bound itself when few are left."""
    cost = state.known_cost
    if cost is None:
        return int(state.bound * (1 + _PARAMS.unknown * part)) // state.unit * state.unit
    steps = (cost - state.bound) // state.unit - 1
    return state.bound + (int(steps * part) if steps > _PARAMS.few else 0) * state.unit


def list_loads(
    problem: Compiled,
    price: Ints,
    highest: tuple[int, ...],
    slack: int,
    stop: Callable[[], bool],
    most: int | None = None,
) -> list[Load] | None:
    """Every maximal load whose ``highest[t] - value`` is within the slack; None when there are too many."""
    most = _PARAMS.most_loads if most is None else most
    value = price[problem.item]
    loads: list[Load] = []
    for t in range(problem.types):
        if stop():
            return None
        if not problem.available[t] and not problem.least[t]:
            continue
        patterns = PatternSearch(problem, t).every(value, problem.limit, highest[t] - slack - 1, stop, 4 * most)
        if patterns is None:
            return None
        for pattern in patterns:
            if stop():
                return None
            if _is_maximal(problem, t, pattern):
                loads.append((t, pattern))
                if len(loads) > most:
                    return None
    return loads


def _is_maximal(problem: Compiled, t: int, pattern: Pattern) -> bool:
    """Whether no further copy can be added. O(rows)."""
    capacity = problem.capacity[t] - sum(problem.size[row] * n for row, n in pattern)
    held = problem.copies_in(pattern)
    fits = problem.fits[:, t] & (problem.size <= capacity).all(axis=1)
    rows = np.flatnonzero(fits & (held[problem.item] < problem.most[problem.item]))
    counts = dict(pattern)
    rows = np.array([row for row in rows if counts.get(int(row), 0) < problem.limit[row]], dtype=np.int64)
    if problem.clash is not None and len(rows):
        inside = np.flatnonzero(held)
        rows = rows[~problem.clash[problem.item[rows]][:, inside].any(axis=1)]
    return not len(rows)


def cover(
    problem: Compiled,
    state: PackingState,
    loads: list[Load],
    cutoff: int | None,
    budget: Budget,
    *,
    exactly: bool = False,
) -> bool:
    """Find the cheapest packing of these loads that is better than the best; says whether that was decided, with news.

    With a `cutoff`, `loads` are all that a packing of at most that cost can use, and the bound is raised by what is
    proved of those. With `exactly` only packings up to the aim are looked for, where no copy may be covered twice.
    """
    most_cost = math.inf if state.known_cost is None else float(state.known_cost - state.unit)
    if exactly and cutoff is not None:
        most_cost = min(most_cost, float(cutoff))
    answer = solve_cover(problem, state, loads, most_cost, budget, exactly=exactly)
    before = state.bound, state.cost
    if answer.chosen is not None:
        offer(problem, state, answer.chosen, NAME)
    if cutoff is not None:
        state.raise_bound(min(cutoff + state.unit, answer.proved), NAME)
    # Where steps of money are finer than HiGHS is sharp, neither may change, and the same would be asked again.
    return answer.decided and (cutoff is None or before != (state.bound, state.cost))


@dataclass(frozen=True, slots=True)
class CoverAnswer:
    """Loads that cover all (None: none found), a bound on what any of the loads given cost, and whether it is tight."""

    chosen: list[tuple[Load, int]] | None
    proved: int
    decided: bool


def solve_cover(
    problem: Compiled,
    state: PackingState,
    loads: list[Load],
    most_cost: float,
    budget: Budget,
    *,
    exactly: bool = False,
) -> CoverAnswer:
    """The covering program over `loads`, by HiGHS. With `exactly` no copy is covered twice."""
    import highspy

    most_steps = min(_BEYOND, most_cost) // state.unit  # money is counted in whole steps
    lp = _program(problem, state.unit, loads, most_steps if most_cost < _BEYOND else None, exactly=exactly)
    ran = prove(lp, budget, mip_rel_gap=0.0, mip_abs_gap=0.4)
    if ran is None:  # numbers too far apart for it
        return CoverAnswer(None, 0, decided=False)
    solver, status = ran
    times = whole_solution(solver)
    chosen = None if times is None else [(load, n) for load, n in zip(loads, times, strict=False) if n]
    if chosen is not None and not covers(problem, chosen):
        chosen = None
    proved = proved_steps(solver, status, int(most_steps)) * state.unit
    if status == highspy.HighsModelStatus.kInfeasible:
        return CoverAnswer(None, proved, decided=True)
    return CoverAnswer(chosen, proved, decided=status == highspy.HighsModelStatus.kOptimal)


def proved_steps(solver: QuietHighs, status: highspy.HighsModelStatus, most: int) -> int:
    """The fewest steps of a solution, by a program that looked for none of more than `most`, after its run."""
    import highspy

    beyond = none_up_to(most)  # what takes more was not looked for
    if status == highspy.HighsModelStatus.kInfeasible:
        return beyond
    return min(beyond, least_steps(max(0.0, min(solver.getInfo().mip_dual_bound, float(_BEYOND)))))


def _program(
    problem: Compiled, unit: int, loads: list[Load], most_steps: float | None, *, exactly: bool
) -> highspy.HighsLp:
    """Times of each load, then bins of each type that `least` asks for and nothing stands in.

    Rows are items, bin types, and what all of it costs in steps of `unit`.
    """
    items, types, infinity = len(problem.demand), problem.types, math.inf
    step = [float(int(cost) // unit) for cost in problem.cost]
    columns: list[list[tuple[int, float]]] = []
    times: list[float] = []
    for t, pattern in loads:
        used: Counter[int] = Counter()
        for row, n in pattern:
            used[int(problem.item[row])] += n
        columns.append([*used.items(), (items + t, 1), (items + types, step[t])])
        times.append(max((-(-int(problem.demand[i]) // n) for i, n in used.items()), default=0))
    columns += [[(items + t, 1), (items + types, step[t])] for t in range(types)]
    covered = problem.demand if exactly else np.full(items, infinity)
    most = infinity if most_steps is None else most_steps + 0.5
    return linear_program(
        columns,
        cost=[step[t] for t, _ in loads] + step,
        within=(0.0, times + problem.least.tolist()),
        rows=(
            np.concatenate([problem.demand, problem.least, [-infinity]]),
            np.concatenate([covered, problem.most_bins(infinity), [most]]),
        ),
        integer=True,
    )


def covers(problem: Compiled, loads: list[tuple[Load, int]]) -> bool:
    """Whether these bins are there and hold every copy."""
    covered = np.zeros(len(problem.demand), dtype=np.int64)
    used = np.zeros(problem.types, dtype=np.int64)
    for (t, pattern), times in loads:
        used[t] += times
        covered += problem.copies_in(pattern) * times
    return bool((covered >= problem.demand).all() and (used <= problem.most_bins(math.inf)).all())
