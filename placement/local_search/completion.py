"""From a packing that lacks copies to a plan that keeps every rule.

Unassigned copies are placed on the machines that are there, by insertion and then by ejections; only when that fails
are more machines rented. Where copies run both are tried: ejections move some of them.
"""

from collections import Counter

import numpy as np

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Packing, evaluate
from placement.heuristics.best_fit_completion import BestFitCompletion
from placement.heuristics.workspace import Workspace
from placement.reductions.limits import AtFleetMix
from placement.reductions.required import RequiredAtLeast
from placement.solving.budget import Budget


class Completion:
    """Completes packings of one fleet."""

    def __init__(self, fleet: Fleet, seed: int) -> None:
        self._fleet = fleet
        self._best_fit = BestFitCompletion(fleet, np.random.default_rng(seed))

    def run(self, start: Packing, placed: Counter[int], budget: Budget) -> Packing | None:
        """The best complete packing found around an incomplete one; None without.

        `placed` are copies of each component that are wanted like required ones, as long as that can be.
        """
        required = RequiredAtLeast.of(self._fleet, placed).fleet
        narrow = AtFleetMix.of_packing(required, start).fleet
        ws = self.load(narrow, start)
        stuck = self._best_fit.insert(ws)
        inserted = ws.to_packing()
        best = self._best_fit.repair(ws, stuck, budget)
        if best is not None and not self._fleet.instances:
            return best
        starts = inserted, ws.to_packing()  # where copies run, those that were moved may cost more than a machine
        for fleet in (required, self._fleet):
            for one in starts:
                if budget.over():
                    break
                found = self._best_fit.run(self.load(fleet, one), budget)  # more machines may be rented there
                if found is not None and (best is None or evaluate(self._fleet, found) < evaluate(self._fleet, best)):
                    best = found
        return best

    def extended(self, plan: Packing) -> Packing:
        """A plan with the optional copies for which there is room, on its machines or new ones."""
        ws = self.load(self._fleet, plan)
        self._best_fit.insert_optional(ws)
        return ws.to_packing()

    def load(self, fleet: Fleet, packing: Packing) -> Workspace:
        """A workspace with the machines of a packing and all of its copies that may stand there."""
        ws = self._best_fit.workspace(fleet)
        # Running machines first: a new one takes any idle row, theirs too.
        for machine in sorted(packing.machines, key=lambda machine: machine.instance is None):
            m = machine.instance
            if ws.can_rent(machine.pool) if m is None else ws.may_use(m):
                m = ws.rent(machine.pool) if m is None else m
                for seat in machine.seats:
                    if ws.placed[seat.component] < fleet.components[seat.component].copies and ws.can_stand(seat, m):
                        ws.place(seat, m)
        return ws
