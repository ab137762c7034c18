"""The rows of the restricted master program by what they are for, and the columns that are there from the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

import numpy as np

from placement.arrays import Floats
from placement.patterns.formulation import RESOURCES, Relaxation, volumes
from placement.patterns.modes import Mode
from placement.units import MICRO

Column = list[tuple[int, float]]  # (row, coefficient)


class MasterRows:
    """Rows of one relaxation.

    An item of copies on one accelerator by one mode needs no row that holds copies against patterns: patterns *are* its
    copies. Such items are most of them, where needs differ, and without their rows the LP is solved in half the time.
    Their modes' columns stay empty.

    Where pools are `joined`, alike ones (`alike_pools`) share rows of volumes and of copies on one machine, and all
    their copies are by the modes of the first of them. That says as much in fewer rows and columns.

    Attributes
    ----------
    bounds : the least and the most of each row.
    mode_of_item : the mode that patterns are copies by, by (device class, item).
    capacity : rows of accelerators, by device class.
    volume, on_one, zone, pool, elsewhere : rows by (pool, resource), (component, pool), (component, zone), and twice
        (component, pool).
    cover, demand, placed : rows by component.
    level, group, limit : rows by level of optional copies, group of pools for branching, limit over groups of pools.
    limits : with the unit of each such row.
    committed : rows by commitment: its free machines, or the dollars that it pays of what its machines cost.
    free : rows by pool: no more machines are free than there are.
    """

    def __init__(
        self, relaxation: Relaxation, groups: tuple[tuple[int, ...], ...], *, rules: bool, joined: bool = False
    ) -> None:
        """O(modes). With `rules` also those that look at a whole plan."""
        self.relaxation = relaxation
        self._groups = groups
        self.bounds: list[tuple[float, float]] = []
        self._first = alike_pools(relaxation) if joined else {p.index: p.index for p in relaxation.fleet.pools}
        self.mode_of_item = modes_of_items(relaxation, self._first)
        self._item = [
            [
                self._row(0.0, inf) if (device_class.index, i) not in self.mode_of_item else -1
                for i in range(len(device_class.items))
            ]
            for device_class in relaxation.device_classes
        ]
        self.capacity = [self._row(0.0, inf) for _ in relaxation.device_classes]
        volume = {
            (p, r): self._row(0.0, inf)
            for p in dict.fromkeys(self._first.values())
            for r, amount in enumerate(volumes(relaxation.fleet, p))
            if amount > 0
        }
        resources = range(len(RESOURCES))
        self.volume = {
            (p, r): volume[first, r] for p, first in self._first.items() for r in resources if (first, r) in volume
        }
        on_one = {(c, p): self._row(0.0, inf) for c, p in relaxation.on_one if self._first[p] == p}
        self.on_one = {(c, p): on_one[c, self._first[p]] for c, p in relaxation.on_one}
        self.cover: dict[int, int] = {}
        self.demand: dict[int, int] = {}
        self.zone: dict[tuple[int, int], int] = {}
        self._component_rows()
        self.level = {level: self._row(float(least), inf) for level, least in enumerate(relaxation.least_placed)}
        self.pool = {
            (c, p): self._row(-inf, float(most))
            for c, most in relaxation.in_pool.items()
            for p, zone in sorted({(mode.pool, mode.zone) for mode in relaxation.modes_of[c]})
            if most < most_in_zone(relaxation, c, zone)
        }  # after the loss of a pool
        self.group = [self._row(0.0, 0.0) for _ in groups]
        limits = relaxation.fleet.limits if rules else ()
        self.limits = [(limit, max(limit.weight.values(), default=1)) for limit in limits]
        self.limit = [self._row(-inf, limit.most / unit) for limit, unit in self.limits]
        commitments = relaxation.fleet.commitments if rules else ()
        self.committed = [
            self._row(-inf, float(commitment.instances) if commitment.money is None else 0.0)
            for commitment in commitments
        ]
        self.free = {p: self._row(-inf, 0.0) for k in commitments if k.money is None for p in k.pools}
        floors = relaxation.elsewhere if rules else {}
        self.placed = {c: self._row(0.0, 0.0) for c in floors}  # all copies, as a column
        self.elsewhere = {
            (c, p): self._row(float(floor), inf)
            for c, floor in floors.items()
            for p in sorted({mode.pool for mode in relaxation.modes_of[c]})
        }
        self._modes = [self._mode_column(mode) for mode in relaxation.modes]

    def _row(self, low: float, high: float) -> int:
        self.bounds.append((low, high))
        return len(self.bounds) - 1

    def _component_rows(self) -> None:
        relaxation = self.relaxation
        for c in relaxation.fleet.components:
            if not relaxation.modes_of[c.index]:
                continue
            most = inf if c.demand or relaxation.given is None else float(c.copies)
            self.cover[c.index] = self._row(float(c.required), most)
            if c.demand:
                self.demand[c.index] = self._row(1.0, inf)
            limits = relaxation.zones[c.index]
            if limits is not None:
                for z, low in limits.least.items():
                    self.zone[c.index, z] = self._row(float(low), float(limits.most[z]))

    def first_columns(self) -> list[Column]:
        """Machines per pool, per group, and beyond the quotas; then copies of components with a floor."""
        pools = self.relaxation.fleet.pools
        columns = [self.machine_column(pool.index) for pool in pools]
        for row, group in zip(self.group, self._groups, strict=True):
            for p in group:
                columns[p].append((row, -1.0))
        for row, (limit, unit) in zip(self.limit, self.limits, strict=True):
            for p, weight in limit.weight.items():
                columns[p].append((row, weight / unit))
        for row, commitment in zip(self.committed, self.relaxation.fleet.commitments, strict=False):
            for p in commitment.pools:
                columns[p].append((self.free[p], -1.0) if commitment.money is None else (row, -pools[p].price / MICRO))
        columns += [[(row, 1.0)] for row in self.group]
        columns += [self.machine_column(pool.index) for pool in pools]
        for c, row in self.placed.items():
            columns.append([(row, -1.0), *((other, 1.0) for key, other in self.elsewhere.items() if key[0] == c)])
        return columns

    def paid_columns(self) -> list[tuple[float, float, Column]]:
        """What commitments pay: dollars of one, how many at most, and its column."""
        found: list[tuple[float, float, Column]] = []
        pools = self.relaxation.fleet.pools
        for row, commitment in zip(self.committed, self.relaxation.fleet.commitments, strict=False):
            if commitment.money is None:
                found += [(pools[p].price / MICRO, inf, [(self.free[p], 1.0), (row, 1.0)]) for p in commitment.pools]
            else:
                found.append((1.0, commitment.money / MICRO, [(row, 1.0)]))
        return found

    def mode_columns(self) -> list[Column]:
        """Copies by each mode; empty for those that patterns are."""
        direct = set(self.mode_of_item.values())
        return [[] if w in direct or not self.takes(w) else column for w, column in enumerate(self._modes)]

    def takes(self, w: int) -> bool:
        """Whether copies are by this mode, and not by that of an alike pool."""
        pool = self.relaxation.modes[w].pool
        return self._first[pool] == pool

    def items(self) -> list[list[Column]]:
        """What one item in a pattern counts for, by device class."""
        return [
            [self._modes[self.mode_of_item[q, i]] if row < 0 else [(row, 1.0)] for i, row in enumerate(rows)]
            for q, rows in enumerate(self._item)
        ]

    def values_of(self, other: MasterRows, rows: Floats, items: Sequence[Sequence[float]]) -> Floats:
        """(rows,) what each row is worth by the dual values of another program of the same fleet, in other classes.

        `rows`, (rows there,), and `items` are as in `Duals`. A row that is not there is worth nothing.
        """
        values = np.zeros(len(self.bounds))
        same = [(row, other.volume[key]) for key, row in self.volume.items()]
        same += [(row, other.on_one[key]) for key, row in self.on_one.items()]
        same += [(row, other.cover[c]) for c, row in self.cover.items()]
        same += [(row, other.demand[c]) for c, row in self.demand.items()]
        same += [(row, other.level[level]) for level, row in self.level.items()]
        same += [(row, other.free[p]) for p, row in self.free.items()]
        same += zip((*self.limit, *self.committed), (*other.limit, *other.committed), strict=True)
        alike = {device_class.alike: device_class for device_class in other.relaxation.device_classes}
        for device_class in self.relaxation.device_classes:
            q, known_class = device_class.index, alike[device_class.alike]
            same.append((self.capacity[q], other.capacity[known_class.index]))
            known_items = {item: i for i, item in enumerate(known_class.items)}
            for item, row in zip(device_class.items, self._item[q], strict=True):
                if row >= 0:
                    values[row] = items[known_class.index][known_items[item]]
        for row, known in same:
            values[row] = rows[known]
        return values

    def machine_column(self, p: int, part: float = 1.0) -> Column:
        """What a part of a machine of pool p offers."""
        relaxation = self.relaxation
        column = [(self.volume[p, r], part) for r in range(len(RESOURCES)) if (p, r) in self.volume]
        if p in relaxation.class_of:
            column.append((self.capacity[relaxation.class_of[p]], part * relaxation.devices(p)))
        column += [(row, part * relaxation.on_one[key]) for key, row in self.on_one.items() if key[1] == p]
        return column

    def _mode_column(self, mode: Mode) -> Column:
        """What a copy takes of patterns, accelerators and volumes (scaled by the machine's), and what it counts for."""
        column = self.machine_column(mode.pool, -1.0 / mode.mean) if mode.parts else self._taken(mode)
        there = (mode.component, mode.pool)
        if there in self.on_one:
            column.append((self.on_one[there], -1.0))
        column.append((self.cover[mode.component], 1.0))
        if there in self.pool:
            column.append((self.pool[there], 1.0))
        if mode.component in self.placed:
            column += [(self.placed[mode.component], 1.0), (self.elsewhere[there], -1.0)]
        component = self.relaxation.fleet.components[mode.component]
        if component.demand:
            column.append((self.demand[mode.component], mode.throughput / component.demand))
        if (mode.component, mode.zone) in self.zone:
            column.append((self.zone[mode.component, mode.zone], 1.0))
        if component.level in self.level:
            column.append((self.level[component.level], 1.0))
        return column

    def _taken(self, mode: Mode) -> Column:
        size = volumes(self.relaxation.fleet, mode.pool)
        column = [(self.volume[mode.pool, r], -amount / size[r]) for r, amount in enumerate(mode.usage) if amount]
        q, item = mode.device_class, mode.item
        if q is not None and item is not None and (q, item) not in self.mode_of_item:
            column.append((self._item[q][item], -float(mode.touches)))
        if q is not None and mode.owns:
            column.append((self.capacity[q], -float(mode.owns)))
        return column


class ItemValues:
    """What one more of each item in a pattern is worth, from the duals of all rows at once."""

    def __init__(self, items: list[list[Column]]) -> None:
        """Entries as arrays: whose they are, which row, how much. O(entries)."""
        flat = [column for device_class in items for column in device_class]
        self._ends = np.cumsum([len(device_class) for device_class in items])[:-1]
        self._items = len(flat)
        self._owner = np.array([k for k, column in enumerate(flat) for _ in column], dtype=np.int64)
        self._row = np.array([row for column in flat for row, _ in column], dtype=np.int64)
        self._part = np.array([part for column in flat for _, part in column])

    def at(self, rows: Floats) -> list[list[float]]:
        """By device class and item, at the duals `rows` (rows,)."""
        values = np.bincount(self._owner, self._part * rows[self._row], self._items)
        return [part.tolist() for part in np.split(values, self._ends)]


def most_in_zone(relaxation: Relaxation, c: int, zone: int) -> float:
    """Copies of a component that a zone, and so a pool there, holds at most by the rules over zones."""
    limits = relaxation.zones[c]
    return inf if limits is None else limits.most[zone]


def alike_pools(relaxation: Relaxation) -> dict[int, int]:
    """The first pool of those that differ by price and number of machines alone, for each pool. O(modes).

    They have machines of one type, in one zone unless no rule is about zones, hold copies by the same options, and no
    rule is about one of them.
    """
    own = relaxation.in_pool.keys() | relaxation.elsewhere.keys()
    zoned = any(limits is not None for limits in relaxation.zones)
    held: dict[int, set[tuple[int, int]]] = {}
    apart = set()
    for mode in relaxation.modes:
        held.setdefault(mode.pool, set()).add((mode.component, mode.option))
        if mode.component in own:
            apart.add(mode.pool)
    first: dict[tuple[object, ...], int] = {}
    return {
        p.index: p.index
        if p.index in apart
        else first.setdefault(
            (
                p.zone if zoned else None,
                p.instance_type,
                p.shape,
                relaxation.class_of.get(p.index),
                frozenset(held.get(p.index, ())),
            ),
            p.index,
        )
        for p in relaxation.fleet.pools
    }


def modes_of_items(relaxation: Relaxation, first: Mapping[int, int]) -> dict[tuple[int, int], int]:
    """The mode of each item (device class, item) of which there is one in `first` pools, on one accelerator."""
    modes: dict[tuple[int, int], list[int]] = {}
    for w, mode in enumerate(relaxation.modes):
        if mode.device_class is not None and mode.item is not None and first[mode.pool] == mode.pool:
            modes.setdefault((mode.device_class, mode.item), []).append(w)
    return {item: w for item, (w, *more) in modes.items() if not more and relaxation.modes[w].touches == 1}
