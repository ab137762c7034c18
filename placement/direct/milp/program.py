"""What the model is written with: whole-number variables of PuLP that know their range and their value in a plan."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Var = Any  # pulp.LpVariable; PuLP ships no types
    Row = Any  # pulp.LpConstraint, or a bool when both sides were numbers
    Count = Any  # a variable, a sum of variables, or a number that the rules fix
    Values = Mapping[Var, int]
    Terms = Iterable[tuple[Var, int]]

_SANE = 10**6  # beyond this, rates are scaled: rows with huge numbers drown the engine's tolerances
_LARGE = 2**24  # of a need: beyond, rows are rounded to so many parts
_SCALED = 1000.0
_HAIR = 1e-6
_SMALLEST = 1e-6  # HiGHS drops coefficients below 1e-9


@dataclass(frozen=True, slots=True)
class Objective:
    """A goal to minimise: ``scale * sum(coefficient * variable) + offset``; the sum is what the engine sees.

    The coefficients have no common divisor, so the sum takes whole values, and often every one of them.
    """

    terms: tuple[tuple[Var, int], ...]
    scale: int
    offset: int

    def value(self, reduced: int) -> int:
        """The goal in its own unit when the engine's sum is `reduced`."""
        return self.scale * reduced + self.offset

    def reduced(self, values: Values) -> int:
        """The engine's sum at a solution, in exact integers."""
        return sum(n * values[var] for var, n in self.terms)


class Program:
    """A PuLP program of whole-number variables, the range of each, and each auxiliary one as a function of a plan."""

    def __init__(self, name: str) -> None:
        """Start empty."""
        self.terms = 0  # of all rows
        self._rows: list[Row] = []
        self.lp = pulp.LpProblem(name, pulp.LpMinimize)
        self.low: dict[Var, int] = {}
        self.high: dict[Var, int] = {}
        self._derived: list[tuple[Var, Callable[[Values], int]]] = []
        # PuLP 3 names it add_variable and warns of the constructor, which is all that PuLP 2 has.
        self._make = getattr(self.lp, "add_variable", pulp.LpVariable)

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows, in the order in which they came."""
        return tuple(self._rows)

    def whole(self, name: str, low: int, high: int) -> Var:
        """A new whole number from low to high."""
        var = self._make(name, low, high, cat=pulp.LpInteger)
        self.low[var], self.high[var] = low, high
        return var

    def derive(self, name: str, low: int, high: int, value: Callable[[Values], int]) -> Var:
        """A new variable that is `value` (of all values) in a plan; rows must admit that value."""
        var = self.whole(name, low, high)
        self._derived.append((var, value))
        return var

    def presence(self, name: str, parts: list[Var], most: int) -> Var:
        """A new 0-1 variable that is 1 when any of the others, together at most `most`, is positive."""
        here = self.derive(name, 0, 1, lambda values: int(any(values[var] for var in parts)))
        self.add(pulp.lpSum(parts) <= most * here)
        return here

    def complete(self, values: dict[Var, int]) -> None:
        """Fill in the auxiliary variables, each from those before it."""
        for var, value in self._derived:
            values[var] = value(values)

    def add(self, row: Row) -> None:
        """One more row. A row without variables is true, or makes the program infeasible."""
        if isinstance(row, bool):
            row = pulp.LpAffineExpression() >= int(not row)
        self.lp.addConstraint(row)
        self._rows.append(row)
        self.terms += len(row)

    def holds(self, values: Values) -> bool:
        """Whether whole numbers keep every row: engines hand out some that don't. Scaled rows are given a hair."""
        for row in self._rows:
            left = row.constant + sum(n * values[var] for var, n in row.items())
            short = -left * row.sense if row.sense else abs(left)
            if short > _HAIR:
                return False
        return True

    def within(self, terms: Terms, room: int, machines: Count) -> None:
        """``sum of needs <= room x machines``, divided by what the needs have in common; no row without a need.

        Needs of many digits are rounded down, as is the room of one machine: bounds hold, and a plan that owes itself
        to that is caught when it is recounted.
        """
        needs = [(var, need) for var, need in terms if need]
        if needs:
            divisor = math.gcd(*(need for _, need in needs))
            largest = max(room, *(need for _, need in needs)) // divisor
            divisor *= -(-largest // _LARGE) if largest > _LARGE else 1
            self.add(linear((var, need // divisor) for var, need in needs) <= room // divisor * machines)

    def reach(self, terms: Terms, goal: int) -> None:
        """``sum of what is served >= goal``, divided by what the rates have in common.

        Rates of many digits are scaled to floats. Rounded up, they admit a hair more than the rule does: bounds hold,
        and a plan that owes itself to the hair is caught when it is recounted in integers.
        """
        rates = [(var, rate) for var, rate in terms if rate]
        divisor = math.gcd(*(rate for _, rate in rates)) or 1
        rates = [(var, rate // divisor) for var, rate in rates]
        goal = -(-goal // divisor)
        largest = max((rate for _, rate in rates), default=1)
        if largest <= _SANE:
            self.add(linear(rates) >= goal)
        else:
            unit = largest / _SCALED
            self.add(linear((var, max(_SMALLEST, rate / unit)) for var, rate in rates) >= goal / unit * (1 - 1e-12))

    def objective(self, terms: Iterable[tuple[Count, int]], offset: int = 0) -> Objective:
        """Sums taken apart, constants into the offset, coefficients divided by their greatest common divisor."""
        total = pulp.LpAffineExpression()
        for count, n in terms:
            if isinstance(count, int):
                offset += count * n
            else:
                total += n * count
        weights = {var: int(n) for var, n in total.items() if n}
        scale = math.gcd(*weights.values()) or 1
        return Objective(tuple((var, n // scale) for var, n in weights.items()), scale, offset + int(total.constant))


def linear(terms: Iterable[tuple[Var, Any]]) -> Any:
    """``sum(coefficient * variable)``; a variable may come more than once."""
    total = pulp.LpAffineExpression()
    for var, n in terms:
        total.addterm(var, n)
    return total
