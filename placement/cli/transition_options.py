"""What `placement transition`, `rollout` and `make-room` share: their options as values, and how an order is shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from placement.cli.common_options import component_of, file_option, one_of, picture_option
from placement.cli.endings import say
from placement.errors import UsageError, printable, wrong_argument
from placement.units import whole_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from placement.cli.answers import Output
    from placement.documents import Problem
    from placement.documents.transition import Transition
    from placement.transition import Durations

FORMATS = ("table", "json", "markdown")
MOST_SECONDS = 10**7
MARKDOWN = (".md", ".markdown")

UnavailableOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[NAME=]N|N%",
        help="How many copies may be missing at any moment, of every component or of the one named; "
        "may be repeated. Default: what the problem says, else none.",
    ),
]
TemporaryOption = Annotated[
    int | None,
    typer.Option(
        min=0, metavar="N", help="The largest number of machines to rent for the transition alone; 0 rents none."
    ),
]
StartupOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[NAME=]SECONDS",
        help="Seconds from the start of a copy until it is ready, for every component or the one "
        "named; may be repeated. Default: 42.",
    ),
]
DrainOption = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=MOST_SECONDS,
        metavar="SECONDS",
        help="Seconds from when a copy begins to drain until it is gone. Default: 98.",
    ),
]
OpenOption = Annotated[
    int | None,
    typer.Option(
        "--open",
        min=0,
        max=MOST_SECONDS,
        metavar="SECONDS",
        help="Seconds from when a machine is ordered until it can be used. Default: 0.",
    ),
]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="table|json|markdown",
        help="What to print to standard output. Default: a table, or JSON with --output -.",
        autocompletion=lambda: list(FORMATS),
    ),
]
OutputOption = Annotated[
    str | None,
    file_option("Write the steps to this file: JSON or YAML, or a checklist in Markdown (.md), by its suffix."),
]
PictureOption = Annotated[list[str] | None, picture_option("Draw a Gantt chart of the steps")]


def check_targets(form: str | None, output: str | None, pictures: Sequence[str], inputs: dict[str, str]) -> None:
    """Refuse a format that there is not, and files that can't be written, before anything is searched for."""
    from placement.cli.streams import DOCUMENTS, check_suffix, picture_targets
    from placement.documents import check_outputs

    if form is not None:
        one_of("--format", form, FORMATS)
    if output is not None:
        check_suffix(output, (*DOCUMENTS, *MARKDOWN))
    outputs = picture_targets(pictures) | ({} if output is None else {"--output": output})
    check_outputs(outputs, inputs, "write each to a file of its own")


def read_values(option: str, words: Sequence[str] | None, problem: Problem, file: str) -> dict[str, str] | None:
    """By component what ``NAME=VALUE`` or ``VALUE`` of each word says; the latter is for all that no other word names.

    `file` is what the problem was read from.

    A name may contain `=`: the last one counts, unless the whole word is a value.
    """
    if not words:
        return None
    common: str | None = None
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.rpartition("=")
        if not equals:
            if common is not None:
                raise UsageError(f"{option} {printable(word)}: all components are given a value twice")
            common = word
        elif component_of(problem, name, file, option).name in found:
            raise UsageError(f'{option}: component "{printable(name)}" is given a value twice')
        else:
            found[name] = value
    if common is not None:
        found = {row.name: found.get(row.name, common) for row in problem.components}
    return found


def durations_of(
    startup: Sequence[str] | None, drain: int | None, open_seconds: int | None, problem: Problem, file: str
) -> Durations:
    """How long things take, by the options; what is not given is as `Durations` has it."""
    from placement.transition import Durations

    by_name = read_values("--startup", startup, problem, file) or {}
    usual = Durations()
    return Durations(
        startup_of={name: _seconds("--startup", value) for name, value in by_name.items()},
        drain=usual.drain if drain is None else drain,
        open=usual.open if open_seconds is None else open_seconds,
    )


def _seconds(option: str, value: str) -> int:
    rule = f"a whole number of seconds, at most {MOST_SECONDS}"
    found = whole_in(value.strip())
    if found is None or found > MOST_SECONDS:
        raise wrong_argument(option, rule, value)
    return found


def show(outputs: Sequence[Output], form: str | None, table: Callable[[], Any]) -> None:
    """Write what was found, and print its table where that is the format of standard output."""
    from placement.cli.answers import write_then_print

    write_then_print(outputs, sys.stdout if form == "table" else None, table, holds_answer=False)


def outputs_of(
    document: Callable[[], dict[str, Any]], checklist: Callable[[], str], form: str | None, output: str | None
) -> list[Output]:
    """What was found as a file, by its suffix, and on standard output where that carries the document or Markdown."""
    from placement.cli.answers import Output
    from placement.documents.read import STDIN

    outputs = []
    if output is not None and output != STDIN:
        outputs.append(Output(output, checklist if Path(output).suffix.lower() in MARKDOWN else document))
    if form in ("json", "markdown"):
        outputs.append(Output(STDIN, checklist if form == "markdown" else document))
    return outputs


def on_stdout(form: str | None, output: str | None, *, piped: bool = False, quiet: bool = False) -> str | None:
    """What standard output carries: the format that was asked for, else JSON where it is the file, else a table.

    `piped`: standard output is the file although no option says so.
    `quiet`: no table, but where standard output is the file, so that the table is the answer; None is nothing at all.
    """
    from placement.documents.read import STDIN

    is_file = piped or output == STDIN
    carried = form or ("json" if is_file else "table")
    return None if quiet and carried == "table" and not is_file else carried


def charts(found: Transition | None, paths: Sequence[str], lines: Sequence[str] = ()) -> list[Output]:
    """Gantt charts of a transition to write; none, and a word of it, where there are no steps.

    `lines` stand below the title of the chart.
    """
    from placement.cli.answers import drawn
    from placement.report.transition.gantt import gantt

    if found is None or not found.steps:
        for path in paths:
            say(f"{printable(path)}: not drawn, as there are no steps")
        return []

    return drawn(paths, lambda: gantt(found, lines=lines), "the steps over time")
