"""Work that a search does, counted in steps that are the same on every machine, so that a limit on it means something.

A step is a cell of a knapsack's table, about a nanosecond of one core. What engines do is counted in as many steps as
that takes time, about (`engines/parameters.py`). Who does the work counts it, wherever that is in the code, with the
counter of its thread. Engines end at a limit where they come by at the same point everywhere: CP-SAT by its own
deterministic clock, HiGHS between the rounds of an integer program. Nothing else is cut short.

A unit of work is as many steps as a second has nanoseconds.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

PER_SECOND: Final = 1_000_000_000  # about (docs/notes/2026-11-parameters.md, "Steps")


class StepCounter:
    """Steps of one thread, or of one search."""

    def __init__(self) -> None:
        self.spent = 0


class _Thread(threading.local):
    """What is of each thread its own."""

    def __init__(self) -> None:
        self.counter = StepCounter()


_THREAD = _Thread()


def step_counter() -> StepCounter:
    return _THREAD.counter


def count_steps(steps: float) -> None:
    """Count steps that were done, as an integer: what rounding adds must not depend on what was counted before."""
    _THREAD.counter.spent += round(steps)


def forget_steps() -> None:
    """This thread counts with another counter from now on: who still has the old one counts for nobody."""
    _THREAD.counter = StepCounter()


@contextmanager
def counted(counter: StepCounter) -> Iterator[StepCounter]:
    """Within it, steps of this thread are counted there."""
    before, _THREAD.counter = _THREAD.counter, counter
    try:
        yield counter
    finally:
        _THREAD.counter = before
