"""What counts as a regression of quality."""

from __future__ import annotations

import dataclasses
import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner

from placement.errors import UsageError
from placement_bench import quick, runner
from placement_bench.cases import Limits
from placement_bench.cli import app
from placement_bench.rows import Row
from placement_bench.sets import find_set
from placement_bench.worker import fields_of
from tests.bench.published import FOLDER
from tests.bench.rows import row

if TYPE_CHECKING:
    from pathlib import Path

    from placement_bench.worker import Order

BEFORE = {"status": "feasible", "value": 100.0, "bound": 90.0, "left_out": 1}


def held(before: dict[str, Any], **now: Any) -> str:
    """Whether a run is worse, better or neither."""
    made = {"status": "feasible", "value": 100.0, "bound": 90.0, "metrics": {"left_out": 1}, **now}
    found = quick.hold([row("a", "s", **made)], {"set a s": {**BEFORE, **before}})
    return "worse" if found.worse else "better" if found.better else "same"


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        ({}, {}, "same"),
        ({}, {"value": 100.4}, "same"),
        ({}, {"value": 100.6}, "worse"),
        ({}, {"value": 99.0}, "better"),
        ({}, {"value": None}, "worse"),
        ({}, {"bound": 89.0}, "worse"),
        ({}, {"bound": 91.0}, "better"),
        ({}, {"bound": None}, "worse"),
        ({}, {"value": 99.0, "bound": 89.0}, "worse"),
        ({}, {"faults": ("x",)}, "worse"),
        ({}, {"status": "crash", "value": None, "error": "it broke"}, "worse"),
        ({"status": "optimal"}, {}, "worse"),
        ({}, {"status": "optimal", "bound": 100.0}, "better"),
        ({}, {"value": 90.0, "bound": 80.0, "metrics": {"left_out": 2}}, "worse"),
        ({}, {"value": 110.0, "metrics": {"left_out": 0}}, "better"),
        ({}, {"higher_is_better": True, "value": 99.0}, "worse"),
        ({}, {"higher_is_better": True, "bound": 91.0}, "worse"),
    ],
)
def test_worse_is_worse_in_any_figure(before: dict[str, Any], now: dict[str, Any], verdict: str) -> None:
    """Better in one and worse in another is worse; the slack is half a per cent."""
    assert held(before, **now) == verdict


def test_what_is_stored_is_read_again(tmp_path: Path) -> None:
    """Beside what is there of other runs; a run with faults is never stored."""
    path = tmp_path / "quick.json"
    quick.store([row("a")], path)
    quick.store([row("b", value=7.0)], path)

    assert {name: outcome["value"] for name, outcome in quick.read_stored(path).items()} == {
        "set a s": 10,
        "set b s": 7,
    }
    with pytest.raises(UsageError, match="set c s failed or has faults"):
        quick.store([row("c", faults=("x",))], path)
    path.write_text('["a"]')
    with pytest.raises(UsageError, match="holds no stored values"):
        quick.read_stored(path)


def run_here(order: Order, commit: str, facts: dict[str, Any], _grace: float) -> Row:
    """As `run_order`, in this process."""
    fields = json.loads(TypeAdapter(dict[str, Any]).dump_json(fields_of(order)))
    return Row(asked=order.asked, commit=commit, started="", **facts, **{"seconds": 0.0, **fields})


