"""The second process: what it finds is handed over, and whatever becomes of it the search goes on."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from placement import Problem
from placement.budget import Budget
from placement.fleet import Fleet, compile_fleet
from placement.packing import Machine, Packing, Seat, evaluate
from placement.second import Errand, second_process
from placement.tasks import Answer
from placement.track import Track
from tests.heuristics.fleets import component, document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONG = 60.0  # seconds: no test waits for them


@pytest.fixture
def fleet() -> Fleet:
    """Two copies, on one machine or on two."""
    return compile_fleet(Problem(**document([component("a", 2, 30)])))


def plan(*seats: int) -> Packing:
    """So many copies on each machine of the first pool."""
    return Packing(tuple(Machine(0, None, tuple(Seat(0, 0, (k,)) for k in range(n))) for n in seats))


@dataclass(frozen=True)
class Say:
    """Answer at once."""

    packing: Packing | None

    def run(self, budget: Budget) -> Answer:
        """With the plan."""
        return Answer(self.packing)


@dataclass(frozen=True)
class Wait:
    """Answer when time is up, or when asked to."""

    packing: Packing

    def run(self, budget: Budget) -> Answer:
        """With the plan."""
        while not budget.over():
            time.sleep(0.01)
        return Answer(self.packing)


@dataclass(frozen=True)
class Die:
    """Take the process along."""

    deaf: bool = field(default=False)

    def run(self, budget: Budget) -> Answer:
        """Without a word; or never."""
        if self.deaf:
            time.sleep(LONG)
        os._exit(3)


def test_each_errand_is_made_when_the_one_before_is_done(fleet: Fleet) -> None:
    """So the second begins with what the first found."""
    budget = Budget(LONG)
    track = Track(fleet, budget)
    seen: list[int | None] = []

    def errands() -> Iterator[Errand]:
        for packing in (plan(1, 1), None, plan(2)):
            seen.append(None if track.best is None else len(track.best[0].machines))
            yield Errand(Say(packing), budget, "second")

    with second_process(track, budget, errands()):
        while len(seen) < 3:
            time.sleep(0.01)
    assert seen == [None, 2, 2]
    assert track.best == (plan(2), evaluate(fleet, plan(2)))
    assert track.found_by == "second"


def test_an_interrupt_brings_it_back_with_what_it_has(fleet: Fleet) -> None:
    """Long before its time."""
    budget = Budget(LONG)
    track = Track(fleet, budget)
    with second_process(track, budget, iter([Errand(Say(None), budget, ""), Errand(Wait(plan(2)), budget, "late")])):
        time.sleep(1.0)  # to be at the second errand, on most machines; on a slow one nothing is found, and all ends
        budget.interrupt()
    assert budget.elapsed() < LONG / 2
    assert track.best is None or track.found_by == "late"


def test_its_time_ends_it(fleet: Fleet) -> None:
    """And what it found by then counts."""
    budget = Budget(5.0)
    track = Track(fleet, budget)
    with second_process(track, budget, iter([Errand(Wait(plan(2)), budget.share(0.3), "in time")])):
        pass
    assert track.found_by == "in time"


def test_one_that_does_not_answer_is_given_up(fleet: Fleet) -> None:
    """Soon after its time."""
    budget = Budget(0.5)
    with second_process(Track(fleet, budget), budget, iter([Errand(Die(deaf=True), budget, "")])):
        pass
    assert budget.elapsed() < LONG / 2


def test_a_proof_needs_no_answer(fleet: Fleet) -> None:
    """Nothing is waited for when the plan is good enough."""
    budget = Budget(LONG)
    track = Track(fleet, budget)
    with second_process(track, budget, iter([Errand(Die(deaf=True), budget, "")])):
        track.offer(plan(2), "here")
        track.raise_bound(evaluate(fleet, plan(2)).ticks, "here")
    assert budget.elapsed() < LONG / 2
    assert track.proved


def test_a_process_that_dies_is_told_of(fleet: Fleet, caplog: pytest.LogCaptureFixture) -> None:
    """The search goes on without it, and it gets no more errands."""
    budget = Budget(LONG)
    asked = threading.Event()

    def errands() -> Iterator[Errand]:
        yield Errand(Die(), budget, "")
        asked.set()

    with caplog.at_level(logging.WARNING), second_process(Track(fleet, budget), budget, errands()):
        pass
    assert "the search goes on alone" in caplog.text
    assert not asked.is_set()
    assert budget.elapsed() < LONG / 2


SCRIPT = """
import os
from placement.executors import open_executor

with open_executor("processes", workers=1) as pool:
    print(os.getpid() != pool.submit(os.getpid).result())
"""


def test_a_script_needs_no_guard(tmp_path: Path) -> None:
    """Its processes do not run it again, as those of the standard library would."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    call = [sys.executable, str(script)]
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")
