"""``placement transition``: ordered steps from a fleet that runs to a plan."""

from __future__ import annotations

from typing import Annotated

import typer

from placement.cli import common_options as common
from placement.cli.endings import OF_STATUS, read_warned
from placement.cli.transition_options import (
    DrainOption,
    FormatOption,
    OpenOption,
    OutputOption,
    PictureOption,
    StartupOption,
    TemporaryOption,
    UnavailableOption,
)
from placement.solving.result import Status


def transition(
    file: common.FileArgument,
    plan: common.PlanArgument,
    max_unavailable: UnavailableOption = None,
    temporary: TemporaryOption = None,
    startup: StartupOption = None,
    drain: DrainOption = None,
    open_seconds: OpenOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
    picture: PictureOption = None,
    time_limit: Annotated[float, typer.Option(min=0, help="Seconds to search for a better order.")] = 60.0,
    seed: common.SeedOption = 0,
    full: common.FullOption = False,
) -> None:
    """Order the steps from what runs to a plan, so that no rule is broken at any moment.

    FILE has the `instances` and `placements` that run now. Steps come in batches: machines open, copies start and
    become ready, copies drain and stop, machines close. The order takes as few hours of temporary machines as possible,
    then as few batches. Ctrl-C ends the search and gives the best order so far.

    Exit codes: 0 there is an order, 2 bad input, 3 proven that there is none, 4 none was found.
    """
    from placement.cli.streams import check_one_stdin
    from placement.cli.transition_options import (
        charts,
        check_targets,
        durations_of,
        on_stdout,
        outputs_of,
        read_values,
        show,
    )
    from placement.documents import read_plan
    from placement.report.transition.checklist import checklist
    from placement.report.transition.table import transition_table
    from placement.transition import MOST_TEMPORARY, plan_transition

    check_one_stdin({"FILE": file, "PLAN": plan})
    check_targets(form, output, picture or (), {"the problem": file, "the plan": plan})
    problem, document = read_warned(file, full=full), read_plan(plan)
    found = plan_transition(
        problem,
        document,
        max_unavailable=read_values("--max-unavailable", max_unavailable, problem, file),
        temporary_instances=MOST_TEMPORARY if temporary is None else temporary,
        durations=durations_of(startup, drain, open_seconds, problem, file),
        time_limit=time_limit,
        seed=seed,
    )
    carried = on_stdout(form, output)
    outputs = outputs_of(found.to_document, lambda: checklist(found), carried, output)
    show(outputs + charts(found, picture or ()), carried, lambda: transition_table(found, full=full))
    raise typer.Exit(OF_STATUS[Status(found.status)])
