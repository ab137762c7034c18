"""Which copies to take off a machine so that one of another component fits there.

All is tried on the machine in plain integers (`compiled.machine_state`): in the workspace each copy taken off and put
back would be counted for its component, its zone and its pool too, which takes more than twice as long
(docs/notes/2026-11-fleets.md).
"""

from collections.abc import Callable, Iterable

from placement.compiled.fleet import FleetOption
from placement.compiled.machine_state import Copy, MachineState, tightest
from placement.compiled.packing import Seat
from placement.heuristics.parameters import RepairParameters as _PARAMS
from placement.heuristics.workspace import Workspace
from placement.solving.steps import count_steps


class Ejection:
    """Trials on the machines of one workspace, which stays as it is."""

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self._components = ws.fleet.components

    def blocking(self, c: int, o: int, m: int, weight: Callable[[Seat], float]) -> list[Seat] | None:
        """Seats to take off row m so that a copy of c by option o fits there: lightest first; what need not go stays.

        None when even all movable copies of other components do not make room. O(copies there x accelerators).
        """
        ws = self._ws
        in_pool = ws.cap_per_pool[c]
        if in_pool is not None and ws.pooled[c].get(ws.pool.item(m), 0) >= in_pool:
            return None
        count_steps(_PARAMS.counted * len(ws.seats[m]))
        machine, option = self._machine(m), self._components[c].options[o]
        gone: list[tuple[Seat, Copy]] = []
        order = sorted((seat for seat in ws.seats[m] if seat.component != c), key=lambda seat: self._rank(seat, weight))
        there, here = iter(order), list(ws.seats[m])
        while (accelerators := self._accelerators(c, option, machine)) is None:
            seat = next(there, None)
            if seat is None:
                return None
            if ws.running.may_leave(seat, ws.instance.item(m), here):
                copy = self._copy(seat)
                machine.take(copy, seat.component)
                here.remove(seat)
                gone.append((seat, copy))
        machine.put(Copy(-1, option, accelerators), c)
        return self._needed(machine, reversed(gone))

    def _needed(self, machine: MachineState, gone: Iterable[tuple[Seat, Copy]]) -> list[Seat]:
        """Those that can't come back, each where it stood; tried in this order."""
        needed = []
        for seat, copy in gone:
            component = self._components[seat.component]
            fits = machine.takes(copy.option) and all(machine.fits_on(copy.option, k) for k in copy.on)
            if fits and machine.welcomes(component, self._components):
                machine.put(copy, seat.component)
            else:
                needed.append(seat)
        return needed

    def _rank(self, seat: Seat, weight: Callable[[Seat], float]) -> tuple[float, int]:
        """The lightest go first, the largest of them before others."""
        return weight(seat), -self._components[seat.component].options[seat.option].memory_mib

    def _accelerators(self, c: int, option: FleetOption, machine: MachineState) -> tuple[int, ...] | None:
        """Accelerators for one more copy of c; None when it can't stand there."""
        cap = self._ws.cap_per_instance[c]
        if (cap is not None and machine.counts.get(c, 0) >= cap) or not machine.takes(option):
            return None
        return tightest(machine, option) if machine.welcomes(self._components[c], self._components) else None

    def _machine(self, m: int) -> MachineState:
        """Row m with all of its copies."""
        machine = MachineState(self._ws.fleet, self._ws.pool.item(m), None)
        for seat in self._ws.seats[m]:
            machine.put(self._copy(seat), seat.component)
        return machine

    def _copy(self, seat: Seat) -> Copy:
        return Copy(-1, self._components[seat.component].options[seat.option], seat.accelerators)
