"""The commands that draw a plan: `placement report` and `placement show`."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from placement.cli import common_options as common
from placement.cli.endings import read_warned, say
from placement.errors import UsageError


def report(
    file: common.FileArgument,
    plan: common.PlanArgument,
    html: Annotated[
        str | None,
        typer.Option(
            "--html",
            "--output",
            "-o",
            metavar="FILE",
            help="Write the page to this file; - is standard output. Default: the name of PLAN with .html, "
            "in this folder.",
        ),
    ] = None,
    open_it: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    picture: Annotated[list[str] | None, common.picture_option("Also draw the fleet alone")] = None,
    theme: Annotated[
        str, typer.Option(metavar="light|dark", help="The colours of the pictures; the page has both.")
    ] = "light",
    transition: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Add the steps of this transition to the page; `placement transition --output` writes it.",
        ),
    ] = None,
    frontier: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Add cost against moves to the page; `placement replan --output` writes this file."
        ),
    ] = None,
    headroom: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Add the cost of more copies and demand to the page; `placement headroom --output` writes this file.",
        ),
    ] = None,
) -> None:
    """Write a plan as one HTML page: the fleet to scale, the bill, what a lost zone takes, how full machines are.

    The page needs no network and no other file. With --picture and without --html only the pictures are written.

    Exit codes: 0 written, 2 bad input, or a plan that breaks a rule (`placement verify` says which).
    """
    from placement.cli.answers import Output, write_outputs
    from placement.cli.streams import PAGES, check_one_stdin, check_suffix, picture_targets
    from placement.documents import check_outputs, read_plan
    from placement.documents.read import read_transition
    from placement.replanning.document import read_frontier
    from placement.report.drawn import map_file
    from placement.report.page.page import render
    from placement.report.page.view import MoreDocuments
    from placement.report.still import theme_of
    from placement.scenarios.headroom_document import read_headroom

    more = {"transition": transition, "frontier": frontier, "headroom": headroom}
    inputs = {"the problem": file, "the plan": plan}
    inputs |= {f"the {name}": path for name, path in more.items() if path is not None}
    check_one_stdin({"FILE": file, "PLAN": plan, **{f"--{name}": path for name, path in more.items()}})
    theme_of(theme)
    pictures = picture or []
    page = page_name(html, plan, wanted=open_it or not pictures)
    named = picture_targets(pictures, theme) | ({} if page is None else {"the page": page})
    check_outputs(named, inputs, "write each to a file of its own")
    check_suffix(page or "", PAGES)
    problem, document = read_warned(file), read_plan(plan)
    found = MoreDocuments(
        None if transition is None else read_transition(transition),
        None if frontier is None else read_frontier(frontier),
        None if headroom is None else read_headroom(headroom),
    )
    outputs = [Output(path, partial(map_file, problem, document, path, theme), f"{path}: the map") for path in pictures]
    if page is not None:
        said = "" if page == "-" else f"{page}: the report"
        outputs.append(Output(page, partial(render, problem, document, more=found), said))
    write_outputs(outputs)
    if open_it and page is not None:
        _show(page)


def page_name(html: str | None, plan: str, *, wanted: bool) -> str | None:
    """Where the page goes: where it is told, beside nothing else in this folder, or nowhere."""
    if html is not None:
        return html
    if not wanted:
        return None
    return "plan.html" if plan == "-" else f"{Path(plan).stem}.html"


def _show(page: str) -> None:
    import webbrowser

    if page == "-":
        raise UsageError("--open needs a file: name one with --html")
    if not webbrowser.open(Path(page).resolve().as_uri()):
        say(f"no browser was found; open {page} yourself")


def show(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="A plan, from any program; - reads standard input.")],
    problem: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="The problem of the plan; memory is then drawn to scale, and the plan is checked."
        ),
    ] = None,
    full: common.FullOption = False,
) -> None:
    """Draw a plan on the terminal: a line for each machine, a letter for each component.

    Exit codes: 0 shown, 2 bad input, or a plan that breaks a rule of the problem.
    """
    from placement.cli.streams import check_one_stdin, console
    from placement.documents import read_plan, read_problem
    from placement.report.drawn import show as shown

    check_one_stdin({"PLAN": plan, "--problem": problem})
    row = None if problem is None else read_problem(problem)
    console(sys.stdout).print(shown(read_plan(plan), row, full=full))
