"""Column generation at the root: prices that prove more with every round.

Prices are smoothed (Wentges 1997): taken between those of the LP and the best so far, and those of the LP when that
finds nothing. Prices of any round are a bound.
"""

import math
from collections.abc import Callable
from dataclasses import replace

from placement.patterns.certificate import Cut, Groups, NodeDomain, Prices, certify, domain_bound
from placement.patterns.columns import PatternColumns
from placement.patterns.covering import covering_bound
from placement.patterns.formulation import Relaxation
from placement.patterns.master import Duals, PatternProgram, PatternSolution
from placement.patterns.parameters import RootParameters as _PARAMS
from placement.solving.budget import Budget
from placement.units import MICRO


class RootPrices:
    """The prices of one relaxation at its root, while they get better; `groups` of pools have rows in its program.

    Attributes
    ----------
    bound : micro-dollars per hour of all machines, by the best prices.
    best : the dual values that are the best prices, None before there are any; `prices` are the same as whole numbers,
        and `cut` is what they prove.
    duals, solution : of the last LP.
    infeasible : whether the prices prove that no machine counts are enough.
    converged : whether more rounds would prove no more.
    """

    def __init__(
        self, relaxation: Relaxation, program: PatternProgram, columns: PatternColumns, groups: Groups
    ) -> None:
        self.relaxation, self.program, self.columns = relaxation, program, columns
        self.groups = groups
        self.bound, self.rounds = 0, 0
        self.best: Duals | None = None
        self.prices: Prices | None = None
        self.cut: Cut | None = None
        self.duals: Duals | None = None
        self.solution: PatternSolution | None = None
        self.infeasible = False
        self.converged = False

    @property
    def lacks(self) -> float:
        """The part of the last LP's value that its bound is below it; infinite before there is one."""
        if self.solution is None:
            return math.inf
        value = self.solution.value * MICRO
        return max(0.0, 1 - self.bound / value) if value > 0 else 0.0

    def run(
        self,
        domain: NodeDomain,
        budget: Budget,
        *,
        enough: float | None = None,
        raised: Callable[[int], None] | None = None,
    ) -> None:
        """Go on until the bound lacks no more than a part of the LP's value; `raised` hears of it after each round."""
        enough = _PARAMS.enough if enough is None else enough
        while not (self.infeasible or budget.over()):
            solution = self.program.solve(budget.left())
            if solution is None:
                return
            self.rounds += 1
            self.solution, self.duals = solution, solution.duals()
            found = 0
            for point in self.program.smoothed(self.best, self.duals):
                found = self.try_at(point, self.duals, domain)
                if found or self.infeasible:
                    break
            if raised is not None:
                raised(self.bound)
            near = solution.value * MICRO <= self.bound * (1 + enough)
            if (not found or near) and not self.program.raise_penalty(solution):
                self.converged = True
                return

    def try_at(self, point: Duals, duals: Duals, domain: NodeDomain) -> int:
        """Price at some dual values, and keep them where they are the best; how many patterns were added.

        Those are patterns that make a solution of the LP with these `duals` better.
        """
        prices = self.program.prices(point)
        found, capacity = self.columns.price(prices, duals)
        cut = certify(self.relaxation, prices, capacity)
        bound = self._bound(prices, cut, domain)
        if bound is None:
            self.infeasible = True
        if bound is None or self.cut is None or bound > self.bound:
            self.bound = self.bound if bound is None else bound
            self.best, self.prices, self.cut = point, prices, cut
        return found

    def _bound(self, prices: Prices, cut: Cut, domain: NodeDomain) -> int | None:
        """Micro-dollars per hour of any machine counts that keep the cut; None where none do."""
        fleet = self.relaxation.fleet
        bound = covering_bound(fleet, cut)
        if bound is None:
            return None
        if fleet.commitments:  # machines are not paid for one by one
            bound = 0
        if fleet.commitments or any(prices.limits):
            of_any = replace(prices, group=[])
            bound = max(bound, domain_bound(fleet, cut, self.groups, of_any, domain))
        return bound
