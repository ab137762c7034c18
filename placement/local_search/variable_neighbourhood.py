"""A plan made cheaper by turns: machines closed until that fails for long, then freed a few at a time, and so on.

Each search goes on where the other is stuck. Closing machines (`eliminate`) is quick, but ends in a plan whose
room is in the wrong places; large-neighbourhood search is slow, but its steps to equally good plans move that room.
As in variable neighbourhood search (Mladenovic and Hansen 1997, Comput. Oper. Res. 24), a turn starts from the plan
that the turn before it left.
"""

from placement.compiled.packing import Packing, evaluate
from placement.heuristics import relabel
from placement.local_search.eliminate import BinElimination
from placement.local_search.large_neighbourhood import LargeNeighbourhood
from placement.local_search.optional_copies import OptionalCopies
from placement.local_search.parameters import VariableNeighbourhoodParameters as _PARAMS
from placement.local_search.set_covering import SetCovering
from placement.reductions.required import RequiredAsPlaced
from placement.solving.budget import Budget
from placement.solving.context import Solve

NAME = "variable-neighbourhood"


class VariableNeighbourhoodSearch:
    """The search on the best plan of a solve. `tries` and `closed` count closings; `free` frees a few machines."""

    def __init__(self, solve: Solve, covering: SetCovering | None = None) -> None:
        """Start from the best plan, which there must be. `covering` knows packings of searches before this one."""
        self._solve, self._fleet = solve, solve.fleet
        self._covering = covering or SetCovering(solve)
        self.free = LargeNeighbourhood(solve)
        self._optional = OptionalCopies(solve) if solve.fleet.levels else None
        self._turns = 0
        self.tries = self.closed = 0

    def run(self, budget: Budget, most: float) -> None:
        """Turns until the budget is over, or both kinds have done `most` tries and steps (or have nothing to do).

        Also until it is proven that none is better.
        """
        done = -1
        while done < self.tries + self.free.steps and not self.free.decided and not self._ended(budget):
            done = self.tries + self.free.steps
            self._catch_up()
            self._close(budget, most)
            self.free.run(budget, self._covering, _PARAMS.steps, most)
            self._covering.run(budget)

    def _catch_up(self) -> None:
        """Go on from the best plan, when a search beside this one has found a better one, or it has room for more."""
        if self._optional is not None and any(self.free.value.left_out):
            self._optional.extend()
        best = self._solve.incumbent.best
        if best is not None and best[1] < self.free.value:
            self.free.packing, self.free.value = best

    def _ended(self, budget: Budget) -> bool:
        return self._solve.within(budget).ended

    def _close(self, budget: Budget, most: float) -> None:
        """Close machines, and hand the plan on if it is no worse."""
        firm = RequiredAsPlaced.of(self._fleet, self.free.packing)
        search = BinElimination(firm.fleet, self.free.packing, self._solve.seed + self._turns)
        self._turns += 1
        failed = 0
        while search.possible and failed < _PARAMS.tries and self.tries < most and not self._ended(budget):
            self.tries += 1
            failed += 1
            if search.step(budget.over):
                failed = 0
                self.closed += 1
                self._take(relabel(self._fleet, firm.lift(search.packing)))

    def _take(self, packing: Packing) -> None:
        """Offer a plan; go on from it unless moves cost more than the machines that it saves."""
        value = evaluate(self._fleet, packing)
        self._covering.add(packing)
        self._solve.incumbent.offer(packing, NAME)
        if value <= self.free.value:
            self.free.packing, self.free.value = packing, value
