"""A fleet that runs, packed as if nothing ran: where moves are cheap beside machines, that is where to look for plans.

A packing of it is a plan once its machines are matched with those that run (`heuristics.relabel`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Value

_CHEAP = 0.1  # of the best plan's cost, that moving every copy may cost


def moves_are_cheap(fleet: Fleet, best: Value) -> bool:
    """Whether moving every copy costs little beside the best plan. O(components)."""
    all_moves = sum(n * c.move_cost for n, c in zip(fleet.running, fleet.components, strict=True))
    return fleet.tick_move * all_moves <= _CHEAP * best.ticks


def afresh(fleet: Fleet, best: Value | None, *, dear: bool = False) -> Fleet | None:
    """The fleet without its instances, if every packing of that is a plan of the fleet; or None.

    Not where moves are dear beside the `best` plan, unless so asked.

    Machines that can't be released become a least number of machines. Pinned copies rule it out, and so do machines
    that can't be released and take nothing. O(placements + pools).
    """
    if not fleet.instances:
        return fleet
    if best is None or any(place.pinned for place in fleet.places):
        return None
    if any(instance.cordoned and not instance.removable for instance in fleet.instances):
        return None
    if not dear and not moves_are_cheap(fleet, best):
        return None
    pools = tuple(replace(p, min_instances=fleet.fewest(p.index)) for p in fleet.pools)
    return replace(fleet, pools=pools, instances=(), places=(), running=(0,) * len(fleet.components))
