"""The integer program over known patterns that places as many copies of a level as it can: a guide to plans, no proof.

As `program`, with whole machines, copies and accelerators, and with copies in place of money: machines are free within
their quotas, and each copy of the level that is placed counts one. Other patterns may place more. A restricted master
heuristic (Joncour, Michel, Sadykov, Sverdlov, Vanderbeck 2010, Electron. Notes Discret. Math. 36).
"""

from collections.abc import Sequence

from placement.engines.highs import prove, whole_solution
from placement.patterns.covering import any_domain
from placement.patterns.enumeration.program import ProgramAnswer, WholeProgram
from placement.patterns.enumeration.reduced_costs import Reduced
from placement.patterns.formulation import Relaxation
from placement.patterns.master import Pattern
from placement.solving.budget import Budget


class PlacingProgram(WholeProgram):
    """The program of all plans that leave out no more than the relaxation is given."""

    def __init__(self, relaxation: Relaxation, level: int, patterns: Sequence[Pattern]) -> None:
        """O(modes + size of the patterns)."""
        domain = any_domain(relaxation.fleet)
        super().__init__(relaxation, (), domain, Reduced.anything(relaxation, domain), patterns)
        for k in self.machine_columns:
            self.rows.cost[k] = 0.0
        for w, k in self.mode_columns.items():
            if relaxation.fleet.components[relaxation.modes[w].component].level == level:
                self.rows.cost[k] = -1.0

    def most_placed(self, budget: Budget, nodes: int) -> ProgramAnswer | None:
        """The best solution found; None where there is none, or none in time."""
        ran = prove(self.rows.program(), budget, nodes=nodes, mip_rel_gap=0.0, mip_abs_gap=1 - 1e-6)
        values = None if ran is None else whole_solution(ran[0])
        return None if values is None else self.answer(0, values)
