"""The integer program of counts: machines of each pool, and copies of each component by each option on each pool.

It is `WholeProgram` with inequalities in place of patterns, so it holds for every plan, whatever patterns there are.
Beside the rows of that one it has the spread rules of components with a demand, whose copies are not given: skew, the
fewest zones, and what must be left when a zone is lost, all as sums over zones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import NamedTuple

import highspy
import numpy as np

from placement.compiled.alike_pools import alike_pools
from placement.compiled.fleet import Fleet
from placement.engines.highs import EngineError, begin_at, load_lp, run, solved, stopped_when, whole_solution
from placement.engines.parameters import ENGINE_PARAMETERS
from placement.grouping import grouped
from placement.patterns.certificate import Groups, NodeDomain
from placement.patterns.counts.rounding import Rounded
from placement.patterns.counts.weights import Weights
from placement.patterns.enumeration.program import WholeProgram
from placement.patterns.enumeration.reduced_costs import Reduced
from placement.patterns.formulation import RESOURCES, Relaxation, volumes
from placement.patterns.master import Pattern
from placement.patterns.modes import Mode
from placement.patterns.parameters import CountParameters as _PARAMS
from placement.patterns.zone_limits import ZoneLimits
from placement.solving.budget import Budget


class Counts(NamedTuple):
    """A solution: machines per pool, copies by each mode of the relaxation."""

    machines: tuple[int, ...]
    copies: tuple[int, ...]


class Inequalities(NamedTuple):
    """On what stands on single pools, and of rounded demands; then what a search adds, whose solutions prove nothing.

    With `over_quota` a pool may have more machines than its quota, each at so many times its price on top.
    """

    weights: Sequence[Weights]
    rounded: Sequence[Rounded]
    over_quota: float | None = None


class FoundCounts(NamedTuple):
    """A solution at a low cost, if any; and whether the search ended by itself."""

    counts: Counts | None
    ended: bool = False


class CountProgram(WholeProgram):
    """The program of a domain, with some inequalities on what stands on single pools."""

    def __init__(
        self,
        relaxation: Relaxation,
        groups: Groups,
        domain: NodeDomain,
        reduced: Reduced,
        inequalities: Inequalities,
        merging: Merging,
    ) -> None:
        """O(modes x weights of a pool)."""
        self._inequalities, self._merging = inequalities, merging
        # Modes that copies may go, by pool.
        self._on = grouped((relaxation.modes[w].pool, w) for w, most in enumerate(reduced.copies) if most)
        self._totals: dict[int, int] = {}  # columns of all machines of alike pools, by the first of them
        self.by_pool = False
        self._excess: dict[int, int] = {}  # columns of the machines of a pool above its quota
        super().__init__(relaxation, groups, domain, reduced, ())
        if inequalities.over_quota is not None:
            self._exceed_quotas(inequalities.over_quota)

    def start_at(self, machines: Sequence[int], copies: Sequence[int]) -> list[float]:
        """Counts as a solution to begin with, with as many machines more as they need to keep all inequalities.

        It may still break a quota, or a rule of the components.
        """
        values = list(self.rows.lower)
        for k, count in zip(self.machine_columns, machines, strict=True):
            values[k] = float(count)
        for w, k in self.mode_columns.items():
            values[k] = float(copies[w])
        for p, columns in self.alone_columns.items():
            for c, k in columns.items():
                on_them = sum(values[column] for column in self.pool_columns[c, p].values())
                parts = max(self.relaxation.modes[w].parts for w in self.pool_columns[c, p])
                values[k] = float(-(-int(on_them) // parts))
        for some in self.zone_columns:
            some.begin_at(values)
        for first, column in self._totals.items():
            values[column] = sum(values[self.machine_columns[p]] for p in self._merging.groups[first])
        self._rent_enough(values)
        for p, column in self._excess.items():
            quota = self.rows.upper[self.machine_columns[p]] - self.rows.upper[column]
            values[column] = max(0.0, values[self.machine_columns[p]] - quota)
        return values

    def _exceed_quotas(self, times: float) -> None:
        """Let each pool have machines above its quota, for so many times their price on top."""
        rows = self.rows
        for p, machines in enumerate(self.machine_columns):
            quota = rows.upper[machines]
            column = rows.column(quota + _PARAMS.over, cost=times * rows.cost[machines])
            rows.upper[machines] += rows.upper[column]
            rows.row(-inf, quota, {machines: 1.0, column: -1.0})
            self._excess[p] = column

    def _rent_enough(self, values: list[float]) -> None:
        """Add machines for each row that asks for more, in the pool of most room."""
        pools_of: dict[int, tuple[int, ...]] = {k: (p,) for p, k in enumerate(self.machine_columns)}
        pools_of |= {column: self._merging.groups[first] for first, column in self._totals.items()}
        first_of = self._merging.first
        for r, low in enumerate(self.rows.low):
            terms = self.rows.terms(r)
            lacking = low - sum(n * values[k] for k, n in terms.items())
            machines = next((k for k, n in terms.items() if n > 0 and k in pools_of), None)
            if lacking <= 0 or machines is None or self.rows.high[r] == low:
                continue
            more = math.ceil(lacking / terms[machines])
            capacity = {
                p: self.rows.upper[self.machine_columns[p]] - values[self.machine_columns[p]]
                for p in pools_of[machines]
            }
            p = max(capacity, key=lambda p: capacity[p])
            values[self.machine_columns[p]] += more
            if first_of[p] in self._totals:
                values[self._totals[first_of[p]]] += more

    def machines_for(self, counts: Counts) -> Counts | None:
        """The same copies on as many machines more as keep all inequalities; None where quotas do not let them."""
        values = self.start_at(*counts)
        if any(values[k] > self.rows.upper[k] for k in self.machine_columns):
            return None
        return Counts(tuple(int(values[k]) for k in self.machine_columns), counts.copies)

    def find(
        self,
        budget: Budget,
        known: Counts | None = None,
        free: Set[int] = frozenset(),
        barred: Set[int] = frozenset(),
        tell: Callable[[Counts], None] | None = None,
        until: Callable[[], bool] = bool,
    ) -> FoundCounts:
        """A solution within `near` of the cheapest, as far as nodes of a program and the budget reach.

        With `known`, the cheapest of those where only the copies of the components in `free` are others. By modes in
        `barred` there are no copies that are not in `known`. Solutions are told of as they are found, in this thread;
        it stops early once `until` says so.
        """
        lp, nodes = self.rows.program(), ENGINE_PARAMETERS.integer_program.nodes
        lp.col_lower_, lp.col_upper_ = self._bounds(known, free, barred)
        try:
            solver = load_lp(lp, budget, mip_max_nodes=nodes, mip_rel_gap=_PARAMS.near if known is None else 0.0)
            if known is not None:
                begin_at(solver, self.start_at(*known))
            if tell is not None:
                solver.cbMipImprovingSolution.subscribe(
                    lambda event: tell(self._counts(list(event.data_out.mip_solution)))
                )
            with stopped_when(lambda: until() or budget.cut_short(), solver):
                ended = run(solver) == highspy.HighsModelStatus.kOptimal
        except EngineError:
            return FoundCounts(None)
        values = whole_solution(solver)
        return FoundCounts(None) if values is None else FoundCounts(self._counts(values), ended)

    def _bounds(self, known: Counts | None, free: Set[int], barred: Set[int]) -> tuple[np.ndarray, np.ndarray]:
        """Of the columns, as `find` takes them."""
        lower, upper = np.array(self.rows.lower), np.array(self.rows.upper)
        for w, k in self.mode_columns.items():
            n = 0 if known is None else known.copies[w]
            if known is not None and self.relaxation.modes[w].component not in free:
                lower[k] = upper[k] = n
            elif w in barred and not n:
                upper[k] = 0.0
        return lower, upper

    def _counts(self, solution: Sequence[float]) -> Counts:
        """Those of a solution, (columns,)."""
        return Counts(*self.counted(np.rint(np.array(solution)).astype(np.int64).tolist()))

    def relaxed(self, budget: Budget) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
        """Machines per pool and copies by mode in the cheapest solution in parts; None when there is none in time."""
        lp = self.rows.program()
        lp.integrality_ = []
        solver = solved(lp, budget)
        if solver is None:
            return None
        return self.counted(solver.getSolution().col_value)

    def zone_limits(self, c: int) -> ZoneLimits | None:
        """None where copies in a zone are not known: in one pool they stand for those of all that are like it."""
        return None if c in self._merging.free else super().zone_limits(c)

    def content_rows(self, patterns: Sequence[Pattern]) -> None:
        """What stands on pools weighs no more than their accelerators; and zones of components with a demand."""
        del patterns
        self._totals = {first: self._total(pools) for first, pools in self._merging.groups.items() if len(pools) > 1}
        for weights in self._inequalities.weights:
            each = self.relaxation.devices(weights.pool) * weights.most
            self._hold(weights.pool, each, weights.of)
        self._round_demands()
        for component in self.relaxation.fleet.components:
            zoned = component.demand and component.has_zone_rules and component.index not in self._merging.free
            if zoned and self.relaxation.modes_of[component.index]:
                self.zone_rows(component)

    def _round_demands(self) -> None:
        """What the copies that serve a demand count at least."""
        columns: dict[int, list[tuple[int, int]]] = {}  # with throughputs, by component
        for w, column in self.mode_columns.items():
            mode = self.relaxation.modes[w]
            columns.setdefault(mode.component, []).append((column, mode.throughput))
        for rounded in self._inequalities.rounded:
            demand = self.relaxation.fleet.components[rounded.component].demand
            counted = {column: float(rounded.of(rate, demand)) for column, rate in columns.get(rounded.component, ())}
            self.rows.row(rounded.least(demand), inf, {column: n for column, n in counted.items() if n})

    def volume_rows(self) -> None:
        """What accelerators do not count: vCPU and host memory, and copies of a component on one machine."""
        fleet = self.relaxation.fleet
        for p in self._merging.groups:
            for r, have in enumerate(volumes(fleet, p)):
                if RESOURCES[r] in ("vcpus", "host_mib") and fleet.pools[p].shape.accelerators > 1:
                    self._hold(p, have, partial(_used_by, r))
        for (c, p), most in self.relaxation.on_one.items():
            if p in self._merging.groups:
                self._hold(p, most, partial(_is_of, c))

    def _total(self, pools: Sequence[int]) -> int:
        """The column of the machines of alike pools together: what an engine had best branch on."""
        column = self.rows.column(sum(self.rows.upper[self.machine_columns[p]] for p in pools))
        self.rows.row(0.0, 0.0, {self.machine_columns[p]: 1.0 for p in pools} | {column: -1.0})
        return column

    def _hold(self, first: int, each: int, taken: Callable[[Mode], int]) -> None:
        """What copies take on alike pools is at most `each` of every machine: on all of them, and on each by itself.

        Copies that may go to any of the pools are counted on all of them alone; those of dedicated components not at
        all, as their machines are taken off.
        """
        pools = self._merging.groups[first]
        everywhere: dict[int, float] = {self._totals[first]: float(each)} if first in self._totals else {}
        free: dict[int, float] = {}
        for p in pools:
            here: dict[int, float] = {}
            for w in self._on.get(p, ()):
                mode = self.relaxation.modes[w]
                amount = 0 if mode.parts else taken(mode)
                if amount:
                    of = free if len(pools) > 1 and mode.component in self._merging.free else here
                    of[self.mode_columns[w]] = -float(amount)
            if here:
                self.rows.row(0.0, inf, self.shared_columns(p, float(each)) | here)
            everywhere |= dict.fromkeys(self.alone_columns[p].values(), -float(each)) | here
        if free:
            self.rows.row(0.0, inf, everywhere | free)


def _used_by(resource: int, mode: Mode) -> int:
    return mode.usage[resource]


def _is_of(component: int, mode: Mode) -> int:
    return int(mode.component == component)


@dataclass(frozen=True, slots=True)
class Merging:
    """Pools that differ by their zone alone, and whose copies are counted for all of them together.

    Else a program would have each solution once for every way to share it out over zones. `groups` are alike pools, by
    the first of them; of components in `free`, copies on the first stand for copies on any of them.
    """

    groups: dict[int, tuple[int, ...]]
    free: frozenset[int]

    @classmethod
    def of(cls, fleet: Fleet, *, anywhere: bool = False) -> Merging:
        """Components without rules over zones are free; dedicated ones are not. With `anywhere` all are.

        O(components + pools x sets of pools).
        """
        groups = {group[0]: tuple(group) for group in alike_pools(fleet)}
        free = (c.index for c in fleet.components if anywhere or not (c.has_zone_rules or c.dedicated))
        return cls(groups, frozenset(free))

    @classmethod
    def none(cls, fleet: Fleet) -> Merging:
        """Each pool by itself: copies of every component are counted where they are."""
        return cls({pool.index: (pool.index,) for pool in fleet.pools}, frozenset())

    def merged(self, domain: NodeDomain) -> NodeDomain:
        """The domain with all machines of alike pools in the first of them."""
        fewest, most = list(domain.fewest), list(domain.most)
        for first, pools in self.groups.items():
            for side in (fewest, most):
                total = sum(side[p] for p in pools)
                for p in pools:
                    side[p] = total if p == first else 0
        return replace(domain, fewest=tuple(fewest), most=tuple(most))

    @property
    def first(self) -> dict[int, int]:
        """The first pool of the group of each."""
        return {p: first for first, group in self.groups.items() for p in group}


def everything(relaxation: Relaxation, domain: NodeDomain, merging: Merging) -> Reduced:
    """What plans worth having can have in a domain: nothing is left out by prices.

    Of a component with a demand, which runs nowhere and has no rules over zones, no plan needs more copies by one mode
    than serve the demand alone, or than must run: any more can be dropped.
    """
    running = relaxation.fleet.running
    copies = []
    for mode in relaxation.modes:
        component = relaxation.fleet.components[mode.component]
        pools: tuple[int, ...] = (mode.pool,)
        if mode.component in merging.free:
            pools = merging.groups.get(mode.pool, ())  # of the others the first has all copies
        most = component.copies if any(domain.most[p] for p in pools) else 0
        if component.demand and not component.has_zone_rules and not running[component.index]:
            most = min(most, max(component.required, -(-component.demand // max(1, mode.throughput))))
        copies.append(most)
    return Reduced(domain.fewest, domain.most, tuple(copies), (), ())
