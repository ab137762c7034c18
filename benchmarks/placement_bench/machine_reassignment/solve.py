"""The solver: two kinds of annealing, each in one walk or several, and two more from the best assignment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from placement.errors import SolverBugError, UsageError
from placement.solving.result import Stop
from placement_bench.machine_reassignment.annealing import Annealing, Cooling, typical_delta
from placement_bench.machine_reassignment.array_annealing import ArrayAnnealing
from placement_bench.machine_reassignment.bound import aggregate_bound
from placement_bench.machine_reassignment.check import check_assignment, price
from placement_bench.machine_reassignment.compiled_annealing import CompiledAnnealing
from placement_bench.machine_reassignment.compiling import COMPILES
from placement_bench.machine_reassignment.parameters import ReassignmentSolveParameters as _PARAMS
from placement_bench.machine_reassignment.second_process import TaskProcess
from placement_bench.machine_reassignment.state import SearchState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from placement.arrays import Ints
    from placement.solving.budget import Budget
    from placement_bench.machine_reassignment.problem import Reassignment

    Listener = Callable[["ReassignmentEvent"], None]

LOOP = "compiled" if COMPILES else "arrays"  # how annealing steps


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
    stats : rounds, moves drawn and made; `loop` is ``compiled`` where Numba is installed, else ``arrays``.
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


@dataclass(frozen=True, slots=True)
class AnnealingTask:
    """One annealing, here or in a process of its own.

    Attributes
    ----------
    start : the assignment to begin with.
    walks : how many walks begin there. Of several, the best go on when they have cooled down half-way.
    """

    problem: Reassignment
    start: Ints
    cooling: Cooling
    seed: int
    walks: int = 1

    def run(self, budget: Budget) -> AnnealingFound:
        """Anneal within the budget; its work counts rounds."""
        walks = [self._walk(0)]
        try:
            if self.walks == 1:
                _anneal(walks[0], self.cooling, budget, 1.0)
            else:
                self._select(walks, budget)
        except KeyboardInterrupt:
            budget.interrupt()
        best = min(walks, key=lambda walk: walk.best_cost)
        rounds, drawn, made = (sum(getattr(walk, name) for walk in walks) for name in ("rounds", "drawn", "made"))
        return AnnealingFound(best.best, best.best_cost, rounds, drawn, made)

    def _select(self, walks: list[Annealing], budget: Budget) -> None:
        """Cool several walks half-way, then the best of them to the end. Those within capacities come first."""
        hot, cold = self.cooling.parts(_PARAMS.select_at)
        walks.extend(self._walk(number) for number in range(1, self.walks))
        for walk in walks:
            walk.run(hot, _progress(_part(budget, budget, _PARAMS.select / self.walks), walk.rounds))
        ranked = sorted(walks, key=lambda walk: (not walk.fits(), walk.state.cost))[: _PARAMS.selected]
        for walk in ranked:
            _anneal(walk, cold, budget, (1.0 - _PARAMS.select) / len(ranked))

    def _walk(self, number: int) -> Annealing:
        return annealing_of(SearchState(self.problem, self.start), self.seed + number)


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


def annealing_of(state: SearchState, seed: int) -> Annealing:
    """A walk from a state: in a compiled loop where Numba is installed, else in arrays."""
    return CompiledAnnealing(state, seed) if COMPILES else ArrayAnnealing(state, seed)


def coolings(hot: float, *, held: bool = True) -> dict[str, Cooling]:
    """The kinds of annealing that are tried, by name, from a temperature that nearly all moves are taken at.

    Two of them: in the compiled loop, all rules kept, or load above capacities at a price; both with processes held at
    home if `held`. Arrays allow no load above capacities: they hold processes at home, or not.
    """
    home = Cooling(hot, hot * _PARAMS.cold, _PARAMS.away)
    free = Cooling(hot, hot * _PARAMS.cold)
    if not COMPILES:
        return {"at home": home, "free": free}
    priced = hot * _PARAMS.priced_hot
    cold = priced * _PARAMS.priced_cold
    if held:
        return {"at home": home, "firm": Cooling(priced, cold, _PARAMS.away, _PARAMS.firm)}
    return {"free": free, "soft": Cooling(priced, cold, prices=_PARAMS.soft)}


class _Start(NamedTuple):
    """Where an annealing begins, how it cools, and what it is called."""

    at: Ints
    cooling: Cooling
    by: str
    walks: int = 1


class _ReassignmentSearch:
    """One solve."""

    def __init__(self, problem: Reassignment, budget: Budget, seed: int, listener: Listener | None) -> None:
        self._problem, self._budget, self._listener = problem, budget, listener
        self._seeds = np.random.SeedSequence(seed)
        self._best: Ints = problem.initial
        self._cost = price(problem, problem.initial.tolist()).total
        self._found_by = "initial"
        self._limits = budget
        self._bound = aggregate_bound(problem)
        self._stats: dict[str, int | float | str] = {"loop": LOOP, "rounds": 0, "drawn": 0, "made": 0}
        self._tell()

    def run(self) -> ReassignmentResult:
        """All annealings, unless the bound is met before."""
        if problem_is_fixed(self._problem) or self._ended():
            return self._result(over=True)
        state = SearchState(self._problem, self._problem.initial)
        hot = typical_delta(state, self._seed(), _PARAMS.hot)
        annealing_of(state, 0).step(0.0)  # compiles the loop, where that was not done before: seconds
        del state
        self._limits = self._budget.share()
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
        """Shares of the limits, and the annealings of each: both kinds for long, then from the best of them."""
        held = bool(self._problem.transient.any())  # else moves take no room from others
        kinds = coolings(hot, held=held)
        share = 1.0 - _PARAMS.last
        walks = self._walks(share / len(kinds))
        yield (
            share,
            [
                _Start(self._problem.initial, cooling, name, walks if held and cooling.prices else 1)
                for name, cooling in kinds.items()
            ],
        )
        warm = hot * _PARAMS.warm
        warmer = warm * _PARAMS.warm
        yield (
            _PARAMS.last,
            [
                _Start(self._best, Cooling(warm, min(_PARAMS.coldest, warm), _PARAMS.away if held else 0.0), "warm"),
                _Start(self._best, Cooling(warmer, min(_PARAMS.coldest, warmer)), "lukewarm"),
            ],
        )

    def _walks(self, share: float) -> int:
        """How many walks a share of the limits is enough for."""
        seconds, work, processes = self._limits.seconds, self._limits.work, self._problem.processes
        enough = [float(_PARAMS.walks)]
        if seconds is not None:
            enough.append(seconds * share * _PARAMS.select / (_PARAMS.walk_seconds * processes))
        if work is not None:
            enough.append(work * share * _PARAMS.select / (_PARAMS.walk_rounds * processes))
        return max(1, int(min(enough)))

    def _phase(self, share: float, starts: list[_Start], helper: TaskProcess | None) -> None:
        """One annealing or two, side by side or in turn, with a share of the limits."""
        part = _part(self._budget, self._limits, share)
        tasks = [AnnealingTask(self._problem, one.at, one.cooling, self._seed(), one.walks) for one in starts]
        answers: list[AnnealingFound | None] = []
        if helper is not None:
            helper.start(tasks[1], part, _PARAMS.reserve)
            answers.append(tasks[0].run(part))
            answers.append(helper.wait(hurry=self._budget.interrupted))
        else:
            work = None if part.work is None else max(1, part.work // len(tasks))
            for number, task in enumerate(tasks):
                answers.append(task.run(part.share(1.0 / (len(tasks) - number), work=work)))
        for found, one in zip(answers, starts, strict=True):
            if found is not None:
                self._take(found, one.by)

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


def _anneal(walk: Annealing, cooling: Cooling, budget: Budget, share: float) -> None:
    """All stages of an annealing, with a share of a budget from now on."""
    for stage, part in cooling.stages():
        walk.run(stage, _progress(_part(budget, budget, share * part), walk.rounds))


def _part(budget: Budget, limits: Budget, share: float) -> Budget:
    """A share of the limits, from now on, within a budget."""
    seconds, work = limits.seconds, limits.work
    return budget.share(
        seconds=None if seconds is None or work is not None else seconds * share,
        work=None if work is None else max(1, int(work * share)),
    )


def _progress(budget: Budget, begun: int) -> Callable[[int], float]:
    """From rounds made to how much of a budget is used up; `begun` were made before."""
    return lambda rounds: _share(budget, rounds - begun)


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
