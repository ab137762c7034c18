"""Fix machines with their *wide* copies, those on several accelerators, one after the other.

A template of one machine is made for each pool, and the one nearest to the LP's solution is taken. Then the LP is
solved again for the copies and machines that are left, as long as it has wide copies on any machine.
"""

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from placement.compiled.machine_state import MachineState
from placement.patterns.master import DualValues
from placement.solvers.column_generation.diving.assignment import DiveAssignment, DiveState
from placement.solvers.column_generation.diving.machine_templates import MachineTemplate, MachineTemplates
from placement.solvers.column_generation.diving.residual_capacity import ResidualCapacity
from placement.solvers.column_generation.diving.restricted_master import SOME, RestrictedMaster
from placement.solvers.column_generation.parameters import WideStepParameters as _PARAMS
from placement.solving.budget import Budget


class MachineSelection:
    """Takes the machines that a state has left into residuals."""

    def __init__(
        self,
        assignment: DiveAssignment,
        master: RestrictedMaster,
        residuals: ResidualCapacity,
        state: DiveState,
        rng: np.random.Generator,
    ) -> None:
        self._assignment, self._master, self._residuals, self._state = assignment, master, residuals, state
        self._relaxation = assignment.relaxation
        self._fleet = assignment.relaxation.fleet
        self._templates = MachineTemplates(assignment)
        self._rng = rng
        self._dual_values = DualValues([], [])  # in the last solution

    def run(self, budget: Budget) -> None:
        """Fill machines with wide copies as long as the LP has any; the others, and all when time is over, at once."""
        steps, first, began = 0, -(-self._accelerators() // _PARAMS.steps), budget.clock()
        while any(self._state.machines) and not budget.over() and self._solve(budget):
            steps += 1
            # What is left of the time may be too little for small steps.
            more = max(1.0, budget.remaining() * steps / max(SOME, budget.clock() - began))
            if not self._take_some(max(first, math.ceil(self._accelerators() / more)), budget):
                break
        if steps:
            self._take_some(self._accelerators(), budget)
            self._take_empty()
            self._take_in(budget)

    def _accelerators(self) -> int:
        """Of all machines that are left."""
        return sum(n * self._fleet.pools[p].shape.accelerators for p, n in enumerate(self._state.machines))

    def _take_some(self, accelerators: int, budget: Budget) -> bool:
        """Take machines with so many accelerators, if there is time; whether any has copies."""
        taken, some = 0, False
        while taken < accelerators and not budget.over() and (template := self._take_next()) is not None:
            taken += len(template.machine.free_memory)
            some = some or bool(template.machine.copies)
        return some

    def _take_empty(self) -> None:
        for p, n in enumerate(self._state.machines):
            for _ in range(n if self._fleet.pools[p].shape.accelerators else 0):
                self._residuals.add(MachineState(self._fleet, p, None), {})
                self._state.machines[p] -= 1

    def _take_in(self, budget: Budget) -> None:
        """Seat wide copies, and those that own accelerators, of which the LP had but parts: the largest first."""
        relaxation, state = self._relaxation, self._state
        open_machines: dict[int, list[MachineState]] = defaultdict(list)
        for open_machine in self._residuals.open_machines:
            open_machines[open_machine.pool].append(open_machine)
        modes: dict[int, list[int]] = {}
        narrow = [0.0] * len(self._fleet.components)
        for w, mode in enumerate(relaxation.modes):
            if mode.touches == 1:
                narrow[mode.component] += state.by_mode[w]
            elif state.unassigned[mode.component]:
                modes.setdefault(mode.component, []).append(w)
        for c in sorted(modes, key=lambda c: -max(relaxation.modes[w].usage[0] for w in modes[c])):
            wide = sorted(modes[c], key=lambda w: -state.by_mode[w])
            for _ in range(state.unassigned[c] - round(narrow[c])):
                if budget.over() or not any(self._seat(open_machines[self._relaxation.modes[w].pool], w) for w in wide):
                    break
        self._residuals.reopen()

    def _seat(self, open_machines: Sequence[MachineState], w: int) -> bool:
        """Seat a wide copy on that of some machines where it leaves least free on its accelerators."""
        found = []
        for n, open_machine in enumerate(open_machines):
            on = self._assignment.tightest(open_machine, w)
            if on is not None:
                found.append((sum(open_machine.free_memory[k] for k in on), n, on))
        return any(self._assignment.place(open_machines[n], self._state, w, on) for _, n, on in sorted(found))

    def _solve(self, budget: Budget) -> bool:
        solution = self._master.solve(
            self._state, self._residuals, budget, machines=self._state.machines, least=_PARAMS.rounds
        )
        if solution is not None:
            self._dual_values = self._master.program.dual_values(solution.duals())
        return solution is not None

    def _take_next(self) -> MachineTemplate | None:
        """A template of one machine is made for each pool; the one nearest to what the LP has is taken."""
        patterns, best = self._master.last, None
        assert patterns is not None
        for p, n in enumerate(self._state.machines):
            if n and self._fleet.pools[p].shape.accelerators:
                template = self._templates.of_pool(p, self._state, patterns)
                self._rate(template)
                if best is None or template.score > best.score:
                    best = template
        if best is not None:
            self._state.become(best.state)
            patterns.mass = best.mass
            self._state.machines[best.machine.pool] -= 1
            self._residuals.add(best.machine, best.wanted)
        return best

    def _rate(self, template: MachineTemplate) -> None:
        """What stands there is worth by the LP's prices, against the machine's; copies on many accelerators first."""
        machine, values = template.machine, self._dual_values
        held = sum(values.copies[self._relaxation.modes[copy.item].component] for copy in machine.copies)
        noise = _PARAMS.noise * float(self._rng.random())
        template.score += held / max(SOME, values.machines[machine.pool]) + noise
