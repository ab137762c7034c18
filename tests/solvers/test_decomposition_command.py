"""`placement solve --executor`: what the options mean, and what is refused in words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_solve import CODEGEN, TINY, run
from tests.heuristics.fleets import suite

if TYPE_CHECKING:
    from pathlib import Path

IN_PARTS = ("--solver", "decomposition", "--work", "1", "--set", "decomposition.solver=greedy")


@pytest.mark.slow
def test_parts_on_processes_give_the_plan_of_this_process(tmp_path: Path) -> None:
    """The same document, but for what a clock wrote."""
    fleet = tmp_path / "fleet.json"
    fleet.write_text(json.dumps(suite("exclusive", 8, 1)))
    plans = []
    for more in ((), ("--executor", "processes", "--workers", "2")):
        done = run("solve", fleet, *IN_PARTS, "--set", "decomposition.copies=20", *more)
        assert done.exit_code == 0, done.output
        plans.append(json.loads(done.stdout))
    assert int(plans[0]["stats"]["parts"]) > 2
    assert plans[0]["assignments"] == plans[1]["assignments"]
    assert (plans[0]["cost"], plans[0]["lower_bound"]) == (plans[1]["cost"], plans[1]["lower_bound"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--executor", "dask"], "needs the address of a scheduler"),
        (["--executor", "proceses"], 'did you mean "processes"'),
        (["--scheduler", "tcp://127.0.0.1:1"], "a scheduler was given, but the executor is local"),
    ],
)
def test_a_place_that_is_none_is_refused(options: list[str], words: str) -> None:
    """Exit 2, in one line, before anything is searched."""
    done = run("solve", CODEGEN, *options)
    assert done.exit_code == 2
    assert words in " ".join(done.stderr.split())


def test_a_small_problem_needs_no_process(tmp_path: Path) -> None:
    """The executor is there, and nothing is sent to it."""
    file = tmp_path / "tiny.json"
    file.write_text(json.dumps(TINY))
    done = run("solve", file, "--executor", "processes", "--workers", "1", "--solver", "ffd")
    assert done.exit_code == 0, done.output
