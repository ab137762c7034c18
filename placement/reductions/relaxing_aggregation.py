"""A coarser problem that bounds a large one: alike components become one, which needs no more than any of them.

Components that may run in the same ways (accelerators, sharing, pools) are merged, and each need becomes the least
among them, so every plan of the large problem is a plan of the coarse one at the same price of machines: a bound on the
one is a bound on the other. It is the rounding down of linear grouping (Fernandez de la Vega and Lueker 1981, *Bin
packing can be solved within 1 + epsilon in linear time*, Combinatorica 1), in several dimensions: the group that loses
most money, at prices of the whole, is split where that saves most, until there are as many groups as asked for.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from placement.arrays import Floats
from placement.compiled.fleet import Fleet, FleetComponent, FleetOption
from placement.compiled.packing import Packing
from placement.heuristics.prices import resource_prices
from placement.heuristics.shares import Shares
from placement.reductions.base import EXACT, CarriedBound, Reduction
from placement.reductions.fixed_counts import without_company
from placement.reductions.greenfield import without_running
from placement.reductions.parameters import RelaxingAggregationParameters as _PARAMS
from placement.reductions.parts import mapped

RELAXES = "differences within a group of alike components; their spread over zones, pools and instances"


@dataclass(frozen=True, slots=True)
class RelaxingAggregation(Reduction):
    """Alike components as one, as a relaxation: rules over zones, of one machine and of what runs now are left out.

    `groups` are the components of the whole that each of its own is.
    """

    groups: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, fleet: Fleet, most: int) -> Self:
        """About `most` components; the fleet itself when it has no more. Those with a demand stay as they are.

        So do those with rules over zones, beside the others, where they are at most twice as many: what such rules
        cost is most of what would be lost. O(components x (options x pools + log components)).
        """
        zoned = [c.index for c in fleet.components if c.has_zone_rules]
        alone = zoned if len(zoned) <= _PARAMS.zoned * most else []
        if len(fleet.components) <= most + len(alone):
            return cls(fleet, fleet, tuple((c.index,) for c in fleet.components))
        return cls.grouped(fleet, alike(fleet, most + len(alone), alone=alone))

    @classmethod
    def grouped(cls, fleet: Fleet, groups: Sequence[Sequence[int]]) -> Self:
        """With these groups. O(components x options)."""
        components = tuple(_merged(g, [fleet.components[c] for c in group]) for g, group in enumerate(groups))
        small = replace(without_running(fleet), components=components, running=(0,) * len(components))
        return cls(fleet, small, tuple(map(tuple, groups)))

    @property
    def keeps_zone_rules(self) -> bool:
        """Whether all components with rules over zones are alone in their groups."""
        return not any(
            len(group) > 1 and self.whole.components[c].has_zone_rules for group in self.groups for c in group
        )

    def merged(self, packing: Packing) -> Packing:
        """A packing of the whole as one of its own. O(copies)."""
        group_of = {c: g for g, group in enumerate(self.groups) for c in group}
        return mapped(packing, lambda seat: seat._replace(component=group_of[seat.component]))

    def deal(self, counts: Sequence[Sequence[int]]) -> list[list[int]]:
        """Required copies in each zone, (zones, components) of the whole, from those of its own, (zones, groups).

        Each zone has about the same part of the small and of the large ones of a group. O(copies x zones).
        """
        dealt = np.zeros((len(counts), len(self.whole.components)), dtype=np.int64)
        for group, here in zip(self.groups, np.array(counts).T, strict=True):
            given = np.zeros_like(here)
            copies = [c for c in group for _ in range(self.whole.components[c].required)]
            for k, c in enumerate(copies, 1):
                z = int((k * here - len(copies) * given).argmax())  # the zone that lacks most of its part so far
                given[z] += 1
                dealt[z, c] += 1
        found: list[list[int]] = dealt.tolist()
        return found

    def lift(self, packing: Packing) -> Packing | None:
        """None where components were merged: its copies need not have room for theirs."""
        return packing if self.fleet is self.whole else None

    @property
    def keeps_bound(self) -> CarriedBound:
        """Every plan of the whole is one of the relaxation, as each copy needs no more there."""
        return EXACT if self.fleet is self.whole else CarriedBound(RELAXES)


def alike(fleet: Fleet, most: int, *, up: bool = False, alone: Collection[int] = ()) -> list[list[int]]:
    """The groups that an aggregation merges: components by modes, split again and again where the most money is lost.

    With `up` needs are going to be rounded up; the components that are `alone` are groups of their own.
    """
    charges, first = _charges(fleet)
    if up:
        charges = -charges  # what is lost from the most down
    by_modes: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for component in fleet.components:
        key = (component.index,) if component.index in alone else _modes(component)
        by_modes[key].append(component.index)
    done: list[list[int]] = []
    heap: list[tuple[float, int, list[int], Floats]] = []
    copies = np.array([component.copies for component in fleet.components], dtype=np.float64)

    def push(group: list[int]) -> None:
        options = len(fleet.components[group[0]].options)
        rows = np.array([charges[first[c] : first[c] + options].ravel() for c in group])
        loss = ((rows - rows.min(axis=0)) * copies[group][:, None]).sum(axis=0)
        heapq.heappush(heap, (-float(loss.sum()), group[0], group, loss))

    for group in by_modes.values():
        push(group)
    while heap and len(heap) + len(done) < most:
        _, _, group, loss = heapq.heappop(heap)
        halves = _split(group, charges, first, int(loss.argmax()), copies) if loss.max() > 0 else []
        if len(halves) < 2:
            done.append(group)
        for half in halves if len(halves) == 2 else ():
            push(half)
    return sorted(done + [group for _, _, group, _ in heap], key=min)


def _modes(component: FleetComponent) -> tuple[object, ...]:
    """What components must have in common to be merged."""
    if component.demand:
        return (component.index,)
    return (component.level, *((o.accelerators, o.shared, o.pools) for o in component.options))


def _charges(fleet: Fleet) -> tuple[Floats, list[int]]:
    """(modes, 3) micro-dollars that a copy pays for each resource where it is cheapest, at prices of the whole."""
    shares = Shares(fleet)
    weights, scarcity = resource_prices(fleet, shares)
    cost = shares.cost(0.0, weights, scarcity)
    if not cost.size:
        return np.zeros((len(cost), 3)), shares.first
    pool = cost.argmin(axis=1)
    parts = np.where(np.isfinite(cost.min(axis=1))[:, None], shares.parts(np.arange(len(cost)), pool), 0.0)
    charges = parts * weights[pool] * (shares.price + scarcity)[pool][:, None]
    return charges, shares.first


def _split(group: Sequence[int], charges: Floats, first: Sequence[int], column: int, copies: Floats) -> list[list[int]]:
    """The group below and above the value of one charge where the sum of what both halves lose in it is least."""
    mode, resource = divmod(column, charges.shape[1])
    value = np.array([charges[first[c] + mode, resource] for c in group])
    order = np.argsort(value, kind="stable")
    value, weight = value[order], copies[np.array(group)[order]]
    below = np.cumsum(weight)
    cuts = np.flatnonzero(np.diff(value) > 0) + 1  # the first index of the upper half
    if not len(cuts):
        return [list(group)]
    kept = value[0] * below[cuts - 1] + value[cuts] * (below[-1] - below[cuts - 1])
    at = int(cuts[np.argmax(kept)])
    return [sorted(group[k] for k in order[:at].tolist()), sorted(group[k] for k in order[at:].tolist())]


def _merged(index: int, members: Sequence[FleetComponent]) -> FleetComponent:
    """One component in place of several: all their copies, and of every need the least."""
    one = members[0]
    if len(members) == 1:
        return replace(one, index=index, avoids=frozenset())
    zones = tuple(sorted(set().union(*(member.eligible_zones for member in members))))
    return replace(without_company(added_up(members, min)), index=index, eligible_zones=zones)


def added_up(members: Sequence[FleetComponent], choose: Callable[[Iterable[int]], int]) -> FleetComponent:
    """The first of alike components with the copies of all, and of each need the least, or the most, of any."""
    return replace(
        members[0],
        options=tuple(_common_need(options, choose) for options in zip(*(c.options for c in members), strict=True)),
        required=sum(member.required for member in members),
        copies=sum(member.copies for member in members),
    )


def _common_need(alike: Sequence[FleetOption], choose: Callable[[Iterable[int]], int]) -> FleetOption:
    return replace(
        alike[0],
        memory_mib=choose(o.memory_mib for o in alike),
        share=choose(o.share for o in alike),
        vcpus=choose(o.vcpus for o in alike),
        host_mib=choose(o.host_mib for o in alike),
    )
