"""The best pattern of a bin with one size: the bounded knapsack by dynamic programming over the room used.

Whole numbers throughout, so the value found is exact. A row that may stand b times in a bin is split into chunks of
1, 2, 4, ... copies (Martello and Toth 1990, section 3.4), each a vectorised pass over the room: O(C sum log b) time,
one bit per chunk and unit of room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from placement.vector_packing.compiled import Flags, Ints, Pattern


class KnapsackTable:
    """All best patterns for rooms 0 to C. `best(c)` reads the one of room c."""

    def __init__(self, size: Ints, value: Ints, limit: Ints, room: int) -> None:
        """Fill the table; rows without value or copies are left out."""
        self._size = size
        rows = np.flatnonzero((value > 0) & (limit > 0) & (size <= room))
        self._chunks = [(int(r), n) for r in rows for n in chunks(min(int(limit[r]), _times(room, int(size[r]))))]
        self._took: list[Flags] = []
        self.value = np.zeros(room + 1, dtype=np.int64)
        for row, n in self._chunks:
            weight, worth = int(size[row]) * n, int(value[row]) * n
            if weight == 0:
                self._took.append(np.ones(room + 1, dtype=bool))
                self.value += worth
                continue
            better = self.value[:-weight] + worth
            took = better > self.value[weight:]
            np.maximum(better, self.value[weight:], out=better)
            self.value[weight:] = better
            self._took.append(took)

    def best(self, room: int) -> Pattern:
        """A pattern of the greatest value that fits in `room`."""
        counts: dict[int, int] = {}
        for (row, n), took in zip(reversed(self._chunks), reversed(self._took), strict=True):
            weight = int(self._size[row]) * n
            if room >= weight and took[room - weight]:
                counts[row] = counts.get(row, 0) + n
                room -= weight
        return tuple(sorted(counts.items()))


def chunks(limit: int) -> list[int]:
    """Numbers that sum to `limit` and of which some sum to any smaller number: 1, 2, 4, ..., rest."""
    found, n = [], 1
    while limit > 0:
        found.append(min(n, limit))
        limit -= n
        n *= 2
    return found


def _times(room: int, size: int) -> int:
    return room // size if size else 2**31
