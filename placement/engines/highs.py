"""HiGHS without its banner, its status never ignored.

Three traps of its Python interface are closed here: the constructor prints a banner to the process's standard output
(where a plan in JSON may be going); a failed run raises nothing and reads as objective 0; and a second solver in one
thread fails when it asks for another number of threads than the first did, so all here run on `THREADS`.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import highspy

from placement.errors import PlacementError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

THREADS = 1
_POLL = 0.05  # seconds between two looks whether a run is to stop


class EngineError(PlacementError):
    """An engine refused its input or failed; what it returned is worth nothing."""


class QuietHighs(highspy.Highs):
    """A solver that prints nothing, ever."""

    def enableCallbacks(self) -> None:
        """Turn output off before the first call that would print the banner."""
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]


def load_lp(lp: highspy.HighsLp, **options: bool | int | float | str) -> QuietHighs:
    """A quiet solver with `lp` loaded and `options` set.

    Raises
    ------
    EngineError
        HiGHS refused an option or the model.
    """
    solver = QuietHighs()  # type: ignore[no-untyped-call]
    for name, value in {"threads": THREADS, **options}.items():
        if solver.setOptionValue(name, value) == highspy.HighsStatus.kError:
            raise EngineError(f"HiGHS refused the option {name} = {value}")
    if solver.passModel(lp) == highspy.HighsStatus.kError:
        raise EngineError("HiGHS refused the model")
    return solver


def run(solver: highspy.Highs) -> highspy.HighsModelStatus:
    """Run and return the model status.

    Raises
    ------
    EngineError
        The run failed: there is no status to read.
    """
    if solver.run() == highspy.HighsStatus.kError:
        raise EngineError(f"HiGHS failed: {solver.modelStatusToString(solver.getModelStatus())}")
    return solver.getModelStatus()


@contextmanager
def stopped_when(ended: Callable[[], bool], solver: highspy.Highs) -> Iterator[None]:
    """While this is open, what runs in the solver stops soon after `ended`, of which another thread keeps asking.

    HiGHS can ask by itself, but does so more than a thousand times a second and waits for Python's lock each time:
    beside another busy thread of Python it is many times slower so. Its questions are let through only when the answer
    is yes.
    """
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_POLL):
            if ended():
                for event in (solver.cbMipInterrupt, solver.cbSimplexInterrupt, solver.cbIpmInterrupt):
                    event.subscribe(_stop)
                return

    watcher = threading.Thread(target=watch, name="placement-watcher", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _stop(event: Any) -> None:
    event.interrupt()
