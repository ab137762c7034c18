"""Simulated annealing one move at a time, in a compiled loop (`kernel.py`), with load above capacities at a price.

A round is a number of draws in the loop. Where the price is infinite the walk keeps all rules, as it does everywhere
else. Where it is finite and rises, the walk goes through assignments that load machines above their capacities, which
are no answers, and ends among those that do not: where machines are nearly full, two processes that would have to
change places by way of a third machine do so by way of a load that has a price.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from placement_bench.machine_reassignment.annealing import Annealing
from placement_bench.machine_reassignment.kernel import walk
from placement_bench.machine_reassignment.parameters import CompiledAnnealingParameters as _PARAMS
from placement_bench.machine_reassignment.scores import refresh
from placement_bench.machine_reassignment.tables import fixed_tables, kept_tables, score_tables, work_tables

if TYPE_CHECKING:
    from placement_bench.machine_reassignment.state import SearchState


class CompiledAnnealing(Annealing):
    """Annealing with a compiled loop. The state's arrays are the loop's own."""

    def __init__(self, state: SearchState, seed: int) -> None:
        """Begin at a state that keeps all rules."""
        super().__init__(state, seed)
        self.fixed, self.kept, self.scores = fixed_tables(state), kept_tables(state), score_tables(state)
        for machine in range(state.problem.machines):
            refresh(self.fixed, self.kept, self.scores, machine)
        self._work = work_tables(state, seed)

    def step(self, temperature: float, away: float = 0.0, price: float = math.inf) -> None:
        """One round of draws; `away` and `price` as in `Cooling`."""
        state = self.state
        heat = (float(temperature), float(away * temperature), float(price))
        home = _PARAMS.home_held if away > 0.0 else _PARAMS.home
        shares = (home, (1.0 - home) * _PARAMS.shifts, _PARAMS.block)
        changed, scored, made = walk(self.fixed, self.kept, self.scores, self._work, heat, shares, _PARAMS.draws)
        most = int(state.moved.max(initial=0))
        state.cost += int(changed) + state.problem.service_weight * (most - state.most_moved)
        state.most_moved = most
        self.rounds += 1
        self.drawn += int(scored)
        self.made += int(made)

    def fits(self) -> bool:
        """Whether no machine is loaded above its capacity."""
        return self.above() == 0.0

    def above(self) -> float:
        """Load above capacities, in mean demands."""
        return float(self.kept.above.sum())
