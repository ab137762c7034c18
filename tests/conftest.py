"""Hypothesis profiles: the same examples on every change, fresh ones at night.

`HYPOTHESIS_PROFILE=nightly` chooses the second. No example has a deadline, nor is a slow generator an error: how fast
the machine is on the day says nothing about whether the code is right.
"""

from __future__ import annotations

import gc
import os
import signal
from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import typer.main
import typer.testing
from _pytest.mark.expression import Expression
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

from placement.heuristics.parameters import HEURISTICS
from placement.heuristics.repair import Repair
from placement.solving.parameters import changed
from tests import budget, corpus

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from tests.parameters import Change

settings.register_profile(
    "ci",
    derandomize=True,
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "nightly",
    max_examples=1_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# What contradicts a plan at hand, or fails beside one, is raised in tests, and in all that they start.
os.environ.setdefault("PLACEMENT_STRICT", "1")

# Typer reads the signatures of all commands anew for each call, more than a thousand of them: once a process will do.
vars(typer.testing)["_get_command"] = cache(typer.main.get_command)

# A shell starts what it runs in the background with Ctrl-C ignored, and the processes that tests start inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--budget`: as many tests as fit."""
    budget.add_options(parser)


def _wants_the_night(marks: str) -> bool:
    """Whether tests that are slow, or long, would be run: as with `-m "slow or not slow"`, and without `-m`."""
    wanted = Expression.compile(marks or "slow")

    def runs(own: set[str]) -> bool:
        def has(name: str, /, **_: str | int | bool | None) -> bool:
            return name in own

        return wanted.evaluate(has)

    return any(map(runs, ({"slow"}, {"long"}, {"slow", "long"})))


def pytest_configure(config: pytest.Config) -> None:
    """What is not asked for is not made: cases of slow tests, and examples of modules that have none."""
    corpus.by_day = not _wants_the_night(config.option.markexpr)
    config.pluginmanager.register(Examples())
    config.pluginmanager.register(budget.Budget(config))
    if corpus.by_day:
        # Hypothesis would parse the source of all modules for numbers to draw; at night it does.
        vars(providers)["_get_local_constants"] = lambda: vars(providers)["_local_constants"]


class Examples:
    """Without it pytest reads a thousand modules, tests too, member by member for examples; one in ten has some."""

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(self, file_path: Path) -> Generator[None, Any, Any]:
        """The tests of a file, and its examples where it has any."""
        found = yield
        if file_path.suffix == ".py" and ">>> " not in file_path.read_text("utf-8"):
            return [one for one in found if type(one) is pytest.Module]
        return found


def pytest_collection_finish() -> None:
    """What is there now stays until the end: each full collection of garbage would go through all of it, in vain."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def parameters() -> Iterator[Change]:
    """To give parameters of a group other values; they come back after the test."""
    with ExitStack() as stack:

        def change(group: Any, /, **values: Any) -> None:
            stack.enter_context(changed(group, **values))

        yield change


@pytest.fixture
def few_exchanges(parameters: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no plan keeps a limit, every solver begins with hundreds of exchanges and ejections in vain: seconds."""
    parameters(HEURISTICS.group_completion, exchanges=8, whole_exchanges=2)
    eject = Repair.run
    monkeypatch.setattr(Repair, "run", lambda self, stuck, steps, budget: eject(self, stuck, min(steps, 20), budget))
