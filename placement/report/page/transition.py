"""How to get to the plan: what the transition comes to, its steps over time, and each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from placement.report import words
from placement.report.page import grid
from placement.report.page.grid import Head, PageCell
from placement.report.transition.gantt import gantt
from placement.report.transition.sentences import clock, sentence, summary

if TYPE_CHECKING:
    from placement.documents.transition import Transition, TransitionStep
    from placement.report.page.view import PlacedView


def transition_section(view: PlacedView) -> dict[str, Any] | None:
    """What the section's template reads; None when no transition is given."""
    found = view.more.transition
    if found is None:
        return None
    rows = [_row(step) for step in found.steps]
    heads = (*grid.numbers("batch"), Head("step"), *grid.numbers("from", "to"))
    return {
        "lines": list(summary(found)),
        "chart": _chart(view, found),
        "grid": grid.table("Steps", heads, rows, "step") if found.steps else None,
    }


def _chart(view: PlacedView, found: Transition) -> str:
    """The steps over time; its texts are escaped where it is drawn."""
    from markupsafe import Markup

    return Markup(gantt(found, "page", [row.name for row in view.problem.components])) if found.steps else ""


def _row(step: TransitionStep) -> grid.Row:
    return (
        grid.number(step.batch),
        PageCell(words.shown(sentence(step)), look="" if step.critical else "soft"),
        PageCell(clock(step.starts_at), step.starts_at),
        PageCell(clock(step.ends_at), step.ends_at),
    )
