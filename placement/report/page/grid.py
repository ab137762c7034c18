"""Tables of the page: heads, and rows of cells that are text, numbers or more."""

from typing import NamedTuple

from placement.report import words
from placement.solving.result import relative_gap


class Head(NamedTuple):
    """A column; numbers stand to the right and are sorted by value."""

    text: str
    number: bool = False


class PageCell(NamedTuple):
    """A cell: its text, what it is sorted by, a class for its look, the component whose colour it has."""

    text: str
    key: float | None = None
    look: str = ""
    colour: str = ""


BESIDE = 4  # columns of a table on a phone, 360 pixels wide


class PageTable(NamedTuple):
    """A table, what it is called for those who don't see it, and a note on rows that are not shown."""

    caption: str
    heads: tuple[Head, ...]
    rows: list[tuple[PageCell, ...]]
    note: str = ""

    @property
    def is_wide(self) -> bool:
        """Whether it has more columns than stand side by side on a phone."""
        return len(self.heads) > BESIDE


ROWS = 200  # of a table: a page is to be read
Row = tuple[PageCell, ...]


def table(caption: str, heads: tuple[Head, ...], rows: list[Row], what: str, said: str = "") -> PageTable:
    """A table with its first rows; the note is what is `said` of them, and how many more of `what` there are."""
    more = f"and {words.count(len(rows) - ROWS, f'more {what}')}" if len(rows) > ROWS else ""
    return PageTable(caption, heads, rows[:ROWS], "; ".join(filter(None, (said, more))))


def numbers(*heads: str) -> tuple[Head, ...]:
    return tuple(Head(text, number=True) for text in heads)


def proven(cost: int, bound: int | None) -> tuple[PageCell, PageCell]:
    """What no plan costs less than, and how far the cost is from it."""
    if not bound:
        return PageCell("none", 0, "soft"), PageCell("")
    return PageCell(f"${words.no_plan_below(bound, cost)}", bound), PageCell(words.gap(relative_gap(cost, bound)))


def name(text: str, colour: str = "") -> PageCell:
    """A name of a document, with nothing in it that is not seen."""
    return PageCell(words.shown(text), colour=colour)


def number(value: int) -> PageCell:
    return PageCell(f"{value:,}", value)


def money(micro: int) -> PageCell:
    return PageCell(words.money(micro), micro)


def percent(part: int, whole: int) -> PageCell:
    return PageCell(words.percent(part, whole), part / whole if whole else 0.0)
