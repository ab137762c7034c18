"""Solvers, printed: the registry with every option, the schedule of their time, and the numbers of their methods."""

import dataclasses
import inspect
import math
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from placement.parameters import PARAMETERS
from placement.report.narrow import Fitting, PlainTable
from placement.solvers.registry import SOLVERS, Solver
from placement.solving.parameters import groups_of, parameter_rows
from placement.solving.schedule import TURNS, Phase, Turn, rows

_LIMIT = 60.0  # seconds, of which examples are given
_NOTE = (
    f"A share is a part of what is left when its turn comes. Seconds are those of a limit of {_LIMIT:g}, where all "
    "before it that have no condition take theirs in full. What a phase does not use is left to those after it."
)


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
    for name, default, meaning in options_of(solver.default_options()):
        text.append(f"\n{solver.name}.{name}={default}", style="cyan").append(f"  {meaning}")
    return text


def options_of(options: Any) -> list[tuple[str, Any, str]]:
    return [(field.name, getattr(options, field.name), field.metadata["what"]) for field in dataclasses.fields(options)]


def schedule_tables() -> RenderableType:
    """The turns of `auto` by fleet, and phases inside solvers with the seconds that they have of a limit."""
    return Group(_turns(), Text(), _phases(), Text(), Text(_NOTE, style="dim"))


def _turns() -> PlainTable:
    table = _table("fleet", "turns of auto", "share", "when")
    for fleet, turns in TURNS.items():
        for n, turn in enumerate(turns):
            table.add_row("" if n else fleet, turn.solver, f"{turn.part:.0%}", _when(turn))
    return table


def _when(turn: Turn) -> str:
    said = ["beside those that follow"] if turn.beside else []
    said += {0: [], 1: ["without a second core"], 2: ["with a second core"]}[turn.cores]
    said += [] if turn.work is None else [f"at most {turn.work:g} units of work"]
    return ", ".join(said)


def _phases() -> PlainTable:
    table = _table("phase", "share", "seconds", "for")
    table.columns[2].justify = "right"
    for row in rows(_LIMIT):
        told = row.phase.what + (f" (where: {row.phase.when})" if row.phase.when else "")
        table.add_row("  " * row.depth + row.name, _share(row.phase), f"{row.seconds:.1f}", told)
    return table


def _share(phase: Phase) -> str:
    return f"{phase.part:.0%}" + ("" if math.isinf(phase.seconds) else f", {phase.seconds:g} s at most")


def _table(*names: str) -> PlainTable:
    table = PlainTable(tight=False)
    for name in names:
        table.add_column(name, no_wrap=name in ("share", "phase"), overflow="fold")
    return table


def parameter_lists() -> RenderableType:
    """Every number of a method; above those of a room, and of a module, what it does, from the docstring of its class.

    Value, unit and what it is for are one phrase.
    """
    found: list[RenderableType] = []
    width = max(len(row.name.rpartition(".")[2]) for row in parameter_rows(PARAMETERS))
    for room, modules in groups_of(PARAMETERS).items():
        found += [_head(room, modules), Text()]
        for module, group in groups_of(modules).items():
            found += [_head(f"{room}.{module}", group), _parameters_of(group, width), Text()]
    return Group(*found)


def _head(name: str, group: type[Any]) -> Text:
    """A room or a module of it, and what its docstring says."""
    said = " ".join((inspect.getdoc(group) or "").split())
    return Text(name, style="bold", overflow="fold").append(f"  {said}", style="not bold")


def _parameters_of(group: type[Any], width: int) -> Table:
    """The parameters of one module, with names of that width at most."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=width + 2, no_wrap=True)
    table.add_column(overflow="fold")
    for row in parameter_rows(group):
        table.add_row(
            f"  {row.name}", Text(_value(row.value), style="cyan").append(f" {row.unit} {row.what}", style="none")
        )
    return table


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(_value(one) for one in value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,g}"
