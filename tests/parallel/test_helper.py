"""The second process: what it finds is handed over, and whatever becomes of it the search goes on."""

from __future__ import annotations

import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from placement import Problem
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Machine, Packing, Seat, evaluate
from placement.errors import SolverBugError
from placement.parallel.helper import HelperJob, helper_process, start_worker
from placement.parallel.job import TaskAnswer
from placement.parallel.parameters import PARALLEL
from placement.solving.budget import Budget
from placement.solving.incumbent import Incumbent
from placement.solving.result import SolverFault
from tests.heuristics.fleets import component, document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.parameters import Change

LONG = 600.0  # seconds: no test waits for them


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

    def run(self, budget: Budget) -> TaskAnswer:
        """With the plan."""
        return TaskAnswer(self.packing)


@dataclass(frozen=True)
class Lie:
    """A search in which somebody was found out."""

    packing: Packing

    def run(self, budget: Budget) -> TaskAnswer:
        """With the plan."""
        return TaskAnswer(self.packing, faults=(SolverFault("liar", "said so"),))


@dataclass(frozen=True)
class Wait:
    """Answer when time is up, or when asked to."""

    packing: Packing
    sign: Path | None = None  # of being at it

    def run(self, budget: Budget) -> TaskAnswer:
        """With the plan."""
        if self.sign is not None:
            self.sign.touch()
        while not budget.over():
            time.sleep(0.01)
        return TaskAnswer(self.packing)


@dataclass(frozen=True)
class Die:
    """Take the process along."""

    deaf: bool = field(default=False)
    half: bool = field(default=False)

    def run(self, budget: Budget) -> TaskAnswer:
        """Without a word, or in the middle of one; or never."""
        if self.deaf:
            time.sleep(LONG)
        if self.half:
            for pipe in range(3, 20):  # one of them is for answers
                with suppress(OSError):
                    os.write(pipe, pickle.dumps(TaskAnswer())[:10])
        os._exit(3)


@dataclass(frozen=True)
class Fail:
    """A task with a bug."""

    def run(self, budget: Budget) -> TaskAnswer:
        """Fail."""
        raise ZeroDivisionError


def test_each_errand_is_made_when_the_one_before_is_done(fleet: Fleet) -> None:
    """So the second begins with what the first found."""
    budget = Budget(LONG)
    incumbent = Incumbent(fleet, budget)
    seen: list[int | None] = []

    def jobs() -> Iterator[HelperJob]:
        for packing in (plan(1, 1), None, plan(2)):
            seen.append(None if incumbent.best is None else len(incumbent.best[0].machines))
            yield HelperJob(Say(packing), budget, "second")

    with helper_process(incumbent, budget, jobs()):
        while len(seen) < 3:
            time.sleep(0.01)
    assert seen == [None, 2, 2]
    assert incumbent.best == (plan(2), evaluate(fleet, plan(2)))
    assert incumbent.found_by == "second"


def test_an_interrupt_brings_it_back_with_what_it_has(fleet: Fleet, tmp_path: Path, parameters: Change) -> None:
    """Long before its time."""
    parameters(PARALLEL.helper, grace=LONG)
    budget, sign = Budget(LONG), tmp_path / "begun"
    incumbent = Incumbent(fleet, budget)
    with helper_process(incumbent, budget, iter([HelperJob(Wait(plan(2), sign), budget, "late")])):
        while not sign.exists() and not budget.over():
            time.sleep(0.01)
        budget.interrupt()
    assert budget.elapsed() < LONG - 1
    assert incumbent.found_by == "late"


@pytest.mark.slow
def test_its_time_ends_it(fleet: Fleet) -> None:
    """And what it found by then counts."""
    budget = Budget(LONG)
    incumbent = Incumbent(fleet, budget)
    with helper_process(incumbent, budget, iter([HelperJob(Wait(plan(2)), budget.share(seconds=1.0), "in time")])):
        while incumbent.best is None and not budget.over():
            time.sleep(0.01)
    assert incumbent.found_by == "in time"


