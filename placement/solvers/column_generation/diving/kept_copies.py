"""Machines that stand already when a dive begins, with copies that shall stay where they are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from placement.compiled.machine_state import Box
from placement.solvers.column_generation.diving.assignment import Seating
from placement.solvers.column_generation.diving.residual_capacity import Spaces

if TYPE_CHECKING:
    from collections.abc import Iterable

    from placement.compiled.packing import Machine
    from placement.patterns.formulation import Relaxation
    from placement.solvers.column_generation.diving.assignment import State


def stand(held: Iterable[Machine], seating: Seating, state: State, spaces: Spaces) -> None:
    """Seat the copies of these machines, those that every rule lets stand there, and offer what is free beside them."""
    relaxation = seating.relaxation
    ways = {(way.component, way.option, way.pool): w for w, way in enumerate(relaxation.ways)}
    for machine in held:
        box = Box(relaxation.fleet, machine.pool, None)
        for seat in machine.seats:
            w = ways.get((seat.component, seat.option, machine.pool))
            if w is not None:
                seating.place(box, state, w, seat.accelerators)
        state.machines[machine.pool] -= 1
        spaces.add(box, {})


class Standing:
    """Unassigned copies (`out`) and residual capacity once held machines are fixed; copies assigned in each zone."""

    def __init__(self, relaxation: Relaxation, held: Iterable[Machine]) -> None:
        """O(ways + copies)."""
        seating = Seating(relaxation)
        state = seating.start([0] * len(relaxation.fleet.pools), [math.inf] * len(relaxation.ways))
        self.spaces = Spaces(relaxation)
        stand(held, seating, state, self.spaces)
        self.machines = [-n for n in state.machines]
        self.out, self.zoned = state.out, state.zoned
        self.by_way = [round(-n) for n in state.by_way]
