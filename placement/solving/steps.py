"""Work that a search does, counted in steps that are the same on every machine, so that a limit on it means something.

A step is a cell of a knapsack's table, about a nanosecond of one core. What engines do is counted in as many steps as
that takes time, about (`engines/parameters.py`). Who does the work counts it, wherever that is in the code, and the
counter is that of the search which is `counted` around it. Engines are not cut short, as they could not be at the same
point everywhere: what has begun is finished.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    def left(self) -> float:
        """How many are left."""
        return max(0.0, self._most - self._counter.spent)

    def share(self, fraction: float) -> StepLimit:
        """A fraction of those that are left."""
        return StepLimit(self._counter, self._counter.spent + fraction * self.left)


@contextmanager
def counted(counter: StepCounter) -> Iterator[None]:
    """Within it, steps of this thread are counted there."""
    token = _counter.set(counter)
    try:
        yield
    finally:
        _counter.reset(token)
