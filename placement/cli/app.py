"""The commands: arguments to calls, results to streams; nothing clever."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from placement.cli import drawing, simulate
from placement.cli.audit import audit
from placement.cli.catalogue import app as catalogue_app
from placement.cli.commands import Commands
from placement.cli.diff import diff
from placement.cli.endings import OF_STATUS, Code, in_words, raised_last, say, tell, tell_faults, warn
from placement.cli.headroom import headroom
from placement.cli.hybrid import hybrid
from placement.cli.init import init
from placement.cli.make_room import make_room
from placement.cli.parameters import (
    FileArgument,
    FullOption,
    PlanArgument,
    QuietOption,
    SeedOption,
    ThreadsOption,
    VerboseOption,
)
from placement.cli.platforms import GROUPS as PLATFORM_GROUPS
from placement.cli.profile import app as profile_app
from placement.cli.replan import replan
from placement.cli.rollout import rollout
from placement.cli.scenarios import scenarios
from placement.cli.size import size
from placement.cli.transition import transition

if TYPE_CHECKING:
    from placement.cli.streams import Streams
    from placement.documents import Problem
    from placement.solving.result import Result

app = Commands(
    name="placement",
    help="Place model components on GPU machines at the least cost, with a proof of how good the plan is.",
    epilog="Exit codes: 0 done, 1 a plan or what runs breaks a rule (verify, audit) or differs (diff), 2 bad input, "
    "3 proven infeasible, 4 nothing found in time, 70 a bug, 71 memory ran out, 130 interrupted, 141 nobody reads the "
    "output.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)

CertificateOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Write down why the bound holds, for `python -m placement.check_certificate`; may take as long again.",
    ),
]


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


@app.command()
def solve(
    file: FileArgument,
    solver: Annotated[
        str, typer.Option(help='Which solver; "placement solvers" lists them.', autocompletion=_solver_names)
    ] = "auto",
    time_limit: Annotated[
        float, typer.Option(min=0, help="Seconds to search; the best plan by then is the answer.")
    ] = 60.0,
    gap: Annotated[
        float, typer.Option(min=0, max=1, help="Stop at this distance from the bound: 0.01 is 1%, 0 asks for a proof.")
    ] = 0.0,
    seed: SeedOption = 0,
    work: Annotated[
        int | None, typer.Option(min=1, help="Limit in the solver's own unit: the same plan on any machine.")
    ] = None,
    threads: ThreadsOption = None,
    executor: Annotated[
        str,
        typer.Option(
            help="Where parts of a large problem are solved: local (this process), processes (of this machine), dask.",
            autocompletion=lambda: ["local", "processes", "dask"],
        ),
    ] = "local",
    workers: Annotated[int | None, typer.Option(min=1, help="Most processes; one a core when absent.")] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Of an existing Dask cluster, such as tcp://10.0.0.5:8786."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="SOLVER.OPTION=VALUE",
            help="A solver's own option; may be repeated.",
            autocompletion=_setting_names,
        ),
    ] = None,
    hint: Annotated[
        str | None,
        typer.Option(metavar="PLAN", help="A plan of this problem to start from; the answer is never worse."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write the plan here, JSON or YAML by the suffix; - is JSON on stdout.",
        ),
    ] = None,
    certificate: CertificateOption = None,
    page: Annotated[
        str | None,
        typer.Option("--report", metavar="FILE", help="Draw the plan as an HTML page too, as `placement report` does."),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Tables with a row for every machine and every component; every fault.")
    ] = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Cost and bound over time as a small chart while it runs.")
    ] = False,
) -> None:
    """Find the cheapest plan, and prove how good it is.

    Tables go to stdout. When stdout carries the plan (--output -, or no --output and stdout is no terminal) it carries
    JSON alone, and tables go to stderr if that is a terminal. Ctrl-C ends with the best plan so far; a second one ends
    at once. SIGTERM and a terminal that goes away end like Ctrl-C.

    Exit codes: 0 a plan, 2 bad input, 3 proven that there is none, 4 none found within the limits, 70 a bug in this
    program, 71 memory ran out.
    """
    with in_words(full=full):
        from placement.cli.settings import read_settings
        from placement.cli.stops import STOPS
        from placement.cli.streams import streams
        from placement.documents import read_plan, read_problem
        from placement.parallel.executors import open_executor
        from placement.planner import solve as find_plan

        go = streams(output, quiet=quiet)
        plan = {} if go.plan is None else {"--output" if output else "standard output": go.plan}
        _check_files({"the problem": file}, {} if hint is None else {"the hint": hint}, plan, page, certificate)
        problem = read_problem(file)
        if not quiet:
            warn(problem, file, full=full)
        start = None if hint is None else read_plan(hint)
        options: dict[str, Any] = dict(read_settings(solver, settings or ()))
        with (
            open_executor(executor, workers=workers, scheduler=scheduler) as place,
            _following(live=go.progress, verbose=verbose, chart=watch) as listener,
        ):
            result = find_plan(
                problem,
                solver,
                time_limit=time_limit,
                gap=gap,
                seed=seed,
                work=work,
                threads=threads,
                options=options,
                hint=start,
                listener=listener,
                executor=place,
                certificate=certificate is not None,
            )
        with raised_last() as later:
            with STOPS.keeping():
                with later():
                    _write_result(problem, result, go, full=full)
                if page is not None:
                    with later():
                        from placement.report.drawn import write_page

                        write_page(problem, result.plan, page, result.fleet)
                tell_faults(result)
            if certificate is not None:
                _certify(result, certificate, time_limit, quiet=quiet)
        code = OF_STATUS[result.status]
    raise typer.Exit(code)


def _check_files(
    problem: dict[str, str], hint: dict[str, str], plan: dict[str, str], page: str | None, certificate: str | None
) -> None:
    """Refuse files that `solve` can't write, or that it would write over another; each by what it is called."""
    from placement.cli.streams import check_certificate_target, check_page_target
    from placement.documents import check_outputs

    own = "write each to a file of its own"
    check_outputs(plan, problem, own)
    more: dict[str, str] = {}
    for option, path, check in (
        ("--report", page, check_page_target),
        ("--certificate", certificate, check_certificate_target),
    ):
        if path is not None:
            check(path)
            more[option] = path
            check_outputs({option: path}, problem | hint, own)
    check_outputs(plan | more, {}, "")


