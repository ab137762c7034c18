"""From a packing to column values: a start for the engine, when the packing can be told in its terms.

Each machine is filled anew on the grid, greatest sizes first, on the fullest block that takes them. What does not fit,
because the grid rounds up or blocks are aligned, goes to further machines of the same kind. So the start may cost a
little more than the packing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np

from placement.solvers.arc_flow.graph import SPLIT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from placement.compiled.packing import Machine, Packing
    from placement.solvers.arc_flow.graph import FlowGraph
    from placement.solvers.arc_flow.program import FlowProgram


class _Filler:
    """One machine on the grid: the nodes that its blocks are at, and the arcs they took."""

    def __init__(self, graph: FlowGraph, index: dict[tuple[int, int], int], accelerators: int) -> None:
        self._graph, self._index = graph, index
        self._blocks: list[int] = [graph.entry[accelerators]]
        self.arcs: list[int] = []

    def add(self, size: int) -> bool:
        """Stand a copy on the fullest block of its level that takes it, splitting a greater one if need be."""
        graph, wanted = self._graph, self._graph.sizes[size]
        level = graph.level_of(wanted.accelerators)
        while True:
            fitting = [
                (node.accelerators, -node.height, k)
                for k, node in enumerate(graph.nodes[index] for index in self._blocks)
                if node.accelerators >= level and node.height + wanted.weight <= graph.capacity
            ]
            if not fitting:
                return False
            best = min(fitting)[2]
            node = self._blocks[best]
            kind = size if graph.nodes[node].accelerators == level else SPLIT
            arc = self._index.get((node, kind))
            if arc is None:
                return False
            self.arcs.append(arc)
            self._blocks.pop(best)
            self._blocks += [piece.node for piece in graph.pieces(graph.nodes[node], kind) if piece.node is not None]
            if kind != SPLIT:
                return True


def encode(program: FlowProgram, packing: Packing) -> NDArray[np.float64] | None:
    """Column values of a packing like this one; None when quotas, zones or hosts do not allow them."""
    values = np.zeros(program.columns)
    column_of = {
        (c.block, way.component, way.option.index): (c.column, c.way)
        for c in program.copies
        for way in (program.blocks.blocks[c.block].ways[c.way],)
    }
    loads: dict[tuple[int, int], list[list[tuple[int, int]]]] = defaultdict(list)  # (block, supply) -> machines' ways
    for machine in packing.machines:
        place = _place_of(program, machine)
        if place is None:
            return None
        found = [column_of.get((place[0], seat.component, seat.option)) for seat in machine.seats]
        known = [entry for entry in found if entry is not None]
        if len(known) < len(found):
            return None
        loads[place].append(known)
    for (b, s), machines in loads.items():
        _fill_block(program, b, s, machines, values)
    _add_zone_columns(program, values)
    return values if program.keeps_rows(values) else None


def _place_of(program: FlowProgram, machine: Machine) -> tuple[int, int] | None:
    """The block and supply of a machine."""
    fleet, blocks = program.blocks.fleet, program.blocks
    supply = blocks.supply_of.get(machine.pool)
    owner = next((seat.component for seat in machine.seats if fleet.components[seat.component].dedicated), None)
    if supply is None or (supply, owner) not in blocks.block_of:
        return None
    return blocks.block_of[supply, owner], supply


def _fill_block(
    program: FlowProgram, b: int, s: int, machines: list[list[tuple[int, int]]], values: NDArray[np.float64]
) -> None:
    """Fill machines of one block and supply; what does not fit goes to further ones, first fit."""
    block = program.blocks.blocks[b]
    grid, accelerators = program.grids[block.kind], block.shape.accelerators
    count = len(machines)
    for column, _ in (entry for machine in machines for entry in machine):
        values[column] += 1
    if grid.graph is not None:
        number = {size: k for k, size in enumerate(grid.graph.sizes)}
        index = grid.graph.arc_index()
        flow: Counter[int] = Counter()
        over: list[int] = []
        for machine in machines:
            needs = [grid.size(block.ways[w].option) for _, w in machine]
            sizes = [number[need] for need in needs if need is not None]
            filler = _Filler(grid.graph, index, accelerators)
            over += [size for size in _greatest_first(grid.graph, sizes) if not filler.add(size)]
            flow.update(filler.arcs)
        fillers: list[_Filler] = []
        for size in _greatest_first(grid.graph, over):
            if not any(filler.add(size) for filler in fillers):
                fillers.append(_Filler(grid.graph, index, accelerators))
                fillers[-1].add(size)
        for filler in fillers:
            flow.update(filler.arcs)
        count += len(fillers)
        for arc, n in flow.items():
            values[program.arcs[block.kind] + arc] += n
    values[program.machines[b, s]] += count


def _greatest_first(graph: FlowGraph, sizes: Iterable[int]) -> list[int]:
    """By level, then by weight, as the arcs of a graph come."""
    return sorted(sizes, key=lambda s: (-graph.level_of(graph.sizes[s].accelerators), -graph.sizes[s].weight, s))


def _add_zone_columns(program: FlowProgram, values: NDArray[np.float64]) -> None:
    blocks, fleet = program.blocks, program.blocks.fleet
    totals: Counter[tuple[int, int]] = Counter()
    for c in program.copies:
        block = blocks.blocks[c.block]
        if block.zone is not None:
            totals[block.ways[c.way].component, block.zone] += round(values[c.column])
    for component, column in program.spread.items():
        values[column] = min((totals[component, z] for z in fleet.components[component].eligible_zones), default=0)
    for key, column in program.zone_used.items():
        values[column] = float(totals[key] > 0)
    for supply in blocks.supplies:  # machines that are paid for in any case count from the first block
        mine = [column for (_, s), column in program.machines.items() if s == supply.index]
        missing = supply.fewest - sum(values[column] for column in mine)
        if mine and missing > 0:
            values[mine[0]] += missing
