"""The set-covering program over contents of machines: the cheapest ones that hold all copies of a fleet.

Columns are machines that are paid for by pool, machines of each content, and, where rules look at zones, the copies
that are kept in each zone. Copies may be covered twice: what is too much is dropped, which breaks no rule of a machine.
Limits and commitments over groups of pools look at machines that are paid for.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from placement.compiled.fleet import Fleet, FleetComponent, FleetPool
from placement.compiled.groups import FleetCommitment
from placement.compiled.packing import Machine, Packing, Seat
from placement.compiled.survival import cap_per_pool
from placement.patterns.enumeration.rows import IntegerRows
from placement.patterns.enumeration.zone_rows import ZoneColumns, add_zone_rows
from placement.units import MICRO

Content = tuple[Seat, ...]
Held = tuple[tuple[int, int], ...]  # (component, option) of each copy, sorted
Terms = dict[int, float]


def may_cover(fleet: Fleet) -> bool:
    """Whether the program says what a plan costs and which copies it needs: nothing runs, and copies are counted."""
    return not fleet.instances and not fleet.has_demand


def held_on(seats: Iterable[Seat]) -> Held:
    """What a machine holds, wherever on its accelerators."""
    return tuple(sorted((seat.component, seat.option) for seat in seats))


def _quota(pool: FleetPool) -> float:
    return math.inf if pool.max_instances is None else pool.max_instances


class ContentProgram:
    """Machines that are paid for by pool, those of each content, and copies kept by zone where rules look at zones."""

    def __init__(self, fleet: Fleet, columns: Sequence[tuple[int, Content]]) -> None:
        """O(entries)."""
        self._fleet, self._columns = fleet, columns
        self.rows = IntegerRows()
        self._paid = [self._pay(pool) for pool in fleet.pools]
        self._free = [self._commit(commitment) for commitment in fleet.commitments]
        self._kept: dict[tuple[int, int], int] = {}
        self._zone_columns: list[ZoneColumns] = []
        for limit in fleet.limits:
            unit = max(limit.weight.values(), default=1)
            self.rows.row(-math.inf, limit.most / unit, {self._paid[p]: n / unit for p, n in limit.weight.items()})
        self._first = len(self.rows.cost)
        machines: list[Terms] = [{} for _ in fleet.pools]
        covers: dict[int, dict[int, Terms]] = defaultdict(lambda: defaultdict(dict))  # by component and pool
        for p, content in columns:
            held = Counter(seat.component for seat in content)
            useful = max(-(-fleet.components[c].required // n) for c, n in held.items())
            column = self.rows.column(min(useful, _quota(fleet.pools[p])))
            machines[p][column] = -1.0
            for c, n in held.items():
                covers[c][p][column] = float(n)
        for paid, here in zip(self._paid, machines, strict=True):
            self.rows.row(0.0, math.inf, {paid: 1.0} | here)
        for component in fleet.components:
            if component.required:
                self._cover(component, covers[component.index])

    def _pay(self, pool: FleetPool) -> int:
        """A column for the machines of a pool that are paid for."""
        return self.rows.column(_quota(pool), self._fleet.fewest(pool.index), pool.price / MICRO)

    def _commit(self, commitment: FleetCommitment) -> list[int]:
        """Columns of what a commitment pays: money, or free machines of each pool; as in `patterns.group_rows`.

        Money is counted in the dearest machine's price, so that no coefficient is above 1.
        """
        rows, prices = self.rows, [self._fleet.pools[p].price / MICRO for p in commitment.pools]
        paid = [self._paid[p] for p in commitment.pools]
        if commitment.money is not None:
            unit = max([*prices, 1 / MICRO])
            free = [rows.column(commitment.money / MICRO / unit, cost=-unit)]
            rows.row(0.0, math.inf, {k: price / unit for k, price in zip(paid, prices, strict=True)} | {free[0]: -1.0})
        else:
            free = [rows.column(commitment.instances, cost=-price) for price in prices]
            for machines, column in zip(paid, free, strict=True):
                rows.row(0.0, math.inf, {machines: 1.0, column: -1.0})
            rows.row(-math.inf, float(commitment.instances), dict.fromkeys(free, 1.0))
        rows.parts.update(free)
        return free

    def _cover(self, component: FleetComponent, covers: dict[int, Terms]) -> None:
        """All required copies, and how many are kept in each zone where rules look at zones."""
        most = cap_per_pool(component)
        if most is not None:
            for here in covers.values():
                self.rows.row(-math.inf, float(most), here)
        copies = component.required
        if not component.has_zone_rules:
            self.rows.row(float(copies), math.inf, {k: n for here in covers.values() for k, n in here.items()})
            return
        zones: dict[int, Terms] = {}
        for z in component.eligible_zones:
            cap = copies if component.max_per_zone is None else min(copies, component.max_per_zone)
            kept = self._kept[component.index, z] = self.rows.column(cap)
            here = {k: n for p, terms in covers.items() if self._fleet.pools[p].zone == z for k, n in terms.items()}
            self.rows.row(0.0, math.inf, here | {kept: -1.0})
            zones[z] = {kept: 1.0}
        self.rows.row(copies, copies, {kept: 1.0 for terms in zones.values() for kept in terms})
        self._zone_columns.append(add_zone_rows(self.rows, component, zones, copies))

    def values(self, packing: Packing) -> list[float]:
        """(columns,) of a packing of all copies whose machines are among the columns."""
        values, fleet = [0.0] * len(self.rows.cost), self._fleet
        index = {(p, held_on(content)): k for k, (p, content) in enumerate(self._columns, self._first)}
        for machine in packing.machines:
            values[self._paid[machine.pool]] += 1
            column = index.get((machine.pool, held_on(machine.seats)))
            kept = (self._kept.get((seat.component, fleet.pools[machine.pool].zone)) for seat in machine.seats)
            for k in (column, *kept):
                if k is not None:
                    values[k] += 1
        for pool, paid in zip(fleet.pools, self._paid, strict=True):
            values[paid] = max(values[paid], float(fleet.fewest(pool.index)))
        for commitment, free in zip(fleet.commitments, self._free, strict=True):
            self._begin_at_free(commitment, free, values)
        for columns in self._zone_columns:
            columns.begin_at(values)
        return values

    def _begin_at_free(self, commitment: FleetCommitment, free: list[int], values: list[float]) -> None:
        """Let a commitment pay all that it can of machines that are paid for, the dearest first."""
        pools = [(self._fleet.pools[p].price, values[self._paid[p]]) for p in commitment.pools]
        if commitment.money is not None:
            dollars = min(commitment.money, sum(price * n for price, n in pools)) / MICRO
            values[free[0]] = dollars / -self.rows.cost[free[0]]
            return
        left = float(commitment.instances)
        for column, (_, n) in zip(free, pools, strict=True):
            values[column] = min(left, n)
            left -= values[column]

    def packing(self, solution: Sequence[int]) -> Packing | None:
        """The machines of a solution, without the copies that are covered twice; None where rounding lost a copy."""
        zoned = {c for c, _ in self._kept}  # counted by zone
        left: dict[tuple[int, int | None], int] = {key: solution[kept] for key, kept in self._kept.items()}
        left |= {(c.index, None): c.required for c in self._fleet.components if c.index not in zoned}
        machines = []
        for (p, content), times in zip(self._columns, solution[self._first :], strict=False):
            for _ in range(times):
                seats = []
                for seat in content:
                    key = (seat.component, self._fleet.pools[p].zone if seat.component in zoned else None)
                    if left[key]:
                        left[key] -= 1
                        seats.append(seat)
                if seats:
                    machines.append(Machine(p, None, tuple(seats)))
        return None if any(left.values()) else Packing(tuple(machines))
