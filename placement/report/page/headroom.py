"""What surviving more costs: the headroom of a problem as a chart and a table, recounted plan by plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from placement.errors import UsageError
from placement.referee import verify
from placement.report import words
from placement.report.page import grid
from placement.report.page.cost_steps import CostStep, cost_steps
from placement.report.page.grid import PageCell, PageTable
from placement.scenarios.headroom import times
from placement.units import micro_dollars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.documents import Problem
    from placement.report.page.view import View
    from placement.scenarios.headroom_document import HeadroomDocument

_TITLE = "Cost by times the copies and demand of today"


class _HeadroomCounted(NamedTuple):
    """A point as the referee counts it, and the bound that it claims: micro-dollars."""

    factor: str
    copies: int
    machines: int
    cost: int
    bound: int | None


def counted_points(problem: Problem, headroom: HeadroomDocument) -> list[_HeadroomCounted]:
    """The points with a plan.

    Raises
    ------
    UsageError
        A plan breaks a rule of the problem with so many times its copies and demand.
    """
    found = []
    for k, row in enumerate(headroom.points):
        if row.cost is None:
            continue
        verdict = verify(times(problem, row.factor, set(headroom.components)), row.plan)
        if verdict.violations:
            raise UsageError(f"the headroom is none of this problem: point {k}: {verdict.violations[0]}")
        bound = None if row.lower_bound is None else min(verdict.cost, micro_dollars(row.lower_bound))
        found.append(_HeadroomCounted(f"{row.factor:g}", verdict.copies, verdict.instances, verdict.cost, bound))
    return found


def headroom_section(view: View) -> dict[str, Any] | None:
    """What the section's template reads; None when no headroom is given, or no point of it has a plan."""
    if view.more.headroom is None:
        return None
    points = counted_points(view.problem, view.more.headroom)
    if not points:
        return None
    base = next((point.cost for point in points if point.factor == "1"), None)
    steps = [CostStep(row.factor, row.cost, row.bound, _told(row)) for row in points]
    chart, curves = cost_steps(_TITLE, steps)
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


def _told(point: _HeadroomCounted) -> str:
    return f"{words.money(point.cost)} for times {point.factor}: {words.count(point.copies, 'copy', 'copies')}"


def _table(points: Sequence[_HeadroomCounted], base: int | None) -> PageTable:
    rows: list[grid.Row] = [
        (
            PageCell(row.factor, float(row.factor)),
            grid.number(row.copies),
            grid.number(row.machines),
            grid.money(row.cost),
            grid.money(row.cost - base) if base is not None else PageCell(""),
            PageCell(f"{100 * (row.cost - base) / base:+.1f}%" if base else "", (row.cost - base) if base else None),
            *grid.proven(row.cost, row.bound),
        )
        for row in points
    ]
    heads = grid.numbers("times", "copies", "machines", "cost", "more", "of today", "no plan below", "gap")
    return grid.table(_TITLE, heads, rows, "point")
