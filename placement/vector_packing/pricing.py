"""The best patterns of every bin type at given item values: by table where rooms are few, else by states.

Where the states are too many to tell and patterns few (`listed`), these are listed once and looked at one by one.

All types share one table, filled for the roomiest in each dimension. With one size there are always few rooms; with
several, where a table has no more cells than the searches of all types would have states. What comes back is exact:
`upper[t]` bounds the value of every pattern of type t, generated or not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from placement.arrays import Ints
from placement.solving.budget import Budget
from placement.vector_packing.compiled import Compiled, Load, Pattern
from placement.vector_packing.knapsack import Knapsack
from placement.vector_packing.listed import PatternList, list_patterns
from placement.vector_packing.parameters import VECTOR_PACKING
from placement.vector_packing.parameters import PricingParameters as _PARAMS
from placement.vector_packing.patterns import PatternSearch


@dataclass(frozen=True, slots=True)
class Priced:
    """Loads worth adding, and per bin type a bound on the value of any pattern."""

    loads: tuple[Load, ...]
    upper: tuple[int, ...]


class Pricer:
    """Prices one compiled problem again and again."""

    def __init__(self, problem: Compiled, budget: Budget) -> None:
        """Choose the method by the problem's shape."""
        self._problem = problem
        self._budget = budget
        by_size = (problem.size[:, None, :] <= problem.capacity[None, :, :]).all(axis=2)
        self._most = problem.capacity.max(axis=0)
        capacities = math.prod(int(n) + 1 for n in self._most)
        self.tabular = (
            problem.plain
            and bool((by_size == problem.fits).all())
            and (problem.size.shape[1] == 1 or capacities <= VECTOR_PACKING.states.beams[-1] * problem.types)
            and capacities * problem.rows <= _PARAMS.most_cells
        )
        self._searches: list[PatternSearch | PatternList] = []
        if not self.tabular:
            self._searches += [PatternSearch(problem, t) for t in range(problem.types)]
        self._tried: set[int] = set()  # bin types whose patterns were listed, or were too many

    def price(self, value: Ints, limit: Ints, enough: Ints) -> Priced:
        """Patterns worth more than `enough[t]`, best first; `value` and `limit` are per row."""
        if self.tabular:
            return self._from_table(value, limit, enough)
        loads: list[Load] = []
        upper = []
        for t, search in enumerate(self._searches):
            found = search.find(value, limit, int(enough[t]), self._budget.over)
            if not found.complete and self._lists(t):
                found = self._searches[t].find(value, limit, int(enough[t]), self._budget.over)
            upper.append(found.upper)
            loads.extend((t, pattern) for pattern in self._diverse([p for _, p in found.patterns]))
        return Priced(tuple(loads), tuple(upper))

    def _lists(self, t: int) -> bool:
        """Try, once, to list all patterns of a bin type."""
        if t in self._tried:
            return False
        self._tried.add(t)
        listed = list_patterns(self._problem, t, self._budget.over)
        if listed is not None:
            self._searches[t] = listed
        return listed is not None

    def _diverse(self, patterns: list[Pattern]) -> list[Pattern]:
        """The best patterns, none of whose items stands in many better ones: alike columns help the program little."""
        item = self._problem.item
        seen = np.zeros(len(self._problem.demand), dtype=np.int64)
        chosen: list[Pattern] = []
        most = max(4, _PARAMS.most_columns // self._problem.types)
        for pattern in patterns:
            items = item[[row for row, _ in pattern]]
            if (seen[items] < 2).all():
                seen[items] += 1
                chosen.append(pattern)
            if len(chosen) == most:
                break
        return chosen

    def _from_table(self, value: Ints, limit: Ints, enough: Ints) -> Priced:
        problem = self._problem
        knapsack = Knapsack(self._most.tolist(), problem.size.tolist(), limit.tolist())
        best = knapsack.best_patterns(value.tolist(), problem.capacity.tolist())
        loads = [(t, tuple(sorted(best[t][1].items()))) for t in range(problem.types) if best[t][0] > enough[t]]
        return Priced(tuple(loads), tuple(upper for upper, _ in best))

    def complete(
        self, value: Ints, loads: Sequence[Load], limit: Ints, demand: Ints, enough: Ints, rounds: int
    ) -> list[Load]:
        """More loads for the copies that `loads` leave, round after round: columns that go well together.

        All that fit beside each other are packed, and the loads of all bin types follow.
        """
        found: list[Load] = []
        left = demand.copy()
        problem = self._problem
        for _ in range(rounds):
            for _, pattern in loads:
                used = problem.copies_in(pattern)
                left -= used * min((int(left[i] // used[i]) for i in np.flatnonzero(used)), default=0)
            loads = self.price(value, np.minimum(limit, left[problem.item]), enough).loads
            if not loads:
                break
            found.extend(loads)
        return found
