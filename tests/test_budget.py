"""As many tests as fit into so many seconds, by what they took before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import budget

SECONDS = {"a/near.py::dear": 5, "a/near.py::cheap": 1, "a/far.py::cheap": 0.5, "a/far.py::dear": 9, "b.py::own": 20}


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [
        (0, {"b.py::own"}),
        (21, {"b.py::own", "a/near.py::cheap"}),
        (21.5, {"b.py::own", "a/near.py::cheap", "a/far.py::new"}),
        (26, {"b.py::own", "a/near.py::cheap", "a/near.py::dear"}),
        (26.7, {"b.py::own", "a/near.py::cheap", "a/near.py::dear", "a/far.py::cheap", "a/far.py::new"}),
        (99, {*SECONDS, "a/far.py::new"}),
    ],
)
def test_the_nearest_and_cheapest_fit_first(seconds: float, chosen: set[str]) -> None:
    """Those of changed files whatever they take; one without a record takes what such a one takes."""
    tests = [*SECONDS, "a/far.py::new"]
    assert budget.choose(tests, SECONDS, seconds, ["b.py"], ["a/near.py"]) == chosen


def test_nothing_is_known_at_first() -> None:
    """Then as many as the default lets in."""
    tests = [f"a.py::test_{k}" for k in range(50)]
    assert len(budget.choose(tests, {}, 20 * budget.UNKNOWN + 0.01)) == 20


CONFTEST = """
from tests import budget

pytest_addoption = budget.add_options


def pytest_configure(config):
    config.pluginmanager.register(budget.Budget(config))
"""
TESTS = """
import time

def test_slow(): time.sleep(0.4)
def test_quick(): pass
"""


@pytest.mark.parametrize(
    "spread", [pytest.param((), id="alone"), pytest.param(("-n2",), marks=pytest.mark.slow, id="workers")]
)
def test_a_run_keeps_what_the_next_one_asks_for(spread: tuple[str, ...], tmp_path: Path) -> None:
    """What does not fit is left out and counted; its record stays, and that of a file that is gone does not."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_one.py").write_text(TESTS)
    (tmp_path / "test_gone.py").write_text(TESTS)

    def run(*options: str) -> str:
        command = [sys.executable, "-m", "pytest", "-q", f"--rootdir={tmp_path}", *spread, *options, str(tmp_path)]
        here = Path(__file__).resolve().parents[1]
        alone = {} if spread else {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # plugins are most of the time of a run
        env = {**os.environ, **alone}
        return subprocess.run(command, cwd=here, capture_output=True, text=True, check=True, env=env).stdout

    assert "do not fit" not in run()
    (tmp_path / "test_gone.py").unlink()
    for _ in range(2):
        told = run("--budget=0.3")
        assert "1 passed" in told
        assert "1 more tests of these rooms do not fit into 0.3 s" in told
    kept = (tmp_path / ".pytest_cache" / "v" / "placement" / "seconds").read_text()
    assert kept.count("test_one.py") == 2
    assert "test_gone" not in kept
