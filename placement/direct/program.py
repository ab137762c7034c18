"""What the direct model is written with: whole-number variables, linear rows and goals, in exact integers.

No engine is known here. A back end reads `ranges` and `rows`, minimises a `LinearObjective`, and hands back values:
one whole number a variable, by index. A row fixes a variable, and a start (or hint) is such a list of values, which
`complete` finishes: each auxiliary variable knows its value as a function of those before it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple, Protocol

from placement.direct.parameters import ProgramParameters as _PARAMS
from placement.solving.budget import Budget

Values = Sequence[int]
Terms = Iterable[tuple["Var", int]]


_ONCE = (1,)


class OutOfTimeError(Exception):
    """The time was over before a program was written."""


class Linear:
    """``sum(coefficient * variable) + constant``, by variable index; sums, differences and multiples are such too."""

    __slots__ = ("coefficients", "columns", "constant")

    def __init__(self, columns: Sequence[int], coefficients: Sequence[int], constant: int = 0) -> None:
        """Take as many coefficients as columns; a column may come more than once."""
        self.columns, self.coefficients, self.constant = columns, coefficients, constant

    def __add__(self, other: Linear | int) -> Linear:
        if isinstance(other, int):
            return Linear(self.columns, self.coefficients, self.constant + other)
        columns, coefficients = [*self.columns, *other.columns], [*self.coefficients, *other.coefficients]
        return Linear(columns, coefficients, self.constant + other.constant)

    def __mul__(self, n: int) -> Linear:
        return Linear(self.columns, [n * c for c in self.coefficients], n * self.constant)

    def __sub__(self, other: Linear | int) -> Linear:
        return self + other * -1

    def __rsub__(self, other: int) -> Linear:
        return self * -1 + other

    def value(self, values: Values) -> int:
        """The sum where the variables have these values."""
        pairs = zip(self.columns, self.coefficients, strict=True)
        return sum(n * values[column] for column, n in pairs) + self.constant

    __radd__ = __add__
    __rmul__ = __mul__


class Count(Linear):
    """A whole number from `low` to `high`: a variable, or a number that the rules fix."""

    __slots__ = ("high", "low")

    def __init__(self, columns: Sequence[int], constant: int, low: int, high: int) -> None:
        """Of one variable, or of none."""
        super().__init__(columns, _ONCE[: len(columns)], constant)
        self.low, self.high = low, high


class Var(Count):
    """A variable."""

    __slots__ = ("index",)

    def __init__(self, index: int, low: int, high: int) -> None:
        """Only `Program.variable` makes them."""
        super().__init__((index,), 0, low, high)
        self.index = index


class LinearRow(NamedTuple):
    """``low <= sum(coefficient * variable) <= high``; None: no limit.

    `measured` rows have units of memory, time or throughput for coefficients: numbers of many digits, perhaps.
    """

    columns: tuple[int, ...]
    coefficients: tuple[int, ...]
    low: int | None
    high: int | None
    measured: bool = False


@dataclass(frozen=True, slots=True)
class LinearObjective:
    """A goal to minimise: ``scale * sum(coefficient * variable) + offset``; the sum is what an engine sees.

    The coefficients have no common divisor, so the sum takes whole values, and often every one of them. `terms` are
    (variable index, coefficient); `largest` bounds the size of the sum.
    """

    terms: tuple[tuple[int, int], ...]
    scale: int
    offset: int
    largest: int = 0

    @property
    def total(self) -> Linear:
        """The engine's sum."""
        return Linear([column for column, _ in self.terms], [n for _, n in self.terms])

    def value(self, reduced: int) -> int:
        """The goal in its own unit when the engine's sum is `reduced`."""
        return self.scale * reduced + self.offset

    def reduced(self, values: Values) -> int:
        """The engine's sum at a solution."""
        return sum(n * values[column] for column, n in self.terms)


class Watcher(Protocol):
    """Who hears of plans and bounds, and says when it is enough."""

    def solution(self, values: Values) -> None:
        """A solution, in whole numbers by variable index."""

    def bound(self, reduced: int) -> None:
        """A safe lower bound on the engine's sum (see `LinearObjective`)."""

    def enough(self) -> bool:
        """Whether to stop now."""


