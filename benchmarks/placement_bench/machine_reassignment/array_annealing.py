"""Simulated annealing that judges thousands of moves at once, in NumPy's arrays.

A round draws moves, leaves out what breaks a rule, takes those whose delta is below the temperature times a standard
exponential number, which is Metropolis' rule, and makes the first of them that touch different machines and services.
These do not change each other's delta or rules, so a round is a number of steps of plain annealing in a row. How many
moves are drawn follows how many are taken: few while it is hot, thousands when nearly none pays.

Moves drawn are shifts to any machine, shifts back home (the machine where the process is now), and swaps of any two
processes; every second turn of these draws processes from machines that cost something, since the others can't become
cheaper.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from placement_bench.machine_reassignment.annealing import Annealing
from placement_bench.machine_reassignment.parameters import ArrayAnnealingParameters as _PARAMS
from placement_bench.machine_reassignment.state import MoveBatch, SearchState

if TYPE_CHECKING:
    from placement.arrays import Bools, Floats, Ints

ROUND = ("shift", "swap", "home", "swap")


class ArrayAnnealing(Annealing):
    """Annealing in arrays. Its walk keeps all rules, so that the price of load above a capacity is not asked for."""

    def __init__(self, state: SearchState, seed: int) -> None:
        """Begin at a state."""
        super().__init__(state, seed)
        self._random = np.random.default_rng(seed)
        self._draws = 1024.0
        self._costly = self._away = np.arange(state.problem.processes)

    def step(self, temperature: float, away: float = 0.0, price: float = math.inf) -> None:
        """One round. O(moves drawn x R)."""
        del price
        state = self.state
        if self.rounds % _PARAMS.costly == 0:
            self._find()
        moves = state.feasible(self._draw())
        if len(moves):
            deltas = state.deltas(moves)
            taken = np.flatnonzero(deltas[0] < self._limit(moves, temperature, away))
            self._adapt(len(taken))
            if len(taken):
                apart = taken[state.apart(moves.take(taken))]
                self.made += state.make(moves.take(apart), (deltas[0][apart], deltas[1][apart], deltas[2][apart]))
        else:
            self._adapt(0)
        self.rounds += 1

    def _draw(self) -> MoveBatch:
        """Moves of one kind, drawn at random."""
        state, random, count = self.state, self._random, int(self._draws)
        problem = state.problem
        self.drawn += count
        kind = ROUND[self.rounds % len(ROUND)]
        if kind == "home":
            process = self._away[random.integers(0, len(self._away), count)]
        elif self.rounds // len(ROUND) % 2:
            process = self._costly[random.integers(0, len(self._costly), count)]
        else:
            process = random.integers(0, problem.processes, count)
        source = state.machine_of[process]
        if kind == "swap":
            other = random.integers(0, problem.processes, count)
            moves = MoveBatch(process, source, state.machine_of[other], other)
        elif kind == "home":
            moves = MoveBatch(process, source, problem.initial[process])
        else:
            moves = MoveBatch(process, source, random.integers(0, problem.machines, count))
        return moves.take(moves.source != moves.target)

    def _limit(self, moves: MoveBatch, temperature: float, away: float) -> Floats | int:
        """What a delta must be below for its move to be taken."""
        if temperature == 0.0:
            return 1
        drawn = self._random.standard_exponential(len(moves))
        limit: Floats = temperature * (drawn - away * self.state.moves_away(moves))
        return limit

    def _adapt(self, taken: int) -> None:
        """Draw about as many moves as give a quarter of the machines something to do."""
        machines = self.state.problem.machines
        if taken * 3 > machines:
            self._draws = max(_PARAMS.fewest, self._draws * 0.8)
        elif taken * 8 < machines:
            self._draws = min(_PARAMS.most, self._draws * 1.25)

    def _find(self) -> None:
        """List the processes on machines that cost something, and those away from home."""
        state = self.state
        self._costly = _some(state.machine_cost[state.machine_of] > 0)
        self._away = _some(state.machine_of != state.problem.initial)


def _some(chosen: Bools) -> Ints:
    """Where it holds; everywhere, where it holds nowhere."""
    return np.flatnonzero(chosen) if chosen.any() else np.arange(len(chosen))
