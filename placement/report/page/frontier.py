"""Cost against moves: the frontier of a fleet that runs as a chart and a table, recounted plan by plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from placement.errors import UsageError
from placement.referee import verify
from placement.report import words
from placement.report.page import grid
from placement.report.page.cost_steps import CostStep, cost_steps
from placement.report.page.grid import PageCell, PageTable
from placement.units import micro_dollars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.documents import Problem
    from placement.replanning.document import FrontierDocument
    from placement.report.page.view import View

_TITLE = "Cost by the moves that are allowed"


class _Counted(NamedTuple):
    """A point as the referee counts it, and the bound that it claims: micro-dollars."""

    limit: str
    moves: int
    price: int
    cost: int
    bound: int | None


def counted_points(problem: Problem, frontier: FrontierDocument) -> list[_Counted]:
    """The points with a plan.

    Raises
    ------
    UsageError
        A plan breaks a rule of the problem, moves more than its limit, or claims a bound above its cost.
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
            raise UsageError(f"the frontier is none of this problem: point {k}: {wrong}")
        bound = None if row.lower_bound is None else min(verdict.cost, micro_dollars(row.lower_bound))
        limit = "any" if row.max_moves is None else f"{row.max_moves:,}"
        found.append(_Counted(limit, verdict.moves, verdict.price_per_hour, verdict.cost, bound))
    return found


def frontier_section(view: View) -> dict[str, Any] | None:
    """What the section's template reads; None when no frontier is given, or no point of it has a plan."""
    if view.more.frontier is None:
        return None
    points = counted_points(view.problem, view.more.frontier)
    if not points:
        return None
    chart, curves = cost_steps(_TITLE, [CostStep(row.limit, row.cost, row.bound, _told(row)) for row in points])
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


def _told(point: _Counted) -> str:
    return f"{words.money(point.cost)} with {words.count(point.moves, 'move')}, {point.limit} allowed"


def _table(points: Sequence[_Counted]) -> PageTable:
    rows: list[grid.Row] = [
        (
            PageCell(point.limit, float(k)),
            grid.number(point.moves),
            grid.money(point.price),
            grid.money(point.cost),
            *grid.proven(point.cost, point.bound),
        )
        for k, point in enumerate(points)
    ]
    heads = grid.numbers("moves at most", "moves", "an hour", "cost", "no plan below", "gap")
    return grid.table(_TITLE, heads, rows, "point")
