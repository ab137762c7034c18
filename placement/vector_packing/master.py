"""The restricted master program: loads as columns, every item covered, bin counts within their limits.

Kept in HiGHS between calls, so each solve starts from the last basis. Items that the columns do not cover yet are
covered by a dear artificial column, so the program always has a solution.
"""

import math
from typing import NamedTuple

import highspy
import numpy as np

from placement.arrays import Floats, Ints
from placement.engines.highs import EngineError, limit_time, linear_program, load_lp, run
from placement.vector_packing.compiled import Compiled, Load
from placement.vector_packing.parameters import GenerationParameters as _PARAMS


class MasterSolution(NamedTuple):
    """A solution of the program, and the dual values that come with it.

    `value` is its cost, in units of the problem; `weights` (loads,) how often each load is used, of those there were;
    `uncovered` copies that artificial columns cover; `items` (items,) and `types` (types,) the duals of their rows, in
    fractions of `Master.unit`.
    """

    value: float
    weights: Floats
    uncovered: float
    items: Floats
    types: Floats


class Master:
    """Rows: m items (at least the demand), then t bin types (within least and available)."""

    def __init__(self, problem: Compiled) -> None:
        """Empty bins and artificial columns are the first columns."""
        self._problem = problem
        self.unit = float(max(1, problem.cost.max()))  # costs are scaled so that the dearest bin costs 1
        items, types = len(problem.demand), problem.types
        self.items = items
        self.loads: list[Load] = []
        self.coverage: list[tuple[Ints, Ints]] = []
        self._known: set[Load] = set()
        self.penalty = _PARAMS.penalty
        lp = linear_program(
            [[(items + t, 1.0)] for t in range(types)] + [[(i, 1.0)] for i in range(items)],
            cost=np.concatenate([problem.cost / self.unit, np.full(items, self.penalty)]),
            within=(0.0, math.inf),
            rows=(
                np.concatenate([problem.demand, problem.least]),
                np.concatenate([np.full(items, math.inf), problem.most_bins(math.inf)]),
            ),
        )
        self._solver = load_lp(lp, presolve="off", simplex_strategy=4)
        self._first = types + items

    def add(self, load: Load) -> bool:
        """Add a column; says whether it is new."""
        if load in self._known:
            return False
        self._known.add(load)
        t, pattern = load
        used = self._problem.copies_in(pattern)
        index = np.flatnonzero(used)
        self.loads.append(load)
        self.coverage.append((index, used[index]))
        rows = np.append(index, self.items + t).astype(np.int32)
        values = np.append(used[index], 1).astype(float)
        self._solver.addCol(self._problem.cost[t] / self.unit, 0.0, math.inf, len(rows), rows, values)
        return True

    def solve(self, seconds: float) -> MasterSolution | None:
        """Solve the program; None when the time ran out."""
        limit_time(self._solver, seconds)
        status = run(self._solver)
        if status in (highspy.HighsModelStatus.kTimeLimit, highspy.HighsModelStatus.kInterrupt):
            return None
        if status != highspy.HighsModelStatus.kOptimal:
            # Rare numerical trouble: forget the basis and try the dual simplex once.
            self._solver.clearSolver()
            if run(self._solver) != highspy.HighsModelStatus.kOptimal:
                raise EngineError(f"HiGHS ends a covering program with {status}")
        return self._solution()

    def _solution(self) -> MasterSolution:
        found = self._solver.getSolution()
        values, duals = np.array(found.col_value), np.array(found.row_dual)
        return MasterSolution(
            value=float(self._solver.getInfo().objective_function_value) * self.unit,
            weights=values[self._first :],
            uncovered=float(values[self._first - self.items : self._first].sum()),
            items=np.maximum(duals[: self.items], 0.0),
            types=duals[self.items :],
        )

    def raise_penalty(self) -> None:
        self.penalty *= _PARAMS.dearer
        first = self._first - self.items
        for i in range(self.items):
            self._solver.changeColCost(first + i, self.penalty)

    def fix(self, demand: Ints, available: Ints | None = None) -> None:
        """Ask for `demand` instead, with columns that hold more of an item than that switched off.

        `available` (types,) are the bins there may be, at least none of each; None: within the limits of the problem.
        """
        problem = self._problem
        least, most = problem.least, problem.most_bins(math.inf)
        if available is not None:
            least, most = np.zeros_like(least), available
        for i, wanted in enumerate(demand):
            self._solver.changeRowBounds(i, float(wanted), math.inf)
        for t in range(problem.types):
            self._solver.changeRowBounds(self.items + t, float(least[t]), float(most[t]))
        for j, (index, used) in enumerate(self.coverage):
            proper = bool((used <= demand[index]).all())
            self._solver.changeColBounds(self._first + j, 0.0, math.inf if proper else 0.0)
