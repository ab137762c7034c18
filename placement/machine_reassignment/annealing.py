"""Simulated annealing that judges thousands of moves at once.

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
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from placement.machine_reassignment.parameters import MACHINE_REASSIGNMENT
from placement.machine_reassignment.state import MoveBatch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from placement.machine_reassignment.problem import Ints
    from placement.machine_reassignment.state import Mask, SearchState

    Progress = Callable[[int], float]  # from rounds made to the share of the search that is over

_PARAMS = MACHINE_REASSIGNMENT.annealing
ROUND = ("shift", "swap", "home", "swap")


@dataclass(frozen=True, slots=True)
class Cooling:
    """Temperatures from `hot` to `cold`, then 0.

    Attributes
    ----------
    ends : of equal steps of the temperature's logarithm, the share of the time when each ends, the last one 1. Empty:
        the temperature falls by the same factor in the same time.
    away : temperatures that a process away from home costs beside its true cost. Home is one machine and away are many,
        so that heat alone drives processes away: where most of them end at home, as where transient usage leaves
        little room for moves, some temperatures hold them there; where most must move, they are in the way.
    """

    hot: float
    cold: float
    away: float = 0.0
    ends: tuple[float, ...] = ()

    def at(self, progress: float) -> float:
        """The temperature when so much of the search is over, from 0 to 1."""
        share = progress / (1.0 - _PARAMS.descent)
        if share >= 1.0 or self.hot <= 0.0:
            return 0.0
        if self.ends:
            steps = len(self.ends)
            share = float(np.interp(share, (0.0, *self.ends), np.arange(steps + 1) / steps))
        return self.hot * math.exp(share * math.log(self.cold / self.hot))


class Annealing:
    """A walk from one assignment, and the best it has come to.

    Attributes
    ----------
    best, best_cost : the cheapest assignment so far.
    rounds, drawn, made : how many rounds, moves drawn in them, and moves made.
    course : what the assignment cost at the end of each equal step of the search, as far as it has come.
    """

    def __init__(self, state: SearchState, seed: int) -> None:
        """Begin at a state."""
        self.state = state
        self.best: Ints = state.machine_of.copy()
        self.best_cost = state.cost
        self.rounds = self.drawn = self.made = 0
        self.course: list[int] = []
        self._random = np.random.default_rng(seed)
        self._draws = 1024.0
        self._costly = self._away = np.arange(state.problem.processes)

    def run(self, cooling: Cooling, progress: Progress) -> None:
        """Go on until `progress` says 1. A round is O(moves drawn x R)."""
        begun = self.rounds
        while True:
            if (self.rounds - begun) % _PARAMS.look == 0:
                share = progress(self.rounds)
                while share >= len(self.course) / _PARAMS.steps:
                    self.course.append(self.state.cost)
                if share >= 1.0:
                    break
                temperature = cooling.at(share)
            if self.rounds % _PARAMS.costly == 0:
                self._find()
            self.step(temperature, cooling.away)
            if self.state.cost < self.best_cost and self.rounds % _PARAMS.look == 0:
                self._keep()
        if self.state.cost < self.best_cost:
            self._keep()

    def step(self, temperature: float, away: float = 0.0) -> None:
        """One round; `away` as in `Cooling`."""
        state = self.state
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

    def _limit(self, moves: MoveBatch, temperature: float, away: float) -> NDArray[np.float64] | int:
        """What a delta must be below for its move to be taken."""
        if temperature == 0.0:
            return 1
        drawn = self._random.standard_exponential(len(moves))
        limit: NDArray[np.float64] = temperature * (drawn - away * self.state.moves_away(moves))
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

    def _keep(self) -> None:
        self.best_cost, self.best = self.state.cost, self.state.machine_of.copy()


def _some(chosen: Mask) -> Ints:
    """Where it holds; everywhere, where it holds nowhere."""
    return np.flatnonzero(chosen) if chosen.any() else np.arange(len(chosen))


def ends_of_steps(course: Sequence[int], bound: int) -> tuple[float, ...]:
    """When each step of the temperature is to end, from how the cost fell in a trial with equal steps.

    A part of the time is dealt out evenly, the rest by the fall of the logarithm of what is above the bound: there the
    temperature matters, and above and below it time is wasted.
    """
    above = np.log(np.maximum(np.array(course, dtype=np.float64) - bound, 1.0))
    falls = -np.diff(np.minimum.accumulate(above))
    if len(falls) == 0 or falls.sum() <= 0.0:
        return ()
    shares = _PARAMS.even / len(falls) + (1.0 - _PARAMS.even) * falls / falls.sum()
    ends = np.cumsum(shares)
    return tuple((ends / ends[-1]).tolist())


def typical_delta(state: SearchState, seed: int, share: float) -> float:
    """A quantile of what moves of the state that keep the rules change, up or down: a scale for temperatures."""
    problem, random = state.problem, np.random.default_rng(seed)
    process, other = (random.integers(0, problem.processes, _PARAMS.sample) for _ in range(2))
    source = state.machine_of[process]
    sizes = []
    for moves in (
        MoveBatch(process, source, random.integers(0, problem.machines, _PARAMS.sample)),
        MoveBatch(process, source, state.machine_of[other], other),
    ):
        possible = state.feasible(moves.take(moves.source != moves.target))
        sizes.append(np.abs(state.deltas(possible)[0]))
    found = np.concatenate(sizes)
    return float(np.quantile(found, share)) if len(found) else 0.0
