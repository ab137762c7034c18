"""The document `placement-frontier/v1`: the frontier as it is written and read."""

from pathlib import Path
from typing import Any, Literal

from placement.documents.frozen import Listed
from placement.documents.plan import Number, Plan, PlanRow, StatusWord, StopWord
from placement.documents.quantities import Count
from placement.documents.read import read_of_format
from placement.replanning.buys import purchases, suggested_knee
from placement.replanning.moved_memory import gib
from placement.replanning.point import Frontier, FrontierPoint
from placement.units import dollars

FORMAT = "placement-frontier/v1"
_NOT_KEPT = ("trace", "stats")  # of a plan: how it was found


class FrontierRow(PlanRow):
    """A point: the limit on moves, and its plan's figures. Money in dollars.

    `least_moves`: proven of all plans that cost no more and leave out no more.
    """

    max_moves: Count | None
    status: StatusWord
    moves: Count | None = None
    least_moves: Count | None = None
    moved_gib: Number | None = None
    price_per_hour: Number | None = None
    cost: Number | None = None
    lower_bound: Number | None = None
    gap: Number | None = None
    left_out: Count = 0
    plan: Plan


class KneeRow(PlanRow):
    """The suggested point, and why."""

    max_moves: Count | None
    reason: str


class FrontierDocument(PlanRow):
    """A whole frontier, points by rising limit, the one without a limit last."""

    format: Literal["placement-frontier/v1"]
    problem: str = ""
    stop: StopWord
    seconds: Number | None = None
    seed: int | None = None
    points: Listed[FrontierRow]
    knee: KneeRow | None = None


def frontier_document(frontier: Frontier) -> dict[str, Any]:
    """The frontier as plain dictionaries and lists; a plan's trace and statistics are left out."""
    knee = suggested_knee(frontier)
    return {
        "format": FORMAT,
        "problem": frontier.problem.name,
        "stop": str(frontier.stop),
        "seconds": frontier.seconds,
        "seed": frontier.seed,
        "knee": None if knee is None else {"max_moves": knee.point.max_moves, "reason": knee.reason},
        "buys": [
            {
                "from": row.before.max_moves,
                "to": row.after.max_moves,
                "moves": row.moves,
                "saved_per_hour": dollars(row.saved),
                "saved_per_hour_per_move": dollars(row.per_move),
                "placed": row.placed,
                "goes": list(row.goes),
                "comes": row.comes,
                "stays": list(row.stays),
            }
            for row in purchases(frontier)
        ],
        "points": [_row(point) for point in frontier.points],
    }


def _row(point: FrontierPoint) -> dict[str, Any]:
    plan = {key: value for key, value in point.plan.to_document().items() if key not in _NOT_KEPT}
    return {
        "max_moves": point.max_moves,
        "status": str(point.status),
        "stop": str(point.stop),
        "moves": point.moves,
        "least_moves": point.least_moves,
        "moved_gib": None if point.moved_mib is None else gib(point.moved_mib),
        "price_per_hour": dollars(point.price),
        "cost": dollars(point.cost),
        "lower_bound": dollars(point.bound),
        "gap": point.gap,
        "left_out": sum(point.left_out),
        "plan": plan,
    }


def read_frontier(path: str | Path) -> FrontierDocument:
    """The frontier in a file; ``-`` is standard input. Errors as of `read_of_format`."""
    return read_of_format(path, FrontierDocument, FORMAT)
