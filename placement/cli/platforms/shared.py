"""What the commands of all platforms share: options, notes on stderr, and where files go."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from placement.cli.common_options import file_option
from placement.cli.endings import Code, say
from placement.cli.traffic import fitting_policy
from placement.errors import UsageError, called_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.demand import ScalingPolicy
    from placement.documents import Plan, Problem
    from placement.integrations import Exported, Imported, Note

_NAMED = 4  # of those that are like one that is told

ProblemArgument = Annotated[
    str, typer.Argument(metavar="PROBLEM", help="The problem, a JSON or YAML file; - reads standard input.")
]
PlanArgument = Annotated[str, typer.Argument(metavar="PLAN", help="A plan of that problem; - reads standard input.")]
OutOption = Annotated[str, typer.Option("--out", metavar="DIR", help="The folder to write to; it is made.")]
OutputOption = Annotated[
    str,
    file_option(
        "The problem to write: JSON, or YAML with notes as comments, by its suffix; - writes JSON to standard output."
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace what an earlier run wrote.")]
PolicyOption = Annotated[
    str | None,
    typer.Option(
        "--policy",
        metavar="POLICY",
        help="Scale by this policy (placement-scaling/v1), as `placement simulate` plays it.",
    ),
]
AllNotesOption = Annotated[bool, typer.Option("--full", help="Print every note and every fault.")]


def write_imported(imported: Imported, output: str, *, full: bool = False) -> None:
    """Write the problem, and tell the notes on stderr; a YAML file has them as comments at its top too."""
    from placement.documents.write import write_document

    write_document(imported.problem.to_document(), output, imported.remarks())
    tell_notes(imported.notes, full=full)
    if output != "-":
        problem = imported.problem
        say(
            f"{output}: components {len(problem.components)}, instances {len(problem.instances)}, "
            f"running copies {len(problem.placements)}. Now: placement solve {output}"
        )


def tell_notes(notes: Sequence[Note], *, full: bool = False) -> None:
    """A line on stderr for each note; of very many one for all that are alike, and what the others are about."""
    from placement.integrations.notes import MANY_NOTES, alike_notes, told_as_one

    groups = [[note] for note in notes] if full else alike_notes(notes)
    lines = groups[: None if full else MANY_NOTES]
    for group in lines:
        say(f"note: {told_as_one(group, _NAMED)}")
    if len(notes) > len(lines):
        alike = "" if len(lines) < len(groups) else ", each like one of these"
        say(f"note: {len(notes) - len(lines):,} more{alike}; --full lists each")


def read_both(problem_file: str, plan_file: str, out: str, *, force: bool) -> tuple[Problem, Plan]:
    """A problem and a plan of it that keeps every rule: nothing else is exported, and not over what stands there.

    Raises UsageError: the folder may not be written, both are standard input, or the plan is of another problem, or has
    no assignments to export.
    Raises typer.Exit: the plan breaks a rule, or says something untrue of itself; each is told on stderr.
    """
    from placement.cli.streams import check_one_stdin
    from placement.documents import read_plan, read_problem
    from placement.integrations.exported import check_directory

    check_directory(out, force=force)
    check_one_stdin({"PROBLEM": problem_file, "PLAN": plan_file})
    problem, plan = read_problem(problem_file), read_plan(plan_file)
    _check_plan(problem, plan, plan_file)
    return problem, plan


def read_peak(problem: Problem, plan_file: str) -> Plan:
    """A plan for the peak, as `read_both` reads one: it may place more copies than the problem has of a component."""
    from placement.documents import Problem, read_plan

    plan = read_plan(plan_file)
    placed = Counter(row.component for row in plan.assignments)
    document = problem.to_document()
    for row in document["components"]:
        if row.get("copies") is not None:
            row["copies"] = max(row["copies"], placed[row["name"]])
    _check_plan(Problem(**document), plan, plan_file)
    return plan


def _check_plan(problem: Problem, plan: Plan, file: str) -> None:
    """Refuse the plan in a file if it has no assignments, is of another problem, or breaks a rule."""
    from placement.referee import refused, verify
    from placement.report.verdict import verdict_lines

    shown = called_file(file)
    if plan.status in ("infeasible", "unknown") and not plan.assignments:
        raise UsageError(f"{shown} at $.status: is {plan.status}, and places nothing, so there is nothing to export")
    verdict = verify(problem, plan)
    if any(row.rule == "claimed-problem" for row in verdict.violations):
        raise refused(shown, plan, verdict.violations, ", so it can't be exported")
    if not verdict.ok:
        for line in verdict_lines(problem, plan, verdict):
            say(line)
        say(f"placement: {shown}: a plan that breaks a rule is not exported")
        raise typer.Exit(Code.BROKEN)


def read_policy(file: str | None, problem: Problem, problem_file: str, plan_file: str) -> ScalingPolicy | None:
    """A scaling policy that fits the problem; None where none is given."""
    from placement.cli.streams import check_one_stdin

    check_one_stdin({"PROBLEM": problem_file, "PLAN": plan_file, "--policy": file})
    return None if file is None else fitting_policy(file, problem)


def write_exported(exported: Exported, out: str, *, force: bool, full: bool = False) -> None:
    """Write the files, and tell the notes and what was written on stderr."""
    exported.write(out, force=force)
    tell_notes(exported.notes, full=full)
    for name in exported.files:
        say(str(Path(out) / name))
