"""What it would cost to give every component machines of its own, as one endpoint per model does.

A comparison, not a bound. Each component alone is run at the least price that its own rules allow: options, zones,
spread, copies per instance, zone loss. Quotas are not looked at (a pool whose quota is 0 can't be used, though), nor
are machines that run now or are paid for empty. The figure is exact or it is not given.

For one component alone, machines differ only by zone, price and what they hold at most. So the least price of n copies
in one zone is a knapsack that must be filled [1]_, and zones are joined by a second dynamic program over the copies in
each. Where the options differ in throughput and there is a demand, both keep, for each number of copies, every pair of
throughput and rent that no other beats in both.

.. [1] Gilmore, P. C. and Gomory, R. E. (1966). The theory and computation of knapsack functions. Operations Research
   14(6), 1045-1074. https://doi.org/10.1287/opre.14.6.1045
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from placement.compiled.alike_pools import AlikePools, PoolsOf
from placement.compiled.fleet import Fleet, FleetComponent, Shape
from placement.report.contents import MixTooLargeError, most_served

_Machines = Sequence[AlikePools]

_STEPS = 600_000  # of the dynamic programs of all components together, about half a second
_STEPS_EACH = _STEPS // 4
_CONTENT, _MIXES = 5, 20  # steps to look at a machine's contents: of one option, and per copy where options mix


class Rent(NamedTuple):
    """Machines of one component: dollars first, in micro-dollars per hour, then how many; the least is the best."""

    price: int
    machines: int

    def plus(self, other: Rent) -> Rent:
        return Rent(self.price + other.price, self.machines + other.machines)


class FilledMachine(NamedTuple):
    """A machine with so many copies, the most they serve, and its price; `served` is 0 when only copies count."""

    copies: int
    served: int
    price: int


@dataclass(frozen=True, slots=True)
class Baseline:
    """Every component on machines of its own."""

    rents: tuple[Rent | None, ...]  # (C,) the cheapest machines of each component; None where that is not known
    missing: dict[str, str]  # why, by the name of each component without a rent

    @property
    def total(self) -> Rent | None:
        """All components together; None unless every one is known: a partial sum would mislead."""
        return None if None in self.rents else self.known

    @property
    def known(self) -> Rent:
        """The components whose rent is known together: all of them cost at least that."""
        total = Rent(0, 0)
        for rent in self.rents:
            total = total if rent is None else total.plus(rent)
        return total


class _UnknownError(Exception):
    """The exact figure is out of reach; the message says why."""


def dedicated_baseline(fleet: Fleet, copies: Sequence[int]) -> Baseline:
    """The cheapest machines of its own for each component.

    `copies`: (C,) copies that each component is to run: those of the plan compared with. A component with a demand is
        given the cheapest copies that serve it instead, when it runs any.

    For n copies: O(n x kinds of machine) without zone rules, O(zones^2 x n^2) with them. A component that would take
    more steps than it may is left unknown: the comparison must not keep a reader waiting.
    """
    rents: list[Rent | None] = []
    missing = {}
    left = _STEPS
    supply = _MachineSupply(fleet)
    for component, wanted in zip(fleet.components, copies, strict=True):
        steps = _Steps(min(left, _STEPS_EACH))
        try:
            if component.pool_loss_floor or component.instance_loss_floor:
                raise _UnknownError("not known where a pool or an instance may be lost")
            rents.append(_rent(supply, component, wanted, steps))
        except (_UnknownError, MixTooLargeError) as unknown:
            rents.append(None)
            missing[component.name] = str(unknown)
        left -= steps.taken
    return Baseline(tuple(rents), missing)


class _Steps:
    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0

    def take(self, steps: int) -> None:
        """Count work before it is done."""
        self.expect(steps)
        self.taken += steps

    def expect(self, steps: int) -> None:
        """Give up when there is more work to come than may be done."""
        if self.taken + steps > self.most:
            raise _UnknownError("too large to compute exactly in a moment")


class _MachineSupply:
    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self._pools = PoolsOf(fleet)
        self._found: dict[tuple[frozenset[int], ...], list[tuple[_Machines, int]]] = {}

    def zones(self, component: FleetComponent) -> list[tuple[_Machines, int]]:
        """The machines of each zone for a component with rules over zones, else those of all zones as of one.

        Zones that differ in nothing but their name are one, with how many they are.
        """
        if not component.has_zone_rules:
            return [(self._pools.of(component).machines, 1)]
        key = tuple(option.pools for option in component.options)
        if key not in self._found:
            alike: dict[tuple[tuple[Shape, tuple[int, ...], int], ...], list[_Machines]] = defaultdict(list)
            for zone in self._pools.of(component).by_zone.values():
                kind = tuple((self.fleet.pools[some.first].shape, some.options, some.price) for some in zone)
                alike[kind].append(zone)
            self._found[key] = [(zones[0], len(zones)) for zones in alike.values()]
        return self._found[key]


def _rent(supply: _MachineSupply, component: FleetComponent, wanted: int, steps: _Steps) -> Rent:
    if wanted == 0:
        return Rent(0, 0)
    rates = {option.throughput for option in component.options if option.pools}
    if not rates:
        raise _UnknownError("it fits on no machine")
    demand = component.demand if len(rates) > 1 else 0  # with one rate the demand is a number of copies
    counts = _counts(component, wanted, rates)
    contents = _contents(component, counts[-1], demand, steps)
    tables = [
        (_fill(_kinds(zone, supply.fleet, contents), counts[-1], demand, steps), zones)
        for zone, zones in supply.zones(component)
    ]
    rents = [rent for n in counts if (rent := _join_under_rules(component, tables, n, demand, steps)) is not None]
    if not rents:
        raise _UnknownError("its own rules can't be kept with that many copies")
    return min(rents)


def _counts(component: FleetComponent, wanted: int, rates: set[int]) -> range:
    """Numbers of copies worth trying.

    With a demand: from what the fastest option needs to what the slowest needs, or to 2a + 1 for a zone-loss floor a.
    Beyond that a copy can be taken from a fullest zone with every rule still kept.
    """
    if not component.demand:
        return range(wanted, wanted + 1)
    fewest, most = (max(component.required, -(-component.demand // max(1, rate))) for rate in (max(rates), min(rates)))
    return range(fewest, max(most, 2 * component.zone_loss_floor + 1) + 1)


_Contents = Callable[["Shape", tuple[int, ...]], list[tuple[int, int]]]


def _contents(component: FleetComponent, limit: int, demand: int, steps: _Steps) -> _Contents:
    """What gives the contents worth having of a machine of a shape, by some options: (copies, served) each.

    `limit` copies at most are wanted; without a `demand` only copies count, and the fullest stands for all.
    """
    most = limit if component.max_per_instance is None else min(limit, component.max_per_instance)

    @cache
    def contents(shape: Shape, chosen: tuple[int, ...]) -> list[tuple[int, int]]:
        options = [component.options[o] for o in chosen]
        served = most_served(shape, options, most, [option.throughput if demand else 0 for option in options])
        steps.take(_CONTENT + (len(served) if len(options) == 1 else _MIXES * len(served)))
        found = list(enumerate(served))[1:]
        return found if demand else found[-1:]

    return contents


def _kinds(machines: Sequence[AlikePools], fleet: Fleet, contents: _Contents) -> list[FilledMachine]:
    """The cheapest machine for each content worth having."""
    cheapest: dict[tuple[int, int], int] = {}
    for some in machines:
        for content in contents(fleet.pools[some.first].shape, some.options):
            cheapest[content] = min(some.price, cheapest.get(content, some.price))
    return [FilledMachine(copies, served, price) for (copies, served), price in sorted(cheapest.items())]


# --- One zone, then all

_Front = list[tuple[int, Rent]]  # (served, rent), none better in both than another; by served, ascending
_Table = list[_Front]  # by number of copies


def _front(points: Iterable[tuple[int, Rent]]) -> _Front:
    """The points that no other beats: serving as much for as little."""
    found: _Front = []
    for served, rent in sorted(points, key=lambda point: (-point[0], point[1])):
        if not found or rent < found[-1][1]:
            found.append((served, rent))
    return found[::-1]


def _fill(kinds: list[FilledMachine], copies: int, demand: int, steps: _Steps) -> _Table:
    """The cheapest machines for each number of copies, by what they serve (cut off at the demand)."""
    if not demand:
        return _fill_plainly(kinds, copies, steps)
    table: _Table = [[(0, Rent(0, 0))]]
    for n in range(1, copies + 1):
        points = []
        for kind in kinds:
            if kind.copies > n:
                continue
            before = table[n - kind.copies]
            steps.take(len(before) + 1)
            machine = Rent(kind.price, 1)
            points += [(min(demand, served + kind.served), rent.plus(machine)) for served, rent in before]
        table.append(_front(points))
    return table


def _fill_plainly(kinds: list[FilledMachine], copies: int, steps: _Steps) -> _Table:
    """Where only copies count, the kinds are full machines; one with too much room stands for one with less."""
    machines: list[tuple[int, int]] = []
    for kind in reversed(kinds):  # the roomiest first: one with less room is worth its place only where it costs less
        if not machines or kind.price < machines[-1][1]:
            machines.append((kind.copies, kind.price))
    least = [(0, 0)]
    for n in range(1, copies + 1):
        steps.take(2 * len(machines))
        rents = [(least[n - holds if n > holds else 0], price) for holds, price in machines]
        if not rents:
            return [[(0, Rent(*least[0]))], *([] for _ in range(copies))]
        least.append(min((before + price, used + 1) for (before, used), price in rents))
    return [[(0, Rent(*rent))] for rent in least]


def _join_under_rules(
    component: FleetComponent, tables: list[tuple[_Table, int]], copies: int, demand: int, steps: _Steps
) -> Rent | None:
    """The cheapest way to deal exactly so many copies to the zones; None when the rules can't be kept."""
    if not component.has_zone_rules:
        return _least(tables[0][0][copies], demand)
    most = copies - component.zone_loss_floor
    if component.max_per_zone is not None:
        most = min(most, component.max_per_zone)
    windows = [(0, most)]
    if component.max_skew is not None:
        # The emptiest eligible zone holds `low` copies and the fullest at most `low` + skew; zones x low <= copies.
        lows = range(copies // sum(zones for _, zones in tables) + 1)
        windows = [(low, min(most, low + component.max_skew)) for low in lows]
    least_zones = min(component.min_zones, copies)
    found = []
    for window in windows:
        # Where no zone has to get a copy, no more of each kind are of use than there are copies.
        zones = [table for table, many in tables for _ in range(many if window[0] else min(many, copies))]
        joined = _join(zones, copies, demand, window, steps)
        found += [
            _least(front, demand) for (dealt, used), front in joined.items() if dealt == copies and used >= least_zones
        ]
    return min((rent for rent in found if rent is not None), default=None)


def _least(front: _Front, demand: int) -> Rent | None:
    return min((rent for served, rent in front if served >= demand), default=None)


def _join(
    tables: list[_Table], copies: int, demand: int, window: tuple[int, int], steps: _Steps
) -> dict[tuple[int, int], _Front]:
    """By copies dealt and zones in use: what a number of copies within the window in each zone costs."""
    low, high = window
    if not low:  # what it takes at the least: a step for each number of copies that the zones before a zone may have
        steps.expect(sum(min(zones * high, copies) + 1 for zones in range(len(tables))))
    joined: dict[tuple[int, int], _Front] = {(0, 0): [(0, Rent(0, 0))]}
    for table in tables:
        points: dict[tuple[int, int], list[tuple[int, Rent]]] = defaultdict(list)
        for (dealt, used), front in joined.items():
            for n in range(low, min(high, copies - dealt) + 1):
                steps.take(len(front) * len(table[n]) + 1)
                points[dealt + n, used + (n > 0)] += [
                    (min(demand, served + more), rent.plus(other)) for served, rent in front for more, other in table[n]
                ]
        joined = {key: _front(found) for key, found in points.items()}
    return joined
