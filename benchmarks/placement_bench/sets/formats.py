"""The file formats of the published packing sets, each read into `BinPacking`.

| format | read by | sets |
|---|---|---|
| BPP | `read_bpp` | BPPLIB |
| VBP (VPSolver) | `read_vbp` | vector packing of Mommessin et al. |
| VSBPP | `read_vsbpp` | variable-sized bins of Delorme and Martinovic |
| VSBPPC | `read_vsbppc` | variable-sized bins with conflicts of Ekici |

All are plain text, whole numbers between blanks. A file that does not hold what its counts say is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.errors import PlacementError
from placement_bench.sets.native import BinPacking, BinType, merged, merged_twins

if TYPE_CHECKING:
    from collections.abc import Sequence


class FormatError(PlacementError):
    """A case file is not in the format that its set has."""


class _Numbers:
    """Whole numbers of a text, taken one after the other."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self._words = text.split()
        self._at = 0

    def take(self, count: int, what: str, least: int | None = 0) -> tuple[int, ...]:
        """The next `count` numbers, none below `least`; `what` they are, for the message."""
        words = self._words[self._at : self._at + count]
        if len(words) < count:
            raise FormatError(f"{self.name}: ends before its {what}: {count} numbers expected, {len(words)} are left")
        self._at += count
        try:
            numbers = tuple(int(word) for word in words)
        except ValueError:
            raise FormatError(f"{self.name}: {what} must be whole numbers, got {' '.join(words)[:60]}") from None
        if least is not None and min(numbers, default=least) < least:
            raise FormatError(f"{self.name}: {what} must be at least {least}, got {min(numbers)}")
        return numbers

    def end(self) -> None:
        """Nothing may be left."""
        left = len(self._words) - self._at
        if left:
            raise FormatError(f"{self.name}: {left} numbers beyond the end that its counts give")


def read_bpp(text: str, name: str) -> BinPacking:
    """``n``, ``c``, then n weights: one-dimensional bin packing."""
    numbers = _Numbers(text, name)
    n, capacity = numbers.take(2, "number of items and capacity")
    weights = numbers.take(n, "weights")
    numbers.end()
    return BinPacking((BinType((capacity,)),), merged((weight,) for weight in weights))


def read_vbp(text: str, name: str) -> BinPacking:
    """``d``, d capacities, ``m``, then m lines of d sizes and a number of copies: vector packing in equal bins.

    The number of items is the one in the file: class 9 of Panigrahy has one more than its name says. Sizes may be
    negative: they are in triplets of class C, see `placement_bench.sets.negative`.
    """
    numbers = _Numbers(text, name)
    (dimensions,) = numbers.take(1, "number of dimensions")
    capacity = numbers.take(dimensions, "capacities")
    (m,) = numbers.take(1, "number of items")
    sizes = []
    for _ in range(m):
        size = numbers.take(dimensions, "sizes of an item", least=None)
        (copies,) = numbers.take(1, "copies of an item")
        sizes += [size] * copies
    numbers.end()
    return BinPacking((BinType(capacity),), merged(sizes))


def read_vsbpp(text: str, name: str) -> BinPacking:
    """``K``, K lines of capacity, availability and cost, ``m``, m lines of size and demand."""
    numbers = _Numbers(text, name)
    (kinds,) = numbers.take(1, "number of bin types")
    bins = []
    for _ in range(kinds):
        capacity, available, cost = numbers.take(3, "capacity, availability and cost of a bin type")
        bins.append(BinType((capacity,), cost, available))
    (m,) = numbers.take(1, "number of item types")
    sizes: list[tuple[int]] = []
    for _ in range(m):
        size, demand = numbers.take(2, "size and demand of an item type")
        sizes += [(size,)] * demand
    numbers.end()
    return BinPacking(tuple(bins), merged(sizes))


def read_vsbppc(text: str, name: str, bins: Sequence[BinType]) -> BinPacking:
    """``N``, then a line an item: its number (from 1), weight, the numbers of the items it conflicts with.

    A pair may be listed once or twice. The bin types are not in the file.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    (n,) = _Numbers(lines[0] if lines else "", name).take(1, "number of items")
    if len(lines) != n + 1:
        raise FormatError(f"{name}: {n} items announced, {len(lines) - 1} lines follow")
    weights: list[tuple[int]] = []
    conflicts: set[tuple[int, int]] = set()
    for index, line in enumerate(lines[1:]):
        numbers = _Numbers(line, f"{name} line {index + 2}")
        number, weight = numbers.take(2, "number and weight")
        others = numbers.take(len(line.split()) - 2, "conflicts")
        if number != index + 1:
            raise FormatError(f"{name} line {index + 2}: item {index + 1} expected, got {number}")
        if any(not 1 <= other <= n or other == number for other in others):
            raise FormatError(f"{name} line {index + 2}: conflicts must be numbers of other items, 1 to {n}")
        weights.append((weight,))
        conflicts |= {(min(index, other - 1), max(index, other - 1)) for other in others}
    items = merged_twins(weights, conflicts)
    return BinPacking(tuple(bins), items.items, items.conflicts)
