r"""The last digits of what an outline costs: that it has no solution between its bound and a plan.

HiGHS proves a bound to its tolerance. Yet solutions with as many machines at each price differ by moves alone, and so
by whole multiples of what these have in common, g: where that is more than the gap, a cheaper solution has other
machines. So they are forbidden,

.. math:: \sum_k (b_k + a_k) \ge 1, \quad N_k \le N^*_k - b_k + (1 - b_k) M, \quad N_k \ge (N^*_k + 1) a_k,

for the machines :math:`N_k` at each price, and HiGHS is asked again: a bound above the plan, by all of its tolerance,
is the proof. Other machines that cost nearly the same are forbidden in turn.
"""

import math
from dataclasses import dataclass

from placement.direct.milp.engines import EngineLimits, run_highs
from placement.direct.milp.program import PulpProgram
from placement.direct.parameters import OutlineParameters as _PARAMS
from placement.direct.program import Linear, LinearObjective, Program, Values, Var, total_of
from placement.grouping import grouped
from placement.solving.budget import Budget


@dataclass(slots=True)
class _Cheaper:
    """Hears of one run: ends it once it is proven that nothing costs `most` or less, or something does."""

    goal: LinearObjective
    most: int
    budget: Budget
    bound_so_far: int | None = None
    cheapest: tuple[int, ...] | None = None

    def solution(self, values: Values) -> None:
        """The last one is the cheapest."""
        self.cheapest = tuple(values)

    def bound(self, reduced: int) -> None:
        self.bound_so_far = self.goal.value(reduced)

    def enough(self) -> bool:
        return self.budget.cut_short() or self.proved

    @property
    def proved(self) -> bool:
        """Whether nothing costs `most` or less."""
        return self.bound_so_far is not None and self.bound_so_far > self.most


class OutlineDigits:
    """Of one outline and goal; it adds rows to the program that leave solutions out, which is of no use any more."""

    def __init__(self, program: Program, goal: LinearObjective, least: int, most: int) -> None:
        """Whether any solution costs from `least` to `most`, in the goal's own unit. O(terms)."""
        self._program, self._goal, self._least, self._most = program, goal, least, most
        by_price = grouped((n, k) for k, n in goal.terms)
        self._step, self._machines = self._split(by_price)

    def none(self, solution: Values, limits: EngineLimits) -> bool:
        """Whether it is proven that there is none, from a solution that costs more."""
        for _ in range(_PARAMS.same_price):
            if not self._alone(solution):
                return False
            if not self._forbid(solution):
                return True
            watcher = _Cheaper(self._goal, self._most, limits.budget)
            run_highs(PulpProgram(self._program), self._goal, None, limits, watcher)
            if watcher.proved:
                return True
            if watcher.cheapest is None or limits.budget.over():
                return False
            solution = watcher.cheapest
        return False

    def _split(self, by_price: dict[int, list[int]]) -> tuple[int, list[list[int]]]:
        """What the money of moves has in common, and the variables at each other price."""
        width = self._most - self._least + 1
        step, rest = 0, list[list[int]]()
        for price, columns in sorted(by_price.items(), key=lambda item: -self._span(item[1])):
            wider = math.gcd(step, price * self._goal.scale)
            if wider > width:
                step = wider
            else:
                rest.append(columns)
        return step, rest

    def _span(self, columns: list[int]) -> int:
        return sum(high - low for low, high in (self._program.ranges[k] for k in columns))

    def _alone(self, solution: Values) -> bool:
        """Whether no solution with the same machines is between."""
        cost = self._goal.value(self._goal.reduced(solution))
        nearest = self._most - (self._most - cost) % self._step if self._step else cost
        return not self._least <= nearest <= self._most

    def _forbid(self, solution: Values) -> bool:
        """Leave out the machines of a solution; False where there are no others."""
        program = self._program
        either: list[Var] = []
        for columns in self._machines:
            here, there = Linear(columns, [1] * len(columns)), sum(solution[k] for k in columns)
            low, high = (sum(program.ranges[k][end] for k in columns) for end in (0, 1))
            if there > low:
                either.append(fewer := program.variable(0, 1))
                program.at_most(here + (high - there + 1) * fewer, high)
            if there < high:
                either.append(more := program.variable(0, 1))
                program.at_least(here, low + (there + 1 - low) * more)
        if either:
            program.at_least(total_of(either), 1)
        return bool(either)
