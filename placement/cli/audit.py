"""`placement audit`: what is wrong with what runs now, its cost, the first moves; `placement diff`: what differs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from placement.cli import common_options as common
from placement.cli.endings import Code, call_files, is_terminal, read_warned
from placement.errors import UsageError, called_file, printable

if TYPE_CHECKING:
    from placement.documents import Plan, Problem
    from placement.report.outline import Outline


STDIN = "-"


def audit(
    file: common.FileArgument,
    plan: Annotated[
        str | None,
        typer.Argument(
            metavar="[PLAN]", help="Judge this plan, as if it ran, in place of what runs; - reads standard input."
        ),
    ] = None,
    time_limit: Annotated[
        float, typer.Option(min=0, help="Seconds to search for a better plan and a bound; 0 checks the rules alone.")
    ] = 60.0,
    seed: common.SeedOption = 0,
    steps: Annotated[int, typer.Option(min=0, help="The largest number of first steps to suggest.")] = 5,
    output_format: common.FormatOption = "text",
    full: common.FullOption = False,
) -> None:
    """Say what is wrong with what runs now, what it costs against the proven bound, and which moves come first.

    FILE is a problem with instances and placements, such as `placement import` writes. What runs is checked as a plan
    is: each broken rule is listed with what is missing and the copies concerned. Then follow the price, beside that of
    a better plan and a proven bound; the machines that could be given back; and steps that can each be taken alone,
    with what each saves.

    Exit codes: 0 every rule is kept, 1 a rule is broken, 2 bad input.
    """
    from placement.auditing import audit as find
    from placement.auditing.page import audit_page
    from placement.cli.answers import following
    from placement.cli.streams import check_one_stdin
    from placement.documents import read_plan

    common.one_of("--format", output_format, common.FORMATS)
    check_one_stdin({"FILE": file, "PLAN": plan})
    problem = read_warned(file, full=full)
    judged = None if plan is None else of_problem(read_plan(plan), plan, problem, file)
    with following(live=is_terminal("stderr")) as listener:
        found = find(problem, judged, time_limit=time_limit, seed=seed, steps=steps, listener=listener)
    put(audit_page(found, full=full), found.to_document(), output_format)
    raise typer.Exit(Code.OK if found.ok else Code.BROKEN)


def put(page: Outline, document: dict[str, Any], output_format: str) -> None:
    """A page on standard output: on a terminal, as Markdown, or its document as JSON."""
    from placement.cli.answers import Output, write_or_keep
    from placement.cli.streams import console

    if output_format == "json":
        write_or_keep([Output(STDIN, lambda: document)])
    elif output_format == "markdown":
        write_or_keep([Output(STDIN, page.markdown)])
    else:
        console(sys.stdout).print(page)


def of_problem(plan: Plan, path: str, problem: Problem, file: str) -> Plan:
    """The plan, if it is one of this problem: else every row would be wrong, and nothing would be said.

    `path` and `file` are where the plan and the problem were read.
    """
    own, this = plan.problem or "", problem.name or ""
    if own != this:
        whose = f'is a plan of the problem "{printable(own)}"' if own else "names no problem"
        other = f'is "{printable(this)}"' if this else "has no name"
        raise UsageError(
            f"{shown(path)} {whose}, and {called_file(file)} {other}; give it with its own problem, or change its "
            "`problem` where that was renamed"
        )
    return plan


def shown(path: str) -> str:
    """What messages call the file of a plan."""
    return "the plan on stdin" if path == STDIN else path


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
