"""A plan as a map on the terminal, with its problem at hand or without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.report.drawn import claimed, headline
from placement.report.group_words import rule_rows
from placement.report.map.terminal import FleetLines, lines_of_facts, lines_of_plan
from placement.report.mixed import FEW, mixed_line
from placement.report.page.view import look

if TYPE_CHECKING:
    from placement.documents import Problem
    from placement.documents.plan import Plan


def show(plan: Plan, problem: Problem | None = None, *, full: bool = False) -> FleetLines:
    """What to print. With the problem, memory is to scale, all figures are counted, and rules over the plan are told.

    Without it the figures are the plan's.

    Raises
    ------
    UsageError
        The plan breaks a rule of the problem.
    """
    if problem is None:
        lines, legend = lines_of_plan(plan)
        return FleetLines(claimed(plan), lines, legend, full=full)
    view = look(problem, plan)
    if view.facts is None:
        return FleetLines(claimed(plan), [], [], full=full)
    title = headline(problem, plan, view.facts)
    legend = [(row.name, row.placed) for row in view.facts.components]
    note = mixed_line(view.facts, None if full else FEW)
    rules = tuple(rule_rows(view.facts, view.verdict.moves))
    return FleetLines(title, lines_of_facts(view.facts, full=full), legend, full=full, note=note, rules=rules)
