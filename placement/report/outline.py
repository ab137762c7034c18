"""A page of headings, sentences and tables, written once: for the terminal, and as Markdown for a review.

Names of documents are `Name`s: in Markdown they are code, where no sign of theirs is markup and nobody is mentioned.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.text import Text

from placement.markdown import code, escaped
from placement.report import words
from placement.report.narrow import Fitting, PlainTable


class Name(str):
    """A name of a document."""

    __slots__ = ()


Line = tuple[str, ...]  # pieces of a sentence or of a cell; some of them are names


class Column(NamedTuple):
    """The head of a column; figures stand at the right."""

    heading: str
    figures: bool = False


class Grid(NamedTuple):
    """A table: its columns, and rows of as many cells."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Line, ...], ...]


class OutlineSection(NamedTuple):
    """A heading, sentences, a table, and remarks below it."""

    heading: str
    lines: tuple[Line, ...] = ()
    table: Grid | None = None
    remarks: tuple[Line, ...] = ()


T = TypeVar("T")  # a row of a document


def table_section(
    heading: str,
    columns: tuple[Column, ...],
    rows: Sequence[T],
    cells: Callable[[T], tuple[Line, ...]],
    most: int | None,
    remarks: Iterable[Line] = (),
) -> Iterator[OutlineSection]:
    """A section with a line for each row, of more than `most` with the first; none where there are no rows."""
    if not rows:
        return
    shown = rows[:most]
    cut = len(rows) - len(shown)
    more: list[Line] = [(f"and {cut:,} more; --full lists each",)] if cut else []
    yield OutlineSection(heading, (), Grid(columns, tuple(map(cells, shown))), (*remarks, *more))


def figures(*headings: str) -> tuple[Column, ...]:
    return tuple(Column(heading, figures=True) for heading in headings)


@dataclass(frozen=True, slots=True)
class Outline:
    """A whole page; print it on a rich console, or ask for its `markdown`. `bad` colours the first sentence."""

    title: Line
    lead: tuple[Line, ...]
    sections: tuple[OutlineSection, ...]
    bad: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Sections one below the other."""
        yield Text(_plain(self.title), style="bold")
        for k, line in enumerate(self.lead):
            yield Text(_plain(line), style="" if k else "bold red" if self.bad else "bold green")
        for section in self.sections:
            yield ""
            yield Text(section.heading, style="bold")
            yield from (Padding(Text(_plain(line)), (0, 0, 0, 2)) for line in section.lines)
            if section.table is not None:
                yield Padding(_table(section.table), (0, 0, 0, 2))
            yield from (Padding(Text(_plain(line), style="dim"), (0, 0, 0, 2)) for line in section.remarks)

    def markdown(self) -> str:
        """The page in GitHub's Markdown; ends with a line break."""
        parts = [f"## {_marked(self.title)}", *map(_marked, self.lead)]
        for section in self.sections:
            parts.append(f"### {section.heading}")
            if section.lines:
                parts.append("\n".join(f"- {_marked(line)}" for line in section.lines))
            if section.table is not None:
                parts.append(_pipes(section.table))
            parts.extend(_marked(line) for line in section.remarks)
        return "\n\n".join(parts) + "\n"


def joined(items: Iterable[Line], most: int | None, between: str = ", ") -> Line:
    """Items side by side as one line; of more than `most` the first, and how many more.

    >>> joined([("a",), ("b",), ("c",)], 2)
    ('a', ', ', 'b', ' and 1 more')
    """
    items = list(items)
    found: list[str] = []
    for k, item in enumerate(items[:most]):
        found += ([between] if k else []) + list(item)
    if most is not None and len(items) > most:
        found.append(f" and {len(items) - most:,} more")
    return tuple(found)


def _plain(line: Line) -> str:
    return words.shown("".join(line))


# --- On a terminal


def _table(grid: Grid) -> RenderableType:
    table = PlainTable()
    for column in grid.columns:
        (table.figures if column.figures else table.words)(column.heading)
    for row in grid.rows:
        table.add_row(*(Text(_plain(cell)) for cell in row))
    return Fitting(table)


# --- As Markdown


def _marked(line: Line, *, in_table: bool = False) -> str:
    return "".join(code(piece, in_table=in_table) if isinstance(piece, Name) else escaped(piece) for piece in line)


def _pipes(grid: Grid) -> str:
    lines = [
        " | ".join(escaped(column.heading) for column in grid.columns),
        " | ".join("---:" if column.figures else "---" for column in grid.columns),
        *(" | ".join(_marked(cell, in_table=True) for cell in row) for row in grid.rows),
    ]
    return "\n".join(f"| {line} |" for line in lines)
