"""Arguments and options that several commands have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import typer

from placement.errors import UsageError, called_file, nearest, printable, wrong_argument

if TYPE_CHECKING:
    from collections.abc import Iterable

    from placement.documents import Component, Problem

FORMATS = ("text", "markdown", "json")

FileArgument = Annotated[
    str, typer.Argument(metavar="FILE", help="The problem, a JSON or YAML file; - reads standard input.")
]
PlanArgument = Annotated[
    str, typer.Argument(metavar="PLAN", help="A plan of that problem, from any program; - reads standard input.")
]
FullOption = Annotated[bool, typer.Option("--full", help="Print long lists in full, such as faults and table rows.")]
FormatOption = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="What to print: text, markdown or json.",
        autocompletion=lambda: list(FORMATS),
    ),
]
EveryRowOption = Annotated[bool, typer.Option("--full", help="Print long tables in full: every row and every machine.")]
PictureThemeOption = Annotated[str, typer.Option(metavar="light|dark", help="The colours of the pictures.")]
PriceOption = Annotated[
    list[str] | None,
    typer.Option(metavar="TYPE=DOLLARS", help="The price of an instance type in dollars an hour; may be repeated."),
]
FirstTokenOption = Annotated[
    str | None, typer.Option(metavar="TIME", help="The longest time to the first token, such as 500ms.")
]
NextTokenOption = Annotated[
    str | None, typer.Option(metavar="TIME", help="The longest time for each further token, such as 50ms.")
]
WriteOverOption = Annotated[bool, typer.Option("--force", help="Replace the output file if it exists.")]
GapOption = Annotated[
    float,
    typer.Option(
        min=0,
        max=1,
        help="Stop once the plan is proven to be within this part of the best: 0.01 is 1%; 0 searches "
        "for a full proof.",
    ),
]
WorkersOption = Annotated[
    int | None, typer.Option(min=1, help="The largest number of processes to use. Default: one for each core.")
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="With --executor dask: the address of a running Dask scheduler, such as tcp://10.0.0.5:8786.",
    ),
]
_SECONDS = 60.0
SECONDS_SHOWN = f"{_SECONDS:g}; with --work none"
TimeLimitOption = Annotated[
    float | None,
    typer.Option(
        min=0, show_default=SECONDS_SHOWN, help="Seconds for the whole command; the best answer by then is given."
    ),
]
SeedOption = Annotated[int, typer.Option(min=0, help="Seed for all random choices.")]
WorkOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Limit each solve by counted work in place of time, so that the answer is the same on any machine. A unit "
        "is about a second of one core.",
    ),
]
ThreadsOption = Annotated[
    int | None,
    typer.Option(min=1, help="The largest number of threads to use; with 1 there is no second process either."),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress, no tables and no warnings.")]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Print a line on stderr for each better plan and bound.")
]


def seconds_within(time_limit: float | None, work: int | None) -> float | None:
    """The time limit that a command keeps: the one that is asked for; without one, a minute, or none beside `work`."""
    return _SECONDS if time_limit is None and work is None else time_limit


class SearchLimits(TypedDict):
    """What bounds a search, as all functions of the library that search take it."""

    time_limit: float | None
    seed: int
    work: int | None
    threads: int | None


def search_limits(time_limit: float | None, seed: int, work: int | None, threads: int | None) -> SearchLimits:
    return SearchLimits(time_limit=seconds_within(time_limit, work), seed=seed, work=work, threads=threads)


def output_option(what: str) -> Any:
    text = f"Write {what} to this file: YAML if its name ends in .yaml or .yml, else JSON. - writes JSON to stdout."
    return file_option(text)


def file_option(text: str) -> Any:
    """The file that a command writes; `text` is its help."""
    return typer.Option("--output", "-o", metavar="FILE", help=text)


def picture_option(what: str) -> Any:
    """Pictures that a command draws; `what` begins the help."""
    return typer.Option("--picture", metavar="FILE", help=f"{what}, as an .svg or .png file; may be repeated.")


def executor_option(what: str) -> Any:
    """Where a command computes; `what` is what is done there, as in "the fleets are played"."""
    text = f"Where {what}: local (in this process), processes (on this machine) or dask (on a cluster)."
    return typer.Option("--executor", help=text, autocompletion=lambda: ["local", "processes", "dask"])


def between_commas(text: str) -> tuple[str, ...]:
    """The words of ``A,B``, each once.

    >>> between_commas("us-east-1a, us-east-1b,us-east-1a,")
    ('us-east-1a', 'us-east-1b')
    """
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def number_of_type(option: str, form: str, word: str, most: float, *, may_be_bare: bool = False) -> tuple[str, float]:
    """``TYPE=NUMBER`` of an option, or a number alone where that may be; `form` says what to write."""
    name, _, text = word.rpartition("=")
    try:
        found = float(text)
    except ValueError:
        found = -1
    if not 0 <= found <= most or not (name or may_be_bare):
        raise wrong_argument(option, form, word)
    return name, found


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
