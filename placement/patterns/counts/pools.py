"""Counts packed pool by pool: copies that share accelerators first, exactly, then accelerators into machines.

Inequalities on counts know patterns in parts, and patterns with more copies than there are. Whether whole accelerators
hold the copies on a pool is a bin packing problem of its own, and a small one (`vector_packing`): it is decided in a
few hundredths of a second where a general search for the zone took seconds and found one machine too many. Copies on
several accelerators and packed accelerators then go to machines by first fit.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from placement.compiled.fleet import FleetOption
from placement.compiled.machine_state import Copy, MachineState
from placement.compiled.packing import Machine, Packing, Seat
from placement.grouping import grouped
from placement.patterns.counts.program import Counts
from placement.patterns.formulation import DeviceClass, Relaxation
from placement.patterns.modes import Mode
from placement.solving.budget import Budget
from placement.solving.schedule import SCHEDULE
from placement.vector_packing import Bins, VectorPacking, solve_vector_packing

_PHASE = SCHEDULE.demand.one_pool
_Row = list[tuple["Mode", int]]  # modes with their copies, on one pool
_Group = list["Mode"]  # copies that stand on the same accelerators


class PoolPacking:
    """Packs what counts put on each pool; remembers what it packed before."""

    def __init__(self, relaxation: Relaxation) -> None:
        """O(pools)."""
        self.relaxation = relaxation
        self._known: dict[tuple[int, tuple[tuple[int, int], ...]], tuple[int, Bins | None]] = {}

    def lacking(self, counts: Counts, budget: Budget) -> dict[int, int]:
        """Accelerators that pools lack for a packing to be found, by pool; those that have enough are not there."""
        found = {}
        for p, row in self._rows(counts).items():
            items = _items(row)
            if items:
                needed, _ = self._packed(p, items, budget)
                free = self.relaxation.devices(p) * counts.machines[p] - sum(mode.owns * n for mode, n in row)
                if needed > free:
                    found[p] = needed - free
        return found

    def packing(self, counts: Counts, budget: Budget) -> Packing | None:
        """Machines as many as are counted, with all copies; None where none were found."""
        found = list[Machine]()
        for p, row in self._rows(counts).items():
            machines = self._first_fit(p, list(self._groups(p, row, budget)), counts.machines[p])
            if machines is None:
                return None
            found += machines
        return Packing(tuple(found))

    def _rows(self, counts: Counts) -> dict[int, _Row]:
        """Modes with copies, by pool."""
        return grouped(
            (mode.pool, (mode, n)) for mode, n in zip(self.relaxation.modes, counts.copies, strict=True) if n
        )

    def _packed(self, p: int, items: Mapping[int, int], budget: Budget) -> tuple[int, Bins | None]:
        """How many accelerators hold some copies, the fewest that were found, and how."""
        device_class = self.relaxation.device_classes[self.relaxation.class_of[p]]
        key = device_class.index, tuple(sorted(items.items()))
        if key not in self._known:
            found = _pack(device_class, items, _PHASE.of(budget))
            if found[1] is None:  # for lack of time
                return found
            self._known[key] = found
        return self._known[key]

    def _first_fit(self, p: int, groups: Sequence[_Group], most: int) -> list[Machine] | None:
        """The machines of one pool; None where copies find no place.

        Copies of their own accelerators go on the first machine with room, shared accelerators where hosts are free.
        As sizes divide each other, and the largest come first, that is exact for accelerators, but not for the host.
        """
        machines = [MachineState(self.relaxation.fleet, p, None) for _ in range(most)]
        seats: list[list[Seat]] = [[] for _ in machines]
        order = list(range(most))
        for group in groups:
            if group[0].item is not None:
                order.sort(key=lambda m: (-machines[m].vcpus, -machines[m].host))
            for m in order:
                placed = self._place(machines[m], group)
                if placed is not None:
                    seats[m] += placed
                    break
            else:
                return None
        return [Machine(p, None, tuple(sorted(some))) for some in seats if some]

    def _groups(self, p: int, row: _Row, budget: Budget) -> Iterator[_Group]:
        """What must stand together: single copies, or all that is on one accelerator."""
        alone = [mode for mode, n in row if mode.item is None for _ in range(n)]
        alone.sort(key=lambda mode: (-mode.owns, mode.component, mode.option))
        yield from ([mode] for mode in alone)
        items = _items(row)
        bins = self._packed(p, items, budget)[1] if items else None
        if bins is None:
            yield from ([mode] for mode, n in row if mode.item is not None for _ in range(n))
            return
        queues: dict[int, list[Mode]] = {}
        for mode, n in row:
            if mode.item is not None:
                queues.setdefault(mode.item, []).extend([mode] * n)
        order = sorted(items)
        groups = [
            [queues[order[i]].pop() for i, _, n in one.content for _ in range(n)]
            for one in bins
            for _ in range(one.count)
        ]
        yield from sorted(groups, key=self._vcpus, reverse=True)

    def _vcpus(self, group: _Group) -> int:
        components = self.relaxation.fleet.components
        return sum(components[mode.component].options[mode.option].vcpus for mode in group)

    def _place(self, machine: MachineState, group: _Group) -> list[Seat] | None:
        """Put copies on a machine, those that share an accelerator on one of the same; None where it has no room."""
        fleet, before = self.relaxation.fleet, machine.save()
        placed, shared = list[Seat](), None
        for mode in group:
            component = fleet.components[mode.component]
            option = component.options[mode.option]
            on = _free_accelerators(machine, option, shared)
            if on is None or not machine.takes(option) or not machine.welcomes(component, fleet.components):
                machine.restore(before)
                return None
            machine.put(Copy(0, option, on), mode.component)
            placed.append(Seat(mode.component, mode.option, on))
            shared = on or shared
        return placed


def _free_accelerators(
    machine: MachineState, option: FleetOption, shared: tuple[int, ...] | None
) -> tuple[int, ...] | None:
    """Where a copy goes: on those that the first of its group has, or on empty ones."""
    if shared is not None and len(shared) == option.accelerators:
        return shared if all(machine.fits_on(option, k) for k in shared) else None
    empty = [k for k, users in enumerate(machine.users) if not users and machine.fits_on(option, k)]
    return tuple(empty[: option.accelerators]) if len(empty) >= option.accelerators else None


def _items(row: _Row) -> Counter[int]:
    """What must be packed on accelerators; empty where a copy shares several of them, which is no bin packing."""
    found = Counter[int]()
    for mode, n in row:
        if mode.item is not None and mode.touches > 1:
            return Counter()
        if mode.item is not None:
            found[mode.item] += n
    return found


def _pack(device_class: DeviceClass, items: Mapping[int, int], budget: Budget) -> tuple[int, Bins | None]:
    """The same, by the exact packing core."""
    order = sorted(items)
    problem = VectorPacking(
        sizes=[device_class.needs[i] for i in order],
        demands=[items[i] for i in order],
        capacities=[device_class.capacity],
        costs=[1],
    )
    result = solve_vector_packing(problem, budget=budget)
    return result.bound if result.cost is None else result.cost, result.bins
