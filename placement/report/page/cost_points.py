"""Cost against moves, and what surviving more costs: answers side by side, recounted plan by plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from placement.errors import UsageError
from placement.referee import Verdict, verify
from placement.report import words
from placement.report.cost_steps import CostStep, cost_chart
from placement.report.page import grid
from placement.report.page.grid import PageCell
from placement.scenarios.headroom import times
from placement.units import micro_dollars

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.documents import Problem
    from placement.replanning.document import FrontierDocument
    from placement.report.page.view import PlacedView
    from placement.scenarios.headroom_document import HeadroomDocument

_Counted = tuple[CostStep, Verdict]  # an answer, and what the referee counted of its plan


def frontier_section(view: PlacedView) -> dict[str, Any] | None:
    """What the section's template reads; None when no frontier is given, or no point of it has a plan."""
    found = view.more.frontier
    points = [] if found is None else list(_frontier_points(view.problem, found))
    if found is None or not points:
        return None
    title, knee, suggested = "Cost by the moves that are allowed", found.knee, ""
    if knee is not None:
        limit = "any number of" if knee.max_moves is None else f"at most {knee.max_moves:,}"
        suggested = f"Suggested: {limit} moves; {words.shown(knee.reason)}."
    rows: list[grid.Row] = [
        (
            PageCell(point.label, float(k)),
            grid.number(verdict.moves),
            grid.money(verdict.price_per_hour),
            grid.money(point.cost),
            *grid.proven(point.cost, point.bound),
        )
        for k, (point, verdict) in enumerate(points)
    ]
    heads = grid.numbers("moves at most", "moves", "an hour", "cost", "no plan below", "gap")
    chart = cost_chart(title, [point for point, _ in points])
    return {"chart": chart, "suggested": suggested, "grid": grid.table(title, heads, rows, "point")}


def headroom_section(view: PlacedView) -> dict[str, Any] | None:
    """What the section's template reads; None when no headroom is given, or no point of it has a plan."""
    found = view.more.headroom
    points = [] if found is None else list(_headroom_points(view.problem, found))
    if found is None or not points:
        return None
    title = "Cost by times the copies and demand of today"
    base = next((point.cost for point, _ in points if point.label == "1"), None)
    none = [f"{row.factor:g}" for row in found.points if row.status == "infeasible"]
    grow = "" if len(found.components) == len(view.problem.components) else words.listed(list(found.components), 8)
    rows: list[grid.Row] = [
        (
            PageCell(point.label, float(point.label)),
            grid.number(verdict.copies),
            grid.number(verdict.instances),
            grid.money(point.cost),
            grid.money(point.cost - base) if base is not None else PageCell(""),
            PageCell(f"{100 * (point.cost - base) / base:+.1f}%" if base else "", point.cost - base if base else None),
            *grid.proven(point.cost, point.bound),
        )
        for point, verdict in points
    ]
    heads = grid.numbers("times", "copies", "machines", "cost", "more", "of today", "no plan below", "gap")
    return {
        "chart": cost_chart(title, [point for point, _ in points]),
        "none": f"Times {none[0]} and more there is no plan: proven." if none else "",
        "grows": f"These grow: {grow}. The others stay as they are." if grow else "",
        "grid": grid.table(title, heads, rows, "point"),
    }


def _frontier_points(problem: Problem, frontier: FrontierDocument) -> Iterator[_Counted]:
    """The points with a plan.

    Raises UsageError: a plan breaks a rule of the problem, or moves more than its limit.
    """
    for k, row in enumerate(frontier.points):
        if row.plan.assignments or row.cost is not None:
            verdict = verify(problem, row.plan)
            if row.max_moves is not None and verdict.moves > row.max_moves:
                raise _refused("frontier", k, f"its plan moves {verdict.moves} copies", "replan")
            _check(verdict, "frontier", k, "replan")
            limit = "any" if row.max_moves is None else f"{row.max_moves:,}"
            told = f"with {words.count(verdict.moves, 'move')}, {limit} allowed"
            yield _counted(limit, verdict, row.lower_bound, told)


def _headroom_points(problem: Problem, headroom: HeadroomDocument) -> Iterator[_Counted]:
    """The points with a plan.

    Raises UsageError: a plan breaks a rule of the problem with so many times its copies and demand.
    """
    for k, row in enumerate(headroom.points):
        if row.cost is not None:
            verdict = verify(times(problem, row.factor, set(headroom.components)), row.plan)
            _check(verdict, "headroom", k, "headroom")
            told = f"for times {row.factor:g}: {words.count(verdict.copies, 'copy', 'copies')}"
            yield _counted(f"{row.factor:g}", verdict, row.lower_bound, told)


def _check(verdict: Verdict, document: str, k: int, command: str) -> None:
    if verdict.violations:
        raise _refused(document, k, str(verdict.violations[0]), command)


def _refused(document: str, k: int, wrong: str, command: str) -> UsageError:
    rule = f"is none of this problem: {wrong}; write it anew with `placement {command}`"
    return UsageError(f"{document} at $.points[{k}].plan: {rule}", document)


def _counted(label: str, verdict: Verdict, lower_bound: float | None, told: str) -> _Counted:
    """With a bound in dollars as its document has it, which is above the cost at most by rounding."""
    bound = None if lower_bound is None else min(verdict.cost, micro_dollars(lower_bound))
    return CostStep(label, verdict.cost, bound, f"{words.money(verdict.cost)} {told}"), verdict
