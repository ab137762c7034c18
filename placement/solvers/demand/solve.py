"""The front door of the solver `demand`, and counts near the bound: proven and packed in turns.

1. The count program, to about its bound.
2. Counts as a fleet of their own, without demands (`reductions.counted`), packed (`packing`). Where that can't be done,
   other counts are looked for.
3. The program to its end, from the counts at hand; better ones are packed, too. Then the best plan is improved.

Where the program's counts are far from its bound, steps 2 and 3 are left to `rounds`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from placement.bounds.infeasible import why_infeasible
from placement.bounds.instant import raise_instant_bounds
from placement.heuristics.first_plan import first_plan
from placement.patterns.counts.bound import TOO_FEW, CountBound, raise_count_bound
from placement.patterns.counts.program import Counts
from placement.patterns.counts.search import CountSearch
from placement.patterns.counts.weights import Weights
from placement.patterns.formulation import relax
from placement.patterns.size import TOO_LARGE, may_build
from placement.solvers.demand.packing import NAME, CountPacking
from placement.solvers.demand.rounds import CountRounds, improve_in_turns
from placement.solvers.parameters import DemandParameters as _PARAMS
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.parameters import option
from placement.solving.result import Outcome, Stop
from placement.solving.schedule import SCHEDULE

__all__ = ["NAME", "DemandOptions", "solve_demand"]

NO_DEMAND = "no component has a demand; use auto"
_PHASE = SCHEDULE.demand


@dataclass(frozen=True, slots=True)
class DemandOptions:
    """How counted copies are packed."""

    solver: str = option("auto", "the solver that packs the counted copies, where packing pool by pool fails.")

    def __post_init__(self) -> None:
        if self.solver == NAME:
            raise ValueError(f"the counts can't be packed by {NAME} again")


def solve_demand(solve: Solve, *, options: DemandOptions = DemandOptions()) -> Outcome:
    """Count, pack, prove; see the module's text."""
    fleet, budget = solve.fleet, solve.budget
    if not fleet.has_demand:
        return Outcome(NAME, solve.why_stop() or Stop.STUCK, reason=NO_DEMAND)
    if (reason := why_infeasible(fleet, budget)) is not None:
        return Outcome(NAME, Stop.PROVED, infeasible=True, reason=reason)
    first_plan(solve)
    raise_instant_bounds(solve)
    if not may_build(fleet, budget):
        return Outcome(NAME, solve.why_stop() or Stop.STUCK, reason=TOO_LARGE)
    return _Search(solve, options).run()


class _Search:
    """One solve: the count program, and which of its counts were packed."""

    def __init__(self, solve: Solve, options: DemandOptions) -> None:
        self._solve = solve
        self._relaxation = relax(solve.fleet, solve.left_out)
        self._packing = CountPacking(solve, self._relaxation, options.solver)

    def run(self) -> Outcome:
        """Until the bound is met, or nothing is left to try."""
        solve, budget = self._solve, self._solve.budget
        found = raise_count_bound(solve, self._relaxation)
        counting, search = found[-1], self._search(found)
        if not search.begun or counting.near:
            self._to_the_end(counting, search)
        else:
            CountRounds(solve, found[0], search, self._packing).run()
        if solve.packing is not None and not self._packing.over:
            improve_in_turns(solve, budget, 1)
        stats: dict[str, int | float | str] = {
            "packed": len(self._packing.tried),
            "programs": counting.programs + search.programs,
        }
        if counting.infeasible and solve.left_out is None and solve.packing is None:
            return Outcome(NAME, Stop.PROVED, infeasible=True, reason=TOO_FEW, stats=stats)
        return Outcome(NAME, solve.why_stop() or (Stop.STUCK if solve.packing is None else Stop.DONE), stats=stats)

    def _search(self, found: Sequence[CountBound]) -> CountSearch:
        """A search for counts that have a packing; it has some unless the bound's are good, or there are none."""
        budget = self._solve.budget
        choices = frozenset(choice for one in found for choice in one.choices)
        seconds = _PHASE.cheaper.program.of(_PHASE.cheaper.of(budget)).remaining()
        search = CountSearch(self._packing.pools, choices, seconds, weights=_by_pool(found))
        if choices and not self._packing.over and not found[-1].near:
            search.run(_PHASE.begin.of(budget))
        return search

    def _to_the_end(self, counting: CountBound, search: CountSearch) -> None:
        """The program to its end, its counts packed."""
        budget, whole = self._solve.budget, False
        while not self._packing.over:
            before = counting.counts
            counting.prove((_PHASE.finish if whole else _PHASE.prove).of(budget))
            counting.report(self._solve.incumbent)
            if whole and counting.counts == before:
                return
            # Where the cheapest counts were packed as they are, cheaper ones are all that is left to look for.
            limits = _PHASE.pack.of(budget)
            fits = not self._packing.over and self._pack(counting.counts, search, limits, by_pool=not counting.merges)
            whole = fits or counting.counts == before

    def _pack(self, counts: Counts | None, search: CountSearch, budget: Budget, *, by_pool: bool) -> bool:
        """Pack the cheapest counts; where they have no packing, those of a search. Says whether the former have one."""
        for each in range(_PARAMS.tries):
            if counts is None or counts in self._packing.tried or self._packing.too_dear(counts):
                return False
            if self._packing.over or budget.over():
                return False
            if self._packing.pack(counts, _PHASE.pack.one.of(budget), by_pool=by_pool):
                return not each
            search.run(_PHASE.pack.other.of(budget))
            counts, by_pool = search.counts, True
        return False


def _by_pool(found: Iterable[CountBound]) -> Iterable[Weights]:
    """The inequalities of programs that count alike pools together, for each of these pools."""
    return dict.fromkeys(
        replace(weights, pool=p) for one in found for weights in one.weights for p in one.merging.groups[weights.pool]
    )
