"""Whether a plan under construction keeps every rule: the last look before it is offered.

Rules of one machine hold in a `Workspace` at every step; here are the rules that only the whole plan can keep.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.compiled.spread import keeps_zone_rules

if TYPE_CHECKING:
    from placement.heuristics.workspace import Workspace


def lacking(ws: Workspace, c: int) -> str:
    """What component c still lacks, as half a sentence; empty when its counts, demand and zones keep every rule."""
    component = ws.fleet.components[c]
    placed = ws.placed[c]
    if placed < component.required:
        return f"{placed} of {component.required} required copies placed"
    if not component.demand and placed > component.copies:
        return f"{placed} copies placed, {component.copies} wanted"
    if ws.served[c] < component.demand:
        return f"serves {ws.served[c] / component.demand:.1%} of its demand"
    if not keeps_zone_rules(component, ws.zoned[c]):
        return f"{placed} copies stand in zones as {ws.zoned[c]}, which its spread rules forbid"
    return ""


def is_complete(ws: Workspace) -> bool:
    """Whether every component, every pin and every quota is in order. O(components + pools + pins)."""
    return (
        all(not lacking(ws, c.index) for c in ws.fleet.components)
        and all(
            pool.max_instances is None or used <= pool.max_instances
            for pool, used in zip(ws.fleet.pools, ws.used, strict=True)
        )
        and not missing_pins(ws)
    )


def missing_pins(ws: Workspace) -> list[int]:
    """Components with a pinned copy that is not where it must stay, ascending."""
    found = set()
    for (c, o, i), needed in ws.pinned.items():
        if sum(1 for seat in ws.seats[i] if seat[:2] == (c, o)) < needed:
            found.add(c)
    for (i, seat), needed in ws.pinned_seats.items():
        if ws.seats[i].count(seat) < needed:
            found.add(seat.component)
    return sorted(found)
