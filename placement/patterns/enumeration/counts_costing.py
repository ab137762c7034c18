"""Which counts of machines cost an amount in a narrow range: all of them, by meeting in the middle.

What HiGHS says of a sum of money is not sharp in its last digits (`engines.highs`). Few machine counts cost an amount
that differs from another in just those: they are listed here in integers and then looked at one by one (Horowitz and
Sahni 1974, J. ACM 21, for subset sums).
"""

from collections.abc import Sequence

import numpy as np

from placement.arrays import Ints
from placement.patterns.parameters import PatternProgramParameters as _PARAMS

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
    one, two = order[0::2], order[1::2]
    first, second = _totals(prices, ranges, one), _totals(prices, ranges, two)
    if first is None or second is None:
        return None
    by_sum = np.argsort(second, kind="stable")
    second = second[by_sum]
    low = np.searchsorted(second, least - first, "left")
    high = np.searchsorted(second, most - first, "right")
    if int((high - low).sum()) > limit:
        return None
    found = []
    for a in np.flatnonzero(high > low).tolist():
        for b in by_sum[low[a] : high[a]].tolist():
            counts = _counts(a, ranges, one) | _counts(b, ranges, two)
            found.append(tuple(counts[k] for k in range(len(prices))))
    return found


def _totals(prices: Sequence[int], ranges: Sequence[tuple[int, int]], chosen: Sequence[int]) -> Ints | None:
    """(n,) what all counts of some prices cost, those of the last price side by side; None for too many, or too much.

    Costs must fit into 64 bits.
    """
    totals: Ints = np.zeros(1, dtype=np.int64)
    if sum(prices[k] * ranges[k][1] for k in chosen) >= _FAR:
        return None
    for k in chosen:
        low, high = ranges[k]
        if high < low:
            return totals[:0]
        if len(totals) * (high - low + 1) > _PARAMS.most_halves:
            return None
        totals = (totals[:, None] + np.arange(low, high + 1, dtype=np.int64) * prices[k]).ravel()
    return totals


def _counts(place: int, ranges: Sequence[tuple[int, int]], chosen: Sequence[int]) -> dict[int, int]:
    """The count of each price whose total stands at a place of `_totals`."""
    counts = {}
    for k in reversed(chosen):
        low, high = ranges[k]
        place, more = divmod(place, high - low + 1)
        counts[k] = low + more
    return counts
