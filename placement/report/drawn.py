"""A plan drawn as a map, on the terminal and as a picture; and what a notebook shows of a plan and of a result."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from html import escape
from pathlib import Path

from placement.documents import Plan, Problem
from placement.errors import UsageError
from placement.report import words
from placement.report.facts import PlanFacts, gather
from placement.report.group_words import rule_rows
from placement.report.map.picture import picture
from placement.report.map.terminal import FleetLines, lines_of_facts, lines_of_plan
from placement.report.mixed import FEW, mixed_line
from placement.report.page.view import PlacedView, look
from placement.report.still import as_file, check_picture
from placement.solving.result import Result
from placement.units import micro_dollars


def map_file(problem: Problem, plan: Plan, path: str | Path, theme: str = "light") -> str | bytes:
    """What the file of a plan's map holds: SVG or PNG, by the suffix.

    Raises UsageError: the plan breaks a rule or places nothing, or the suffix or the theme is another.
    """
    check_picture(path, theme)
    view = look(problem, plan)
    if not isinstance(view, PlacedView):
        raise UsageError("plan at $.assignments: places nothing, so there is nothing to draw", "plan")
    return as_file(picture(view.facts, headline(problem, plan, view.facts), theme), path)


def show(plan: Plan, problem: Problem | None = None, *, full: bool = False) -> FleetLines:
    """What to print of a plan. With its problem memory is to scale, figures are counted, rules over the plan are told.

    Without it the figures are the plan's.
    """
    if problem is None:
        lines, legend = lines_of_plan(plan)
        return FleetLines(claimed(plan), lines, legend, full=full)
    view = look(problem, plan)
    if not isinstance(view, PlacedView):
        return FleetLines(claimed(plan), [], [], full=full)
    title = headline(problem, plan, view.facts)
    legend = [(row.name, row.placed) for row in view.facts.components]
    note = mixed_line(view.facts, None if full else FEW)
    rules = tuple(rule_rows(view.facts, view.verdict.moves))
    return FleetLines(title, lines_of_facts(view.facts, full=full), legend, full=full, note=note, rules=rules)


def headline(problem: Problem, plan: Plan, facts: PlanFacts) -> str:
    """A plan in one line: its problem, what it costs, on how many machines, what is proven."""
    name = f"{words.shown(problem.name)}: " if problem.name else ""
    copies = words.count(sum(row.placed for row in facts.components), "copy", "copies")
    proof = ""
    if plan.status == "optimal":
        proof = ", optimal"
    elif plan.cost and plan.lower_bound:
        cost, bound = micro_dollars(plan.cost), micro_dollars(plan.lower_bound)
        proof = f", gap {words.gap(max(0, cost - bound) / cost)}"
    machines = words.count(len(facts.machines), "machine")
    price = facts.price if plan.price_per_hour is None else micro_dollars(plan.price_per_hour)  # less what is committed
    rate = f"{words.money(price)} an hour{words.on_top(committed=bool(facts.fleet.commitments))}"
    return f"{name}{copies} on {machines}, {rate}{proof}"


def claimed(plan: Plan) -> str:
    """What the plan's file says of itself, in one line."""
    machines = words.count(len(plan.instances), "machine")
    parts = [f"{words.count(len(plan.assignments), 'copy', 'copies')} on {machines}"]
    if plan.price_per_hour is not None:
        parts.append(f"{words.money(micro_dollars(plan.price_per_hour))} an hour")
    parts.append(plan.status)
    if plan.gap:
        parts.append(f"gap {words.gap(plan.gap)}")
    if plan.reason:
        parts.append(words.shown(plan.reason))
    name = f"{words.shown(plan.problem)}: " if plan.problem else ""
    return name + ", ".join(parts)


_ROWS = 40  # machines of a plan whose problem is not at hand


def result_html(result: Result) -> str:
    """The map, with what it costs above it; without a plan the reason."""
    if result.packing is None or result.fleet is None:
        return f"<p>{escape(words.shown(str(result)))}</p>"
    return result_svg(result, "light")


def result_page(result: Result) -> str:
    from placement.report.page.page import render

    return render(_problem(result), result.plan, result.fleet)


def result_svg(result: Result, theme: str) -> str:
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
