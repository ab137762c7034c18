"""The dive: machines with their wide copies first, then what is left on their accelerators; then again for a part.

Copies for which no room is found are left out, for `local_search.refill` to bring in; before that, some machines are
emptied and dived for once more, with unassigned copies: a neighbourhood search whose repair is the dive itself (as with
relaxation induced neighbourhoods; Sadykov et al. 2019, section 5, restart dives in a like way).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from placement.compiled.packing import Seat
from placement.heuristics import PartialPacking, partial_packing_of
from placement.heuristics.workspace import Workspace
from placement.solvers.column_generation.diving.assignment import DiveAssignment
from placement.solvers.column_generation.diving.kept_copies import stand
from placement.solvers.column_generation.diving.machines import MachineSelection
from placement.solvers.column_generation.diving.residual_capacity import ResidualCapacity
from placement.solvers.column_generation.diving.residual_patterns import ResidualPatterns
from placement.solvers.column_generation.diving.restricted_master import RestrictedMaster
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solving.schedule import SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from placement.compiled.fleet import Fleet
    from placement.patterns.formulation import Mode, Relaxation
    from placement.patterns.master import Pattern
    from placement.solvers.column_generation.mixes import FleetMix
    from placement.solving.budget import Budget

_TIME = SCHEDULE.column_generation.mixes.dive
_PARAMS = COLUMN_GENERATION.dive


def may_dive(fleet: Fleet) -> bool:
    """Whether a dive knows the rules of all copies: they stand on accelerators, and their number is given.

    Before it, optional copies must be made required or dropped, and dedicated components given their machines.
    """
    return not any(c.demand for c in fleet.components) and all(
        option.accelerators for c in fleet.components for option in c.options
    )


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
        self._state = self._assignment.start([0] * len(relaxation.fleet.pools), [math.inf] * len(relaxation.modes))
        self._held = 0  # machines at the beginning that are never emptied
        self._penalties = [min(map(self._part_of_price, modes), default=0.0) for modes in relaxation.modes_of]

    def run(self, mix: FleetMix, budget: Budget) -> PartialPacking | None:
        """Pack on a fleet mix; copies that are not packed are the `missing` ones of the answer."""
        machines = [n if p in self._relaxation.class_of else 0 for p, n in enumerate(mix.machines)]
        self._state = self._assignment.start(machines, mix.most or [math.inf] * len(self._relaxation.modes))
        self._residuals.clear()
        stand(mix.held, self._assignment, self._state, self._residuals)
        self._held = len(mix.held)
        began = budget.elapsed()
        self._descend(_TIME.descent.of(budget))
        took = budget.elapsed() - began
        by_clock = budget.work is None and not math.isinf(budget.left())
        self._again(budget.share(seconds=_PARAMS.again_part * took) if by_clock else budget)
        return self._partial_packing()

    def _descend(self, budget: Budget) -> None:
        """Fill the machines that are left, and place what copies can be."""
        dive = self._assignment, self._master, self._residuals, self._state
        MachineSelection(*dive, self._rng).run(_TIME.descent.wide.of(budget))
        ResidualPatterns(*dive).run(budget)

    def _again(self, budget: Budget) -> None:
        """Empty some machines and dive for them and for unassigned copies, while that places more now and then."""
        idle = 0
        while (
            any(self._state.unassigned)
            and len(self._residuals.open_machines) > self._held
            and idle < _PARAMS.patience
            and not budget.over()
        ):
            state, open_machines = self._state.copy(), self._residuals.open_machines[:]
            saved, before = [open_machine.save() for open_machine in open_machines], self._total_penalty()
            self._empty_some()
            self._descend(budget)
            after = self._total_penalty()
            idle = 0 if after < before else idle + 1
            if after > before:
                self._state = state
                self._residuals.restore(open_machines, saved)

    def _total_penalty(self) -> tuple[float, int]:
        """What the unassigned copies are worth, by their memory where that is cheapest, and how many they are."""
        penalty = sum(n * penalty for n, penalty in zip(self._state.unassigned, self._penalties, strict=True))
        return round(penalty), sum(self._state.unassigned)

    def _empty_some(self) -> None:
        """Empty machines where an unassigned copy could stand, roomy ones more likely, and about as many others."""
        open_machines = self._residuals.open_machines
        out = [c for c, n in enumerate(self._state.unassigned) if n]
        pools = {mode.pool for mode in self._relaxation.modes_of[int(self._rng.choice(out))]}
        free = np.array(
            [
                sum(max(0, have) for have in open_machine.free_memory) / max(1, self._memory(open_machine.pool))
                for open_machine in open_machines
            ]
        )
        first = np.array([open_machine.pool in pools for open_machine in open_machines]) * (
            free + _PARAMS.luck * self._rng.random(len(open_machines))
        )
        chosen: set[int] = set()
        size = int(self._rng.choice(_PARAMS.again))
        for most, order in (size // 2, np.argsort(-first)), (size, self._rng.permutation(len(open_machines))):
            for n in order.tolist():
                if sum(len(open_machines[k].free_memory) for k in chosen) >= most:
                    break
                if n >= self._held:
                    chosen.add(n)
        for n in sorted(chosen):
            self._state.machines[open_machines[n].pool] += 1
            for copy in open_machines[n].copies[:]:
                self._assignment.take_back(open_machines[n], self._state, copy)
        self._state.goals = {}
        self._residuals.restore([open_machine for n, open_machine in enumerate(open_machines) if n not in chosen])

    def _part_of_price(self, mode: Mode) -> float:
        """Of a machine, for the part of its memory that a copy takes."""
        return mode.usage[0] / max(1, self._memory(mode.pool)) * self._fleet.pools[mode.pool].price

    def _memory(self, p: int) -> int:
        """Of all accelerators of one machine."""
        shape = self._fleet.pools[p].shape
        return shape.accelerators * shape.memory_mib

    def _partial_packing(self) -> PartialPacking | None:
        """What stands; None when unassigned copies can't complete it."""
        ws = Workspace(self._fleet)
        for open_machine in self._residuals.open_machines:
            if open_machine.copies:
                m = ws.rent(open_machine.pool)
                for copy in open_machine.copies:
                    ws.place(Seat(self._relaxation.modes[copy.item].component, copy.mode.option, copy.on), m)
        return partial_packing_of(ws)