def test_a_regression_ends_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole way: stored, held, then held against something better."""
    monkeypatch.setattr(runner, "run_order", run_here)
    path = tmp_path / "quick.json"
    monkeypatch.setattr(quick, "STORED", path)
    monkeypatch.setattr(quick, "WORK", {"ffd": 1})
    words = ["run", "--quick", "--set", "toy-bins", "--out"]

    stored = CliRunner().invoke(app, [*words, str(tmp_path / "1"), "--store"])
    same = CliRunner().invoke(app, [*words, str(tmp_path / "2")])
    path.write_text(path.read_text().replace('"value": 3', '"value": 2'))
    worse = CliRunner().invoke(app, [*words, str(tmp_path / "3")])

    assert (stored.exit_code, same.exit_code, worse.exit_code) == (0, 0, 1)
    assert "2 quick runs: 0 worse" in same.stderr
    assert "WORSE: toy-bins bins-3 ffd: stored feasible value 2" in worse.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--quick", "--solver", "ffd"],
        ["run", "--store", "--set", "toy"],
        ["run", "--slow", "--set", "toy"],
        ["run", "--quick", "--set", "toy"],
    ],
)
def test_quick_goes_with_little_else(words: list[str], tmp_path: Path) -> None:
    """Exit code 2."""
    assert CliRunner().invoke(app, [*words, "--out", str(tmp_path / "out")]).exit_code == 2


def test_what_takes_minutes_is_left_to_the_night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is stored all the same, and a set that is named has all its runs."""
    toys = find_set("toy-bins")
    monkeypatch.setattr(quick, "find_sets", lambda names: [toys])
    monkeypatch.setattr(quick, "AT_NIGHT", {"auto": ("toy-bins",)})
    day, night = ({run.solver for run in quick.quick_runs([], tmp_path, print, slow=slow)} for slow in (False, True))

    assert night - day == {"auto"}
    assert "auto" in {run.solver for run in quick.quick_runs(["toy-bins"], tmp_path, print)}


@pytest.mark.parametrize(
    ("name", "ffd", "best_fit"),
    [("scholl-3", 59, 59), ("ai", 66, 66), ("ani", 66, 66), ("gi", 532, 532), ("gen-ekici-2", 13780, 13620)],
)
def test_packing_sets_whose_runs_are_at_night_are_packed_by_day(name: str, ffd: int, best_fit: int) -> None:
    """Their quick case is read, packed by one construction each, and counted again; exact solvers take too long."""
    one = find_set(name)
    try:
        case = next(case for case in one.cases(FOLDER) if any(fnmatchcase(case.name, few) for few in one.quick))
    except UsageError as error:
        pytest.skip(f"the set {name} is not here: {error}")
    task = case.load()
    for solver, value in (("ffd", ffd), ("best-fit", best_fit)):
        answer = task.run(solver, Limits(seconds=quick.SECONDS, work=1))
        check = task.check(answer)
        assert (answer.value, check.value, check.faults) == (value, value, ())


def test_all_that_is_left_to_the_night_is_stored() -> None:
    """Else it would be held against nothing."""
    stored = quick.read_stored(quick.STORED)
    runs = [(name, one) for name, sets in quick.AT_NIGHT.items() for one in sets]

    assert all(any(row.startswith(f"{one} ") and row.endswith(f" {name}") for row in stored) for name, one in runs)


def test_a_set_is_not_run_twice_in_two_guises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the published cases are, their generated likes are left out; where they are not, these are run."""
    seen: list[str] = []
    there = {run.set for run in quick.quick_runs([], tmp_path, seen.append)}

    assert "gen-falkenauer-u" in there
    assert any("SKIPPED: falkenauer-u" in line for line in seen)

    toys = find_set("toy-bins")
    both = [toys, dataclasses.replace(toys, name="gen-toy-bins")]
    monkeypatch.setattr(quick, "find_sets", lambda names: both)
    assert {run.set for run in quick.quick_runs([], tmp_path, seen.append)} == {"toy-bins"}

    solvers = {run.solver for run in quick.quick_runs(["toy-bins"], tmp_path, seen.append)}
    monkeypatch.setattr(quick, "AT_NIGHT", dict.fromkeys(solvers, ("toy-bins",)))
    with pytest.raises(UsageError, match="no quick cases"):  # nor its like, where all of it is left to the night
        quick.quick_runs([], tmp_path, seen.append)
    assert {run.set for run in quick.quick_runs(["toy-bins"], tmp_path, seen.append)} == {"toy-bins", "gen-toy-bins"}
