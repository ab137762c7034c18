r"""The flow on machines of one kind: blocks of accelerators that are filled to ever greater height, then halved.

A node (K, c) stands for a block of K accelerators of one machine, each filled to height c of W grid units. A machine
enters at (G, 0). An arc of a *size* (g accelerators, weight w) goes from (g, c) to (g, c + w): one copy of that size
stands on the block. A split takes (K, c) apart into two of (K/2, c): an arc with gain 2. What reaches a node and does
not leave it is waste. Numbers of accelerators that are no powers of two are taken apart into such: three are 2 + 1.

This is the arc-flow formulation of Valério de Carvalho (1999, *Exact solution of bin-packing problems using column
generation and branch-and-bound*, Ann. Oper. Res. 86), heaviest sizes first, with levels for copies that stand on
several accelerators at once. Two things keep it small. Arcs leave only nodes that are reached by sizes before in the
order. And a height is raised as long as the sums of weights that still fit stay the same, so that nodes that differ in
nothing become one (the graph compression of Brandão and Pedroso 2016, *Bin packing and related problems: general
arc-flow formulation with graph compression*, Comput. Oper. Res. 69).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

SPLIT = -1


class Size(NamedTuple):
    """What a copy takes: so many accelerators, `weight` grid units on each."""

    accelerators: int
    weight: int


class Node(NamedTuple):
    """A block of so many accelerators, each filled to `height`."""

    accelerators: int
    height: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Where a part of the accelerators of an arc's tail goes: a range of them, to a node (None: full)."""

    accelerators: int
    node: int | None


