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
