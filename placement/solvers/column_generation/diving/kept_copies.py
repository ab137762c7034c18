"""Machines that stand already when a dive begins, with copies that shall stay where they are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from placement.compiled.machine_state import MachineState
from placement.solvers.column_generation.diving.assignment import DiveAssignment
from placement.solvers.column_generation.diving.residual_capacity import ResidualCapacity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from placement.compiled.packing import Machine
    from placement.patterns.formulation import Relaxation
    from placement.solvers.column_generation.diving.assignment import DiveState


def stand(held: Iterable[Machine], assignment: DiveAssignment, state: DiveState, residuals: ResidualCapacity) -> None:
    """Seat the copies of these machines, those that every rule lets stand there, and offer what is free beside them."""
    relaxation = assignment.relaxation
    modes = {(mode.component, mode.option, mode.pool): w for w, mode in enumerate(relaxation.modes)}
    for machine in held:
        open_machine = MachineState(relaxation.fleet, machine.pool, None)
        for seat in machine.seats:
            w = modes.get((seat.component, seat.option, machine.pool))
            if w is not None:
                assignment.place(open_machine, state, w, seat.accelerators)
        state.machines[machine.pool] -= 1
        residuals.add(open_machine, {})


class KeptAssignment:
    """Unassigned copies (`out`) and residual capacity once held machines are fixed; copies assigned in each zone."""

    def __init__(self, relaxation: Relaxation, held: Iterable[Machine]) -> None:
        """O(modes + copies)."""
        assignment = DiveAssignment(relaxation)
        state = assignment.start([0] * len(relaxation.fleet.pools), [math.inf] * len(relaxation.modes))
        self.residuals = ResidualCapacity(relaxation)
        stand(held, assignment, state, self.residuals)
        self.machines = [-n for n in state.machines]
        self.unassigned, self.zoned = state.unassigned, state.zoned
        self.by_mode = [round(-n) for n in state.by_mode]