class FlowGraph:
    """All nodes and arcs for machines of one kind.

    Parameters
    ----------
    accelerators : how many a machine may have, each at least 1; several of them must be powers of two.
    capacity : W, grid units of one accelerator, at least 1.
    copies : for each size, the most copies of it that a plan may have; weights are 1 to W.

    Attributes
    ----------
    sizes : in the order of `copies`. nodes : by accelerators and height, in an order in which every arc goes forward.
    entry : accelerators of a machine -> the node where it enters.
    tails, kinds : (A,) tail node and size (or SPLIT) of each arc. head_arcs, heads : (H,) arc and node of each head.

    Notes
    -----
    O(D W) arcs for D sizes; a few milliseconds to build.
    """

    def __init__(self, accelerators: Collection[int], capacity: int, copies: dict[Size, int]) -> None:
        """Walk the levels from the whole machine down."""
        self._accelerators = tuple(sorted(set(accelerators)))
        self.capacity = capacity
        self.sizes = tuple(copies)
        self.levels = _levels(accelerators, self.sizes)
        self._order = sorted(range(len(self.sizes)), key=lambda s: (-self.sizes[s].weight, s))
        self._copies = copies
        self._raised = {level: self._raise(level) for level in self.levels}
        self._reached = {level: np.zeros(capacity + 1, dtype=np.bool_) for level in self.levels}
        self._first = {level: k * (capacity + 1) for k, level in enumerate(self.levels)}
        self._found: list[tuple[Ints, int, list[tuple[int, Ints]]]] = []
        for level in accelerators:
            self._reached[level][0] = True
        for level in self.levels:
            self._fill(level)
            self._split(level)
        self._number()

    # -- building

    def _raise(self, level: int) -> Ints:
        """(W + 1,) each height raised as far as the sums that fit above it on a block of this level stay the same."""
        sums = np.zeros(self.capacity + 1, dtype=np.bool_)
        sums[0] = True
        for size, copies in self._copies.items():
            if size.accelerators <= level:
                weight, fresh = size.weight, sums
                for _ in range(min(copies, self.capacity // weight)):
                    shifted = np.zeros_like(sums)
                    shifted[weight:] = fresh[: self.capacity + 1 - weight]
                    fresh = shifted & ~sums
                    if not fresh.any():
                        break
                    sums = sums | fresh
        fitting = np.maximum.accumulate(np.where(sums, np.arange(self.capacity + 1), 0))
        raised: Ints = self.capacity - fitting[::-1]
        return raised

    def _fill(self, level: int) -> None:
        """Arcs of the sizes that stand on blocks of this level, heaviest first."""
        reached = self._reached[level]
        for s in self._order:
            size = self.sizes[s]
            if self.level_of(size.accelerators) != level:
                continue
            parts = _parts(level, size.accelerators)
            if parts[0][0] == level:  # the block stays whole: one copy may stand on another of its size
                fresh = reached
                for _ in range(min(self._copies[size], self.capacity // size.weight)):
                    lower = np.flatnonzero(fresh[: self.capacity + 1 - size.weight])
                    fresh = np.zeros_like(reached)
                    fresh[self._raised[level][lower + size.weight]] = True
                    fresh &= ~reached
                    if not fresh.any():
                        break
                    reached |= fresh
            tails = np.flatnonzero(reached[: self.capacity + 1 - size.weight])
            self._connect(level, tails, s, [(part, tails + size.weight * on) for part, on in parts])

    def _split(self, level: int) -> None:
        """Arcs that take blocks of this level apart, where something still fits on the parts."""
        below = [size for size in self.sizes if self.level_of(size.accelerators) < level]
        if below:
            tails = np.flatnonzero(self._reached[level])
            tails = tails[tails + min(size.weight for size in below) <= self.capacity]
            self._connect(level, tails, SPLIT, [(part, tails) for part in _halves(level)])

    def _connect(self, level: int, tails: Ints, size: int, heads: list[tuple[int, Ints]]) -> None:
        ends = []
        for part, heights in heads:
            if part in self._raised:
                raised = self._raised[part][heights]
                self._reached[part][raised] = True
                ends.append((part, raised))
        self._found.append((tails + self._first[level], size, ends))

    def _number(self) -> None:
        """Number nodes and arcs; full blocks, that nothing can be added to, are no nodes."""
        for reached in self._reached.values():
            reached[self.capacity] = False
        keys = np.concatenate([np.flatnonzero(self._reached[level]) + self._first[level] for level in self.levels])
        number = np.full(len(self.levels) * (self.capacity + 1), -1, dtype=np.int64)
        number[keys] = np.arange(len(keys))
        self.nodes = tuple(
            Node(self.levels[key // (self.capacity + 1)], key % (self.capacity + 1)) for key in keys.tolist()
        )
        self._node_of = {node: k for k, node in enumerate(self.nodes)}
        self.entry = {g: self._node_of[Node(g, 0)] for g in self._accelerators}
        tails: list[Ints] = [np.zeros(0, dtype=np.int64)]
        kinds: list[Ints] = [np.zeros(0, dtype=np.int64)]
        arcs: list[Ints] = [np.zeros(0, dtype=np.int64)]
        heads: list[Ints] = [np.zeros(0, dtype=np.int64)]
        count = 0
        for tail_keys, size, ends in self._found:
            numbers = count + np.arange(len(tail_keys))
            tails.append(number[tail_keys])
            kinds.append(np.full(len(tail_keys), size, dtype=np.int64))
            for part, heights in ends:
                node = number[self._first[part] + heights]
                arcs.append(numbers[node >= 0])
                heads.append(node[node >= 0])
            count += len(tail_keys)
        self.tails, self.kinds = np.concatenate(tails), np.concatenate(kinds)
        self.head_arcs, self.heads = np.concatenate(arcs), np.concatenate(heads)
        del self._found, self._reached

    # -- reading

    @property
    def arcs(self) -> int:
        """How many arcs there are."""
        return len(self.tails)

    def level_of(self, accelerators: int) -> int:
        """The smallest block on which a copy with so many accelerators stands."""
        return min(level for level in self.levels if level >= accelerators)

    def pieces(self, node: Node, size: int) -> list[Piece]:
        """What an arc of a size (or SPLIT) makes of the accelerators of its tail; those of the copy come first."""
        if size == SPLIT:
            return [Piece(part, self._find(part, node.height)) for part in _halves(node.accelerators)]
        weight = self.sizes[size].weight
        return [
            Piece(part, self._find(part, node.height + weight * on))
            for part, on in _parts(node.accelerators, self.sizes[size].accelerators)
        ]

    def _find(self, level: int, height: int) -> int | None:
        if level not in self._raised:
            return None
        return self._node_of.get(Node(level, int(self._raised[level][height])))

    def arc_index(self) -> dict[tuple[int, int], int]:
        """(tail, size) -> arc."""
        return {key: arc for arc, key in enumerate(zip(self.tails.tolist(), self.kinds.tolist(), strict=True))}


def _levels(accelerators: Collection[int], sizes: Sequence[Size]) -> tuple[int, ...]:
    """Whole machines, and powers of two down to what the smallest copy stands on; largest first."""
    least, most = min((size.accelerators for size in sizes), default=1), max(accelerators)
    powers = {2**k for k in range(most.bit_length()) if least <= 2**k < most}
    return tuple(sorted(powers | set(accelerators), reverse=True))


def _power(n: int) -> int:
    return 1 << (n.bit_length() - 1)


def _powers(n: int) -> Iterator[int]:
    """Powers of two that add up to n, largest first."""
    while n:
        yield _power(n)
        n -= _power(n)


def _halves(level: int) -> list[int]:
    """What a block is split into."""
    return [level // 2, level // 2] if level == _power(level) else list(_powers(level))


def _parts(level: int, accelerators: int) -> list[tuple[int, int]]:
    """What a block becomes under a copy: (accelerators, 1 where the copy stands and 0 where not)."""
    if level == accelerators:
        return [(level, 1)]
    return [*((part, 1) for part in _powers(accelerators)), *((part, 0) for part in _powers(level - accelerators))]
