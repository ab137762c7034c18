"""`placement convert` and `placement schema`: documents in another form, and which forms they have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from placement.cli import common_options as common
from placement.cli.endings import warn
from placement.errors import UsageError, called_file, nearest

if TYPE_CHECKING:
    from placement.documents import Problem


def convert(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A problem or a plan, JSON or YAML; - reads standard input.")
    ],
    out: Annotated[
        str,
        typer.Argument(
            metavar="OUT", help="The file to write, JSON or YAML by its suffix; - writes JSON to standard output."
        ),
    ] = "-",
    running: Annotated[
        str | None,
        typer.Option(
            metavar="PLAN",
            help="The problem with what this plan of it rents and places as what runs: once the plan is carried out. "
            "Also a rollout, as placement rollout --output writes it: once it is done. Also another problem, as "
            "placement import writes it: with what runs there.",
        ),
    ] = None,
    full: common.FullOption = False,
) -> None:
    """Rewrite a document as JSON or YAML, checked on the way. Comments and layout are not kept.

    With --running FILE is a problem, and OUT is the fleet after the plan: what the next plan starts from.
    """
    from placement.cli.streams import DOCUMENTS, check_one_stdin, check_suffix
    from placement.documents import Problem, check_outputs, read_problem, write_document
    from placement.documents.read import read_document

    name = "standard output" if out == "-" else "OUT"
    way_out = "convert keeps no comments and no layout, so write to another file and move it there afterwards"
    files = {"FILE": file} | ({} if running is None else {"--running": running})
    check_one_stdin(files)
    check_outputs({name: out}, files, way_out)
    check_suffix(out, DOCUMENTS, "OUT")
    document = read_document(file) if running is None else read_problem(file)
    if isinstance(document, Problem):
        warn(document, file, full=full)
        if running is not None:
            document = _carried_out(document, running)
    write_document(document.to_document(), out)


def _carried_out(problem: Problem, path: str) -> Problem:
    """The problem with a plan of it, or what runs by another problem, as what runs."""
    from placement.documents import Plan, Problem
    from placement.documents.read import read_what_runs
    from placement.referee import refused, verify
    from placement.rollout.outcome import after_rollout
    from placement.running_state import as_running, joined

    found = read_what_runs(path)
    if isinstance(found, Problem):
        return joined(problem, found, called_file(path))
    problem, plan = (problem, found) if isinstance(found, Plan) else after_rollout(problem, found)
    if plan.status in ("infeasible", "unknown") and not plan.assignments:
        raise UsageError(
            f"running at $.status: is {plan.status}, and places nothing, so nothing of it can run", "running"
        )
    broken = [row for row in verify(problem, plan).violations if not row.is_claim or row.rule == "claimed-problem"]
    if broken:
        raise refused("running", plan, broken)
    return as_running(problem, plan)


def _documents() -> list[str]:
    from placement.cli.schema import KINDS

    return list(KINDS)


def schema(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="[problem|plan|scaling|scenarios|headroom|frontier|transition|rollout|audit|diff]",
            help="The kind of document.",
            autocompletion=_documents,
        ),
    ] = "problem",
) -> None:
    """Print the JSON Schema of a document."""
    from placement.cli.schema import KINDS, document_schema

    if kind not in KINDS:
        raise UsageError(f'no document "{kind}"; {nearest(kind, KINDS)}')
    typer.echo(json.dumps(document_schema(kind), indent=1, ensure_ascii=False))
