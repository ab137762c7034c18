"""A plan drawn as a map: on the terminal, and as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.errors import UsageError
from placement.report import words
from placement.report.group_words import rule_rows
from placement.report.map.terminal import FleetLines, lines_of_facts, lines_of_plan
from placement.report.mixed import FEW, mixed_line
from placement.report.page.view import PlacedView, look
from placement.report.still import as_file, check_picture
from placement.units import micro_dollars

if TYPE_CHECKING:
    from pathlib import Path

    from placement.documents import Problem
    from placement.documents.plan import Plan
    from placement.report.facts import PlanFacts


def map_file(problem: Problem, plan: Plan, path: str | Path, theme: str = "light") -> str | bytes:
    """What the file of a plan's map holds: SVG or PNG, by the suffix.

    Raises UsageError: the plan breaks a rule or places nothing, or the suffix or the theme is another.
    """
    from placement.report.map.picture import picture

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
