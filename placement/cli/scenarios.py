"""``placement scenarios``: which machines to commit for many cases at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from placement.cli.endings import OF_STATUS, in_words, raised_last, say, tell_faults, warn
from placement.cli.parameters import FileArgument, FullOption, QuietOption, SeedOption, ThreadsOption, WorkOption

if TYPE_CHECKING:
    from placement.cli.streams import Streams
    from placement.scenarios import ScenarioPlan

ScenariosArgument = Annotated[
    str,
    typer.Argument(metavar="SCENARIOS", help="Scenarios, placement-scenarios/v1, JSON or YAML; - is standard input."),
]


def scenarios(
    file: FileArgument,
    scenarios: ScenariosArgument,
    time_limit: Annotated[float, typer.Option(min=0, help="Seconds for all of it.")] = 60.0,
    gap: Annotated[
        float, typer.Option(min=0, max=1, help="Stop at this distance from the bound: 0.01 is 1%, 0 asks for a proof.")
    ] = 0.0,
    compare: Annotated[
        bool, typer.Option("--compare/--no-compare", help="Say what others would commit: nothing, the mean, the peak.")
    ] = True,
    seed: SeedOption = 0,
    work: WorkOption = None,
    threads: ThreadsOption = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write the answer with all plans here, JSON or YAML by the suffix; - is JSON on stdout.",
        ),
    ] = None,
    folder: Annotated[
        str | None,
        typer.Option(
            "--plans",
            metavar="FOLDER",
            help="Write each scenario as a problem, with its plan, to a new folder: for verify or report.",
        ),
    ] = None,
    full: FullOption = False,
    quiet: QuietOption = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="A line on stderr for each cost and bound found.")
    ] = False,
) -> None:
    """Say which machines to commit so that many scenarios are served at least cost on average, and prove it.

    Committed machines are paid for all the time; what a scenario needs beyond them is rented on demand. Every
    scenario gets a plan that keeps every rule. Costs are dollars per hour. Ctrl-C ends with what is there.

    Exit codes: 0 a plan for each scenario, 2 bad input, 3 proven that one has none, 4 none found within the limits.
    """
    with in_words(full=full):
        from placement.cli.progress import following
        from placement.cli.streams import streams
        from placement.cli.traffic import one_stdin
        from placement.documents import check_outputs, read_problem
        from placement.errors import DocumentError
        from placement.scenarios import read_scenarios
        from placement.scenarios.planning import plan_scenarios

        one_stdin(file, scenarios)
        go = streams(output, quiet=quiet)
        targets = {} if go.plan is None else {"--output" if output else "standard output": go.plan}
        check_outputs(targets, {"the problem": file, "the scenarios": scenarios}, "write it to a file of its own")
        if folder is not None:
            _check_folder(folder)
        problem, rows = read_problem(file), read_scenarios(scenarios)
        if not quiet:
            warn(problem, file, full=full)
        try:
            rows.check(problem)
        except DocumentError as error:
            raise error.of("standard input" if scenarios == "-" else scenarios) from None
        with following(live=go.progress, verbose=verbose) as listener:
            found = plan_scenarios(
                problem,
                rows,
                time_limit=time_limit,
                gap=gap,
                seed=seed,
                work=work,
                threads=threads,
                compare=compare,
                listener=listener,
            )
        _write(found, go, folder)
        code = OF_STATUS[found.status]
    raise typer.Exit(code)


def _write(found: ScenarioPlan, go: Streams, folder: str | None) -> None:
    from placement.cli.stops import STOPS

    with raised_last() as later, STOPS.keeping():
        with later():
            if go.plan is not None:
                from placement.documents import write_document
                from placement.scenarios.answer import answer_document

                write_document(answer_document(found), go.plan)
        with later():
            if folder is not None:
                _write_plans(found, Path(folder))
        with later():
            if go.tables is not None:
                from placement.cli.streams import console
                from placement.report.scenarios import ScenarioReport

                console(go.tables).print(ScenarioReport(found))
            elif found.cost is None:
                say(f"placement: {found}")
        tell_faults(found)


def _check_folder(folder: str) -> None:
    from placement.errors import UsageError

    path = Path(folder)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UsageError(f"--plans {folder}: is there already, and not empty; name a new folder")
    if not path.parent.is_dir():
        raise UsageError(f"--plans {folder}: there is no folder {path.parent}")


def _write_plans(found: ScenarioPlan, folder: Path) -> None:
    """Files are numbered in the order of the scenarios, as their names may be anything."""
    from placement.documents import write_document

    folder.mkdir(exist_ok=True)
    for k, row in enumerate(found.scenarios, 1):
        write_document(row.problem.to_document(), folder / f"{k}-problem.yaml")
        if row.plan is not None:
            write_document(row.plan.to_document(), folder / f"{k}-plan.json")
            say(f"{folder / f'{k}-plan.json'}: {row.name}")
