"""All patterns that are worth enough: by items, largest first, with a table of what the items to come can add.

A part of a pattern that can't reach the least value any more is dropped at once, so little is begun in vain (Baldacci,
Christofides and Mingozzi 2008, section 4, list routes so). A pattern with room for one more copy is dropped, too: the
pattern with that copy does in its place.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from placement.arrays import Ints
from placement.patterns.formulation import DeviceClass
from placement.patterns.parameters import ListingParameters as _PARAMS
from placement.vector_packing.knapsack import Knapsack

_FAR = 2**62


def list_patterns(
    device_class: DeviceClass, knapsack: Knapsack, values: Sequence[int | None], least: int, most: int
) -> list[dict[int, int]] | None:
    """Every pattern worth `least` to which nothing can be added, (item -> times); None: more than `most`, or too large.

    Parameters
    ----------
    knapsack : of the device class, with the limits that hold.
    values : (items,) of each item, at least 0; None of those that may not stand in a pattern.

    O(found x items x limits), and O(states x items) for the tables.
    """
    order = [i for i, value in enumerate(values) if value is not None and knapsack.limits[i]]
    order.sort(key=lambda i: (_part(knapsack, i), values[i] or 0), reverse=True)
    item_values = [values[i] or 0 for i in order]
    reach = sum(knapsack.limits[i] * value for i, value in zip(order, item_values, strict=True))  # none is worth more
    if knapsack.states * (len(order) + 1) > _PARAMS.most_table or reach >= _FAR:
        return None
    parts = _Parts(device_class, knapsack, order)
    tables = _tables(knapsack, order, item_values)
    if tables[0][knapsack.capacity] < least:
        return []
    for k, value in enumerate(item_values):
        if not parts.extend(k, value, tables[k + 1], least, _PARAMS.parts * most):
            return None
    found = parts.maximal()
    return None if len(found) > most else [{order[k]: int(row[k]) for k in np.flatnonzero(row)} for row in found]


def _part(knapsack: Knapsack, i: int) -> float:
    """The largest part of the room that an item takes."""
    return max(
        (need / have for need, have in zip(knapsack.needs[i], knapsack.capacity, strict=True) if have), default=0.0
    )


def _tables(knapsack: Knapsack, order: Sequence[int], item_values: Sequence[int]) -> list[Ints]:
    """For each k, by room: the most that items from the k-th on can be worth in it."""
    shape = [have + 1 for have in knapsack.capacity]
    tables = [np.zeros(shape, dtype=np.int64)]
    for i, value in zip(reversed(order), reversed(item_values), strict=True):
        tables.append(knapsack.with_more(tables[-1], i, value))
    return tables[::-1]


def _matrix(rows: Sequence[Sequence[int]], width: int) -> Ints:
    return np.array(rows, dtype=np.int64).reshape(len(rows), width)


class _Parts:
    """Parts of patterns: how often each item so far stands in them, the room left (by grid, and in true needs)."""

    def __init__(self, device_class: DeviceClass, knapsack: Knapsack, order: Sequence[int]) -> None:
        self._needs = _matrix([knapsack.needs[i] for i in order], len(knapsack.capacity))
        self._true = _matrix([device_class.needs[i] for i in order], len(device_class.capacity))
        self._limits = [knapsack.limits[i] for i in order]
        rest = np.array(self._limits, dtype=np.int64)[:, None] * self._true
        self._rest = np.concatenate([np.cumsum(rest[::-1], axis=0)[::-1][1:], np.zeros((1, rest.shape[1]), np.int64)])
        self._counts = np.zeros((1, len(order)), dtype=np.int32)
        self._capacity = np.array([knapsack.capacity], dtype=np.int64)
        self._left = np.array([device_class.capacity], dtype=np.int64)
        self._value = np.zeros(1, dtype=np.int64)

    def extend(self, k: int, value: int, table: Ints, least: int, most: int) -> bool:
        """Add the k-th item, each time it may stand there, where the items to come can still reach the least value.

        A part that has room for one more of it, whatever may come, is dropped. False when there are more than `most`.
        """
        if not len(self._capacity):
            return True
        found: list[tuple[Ints, Ints, Ints, Ints]] = []
        total = 0
        for times in range(self._limits[k] + 1):
            capacity, left = self._capacity - times * self._needs[k], self._left - times * self._true[k]
            fits = (capacity >= 0).all(axis=1) & (left >= 0).all(axis=1)
            if not fits.any():
                break
            rows = np.flatnonzero(fits)
            rows = rows[self._value[rows] + times * value + table[tuple(capacity[rows].T)] >= least]
            if times < self._limits[k]:
                rows = rows[~(left[rows] - self._rest[k] >= self._true[k]).all(axis=1)]
            counts = self._counts[rows]
            counts[:, k] = times
            found.append((counts, capacity[rows], left[rows], self._value[rows] + times * value))
            total += len(rows)
            if total > most:
                return False
        self._counts, self._capacity, self._left, self._value = (
            np.concatenate(part) for part in zip(*found, strict=True)
        )
        return True

    def maximal(self) -> NDArray[np.int32]:
        """(patterns, items): those to which nothing can be added."""
        more = np.zeros(len(self._left), dtype=bool)
        for k, limit in enumerate(self._limits):
            more |= (self._left >= self._true[k]).all(axis=1) & (self._counts[:, k] < limit)
        return self._counts[~more]
