"""Sizings of copies as a table."""

from collections.abc import Callable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from placement.errors import printable
from placement.grouping import grouped
from placement.report.narrow import Fitting, PlainTable
from placement.sizing import Sizing

_COLUMNS = (
    "GPUs", "context", "weights", "activations", "other", "graphs", "KV", "margin", "KV tokens", "total", "usable",
)  # fmt: skip
_PARTS = ("context", "weights", "activation", "non_torch", "graphs", "kv", "margin")


def sizing_table(rows: Sequence[Sizing]) -> RenderableType:
    """A row for each accelerator and degree: the parts, GiB on each GPU, and whether they fit."""
    table = PlainTable(tight=False)
    table.add_column("accelerator", no_wrap=True, style="bold")
    table.figures(*_COLUMNS)
    table.names("fits")
    for row in rows:
        table.add_row(row.accelerator, *_figures(row), "yes" if row.fits else "no")
    title = Text(f"{printable(rows[0].model)}, GiB on each GPU of a copy" if rows else "")
    reasons = [Text(line, style="dim") for line in misfit_lines([row for row in rows if not row.fits])]
    return Group(title, Fitting(table), *reasons)


def flag_lines(rows: Sequence[Sizing]) -> Iterator[str]:
    """What to start the engine with, a line for all copies that fit and have the same flags."""
    return _together([row for row in rows if row.fits], lambda row: " ".join(row.flags))


def misfit_lines(rows: Sequence[Sizing]) -> Iterator[str]:
    """Why copies do not fit, a line for all with the same reason."""
    return _together(rows, lambda row: row.reason)


def _together(rows: Sequence[Sizing], words: Callable[[Sizing], str]) -> Iterator[str]:
    """The words of each row, a line for all that have the same."""
    by_words = grouped((words(row), f"{row.accelerator} x {row.gpus}") for row in rows)
    for said, names in by_words.items():
        yield f"{', '.join(names)}: {said}"


def _figures(row: Sizing) -> list[str]:
    parts = [getattr(row, f"{part}_gib") for part in _PARTS]
    ends = (row.total_gib, row.usable_gib)
    return [str(row.gpus), *(f"{part:.2f}" for part in parts), f"{row.kv_tokens:,}", *(f"{end:.2f}" for end in ends)]
