"""Cheaper and cheaper counts that have a packing, round by round; beside them the whole program, then the bound.

The rounds use small neighbourhoods (`patterns.counts.search`), and pack what they find at once: counts that can't be
packed are mended with more room on the pools that have too little. The program of all components at once has better
solutions than they do, but takes 10 to 20 seconds to find some at 100 components, so it goes on in a thread where there
is a second core, and each of its solutions is mended in a round.
"""

import math
from itertools import count

from placement.local_search.variable_neighbourhood import VariableNeighbourhoodSearch
from placement.parallel.thread import BackgroundSearch, may_search_in_background
from placement.patterns.counts.bound import CountBound
from placement.patterns.counts.program import Counts
from placement.patterns.counts.search import CountSearch
from placement.solvers.demand.packing import CountPacking
from placement.solvers.parameters import DemandParameters as _PARAMS
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.schedule import SCHEDULE

_PHASE = SCHEDULE.demand


class CountRounds:
    """The rounds of one solve. `counting` is the bound that is brought to its end beside them, or after them."""

    def __init__(self, solve: Solve, counting: CountBound, search: CountSearch, packing: CountPacking) -> None:
        self._solve, self._counting, self._search, self._packing = solve, counting, search, packing
        self._seconds = _PHASE.cheaper.of(solve.budget).remaining()
        self._found: list[Counts] = []  # solutions of the whole program that no round has looked at
        self._unpacked: set[Counts] = set()  # counts that could not be packed for their price

    def run(self) -> None:
        """Until the bound is met, the time is up, or many rounds in a row have found nothing."""
        budget = self._solve.budget
        beside = BackgroundSearch(self._search_beside, budget) if may_search_in_background(budget) else None
        idle = 0
        for seed in count():
            part = self._part()
            if self._packing.over or part.remaining() < _PARAMS.shortest * self._seconds or idle > _PARAMS.tries:
                break
            if beside is None and idle == 1:
                self._search.whole(_PHASE.whole.of(budget), self._tell)()
            found, self._found = self._found, []
            if found:
                self._search.mend(part, found[-1])
            else:
                self._search.improve(part, seed)
            counts = self._search.counts
            idle = 0 if counts is not None and self._packed(counts) else idle + 1
            if idle == 1:
                self._improve(seed)
        if beside is None:
            self._prove(_PHASE.finish.of(budget))
        elif beside.ended or not self._packing.over:
            beside.end()

    def _part(self) -> Budget:
        """The time of one search."""
        return self._solve.budget.share(seconds=self._seconds)

    def _packed(self, counts: Counts) -> bool:
        """Pack counts that were not packed before and may give a better plan; says whether there were such.

        Those that have no packing are mended, and what has one is where the search goes on.
        """
        budget, search, packing = self._solve.budget, self._search, self._packing
        if counts in self._unpacked:
            self._begin_again()
            return False
        if self._packing.over or counts in packing.tried or packing.too_dear(counts):
            return False
        if not packing.pack(counts, _PHASE.try_to_pack.of(budget), by_pool=True):
            self._unpacked.add(counts)
            self._begin_again()
            search.mend(self._part(), counts)
        return True

    def _begin_again(self) -> None:
        """At the counts of the best plan: they have a packing."""
        if self._solve.packing is not None:
            self._search.begin_at(self._solve.packing)

    def _improve(self, seed: int) -> None:
        if self._solve.packing is None:
            return
        limits = _PHASE.improve.of(self._solve.budget)
        before = self._solve.packing
        improve_in_turns(self._solve, limits, seed)
        if self._solve.packing is not before:
            self._begin_again()

    def _search_beside(self) -> None:
        """The whole program, again from what the rounds have made of its solutions; then the bound to its end."""
        budget = self._solve.budget
        for _ in range(_PARAMS.wholes):
            if not self._packing.over:
                self._search.whole(_PHASE.whole.of(budget), self._tell, self._packing.cut_short)()
        self._prove(_PHASE.beside.of(budget))

    def _tell(self, counts: Counts) -> None:
        self._found.append(counts)

    def _prove(self, budget: Budget) -> None:
        """Bring the bound to its end, and tell of it."""
        if not self._packing.over:
            self._counting.prove(budget, self._packing.cut_short)
            self._counting.report(self._solve.incumbent)


def improve_in_turns(solve: Solve, budget: Budget, seed: int) -> None:
    """Improve the best plan machine by machine."""
    search = VariableNeighbourhoodSearch(solve.within(budget, seed=solve.seed + seed))
    search.run(budget, math.inf)
