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
from typing import TYPE_CHECKING

from placement.bounds.infeasible import why_infeasible
from placement.bounds.instant import raise_instant_bounds
from placement.compiled.packing import Machine, Packing, machine_price
from placement.compiled.spread import keeps_zone_rules
from placement.heuristics.first_plan import first_plan
from placement.local_search.variable_neighbourhood import VariableNeighbourhoodSearch
from placement.parallel.thread import BackgroundSearch, may_search_in_background
from placement.patterns.counts.bound import NAME as BOUND_NAME
from placement.patterns.counts.bound import RELAXES, TOO_FEW, CountBound, raise_count_bound
from placement.patterns.counts.search import CountSearch
from placement.patterns.formulation import relax
from placement.patterns.size import TOO_LARGE, may_build
from placement.reductions.counted import Counted
from placement.reductions.greenfield import Greenfield
from placement.reductions.zone import OneZone
from placement.solvers.parameters import SOLVER_PARAMETERS
from placement.solvers.registry import find_solver
from placement.solving.result import Outcome, Stop
from placement.solving.schedule import SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from placement.compiled.fleet import Fleet
    from placement.patterns.counts.program import Counts
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
        counting, search = found[-1], self._search(found)
        if search.counts is None or counting.near:
            self._to_the_end(counting, search)
        else:
            self._in_rounds(search, found[0])
        if solve.packing is not None and not self._over:
            self._polish(budget, 1)
        stats: dict[str, int | float | str] = {
            "packed": len(self._packed),
            "programs": counting.programs + search.programs,
        }
        if counting.infeasible and solve.left_out is None and solve.packing is None:
            return Outcome(NAME, Stop.PROVED, infeasible=True, reason=TOO_FEW, stats=stats)
        return Outcome(NAME, solve.why_stop() or (Stop.STUCK if solve.packing is None else Stop.DONE), stats=stats)

    @property
    def _over(self) -> bool:
        """Whether no more can be done here: money is proven, though how few copies are left out may not be."""
        return self._solve.ended or self._solve.incumbent.gap() == 0.0

    def _search(self, found: Sequence[CountBound]) -> CountSearch:
        """A search for counts that have a packing; it has some unless the bound's are good, or there are none."""
        budget = self._solve.budget
        choices = frozenset(choice for one in found for choice in one.choices)
        search = CountSearch(self._relaxation, choices, _PHASE.cheaper.program.of(_PHASE.cheaper.of(budget)).left())
        if choices and not self._over and not found[-1].near:
            search.run(_PHASE.begin.of(budget, budget.work))
        return search

    def _to_the_end(self, counting: CountBound, search: CountSearch) -> None:
        """The program to its end, its counts packed."""
        budget, whole = self._solve.budget, False
        while not self._over:
            before = counting.counts
            counting.prove((_PHASE.finish if whole else _PHASE.prove).of(budget, budget.work))
            counting.report(self._solve.incumbent)
            if whole and counting.counts == before:
                return
            # Where the cheapest counts were packed as they are, cheaper ones are all that is left to look for.
            fits = not self._over and self._pack(counting.counts, search, _PHASE.pack.of(budget, budget.work))
            whole = fits or counting.counts == before

    def _in_rounds(self, search: CountSearch, counting: CountBound) -> None:
        """Cheaper counts and their packing, round by round; then, or beside, the bound to its end.

        Counts that could not be packed for their price are left for those of the best plan, which have a packing.
        """
        budget = self._solve.budget
        beside = self._prove_beside(counting)
        seconds, idle = _PHASE.cheaper.of(budget).left(), 0
        for seed in range(_PARAMS.rounds if budget.work is None else _PARAMS.rounds_by_work):
            part = budget.share(seconds=seconds, work=budget.work)
            if self._over or part.left() < _PARAMS.shortest * seconds or idle > _PARAMS.idle:
                break
            search.improve(part, seed)
            counts, idle = search.counts, idle + 1
            if self._over or counts is None:
                break
            fits = False
            if counts not in self._packed and not self._too_dear(counts):
                self._packed.add(counts)
                limits = _PHASE.try_to_pack.of(budget, budget.work)
                fits, idle = self._pack_counts(counts, limits, search), 0
            elif counts in self._packed:
                search.loosen()
            if not fits and self._solve.packing is not None:
                self._polish(_PHASE.improve.of(budget, budget.work), seed)
                search.begin_at(self._solve.packing)
        if beside is None and not self._over:
            self._prove(counting, _PHASE.finish.of(budget, budget.work))

    def _polish(self, budget: Budget, seed: int) -> None:
        """The best plan improved machine by machine."""
        search = VariableNeighbourhoodSearch(self._solve.within(budget, seed=self._solve.seed + seed))
        search.run(budget, _PARAMS.steps if budget.work is None else _PARAMS.steps_by_work)

    def _prove_beside(self, counting: CountBound) -> BackgroundSearch[None] | None:
        """Bring a bound to its end beside the rounds, where there is a second core."""
        budget = self._solve.budget
        if self._over or not may_search_in_background(budget):
            return None
        return BackgroundSearch(lambda: self._prove(counting, _PHASE.beside.of(budget)), budget)

    def _prove(self, counting: CountBound, budget: Budget) -> None:
        """Bring a bound to its end, and tell of it."""
        counting.prove(budget, lambda: self._over)
        counting.report(self._solve.incumbent)

    def _pack(self, counts: Counts | None, search: CountSearch, budget: Budget) -> bool:
        """Pack the cheapest counts, then such that leave more and more room free, or less after what could be packed.

        Says whether the cheapest counts were packed as they are.
        """
        spare = 0.0
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
            other = search.with_spare(spare)
            other.run(_PHASE.pack.other.of(budget, budget.work))
            counts = other.counts
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

    def _pack_counts(self, counts: Counts, budget: Budget, search: CountSearch | None = None) -> bool:
        """Pack counts by another solver; says whether they need no more machines than they should.

        Those of a `search` say what stands in each zone, and each zone is packed by itself where they keep the rules
        over zones, which the program does not know in full. It is told which pools need more machines than it counted.
        """
        copies: Counter[tuple[int, int, int]] = Counter()
        for mode, n in zip(self._relaxation.modes, counts.copies, strict=True):
            copies[mode.component, mode.option, mode.zone] += n
        fresh = Greenfield.of(self._fleet, self._solve.value)
        counted = None if fresh is None else Counted.of(fresh.fleet, copies)
        if fresh is None or counted is None:
            return False
        zones = sorted({mode.zone for mode in self._relaxation.modes}) if search is not None else []
        if len(zones) > 1 and self._keep_zone_rules(copies):
            packing = self._pack_zones(counted, copies, counts.machines, zones, budget)
        else:
            packing = self._ask(counted.fleet, self._ticks(counts), budget, whole=True)
        if packing is None:
            return False
        self._solve.incumbent.offer(fresh.lift(counted.lift(packing)), NAME)
        fits = counted.fleet.tick_price * machine_price(counted.fleet, packing) <= self._ticks(counts)
        if search is not None and not fits:
            used = Counter(machine.pool for machine in packing.machines)
            search.loosen(p for p, n in enumerate(counts.machines) if used[p] > n)
        return fits

    def _keep_zone_rules(self, copies: Mapping[tuple[int, int, int], int]) -> bool:
        """Whether the copies in each zone keep every rule over zones. O(counts + components x zones)."""
        zoned = [[0] * len(self._fleet.zones) for _ in self._fleet.components]
        for (c, _, zone), n in copies.items():
            zoned[c][zone] += n
        return all(keeps_zone_rules(c, totals) for c, totals in zip(self._fleet.components, zoned, strict=True))

    def _pack_zones(
        self,
        counted: Counted,
        copies: Mapping[tuple[int, int, int], int],
        machines: Sequence[int],
        zones: Sequence[int],
        budget: Budget,
    ) -> Packing | None:
        """One zone after another, with its copies and for the price of its machines; None where one has no packing."""
        fleet, found = counted.fleet, list[Machine]()
        for k, zone in enumerate(zones):
            pools = {pool.index for pool in fleet.pools if pool.zone == zone}
            here = [
                sum(copies[c, option.index, zone] for option in component.options if option.pools & pools)
                for c, component in zip(counted.origin, fleet.components, strict=True)
            ]
            price = sum(n * pool.price for n, pool in zip(machines, fleet.pools, strict=True) if pool.zone == zone)
            part = budget.share(1 / (len(zones) - k), work=budget.work)
            packing = self._ask(OneZone.of(fleet, zone, here).fleet, fleet.tick_price * price, part, whole=False)
            if packing is None:
                return None
            found += packing.machines
        return Packing(tuple(found))

    def _ask(self, fleet: Fleet, ticks: int, budget: Budget, *, whole: bool) -> Packing | None:
        """The packing solver, until the counts are packed for so many ticks, its time is up, or it has no more to try.

        It ends at a gap to its own bound. When that rises meanwhile, the plan may still be too dear: then again. Once
        there is a proof that these counts cost more, others are worth more than a better plan of these. Of the `whole`
        a bound is known.
        """
        solver = find_solver(self._options.solver)
        inner = self._solve.within(budget).reduced(fleet, work=budget.work)
        known = self._solve.incumbent.ticks_bound
        if known is not None and whole and not self._fleet.levels and not any(self._fleet.running):  # moves are in it
            inner.incumbent.raise_bound(known, BOUND_NAME, relaxes=RELAXES)
        raise_instant_bounds(inner)
        for again in range(_PARAMS.again):
            bound = inner.incumbent.ticks_bound or 0
            gap = max(inner.budget.gap, 1 - bound / (ticks * (1 + _PARAMS.near)) if ticks else 0.0)
            limits = inner.budget if again else _PHASE.pack.first.of(inner.budget, inner.budget.work)
            part = inner.within(limits.share(gap=gap, work=limits.work))
            solver.load()(part, hint=inner.packing, options=solver.make_options({}))
            best, proved = inner.value, inner.incumbent.ticks_bound or 0
            if best is not None and (best.ticks <= ticks or proved > ticks):
                break
            if inner.ended or (again and (best is None or proved == bound)):
                break
        return None if inner.value is None or any(inner.value.left_out) else inner.packing
