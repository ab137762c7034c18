"""The problem: machines, services, processes, where the processes are now, and what an assignment costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from placement.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.arrays import Bools, Ints

LARGEST = 2**60  # of any assignment: sums stay inside 64 bits


@dataclass(frozen=True, slots=True)
class Balance:
    """For every machine ``weight * max(0, target * free of resource first - free of resource second)``."""

    first: int
    second: int
    target: int
    weight: int


@dataclass(frozen=True, eq=False)
class Reassignment:
    """Processes on machines that may be reassigned: R resources, M machines, S services, P processes.

    Attributes
    ----------
    transient : (R,) booleans; what of these a moved process takes stays taken on its old machine, too.
    load_weight : (R,) cost of a unit above a safety capacity.
    neighbourhood, location : (M,) of each machine; each is a partition of the machines, numbered from 0.
    capacity, safety : (M, R).
    machine_move : (M, M) cost of a move from a row's machine to a column's.
    spread : (S,) the fewest locations that the processes of a service stand in.
    depends_on : per service, the services of which one process must be in each neighbourhood where it is.
    service : (P,) of each process.
    demand : (P, R).
    process_move : (P,) cost of moving a process at all.
    balances : see `Balance`.
    process_weight, service_weight, machine_weight : of the three move costs.
    initial : (P,) the machine of each process now.

    Raises
    ------
    UsageError
        Shapes that do not agree, numbers below 0, indices that mean nothing, or costs beyond 64 bits.
    """

    transient: Bools
    load_weight: Ints
    neighbourhood: Ints
    location: Ints
    capacity: Ints
    safety: Ints
    machine_move: Ints
    spread: Ints
    depends_on: Sequence[Sequence[int]]
    service: Ints
    demand: Ints
    process_move: Ints
    balances: Sequence[Balance]
    process_weight: int
    service_weight: int
    machine_weight: int
    initial: Ints

    def __post_init__(self) -> None:
        """Hold the numbers against each other."""
        resources, machines, services, processes = self.resources, self.machines, self.services, self.processes
        shapes = {
            "transient": (resources,),
            "location": (machines,),
            "capacity": (machines, resources),
            "safety": (machines, resources),
            "machine_move": (machines, machines),
            "demand": (processes, resources),
            "process_move": (processes,),
            "initial": (processes,),
        }
        for name, shape in shapes.items():
            found = np.shape(getattr(self, name))
            if found != shape:
                raise UsageError(f"{name} must have the shape {shape}, got {found}")
        limits = {"neighbourhood": machines, "location": machines, "service": services, "initial": machines}
        for name, end in limits.items():
            _within(name, getattr(self, name), end)
        if len(self.depends_on) != services:
            raise UsageError(f"depends_on must have a row for each of {services} services, got {len(self.depends_on)}")
        _within("depends_on", np.array([t for row in self.depends_on for t in row], dtype=np.int64), services)
        for row in self.balances:
            _within("resources of a balance", np.array([row.first, row.second]), resources)
        weights = [self.process_weight, self.service_weight, self.machine_weight]
        weights += [number for row in self.balances for number in (row.target, row.weight)]
        for name, values in (
            *((name, getattr(self, name)) for name in ("capacity", "safety", "machine_move", "demand", "spread")),
            *(("process_move", self.process_move), ("load_weight", self.load_weight), ("weights", np.array(weights))),
        ):
            if np.size(values) and np.min(values) < 0:
                raise UsageError(f"{name} must not be negative, got {np.min(values)}")
        if self._most() > LARGEST:
            raise UsageError(f"costs come to {self._most():,}, beyond {LARGEST:,}; divide weights or sizes")

    @property
    def resources(self) -> int:
        """R."""
        return len(self.load_weight)

    @property
    def machines(self) -> int:
        """M."""
        return len(self.neighbourhood)

    @property
    def services(self) -> int:
        """S."""
        return len(self.spread)

    @property
    def processes(self) -> int:
        """P."""
        return len(self.service)

    @cached_property
    def needed_by(self) -> list[list[int]]:
        """Per service, those that depend on it."""
        rows: list[list[int]] = [[] for _ in range(self.services)]
        for service, needs in enumerate(self.depends_on):
            for need in set(needs):
                rows[need].append(service)
        return rows

    def _most(self) -> int:
        """More than any assignment costs, and more than any number on the way there. In Python's integers."""
        total = [int(x) for x in self.demand.astype(object).sum(axis=0)] if self.processes else [0] * self.resources
        room = [int(x) for x in self.capacity.astype(object).sum(axis=0)] if self.machines else [0] * self.resources
        most = sum(int(w) * (d + c) for w, d, c in zip(self.load_weight, total, room, strict=True))
        for row in self.balances:
            most += row.weight * (
                row.target * (room[row.first] + total[row.first]) + room[row.second] + total[row.second]
            )
        dearest = int(self.machine_move.max(initial=0)) * self.machine_weight
        moves = sum(int(cost) for cost in self.process_move) * self.process_weight
        return most + moves + self.processes * (self.service_weight + dearest)


def _within(name: str, indices: Ints, end: int) -> None:
    """Indices from 0 to below `end`."""
    wrong = np.flatnonzero((indices < 0) | (indices >= end))
    if len(wrong):
        raise UsageError(f"{name} must be from 0 to {end - 1}, got {indices[wrong[0]]} at {wrong[0]}")
