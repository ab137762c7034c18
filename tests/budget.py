"""How long each test took, kept in pytest's cache; and, with `--budget`, as many tests as fit into so many seconds.

`dev.py check` asks for it, so that it answers soon whatever has changed. Each run keeps what its tests took for the
next one.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from _pytest.terminal import TerminalReporter

KEPT = "placement/seconds"  # in .pytest_cache/v
UNKNOWN = 0.1  # seconds of a test that no run has kept; the mean of all is about half of that
LEFT = "left by the budget"


def add_options(parser: pytest.Parser) -> None:
    """Options of the command line."""
    group = parser.getgroup("budget")
    group.addoption("--budget", type=float, metavar="SECONDS", help="only as many tests as fit, the cheapest first")
    group.addoption("--always", nargs="*", default=[], metavar="FILE", help="whose tests run whatever the budget says")
    group.addoption("--nearest", nargs="*", default=[], metavar="FILE", help="whose tests come before those of others")


def choose(
    tests: Sequence[str],
    seconds: Mapping[str, float],
    budget: float,
    always: Iterable[str] = (),
    nearest: Iterable[str] = (),
) -> set[str]:
    """The tests, by their node ids, that fit into the budget of seconds: those of `always` first, which run anyway,
    then those of `nearest`, then the others; of each the cheapest first."""
    rank = dict.fromkeys(nearest, 1) | dict.fromkeys(always, 0)

    def key(test: str) -> tuple[int, float]:
        return rank.get(test.partition("::")[0], 2), seconds.get(test, UNKNOWN)

    chosen, spent = set(), 0.0
    for test in sorted(tests, key=key):
        distance, cost = key(test)
        if distance == 0 or spent + cost <= budget:
            chosen.add(test)
            spent += cost
    return chosen


class Budget:
    """Keeps the seconds of what has run, and leaves out what does not fit."""

    def __init__(self, config: pytest.Config) -> None:
        """Of this process: with pytest-xdist each worker chooses the same, and the process that started them tells."""
        self.config = config
        self.seconds: dict[str, float] = defaultdict(float)
        self.left = 0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out what does not fit; the others stay in their order."""
        option = self.config.option
        if option.budget is None:
            return
        kept = _kept(self.config)
        chosen = choose([item.nodeid for item in items], kept, option.budget, option.always, option.nearest)
        out = [item for item in items if item.nodeid not in chosen]
        items[:] = [item for item in items if item.nodeid in chosen]
        self.left = len(out)
        self.config.hook.pytest_deselected(items=out)
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput[LEFT] = self.left

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker has ended: all of them have left out as many."""
        self.left = getattr(node, "workeroutput", {}).get(LEFT, self.left)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Set-up, call and tear-down of a test."""
        self.seconds[report.nodeid] += report.duration

    def pytest_sessionfinish(self) -> None:
        """Keep what was seen, beside what earlier runs have kept of files that are still there."""
        if hasattr(self.config, "workeroutput") or not hasattr(self.config, "cache"):
            return
        files: dict[str, bool] = {}
        for test in (kept := _kept(self.config)):
            file = test.partition("::")[0]
            if file not in files:
                files[file] = (self.config.rootpath / file).exists()
        others = {test: took for test, took in kept.items() if files[test.partition("::")[0]]}
        self.config.cache.set(KEPT, others | {test: round(took, 3) for test, took in self.seconds.items()})

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """How many are left to a run without a budget."""
        if self.left:
            terminalreporter.write_line(
                f"{self.left} more tests of these rooms do not fit into {self.config.option.budget:g} s: "
                "`python3 dev.py test` runs them"
            )


def _kept(config: pytest.Config) -> dict[str, float]:
    """Seconds by node id; empty where nothing is kept."""
    found = config.cache.get(KEPT, {}) if getattr(config, "cache", None) else {}
    return found if isinstance(found, dict) else {}
