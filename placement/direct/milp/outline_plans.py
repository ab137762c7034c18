"""Plans made of an outline's solutions: running machines as they say, new ones packed by best fit."""

from collections import Counter

import numpy as np

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Machine, Packing
from placement.direct.model import DirectModel
from placement.direct.program import Values
from placement.direct.translate import decode
from placement.heuristics.best_fit_completion import BestFitCompletion
from placement.reductions.limits import AtFleetMix
from placement.reductions.required import RequiredAtLeast
from placement.solving.budget import Budget


class OutlinePlans:
    """Makes plans of one fleet; `made` counts them."""

    def __init__(self, fleet: Fleet, seed: int) -> None:
        self._fleet = fleet
        self._best_fit = BestFitCompletion(fleet, np.random.default_rng(seed))
        self._seen: set[tuple[int, ...]] = set()
        self.made = 0

    def outline(self, model: DirectModel, values: Values) -> Packing | None:
        """Running machines with what stands there in a solution, and its new ones, empty; None if asked before."""
        key = tuple(values)
        if key in self._seen:
            return None
        self._seen.add(key)
        try:
            running = decode(model, values)
        except ValueError:  # the engine's tolerance was too large
            return None
        new = [n.value(values) for n in model.new]
        return Packing((*running.machines, *(Machine(p, None, ()) for p, n in enumerate(new) for _ in range(n))))

    def make(self, model: DirectModel, values: Values, outline: Packing, budget: Budget) -> Packing | None:
        """A complete packing with what running machines hold in a solution, or None.

        First on as many new machines of each pool as the solution has, then on as many as the quotas allow; first with
        as many copies as it places, then with those that are required.
        """
        placed = Counter({c: sum(values[var.index] for _, _, var in rows) for c, rows in enumerate(model.everywhere)})
        required = RequiredAtLeast.of(self._fleet, placed).fleet
        running = Packing(tuple(machine for machine in outline.machines if machine.seats))
        for fleet in (AtFleetMix.of_packing(required, outline).fleet, required, self._fleet):
            if budget.over():
                return None
            found = self._complete(fleet, running, budget)
            if found is not None:
                self.made += 1
                return found
        return None

    def _complete(self, fleet: Fleet, running: Packing, budget: Budget) -> Packing | None:
        ws = self._best_fit.workspace(fleet)
        return self._best_fit.run(ws, budget) if ws.load(running) else None
