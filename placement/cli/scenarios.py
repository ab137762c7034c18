"""``placement scenarios``: which machines to commit for many cases at once."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from placement.cli import common_options as common
from placement.cli.endings import OF_STATUS, read_warned, say
from placement.errors import UsageError

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
    from placement.errors import DocumentError, called_file
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
