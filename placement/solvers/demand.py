"""The solver `demand`: how many copies by which option, by an integer program; then packed as fixed counts.

A component with a demand may run in many modes, and what it costs depends on all of them together: a few copies on dear
accelerators for most of the demand and one on a cheap one for the rest. That is a question of counts, and a small one.

1. The count program (`patterns.counts`): copies of each component by each option on each pool, machines of each pool,
   quotas, spread rules. Its bound is one of all plans; its counts cost little.
2. These counts as a fleet of their own, without demands (`reductions.counted`), packed by another solver. It is told
   the bound, and ends when it has packed them for their price. Where that can't be done, other counts are looked for
   that leave more room free on accelerators that copies share.
3. The program to its end, from the counts at hand; better ones are packed, too. Then the best plan is improved.

A fleet without demands ends at once, with the reason.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from placement.bounds.infeasible import why_infeasible
from placement.bounds.instant import raise_instant_bounds
from placement.heuristics.first_plan import first_plan
from placement.local_search.variable_neighbourhood import VariableNeighbourhoodSearch
from placement.patterns.counts.bound import NAME as BOUND_NAME
from placement.patterns.counts.bound import RELAXES, TOO_FEW, CountBound, Counts, raise_count_bound
from placement.patterns.formulation import relax
from placement.patterns.size import TOO_LARGE, may_build
from placement.reductions.base import Chain
from placement.reductions.counted import Counted
from placement.reductions.greenfield import Greenfield
from placement.solvers.parameters import SOLVER_PARAMETERS
from placement.solvers.registry import find_solver
from placement.solving.result import Outcome, Stop
from placement.solving.schedule import SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.compiled.packing import Packing
    from placement.solving.budget import Budget
    from placement.solving.context import Solve

NAME = "demand"
NO_DEMAND = "no component has a demand; use auto"
_PHASE = SCHEDULE.demand
_PARAMS = SOLVER_PARAMETERS.demand


@dataclass(frozen=True, slots=True)
class DemandOptions:
    """Who packs.

    Attributes
    ----------
    solver : that packs the counts.
    """

    solver: str = "auto"

    def __post_init__(self) -> None:
        """Refuse a solver that would call itself."""
        if self.solver == NAME:
            raise ValueError(f"the counts can't be packed by {NAME} again")


def solve_demand(
    solve: Solve,
    *,
    hint: Packing | None = None,
    options: DemandOptions = DemandOptions(),
) -> Outcome:
    """Count, pack, prove; see the module's text."""
    fleet, budget = solve.fleet, solve.budget
    if hint is not None:
        solve.incumbent.offer(hint, NAME)
    if not any(c.demand for c in fleet.components):
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
        self._solve, self._fleet, self._options = solve, solve.fleet, options
        self._relaxation = relax(solve.fleet, solve.left_out)
        self._packed: set[Counts] = set()

    def run(self) -> Outcome:
        """Until the bound is met, or nothing is left to try."""
        solve, budget = self._solve, self._solve.budget
        found = raise_count_bound(solve, self._relaxation)
        counting, search = found[-1], self._by_pool(found)
        whole = False
        while not self._over:
            before = search.counts
            search.prove((_PHASE.finish if whole else _PHASE.prove).of(budget, budget.work))
            if search is counting:
                counting.report(solve.incumbent)
            if whole and search.counts == before:
                break
            # Where the cheapest counts were packed as they are, cheaper ones are all that is left to look for.
            fits = not self._over and self._pack(search, _PHASE.pack.of(budget, budget.work))
            whole = fits or search.counts == before
        if solve.packing is not None and not self._over:
            polish = VariableNeighbourhoodSearch(solve.within(budget, seed=solve.seed + 1))
            polish.run(budget, _PARAMS.steps if budget.work is None else _PARAMS.steps_by_work)
        stats: dict[str, int | float | str] = {"packed": len(self._packed), "programs": counting.programs}
        if counting.infeasible and solve.left_out is None and solve.packing is None:
            return Outcome(NAME, Stop.PROVED, infeasible=True, reason=TOO_FEW, stats=stats)
        return Outcome(NAME, solve.why_stop() or (Stop.STUCK if solve.packing is None else Stop.DONE), stats=stats)

    @property
    def _over(self) -> bool:
        """Whether no more can be done here: money is proven, though how few copies are left out may not be."""
        return self._solve.ended or self._solve.incumbent.gap() == 0.0

    def _by_pool(self, found: Sequence[CountBound]) -> CountBound:
        """Where pools are alike: a search for counts by pool, among the options of the counts that were found.

        What alike pools hold together, none of them may have in one piece. Where there are no such counts, as quotas of
        single zones may not allow them, the last of those that were found.
        """
        if len(found) > 1 and not self._over and any(counting.counts is not None for counting in found):
            by_pool = CountBound(self._relaxation, among=found)
            by_pool.run(_PHASE.by_pool.of(self._solve.budget, self._solve.budget.work))
            if by_pool.counts is not None:
                return by_pool
        return found[-1]

    def _pack(self, counting: CountBound, budget: Budget) -> bool:
        """Pack the cheapest counts, then such that leave more and more room free, or less after what could be packed.

        Says whether the cheapest counts were packed as they are.
        """
        spare, counts = 0.0, counting.counts
        for _ in range(_PARAMS.tries if budget.work is None else _PARAMS.tries_by_work):
            if counts is None or counts in self._packed or spare > _PARAMS.most_spare:
                return False
            if self._over or budget.over() or self._too_dear(counts):
                return False
            self._packed.add(counts)
            fits = self._pack_counts(counts, _PHASE.pack.one.of(budget, budget.work))
            if not self._shares or (fits and not spare):
                return fits
            spare = spare * _PARAMS.less if fits else max(_PARAMS.least_spare, spare * _PARAMS.more)
            search = counting.with_spare(spare)
            search.run(_PHASE.pack.other.of(budget, budget.work))
            counts = search.counts
        return False

    def _too_dear(self, counts: Counts) -> bool:
        """Whether the machines alone cost as much as the best plan: packed, these counts would be no better one."""
        best = self._solve.value
        return best is not None and not any(best.left_out) and self._ticks(counts) >= best.ticks

    def _ticks(self, counts: Counts) -> int:
        """What the machines of counts cost."""
        price = sum(n * pool.price for n, pool in zip(counts.machines, self._fleet.pools, strict=True))
        return self._fleet.tick_price * price

    @property
    def _shares(self) -> bool:
        """Whether copies share accelerators at all: only then is there room to leave free."""
        return any(mode.touches for mode in self._relaxation.modes)

    def _pack_counts(self, counts: Counts, budget: Budget) -> bool:
        """Pack counts by another solver; says whether they need no more machines than they should."""
        copies: Counter[tuple[int, int, int]] = Counter()
        for mode, n in zip(self._relaxation.modes, counts.copies, strict=True):
            copies[mode.component, mode.option, mode.zone] += n
        greenfield = partial(Greenfield.of, best=self._solve.value)
        chain = Chain.of(self._fleet, greenfield, partial(Counted.of, copies=copies))
        if chain is None:
            return False
        inner = self._solve.within(budget).reduced(chain.fleet, work=budget.work)
        ticks = self._ticks(counts)
        self._ask(inner, ticks)
        if inner.packing is not None:
            lifted = chain.lift(inner.packing)
            if lifted is not None:
                self._solve.incumbent.offer(lifted, NAME)
        return inner.value is not None and not any(inner.value.left_out) and inner.value.ticks <= ticks

    def _ask(self, inner: Solve, ticks: int) -> None:
        """The packing solver, until the counts are packed for so many ticks, its time is up, or it has no more to try.

        It ends at a gap to its own bound. When that rises meanwhile, the plan may still be too dear: then again.
        """
        solver = find_solver(self._options.solver)
        known = self._solve.incumbent.ticks_bound
        if known is not None and not self._fleet.levels and not any(self._fleet.running):  # moves are in the bound
            inner.incumbent.raise_bound(known, BOUND_NAME, relaxes=RELAXES)
        raise_instant_bounds(inner)
        for _ in range(_PARAMS.again):
            bound = inner.incumbent.ticks_bound or 0
            gap = max(inner.budget.gap, 1 - bound / ticks if ticks else 0.0)
            part = inner.within(inner.budget.share(gap=gap, work=inner.budget.work))
            solver.load()(part, hint=inner.packing, options=solver.make_options({}))
            best = inner.value
            if best is None or best.ticks <= ticks or inner.incumbent.ticks_bound == bound or inner.ended:
                return
