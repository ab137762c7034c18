r"""The relaxation behind the pattern bound, as sets and coefficients.

*Kinds* are the accelerators that are alike (name, usable memory, how many a machine has), *weights* the distinct memory
needs of shared copies on a kind, in grid units. Variables, all at least 0:

- :math:`n_p` machines of pool p, :math:`x_{cop}` copies of component c by option o on pool p,
- :math:`\lambda_{qj}` accelerators of kind q that hold pattern j (a multiset of weights that fits).

Rows, with their prices (dual variables) in brackets:

- [touch q,w] copies of weight w touch no more accelerators of kind q than patterns offer:
  :math:`\sum_j m_{wj} \lambda_{qj} \ge \sum g_{co} x_{cop}`,
- [device q] patterns and owned accelerators are within the machines:
  :math:`\sum_j \lambda_{qj} + \sum_{owned} g_{co} x_{cop} \le \sum_{p \in q} K_p n_p`,
- [volume p,r] memory, share, vCPU and host memory of each pool in total,
- [cover c] required copies, [demand c] throughput, [level l] optional copies that a plan of interest places,
- zone counts of a component between the least and the most that its spread rules imply.

It relaxes: integrality of copies and patterns, which accelerators are together in one machine, which pool of a kind a
pattern stands in, per-instance rules (caps, avoid, dedicated), moves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from placement.bounds.infeasible import capacity, usage
from placement.bounds.patterns.pricing import Knapsack
from placement.units import MIB_PER_GIB

if TYPE_CHECKING:
    from placement.fleet import Component, Fleet

RESOURCES = ("memory_mib", "share", "vcpus", "host_mib")
FINEST = 2048  # grid units of the largest accelerator; finer grids cost time and bring little


@dataclass(frozen=True, slots=True)
class Kind:
    """Accelerators that are alike: their pools, and the knapsack of one of them."""

    index: int
    memory_mib: int
    pools: tuple[int, ...]
    weights_mib: tuple[int, ...]
    knapsack: Knapsack


@dataclass(frozen=True, slots=True)
class Way:
    """One component by one option on one pool. `touch` is (kind, weight index) of a shared copy on accelerators."""

    component: int
    option: int
    pool: int
    zone: int
    kind: int | None
    weight: int | None
    accelerators: int
    usage: tuple[int, ...]
    throughput: int


@dataclass(frozen=True, slots=True)
class ZoneLimits:
    """The least and the most copies of one component in each of its eligible zones, by its spread rules."""

    least: dict[int, int]
    most: dict[int, int]


@dataclass(frozen=True, slots=True)
class Relaxation:
    """Everything the LP and its exact certificate share."""

    fleet: Fleet
    kinds: tuple[Kind, ...]
    kind_of: dict[int, int]
    ways: tuple[Way, ...]
    ways_of: tuple[tuple[Way, ...], ...]
    zones: tuple[ZoneLimits | None, ...]
    least: tuple[int, ...]
    given: tuple[int, ...] | None


def relax(fleet: Fleet, given: tuple[int, ...] | None = None) -> Relaxation:
    """The relaxation of a fleet; with `given`, of plans that leave out at most so many optional copies per level."""
    key_of = {}
    for pool in fleet.pools:
        if pool.shape.accelerators and pool.max_instances != 0:
            row = fleet.problem.instance_types[fleet.problem.pools[pool.index].instance_type]
            key_of[pool.index] = (row.accelerator, pool.shape.memory_mib, pool.shape.accelerators)
    keys = list(dict.fromkeys(key_of.values()))
    kind_of = {p: keys.index(key) for p, key in key_of.items()}
    unit = _grid(fleet)
    kinds = tuple(
        _kind(fleet, q, memory, tuple(p for p, k in kind_of.items() if k == q), unit)
        for q, (_, memory, _) in enumerate(keys)
    )
    ways = tuple(_ways(fleet, kinds, kind_of))
    ways_of: list[list[Way]] = [[] for _ in fleet.components]
    for way in ways:
        ways_of[way.component].append(way)
    return Relaxation(
        fleet=fleet,
        kinds=kinds,
        kind_of=kind_of,
        ways=ways,
        ways_of=tuple(tuple(rows) for rows in ways_of),
        zones=tuple(zone_limits(c) for c in fleet.components),
        least=tuple(c.required for c in fleet.components),
        given=given,
    )


def _shared(fleet: Fleet) -> list[tuple[int, int]]:
    """(component, option) of shared copies that touch accelerators."""
    return [(c.index, o.index) for c in fleet.components for o in c.options if o.shared and o.accelerators and o.pools]


def _grid(fleet: Fleet) -> float:
    """MiB per grid unit: rounding needs down to it must lose as little as possible, on a grid of at most FINEST units.

    Needs are often whole tenths of a GiB, which are no whole MiB: the candidates are decimal and binary fractions.
    """
    needs = sorted({fleet.components[c].options[o].memory_mib for c, o in _shared(fleet)} - {0})
    largest = max((pool.shape.memory_mib for pool in fleet.pools), default=1)
    candidates = [MIB_PER_GIB / parts for parts in (1, 2, 4, 5, 8, 10, 16, 20)] + [max(1.0, largest / FINEST)]
    allowed = [unit for unit in candidates if largest / unit <= FINEST]
    if not needs or not allowed:
        return max(1.0, largest / FINEST)
    return min(allowed, key=lambda unit: (round(sum(1 - math.floor(n / unit) * unit / n for n in needs), 6), -unit))


def _kind(fleet: Fleet, q: int, memory: int, pools: tuple[int, ...], unit: float) -> Kind:
    touches: dict[int, int] = {}
    for c, o in _shared(fleet):
        option = fleet.components[c].options[o]
        if any(p in option.pools for p in pools):
            touches[option.memory_mib] = touches.get(option.memory_mib, 0) + fleet.components[c].copies
    weights = tuple(sorted(touches, reverse=True))
    knapsack = Knapsack(
        max(0, math.floor(memory / unit)), [math.floor(w / unit) for w in weights], [touches[w] for w in weights]
    )
    return Kind(q, memory, pools, weights, knapsack)


def _ways(fleet: Fleet, kinds: tuple[Kind, ...], kind_of: dict[int, int]) -> list[Way]:
    index_of = [{w: k for k, w in enumerate(kind.weights_mib)} for kind in kinds]
    found = []
    for c in fleet.components:
        for o in c.options:
            for p in sorted(o.pools):
                kind = kind_of[p] if o.accelerators else None
                weight = index_of[kind][o.memory_mib] if kind is not None and o.shared else None
                used = tuple(usage(fleet, p, o, r) for r in RESOURCES)
                zone = fleet.pools[p].zone
                found.append(Way(c.index, o.index, p, zone, kind, weight, o.accelerators, used, o.throughput))
    return found


def zone_limits(component: Component) -> ZoneLimits | None:
    """What the spread rules say of single zones; None when nothing.

    With n copies over Z zones and skew k, the emptiest zone has at least (n - (Z-1)k)/Z and the fullest at most
    (n + (Z-1)k)/Z. The least are taken at the required copies, the most at all copies, so they hold whatever is placed.
    """
    zones = component.eligible_zones
    fewest, most = component.required, component.copies
    if not zones or not most:
        return None
    low, high = 0, most
    if component.max_skew is not None:
        others = (len(zones) - 1) * component.max_skew
        low = max(0, -(-(fewest - others) // len(zones)))
        high = min(high, (most + others) // len(zones))
    if component.max_per_zone is not None:
        high = min(high, component.max_per_zone)
    if component.zone_loss_floor and (component.required or component.demand):
        high = min(high, most - component.zone_loss_floor)
    if component.min_zones:
        high = min(high, most - min(component.min_zones, most) + 1)
    if low == 0 and high >= most:
        return None
    return ZoneLimits(dict.fromkeys(zones, low), {z: max(high, 0) for z in zones})


def volumes(fleet: Fleet, p: int) -> tuple[int, ...]:
    """What one machine of pool p has of each resource."""
    return tuple(capacity(fleet, p, r) for r in RESOURCES)
