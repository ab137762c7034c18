"""A fleet that runs, packed as if nothing ran: where moves are cheap beside machines, that is where to look for plans.

A packing of it is a plan once its machines are matched with those that run (`heuristics.relabel`).
"""

from dataclasses import dataclass, replace
from typing import Self

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Packing, Value, ticks_of
from placement.compiled.survival import capped_by_placed
from placement.heuristics import relabel
from placement.reductions.base import EXACT, CarriedBound, Reduction
from placement.reductions.parameters import GreenfieldParameters as _PARAMS

RELAXES = "machines that run now; moves"


def moves_are_cheap(fleet: Fleet, best: Value) -> bool:
    """Whether moving every copy costs little beside the best plan, and is allowed. O(components)."""
    if fleet.max_moves is not None and sum(fleet.running) > fleet.max_moves:
        return False
    return all_moves(fleet) <= _PARAMS.cheap * best.ticks


def moves_are_dear(fleet: Fleet) -> bool:
    """Whether moving all that runs costs a part of the rent that matters. O(components + instances)."""
    rent = fleet.tick_price * sum(fleet.pools[instance.pool].price for instance in fleet.instances)
    return all_moves(fleet) > _PARAMS.dear * rent


def all_moves(fleet: Fleet) -> int:
    """Ticks of moving every copy that runs. O(components)."""
    return ticks_of(fleet, 0, fleet.running)


def without_running(fleet: Fleet) -> Fleet:
    """The fleet as if nothing ran: machines that can't be released become a least number of machines. O(pools)."""
    pools = tuple(replace(p, min_instances=fleet.fewest(p.index)) for p in fleet.pools)
    nothing = (0,) * len(fleet.components)
    return replace(fleet, pools=pools, instances=(), places=(), running=nothing, max_moves=None)


def with_new_machines_alone(fleet: Fleet) -> Fleet:
    """What machines that are not there yet may hold in any plan: as if nothing ran, and with the widest caps.

    The loss of an instance is a cap: that of all copies. For searches that know what stands on the machines that run,
    and pack the new ones by themselves. O(components + pools).
    """
    components = tuple(capped_by_placed(c, c.instance_loss_floor, c.copies) for c in fleet.components)
    return replace(without_running(fleet), components=components)


@dataclass(frozen=True, slots=True)
class Greenfield(Reduction):
    """The fleet without its instances, where every packing of that is a plan of the fleet."""

    @classmethod
    def of(cls, fleet: Fleet, best: Value | None, *, dear: bool = False) -> Self | None:
        """The fleet as if nothing ran, or None; a fleet without instances stays as it is.

        Not where moves are dear beside the `best` plan, unless so asked. Pinned copies rule it out, and so do machines
        that can't be released and take nothing. O(placements + pools).
        """
        if not fleet.instances:
            return cls(fleet, fleet)
        if best is None or any(place.pinned for place in fleet.places):
            return None
        if any(instance.cordoned and not instance.removable for instance in fleet.instances):
            return None
        if not dear and not moves_are_cheap(fleet, best):
            return None
        return cls(fleet, without_running(fleet))

    @classmethod
    def matched(cls, fleet: Fleet) -> Self:
        """The fleet as it is: only machines are matched with those that run, which may save moves."""
        return cls(fleet, fleet)

    def lift(self, packing: Packing) -> Packing:
        """The packing on the machines that run, as far as that saves money; as long as `relabel`."""
        return relabel(self.whole, packing)

    @property
    def keeps_bound(self) -> CarriedBound:
        """What runs has no say: plans of the fleet cost as much without their moves, or more."""
        return EXACT if self.fleet is self.whole else CarriedBound(RELAXES)
