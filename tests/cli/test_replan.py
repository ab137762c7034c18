"""`placement replan`: the frontier and one plan, on the screen, in files, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import placement
from placement.replanning.document import read_frontier
from tests.cli.test_solve import run
from tests.replanning.test_frontier import running

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """Four machines with one copy each; names with signs that mean something elsewhere."""
    document = running(1, 1, 1, 1)
    name = "a]<b>&\x1b[31m{{c}}"
    document["name"] = name
    for row in [*document["instances"]]:
        row["id"] = f"{row['id']}[red]<i>"
    for row in document["placements"]:
        row["instance"] = f"{row['instance']}[red]<i>"
    path = tmp_path / "fleet.json"
    path.write_text(json.dumps(document))
    return path


def test_the_frontier_in_a_file_and_on_the_screen(fleet: Path, tmp_path: Path) -> None:
    """The document can be read again, each of its plans is a plan of the problem, and the tables name machines."""
    done = run("replan", fleet, "--work", "40", "--time-limit", "1000", "--output", tmp_path / "frontier.json")

    assert (done.exit_code, done.exception) == (0, None)
    found = read_frontier(tmp_path / "frontier.json")
    assert [(row.max_moves, row.moves, row.cost) for row in found.points] == [
        (0, 0, 40.0),
        (1, 1, 30.0),
        (2, 2, 20.0),
        (None, 3, 10.0),
    ]
    problem = placement.read(fleet)
    assert all(not placement.verify(problem, row.plan).violations for row in found.points)
    assert "[red]<i> goes" in done.stdout
    assert "\x1b[31m" not in done.stdout


def test_one_plan_within_a_limit(fleet: Path, tmp_path: Path) -> None:
    """It goes where `solve` writes plans, and verifies."""
    done = run("replan", fleet, "--max-moves", "1", "--work", "40", "--output", tmp_path / "plan.json")

    assert done.exit_code == 0
    assert run("verify", fleet, tmp_path / "plan.json").exit_code == 0
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert (plan["moves"], plan["cost"], plan["within"]["max_moves"]) == (1, 30.0, 1)

    # two moves would save more, so nobody is told of this plan that none costs less
    scope = "no plan of at most 1 move costs less"
    assert f"optimal: {scope}" in done.stdout
    assert scope in run("bound", fleet, tmp_path / "plan.json", "--time-limit", "1000").stdout
    assert run("report", fleet, tmp_path / "plan.json", "--html", tmp_path / "plan.html").exit_code == 0
    page = (tmp_path / "plan.html").read_text()
    assert scope in page
    assert "no plan costs less" not in page


@pytest.mark.slow
def test_the_log_tells_each_point(fleet: Path, tmp_path: Path) -> None:
    """When it begins, what is found for it, and cost, bound and gap when it ends."""
    done = run("replan", fleet, "--moves", "0,1", "--work", "40", "--verbose", "-o", tmp_path / "f.json")

    said = [line for line in done.stderr.splitlines() if "moves" in line or "move:" in line]
    assert said == [
        "any number of moves:",
        "any number of moves: cost $10.00  bound $10.00  proven",
        "no moves:",
        "no moves: cost $40.00  bound $40.00  proven",
        "at most 1 move:",
        "at most 1 move: cost $30.00  bound $30.00  proven",
    ]
    assert " s  cost $10.00  bound " in done.stderr


def test_points_without_a_plan_are_told(tmp_path: Path) -> None:
    """A machine drains, so without a move there is no plan."""
    document = running(1, 1)
    document["instances"][0]["state"] = "draining"
    path = tmp_path / "fleet.json"
    path.write_text(json.dumps(document))

    done = run("replan", path, "--moves", "0", "--work", "40", "--verbose", "-o", tmp_path / "f.json")

    assert "no moves: no plan, proven" in done.stderr.splitlines()


def test_a_terminal_sees_the_points_that_are_done(fleet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the line of the one that is looked for."""
    monkeypatch.setattr("placement.cli.streams.is_terminal", lambda stream: stream == "stderr")

    done = run("replan", fleet, "--moves", "0", "--work", "40")

    assert "no moves: cost $40.00  bound $40.00  proven\n" in done.stderr


def test_json_on_standard_output(fleet: Path) -> None:
    """Without --output and a terminal the frontier goes there, and nothing else."""
    done = run("replan", fleet, "--moves", "0, 3", "--work", "40")

    assert [row["max_moves"] for row in json.loads(done.stdout)["points"]] == [0, 3, None]


