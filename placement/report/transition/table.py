"""A transition on the terminal: a table with a row a step, and what it comes to below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from placement.report import words
from placement.report.tables import ROWS
from placement.report.transition.sentences import clock, sentence, summary

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from placement.documents.transition import Transition


class TransitionTable:
    """Rendered with ``console.print(TransitionTable(transition))``; `full`: all steps, however many."""

    def __init__(self, found: Transition, *, full: bool = False) -> None:
        """Nothing is counted before it is drawn."""
        self._found, self._full = found, full

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Steps first; what matters most stands last."""
        steps = self._found.steps if self._full else self._found.steps[:ROWS]
        if steps:
            table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
            for head, justify in (("batch", "right"), ("from", "right"), ("to", "right"), ("step", "left")):
                table.add_column(head, justify=justify, ratio=1 if head == "step" else None)  # type: ignore[arg-type]
            batch = 0
            for step in steps:
                if batch and step.batch != batch:
                    table.add_section()
                shown = "" if step.batch == batch else str(step.batch)
                batch = step.batch
                look = "" if step.critical else "dim"
                table.add_row(shown, clock(step.starts_at), clock(step.ends_at), Text(sentence(step), style=look))
            yield table
            cut = len(self._found.steps) - len(steps)
            if cut:
                yield Text(f"and {words.count(cut, 'more step')}; --full lists each", style="dim")
            yield Text("steps that are not on the critical path are dim", style="dim")
            yield ""
        for k, line in enumerate(summary(self._found)):
            yield Text(line, style="bold" if k == 0 and self._found.found else "bold red" if k == 0 else "")
