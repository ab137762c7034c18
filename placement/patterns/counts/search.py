"""Counts that have a packing, at a low cost: heuristics, whose result proves nothing.

A solution of the program breaks inequalities that are only found now. It gets as many machines more as these ask for;
or the program is solved again with them, where quotas do not let it. Only what copies run by in solutions of the
bound's program is looked at, and each pool is counted by itself: what alike pools hold together, none of them may have
in one piece. From there a large-neighbourhood search goes on: some components are counted anew, all others keep their
copies. How many is adapted: fewer where the engine does not come to its end, more where it finds nothing. The whole
program has no good solution in so short a time, and one that begins with a mediocre solution keeps it
(docs/notes/2026-11-demand.md).

Shaw, "Using constraint programming and local search methods to solve vehicle routing problems", CP 1998,
doi:10.1007/3-540-49481-2_30; with a mixed-integer program in place of the constraint program.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from placement.patterns.counts.model import CountModel
from placement.patterns.counts.program import Counts, Merging
from placement.patterns.parameters import PATTERNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Set

    from placement.compiled.packing import Packing
    from placement.patterns.counts.model import Choice
    from placement.patterns.formulation import Relaxation
    from placement.solving.budget import Budget

_PARAMS = PATTERNS.counts


class CountSearch:
    """The search of one relaxation; `counts` are the cheapest so far that break no inequality that could be found."""

    def __init__(
        self,
        relaxation: Relaxation,
        choices: Set[Choice],
        seconds: float,
        spare: Mapping[int, float] | None = None,
    ) -> None:
        """O(modes). `choices` are all that copies may run by; each program has so many `seconds`.

        On pools in `spare` so much of the room of accelerators that copies share is left free.
        """
        self.counts: Counts | None = None
        self._before: Counts | None = None  # those that a plan's took the place of
        self.programs = 0
        self._choices, self._seconds = choices, seconds
        self._free = _PARAMS.free  # part of the components that are counted anew at a time
        self._model = CountModel(relaxation, Merging.none(relaxation.fleet), choices=choices, spare=spare)
        self._separated = False
        self._tight: tuple[int, ...] = ()  # pools where counts had no packing
        self._answered = False  # whether a program had a solution since the search began to improve

    def with_spare(self, spare: float) -> CountSearch:
        """A search for counts that leave so much room free everywhere, with the inequalities and counts of this one."""
        pools = {pool.index: spare for pool in self._model.relaxation.fleet.pools}
        other = CountSearch(self._model.relaxation, self._choices, self._seconds, pools)
        other._model.weights, other._separated = list(self._model.weights), True
        other.counts = None if self.counts is None else other._repaired(self.counts)
        return other

    def loosen(self, pools: Iterable[int] | None = None) -> None:
        """Leave more room free on these pools from now on, or on those of last time: counts had no packing there."""
        spare = self._model.spare
        self._tight = self._tight if pools is None else tuple(pools)
        for p in self._tight:
            spare[p] = min(_PARAMS.most_spare, max(_PARAMS.least_spare, spare.get(p, 0.0) * _PARAMS.more_spare))

    def begin_at(self, packing: Packing) -> None:
        """Take the counts of a plan, and what its copies run by."""
        model = self._model
        counts = model.counts_of(packing)
        self._choices = self._choices | model.choices_of(counts.copies)
        self._model = CountModel(model.relaxation, model.merging, choices=self._choices, spare=model.spare)
        self._model.weights = list(model.weights)
        self._before, self.counts = self.counts, counts

    def run(self, budget: Budget) -> None:
        """Find counts, from nothing."""
        if not self._separated:
            self._model.separate(budget)
            self._separated = True
        for _ in range(_PARAMS.mending):
            if self.counts is not None or budget.over():
                return
            self._ask(budget, None)

    def improve(self, budget: Budget, seed: int) -> None:
        """Cheaper counts from those at hand, until the time is up or many neighbourhoods in a row have none."""
        rng = random.Random(seed)
        placed = sorted({mode.component for mode in self._model.relaxation.modes})
        failures, self._answered = 0, False
        while self.counts is not None and failures < _PARAMS.failures and not budget.over():
            free = frozenset(rng.sample(placed, math.ceil(self._free * len(placed))))
            failures = 0 if self._better(budget, free) else failures + 1
        if failures and not self._answered:
            # The counts at hand have no such room, or are none of the program's, and no neighbourhood mends that.
            self._model.spare.clear()
            self.counts = self._before or self.counts

    def _better(self, budget: Budget, free: frozenset[int]) -> bool:
        """Count some components anew; says whether that is cheaper."""
        before = self.counts
        for _ in range(_PARAMS.mending):
            if budget.over() or not self._ask(budget, free) or self.counts is not before:
                break
        return self.counts is not before

    def _ask(self, budget: Budget, free: frozenset[int] | None) -> bool:
        """One program; says whether it has a solution, which is taken if it is cheaper with what it breaks repaired."""
        self.programs += 1
        known = None if free is None else self.counts
        nodes = _PARAMS.nodes if budget.work is None else budget.work
        limits = budget.share(seconds=self._seconds, work=budget.work)
        found, ended = self._model.program().find(limits, nodes, known, free or frozenset())
        self._answered = self._answered or found is not None
        if not ended and known is not None:
            self._free = max(_PARAMS.least_free, self._free * _PARAMS.narrower)
        if found is None or self._is_dearer(found):
            if ended and known is not None:
                self._free = min(1.0, self._free * _PARAMS.wider)
            return False
        repaired = self._repaired(found)
        if repaired is not None and not self._is_dearer(repaired):
            self.counts = repaired
        return True

    def _is_dearer(self, counts: Counts) -> bool:
        """Whether counts cost no less than those at hand."""
        return self.counts is not None and self._model.price(counts) >= self._model.price(self.counts)

    def _repaired(self, counts: Counts) -> Counts | None:
        """The same copies on as many machines more as they need; what they broke is known from then on."""
        model = self._model
        for _ in range(_PARAMS.mending):
            known = set(model.weights)
            broken = [weights for weights in model.broken(counts.machines, counts.copies) if weights not in known]
            model.weights += broken
            program = model.program()
            more = program.machines_for(counts)
            if more is None or (not broken and more == counts):
                return more
            counts = more
        return None
