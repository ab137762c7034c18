"""Shortcuts taken away, so that small problems are not settled before the part of a solver that is to be tried.

Each stand-in is sound: it finds nothing, or less than what it stands for. In a large fleet that is what happens when
its time is up.
"""

from __future__ import annotations

import os
import pickle
import threading
import traceback
from typing import TYPE_CHECKING, Any

from placement.bounds.infeasible import culprit
from placement.compiled.fleet import FleetPool
from placement.heuristics import HeuristicOptions, solve_ffd
from placement.parallel.worker import STOP
from placement.vector_packing import solve as vector_packing
from placement.vector_packing.patterns import FoundPatterns, PatternSearch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from placement.arrays import Ints
    from placement.compiled.fleet import Fleet
    from placement.solving.budget import Budget
    from placement.solving.context import Solve
    from placement.vector_packing.certificate import PackingCut
    from placement.vector_packing.generation import Generation

_steps = vars(vector_packing)["_steps"]


def no_reason(fleet: Fleet, budget: Budget | None = None) -> str | None:
    """In place of `why_infeasible`: nothing is seen at once but pools that can't hold what must stay."""
    found = culprit(fleet)
    return f"{found.name} is over its quota" if isinstance(found, FleetPool) else None


def no_volume(fleet: Fleet, finest: int = 0, budget: Budget | None = None) -> int:
    """In place of `volume_bound`: nothing costs less than nothing."""
    return 0


def no_bounds(solve: Solve) -> None:
    """In place of `raise_instant_bounds`."""


def no_plan(solve: Solve) -> None:
    """In place of `first_plan`: the exact solver has to find one."""


def poor_plan(solve: Solve) -> None:
    """In place of `first_plan`: whatever first-fit comes to at its first try."""
    if solve.packing is None:
        solve_ffd(solve, options=HeuristicOptions(restarts=1, ejections=5))


def never(*args: Any) -> bool:
    """In place of whether something may be done."""
    return False


def always(*args: Any) -> bool:
    """The same."""
    return True


def nothing(*args: Any, **kwargs: Any) -> None:
    """In place of what only reports what it found."""


def no_cuts(problem: object) -> list[PackingCut]:
    """In place of cuts."""
    return []


def steps_reversed(
    generation: Generation, cuts: list[PackingCut], seed: int, *, stopped: bool
) -> Iterator[Callable[[], object]]:
    """The steps of the packing core, the last first: they stand alone, and so the late ones have something to do."""
    return iter([*_steps(generation, cuts, seed, stopped=stopped)][::-1])


class Nearsighted(PatternSearch):
    """In place of the search for patterns of one bin type: it finds none, and knows of no limit but that of all copies.

    What comes after it, a list of all patterns, has to say which there are.
    """

    def find(self, value: Ints, limit: Ints, threshold: int, stop: Callable[[], bool]) -> FoundPatterns:
        """Nothing."""
        return FoundPatterns((), int((value * limit).sum()), complete=False)


class InThread:
    """In place of the second process: a thread at the other end of two pipes, which speaks the worker's protocol."""

    def __init__(self) -> None:
        """Begin to listen."""
        ours, theirs = os.pipe(), os.pipe()
        self._tasks, self.stdin = os.fdopen(ours[0], "rb"), os.fdopen(ours[1], "wb")
        self.stdout, self._answers = os.fdopen(theirs[0], "rb"), os.fdopen(theirs[1], "wb")
        self._budget: Budget | None = None
        self._stopped = False
        threading.Thread(target=self._listen, name="fuzz-listener", daemon=True).start()

    def _listen(self) -> None:
        try:
            while True:
                message = pickle.load(self._tasks)
                if message == STOP:
                    self._stopped = True
                    self.kill()
                else:
                    threading.Thread(target=self._do, args=message, name="fuzz-task", daemon=True).start()
        except (EOFError, OSError, ValueError):
            self.kill()
        finally:
            self._tasks.close()

    def _do(self, task: Any, limits: Any) -> None:
        self._budget = budget = limits.budget()
        if self._stopped:
            budget.interrupt()
        try:
            answer: Any = task.run(budget)
        except Exception:
            answer = traceback.format_exc()
        try:
            pickle.dump(answer, self._answers)
            self._answers.flush()
        except (OSError, ValueError):
            self._answers.close()

    def kill(self) -> None:
        """Ask what runs to end."""
        if self._budget is not None:
            self._budget.interrupt()

    def wait(self) -> int:
        """Be gone: the listener is, once the other end of its pipe is closed."""
        return 0
