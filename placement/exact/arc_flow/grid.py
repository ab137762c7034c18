"""The memory grid of each block: fine enough to lose little, coarse enough for a program of a given size.

Needs are rounded up and capacities down, so whatever fits on the grid fits in MiB: plans are true, and a coarser grid
only hides some of them. Shares of an accelerator are a second need on it. Where one of the two nearly always decides,
a copy weighs the greater of both on one grid; else memory alone is on the grid, and shares are limited in aggregate.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from placement.exact.arc_flow.graph import FlowGraph, Size
from placement.units import MIB_PER_GIB, WHOLE_SHARE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.exact.arc_flow.blocks import Block, Blocks
    from placement.fleet import Option

_PARTS_OF_GIB = (20, 16, 10, 8, 5, 4, 2, 1, 0.5, 0.25)
_FINEST, _COARSEST = 1600, 8  # grid units of an accelerator
_STEP = 1.4  # from one grid to the next coarser one, where GiB have none between
_SHARE_LOSS = 0.03  # of the load, that may be lost by weighing copies by the greater of memory and share


@dataclass(frozen=True, slots=True)
class Grid:
    """Units of one block: `sizes` per way (None: the way touches no accelerator), and the graph over them.

    `loss` is the part of the load that rounding adds; 0 means that the grid is as good as MiB.
    """

    sizes: tuple[Size | None, ...]
    graph: FlowGraph | None
    unit: float
    loss: float
    shares_inside: bool

    @property
    def arcs(self) -> int:
        """Arcs of the graph."""
        return 0 if self.graph is None else self.graph.arcs


def grids_of(blocks: Blocks, most_arcs: int) -> list[Grid]:
    """For each block the grid of least loss, all together of about `most_arcs` arcs.

    Each block may use its part of what is left, those with the smallest graphs first, so that what they do not need goes
    to the others. Where even the coarsest grid has more arcs than that, it is taken all the same.
    """
    ladders = [list(_ladder(blocks, block)) for block in blocks.blocks]
    chosen: dict[int, Grid] = {}
    left = most_arcs
    for waiting, b in enumerate(sorted(range(len(ladders)), key=lambda b: ladders[b][0].arcs)):
        part = left // (len(ladders) - waiting)
        small = [grid for grid in ladders[b] if grid.arcs <= part] or [min(ladders[b], key=lambda grid: grid.arcs)]
        chosen[b] = min(small, key=lambda grid: (round(grid.loss, 6), grid.arcs))
        left -= chosen[b].arcs
    return [chosen[b] for b in range(len(ladders))]


def _ladder(blocks: Blocks, block: Block) -> Iterator[Grid]:
    """Grids of a block, finest first."""
    shape = block.shape
    if not shape.accelerators or not any(way.option.accelerators for way in block.ways):
        yield Grid(tuple(None for _ in block.ways), None, 1.0, 0.0, shares_inside=True)
        return
    inside = _shares_inside(blocks, block)
    for unit in _units(block):
        yield _grid(blocks, block, unit, inside)


def _units(block: Block) -> list[float]:
    """MiB per unit, ascending."""
    memory = max(1, block.shape.memory_mib)
    if all(_whole(way.option) for way in block.ways if way.option.accelerators):
        return [float(memory)]
    needs = {way.option.memory_mib for way in block.ways if way.option.accelerators and not _whole(way.option)} - {0}
    found = set()
    for parts in _PARTS_OF_GIB:  # needs in tenths of a GiB were rounded up to MiB: the unit must be a hair above a tenth
        unit = MIB_PER_GIB / parts
        found |= {unit, max((need / max(1, round(need / unit)) for need in needs), default=unit)}
    count = float(_FINEST)
    while count >= _COARSEST:
        found.add(memory / round(count))
        count /= _STEP
    return sorted(unit for unit in found if _COARSEST <= memory / unit <= _FINEST) or [float(memory)]


def _grid(blocks: Blocks, block: Block, unit: float, inside: bool) -> Grid:
    capacity = max(1, _floor(block.shape.memory_mib / unit))
    sizes: list[Size | None] = []
    copies: Counter[Size] = Counter()
    taken, needed = 0.0, 0.0
    for way in block.ways:
        option = way.option
        if not option.accelerators:
            sizes.append(None)
            continue
        weight = capacity if _whole(option) else max(1, _ceil(option.memory_mib / unit))
        if inside and not _whole(option):
            weight = max(weight, -(-option.share * capacity // WHOLE_SHARE))
        size = Size(option.accelerators, min(weight, capacity))
        sizes.append(size)
        count = blocks.fleet.components[way.component].copies
        copies[size] += count
        taken += count * option.accelerators * size.weight / capacity
        needed += count * option.accelerators * _load(block, option, inside)
    loss = max(0.0, taken / needed - 1) if needed else 0.0
    graph = FlowGraph(block.shape.accelerators, capacity, {size: max(1, n) for size, n in sorted(copies.items())})
    return Grid(tuple(sizes), graph, unit, loss, inside)


def _whole(option: Option) -> bool:
    """Whether a copy has its accelerators for itself."""
    return not option.shared


def _load(block: Block, option: Option, inside: bool) -> float:
    """The part of an accelerator that a copy needs."""
    if _whole(option):
        return 1.0
    memory = option.memory_mib / max(1, block.shape.memory_mib)
    return max(memory, option.share / WHOLE_SHARE) if inside else memory


def _shares_inside(blocks: Blocks, block: Block) -> bool:
    """Whether weighing copies by the greater of memory and share costs little over the scarcer of the two."""
    memory = share = greater = 0.0
    for way in block.ways:
        if way.option.accelerators and way.option.shared:
            count = blocks.fleet.components[way.component].copies * way.option.accelerators
            mine = way.option.memory_mib / max(1, block.shape.memory_mib), way.option.share / WHOLE_SHARE
            memory, share, greater = memory + count * mine[0], share + count * mine[1], greater + count * max(mine)
    return greater <= max(memory, share) * (1 + _SHARE_LOSS)


def _ceil(units: float) -> int:
    """Rounded up; a hair above a whole number is that of binary floats."""
    return -int(-units // 1) if units - int(units) > 1e-9 else int(units)


def _floor(units: float) -> int:
    """Rounded down, in the same way."""
    return int(units + 1e-9)
