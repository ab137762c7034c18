"""How many copies of one component stand in each zone: small exact computations over zone totals.

The rules (max_skew, min_zones, max_per_zone, zone-loss floor) read only the totals, so a heuristic first picks totals
that keep them and can be reached, then places copies zone by zone. Skew counts every eligible zone, empty ones too.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from placement.compiled.fleet import Fleet, FleetComponent

_UNLIMITED = 2**40


def is_zoned(fleet: Fleet) -> bool:
    """Whether any component of a fleet has rules over zones."""
    return any(component.has_zone_rules for component in fleet.components)


def keeps_zone_rules(component: FleetComponent, counts: Sequence[int]) -> bool:
    """Whether the zone totals `counts` (Z,) keep every zone rule."""
    total, most = sum(counts), max(counts, default=0)
    floor = component.zone_loss_floor
    if floor and (total or component.required) and total - most < floor:
        return False
    if not total:
        return True
    if component.max_per_zone is not None and most > component.max_per_zone:
        return False
    if len(counts) - counts.count(0) < min(component.min_zones, total):
        return False
    if component.max_skew is None:
        return True
    return most - min((counts[z] for z in component.eligible_zones), default=0) <= component.max_skew


def targets(
    component: FleetComponent, counts: Sequence[int], total: int, room: Sequence[int] | None, weight: Sequence[float]
) -> list[int] | None:
    """Zone totals for `total` copies that keep every zone rule, none of the copies that stand being moved.

    `counts`: (Z,) copies that stand in each zone.
    `total`: copies in all, at least ``sum(counts)``.
    `room`: (Z,) most copies that each zone can hold, as far as is known; None for no limit.
    `weight`: (Z,) cost of one copy in each zone; the totals of least cost are returned, lowest zone first among equals.
    Returns (Z,) totals, each at least `counts`; None when there are none.

    For each largest total that the rules allow, skew is a lower limit on every eligible zone and the rest are upper
    limits, so filling the cheapest zones first is optimal: O(Z log Z + Z x skew) in all.
    """
    if not total:
        return list(counts) if keeps_zone_rules(component, counts) else None
    zones = component.eligible_zones
    if not zones or sum(counts[z] for z in zones) < sum(counts):
        return None
    most = total - component.zone_loss_floor
    if component.max_per_zone is not None:
        most = min(most, component.max_per_zone)
    skew = component.max_skew
    candidates: Sequence[int]
    if skew is None or skew >= total:
        skew, candidates = total, (most,)
    else:
        highest = (total + (len(zones) - 1) * skew) // len(zones)
        candidates = range(max(-(-total // len(zones)), *counts), min(most, highest) + 1)
    room = (_UNLIMITED,) * len(counts) if room is None else room
    by_weight = sorted(zones, key=weight.__getitem__)  # stable: equal weights stay in order
    best: tuple[float, list[int]] | None = None
    for largest in candidates:
        found = _fill(component, counts, total, room, by_weight, largest, skew)
        if found is not None:
            if len(candidates) == 1:
                return found
            cost = sum(weight[z] * found[z] for z in zones)
            if best is None or cost < best[0]:
                best = cost, found
    return None if best is None else best[1]


def _fill(
    component: FleetComponent,
    counts: Sequence[int],
    total: int,
    room: Sequence[int],
    by_weight: Sequence[int],
    largest: int,
    skew: int,
) -> list[int] | None:
    """The cheapest totals between ``largest - skew`` and `largest`, with enough zones in use.

    Without a least total only zones that take a copy are looked at one by one: there may be thousands of others.
    """
    found = list(counts)
    if largest < max(found):
        return None
    if largest > skew:
        for z in by_weight:
            found[z] = max(counts[z], largest - skew)
            if found[z] > max(room[z], counts[z]):
                return None
    left = total - sum(found)
    missing = min(component.min_zones, total) - (len(found) - found.count(0))
    if missing > 0:
        for z in by_weight:
            if not found[z] and min(largest, room[z]) >= 1:
                found[z] = 1
                left -= 1
                missing -= 1
                if not missing:
                    break
    if missing > 0 or left < 0:
        return None
    for z in by_weight:
        if not left:
            break
        more = min(left, max(0, min(largest, room[z]) - found[z]))
        found[z] += more
        left -= more
    return found if not left else None


def least_total(
    component: FleetComponent, counts: Sequence[int], start: int, room: Sequence[int] | None = None
) -> int | None:
    """The fewest copies, at least `start`, whose zone totals can keep the rules while those that stand stay."""
    if not component.has_zone_rules:
        total = max(start, sum(counts))
        return total if component.eligible_zones and total <= component.copies else None
    free = [0.0] * len(counts)
    for total in _totals_to_try(component, counts, max(start, sum(counts)), room):
        if targets(component, counts, total, room, free) is not None:
            return total
    return None


def _totals_to_try(
    component: FleetComponent, counts: Sequence[int], start: int, room: Sequence[int] | None
) -> Iterable[int]:
    """Totals from `start` that may keep the rules, ascending; all that do are among them. O(Z log copies).

    Where a loss floor asks for thousands of copies, or for more than zones can hold, nearly all totals fall out here.
    With so much room in each zone, a total n is possible under a floor a only if zones with at most n - a copies each
    hold n. Up to the largest room that is once true and then stays so: one more copy in all is one more in each zone
    that is not full. Beyond it, n is more than the floor allows, or all that there is room for.
    """
    zones, most, floor = component.eligible_zones, component.copies, component.zone_loss_floor
    if not start:  # no copies at all break a floor only where some are required
        yield 0
        start = 1
    if not zones:
        return
    caps = [most if room is None else max(room[z], counts[z]) for z in zones]
    if component.max_per_zone is not None:
        caps = [min(cap, component.max_per_zone) for cap in caps]
    if component.max_skew is not None:
        caps = [min(cap, min(caps) + component.max_skew) for cap in caps]
        start = max(start, sum(max(counts[z], max(counts) - component.max_skew) for z in zones))
    usable = sum(cap > 0 for cap in caps)
    if component.min_zones > usable:
        most = min(most, usable)
    most = min(most, sum(caps))
    if floor:
        start = max(start, floor + max(counts))
        rising = range(start, min(most, floor + max(caps)) + 1)
        first = bisect_left(rising, True, key=lambda total: sum(min(cap, total - floor) for cap in caps) >= total)
        start += first
    yield from range(start, most + 1)
