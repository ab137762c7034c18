"""Pools that a rule can't tell apart, put together: of a whole fleet, and of one component by zone."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from placement.compiled.fleet import Fleet, FleetComponent, FleetPool, Shape
from placement.grouping import grouped


def alike_pools(fleet: Fleet) -> list[list[int]]:
    """The pools in groups of the same shape, price and options that may run there, all with a quota or all without.

    A rule that reads neither zones nor running machines can't tell the pools of a group apart. In order of the first
    pool of each. O(pools x distinct sets of pools that options may run on).
    """
    users: list[list[int]] = [[] for _ in fleet.pools]
    for k, pools in enumerate(dict.fromkeys(option.pools for c in fleet.components for option in c.options)):
        for p in pools:
            users[p].append(k)
    groups: dict[tuple[Shape, int, bool, tuple[int, ...]], list[int]] = defaultdict(list)
    for pool in fleet.pools:
        key = (pool.shape, pool.price, pool.max_instances is None, tuple(users[pool.index]))
        groups[key].append(pool.index)
    return list(groups.values())


@dataclass(frozen=True, slots=True)
class AlikePools:
    """Pools that one component can't tell apart: the first of them stands for all.

    `options` of the component may run there; `price` is the least of them; `quota` the sum, None without one.
    """

    first: int
    options: tuple[int, ...]
    price: int
    quota: int | None


@dataclass(frozen=True, slots=True)
class ComponentPools:
    """The pools of one component, put together.

    `by_zone` are those of each zone, ascending, `machines` of all zones together, and `smallest_zone` the machines that
    the quotas allow in the eligible zone where they allow fewest; None: no limit in any.
    """

    by_zone: dict[int, list[AlikePools]]
    machines: list[AlikePools]
    smallest_zone: int | None


class PoolsOf:
    """For each component its pools, put together by zone, shape and options; components that share sets share these."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._found: dict[tuple[frozenset[int], ...], ComponentPools] = {}

    def of(self, component: FleetComponent) -> ComponentPools:
        """Those of a component. O(options x pools log pools) for new sets of pools, else O(options)."""
        key = tuple(option.pools for option in component.options)
        if key not in self._found:
            self._found[key] = _put_together(self._fleet, key)
        return self._found[key]


def _put_together(fleet: Fleet, sets: tuple[frozenset[int], ...]) -> ComponentPools:
    users = grouped((p, o) for o, pools in enumerate(sets) for p in pools)
    places: dict[tuple[int, Shape, tuple[int, ...]], list[FleetPool]] = defaultdict(list)
    machines: dict[tuple[Shape, tuple[int, ...]], list[FleetPool]] = defaultdict(list)
    for p in sorted(users):
        pool, options = fleet.pools[p], tuple(users[p])
        places[pool.zone, pool.shape, options].append(pool)
        machines[pool.shape, options].append(pool)
    by_zone: dict[int, list[AlikePools]] = {zone: [] for zone in sorted({zone for zone, _, _ in places})}
    for (zone, _, options), pools_there in places.items():
        by_zone[zone].append(_as_one(pools_there, options))
    quotas = [sum_of_quotas(alike.quota for alike in alikes) for alikes in by_zone.values()]
    return ComponentPools(
        by_zone=by_zone,
        machines=[_as_one(pools, options) for (_, options), pools in machines.items()],
        smallest_zone=min((quota for quota in quotas if quota is not None), default=None),
    )


def _as_one(pools: list[FleetPool], options: tuple[int, ...]) -> AlikePools:
    price, quota = min(pool.price for pool in pools), sum_of_quotas(pool.max_instances for pool in pools)
    return AlikePools(pools[0].index, options, price, quota)


def sum_of_quotas(quotas: Iterable[int | None]) -> int | None:
    """Machines that quotas allow together; None where one of them is no limit."""
    total = 0
    for quota in quotas:
        if quota is None:
            return None
        total += quota
    return total
