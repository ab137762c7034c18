"""What the model is written with: whole-number variables that know their range and, some, their value in a plan."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ortools.sat.python import cp_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Var = cp_model.IntVar
    Count = cp_model.IntVar | int  # a variable, or a number that the rules fix
    Values = Sequence[int]
    Terms = list[tuple[cp_model.IntVar, int]]

_SAFE = 2**61  # sums below this can't overflow the engine's 64-bit integers


@dataclass(frozen=True, slots=True)
class Objective:
    """A goal to minimise: ``scale * sum(coefficient * variable) + offset``; the sum is what the engine sees.

    `largest` bounds the size of that sum.
    """

    terms: tuple[tuple[Var, int], ...]
    scale: int
    offset: int
    largest: int

    def value(self, reduced: int) -> int:
        """The goal in its own unit when the engine's sum is `reduced`."""
        return self.scale * reduced + self.offset

    @property
    def safe(self) -> bool:
        """Whether the engine's 64-bit integers hold every sum."""
        return self.largest < _SAFE


class Program:
    """A CP-SAT model, the range of each variable, and the value of auxiliary ones as a function of those before them.

    So any plan is a complete hint, and a test can ask whether the rows admit it.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.engine = cp_model.CpModel()
        self.ranges: list[tuple[int, int]] = []
        self._derived: list[tuple[int, Callable[[Values], int]]] = []

    def variable(self, low: int, high: int) -> Var:
        """A new whole number from low to high."""
        self.ranges.append((low, high))
        return self.engine.new_int_var(low, high, "")

    def derive(self, low: int, high: int, value: Callable[[Values], int]) -> Var:
        """A new variable that is `value` (of all values, by index) in a plan; rows must admit that value."""
        var = self.variable(low, high)
        self._derived.append((var.index, value))
        return var

    def total(self, parts: list[Var], low: int, high: int) -> Var:
        """A new variable that equals the sum of others."""
        indices = [var.index for var in parts]
        total = self.derive(low, high, lambda values: sum(values[v] for v in indices))
        self.add(self.sum(parts) == total)
        return total

    def presence(self, parts: list[Var]) -> Var:
        """A new 0-1 variable that is 1 when any of the others is positive."""
        indices = [var.index for var in parts]
        here = self.derive(0, 1, lambda values: int(any(values[v] for v in indices)))
        for var in parts:
            self.add(var <= self.high(var) * here)
        return here

    def least(self, count: Count, cap: int) -> Count:
        """min(count, cap)."""
        if isinstance(count, int):
            return min(count, cap)
        low, high = self.ranges[count.index]
        if low >= cap:
            return cap
        if high <= cap:
            return count
        least = self.derive(min(low, cap), cap, lambda values: min(values[count.index], cap))
        self.engine.add_min_equality(least, [count, cap])
        return least

    def complete(self, values: list[int]) -> None:
        """Fill in the auxiliary variables."""
        for index, value in self._derived:
            values[index] = value(values)

    def add(self, row: cp_model.BoundedLinearExpression | bool) -> None:
        """One more row."""
        self.engine.add(row)

    def at_most_one(self, literals: list[Var]) -> None:
        """At most one of these 0-1 variables is 1."""
        self.engine.add_at_most_one(literals)

    def within(self, terms: Terms, room: int, machines: Count, whole: Sequence[Var] = ()) -> None:
        """``sum of needs <= room x machines``, divided by what the needs have in common; nothing when nobody needs any.

        Each of `whole` takes one machine's room for itself.
        """
        terms = [(var, need) for var, need in terms if need]
        if terms:
            divisor = math.gcd(*(need for _, need in terms))
            room //= divisor  # rounded down: needs are whole multiples
            reduced = [(var, need // divisor) for var, need in terms] + [(var, room) for var in whole]
            self.add(linear(reduced) <= room * machines)

    def reach(self, terms: Terms, goal: int) -> None:
        """``sum of what is served >= goal``, divided by what the rates have in common."""
        divisor = math.gcd(*(rate for _, rate in terms)) or 1
        self.add(linear([(var, rate // divisor) for var, rate in terms]) >= -(-goal // divisor))

    def high(self, var: Var) -> int:
        """The most a variable can be."""
        return self.ranges[var.index][1]

    def objective(self, terms: Iterable[tuple[Count, int]], offset: int = 0) -> Objective:
        """Constants into the offset, equal variables together, coefficients divided by their common divisor."""
        weight: dict[int, int] = defaultdict(int)
        var_of: dict[int, Var] = {}
        for count, n in terms:
            if isinstance(count, int):
                offset += count * n
            else:
                weight[count.index] += n
                var_of[count.index] = count
        scale = math.gcd(*weight.values()) or 1
        found = tuple((var_of[index], n // scale) for index, n in weight.items() if n)
        largest = sum(abs(n) * max(map(abs, self.ranges[var.index])) for var, n in found)
        return Objective(found, scale, offset, largest)

    @staticmethod
    def sum(parts: Sequence[Var]) -> cp_model.LinearExpr:
        """The sum of variables; of none, 0."""
        return cp_model.LinearExpr.sum(parts)


def linear(terms: Iterable[tuple[Var, int]]) -> cp_model.LinearExpr:
    """``sum(coefficient * variable)``."""
    pairs = list(terms)
    return cp_model.LinearExpr.weighted_sum([var for var, _ in pairs], [n for _, n in pairs])
