"""Machine counts with room for all copies, as far as the pattern LP can tell; a cut where they have none.

The cuts that the pattern bound ends with are those of counts that it met. A mix with some room to spare is another
place, where a few of them may leave out what binds there: the small machines of one zone, say. The LP at a mix counts
the money for machines beyond it; where there are any, its prices are a cut that the mix breaks (Benders 1962).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.bounds.patterns.certificate import certify
from placement.bounds.patterns.program import PatternProgram

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from placement.bounds.patterns.certificate import Cut
    from placement.bounds.patterns.program import Pattern
    from placement.bounds.patterns.relaxation import Relaxation
    from placement.budget import Budget

_ROUNDS = 20  # of pricing, for one answer


class Room:
    """Answers for one relaxation, from all patterns known to its bound; what one call finds is kept for the next."""

    def __init__(self, relaxation: Relaxation, patterns: Iterable[Pattern]) -> None:
        """O(patterns)."""
        self._relaxation = relaxation
        self._free, self._bought = PatternProgram(relaxation, paid=0.0), PatternProgram(relaxation)
        self._knapsacks = {kind.index: kind.knapsack for kind in relaxation.kinds}
        for q, pattern in patterns:
            for program in (self._free, self._bought):
                program.add_patterns([(q, dict(pattern))])

    def cheapest(
        self, fewest: Sequence[float], most: Sequence[float], spare: float, budget: Budget
    ) -> list[float] | None:
        """The cheapest counts, parts of machines allowed, with room for `spare` (relative) more copies; None without.

        `fewest` are paid for anyway, `most` are quotas; patterns that are not known yet could make it cheaper.
        """
        fleet = self._relaxation.fleet
        self._bought.limit(most, fewest)
        self._bought.ask_for([c.required * (1 + spare) for c in fleet.components], {}, 1 + spare)
        if not self._bought.solve(budget.left()) or self._bought.beyond():
            return None
        return self._bought.counts()

    def lacking(self, machines: Sequence[float], budget: Budget) -> Cut | None:
        """A cut that these counts, whole or not, break; None when there is room for all, or no answer in time."""
        program = self._free
        program.limit(machines)
        for _ in range(_ROUNDS):
            if not program.solve(budget.left()) or not program.beyond():
                return None
            duals = program.duals()
            prices = program.prices(duals)
            most = [knapsack.best_pattern(prices.touch[q])[0] for q, knapsack in self._knapsacks.items()]
            device = [max(pair) for pair in zip(most, prices.device, strict=True)]
            cut = certify(self._relaxation, prices, device)
            if sum(worth * n for worth, n in zip(cut.worth, machines, strict=True)) < cut.least:
                return cut
            if not program.improve(duals, prices, self._knapsacks):
                return None
        return None
