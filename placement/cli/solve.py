"""`placement solve`: the cheapest plan, and a proof of how good it is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from placement.cli import common_options as common
from placement.cli.certificate import CertificateOption, write_certificate
from placement.cli.endings import OF_STATUS, raised_last, read_warned, say
from placement.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from placement.documents import Problem
    from placement.report.tables import Report
    from placement.solving.result import Result


def _solver_names(incomplete: str) -> list[tuple[str, str]]:
    from placement.solvers.registry import SOLVERS

    return [(name, solver.summary) for name, solver in SOLVERS.items() if name.startswith(incomplete)]


def _setting_names(incomplete: str) -> list[str]:
    import dataclasses

    from placement.solvers.registry import SOLVERS

    names = [
        f"{name}.{field.name}="
        for name, solver in SOLVERS.items()
        for field in dataclasses.fields(solver.default_options())
    ]
    return [name for name in names if name.startswith(incomplete)]


def solve(
    file: common.FileArgument,
    solver: Annotated[
        str, typer.Option(help='The solver to use; "placement solvers" lists them.', autocompletion=_solver_names)
    ] = "auto",
    time_limit: Annotated[
        float | None,
        typer.Option(
            min=0, show_default=common.SECONDS_SHOWN, help="Seconds to search; the best plan by then is the answer."
        ),
    ] = None,
    gap: common.GapOption = 0.0,
    seed: common.SeedOption = 0,
    work: common.WorkOption = None,
    threads: common.ThreadsOption = None,
    executor: Annotated[str, common.executor_option("the parts of a large problem are solved")] = "local",
    workers: common.WorkersOption = None,
    scheduler: common.SchedulerOption = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="SOLVER.OPTION=VALUE",
            help='Set an option of a solver, as "placement solvers" lists them; may be repeated.',
            autocompletion=_setting_names,
        ),
    ] = None,
    hint: Annotated[
        str | None,
        typer.Option(metavar="PLAN", help="Start from this plan of the problem; the answer is never worse than it."),
    ] = None,
    output: Annotated[str | None, common.output_option("the plan")] = None,
    certificate: CertificateOption = None,
    page: Annotated[
        str | None,
        typer.Option(
            "--report", metavar="FILE", help="Also write the plan as an HTML page, as `placement report` does."
        ),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Print long lists in full: every machine, component and fault.")
    ] = False,
    quiet: common.QuietOption = False,
    verbose: common.VerboseOption = False,
    watch: Annotated[
        bool,
        typer.Option("--watch", "-w", help="Show cost and bound over time as a small chart while the search runs."),
    ] = False,
) -> None:
    """Find the cheapest plan, and prove how good it is.

    Tables are printed to stdout. With --output -, or without --output where stdout is no terminal, stdout has the plan
    as JSON and nothing else; tables then go to stderr if that is a terminal. Ctrl-C ends the search and gives the best
    plan so far; a second one ends at once. So do SIGTERM and a terminal that is closed.

    Exit codes: 0 a plan, 2 bad input, 3 proven that there is none, 4 none found within the limits, 70 a bug in this
    program, 71 memory ran out.
    """
    from placement.cli.answers import Output, following, hand_out
    from placement.cli.streams import streams
    from placement.documents import read_plan
    from placement.parallel.executors import open_executor
    from placement.planner import solve as find_plan

    go = streams(output, quiet=quiet)
    _check_files({"the problem": file}, {} if hint is None else {"the hint": hint}, go.targets, page, certificate)
    problem = read_warned(file, full=full, quiet=quiet)
    start = None if hint is None else read_plan(hint)
    options: dict[str, Any] = dict(read_settings(solver, settings or ()))
    with (
        open_executor(executor, workers=workers, scheduler=scheduler) as place,
        following(live=go.progress, verbose=verbose, chart=watch) as listener,
    ):
        result = find_plan(
            problem,
            solver,
            gap=gap,
            **common.search_limits(time_limit, seed, work, threads),
            options=options,
            hint=start,
            listener=listener,
            executor=place,
            certificate=certificate is not None,
        )
    with raised_last() as later:
        with later():
            hand_out(
                go,
                result,
                document=result.to_document,
                report=partial(_report, problem, result, full=full),
                more=() if page is None else (Output(page, partial(_page, problem, result)),),
            )
        if result.packing is None and go.tables is None:
            say(f"placement: {result}")
        if certificate is not None:
            write_certificate(result, certificate, common.seconds_within(time_limit, None), quiet=quiet)
    raise typer.Exit(OF_STATUS[result.status])


def read_settings(solver: str, given: Iterable[str]) -> dict[str, str]:
    """The options of `solver` that are set, as text; the registry reads them as the type of their default.

    ``OPTION=VALUE`` and ``SOLVER.OPTION=VALUE`` mean the same when SOLVER is the one that runs.
    Raises UsageError: text of another form, an option of a solver that does not run, or one set twice.

    >>> read_settings("greedy", ["greedy.restarts=3", "rounds=10"])
    {'restarts': '3', 'rounds': '10'}
    """
    from placement.solvers.registry import find_solver

    settings: dict[str, str] = {}
    for text in given:
        place, equals, value = text.partition("=")
        owner, dot, option = place.rpartition(".")
        if not equals or not option or (dot and not owner):
            raise UsageError(f'--set {text}: write SOLVER.OPTION=VALUE; "placement solvers" lists the options')
        if owner and find_solver(owner).name != solver:
            raise UsageError(f"--set {text}: the solver that runs is {solver}; add --solver {owner}")
        if option in settings:
            raise UsageError(f"--set {text}: {option} is set twice")
        settings[option] = value
    return settings


def _check_files(
    problem: dict[str, str], hint: dict[str, str], plan: dict[str, str], page: str | None, certificate: str | None
) -> None:
    """Refuse files that `solve` can't write, or that it would write over another; each by what it is called."""
    from placement.cli.streams import PAGES, check_certificate_target, check_file, check_suffix
    from placement.documents import check_outputs

    own = "write each to a file of its own"
    check_outputs(plan, problem, own)
    more: dict[str, str] = {}
    if page is not None:
        check_file("--report", page)
        more["--report"] = page
    if certificate is not None:
        check_certificate_target(certificate)
        more["--certificate"] = certificate
    for option, path in more.items():
        check_outputs({option: path}, problem | hint, own)
    check_outputs(plan | more, {}, "")
    check_suffix(page or "", PAGES, "--report")


def _report(problem: Problem, result: Result, *, full: bool) -> Report:
    from placement.report.tables import Report

    return Report(problem, result, full=full)


def _page(problem: Problem, result: Result) -> str:
    from placement.report.page.page import render

    return render(problem, result.plan, result.fleet)
