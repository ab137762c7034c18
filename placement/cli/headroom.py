"""``placement headroom``: what surviving more copies and demand costs, as a curve."""

from __future__ import annotations

from typing import Annotated

import typer

from placement.cli import common_options as common
from placement.cli.endings import OF_STATUS, Code, read_warned


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
    from placement.report.headroom import headroom_picture, headroom_table
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
    from placement.errors import UsageError

    try:
        return [float(word) for word in text.split(",") if word.strip()]
    except ValueError:
        raise UsageError(f"--factors must be numbers with commas between, such as 1.1,1.3,1.5; got {text}") from None
