"""Rules over the whole plan: what is used of commitments and limits, what the worst losses leave, one unit more."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from placement.report import words
from placement.report.group_words import ONE_MORE, RuleLine, committed_lines, limit_lines, loss_lines, one_more_lines
from placement.report.page import grid
from placement.report.page.charts import Bar
from placement.report.page.grid import Head, PageCell, PageTable
from placement.report.page.view import PlacedView

_HAS_ROOM, _BINDS = "plan", "open"  # looks of bars


class RuleBars(NamedTuple):
    """Rules of one kind: what they are, a bar for each, and how many more there are."""

    title: str
    bars: list[Bar]
    note: str


def groups(view: PlacedView) -> dict[str, Any] | None:
    """What the section's template reads; None where the problem has no such rule."""
    found = [
        _bars("Paid for already", committed_lines(view.facts)),
        _bars("Limits over several pools", limit_lines(view.facts)),
        _bars("Copies that the worst loss leaves", loss_lines(view.facts)),
    ]
    kinds = [kind for kind in found if kind.bars]
    binds = any(bar.look == _BINDS for kind in kinds for bar in kind.bars)
    return {"kinds": kinds, "binds": binds, "one_more": _one_more(view)} if kinds else None


def _bars(title: str, lines: Iterable[RuleLine]) -> RuleBars:
    """How much of how much, and in another colour where nothing more may be."""
    bars = [
        Bar(line.name, line.figure, 0.0, round(100 * line.part, 3), _BINDS if line.binds else _HAS_ROOM, line.note)
        for line in lines
    ]
    more = f"and {words.count(len(bars) - grid.ROWS, 'more rule')}" if len(bars) > grid.ROWS else ""
    return RuleBars(title, bars[: grid.ROWS], more)


def _one_more(view: PlacedView) -> PageTable | None:
    """What one unit more is worth, where the plan says so; the note says what that is."""
    rows: list[grid.Row] = [(grid.name(line.name), PageCell(line.figure)) for line in one_more_lines(view.plan)]
    heads = (Head("commitment or limit"), Head("one unit more"))
    said = f"{ONE_MORE[0].upper()}{ONE_MORE[1:]}."
    return grid.table("What one more would be worth", heads, rows, "row", said) if rows else None
