"""``placement make-room``: what has to move, or to stop, so that a component gets more copies."""

import sys
from dataclasses import replace
from typing import Annotated

import typer

from placement.cli import common_options as common
from placement.cli import transition_options as steps
from placement.cli.endings import OF_STATUS, Code, read_warned


def make_room(
    file: common.FileArgument,
    component: Annotated[str, typer.Option(metavar="NAME", help="The component that is to get more copies.")],
    copies: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="How many more copies. Default: those that the problem asks for and that do not run, at least 1.",
        ),
    ] = None,
    new_machines: Annotated[
        bool,
        typer.Option("--new-machines/--no-new-machines", help="Whether new machines may be rented, within the quotas."),
    ] = True,
    time_limit: common.TimeLimitOption = None,
    seed: common.SeedOption = 0,
    work: common.WorkOption = None,
    threads: common.ThreadsOption = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="table|json|markdown",
            help="What to print to standard output. Default: a table, but JSON where --output names no "
            "file and standard output is no terminal.",
            autocompletion=lambda: list(steps.FORMATS),
        ),
    ] = None,
    output: steps.OutputOption = None,
    picture: steps.PictureOption = None,
    full: common.EveryRowOption = False,
    quiet: common.QuietOption = False,
    verbose: common.VerboseOption = False,
) -> None:
    """Find the fewest evictions and moves that let more copies of a component in, and a safe order for them.

    Only copies of components with a lower priority are evicted, and no component falls below its min_copies. The answer
    has the fewest evictions, counted from the highest priority down; then the fewest moves; then the cheapest machines.
    Where no evictions and moves make room it says so, with a proof and what is missing on which machines.

    Exit codes: 0 there is room, 2 bad input, 3 proven that there is none, 4 not decided within the limits, 70 a bug in
    this program, 71 memory ran out.
    """
    from placement.cli.answers import following, hand_out
    from placement.cli.streams import streams
    from placement.documents.read import STDIN
    from placement.replanning import make_room as find_room

    steps.check_targets(form, output, picture or (), {"the problem": file})
    go = streams(output, quiet=quiet)
    problem = read_warned(file, full=full, quiet=quiet)
    common.component_of(problem, component, file)
    with following(live=go.progress, verbose=verbose) as listener:
        found = find_room(
            problem,
            component,
            copies,
            new_machines=new_machines,
            **common.search_limits(time_limit, seed, work, threads),
            listener=listener,
        )
    from placement.replanning.room_document import room_document
    from placement.report.room import room_checklist, room_lines, room_report

    carried = steps.on_stdout(form, output, piped=go.plan == STDIN, quiet=quiet)
    aside = None if go.tables is sys.stdout else go.tables
    outputs = steps.outputs_of(lambda: room_document(found), lambda: room_checklist(found), carried, output)
    hand_out(
        replace(go, plan=None, tables=sys.stdout if carried == "table" else aside),
        found,
        document=lambda: room_document(found),
        report=lambda: room_report(found, full=full),
        more=outputs + steps.charts(found.transition, picture or (), tuple(room_lines(found))),
    )
    raise typer.Exit(Code.OK if found.plan is not None else OF_STATUS[found.status])
