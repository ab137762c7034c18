"""Work that a search does, counted in steps that are the same on every machine, so that a limit on it means something.

A step is a cell of a knapsack's table, about a nanosecond of one core. What engines do is counted in as many steps as
that takes time, about (`engines/parameters.py`). Who does the work counts it, wherever that is in the code, and the
counter is that of the search which is `counted` around it. Engines end at a limit where they come by at the same point
everywhere: CP-SAT by its own deterministic clock, HiGHS between the rounds of an integer program. Nothing else is cut
short.

A unit of work of the solvers that are limited so is as many steps as a second has nanoseconds.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PER_SECOND: Final = 1_000_000_000  # about (docs/notes/2026-11-parameters.md, "Steps")

_counter: ContextVar[StepCounter | None] = ContextVar("steps", default=None)


class StepCounter:
    """Steps of one search."""

    def __init__(self) -> None:
        """None yet."""
        self.spent = 0.0


def count_steps(steps: Callable[[], float]) -> None:
    """Count steps that were done, which are worked out if anybody wants to know."""
    counter = _counter.get()
    if counter is not None:
        counter.spent += steps()


class StepLimit:
    """So many steps of a counter, and parts of what is left of them."""

    def __init__(self, counter: StepCounter, most: float) -> None:
        """Until the counter is at `most`."""
        self._counter, self._most = counter, most

    @property
    def spent(self) -> float:
        """How many the counter has."""
        return self._counter.spent

    @property
    def left(self) -> float:
        """How many are left."""
        return max(0.0, self._most - self._counter.spent)

    def share(self, fraction: float, most: float = math.inf) -> StepLimit:
        """A fraction of those that are left, and no more than so many."""
        return StepLimit(self._counter, self._counter.spent + min(most, fraction * self.left))


@contextmanager
def counted(counter: StepCounter) -> Iterator[None]:
    """Within it, steps of this thread are counted there."""
    token = _counter.set(counter)
    try:
        yield
    finally:
        _counter.reset(token)
