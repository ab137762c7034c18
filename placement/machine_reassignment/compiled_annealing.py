"""Simulated annealing one move at a time, in a compiled loop (`kernel.py`), with load above capacities at a price.

A round is a number of draws in the loop. Where the price is infinite the walk keeps all rules, as it does everywhere
else. Where it is finite and rises, the walk goes through assignments that load machines above their capacities, which
are no answers, and ends among those that do not: where machines are nearly full, two processes that would have to
change places by way of a third machine do so by way of a load that has a price.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from placement.machine_reassignment.annealing import Annealing
from placement.machine_reassignment.kernel import FixedTables, KeptTables, walk
from placement.machine_reassignment.parameters import MACHINE_REASSIGNMENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.machine_reassignment.problem import Ints
    from placement.machine_reassignment.state import SearchState

_PARAMS = MACHINE_REASSIGNMENT.compiled_annealing


class CompiledAnnealing(Annealing):
    """Annealing with a compiled loop. The state's arrays are the loop's own."""

    def __init__(self, state: SearchState, seed: int) -> None:
        """Begin at a state that keeps all rules."""
        super().__init__(state, seed)
        self._fixed, self._kept = fixed_tables(state), kept_tables(state)
        self._random = np.random.SeedSequence(seed).generate_state(1, np.uint64) | np.uint64(1)  # 0 would stay 0
        self._after = np.zeros((4, state.problem.resources), dtype=np.int64)
        self._shares = (_PARAMS.swaps, _PARAMS.home)

    def step(self, temperature: float, away: float = 0.0, price: float = math.inf) -> None:
        """One round of draws; `away` and `price` as in `Cooling`."""
        state = self.state
        heat = (float(temperature), float(away * temperature), float(price))
        changed, made = walk(self._fixed, self._kept, heat, self._shares, self._random, self._after, _PARAMS.draws)
        most = int(state.moved.max(initial=0))
        state.cost += int(changed) + state.problem.service_weight * (most - state.most_moved)
        state.most_moved = most
        self.rounds += 1
        self.drawn += _PARAMS.draws
        self.made += int(made)

    def fits(self) -> bool:
        """Whether no machine is loaded above its capacity."""
        return self.above() == 0.0

    def above(self) -> float:
        """Load above capacities, in mean demands."""
        return float(self._kept.above.sum())


def fixed_tables(state: SearchState) -> FixedTables:
    """What the loop reads. A mean demand above a capacity weighs 1, whatever the resource."""
    problem = state.problem
    balances = [(row.first, row.second, row.target, row.weight) for row in problem.balances]
    needs, needs_from = _joined(state.needs)
    needed, needed_from = _joined(state.needed_by)
    return FixedTables(
        service=problem.service,
        home=problem.initial,
        demand=problem.demand,
        lasting=state.lasting,
        process_cost=state.process_cost,
        capacity=problem.capacity,
        safety=problem.safety,
        between=state.between_cost,
        location=problem.location,
        neighbourhood=problem.neighbourhood,
        load_weight=problem.load_weight,
        balances=np.array(balances, dtype=np.int64).reshape(-1, 4),
        unit=1.0 / np.maximum(problem.demand.mean(axis=0), 1.0),
        spread=problem.spread,
        needs=needs,
        needs_from=needs_from,
        needed=needed,
        needed_from=needed_from,
    )


def kept_tables(state: SearchState) -> KeptTables:
    """What the loop keeps up to date: the state's own arrays, and the load above capacities, of which there is none."""
    return KeptTables(
        machine_of=state.machine_of,
        used=state.used,
        taken=state.taken,
        machine_cost=state.machine_cost,
        above=np.zeros(state.problem.machines),
        on=state.on,
        in_location=state.in_location,
        places=state.places,
        in_neighbourhood=state.in_neighbourhood,
        lacking=state.lacking,
        wanted_by=state.wanted_by,
        moved=state.moved,
    )


def _joined(rows: Sequence[Ints]) -> tuple[Ints, Ints]:
    """Rows one after the other, and where each begins and the last ends."""
    ends = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    return np.concatenate([np.zeros(0, dtype=np.int64), *rows]), ends
