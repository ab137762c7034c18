"""A plan of a whole solution of which some parts are packed and others not: what is missing brought in, then widened.

Local search brings copies in that are still unassigned, on the machines of the solution; what it can't assign goes on
any machines more (`local_search.completion`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.compiled.broken_rule import broken_rule
from placement.compiled.packing import evaluate
from placement.heuristics import partial_packing_of
from placement.local_search.completion import Completion
from placement.local_search.refill import bring_in
from placement.reductions.limits import AtFleetMix
from placement.reductions.required import RequiredAtLeast
from placement.solvers.column_generation.penalties import left_out_penalties
from placement.solving.schedule import SCHEDULE

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence

    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Machine, Packing
    from placement.heuristics import PartialPacking
    from placement.solving.budget import Budget
    from placement.solving.context import Solve

_TIME = SCHEDULE.column_generation.whole_solutions


class SolutionCompletion:
    """Completes solutions for one solve, of a reduction of its fleet in which losses of an instance are caps."""

    def __init__(self, solve: Solve, fleet: Fleet, lift: Callable[[Packing], Packing | None]) -> None:
        """What all completions share; `lift` makes a plan of a packing of the reduced `fleet`. O(modes x pools)."""
        self._solve, self._fleet, self._lift = solve, fleet, lift
        self._completion = Completion(fleet, solve.seed)
        self._penalties = left_out_penalties(fleet)

    def run(
        self,
        machines: tuple[int, ...],
        packed: Packing,
        wanted: Counter[int],
        budget: Budget,
        held: Sequence[Machine] = (),
    ) -> Packing | None:
        """The cheapest plan of the solve's fleet that comes of it; None where none keeps every rule.

        Parameters
        ----------
        machines : by pool, those of the solution.
        packed : what stands there.
        wanted : copies by component, as the solution has them.
        held : copies that had better stay where they are.
        """
        starts = [packed]
        if (filled := self._filled(machines, packed, wanted, held, _TIME.fill.of(budget))) is not None:
            starts.append(filled.packing)
        found = (self._completion.run(start, wanted, budget) for start in starts)
        plans = (self._lift(packing) for packing in found if packing is not None)
        fair = [plan for plan in plans if plan is not None and not broken_rule(self._solve.fleet, plan)]
        return min(fair, key=lambda plan: evaluate(self._solve.fleet, plan), default=None)

    def _filled(
        self,
        machines: tuple[int, ...],
        packed: Packing,
        wanted: Counter[int],
        held: Sequence[Machine],
        budget: Budget,
    ) -> PartialPacking | None:
        """More of the copies, on these machines. The search does not know rules over the whole plan."""
        narrow = AtFleetMix.of(RequiredAtLeast.of(self._fleet, wanted).fleet, machines).fleet
        start = partial_packing_of(self._completion.load(narrow, packed))
        if start is None:
            return None
        return bring_in(narrow, start, self._solve.within(budget), self._penalties, held=held)
