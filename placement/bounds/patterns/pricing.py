"""What fits on one accelerator: a bounded knapsack over the weights of shared copies.

Dynamic programming over a grid of memory units, one vectorised pass an item after binary splitting of the
multiplicities (Martello and Toth 1990, *Knapsack Problems*, section 3.4). O(capacity x items x log multiplicity).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]


class Knapsack:
    """All ways to fill one accelerator of `capacity` units with items of given weights and multiplicities.

    Parameters
    ----------
    capacity : units of memory of the accelerator.
    weights : (W,) units each, at least 0; items of weight 0 are worth their multiplicity in any pattern.
    limits : (W,) how often an item may stand on one accelerator.
    """

    def __init__(self, capacity: int, weights: list[int], limits: list[int]) -> None:
        """Split the multiplicities once; prices come later, many times."""
        self.capacity = capacity
        self.weights = weights
        self.limits = [n if w == 0 else min(n, capacity // w) for w, n in zip(weights, limits, strict=True)]
        self._parts: list[tuple[int, int]] = []  # (item, times)
        for item, limit in enumerate(self.limits):
            times, left = 1, limit if weights[item] else 0
            while left > 0:
                self._parts.append((item, min(times, left)))
                left -= times
                times *= 2

    def value(self, prices: list[int]) -> int:
        """The most that one accelerator can be worth at integer prices at least 0: exact."""
        large = sum(price * limit for price, limit in zip(prices, self.limits, strict=True)) >= 2**62
        best = np.zeros(self.capacity + 1, dtype=object if large else np.int64)
        for item, times in self._parts:
            weight, worth = self.weights[item] * times, prices[item] * times
            if worth > 0:
                np.maximum(best[weight:], best[: self.capacity + 1 - weight] + worth, out=best[weight:])
        return int(best[self.capacity]) + sum(
            price * limit for price, limit, weight in zip(prices, self.limits, self.weights, strict=True) if weight == 0
        )

    def best_pattern(self, prices: Floats) -> tuple[float, dict[int, int]]:
        """A most valuable pattern at float prices: its value, and how often each item stands in it."""
        size = self.capacity + 1
        best = np.zeros(size)
        parts = [(item, times) for item, times in self._parts if prices[item] > 0]
        taken = np.zeros((len(parts), size), dtype=bool)
        for row, (item, times) in enumerate(parts):
            weight, worth = self.weights[item] * times, prices[item] * times
            with_it = best[: size - weight] + worth
            better = with_it > best[weight:]
            taken[row, weight:] = better
            np.copyto(best[weight:], with_it, where=better)
        pattern: dict[int, int] = {}
        room = self.capacity
        for row in range(len(parts) - 1, -1, -1):
            if taken[row, room]:
                item, times = parts[row]
                pattern[item] = pattern.get(item, 0) + times
                room -= self.weights[item] * times
        value = float(best[self.capacity])
        for item, weight in enumerate(self.weights):
            if weight == 0 and prices[item] > 0:
                pattern[item] = self.limits[item]
                value += float(prices[item]) * self.limits[item]
        return value, pattern