def _write_result(problem: Problem, result: Result, go: Streams, *, full: bool) -> None:
    """The plan for programs, and tables for people, wherever each of them goes."""
    if go.plan is not None:
        from placement.documents import write_document

        write_document(result.to_document(), go.plan)
    if go.tables is not None:
        from placement.cli.streams import console
        from placement.report.tables import Report

        console(go.tables).print(Report(problem, result, full=full))
    elif result.packing is None:
        say(f"placement: {result}")


def _certify(result: Result, path: str, time_limit: float, *, quiet: bool) -> None:
    """Write the certificate of a result, and say what it proves."""
    from placement.documents import write_document
    from placement.planner import certify

    found = certify(result, time_limit=time_limit)
    write_document(found.document, path)
    if not quiet:
        say(f"certificate: {found}")
    if not found.complete:
        say("certificate: the rest of the bound has no argument that can be written down")


def _following(*, live: bool, verbose: bool, chart: bool) -> Any:
    from contextlib import nullcontext

    if not live and not verbose:
        return nullcontext()  # without rich: a script pays for what it sees
    from placement.cli.progress import following

    return following(live=live, verbose=verbose, chart=chart)


@app.command()
def verify(
    file: FileArgument,
    plan: PlanArgument,
    full: FullOption = False,
) -> None:
    """Check a plan against every rule, and count its price afresh.

    Prints a line for each broken rule, with the rule's name in brackets, then what was counted.

    Exit codes: 0 every rule is kept and what the plan says of itself is true, 1 something is broken, 2 bad input.
    """
    with in_words():
        from placement.cli.streams import check_one_stdin
        from placement.documents import read_plan, read_problem
        from placement.referee import verify as check
        from placement.report.verdict import verdict_lines

        check_one_stdin({"FILE": file, "PLAN": plan})
        problem, document = read_problem(file), read_plan(plan)
        warn(problem, file, full=full)
        verdict = check(problem, document)
        for line in verdict_lines(document, verdict, full=full):
            tell(line)
    raise typer.Exit(Code.OK if verdict.ok else Code.BROKEN)


