"""Headroom against enumeration, what is shared along the curve, and the command."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement import Problem, Status, Stop, UsageError, verify
from placement.report.scenarios import headroom_picture, headroom_table
from placement.scenarios.headroom import cuts_down, times
from tests import brute
from tests.cli.test_solve import run
from tests.corpus import one_by_one
from tests.strategies import random_problem

if TYPE_CHECKING:
    from pathlib import Path

FACTORS = [1.3, 2]


@one_by_one(range(80), 5)
def test_each_point_is_what_trying_everything_says(seed: int) -> None:
    """Costs are no less than the least, bounds no more, proofs true; and the curve rises where that is known."""
    knobs: dict[str, Any] = {"max_copies": 4, "max_components": 3, "max_machines": 3, "spoil": 5, "rules": 15}
    problem = Problem(**random_problem(random.Random(seed), **knobs))
    grows = {row.name for row in problem.components}
    documents = [times(problem, factor, grows).to_document() for factor in (1, *FACTORS)]
    if any(brute.too_big(document, 20_000) for document in documents):
        return
    found = placement.headroom(problem, FACTORS, work=5, time_limit=None)

    bests = [brute.cheapest(document) for document in documents]
    for point, best in zip(found.points, bests, strict=True):
        assert (point.status is Status.INFEASIBLE) <= (best is None)
        if best is None:
            assert point.cost is None
            continue
        if point.cost is None:
            continue
        assert verify(point.problem, point.plan).ok
        if point.left_out == sum(best.left_out.values()):
            assert point.cost >= best.account.cost
            assert point.bound is None or point.bound <= best.account.cost
        if point.status is Status.OPTIMAL:
            assert point.cost == best.account.cost
    if found.shared:
        least = [-1 if best is None else best.account.cost for best in bests]
        assert [cost for cost in least if cost >= 0] == sorted(cost for cost in least if cost >= 0)
        assert None not in bests[: sum(best is not None for best in bests)]  # once there is no plan, there is none


def chat(**changed: Any) -> Problem:
    """Four copies, one a machine of 10 dollars an hour."""
    document: dict[str, Any] = {
        "name": "a<b>&",
        "accelerators": {"L40S": {"memory_gib": 48}},
        "instance_types": {
            "one": {"accelerator": "L40S", "accelerator_count": 1, "vcpus": 8, "memory_gib": 64, "price_per_hour": 10}
        },
        "pools": [{"name": "a", "instance_type": "one", "zone": "z", "max_instances": 6}],
        "components": [{"name": "chat", "copies": 4, "accelerator_memory_gib": 40}],
    }
    return Problem(**{**document, **changed})


def test_the_curve_and_its_end() -> None:
    """Copies are rounded up; what quotas do not allow is proven, and so is all beyond."""
    found = placement.headroom(chat(), [1.5, 1.1, 2, 3], work=10, time_limit=None)

    assert [(p.factor, p.cost, p.bound, str(p.status)) for p in found.points] == [
        (1.0, 40_000_000, 40_000_000, "optimal"),
        (1.1, 50_000_000, 50_000_000, "optimal"),
        (1.5, 60_000_000, 60_000_000, "optimal"),
        (2.0, None, None, "infeasible"),
        (3.0, None, None, "infeasible"),
    ]
    assert [found.more(point) for point in found.points] == [0, 10_000_000, 20_000_000, None, None]
    assert (found.stop, found.shared) == (Stop.PROVED, True)
    assert found.to_document()["points"][2]["machines"] == {"a": 6}


def test_a_bound_for_less_is_one_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a plan for more is the start for less, without what is too much."""
    from dataclasses import replace

    solve, hints = placement.solve, []

    def forgetful(problem: Problem, **how: Any) -> Any:
        hints.append(how["hint"])
        found = solve(problem, **how)
        return found if problem.components[0].copies == 5 else replace(found, bound=None, status=Status.FEASIBLE)

    monkeypatch.setattr("placement.scenarios.headroom.solve", forgetful)
    found = placement.headroom(chat(), [1.25, 1.5], work=10, time_limit=None)

    assert [point.bound for point in found.points] == [None, 50_000_000, 50_000_000]
    assert [point.plan.lower_bound for point in found.points[1:]] == [50, 50]
    assert found.points[2].gap == pytest.approx(1 / 6)
    assert [None if hint is None else len(hint.assignments) for hint in hints] == [None, 5, 4]


def test_what_can_not_be_cut_down_shares_nothing() -> None:
    """A floor that four copies in two zones keep and three do not; optional and pinned copies; zones beside state."""
    row = {"name": "chat", "copies": 4, "accelerator_memory_gib": 40}
    here = {"instances": [{"id": "i", "pool": "a"}], "placements": [{"component": "chat", "instance": "i"}]}
    pinned = {**here, "placements": [{**here["placements"][0], "pinned": True}]}
    assert cuts_down(chat(), {"chat"})
    assert cuts_down(chat(**here), {"chat"})
    for changed, state in (
        ({"min_available_on_zone_loss": 2}, {}),
        ({"min_available_on_instance_loss": 1}, {}),
        ({"min_copies": 2}, {}),
        ({"spread": {"max_skew": 1}}, here),
        ({}, pinned),
    ):
        assert not cuts_down(chat(components=[{**row, **changed}], **state), {"chat"})
    assert cuts_down(chat(components=[{**row, "min_available_on_zone_loss": 2}]), set())


