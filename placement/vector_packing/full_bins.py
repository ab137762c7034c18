"""Where a packing at the bound leaves so little free that every bin is full: all full bins, and a cover by them.

With n bins of one type a packing leaves at most ``slack[k] = n * capacity[k] - total[k]`` free in dimension k, over all
bins, where its copies take `total` at least. Where no copy is that small, each bin of such a packing is maximal, and in
none more than the slack is free in any dimension: in several dimensions few patterns are so full (the triplets of
Caprara and Toth 2001 leave nothing). They are built by their copies but the last, which then is one of few: its size
must be what is free, less at most the slack. So two copies are paired, not three, where bins hold three (as in meeting
in the middle, Horowitz and Sahni 1974). No copy is covered twice, as it would be as small as the slack.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from placement.arrays import Ints
from placement.solving.budget import Budget
from placement.solving.schedule import SCHEDULE
from placement.solving.steps import count_steps
from placement.vector_packing.compiled import Compiled, Load
from placement.vector_packing.cover import cover
from placement.vector_packing.dual_feasible import total_sizes
from placement.vector_packing.parameters import VECTOR_PACKING
from placement.vector_packing.parameters import FullBinsParameters as _PARAMS
from placement.vector_packing.state import PackingState


class _Begun(NamedTuple):
    """Patterns without their last copies, by position in the order of sizes: (n, k) positions, (n, d) room left."""

    chosen: Ints
    left: Ints


def cover_by_full_bins(problem: Compiled, state: PackingState) -> None:
    """Decide whether there is a packing at the bound, where all its bins must be full; else leave it undecided.

    One bin type, without conflicts; in one dimension too many patterns are full.
    """
    bins, over = divmod(state.bound, max(1, int(problem.cost[0])))
    slack = None if over else _slack(problem, bins)
    if slack is None:
        return
    loads = _full_loads(problem, slack, SCHEDULE.vector_packing.full_bins.of(state.budget))
    if loads is None:
        return
    state.stats["full bins"] = len(loads)
    cover(problem, state, loads, state.bound, SCHEDULE.vector_packing.full_bins.of(state.budget), exactly=True)


def _slack(problem: Compiled, bins: int) -> Ints | None:
    """What may be free in each dimension of one of so many bins, (d,); None where bins need not be full, or others."""
    if problem.types != 1 or problem.size.shape[1] < 2 or not problem.plain or bins < problem.least[0]:
        return None
    capacities = [int(capacity) for capacity in problem.capacity[0]]
    free = [bins * capacity - total for capacity, total in zip(capacities, total_sizes(problem), strict=True)]
    if min(free) < 0:
        return None
    slack = np.array([min(pair) for pair in zip(capacities, free, strict=True)])  # no bin has more
    return None if (problem.size[problem.fits[:, 0]] <= slack).all(axis=1).any() else slack


def _full_loads(problem: Compiled, slack: Ints, budget: Budget) -> list[Load] | None:
    """All patterns that leave at most `slack` free in each dimension; None when that takes too much."""
    # The last copy is looked up by the first dimension.
    sharp = np.argsort(slack / np.maximum(problem.capacity[0], 1), kind="stable")
    rows = np.flatnonzero(problem.fits[:, 0] & (problem.limit > 0))
    rows = rows[np.argsort(problem.size[rows, sharp[0]], kind="stable")]
    size, slack = problem.size[rows][:, sharp], slack[sharp]
    least = size.min(axis=0)
    begun = _Begun(np.zeros((1, 0), dtype=np.int64), problem.capacity[:1, sharp].astype(np.int64))
    loads: list[Load] = []
    pairs = listed = 0
    while len(begun.chosen):
        for full in _ended(size, begun, slack):
            listed += len(full)
            if listed > _PARAMS.listed * VECTOR_PACKING.cover.most_loads or budget.over():
                return None
            loads.extend((0, pattern) for pattern in _patterns(problem, rows, full))
            if len(loads) > VECTOR_PACKING.cover.most_loads:
                return None
        pairs += len(begun.chosen) * len(rows)
        count_steps(VECTOR_PACKING.knapsack.cell * len(begun.chosen) * len(rows))
        more = _extended(size, begun, least, budget) if pairs <= _PARAMS.pairs else None
        if more is None:
            return None
        begun = more
    return loads


def _extended(size: Ints, begun: _Begun, least: Ints, budget: Budget) -> _Begun | None:
    """One copy more, no earlier in the order, that leaves room for another; None where that is too many."""
    chosen, left, total = [], [], 0
    step = max(1, VECTOR_PACKING.listed.at_once // len(size))
    for first in range(0, len(begun.chosen), step):
        part = _Begun(begun.chosen[first : first + step], begun.left[first : first + step])
        may = np.arange(len(size))[None, :] >= _last(part)[:, None]
        for k in range(size.shape[1]):
            may &= size[:, k][None, :] <= (part.left[:, k] - least[k])[:, None]
        at, row = np.nonzero(may)
        total += len(at)
        if total > _PARAMS.begun or budget.over():
            return None
        chosen.append(np.column_stack([part.chosen[at], row]))
        left.append(part.left[at] - size[row])
    return _Begun(np.concatenate(chosen), np.concatenate(left))


def _ended(size: Ints, begun: _Begun, slack: Ints) -> Iterator[Ints]:
    """Positions, (n, k + 1), of patterns that one last copy makes full."""
    low = np.maximum(np.searchsorted(size[:, 0], begun.left[:, 0] - slack[0], "left"), _last(begun))
    high = np.searchsorted(size[:, 0], begun.left[:, 0], "right")
    many = np.maximum(high - low, 0)
    ends = np.cumsum(many)
    first = 0
    while first < len(many):
        before = int(ends[first - 1]) if first else 0
        stop = max(first + 1, int(np.searchsorted(ends, before + VECTOR_PACKING.listed.at_once, "right")))
        part = many[first:stop]
        at = np.repeat(np.arange(first, stop), part)
        row = np.arange(len(at)) - np.repeat(np.cumsum(part) - part, part) + low[at]
        free = begun.left[at] - size[row]
        full = ((free >= 0) & (free <= slack)).all(axis=1)
        yield np.column_stack([begun.chosen[at[full]], row[full]])
        first = stop


def _last(begun: _Begun) -> Ints:
    """The position after which copies may follow."""
    return begun.chosen[:, -1] if begun.chosen.shape[1] else np.zeros(len(begun.chosen), dtype=np.int64)


def _patterns(problem: Compiled, rows: Ints, full: Ints) -> Iterator[tuple[tuple[int, int], ...]]:
    """Those with no more copies of a row than there may be."""
    for line in np.sort(rows[full], axis=1):
        used, times = np.unique(line, return_counts=True)
        if (times <= problem.limit[used]).all():
            yield tuple(zip(used.tolist(), times.tolist(), strict=True))
