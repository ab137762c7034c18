r"""Prices to proofs: any non-negative prices give an inequality on machine counts that every plan keeps.

Price what copies use (accelerators by weight, volumes) and what machines offer. A plan's copies can't be worth more
than its machines, so

.. math:: \sum_p W_p n_p \ge D, \quad W_p = K_p \alpha_q + \sum_r A_{rp} \mu_{pr},

where :math:`\alpha_q` is the most that the patterns of one accelerator of device class q can be worth (recomputed here
by an exact knapsack over *all* patterns, so columns that were never generated are covered) and D is the least that the
copies of all components can be worth, each component's choice of option, pool and zone minimised exactly. All numbers
are Python integers: where the prices came from does not matter. This is the Lagrangian bound of Geoffrion (1974) read
as a Benders cut (Benders 1962) on the machine counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType

import numpy as np

from placement.compiled.fleet import Fleet, FleetComponent
from placement.patterns.committed import paid_for, rents, saved_by_free
from placement.patterns.dedicated import cheapest_machines, counts_whole
from placement.patterns.formulation import Relaxation, volumes
from placement.patterns.modes import Mode
from placement.vector_packing.knapsack import Knapsack

Groups = tuple[tuple[int, ...], ...]

SCALE = 2**20  # prices of patterns are whole multiples of 1 / SCALE micro-dollars, so that knapsacks fit 64 bits
FINE = 2**32  # of a GiB of host memory a machine has millions of units: their prices are finer by this factor
UNIT = SCALE * FINE  # dual values of machines and copies are in 1 / UNIT micro-dollars


@dataclass(slots=True)
class Prices:
    """Integer prices, at least 0; absent ones are 0.

    An item that one mode alone asks for (`MasterRows.mode_of_item`) may have a price below 0, unless its copies serve a
    demand: with what runs they may be worth something for their reward alone.

    Those of patterns, `coverage` and `capacity`, are in 1 / SCALE micro-dollars, the others in 1 / UNIT.
    `coverage[q][i]` of a copy of item i on one accelerator of device class q, `capacity[q]` of an owned accelerator,
    `volume[p, r]` of a unit of resource r on pool p, `on_one[c, p]` of a copy of c on
    pool p where few stand on one machine, `level[l]` of an optional copy placed; `group[g]`, of any sign, of
    a machine counted in a group of pools; `aggregates[s]`, of any sign, of a copy counted in a sum of the relaxation;
    `limits[l]` of a unit that machines count for against a limit of the fleet; `elsewhere[c, p]` of a copy of c in
    another pool than p, where so many must be there; `committed[k]`, for a commitment of dollars, what one of them
    that is paid for is worth: a part of it in 1 / UNIT, at most UNIT; `rewards[c]`, in 1 / SCALE, of a copy of c that
    runs and is kept (`running.state`).
    """

    coverage: list[list[int]]
    capacity: list[int]
    volume: dict[tuple[int, int], int] = field(default_factory=dict)
    on_one: dict[tuple[int, int], int] = field(default_factory=dict)
    level: list[int] = field(default_factory=list)
    group: list[int] = field(default_factory=list)
    aggregates: dict[int, int] = field(default_factory=dict)
    limits: list[int] = field(default_factory=list)
    elsewhere: dict[tuple[int, int], int] = field(default_factory=dict)
    committed: list[int] = field(default_factory=list)
    rewards: list[int] = field(default_factory=list)

    def alone(self) -> Prices:
        """Those of what copies use and machines offer: good in any node, and for fleets at other prices and rules."""
        return Prices(self.coverage, self.capacity, self.volume, self.on_one, self.level, elsewhere=self.elsewhere)


@dataclass(frozen=True, slots=True)
class Cut:
    """Every plan has ``sum(coefficients[p] * machines of p) >= least``; `prices` are those that prove it."""

    coefficients: tuple[int, ...]
    least: int
    prices: Prices | None = field(default=None, compare=False, repr=False)

    def slack(self, machines: tuple[int, ...]) -> int:
        """How far machine counts are above the least; negative when they can't hold any plan."""
        return sum(w * n for w, n in zip(self.coefficients, machines, strict=True)) - self.least


@dataclass(frozen=True, slots=True)
class NodeDomain:
    """Limits on the machines of each pool, then of each group of pools; and on sums of copies, (fewest, most)."""

    fewest: tuple[int, ...]
    most: tuple[int, ...]
    aggregates: dict[int, tuple[int, int]] = field(default_factory=dict)


