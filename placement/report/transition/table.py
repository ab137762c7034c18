"""A transition on the terminal: a table with a row a step, and what it comes to below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from placement.report import words
from placement.report.narrow import PlainTable
from placement.report.tables import ROWS
from placement.report.transition.sentences import clock, sentence, summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from placement.documents.transition import Transition, TransitionStep


_NAMES = 8  # components in one line


class TransitionTable:
    """Rendered with ``console.print(TransitionTable(transition))``; `full`: all steps, however many."""

    def __init__(self, found: Transition, *, full: bool = False) -> None:
        """Nothing is counted before it is drawn."""
        self._found, self._full = found, full

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Steps first; what matters most stands last."""
        if self._found.steps:
            yield from step_table(self._found.steps, full=self._full)
            yield ""
        for k, line in enumerate(summary(self._found, None if self._full else _NAMES)):
            yield Text(line, style="" if k else "bold" if self._found.found else "bold red")


def step_table(steps: Sequence[TransitionStep], *, full: bool) -> Iterator[RenderableType]:
    """A row a step, batches apart; of very many the first, unless `full`."""
    shown = steps if full else steps[:ROWS]
    table = PlainTable(tight=False)
    for head in ("batch", "from", "to", "step"):
        table.add_column(head, justify="left" if head == "step" else "right", ratio=1 if head == "step" else None)
    batch = 0
    for step in shown:
        if batch and step.batch != batch:
            table.add_section()
        number = "" if step.batch == batch else str(step.batch)
        batch = step.batch
        look = "" if step.critical else "dim"
        table.add_row(number, clock(step.starts_at), clock(step.ends_at), Text(sentence(step), style=look))
    yield table
    if len(shown) < len(steps):
        yield Text(f"and {words.count(len(steps) - len(shown), 'more step')}; --full lists each", style="dim")
    if any(not step.critical for step in shown):
        yield Text("steps that are not on the critical path are dim", style="dim")