@app.command()
def bound(
    file: FileArgument,
    plan: Annotated[
        str | None, typer.Argument(metavar="[PLAN]", help="A plan of that problem, by anyone; - is standard input.")
    ] = None,
    time_limit: Annotated[float, typer.Option(min=0, help="Seconds; the best bound by then is the answer.")] = 60.0,
    certificate: CertificateOption = None,
    full: FullOption = False,
) -> None:
    """Say what no plan can beat, and how far a given plan is from it; search for nothing better.

    Exit codes: 0 a bound, 2 bad input, 3 proven that there is no plan.
    """
    with in_words(full=full):
        from placement.cli.streams import check_certificate_target, check_one_stdin
        from placement.documents import check_outputs, read_plan, read_problem
        from placement.planner import bound as find_bound
        from placement.report.verdict import bound_lines
        from placement.solving.result import Status

        check_one_stdin({"FILE": file, "PLAN": plan})
        if certificate is not None:
            check_certificate_target(certificate)
            inputs = {"the problem": file} | ({} if plan is None else {"the plan": plan})
            check_outputs({"--certificate": certificate}, inputs, "write it to a file of its own")
        problem = read_problem(file)
        warn(problem, file, full=full)
        document = None if plan is None else read_plan(plan)
        result = find_bound(problem, document, time_limit=time_limit, certificate=certificate is not None)
        tell_faults(result)
        with raised_last() as later:
            with later():
                for line in bound_lines(result, document):
                    tell(line)
            if certificate is not None:
                _certify(result, certificate, time_limit, quiet=False)
        code = Code.INFEASIBLE if result.status is Status.INFEASIBLE else Code.OK
    raise typer.Exit(code)


app.command()(drawing.report)
app.command()(drawing.show)


@app.command()
def convert(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A problem or a plan, JSON or YAML; - is standard input.")
    ],
    out: Annotated[
        str, typer.Argument(metavar="OUT", help="JSON or YAML by the suffix; - is JSON on standard output.")
    ] = "-",
    full: FullOption = False,
) -> None:
    """Rewrite a document as JSON or YAML, checked on the way. Comments and layout are not kept."""
    with in_words(full=full):
        from placement.documents import Problem, check_outputs, write_document
        from placement.documents.read import read_document

        name = "standard output" if out == "-" else "OUT"
        way_out = "convert keeps no comments and no layout, so write to another file and move it there afterwards"
        check_outputs({name: out}, {"FILE": file}, way_out)
        document = read_document(file)
        if isinstance(document, Problem):
            warn(document, file, full=full)
        write_document(document.to_document(), out)


def _documents() -> list[str]:
    from placement.cli.schema import KINDS

    return list(KINDS)


@app.command()
def schema(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="[problem|plan|scaling|scenarios|headroom|frontier|transition|rollout|audit|diff]",
            help="Which document.",
            autocompletion=_documents,
        ),
    ] = "problem",
) -> None:
    """Print the JSON Schema of a document."""
    with in_words():
        from placement.cli.schema import KINDS, document_schema
        from placement.errors import UsageError, nearest

        found = next((known for known in KINDS if known == kind), None)
        if found is None:
            raise UsageError(f'no document "{kind}"; {nearest(kind, KINDS)}')
        typer.echo(json.dumps(document_schema(found), indent=1, ensure_ascii=False))


@app.command()
def solvers(
    schedule: Annotated[
        bool, typer.Option("--schedule", help="Show instead who has which share of the time, and when.")
    ] = False,
    parameters: Annotated[
        bool, typer.Option("--parameters", help="Show instead every number of a method, with its unit and purpose.")
    ] = False,
) -> None:
    """List the solvers: what each does, whether it proves, its options with defaults."""
    with in_words():
        from placement.cli.streams import console
        from placement.errors import UsageError
        from placement.report.parameters import parameter_table
        from placement.report.schedule import schedule_tables
        from placement.report.solvers import solver_table

        if schedule and parameters:
            raise UsageError("--schedule and --parameters are two tables: ask for one of them")
        console(sys.stdout).print(
            schedule_tables() if schedule else parameter_table() if parameters else solver_table()
        )


@app.command()
def info(file: FileArgument, full: FullOption = False) -> None:
    """Say what a problem holds: sizes, supply, rules in use, what runs now, a quick lower bound."""
    with in_words(full=full):
        from placement.cli.streams import console
        from placement.documents import read_problem
        from placement.report.overview import Overview

        console(sys.stdout).print(Overview(read_problem(file), full=full))


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
