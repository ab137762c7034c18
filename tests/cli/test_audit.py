"""`placement audit`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner

from placement.auditing import Audit
from placement.cli.app import app
from tests.auditing.test_audit import RUNS
from tests.integrations.kubernetes import clusters

if TYPE_CHECKING:
    from pathlib import Path

CLUSTER = "instances/kubernetes-mixed-gpus.yaml"


def run(*arguments: object, stdin: str | None = None) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    result = CliRunner().invoke(app, ["audit", *map(str, arguments)], input=stdin)
    return result.exit_code, result.stdout, result.stderr


def written(folder: Path, document: dict[str, Any]) -> Path:
    """A problem in a file."""
    path = folder / "problem.json"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.slow
def test_one_page(tmp_path: Path) -> None:
    """What is wrong, what it costs, what could go, what comes first; and exit code 1."""
    code, text, _ = run(written(tmp_path, RUNS))
    assert code == 1
    assert "1 rule is broken: 5 copies on 4 machines for $40.00 an hour" in text
    assert "7 GiB of" in text
    words = " ".join(text.split())
    assert "optimal, no plan that keeps every rule costs less over" in words
    assert "best plan found: $20.00 an hour on 2 machines" in words
    assert "holds nothing" in text
    assert len(text.splitlines()) < 40


@pytest.mark.slow
def test_a_plan_is_judged_in_place_of_what_runs(tmp_path: Path) -> None:
    """A plan that was solved for is fine, and standard input is one of the two."""
    problem = written(tmp_path, RUNS)
    plan = CliRunner().invoke(app, ["solve", str(problem), "-q", "-o", "-"]).stdout
    code, text, _ = run(problem, "-", stdin=plan)
    assert code == 0
    assert "every rule is kept: 5 copies on 2 machines" in text
    assert "what runs costs the least there is" in text


def test_a_plan_of_another_problem_is_refused(tmp_path: Path) -> None:
    """All of it would be wrong, which says nothing of the plan."""
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"format": "placement-plan/v1", "problem": "other", "instances": [], "assignments": []}))
    code, text, told = run(written(tmp_path, RUNS), plan)
    assert (code, text) == (2, "")
    assert f'plan.json is a plan of the problem "other", and {tmp_path / "problem.json"} is "runs"; give it' in told
    assert "FILE" not in told
    code, _, told = run(written(tmp_path, {**RUNS, "name": ""}), plan)
    assert f"and {tmp_path / 'problem.json'} has no name; give it" in told


def test_the_document(tmp_path: Path) -> None:
    """JSON alone on standard output, as its schema has it."""
    code, text, _ = run(written(tmp_path, RUNS), "--format", "json")
    document = json.loads(text)
    assert code == 1
    assert document["format"] == "placement-audit/v1"
    assert document["broken"][0]["excess"] == 7.0
    assert TypeAdapter(Audit).validate_json(text).to_document() == document
    schema = json.loads(CliRunner().invoke(app, ["schema", "audit"]).stdout)
    assert set(schema["properties"]) == set(document)


def test_markdown(tmp_path: Path) -> None:
    """Names are code; tables have their heads."""
    code, text, _ = run(written(tmp_path, RUNS), "--format", "markdown")
    assert code == 1
    assert text.startswith("## Audit of `runs`\n\n1 rule is broken")
    assert (
        "| `i-0` accelerator 0 | 7 GiB of its memory missing: needs 86, has 79 | `big` 66 GiB, `small` 20 GiB |" in text
    )


def test_a_cluster_is_cut_to_a_page() -> None:
    """Many broken rules are told as the first and how many more; all with --full."""
    _, text, _ = run(CLUSTER, "--time-limit", "0")
    assert "and 11 more; --full lists each" in text
    assert "no better plan was looked for: a time limit of 0 judges the rules alone" in " ".join(text.split())
    assert "--full" not in run(CLUSTER, "--time-limit", "0", "--full")[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-", "-"), "only one of FILE and PLAN can be standard input"),
        ((CLUSTER, "--format", "html"), '--format: no "html"'),
        (("instances/codegen-before.yaml",), "nothing runs by this problem"),
        (("nowhere.yaml",), "nowhere.yaml"),
    ],
)
def test_bad_input(arguments: tuple[str, ...], said: str) -> None:
    """Exit code 2, and the way out."""
    code, _, text = run(*arguments)
    assert code == 2
    assert said in text


def test_straight_from_a_cluster(tmp_path: Path) -> None:
    """What `placement import kubernetes` writes on standard output is audited and compared as it comes."""
    objects = [
        *(clusters.node(name) for name in ("n1", "n2", "n3")),
        *(clusters.pod(f"chat-{k}", f"n{k}", "chat", gpus=1) for k in (1, 2)),
    ]
    clusters.write(tmp_path / "cluster.json", *objects)
    imported = CliRunner().invoke(app, ["import", "kubernetes", str(tmp_path / "cluster.json")])
    assert imported.exit_code == 0
    code, text, _ = run("-", stdin=imported.stdout)
    assert code == 0
    assert "every rule is kept: 2 copies on 3 machines" in text
    assert "it is not known which accelerators copies have" in " ".join(text.split())
    assert "holds nothing" in text
    plan = tmp_path / "plan.json"
    (tmp_path / "problem.json").write_text(imported.stdout)
    CliRunner().invoke(app, ["solve", str(tmp_path / "problem.json"), "-q", "-o", str(plan)])
    drift = CliRunner().invoke(app, ["diff", "-", str(plan)], input=imported.stdout)
    assert drift.exit_code == 1
    assert "differ in" in " ".join(drift.stdout.split())
