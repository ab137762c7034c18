"""Start from today: copies that run stay where they are, as far as rules and wanted counts allow.

Pinned copies come first and always stay. When a component shrinks, the copies on the emptiest machines are those that
stop, so that machines become free; when today's state breaks a rule, so many copies are left to be placed anew. Where a
machine holds more than fits, those leave of which the fewest need to (`bounds.overload`).
"""

from placement.bounds.overload import overloads
from placement.compiled.capacity import used_part
from placement.compiled.packing import Seat
from placement.compiled.running import Place
from placement.compiled.spread import least_total
from placement.grouping import grouped
from placement.heuristics.workspace import Workspace


def keep_pinned(ws: Workspace) -> None:
    """Place the pinned copies, those with known accelerators first; one that can't stand is left out (see `check`)."""
    places = [place for place in ws.fleet.places if place.pinned]
    for place in places:
        if place.accelerators is not None:
            stay(ws, place, place.pinned)
    unknown = [place for place in places if place.accelerators is None]
    for place in sorted(unknown, key=lambda place: _size(ws, place)):
        key = (place.component, place.option, place.instance)
        here = sum(1 for seat in ws.seats[place.instance] if seat[:2] == key[:2])
        stay(ws, place, ws.running.pinned[key] - here)


def keep_running(ws: Workspace) -> None:
    """Let running copies stay, machine by machine, fullest first.

    Those whose turn has not come when the budget is over are left out. O(places + places x zone targets for components
    with zone rules).
    """
    keep_pinned(ws)
    on = grouped((place.instance, place) for place in ws.fleet.places)
    fullness = {i: _fullness(ws, places) for i, places in on.items()}
    leaving = {ws.fleet.places[k]: n for overload in overloads(ws.fleet) for k, n in overload.leave}
    for i in sorted(on, key=lambda i: (-fullness[i], i)):
        if ws.out_of_time():
            return
        for place in sorted(on[i], key=lambda place: (place.accelerators is None, *_size(ws, place))):
            already = _kept_seats(ws, place)
            for _ in range(place.count - already - leaving.get(place, 0)):
                if not _is_wanted(ws, place) or not stay(ws, place, 1):
                    break


def _size(ws: Workspace, place: Place) -> tuple[int, int]:
    """Biggest first."""
    mode = ws.modes[place.component][place.option]
    return -mode.accelerators, -mode.memory_mib


def _kept_seats(ws: Workspace, place: Place) -> int:
    """Copies that stand at the place already."""
    if place.accelerators is not None:
        return ws.seats[place.instance].count(Seat(place.component, place.option, place.accelerators))
    key = (place.component, place.option)
    here = sum(1 for seat in ws.seats[place.instance] if seat[:2] == key)
    return min(place.count, max(0, here - ws.running.known_count(place, ws.seats[place.instance])))


def _fullness(ws: Workspace, places: list[Place]) -> float:
    """Part of the machine's accelerator memory (vCPU without accelerators) that its copies take today."""
    options = (ws.modes[place.component][place.option] for place in places for _ in range(place.count))
    return used_part(ws.fleet, ws.fleet.instances[places[0].instance].pool, options)


def _is_wanted(ws: Workspace, place: Place) -> bool:
    """Whether one more copy in the place's zone can be part of a plan: by count, demand and zone rules."""
    c = place.component
    component = ws.fleet.components[c]
    if component.demand:
        if ws.served[c] >= component.demand and ws.placed[c] >= component.required:
            return False
    elif ws.placed[c] >= component.copies:
        return False
    if not component.has_zone_rules:
        return True
    counts = list(ws.zoned[c])
    counts[ws.zone_of[ws.pool[place.instance]]] += 1
    start = max(component.required, sum(counts))
    return least_total(component, counts, start) is not None


def stay(ws: Workspace, place: Place, count: int) -> bool:
    """Put up to `count` copies where they run; False when one of them can't stand there."""
    m = place.instance
    for _ in range(count):
        if not ws.may_use(m):
            return False
        accelerators = place.accelerators
        if accelerators is None:
            accelerators = ws.seat_on(place.component, place.option, m)
            if accelerators is None:
                return False
        seat = Seat(place.component, place.option, accelerators)
        if not ws.can_stand(seat, m):
            return False
        ws.place(seat, m)
    return True
