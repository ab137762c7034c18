"""`placement diff`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner

from placement.cli.app import app
from placement.drift import PlanDifference
from tests.auditing.test_audit import RUNS

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: object, stdin: str | None = None) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    result = CliRunner().invoke(app, ["diff", *map(str, arguments)], input=stdin)
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A problem and a plan of it."""
    problem, plan = tmp_path / "problem.json", tmp_path / "plan.json"
    problem.write_text(json.dumps(RUNS))
    CliRunner().invoke(app, ["solve", str(problem), "-q", "--solver", "ffd", "-o", str(plan)])
    return problem, plan


def test_drift_ends_with_one(files: tuple[Path, Path]) -> None:
    """What runs against a plan, and a plan against itself."""
    problem, plan = files
    code, text, _ = run(problem, plan)
    assert code == 1
    assert text.startswith("Diff of runs\nwhat runs and ")
    assert "what runs breaks 1 rule; placement audit lists them" in text
    code, text, _ = run(problem, plan, plan)
    assert code == 0
    assert "are the same: 5 copies on" in " ".join(text.split())


def test_the_document(files: tuple[Path, Path]) -> None:
    """JSON alone on standard output, as its schema has it; the problem may come from an importer."""
    problem, plan = files
    code, text, _ = run("-", plan, "--format", "json", stdin=problem.read_text())
    document = json.loads(text)
    assert code == 1
    assert document["format"] == "placement-diff/v1"
    assert TypeAdapter(PlanDifference).validate_json(text).to_document() == document
    schema = json.loads(CliRunner().invoke(app, ["schema", "diff"]).stdout)
    assert set(schema["properties"]) == set(document)


def test_markdown(files: tuple[Path, Path]) -> None:
    """For a review."""
    problem, plan = files
    code, text, _ = run(problem, plan, "--format", "markdown")
    assert code == 1
    assert text.startswith("## Diff of `runs`\n\nwhat runs and `")
    assert "\n| machine | type | zone | $/hour | what changes |\n| --- | --- | --- | ---: | --- |\n" in text


def test_bad_input(files: tuple[Path, Path]) -> None:
    """Exit code 2, and the way out."""
    problem, plan = files
    assert run(problem, "-", "-")[0] == 2
    assert run(problem, plan, "--format", "yaml")[0] == 2
    code, _, text = run("instances/codegen-before.yaml", plan)
    assert code == 2
    assert 'is a plan of the problem "runs", and instances/codegen-before.yaml is "codegen-before"; give it' in text
    renamed = problem.with_name("renamed.json")
    renamed.write_text(json.dumps({**json.loads(plan.read_text()), "problem": "codegen-before"}))
    code, _, text = run("instances/codegen-before.yaml", renamed)
    assert code == 2
    assert "nothing runs by this problem" in text


def test_a_plan_that_says_two_things_is_told_of_its_file(files: tuple[Path, Path]) -> None:
    """Which of the two files, and where in it; of `audit` too."""
    problem, plan = files
    document = json.loads(plan.read_text())
    broken = problem.with_name("broken.json")
    broken.write_text(json.dumps(document | {"instances": [document["instances"][0]] * 2}))
    judged = CliRunner().invoke(app, ["audit", str(problem), str(broken)])

    for code, _, text in (run(problem, broken), run(problem, broken, plan), run(problem, plan, broken)):
        assert (code, judged.exit_code) == (2, 2)
        assert text.startswith(f"placement: {broken} at $.instances[1].id: lists instance ")
        assert judged.stderr == text
    broken.write_text(json.dumps(document | {"instances": []}))
    assert run(problem, plan, broken)[2].startswith(f"placement: {broken} at $.assignments[0].instance: places ")
    broken.write_text(json.dumps(document | {"instances": [], "assignments": []}))
    empty = CliRunner().invoke(app, ["audit", str(problem), str(broken)])
    assert empty.stderr.startswith(f"placement: {broken}: has no machines and no copies")
