"""Counts packed: pool by pool, which is exact and takes no time; else by another solver, zone by zone or as a whole."""

from collections import Counter
from collections.abc import Mapping, Sequence

from placement.bounds.instant import raise_instant_bounds
from placement.compiled.fleet import Fleet
from placement.compiled.packing import Machine, Packing, machine_price
from placement.compiled.spread import keeps_zone_rules
from placement.heuristics.check import is_complete
from placement.heuristics.workspace import Workspace
from placement.patterns.counts.bound import NAME as BOUND_NAME
from placement.patterns.counts.bound import RELAXES
from placement.patterns.counts.pools import PoolPacking
from placement.patterns.counts.program import Counts
from placement.patterns.formulation import Relaxation
from placement.patterns.parameters import PATTERNS
from placement.reductions.counted import Counted
from placement.reductions.given_counts import OneZone
from placement.reductions.greenfield import Greenfield
from placement.solvers.parameters import DemandParameters as _PARAMS
from placement.solvers.registry import find_solver
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.schedule import SCHEDULE

NAME = "demand"
_PHASE = SCHEDULE.demand


class CountPacking:
    """Packs counts of one solve, and offers the plans.

    `tried`: the counts that were to be packed.
    `pools`: packs what counts put on each pool, and remembers what it packed.
    """

    def __init__(self, solve: Solve, relaxation: Relaxation, solver: str) -> None:
        """`solver` packs what can't be packed pool by pool."""
        self.tried: set[Counts] = set()
        self._solve, self._fleet, self._relaxation, self._solver = solve, solve.fleet, relaxation, solver
        self.pools = PoolPacking(relaxation)

    @property
    def over(self) -> bool:
        """Whether no more can be done here: money is proven, though how few copies are left out may not be."""
        return self._solve.ended or self._solve.incumbent.gap() == 0.0

    def cut_short(self) -> bool:
        """Whether what is running for this is to be stopped: `over`, but not of steps."""
        return self._solve.cut_short() or self._solve.incumbent.gap() == 0.0

    def pack(self, counts: Counts, budget: Budget, *, by_pool: bool) -> bool:
        """Pack counts; says whether they need no more machines than they should.

        Those `by_pool` say what stands on each pool, and in each zone, which is packed by itself where they keep the
        rules over zones, which the program does not know in full.
        """
        self.tried.add(counts)
        return (by_pool and self._pack_pools(counts, budget)) or self._pack_zones(counts, budget, by_pool=by_pool)

    def too_dear(self, counts: Counts) -> bool:
        """Whether the machines alone cost as much as the best plan: packed, these counts would be no better one."""
        best = self._solve.value
        return best is not None and not any(best.left_out) and self._ticks(counts) >= best.ticks

    def _ticks(self, counts: Counts) -> int:
        price = sum(n * pool.price for n, pool in zip(counts.machines, self._fleet.pools, strict=True))
        return self._fleet.tick_price * price

    def _pack_pools(self, counts: Counts, budget: Budget) -> bool:
        """Pack pool by pool; says whether that is a plan."""
        fresh, packing = Greenfield.of(self._fleet, self._solve.value), self.pools.packing(counts, budget)
        if fresh is None or packing is None:
            return False
        plan, workspace = fresh.lift(packing), Workspace(self._fleet)
        if not workspace.load(plan) or not is_complete(workspace):
            return False
        self._solve.incumbent.offer(plan, NAME)
        return True

    def _pack_zones(self, counts: Counts, budget: Budget, *, by_pool: bool) -> bool:
        """Pack by another solver; says whether the copies need no more machines than they should."""
        copies: Counter[tuple[int, int, int]] = Counter()
        for mode, n in zip(self._relaxation.modes, counts.copies, strict=True):
            copies[mode.component, mode.option, mode.zone] += n
        fresh = Greenfield.of(self._fleet, self._solve.value)
        counted = None if fresh is None else Counted.of(fresh.fleet, copies)
        if fresh is None or counted is None:
            return False
        zones = sorted({mode.zone for mode in self._relaxation.modes}) if by_pool else []
        if len(zones) > 1 and self._keep_zone_rules(copies):
            packing = self._in_turn(counted, copies, counts.machines, zones, budget)
        else:
            packing = self._ask(counted.fleet, self._ticks(counts), budget, whole=True)
        if packing is None:
            return False
        self._solve.incumbent.offer(fresh.lift(counted.lift(packing)), NAME)
        return counted.fleet.tick_price * machine_price(counted.fleet, packing) <= self._ticks(counts)

    def _keep_zone_rules(self, copies: Mapping[tuple[int, int, int], int]) -> bool:
        """Whether the copies in each zone keep every rule over zones, and all that must run are among them.

        O(counts + components x zones).
        """
        zoned = [[0] * len(self._fleet.zones) for _ in self._fleet.components]
        for (c, _, zone), n in copies.items():
            zoned[c][zone] += n
        return all(
            sum(totals) >= c.required and keeps_zone_rules(c, totals)
            for c, totals in zip(self._fleet.components, zoned, strict=True)
        )

    def _in_turn(
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
            part = budget.share(1 / (len(zones) - k))
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
        solver = find_solver(self._solver)
        inner = self._solve.within(budget).reduced(fleet)
        known = self._solve.incumbent.ticks_bound
        if known is not None and whole and not self._fleet.levels and not any(self._fleet.running):  # moves are in it
            inner.incumbent.raise_bound(known, BOUND_NAME, relaxes=RELAXES)
        raise_instant_bounds(inner)
        for again in range(_PARAMS.again):
            bound = inner.incumbent.ticks_bound or 0
            gap = max(inner.budget.gap, 1 - bound / (ticks * (1 + PATTERNS.counts.near)) if ticks else 0.0)
            limits = inner.budget if again else _PHASE.pack.first.of(inner.budget)
            part = inner.within(limits.share(gap=gap))
            solver.run(part)
            best, proved = inner.value, inner.incumbent.ticks_bound or 0
            if best is not None and (best.ticks <= ticks or proved > ticks):
                break
            if inner.ended or (again and (best is None or proved == bound)):
                break
        return None if inner.value is None or any(inner.value.left_out) else inner.packing
