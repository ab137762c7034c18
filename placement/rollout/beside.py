"""What an update takes beside the fleet that runs: batch by batch, and blue/green, which doubles what holds copies."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from placement.documents.rollout import FleetBeside
from placement.documents.transition import TransitionStep
from placement.errors import printable
from placement.rollout.case import RollingCase
from placement.transition import Durations
from placement.units import dollars


def rolling_beside(case: RollingCase, extra: int, steps: Sequence[TransitionStep]) -> FleetBeside:
    """Machine-hours beyond as many machines as before, and dollars beyond what these cost, while there are more."""
    price = {pool.name: pool.price for pool in case.sites.fleet.pools}
    end = max(step.ends_at for step in steps)
    count: dict[float, int] = defaultdict(int, {end: 0})  # machines more, by when they come or go
    rate: dict[float, int] = defaultdict(int)
    for step in steps:
        if step.action in ("open", "close"):
            at, sign = (step.starts_at, 1) if step.action == "open" else (step.ends_at, -1)
            count[at] += sign
            rate[at] += sign * price[step.pool or ""]
    seconds, money, before, machines, paid = 0.0, 0.0, 0.0, 0, 0
    for at in sorted(count):
        seconds += max(0, machines) * (at - before)
        money += max(0, paid) * (at - before)
        before, machines, paid = at, machines + count[at], paid + rate[at]
    cost = dollars(math.ceil(money / 3600))
    return FleetBeside(instances=extra, machine_hours=seconds / 3600, cost=cost, duration_seconds=end)


def blue_green(case: RollingCase, times: Durations) -> FleetBeside | None:
    """What doubling the machines takes, until new copies are ready and old ones gone; None where no machine will do."""
    span = times.open + times.until_ready(case.name) + times.pause + times.drain
    green = _green(case)
    if not green:
        return None
    price = {pool.name: pool.price for pool in case.sites.fleet.pools}
    cost = dollars(math.ceil(sum(price[pool] for pool in green) * span / 3600))
    hours = len(green) * span / 3600
    return FleetBeside(instances=len(green), machine_hours=hours, cost=cost, duration_seconds=span)


def fits_somewhere(case: RollingCase) -> bool:
    """Whether an empty machine of any pool takes a new copy."""
    return any(case.on_empty(pool) for pool in case.sites.fleet.pools)


def remarks(case: RollingCase) -> list[str]:
    """What blue/green needs and quotas do not lend, or why there are no figures of it."""
    green = _green(case)
    if not green and fits_somewhere(case):
        return ["no figures of blue/green: no machines hold as many new copies in the same zones and keep every rule"]
    lacks = []
    for pool, count in Counter(green).items():
        row = next(row for row in case.sites.fleet.pools if row.name == pool)
        room = count if row.max_instances is None else max(0, row.max_instances - case.start.paid[row.index])
        if count > room:
            lacks.append(f"{count} more of pool {printable(pool)}, of which the quota lends {room}")
    return [f"blue/green needs {', and '.join(lacks)}"] if lacks else []


def _green(case: RollingCase) -> list[str]:
    """The pools of as many machines again as hold copies today; none where no such machines keep the rules.

    Where a group's new copies do not fit on such machines, the cheapest pool for all of the group. Groups are zones
    where rules count zones, and machines where copies must outlive one: so each zone and machine has no more copies
    than today, and the new copies keep the rules that the old ones keep.
    """
    floors = case.sites.strict[case.name]
    groups: dict[object, list[str]] = defaultdict(list)  # the machine of each copy
    for stand in case.due.leaving:
        zone = case.sites.zone(stand.instance) if case.component.has_zone_rules else None
        groups[stand.instance if floors.instance else zone].append(stand.instance)
    green: list[str] = []
    most: Counter[str] = Counter()  # copies in each pool
    for machines in groups.values():
        found = _of_group(case, machines)
        if not found:
            return []
        green += found
        most.update(_copies_by_pool(case, machines, found))
    if floors.pool and max(most.values()) > case.copies - floors.pool:
        return []
    return green


def _of_group(case: RollingCase, machines: Sequence[str]) -> list[str]:
    """The pools of the machines for one group of copies, whose machines today are these; none where none will do."""
    fleet, pool_of = case.sites.fleet, case.sites.pool_of
    today = Counter(machines)
    if all(case.on_empty(fleet.pools[pool_of[name]]) >= count for name, count in today.items()):
        return [fleet.pools[pool_of[name]].name for name in today]
    zone = case.sites.zone(machines[0]) if case.component.has_zone_rules else None
    ways = [
        (-(-len(machines) // each) * pool.price, pool.index, -(-len(machines) // each))
        for pool in fleet.pools
        if (zone is None or pool.zone == zone) and (each := case.on_empty(pool))
    ]
    if not ways:
        return []
    _, index, count = min(ways)
    return [fleet.pools[index].name] * count


def _copies_by_pool(case: RollingCase, machines: Sequence[str], green: Sequence[str]) -> Counter[str]:
    """Where the copies of a group go: as today where its machines are doubled, else all into the one pool."""
    today = Counter(case.sites.fleet.pools[case.sites.pool_of[name]].name for name in machines)
    return today if set(green) == set(today) else Counter({green[0]: len(machines)})
