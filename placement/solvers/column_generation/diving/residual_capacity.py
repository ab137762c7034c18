"""Residual capacity of partly filled accelerators, grouped by class, in units; and the machines that have it.

A *residual* is a device class of accelerators and the units that are free on one; accelerators with equal residuals are
alike, but for their machines. A *residual pattern* is what may stand there together: copies on one accelerator.
"""

from collections.abc import Iterator, Mapping, Sequence

from placement.compiled.machine_state import MachineState
from placement.patterns.formulation import DeviceClass, Relaxation
from placement.patterns.grid import fit_grid
from placement.vector_packing.knapsack import Knapsack

Residual = tuple[int, tuple[int, ...]]  # device class, units that are free
Place = tuple[MachineState, int]  # a machine and one of its accelerators
ResidualsByClass = list[tuple[Knapsack, list[Residual]]]  # those of one device class
ResidualPattern = tuple[Residual, tuple[tuple[int, int], ...]]  # (item, times) ascending


class ResidualGrid:
    """Units for one device class: needs rounded up and rooms down, so that what fits does."""

    def __init__(self, device_class: DeviceClass) -> None:
        """O(items)."""
        self._grid = fit_grid(device_class.capacity, device_class.needs, device_class.knapsack.limits, up=True)
        self._capacity = self._grid.capacity(device_class.capacity)
        self._needs = [self._grid.need(need) for need in device_class.needs]
        self._least = min((need.memory_mib for need in device_class.needs), default=0)

    def free(self, machine: MachineState, k: int) -> tuple[int, ...] | None:
        """Units that are free on one accelerator; None where nothing could stand."""
        if machine.free_memory[k] < self._least:
            return None
        amounts = (machine.free_memory[k], machine.share[k], machine.vcpus, machine.host)
        return self._grid.capacity([max(0, have) for have in amounts])

    def fits(self, free: Sequence[int], residual_pattern: Mapping[int, int], full: float = 0.0) -> bool:
        """Whether a residual pattern fits into what is free, in units, and fills that part of it in some dimension."""
        taken = [sum(times * self._needs[i][r] for i, times in residual_pattern.items()) for r in range(len(free))]
        if any(n > have for n, have in zip(taken, free, strict=True)):
            return False
        return not free or any(n >= full * have for n, have in zip(taken, free, strict=True))

    def knapsack(self, limits: Sequence[int]) -> Knapsack:
        """All residual patterns with at most so many of each item."""
        return Knapsack(self._capacity, self._needs, limits)


class ResidualCapacity:
    """The machines of a dive, and the places that are open on them."""

    def __init__(self, relaxation: Relaxation) -> None:
        self._relaxation = relaxation
        self.grids = [ResidualGrid(device_class) for device_class in relaxation.device_classes]
        self.open_machines: list[MachineState] = []
        self.places: dict[Residual, list[Place]] = {}
        self.wanted: list[tuple[Place, dict[int, int]]] = []  # in the order of the machines
        self._told = 0  # how many of them

    def clear(self) -> None:
        self.open_machines, self.places, self.wanted, self._told = [], {}, [], 0

    def add(self, machine: MachineState, wanted: Mapping[int, dict[int, int]]) -> None:
        """One more machine, and what is wanted on its accelerators first."""
        self.open_machines.append(machine)
        for k in range(len(machine.free_memory)):
            self.open((machine, k))
            if wanted.get(k):
                self.wanted.append(((machine, k), wanted[k]))

    def reopen(self) -> None:
        """Look at all machines anew, after wide copies came."""
        self.places = {}
        for machine in self.open_machines:
            for k in range(len(machine.free_memory)):
                self.open((machine, k))

    def open(self, place: Place) -> None:
        """Offer what is free on an accelerator, if something could stand there."""
        residual = self.residual_of(place)
        if residual is not None:
            self.places.setdefault(residual, []).append(place)

    def close(self, residual: Residual, place: Place) -> None:
        self.places[residual].remove(place)
        if not self.places[residual]:
            del self.places[residual]

    def residual_of(self, place: Place) -> Residual | None:
        """What is free on an accelerator."""
        machine, k = place
        q = self._relaxation.class_of[machine.pool]
        free = self.grids[q].free(machine, k)
        return None if free is None else (q, free)

    def knapsacks(self, limits: Sequence[Sequence[int]]) -> ResidualsByClass:
        """The residuals by device class, each with all patterns of at most so many of each item, (classes, items)."""
        of_class: dict[int, list[Residual]] = {}
        for residual in self.places:
            of_class.setdefault(residual[0], []).append(residual)
        return [(self.grids[q].knapsack(limits[q]), some) for q, some in of_class.items()]

    def news(self) -> Iterator[ResidualPattern]:
        """The patterns that are wanted on machines since the last call, if they fit: patterns are rounded down."""
        news, self._told = self.wanted[self._told :], len(self.wanted)
        for place, items in news:
            residual = self.residual_of(place)
            if residual is not None and self.grids[residual[0]].fits(residual[1], items):
                yield residual, tuple(sorted(items.items()))

    def volumes(self) -> dict[tuple[int, int], float]:
        """What the machines have free of each resource, by pool."""
        free: dict[tuple[int, int], float] = {}
        for machine in self.open_machines:
            amounts = (
                sum(max(0, have) for have in machine.free_memory),
                sum(machine.share),
                machine.vcpus,
                machine.host,
            )
            for r, amount in enumerate(amounts):
                free[machine.pool, r] = free.get((machine.pool, r), 0.0) + amount
        return free

    def vacancies(self) -> dict[tuple[int, int], int]:
        """How many more copies of a component machines of a pool may hold, where a few fill one."""
        by_pool: dict[int, list[MachineState]] = {}
        for machine in self.open_machines:
            by_pool.setdefault(machine.pool, []).append(machine)
        return {
            (c, p): sum(most - machine.counts.get(c, 0) for machine in by_pool.get(p, ()))
            for (c, p), most in self._relaxation.on_one.items()
        }
