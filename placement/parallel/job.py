"""Tasks that can run in any process: what to do, within which limits, and what comes back; all of it can be pickled."""

import time
from dataclasses import dataclass, replace
from typing import Protocol

from placement.compiled.packing import Machine, Packing
from placement.parallel.executors import heeding_interrupts
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.result import SolverFault
from placement.solving.steps import StepCounter, counted


@dataclass(frozen=True, slots=True)
class TaskLimits:
    """The limits of one task: as in `Budget`, and the moment (seconds since 1970) when it must end at the latest."""

    seconds: float | None
    deadline: float | None
    work: float | None
    gap: float
    threads: int | None

    def budget(self) -> Budget:
        """A budget that starts now."""
        seconds = self.seconds
        if self.deadline is not None:
            left = max(0.0, self.deadline - time.time())
            seconds = left if seconds is None else min(seconds, left)
        return Budget(seconds, self.work, self.gap, self.threads)


@dataclass(frozen=True, slots=True)
class TaskAnswer:
    """What a task found: its best packing, the bounds it proved, as `Incumbent.raise_bound` takes them, and faults.

    `machines` are those that its packings had, once each, where the search beside it covers with them. `steps` is the
    work that it took, where nobody else counted it.
    """

    packing: Packing | None = None
    bounds: tuple[tuple[int, str, tuple[int, ...] | None, str], ...] = ()
    faults: tuple[SolverFault, ...] = ()
    machines: tuple[Machine, ...] = ()
    steps: int = 0


def answer_of(solve: Solve) -> TaskAnswer:
    """The best plan that a task has come to, and the faults that showed."""
    return TaskAnswer(solve.packing, faults=tuple(solve.incumbent.faults))


class Task(Protocol):
    """What is to be done."""

    def run(self, budget: Budget) -> TaskAnswer:
        """Do it within a budget."""
        ...


def perform(task: Task, limits: TaskLimits) -> TaskAnswer:
    """One task in a process of its own: what executors are given."""
    counter = StepCounter()
    with counted(counter):
        budget = limits.budget()
        with heeding_interrupts(budget.interrupt):
            answer = task.run(budget)
    return replace(answer, steps=counter.spent)
