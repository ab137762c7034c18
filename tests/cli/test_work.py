"""A limit on work takes the place of the minute that commands have for their search."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from placement.errors import UsageError
from tests.cli.test_solve import run
from tests.replanning.test_room import gpus

if TYPE_CHECKING:
    from pathlib import Path

SEARCHES = {
    "solve": "placement.planner.solve",
    "headroom": "placement.scenarios.headroom.find_headroom",
    "make-room": "placement.replanning.make_room",
    "replan": "placement.replanning.find_frontier",
    "scenarios": "placement.scenarios.planning.plan_scenarios",
}


@pytest.fixture(name="files")
def _files(tmp_path: Path) -> dict[str, list[str]]:
    """What each command reads: a machine that runs, and two scenarios of it."""
    problem, scenarios = tmp_path / "problem.json", tmp_path / "scenarios.json"
    document = gpus([("a", 4)], components={"a": {"copies": 1, "accelerators": 4}})
    problem.write_text(json.dumps({"format": "placement/v1", **document}))
    rows = [{"name": "day", "weight": 0.5}, {"name": "night", "weight": 0.5}]
    scenarios.write_text(json.dumps({"format": "placement-scenarios/v1", "scenarios": rows}))
    more = {"make-room": ["--component", "a"], "scenarios": [str(scenarios)]}
    return {command: [str(problem), *more.get(command, [])] for command in SEARCHES}


@pytest.mark.parametrize(
    ("given", "seconds"),
    [((), 60.0), (("--work", "3"), None), (("--work", "3", "--time-limit", "5"), 5.0), (("--time-limit", "5"), 5.0)],
)
@pytest.mark.parametrize("command", SEARCHES)
def test_without_a_limit_on_time_work_has_none(
    command: str,
    given: tuple[str, ...],
    seconds: float | None,
    files: dict[str, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A minute that ends before the work would make the answer depend on the machine."""
    asked = []

    def noted(*_: Any, **how: Any) -> Any:
        asked.append((how["time_limit"], how["work"]))
        raise UsageError("enough")

    monkeypatch.setattr(SEARCHES[command], noted)
    assert run(command, *files[command], *given).exit_code == 2
    assert asked == [(seconds, 3 if "--work" in given else None)]
