"""`placement bound`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.testing import CliRunner

from placement.cli.app import app

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
    assert "this plan costs $211.84: within 41.80% of the cheapest" in text


def test_a_missing_file_is_bad_input() -> None:
    """Exit code 2, one line, no traceback."""
    code, text = run("nowhere.yaml")
    assert code == 2
    assert "nowhere.yaml" in text
