"""A mixed-integer program as it is put together, row by row; in floats for HiGHS, in integers for a file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from math import inf

import highspy
import numpy as np
from numpy.typing import NDArray

from placement.arrays import Floats
from placement.engines.highs import LARGEST, Entries, sparse_program
from placement.engines.mps import MpsRow


class IntegerRows:
    """Rows and columns so far; all columns are whole numbers, but for those in `parts`."""

    def __init__(self) -> None:
        self.cost: list[float] = []
        self.lower: list[float] = []
        self.upper: list[float] = []
        self.low: list[float] = []
        self.high: list[float] = []
        self.starts = [0]
        self.index: list[int] = []
        self.value: list[float] = []
        self.parts: set[int] = set()

    def column(self, upper: float, lower: float = 0.0, cost: float = 0.0) -> int:
        """One more column; returns its index."""
        self.cost.append(cost)
        self.lower.append(lower)
        self.upper.append(upper)
        return len(self.cost) - 1

    def row(self, low: float, high: float, terms: Mapping[int, float]) -> int:
        """One more row; of very large numbers one that asks for a little less, in smaller numbers. Says which it is."""
        index = len(self.low)
        largest = max(map(abs, terms.values()), default=0.0)
        if largest > LARGEST:
            unit = -(-int(largest) // LARGEST)
            if low > -inf:
                self._add(-(-int(low) // unit), inf, {k: float(-(-int(n) // unit)) for k, n in terms.items()})
            if high < inf:
                self._add(-inf, int(high) // unit, {k: float(int(n) // unit) for k, n in terms.items()})
        else:
            self._add(low, high, terms)
        return index

    def _add(self, low: float, high: float, terms: Mapping[int, float]) -> None:
        self.low.append(low)
        self.high.append(high)
        self.index += terms.keys()
        self.value += terms.values()
        self.starts.append(len(self.index))

    def limit(self, high: float, terms: Mapping[int, float]) -> None:
        """A row of the objective, in numbers as large as they are."""
        self._add(-inf, high, terms)

    def terms(self, row: int) -> dict[int, float]:
        """The coefficients of a row, by column."""
        part = slice(self.starts[row], self.starts[row + 1])
        return dict(zip(self.index[part], self.value[part], strict=True))

    def entries_of(self, columns: Iterable[int]) -> dict[int, tuple[NDArray[np.int32], Floats]]:
        """The rows of some columns and the coefficients there. O(entries)."""
        index, lengths = np.array(self.index, dtype=np.int64), np.diff(self.starts)
        rows, value = (
            np.repeat(np.arange(len(lengths), dtype=np.int32), lengths),
            np.array(self.value, dtype=np.float64),
        )
        wanted = sorted(columns)
        some = np.flatnonzero(np.isin(index, wanted))
        some = some[np.argsort(index[some], kind="stable")]
        first = np.searchsorted(index[some], wanted)
        last = np.searchsorted(index[some], wanted, side="right")
        parts = (some[a:b] for a, b in zip(first, last, strict=True))
        return {column: (rows[part], value[part]) for column, part in zip(wanted, parts, strict=True)}

    def first(self, rows: int) -> IntegerRows:
        """The same columns, of which nothing costs anything, and the first rows."""
        part, end = IntegerRows(), self.starts[rows]
        part.cost, part.lower, part.upper = [0.0] * len(self.cost), self.lower[:], self.upper[:]
        part.low, part.high, part.starts = self.low[:rows], self.high[:rows], self.starts[: rows + 1]
        part.index, part.value = self.index[:end], self.value[:end]
        return part

    def in_integers(self, rows: int) -> list[MpsRow]:
        """The first rows, whose numbers are whole, as that."""
        return [
            MpsRow(
                None if math.isinf(self.low[r]) else int(self.low[r]),
                None if math.isinf(self.high[r]) else int(self.high[r]),
                whole_terms(self.terms(r)),
            )
            for r in range(rows)
        ]

    def program(self) -> highspy.HighsLp:
        """All of it, for HiGHS."""
        entries = Entries(self.starts, self.index, self.value, by_rows=True)
        lp = sparse_program(entries, self.cost, (self.lower, self.upper), (self.low, self.high), integer=True)
        if self.parts:
            integer, continuous = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
            lp.integrality_ = [continuous if k in self.parts else integer for k in range(len(self.cost))]
        return lp


def whole_terms(terms: Mapping[int, float]) -> dict[int, int]:
    """Coefficients that are whole numbers, as that."""
    return {column: int(n) for column, n in terms.items()}
