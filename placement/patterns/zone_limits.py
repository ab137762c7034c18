"""What the spread rules of a component say of single zones."""

from dataclasses import dataclass

from placement.compiled.fleet import FleetComponent


@dataclass(frozen=True, slots=True)
class ZoneLimits:
    """The least and the most copies of one component in each of its eligible zones, by its spread rules."""

    least: dict[int, int]
    most: dict[int, int]


def zone_limits(component: FleetComponent) -> ZoneLimits | None:
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
    high = min(high, most - min(component.min_zones, most) + 1)  # none: above all of them
    if low == 0 and high >= most:
        return None
    return ZoneLimits(dict.fromkeys(zones, low), {z: max(high, 0) for z in zones})


def no_limits(component: FleetComponent) -> ZoneLimits | None:
    """Limits that say nothing; None for a component that runs nowhere."""
    zones = component.eligible_zones
    return ZoneLimits(dict.fromkeys(zones, 0), dict.fromkeys(zones, component.copies)) if zones else None
