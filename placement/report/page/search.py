"""How the solve went: cost and bound over time, and who found each plan. Read from what the plan carries of it."""

from collections.abc import Sequence
from typing import Any

from placement.documents.plan import Plan
from placement.report import words
from placement.report.page import grid
from placement.report.page.charts import Curve, chart, time_axis, value_axis
from placement.report.page.grid import Head, PageCell, PageTable
from placement.report.page.view import View
from placement.solving.result import Event
from placement.units import MICRO, micro_dollars

_DOTS = 300  # of a curve: the last ones matter


def events(plan: Plan) -> list[Event]:
    """The trace of a plan; rows that a stranger's plan has of another kind are passed over."""
    rows = (plan.model_extra or {}).get("trace")
    found = []
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict) or not words.is_number(row.get("seconds")):
            continue
        cost, bound = (micro_dollars(row[key]) if words.is_number(row.get(key)) else None for key in ("cost", "bound"))
        left_out, least = (_by_priority(row.get(key)) for key in ("left_out", "left_out_bound"))
        found.append(Event(max(0.0, float(row["seconds"])), cost, bound, str(row.get("by", "")), left_out, least))
    return sorted(found, key=lambda event: event.seconds)


def _by_priority(told: object) -> dict[int, int]:
    """Copies by priority; nothing of what makes no sense."""
    rows = told.items() if isinstance(told, dict) else ()
    return {int(key): n for key, n in rows if str(key).removeprefix("-").isdecimal() and type(n) is int and n >= 0}


def search(view: View) -> dict[str, Any] | None:
    """What the section's template reads; None when the plan does not tell how it came about."""
    told = events(view.plan)
    if not any(event.cost is not None for event in told):
        return None
    plan = view.plan
    last = max(plan.seconds or 0.0, told[-1].seconds)
    costs = [(event.seconds, event.cost / MICRO) for event in told if event.cost is not None]
    bounds = [(event.seconds, event.bound / MICRO) for event in told if event.bound]
    found = _incumbents(told)
    final = costs[-1][1]
    low = min([value for _, value in bounds if value >= final / 2] or [final])
    high = max([value for _, value in costs if value <= 2 * final] or [final])
    y = value_axis(low, high, words.on_axis)
    scope = view.scope
    dots = [(e.seconds, (e.cost or 0) / MICRO, _told(e)) for e in found[-_DOTS:]]
    curves = [
        Curve("cost", "cost of the best plan", [*costs, (last, final)], dots),
        *([Curve("bound", f"proven: {scope} costs less", [*bounds, (last, bounds[-1][1])])] if bounds else []),
    ]
    return {
        "chart": chart((time_axis(told[0].seconds, last), y), "Cost and bound over time", curves, band=True),
        "sentence": _sentence(plan, told, last),
        "grid": _table(found),
    }


def _incumbents(told: Sequence[Event]) -> list[Event]:
    """Events at which the cost changed, or the copies that are left out."""
    found: list[Event] = []
    for event in told:
        before = (found[-1].cost, found[-1].left_out) if found else None
        if event.cost is not None and (event.cost, event.left_out) != before:
            found.append(event)
    return found


def _told(event: Event) -> str:
    return f"{words.money(event.cost or 0)} after {words.seconds(event.seconds)}, by {words.shown(event.by)}"


def _sentence(plan: Plan, told: Sequence[Event], last: float) -> str:
    stopped = {
        "proved": "it ended with the proof",
        "gap": "it ended at the gap asked for",
        "time": "it ended with its time",
        "interrupted": "it was interrupted",
        "stuck": "the solver got stuck",
        "done": "the solver had no more to try",
    }.get(plan.stop or "", "")
    if plan.stop == "stuck" and plan.reason:
        stopped += f": {words.shown(plan.reason)}"
    by = f" with {words.shown(plan.solver)}" if plan.solver else ""
    tail = f"; {stopped}" if stopped else ""
    plans = words.count(len(_incumbents(told)), "plan")
    return f"The search took {words.seconds(last)}{by} and found {plans}, each better than the last{tail}."


def _table(found: Sequence[Event]) -> PageTable:
    """The plans; a column of copies left out by priority, highest first, where any plan leaves out some."""
    with_copies = any(any(event.left_out.values()) for event in found)
    rows: list[grid.Row] = [
        (
            PageCell(words.seconds(event.seconds), event.seconds),
            *([_left_out(event)] if with_copies else []),
            grid.money(event.cost or 0),
            *grid.proven(event.cost or 0, event.bound),
            grid.name(event.by),
        )
        for event in found
    ]
    copies = [Head("left out")] if with_copies else []
    heads = (Head("after"), *copies, *grid.numbers("cost", "bound then", "gap"), Head("found by"))
    return grid.table("Plans found on the way", heads, rows, "plan")


def _left_out(event: Event) -> PageCell:
    some = [f"{level.copies:,} of priority {level.priority}" for level in event.levels if level.copies]
    return PageCell(", ".join(some) or "none", sum(level.copies for level in event.levels))
