"""``placement headroom``: what surviving more copies and demand costs, as a curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from placement.cli.endings import OF_STATUS, Code, in_words, raised_last, say, tell_faults, warn
from placement.cli.parameters import (
    FileArgument,
    FullOption,
    QuietOption,
    SeedOption,
    ThreadsOption,
    VerboseOption,
    WorkOption,
)

if TYPE_CHECKING:
    from placement.cli.streams import Streams
    from placement.scenarios.headroom import Headroom


def headroom(
    file: FileArgument,
    factors: Annotated[
        str, typer.Option(metavar="F,F,...", help="On copies, rounded up, and demand; 1 is always among them.")
    ] = "1.1,1.3,1.5",
    component: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this one grows; may be repeated. Absent: all.")
    ] = None,
    time_limit: Annotated[float, typer.Option(min=0, help="Seconds for all points together.")] = 60.0,
    seed: SeedOption = 0,
    work: WorkOption = None,
    threads: ThreadsOption = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write the curve with all plans here, JSON or YAML by the suffix; - is JSON on stdout.",
        ),
    ] = None,
    picture: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="Draw the curve, .svg or .png; may be repeated.")
    ] = None,
    theme: Annotated[str, typer.Option(metavar="light|dark", help="Of the pictures.")] = "light",
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    full: FullOption = False,
) -> None:
    """Say what surviving 1.1, 1.3 or 1.5 times the copies and demand costs: a plan and a proven bound for each.

    Exit codes: 0 a plan for today's needs, 2 bad input, 3 proven that there is none, 4 none found within the limits.
    """
    with in_words(full=full):
        from placement.cli.progress import following
        from placement.cli.streams import streams
        from placement.documents import check_outputs, read_problem
        from placement.scenarios.headroom import find_headroom

        chosen = _factors(factors)
        go = streams(output, quiet=quiet)
        targets = {} if go.plan is None else {"--output" if output else "standard output": go.plan}
        targets |= {f"--picture {path}": path for path in picture or ()}
        if picture:
            from placement.report.drawn import check_picture

            for path in picture:
                check_picture(path, theme)
        check_outputs(targets, {"the problem": file}, "write each to a file of its own")
        problem = read_problem(file)
        if not quiet:
            warn(problem, file, full=full)
        with following(live=go.progress, verbose=verbose) as listener:
            found = find_headroom(
                problem,
                chosen,
                components=component,
                time_limit=time_limit,
                seed=seed,
                work=work,
                threads=threads,
                listener=listener,
            )
        _write(found, go, picture or [], theme, full=full)
        base = found.base
        code = Code.NOTHING_FOUND if base is None else OF_STATUS[base.status]
    raise typer.Exit(code)


def _factors(text: str) -> list[float]:
    from placement.errors import UsageError

    try:
        return [float(word) for word in text.split(",") if word.strip()]
    except ValueError:
        raise UsageError(f"--factors must be numbers with commas between, such as 1.1,1.3,1.5; got {text}") from None


def _write(found: Headroom, go: Streams, pictures: list[str], theme: str, *, full: bool) -> None:
    from placement.cli.stops import STOPS

    with raised_last() as later, STOPS.keeping():
        with later():
            if go.plan is not None:
                from placement.documents import write_document

                write_document(found.to_document(), go.plan)
        with later():
            if go.tables is not None:
                from placement.cli.streams import console
                from placement.report.headroom import headroom_table

                console(go.tables).print(headroom_table(found, full=full))
        for path in pictures:
            with later():
                from placement.report.headroom import write_headroom_picture

                write_headroom_picture(found, path, theme)
                say(f"{path}: the curve")
        tell_faults(found)
