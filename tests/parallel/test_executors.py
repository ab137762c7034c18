"""The same answer wherever the parts run; what fails there is done here; requests to stop arrive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement import Problem, Result
from placement.errors import UsageError
from placement.parallel.executors import Processes, heeding_interrupts, open_executor, workers_of
from placement.parallel.job import TaskAnswer
from placement.solvers.decomposition.tasks import run_tasks
from placement.solving.budget import Budget
from placement.solving.steps import count_steps
from tests.heuristics.fleets import suite
from tests.referee import referee_check

if TYPE_CHECKING:
    from collections.abc import Iterator

OPTIONS = {"copies": 25, "solver": "greedy"}


def answer(executor: Executor | None) -> Result:
    """A fleet of 20 components in six parts or more, within a work limit."""
    document = suite("exclusive", 20, 2)
    result = placement.solve(
        Problem(**document),
        "decomposition",
        time_limit=None,
        work=2,
        threads=1,
        options=dict(OPTIONS),
        executor=executor,
    )
    broken, _ = referee_check(document, result.to_document())
    assert broken == []
    assert int(result.to_document()["stats"]["parts"]) >= 6
    return result


@pytest.fixture(scope="module")
def here() -> Result:
    """The answer without an executor."""
    return answer(None)


def test_a_process_pool_gives_the_same_answer(here: Result) -> None:
    """Two processes."""
    with open_executor("processes", workers=2) as pool:
        assert pool is not None
        assert workers_of(pool) == 2
        other = answer(pool)
    assert (other.packing, other.cost, other.bound) == (here.packing, here.cost, here.bound)


@pytest.mark.slow
def test_threads_give_the_same_answer(here: Result) -> None:
    """Any executor of the standard library will do."""
    with ThreadPoolExecutor(3) as pool:
        other = answer(pool)
    assert (other.packing, other.cost, other.bound) == (here.packing, here.cost, here.bound)


@pytest.fixture(scope="module")
def dask_address() -> Iterator[str]:
    """A real Dask cluster on this machine: a scheduler and two workers."""
    distributed = pytest.importorskip("distributed", reason="the extra `distributed` is not installed")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp", host="127.0.0.1"
    )
    try:
        yield cluster.scheduler_address
    finally:
        cluster.close()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Dask's own, of a slow machine or of sockets that close late
def test_a_dask_cluster_gives_the_same_answer(here: Result, dask_address: str) -> None:
    """By the scheduler's address, as on the command line."""
    with open_executor("dask", scheduler=dask_address) as cluster:
        assert cluster is not None
        assert workers_of(cluster) == 2
        other = answer(cluster)
    assert (other.packing, other.cost, other.bound) == (here.packing, here.cost, here.bound)


