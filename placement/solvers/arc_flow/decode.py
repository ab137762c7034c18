"""From column values to machines with copies on them: follow the flow, then hand out its slots.

A whole-number flow falls apart into machines however it is followed. Where several blocks wait at one node they are
alike to the flow, but not to the host: the one whose machine has promised least of its vCPUs and memory so far takes
the arc of the hungriest size. Slots of one size then go to copies in the same way, the copy with the greatest need of
the host to the machine with the most left.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from placement.compiled.packing import Machine, Packing, Seat
from placement.solvers.arc_flow.balance import Balance, Host
from placement.solvers.arc_flow.blocks import share_out
from placement.solvers.arc_flow.graph import SPLIT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from placement.compiled.fleet import Fleet, Option, Shape
    from placement.solvers.arc_flow.blocks import Block
    from placement.solvers.arc_flow.graph import FlowGraph, Size
    from placement.solvers.arc_flow.grid import Grid
    from placement.solvers.arc_flow.program import FlowProgram

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_NONE = (0.0, 0.0)
_EXCHANGES = 2_000  # between machines of one kind


@dataclass(frozen=True, slots=True)
class _Slot:
    """Room for one copy of a size: a machine of the kind, and accelerators of it."""

    machine: int
    accelerators: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Copies of one component by one option on machines of a kind."""

    component: int
    option: Option
    copies: int

    def part(self, shape: Shape) -> float:
        """The scarcer part of a host that one copy needs."""
        return max(self.option.vcpus / max(1, shape.vcpus), self.option.host_mib / max(1, shape.host_mib))


def decode(
    program: FlowProgram, values: Sequence[float] | Floats, seed: int = 0, is_over: Callable[[], bool] = lambda: False
) -> Packing:
    """The machines and copies of a solution; copies that do not fit on a host are left out, and all once `is_over`.

    Accelerators hold what stands on them; `avoid`, caps per instance and shares outside the grid are not looked at.
    O(accelerators x path length x log) and one scan of a size's slots a copy.
    """
    whole = np.rint(np.asarray(values)).astype(np.int64)
    rented = _rent(program, whole)
    machines: list[Machine] = []
    for kind, grid, first in zip(program.blocks.kinds, program.grids, program.arcs, strict=True):
        hosts = [Host(p, block.shape) for block in kind for p in rented[block.index]]
        wanted = _wanted(program, kind, whole)
        slots: dict[Size, list[_Slot]] = {}
        if grid.graph is not None:
            slots = _follow(grid.graph, whole[first : first + grid.arcs], hosts, _hunger(grid, wanted))
        _hand_out(grid, wanted, slots, hosts, is_over)
        Balance(program.blocks.fleet, hosts, seed).run(_EXCHANGES, is_over)
        for host in hosts:
            _relieve(program.blocks.fleet, host)
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


def _wanted(program: FlowProgram, kind: Sequence[Block], whole: Ints) -> list[_Wanted]:
    """Copies on a kind, summed over its blocks."""
    mine = {block.index for block in kind}
    options: dict[tuple[int, int], Option] = {}
    count: Counter[tuple[int, int]] = Counter()
    for c in program.copies:
        if c.block in mine and whole[c.column] > 0:
            way = program.blocks.blocks[c.block].ways[c.way]
            options[way.component, way.option.index] = way.option
            count[way.component, way.option.index] += int(whole[c.column])
    return [_Wanted(key[0], options[key], n) for key, n in sorted(count.items())]


