"""The solver: which kind of annealing the instance likes, that for long, and once more from the best assignment."""

from __future__ import annotations

import math
import os
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from placement.errors import SolverBugError, UsageError
from placement.machine_reassignment.annealing import Annealing, Cooling, ends_of_steps, typical_delta
from placement.machine_reassignment.bound import aggregate_bound
from placement.machine_reassignment.check import check_assignment, price
from placement.machine_reassignment.parameters import MACHINE_REASSIGNMENT
from placement.machine_reassignment.state import SearchState
from placement.parallel.single import TaskProcess
from placement.solving.result import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from placement.machine_reassignment.problem import Ints, Reassignment
    from placement.solving.budget import Budget

    Listener = Callable[["ReassignmentEvent"], None]

_PARAMS = MACHINE_REASSIGNMENT.solve


@dataclass(frozen=True, slots=True)
class ReassignmentEvent:
    """An improvement: the best cost and the bound from now on, and after how many seconds."""

    seconds: float
    cost: int
    bound: int
    by: str


@dataclass(frozen=True, slots=True)
class ReassignmentResult:
    """What was found, what was proved, why it stopped.

    Attributes
    ----------
    assignment : (P,) the best one, checked against every rule. At worst the initial one.
    cost : what it costs, counted again by `price`.
    bound : no assignment costs less.
    stop : `PROVED` (cost equals bound), `GAP`, `TIME`, `INTERRUPTED`, or `DONE`: the work is used up.
    found_by : what brought it.
    """

    assignment: Ints
    cost: int
    bound: int
    stop: Stop
    found_by: str
    stats: dict[str, int | float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnnealingFound:
    """What one annealing came to."""

    assignment: Ints
    cost: int
    rounds: int
    drawn: int
    made: int
    course: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AnnealingTask:
    """One annealing, here or in a process of its own.

    Attributes
    ----------
    start : the assignment to begin with.
    hot, away, ends : as in `Cooling`.
    """

    problem: Reassignment
    start: Ints
    hot: float
    away: float
    ends: tuple[float, ...]
    seed: int

    def run(self, budget: Budget) -> AnnealingFound:
        """Anneal within the budget; its work counts rounds."""
        walk = Annealing(SearchState(self.problem, self.start), self.seed)
        try:
            cooling = Cooling(self.hot, min(_PARAMS.cold, self.hot), self.away, self.ends)
            walk.run(cooling, lambda rounds: _share(budget, rounds))
        except KeyboardInterrupt:
            budget.interrupt()
        return AnnealingFound(walk.best, walk.best_cost, walk.rounds, walk.drawn, walk.made, tuple(walk.course))


def solve_reassignment(
    problem: Reassignment, *, budget: Budget, seed: int = 0, listener: Listener | None = None
) -> ReassignmentResult:
    """The cheapest assignment that annealing finds within `budget`, and a bound.

    Parameters
    ----------
    problem : its initial assignment must keep the rules.
    budget : its work counts rounds of `annealing`: with a work limit the answer is the same on every machine, and one
        process does it all. Without one, `threads` other than 1 let a second process anneal beside this one.
    seed : of all that is drawn.
    listener : called at each improvement with a `ReassignmentEvent`.

    Raises
    ------
    UsageError
        The initial assignment breaks a rule; or there is neither a time limit nor one on work.
    """
    if budget.seconds is None and budget.work is None:
        raise UsageError("annealing cools down to its end: it needs a time limit, or one on work")
    faults = check_assignment(problem, problem.initial.tolist())
    if faults:
        raise UsageError(f"the initial assignment breaks a rule: {faults[0]}")
    return _ReassignmentSearch(problem, budget, seed, listener).run()


class _Start(NamedTuple):
    """Where an annealing begins, and what it is called."""

    at: Ints
    hot: float
    away: float
    by: str
    ends: tuple[float, ...] = ()


class _ReassignmentSearch:
    """One solve."""

    def __init__(self, problem: Reassignment, budget: Budget, seed: int, listener: Listener | None) -> None:
        self._problem, self._budget, self._listener = problem, budget, listener
        self._seeds = np.random.SeedSequence(seed)
        self._best: Ints = problem.initial
        self._cost = price(problem, problem.initial.tolist()).total
        self._found_by = "initial"
        self._costs = defaultdict[str, float](lambda: math.inf)  # what annealings of this name came to
        self._ends = defaultdict[float, tuple[float, ...]](tuple)  # of an annealing's steps, by `away`
        self._bound = aggregate_bound(problem)
        self._stats: dict[str, int | float | str] = {"rounds": 0, "drawn": 0, "made": 0}
        self._tell()

    def run(self) -> ReassignmentResult:
        """All annealings, unless the bound is met before."""
        if problem_is_fixed(self._problem) or self._ended():
            return self._result(over=True)
        state = SearchState(self._problem, self._problem.initial)
        hot = typical_delta(state, self._seed(), _PARAMS.hot)
        del state
        with TaskProcess() as second:
            helper = second if self._two() else None
            try:
                for share, starts in self._phases(hot):
                    if self._ended():
                        break
                    self._phase(share, starts, helper)
            except KeyboardInterrupt:
                self._budget.interrupt()
        return self._result(over=False)

    def _phases(self, hot: float) -> Iterator[tuple[float, list[_Start]]]:
        """Shares of the limits, and the annealings of each: trials, the better kind for long, the best once more."""
        initial, away, warm = self._problem.initial, _PARAMS.away, hot * _PARAMS.warm
        yield _PARAMS.trial, [_Start(initial, hot, away, "trial at home"), _Start(initial, hot, 0.0, "trial")]
        held = away if self._costs["trial at home"] <= self._costs["trial"] else 0.0
        ends = self._ends[held]
        main = 1.0 - _PARAMS.trial - _PARAMS.last
        yield (
            main,
            [_Start(initial, hot, held, "annealing", ends), _Start(initial, hot, held, "annealing beside", ends)],
        )
        best = self._best
        yield _PARAMS.last, [_Start(best, warm, held, "warm"), _Start(best, warm * _PARAMS.warm, 0.0, "lukewarm")]

    def _phase(self, share: float, starts: list[_Start], helper: TaskProcess | None) -> None:
        """Annealings side by side, or in turn, with a share of the limits."""
        part = self._part(share)
        tasks = [AnnealingTask(self._problem, one.at, one.hot, one.away, one.ends, self._seed()) for one in starts]
        answers: list[AnnealingFound | None] = []
        if helper is not None:
            helper.start(tasks[1], part, _PARAMS.reserve)
            answers.append(tasks[0].run(part))
            answers.append(helper.wait(hurry=self._budget.interrupted))
        else:
            for number, task in enumerate(tasks):
                answers.append(task.run(part.share(1.0 / (len(tasks) - number), work=_half(part))))
        for found, one in zip(answers, starts, strict=True):
            if found is not None:
                self._costs[one.by] = found.cost
                self._ends[one.away] = ends_of_steps(found.course, self._bound)
                self._take(found, one.by)

    def _part(self, share: float) -> Budget:
        """So much of all limits, from now on."""
        seconds, work = self._budget.seconds, self._budget.work
        return self._budget.share(
            seconds=None if seconds is None else seconds * share,
            work=None if work is None else max(1, int(work * share)),
        )

    def _take(self, found: AnnealingFound, by: str) -> None:
        for name in ("rounds", "drawn", "made"):
            self._stats[name] = int(self._stats[name]) + getattr(found, name)
        if found.cost >= self._cost:
            return
        counted = price(self._problem, found.assignment.tolist()).total
        faults = check_assignment(self._problem, found.assignment.tolist())
        if faults or counted != found.cost:
            raise SolverBugError(f"{by} says {found.cost}, counted {counted}; {'; '.join(faults) or 'no rule broken'}")
        self._best, self._cost, self._found_by = found.assignment, found.cost, by
        self._tell()

    def _two(self) -> bool:
        return self._budget.work is None and self._budget.threads != 1 and (os.cpu_count() or 1) > 1

    def _seed(self) -> int:
        return int(self._seeds.spawn(1)[0].generate_state(1)[0])

    def _ended(self) -> bool:
        return self._cost - self._bound <= self._budget.gap * self._cost or self._budget.over()

    def _tell(self) -> None:
        if self._listener is not None:
            self._listener(ReassignmentEvent(self._budget.elapsed(), self._cost, self._bound, self._found_by))

    def _result(self, *, over: bool) -> ReassignmentResult:
        if self._cost == self._bound:
            stop = Stop.PROVED
        elif self._cost - self._bound <= self._budget.gap * self._cost:
            stop = Stop.GAP
        elif self._budget.interrupted:
            stop = Stop.INTERRUPTED
        else:
            stop = Stop.TIME if self._budget.over() and not over else Stop.DONE
        return ReassignmentResult(self._best, self._cost, self._bound, stop, self._found_by, self._stats)


def problem_is_fixed(problem: Reassignment) -> bool:
    """Whether there is nothing to move, or nowhere to."""
    return problem.processes == 0 or problem.machines < 2


def _half(budget: Budget) -> int | None:
    return None if budget.work is None else max(1, budget.work // 2)


def _share(budget: Budget, rounds: int) -> float:
    """How much of the limits is used up, from 0 to 1."""
    if budget.over():
        return 1.0
    shares = [0.0]
    if budget.seconds:
        shares.append(budget.elapsed() / budget.seconds)
    if budget.work is not None:
        shares.append(rounds / budget.work)
    return max(shares)
