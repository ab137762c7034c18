"""A smaller problem whose plans are plans of a large one: alike components become one that needs as much as any.

The counterpart of `relaxing_aggregation`, which rounds needs down for bounds: rounded up, for plans (linear grouping;
Fernandez de la Vega and Lueker 1981). The pattern LP of a few hundred groups with many copies each is small, and mostly
whole; what grouping loses shrinks with more groups, by about half when they are twice as many.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Self

from placement.compiled.fleet import Fleet, FleetComponent
from placement.compiled.packing import Packing
from placement.reductions.base import CarriedBound, Reduction
from placement.reductions.parameters import RestrictingAggregationParameters as _PARAMS
from placement.reductions.parts import mapped
from placement.reductions.relaxing_aggregation import added_up, alike


@dataclass(frozen=True, slots=True)
class RestrictingAggregation(Reduction):
    """Alike components as one, as a restriction; `groups` are the components of the whole that each of its own is."""

    groups: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, fleet: Fleet, most: int) -> Self:
        """About `most` groups, those that must stay alone apart; the fleet may have no running instances.

        A component stays alone when it has rules of its own: over zones, pools or machines, or a demand.
        O(components x (options x pools + log components)).
        """
        alone = {c.index for c in fleet.components if _has_rules(c)}
        groups = tuple(tuple(group) for group in alike(fleet, most, up=True, alone=alone))
        group_of = {c: g for g, group in enumerate(groups) for c in group}
        components = []
        for g, group in enumerate(groups):
            one = added_up([fleet.components[c] for c in group], max)
            components.append(replace(one, index=g, avoids=frozenset(group_of[c] for c in one.avoids)))
        small = replace(fleet, components=tuple(components), running=(0,) * len(components))
        return cls(fleet, small, groups)

    @property
    def pays(self) -> bool:
        """Whether groups are so much fewer than components that packing them in their place pays."""
        return len(self.groups) <= _PARAMS.few * len(self.whole.components)

    def lift(self, packing: Packing) -> Packing:
        """Copies of the components in place of those of their groups."""
        waiting = [self._copies(group) for group in self.groups]
        return mapped(packing, lambda seat: seat._replace(component=next(waiting[seat.component])))

    @property
    def keeps_bound(self) -> CarriedBound | None:
        """Not where components were merged: they need more then."""
        return self.unchanged

    def _copies(self, group: Sequence[int]) -> Iterator[int]:
        """The components of a group, each as often as it has copies, required ones first."""
        members = [self.whole.components[c] for c in group]
        yield from (c.index for c in members for _ in range(c.copies if c.demand else c.required))
        yield from (c.index for c in members for _ in range(c.optional))
        if members[0].demand:  # it is alone in its group, and a plan may run more copies than serve the demand
            yield from repeat(members[0].index)


def _has_rules(component: FleetComponent) -> bool:
    of_machines = component.dedicated or component.max_per_instance is not None or component.avoids
    of_losses = component.pool_loss_floor or component.instance_loss_floor
    return bool(component.demand or of_machines or of_losses or component.has_zone_rules)
