"""A search beside another one, in a thread of its own.

Engines let Python go on while they work, so two searches on two cores get in each other's way little, as long as one
of them is mostly engine. Both report to the same incumbent; either may end the other by a proof.

An engine asks at every node whether it is to go on, and waits for the other thread to let Python go: up to 5 ms each
time as Python is set, which doubles the time of an integer program of some thousand nodes. So threads take shorter
turns while a search is in the background.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from placement.parallel.parameters import ThreadParameters as _PARAMS
from placement.solving.budget import Budget, cores
from placement.solving.incumbent import SEARCH

Answer = TypeVar("Answer")


def may_search_in_background(budget: Budget) -> bool:
    """Whether there is a second core for it, and whether the answer may depend on how fast the machine is."""
    return budget.work is None and min(cores(), budget.threads or cores()) > 1


class _ShortTurns:
    """Python's threads take shorter turns from the first search that begins to the last that ends."""

    def __init__(self) -> None:
        self._lock, self._searches, self._before = threading.Lock(), 0, 0.0

    @contextmanager
    def during(self) -> Iterator[None]:
        """While one search goes on. The interpreter's setting is for all threads, and is put back at the end."""
        with self._lock:
            if not self._searches:
                self._before = sys.getswitchinterval()
                sys.setswitchinterval(min(self._before, _PARAMS.switch))
            self._searches += 1
        try:
            yield
        finally:
            with self._lock:
                self._searches -= 1
                if not self._searches:
                    sys.setswitchinterval(self._before)


_SHORT_TURNS = _ShortTurns()


class BackgroundSearch(Generic[Answer]):
    """A search that has begun."""

    def __init__(self, search: Callable[[], Answer], budget: Budget) -> None:
        """Begin it. It must end by itself when the budget is over or the incumbent is good enough."""
        self._search, self._budget = search, budget
        self._answer: Answer | None = None
        self._error: BaseException | None = None
        self._done = threading.Event()
        threading.Thread(target=self._run, name=f"{SEARCH}-beside", daemon=True).start()

    @property
    def ended(self) -> bool:
        """Whether `end` would not wait."""
        return self._done.is_set()

    def end(self) -> Answer | None:
        """Wait for its end and return what it says; None when it goes on though its time is over.

        Raises BaseException: whatever the search raised.
        """
        while not self._done.wait(timeout=0.1):
            if self._budget.over() and not self._done.wait(timeout=_PARAMS.late):
                return None
        if self._error is not None:
            raise self._error
        return self._answer

    def _run(self) -> None:
        try:
            with _SHORT_TURNS.during():
                self._answer = self._search()
        except BaseException as error:
            self._error = error
        finally:
            self._done.set()
