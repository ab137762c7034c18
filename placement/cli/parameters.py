"""Arguments and options that several commands have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from placement.errors import UsageError, called_file, nearest, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from placement.documents import Component, Problem

FORMATS = ("text", "markdown", "json")

FileArgument = Annotated[str, typer.Argument(metavar="FILE", help="A problem, JSON or YAML; - is standard input.")]
PlanArgument = Annotated[
    str, typer.Argument(metavar="PLAN", help="A plan of that problem, by anyone; - is standard input.")
]
FullOption = Annotated[bool, typer.Option("--full", help="Every line of what is otherwise cut, such as faults.")]
FormatOption = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="text, markdown or json.",
        autocompletion=lambda: list(FORMATS),
    ),
]
EveryRowOption = Annotated[bool, typer.Option("--full", help="Every row and every machine.")]
PictureThemeOption = Annotated[str, typer.Option(metavar="light|dark", help="Of the pictures.")]
PriceOption = Annotated[
    list[str] | None, typer.Option(metavar="TYPE=DOLLARS", help="The price of a type an hour; may be repeated.")
]
WriteOverOption = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]
GapOption = Annotated[
    float, typer.Option(min=0, max=1, help="Stop at this distance from the bound: 0.01 is 1%, 0 asks for a proof.")
]
WorkersOption = Annotated[int | None, typer.Option(min=1, help="Most processes; one a core when absent.")]
SchedulerOption = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Of an existing Dask cluster, such as tcp://10.0.0.5:8786.")
]
TimeLimitOption = Annotated[float, typer.Option(min=0, help="Seconds for all of it.")]
SeedOption = Annotated[int, typer.Option(min=0, help="Seed of everything random.")]
WorkOption = Annotated[
    int | None, typer.Option(min=1, help="Limit of each solve in its solver's own unit: the same on any machine.")
]
ThreadsOption = Annotated[
    int | None, typer.Option(min=1, help="Most threads an engine may use; 1: no second process either.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no tables, no warnings.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="A line on stderr for each plan and bound found.")]


def output_option(what: str) -> Any:
    """Where a command writes what it found."""
    text = f"Write {what} here: YAML where it ends in .yaml or .yml, else JSON; - is JSON on stdout."
    return typer.Option("--output", "-o", metavar="FILE", help=text)


def between_commas(text: str) -> tuple[str, ...]:
    """The words of ``A,B``, each once.

    >>> between_commas("us-east-1a, us-east-1b,us-east-1a,")
    ('us-east-1a', 'us-east-1b')
    """
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def one_of(option: str, word: str, known: Iterable[str]) -> Any:
    """A word that an option may have; any other is refused, with the nearest."""
    if word not in known:
        raise UsageError(f'{option}: no "{printable(word)}"; {nearest(word, known)}')
    return word


def component_of(problem: Problem, name: str, file: str, option: str = "--component") -> Component:
    """The component that an option names, of the problem in a file; where there is none, the nearest are told."""
    found = next((row for row in problem.components if row.name == name), None)
    if found is None:
        known = [row.name for row in problem.components]
        where = printable(called_file(file))
        raise UsageError(f'{option}: no component "{printable(name)}" in {where}; {nearest(name, known)}')
    return found
