"""Reduced costs: what plans pay above a node's bound, and so what none that is cheap enough can have.

At any prices the machines' money of a plan is at least the node's bound plus what the plan pays above it: for machines
beyond (or short of) the cheap end of their range, for copies by modes that are not their component's cheapest, and for
accelerators that hold less than the most valuable pattern. What costs more than the slack alone stands in no plan
within it (Dantzig, Fulkerson and Johnson 1954; for patterns Baldacci, Christofides and Mingozzi 2008, *An exact
algorithm for the vehicle routing problem based on the set partitioning formulation with additional cuts*, Math. Prog.
115, section 4). Exact, in integers.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Self

from placement.compiled.fleet import FleetComponent
from placement.patterns.certificate import (
    FINE,
    UNIT,
    Cut,
    Groups,
    NodeDomain,
    Prices,
    allowed,
    certify,
    domain_total,
    less_elsewhere,
    machine_costs,
    mode_values,
)
from placement.patterns.dedicated import counts_whole
from placement.patterns.formulation import DeviceClass, Relaxation
from placement.patterns.modes import Mode


@dataclass(frozen=True, slots=True)
class Reduced:
    """What plans have whose machines cost at most so much.

    `fewest` and `most` machines of each pool, then of each group; `copies`, (modes,), the most copies by each mode;
    `items`, by device class, what an item adds at least to the value of its pattern, in 1 / SCALE micro-dollars (None:
    no copy puts it there); `least`, by device class, the value that every pattern has (None: no machine of the device
    class is paid for).
    """

    fewest: tuple[int, ...]
    most: tuple[int, ...]
    copies: tuple[int, ...]
    items: tuple[tuple[int | None, ...], ...]
    least: tuple[int | None, ...]

    @classmethod
    def anything(cls, relaxation: Relaxation, domain: NodeDomain) -> Self:
        """All that is in a domain."""
        components, classes = relaxation.fleet.components, relaxation.device_classes
        copies = (components[mode.component].copies if domain.most[mode.pool] else 0 for mode in relaxation.modes)
        items = tuple((0,) * len(device_class.items) for device_class in classes)
        least = tuple(0 if any(domain.most[p] for p in device_class.pools) else None for device_class in classes)
        return cls(domain.fewest, domain.most, tuple(copies), items, least)


def reduce_domain(
    relaxation: Relaxation, groups: Groups, prices: Prices, capacity: list[int], domain: NodeDomain, cutoff: int
) -> Reduced | None:
    """What plans in the node can have whose machines cost at most `cutoff` micro-dollars per hour; None: no plan.

    `capacity`, (device classes,), is the most that an accelerator is worth over the patterns that the node allows.
    O(modes + device classes).
    """
    cut = certify(relaxation, prices, capacity, domain.aggregates)
    each = machine_costs(relaxation.fleet, cut, groups, prices.group, prices.limits)
    slack = cutoff * UNIT - domain_total(cut, each, domain) + allowed(relaxation.fleet, prices.limits)
    if slack < 0:
        return None
    fewest, most = _machines(each, domain, slack)
    costs = _mode_costs(relaxation, prices, capacity, cut, domain)
    copies = tuple(
        _times(slack, cost, relaxation.fleet.components[mode.component].copies) if most[mode.pool] else 0
        for mode, cost in zip(relaxation.modes, costs, strict=True)
    )
    items: list[list[int | None]] = [[None] * len(device_class.items) for device_class in relaxation.device_classes]
    for mode, cost, high in zip(relaxation.modes, costs, copies, strict=True):
        if high and mode.device_class is not None and mode.item is not None:
            # All of it, as a copy stands there but once.
            value = prices.coverage[mode.device_class][mode.item] - cost // FINE
            items[mode.device_class][mode.item] = max(value, items[mode.device_class][mode.item] or 0)
    least = tuple(
        _least(device_class, capacity[device_class.index], each, slack, fewest, most)
        for device_class in relaxation.device_classes
    )
    return Reduced(fewest, most, copies, tuple(map(tuple, items)), least)


def _machines(each: list[int], domain: NodeDomain, slack: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The fewest and the most machines of each pool and group: each one from the cheap end of its range costs."""
    fewest, most = [], []
    for cost, low, high in zip(each, domain.fewest, domain.most, strict=True):
        apart = _times(slack, abs(cost), high - low)
        fewest.append(high - apart if cost < 0 else low)
        most.append(low + apart if cost > 0 else high)
    return tuple(fewest), tuple(most)


def _times(slack: int, cost: int, most: int) -> int:
    """How often, up to `most`, the slack pays for something."""
    return min(most, slack // cost) if cost > 0 else most


def _least(
    device_class: DeviceClass,
    capacity: int,
    each: list[int],
    slack: int,
    fewest: tuple[int, ...],
    most: tuple[int, ...],
) -> int | None:
    """The least value of a pattern; a machine that need not be there is paid out of the slack, too."""
    first = [0 if fewest[p] else max(0, each[p]) for p in device_class.pools if most[p]]
    return capacity - (slack - min(first)) // FINE if first else None


def _mode_costs(relaxation: Relaxation, prices: Prices, capacity: list[int], cut: Cut, domain: NodeDomain) -> list[int]:
    """(modes,) what a copy by each mode costs above its component's cheapest: in its zone, its pool or by throughput.

    In the order of the modes, which are those of one component after the other.
    """
    every = mode_values(relaxation, prices, capacity, cut.coefficients, domain.aggregates)
    costs: list[int] = []
    for component, (first, end) in zip(relaxation.fleet.components, pairwise(relaxation.arrays.ends), strict=True):
        modes = relaxation.modes_of[component.index]
        if not modes or counts_whole(component):
            costs += [0] * len(modes)
            continue
        values = every[first:end]
        if component.demand:
            values, _ = less_elsewhere(relaxation, component, modes, values, prices)
            costs += _above_demand(component, modes, values)
        else:
            # Where pools have caps a dear one may be needed: a copy is held against the cheapest of its pool alone.
            within = [mode.pool if component.index in relaxation.in_pool else mode.zone for mode in modes]
            cheapest: dict[int, int] = {}
            for place, value in zip(within, values, strict=True):
                cheapest[place] = min(value, cheapest.get(place, value))
            costs += [value - cheapest[place] for place, value in zip(within, values, strict=True)]
    return costs


def _above_demand(component: FleetComponent, modes: tuple[Mode, ...], values: list[int]) -> list[int]:
    """Above the cheapest copy, or above its part of the demand's worth: of the larger sum, which is the bound."""
    rate = min(Fraction(value, max(1, mode.throughput)) for mode, value in zip(modes, values, strict=True))
    cheapest = min(values)
    if cheapest < 0 or component.required * cheapest > component.demand * rate:
        return [value - cheapest for value in values]
    return [value - math.ceil(rate * mode.throughput) for mode, value in zip(modes, values, strict=True)]
