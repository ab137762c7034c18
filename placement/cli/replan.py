"""``placement replan``: cost against moves, or the best plan within limits on moves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from placement.cli import common_options as common
from placement.cli.endings import OF_STATUS, Code, read_warned, say
from placement.errors import UsageError, wrong_argument
from placement.solving.result import Status
from placement.units import whole_in

if TYPE_CHECKING:
    from placement.cli.streams import Streams
    from placement.documents import Problem
    from placement.replanning import Replanned


def replan(
    file: common.FileArgument,
    max_moves: Annotated[
        int | None,
        typer.Option(
            min=0, help="Find one plan with at most this many moves. With 0 new copies start and no copy moves."
        ),
    ] = None,
    max_moved_gib: Annotated[
        float | None,
        typer.Option(min=0, help="Find one plan whose moved copies take at most this much memory in all, GiB."),
    ] = None,
    min_saving_per_move: Annotated[
        float | None,
        typer.Option(min=0, help="Find one plan in which each move saves at least this many dollars an hour."),
    ] = None,
    moves: Annotated[
        str | None,
        typer.Option(metavar="N,N,...", help="The numbers of moves to try. Default: 0, 1, 2, 5, 10, 20, ..."),
    ] = None,
    time_limit: common.TimeLimitOption = None,
    seed: common.SeedOption = 0,
    work: common.WorkOption = None,
    threads: common.ThreadsOption = None,
    output: Annotated[str | None, common.output_option("the frontier or the one plan")] = None,
    picture: Annotated[list[str] | None, common.picture_option("Draw cost against moves")] = None,
    theme: common.PictureThemeOption = "light",
    full: common.EveryRowOption = False,
    quiet: common.QuietOption = False,
    verbose: common.VerboseOption = False,
) -> None:
    """Replan a fleet that runs with few moves: what each move buys, or the best plan within limits.

    Without a limit it finds the frontier of cost against moves: for 0, 1, 2, 5, 10, ... and any number of moves the
    cheapest plan, a lower bound for it, the machines that the moves set free, and a suggestion. With --max-moves,
    --max-moved-gib or --min-saving-per-move it finds one plan within these limits. Ctrl-C ends the search and gives
    what was found.

    Exit codes: 0 a plan, 2 bad input, 3 proven that there is none, 4 none found within the limits, 70 a bug in this
    program, 71 memory ran out.
    """
    from placement.cli.streams import DOCUMENTS, check_suffix, picture_targets, streams
    from placement.documents import check_outputs

    limited = any(limit is not None for limit in (max_moves, max_moved_gib, min_saving_per_move))
    if limited and (moves is not None or picture):
        raise UsageError("--moves and --picture are of the frontier: leave out the limits of one plan")
    limits = None if moves is None else _limits(moves)
    if output is not None:
        check_suffix(output, DOCUMENTS)
    go = streams(output, quiet=quiet)
    targets = go.targets | picture_targets(picture, theme)
    check_outputs(targets, {"the problem": file}, "write each to a file of its own")
    problem = read_warned(file, full=full, quiet=quiet)
    how = common.search_limits(time_limit, seed, work, threads)
    if limited:
        from placement.replanning import MoveLimits

        within = MoveLimits(max_moves, max_moved_gib, min_saving_per_move)
        raise typer.Exit(_one_plan(problem, within, how, go, full=full, verbose=verbose))
    raise typer.Exit(_frontier(problem, limits, how, go, picture or [], theme, full=full, verbose=verbose))


def _limits(text: str) -> list[int]:
    found = [number for word in text.split(",") if (number := whole_in(word.strip())) is not None]
    if len(found) <= text.count(","):
        raise wrong_argument("--moves", "whole numbers with commas between, such as 0,5,20", text)
    return found


def _frontier(
    problem: Problem,
    limits: list[int] | None,
    how: common.SearchLimits,
    go: Streams,
    pictures: list[str],
    theme: str,
    *,
    full: bool,
    verbose: bool,
) -> int:
    from placement.cli.answers import drawn, hand_out
    from placement.cli.progress import following_points
    from placement.replanning import find_frontier
    from placement.replanning.document import frontier_document
    from placement.report.frontier import FrontierReport, frontier_picture

    with following_points(live=go.progress, verbose=verbose) as watcher:
        found = find_frontier(problem, limits, watcher=watcher, **how)

    if all(point.cost is None for point in found.points):
        for path in pictures:
            say(f"{path}: not drawn, as there is no plan")
        pictures = []

    hand_out(
        go,
        found,
        document=lambda: frontier_document(found),
        report=lambda: FrontierReport(found, full=full),
        more=drawn(pictures, lambda: frontier_picture(found, theme), "the frontier"),
    )
    if any(point.cost is not None for point in found.points):
        return Code.OK
    return OF_STATUS[found.points[-1].status]


def _one_plan(
    problem: Problem, limits: Any, how: common.SearchLimits, go: Streams, *, full: bool, verbose: bool
) -> int:

    from placement.cli.answers import following, hand_out
    from placement.replanning import replan_within
    from placement.report.tables import Report

    with following(live=go.progress, verbose=verbose) as listener:
        found: Replanned = replan_within(problem, limits, listener=listener, **how)
    hand_out(
        go,
        found.result,
        document=found.plan.to_document,
        report=lambda: Report(problem, replace(found.result, plan=found.plan), full=full),
    )
    if not found.plan.assignments and found.plan.status in ("unknown", "infeasible"):
        if go.tables is None:
            say(f"placement: {found.plan.reason or 'no plan found'}")
        return OF_STATUS[Status(found.plan.status)]
    return Code.OK