def domain_bound(fleet: Fleet, cut: Cut, groups: Groups, prices: Prices, domain: NodeDomain) -> int:
    """The least price, micro-dollars per hour, of machine counts in the node that keep the cut and the fleet's limits.

    Lagrangian: with price 1 on the cut, `prices.group[g]` on the equation that ties group g to its pools (absent: 0),
    and `prices.limits[l]` on limit l, every count is cheapest at one end of its range. What commitments pay comes off.
    Exact, rounded up as whole machines have whole prices. O(pools x groups + pools of limits and commitments).
    """
    costs = machine_costs(fleet, cut, groups, prices.group, prices.limits, prices.committed)
    less = allowed(fleet, prices.limits) + paid_for(fleet, prices.committed)
    less += saved_by_free(fleet, costs, [*zip(domain.fewest, domain.most, strict=True)], UNIT)
    return -(-(domain_total(cut, costs, domain) - less) // UNIT)


def allowed(fleet: Fleet, prices: Sequence[int]) -> int:
    """What the fleet's limits allow, at a price for a unit of each (none: (), all of them 0)."""
    return sum(price * limit.most for price, limit in zip(prices, fleet.limits, strict=False))


def machine_costs(
    fleet: Fleet,
    cut: Cut,
    groups: Groups,
    prices: list[int],
    limits: Sequence[int] = (),
    committed: Sequence[int] = (),
) -> list[int]:
    """The reduced cost of a machine of each pool, then of one counted in each group, in 1 / UNIT micro-dollars.

    Groups and limits without a price, as where the prices are not those of a node, have a price of 0.
    """
    each = [
        rent - coefficient for rent, coefficient in zip(rents(fleet, committed, UNIT), cut.coefficients, strict=True)
    ]
    charge_limits(fleet, each, limits)
    prices = prices + [0] * (len(groups) - len(prices))
    for price, group in zip(prices, groups, strict=True):
        for p in group:
            each[p] += price
    return each + [-price for price in prices]


def charge_limits(fleet: Fleet, each: list[int], prices: Sequence[int]) -> None:
    """Add to what `each` machine costs, (P,), the prices of the limits that it counts for."""
    for price, limit in zip(prices, fleet.limits, strict=False):
        for p, weight in limit.weight.items():
            each[p] += price * weight


def domain_total(cut: Cut, costs: list[int], domain: NodeDomain) -> int:
    """The bound of a node from the reduced costs of its counts, in 1 / UNIT micro-dollars."""
    return cut.least + sum(
        min(cost * low, cost * high) for cost, low, high in zip(costs, domain.fewest, domain.most, strict=True)
    )


def capacity_values(relaxation: Relaxation, prices: Prices, knapsacks: Sequence[Knapsack] | None = None) -> list[int]:
    """Per device class, the most that one accelerator can be worth, over ownership and all patterns.

    With `knapsacks`, (device classes,), over those that they allow.
    """
    allowed = [device_class.knapsack for device_class in relaxation.device_classes] if knapsacks is None else knapsacks
    return [max(prices.capacity[q], knapsack.value(prices.coverage[q])) for q, knapsack in enumerate(allowed)]


def certify(
    relaxation: Relaxation,
    prices: Prices,
    capacity: list[int] | None = None,
    aggregates: Mapping[int, tuple[int, int]] = MappingProxyType({}),
) -> Cut:
    """The inequality that `prices` prove; `capacity` is `capacity_values` when that is known. O(modes + knapsacks).

    With limits on `aggregates` of copies it is proven of plans within those: Lagrangian, a copy that counts in a sum
    pays the sum's price less, and the sum pays it at the cheaper end of its limits.
    """
    fleet = relaxation.fleet
    if capacity is None:
        capacity = capacity_values(relaxation, prices)
    machine = machine_values(relaxation, prices, capacity)
    values = mode_values(relaxation, prices, capacity, machine, aggregates)
    least = sum(
        min(prices.aggregates.get(s, 0) * low, prices.aggregates.get(s, 0) * high)
        for s, (low, high) in aggregates.items()
    )
    least += sum(
        _component_value(relaxation, component, prices, values[first:end], machine)
        for component, (first, end) in zip(fleet.components, pairwise(relaxation.arrays.ends), strict=True)
        if end > first
    )
    least += sum(prices.level[level] * placed for level, placed in enumerate(relaxation.least_placed))
    return Cut(tuple(machine), least, prices)


def machine_values(relaxation: Relaxation, prices: Prices, capacity: Sequence[int]) -> list[int]:
    """(P,) what one machine offers is worth, in 1 / UNIT micro-dollars; `capacity` as `capacity_values`."""
    fleet = relaxation.fleet
    found: list[int] = []
    for pool in fleet.pools:
        device_class = relaxation.class_of.get(pool.index)
        total = 0 if device_class is None else relaxation.devices(pool.index) * capacity[device_class] * FINE
        for r, amount in enumerate(volumes(fleet, pool.index)):
            total += prices.volume.get((pool.index, r), 0) * amount
        found.append(total)
    for (c, p), price in prices.on_one.items():
        found[p] += relaxation.on_one[c, p] * price
    return found


def _component_value(
    relaxation: Relaxation,
    component: FleetComponent,
    prices: Prices,
    values: list[int],
    machine: Sequence[int],
) -> int:
    """The least that the placed copies of one component are worth; optional copies bring their level's price.

    `values` are those of its modes, `machine` those of a machine of each pool.
    """
    reward = 0
    if component.level is not None and relaxation.given is not None:
        reward = prices.level[component.level]
    modes = relaxation.modes_of[component.index]
    if counts_whole(component):  # in no sum
        most_in_pool = relaxation.in_pool.get(component.index)
        offers: dict[int, dict[int, tuple[int, int]]] = {}
        for mode in modes:
            offers.setdefault(mode.zone, {})[mode.pool] = mode.parts, machine[mode.pool]
        machines = {z: set(here.values()) if most_in_pool is None else [*here.values()] for z, here in offers.items()}
        return cheapest_machines(component, machines, relaxation.zones[component.index], reward, most_in_pool)
    if component.demand:
        values, paid = less_elsewhere(relaxation, component, modes, values, prices)
        return paid + least_for_demand(component, modes, values)
    if relaxation.zones[component.index] is None and component.index not in relaxation.in_pool:
        each = min(values) - reward
        return each * (component.copies if each < 0 else component.required)
    in_pool: dict[tuple[int, int], int] = {}  # the least by zone and pool
    for mode, value in zip(modes, values, strict=True):
        key = mode.zone, mode.pool
        in_pool[key] = min(value, in_pool.get(key, value))
    return _cheapest_split(relaxation, component, in_pool, reward)


def less_elsewhere(
    relaxation: Relaxation, component: FleetComponent, modes: Sequence[Mode], values: Sequence[int], prices: Prices
) -> tuple[list[int], int]:
    """Copies' values less what they earn for standing in other pools than each; and what that earns at least, in all.

    Lagrangian: whichever pool is lost, so many copies stand elsewhere. O(modes).
    """
    pools = {mode.pool for mode in modes}
    earned = {p: prices.elsewhere.get((component.index, p), 0) for p in pools}
    every = sum(earned.values())
    less = [value - every + earned[mode.pool] for mode, value in zip(modes, values, strict=True)]
    return less, relaxation.elsewhere.get(component.index, 0) * every


def least_for_demand(component: FleetComponent, modes: Sequence[Mode], values: Sequence[int]) -> int:
    """The least that copies are worth that serve the demand and are as many as are required. O(modes)."""
    least = min(values)
    if least < 0:
        return component.copies * least
    rate = min(Fraction(value, max(1, mode.throughput)) for mode, value in zip(modes, values, strict=True))
    return max(component.required * least, math.ceil(component.demand * rate))


def mode_values(
    relaxation: Relaxation,
    prices: Prices,
    capacity: Sequence[int],
    machine: Sequence[int],
    aggregates: Iterable[int] = (),
) -> list[int]:
    """(modes,) the least dual value of one copy by each; a dedicated copy, k of which fill a machine, pays 1/k of it.

    `capacity` is of an accelerator of each device class, `machine` of a machine of each pool. A copy that counts in one
    of the sums `aggregates` pays its price less. O(modes).
    """
    modes = relaxation.arrays
    values = np.zeros(modes.modes, dtype=object)
    modes.owned.charge(values, capacity)
    modes.items.charge(values, [price for coverage in prices.coverage for price in coverage])
    values *= FINE
    for r, volume in enumerate(modes.volumes):
        volume.charge(values, [prices.volume.get((pool.index, r), 0) for pool in relaxation.fleet.pools])
    found: list[int] = values.tolist()
    for w, p, parts in modes.parts:
        found[w] = machine[p] // parts
    for w, mode in enumerate(relaxation.modes) if any(prices.on_one.values()) else ():
        if not mode.parts:
            found[w] += prices.on_one.get((mode.component, mode.pool), 0)
    for s in aggregates:
        for w in relaxation.aggregates[s]:
            found[w] -= prices.aggregates.get(s, 0)
    return found


def _cheapest_split(
    relaxation: Relaxation, component: FleetComponent, in_pool: dict[tuple[int, int], int], reward: int
) -> int:
    """Least worth of the copies, by zone and pool of one, within the limits of both.

    Beyond `required` only copies that pay for themselves. Pools are within zones, so the cheapest of each zone first,
    and then the cheapest anywhere, is the least (a polymatroid: Edmonds 1970, *Submodular functions, matroids, and
    certain polyhedra*). O(pools log pools).
    """
    limits = relaxation.zones[component.index]
    most_in_pool = relaxation.in_pool.get(component.index, component.copies)
    total, placed = 0, 0
    left = dict.fromkeys((zone for zone, _ in in_pool), component.copies)
    needed = dict.fromkeys(left, 0)
    if limits is not None:
        left = {zone: limits.most[zone] for zone in left}
        needed = {zone: limits.least[zone] for zone in left}
    pools = dict.fromkeys(in_pool, most_in_pool)
    cheapest = sorted(in_pool, key=lambda pool: (in_pool[pool], pool))
    for pool in cheapest:
        zone, _ = pool
        more = min(needed[zone], pools[pool])
        total += more * (in_pool[pool] - reward)
        placed += more
        pools[pool] -= more
        needed[zone] -= more
        left[zone] -= more
    for pool in cheapest:
        zone, _ = pool
        each = in_pool[pool] - reward
        wanted = component.copies if each < 0 else component.required
        more = max(0, min(left[zone], pools[pool], wanted - placed))
        total += more * each
        placed += more
        left[zone] -= more
    if placed < component.required:  # limits leave too little room: no plan at all; stay on the safe side
        total += (component.required - placed) * (min(in_pool.values()) - reward)
    return total
