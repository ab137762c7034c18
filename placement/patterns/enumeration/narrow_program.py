"""The program over patterns for a good solution soon, of a large fleet: a restricted master heuristic.

Columns that are dear in the LP are left out, and patterns may be parts: machines and copies are whole, and whether
these copies fit is for whoever packs them. Restricting a master program to its promising columns: Joncour, Michel,
Sadykov, Sverdlov and Vanderbeck 2010, *Column generation based primal heuristics*, Electron. Notes Discret. Math. 36.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import highspy

from placement.engines.highs import EngineError, load_lp, run
from placement.patterns.enumeration.program import WholeProgram

if TYPE_CHECKING:
    from placement.patterns.enumeration.program import ProgramAnswer
    from placement.solving.budget import Budget


class NarrowProgram(WholeProgram):
    """As `WholeProgram`; it proves nothing of solutions that it leaves out, so no bound comes of it."""

    def narrow(self, part: float, budget: Budget) -> None:
        """Leave out columns whose reduced cost is more than `part` of the LP's value; all stay if the LP fails."""
        rows = self.rows
        rows.parts = set(range(len(rows.cost)))
        with suppress(EngineError):
            solver = load_lp(rows.program(), seconds=budget.left())
            if run(solver) == highspy.HighsModelStatus.kOptimal:
                most = part * solver.getObjectiveValue()
                for k, reduced_cost in enumerate(solver.getSolution().col_dual):
                    if reduced_cost > most and not rows.lower[k]:
                        rows.upper[k] = 0.0
        rows.parts = set(self.pattern_columns)

    def solution(self, cutoff: int, budget: Budget, nodes: int, gap: float) -> ProgramAnswer:
        """As `solve`, without a bound."""
        return self.solve(cutoff, budget, nodes, gap=gap)._replace(bound=0)
