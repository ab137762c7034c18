"""From column values to machines with copies on them: follow the flow, then hand out its slots.

A whole-number flow falls apart into machines however it is followed. Where several blocks wait at one node they are
alike to the flow, but not to the host: the one whose machine has promised least of its vCPUs and memory so far takes
the arc of the hungriest size. Slots of one size then go to copies in the same way, the copy with the greatest need of
the host to the machine with the most left.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from placement.exact.arc_flow.blocks import share_out
from placement.exact.arc_flow.graph import SPLIT
from placement.packing import Machine, Packing, Seat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.exact.arc_flow.blocks import Block
    from placement.exact.arc_flow.graph import FlowGraph, Size
    from placement.exact.arc_flow.program import FlowProgram
    from placement.fleet import Option, Shape

    Ints = np.ndarray


@dataclass(slots=True)
class _Host:
    """One machine while it is filled: what is left of its vCPUs and memory, and its copies."""

    pool: int
    vcpus: int
    memory: int
    seats: list[Seat] = field(default_factory=list)

    def slack(self, option: Option, shape: Shape) -> float:
        """The scarcer part left once a copy stands here; negative when it does not fit."""
        return min(
            (self.vcpus - option.vcpus) / max(1, shape.vcpus), (self.memory - option.host_mib) / max(1, shape.host_mib)
        )

    def place(self, component: int, option: Option, accelerators: tuple[int, ...]) -> None:
        self.vcpus -= option.vcpus
        self.memory -= option.host_mib
        self.seats.append(Seat(component, option.index, tuple(sorted(accelerators))))


@dataclass(frozen=True, slots=True)
class _Slot:
    """Room for one copy of a size: which machine of the block, and on which accelerators."""

    machine: int
    accelerators: tuple[int, ...]


def decode(program: FlowProgram, values: Sequence[float]) -> Packing:
    """The machines and copies of a solution; copies that do not fit on a host are left out.

    Accelerators hold what stands on them; `avoid`, caps per instance and shares outside the grid are not looked at.
    O(accelerators x path length x log) and one scan of a size's machines a copy.
    """
    whole = np.rint(np.asarray(values)).astype(np.int64)
    rented = _rent(program, whole)
    machines: list[Machine] = []
    for block in program.blocks.blocks:
        hosts = [_Host(p, block.shape.vcpus, block.shape.host_mib) for p in rented[block.index]]
        wanted = {
            c.way: int(whole[c.column]) for c in program.copies if c.block == block.index and whole[c.column] > 0
        }
        graph = program.grids[block.index].graph
        slots: dict[Size, list[_Slot]] = {}
        if graph is not None:
            first = program.arcs[block.index]
            slots = _follow(graph, whole[first : first + graph.arcs], len(hosts), _hunger(program, block, wanted))
        _hand_out(program, block, wanted, slots, hosts)
        machines += [Machine(host.pool, None, tuple(sorted(host.seats))) for host in hosts if host.seats]
    return Packing(tuple(machines))


def _rent(program: FlowProgram, whole: Ints) -> dict[int, list[int]]:
    """Per block, the pool of each of its machines."""
    rented: dict[int, list[int]] = defaultdict(list)
    for supply in program.blocks.supplies:
        counts = [(b, int(whole[column])) for (b, s), column in program.machines.items() if s == supply.index]
        pools = share_out(program.blocks, supply, sum(n for _, n in counts))
        for b, n in counts:
            rented[b] += pools[:n]
            pools = pools[n:]
    return rented


def _hunger(program: FlowProgram, block: Block, wanted: dict[int, int]) -> dict[Size, float]:
    """Per size, the mean of the scarcer part of a host that its copies need."""
    total: dict[Size, float] = defaultdict(float)
    count: dict[Size, int] = defaultdict(int)
    for w, n in wanted.items():
        size = program.grids[block.index].sizes[w]
        if size is not None:
            total[size] += n * _part(block.ways[w].option, block.shape)
            count[size] += n
    return {size: total[size] / count[size] for size in total}


def _part(option: Option, shape: Shape) -> float:
    return max(option.vcpus / max(1, shape.vcpus), option.host_mib / max(1, shape.host_mib))


def _follow(graph: FlowGraph, flow: Ints, machines: int, hunger: dict[Size, float]) -> dict[Size, list[_Slot]]:
    """Slots by size: every unit of flow on an arc of a size is one."""
    leaving: dict[int, list[int]] = defaultdict(list)
    for arc in np.flatnonzero(flow > 0).tolist():
        leaving[int(graph.tails[arc])].append(arc)
    here: dict[int, list[_Slot]] = defaultdict(list)
    everything = tuple(range(graph.levels[0]))
    here[graph.entry] = [_Slot(m, everything) for m in range(machines)]
    load = [0.0] * machines
    slots: dict[Size, list[_Slot]] = defaultdict(list)

    def need(arc: int) -> float:
        kind = int(graph.kinds[arc])
        return -1.0 if kind == SPLIT else hunger.get(graph.sizes[kind], 0.0)

    for node in range(len(graph.nodes)):
        if node not in leaving:
            continue
        waiting = [(load[slot.machine], turn, slot) for turn, slot in enumerate(here.pop(node, []))]
        heapq.heapify(waiting)
        for arc in sorted(leaving[node], key=lambda arc: (-need(arc), arc)):
            kind = int(graph.kinds[arc])
            for _ in range(int(flow[arc])):
                if not waiting:
                    break
                _, _, slot = heapq.heappop(waiting)
                if kind != SPLIT:
                    size = graph.sizes[kind]
                    slots[size].append(_Slot(slot.machine, slot.accelerators[: size.accelerators]))
                    load[slot.machine] += need(arc)
                start = 0
                for piece in graph.pieces(graph.nodes[node], kind):
                    part = slot.accelerators[start : start + piece.accelerators]
                    start += piece.accelerators
                    if piece.node is not None:
                        here[piece.node].append(_Slot(slot.machine, part))
    return slots


def _hand_out(
    program: FlowProgram, block: Block, wanted: dict[int, int], slots: dict[Size, list[_Slot]], hosts: list[_Host]
) -> None:
    """Copies on slots, the hungriest first, each where most of the host is left."""
    sizes = program.grids[block.index].sizes
    anywhere = [_Slot(m, ()) for m in range(len(hosts))]
    for w in sorted(wanted, key=lambda w: (-_part(block.ways[w].option, block.shape), w)):
        way, size = block.ways[w], sizes[w]
        mine = anywhere if size is None else slots.get(size, [])
        for _ in range(wanted[w]):
            if not mine:
                break
            best = max(range(len(mine)), key=lambda k: (hosts[mine[k].machine].slack(way.option, block.shape), -k))
            slot = mine[best]
            if hosts[slot.machine].slack(way.option, block.shape) < 0:
                break
            hosts[slot.machine].place(way.component, way.option, slot.accelerators)
            if size is not None:
                mine.pop(best)
