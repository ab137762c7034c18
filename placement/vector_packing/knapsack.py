"""The best pattern of a bin: the bounded knapsack by dynamic programming over the room used, in every dimension.

Whole numbers throughout, so the value found is exact. A row that may stand b times in a bin is split into chunks of
1, 2, 4, ... copies (Martello and Toth 1990, section 3.4), each a vectorised pass over all rooms (several dimensions:
Kellerer, Pferschy, Pisinger 2004, section 9.3.2). O(R sum log b) time for R rooms, a byte per chunk and room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from placement.vector_packing.compiled import Flags, Ints, Pattern


class KnapsackTable:
    """All best patterns for rooms from 0 to `capacity` (d,). `best(capacity)` reads the one of any of them."""

    def __init__(self, size: Ints, value: Ints, limit: Ints, capacity: Ints) -> None:
        """Fill the table: `size` is (w, d). Rows without value or copies are left out."""
        rows = np.flatnonzero((value > 0) & (limit > 0) & (size <= capacity).all(axis=1))
        self._chunks: list[tuple[int, int, tuple[int, ...]]] = []  # row, copies, their sizes
        self._took: list[Flags] = []
        self.value = np.zeros(tuple(int(n) + 1 for n in capacity), dtype=np.int64)
        for row in rows.tolist():
            for n in chunks(min(int(limit[row]), _times(capacity, size[row]))):
                self._add(row, n, tuple((size[row] * n).tolist()), int(value[row]) * n)

    def _add(self, row: int, n: int, weight: tuple[int, ...], dual_value: int) -> None:
        self._chunks.append((row, n, weight))
        if not any(weight):
            self._took.append(np.ones(self.value.shape, dtype=bool))
            self.value += dual_value
            return
        before = self.value[tuple(slice(0, end - w) for w, end in zip(weight, self.value.shape, strict=True))]
        after = self.value[tuple(slice(w, end) for w, end in zip(weight, self.value.shape, strict=True))]
        better = before + dual_value
        self._took.append(better > after)
        np.maximum(better, after, out=after)

    def best(self, capacity: Ints) -> Pattern:
        """A pattern of the greatest value that fits in `capacity`."""
        counts: dict[int, int] = {}
        left = tuple(int(n) for n in capacity)
        for (row, n, weight), took in zip(reversed(self._chunks), reversed(self._took), strict=True):
            at = tuple(a - w for a, w in zip(left, weight, strict=True))
            if min(at) >= 0 and took[at]:
                counts[row] = counts.get(row, 0) + n
                left = at
        return tuple(sorted(counts.items()))


def chunks(limit: int) -> list[int]:
    """Numbers that sum to `limit` and of which some sum to any smaller number: 1, 2, 4, ..., rest."""
    found, n = [], 1
    while limit > 0:
        found.append(min(n, limit))
        limit -= n
        n *= 2
    return found


def _times(capacity: Ints, size: Ints) -> int:
    return min((int(r) // int(s) for r, s in zip(capacity, size, strict=True) if s), default=2**31)
