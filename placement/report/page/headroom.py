"""What surviving more costs: the headroom of a problem as a chart and a table, recounted plan by plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from placement.errors import UsageError
from placement.referee import verify
from placement.report import words
from placement.report.page import grid
from placement.report.page.cost_steps import CostStep, cost_steps
from placement.report.page.grid import PageCell, PageTable
from placement.scenarios.headroom import times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.documents import Problem
    from placement.report.page.view import PlacedView
    from placement.scenarios.headroom_document import HeadroomDocument

_TITLE = "Cost by times the copies and demand of today"


def counted_points(problem: Problem, headroom: HeadroomDocument) -> list[CostStep]:
    """The points with a plan.

    Raises UsageError: a plan breaks a rule of the problem with so many times its copies and demand.
    """
    found = []
    for k, row in enumerate(headroom.points):
        if row.cost is None:
            continue
        verdict = verify(times(problem, row.factor, set(headroom.components)), row.plan)
        if verdict.violations:
            rule = f"is none of this problem: {verdict.violations[0]}; write it anew with `placement headroom`"
            raise UsageError(f"headroom at $.points[{k}].plan: {rule}", "headroom")
        told = f"for times {row.factor:g}: {words.count(verdict.copies, 'copy', 'copies')}"
        found.append(CostStep.of(f"{row.factor:g}", verdict, row.lower_bound, told))
    return found


def headroom_section(view: PlacedView) -> dict[str, Any] | None:
    """What the section's template reads; None when no headroom is given, or no point of it has a plan."""
    if view.more.headroom is None:
        return None
    points = counted_points(view.problem, view.more.headroom)
    if not points:
        return None
    base = next((point.cost for point in points if point.label == "1"), None)
    chart, curves = cost_steps(_TITLE, points)
    none = [f"{row.factor:g}" for row in view.more.headroom.points if row.status == "infeasible"]
    return {
        "chart": chart,
        "curves": curves,
        "none": f"Times {none[0]} and more there is no plan: proven." if none else "",
        "grows": _grows(view.problem, view.more.headroom),
        "grid": _table(points, base),
    }


def _grows(problem: Problem, headroom: HeadroomDocument) -> str:
    if len(headroom.components) == len(problem.components):
        return ""
    return f"These grow: {words.listed(list(headroom.components), 8)}. The others stay as they are."


def _table(points: Sequence[CostStep], base: int | None) -> PageTable:
    rows: list[grid.Row] = [
        (
            PageCell(row.label, float(row.label)),
            grid.number(row.verdict.copies),
            grid.number(row.verdict.instances),
            grid.money(row.cost),
            grid.money(row.cost - base) if base is not None else PageCell(""),
            PageCell(f"{100 * (row.cost - base) / base:+.1f}%" if base else "", (row.cost - base) if base else None),
            *grid.proven(row.cost, row.bound),
        )
        for row in points
    ]
    heads = grid.numbers("times", "copies", "machines", "cost", "more", "of today", "no plan below", "gap")
    return grid.table(_TITLE, heads, rows, "point")
