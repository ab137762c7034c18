"""What an update takes beside the fleet that runs: batch by batch, and blue/green, which doubles what holds copies."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from placement.documents.rollout import FleetBeside
from placement.documents.transition import TransitionStep
from placement.errors import printable
from placement.rollout.case import RollingCase
from placement.rollout.roll import most_new
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
    holding = _doubled(case)
    if not holding:
        return None
    price = {pool.name: pool.price for pool in case.sites.fleet.pools}
    cost = dollars(math.ceil(sum(price[pool] for pool in holding) * span / 3600))
    hours = len(holding) * span / 3600
    return FleetBeside(instances=len(holding), machine_hours=hours, cost=cost, duration_seconds=span)


def _doubled(case: RollingCase) -> list[str]:
    """The pools of as many machines again as hold copies today.

    Where new copies can't run on such machines, as many of the cheapest pool as they fill at least; none where they
    fit nowhere.
    """
    fleet, pools = case.sites.fleet, case.due.pools
    holding = [pools[machine] for machine in dict.fromkeys(stand.instance for stand in case.due.leaving)]
    holds = {p.name: most_new(case.component, case.first, p.shape, None, p.index) for p in fleet.pools}
    if not all(holds[pool] for pool in holding):
        ways = [(-(-case.copies // holds[p.name]) * p.price, p.index) for p in fleet.pools if holds[p.name]]
        if not ways:
            return []
        green = fleet.pools[min(ways)[1]].name
        holding = [green] * -(-case.copies // holds[green])
    return holding


def beyond_quotas(case: RollingCase) -> list[str]:
    """What blue/green needs and quotas do not lend."""
    lacks = []
    for pool, count in Counter(_doubled(case)).items():
        row = next(row for row in case.sites.fleet.pools if row.name == pool)
        room = count if row.max_instances is None else max(0, row.max_instances - case.start.paid[row.index])
        if count > room:
            lacks.append(f"{count} more of pool {printable(pool)}, of which the quota lends {room}")
    return [f"blue/green needs {', and '.join(lacks)}"] if lacks else []
