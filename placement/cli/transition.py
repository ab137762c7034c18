"""``placement transition``: ordered steps from a fleet that runs to a plan."""

from typing import Annotated

import typer

from placement.cli import common_options as common
from placement.cli import transition_options as steps
from placement.cli.endings import OF_STATUS, read_warned
from placement.solving.result import Status


def transition(
    file: common.FileArgument,
    plan: common.PlanArgument,
    max_unavailable: steps.UnavailableOption = None,
    temporary: steps.TemporaryOption = None,
    startup: steps.StartupOption = None,
    drain: steps.DrainOption = None,
    open_seconds: steps.OpenOption = None,
    form: steps.FormatOption = None,
    output: steps.OutputOption = None,
    picture: steps.PictureOption = None,
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
    from placement.documents import read_plan
    from placement.report.transition.table import checklist, transition_table
    from placement.transition import MOST_TEMPORARY, plan_transition

    check_one_stdin({"FILE": file, "PLAN": plan})
    steps.check_targets(form, output, picture or (), {"the problem": file, "the plan": plan})
    problem, document = read_warned(file, full=full), read_plan(plan)
    found = plan_transition(
        problem,
        document,
        max_unavailable=steps.read_values("--max-unavailable", max_unavailable, problem, file),
        temporary_instances=MOST_TEMPORARY if temporary is None else temporary,
        durations=steps.durations_of(startup, drain, open_seconds, problem, file),
        time_limit=time_limit,
        seed=seed,
    )
    carried = steps.on_stdout(form, output)
    outputs = steps.outputs_of(found.to_document, lambda: checklist(found), carried, output)
    steps.show(outputs + steps.charts(found, picture or ()), carried, lambda: transition_table(found, full=full))
    raise typer.Exit(OF_STATUS[Status(found.status)])
