"""Machine counts with spare capacity, as far as the pattern LP can tell.

The cuts at the end of the pattern bound were found at the machine counts that it visited. At counts with spare capacity
they may miss what is scarce there, such as the small machines of one zone. So the LP is asked again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.patterns.benders import MixSeparation
from placement.patterns.group_rows import add_group_rows
from placement.patterns.master import PatternProgram

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.compiled.fleet import Fleet
    from placement.patterns.formulation import Relaxation
    from placement.patterns.master import Pattern
    from placement.solving.budget import Budget


class SpareCapacity(MixSeparation):
    """Room at given machine counts, and the cheapest counts that have it."""

    def __init__(self, relaxation: Relaxation, patterns: Sequence[Pattern], fleet: Fleet | None = None) -> None:
        """O(patterns). `fleet` has the limits and commitments of these counts, if not that of the relaxation."""
        super().__init__(relaxation, patterns)
        self._priced = PatternProgram(relaxation)
        add_group_rows(self._priced.solver, fleet or relaxation.fleet)
        self._priced.add_patterns(patterns)

    def cheapest(
        self, fewest: Sequence[float], most: Sequence[float], spare: float, budget: Budget
    ) -> list[float] | None:
        """The cheapest counts, parts of machines allowed, with room for `spare` (relative) more copies; None without.

        `fewest` are paid for anyway, `most` are quotas; patterns that are not known yet could make it cheaper.
        """
        fleet = self.relaxation.fleet
        self._priced.limit(most, fewest)
        self._priced.ask_for([c.required * (1 + spare) for c in fleet.components], {}, 1 + spare)
        if not self._priced.solve(budget.left()) or self._priced.uses_artificials():
            return None
        return self._priced.counts()
