"""Packing bin by bin: fill one of each type, keep the one that costs least for what it holds, go on with the rest.

What a bin takes next is the row with the best score among those that fit: by a price per copy (first-fit decreasing, or
duals of the linear program), or by how well its shape suits the room left (dot product and Euclidean distance,
Panigrahy et al. 2011). With one size a bin may also be filled as full as can be around its first item (minimum bin
slack, Gupta and Ho 1999; the exact fill is the subset-sum problem, on bit sets).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from placement.arrays import Bools, Floats, Ints
from placement.vector_packing.compiled import Compiled, Load, Pattern, times_in
from placement.vector_packing.knapsack import doubling

Filler = Callable[["Filling", Ints], Sequence[Pattern]]  # a pattern for each of some bin types


class Filling:
    """What is left to pack, and bins to pack it in."""

    def __init__(self, problem: Compiled) -> None:
        self.problem = problem
        self.left: Ints = problem.demand.copy()
        self.available: Ints = problem.most_bins(int(problem.demand.sum()))
        self.free: Ints = problem.least.copy()
        self.loads: list[tuple[Load, int]] = []

    def rest(self) -> Filling:
        """What it leaves, to be filled on without a change here."""
        rest = Filling(self.problem)
        rest.left, rest.available, rest.free = self.left.copy(), self.available.copy(), self.free.copy()
        return rest

    def times(self, t: int, pattern: Pattern) -> int:
        """How many bins of this load the rest can fill."""
        used = self.problem.copies_in(pattern)
        index = np.flatnonzero(used)
        return int(min((self.left[index] // used[index]).min(), self.available[t])) if len(index) else 0

    def put(self, t: int, pattern: Pattern, times: int) -> None:
        """Use that many bins of one load."""
        self.loads.append(((t, pattern), times))
        self.left = self.left - self.problem.copies_in(pattern) * times
        self.available[t] -= times
        self.free[t] = max(0, self.free[t] - times)

    def complete(self, item_value: Floats, fill: Filler, stop: Callable[[], bool]) -> bool:
        """Pack all that is left; `item_value` per item decides between bin types. False: no bins left, or `stop`."""
        while self.left.any():
            best: tuple[float, float, int, Pattern] | None = None
            types = np.flatnonzero(self.available > 0)
            for t, pattern in zip(types.tolist(), fill(self, types), strict=True):
                if not pattern:
                    continue
                value = float(sum(item_value[self.problem.item[row]] * n for row, n in pattern))
                cost = 0.0 if self.free[t] else float(self.problem.cost[t])
                key = (cost / max(value, 1e-12), -value, int(t), pattern)
                if best is None or key < best:
                    best = key
            if best is None or stop():
                return False
            bin_type, pattern = best[2], best[3]
            times = max(1, self.times(bin_type, pattern))
            if self.free[bin_type]:
                times = min(times, int(self.free[bin_type]))
            self.put(bin_type, pattern, times)
        return True


def by_price(price: Floats) -> Filler:
    """Dearest rows first: `price` per row."""
    order = np.argsort(-price, kind="stable")

    def first(size: Ints, capacity: Ints, unit: Floats, open_rows: Bools) -> Ints:
        del size, capacity, unit
        found: Ints = open_rows.argmax(axis=1)
        return found

    def fill(filling: Filling, types: Ints) -> list[Pattern]:
        return _fill(filling, types, first, order, np.ones(filling.problem.size.shape[1]))

    return fill


def by_shape(rule: str, weight: Floats) -> Filler:
    """The row whose shape suits the room left best; `weight` per dimension."""

    def suits(size: Ints, capacity: Ints, unit: Floats, open_rows: Bools) -> Ints:
        if rule == "dot":
            far = -((capacity * unit * unit) @ size.T)
        else:
            far = np.zeros(open_rows.shape)
            for d in range(size.shape[1]):
                far += ((capacity[:, d, None] - size[None, :, d]) * unit[:, d, None]) ** 2
        found: Ints = np.where(open_rows, far, np.inf).argmin(axis=1)
        return found

    def fill(filling: Filling, types: Ints) -> list[Pattern]:
        return _fill(filling, types, suits, np.arange(filling.problem.rows), weight)

    return fill


def _fill(
    filling: Filling, types: Ints, choose: Callable[[Ints, Ints, Floats, Bools], Ints], order: Ints, weight: Floats
) -> list[Pattern]:
    """One bin of each type, row by row, all types at once.

    `choose` is given the sizes of the rows in `order`, the room left in each bin, what a unit of room weighs there,
    and which rows still fit; it says which row each bin takes next.
    """
    problem = filling.problem
    left = np.minimum(filling.left, problem.most)
    order = order[left[problem.item[order]] > 0]
    size, item = problem.size[order], problem.item[order]
    counts: list[dict[int, int]] = [{} for _ in types]
    bins: Ints = np.arange(len(types))  # that still take something
    capacity: Ints = problem.capacity[types]
    unit: Floats = weight / np.maximum(capacity, 1)
    open_rows: Bools = problem.fits[order][:, types].T
    held: Ints = np.tile(left, (len(types), 1))
    first = True
    while True:
        open_rows = open_rows & _within(size, capacity)
        going = open_rows.any(axis=1)
        if not going.all():
            bins, capacity, unit = bins[going], capacity[going], unit[going]
            open_rows, held = open_rows[going], held[going]
        if not len(bins):
            return [tuple(sorted(content.items())) for content in counts]
        chosen = choose(size, capacity, unit, open_rows)
        taken, at = item[chosen], np.arange(len(bins))
        times = held[at, taken]
        if first or size.shape[1] == 1:
            times = np.minimum(times, times_in(size[chosen], capacity))
        else:
            times = np.ones_like(times)  # the best row may change with the room
        first = False
        for b, row, n in zip(bins.tolist(), order[chosen].tolist(), times.tolist(), strict=True):
            counts[b][row] = counts[b].get(row, 0) + n
        capacity = capacity - size[chosen] * times[:, None]
        held[at, taken] -= times
        gone = held[at, taken] == 0
        open_rows = open_rows & ~(gone[:, None] & (item[None, :] == taken[:, None]))
        if problem.clash is not None:
            open_rows = open_rows & ~problem.clash[taken][:, item]


def _within(size: Ints, capacity: Ints) -> Bools:
    """(bins, rows): what still fits by size."""
    found = size[None, :, 0] <= capacity[:, 0, None]
    for d in range(1, size.shape[1]):
        found &= size[None, :, d] <= capacity[:, d, None]
    return found


def fullest(filling: Filling, types: Ints) -> list[Pattern]:
    """With one size: the biggest item left that fits, and around it the fullest fill, big items preferred."""
    return [_fullest(filling, t) for t in types.tolist()]


def _fullest(filling: Filling, t: int) -> Pattern:
    problem = filling.problem
    capacity = int(problem.capacity[t, 0])
    size = problem.size[:, 0]
    left = np.minimum(filling.left[problem.item], problem.limit)
    rows = np.flatnonzero(problem.fits[:, t] & (left > 0) & (size > 0))
    if not len(rows):
        rows = np.flatnonzero(problem.fits[:, t] & (left > 0))
        return tuple((int(r), int(left[r])) for r in rows)
    rows = rows[np.argsort(size[rows], kind="stable")]
    first = int(rows[-1])
    left[first] -= 1
    capacity -= int(size[first])
    mask = (1 << (capacity + 1)) - 1
    reach, steps = 1, []
    for row in rows.tolist():
        weight = int(size[row])
        for part in doubling(int(min(left[row], capacity // weight))):
            steps.append((row, part, reach))
            reach |= (reach << (weight * part)) & mask
    sum_left = reach.bit_length() - 1
    counts = {first: 1}
    for row, part, before in reversed(steps):
        weight = int(size[row]) * part
        if weight <= sum_left and before >> (sum_left - weight) & 1:
            counts[row] = counts.get(row, 0) + part
            sum_left -= weight
    return tuple(sorted(counts.items()))
