"""A direct program written with PuLP, in numbers that engines in floats can take."""

from typing import Any

import pulp

from placement.direct.float_rows import FloatRow, rounded
from placement.direct.program import LinearObjective, Program, Values

_HAIR = 1e-6


class PulpProgram:
    """A PuLP program of all variables and rows of a direct one.

    `lp`: what PuLP's engines read and write.
    `ranges`: of the variables, by index.
    `columns`: PuLP's variables by index; PuLP ships no types.
    """

    def __init__(self, program: Program) -> None:
        """Write it; OutOfTimeError as of `Program`. O(terms)."""
        self.lp = pulp.LpProblem("placement", pulp.LpMinimize)
        self.ranges = program.ranges
        # PuLP 3 names it add_variable and warns of the constructor, which is all that PuLP 2 has.
        make = getattr(self.lp, "add_variable", pulp.LpVariable)
        digits = len(str(len(self.ranges)))  # PuLP sorts by name
        self.columns: list[Any] = []
        for index, (low, high) in enumerate(self.ranges):
            program.step()
            self.columns.append(make(f"x{index:0{digits}}", low, high, cat=pulp.LpInteger))
        self._index = {column: index for index, column in enumerate(self.columns)}
        self._rows: list[FloatRow] = []
        for row in map(rounded, program.rows):
            program.step()
            self._rows.append(row)
            self._add(row)

    def minimise(self, objective: LinearObjective, unit: float = 1.0) -> None:
        """Set the goal, in multiples of `unit`."""
        terms = [(self.columns[index], n * unit) for index, n in objective.terms]
        self.lp.setObjective(pulp.LpAffineExpression(terms))

    def values(self, found: dict[Any, float]) -> list[int]:
        """What PuLP's variables are, as whole numbers by index; one that no row and no goal has is at its least."""
        return [round(found.get(column, low)) for column, (low, _) in zip(self.columns, self.ranges, strict=True)]

    def in_order(self, values: Values) -> list[int]:
        """Values in the order in which PuLP hands its variables to an engine."""
        return [values[self._index[column]] for column in self.lp.variables()]

    def holds(self, values: Values) -> bool:
        """Whether whole numbers keep every row, within a tolerance: engines return some that don't."""
        return all(_keeps(row, values) for row in self._rows)

    def _add(self, row: FloatRow) -> None:
        terms = zip((self.columns[index] for index in row.columns), row.coefficients, strict=True)
        left = pulp.LpAffineExpression(list(terms))
        if row.low == row.high:
            self.lp.addConstraint(left == row.high)
        elif row.high is not None:
            self.lp.addConstraint(left <= row.high)
        else:
            self.lp.addConstraint(left >= row.low)


def _keeps(row: FloatRow, values: Values) -> bool:
    left = sum(n * values[index] for index, n in zip(row.columns, row.coefficients, strict=True))
    return (row.high is None or left <= row.high + _HAIR) and (row.low is None or left >= row.low - _HAIR)
