"""The frontier of cost against moves: for each limit on moves the best plan found, and what no such plan beats.

Without a limit comes first: it says how many moves are worth asking for, and its bound holds for all. Then come the
limits from coarse to fine: no moves, the middle of the others, the middles of both halves and so on, each from the best
plan so far. A solve that is cut short says next to nothing, so each of the usual limits has a least part of the time,
and those that there is no time for are left out. So are fewer moves than those within which no plan was found, and more
than those from which on hardly anything can be gained. Limits of which the others say all need no solve. What time is
left then is for the points that are least known. What all of them found is shared in the end (`sharing`), so the
frontier never rises. Then each plan is asked for fewer moves at its price (`fewest_moves`), as its solve does not count
them.
"""

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from placement import arguments
from placement.compiled.fleet import compile_fleet
from placement.documents import Problem
from placement.documents.problem import revised
from placement.errors import wrong_argument
from placement.planner import solve
from placement.replanning.fewest_moves import fewest_moves, prefers_no_fewer_moves
from placement.replanning.point import Frontier, FrontierPoint
from placement.replanning.sharing import Answer, LeastMoves, best_bound, best_within, least_moves, share
from placement.solving.budget import Budget
from placement.solving.result import Event, SolverFault, Status, Stop
from placement.solving.schedule import SCHEDULE

_STEPS = (1, 2, 5)  # times powers of ten, and 0
_TIME = SCHEDULE.replanning.frontier
_FEWEST_SECONDS = 0.05  # in which a point is asked for
_WORTH_ASKING = 1.0  # seconds that are left when all points are there, for one of them once more
_FLAT = 1e-3  # of its cost, by which a plan may be above the bound on its limit: then that limit is not asked for
_NEAR = 1e-6  # of its cost: a point as near to its bound leaves its time to others


class FrontierWatcher(Protocol):
    """Who is told of each point in turn, and of what its solve finds."""

    def hear(self, event: Event) -> None:
        """As the `listener` of `placement.solve`."""

    def begins(self, most: int | None) -> None:
        """A limit on moves is asked for; None: no limit."""

    def ends(self, point: FrontierPoint) -> None:
        """What is known of it so far: later points may better its bound."""


def find_frontier(
    problem: Problem,
    limits: Sequence[int] | None = None,
    *,
    time_limit: float | None = arguments.A_MINUTE,
    seed: int = 0,
    work: int | None = None,
    threads: int | None = None,
    watcher: FrontierWatcher | None = None,
) -> Frontier:
    """The best plans within 0, 1, 2, 5, 10, ... moves and without a limit, each with a bound.

    Parameters
    ----------
    problem : a fleet that runs; its own `max_moves`, if it has one, is the last limit.
    limits : others than these, in any order; the plan without a limit comes in any case.
    time_limit : seconds for all points together; None for no limit, as by default beside `work`. Ctrl-C ends with the
        points so far.
    seed, threads : as in `solve`.
    work : limit on work of each solve, about in seconds of one core, for answers that do not depend on the machine.
    watcher : is told when a point begins, what is found for it and what it ended with.

    Returns
    -------
    Frontier
        No point leaves out more optional copies than the one before, and where two leave out as many, neither cost nor
        bound rises from the one to the other.

    Raises
    ------
    UsageError
        A limit that is no whole number of at least 0, or an argument as in `solve`.

    Examples
    --------
    >>> import placement
    >>> found = find_frontier(placement.read("instances/codegen-after.yaml"), work=20)
    >>> [(point.max_moves, point.moves) for point in found.points]  # nothing runs, so nothing moves
    [(None, 0)]
    """
    chosen = None if limits is None else _checked_limits(limits)
    how = {"seed": seed, "work": work, "threads": threads}
    search = _FrontierSearch(problem, Budget(arguments.time_limit(time_limit, work)), how, watcher)
    try:
        search.run(chosen)
    except KeyboardInterrupt:
        if not search.answers:
            raise
        return search.frontier(interrupted=True)
    return search.frontier(interrupted=False)