def test_one_that_does_not_answer_is_given_up(fleet: Fleet) -> None:
    """Soon after its time."""
    budget = Budget(0.5)
    with helper_process(Incumbent(fleet, budget), budget, iter([HelperJob(Die(deaf=True), budget, "")])):
        pass
    assert budget.elapsed() < LONG / 2


def test_a_proof_needs_no_answer(fleet: Fleet) -> None:
    """Nothing is waited for when the plan is good enough."""
    budget = Budget(LONG)
    incumbent = Incumbent(fleet, budget)
    with helper_process(incumbent, budget, iter([HelperJob(Die(deaf=True), budget, "")])):
        incumbent.offer(plan(2), "here")
        incumbent.raise_bound(evaluate(fleet, plan(2)).ticks, "here")
    assert budget.elapsed() < LONG / 2
    assert incumbent.proved


def test_a_process_that_dies_is_told_of(fleet: Fleet, caplog: pytest.LogCaptureFixture) -> None:
    """The search goes on without it, and it gets no more jobs."""
    budget = Budget(LONG)
    asked, closed = threading.Event(), threading.Event()

    def jobs() -> Iterator[HelperJob]:
        try:
            yield HelperJob(Die(), budget, "")
        except GeneratorExit:
            closed.set()
            raise
        asked.set()

    with caplog.at_level(logging.WARNING), helper_process(Incumbent(fleet, budget), budget, jobs()):
        while "alone" not in caplog.text and budget.elapsed() < LONG / 2:
            time.sleep(0.05)
        assert closed.wait(LONG / 2)
    assert "the search goes on alone" in caplog.text
    assert not asked.is_set()
    assert budget.elapsed() < LONG / 2


@pytest.mark.parametrize("half", [False, True])
def test_one_that_dies_before_its_answer_is_whole_is_told_of(
    fleet: Fleet, caplog: pytest.LogCaptureFixture, half: bool
) -> None:
    """In plain words, and the search goes on: it raised what unpickling raises where half an answer had come."""
    budget = Budget(LONG)
    with (
        caplog.at_level(logging.WARNING),
        helper_process(Incumbent(fleet, budget), budget, iter([HelperJob(Die(half=half), budget, "")])),
    ):
        while "alone" not in caplog.text and budget.elapsed() < LONG / 2:
            time.sleep(0.05)
    assert "the search goes on alone: it ended without an answer" in caplog.text


SCRIPT = """
import threading

from placement import Problem
from placement.solving.budget import Budget
from placement.compiled.fleet import compile_fleet
from placement.parallel.helper import HelperJob, helper_process
from placement.solving.incumbent import Incumbent
from tests.heuristics.fleets import component, document
from tests.parallel.test_helper import Say, plan

print("once")
fleet = compile_fleet(Problem(**document([component("a", 2, 30)])))
budget = Budget(60.0)
incumbent, done = Incumbent(fleet, budget), threading.Event()

def jobs():
    yield HelperJob(Say(plan(2)), budget, "second")
    done.set()

with helper_process(incumbent, budget, jobs()):
    assert done.wait(50)
print(incumbent.found_by)
"""


def run_script(script: Path) -> subprocess.CompletedProcess[str]:
    """A script beside nothing, with modules where they are found here."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    call = [sys.executable, str(script)]
    return subprocess.run(call, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_script_needs_no_guard(tmp_path: Path) -> None:
    """The process does not run it again."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = run_script(script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "once\nsecond\n", "")


