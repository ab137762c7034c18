"""The tasks of a decomposition, which can run anywhere (see `placement.parallel.job`).

`run_tasks` keeps as many of them going as the executor runs at once. Time is dealt out when a task starts, so what one
does not need the later ones have. Work is dealt out before the first of them: in which order they end must not matter.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from typing import Any

from placement.compiled.fleet import Fleet
from placement.compiled.fleet_rules import named_fleet_rules
from placement.compiled.packing import Packing
from placement.parallel.executors import interrupt_calls, workers_of
from placement.parallel.job import TaskAnswer, TaskLimits, answer_of, perform
from placement.patterns.bound import NAME
from placement.patterns.formulation import RELAXES
from placement.reductions.relaxing_aggregation import RelaxingAggregation
from placement.solvers.coarse_bound import CoarseBounds
from placement.solvers.decomposition.parameters import TaskParameters as _PARAMS
from placement.solvers.registry import find_solver
from placement.solving.budget import POLL, Budget
from placement.solving.context import Solve
from placement.solving.steps import PER_SECOND, count_steps

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pack:
    """Make the packing `hint` of a part cheaper, or find one."""

    fleet: Fleet
    hint: Packing | None
    solver: str
    options: dict[str, Any]
    seed: int
    weight: float = 1.0  # of its share of the time

    def run(self, budget: Budget) -> TaskAnswer:
        """Solve within the budget, from the hint if there is one."""
        solve = Solve.of(self.fleet, budget, self.seed, self.hint)
        find_solver(self.solver).run(solve, **self.options)
        return answer_of(solve)


@dataclass(frozen=True, slots=True)
class Bound:
    """Raise the bound of the whole; `given` as in `Incumbent.raise_bound`."""

    fleet: Fleet
    given: tuple[int, ...] | None
    seed: int
    weight: float
    groups: tuple[int, ...]

    def run(self, budget: Budget) -> TaskAnswer:
        """The bounds by ever finer groups of alike components, as far as the time goes; the best one."""
        if named_fleet_rules(self.fleet):
            return self._by_rules(budget)
        best, relaxes, bounds = 0, RELAXES, CoarseBounds(self.fleet, self.given, self.seed)
        for most in self.groups:
            if budget.over():
                break
            coarse = RelaxingAggregation.of(self.fleet, most)
            found = bounds.by(coarse, budget, _PARAMS.nodes)
            if found is None:
                break
            if found.bound > best:
                best, relaxes = found.bound, found.relaxes
            if coarse.fleet is self.fleet:
                break
        ticks = self.fleet.tick_price * best
        return TaskAnswer(bounds=((ticks, NAME, self.given, relaxes),), faults=tuple(bounds.faults))

    def _by_rules(self, budget: Budget) -> TaskAnswer:
        """The bound that knows limits and commitments, of the whole; where it is too large, none."""
        from placement.patterns.group_bound import raise_bounds_by_rules

        solve = Solve.of(self.fleet, budget, self.seed)
        raise_bounds_by_rules(solve)
        found = solve.incumbent
        return TaskAnswer(
            bounds=((found.ticks_bound or 0, found.bound_by, None, found.bound_relaxes),), faults=tuple(found.faults)
        )


Task = Pack | Bound


def run_tasks(tasks: Sequence[Task], budget: Budget) -> Iterator[tuple[int, TaskAnswer]]:
    """Run tasks within a budget, on its executor or here; yields (index, answer) as answers come.

    Tasks that can't be started or finished in time have no answer. One that fails elsewhere is done again here, so an
    executor that breaks costs time and nothing else, and an error in a solver is raised here.
    """
    executor, work = budget.executor, _work(tasks, budget)
    if executor is None:
        for index, task in enumerate(tasks):
            if budget.cut_short():
                return
            yield index, task.run(budget.share(_share(tasks, index), work=work[index], alone=True))
        return
    yield from _Elsewhere(tasks, budget, executor, work).run()


def _work(tasks: Sequence[Task], budget: Budget) -> list[float | None]:
    """What each task has of the work."""
    if budget.work is None:
        return [None] * len(tasks)
    whole, weight = budget.steps_left() / PER_SECOND, sum(task.weight for task in tasks)
    return [whole * task.weight / weight for task in tasks]


def _share(tasks: Sequence[Task], index: int, workers: int = 1) -> float:
    """The part of the time left that the task has, when those before it have started."""
    return min(1.0, workers * tasks[index].weight / sum(task.weight for task in tasks[index:]))


class _Elsewhere:
    """Tasks on an executor: those that run, and those that failed there."""

    def __init__(self, tasks: Sequence[Task], budget: Budget, executor: Executor, work: Sequence[float | None]) -> None:
        self._tasks, self._budget, self._executor, self._work = tasks, budget, executor, work
        self._workers = workers_of(executor)
        self._running: dict[Future[TaskAnswer], int] = {}
        self._failed: list[int] = []

    def run(self) -> Iterator[tuple[int, TaskAnswer]]:
        waiting = list(range(len(self._tasks)))
        try:
            with self._budget.stopping(lambda: interrupt_calls(self._executor)):
                while (waiting or self._running) and not self._given_up():
                    while waiting and len(self._running) < self._workers and not self._budget.cut_short():
                        self._start(waiting.pop(0))
                    if not self._running:
                        break
                    done, _ = wait(self._running, timeout=POLL, return_when=FIRST_COMPLETED)
                    for future in sorted(done, key=lambda future: self._running[future]):
                        yield from self._collect(future)
        except GeneratorExit:  # whoever asked has enough: what still runs is told so
            interrupt_calls(self._executor)
            raise
        finally:
            for future in self._running:
                future.cancel()
        for index in self._failed:
            if not self._budget.cut_short():
                part = self._budget.share(_share(self._tasks, index), work=self._work[index], alone=True)
                yield index, self._tasks[index].run(part)

    def _given_up(self) -> bool:
        """Interrupted, or so long past the deadline that no answer will come."""
        seconds = self._budget.seconds
        late = seconds is not None and self._budget.elapsed() > seconds + _PARAMS.grace
        return late or (self._budget.interrupted and not hasattr(self._executor, "interrupt"))

    def _start(self, index: int) -> None:
        budget = self._budget
        left = budget.left()
        finite = budget.seconds is not None
        limits = TaskLimits(
            seconds=left * _share(self._tasks, index, self._workers) if finite else None,
            deadline=time.time() + left if finite else None,
            work=self._work[index],
            gap=budget.gap,
            threads=budget.threads or 1,
        )
        try:
            self._running[self._executor.submit(perform, self._tasks[index], limits)] = index
        except (RuntimeError, BrokenExecutor) as error:
            self._fail(index, error)

    def _collect(self, future: Future[TaskAnswer]) -> Iterator[tuple[int, TaskAnswer]]:
        index = self._running.pop(future)
        try:
            answer: TaskAnswer = future.result()
            count_steps(answer.steps)
            yield index, answer
        except Exception as error:  # whatever an executor may raise: solved again here, where a true error shows
            self._fail(index, error)

    def _fail(self, index: int, error: Exception) -> None:
        _log.warning("task %d failed on the executor, it is done again here: %s", index, error)
        self._failed.append(index)
