"""The dive: machines with their wide copies first, then what is left on their accelerators.

Copies for which no room is found are left out, for `local_search.refill` to bring in.
"""

import math
from collections.abc import Iterable

import numpy as np

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Seat
from placement.heuristics import PartialPacking, partial_packing_of
from placement.heuristics.workspace import Workspace
from placement.patterns.formulation import Relaxation
from placement.patterns.master import Pattern
from placement.solvers.column_generation.diving.assignment import DiveAssignment
from placement.solvers.column_generation.diving.machines import MachineSelection
from placement.solvers.column_generation.diving.residual_capacity import ResidualCapacity
from placement.solvers.column_generation.diving.residual_patterns import ResidualPatterns
from placement.solvers.column_generation.diving.restricted_master import RestrictedMaster
from placement.solvers.column_generation.mixes import FleetMix
from placement.solving.budget import Budget
from placement.solving.schedule import SCHEDULE

_TIME = SCHEDULE.column_generation.mixes.dive


def may_dive(fleet: Fleet) -> bool:
    """Whether a dive knows the rules of all copies: they stand on accelerators, and their number is given.

    Before it, optional copies must be made required or dropped, and dedicated components given their machines.
    """
    return not fleet.has_demand and all(option.accelerators for c in fleet.components for option in c.options)


class Dive:
    """Dives on one relaxation, of a fleet that `may_dive`, from all patterns known to its bound."""

    def __init__(self, relaxation: Relaxation, patterns: Iterable[Pattern], seed: int) -> None:
        """O(modes + patterns)."""
        self._relaxation = relaxation
        self._fleet = relaxation.fleet
        self._rng = np.random.default_rng(seed)
        self._master = RestrictedMaster(relaxation, patterns)
        self._assignment = DiveAssignment(relaxation)
        self._residuals = ResidualCapacity(relaxation)

    def run(self, mix: FleetMix, budget: Budget) -> PartialPacking | None:
        """Pack on a fleet mix; copies that are not packed are the `missing` ones of the answer.

        No pool gets more copies of a component than its loss leaves room for.
        """
        most = mix.within_caps(self._relaxation).most
        machines = [n if p in self._relaxation.class_of else 0 for p, n in enumerate(mix.machines)]
        state = self._assignment.start(machines, most or [math.inf] * len(self._relaxation.modes))
        self._residuals.clear()
        dive = self._assignment, self._master, self._residuals, state
        MachineSelection(*dive, self._rng).run(_TIME.wide.of(budget))
        ResidualPatterns(*dive).run(budget)
        return self._partial_packing()

    def _partial_packing(self) -> PartialPacking | None:
        """What stands; None when unassigned copies can't complete it."""
        ws = Workspace(self._fleet)
        for open_machine in self._residuals.open_machines:
            if open_machine.copies:
                m = ws.rent(open_machine.pool)
                for copy in open_machine.copies:
                    ws.place(Seat(self._relaxation.modes[copy.item].component, copy.option.index, copy.on), m)
        return partial_packing_of(ws)
