"""Benders separation: whether given machine counts can hold all copies in the pattern LP, and a cut where they can't.

The LP minimises the cost of machines beyond the given counts. Where it needs any, its prices are a cut that the counts
break (Benders 1962). The cut is certified like all others, so it holds whatever the LP's tolerances are.
"""

from collections.abc import Iterable, Sequence

from placement.patterns.certificate import Cut, certify
from placement.patterns.formulation import Relaxation
from placement.patterns.master import Pattern, PatternProgram
from placement.patterns.parameters import BendersParameters as _PARAMS
from placement.solving.budget import Budget


class MixSeparation:
    """Answers for one relaxation, from all patterns known to its bound; what one call finds is kept for the next."""

    def __init__(self, relaxation: Relaxation, patterns: Iterable[Pattern]) -> None:
        """O(patterns)."""
        self.relaxation = relaxation
        self._program = PatternProgram(relaxation, paid=0.0)
        self._program.add_patterns(patterns)
        self._knapsacks = {device_class.index: device_class.knapsack for device_class in relaxation.device_classes}

    def separate(self, machines: Sequence[float], budget: Budget, rounds: int | None = None) -> Cut | None:
        """A cut that these counts, whole or not, break; None when there is room for all, or no answer in time."""
        program = self._program
        program.limit(machines)
        for _ in range(_PARAMS.rounds if rounds is None else rounds):
            solution = program.solve(budget.left())
            if solution is None or not solution.uses_artificials:
                return None
            duals = solution.duals()
            prices = program.prices(duals)
            cut = certify(self.relaxation, prices)
            if sum(coefficient * n for coefficient, n in zip(cut.coefficients, machines, strict=True)) < cut.least:
                return cut
            if not program.improve(duals, prices, self._knapsacks):
                return None
        return None
