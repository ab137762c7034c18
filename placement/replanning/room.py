"""The fewest evictions and moves that let a wish in, with a safe order; or the proof that nothing does, and why.

Two solves: one where machines cost nothing and each move counts one, which gives the evictions and the moves and proves
that fewer are not enough; and one at the machines' own prices within as many moves, for the cheapest of such plans. The
order is that of `transition`: first without a temporary machine, then with as few as it takes.

Where no order of that plan was found, and machines that drain use up quotas, new ones can't come before these go: both
are solved once more with quotas that leave room for all that runs, and the plan is taken if it has an order.
"""

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from placement import arguments
from placement.compiled.fleet import compile_fleet
from placement.documents import Plan, Problem
from placement.documents.transition import Transition
from placement.errors import printable
from placement.planner import solve
from placement.referee import PROBLEM_RULE
from placement.replanning.frontier import within_moves
from placement.replanning.shortfall import Shortfall, shortfalls
from placement.replanning.wish import RoomWish, wish_for
from placement.solving.budget import Budget
from placement.solving.incumbent import Listener
from placement.solving.result import Result, SolverFault, Status, Stop
from placement.solving.schedule import SCHEDULE
from placement.transition import plan_transition
from placement.units import MICRO, count

MOST_COPIES = 10**6  # that a wish may be for
_LEAST_SECONDS = 1.0  # for an order; all of it after Ctrl-C
_TIME = SCHEDULE.replanning.room


@dataclass(frozen=True, slots=True)
class RoomFound:
    """The answer to a wish.

    Attributes
    ----------
    wish : what was asked, with the problem that `plan` is a plan of.
    status : `optimal` where fewer evictions and moves are proven not to be enough, `feasible` where they may be, or are
        in no safe order, `infeasible` where nothing lets the wish in, `unknown` where the time was too short.
    plan : with the wish in it; None without one.
    evictions : copies by component that stop for it. stops : those that are not wanted any more.
    moves, least_moves : of the plan, and proven of all plans with as few evictions. None without a plan.
    opened : new machines by pool that the plan rents.
    transition : a safe order of steps, or why there is none; None where there is no plan, or Ctrl-C came meanwhile.
    reason : why there is no plan. near : what one copy lacks on machines that run, least first.
    """

    wish: RoomWish
    status: Status
    stop: Stop
    seconds: float
    faults: tuple[SolverFault, ...] = ()
    plan: Plan | None = None
    evictions: dict[str, int] = field(default_factory=dict)
    moves: int | None = None
    least_moves: int | None = None
    opened: dict[str, int] = field(default_factory=dict)
    transition: Transition | None = None
    reason: str = ""
    near: tuple[Shortfall, ...] = ()


def make_room(
    problem: Problem,
    component: str,
    copies: int | None = None,
    *,
    new_machines: bool = True,
    time_limit: float | None = arguments.A_MINUTE,
    seed: int = 0,
    work: int | None = None,
    threads: int | None = None,
    listener: Listener | None = None,
) -> RoomFound:
    """Find the fewest evictions, then moves, that let so many more copies of a component in.

    `problem`: a fleet that runs.
    `component`: by name.
    `copies`: how many more; by default as many as it asks for and does not run, at least 1.
    `new_machines`: whether machines may be rented within the quotas.
    `time_limit`, `seed`, `work`, `threads`, `listener`: as in `solve`, for all of it; `work` of each solve.
    Raises UsageError: no such component, or an argument as in `solve`.
    """
    arguments.instance("problem", problem, Problem, PROBLEM_RULE)
    if copies is not None:
        copies = arguments.whole(
            "copies", copies, least=1, most=MOST_COPIES, rule=f"a whole number from 1 to {MOST_COPIES}"
        )
    budget = Budget(arguments.time_limit(time_limit, work))
    arguments.text("component", component)
    wish = wish_for(problem, component, copies, new_machines=new_machines)
    how: dict[str, Any] = {"seed": seed, "work": work, "threads": threads, "listener": listener}

    found = _search(wish, budget, how)
    beside = wish.beside_draining()
    ended = budget.over() or found.stop is Stop.INTERRUPTED
    if found.plan is None or _has_order(found) or beside is None or ended:
        return found
    return _in_order(found, _search(beside, budget, how))