ORPHAN = """
import os, sys, time
from placement.solving.budget import Budget
from placement.parallel.helper import start_worker
process = start_worker()
print(process.pid, flush=True)
os._exit(1)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="asks for processes as POSIX does")
def test_it_ends_when_its_parent_does(tmp_path: Path) -> None:
    """However that ends: its input is closed."""
    script = tmp_path / "orphan.py"
    script.write_text(ORPHAN)
    pid = int(run_script(script).stdout)
    for _ in range(600):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            break
        if is_zombie(pid):
            break
        time.sleep(0.05)
    else:
        pytest.fail("it goes on")


@pytest.mark.skipif(sys.platform == "win32", reason="asks for processes as POSIX does")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_request_to_stop_that_comes_while_it_starts_is_left_to_the_parent(name: str) -> None:
    """A terminal sends Ctrl-C to both: the search would say that its second process failed."""
    process = start_worker()
    process.send_signal(getattr(signal, name))
    process.communicate()
    assert process.returncode == 0


def is_zombie(pid: int) -> bool:
    """Whether a process has ended, and nobody has asked for it yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return False


@pytest.mark.parametrize("broken", [{"executable": ""}, {"executable": "/nowhere/python"}, {"frozen": True}])
def test_without_an_interpreter_the_search_goes_on(
    fleet: Fleet, broken: dict[str, object], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As in a frozen application."""
    for name, value in broken.items():
        monkeypatch.setattr(sys, name, value, raising=False)
    budget = Budget(LONG)
    job = HelperJob(Say(plan(2)), budget, "")
    with caplog.at_level(logging.WARNING), helper_process(Incumbent(fleet, budget), budget, iter([job])):
        time.sleep(0.2)
    assert "the search goes on alone" in caplog.text


def test_an_error_of_the_listener_is_raised(fleet: Fleet) -> None:
    """As it is when the search itself tells of a plan."""
    budget, told = Budget(LONG), threading.Event()

    def listen(_: object) -> None:
        told.set()
        raise ZeroDivisionError

    def jobs() -> Iterator[HelperJob]:
        yield HelperJob(Say(plan(2)), budget, "")

    with pytest.raises(ZeroDivisionError), helper_process(Incumbent(fleet, budget, listen), budget, jobs()):
        told.wait(LONG / 2)


def test_an_error_of_a_task_is_told_of(fleet: Fleet, caplog: pytest.LogCaptureFixture) -> None:
    """With its traceback, and among the faults."""
    budget = Budget(LONG)
    incumbent = Incumbent(fleet, budget, strict=False)
    with (
        caplog.at_level(logging.WARNING),
        helper_process(incumbent, budget, iter([HelperJob(Fail(), budget, "")])),
    ):
        while "alone" not in caplog.text and budget.elapsed() < LONG / 2:
            time.sleep(0.05)
    assert "ZeroDivisionError" in caplog.text
    assert [str(fault) for fault in incumbent.faults] == ["the second process failed: ZeroDivisionError"]


def test_an_error_of_a_task_is_raised_where_all_faults_are(fleet: Fleet) -> None:
    """At the end of the search."""
    budget = Budget(LONG)
    incumbent = Incumbent(fleet, budget, strict=True)

    def search() -> None:
        with helper_process(incumbent, budget, iter([HelperJob(Fail(), budget, "")])):
            while not incumbent.faults and budget.elapsed() < LONG / 2:
                time.sleep(0.05)

    with pytest.raises(SolverBugError, match="the second process failed: ZeroDivisionError"):
        search()


@pytest.mark.parametrize("strict", [False, True])
def test_faults_of_the_second_process_are_told(fleet: Fleet, *, strict: bool) -> None:
    """And raised, when they are to be."""
    incumbent = Incumbent(fleet, Budget(LONG), strict=strict)
    with ExitStack() as stack:
        if strict:
            stack.enter_context(pytest.raises(SolverBugError, match="liar said so"))
        with helper_process(incumbent, Budget(LONG), iter([HelperJob(Lie(plan(2)), Budget(LONG), "second")])):
            while incumbent.best is None and not incumbent.faults:
                time.sleep(0.01)
    assert [str(fault) for fault in incumbent.faults] == ["liar said so (in a part of the search)"]
