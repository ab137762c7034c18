"""`placement scenarios`: which machines to commit for many cases at once; `placement headroom`: what more costs."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from placement.cli import common_options as common
from placement.cli.endings import OF_STATUS, Code, read_warned, say
from placement.errors import DocumentError, UsageError, called_file, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.cli.answers import Output
    from placement.scenarios import ScenarioPlan


ScenariosArgument = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIOS", help="Scenarios (placement-scenarios/v1), JSON or YAML; - reads standard input."
    ),
]


def scenarios(
    file: common.FileArgument,
    scenarios: ScenariosArgument,
    time_limit: common.TimeLimitOption = None,
    gap: common.GapOption = 0.0,
    compare: Annotated[
        bool,
        typer.Option(
            "--compare/--no-compare",
            help="Whether to compare with simple choices: commit nothing, what the mean needs, or what the peak needs.",
        ),
    ] = True,
    seed: common.SeedOption = 0,
    work: common.WorkOption = None,
    threads: common.ThreadsOption = None,
    output: Annotated[str | None, common.output_option("the answer with all plans")] = None,
    folder: Annotated[
        str | None,
        typer.Option(
            "--plans",
            metavar="FOLDER",
            help="Also write each scenario as a problem, with its plan, to this new folder, for `placement "
            "verify` or `placement report`.",
        ),
    ] = None,
    full: common.FullOption = False,
    quiet: common.QuietOption = False,
    verbose: common.VerboseOption = False,
) -> None:
    """Say which machines to commit so that many scenarios are served at least cost on average, and prove it.

    Committed machines are paid for all the time; what a scenario needs beyond them is rented on demand. Every
    scenario gets a plan that keeps every rule. Costs are dollars per hour. Ctrl-C ends the search and gives what was
    found.

    Exit codes: 0 a plan for each scenario, 2 bad input, 3 proven that one has none, 4 none found within the limits.
    """
    from placement.cli.answers import following, hand_out
    from placement.cli.streams import check_one_stdin, streams
    from placement.documents import check_outputs
    from placement.report.scenarios import scenario_report
    from placement.scenarios import read_scenarios
    from placement.scenarios.answer import answer_document
    from placement.scenarios.planning import plan_scenarios

    inputs = {"the problem": file, "the scenarios": scenarios}
    check_one_stdin(inputs)
    go = streams(output, quiet=quiet)
    check_outputs(go.targets, inputs, "write it to a file of its own")
    if folder is not None:
        _check_folder(folder)
    rows, problem = read_scenarios(scenarios), read_warned(file, full=full, quiet=quiet)
    try:
        rows.check(problem)
    except DocumentError as error:
        raise error.of(called_file(scenarios)) from None
    with _made(folder):
        with following(live=go.progress, verbose=verbose) as listener:
            found = plan_scenarios(
                problem,
                rows,
                gap=gap,
                **common.search_limits(time_limit, seed, work, threads),
                compare=compare,
                listener=listener,
            )
        hand_out(
            go,
            found,
            document=lambda: answer_document(found),
            report=lambda: scenario_report(found),
            more=[] if folder is None else _plans(found, Path(folder)),
        )
    if found.cost is None and go.tables is None:
        say(f"placement: {found}")
    raise typer.Exit(OF_STATUS[found.status])


def _check_folder(folder: str) -> None:
    path = Path(folder)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UsageError(f"--plans {folder}: is there already, and not empty; name a new folder")
    if not path.parent.is_dir():
        raise UsageError(f"--plans {folder}: there is no folder {path.parent}")


@contextmanager
def _made(folder: str | None) -> Iterator[None]:
    """Make a folder for what is written inside; a new one in which there is nothing at the end is removed."""
    if folder is None or Path(folder).exists():
        yield
        return
    try:
        Path(folder).mkdir()
    except OSError as error:
        raise UsageError(f"--plans {folder}: can't be made: {error.strerror}") from None
    try:
        yield
    finally:
        with suppress(OSError):
            Path(folder).rmdir()  # which removes no folder that holds a file


def _plans(found: ScenarioPlan, folder: Path) -> list[Output]:
    """Files are numbered in the order of the scenarios, as their names may be anything."""
    from placement.cli.answers import Output

    outputs = []
    for k, row in enumerate(found.scenarios, 1):
        outputs.append(Output(str(folder / f"{k}-problem.yaml"), row.problem.to_document))
        if row.plan is not None:
            path = str(folder / f"{k}-plan.json")
            outputs.append(Output(path, row.plan.to_document, f"{path}: {row.name}"))
    return outputs


def headroom(
    file: common.FileArgument,
    factors: Annotated[
        str,
        typer.Option(metavar="F,F,...", help="The factors for copies (rounded up) and demand; 1 is always among them."),
    ] = "1.1,1.3,1.5",
    component: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A component that grows; may be repeated. Default: all of them."),
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(min=0, show_default=common.SECONDS_SHOWN, help="Seconds for all points together.")
    ] = None,
    seed: common.SeedOption = 0,
    work: common.WorkOption = None,
    threads: common.ThreadsOption = None,
    output: Annotated[str | None, common.output_option("the curve with all plans")] = None,
    picture: Annotated[list[str] | None, common.picture_option("Draw the curve")] = None,
    theme: common.PictureThemeOption = "light",
    quiet: common.QuietOption = False,
    verbose: common.VerboseOption = False,
    full: common.FullOption = False,
) -> None:
    """Say what a fleet for 1.1, 1.3 or 1.5 times the copies and demand costs: a plan and a proven bound for each.

    Exit codes: 0 a plan for today's needs, 2 bad input, 3 proven that there is none, 4 none found within the limits.
    """
    from placement.cli.answers import drawn, following, hand_out
    from placement.cli.streams import picture_targets, streams
    from placement.documents import check_outputs
    from placement.report.scenarios import headroom_picture, headroom_table
    from placement.scenarios.headroom import find_headroom

    chosen = _factors(factors)
    go = streams(output, quiet=quiet)
    targets = go.targets | picture_targets(picture, theme)
    check_outputs(targets, {"the problem": file}, "write each to a file of its own")
    problem = read_warned(file, full=full, quiet=quiet)
    for name in component or ():
        common.component_of(problem, name, file)
    with following(live=go.progress, verbose=verbose) as listener:
        found = find_headroom(
            problem,
            chosen,
            components=component,
            **common.search_limits(time_limit, seed, work, threads),
            listener=listener,
        )
    hand_out(
        go,
        found,
        document=found.to_document,
        report=lambda: headroom_table(found, full=full),
        more=drawn(picture or (), lambda: headroom_picture(found, theme), "the curve"),
    )
    base = found.base
    raise typer.Exit(Code.NOTHING_FOUND if base is None else OF_STATUS[base.status])


def _factors(text: str) -> list[float]:
    try:
        found = [float(word) for word in text.split(",") if word.strip()]
    except ValueError:
        found = []
    if not found:
        raise UsageError(f"--factors must be numbers with commas between, such as 1.1,1.3,1.5; got {printable(text)}")
    return found