def _search(wish: RoomWish, budget: Budget, how: dict[str, Any]) -> RoomFound:
    """Both solves, and an order of the plan."""
    counted = solve(wish.free, time_limit=_TIME.evictions.of(budget).seconds, **how)
    if counted.packing is None or wish.serving_less(counted.plan):
        return _none(wish, counted, budget)
    priced = counted
    if not counted.interrupted and counted.plan.moves is not None:
        limited = within_moves(wish.problem, counted.plan.moves)
        priced = solve(limited, time_limit=_TIME.moves.of(budget).seconds, hint=counted.plan, **how)
    return _some(wish, counted, priced, budget)


def _has_order(found: RoomFound) -> bool:
    return found.transition is not None and found.transition.found


def _in_order(first: RoomFound, other: RoomFound) -> RoomFound:
    """The other answer, as one to the wish of the first, if it has an order and evicts no more copies."""
    faults = (*first.faults, *other.faults)
    more = sum(other.evictions.values()) > sum(first.evictions.values())
    if other.plan is None or more or not _has_order(other):
        return replace(first, faults=faults)
    status = first.status if other.moves == first.moves else Status.FEASIBLE
    stop = first.stop if status is first.status else Stop.DONE
    return replace(other, wish=first.wish, status=status, stop=stop, least_moves=first.least_moves, faults=faults)


def _none(wish: RoomWish, counted: Result, budget: Budget) -> RoomFound:
    fleet = compile_fleet(wish.problem)
    index = [row.name for row in wish.problem.components].index(wish.component)
    near = tuple(shortfalls(fleet, index))
    infeasible = counted.status is Status.INFEASIBLE
    reason = counted.plan.reason or ""
    less = wish.serving_less(counted.plan) if counted.packing is not None else None
    most = wish.problem.objective.max_moves
    if less is not None:
        reason = f"in the plan that was found {printable(less)} would serve less than today; whether another does not"
        reason += " is not known"
    elif infeasible and "proved that no plan" in reason:  # an engine's word, after a search of all there is
        reason = "however the copies that have to stay are arranged, no machine has room for it"
        if most is not None:
            reason = f"with at most {count(most, 'move')} (the problem's own max_moves) no machine has room for it"
    elif not infeasible:
        reason = reason or "no plan was found in time"
    return RoomFound(
        wish=wish,
        status=Status.INFEASIBLE if infeasible else Status.UNKNOWN,
        stop=Stop.DONE if less is not None else counted.stop,
        reason=reason,
        near=near,
        seconds=round(budget.elapsed(), 3),
        faults=counted.faults,
    )


def _some(wish: RoomWish, counted: Result, priced: Result, budget: Budget) -> RoomFound:
    found = counted if priced.packing is None or wish.serving_less(priced.plan) else priced
    interrupted, order = counted.interrupted or priced.interrupted, None
    try:
        order = _order(wish.problem, found.plan, _LEAST_SECONDS if interrupted else _seconds_left(budget))
    except KeyboardInterrupt:
        if interrupted:  # a second one
            raise
        interrupted = True
    evictions = {row.component: row.copies for row in found.plan.unplaced if row.copies}
    least = None if counted.bound is None else math.ceil(counted.bound / MICRO)
    opened = dict(Counter(row.pool for row in found.plan.instances if row.new))
    return RoomFound(
        wish=wish,
        status=counted.status,
        stop=Stop.INTERRUPTED if interrupted else counted.stop,
        plan=found.plan,
        evictions=evictions,
        moves=found.plan.moves,
        least_moves=least,
        opened=opened,
        transition=order,
        seconds=round(budget.elapsed(), 3),
        faults=(*counted.faults, *(priced.faults if priced is not counted else ())),
    )


def _seconds_left(budget: Budget) -> float | None:
    return None if budget.seconds is None else max(_LEAST_SECONDS, budget.left())


def _order(problem: Problem, plan: Plan, seconds: float | None) -> Transition:
    """A safe order without temporary machines, or else with them."""
    found = plan_transition(problem, plan, temporary_instances=0, time_limit=seconds)
    if found.found:
        return found
    other = plan_transition(problem, plan, time_limit=seconds)
    return other if other.found else found