def _hunger(grid: Grid, wanted: Sequence[_Wanted]) -> dict[Size, tuple[float, float]]:
    """Per size, vCPUs and host memory that one of its copies needs on average."""
    total: dict[Size, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for row in wanted:
        size = grid.size(row.option)
        if size is not None:
            for k, amount in enumerate((row.option.vcpus, row.option.host_mib, 1)):
                total[size][k] += amount * row.copies
    return {size: (vcpus / n, memory / n) for size, (vcpus, memory, n) in total.items()}


def _follow(
    graph: FlowGraph, flow: Ints, hosts: Sequence[Host], hunger: dict[Size, tuple[float, float]]
) -> dict[Size, list[_Slot]]:
    """Slots by size: every unit of flow on an arc of a size is one."""
    leaving: dict[int, list[int]] = defaultdict(list)
    for arc in np.flatnonzero(flow > 0).tolist():
        leaving[int(graph.tails[arc])].append(arc)
    here: dict[int, list[_Slot]] = defaultdict(list)
    for m, host in enumerate(hosts):
        here[graph.entry[host.shape.accelerators]].append(_Slot(m, tuple(range(host.shape.accelerators))))
    slots: dict[Size, list[_Slot]] = defaultdict(list)
    kinds = graph.kinds.tolist()
    for node in range(len(graph.nodes)):
        if node not in leaving:
            continue
        waiting = [(hosts[slot.machine].promised, turn, slot) for turn, slot in enumerate(here.pop(node, []))]
        heapq.heapify(waiting)
        need = {arc: _need(graph, kinds[arc], hunger) for arc in leaving[node]}
        for arc in sorted(leaving[node], key=lambda arc: (-need[arc][1], -need[arc][0], arc)):
            for _ in range(min(int(flow[arc]), len(waiting))):
                slot = heapq.heappop(waiting)[2]
                if kinds[arc] != SPLIT:
                    size = graph.sizes[kinds[arc]]
                    slots[size].append(_Slot(slot.machine, slot.accelerators[: size.accelerators]))
                    _promise(hosts[slot.machine], need[arc])
                start = 0
                for piece in graph.pieces(graph.nodes[node], kinds[arc]):
                    part = slot.accelerators[start : start + piece.accelerators]
                    start += piece.accelerators
                    if piece.node is not None:
                        here[piece.node].append(_Slot(slot.machine, part))
    return slots


def _need(graph: FlowGraph, kind: int, hunger: dict[Size, tuple[float, float]]) -> tuple[float, float]:
    return _NONE if kind == SPLIT else hunger.get(graph.sizes[kind], _NONE)


def _promise(host: Host, need: tuple[float, float]) -> None:
    vcpus, memory = need
    host.promised += max(vcpus / max(1, host.shape.vcpus), memory / max(1, host.shape.host_mib))


def _hand_out(
    grid: Grid,
    wanted: Sequence[_Wanted],
    slots: dict[Size, list[_Slot]],
    hosts: Sequence[Host],
    is_over: Callable[[], bool],
) -> None:
    """Copies on slots, the hungriest first, each where most of the host is left; a host may be asked for too much."""
    if not hosts:
        return
    largest = max((host.shape for host in hosts), key=lambda shape: (shape.host_mib, shape.vcpus))
    left = [[float(host.shape.vcpus), float(host.shape.host_mib)] for host in hosts]

    def slack(m: int, option: Option) -> float:
        host = hosts[m]
        if host.pool not in option.pools:
            return -math.inf
        vcpus, memory = left[m][0] - option.vcpus, left[m][1] - option.host_mib
        return min(vcpus / max(1, host.shape.vcpus), memory / max(1, host.shape.host_mib))

    anywhere = [_Slot(m, ()) for m in range(len(hosts))]
    for row in sorted(wanted, key=lambda row: -row.part(largest)):
        size = grid.size(row.option)
        mine = anywhere if size is None else slots.get(size, [])
        for _ in range(row.copies):
            if is_over():
                return
            scores = [slack(slot.machine, row.option) for slot in mine]
            best = max(range(len(mine)), key=scores.__getitem__, default=-1)
            if best < 0 or scores[best] == -math.inf:
                break
            slot = mine[best]
            left[slot.machine][0] -= row.option.vcpus
            left[slot.machine][1] -= row.option.host_mib
            hosts[slot.machine].seats.append(Seat(row.component, row.option.index, tuple(sorted(slot.accelerators))))
            if size is not None:
                mine.pop(best)


def _relieve(fleet: Fleet, host: Host) -> None:
    """Take the copies that ask for most off a host that is asked for too much."""

    def need(seat: Seat) -> Option:
        return fleet.components[seat.component].options[seat.option]

    while True:
        vcpus = sum(need(seat).vcpus for seat in host.seats) - host.shape.vcpus
        memory = sum(need(seat).host_mib for seat in host.seats) - host.shape.host_mib
        if vcpus <= 0 and memory <= 0:
            return
        # The copy of fewest accelerators that is enough on its own, else the one that asks for most.
        host.seats.remove(
            min(
                host.seats,
                key=lambda seat: (
                    need(seat).vcpus < vcpus or need(seat).host_mib < memory,
                    need(seat).accelerators * max(1, need(seat).memory_mib),
                    seat,
                ),
            )
        )
