"""What a second process runs: tasks that come on its standard input, answers on its standard output.

It ends when the other end of its input is closed, however that came about, and whatever it is at then.
"""

import os
import pickle
import queue
import signal
import sys
import threading
import traceback
from typing import Any, BinaryIO

from placement.solving.budget import Budget

STOP = "stop"  # a message: come back with what there is
# Signals that whoever started this answers; a terminal sends them to its whole group.
LEFT_TO_THE_PARENT = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class _Inbox:
    """What is asked for, as it comes; a request to stop reaches the task that runs."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._tasks: queue.SimpleQueue[tuple[Any, Any]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._stopped = False
        self._budget: Budget | None = None
        threading.Thread(target=self._read, name="placement-inbox", daemon=True).start()

    def next_task(self) -> tuple[Any, Budget]:
        """Wait for a task; its budget starts now."""
        task, limits = self._tasks.get()
        budget: Budget = limits.budget()
        with self._lock:
            self._budget = budget
            if self._stopped:
                budget.interrupt()
        return task, budget

    def _read(self) -> None:
        try:
            while True:
                message = pickle.load(self._stream)
                if message == STOP:
                    with self._lock:
                        self._stopped = True
                        if self._budget is not None:
                            self._budget.interrupt()
                else:
                    self._tasks.put(message)
        finally:
            os._exit(0)  # nobody listens any more


def main() -> None:
    """Work until nobody listens."""
    for number in LEFT_TO_THE_PARENT:
        signal.signal(number, signal.SIG_IGN)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # an engine that prints must not print among the answers
    inbox = _Inbox(sys.stdin.buffer)
    while True:
        task, budget = inbox.next_task()
        try:
            answer: Any = task.run(budget)
        except Exception:
            answer = traceback.format_exc()
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    main()