def _checked_limits(limits: Sequence[int]) -> list[int]:
    if not isinstance(limits, Collection):
        raise wrong_argument("limits", "whole numbers of at least 0", limits)
    return sorted({arguments.whole("limits", most, rule="whole numbers of at least 0") for most in limits})


def usual_limits(most: int) -> list[int]:
    """0, 1, 2, 5, 10, 20, 50, ... below `most`.

    >>> usual_limits(12), usual_limits(0)
    ([0, 1, 2, 5, 10], [])
    """
    found, power = [0], 1
    while power < most:
        found += [step * power for step in _STEPS]
        power *= 10
    return [n for n in found if n < most]


def coarse_to_fine(limits: list[int]) -> list[int]:
    """The fewest moves first, then the middle of the rest, then the middles of what lies above and below it, and so on.

    >>> coarse_to_fine([0, 1, 2, 5, 10, 20, 50])
    [0, 10, 50, 2, 20, 5, 1]
    """
    found, parts = limits[:1], [limits[1:]]
    for part in parts:  # grows as it is read
        if part:
            middle = len(part) // 2
            found.append(part[middle])
            parts += [part[middle + 1 :], part[:middle]]
    return found


def within_moves(problem: Problem, most: int | None) -> Problem:
    """The problem with at most so many moves, or as many as it allows itself, if that is fewer."""
    own = problem.objective.max_moves
    if most is None or (own is not None and own <= most):
        return problem
    return revised(problem, objective=problem.objective.model_copy(update={"max_moves": most}))


