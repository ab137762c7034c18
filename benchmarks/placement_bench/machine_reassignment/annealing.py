"""Simulated annealing: how it cools, when it ends, and what is the best so far; how it steps is another's business.

`array_annealing` judges thousands of moves at once in NumPy's arrays; `compiled_annealing` judges one after the other
in a loop that Numba compiles, where Numba is installed.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from placement_bench.machine_reassignment.parameters import AnnealingParameters as _PARAMS
from placement_bench.machine_reassignment.state import MoveBatch, SearchState

if TYPE_CHECKING:
    from collections.abc import Callable

    from placement.arrays import Ints

    Progress = Callable[[int], float]  # from rounds made to the share of the search that is over


@dataclass(frozen=True, slots=True)
class Cooling:
    """Temperatures from `hot` to `cold`, then 0.

    Attributes
    ----------
    away : temperatures that a process away from home costs beside its true cost. Home is one machine and away are many,
        so that heat alone drives processes away: where most of them end at home, as where transient usage leaves
        little room for moves, some temperatures hold them there; where most must move, they are in the way.
    prices : of a mean demand above a capacity, in the first of temperatures, from the beginning to the end. None: load
        above capacities is not allowed.
    """

    hot: float
    cold: float
    away: float = 0.0
    prices: tuple[float, float] | None = None

    def at(self, progress: float) -> float:
        """The temperature when so much of the search is over, from 0 to 1."""
        share = self._share(progress)
        if share >= 1.0 or self.hot <= 0.0:
            return 0.0
        return self.hot * math.exp(share * math.log(self.cold / self.hot))

    def price(self, progress: float) -> float:
        """What a mean demand above a capacity costs then. At temperature 0 nothing is worth it: what is left goes."""
        share = self._share(progress)
        if self.prices is None or self.hot <= 0.0:
            return math.inf
        if share >= 1.0:
            return self.hot * _PARAMS.repair
        first, last = self.prices
        return self.hot * first * math.exp(share * math.log(last / first))

    def stages(self) -> list[tuple[Cooling, float]]:
        """What an annealing does one after the other, and the share of its time that each takes.

        Where load above capacities has a price, some of it may be left where no single move takes it away. Warm again,
        with a price that lets none come back, what stands beside it makes way.
        """
        if self.prices is None:
            return [(self, 1.0)]
        mending = Cooling(self.hot * _PARAMS.mend_hot, self.cold, prices=(_PARAMS.repair, _PARAMS.repair))
        return [(self, 1.0 - _PARAMS.mend), (mending, _PARAMS.mend)]

    def parts(self, ratio: float) -> tuple[Cooling, Cooling]:
        """Down to a ratio of the first temperature, and on from there, at the prices it has at each temperature."""
        middle = self.hot * ratio
        if self.prices is None:
            return Cooling(self.hot, middle, self.away), Cooling(middle, self.cold, self.away)
        first, last = self.prices
        price = first * (last / first) ** (math.log(ratio) / math.log(self.cold / self.hot))
        return (
            Cooling(self.hot, middle, self.away, (first, price)),
            Cooling(middle, self.cold, self.away, (price / ratio, last / ratio)),
        )

    def _share(self, progress: float) -> float:
        """How far the logarithm of the temperature has fallen; 1 or more when it is 0."""
        return progress / (1.0 - _PARAMS.descent)


class Annealing(ABC):
    """A walk from one assignment, and the best it has come to.

    Attributes
    ----------
    best, best_cost : the cheapest assignment so far.
    rounds, drawn, made : how many rounds, moves drawn in them, and moves made.
    seed : of all that is drawn.
    """

    def __init__(self, state: SearchState, seed: int) -> None:
        """Begin at a state."""
        self.state = state
        self.best: Ints = state.machine_of.copy()
        self.best_cost = state.cost
        self.rounds = self.drawn = self.made = 0
        self.seed = seed

    def run(self, cooling: Cooling, progress: Progress) -> None:
        """Go on until `progress` says 1. A round is O(moves drawn x R)."""
        begun = self.rounds
        while True:
            if (self.rounds - begun) % _PARAMS.look == 0:
                share = progress(self.rounds)
                if share >= 1.0:
                    break
                temperature, price = cooling.at(share), cooling.price(share)
            self.step(temperature, cooling.away, price)
            if self.rounds % _PARAMS.look == 0:
                self._keep()
        self._keep()

    @abstractmethod
    def step(self, temperature: float, away: float = 0.0, price: float = math.inf) -> None:
        """One round of moves drawn and taken; `away` and `price` as in `Cooling`."""

    def fits(self) -> bool:
        """Whether no machine is loaded above its capacity: always, unless a price allows it."""
        return True

    def _keep(self) -> None:
        if self.state.cost < self.best_cost and self.fits():
            self.best_cost, self.best = self.state.cost, self.state.machine_of.copy()


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
