"""Packing bin by bin: fill one of each type, keep the one that costs least for what it holds, go on with the rest.

What a bin takes next is the row with the best score among those that fit: by a price per copy (first-fit decreasing, or
duals of the linear program), or by how well its shape suits the room left (dot product and Euclidean distance,
Panigrahy et al. 2011). With one size a bin may also be filled as full as can be around its first item (minimum bin
slack, Gupta and Ho 1999; the exact fill is the subset-sum problem, on bit sets).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from placement.vector_packing.compiled import Compiled, Ints, Load, Pattern

    Floats = NDArray[np.float64]
    Filler = Callable[["Filling", int], Pattern]


class Filling:
    """What is left to pack, and bins to pack it in."""

    def __init__(self, problem: Compiled, demand: Ints | None = None, available: Ints | None = None) -> None:
        """Start with all of it, or with what a partial packing leaves."""
        self.problem = problem
        self.left = (problem.demand if demand is None else demand).copy()
        if available is None:
            available = np.where(
                problem.limited, np.maximum(problem.available, problem.least), int(problem.demand.sum())
            )
        self.available = available.copy()
        self.free = problem.least.copy() if demand is None else np.zeros_like(problem.least)
        self.loads: list[tuple[Load, int]] = []

    def rest(self) -> Filling:
        """What it leaves, to be filled on without a change here."""
        rest = Filling(self.problem, self.left, self.available)
        rest.free = self.free.copy()
        return rest

    def used(self, pattern: Pattern) -> Ints:
        """Copies of each item in a pattern."""
        used = np.zeros(len(self.left), dtype=np.int64)
        for row, n in pattern:
            used[self.problem.item[row]] += n
        return used

    def times(self, t: int, pattern: Pattern) -> int:
        """How many bins of this load the rest can fill."""
        used = self.used(pattern)
        index = np.flatnonzero(used)
        return int(min((self.left[index] // used[index]).min(), self.available[t])) if len(index) else 0

    def put(self, t: int, pattern: Pattern, times: int) -> None:
        """Use that many bins of one load."""
        self.loads.append(((t, pattern), times))
        self.left = self.left - self.used(pattern) * times
        self.available[t] -= times
        self.free[t] = max(0, self.free[t] - times)

    def complete(
        self, worth: Floats, fill: Filler, stop: Callable[[], bool], learn: Callable[[int, Pattern], None] | None = None
    ) -> bool:
        """Pack all that is left; `worth` per item decides between bin types. False: bins ran out, or `stop` says so.

        `learn` is told of each bin: its type and what it holds.
        """
        while self.left.any():
            best: tuple[float, float, int, Pattern] | None = None
            for t in np.flatnonzero(self.available > 0).tolist():
                pattern = fill(self, int(t))
                if not pattern:
                    continue
                value = float(sum(worth[self.problem.item[row]] * n for row, n in pattern))
                cost = 0.0 if self.free[t] else float(self.problem.cost[t])
                key = (cost / max(value, 1e-12), -value, int(t), pattern)
                if best is None or key < best:
                    best = key
            if best is None or stop():
                return False
            kind, pattern = best[2], best[3]
            times = max(1, self.times(kind, pattern))
            if self.free[kind]:
                times = min(times, int(self.free[kind]))
            self.put(kind, pattern, times)
            if learn is not None:
                learn(kind, pattern)
        return True


def by_price(price: Floats) -> Filler:
    """Dearest rows first: `price` per row."""
    order = np.argsort(-price, kind="stable")

    def fill(filling: Filling, t: int) -> Pattern:
        return _fill(filling, t, lambda room, rows: rows[0], order)

    return fill


def by_shape(rule: str, weight: Floats) -> Filler:
    """The row whose shape suits the room left best; `weight` per dimension."""

    def fill(filling: Filling, t: int) -> Pattern:
        size = filling.problem.size
        unit = weight / np.maximum(filling.problem.room[t], 1)

        def choose(room: Ints, rows: Ints) -> int:
            shape = size[rows] * unit
            if rule == "dot":
                return int(rows[np.argmax(shape @ (room * unit))])
            return int(rows[np.argmin(((room * unit - shape) ** 2).sum(axis=1))])

        return _fill(filling, t, choose, np.arange(filling.problem.rows))

    return fill


def _fill(filling: Filling, t: int, choose: Callable[[Ints, Ints], int], order: Ints) -> Pattern:
    """One bin, row by row."""
    problem = filling.problem
    room = problem.room[t].copy()
    left = np.minimum(filling.left, problem.most)
    open_rows = order[problem.fits[order, t] & (left[problem.item[order]] > 0)]
    counts: dict[int, int] = {}
    first = True
    while len(open_rows):
        open_rows = open_rows[(problem.size[open_rows] <= room).all(axis=1) & (left[problem.item[open_rows]] > 0)]
        if not len(open_rows):
            break
        row = int(choose(room, open_rows))
        item = int(problem.item[row])
        size = problem.size[row]
        some = size > 0
        times = min(int((room[some] // size[some]).min()) if some.any() else 10**9, int(left[item]))
        if not first and len(size) > 1:
            times = 1  # the best row may change with the room
        first = False
        counts[row] = counts.get(row, 0) + times
        room -= size * times
        left[item] -= times
        if problem.clash is not None:
            open_rows = open_rows[~problem.clash[item][problem.item[open_rows]]]
    return tuple(sorted(counts.items()))


def fullest(filling: Filling, t: int) -> Pattern:
    """With one size: the biggest item left that fits, and around it the fullest fill, big items preferred."""
    problem = filling.problem
    room = int(problem.room[t, 0])
    size = problem.size[:, 0]
    left = np.minimum(filling.left[problem.item], problem.limit)
    rows = np.flatnonzero(problem.fits[:, t] & (left > 0) & (size > 0))
    if not len(rows):
        rows = np.flatnonzero(problem.fits[:, t] & (left > 0))
        return tuple((int(r), int(left[r])) for r in rows)
    rows = rows[np.argsort(size[rows], kind="stable")]
    first = int(rows[-1])
    left[first] -= 1
    room -= int(size[first])
    mask = (1 << (room + 1)) - 1
    reach, steps = 1, []
    for row in rows.tolist():
        n, weight = int(min(left[row], room // int(size[row]))), int(size[row])
        chunk = 1
        while n > 0:
            part = min(chunk, n)
            steps.append((int(row), part, reach))
            reach |= (reach << (weight * part)) & mask
            n -= part
            chunk *= 2
    sum_left = reach.bit_length() - 1
    counts = {first: 1}
    for row, part, before in reversed(steps):
        weight = int(size[row]) * part
        if weight <= sum_left and before >> (sum_left - weight) & 1:
            counts[row] = counts.get(row, 0) + part
            sum_left -= weight
    return tuple(sorted(counts.items()))
