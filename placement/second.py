"""A second process at the same problem, for searches that a thread can't have a core of its own for.

Python runs one thread at a time: a search that is not mostly engine takes from the one beside it what it brings
(`beside` has threads, for those that are). The process is told what to do next each time that it is done, and hands
over what it found; it starts with the first task and ends with the search.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from placement.tasks import Limits, perform

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from placement.budget import Budget
    from placement.processes import Processes
    from placement.tasks import Answer, Task
    from placement.track import Track

_log = logging.getLogger(__name__)
_HANDOVER = 0.2  # seconds before the end of a task's time, for the way back
_GRACE = 0.5  # seconds after it when it is given up


class Errand(NamedTuple):
    """A task, its time, and by whom the track is told that its plan was found."""

    task: Task
    budget: Budget
    by: str


@contextmanager
def second_process(track: Track, budget: Budget, errands: Iterator[Errand]) -> Iterator[None]:
    """While inside, errands are run one after the other in a process of its own; each is made when it begins.

    At the end the last is waited for, unless the search has a good enough plan. Where no process can be started the
    search goes on alone, and the log says so.
    """
    from placement.processes import Processes

    pool = Processes(1)
    second = _Second(track, pool, errands)
    try:
        second.begin()
        with budget.stopping(second.hurry):
            yield
            second.end()
    finally:
        second.close()
        pool.kill()


class _Second:
    """The process: what it is at, and until when."""

    def __init__(self, track: Track, pool: Processes, errands: Iterator[Errand]) -> None:
        self._track, self._pool, self._errands = track, pool, errands
        self._running: Future[Answer] | None = None
        self._until = 0.0
        self._closed = False

    def begin(self) -> None:
        """Send it on the next errand, if there is one."""
        errand = next(self._errands, None)
        if errand is None or self._closed:
            return
        seconds = max(0.0, errand.budget.left() - _HANDOVER)
        self._until = time.monotonic() + seconds + _HANDOVER
        limits = Limits(seconds, time.time() + seconds, None, errand.budget.gap, threads=1)
        try:
            self._running = self._pool.submit(perform, errand.task, limits)
        except (OSError, RuntimeError) as error:
            _log.warning("no second process, the search goes on alone: %s", error)
            return
        self._running.add_done_callback(lambda future: self._take(future, errand.by))

    def _take(self, future: Future[Answer], by: str) -> None:
        """Hand on what it found, and let it go on; called in another thread."""
        if future.cancelled() or self._closed:
            return
        error = future.exception()
        if error is not None:
            _log.warning("the second process failed, the search goes on alone: %s", error)
            return
        packing = future.result().packing
        if packing is not None:
            self._track.offer(packing, by)
        self.begin()

    def hurry(self) -> None:
        """Ask it to come back with what it has."""
        self._pool.interrupt()
        self._until = min(self._until, time.monotonic())

    def end(self) -> None:
        """Wait for what it is at."""
        while self._running is not None and not self._running.done() and not self._track.good_enough:
            late = time.monotonic() - self._until
            if late > _GRACE:
                break
            wait([self._running], timeout=max(0.01, min(_HANDOVER, _GRACE - late)))

    def close(self) -> None:
        """Take nothing any more."""
        self._closed = True
