"""Settle a box of the tree at once: list all patterns within its gap and solve the integer program over them.

The smaller the gap of a box, the fewer patterns can stand in a better plan; where they are few, that is quicker than
branching, and it knows of whole copies and whole accelerators, which the tree does not branch on (in routing such boxes
are called enumerated: Pessoa, Sadykov, Uchoa and Vanderbeck 2020, *A generic exact solver for vehicle routing and
related problems*, Math. Prog. 183). Where patterns are too many the program is asked about cheaper plans alone: that
there are none raises the bound, too.
"""

from __future__ import annotations

import operator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from placement.bounds.moves import least_move_ticks
from placement.patterns.branch_and_price import Relaxed
from placement.patterns.certificate import device_worth
from placement.patterns.enumeration.listing import list_patterns
from placement.patterns.enumeration.program import WholeProgram
from placement.patterns.enumeration.reduced_costs import reduce_box
from placement.patterns.history import Verdict
from placement.solving.schedule import SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.patterns.certificate import Box, Groups
    from placement.patterns.enumeration.reduced_costs import Reduced
    from placement.patterns.formulation import Relaxation
    from placement.patterns.master import Pattern
    from placement.patterns.multiplicity import Stacking
    from placement.patterns.pricing import Knapsack
    from placement.solving.budget import Budget

MOST_PATTERNS = 2_000  # of one program
_PARTS = (1.0, 0.5)  # of the gap, to ask about
_NARROWER, _WIDER = 0.7, 1.02  # than a gap with too many patterns; that, after each box that is passed over
_NODES = 200  # of one program's search
_ABOUT = "machines, copies and patterns of this node, with every pattern that a plan of so little rent can have"


class Settling:
    """Decides nodes of one relaxation by enumerating patterns."""

    def __init__(self, relaxation: Relaxation, groups: Groups, stacking: Stacking, most: int = MOST_PATTERNS) -> None:
        """Nothing is done yet; `most` patterns are as many as one program may have."""
        self._relaxation = relaxation
        self._groups = groups
        self._stacking = stacking
        self._most = most
        self._widest: int | None = None  # the gap, about, within which patterns are few enough; None: not known yet
        self.programs = 0  # solved so far

    def settle(
        self, box: Box, relaxed: Relaxed, knapsacks: Sequence[Knapsack], money: int, budget: Budget
    ) -> Relaxed | None:
        """What is known of a box when plans do not count whose machines cost more than `money` (`bounds.cutoff`).

        None when no more than before. `knapsacks`, (kinds,), have the limits that hold in the box. Where no plan with
        machines of at most `money` is left the answer has nothing to branch on.
        """
        gap, prices = money - relaxed.bound, relaxed.prices
        if prices is None or not self._worth_a_try(gap):
            return None
        device = device_worth(self._relaxation, prices, knapsacks)
        for part in _PARTS:
            aim = relaxed.bound + int(gap * part)
            closed = Relaxed(aim + 1, (), feasible=False) if aim >= money else replace(relaxed, bound=aim + 1)
            reduced = reduce_box(self._relaxation, self._groups, prices, device, box, aim)
            if reduced is None:
                return closed
            patterns = self._list(reduced, knapsacks, budget)
            if patterns is not None:
                return self._solve(box, reduced, patterns, aim, relaxed, closed, budget)
            self._widest = int(_NARROWER * part * gap)
        return None

    def _worth_a_try(self, gap: int) -> bool:
        """Whether patterns may be few enough within a part of the gap, as far as earlier boxes tell."""
        if self._widest is None or _PARTS[-1] * gap < self._widest:
            return True
        self._widest = int(self._widest * _WIDER) + 1
        return False

    def _list(self, reduced: Reduced, knapsacks: Sequence[Knapsack], budget: Budget) -> list[Pattern] | None:
        """All patterns that may stand in a plan; None when there are too many."""
        found: list[Pattern] = []
        for kind, knapsack in zip(self._relaxation.kinds, knapsacks, strict=True):
            values, least = reduced.items[kind.index], reduced.least[kind.index]
            if least is None:
                continue
            here = list_patterns(kind, knapsack, values, least, self._most - len(found))
            if here is None or budget.over():
                return None
            found += [(kind.index, tuple(sorted(pattern.items()))) for pattern in here]
        return found

    def _solve(
        self,
        box: Box,
        reduced: Reduced,
        patterns: list[Pattern],
        aim: int,
        relaxed: Relaxed,
        closed: Relaxed,
        budget: Budget,
    ) -> Relaxed:
        """What the program over these patterns says: `closed` when there is no solution of at most `aim`."""
        self.programs += 1
        program = WholeProgram(self._relaxation, self._groups, box, reduced, patterns)
        answer = program.solve(aim, SCHEDULE.column_generation.bound.listed.of(budget), _NODES)
        if answer.bound is None:
            return replace(closed, verdict=self._verdict(program, closed.bound))
        verdict = self._verdict(program, answer.bound)
        prices = (pool.price for pool in self._relaxation.fleet.pools)
        if not answer.machines or answer.bound < sum(map(operator.mul, answer.machines, prices)):
            return replace(relaxed, bound=max(relaxed.bound, answer.bound), verdict=verdict)
        counts = (*answer.machines, *(sum(answer.machines[p] for p in group) for group in self._groups))
        sums = tuple(float(sum(answer.copies[w] for w in ways)) for ways in self._relaxation.sums)
        most = self._stacking.limits(box.sums)
        stacked = self._stacking.stacked(sums, most, zip(patterns, answer.amounts, strict=True))
        found = Relaxed(answer.bound, tuple(map(float, counts)), feasible=True, sums=sums, stacked=stacked)
        return replace(found, verdict=verdict)

    def _verdict(self, program: WholeProgram, rent: int) -> Verdict:
        """That no plan in the box pays less than `rent` for machines, as the program of less has no solution."""
        fleet = self._relaxation.fleet
        ticks = fleet.tick_price * rent + least_move_ticks(fleet)
        return Verdict("HiGHS", ticks, partial(program.to_mps, rent - 1), _ABOUT)
