"""Demands that are served by several kinds of accelerators: how many copies stand on each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from placement.report.map.sketch import colour_class
from placement.report.mixed import mixed_demands, mixed_words
from placement.report.page import grid
from placement.report.page.grid import Head

if TYPE_CHECKING:
    from placement.report.page.view import PlacedView


def mixed_section(view: PlacedView) -> dict[str, Any] | None:
    """What the section's template reads; None where one kind serves each demand."""
    mixed = mixed_demands(view.facts)
    if not mixed:
        return None
    colours = {row.name: colour_class(c) for c, row in enumerate(view.facts.components)}
    rows: list[grid.Row] = [
        (grid.name(name, colours[name]), grid.name(kind), grid.number(copies))
        for name, kinds in mixed.items()
        for kind, copies in kinds.items()
    ]
    heads = (Head("component"), Head("accelerator"), *grid.numbers("copies"))
    return {
        "told": f"{mixed_words(view.facts, mixed)}.",
        "grid": grid.table("Copies by kind of accelerator", heads, rows, "row"),
    }