@pytest.mark.slow
def test_pictures(fleet: Path, tmp_path: Path) -> None:
    """SVG with names escaped; another suffix is refused."""
    done = run("replan", fleet, "--work", "40", "--quiet", "--picture", tmp_path / "f.svg", "-o", tmp_path / "f.json")

    assert (done.exit_code, done.stderr) == (0, f"{tmp_path / 'f.svg'}: the frontier\n")
    drawn = (tmp_path / "f.svg").read_text()
    assert "a]&lt;b&gt;&amp;" in drawn
    assert "<b>" not in drawn
    refused = run("replan", fleet, "--work", "40", "--picture", tmp_path / "f.gif", "-o", tmp_path / "g.json")
    assert refused.exit_code == 2
    assert "a picture is .svg or .png" in refused.stderr
    assert not (tmp_path / "g.json").exists()  # before anything is searched for
    refused = run("replan", fleet, "--picture", tmp_path / "f.png", "--theme", "blue", "-o", tmp_path / "g.json")
    assert (refused.exit_code, (tmp_path / "g.json").exists()) == (2, False)
    assert 'no theme "blue"' in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--moves", "1;2"], '--moves must be whole numbers with commas between, such as 0,5,20, got "1;2"'),
        (["--moves", ","], '--moves must be whole numbers with commas between, such as 0,5,20, got ","'),
        (["--moves", "1", "--max-moves", "2"], "leave out the limits of one plan"),
        (["--max-moved-gib", "inf"], "placement: --max-moved-gib must be"),
        (["--output", "moves.md"], "the suffix says what is written, and must be .json, .yaml or .yml"),
    ],
)
def test_what_is_refused(fleet: Path, arguments: list[str], said: str) -> None:
    """In words, with exit code 2."""
    done = run("replan", fleet, *arguments)

    assert done.exit_code == 2
    assert said in done.stderr


def test_a_picture_that_cannot_be_written_is_told_before_anything_is_searched_for(fleet: Path, tmp_path: Path) -> None:
    """So no frontier is written either."""
    done = run("replan", fleet, "--output", tmp_path / "f.json", "--picture", tmp_path / "nowhere" / "f.svg")

    assert done.exit_code == 2
    assert "can't be written: there is no folder" in done.stderr
    assert not (tmp_path / "f.json").exists()


def test_where_there_is_no_plan(tmp_path: Path) -> None:
    """Exit code 3, and why."""
    document = running(1, 1)
    document["instances"][0]["state"] = "draining"
    path = tmp_path / "fleet.json"
    path.write_text(json.dumps(document))

    done = run("replan", path, "--max-moves", "0")

    assert done.exit_code == 3
    assert "max_moves is 0, but every plan has at least 1 move" in done.stderr


def test_limits_without_a_plan_stand_in_the_picture(tmp_path: Path) -> None:
    """They have no step, so words say it."""
    document = running(1, 1)
    document["instances"][0]["state"] = "draining"
    path = tmp_path / "fleet.json"
    path.write_text(json.dumps(document))

    run("replan", path, "--work", "40", "--picture", tmp_path / "f.svg", "-o", tmp_path / "f.json", "--moves", "0,1")

    assert "moves at most 0: no plan, proven" in (tmp_path / "f.svg").read_text("utf-8")


def test_why_no_point_of_the_frontier_has_a_plan(tmp_path: Path) -> None:
    """The reason once, and no word on a suggestion."""
    document = running(1, 1)
    document["components"][0]["accelerator_memory_gib"] = 500
    path = tmp_path / "fleet.json"
    path.write_text(json.dumps(document))

    done = run("replan", path, "--output", tmp_path / "frontier.json", "--picture", tmp_path / "f.svg")

    assert done.exit_code == 3
    assert f"{tmp_path / 'f.svg'}: not drawn, as there is no plan" in done.stderr
    assert "fits on no machine of any pool" in " ".join(done.stdout.split())
    assert "suggested" not in done.stdout


def test_the_problem_is_not_written_over(fleet: Path) -> None:
    """Nor is one of two files that are the same."""
    done = run("replan", fleet, "--output", fleet)

    assert done.exit_code == 2
    assert "would be lost" in done.stderr


@pytest.mark.slow
def test_a_section_of_the_page(fleet: Path, tmp_path: Path) -> None:
    """With the chart and the table, names as text; a frontier of another problem is refused."""
    frontier, plan = tmp_path / "frontier.json", tmp_path / "plan.json"
    assert run("replan", fleet, "--work", "40", "--quiet", "-o", frontier).exit_code == 0
    assert run("replan", fleet, "--max-moves", "1", "--work", "40", "--quiet", "-o", plan).exit_code == 0

    done = run("report", fleet, plan, "--html", tmp_path / "page.html", "--frontier", frontier)

    assert (done.exit_code, done.exception) == (0, None)
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "What moves buy" in page
    assert "$40.00 with 0 moves, 0 allowed" in page
    damaged = json.loads(frontier.read_text())
    damaged["points"][0]["plan"] = damaged["points"][2]["plan"]
    (tmp_path / "other.json").write_text(json.dumps(damaged))
    refused = run("report", fleet, plan, "--html", tmp_path / "x.html", "--frontier", tmp_path / "other.json")
    assert refused.exit_code == 2
    assert "other.json at $.points[0].plan: is none of this problem: its plan moves 2 copies" in refused.stderr
    wrong = run("report", fleet, plan, "--frontier", plan)
    assert wrong.exit_code == 2
    assert "this is a plan; a frontier is wanted" in wrong.stderr
