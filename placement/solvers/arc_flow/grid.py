"""The memory grid of each kind of accelerator: fine enough to lose little, coarse enough for a program of a given size.

Needs are rounded up and capacities down, so whatever fits on the grid fits in MiB: plans are true, and a coarser grid
only hides some of them. Shares of an accelerator are a second need on it. Where one of the two nearly always decides,
a copy weighs the greater of both on one grid; else memory alone is on the grid, and shares are limited in aggregate.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from placement.solvers.arc_flow.graph import FlowGraph, Size
from placement.units import MIB_PER_GIB, WHOLE_SHARE

if TYPE_CHECKING:
    from collections.abc import Callable

    from placement.compiled.fleet import Option
    from placement.solvers.arc_flow.blocks import Block, Blocks

_PARTS_OF_GIB = (20, 16, 10, 8, 5, 4, 2, 1, 0.5, 0.25)
_FINEST, _COARSEST = 1600, 8  # grid units of an accelerator
_STEP = 1.4  # from one grid to the next coarser one, where GiB have none between
_FAR = 3  # times the arcs that a program may have, at which finer grids are given up
_SHARE_LOSS = 0.03  # of the load, that may be lost by weighing copies by the greater of memory and share


@dataclass(frozen=True, slots=True)
class Grid:
    """Units of one kind: the `sizes` of options as memory and share ask for, and the graph over them.

    `loss` is the part of the load that rounding adds; 0 means that the grid is as good as MiB.
    """

    capacity: int
    graph: FlowGraph | None
    unit: float
    loss: float
    shares_inside: bool

    @property
    def arcs(self) -> int:
        """Arcs of the graph."""
        return 0 if self.graph is None else self.graph.arcs

    def size(self, option: Option) -> Size | None:
        """What a copy by the option takes; None when it touches no accelerator."""
        if not option.accelerators:
            return None
        return Size(option.accelerators, _weight(option, self.unit, self.capacity, inside=self.shares_inside))


_NO_ARCS = Grid(1, None, 1.0, 0.0, shares_inside=True)  # of machines whose copies touch no accelerator


class Grids:
    """All grids of a fleet. Graphs are built when they are asked for, coarsest first, and only once."""

    def __init__(self, blocks: Blocks) -> None:
        """O(options)."""
        self._ladders = [_Ladder(_Load(blocks, kind)) for kind in blocks.kinds]

    def within(self, most_arcs: int, is_over: Callable[[], bool] = lambda: False) -> list[Grid]:
        """For each kind the grid of least loss, all together of about `most_arcs` arcs.

        Each kind may use its part of what is left, those with the smallest graphs first, so that what they do not need
        goes to the others. Where even the coarsest grid has more arcs than that, it is taken all the same. Once
        `is_over`, no further graph is built: grids are then coarser than they might be, one of each kind still.
        O(G D W) for G units of D sizes on grids of at most W.
        """
        for ladder in self._ladders:
            ladder.build(most_arcs, is_over)
        chosen: dict[int, Grid] = {}
        left = most_arcs
        order = sorted(range(len(self._ladders)), key=lambda k: self._ladders[k].grids[-1].arcs)
        for waiting, k in enumerate(order):
            part = left // (len(order) - waiting)
            grids = self._ladders[k].grids
            small = [grid for grid in grids if grid.arcs <= part] or [min(grids, key=lambda grid: grid.arcs)]
            chosen[k] = min(small, key=lambda grid: (round(grid.loss, 6), grid.arcs))
            left -= chosen[k].arcs
        return [chosen[k] for k in range(len(order))]


class _Load:
    """What may stand on accelerators of one kind: options that touch them, and the copies of each at most."""

    def __init__(self, blocks: Blocks, kind: tuple[Block, ...]) -> None:
        options = {(way.component, way.option.index): way.option for block in kind for way in block.ways}
        self.options = [
            (option, max(1, blocks.fleet.components[c].copies))
            for (c, _), option in options.items()
            if option.accelerators
        ]
        self.accelerators = {block.shape.accelerators for block in kind}
        self.memory = max(1, kind[0].shape.memory_mib)
        self.shares_inside = self._shares_inside()

    def of(self, option: Option, *, inside: bool) -> float:
        """The part of an accelerator that a copy needs."""
        if _whole(option):
            return 1.0
        memory = option.memory_mib / self.memory
        return max(memory, option.share / WHOLE_SHARE) if inside else memory

    def _shares_inside(self) -> bool:
        """Whether weighing copies by the greater of memory and share costs little over the scarcer of the two."""
        memory = share = greater = 0.0
        for option, copies in self.options:
            if not _whole(option):
                touched, one, two = (
                    copies * option.accelerators,
                    option.memory_mib / self.memory,
                    option.share / WHOLE_SHARE,
                )
                memory, share, greater = (
                    memory + touched * one,
                    share + touched * two,
                    greater + touched * max(one, two),
                )
        return greater <= max(memory, share) * (1 + _SHARE_LOSS)


class _Ladder:
    """Grids of one kind, coarsest first; the finer ones wait until programs may be large enough for them."""

    def __init__(self, load: _Load) -> None:
        self._load = load
        self._units = _units(load) if load.options else []  # those whose graph is not built yet; the coarsest is last
        self.grids = [_grid(load, self._units.pop())] if load.options else [_NO_ARCS]

    def build(self, most_arcs: int, is_over: Callable[[], bool]) -> None:
        """Add finer grids until one has far more arcs: a little finer, units that suit the needs may save some."""
        while self._units and self.grids[-1].arcs <= _FAR * most_arcs and not is_over():
            self.grids.append(_grid(self._load, self._units.pop()))


def _units(load: _Load) -> list[float]:
    """MiB per unit, ascending."""
    memory = load.memory
    needs = {option.memory_mib for option, _ in load.options if not _whole(option)} - {0}
    if not needs:
        return [float(memory)]
    found = set()
    for (
        parts
    ) in _PARTS_OF_GIB:  # needs in tenths of a GiB were rounded up to MiB: the unit must be a hair above a tenth
        unit = MIB_PER_GIB / parts
        found |= {unit, max(need / max(1, round(need / unit)) for need in needs)}
    count = float(_FINEST)
    while count >= _COARSEST:
        found.add(memory / round(count))
        count /= _STEP
    return sorted(unit for unit in found if _COARSEST <= memory / unit <= _FINEST) or [float(memory)]


def _grid(load: _Load, unit: float) -> Grid:
    capacity, inside = max(1, _floor(load.memory / unit)), load.shares_inside
    copies: Counter[Size] = Counter()
    taken = needed = 0.0
    for option, count in load.options:
        size = Size(option.accelerators, _weight(option, unit, capacity, inside=inside))
        copies[size] += count
        taken += count * option.accelerators * size.weight / capacity
        needed += count * option.accelerators * load.of(option, inside=inside)
    graph = FlowGraph(load.accelerators, capacity, dict(sorted(copies.items())))
    return Grid(capacity, graph, unit, max(0.0, taken / needed - 1) if needed else 0.0, inside)


def _weight(option: Option, unit: float, capacity: int, *, inside: bool) -> int:
    """Grid units on each accelerator; all of them for a copy that owns it."""
    if _whole(option):
        return capacity
    weight = max(1, _ceil(option.memory_mib / unit))
    if inside:
        weight = max(weight, -(-option.share * capacity // WHOLE_SHARE))
    return min(weight, capacity)


def _whole(option: Option) -> bool:
    """Whether a copy has its accelerators for itself."""
    return not option.shared


def _ceil(units: float) -> int:
    """Rounded up; a hair above a whole number is that of binary floats."""
    return -int(-units // 1) if units - int(units) > 1e-9 else int(units)


def _floor(units: float) -> int:
    """Rounded down, in the same way."""
    return int(units + 1e-9)
