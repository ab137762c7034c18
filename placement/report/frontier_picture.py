"""The frontier as a still picture: cost and bound by the limit on moves, the suggested point marked."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from placement.errors import UsageError
from placement.replanning.buys import suggested_knee
from placement.report import words
from placement.report.cost_picture import LEFT, RIGHT, WIDE, CostPicture, PricedPoint
from placement.report.frontier import limit_of
from placement.report.still import said
from placement.solving.result import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from placement.replanning.point import Frontier, FrontierPoint


def frontier_picture(frontier: Frontier, theme: str = "light") -> str:
    """SVG, 960 by 480 pixels; limits stand equally far apart, as what counts is at few moves.

    Raises UsageError: no point has a plan, or there is no such theme.
    """
    points = [point for point in frontier.points if point.cost is not None]
    if not points:
        raise UsageError("no plan was found, so there is nothing to draw")
    title = f"{words.shown(frontier.problem.name) or 'A fleet'}: cost by the moves that are allowed"
    priced = [PricedPoint(limit_of(point), point.cost or 0, point.bound) for point in points]
    picture = CostPicture(title, "moves at most", priced, theme)
    step = (WIDE - LEFT - RIGHT) / len(points)
    drawn = chain(_steps(frontier, points, picture), _without_plan(frontier, picture))
    return "\n".join(picture.lines(lambda k: LEFT + step * (k + 0.5), drawn)) + "\n"


def _without_plan(frontier: Frontier, picture: CostPicture) -> Iterator[str]:
    """Which limits have no plan, in words above the steps."""
    for infeasible, why in ((True, "no plan, proven"), (False, "no plan found")):
        limits = [
            limit_of(point)
            for point in frontier.points
            if point.cost is None and (point.status is Status.INFEASIBLE) is infeasible
        ]
        if limits:
            yield said(
                WIDE - RIGHT, 52 if infeasible else 66, f"moves at most {', '.join(limits)}: {why}", picture.ink, "end"
            )


def _steps(frontier: Frontier, points: Sequence[FrontierPoint], picture: CostPicture) -> Iterator[str]:
    """Costs and bounds as steps, a limit wide each; the suggested point is marked."""
    step = (WIDE - LEFT - RIGHT) / len(points)
    yield from picture.curves([LEFT + step * k for k in range(len(points))], step)
    knee = suggested_knee(frontier)
    for k, (point, cost) in enumerate(zip(points, picture.costs, strict=True)):
        here = knee is not None and point is knee.point
        x, y = LEFT + step * (k + 0.5), picture.y(cost)
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{7 if here else 4}" fill="{picture.line}"/>'
        if here:
            yield said(x + 10, y - 12, f"suggested: {words.count(point.moves or 0, 'move')}", picture.ink)
