"""Pack a given fleet mix: start from a packing that leaves some copies out, and make room for them exactly.

Machines per pool are quotas and cost nothing here; what is minimised is the copies left out. `local_search` brings most
of them in; what it can't is taken up by steps on whole machines, the hard copies first (several accelerators, then much
memory). A step takes one copy that is out and a few machines where it could stand,
and CP-SAT packs their content again with as many of the copies that are out as it can: a feasibility question on a
handful of machines, which is what it is good at, where it fails on a whole fleet.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from placement.compiled.packing import evaluate
from placement.direct.cp_sat import CpSatOptions, solve_cp_sat
from placement.heuristics import PartialPacking, partial_packing
from placement.local_search.refill import Refill
from placement.reductions.required import EverythingOptional
from placement.reductions.subproblem import Subproblem, in_order, may_be_freed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Machine
    from placement.heuristics import Missing
    from placement.solving.budget import Budget
    from placement.solving.context import Solve

WORK = 300  # of CP-SAT a step, thousandths of its deterministic second
_FEWEST, _MOST = 3.0, 8.0  # machines freed at once
_MOST_COPIES = 70
OUTRIGHT = CpSatOptions(small=2**60)  # no outline first: a few machines are a small model
EJECTIONS = 50  # of each construction that is stuck
PATIENCE = 20  # exact steps without a copy gained
_FEW = 5  # copies out with which exact steps are worth their time
_REFILLS = 100  # steps a copy of the search before, without gain
_MOST_REFILLS = 20_000


class Fill:
    """The search for a complete packing on `narrow`, a fleet whose quotas are the mix."""

    def __init__(
        self,
        narrow: Fleet,
        budget: Budget,
        seed: int,
        ejections: int = EJECTIONS,
        start: PartialPacking | None = None,
        penalties: Sequence[float] | None = None,
    ) -> None:
        """Start from a sketch, by default one of the heuristics; without one there is nothing to fill.

        `penalties` are what a copy of each component that is out counts; by default its part of a machine of the mix.
        """
        self._rng = np.random.default_rng(seed)
        self._seed = seed
        start = start or partial_packing(narrow, budget, seed, ejections)
        self.packing = None if start is None else start.packing
        self._missing: Missing = Counter() if start is None else start.missing
        self._narrow, self._penalties = narrow, penalties
        self._fleet = EverythingOptional.of(narrow).fleet
        self._size = 4.0
        self._idle = 0
        self.steps = 0

    @property
    def complete(self) -> bool:
        """Whether every required copy stands."""
        return self.packing is not None and not self._missing

    @property
    def partial_packing(self) -> PartialPacking | None:
        """The packing as it is, and what is missing: another search may start there."""
        return None if self.packing is None else PartialPacking(self.packing, self._missing)

    def run(self, solve: Solve, patience: int = PATIENCE) -> bool:
        """Refill, then exact steps until everything stands, nothing is gained for long, or the time is over.

        `patience` are exact steps without gain. `solve` is the search that the packing is for: its end ends this too.
        """
        if self._missing and self.packing is not None:
            self._refill(solve, patience)
        if sum(self._missing.values()) > _FEW:
            return False
        while self._missing and self._idle < patience and not solve.ended:
            self._step(solve)
        return self.complete

    def _refill(self, solve: Solve, patience: int) -> None:
        assert self.packing is not None
        refill = Refill(self._narrow, self.packing, self._missing, self._seed, penalties=self._penalties)
        copies = sum(component.copies for component in self._narrow.components)
        limit = min(_MOST_REFILLS, _REFILLS * copies) * patience // PATIENCE
        refill.run(limit, lambda: solve.ended, back=True)
        self.packing, self._missing = refill.open_machines.to_packing(), refill.open_machines.left_out()

    def _step(self, solve: Solve) -> None:
        assert self.packing is not None
        self.steps += 1
        self._idle += 1
        small = Subproblem.of(self._fleet, self.packing, self._choose(self.packing.machines), self._missing)
        inner = solve.reduced(small.fleet, work=WORK, seed=int(self._rng.integers(2**30)))
        solve_cp_sat(inner, hint=small.packing, options=OUTRIGHT)
        best = inner.incumbent.best
        if best is None:
            return
        before = evaluate(small.fleet, small.packing)
        self._size = min(_MOST, self._size + 0.1) if inner.incumbent.proved else max(_FEWEST, self._size - 0.2)
        if best[1] > before:
            return
        self._take(small.gained(best[0]))
        self.packing = small.lift(best[0])
        if best[1] < before:
            self._idle = 0

    def _take(self, gained: Missing) -> None:
        for key, n in gained.items():
            self._missing[key] -= n
        self._missing = +self._missing

    def _choose(self, machines: Sequence[Machine]) -> list[int]:
        """Machines where a copy that is out could stand, the roomiest of them most likely, and some others."""
        keys = sorted(self._missing, key=in_order)
        c, zone, _ = keys[int(self._rng.integers(len(keys)))]
        fleet = self._fleet
        pools = {p for option in fleet.components[c].options for p in option.pools}
        free = [
            m
            for m, machine in enumerate(machines)
            if (zone is None or fleet.pools[machine.pool].zone == zone) and may_be_freed(fleet, machine)
        ]
        score = [(machines[m].pool in pools) + self._room(machines[m]) + 1.2 * float(self._rng.random()) for m in free]
        order = sorted(range(len(free)), key=lambda k: -score[k])
        chosen: list[int] = []
        copies = 0
        for k in order:
            more = len(machines[free[k]].seats)
            if len(chosen) < round(self._size) and copies + more <= _MOST_COPIES:
                chosen.append(free[k])
                copies += more
        return chosen

    def _room(self, machine: Machine) -> float:
        shape = self._fleet.pools[machine.pool].shape
        options = [self._fleet.components[seat.component].options[seat.option] for seat in machine.seats]
        used = sum(o.accelerators * (o.memory_mib if o.shared else shape.memory_mib) for o in options)
        return 1 - used / max(1, shape.accelerators * shape.memory_mib)
