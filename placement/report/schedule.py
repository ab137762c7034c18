"""The schedule as tables: the turns of `auto` by fleet, and what each solver does with its time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from placement.report.narrow import PlainTable
from placement.solving.schedule import TURNS, Phase, rows

if TYPE_CHECKING:
    from rich.console import RenderableType

    from placement.solving.schedule import Turn

LIMIT = 60.0  # seconds, of which examples are given
_NOTE = (
    "A share is a part of what is left when its turn comes. Seconds are those of a limit of {limit:g}, where all "
    "before it that have no condition take theirs in full. What a phase does not use is left to those after it."
)


def schedule_tables(limit: float = LIMIT) -> RenderableType:
    """Turns of `auto`, and phases inside solvers with the seconds that they have of a limit."""
    return Group(_turns(), Text(), _phases(limit), Text(), Text(_NOTE.format(limit=limit), style="dim"))


def _turns() -> PlainTable:
    table = _table("fleet", "turns of auto", "share", "when")
    for fleet, turns in TURNS.items():
        for n, turn in enumerate(turns):
            table.add_row("" if n else fleet, turn.solver, f"{turn.part:.0%}", _when(turn))
    return table


def _when(turn: Turn) -> str:
    said = ["beside those that follow"] if turn.beside else []
    said += {0: [], 1: ["without a second core"], 2: ["with a second core"]}[turn.cores]
    said += [] if turn.work is None else [f"at most {turn.work:,} units of work"]
    return ", ".join(said)


def _phases(limit: float) -> PlainTable:
    table = _table("phase", "share", "seconds", "for")
    table.columns[2].justify = "right"
    for row in rows(limit):
        table.add_row("  " * row.depth + row.name, _share(row.phase), f"{row.seconds:.1f}", _what(row.phase))
    return table


def _what(phase: Phase) -> str:
    return phase.what + (f" (where: {phase.when})" if phase.when else "")


def _share(phase: Phase) -> str:
    return f"{phase.part:.0%}" + ("" if math.isinf(phase.seconds) else f", {phase.seconds:g} s at most")


def _table(*names: str) -> PlainTable:
    table = PlainTable(tight=False)
    for name in names:
        table.add_column(name, no_wrap=name in ("share", "phase"), overflow="fold")
    return table
