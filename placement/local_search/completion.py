"""From a packing that lacks copies to a plan that keeps every rule.

Unassigned copies are placed on the machines that are there, by insertion and then by ejections; only when that fails
are more machines rented. Where copies run both are tried: ejections move some of them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from placement.compiled.packing import evaluate
from placement.heuristics.best_fit import BestFit
from placement.heuristics.construct import construct
from placement.heuristics.parameters import HEURISTICS
from placement.heuristics.repair import Repair
from placement.heuristics.shares import Shares
from placement.heuristics.workspace import Workspace
from placement.reductions.limits import AtFleetMix
from placement.reductions.required import RequiredAtLeast

if TYPE_CHECKING:
    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Packing
    from placement.solving.budget import Budget


class Completion:
    """Completes packings of one fleet."""

    def __init__(self, fleet: Fleet, seed: int) -> None:
        """What all completions share."""
        self._fleet = fleet
        self._blank = Workspace(fleet)
        self._policy = BestFit(self._blank, Shares(fleet))
        self._rng = np.random.default_rng(seed)

    def run(self, start: Packing, placed: Counter[int], budget: Budget) -> Packing | None:
        """The best complete packing found around an incomplete one; None without.

        `placed` are copies of each component that are wanted like required ones, as long as that can be.
        """
        required = RequiredAtLeast.of(self._fleet, placed).fleet
        narrow = AtFleetMix.of(required, _machines_of(required, start)).fleet
        ws = self.load(narrow, start)
        stuck = construct(ws, self._policy)
        inserted = ws.to_packing()
        best = Repair(ws, self._policy, self._rng).finish(stuck, HEURISTICS.repair.ejections, budget)
        if best is not None and not self._fleet.instances:
            return best
        starts = inserted, ws.to_packing()  # where copies run, those that were moved may cost more than a machine
        for fleet in (required, self._fleet):
            for start in starts:
                if not budget.over():
                    found = self._widen(fleet, start, budget)
                    if found is not None and (best is None or self._is_better(found, best)):
                        best = found
        return best

    def _is_better(self, one: Packing, other: Packing) -> bool:
        return evaluate(self._fleet, one) < evaluate(self._fleet, other)

    def load(self, fleet: Fleet, packing: Packing) -> Workspace:
        """A workspace with the machines of a packing and all of its copies that may stand there."""
        ws = Workspace(fleet, like=self._blank)
        for machine in sorted(packing.machines, key=lambda machine: machine.instance is None):  # which take any others
            m = machine.instance
            if ws.can_rent(machine.pool) or (m is not None and ws.busy[m]):
                m = ws.rent(machine.pool) if m is None else m
                for seat in machine.seats:
                    if ws.placed[seat.component] < fleet.components[seat.component].copies and ws.can_stand(seat, m):
                        ws.place(seat, m)
        return ws

    def _widen(self, fleet: Fleet, start: Packing, budget: Budget) -> Packing | None:
        """Unassigned copies placed on machines rented beside those that are there."""
        ws = self.load(fleet, start)
        stuck = construct(ws, self._policy)
        return Repair(ws, self._policy, self._rng).finish(stuck, HEURISTICS.repair.ejections, budget)


def _machines_of(fleet: Fleet, packing: Packing) -> list[int]:
    """The machines of a packing, and those paid for in any case, by pool."""
    count = Counter(machine.pool for machine in packing.machines)
    return [max(count[pool.index], fleet.fewest(pool.index)) for pool in fleet.pools]
