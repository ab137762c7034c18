"""The problem as integer arrays: one row for each distinct mode of packing a copy, equal items merged.

Items that are interchangeable (same sizes and bin types, no limits of their own, no conflicts) become one with the sum
of their demands. `Compiled.unfold` deals a packing of the merged items back to the items of the problem.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import reduce
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from placement.arrays import Bools, Ints
from placement.errors import UsageError
from placement.vector_packing.problem import LARGEST, Bin, Bins, VectorPacking

Pattern = tuple[tuple[int, int], ...]  # (row, copies), rows ascending: what stands in one bin
Load = tuple[int, Pattern]  # bin type and pattern


@dataclass(frozen=True, eq=False)
class Compiled:
    """Rows are (item, mode); all arrays are int64."""

    problem: VectorPacking
    size: Ints  # (w, d) of each row, divided by the greatest common divisor of its dimension
    item: Ints  # (w,) the merged item that a row is a mode of; rows of one item are neighbours
    demand: Ints  # (m,) copies of each item
    capacity: Ints  # (t, d) in the same units
    cost: Ints  # (t,) of a bin
    available: Ints  # (t,) most bins, never more than copies
    limited: Bools  # (t,) whether that is a limit of the problem
    least: Ints  # (t,) fewest bins, which are paid for in any case
    fits: Bools  # (w, t) whether an empty bin of the type may hold one copy by this row
    limit: Ints  # (w,) copies of a row that one bin may hold at most, whatever its type
    most: Ints  # (m,) copies of an item that one bin may hold at most
    clash: Bools | None  # (m, m) symmetric, no diagonal; None without conflicts
    members: tuple[tuple[int, ...], ...]
    mode_of: tuple[tuple[int, ...], ...]  # per item, the mode numbers of its rows: those of the first member

    @property
    def rows(self) -> int:
        """How many modes there are in all."""
        return len(self.item)

    def copies_in(self, pattern: Pattern) -> Ints:
        """(m,) copies of each item in a pattern."""
        copies = np.zeros(len(self.demand), dtype=np.int64)
        for row, n in pattern:
            copies[self.item[row]] += n
        return copies

    @property
    def types(self) -> int:
        return len(self.cost)

    @property
    def one_mode(self) -> bool:
        """Whether each item has one row."""
        return self.rows == len(self.demand)

    @property
    def plain(self) -> bool:
        """Whether a pattern is right as soon as it fits by size and row limits: no conflicts, no limits over modes."""
        return self.clash is None and (self.one_mode or not self.capped)

    @property
    def capped(self) -> bool:
        """Whether some item with several modes has a limit of its own per bin."""
        return any(n is not None for n in self.problem.most) or any(i == j for i, j in self.problem.conflicts)

    @property
    def base_cost(self) -> int:
        """What is paid for whatever is used."""
        return int(self.cost @ self.least)

    def most_bins(self, without: float) -> NDArray[Any]:
        """(t,) bins that there may be of each type; `without` where the problem sets no limit."""
        return np.where(self.limited, np.maximum(self.available, self.least), without)

    def least_by_item(self, values: NDArray[Any]) -> NDArray[Any]:
        """(m, ...) of each item the least value of its rows, (w, ...); every item must have one."""
        first = np.searchsorted(self.item, np.arange(len(self.demand)))
        found: NDArray[Any] = np.minimum.reduceat(values, first, axis=0)
        return found

    def price(self, loads: list[tuple[Load, int]]) -> int:
        """Cost of these bins, `least` included."""
        used = np.zeros(self.types, dtype=np.int64)
        for (t, _), n in loads:
            used[t] += n
        return int(self.cost @ np.maximum(used, self.least))

    def unfold(self, loads: list[tuple[Load, int]]) -> Bins:
        """Deal loads of merged items back to the items of the problem; copies beyond the demand are left out."""
        left = {i: [[j, int(self.problem.demands[j])] for j in members] for i, members in enumerate(self.members)}
        first = np.searchsorted(self.item, np.arange(len(self.demand)))
        bins: dict[Bin, int] = defaultdict(int)
        for (t, pattern), count in loads:
            for _ in range(count):
                content: dict[tuple[int, int], int] = defaultdict(int)
                for row, copies in pattern:
                    i = int(self.item[row])
                    mode = self.mode_of[i][row - int(first[i])]
                    wanted = copies
                    while wanted and left[i]:
                        taken = min(wanted, left[i][0][1])
                        if taken:
                            content[left[i][0][0], mode] += taken
                        left[i][0][1] -= taken
                        wanted -= taken
                        if not left[i][0][1]:
                            left[i].pop(0)
                if content:
                    bins[Bin(t, tuple((j, mode, n) for (j, mode), n in sorted(content.items())))] += 1
        return tuple(Bin(b.bin_type, b.content, n) for b, n in bins.items())


def compile_packing(problem: VectorPacking) -> Compiled:
    """Check the problem, merge equal items, divide by common divisors. O(rows x types + conflicts).

    Raises UsageError: shapes or numbers that can't be meant; the message names the place and the value.
    """
    capacity = _table(problem.capacities, "capacities")
    cost = _vector(problem.costs, len(capacity), "costs")
    copies = int(sum(problem.demands))
    given = list(problem.available) or [None] * len(capacity)
    if len(given) != len(capacity):
        raise UsageError(f"available: {len(given)} entries for {len(capacity)} bin types")
    least = _vector(problem.least if len(problem.least) else [0] * len(capacity), len(capacity), "least")
    limited = np.array([n is not None for n in given], dtype=bool)
    available = np.array([copies if n is None else min(int(n), copies) for n in given], dtype=np.int64)
    demand = _vector(problem.demands, len(problem.sizes), "demands")
    if (limited & (least > [int(n or 0) for n in given])).any():
        raise UsageError(f"least: must be at most available, got {least.tolist()} of {given}")
    groups = _groups(problem, demand, capacity)
    size: list[tuple[int, ...]] = []
    fits: list[Bools] = []
    item: list[int] = []
    mode_of: list[tuple[int, ...]] = []
    for i, members in enumerate(groups.values()):
        modes, kept = _useful_modes(problem, members[0], capacity)
        size.extend(row for row, _ in modes)
        fits.extend(flags for _, flags in modes)
        item.extend([i] * len(modes))
        mode_of.append(tuple(kept))
    sizes = np.array(size, dtype=np.int64).reshape(len(size), capacity.shape[1])
    divisor = [reduce(gcd, (int(n) for n in column), 0) or 1 for column in sizes.T]
    sizes, capacity = sizes // divisor, capacity // divisor
    owner = np.array(item, dtype=np.int64)
    total = np.array([sum(int(demand[j]) for j in members) for members in groups.values()], dtype=np.int64)
    clash = _clash(problem, list(groups.values()))
    most = np.array([_most(problem, members[0], int(n)) for members, n in zip(groups.values(), total, strict=True)])
    allowed = np.array(fits, dtype=np.bool_).reshape(len(size), len(capacity))
    return Compiled(
        problem,
        sizes,
        owner,
        total,
        capacity,
        cost,
        available,
        limited,
        least,
        allowed,
        _limits(sizes, capacity, allowed, most[owner] if len(owner) else owner),
        most.astype(np.int64),
        clash,
        tuple(tuple(members) for members in groups.values()),
        tuple(mode_of),
    )


def _table(rows: object, name: str) -> Ints:
    table = np.array(rows, dtype=np.int64)
    if table.ndim != 2 or not table.size:
        raise UsageError(f"{name}: must be a table of integers, got shape {table.shape}")
    _range(table, name)
    return table


def _vector(row: object, length: int, name: str) -> Ints:
    vector = np.array(row, dtype=np.int64)
    if vector.shape != (length,):
        raise UsageError(f"{name}: must have {length} entries, got shape {vector.shape}")
    _range(vector, name)
    return vector


def _range(numbers: Ints, name: str) -> None:
    if numbers.size and (numbers.min() < 0 or numbers.max() > LARGEST):
        raise UsageError(f"{name}: must be 0 to 2**40, got {int(numbers.min())} to {int(numbers.max())}")


def _groups(problem: VectorPacking, demand: Ints, capacity: Ints) -> dict[object, list[int]]:
    """Items that are interchangeable, together; those without demand are left out."""
    in_conflict = {i for pair in problem.conflicts for i in pair}
    groups: dict[object, list[int]] = {}
    for i, wanted in enumerate(demand):
        if not wanted:
            continue
        modes = problem.modes(i)
        if not modes or any(len(row) != capacity.shape[1] for row in modes):
            raise UsageError(f"sizes[{i}]: must be rows of {capacity.shape[1]} sizes, got {modes}")
        _range(np.array(modes, dtype=np.int64), f"sizes[{i}]")
        allowed = None if problem.allowed is None else tuple(frozenset(bin_types) for bin_types in problem.allowed[i])
        key: object = (tuple(modes), allowed)
        if i in in_conflict or (len(problem.most) and problem.most[i] is not None):
            key = i  # a limit of its own
        groups.setdefault(key, []).append(i)
    return groups


def _useful_modes(
    problem: VectorPacking, i: int, capacity: Ints
) -> tuple[list[tuple[tuple[int, ...], Bools]], list[int]]:
    """The modes of an item that some empty bin holds, and their numbers."""
    found, kept = [], []
    for mode, row in enumerate(problem.modes(i)):
        flags: Bools = np.all(np.array(row, dtype=np.int64) <= capacity, axis=1)
        if problem.allowed is not None:
            named = np.zeros(len(capacity), dtype=np.bool_)
            named[list(problem.allowed[i][mode])] = True
            flags = flags & named
        if flags.any():
            found.append((row, flags))
            kept.append(mode)
    return found, kept


def _most(problem: VectorPacking, i: int, demand: int) -> int:
    most = problem.most[i] if len(problem.most) else None
    if any(a == b == i for a, b in problem.conflicts):
        most = 1
    return demand if most is None else min(demand, int(most))


def _limits(size: Ints, capacity: Ints, fits: Bools, most: Ints) -> Ints:
    """Most copies of each row in any bin."""
    limit = np.zeros(len(size), dtype=np.int64)
    for t in range(len(capacity)):
        limit = np.maximum(limit, np.where(fits[:, t], times_in(size, capacity[t]), 0))
    return np.minimum(limit, most)


def times_in(size: Ints, capacity: Ints) -> Ints:
    """(n,) how often each size, (n, d), goes into a room, (d,) or one each, (n, d); `LARGEST` where it needs none."""
    times: Ints = np.where(size > 0, capacity // np.maximum(size, 1), LARGEST).min(axis=1)
    return times


def _clash(problem: VectorPacking, groups: list[list[int]]) -> Bools | None:
    """Conflicts between merged items; an item in a conflict is never merged."""
    of = {members[0]: i for i, members in enumerate(groups)}
    pairs = [(of[a], of[b]) for a, b in problem.conflicts if a != b and a in of and b in of]
    if not pairs:
        return None
    clash = np.zeros((len(groups), len(groups)), dtype=bool)
    for a, b in pairs:
        clash[a, b] = clash[b, a] = True
    return clash
