"""Components whose copies are decided for some pools: what is left of their rules there.

Once it is decided how many copies stand in a zone, rules over zones have nothing left to say.
"""

from collections.abc import Iterable
from dataclasses import replace

from placement.compiled.fleet import Fleet, FleetComponent, FleetOption


def without_zone_rules(component: FleetComponent) -> FleetComponent:
    """The component without the rules that `has_zone_rules` asks for."""
    return replace(component, max_skew=None, min_zones=0, max_per_zone=None, zone_loss_floor=0)


def without_spread(component: FleetComponent) -> FleetComponent:
    """The component without rules over zones, and without floors on what the loss of a pool or an instance leaves."""
    return replace(without_zone_rules(component), pool_loss_floor=0, instance_loss_floor=0)


def without_company(component: FleetComponent) -> FleetComponent:
    """The component without spread, rules over who stands on its machines, and a price for its moves."""
    return replace(without_spread(component), max_per_instance=None, dedicated=False, avoids=frozenset(), move_cost=0)


def zones_of(fleet: Fleet, options: Iterable[FleetOption]) -> tuple[int, ...]:
    """The zones of the pools of some options, ascending."""
    return tuple(sorted({fleet.pools[p].zone for option in options for p in option.pools}))


def with_just(fleet: Fleet, component: FleetComponent, copies: int, pools: frozenset[int]) -> FleetComponent:
    """So many copies on these pools alone, all of them required, and no rule over zones. O(options x pools)."""
    options = tuple(replace(o, pools=o.pools & pools if copies else frozenset()) for o in component.options)
    return replace(
        without_zone_rules(component),
        options=options,
        required=copies,
        copies=copies,
        eligible_zones=zones_of(fleet, options),
    )
