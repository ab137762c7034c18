"""Processes of this machine, as an executor.

Those of the standard library import the main module of whoever starts them: a script without a guard would run again in
each of them, and a notebook has nothing to import. Those of loky do not, and they start afresh, as a copy of a process
with threads may hang.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from loky import ProcessPoolExecutor
from loky.backend import get_context

from placement.interrupts import ignoring_interrupts

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event


class Processes(ProcessPoolExecutor):  # type: ignore[misc]  # loky has no types
    """A process pool whose running calls can be asked to end."""

    def __init__(self, workers: int | None = None) -> None:
        """One process a core by default; they start with the first call."""
        self._stop: Event = get_context("loky").Event()
        super().__init__(workers or os.cpu_count() or 1, initializer=ignoring_interrupts, initargs=(self._stop,))

    def interrupt(self) -> None:
        """Ask the calls that run, and those to come, to end with what they have."""
        self._stop.set()

    def kill(self) -> None:
        """End the processes, whatever they are at."""
        self.shutdown(wait=True, kill_workers=True)
