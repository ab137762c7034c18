"""Arguments and options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

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
        autocompletion=lambda: ["text", "markdown", "json"],
    ),
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
