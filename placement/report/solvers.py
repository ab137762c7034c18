"""The registry as a table, with every option a solver has."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from placement.report.narrow import Fitting
from placement.solvers.registry import SOLVERS

if TYPE_CHECKING:
    from rich.console import RenderableType

    from placement.solvers.registry import Solver


def solver_table() -> RenderableType:
    """Name, what it does, whether it proves, what it counts as work, and its options with defaults."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False, padding=(0, 1, 1, 0))
    table.add_column("solver", no_wrap=True, style="bold")
    table.add_column("proves", no_wrap=True)
    table.add_column("what it does, and its options", overflow="fold")
    for solver in SOLVERS.values():
        table.add_row(solver.name, "yes" if solver.proves else "no", _what(solver))
    return Fitting(table, lambda: Group(*map(_block, SOLVERS.values())))


def _block(solver: Solver) -> RenderableType:
    head = Text(solver.name, style="bold").append("  proves" if solver.proves else "", style="not bold")
    return Group(head, Padding(_what(solver), (0, 0, 1, 2)))


def _what(solver: Solver) -> Text:
    text = Text(solver.summary, overflow="fold")
    text.append(f"\nunit of --work: {solver.work}", style="dim")
    for name, default, meaning in options_of(solver.default_options()):
        text.append(f"\n{solver.name}.{name}={default}", style="cyan")
        if meaning:
            text.append(f"  {meaning}")
    return text


def options_of(options: Any) -> list[tuple[str, Any, str]]:
    """Name, default and meaning of each field; the meaning is the field's entry in the docstring of its class."""
    meanings = _attributes(inspect.getdoc(type(options)) or "")
    return [
        (field.name, getattr(options, field.name), meanings.get(field.name, ""))
        for field in dataclasses.fields(options)
    ]


def _attributes(docstring: str) -> dict[str, str]:
    """Entries ``name : text`` of the Attributes section, continuation lines joined.

    >>> _attributes('''Limits.
    ...
    ... Attributes
    ... ----------
    ... rounds, tries : how often;
    ...     at least once.
    ... ''')
    {'rounds': 'how often; at least once.', 'tries': 'how often; at least once.'}
    """
    _, _, section = docstring.partition("Attributes\n----------\n")
    entries: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", section.split("\n\n")[0]):
        names, colon, text = entry.partition(" : ")
        if colon:
            entries.update(dict.fromkeys(names.split(", "), " ".join(text.split())))
    return entries
