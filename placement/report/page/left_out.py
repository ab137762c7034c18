"""Copies that were wanted and that the plan leaves out, with what is known about why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from placement.report import words
from placement.report.map.sketch import colour_class
from placement.report.page import grid
from placement.report.page.grid import Head, PageCell

if TYPE_CHECKING:
    from placement.report.page.view import PlacedView


def left_out(view: PlacedView) -> dict[str, Any] | None:
    """What the section's template reads; None when every wanted copy is placed."""
    priorities = {row.name: row.priority for row in view.problem.components}
    rows: list[grid.Row] = [
        (
            grid.name(row.name, colour_class(c)),
            grid.number(row.wanted - row.placed),
            grid.number(row.wanted),
            grid.number(priorities[row.name]),
            PageCell(words.shown(row.reason) or "the plan does not say"),
        )
        for c, row in enumerate(view.facts.components)
        if row.wanted is not None and row.wanted > row.placed
    ]
    if not rows:
        return None
    heads = (Head("component"), *grid.numbers("left out", "of", "priority"), Head("why"))
    return {"grid": grid.table("Optional copies that are not placed", heads, rows, "component")}
