"""All patterns of a bin, one by one: where a bin holds a few items only, pricing is a look at each of them.

In many dimensions no surrogate price says much, and a search by states gives up what it should not (see `patterns`).
But then there often are few patterns, with two items or three: O(patterns x items in one) a pricing, in NumPy, exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from placement.arrays import Ints
from placement.solving.steps import count_steps
from placement.vector_packing.compiled import Compiled, Pattern
from placement.vector_packing.parameters import VECTOR_PACKING
from placement.vector_packing.parameters import ListedParameters as _PARAMS
from placement.vector_packing.patterns import FoundPatterns

_ANY = 2**62


class _Level(NamedTuple):
    """Patterns of equally many copies, rows ascending: (n, k) the rows, and of the last one what limits more of it.

    `left` (n, d) is the room left, `times` (n,) the copies by the last row, `held` (n,) those of its item.
    """

    rows: Ints
    left: Ints
    times: Ints
    held: Ints

    def part(self, some: slice) -> _Level:
        return _Level(*(array[some] for array in self))


class PatternList:
    """All patterns of one bin type, not only maximal ones: so it has those under any limits too."""

    def __init__(self, problem: Compiled, rows: Ints) -> None:
        """`rows` (N, K) of each pattern, -1 where it has fewer copies."""
        self._limit = problem.limit
        self._rows = np.where(rows < 0, problem.rows, rows).astype(np.int32)  # one more row, which is worth nothing
        times = [(self._rows == column[:, None]).sum(axis=1, dtype=np.int16) for column in self._rows.T]
        self._times = np.where(rows < 0, 0, np.array(times, dtype=np.int16).reshape(rows.shape[::-1]).T)

    def find(self, value: Ints, limit: Ints, threshold: int, stop: Callable[[], bool]) -> FoundPatterns:
        """As `PatternSearch.find`, always complete."""
        values = np.append(value, 0)[self._rows].sum(axis=1)
        if (limit < self._limit).any():
            values[(self._times > np.append(limit, _ANY)[self._rows]).any(axis=1)] = 0
        better = np.flatnonzero(values > threshold)
        if len(better) > VECTOR_PACKING.states.best:
            better = better[np.argpartition(-values[better], VECTOR_PACKING.states.best)[: VECTOR_PACKING.states.best]]
        better = better[np.lexsort((better, -values[better]))]
        found = tuple((int(values[k]), self._pattern(k)) for k in better.tolist())
        return FoundPatterns(found, max(int(values.max(initial=0)), threshold), complete=True)

    def _pattern(self, k: int) -> Pattern:
        rows = self._rows[k][self._times[k] > 0]
        return tuple(sorted(Counter(rows.tolist()).items()))


def list_patterns(problem: Compiled, bin_type: int, stop: Callable[[], bool]) -> PatternList | None:
    """All patterns of a bin type; None when there are too many, or large ones, or `stop` says so."""
    rows = np.flatnonzero(problem.fits[:, bin_type] & (problem.limit > 0))
    one = np.ones(len(rows), dtype=np.int64)
    level = _Level(rows[:, None], problem.capacity[bin_type] - problem.size[rows], one, one)
    levels = [level.rows]
    total, step = len(rows), max(1, _PARAMS.at_once // max(1, len(rows)))
    while len(level.rows):
        width, found, before = level.rows.shape[1] + 1, [], total
        for first in range(0, len(level.rows), step):
            found.append(_extended(problem, rows, level.part(slice(first, first + step))))
            total += len(found[-1].rows)
            likely = (total - before) * len(level.rows) / (first + step) / _PARAMS.surely
            if (
                max(total, likely) > min(_PARAMS.most, _PARAMS.cells // width)
                or (total > before and width > _PARAMS.widest)
                or stop()
            ):
                return None
        level = _Level(*(np.concatenate(arrays) for arrays in zip(*found, strict=True)))
        levels.append(level.rows)
    width = levels[-1].shape[1]
    padded = [np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=-1) for part in levels]
    return PatternList(problem, np.concatenate(padded))


def _extended(problem: Compiled, rows: Ints, level: _Level) -> _Level:
    """Patterns with one more copy, by their last row or a later one."""
    count_steps(VECTOR_PACKING.knapsack.cell * level.rows.shape[0] * len(rows))
    last = level.rows[:, -1]
    item = problem.item
    more = rows[None, :] > last[:, None]
    more |= (rows[None, :] == last[:, None]) & (level.times < problem.limit[last])[:, None]
    more &= (item[rows][None, :] != item[last][:, None]) | (level.held < problem.most[item[last]])[:, None]
    for d in range(problem.size.shape[1]):
        more &= level.left[:, d, None] >= problem.size[rows, d][None, :]
    if problem.clash is not None:
        for k in range(level.rows.shape[1]):
            more &= ~problem.clash[item[level.rows[:, k]]][:, item[rows]]
    at, j = np.nonzero(more)
    new = rows[j]
    return _Level(
        np.concatenate([level.rows[at], new[:, None]], axis=1),
        level.left[at] - problem.size[new],
        np.where(new == last[at], level.times[at] + 1, 1),
        np.where(item[new] == item[last[at]], level.held[at] + 1, 1),
    )
