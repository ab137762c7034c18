"""The linear relaxation of a program that gets columns, round after round, each solved from the basis before it."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import highspy

from placement.engines.highs import EngineError, limit_time, load_lp, run
from placement.patterns.certificate import SCALE
from placement.units import MICRO

if TYPE_CHECKING:
    from placement.engines.highs import QuietHighs
    from placement.patterns.running.whole_program import RunningProgram
    from placement.solving.budget import Budget

_UNIT = MICRO * SCALE  # of prices, in a dollar
_PRIMAL = 4  # of HiGHS's `simplex_strategy`: with more columns a solution stays one


class RelaxedProgram(NamedTuple):
    """The linear relaxation: its value, dollars per hour, and prices of its rows, in 1 / SCALE micro-dollars."""

    value: float
    prices: list[int]


class GrowingRelaxation:
    """The relaxation of programs of one fleet, each with all columns of the one before it."""

    def __init__(self) -> None:
        """No program yet."""
        self._solver: QuietHighs | None = None
        self._known: set[object] = set()

    def solve(self, program: RunningProgram, budget: Budget) -> RelaxedProgram | None:
        """The linear relaxation; None where there is no time, or no solution."""
        with suppress(EngineError):
            solver = self._load(program, budget)
            if run(solver) == highspy.HighsModelStatus.kOptimal:
                prices = [math.floor(dual * _UNIT) for dual in solver.getSolution().row_dual]
                return RelaxedProgram(solver.getObjectiveValue(), prices)
        return None

    def _load(self, program: RunningProgram, budget: Budget) -> QuietHighs:
        """The solver with all columns of a program."""
        columns, rows = program.grown, program.rows
        new = {key: column for key, column in columns.items() if key not in self._known}
        self._known |= columns.keys()
        if self._solver is None:
            rows.parts = set(range(len(rows.cost)))
            self._solver = load_lp(rows.program(), seconds=budget.left())
            return self._solver
        limit_time(self._solver, budget.left())
        self._solver.setOptionValue("simplex_strategy", _PRIMAL)
        for column, (places, values) in rows.entries_of(new.values()).items():
            lower, upper, cost = rows.lower[column], rows.upper[column], rows.cost[column]
            self._solver.addCol(cost, lower, upper, len(places), places, values)
        return self._solver
