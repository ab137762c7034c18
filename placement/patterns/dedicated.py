"""Whole machines for a dedicated component: the least they are worth, zone by zone."""

from collections.abc import Collection, Mapping

from placement.compiled.fleet import FleetComponent
from placement.patterns.parameters import DedicatedParameters as _PARAMS
from placement.patterns.zone_limits import ZoneLimits


def counts_whole(component: FleetComponent) -> bool:
    """Whether its machines are counted whole: it has them alone, and not too many copies for that."""
    return component.dedicated and not component.demand and component.copies <= _PARAMS.most_copies


def cheapest_machines(
    component: FleetComponent,
    offers: Mapping[int, Collection[tuple[int, int]]],
    limits: ZoneLimits | None,
    reward: int = 0,
    most_in_pool: int | None = None,
) -> int:
    """The least worth of whole machines for a dedicated component's copies; each copy placed brings `reward`.

    `offers` are, by zone, how many copies a machine of a pool holds and what it is worth. With `most_in_pool`, no pool
    holds more copies, and there is an offer for each pool. A covering knapsack in each zone, then one over zones.
    O(zones x copies x (copies + offers)), with `most_in_pool` O(copies^2 x offers).
    """
    best: dict[int, int] = {0: 0}  # copies in the zones so far -> worth
    for zone, machines in offers.items():
        low, high = (0, component.copies) if limits is None else (limits.least[zone], limits.most[zone])
        here = least_values(machines, high) if most_in_pool is None else _covered_by_pools(machines, high, most_in_pool)
        after: dict[int, int] = {}
        for before, paid in best.items():
            for n in range(low, min(high, len(here) - 1, component.copies - before) + 1):
                total = paid + here[n]
                if total < after.get(before + n, total + 1):
                    after[before + n] = total
        best = after
    totals = [paid - reward * n for n, paid in best.items() if n >= component.required]
    # With nothing there is no plan at all: stay on the safe side.
    return min(totals, default=min(0, -reward * component.copies))


def least_values(machines: Collection[tuple[int, int]], most: int) -> list[int]:
    """What machines for 0 to `most` copies are worth at least; a machine is how many it holds, and its worth."""
    here = [0]
    for n in range(1, most + 1):
        here.append(min(value + here[max(0, n - many)] for many, value in machines))
    return here


def _covered_by_pools(machines: Collection[tuple[int, int]], most: int, most_in_pool: int) -> list[int]:
    """The same where no pool holds more than so many copies; the list ends where the pools do."""
    here = [0]
    for many, value in machines:
        alone = [-(-n // many) * value for n in range(min(most, most_in_pool) + 1)]
        here = [
            min(here[n - k] + alone[k] for k in range(max(0, n - len(here) + 1), min(n, len(alone) - 1) + 1))
            for n in range(min(most, len(here) + len(alone) - 2) + 1)
        ]
    return here