class _FrontierSearch:
    """The solves of one frontier, and what they found."""

    def __init__(self, problem: Problem, budget: Budget, how: dict[str, Any], watcher: FrontierWatcher | None) -> None:
        """Nothing is known; `how` are keywords of every solve."""
        self.problem, self.budget, self._how, self._watcher = problem, budget, how, watcher
        self.fleet = compile_fleet(problem)
        self._asks_for_fewer = prefers_no_fewer_moves(self.fleet)
        self.answers: list[Answer] = []
        self._told: set[int | None] = set()
        self._fewer: list[Answer] = []  # plans of no answer's solve, that make fewer moves at a price
        self._least: list[LeastMoves] = []
        self._faults: list[SolverFault] = []
        self._interrupted = self._out_of_time = False

    def run(self, limits: list[int] | None) -> None:
        """Ask without a limit, then from few moves to many; then for fewer moves at each price."""
        self._ask_all(limits)
        if self._asks_for_fewer:
            self._ask_for_fewer()

    def _ask_all(self, limits: list[int] | None) -> None:
        own = self.fleet.max_moves
        last = self._ask(None, self._seconds(_TIME.unlimited.part))
        top = last.moved if last.packing is not None else sum(self.fleet.running)
        wanted = [n for n in (usual_limits(top) if limits is None else limits) if own is None or n < own]
        waiting, least = coarse_to_fine(wanted), _TIME.point.part if limits is None else 0.0
        while waiting and not self._interrupted:
            most = waiting[0]
            if limits is None and self._is_known(most):
                self._tell(most)
            elif limits is not None or not self._is_flat(most):
                seconds = self._seconds(1 / len(waiting), least)
                self._out_of_time = seconds is not None and seconds < _FEWEST_SECONDS
                if self._out_of_time:
                    return
                self._ask(most, seconds)
            waiting.remove(most)
            if best_within(self.answers, most) is None:
                waiting = [n for n in waiting if n > most] + [n for n in waiting if n < most and limits is not None]
        self._ask_again()

    def _ask_again(self) -> None:
        """Ask once more for the points that are least known, while there is time."""
        asked: set[int | None] = set()
        while not self._interrupted:
            left = self._seconds(1.0)
            open_points = [p for p in map(self._point, self._limits()) if not p.is_proven and p.max_moves not in asked]
            if not open_points or left is None or left <= _WORTH_ASKING:
                return
            # Of points without a plan the one of most moves: without one there the others have none either.
            worst = max(reversed(open_points), key=lambda p: 1.0 if p.gap is None else p.gap)
            asked.add(worst.max_moves)
            self._ask(worst.max_moves, left)

    def _is_known(self, most: int) -> bool:
        """Whether the answers for other limits leave nothing open within this one."""
        if best_within(self.answers, most) is None:
            return any(a.result.status is Status.INFEASIBLE for a in self.answers if a.limits_no_less(most))
        return self._point(most).is_proven

    def _is_flat(self, most: int) -> bool:
        """Whether a plan within so few moves costs hardly more than what no plan of any number of moves beats."""
        start, best = best_within(self.answers, most), best_within(self.answers, None)
        if start is None or start.value is None or best is None or best.value is None:
            return False
        prover, cost = best_bound(self.answers, None, start.value.left_out), start.result.cost
        assert cost is not None
        bound = cost if start.value <= best.value else None if prover is None else prover.result.bound
        return start.value.left_out == best.value.left_out and bound is not None and cost - bound <= _FLAT * cost

    def _seconds(self, part: float, least: float = 0.0) -> float | None:
        """A part of what is left for the points, at least such a part of the whole limit if there is so much."""
        if self.budget.seconds is None:
            return None
        kept = _TIME.fewer.part if self._asks_for_fewer else 0.0
        left = max(0.0, self.budget.left() - kept * self.budget.seconds)
        return min(left, max(part * left, least * self.budget.seconds))

    def _ask_for_fewer(self) -> None:
        """Ask each plan that a point has for fewer moves at its price, from few moves to many."""
        best = {id(a): a for most in self._limits() if (a := best_within(self._plans(), most)) is not None}
        unproven = (a for a in best.values() if a.moved > least_moves(self.fleet, a, self.answers))
        asked = sorted(unproven, key=lambda a: a.moved)
        for k, answer in enumerate(asked):
            seconds = None if self.budget.seconds is None else self.budget.left() / (len(asked) - k)
            if self._interrupted or (seconds is not None and seconds < _FEWEST_SECONDS):
                return
            found = fewest_moves(self.fleet, answer, self._within, time_limit=seconds, **self._how)
            if found is None:
                continue
            self._interrupted = found.interrupted
            self._faults += found.faults
            self._fewer += [] if found.answer is None else [found.answer]
            self._least += [] if found.least is None else [found.least]

    def _plans(self) -> list[Answer]:
        return [*self._fewer, *self.answers]

    def _limits(self) -> list[int | None]:
        return sorted(self._told, key=lambda most: (most is None, most or 0))

    def _ask(self, most: int | None, seconds: float | None) -> Answer:
        if self._watcher is not None:
            self._watcher.begins(most)
        start = best_within(self.answers, most)
        found = solve(
            self._within(most),
            time_limit=seconds,
            gap=0.0 if most is None else _NEAR,
            **self._how,
            hint=None if start is None else start.result.plan,
            listener=None if self._watcher is None else self._watcher.hear,
        )
        self._interrupted = found.interrupted
        answer = Answer.of(self.fleet, most, found)
        self.answers.append(answer)
        self._tell(most)
        return answer

    def _tell(self, most: int | None) -> None:
        self._told.add(most)
        if self._watcher is not None:
            self._watcher.ends(self._point(most))

    def _point(self, most: int | None) -> FrontierPoint:
        return share(self._within, self.fleet, self._plans(), most, self._least)

    def _within(self, most: int | None) -> Problem:
        return within_moves(self.problem, most)

    def frontier(self, *, interrupted: bool) -> Frontier:
        """What all answers say together."""
        points = tuple(self._point(most) for most in self._limits())
        proven = not self._out_of_time and all(point.is_proven for point in points)
        if interrupted or self._interrupted:
            stop = Stop.INTERRUPTED
        else:
            stop = Stop.PROVED if proven else Stop.TIME if self.budget.seconds is not None else Stop.DONE
        faults = tuple(dict.fromkeys([*(fault for a in self.answers for fault in a.result.faults), *self._faults]))
        return Frontier(self.problem, points, stop, round(self.budget.elapsed(), 3), self._how["seed"], faults)
