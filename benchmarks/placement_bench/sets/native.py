"""Bin packing in its own terms: what the published sets of this folder hold, and an independent recount of answers.

One form serves them all: items of d whole sizes, bin types with d capacities, a cost and perhaps an availability, and
pairs of items that may not share a bin. The recount reads this form, which comes straight from a case's file, and so
owes nothing to the problem document that the library's solvers see.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Sizes = tuple[int, ...]
    Load = tuple[int, Mapping[int, int]]  # a bin: the index of its type, and the copies of each item type in it


@dataclass(frozen=True, slots=True)
class BinType:
    """Bins of one kind; `available` None is no limit."""

    capacity: Sizes
    cost: int = 1
    available: int | None = None


@dataclass(frozen=True, slots=True)
class ItemType:
    """Equal items; `size` has as many entries as a bin's capacity."""

    size: Sizes
    copies: int = 1


@dataclass(frozen=True, slots=True)
class BinPacking:
    """One case: pack every copy of every item at the least total cost of the bins used.

    Attributes
    ----------
    conflicts : pairs ``(i, j)``, ``i < j``, of item types of which no copies may share a bin. Copies of one item type
        never conflict with each other.
    """

    bins: tuple[BinType, ...]
    items: tuple[ItemType, ...]
    conflicts: frozenset[tuple[int, int]] = frozenset()

    @property
    def dimensions(self) -> int:
        """How many sizes an item has."""
        return len(self.bins[0].capacity)

    @property
    def copies(self) -> int:
        """How many items there are, equal ones counted each."""
        return sum(item.copies for item in self.items)

    def totals(self) -> Sizes:
        """The sizes of all items together."""
        return tuple(sum(item.size[d] * item.copies for item in self.items) for d in range(self.dimensions))


def merged(sizes: Iterable[Sizes]) -> tuple[ItemType, ...]:
    """Equal sizes as one item type, in the order in which each is first met."""
    return tuple(ItemType(size, copies) for size, copies in Counter(sizes).items())


def merged_twins(sizes: Sequence[Sizes], conflicts: Iterable[tuple[int, int]]) -> BinPacking:
    """Items with conflicts, as a case without bins: equal items that conflict with the same others become one type.

    Such twins never conflict with each other: an item is not in conflict with itself, so it is not with its twin.
    """
    neighbours: list[set[int]] = [set() for _ in sizes]
    for i, j in conflicts:
        neighbours[i].add(j)
        neighbours[j].add(i)
    index: dict[tuple[Sizes, frozenset[int]], int] = {}
    type_of = [index.setdefault((size, frozenset(neighbours[i])), len(index)) for i, size in enumerate(sizes)]
    copies = Counter(type_of)
    pairs = {(type_of[i], type_of[j]) for i in range(len(sizes)) for j in neighbours[i]}
    items = tuple(ItemType(size, copies[k]) for (size, _), k in index.items())
    return BinPacking((), items, frozenset((i, j) for i, j in pairs if i < j))


def recount(case: BinPacking, loads: Iterable[Load]) -> tuple[int, tuple[str, ...]]:
    """The cost of a packing, and every rule that it breaks, one sentence each.

    O(items + conflicts inside bins). An empty bin costs nothing, like one that is not listed.
    """
    faults: list[str] = []
    cost = 0
    used: Counter[int] = Counter()
    packed: Counter[int] = Counter()
    for number, (kind, content) in enumerate(loads):
        inside = sorted(i for i, copies in content.items() if copies)
        strangers = [i for i in inside if not 0 <= i < len(case.items)]
        if strangers or not 0 <= kind < len(case.bins):
            faults.append(f"bin {number} of type {kind} holds items {strangers or inside}: no such item or bin type")
            continue
        if not inside:
            continue
        cost += case.bins[kind].cost
        used[kind] += 1
        packed.update(content)
        faults += _overfull(case, number, kind, content)
        faults += [
            f"bin {number} holds items {i} and {j}, which conflict"
            for a, i in enumerate(inside)
            for j in inside[a + 1 :]
            if (i, j) in case.conflicts
        ]
    for kind, one in enumerate(case.bins):
        if one.available is not None and used[kind] > one.available:
            faults.append(f"{used[kind]} bins of type {kind} are used, {one.available} are available")
    for i, item in enumerate(case.items):
        if packed[i] != item.copies:
            faults.append(f"item {i} is packed {packed[i]} times, it comes {item.copies} times")
    return cost, tuple(faults)


def _overfull(case: BinPacking, number: int, kind: int, content: Mapping[int, int]) -> list[str]:
    faults = []
    for d, room in enumerate(case.bins[kind].capacity):
        load = sum(case.items[i].size[d] * copies for i, copies in content.items())
        if load > room:
            faults.append(f"bin {number} of type {kind} holds {load} in dimension {d}, it has {room}")
    return faults


def volume_bound(case: BinPacking) -> int | None:
    """A bound on the cost that is plain to see: in each dimension, buy the cheapest room first, by parts of bins.

    Returns None when not even all bins together have the room: a proof that no packing exists. Exact, in fractions.
    """
    best = 0
    for d, total in enumerate(case.totals()):
        bought = _cheapest_room(case.bins, d, total)
        if bought is None:
            return None
        best = max(best, -(-bought.numerator // bought.denominator))
    return best


def _cheapest_room(bins: Sequence[BinType], d: int, total: int) -> Fraction | None:
    cost = Fraction(0)
    for one in sorted((b for b in bins if b.capacity[d]), key=lambda b: Fraction(b.cost, b.capacity[d])):
        if total <= 0:
            break
        room = total if one.available is None else min(total, one.available * one.capacity[d])
        cost += Fraction(room * one.cost, one.capacity[d])
        total -= room
    return cost if total <= 0 else None
