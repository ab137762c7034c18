"""Cost against moves: the frontier of a fleet that runs as a chart and a table, recounted plan by plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from placement.errors import UsageError
from placement.referee import verify
from placement.report import words
from placement.report.page import grid
from placement.report.page.cost_steps import CostStep, cost_steps
from placement.report.page.grid import PageCell, PageTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.documents import Problem
    from placement.replanning.document import FrontierDocument
    from placement.report.page.view import PlacedView

_TITLE = "Cost by the moves that are allowed"


def counted_points(problem: Problem, frontier: FrontierDocument) -> list[CostStep]:
    """The points with a plan.

    Raises UsageError: a plan breaks a rule of the problem, moves more than its limit, or claims a bound above its cost.
    """
    found = []
    for k, row in enumerate(frontier.points):
        if not row.plan.assignments and row.cost is None:
            continue
        verdict = verify(problem, row.plan)
        wrong = str(verdict.violations[0]) if verdict.violations else ""
        if row.max_moves is not None and verdict.moves > row.max_moves:
            wrong = f"its plan moves {verdict.moves} copies"
        if wrong:
            rule = f"is none of this problem: {wrong}; write it anew with `placement replan`"
            raise UsageError(f"frontier at $.points[{k}].plan: {rule}", "frontier")
        limit = "any" if row.max_moves is None else f"{row.max_moves:,}"
        told = f"with {words.count(verdict.moves, 'move')}, {limit} allowed"
        found.append(CostStep.of(limit, verdict, row.lower_bound, told))
    return found


def frontier_section(view: PlacedView) -> dict[str, Any] | None:
    """What the section's template reads; None when no frontier is given, or no point of it has a plan."""
    if view.more.frontier is None:
        return None
    points = counted_points(view.problem, view.more.frontier)
    if not points:
        return None
    chart, curves = cost_steps(_TITLE, points)
    knee = view.more.frontier.knee
    suggested = ""
    if knee is not None:
        limit = "any number of" if knee.max_moves is None else f"at most {knee.max_moves:,}"
        suggested = f"Suggested: {limit} moves; {words.shown(knee.reason)}."
    return {
        "chart": chart,
        "curves": curves,
        "suggested": suggested,
        "grid": _table(points),
    }


def _table(points: Sequence[CostStep]) -> PageTable:
    rows: list[grid.Row] = [
        (
            PageCell(point.label, float(k)),
            grid.number(point.verdict.moves),
            grid.money(point.verdict.price_per_hour),
            grid.money(point.cost),
            *grid.proven(point.cost, point.bound),
        )
        for k, point in enumerate(points)
    ]
    heads = grid.numbers("moves at most", "moves", "an hour", "cost", "no plan below", "gap")
    return grid.table(_TITLE, heads, rows, "point")
