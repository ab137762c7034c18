"""`placement bound`."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from placement import bound, solve
from placement.cli.app import app
from placement.report.verdict import bound_lines
from tests.cli.test_solve import TINY
from tests.report.plans import scarce

if TYPE_CHECKING:
    from pathlib import Path

AFTER = "instances/codegen-after.yaml"


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and output."""
    result = CliRunner().invoke(app, ["bound", *arguments])
    return result.exit_code, result.output


def test_a_problem_alone() -> None:
    """One line with the bound and who proved it."""
    code, text = run(AFTER)
    assert code == 0
    assert "no plan costs less than $123.29 (proven by patterns" in text


def test_a_plan_beside_it(tmp_path: Path) -> None:
    """The plan's cost and how far it is at most from the cheapest."""
    plan = tmp_path / "plan.json"
    CliRunner().invoke(app, ["solve", AFTER, "--solver", "ffd", "--quiet", "--output", str(plan)])
    code, text = run(AFTER, str(plan))
    assert code == 0
    assert "this plan costs $211.84: within 41.80% of the cheapest, by this bound" in text
    assert "the plan's own file" not in text


@pytest.mark.slow
def test_what_the_plan_says_was_proven_is_told_apart(tmp_path: Path) -> None:
    """This run proves less than the search that the plan is from; both are said."""
    plan = tmp_path / "plan.json"
    CliRunner().invoke(app, ["solve", AFTER, "--solver", "ffd", "--quiet", "--output", str(plan)])
    document = json.loads(plan.read_text())
    plan.write_text(json.dumps({**document, "status": "optimal", "bound_by": "cp-sat"}))
    _, text = run(AFTER, str(plan))
    said = "the plan's own file says: optimal, no plan costs less (bound by cp-sat); that proof was not repeated here"
    assert said in text
    plan.write_text(json.dumps({**document, "lower_bound": 100.0}))
    assert "the plan's own file says: no plan costs less than $100.00; that proof" in run(AFTER, str(plan))[1]


def test_what_the_bound_leaves_out_is_a_list() -> None:
    """A rule, or a few, to a line."""
    _, text = run(AFTER)
    head, *lines = text[text.index("this bound does not count") :].splitlines()
    assert head == "this bound does not count:"
    assert "- avoid" in lines
    assert all(line.startswith("- ") and len(line) < 80 for line in lines)


def test_a_missing_file_is_bad_input() -> None:
    """Exit code 2, one line, no traceback."""
    code, text = run("nowhere.yaml")
    assert code == 2
    assert "nowhere.yaml" in text


def test_a_bound_is_never_rounded_up(tmp_path: Path) -> None:
    """Two machines at $2.239 cost $4.478: nothing costs less than $4.47, and a plan that meets it is optimal."""
    problem, plan = tmp_path / "p.json", tmp_path / "plan.json"
    kind = {**TINY["instance_types"]["g6e.2xlarge"], "price_per_hour": 2.239}  # type: ignore[index]
    problem.write_text(json.dumps({**TINY, "instance_types": {"g6e.2xlarge": kind}}))
    CliRunner().invoke(app, ["solve", str(problem), "--quiet", "--output", str(plan)])

    assert "no plan costs less than $4.47 (" in run(str(problem))[1]
    assert re.search(
        r"no plan costs less than \$4\.48 .*; this plan costs \$4\.48: optimal", run(str(problem), str(plan))[1]
    )


def test_copies_left_out_are_not_proven_by_a_bound_on_cost(tmp_path: Path) -> None:
    """The cost is the least with so many left out, which is said; optimal it is not called."""
    problem, plan = tmp_path / "p.json", tmp_path / "plan.json"
    row = {**TINY["components"][0], "min_copies": 1}  # type: ignore[index]
    problem.write_text(json.dumps({**TINY, "components": [row]}))
    machine = {"id": "a/new-1", "pool": "a"}
    copy = {"component": "chat-8b", "instance": "a/new-1", "accelerators": [0]}
    plan.write_text(json.dumps({"format": "placement-plan/v1", "instances": [machine], "assignments": [copy]}))

    _, text = run(str(problem), str(plan))

    copies, text = text.split("\n", 1)
    assert copies.startswith("2 of 2 optional copies of priority 0 are left out; how many must be is not proven")
    assert text.startswith("no plan that leaves out no more copies costs less than $2.24 (")
    assert "$2.24: no such plan costs less; that so many copies must be left out was not proven here\n" in text


def test_what_a_plan_says_of_copies_left_out_is_told_as_its_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not as proven here, unless it is."""
    problem, plan = tmp_path / "p.json", tmp_path / "plan.json"
    problem.write_text(json.dumps(scarce().to_document()))
    document = solve(scarce(), work=1).to_document()
    plan.write_text(json.dumps(document))

    assert (
        "1 of 1 optional copy of priority 0 is left out; proven: no plan leaves out fewer"
        in run(str(problem), str(plan))[1]
    )
    monkeypatch.setattr("placement.patterns.bound.raise_left_out_bounds", lambda _: None)
    _, text = run(str(problem), str(plan))

    told = (
        "the plan's own file says: at least 1 of priority 1 must be left out, at least 1 of priority 0 must be left out"
    )
    assert f"{told}; that proof was not repeated here\n" in text


def test_what_must_be_left_out_is_told_without_a_plan() -> None:
    """Before the money, by priority."""
    found = bound(scarce(), work=1)
    found = replace(found, plan=found.plan.model_copy(update={"left_out_bound": {"1": 1, "0": 0}}))
    first, second, third, *_ = bound_lines(scarce(), found)
    assert first == "no plan leaves out fewer than 1 copy of priority 1"
    assert second.startswith("no plan places all copies of priority 1: the copies need at least 3 accelerators")
    assert third.startswith("no plan costs less than")
