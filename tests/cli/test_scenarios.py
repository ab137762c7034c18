"""`placement scenarios`: the answer in a file, plans that verify, tables, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_solve import run

FOLDER = Path(__file__).parents[2] / "instances" / "scenarios"
NAME = "a]<b>&\x1b[31m{{c}}/../x"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """One component on machines of one copy each; names with signs that mean something elsewhere."""
    problem = {
        "format": "placement/v1",
        "accelerators": {"L40S": {"memory_gib": 48}},
        "instance_types": {
            "one": {"accelerator": "L40S", "accelerator_count": 1, "vcpus": 8, "memory_gib": 64, "price_per_hour": 10}
        },
        "pools": [{"name": "a", "instance_type": "one", "zone": "z", "max_instances": 9}],
        "components": [{"name": NAME, "copies": 2, "accelerator_memory_gib": 40}],
    }
    scenarios = {
        "format": "placement-scenarios/v1",
        "scenarios": [{"name": NAME, "weight": 0.5}, {"name": "day", "weight": 0.5, "factor": 2}],
        "commitments": [{"name": NAME, "pools": ["a"], "discount": 0.4}],
    }
    paths = tmp_path / "problem.json", tmp_path / "scenarios.json"
    for path, document in zip(paths, (problem, scenarios), strict=True):
        path.write_text(json.dumps(document))
    return paths


def test_the_answer_in_a_file_and_plans_in_a_folder(files: tuple[Path, Path], tmp_path: Path) -> None:
    """Each plan verifies against its scenario; the tables name what is committed, without escapes."""
    out, folder = tmp_path / "answer.json", tmp_path / "plans"
    done = run("scenarios", *files, "--work", "20", "--time-limit", "1000", "-o", out, "--plans", folder)

    assert (done.exit_code, done.exception) == (0, None)
    answer = json.loads(out.read_text())
    assert (answer["status"], answer["cost"], answer["commitments"][0]["instances"]) == ("optimal", 22.0, 2)
    assert [row["name"] for row in answer["policies"]] == ["nothing", "mean", "peak"]
    assert sorted(path.name for path in folder.iterdir()) == [
        "1-plan.json",
        "1-problem.yaml",
        "2-plan.json",
        "2-problem.yaml",
    ]
    for k in (1, 2):
        assert run("verify", folder / f"{k}-problem.yaml", folder / f"{k}-plan.json").exit_code == 0
    assert "$22.00 an hour on average: $12.00 committed, $10.00 on demand" in done.stdout
    assert "proven: no commitments and plans cost less" in done.stdout
    assert "\x1b[31m" not in done.stdout + done.stderr
    again = run("scenarios", *files, "--work", "20", "-o", out, "--plans", folder)
    assert again.exit_code == 2
    assert "is there already, and not empty" in again.stderr


def test_bug_a_commitment_pays_by_the_prices_of_its_own_pools(files: tuple[Path, Path], tmp_path: Path) -> None:
    """6 of 10 dollars is 60% of the time; beside a type of 100 dollars it was told as 6%."""
    problem, scenarios = files
    document = json.loads(problem.read_text())
    document["instance_types"]["dear"] = document["instance_types"]["one"] | {"price_per_hour": 100}
    document["pools"].append({"name": "b", "instance_type": "dear", "zone": "z"})
    problem.write_text(json.dumps(document))
    done = run("scenarios", problem, scenarios, "--work", "20", "--no-compare", "-o", tmp_path / "answer.json")

    row = next(line for line in done.stdout.splitlines() if "12.00" in line)
    assert row.split()[-2:] == ["60%", "100%"]


def test_json_on_standard_output(files: tuple[Path, Path]) -> None:
    """Without --output and a terminal the answer goes there, and nothing else."""
    done = run("scenarios", *files, "--work", "20", "--no-compare")

    answer = json.loads(done.stdout)
    assert (answer["format"], answer["policies"]) == ("placement-scenario-plan/v1", [])


def test_wrong_scenarios_name_file_and_row(files: tuple[Path, Path], tmp_path: Path) -> None:
    """By themselves, and against the problem; nothing is written."""
    problem, scenarios = files
    document = json.loads(scenarios.read_text())
    document["scenarios"][1]["failed_zones"] = ["y"]
    scenarios.write_text(json.dumps(document))
    done = run("scenarios", problem, scenarios, "-o", tmp_path / "a.json")

    assert done.exit_code == 2
    assert "scenarios.json at $.scenarios[1].failed_zones[0]: is no zone of a pool of the problem" in done.stderr
    assert not (tmp_path / "a.json").exists()
    for given, said in (
        ([problem, scenarios, "-o", scenarios], "write it to a file of its own"),
        (["-", "-"], "only one of the problem and the scenarios can be standard input"),
        ([problem, problem], "this is a problem; scenarios are wanted"),
    ):
        refused = run("scenarios", *given)
        assert (refused.exit_code, said in refused.stderr) == (2, True), refused.stderr


def test_a_scenario_that_can_not_be_served(files: tuple[Path, Path], tmp_path: Path) -> None:
    """Exit code 3, and which one and why."""
    problem, scenarios = files
    document = json.loads(scenarios.read_text())
    document["scenarios"][1]["factor"] = 10
    scenarios.write_text(json.dumps(document))
    done = run("scenarios", problem, scenarios, "--work", "5", "-o", tmp_path / "a.json")

    assert done.exit_code == 3
    assert "scenario day can't be served: " in done.stdout
    assert "plans of the others are those with nothing committed" in done.stdout
    assert json.loads((tmp_path / "a.json").read_text())["status"] == "infeasible"


def test_no_time(files: tuple[Path, Path], tmp_path: Path) -> None:
    """Exit code 4, and an answer without plans."""
    done = run("scenarios", *files, "--time-limit", "0", "-o", tmp_path / "a.json")

    assert done.exit_code == 4
    assert "no plan was found for" in done.stdout
    assert "the time is over" in done.stdout
    assert json.loads((tmp_path / "a.json").read_text())["cost"] is None


@pytest.mark.slow
def test_the_instance_is_proven(tmp_path: Path) -> None:
    """As its page says."""
    done = run(
        "scenarios", FOLDER / "problem.yaml", FOLDER / "day.yaml", "--work", "60", "--time-limit", "600",
        "-o", tmp_path / "a.json",
    )  # fmt: skip

    answer = json.loads((tmp_path / "a.json").read_text())
    assert (done.exit_code, answer["status"], answer["commitments"][0]["instances"]) == (0, "optimal", 5)
    assert answer["cost"] == pytest.approx(66.276693, abs=1e-6)
