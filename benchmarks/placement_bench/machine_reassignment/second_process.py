"""One process beside this one, given one task at a time; the caller works meanwhile, and then takes the answer.

The process is that of `placement.parallel.helper`, which talks to an incumbent; this one is for searches that have
none. Where no process can be started, or it dies, there is no answer, and the log says why.
"""

from __future__ import annotations

import logging
import pickle
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from placement.errors import SolverBugError
from placement.parallel.helper import start_worker
from placement.parallel.job import TaskLimits
from placement.parallel.worker import STOP

if TYPE_CHECKING:
    import subprocess
    from types import TracebackType

    from placement.solving.budget import Budget

_log = logging.getLogger(__name__)


class TaskProcess:
    """A context manager: the process starts with the first task and is killed at the end."""

    def __init__(self) -> None:
        """Nothing is started yet."""
        self._process: subprocess.Popen[bytes] | None = None
        self._failed = False

    def __enter__(self) -> Self:
        """Be closed at the end."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill it, whatever it is at."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                pipe and pipe.close()

    def start(self, task: Any, budget: Budget, reserve: float) -> None:
        """Give it a task that ends `reserve` seconds before the budget does; the answer is taken by `wait`."""
        seconds = max(0.0, budget.left() - reserve)
        try:
            if self._process is None and not self._failed:
                self._process = start_worker()
            self._send((task, TaskLimits(seconds, time.time() + seconds, None, budget.gap, threads=1)))
        except OSError as error:
            self._give_up(error)

    def wait(self, *, hurry: bool = False) -> Any:
        """The answer of the task; None when there is none. `hurry` asks it to come back with what it has.

        Raises
        ------
        SolverBugError
            The task raised an exception.
        """
        if self._process is None or self._failed:
            return None
        try:
            if hurry:
                self._send(STOP)
            assert self._process.stdout is not None
            answer = pickle.load(self._process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            self._give_up(error)
            return None
        if isinstance(answer, str):
            raise SolverBugError(f"a task in the second process failed: {answer.strip().rpartition(chr(10))[2]}")
        return answer

    def _send(self, message: object) -> None:
        if self._process is None or self._failed:
            return
        assert self._process.stdin is not None
        pickle.dump(message, self._process.stdin)
        self._process.stdin.flush()

    def _give_up(self, error: Exception) -> None:
        _log.warning("the second process failed, the search goes on alone: %s", error)
        self._failed = True
