"""Improvement until the time is up: free a few machines, pack them anew exactly, keep what is not worse.

Large-neighbourhood search (Shaw 1998, *Using constraint programming and local search methods to solve vehicle routing
problems*, CP98, LNCS 1520): machines that waste much are freed together with machines like them, CP-SAT packs the
copies they held, and equally good packings are taken too, so that the plan drifts instead of sticking.
"""

import math

import numpy as np

from placement.arrays import Floats
from placement.compiled.fleet_rules import broken_fleet_rule, named_fleet_rules
from placement.compiled.packing import Machine, Packing, Value, evaluate
from placement.local_search.parameters import LargeNeighbourhoodParameters as _PARAMS
from placement.local_search.set_covering import SetCovering
from placement.reductions.partition import unused_part
from placement.reductions.subproblem import Subproblem, may_be_freed
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.steps import count_steps

NAME = "large-neighbourhood"


class LargeNeighbourhood:
    """The search on one plan. `step` frees some machines; how many adapts to what CP-SAT manages within its work."""

    def __init__(self, solve: Solve) -> None:
        """Start from the best plan, which there must be."""
        best = solve.incumbent.best
        assert best is not None
        self._solve, self.fleet = solve, solve.fleet
        self.packing, self.value = best
        self.steps = 0
        self.improved = 0
        self._rng = np.random.default_rng(solve.seed)
        self._size = _PARAMS.first
        self._decided_at: Value | None = None
        # Of rules over the whole plan a neighbourhood allows less than the whole, though all machines are freed.
        self._is_whole = not named_fleet_rules(self.fleet)

    @property
    def possible(self) -> bool:
        """Whether there are machines enough to free some together, and that can help."""
        return (
            not self.decided
            and sum(may_be_freed(self.fleet, machine) for machine in self.packing.machines) >= _PARAMS.fewest
        )

    @property
    def decided(self) -> bool:
        """Whether a step freed the whole plan, and CP-SAT proved that none is better: no search helps."""
        return self._decided_at == self.value

    def run(self, budget: Budget, covering: SetCovering, patience: int, most: float = math.inf) -> None:
        """Steps until so many in a row fail, there were `most`, or the budget is over; `covering` sees each plan."""
        failed = 0
        while self.possible and failed < patience and self.steps < most and not self._solve.within(budget).ended:
            failed = 0 if self.step(budget) else failed + 1
            covering.add(self.packing)

    def step(self, budget: Budget) -> bool:
        """One neighbourhood; says whether the plan got better."""
        self.steps += 1
        count_steps(_PARAMS.counted)
        freed = self._choose()
        if not freed:
            return False
        small = Subproblem.of(self.fleet, self.packing, freed)
        proved, packing = self._pack(small, budget)
        self._size = (
            min(_PARAMS.most, self._size + _PARAMS.more) if proved else max(_PARAMS.fewest, self._size - _PARAMS.less)
        )
        if packing is None:
            return False
        whole = small.lift(packing)
        value = evaluate(self.fleet, whole)
        if proved and value == self.value and self._is_whole and not small.still and not small.holds_counts:
            self._decided_at = value
        if value > self.value or broken_fleet_rule(self.fleet, whole):
            return False
        better = value < self.value
        self.packing, self.value = whole, value
        if better:
            self.improved += 1
            self._solve.incumbent.offer(whole, NAME)
        return better

    def _pack(self, small: Subproblem, budget: Budget) -> tuple[bool, Packing | None]:
        from placement.direct.cp_sat import CpSatOptions, solve_cp_sat  # loads an engine

        outright = CpSatOptions(small=2**60)  # no outline first: a few machines are a small model
        inner = self._solve.within(budget).reduced(small.fleet, work=_PARAMS.work, seed=int(self._rng.integers(2**30)))
        if self._rng.random() >= _PARAMS.drift_chance and small.admits_plan:
            inner.incumbent.offer(small.packing, NAME)
        solve_cp_sat(inner, options=outright)
        return inner.incumbent.proved, inner.packing

    def _choose(self) -> list[int]:
        """A machine that wastes much, and machines like it: of near zones and types, wasteful ones first."""
        machines = self.packing.machines
        free = [m for m, machine in enumerate(machines) if may_be_freed(self.fleet, machine)]
        if len(free) < _PARAMS.fewest:
            return []
        waste = np.array([unused_part(self.fleet, machines[m]) for m in free])
        first = int(self._rng.choice(len(free), p=_chances(waste)))
        near = np.array([self._nearness(machines[free[first]], machines[m]) for m in free])
        noise = self._rng.random(len(free))
        order = np.argsort(-(near + waste + _PARAMS.noise * noise), kind="stable")
        chosen, copies = [free[first]], len(machines[free[first]].seats)
        for k in order.tolist():
            if len(chosen) >= round(self._size):
                break
            more = len(machines[free[k]].seats)
            if k != first and copies + more <= _PARAMS.most_copies:
                chosen.append(free[k])
                copies += more
        return chosen

    def _nearness(self, one: Machine, other: Machine) -> float:
        a, b = self.fleet.pools[one.pool], self.fleet.pools[other.pool]
        mine = {seat.component for seat in one.seats}
        common = sum(seat.component in mine for seat in other.seats) / max(1, len(other.seats))
        return _PARAMS.alike * ((a.zone == b.zone) + (a.shape == b.shape)) + common


def _chances(waste: Floats) -> Floats:
    weight = waste + _PARAMS.least_waste
    return weight / np.sum(weight)
