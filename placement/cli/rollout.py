"""``placement rollout``: a rolling update of one component, beside blue/green."""

from typing import Annotated

import typer

from placement.cli import common_options as common
from placement.cli import transition_options as steps
from placement.cli.endings import OF_STATUS, read_warned
from placement.solving.result import Status


def rollout(
    file: common.FileArgument,
    component: Annotated[str, typer.Option(metavar="NAME", help="The component whose copies are updated.")],
    to: Annotated[
        str,
        typer.Option(
            metavar="OPTIONS",
            help="How the new copies run: the name or index of an option that the component has (a new "
            "version of the same size), a file with `options:`, or one option as JSON.",
        ),
    ],
    batch: Annotated[
        str | None,
        typer.Option(
            metavar="N|N%",
            help="Copies to update in one batch, from 5 to 50 % of all. Default: the size that needs the "
            "fewest extra machines.",
        ),
    ] = None,
    wait_seconds: Annotated[
        int, typer.Option("--wait", min=0, metavar="SECONDS", help="Seconds to wait between two batches, at most 3600.")
    ] = 0,
    extra: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="The largest number of extra machines at any moment. Default: as many as the quotas allow.",
        ),
    ] = None,
    startup: steps.StartupOption = None,
    drain: steps.DrainOption = None,
    open_seconds: steps.OpenOption = None,
    time_limit: Annotated[float, typer.Option(min=0, help="Seconds to search for fewer extra machines.")] = 60.0,
    form: steps.FormatOption = None,
    output: steps.OutputOption = None,
    picture: steps.PictureOption = None,
    full: common.FullOption = False,
) -> None:
    """Update all copies of a component in batches, new ones before old ones go, with the fewest extra machines.

    The answer is compared with blue/green, which doubles the machines that hold copies of the component. Ctrl-C ends
    the search and gives the best rollout so far.

    Exit codes: 0 there is a rollout, 2 bad input, 3 proven that no legal batch exists, 4 none was found.
    """
    from placement.report.transition.rollout import as_transition, rollout_checklist, rollout_table
    from placement.rollout import BatchSize, plan_rollout
    from placement.rollout.options import read_options
    from placement.rollout.planning import MOST_EXTRA

    steps.check_targets(form, output, picture or (), {"the problem": file, "the options": to})
    size = None if batch is None else BatchSize.parse(batch)
    problem = read_warned(file, full=full)
    row = common.component_of(problem, component, file)
    found = plan_rollout(
        problem,
        component,
        read_options(to, row),
        batch=size,
        wait_seconds=wait_seconds,
        durations=steps.durations_of(startup, drain, open_seconds, problem, file),
        extra_instances=MOST_EXTRA if extra is None else extra,
        time_limit=time_limit,
    )
    carried = steps.on_stdout(form, output)
    outputs = steps.outputs_of(found.to_document, lambda: rollout_checklist(found), carried, output)
    steps.show(
        outputs + steps.charts(as_transition(found), picture or ()), carried, lambda: rollout_table(found, full=full)
    )
    raise typer.Exit(OF_STATUS[Status(found.status)])
