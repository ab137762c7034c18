"""`placement info` and `placement solvers`: what a problem holds, and who can solve it."""

import sys
from typing import Annotated

import typer

from placement.cli import common_options as common
from placement.errors import UsageError


def info(file: common.FileArgument, full: common.FullOption = False) -> None:
    """Say what a problem holds: sizes, supply, rules in use, what runs now, a quick lower bound."""
    from placement.cli.streams import console
    from placement.documents import read_problem
    from placement.report.overview import overview

    console(sys.stdout).print(overview(read_problem(file), full=full))


def solvers(
    schedule: Annotated[
        bool, typer.Option("--schedule", help="Print how the search time is shared out, in place of the list.")
    ] = False,
    parameters: Annotated[
        bool,
        typer.Option(
            "--parameters",
            help="Print every tuning number of the methods with its unit and purpose, in place of the list.",
        ),
    ] = False,
) -> None:
    """List the solvers: what each does, whether it proves, its options with defaults."""
    from placement.cli.streams import console
    from placement.report.solvers import parameter_lists, schedule_tables, solver_table

    if schedule and parameters:
        raise UsageError("--schedule and --parameters are two tables: ask for one of them")
    console(sys.stdout).print(schedule_tables() if schedule else parameter_lists() if parameters else solver_table())