class Broken(Executor):
    """An executor on which nothing ever works: it refuses every second call and fails the others."""

    def __init__(self) -> None:
        self.calls = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Fail in one of two ways."""
        self.calls += 1
        if self.calls % 2:
            raise RuntimeError("the cluster is gone")
        future: Future[Any] = Future()
        future.set_exception(OSError("a worker died"))
        return future


@pytest.mark.slow
def test_an_executor_that_breaks_costs_nothing_but_time(here: Result, caplog: pytest.LogCaptureFixture) -> None:
    """Every part is solved here instead, and it is said why."""
    broken = Broken()
    other = answer(broken)
    assert broken.calls > 6
    assert (other.packing, other.cost, other.bound) == (here.packing, here.cost, here.bound)
    assert "the cluster is gone" in caplog.text
    assert "a worker died" in caplog.text


class Wait:
    """A task that works until its budget ends it."""

    weight = 1.0

    def run(self, budget: Budget) -> TaskAnswer:
        """Do nothing for as long as allowed."""
        while not budget.over():
            time.sleep(0.01)
        return TaskAnswer(bounds=((7, "waited", None, ""),))


def test_the_deadline_reaches_the_parts() -> None:
    """Tasks that would go on for ever end with the budget, and answer."""
    with ThreadPoolExecutor(2) as pool:
        budget = Budget(seconds=0.3, executor=pool)
        found = sorted(index for index, _ in run_tasks([Wait(), Wait()], budget))  # type: ignore[list-item]
    assert found == [0, 1]


def test_an_interrupt_reaches_the_processes() -> None:
    """Without a deadline: only the request to stop can end these."""
    with open_executor("processes", workers=1) as pool:
        budget = Budget(executor=pool)
        assert pool is not None
        assert pool.submit(os.getpid).result() != os.getpid()  # it is up: what is timed is the work
        threading.Timer(0.3, budget.interrupt).start()
        found = [index for index, _ in run_tasks([Wait(), Wait()], budget)]  # type: ignore[list-item]
    assert found == [0]


def test_without_a_pool_there_is_nothing_to_heed() -> None:
    """In a process of no pool the call changes nothing."""
    called: list[int] = []
    with heeding_interrupts(lambda: called.append(1)):
        pass
    assert called == []


def test_an_error_of_a_solver_is_raised_here() -> None:
    """An executor must not hide a bug: the task is done again here, and fails here."""
    with ThreadPoolExecutor(1) as pool, pytest.raises(ZeroDivisionError):
        list(run_tasks([Bug()], Budget(executor=pool)))  # type: ignore[list-item]


class Bug:
    """A task with a bug."""

    weight = 1.0

    def run(self, budget: Budget) -> TaskAnswer:
        """Fail."""
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("kind", "scheduler", "words"),
    [
        ("procs", None, 'no executor "procs"; did you mean "processes"'),
        ("dask", None, "needs the address of a scheduler"),
        ("local", "tcp://127.0.0.1:1", "a scheduler was given, but the executor is local"),
    ],
)
def test_a_call_that_means_nothing_is_refused(kind: str, scheduler: str | None, words: str) -> None:
    """With the way out."""
    with pytest.raises(UsageError, match=words), open_executor(kind, scheduler=scheduler):
        pass


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the extra that brings it."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    words = r"pip install \"gpu-placement\[distributed\]\""
    with pytest.raises(UsageError, match=words), open_executor("dask", scheduler="tcp://127.0.0.1:1"):
        pass


def test_processes_answer_to_their_parent_alone() -> None:
    """A Ctrl-C that the terminal sends to all of them must not kill the workers."""
    with Processes(1) as pool:
        assert pool.submit(signal.getsignal, signal.SIGINT).result() == signal.SIG_IGN


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_no_process_outlives_a_parent_that_is_killed() -> None:
    """They share its standard output, which has an end only when the last of them is gone."""
    code = (
        "import os, time; from placement.parallel.executors import Processes\n"
        "if __name__ == '__main__':\n"
        "    pool = Processes(2)\n"
        "    for future in [pool.submit(time.sleep, 0.2) for _ in range(2)]: future.result()\n"
        "    print('ready', flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        parent.kill()
        assert parent.communicate(timeout=600)[0] == b""


@dataclass(frozen=True)
class Overdone:
    """A task that takes twice the work that it was given, of which it keeps a note."""

    weight: float
    given: list[float]

    def run(self, budget: Budget) -> TaskAnswer:
        """Nothing but work."""
        self.given.append(budget.steps_left())
        count_steps(2 * budget.steps_left())
        return TaskAnswer()


def test_work_is_dealt_out_before_the_first_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """By weight, whatever others take; and what they took is counted, wherever they ran."""
    monkeypatch.setattr("placement.solving.budget.PER_SECOND", 1_000)
    monkeypatch.setattr("placement.solvers.decomposition.tasks.PER_SECOND", 1_000)
    with ThreadPoolExecutor(1) as pool:
        for executor in (None, pool):
            given: list[float] = []
            budget = Budget(work=8, executor=executor)
            tasks: list[Any] = [Overdone(1.0, given), Overdone(3.0, given)]
            assert len(list(run_tasks(tasks, budget.share(0.5)))) == 2
            assert (given, budget.steps_left()) == ([1_000, 3_000], 0)
