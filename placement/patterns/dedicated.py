"""Whole machines for a dedicated component: the least they are worth, zone by zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.patterns.parameters import PATTERNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from placement.compiled.fleet import FleetComponent
    from placement.patterns.zone_limits import ZoneLimits

_PARAMS = PATTERNS.dedicated


def counts_whole(component: FleetComponent) -> bool:
    """Whether its machines are counted whole: it has them alone, and not too many copies for that."""
    return component.dedicated and not component.demand and component.copies <= _PARAMS.most_copies


def cheapest_machines(
    component: FleetComponent, offers: Mapping[int, set[tuple[int, int]]], limits: ZoneLimits | None, reward: int = 0
) -> int:
    """The least worth of whole machines for a dedicated component's copies; each copy placed brings `reward`.

    `offers` are, by zone, how many copies a machine holds and what it is worth. A covering knapsack in each zone, then
    one over zones. O(zones x copies x (copies + offers)).
    """
    best: dict[int, int] = {0: 0}  # copies in the zones so far -> worth
    for zone, machines in offers.items():
        low, high = (0, component.copies) if limits is None else (limits.least[zone], limits.most[zone])
        here = [0]
        for n in range(1, high + 1):
            here.append(min(dual_value + here[max(0, n - many)] for many, dual_value in machines))
        after: dict[int, int] = {}
        for before, paid in best.items():
            for n in range(low, min(high, component.copies - before) + 1):
                total = paid + here[n]
                if total < after.get(before + n, total + 1):
                    after[before + n] = total
        best = after
    totals = [paid - reward * n for n, paid in best.items() if n >= component.required]
    # With nothing there is no plan at all: stay on the safe side.
    return min(totals, default=min(0, -reward * component.copies))
