"""Which counts of machines cost an amount in a narrow range: all of them, by meeting in the middle.

What HiGHS says of a sum of money is not sharp in its last digits (`engines.highs`). Few machine counts cost an amount
that differs from another in just those: they are listed here in integers and then looked at one by one (Horowitz and
Sahni 1974, J. ACM 21, for subset sums).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from placement.patterns.parameters import PATTERNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

_PARAMS = PATTERNS.program
_FAR = 2**62


def counts_costing(
    prices: Sequence[int], ranges: Sequence[tuple[int, int]], least: int, most: int, limit: int
) -> list[tuple[int, ...]] | None:
    """All counts, one of each price and within its range, that cost from `least` to `most`; None for too many.

    O(n log n) in the number n of counts of half the prices.

    Examples
    --------
    >>> counts_costing([5, 3], [(0, 2), (0, 4)], 13, 14, 9)
    [(2, 1), (1, 3)]
    """
    order = sorted(range(len(prices)), key=lambda k: ranges[k][1] - ranges[k][0], reverse=True)
    halves = _half(prices, ranges, order[0::2]), _half(prices, ranges, order[1::2])
    left, right = halves
    if left is None or right is None:
        return None
    (one, first), (two, second) = left, right
    by_sum = np.argsort(second, kind="stable")
    second = second[by_sum]
    low = np.searchsorted(second, least - first, "left")
    high = np.searchsorted(second, most - first, "right")
    if int((high - low).sum()) > limit:
        return None
    found = []
    for a in np.flatnonzero(high > low).tolist():
        for b in by_sum[low[a] : high[a]].tolist():
            counts = [0] * len(prices)
            for k, n in zip(order[0::2] + order[1::2], one[a].tolist() + two[b].tolist(), strict=True):
                counts[k] = n
            found.append(tuple(counts))
    return found


def _half(prices: Sequence[int], ranges: Sequence[tuple[int, int]], chosen: Sequence[int]) -> tuple[Ints, Ints] | None:
    """(n, chosen) all counts of some prices, and (n,) what they cost; None for too many, or beyond 64 bits."""
    counts, totals = np.zeros((1, 0), dtype=np.int64), np.zeros(1, dtype=np.int64)
    if sum(prices[k] * ranges[k][1] for k in chosen) >= _FAR:
        return None
    for k in chosen:
        low, high = ranges[k]
        if high < low or len(totals) * (high - low + 1) > _PARAMS.most_halves:
            return None if high >= low else (counts[:0], totals[:0])
        each = np.arange(low, high + 1, dtype=np.int64)
        totals = (totals[:, None] + each * prices[k]).ravel()
        counts = np.column_stack([np.repeat(counts, len(each), axis=0), np.tile(each, len(counts))])
    return counts, totals
