"""The document `placement-room/v1`: what lets a wish in."""

from typing import Any, Literal

from placement.documents.frozen import Listed, Table
from placement.documents.plan import Number, Plan, PlanRow, StatusWord, StopWord
from placement.documents.quantities import Count, Name
from placement.documents.transition import Transition
from placement.replanning.room import RoomFound

FORMAT = "placement-room/v1"
NEAR = 20  # machines whose shortfall is written


class NearRow(PlanRow):
    """A machine that runs: what one copy lacks there by the index of an option, and who stands there."""

    instance: Name
    option: Count
    lacks: Listed[str]
    beside: Listed[Name]


class RoomDocument(PlanRow):
    """The whole answer; every key is there.

    `copies`, `runs`: so many more copies of `component`, beside those that run.
    `evictions`, `stops`: copies by component that are evicted, and that are not wanted any more.
    `moves`, `least_moves`: of the plan, and proven of all plans with as few evictions.
    `opens`: new machines by pool.
    `reason`, `near`: without a plan: why, and what one copy lacks on machines that run.
    `asked`: the problem that `plan` is a plan of, the fleet as it runs with the wish as a rule.
    """

    format: Literal["placement-room/v1"]
    problem: str
    component: Name
    copies: Count
    runs: Count
    status: StatusWord
    stop: StopWord
    evictions: Table[Name, Count]
    moves: Count | None
    least_moves: Count | None
    stops: Table[Name, Count]
    opens: Table[Name, Count]
    reason: str
    near: Listed[NearRow]
    seconds: Number
    plan: Plan | None
    transition: Transition | None
    asked: dict[str, Any]


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
