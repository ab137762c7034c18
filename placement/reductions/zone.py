"""One zone of a fleet as a fleet of its own, once it is settled how many copies of each component stand there.

Without zones to choose from no rule over zones is left, so the zones can be packed independently of each other: their
packings together are one of the fleet, which costs what they cost and keeps every rule, if the counts keep the rules
over zones. Pools, components and their indices are those of the fleet, so nothing needs to be translated back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.compiled.fleet import Component, Fleet


def zone_fleet(fleet: Fleet, zone: int, counts: Sequence[int]) -> Fleet:
    """The pools of one zone, with `counts` (C,) copies of each component, all of them required.

    The fleet has no machines that run and no optional copies, and no component has a demand with several throughputs.
    O(options x pools).
    """
    pools = tuple(p if p.zone == zone else replace(p, min_instances=0, max_instances=0) for p in fleet.pools)
    here = frozenset(p.index for p in fleet.pools if p.zone == zone)
    components = tuple(_in_zone(c, zone, n, here) for c, n in zip(fleet.components, counts, strict=True))
    return replace(fleet, pools=pools, components=components)


def _in_zone(component: Component, zone: int, copies: int, here: frozenset[int]) -> Component:
    options = tuple(
        replace(option, pools=option.pools & here if copies else frozenset()) for option in component.options
    )
    return replace(
        component,
        options=options,
        required=copies,
        copies=copies,
        demand=0,
        eligible_zones=(zone,) if copies else (),
        max_skew=None,
        min_zones=0,
        max_per_zone=None,
        zone_loss_floor=0,
    )
