"""`placement diff`: what differs between two plans, or between what runs and a plan."""

from __future__ import annotations

from typing import Annotated

import typer

from placement.cli import common_options as common
from placement.cli.audit import of_problem, put, shown
from placement.cli.endings import Code, call_files, read_warned


def diff(
    file: common.FileArgument,
    plan: Annotated[
        str,
        typer.Argument(
            metavar="PLAN", help="A plan; without PLAN_B it is compared with what runs in FILE. - reads standard input."
        ),
    ],
    other: Annotated[
        str | None, typer.Argument(metavar="[PLAN_B]", help="A second plan, to compare with the first.")
    ] = None,
    alike: Annotated[
        bool,
        typer.Option(
            "--alike", help="Ignore the names of machines: treat machines of a pool as alike, also those that run."
        ),
    ] = False,
    by_pool: Annotated[
        bool,
        typer.Option(
            "--by-pool",
            help="Compare only how many machines and copies each pool has. Use it for a platform that "
            "chooses the machine of a copy itself, or does not tell it.",
        ),
    ] = False,
    output_format: common.FormatOption = "text",
    full: common.FullOption = False,
) -> None:
    """Say what differs between what runs and a plan, or between two plans: by component, by machine, move by move.

    The order of rows does not matter. Machines that do not run yet are matched by the copies that they hold, as a plan
    chooses their names freely; with --alike, so are machines that run. With --by-pool only the numbers of machines and
    copies in each pool are compared.

    Exit codes: 0 nothing differs, 1 something does, 2 bad input.
    """
    from placement.cli.streams import check_one_stdin
    from placement.documents import read_plan
    from placement.drift import diff as compare
    from placement.drift.compare import WHAT_RUNS
    from placement.drift.page import diff_page

    common.one_of("--format", output_format, common.FORMATS)
    check_one_stdin({"FILE": file, "PLAN": plan, "PLAN_B": other})
    problem = read_warned(file, full=full)
    first = of_problem(read_plan(plan), plan, problem, file)
    if other is None:
        old, names = None, (WHAT_RUNS, shown(plan))
        new = first
    else:
        old, names = first, (shown(plan), shown(other))
        new = of_problem(read_plan(other), other, problem, file)
    call_files(before=plan, after=plan if other is None else other)
    found = compare(problem, old, new, alike=alike, by_pool=by_pool)
    put(diff_page(found, names, full=full), found.to_document(), output_format)
    raise typer.Exit(Code.OK if found.same else Code.BROKEN)
