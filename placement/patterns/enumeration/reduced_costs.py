"""Reduced costs: what plans pay above a box's bound, and so what none that is cheap enough can have.

At any prices the machines' money of a plan is at least the box's bound plus what the plan pays above it: for machines
beyond (or short of) the cheap end of their range, for copies by ways that are not their component's cheapest, and for
accelerators that hold less than the most valuable pattern. What costs more than the slack alone stands in no plan
within it (Dantzig, Fulkerson and Johnson 1954; for patterns Baldacci, Christofides and Mingozzi 2008, *An exact
algorithm for the vehicle routing problem based on the set partitioning formulation with additional cuts*, Math. Prog.
115, section 4). Exact, in integers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from placement.patterns.certificate import (
    FINE,
    UNIT,
    Cut,
    box_total,
    certify,
    machine_costs,
    rebates,
    way_worth,
)
from placement.patterns.dedicated import counts_whole

if TYPE_CHECKING:
    from placement.compiled.fleet import Component
    from placement.patterns.certificate import Box, Groups, Prices
    from placement.patterns.formulation import Kind, Relaxation, Way


@dataclass(frozen=True, slots=True)
class Reduced:
    """What plans have whose machines cost at most so much.

    `fewest` and `most` machines of each pool, then of each group; `copies`, (ways,), the most copies by each way;
    `items`, by kind, what an item adds at least to the value of its pattern, in 1 / SCALE micro-dollars (None: no copy
    puts it there); `least`, by kind, the value that every pattern has (None: no machine of the kind is paid for).
    """

    fewest: tuple[int, ...]
    most: tuple[int, ...]
    copies: tuple[int, ...]
    items: tuple[tuple[int | None, ...], ...]
    least: tuple[int | None, ...]


def reduce_box(
    relaxation: Relaxation, groups: Groups, prices: Prices, device: list[int], box: Box, money: int
) -> Reduced | None:
    """What plans in the box can have whose machines cost at most `money` micro-dollars per hour; None: there are none.

    `device`, (kinds,), is the most that an accelerator is worth over the patterns that the box allows. O(ways + kinds).
    """
    cut = certify(relaxation, prices, device, box.sums)
    each = machine_costs(relaxation.fleet, cut, groups, prices.group)
    slack = money * UNIT - box_total(cut, each, box)
    if slack < 0:
        return None
    fewest, most = _machines(each, box, slack)
    costs = _way_costs(relaxation, prices, device, cut, box)
    copies = tuple(
        _times(slack, cost, relaxation.fleet.components[way.component].copies) if most[way.pool] else 0
        for way, cost in zip(relaxation.ways, costs, strict=True)
    )
    items: list[list[int | None]] = [[None] * len(kind.items) for kind in relaxation.kinds]
    for way, cost, high in zip(relaxation.ways, costs, copies, strict=True):
        if high and way.kind is not None and way.item is not None:
            worth = prices.touch[way.kind][way.item] - cost // FINE  # all of it, as a copy stands there but once
            items[way.kind][way.item] = max(worth, items[way.kind][way.item] or 0)
    least = tuple(_least(kind, device[kind.index], each, slack, fewest, most) for kind in relaxation.kinds)
    return Reduced(fewest, most, copies, tuple(map(tuple, items)), least)


def _machines(each: list[int], box: Box, slack: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The fewest and the most machines of each pool and group: each one from the cheap end of its range costs."""
    fewest, most = [], []
    for cost, low, high in zip(each, box.fewest, box.most, strict=True):
        apart = _times(slack, abs(cost), high - low)
        fewest.append(high - apart if cost < 0 else low)
        most.append(low + apart if cost > 0 else high)
    return tuple(fewest), tuple(most)


def _times(slack: int, cost: int, most: int) -> int:
    """How often, up to `most`, the slack pays for something."""
    return min(most, slack // cost) if cost > 0 else most


def _least(
    kind: Kind, device: int, each: list[int], slack: int, fewest: tuple[int, ...], most: tuple[int, ...]
) -> int | None:
    """The least value of a pattern; a machine that need not be there is paid out of the slack, too."""
    first = [0 if fewest[p] else max(0, each[p]) for p in kind.pools if most[p]]
    return device - (slack - min(first)) // FINE if first else None


def _way_costs(relaxation: Relaxation, prices: Prices, device: list[int], cut: Cut, box: Box) -> list[int]:
    """(ways,) what a copy by each way is worth above the cheapest of its component, in its zone or for its throughput.

    In the order of the ways, which are those of one component after the other.
    """
    rebate = rebates(relaxation, prices, box.sums)
    costs: list[int] = []
    for component in relaxation.fleet.components:
        ways = relaxation.ways_of[component.index]
        if not ways or counts_whole(component):
            costs += [0] * len(ways)
            continue
        worth = [way_worth(way, prices, device, cut.worth) - rebate.get(way, 0) for way in ways]
        if component.demand:
            costs += _above_demand(component, ways, worth)
        else:
            cheapest: dict[int, int] = {}
            for way, value in zip(ways, worth, strict=True):
                cheapest[way.zone] = min(value, cheapest.get(way.zone, value))
            costs += [value - cheapest[way.zone] for way, value in zip(ways, worth, strict=True)]
    return costs


def _above_demand(component: Component, ways: tuple[Way, ...], worth: list[int]) -> list[int]:
    """Above the cheapest copy, or above its part of the demand's worth: of the larger sum, which is the bound."""
    rate = min(Fraction(value, max(1, way.throughput)) for way, value in zip(ways, worth, strict=True))
    cheapest = min(worth)
    if component.required * cheapest > component.demand * rate:
        return [value - cheapest for value in worth]
    return [value - math.ceil(rate * way.throughput) for way, value in zip(ways, worth, strict=True)]
