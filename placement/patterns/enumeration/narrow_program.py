"""The program over patterns for a good solution soon, of a large fleet: a restricted master heuristic.

Columns that are dear in the LP are left out, and patterns may be parts: machines and copies are whole, and whether
these copies fit is for whoever packs them. Restricting a master program to its promising columns: Joncour, Michel,
Sadykov, Sverdlov and Vanderbeck 2010, *Column generation based primal heuristics*, Electron. Notes Discret. Math. 36.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from placement.engines.highs import EngineError, load_lp, run, solved, stopped_when, whole_solution
from placement.patterns.enumeration.program import ProgramAnswer, WholeProgram
from placement.solving.budget import Budget
from placement.units import MICRO

# A restart does the root again, for a bound that nobody asks for. Measured: docs/notes/2026-11-operators.md.
_OPTIONS = {"mip_allow_restart": False, "mip_detect_symmetry": False}


class ColumnValues(NamedTuple):
    """The columns of a solution, to the nearest whole numbers, and what it costs, micro-dollars per hour."""

    values: list[int]
    cost: float


class NarrowProgram(WholeProgram):
    """As `WholeProgram`; it proves nothing of solutions that it leaves out, so no bound comes of it."""

    def narrow(self, part: float, budget: Budget) -> None:
        """Leave out columns whose reduced cost is more than `part` of the LP's value; all stay if the LP fails."""
        rows = self.rows
        rows.parts = set(range(len(rows.cost)))
        solver = solved(rows.program(), budget)
        if solver is not None:
            most = part * solver.getObjectiveValue()
            for k, reduced_cost in enumerate(solver.getSolution().col_dual):
                if reduced_cost > most and not rows.lower[k]:
                    rows.upper[k] = 0.0
        rows.parts = set(self.pattern_columns)

    def solution(self, cutoff: int, budget: Budget, nodes: int, gap: float) -> ProgramAnswer:
        """A cheap solution of at most `cutoff` micro-dollars per hour, without a bound."""
        self.limit_rent(cutoff)
        found = self.found(budget, nodes, gap, _OPTIONS)
        return ProgramAnswer(0) if found is None else self.answer(0, found.values)

    def found(self, budget: Budget, nodes: int, gap: float, options: Mapping[str, float]) -> ColumnValues | None:
        """The best solution that HiGHS finds, if any."""
        limits = {"mip_rel_gap": gap, "mip_max_nodes": nodes}
        with suppress(EngineError):
            solver = load_lp(self.rows.program(), budget, **limits, **options)
            with stopped_when(budget.cut_short, solver):
                run(solver)
            values = whole_solution(solver)
            return None if values is None else ColumnValues(values, solver.getObjectiveValue() * MICRO)
        return None
