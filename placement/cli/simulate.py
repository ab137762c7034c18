"""``placement scale`` and ``placement simulate``: copies from traffic, now and over days."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from placement.cli.endings import OF_STATUS, in_words, warn
from placement.cli.parameters import FileArgument, FullOption, SeedOption

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from placement.demand import ScalingPolicy
    from placement.documents import Problem
    from placement.simulation import SimulationProgress, Traffic, TrafficGiven

PolicyArgument = Annotated[
    str, typer.Argument(metavar="POLICY", help="A policy, placement-scaling/v1, JSON or YAML; - is standard input.")
]
TrafficOption = Annotated[
    str,
    typer.Option(
        "--traffic",
        metavar="FILE",
        help="Rates over time: component, time, rate; or of ServeGen, Azure, BurstGPT, Mooncake. May be .gz.",
    ),
]
EveryOption = Annotated[str, typer.Option(metavar="TIME", help="Between two decisions, such as 10m.")]
UntilOption = Annotated[str | None, typer.Option(metavar="TIME", help="Play so much of it, such as 14d; absent: all.")]
NameOption = Annotated[
    list[str] | None,
    typer.Option("--name", metavar="FILE=COMPONENT", help="A name in the traffic file, and the component; repeatable."),
]
ComponentOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Whose requests they are, where the file does not say.")
]
GapsOption = Annotated[str, typer.Option(metavar="error|hold|zero", help="What a missing row of the traffic means.")]
TimesOption = Annotated[
    float, typer.Option("--times", min=0, metavar="FACTOR", help="All rates so many times as high.")
]


def scale(
    file: FileArgument,
    policy: PolicyArgument,
    rates: Annotated[
        str, typer.Option(metavar="FILE", help="CSV with the columns component and rate, requests a second now.")
    ],
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="Date and time in UTC, for schedules; absent: now.")
    ] = None,
    solver: Annotated[str, typer.Option(help='Which solver; "placement solvers" lists them.')] = "auto",
    time_limit: Annotated[float, typer.Option(min=0, help="Seconds to search for the plan.")] = 60.0,
    gap: Annotated[float, typer.Option(min=0, max=1, help="Stop at this distance from the bound.")] = 0.0,
    seed: SeedOption = 0,
    work: Annotated[int | None, typer.Option(min=1, help="Limit in the solver's own unit.")] = None,
    problem_out: Annotated[
        str | None, typer.Option("--problem", metavar="FILE", help="Write the problem with the wanted copies, too.")
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Write the plan here; - is JSON on stdout.")
    ] = None,
    full: FullOption = False,
) -> None:
    """Say how many copies a policy wants for the rates of now, and plan for them.

    What runs now is that of the problem's placements; cooldowns are taken as over. A component without a rate keeps
    what it has. Streams are those of `placement solve`.

    Exit codes: 0 a plan, 2 bad input, 3 proven that there is none, 4 none found within the limits.
    """
    with in_words(full=full):
        from placement.cli.streams import console, streams
        from placement.demand.now import read_rates, scale_now, with_wanted
        from placement.documents import check_outputs, read_problem, write_document
        from placement.planner import solve
        from placement.report.scaling import copies_table
        from placement.report.tables import Report

        go = streams(output, quiet=False)
        inputs = {"the problem": file, "the policy": policy, "the rates": rates}
        outputs = {} if go.plan is None else {"--output" if output else "standard output": go.plan}
        outputs |= {} if problem_out is None else {"--problem": problem_out}
        check_outputs(outputs, inputs, "write each to a file of its own")
        one_stdin(file, policy, rates)
        problem = read_problem(file)
        rules = fitting_policy(policy, problem)
        warn(problem, file, full=full)
        known = [component.name for component in problem.components]
        rows = scale_now(problem, rules, read_rates(rates, known), _week_second(_moment(at)))
        wanted = with_wanted(problem, [row.wanted for row in rows])
        if problem_out is not None:
            write_document(wanted.to_document(), problem_out)
        result = solve(wanted, solver, time_limit=time_limit, gap=gap, seed=seed, work=work)
        if go.plan is not None:
            write_document(result.to_document(), go.plan)
        if go.tables is not None:
            screen = console(go.tables)
            screen.print(copies_table(rows, full=full))
            screen.print("")
            screen.print(Report(wanted, result, full=full))
        code = OF_STATUS[result.status]
    raise typer.Exit(code)


def simulate(
    file: FileArgument,
    policy: PolicyArgument,
    traffic: TrafficOption,
    every: EveryOption = "10m",
    until: UntilOption = None,
    strategy: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="One of the strategies; repeatable. Absent: all.")
    ] = None,
    floor: Annotated[
        bool, typer.Option("--floor/--no-floor", help="Plan each hour anew too, and prove what nothing can beat.")
    ] = True,
    seed: Annotated[int, typer.Option(min=0, help="Of the hourly plans; nothing else is random.")] = 0,
    name: NameOption = None,
    component: ComponentOption = None,
    gaps: GapsOption = "error",
    times: TimesOption = 1.0,
    executor: Annotated[
        str, typer.Option(help="Where strategies are played: local, processes (beside one another), dask.")
    ] = "local",
    workers: Annotated[int | None, typer.Option(min=1, help="Most processes; one a core when absent.")] = None,
    scheduler: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Of an existing Dask cluster.")] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="placement-simulation/v1 with all series; - is stdout."),
    ] = None,
    picture: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE", help="Draw cost, size and use over time, or the waterfall, .svg or .png; may be repeated."
        ),
    ] = None,
    theme: Annotated[str, typer.Option(metavar="light|dark", help="Of the pictures.")] = "light",
    page: Annotated[
        str | None,
        typer.Option("--report", metavar="FILE", help="Write it as one HTML page, with charts and tables."),
    ] = None,
    checkpoint: Annotated[
        str | None, typer.Option(metavar="FILE", help="Keeps what is done; absent: beside the output, if there is one.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint, if there is one.")] = False,
    steps: Annotated[
        bool, typer.Option("--waterfall", help="Show what each idea saves, from endpoints for the peak on.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no table.")] = False,
    full: FullOption = False,
) -> None:
    """Play traffic through a policy, and say what the fleet costs over days: shared, and in other ways to run it.

    Copies follow their policies, machines come and go, copies move where that pays. The same traffic is played with
    endpoints for each component, with first-fit and with the platform's packing, and each hour is planned anew.

    Exit codes: 0 played to its end, 2 bad input, 130 interrupted (go on with --resume).
    """
    with in_words(full=full):
        from placement.cli.streams import check_page_target, console
        from placement.documents import check_outputs, read_problem, write_document
        from placement.parallel.executors import open_executor
        from placement.report.drawn import check_picture
        from placement.report.scaling import simulation_table, waterfall_table
        from placement.report.simulation_picture import write_simulation_picture
        from placement.simulation import simulate as play
        from placement.simulation.waterfall import NAMES, waterfall

        kept = checkpoint or (f"{output}.checkpoint.json" if output not in (None, "-") else None)
        inputs = {"the problem": file, "the policy": policy, "the traffic": traffic}
        outputs = {} if output is None else {"--output": output}
        outputs |= {f"--picture {path}": path for path in picture or ()}
        outputs |= {} if page is None else {"--report": page}
        if page is not None:
            check_page_target(page)
        for path in picture or ():
            check_picture(path, theme)
        check_outputs(outputs | ({} if kept is None else {"--checkpoint": kept}), inputs, "name another file")
        one_stdin(file, policy, traffic)
        problem = read_problem(file)
        rules = fitting_policy(policy, problem)
        warn(problem, file, full=full)
        found = read_rates_over_time(traffic, name, component, gaps, times)
        step, end = length("--every", every), None if until is None else length("--until", until)
        with (
            open_executor(executor, workers=workers, scheduler=scheduler) as place,
            _bar(shown=not quiet) as listener,
        ):
            result = play(
                problem,
                rules,
                found,
                every=step,
                until=end,
                strategies=[*(strategy or ()), *NAMES] if steps else strategy,
                hourly=floor,
                seed=seed,
                executor=place,
                checkpoint=kept,
                resume=resume,
                listener=listener,
            )
        if output is not None:
            write_document(result.to_document(), output)
        for path in picture or ():
            write_simulation_picture(result, path, theme, steps=steps)
        if page is not None:
            from placement.report.page.simulation import write_simulation_page

            write_simulation_page(result, page)
        if not quiet:
            table = waterfall_table(waterfall(result), result.floor) if steps else simulation_table(result)
            console(sys.stderr if output == "-" else sys.stdout).print(table)
        if kept is not None:
            Path(kept).unlink(missing_ok=True)


def fitting_policy(file: str, problem: Problem) -> ScalingPolicy:
    """The policy in a file, which fits the problem.

    Raises
    ------
    DocumentError
        It has faults, or is for other components: told of the file.
    """
    from placement.demand import compile_rules, read_scaling
    from placement.errors import DocumentError

    policy = read_scaling(file)
    try:
        compile_rules(problem, policy)
    except DocumentError as error:
        raise error.of(file) from None
    return policy


def read_rates_over_time(path: str, names: list[str] | None, component: str | None, gaps: str, times: float) -> Traffic:
    """The traffic of a command line."""
    from placement.simulation import read_traffic

    found = read_traffic(path, traffic_given(names, component, gaps))
    return found if times == 1 else found.times_factor(times)


def traffic_given(names: list[str] | None, component: str | None, gaps: str) -> TrafficGiven:
    """What a command line says of a traffic file."""
    from placement.errors import UsageError
    from placement.simulation import TrafficGiven

    if gaps not in ("error", "hold", "zero"):
        raise UsageError(f"--gaps must be error, hold or zero, got {gaps}")
    pairs = {}
    for text in names or ():
        left, sign, right = text.partition("=")
        if not sign or not left or not right:
            raise UsageError(f"--name must be FILE=COMPONENT, got {text}")
        pairs[left] = right
    return TrafficGiven(names=pairs, component=component, gaps=gaps)


def one_stdin(*files: str) -> None:
    from placement.errors import UsageError

    if files.count("-") > 1:
        raise UsageError("only one file can be standard input")


def length(option: str, text: str) -> int:
    """A length of time of at least a second."""
    from placement.catalogue.readers.fields import FieldError
    from placement.errors import UsageError
    from placement.simulation.readers.cells import duration

    try:
        found = duration(text, option)
    except FieldError as error:
        raise UsageError(str(error.fault)) from None
    if not found:
        raise UsageError(f"{option} must be at least a second, got {text}")
    return found


def _moment(text: str | None) -> datetime:
    from datetime import UTC, datetime

    from placement.errors import UsageError

    if text is None:
        return datetime.now(UTC)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--at must be a date and time such as 2026-11-27T08:30, got {text}") from None


def _week_second(moment: datetime) -> int:
    return moment.weekday() * 86_400 + moment.hour * 3600 + moment.minute * 60 + moment.second


@contextmanager
def _bar(*, shown: bool) -> Iterator[Callable[[SimulationProgress], None] | None]:
    """A bar on a terminal, with the cost so far; lines elsewhere would only fill logs."""
    from placement.cli.endings import is_terminal

    if not shown or not is_terminal("stderr"):
        yield None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from placement.cli.streams import console

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, TimeRemainingColumn(), console=console(sys.stderr), transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def hear(progress: SimulationProgress) -> None:
            cost = "" if progress.cost is None else f", ${progress.cost:,.0f} so far"
            bar.update(
                task,
                total=progress.parts,
                completed=progress.done,
                description=f"{progress.job}: day {progress.job_done} of {progress.job_parts}{cost}",
            )

        yield hear
