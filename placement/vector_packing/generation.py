"""Column generation over loads (Gilmore and Gomory 1961), with an exact bound at every round.

Duals are smoothed towards those of the best bound so far (Wentges 1997), which settles their swings; when smoothed
duals give no column that improves the program, the true ones are priced. Prices are rounded to integers before
pricing, so each round's pricing is the proof of a bound as well.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from placement.arrays import Ints
from placement.engines.highs import least_steps
from placement.solving.budget import Budget
from placement.vector_packing.certificate import PackingCut, cost_bound
from placement.vector_packing.compiled import Compiled, Load, times_in
from placement.vector_packing.master import Master, MasterSolution
from placement.vector_packing.parameters import GenerationParameters as _PARAMS
from placement.vector_packing.pricing import Pricer
from placement.vector_packing.state import PackingState

NAME = "column generation"
_LARGEST = 2**60  # of prices of all items together
_PRECISION = 2**36  # of prices: the dearest bin costs about this many units


class Generation:
    """The linear program of all loads while it grows.

    `price` and `cut` are those of the best bound, in 1 / `scale` of a unit of cost. `solution` is the last one of the
    program while it grew; None until it is solved for the first time.
    """

    def __init__(self, problem: Compiled, state: PackingState) -> None:
        self.problem = problem
        self.state = state
        self.master = Master(problem)
        self.pricer = Pricer(problem, state.budget)
        self.scale = max(1, _PRECISION // int(max(1, problem.cost.max())))
        self.most = _LARGEST // max(1, int(problem.demand.sum()))  # of a price: all copies together stay within 64 bits
        self.price = np.zeros(len(problem.demand), dtype=np.int64)
        self.cut = PackingCut((0,) * problem.types, 0)
        self.bound: Fraction | None = None
        self.solution: MasterSolution | None = None
        self.rounds = 0
        alone = problem.fits
        if np.count_nonzero(alone) > _PARAMS.most_alone:  # the cheapest bins do, with the loads of a packing
            cost = np.where(problem.fits, problem.cost, np.iinfo(np.int64).max)
            alone = problem.fits & (np.arange(problem.types) == cost.argmin(axis=1)[:, None])
            for load, _ in state.loads:
                self.master.add(load)
        for t in range(problem.types):
            rows = np.flatnonzero(alone[:, t])
            times = np.minimum(problem.limit[rows], times_in(problem.size[rows], problem.capacity[t]))
            for row, n in zip(rows.tolist(), times.tolist(), strict=True):
                self.master.add((t, ((row, n),)))

    def run(self, budget: Budget, *, thorough: bool = False) -> bool:
        """Generate until no load improves the program; False when stopped before, as at the budget's end.

        Unless `thorough`, it is enough that the program's value, rounded up, is no more than the bound that is known.
        """
        smoothing = _PARAMS.smoothing
        while True:
            solution = None if self.state.ended else self.master.solve(self.state.budget.left())
            if solution is None:
                return False
            self.solution = solution
            self.rounds += 1
            if budget.over():  # the program is solved with all its columns
                return False
            if self._met(solution):
                return True
            if not thorough and self._rounds_to_bound(solution):
                return True
            found = smoothing > 0 and self.bound is not None and self._round(solution, smoothing)
            if not found and not self._round(solution, 0.0):
                if not _covers(solution) and self._raise_penalty():
                    continue
                return True
            if self.state.proved:
                return False

    def _raise_penalty(self) -> bool:
        """Make the artificial columns dearer, unless they are dearer than all bins together; says whether it did."""
        if self.state.infeasible or self.master.penalty > _PARAMS.most_penalty:
            return False
        self.master.raise_penalty()
        return True

    def _met(self, solution: MasterSolution) -> bool:
        """Whether the bound has reached the program's value but for a rounding."""
        if self.bound is None or not _covers(solution):
            return False
        return float(self.bound) >= solution.value * (1 - 1e-9) - 1e-9

    def _rounds_to_bound(self, solution: MasterSolution) -> bool:
        """Whether no more can come of it for the bound."""
        if self.bound is None or not _covers(solution):
            return False
        return least_steps(solution.value / self.state.unit) * self.state.unit <= self.state.bound

    def _round(self, solution: MasterSolution, smoothing: float) -> bool:
        """Price once; add columns, raise the bound; says whether a column improves the program."""
        problem = self.problem
        unit = self.master.unit * self.scale
        price = solution.items * unit
        if smoothing:
            price = smoothing * self.price + (1 - smoothing) * price
        # Lower prices are as true; of artificial columns they may be beyond 64 bits.
        price = np.minimum(price, self.most)
        whole = np.floor(price + 1e-6).astype(np.int64)
        value = whole[problem.item]
        cost = problem.cost * self.scale
        enough = np.where(
            problem.limited | (problem.least > 0),
            cost - np.floor(np.maximum(solution.types * unit, -self.most)).astype(np.int64),
            cost,
        )
        enough = np.maximum(enough, 0)
        priced = self.pricer.price(value, problem.limit, enough)
        self._learn(whole, priced.upper)
        loads = list(priced.loads)
        # With one size such columns only crowd the program: its packings are dearer (docs/notes/2026-12-patterns.md).
        if loads and self.pricer.tabular and problem.size.shape[1] > 1:
            loads += self.pricer.complete(value, loads, problem.limit, problem.demand, enough, _PARAMS.extra)
        return self._add(loads, solution)

    def _add(self, loads: Sequence[Load], solution: MasterSolution) -> bool:
        """Add the loads that improve the program; says whether any of them is new."""
        found = False
        for t, pattern in loads:
            value = sum(solution.items[self.problem.item[row]] * n for row, n in pattern) + solution.types[t]
            if value > self.problem.cost[t] / self.master.unit + 1e-9:
                found |= self.master.add((t, pattern))
        return found

    def _learn(self, price: Ints, upper: tuple[int, ...]) -> None:
        cut = PackingCut(tuple(max(0, n) for n in upper), int(price @ self.problem.demand))
        bound = cost_bound(self.problem, cut, self.scale)
        if self.bound is None or bound > self.bound:
            self.bound, self.price, self.cut = bound, price, cut
            self.state.raise_to(bound, NAME)

    def improve(self, solution: MasterSolution, left: Ints) -> bool:
        """One round for a program that asks for `left` only; says whether a column was added. Proves nothing."""
        problem = self.problem
        unit = self.master.unit * self.scale
        whole = np.floor(np.minimum(solution.items * unit, self.most)).astype(np.int64)
        limit = np.minimum(problem.limit, left[problem.item])
        enough = problem.cost * self.scale - np.floor(np.maximum(solution.types * unit, -self.most)).astype(np.int64)
        priced = self.pricer.price(whole[problem.item], limit, np.maximum(enough, 0))
        return self._add(priced.loads, solution)


def _covers(solution: MasterSolution) -> bool:
    """Whether the program needs no artificial column."""
    return solution.uncovered <= 1e-7
