"""The integer program over listed patterns: whole machines, copies and accelerators in one node.

With all patterns that plans of at most so much money can have (`reduced_costs`, `listing`), it decides what the tree
would have to branch for: its least cost is a bound, and that there is no solution proves that no such plan is in the
node.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from math import inf
from typing import NamedTuple, TypeVar

import highspy

from placement.compiled.capacity import most_on_one
from placement.compiled.fleet import FleetComponent
from placement.engines.highs import SHARP, least_steps, none_up_to, prove, whole_solution
from placement.engines.mps import MpsRow, to_mps
from placement.grouping import grouped
from placement.patterns.certificate import Groups, NodeDomain
from placement.patterns.enumeration.last_digits import any_between
from placement.patterns.enumeration.reduced_costs import Reduced
from placement.patterns.enumeration.rows import IntegerRows, whole_terms
from placement.patterns.enumeration.zone_rows import ZoneColumns, add_zone_rows, fewest_copies
from placement.patterns.formulation import Relaxation, volumes
from placement.patterns.master import Pattern
from placement.patterns.zone_limits import ZoneLimits
from placement.solving.budget import Budget
from placement.units import MICRO

_N = TypeVar("_N", int, float)

_HOST = 2  # the first resource that patterns of machines with several accelerators do not count


class ProgramAnswer(NamedTuple):
    """What the program says: the least cost, micro-dollars per hour, that is proven (None: there is no solution).

    And the best solution, if any: machines per pool, copies by each mode, accelerators that hold each pattern.
    """

    bound: int | None
    machines: tuple[int, ...] = ()
    copies: tuple[int, ...] = ()
    amounts: tuple[int, ...] = ()


class Forbidden(NamedTuple):
    """So many copies, by component, never stand on no more than so many machines of some pools."""

    pools: tuple[int, ...]
    copies: dict[int, int]
    machines: int


class WholeProgram:
    """The program of one node: machines first, then modes that copies may still go, then patterns.

    Programs with other columns are classes of this one (`counts.program`, `running.whole_program`). What they have
    instead of its own is asked for while it is made: `content_rows`, `volume_rows`, `zone_limits`, `devices_of`,
    `missing_columns` and `beside`. So they have what these need before they call `__init__`.

    `by_pool`: whether its copies are counted in each pool.
    """

    by_pool = True

    def __init__(
        self,
        relaxation: Relaxation,
        groups: Groups,
        domain: NodeDomain,
        reduced: Reduced,
        patterns: Sequence[Pattern],
    ) -> None:
        """O(modes + size of the patterns)."""
        self.relaxation = relaxation
        self.rows = rows = IntegerRows()
        pools = relaxation.fleet.pools
        self.machine_columns = [
            rows.column(reduced.most[p.index], reduced.fewest[p.index], p.price / MICRO) for p in pools
        ]
        self.mode_columns = {w: rows.column(most) for w, most in enumerate(reduced.copies) if most}
        self.pool_columns: dict[tuple[int, int], dict[int, int]] = {}  # the same of a component on a pool
        for w, column in self.mode_columns.items():
            mode = relaxation.modes[w]
            self.pool_columns.setdefault((mode.component, mode.pool), {})[w] = column
        self.pattern_columns = [rows.column(self._devices(reduced, q)) for q, _ in patterns]
        self.alone_columns = self._machines_alone(reduced)
        self.device_rows: list[int] = []  # by device class
        self.coverage_rows: dict[tuple[int, int], int] = {}  # by device class and item
        self.zone_columns: list[ZoneColumns] = []
        self._component_rows()
        self.content_rows(patterns)
        self.volume_rows()
        self._domain_rows(groups, domain, reduced)
        for limit in relaxation.fleet.limits:
            rows.row(-inf, limit.most, {self.machine_columns[p]: float(n) for p, n in limit.weight.items()})
        self._unit = math.gcd(*(pool.price for pool in pools)) or 1
        self._cost = {k: float(pools[p].price // self._unit) for p, k in enumerate(self.machine_columns)}
        # All machines, copies and accelerators that a solution may have: each column counts some of them.
        self._things = 2 * sum(reduced.most[: len(pools)])
        self._things += sum(int(rows.upper[k]) for columns in self.zone_columns for side in columns for k in side)
        self._things += relaxation.fleet.copies
        self._things += sum(self._devices(reduced, device_class.index) for device_class in relaxation.device_classes)
        self._given = len(rows.low)  # rows before that of the cutoff

    def forbid(self, forbidden: Forbidden) -> None:
        """Leave out solutions with so many copies on no more than so many machines.

        One of these copies fewer, or one machine more, will do: each is a column that is 0 or 1.
        """
        pools, copies, machines = forbidden
        rows, either = self.rows, list[int]()
        for c, n in copies.items():
            here = [k for p in pools for k in self.pool_columns.get((c, p), {}).values()]
            most = sum(rows.upper[k] for k in here)
            either.append(rows.column(1.0))
            rows.row(-inf, most, dict.fromkeys(here, 1.0) | {either[-1]: most - n + 1})
        either.append(rows.column(1.0))
        rows.row(0.0, inf, {self.machine_columns[p]: 1.0 for p in pools} | {either[-1]: -(machines + 1.0)})
        rows.row(1.0, inf, dict.fromkeys(either, 1.0))
        self._things += len(either)
        self._given = len(rows.low)

    def loosen(self, pools: Collection[int], most: int, machines: int) -> None:
        """On no more than so many machines of some pools, copies take at most so much memory of accelerators."""
        rows, modes = self.rows, self.relaxation.modes
        taken = {k: float(modes[w].usage[0]) for w, k in self.mode_columns.items() if modes[w].pool in pools}
        more = rows.column(1.0)
        rows.row(-inf, most, taken | {more: min(0.0, most - sum(n * rows.upper[k] for k, n in taken.items()))})
        rows.row(0.0, inf, {self.machine_columns[p]: 1.0 for p in pools} | {more: -(machines + 1.0)})
        self._things += 1
        self._given = len(rows.low)

    @property
    def most_rent(self) -> int:
        """What all machines that a solution may have cost, micro-dollars per hour: no cutoff at all."""
        return sum(int(self.rows.upper[k]) * int(price) * self._unit for k, price in self._cost.items())

    def solve(
        self,
        cutoff: int,
        budget: Budget,
        nodes: int,
        *,
        gap: float = 0.0,
        start: Sequence[float] | None = None,
        until: Callable[[], bool] = bool,
    ) -> ProgramAnswer:
        """The cheapest solution of at most `cutoff` micro-dollars per hour, as far as `nodes` and the budget reach.

        With a relative `gap` it may be so much dearer than the bound. `start`, (columns,), is a solution to begin with;
        one that breaks a row is of no use. It stops early once `until` says so, too.
        """
        steps = self.limit_rent(cutoff)
        ran = prove(
            self.rows.program(),
            budget,
            nodes=nodes,
            until=until,
            start=start,
            mip_rel_gap=gap,
            mip_abs_gap=0.4 * self._unit / MICRO,
        )
        if ran is None:
            return ProgramAnswer(0)
        solver, status = ran
        if status == highspy.HighsModelStatus.kInfeasible:
            return self._none_of(steps, budget)
        return self._read(solver, steps, budget, ended=status == highspy.HighsModelStatus.kOptimal)

    def limit_rent(self, cutoff: int) -> int:
        """Solutions of at most `cutoff` micro-dollars per hour, the cheapest wanted; returns that in steps of prices.

        What alone costs too much does so by one step, too: the largest numbers drown others, or HiGHS refuses them.
        """
        steps = cutoff // self._unit
        cost = {k: min(n, steps + 1.0) for k, n in self._cost.items()}
        self.rows.limit(steps + 0.5, cost)
        for k, n in cost.items():
            self.rows.cost[k] = n * self._unit / MICRO
        return steps

    @property
    def _noise(self) -> float:
        """What tolerances on reduced costs may hide, in steps."""
        return SHARP["dual_feasibility_tolerance"] * self._things * MICRO / self._unit

    def _none_of(self, steps: int, budget: Budget) -> ProgramAnswer:
        """What is proven by HiGHS finding no solution of so many steps."""
        proved = none_up_to(steps, self._noise)
        if proved > steps:
            return ProgramAnswer(None)
        there = self._any_between(proved, steps, budget)
        return ProgramAnswer(None) if there is False else ProgramAnswer(0 if there else proved * self._unit)

    def _read(self, solver: highspy.Highs, steps: int, budget: Budget, *, ended: bool) -> ProgramAnswer:
        """The bound of a run, whether or not it `ended` by itself, and its solution, if any."""
        info = solver.getInfo()
        bound = max(0.0, min(info.mip_dual_bound * MICRO / self._unit, float(steps)))
        proved = max(0, least_steps(bound, self._noise))
        values = whole_solution(solver)
        if values is None:
            return ProgramAnswer(proved * self._unit)
        found = sum(int(n) * values[k] for k, n in self._cost.items())
        if ended and proved < found and self._any_between(proved, found - 1, budget) is False:
            proved = found
        return self.answer(proved * self._unit, values)

    def answer(self, bound: int, values: Sequence[int]) -> ProgramAnswer:
        """A bound, micro-dollars per hour, and the solution whose columns have these `values`, (columns,)."""
        return ProgramAnswer(bound, *self.counted(values), tuple(values[k] for k in self.pattern_columns))

    def counted(self, values: Sequence[_N]) -> tuple[tuple[_N, ...], tuple[_N | int, ...]]:
        """Machines per pool and copies by each mode where columns have these `values`, (columns,)."""
        columns = map(self.mode_columns.get, range(len(self.relaxation.modes)))
        return tuple(values[k] for k in self.machine_columns), tuple(0 if k is None else values[k] for k in columns)

    def to_mps(self, cutoff: int) -> str:
        """The program for solutions of at most `cutoff` micro-dollars per hour, in the MPS format."""
        columns = [(int(low), int(high)) for low, high in zip(self.rows.lower, self.rows.upper, strict=True)]
        rows = [*self.rows.in_integers(self._given), MpsRow(None, cutoff // self._unit, whole_terms(self._cost))]
        return to_mps("patterns", columns, rows)

    def _any_between(self, least: int, most: int, budget: Budget) -> bool | None:
        """Whether there is a solution of so many steps; None when that is not known."""
        return any_between(self.rows.first(self._given), self._cost, least, most, budget)

    def _devices(self, reduced: Reduced, q: int) -> int:
        """The most accelerators of a device class."""
        return sum(self.relaxation.devices(p) * reduced.most[p] for p in self.relaxation.device_classes[q].pools)

    def _machines_alone(self, reduced: Reduced) -> dict[int, dict[int, int]]:
        """By pool, for each dedicated component, the column of its machines: enough for its copies there."""
        found: dict[int, dict[int, int]] = {p: {} for p in range(len(self.machine_columns))}
        for w in self.mode_columns:
            mode = self.relaxation.modes[w]
            if mode.parts and mode.component not in found[mode.pool]:
                found[mode.pool][mode.component] = self.rows.column(reduced.most[mode.pool])
        for p, machines in found.items():
            for c, column in machines.items():
                on_them = dict.fromkeys(self.pool_columns[c, p].values(), -1.0)
                parts = max(self.relaxation.modes[w].parts for w in self.pool_columns[c, p])
                self.rows.row(0.0, inf, {column: float(parts)} | on_them)
        return found

    def shared_columns(self, p: int, each: float) -> dict[int, float]:
        """What machines of a pool offer, `each` of them, but for those that a dedicated component has alone."""
        return {self.machine_columns[p]: each} | dict.fromkeys(self.alone_columns[p].values(), -each)

    def _component_rows(self) -> None:
        relaxation = self.relaxation
        by_component = grouped((relaxation.modes[w].component, w) for w in self.mode_columns)
        by_level: dict[int, dict[int, float]] = {}
        for component in relaxation.fleet.components:
            modes = by_component.get(component.index, [])
            if not relaxation.modes_of[component.index]:
                continue
            missing = self.missing_columns(component)
            copies = {self.mode_columns[w]: 1.0 for w in modes} | missing
            self.rows.row(component.required, inf if component.demand else component.copies, copies)
            if component.demand:
                rates = {self.mode_columns[w]: float(relaxation.modes[w].throughput) for w in modes}
                self.rows.row(component.demand, inf, rates)
            self._loss_rows(component.index, modes)
            if component.level is not None:
                placed = by_level.setdefault(component.level, {})
                placed |= copies
            limits = self.zone_limits(component.index)
            if limits is not None:
                for zone, low in limits.least.items():
                    here = {self.mode_columns[w]: 1.0 for w in modes if relaxation.modes[w].zone == zone}
                    self.rows.row(low, limits.most[zone], here)
                if self.by_pool:
                    self.zone_rows(component)
        for level, least in enumerate(relaxation.least_placed):
            self.rows.row(least, inf, by_level.get(level, {}))

    def missing_columns(self, component: FleetComponent) -> dict[int, float]:
        """What counts as copies of a component beside those that are placed: nothing."""
        return {}

    def zone_rows(self, component: FleetComponent) -> None:
        modes = self.relaxation.modes_of[component.index]
        zones: dict[int, dict[int, float]] = {z: {} for z in component.eligible_zones}
        for mode in modes:
            columns = self.pool_columns.get((component.index, mode.pool), {})
            zones[mode.zone] |= dict.fromkeys(columns.values(), 1.0)
        self.zone_columns.append(add_zone_rows(self.rows, component, zones, fewest_copies(component, modes)))

    def _loss_rows(self, c: int, modes: Sequence[int]) -> None:
        """What is left of a component when any one pool is lost; of pools put together nothing is said."""
        relaxation = self.relaxation
        floor, most = relaxation.elsewhere.get(c), relaxation.in_pool.get(c)
        for p in {mode.pool for mode in relaxation.modes_of[c]} if self.by_pool else ():
            here = {self.mode_columns[w]: 1.0 for w in modes if relaxation.modes[w].pool == p}
            if floor is not None:
                self.rows.row(
                    floor, inf, {self.mode_columns[w]: 1.0 for w in modes if self.mode_columns[w] not in here}
                )
            elif most is not None and here:
                self.rows.row(-inf, most, here)

    def zone_limits(self, c: int) -> ZoneLimits | None:
        """What spread rules say of single zones for component c; None when nothing."""
        return self.relaxation.zones[c]

    def devices_of(self, q: int) -> dict[int, float]:
        """The accelerators of a device class, by column."""
        relaxation = self.relaxation
        return {
            k: part
            for p in relaxation.device_classes[q].pools
            for k, part in self.shared_columns(p, float(relaxation.devices(p))).items()
        }

    def content_rows(self, patterns: Sequence[Pattern]) -> None:
        """Patterns are on accelerators, copies in patterns."""
        relaxation = self.relaxation
        devices = [self.devices_of(device_class.index) for device_class in relaxation.device_classes]
        coverage: dict[tuple[int, int], dict[int, float]] = {}
        for w, column in self.mode_columns.items():
            mode = relaxation.modes[w]
            if mode.device_class is not None and mode.owns:
                devices[mode.device_class][column] = -float(mode.owns)
            if mode.device_class is not None and mode.item is not None:
                coverage.setdefault((mode.device_class, mode.item), {})[column] = -float(mode.touches)
        holding = [(column, q, dict(items)) for column, (q, items) in zip(self.pattern_columns, patterns, strict=True)]
        for column, q, _ in holding:
            devices[q][column] = -1.0
        for column, q, items in (*holding, *self.beside()):
            for i, times in items.items():
                if (q, i) in coverage:
                    coverage[q, i][column] = float(times)
        self.device_rows += [self.rows.row(0.0, inf, terms) for terms in devices]
        self.coverage_rows |= {item: self.rows.row(0.0, inf, terms) for item, terms in coverage.items()}

    def beside(self) -> Iterable[tuple[int, int, Mapping[int, int]]]:
        """What holds copies beside patterns: column, device class, and how often each item stands there."""
        return ()

    def volume_rows(self) -> None:
        """What patterns do not count: vCPU and host memory, and copies on one machine, per pool."""
        relaxation = self.relaxation
        by_pool = grouped(
            (relaxation.modes[w].pool, (column, relaxation.modes[w]))
            for w, column in self.mode_columns.items()
            if not relaxation.modes[w].parts
        )
        for p, modes in by_pool.items():
            several = relaxation.fleet.pools[p].shape.accelerators > 1
            for r, have in enumerate(volumes(relaxation.fleet, p)):
                if r >= _HOST and several:
                    taken = {column: -float(mode.usage[r]) for column, mode in modes if mode.usage[r]}
                    self.rows.row(0.0, inf, self.shared_columns(p, float(have)) | taken)
        for (c, p), most in relaxation.on_one_all.items():
            if (c, p) in self.pool_columns:
                copies = dict.fromkeys(self.pool_columns[c, p].values(), -1.0)
                self.rows.row(0.0, inf, self.shared_columns(p, float(most)) | copies)
        self._apart_rows()

    def _apart_rows(self) -> None:
        """Two components that never share a machine: their machines, as few as can hold their copies, add up."""
        fleet = self.relaxation.fleet
        for (c, p), columns in self.pool_columns.items() if self.by_pool else ():
            for other in fleet.components[c].avoids:
                if other <= c or (other, p) not in self.pool_columns or {c, other} & self.alone_columns[p].keys():
                    continue  # or the machines of one are counted apart
                most, others = (most_on_one(fleet, fleet.components[k], p) for k in (c, other))
                taken = dict.fromkeys(columns.values(), -float(others))
                taken |= dict.fromkeys(self.pool_columns[other, p].values(), -float(most))
                self.rows.row(0.0, inf, self.shared_columns(p, float(most * others)) | taken)

    def _domain_rows(self, groups: Groups, domain: NodeDomain, reduced: Reduced) -> None:
        pools = len(self.machine_columns)
        for g, group in enumerate(groups, start=pools):
            self.rows.row(reduced.fewest[g], reduced.most[g], {self.machine_columns[p]: 1.0 for p in group})
        for s, (low, high) in domain.aggregates.items():
            self.rows.row(
                low, high, {self.mode_columns[w]: 1.0 for w in self.relaxation.aggregates[s] if w in self.mode_columns}
            )
