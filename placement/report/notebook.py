"""What a notebook shows of a result and of a plan, and the page and the picture of a result."""

from __future__ import annotations

from collections import Counter, defaultdict
from html import escape
from typing import TYPE_CHECKING

from placement.errors import UsageError
from placement.report import words
from placement.report.drawn import claimed, headline
from placement.report.facts import gather
from placement.report.map.picture import picture

if TYPE_CHECKING:
    from collections.abc import Iterable

    from placement.documents import Problem
    from placement.documents.plan import Plan
    from placement.solving.result import Result

_ROWS = 40  # machines of a plan whose problem is not at hand


def result_html(result: Result) -> str:
    """The map, with what it costs above it; without a plan the reason."""
    if result.packing is None or result.fleet is None:
        return f"<p>{escape(words.shown(str(result)))}</p>"
    return result_svg(result, "light")


def result_page(result: Result) -> str:
    """The report as one HTML page."""
    from placement.report.page.page import render

    return render(_problem(result), result.plan, result.fleet)


def result_svg(result: Result, theme: str) -> str:
    """The map of the plan."""
    if result.packing is None:
        raise UsageError(f"there is no plan to draw: {result}")
    problem = _problem(result)
    facts = gather(problem, result.plan, result.fleet)
    return picture(facts, headline(problem, result.plan, facts), theme)


def _problem(result: Result) -> Problem:
    if result.fleet is None:
        raise UsageError("the result does not know its problem; draw its plan with `placement report` instead")
    return result.fleet.problem


def plan_html(plan: Plan) -> str:
    """What the plan says of itself, and a row for each of its machines."""
    on: dict[str, Counter[str]] = defaultdict(Counter)
    for row in plan.assignments:
        on[row.instance][row.component] += 1
    rows = [
        (machine.id, machine.pool, ", ".join(words.times(name, n) for name, n in on[machine.id].items()))
        for machine in plan.instances[:_ROWS]
    ]
    more = len(plan.instances) - len(rows)
    tail = f"<p>and {words.count(more, 'more machine')}</p>" if more else ""
    head = f"<p>{escape(claimed(plan))}</p>"
    if not rows:
        return head
    table = "".join(f"<tr>{_cells('td', row)}</tr>" for row in rows)
    names = _cells("th", ("machine", "pool", "copies"))
    return f"{head}<table><thead><tr>{names}</tr></thead><tbody>{table}</tbody></table>{tail}"


def _cells(tag: str, texts: Iterable[str]) -> str:
    return "".join(f'<{tag} style="text-align:left">{escape(words.shown(text))}</{tag}>' for text in texts)
