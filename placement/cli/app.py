"""The commands together, in the order and under the headings of the help."""

from typing import Annotated

import typer

from placement.cli import drawing, simulate
from placement.cli.audit import audit, diff
from placement.cli.catalogue import app as catalogue_app
from placement.cli.commands import Commands
from placement.cli.convert import convert, schema
from placement.cli.endings import in_words
from placement.cli.hybrid import hybrid
from placement.cli.info import info, solvers
from placement.cli.init import init
from placement.cli.make_room import make_room
from placement.cli.platforms import GROUPS as PLATFORM_GROUPS
from placement.cli.profile import app as profile_app
from placement.cli.replan import replan
from placement.cli.rollout import rollout
from placement.cli.scenarios import headroom, scenarios
from placement.cli.size import size
from placement.cli.solve import solve
from placement.cli.transition import transition
from placement.cli.verify import bound, verify

app = Commands(
    name="placement",
    help="Place model components on GPU machines at the least cost, with a proof of how good the plan is.",
    epilog="Exit codes: 0 done, 1 a plan or what runs breaks a rule (verify, audit) or differs (diff), 2 bad input, "
    "3 proven infeasible, 4 nothing found in time, 70 a bug, 71 memory ran out, 130 interrupted, 141 nobody reads the "
    "output.",
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from placement import __version__

        with in_words():
            typer.echo(f"placement {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options of the program itself."""


for first in (solve, verify, bound, drawing.report, drawing.show, convert, schema, solvers, info):
    app.command()(first)

_RUNNING, _PREPARE, _TRAFFIC, _PLATFORMS = (
    "A fleet that runs",
    "Models and machines",
    "Traffic and what may come",
    "Platforms",
)
for panel, commands in (
    (_RUNNING, (audit, diff, replan, make_room, transition, rollout)),
    (_PREPARE, (init, size)),
    (_TRAFFIC, (simulate.scale, simulate.simulate, hybrid, scenarios, headroom)),
):
    for command in commands:
        app.command(rich_help_panel=panel)(command)
for group in (catalogue_app, profile_app):
    app.add_typer(group, rich_help_panel=_PREPARE)
for group in PLATFORM_GROUPS:
    app.add_typer(group, rich_help_panel=_PLATFORMS)