def test_arguments_and_names_are_checked() -> None:
    """By name."""
    wrong: list[Any] = [[0], [-1], [1001], [float("nan")], ["2"]]
    for factors in wrong:
        with pytest.raises(UsageError, match="factors"):
            placement.headroom(chat(), factors)
    with pytest.raises(UsageError, match='no component "chta"; did you mean "chat"'):
        placement.headroom(chat(), components=["chta"])
    assert placement.headroom(chat(), [2], components=[], work=1).points[1].cost == 40_000_000
    assert placement.headroom(chat(), time_limit=0).points[0].cost is None


def test_the_command(tmp_path: Path) -> None:
    """Table, document and picture; names are data; nothing is written over what is read."""
    path, out, svg = tmp_path / "p.json", tmp_path / "h.json", tmp_path / "h.svg"
    path.write_text(json.dumps(chat().to_document()))
    done = run("headroom", path, "--factors", "1.5,2", "--work", "10", "-o", out, "--picture", svg)

    assert (done.exit_code, done.exception) == (0, None)
    assert "+50.0%" in done.stdout
    assert "no plan: proven" in done.stdout
    document = json.loads(out.read_text())
    assert (document["format"], [row["cost"] for row in document["points"]]) == (
        "placement-headroom/v1",
        [40.0, 60.0, None],
    )
    drawn = svg.read_text()
    assert "a&lt;b&gt;&amp;" in drawn
    assert "$60.00" in drawn
    assert headroom_picture(placement.headroom(chat(), [1.5, 2], work=10)) == drawn
    for given, said in (
        (["--factors", "x"], "--factors must be numbers"),
        (["--factors", ","], "--factors must be numbers with commas between"),
        (["--component", "zz"], f'--component: no component "zz" in {path}; '),
        (["--factors", "0"], "factors must be numbers above 0"),
        (["-o", path], "write each to a file of its own"),
        (["--picture", tmp_path / "x.gif"], "a picture is .svg or .png"),
    ):
        refused = run("headroom", path, *given)
        assert (refused.exit_code, said in refused.stderr) == (2, True), refused.stderr


def test_a_section_of_the_page(tmp_path: Path) -> None:
    """With the chart and the table, recounted; a headroom of another problem is refused, and another document."""
    problem, curve, plan, page = (tmp_path / name for name in ("p.json", "headroom.json", "plan.json", "page.html"))
    problem.write_text(json.dumps(chat().to_document()))
    given = ("headroom", problem, "--factors", "1.5,3", "--work", "5", "--time-limit", "1000", "--quiet", "-o", curve)
    assert run(*given).exit_code == 0
    assert run("solve", problem, "--quiet", "-o", plan).exit_code == 0

    done = run("report", problem, plan, "--html", page, "--headroom", curve)

    assert (done.exit_code, done.exception) == (0, None)
    found = json.loads(curve.read_text())
    shown = page.read_text("utf-8")
    assert "What surviving more costs" in shown
    assert "Times 3 and more there is no plan: proven." in shown
    for point in found["points"][:2]:
        assert f"${point['cost']:.2f} for times {point['factor']:g}: {point['copies']} copies" in shown
    found["points"][1]["factor"] = 2
    (tmp_path / "other.json").write_text(json.dumps(found))
    refused = run("report", problem, plan, "--html", tmp_path / "x.html", "--headroom", tmp_path / "other.json")
    assert refused.exit_code == 2
    assert "other.json at $.points[1].plan: is none of this problem:" in refused.stderr
    wrong = run("report", problem, plan, "--headroom", plan)
    assert wrong.exit_code == 2
    assert "this is a plan; a curve of headroom is wanted" in wrong.stderr


def test_all_faults_are_told_when_asked_and_only_then(tmp_path: Path) -> None:
    """The way out that a long list names is an option of the command; a command without it names none."""
    document = {**chat().to_document(), "pools": [{"name": f"p{k}", "zone": "z"} for k in range(25)]}
    (tmp_path / "p.json").write_text(json.dumps(document))
    short, full = run("headroom", tmp_path / "p.json"), run("headroom", tmp_path / "p.json", "--full")
    report = run("report", tmp_path / "p.json", tmp_path / "p.json")

    assert (short.exit_code, full.exit_code, report.exit_code) == (2, 2, 2)
    assert "not listed; --full lists each" in short.stderr
    assert full.stderr.count("instance_type") >= 25
    assert "not listed\n" in report.stderr


def test_a_bound_that_meets_the_cost_is_the_same_figure() -> None:
    """A proven row said $1.01, and that no plan is below $1.00: one was rounded, the other rounded down."""
    from rich.console import Console

    machine = {"accelerator": "A", "accelerator_count": 1, "vcpus": 1, "memory_gib": 1, "price_per_hour": 1.006}
    problem = Problem(
        accelerators={"A": {"memory_gib": 1}},
        instance_types={"m": machine},
        pools=[{"name": "p", "instance_type": "m", "zone": "z"}],
        components=[{"name": "c", "copies": 1, "accelerator_memory_gib": 1}],
    )
    console = Console(width=120)
    with console.capture() as shown:
        console.print(headroom_table(placement.headroom(problem, factors=[2], work=1)))
    rows = [line.split() for line in shown.get().splitlines() if line.rstrip().endswith("  proven")]
    assert [(row[3], row[-2]) for row in rows] == [("1.01", "1.01"), ("2.01", "2.01")]
