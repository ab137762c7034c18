"""Copies that were wanted and that the plan leaves out, with what is known about why."""

from typing import Any

from placement.report import words
from placement.report.left_out import left_out_rows, level_lines, used_up_pools, why_not_all
from placement.report.map.sketch import colour_class
from placement.report.page import grid
from placement.report.page.grid import Head, PageCell, PageTable
from placement.report.page.view import PlacedView


def left_out(view: PlacedView) -> dict[str, Any] | None:
    """What the section's template reads; None when every wanted copy is placed."""
    rows: list[grid.Row] = [
        (
            grid.name(row.name, colour_class(row.component)),
            grid.number(row.copies),
            grid.number(row.wanted),
            grid.number(row.priority),
            PageCell("; ".join(filter(None, (words.shown(row.reason), row.lacks)))),
        )
        for row in left_out_rows(view.problem, view.facts, view.levels)
    ]
    if not rows:
        return None
    heads = (Head("component"), *grid.numbers("left out", "of", "priority"), Head("why"))
    lines = [*level_lines(view.problem, view.levels), *filter(None, (why_not_all(view.fleet),))]
    return {
        "levels": [f"{line[0].upper()}{line[1:]}." for line in lines],
        "grid": grid.table("Optional copies that are not placed", heads, rows, "component"),
        "pools": _used_up(view),
    }


def _used_up(view: PlacedView) -> PageTable | None:
    """Pools at their quota where such copies may run: what to ask for more of."""
    rows: list[grid.Row] = [
        (grid.name(row.name), grid.number(row.machines), grid.number(row.most), grid.number(row.copies))
        for row in used_up_pools(view.facts)
    ]
    heads = (Head("pool"), *grid.numbers("machines", "at most", "copies left out that could run on more"))
    return grid.table("Pools that are used up", heads, rows, "pool") if rows else None
