"""The document `placement-room/v1`: what lets a wish in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from placement.replanning.room import RoomFound

FORMAT = "placement-room/v1"
NEAR = 20  # machines whose shortfall is written


def room_document(found: RoomFound) -> dict[str, Any]:
    """The answer as plain dictionaries and lists; the plan is one of `asked`, the problem with the wish in it."""
    wish = found.wish
    return {
        "format": FORMAT,
        "problem": wish.problem.name,
        "component": wish.component,
        "copies": wish.copies,
        "runs": wish.runs,
        "status": str(found.status),
        "stop": str(found.stop),
        "evictions": found.evictions,
        "moves": found.moves,
        "least_moves": found.least_moves,
        "stops": wish.surplus,
        "opens": found.opened,
        "reason": found.reason,
        "near": [
            {"instance": row.instance, "option": row.option, "lacks": list(row.lacks), "beside": list(row.beside)}
            for row in found.near[:NEAR]
        ],
        "seconds": found.seconds,
        "plan": None if found.plan is None else found.plan.to_document(),
        "transition": None if found.transition is None else found.transition.to_document(),
        "asked": wish.problem.to_document(),
    }
