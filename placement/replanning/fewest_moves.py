"""The fewest moves at a price: the same problem where moves are the objective and the price is a limit.

Without a cost of a move two plans of the same price are equal to the planner, however many copies they move. So each
plan of the frontier is asked once more: within its price and its number of moves, who makes the fewest? What a plan
makes beyond that buys nothing. This is the second step of lexicographic optimisation, by which a point of the
epsilon-constraint method is made efficient (Mavrotas 2009, *Effective implementation of the epsilon-constraint method*,
Appl. Math. Comput. 213).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from placement.compiled.fleet import Fleet
from placement.compiled.packing import machine_price
from placement.documents import Problem
from placement.documents.problem import revised
from placement.documents.rows import Limit
from placement.planner import bound, solve
from placement.replanning.sharing import Answer, LeastMoves
from placement.solving.budget import Budget
from placement.solving.result import SolverFault
from placement.units import MICRO, dollars, exact

_WRITING_SECONDS = 0.5  # in which a plan is taken over and bounded, where no work limits that


@dataclass(frozen=True, slots=True)
class FewestMoves:
    """What was found: a plan that makes fewer moves and costs no more, if any, and what is proven."""

    answer: Answer | None
    least: LeastMoves | None
    interrupted: bool
    faults: tuple[SolverFault, ...] = ()


def prefers_no_fewer_moves(fleet: Fleet) -> bool:
    """Whether plans of the same price are equal however many copies they move, so that the question makes sense.

    Not where a move costs something, so that price is not all, nor where commitments pay a part of the price.
    """
    return bool(fleet.tick_price) and not fleet.commitments and not any(c.move_cost for c in fleet.components)


def fewest_moves(
    fleet: Fleet, answer: Answer, within_moves: Callable[[int], Problem], **how: Any
) -> FewestMoves | None:
    """Ask for the fewest moves at the price of a plan; None where the question can't be put as a problem.

    It can't where the price is no decimal number of dollars.

    `fleet`: one of which `prefers_no_fewer_moves` holds.
    `answer`: has the plan.
    `within_moves`: the problem with at most so many moves.
    `how`: as in `solve`.
    """
    assert answer.packing is not None
    assert answer.value is not None
    price = machine_price(fleet, answer.packing)
    counting = _counting(within_moves(answer.moved), price)
    if counting is None:
        return None
    budget = Budget(how.get("time_limit"))
    counted = solve(counting, hint=answer.result.plan, **how)
    interrupted = counted.interrupted
    if counted.packing is None:
        return FewestMoves(None, None, interrupted, counted.faults)
    found = Answer.of(fleet, answer.moved, counted)
    assert found.value is not None
    least = None
    if counted.bound is not None:
        least = LeastMoves(price, found.value.left_out, min(found.moved, math.ceil(counted.bound / MICRO)))
    if found.moved >= answer.moved or found.value > answer.value:
        return FewestMoves(None, least, interrupted, counted.faults)
    work, left = how.get("work"), None if math.isinf(budget.left()) else budget.left()
    taken = bound(
        within_moves(found.moved),
        counted.plan,
        time_limit=_WRITING_SECONDS if work is None or interrupted else left,
        seed=how.get("seed", 0),
        work=work,
    )
    interrupted = interrupted or taken.interrupted
    return FewestMoves(Answer.of(fleet, found.moved, taken), least, interrupted, (*counted.faults, *taken.faults))


def _counting(problem: Problem, price: int) -> Problem | None:
    """Machines cost nothing within so many micro-dollars per hour, and a move costs a dollar."""
    names = {row.name for row in problem.limits}
    name = next(name for k in range(len(names) + 1) if (name := f"price {k}") not in names)
    most = dollars(price)
    if exact(most) * MICRO != price:
        return None
    row = Limit(name=name, pools=tuple(pool.name for pool in problem.pools), max_price_per_hour=most)
    objective = problem.objective.model_copy(update={"horizon_hours": 0, "move_cost": 1})
    components = [row.model_copy(update={"move_cost": None}) for row in problem.components]
    return revised(problem, components=components, objective=objective, limits=[*problem.limits, row])
