"""How long a solve may go on: a deadline, a limit on work, a gap that is good enough, and an interrupt."""

from __future__ import annotations

import math
import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from placement.solving.steps import PER_SECOND, step_counter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor

POLL: Final = 0.05  # seconds between two looks at whether a search is to end, for those who wait for something else


def cores() -> int:
    """How many cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LeftBehindError(BaseException):
    """Raised in a search that goes on after its solve has ended: nobody takes what it may still find."""


class Budget:
    """Limits of one solve, shared by everything that takes part in it. Thread-safe; its limits never change.

    `seconds`: wall-clock limit, counted from now; None for no limit.
    `work`: limit on work (`solving.steps`), counted from now on in this thread; a unit is about a second of one core.
        With it solvers run single-threaded and give the same answer every time, on every machine.
    `gap`: relative gap at which a plan is good enough; 0 asks for a proof.
    `threads`: most threads an engine may use.
    `executor`: where independent parts of the solve may run; None for one after the other in this process.
    """

    def __init__(
        self,
        seconds: float | None = None,
        work: float | None = None,
        gap: float = 0.0,
        threads: int | None = None,
        executor: Executor | None = None,
    ) -> None:
        self.seconds: Final = seconds
        self.work: Final = work
        self.gap: Final = gap
        self.threads: Final = threads
        self.executor: Final = executor
        self._started = time.monotonic()
        self._parent: Budget | None = None
        self._interrupt = _Interrupt()
        self._counter = step_counter()
        self._first_step = self._counter.spent
        self._last_step = math.inf if work is None else self._first_step + round(work * PER_SECOND)

    def elapsed(self) -> float:
        """Seconds since the budget was made."""
        return time.monotonic() - self._started

    def left(self) -> float:
        """Seconds left; infinity without a limit, 0 when over or interrupted.

        Raises LeftBehindError: the solve has ended without this search (see `leave_behind`).
        """
        self.check()
        if self.interrupted:
            return 0.0
        own = math.inf if self.seconds is None else max(0.0, self.seconds - self.elapsed())
        return own if self._parent is None else min(own, self._parent.left())

    def steps_left(self) -> float:
        """Steps left (`solving.steps`); infinity where they are not limited."""
        return max(0.0, self._last_step - self._counter.spent)

    def clock(self) -> float:
        """What tells how long something takes: seconds, or steps where they are limited, as seconds that they take.

        Only differences mean anything. Searches that go by it take the same way everywhere under a limit on work.
        """
        return self.elapsed() if self.work is None else (self._counter.spent - self._first_step) / PER_SECOND

    def remaining(self) -> float:
        """What is left on that clock."""
        return min(self.left(), self.steps_left() / PER_SECOND)

    @property
    def interrupted(self) -> bool:
        """Whether someone asked to stop (Ctrl-C)."""
        return self._interrupt.asked.is_set()

    def over(self) -> bool:
        """Whether to stop now: out of time or of steps, or interrupted."""
        return self.cut_short() or self.steps_left() <= 0

    def cut_short(self) -> bool:
        """Whether what is running is to be stopped: `over`, but not of steps, at which nothing is cut short."""
        return self.left() <= 0.0

    def check(self) -> None:
        """LeftBehindError when nobody waits for the search any more; for long steps that can't be cut short."""
        if self._interrupt.left_behind:
            raise LeftBehindError

    def leave_behind(self) -> None:
        """The solve ends without its search. Each later look of the search at this budget, or a part of it, ends it.

        Left alone it would go on for as long as its steps take, at the cost of whatever the process does next.
        """
        self._interrupt.left_behind = True

    def interrupt(self) -> None:
        """Ask everything that shares this budget to stop and return what it has. Safe to call from any thread."""
        self._interrupt.ask()

    @contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """While inside, an interrupt calls `stop`: for engines that can't poll. At once when already interrupted."""
        with self._interrupt.calling(stop):
            yield

    def shortened(self, seconds: float) -> Budget:
        """The same limits from the same start, with so many seconds less; takes this one's place."""
        limit = None if self.seconds is None else self.seconds - seconds
        other = Budget(limit, self.work, self.gap, self.threads, self.executor)
        other._started, other._parent, other._interrupt = self._started, self._parent, self._interrupt
        other._counter, other._first_step, other._last_step = self._counter, self._first_step, self._last_step
        return other

    def share(
        self,
        fraction: float = 1.0,
        *,
        seconds: float | None = None,
        work: float | None = None,
        gap: float | None = None,
        alone: bool = False,
    ) -> Budget:
        """A budget inside this one: a fraction of the time and work left, at most `seconds` and `work`.

        It ends when this one ends. Under a limit on work `seconds` are so many of work: the clock must not decide what
        is found. `gap` replaces this one's. What is `alone` is budgeted as if it ran in another process: it has no
        executor, and all of `work`, whatever is left of it here.
        """
        left, most = self.left() * fraction, math.inf if work is None else work
        if seconds is not None and self.work is None:
            left = min(left, seconds)
        elif seconds is not None:
            most = min(most, seconds)
        if not alone:
            most = min(most, fraction * self.steps_left() / PER_SECOND)
        part = Budget(
            None if math.isinf(left) else left,
            None if math.isinf(most) else most,
            self.gap if gap is None else gap,
            self.threads,
            None if alone else self.executor,
        )
        part._parent = self if self._parent is None else self._parent
        part._interrupt = self._interrupt
        return part


class _Interrupt:
    """A request to stop, shared by a budget and all parts of it, and what to call when it comes."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.left_behind = False
        self._lock = threading.Lock()
        self._stoppers: list[Callable[[], None]] = []

    def ask(self) -> None:
        self.asked.set()
        with self._lock:
            stoppers = list(self._stoppers)
        for stop in stoppers:
            stop()

    @contextmanager
    def calling(self, stop: Callable[[], None]) -> Iterator[None]:
        with self._lock:
            self._stoppers.append(stop)
        try:
            if self.asked.is_set():
                stop()
            yield
        finally:
            with self._lock:
                self._stoppers.remove(stop)
