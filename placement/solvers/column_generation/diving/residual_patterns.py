"""Fill residual capacity by whole residual patterns, those first that the LP has most of.

Before that, components with rules over zones get a whole number of copies for each zone, near the LP's numbers.
Otherwise the last copies would be left for zones without free capacity.
"""

import math
from heapq import nsmallest

from placement.compiled.machine_state import MachineState
from placement.patterns.master import PatternSolution
from placement.solvers.column_generation.diving.assignment import DiveAssignment, DiveState, one_more
from placement.solvers.column_generation.diving.residual_capacity import (
    Place,
    Residual,
    ResidualCapacity,
    ResidualPattern,
)
from placement.solvers.column_generation.diving.restricted_master import SOME, RestrictedMaster
from placement.solvers.column_generation.parameters import ResidualParameters as _PARAMS
from placement.solving.budget import Budget
from placement.solving.schedule import SCHEDULE


class ResidualPatterns:
    """Fills the residuals of one dive; the state is its own from then on."""

    def __init__(
        self, assignment: DiveAssignment, master: RestrictedMaster, residuals: ResidualCapacity, state: DiveState
    ) -> None:
        self._assignment, self._master, self._residuals, self._state = assignment, master, residuals, state
        self._banned: set[ResidualPattern] = set()

    def run(self, budget: Budget) -> None:
        """Place what can be, until the time is over; copies for which no place is found stay unassigned."""
        self._fix_zones(budget)
        steps, fruitless, began = 0, 0, budget.clock()
        while any(self._state.unassigned[c] for c in self._master.narrow) and fruitless < _PARAMS.fruitless:
            solution = None if budget.over() else self._solve(budget)
            if solution is None:
                break
            steps += 1
            # What is left of the time may be too little for small steps.
            more = budget.remaining() * steps / max(SOME, budget.clock() - began)
            fruitless = 0 if self._step(solution, min(_PARAMS.steps, max(1.0, more)), budget) else fruitless + 1
        if not steps:
            self._place_wanted()

    def _solve(self, budget: Budget) -> PatternSolution | None:
        return self._master.solve(self._state, self._residuals, budget, banned=self._banned)

    def _fix_zones(self, budget: Budget) -> None:
        """Say how many copies each zone shall have, of those components first where the LP is nearest to whole.

        When its part of the time is over, of all that are left at once.
        """
        part = SCHEDULE.column_generation.mixes.dive.zones.of(budget)
        state, relaxation = self._state, self._assignment.relaxation
        open_components = {c for c in state.zoned if state.unassigned[c] and c in self._master.narrow}
        at_once = -(-len(open_components) // _PARAMS.zone_steps)
        while open_components and not budget.over() and self._solve(budget) is not None:
            parts = {c: [0.0] * len(relaxation.fleet.zones) for c in sorted(open_components)}
            for mode, copies in zip(relaxation.modes, state.by_mode, strict=True):
                if mode.component in parts:
                    parts[mode.component][mode.zone] += copies
            broken = {c: sum(abs(n - round(n)) for n in part) for c, part in parts.items()}
            for k, c in enumerate(sorted(parts, key=broken.__getitem__)):
                if k >= at_once and broken[c] > SOME and not part.over():
                    break
                state.goals[c] = self._goal(c, parts[c])
                open_components.remove(c)

    def _goal(self, c: int, parts: list[float]) -> tuple[int, ...]:
        """Whole copies in each zone, with those that stand: one more after the other where the LP has most left."""
        state, counts = self._state, self._state.zoned[c]
        eligible = self._assignment.relaxation.fleet.components[c].eligible_zones
        left = list(parts)
        for _ in range(state.unassigned[c]):
            for z in sorted(eligible, key=lambda z: -left[z]):
                more = one_more(counts, z)
                if self._assignment.may_stand(c, more, state):
                    counts = more
                    left[z] -= 1
                    break
        return counts

    def _step(self, solution: PatternSolution, steps: float, budget: Budget) -> bool:
        """Place patterns of a solution: the whole ones, and others, for all in so many `steps`; any placed?"""
        held = self._master.program.held(solution)
        goal, done = math.ceil(sum(held.values()) / steps), 0
        for residual_pattern in sorted(held, key=lambda each: self._rank(each, held[each]), reverse=True):
            times = math.floor(held[residual_pattern] + _PARAMS.nearly)
            if not times and done >= goal:
                break
            for _ in range(max(1, times)):
                if budget.over():  # finding a place takes as long as there are machines
                    return done > 0
                if not self._place(residual_pattern):
                    self._banned.add(residual_pattern)
                    break
                done += 1
        return done > 0

    def _rank(self, residual_pattern: ResidualPattern, held: float) -> tuple[bool, float]:
        """What the LP has most of comes first; before it whole patterns with copies that not every machine takes."""
        (q, _), items = residual_pattern
        return held >= 1 - _PARAMS.nearly and any((q, i) in self._assignment.picky for i, _ in items), held

    def _place(self, residual_pattern: ResidualPattern) -> bool:
        """Place what is unassigned of a residual pattern on some accelerator whose machine takes all of that."""
        residual, items = residual_pattern
        return any(self._fill(residual, place, items) for place in self._likely_places(residual, items))

    def _likely_places(self, residual: Residual, items: tuple[tuple[int, int], ...]) -> list[Place]:
        """One of each machine: in pools where the LP has most of the items first, then where hosts have most left."""
        places = list({id(place[0]): place for place in self._residuals.places.get(residual, ())}.values())
        likely = {p: self._amount(p, items) for p in {machine.pool for machine, _ in places}} if len(places) > 1 else {}
        return nsmallest(
            _PARAMS.tries, places, key=lambda place: (-likely.get(place[0].pool, 0.0), -self._host_left(place[0]))
        )

    def _amount(self, p: int, items: tuple[tuple[int, int], ...]) -> float:
        """How much the LP has of some items in a pool."""
        state, total = self._state, 0.0
        for i, times in items:
            total += min(times, sum(max(0.0, state.by_mode[w]) for w in self._assignment.left(p, i, state)))
        return round(total, 3)

    def _host_left(self, machine: MachineState) -> float:
        shape = self._assignment.relaxation.fleet.pools[machine.pool].shape
        return min(machine.vcpus / max(1, shape.vcpus), machine.host / max(1, shape.host_mib))

    def _fill(self, residual: Residual, place: Place, items: tuple[tuple[int, int], ...]) -> bool:
        """Place all unassigned copies of a residual pattern, at least one, on one accelerator; or none."""
        machine, k = place
        before, refused = len(machine.copies), False
        for i in (i for i, times in items for _ in range(times)):
            if not self._assignment.place_item(machine, self._state, (k,), i):
                refused = refused or any(True for _ in self._assignment.left(machine.pool, i, self._state))
        if refused or len(machine.copies) == before:
            while len(machine.copies) > before:
                self._assignment.take_back(machine, self._state, machine.copies[-1])
            return False
        self._residuals.close(residual, place)
        self._residuals.open(place)
        return True

    def _place_wanted(self) -> None:
        """Without an LP for it in time: what the LP had where the machines were filled."""
        for (machine, k), items in self._residuals.wanted:
            for i in (i for i, times in items.items() for _ in range(times)):
                self._assignment.place_item(machine, self._state, (k,), i)
