"""The problem and its answers: what must be packed, what it may be packed in, what a packing is."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

LARGEST = 2**40  # of any size, capacity or cost: sums of products stay far inside 64 bits


@dataclass(frozen=True, slots=True)
class Bin:
    """`count` equal bins of one type; `content` is (item type, mode, copies) rows, modes counted within the item."""

    bin_type: int
    content: tuple[tuple[int, int, int], ...]
    count: int = 1


Bins = tuple[Bin, ...]  # a whole packing: every copy is in one; empty bins that `least` asks for are not here


@dataclass(frozen=True, eq=False)
class VectorPacking:
    """Pack all items at the least total cost of the bins used.

    Minimise ``sum_t costs[t] * max(used bins of type t, least[t])``. All numbers are integers, at least 0, and at most
    2**40.

    Attributes
    ----------
    sizes : m item types; row i is the (d,) size of one copy, or a sequence of such rows, the *modes* to pack a copy,
        one of which is chosen for each (multiple-choice packing, Brandao and Pedroso 2016). An (m, d) array will do.
    demands : (m,) copies of each item type.
    capacities : (t, d) of each bin type.
    costs : (t,) of one bin.
    available : per bin type the most bins, None for no limit. Empty: no limit on any.
    least : per bin type the bins that are paid for in any case. Empty: none.
    conflicts : pairs of item types of which no copies may share a bin; (i, i): two copies of i may not.
    most : per item type the most copies in one bin, None for no limit. Empty: no limit on any.
    allowed : per item type and mode, the bin types it may stand in. None: all that have room.

    Notes
    -----
    `solve_vector_packing` raises `UsageError` for shapes that do not agree and for negative or huge numbers.

    Examples
    --------
    >>> problem = VectorPacking(sizes=[[6], [4]], demands=[2, 2], capacities=[[10]], costs=[1])
    >>> problem.dimensions, problem.copies
    (1, 4)
    """

    sizes: Sequence[ArrayLike]
    demands: Sequence[int]
    capacities: Sequence[Sequence[int]]
    costs: Sequence[int]
    available: Sequence[int | None] = ()
    least: Sequence[int] = ()
    conflicts: Iterable[tuple[int, int]] = ()
    most: Sequence[int | None] = ()
    allowed: Sequence[Sequence[Iterable[int]]] | None = None

    @property
    def dimensions(self) -> int:
        """How many sizes an item has."""
        return len(self.capacities[0]) if len(self.capacities) else 0

    @property
    def copies(self) -> int:
        """How many things there are to pack."""
        return int(sum(self.demands))

    def modes(self, item: int) -> list[tuple[int, ...]]:
        """The sizes that a copy of an item may have, by mode."""
        rows = np.asarray(self.sizes[item])
        return [tuple(int(n) for n in row) for row in (rows if rows.ndim == 2 else [rows])]

    def cost(self, bins: Bins) -> int:
        """What a packing costs, `least` included."""
        used = Counter[int]()
        for row in bins:
            used[row.bin_type] += row.count
        least = self.least or [0] * len(self.costs)
        return int(sum(c * max(used[t], n) for t, (c, n) in enumerate(zip(self.costs, least, strict=True))))


def check_bins(problem: VectorPacking, bins: Bins) -> list[str]:
    """Every rule that a packing breaks, in words; empty when it keeps all. Counts again, from the problem alone."""
    faults = []
    packed = Counter[int]()
    used = Counter[int]()
    clashes = [frozenset(pair) for pair in problem.conflicts]
    for b, row in enumerate(bins):
        used[row.bin_type] += row.count
        held = Counter[int]()
        load = [0] * problem.dimensions
        for item, mode, copies in row.content:
            held[item] += copies
            size = problem.modes(item)[mode]
            load = [have + copies * each for have, each in zip(load, size, strict=True)]
            if problem.allowed is not None and row.bin_type not in problem.allowed[item][mode]:
                faults.append(f"bin {b}: item {item} by mode {mode} may not stand in type {row.bin_type}")
        if any(have > most for have, most in zip(load, problem.capacities[row.bin_type], strict=True)):
            faults.append(f"bin {b}: load {load} is more than {tuple(problem.capacities[row.bin_type])}")
        for item, copies in held.items():
            packed[item] += copies * row.count
            most = problem.most[item] if len(problem.most) else None
            if most is not None and copies > most:
                faults.append(f"bin {b}: {copies} copies of item {item}, at most {most} may share a bin")
        pairs = (pair for pair in clashes if len(pair) == 2 and all(held[i] for i in pair))
        faults.extend(f"bin {b}: items {sorted(pair)} may not share a bin" for pair in pairs)
        alone = (i for pair in clashes if len(pair) == 1 for i in pair if held[i] > 1)
        faults.extend(f"bin {b}: copies of item {i} may not share a bin" for i in alone)
    for item, wanted in enumerate(problem.demands):
        if packed[item] != wanted:
            faults.append(f"item {item}: {packed[item]} copies are packed, not {wanted}")
    for t, most in enumerate(problem.available or ()):
        if most is not None and used[t] > most:
            faults.append(f"type {t}: {used[t]} bins are used, {most} are there")
    return faults
