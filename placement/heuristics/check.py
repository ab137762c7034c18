"""Whether a plan under construction keeps every rule: the last look before it is offered.

Rules of one machine hold in a `Workspace` at every step; here are the rules that only the whole plan can keep.
"""

from placement.compiled.fleet import FleetComponent
from placement.compiled.spread import keeps_zone_rules
from placement.compiled.survival import survives
from placement.heuristics.workspace import Workspace
from placement.units import count


def lacking(ws: Workspace, c: int) -> str:
    """What component c still lacks, as half a sentence; empty when its counts, demand and zones keep every rule."""
    found = ws.lacking[c]
    if found is None:  # its copies have changed since the last time
        found = ws.lacking[c] = _lacking(ws, c)
    return found


def lacking_components(ws: Workspace) -> list[int]:
    """Those that lack something, ascending. O(components)."""
    return [c.index for c in ws.fleet.components if lacking(ws, c.index)]


def _lacking(ws: Workspace, c: int) -> str:
    component = ws.fleet.components[c]
    placed = ws.placed[c]
    if placed < component.required:
        return f"{placed} of {component.required} required copies placed"
    if not component.demand and placed > component.copies:
        return f"{placed} copies placed, {component.copies} wanted"
    if ws.served[c] < component.demand:
        return f"serves {ws.served[c] / component.demand:.1%} of its demand"
    if component.pool_loss_floor or component.instance_loss_floor:
        lost = _lost_too_much(ws, component)
        if lost:
            return lost
    if not keeps_zone_rules(component, ws.zoned[c]):
        return f"{placed} copies stand in zones as {ws.zoned[c]}, which its spread rules forbid"
    return ""


def _lost_too_much(ws: Workspace, component: FleetComponent) -> str:
    """Which loss leaves too few copies, and how many; empty where none does. O(pools + copies on one machine)."""
    c = component.index
    placed, most = ws.placed[c], max(ws.pooled[c].values(), default=0)  # none are counted where no floor asks for them
    on_one = max((n for n, machines in (ws.stacked[c] or {}).items() if machines > 0), default=0)
    if survives(component, placed, most, on_one):
        return ""
    floor = component.pool_loss_floor
    if placed - most < floor:
        return f"{placed - most} of {count(placed, 'copy', 'copies')} left when a pool is lost, {floor} must be"
    floor = component.instance_loss_floor
    return f"{placed - on_one} of {count(placed, 'copy', 'copies')} left when an instance is lost, {floor} must be"


def is_complete(ws: Workspace) -> bool:
    """Whether every component, every pin, every quota and limit is in order. O(components + pools + pins)."""
    return (
        not lacking_components(ws)
        and all(
            pool.max_instances is None or used <= pool.max_instances
            for pool, used in zip(ws.fleet.pools, ws.rented.used, strict=True)
        )
        and ws.rented.within_limits
        and within_moves(ws)
        and not missing_pins(ws)
    )


def within_moves(ws: Workspace) -> bool:
    """Whether no more copies have moved than may."""
    return ws.fleet.max_moves is None or ws.running.moved <= ws.fleet.max_moves


def missing_pins(ws: Workspace) -> list[int]:
    """Components with a pinned copy that is not where it must stay, ascending."""
    found = set()
    for (c, o, i), needed in ws.running.pinned.items():
        if sum(1 for seat in ws.seats[i] if seat[:2] == (c, o)) < needed:
            found.add(c)
    for (i, seat), needed in ws.running.pinned_seats.items():
        if ws.seats[i].count(seat) < needed:
            found.add(seat.component)
    return sorted(found)
