"""A fleet with its committed machines as pools, solved for the whole: plans and bounds are handed on as they come.

The rewrite relaxes and restricts nothing, so what holds of the one holds of the other.
"""

from collections.abc import Callable

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Packing
from placement.reductions.free_machines import FreeMachines
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent

Given = tuple[int, ...] | None


class HandingOn(Incumbent):
    """As `Incumbent`; what is taken here is reported to `whole` too, plans as `lift` makes them."""

    def __init__(self, fleet: Fleet, budget: Budget, whole: Incumbent, lift: Callable[[Packing], Packing]) -> None:
        super().__init__(fleet, budget, strict=whole.strict, hear=lambda packing, by: whole.offer(lift(packing), by))
        self._outer = self._whole = whole

    def raise_bound(self, ticks: int, by: str, given: Given = None, relaxes: str = "") -> None:
        super().raise_bound(ticks, by, given, relaxes)
        self._whole.raise_bound(ticks, by, given, relaxes)

    def raise_left_out(self, level: int, value: int, by: str, given: Given = None) -> None:
        super().raise_left_out(level, value, by, given)
        self._whole.raise_left_out(level, value, by, given)

    @property
    def good_enough(self) -> bool:
        """Whether that of either is: others may search for a plan of the whole, too."""
        return super().good_enough or self._whole.good_enough


def hands_on(solve: Solve) -> bool:
    """Whether a solve is of such a fleet, for the whole."""
    return isinstance(solve.incumbent, HandingOn)


def handing_on(solve: Solve, free: FreeMachines) -> Solve:
    """The same solve on the rewritten fleet, from the best plan so far. O(machines)."""
    incumbent = HandingOn(free.fleet, solve.budget, solve.incumbent, free.lift)
    if solve.packing is not None:
        incumbent.offer(free.dealt_out(solve.packing), solve.incumbent.found_by)
    return Solve(free.fleet, incumbent, solve.budget, solve.seed)