class Program:
    """Variables with their ranges, and rows.

    Whatever adds to it, or goes through it row by row, raises OutOfTimeError once its budget is over.
    """

    def __init__(self, budget: Budget | None = None) -> None:
        """Start empty, within a budget; None: without a limit."""
        self._budget, self._steps = budget, 0
        self.ranges: list[tuple[int, int]] = []
        self.rows: list[LinearRow] = []
        self._derived: list[tuple[int, Callable[[Values], int]]] = []

    @property
    def terms(self) -> int:
        """Coefficients of all rows."""
        return sum(len(row.columns) for row in self.rows)

    def step(self) -> None:
        """Count a step of work, and look at the clock after some of them."""
        self._steps += 1
        if self._steps % _PARAMS.steps == 0 and self._budget is not None and self._budget.over():
            raise OutOfTimeError

    # -- variables

    def variable(self, low: int, high: int) -> Var:
        """A new whole number from low to high."""
        self.step()
        self.ranges.append((low, high))
        return Var(len(self.ranges) - 1, low, high)

    def derive(self, low: int, high: int, value: Callable[[Values], int]) -> Var:
        """A new variable that is `value` (of all values, by index) in a plan; rows must admit that value."""
        var = self.variable(low, high)
        self._derived.append((var.index, value))
        return var

    def total(self, parts: Sequence[Var], low: int, high: int) -> Var:
        """A variable that equals the sum of others: that one, when it is only one and within the range."""
        if len(parts) == 1 and low <= parts[0].low and parts[0].high <= high:
            return parts[0]
        together = total_of(parts)
        total = self.derive(low, high, together.value)
        self.equal(together, total)
        return total

    def presence(self, parts: Sequence[Var], most: int) -> Var:
        """A new 0-1 variable that is 1 when any of the others, together at most `most`, is positive."""
        indices = [var.index for var in parts]
        here = self.derive(0, 1, lambda values: int(any(values[v] for v in indices)))
        self.switch(parts, most, here)
        return here

    def lesser(self, var: Var, cap: int) -> Var:
        """A variable that is at most both, and both in a plan."""
        if var.high <= cap:
            return var
        lesser = self.derive(0, cap, lambda values: min(values[var.index], cap))
        self.at_most(lesser, var)
        return lesser

    def complete(self, values: list[int]) -> None:
        """Fill in the auxiliary variables, each from those before it."""
        for index, value in self._derived:
            values[index] = value(values)

    # -- rows

    def at_most(self, left: Linear | int, right: Linear | int, *, measured: bool = False) -> None:
        difference = left - right
        if isinstance(difference, int):
            difference = Linear((), (), difference)
        self._add(difference, None, -difference.constant, measured)

    def at_least(self, left: Linear | int, right: Linear | int) -> None:
        self.at_most(right, left)

    def equal(self, left: Linear, right: Linear | int) -> None:
        difference = left - right
        self._add(difference, -difference.constant, -difference.constant, measured=False)

    def switch(self, parts: Sequence[Var], most: int, on: Linear) -> None:
        """All parts are 0 unless `on` is 1; then they are together at most `most`."""
        for var in parts:
            if var.high < most or len(parts) == 1:
                most_of_it = min(var.high, most)
                if on.columns or most_of_it * on.constant < var.high:
                    self.at_most(var, most_of_it * on)
        if len(parts) > 1 and sum(var.high for var in parts) > most:
            self.at_most(total_of(parts), most * on)

    def reaches_lesser(self, count: Linear, goal: Count, cap: int) -> None:
        """``count >= min(goal, cap)``; by a 0-1 variable that says which, when the range of `goal` does not."""
        if goal.low >= cap:
            self.at_least(count, cap)
        elif goal.high <= cap:
            self.at_least(count, goal)
        else:
            fewer = self.derive(0, 1, lambda values: int(goal.value(values) < cap))
            self.at_least(count, cap - (cap - goal.low) * fewer)
            self.at_least(count, goal - (goal.high - cap) * (1 - fewer))

    def within(self, terms: Terms, room: int, machines: Linear, whole: Sequence[Var] = ()) -> None:
        """``sum of needs <= room x machines``, divided by what the needs have in common; nothing when nobody needs any.

        Each of `whole` takes one machine's room for itself.
        """
        needs = [(var, need) for var, need in terms if need]
        if needs:
            divisor = math.gcd(*(need for _, need in needs))
            room //= divisor  # rounded down: needs are whole multiples
            reduced = [(var, need // divisor) for var, need in needs] + [(var, room) for var in whole]
            self.at_most(weighted(reduced), room * machines, measured=True)

    def reach(self, terms: Terms, goal: int) -> None:
        """``sum of what is served >= goal``, divided by what the rates have in common."""
        rates = [(var, rate) for var, rate in terms if rate]
        divisor = math.gcd(*(rate for _, rate in rates)) or 1
        served = weighted((var, rate // divisor) for var, rate in rates)
        self._add(served, -(-goal // divisor), None, measured=True)

    def _add(self, sides: Linear, low: int | None, high: int | None, measured: bool) -> None:
        """A row over the variables of a sum; each once, those with a coefficient of 0 left out."""
        self.step()
        columns, coefficients = sides.columns, sides.coefficients
        if len(set(columns)) < len(columns) or 0 in coefficients:
            weight: dict[int, int] = defaultdict(int)
            for column, n in zip(columns, coefficients, strict=True):
                weight[column] += n
            columns = [column for column, n in weight.items() if n]
            coefficients = [weight[column] for column in columns]
        if not columns and (low is None or low <= 0) and (high is None or high >= 0):
            return  # true without any variable
        self.rows.append(LinearRow(tuple(columns), tuple(coefficients), low, high, measured))

    # -- goals and plans

    def objective(self, terms: Iterable[tuple[Linear, int]], offset: int = 0) -> LinearObjective:
        """Constants into the offset, equal variables together, coefficients divided by their common divisor."""
        weight: dict[int, int] = defaultdict(int)
        for count, n in terms:
            offset += count.constant * n
            for column, coefficient in zip(count.columns, count.coefficients, strict=True):
                weight[column] += coefficient * n
        scale = math.gcd(*weight.values()) or 1
        found = tuple((column, n // scale) for column, n in weight.items() if n)
        largest = sum(abs(n) * max(map(abs, self.ranges[column])) for column, n in found)
        return LinearObjective(found, scale, offset, largest)


def fixed(number: int) -> Count:
    """A number that is known, as a sum of no variables."""
    return Count((), number, number, number)


def total_of(parts: Sequence[Var]) -> Linear:
    """The sum of variables; of none, 0."""
    return Linear([var.index for var in parts], [1] * len(parts))


def weighted(terms: Terms) -> Linear:
    """``sum(coefficient * variable)``."""
    pairs = list(terms)
    return Linear([var.index for var, _ in pairs], list(map(itemgetter(1), pairs)))
