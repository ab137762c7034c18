"""A fleet without some of the rules that look at the whole plan: limits over groups of pools, losses, moves."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Self

from placement.compiled.fleet import Fleet, FleetComponent
from placement.compiled.groups import FleetLimit
from placement.reductions.base import CarriedBound, RelaxingReduction


@dataclass(frozen=True, slots=True)
class WithoutRules(RelaxingReduction):
    """For those who ask what stands between a problem and a plan: packings of it may break what was left out."""

    @classmethod
    def of(
        cls,
        fleet: Fleet,
        *,
        limits: Collection[FleetLimit] = (),
        pools: bool = False,
        instances: bool = False,
        moves: bool = False,
    ) -> Self:
        """Leave out some limits, the floors for a lost pool, those for a lost instance, the limit on moves."""
        less = replace(
            fleet,
            limits=tuple(limit for limit in fleet.limits if limit not in limits),
            components=tuple(_without_floors(c, pools, instances) for c in fleet.components),
            max_moves=None if moves else fleet.max_moves,
        )
        return cls(fleet, less)

    @property
    def keeps_bound(self) -> CarriedBound:
        """All plans of the whole are plans here."""
        return CarriedBound("limits, losses of a pool or an instance, max_moves")


def _without_floors(component: FleetComponent, pools: bool, instances: bool) -> FleetComponent:
    return replace(
        component,
        pool_loss_floor=0 if pools else component.pool_loss_floor,
        instance_loss_floor=0 if instances else component.instance_loss_floor,
    )
