"""``placement scale`` and ``placement simulate``: copies from traffic, now and over days."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from placement.cli import common_options as common
from placement.cli import traffic as played
from placement.cli.endings import OF_STATUS, is_terminal, read_warned
from placement.errors import UsageError, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from placement.cli.answers import Output
    from placement.demand.now import CopiesNow
    from placement.documents import Problem
    from placement.simulation import PolicyComparison, Simulation, SimulationProgress


def scale(
    file: common.FileArgument,
    policy: played.PolicyArgument,
    rates: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="The rates of now: a CSV file with the columns component and rate, in requests a second.",
        ),
    ],
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Date and time in UTC, such as 2026-11-27T08:30, or with an offset (+02:00), at which the "
            "policy's schedules are read. Default: now.",
        ),
    ] = None,
    solver: Annotated[str, typer.Option(help='The solver to use; "placement solvers" lists them.')] = "auto",
    time_limit: Annotated[
        float | None, typer.Option(min=0, show_default=common.SECONDS_SHOWN, help="Seconds to search for the plan.")
    ] = None,
    gap: common.GapOption = 0.0,
    seed: common.SeedOption = 0,
    work: common.WorkOption = None,
    problem_out: Annotated[
        str | None,
        typer.Option("--problem", metavar="FILE", help="Also write the problem with the wanted copies to this file."),
    ] = None,
    output: Annotated[str | None, common.output_option("the plan")] = None,
    full: common.FullOption = False,
) -> None:
    """Say how many copies a policy wants for the current request rates, and plan for them.

    The copies that run now are those of the problem's placements, and cooldowns are taken as over. A component without
    a rate keeps its copies, and one whose rules over zones and losses ask for more copies has more. Where the plan and
    the tables are printed is as for `placement solve`.

    Exit codes: 0 a plan, 2 bad input, 3 proven that there is none, 4 none found within the limits.
    """
    from rich.console import Group

    from placement.cli.answers import Output, hand_out
    from placement.cli.streams import DOCUMENTS, check_file, check_one_stdin, check_suffix, streams
    from placement.demand.now import read_rates, scale_now, with_wanted
    from placement.demand.rules import week_second
    from placement.documents import check_outputs
    from placement.planner import solve
    from placement.report.scaling import copies_table
    from placement.report.tables import Report

    go = streams(output, quiet=False)
    inputs = {"the problem": file, "the policy": policy, "the rates": rates}
    outputs = dict(go.targets)
    if problem_out is not None:
        check_file("--problem", problem_out)
        outputs["--problem"] = problem_out
    check_outputs(outputs, inputs, "write each to a file of its own")
    check_suffix(problem_out or "", DOCUMENTS, "--problem")
    check_one_stdin(inputs)
    problem = read_warned(file, full=full)
    rules = played.fitting_policy(policy, problem)
    known = [component.name for component in problem.components]
    rows = _allowed(problem, scale_now(problem, rules, read_rates(rates, known), week_second(_moment(at))))
    wanted = with_wanted(problem, [row.wanted for row in rows])
    result = solve(wanted, solver, time_limit=common.seconds_within(time_limit, work), gap=gap, seed=seed, work=work)
    hand_out(
        go,
        result,
        document=result.to_document,
        report=lambda: Group(copies_table(rows, full=full), "", Report(wanted, result, full=full)),
        more=() if problem_out is None else (Output(problem_out, wanted.to_document),),
    )
    raise typer.Exit(OF_STATUS[result.status])


def simulate(
    file: common.FileArgument,
    policy: played.PoliciesArgument,
    traffic: played.TrafficOption,
    every: played.EveryOption = "10m",
    until: played.UntilOption = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A strategy to play; may be repeated. Default: all of them."),
    ] = None,
    floor: Annotated[
        bool,
        typer.Option(
            "--floor/--no-floor",
            help="Whether to plan each hour anew as well, and to prove the least cost of any way to run.",
        ),
    ] = True,
    seed: Annotated[int, typer.Option(min=0, help="Seed for the hourly plans; nothing else is random.")] = 0,
    name: played.NameOption = None,
    component: played.ComponentOption = None,
    gaps: played.GapsOption = "error",
    times: played.TimesOption = 1.0,
    executor: Annotated[str, common.executor_option("the strategies are played")] = "local",
    workers: common.WorkersOption = None,
    scheduler: common.SchedulerOption = None,
    output: Annotated[
        str | None,
        common.file_option(
            "Write the results over time to this file (placement-simulation/v1; of several policies "
            "placement-policy-comparison/v1); - is standard output."
        ),
    ] = None,
    picture: Annotated[
        list[str] | None,
        common.picture_option("Draw cost, size and use over time, or with --waterfall what each idea saves"),
    ] = None,
    theme: common.PictureThemeOption = "light",
    page: Annotated[
        str | None,
        typer.Option("--report", metavar="FILE", help="Also write the results as one HTML page."),
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Keep what has been played in this file, for --resume. Default: beside the output file, "
            "if there is one. Of several policies each has a numbered file.",
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue from the checkpoint, if there is one.")] = False,
    steps: Annotated[
        bool,
        typer.Option(
            "--waterfall",
            help="Show how much each idea saves, one after the other, starting from an endpoint for each "
            "component that is sized for its peak.",
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress and no table.")] = False,
    full: common.FullOption = False,
) -> None:
    """Play traffic through a policy, and say what the fleet costs over days: shared, and in other ways to run it.

    In the shared fleet copies follow the policy, machines come and go, and copies move where that pays. The same
    traffic is also played with an endpoint for each component, with first-fit and with the platform's own packing, and
    every hour is planned anew. Several policies are compared in one table.

    Exit codes: 0 played to its end, 2 bad input, 130 interrupted (go on with --resume).
    """
    from placement.parallel.executors import open_executor
    from placement.simulation import compare_policies
    from placement.simulation.outcome import NAMES

    given = played.TrafficWords(file, policy, traffic, every, until, name, component, gaps, times)
    kept = checkpoint or (f"{output}.checkpoint.json" if output not in (None, "-") else None)
    targets = _Targets(output, tuple(picture or ()), theme, page, kept, len(policy), steps=steps, quiet=quiet)
    targets.check(given.inputs)
    case = given.read(full=full)
    with (
        open_executor(executor, workers=workers, scheduler=scheduler) as place,
        _bar(shown=not quiet, many=len(policy) > 1) as listener,
    ):
        found = compare_policies(
            case.problem,
            case.policies,
            case.traffic,
            every=case.every,
            until=case.until,
            strategies=[*(strategy or ()), *NAMES] if steps else strategy,
            hourly=floor,
            seed=seed,
            executor=place,
            checkpoint=kept,
            resume=resume,
            listener=listener,
        )
    targets.write(found)


@dataclass(frozen=True)
class _Targets:
    """Where what comes of a simulation goes."""

    output: str | None
    pictures: tuple[str, ...]
    theme: str
    page: str | None
    checkpoint: str | None
    policies: int
    steps: bool
    quiet: bool

    @property
    def _checkpoints(self) -> list[Path]:
        from placement.simulation.jobs import checkpoints_of

        return [file for file in checkpoints_of(self.checkpoint, self.policies) if file is not None]

    def check(self, inputs: dict[str, str]) -> None:
        """Before anything is played: no file is lost, and all can be written."""
        from placement.cli.streams import DOCUMENTS, PAGES, check_file, check_suffix, picture_targets
        from placement.documents import check_outputs

        for option, value in (("--picture", self.pictures), ("--report", self.page), ("--waterfall", self.steps)):
            if value and self.policies > 1:
                raise UsageError(f"{option} shows one policy: ask for it with each by itself")
        if self.page is not None:
            check_file("--report", self.page)
        outputs: dict[str, str | Path] = {} if self.output is None else {"--output": self.output}
        outputs |= picture_targets(self.pictures, self.theme)
        outputs |= {} if self.page is None else {"--report": self.page}
        outputs |= {"--checkpoint" if self.policies == 1 else f"--checkpoint {p}": p for p in self._checkpoints}
        check_outputs(outputs, inputs, "name another file")
        check_suffix(self.page or "", PAGES, "--report")
        check_suffix(self.output or "", DOCUMENTS)

    def write(self, found: PolicyComparison) -> None:
        """Write all of it; the checkpoints are needed no longer."""
        from placement.cli.answers import Output, write_or_keep

        only = next(iter(found.simulations.values())) if self.policies == 1 else None
        outputs = [] if self.output is None else [Output(self.output, (only or found).to_document)]
        if only is not None:
            outputs += self._drawn(only)
        write_or_keep(outputs)
        if not self.quiet:
            self._print(found, only)
        for file in self._checkpoints:
            file.unlink(missing_ok=True)

    def _drawn(self, simulation: Simulation) -> Iterator[Output]:
        from placement.cli.answers import Output
        from placement.report.page.simulation import render_simulation
        from placement.report.simulation_picture import simulation_file

        for path in self.pictures:
            yield Output(path, partial(simulation_file, simulation, path, self.theme, steps=self.steps))
        if self.page is not None:
            yield Output(self.page, partial(render_simulation, simulation))

    def _print(self, found: PolicyComparison, only: Simulation | None) -> None:
        from placement.cli.streams import console
        from placement.report.scaling import policies_table, simulation_table, waterfall_table
        from placement.simulation.outcome import waterfall

        screen = console(sys.stderr if self.output == "-" else sys.stdout)
        if only is None:
            screen.print(policies_table(found))
        else:
            screen.print(waterfall_table(waterfall(only), only.floor) if self.steps else simulation_table(only))


def _allowed(problem: Problem, rows: Sequence[CopiesNow]) -> list[CopiesNow]:
    """As many copies as the rules over zones and losses allow at least, as a simulation has them; none stay none."""
    import numpy as np

    from placement.simulation.hours import allowed_copies

    wanted = np.array([[row.wanted for row in rows]], dtype=np.int64)
    least = allowed_copies(problem, wanted)[0].tolist()
    return [
        row if copies == row.wanted else replace(row, wanted=copies, why="rules over zones and losses")
        for row, copies in zip(rows, least, strict=True)
    ]


def _moment(text: str | None) -> datetime:
    """A date and time in UTC: as it is where it has no offset of its own; now without one."""
    from datetime import UTC, datetime

    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the first and the last day have no time in UTC for some offsets
        raise UsageError(f"--at must be a date and time such as 2026-11-27T08:30, got {printable(text)}") from None


@contextmanager
def _bar(*, shown: bool, many: bool) -> Iterator[Callable[[SimulationProgress], None] | None]:
    """A bar on a terminal, with the cost so far; lines elsewhere would only fill logs."""
    if not shown or not is_terminal("stderr"):
        yield None
        return
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from placement.cli.streams import console
    from placement.report import words

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, TimeRemainingColumn(), console=console(sys.stderr), transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def hear(progress: SimulationProgress) -> None:
            cost = "" if progress.cost is None else f", ${progress.cost:,.0f} so far"
            whose = f"{escape(words.shown(progress.policy))}, " if many else ""
            bar.update(
                task,
                total=progress.parts,
                completed=progress.done,
                description=f"{whose}{progress.job}: day {progress.job_done} of {progress.job_parts}{cost}",
            )

        yield hear
