"""What fits on one accelerator, or on one machine: a bounded knapsack in one or more dimensions.

Dynamic programming over a grid of units per dimension, one vectorised pass an item after binary splitting of the
multiplicities (Martello and Toth 1990, *Knapsack Problems*, section 3.4; in several dimensions Kellerer, Pferschy and
Pisinger 2004, *Knapsack Problems*, section 9.3.2). O(states x items x log multiplicity). All in integers, so that the
value that guides column generation is the one that the certificate needs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from placement.solving.steps import count_steps
from placement.vector_packing.parameters import KnapsackParameters as _PARAMS

_FAR = 2**62
_Part = tuple[int, int, Any, Any]  # an item, how often, and where the table has room for it, as `_shift` says


class Knapsack:
    """All ways to fill one accelerator (or machine) with items of given needs and multiplicities.

    `capacity`: (R,) units of each dimension; R may be 0, where nothing that copies take can bind.
    `needs`: (I, R) units each item takes, at least 0; an item that takes nothing stands in any pattern.
    `limits`: (I,) how often an item may stand in one pattern.
    """

    def __init__(self, capacity: Sequence[int], needs: Sequence[Sequence[int]], limits: Sequence[int]) -> None:
        """Split the multiplicities once; prices come later, many times."""
        self.capacity = tuple(capacity)
        self.needs = [tuple(need) for need in needs]
        self.limits = [
            min([limit, *(have // n for n, have in zip(need, self.capacity, strict=True) if n)])
            for need, limit in zip(self.needs, limits, strict=True)
        ]
        self._last: tuple[list[int], tuple[int, dict[int, int]]] | None = None  # prices, and the answer to them
        self._free = [item for item, need in enumerate(self.needs) if not any(need)]  # they take no room
        self._parts = [
            (item, times, *self._shift(item, times))
            for item, limit in enumerate(self.limits)
            if any(self.needs[item])
            for times in doubling(limit)
        ]

    def with_limits(self, limits: Sequence[int]) -> Knapsack:
        """The same with these limits, (I,), in place of its own."""
        return self if list(limits) == self.limits else Knapsack(self.capacity, self.needs, limits)

    @property
    def states(self) -> int:
        """Size of the table: what one pricing costs is proportional to it."""
        return math.prod(have + 1 for have in self.capacity)

    def value(self, prices: Sequence[int]) -> int:
        """The most that a pattern can be worth at integer prices: exact. Items with a price below 0 stand in none."""
        return int(self.table(prices)[self.capacity])

    def table(self, prices: Sequence[int]) -> np.ndarray:
        """The same in each room up to all of it, by room."""
        best = self._table(prices)
        count_steps(_PARAMS.cell * self.states * len(self._parts))
        for item, times, there, here in self._parts:
            value = prices[item] * times
            if value > 0:
                np.maximum(best[there], best[here] + value, out=best[there])
        best += self._free_value(prices)
        return best

    def with_more(self, table: np.ndarray, item: int, value: int) -> np.ndarray:
        """Extend the table by one item of value >= 0; the total must fit int64."""
        best = table.copy()
        if not any(self.needs[item]):
            best += value * self.limits[item]
            return best
        for times in doubling(self.limits[item]):
            there, here = self._shift(item, times)
            np.maximum(best[there], best[here] + value * times, out=best[there])
        return best

    def extend(self, table: np.ndarray, more: Sequence[tuple[int, int, int]]) -> tuple[int, list[int], list[int]]:
        """The most that a pattern of the `table`'s items and of some more is worth.

        `more`: (item whose needs they have, how many at most, what each is worth); with a value below 0, none of them.
        Returns the value; how often each of `more` stands in such a pattern; the room left for items of the table.
        """
        if int(table[self.capacity]) + sum(most * max(0, value) for _, most, value in more) >= _FAR:
            table = table.astype(object)
        taken: list[tuple[int, int, np.ndarray]] = []
        for k, (item, most, value) in enumerate(more):
            # A value below 0 is not even multiplied: it may not fit 64 bits.
            for times in doubling(most if value > 0 else 0):
                if any(need * times > have for need, have in zip(self.needs[item], self.capacity, strict=True)):
                    break
                there, here = self._shift(item, times)
                with_it, best = table[here] + value * times, table.copy()
                np.maximum(best[there], with_it, out=best[there])
                taken.append((k, times, np.asarray(best > table)))
                table = best
        chosen, left = [0] * len(more), list(self.capacity)
        for k, times, better in reversed(taken):
            if better[tuple(left)]:
                chosen[k] += times
                left = [have - need * times for have, need in zip(left, self.needs[more[k][0]], strict=True)]
        return int(table[self.capacity]), chosen, left

    def best_pattern(self, prices: Sequence[int]) -> tuple[int, dict[int, int]]:
        """A most valuable pattern at integer prices: its value, and how often each item stands in it."""
        if self._last is None or self._last[0] != prices:  # in a tree few prices change from node to node
            self._last = list(prices), self.best_patterns(prices, [self.capacity])[0]
        return self._last[1]

    def best_patterns(
        self, prices: Sequence[int], capacities: Iterable[Sequence[int]]
    ) -> list[tuple[int, dict[int, int]]]:
        """The same for each of some rooms, none larger than all of it, from one table."""
        best = self._table(prices)
        parts = [part for part in self._parts if prices[part[0]] > 0]
        taken = self._zeros(bool, len(parts))
        count_steps(_PARAMS.cell * self.states * len(parts))
        for row, (item, times, there, here) in enumerate(parts):
            with_it, without = best[here] + prices[item] * times, best[there]
            np.greater(with_it, without, out=taken[row][there])
            np.maximum(without, with_it, out=without)
        free = self._free_value(prices)
        return [
            (int(best[tuple(capacity)]) + free, self._trace(prices, parts, taken, capacity)) for capacity in capacities
        ]

    def _trace(
        self, prices: Sequence[int], parts: Sequence[_Part], taken: np.ndarray, capacity: Sequence[int]
    ) -> dict[int, int]:
        """Back through the table, from a room: what was taken, and what takes no room."""
        pattern: dict[int, int] = {}
        left = list(capacity)
        row = len(parts)
        while True:
            before: Any = (slice(row), *left)
            rows = np.flatnonzero(taken[before])
            if not rows.size:
                break
            row = int(rows[-1])
            item, times, *_ = parts[row]
            pattern[item] = pattern.get(item, 0) + times
            left = [have - need * times for have, need in zip(left, self.needs[item], strict=True)]
        for item in self._free:
            if prices[item] > 0 and self.limits[item]:
                pattern[item] = self.limits[item]
        return pattern

    def _table(self, prices: Sequence[int]) -> np.ndarray:
        """Zeros; Python's integers when sums might not fit into 64 bits."""
        large = sum(max(0, price) * limit for price, limit in zip(prices, self.limits, strict=True)) >= _FAR
        return self._zeros(object if large else np.int64)

    def _zeros(self, dtype: type, *rows: int) -> np.ndarray:
        """Zeros by room, in so many rows. The dimension with most units is contiguous, as NumPy is fastest along it."""
        order = sorted(range(len(self.capacity)), key=lambda r: self.capacity[r])
        zeros: np.ndarray = np.zeros((*rows, *(self.capacity[r] + 1 for r in order)), dtype=dtype)
        first = len(rows)
        return zeros.transpose(*range(first), *(first + order.index(r) for r in range(len(order))))

    def _shift(self, item: int, times: int) -> tuple[Any, Any]:
        """Where the table has room for `times` of `item`, and where what is left of that room stands.

        With `...` at the end both are views of the table, in any number of dimensions, none included.
        """
        steps = [need * times for need in self.needs[item]]
        there = (*(slice(step, None) for step in steps), ...)
        here = (*(slice(0, have + 1 - step) for step, have in zip(steps, self.capacity, strict=True)), ...)
        return there, here

    def _free_value(self, prices: Sequence[int]) -> int:
        """What the items that take no room are worth."""
        return sum(max(0, prices[item]) * self.limits[item] for item in self._free)


def doubling(most: int) -> Iterator[int]:
    """Parts 1, 2, 4, ... and a rest, of which any number up to `most` is a sum."""
    times = 1
    while most > 0:
        yield min(times, most)
        most -= times
        times *= 2
