"""A second process at the same problem, for searches that a thread can't have a core of its own for.

Python runs one thread at a time: a search that is not mostly engine takes from the one beside it what it brings
(`thread` has threads, for those that are). The process (`worker`) is told what to do next each time that it is done,
and hands over what it found; it starts with the first task and ends with the search.

It is a plain subprocess and not one of a pool: it imports no main module, so a script needs no guard; it ends when this
process does, however that ends; and it can be killed at once.
"""

import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from placement.errors import SolverBugError
from placement.parallel.job import Task, TaskAnswer, TaskLimits
from placement.parallel.parameters import HelperParameters as _PARAMS
from placement.parallel.worker import LEFT_TO_THE_PARENT, STOP
from placement.solving.budget import Budget
from placement.solving.incumbent import SEARCH, Incumbent

_log = logging.getLogger(__name__)


class HelperJob(NamedTuple):
    """A task, its time, and by whom the incumbent is told that its plan was found; or who takes the answer instead."""

    task: Task
    budget: Budget
    by: str
    take: Callable[[TaskAnswer], None] | None = None


@contextmanager
def helper_process(incumbent: Incumbent, budget: Budget, jobs: Iterator[HelperJob]) -> Iterator[None]:
    """While inside, jobs are run one after the other in a process of its own; each is made when it begins.

    A generator of jobs is closed when the process has ended: a job that has not taken its answer by then gets none.

    At the end the last is asked for what it has, unless the search has a good enough plan. Where no process can be
    started, or it fails, the search goes on alone, and the log says so.
    """
    second = _HelperProcess(incumbent, jobs)
    try:
        with budget.stopping(second.hurry):
            yield
            if not incumbent.good_enough:
                second.hurry()
                second.wait()
    finally:
        second.close()


class _TaskError(EOFError):
    """A task failed; the text is its traceback."""


class _HelperProcess:
    """The process, and the thread that tells it what to do."""

    def __init__(self, incumbent: Incumbent, jobs: Iterator[HelperJob]) -> None:
        self._incumbent, self._jobs = incumbent, jobs
        self._process: subprocess.Popen[bytes] | None = None
        self._write = threading.Lock()
        self._ending = self._closed = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"{SEARCH}-second", daemon=True)
        self._thread.start()

    def hurry(self) -> None:
        """Ask it to come back with what it has; nothing new is begun."""
        self._ending = True
        threading.Thread(target=self._send, args=(STOP,), daemon=True).start()  # the pipe may be full

    def wait(self) -> None:
        """Wait for it a little, and raise what was raised where its plans were told of."""
        self._thread.join(_PARAMS.handover + _PARAMS.grace)
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Take nothing any more."""
        self._ending = self._closed = True
        if self._process is not None:
            self._process.kill()

    def _run(self) -> None:
        try:
            with suppress(StopIteration):
                while not self._ending:
                    self._do(next(self._jobs))
        except (OSError, EOFError, ValueError) as error:  # it could not be started, or it died
            if not self._closed:
                _log.warning("the second process failed, the search goes on alone: %s", error)
                self._blame(error)
        except BaseException as error:
            self._error = error
        finally:
            if isinstance(self._jobs, Generator):
                self._jobs.close()  # whoever made the last job hears that nobody does it
            if self._process is not None:
                self._process.kill()
                self._process.wait()
                for pipe in (self._process.stdin, self._process.stdout):
                    with suppress(OSError):
                        pipe and pipe.close()

    def _blame(self, error: Exception) -> None:
        """A task that failed is a fault of ours; that memory ran out, or that the process died, is none."""
        what = str(error).strip().rpartition("\n")[2]
        if isinstance(error, _TaskError) and not what.startswith("MemoryError"):
            try:
                self._incumbent.blame("the second process", f"failed: {what}")
            except SolverBugError as strict:
                self._error = strict

    def _do(self, job: HelperJob) -> None:
        if self._process is None:
            self._process = start_worker()
        seconds = max(0.0, job.budget.left() - _PARAMS.handover)
        self._send((job.task, TaskLimits(seconds, time.time() + seconds, None, job.budget.gap, threads=1)))
        if self._ending:
            self._send(STOP)
        assert self._process.stdout is not None
        try:
            answer: TaskAnswer | str = pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError):  # nothing came, or a part
            raise EOFError("it ended without an answer") from None
        if isinstance(answer, str):
            raise _TaskError(answer)
        self._incumbent.note_faults(answer.faults)
        if job.take is not None:
            job.take(answer)
        elif answer.packing is not None and not self._closed:
            self._incumbent.offer(answer.packing, job.by)

    def _send(self, message: object) -> None:
        process = self._process
        if process is None or process.stdin is None:
            return
        with self._write, suppress(OSError, ValueError):  # one that has died is found out by its silence
            pickle.dump(message, process.stdin)
            process.stdin.flush()


def start_worker() -> subprocess.Popen[bytes]:
    """The process, which finds modules where this one does.

    Raises OSError: it can't be started: there is no interpreter to be found, as in a frozen application.
    """
    if not sys.executable or getattr(sys, "frozen", False):
        raise OSError("this is not a Python interpreter")
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    with _deaf():
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "placement.parallel.worker"],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )


@contextmanager
def _deaf() -> Iterator[None]:
    """What starts inside hears no Ctrl-C: it would die of one that comes before it can say that it ignores them."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, LEFT_TO_THE_PARENT)  # of this thread, and what it starts
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
