"""A verdict on a plan: rules, money and the plan's own words, counted from the documents."""

from placement import arguments
from placement.documents import Plan, Problem
from placement.referee.claims import (
    figure_claims,
    left_out_claims,
    name_claim,
    no_plan_claims,
    says_none,
    status_claims,
)
from placement.referee.money import hourly_price, left_out_by_priority, move_cost, moved_copies
from placement.referee.rules import broken
from placement.referee.standing import Standing
from placement.referee.verdict import Verdict, Violation
from placement.units import horizon

PROBLEM_RULE = 'a Problem: make one by Problem(**document) or read("FILE")'
PLAN_RULE = 'a Plan: result.plan, or make one by Plan(**document) or read_plan("FILE")'


def verify(problem: Problem, plan: Plan) -> Verdict:
    """Every rule the plan breaks, and its price, moves and cost, from the documents alone.

    A plan that says `infeasible` or `unknown` and places nothing has no rows to check, only its words.

    Returns
    -------
    Verdict
        Money in micro-dollars. Figures are those of the rows that can be read: a row on a machine or of a component
        that does not exist is a violation and counts nowhere.

    Raises
    ------
    UsageError
        One of the two is not the document but something else, such as a dictionary.

    Notes
    -----
    O(copies + components x pools x options), and for each machine that holds something else than those before, the
    accelerators of its copies and the square of the number of components on it. Integers and fractions only, but for
    the tolerance on what the plan says of itself.

    Examples
    --------
    >>> from placement.documents.plan import Plan
    >>> from placement.documents import Problem
    >>> problem = Problem(
    ...     instance_types={"c7i.xlarge": {"vcpus": 4, "memory_gib": 8, "price_per_hour": 0.18}},
    ...     pools=[{"name": "cpu", "instance_type": "c7i.xlarge", "zone": "a"}],
    ...     components=[{"name": "router", "copies": 2, "accelerators": 0, "vcpus": 3}],
    ... )
    >>> plan = Plan(
    ...     instances=[{"id": "cpu/new-1", "pool": "cpu"}],
    ...     assignments=[{"component": "router", "instance": "cpu/new-1"}] * 2,
    ... )
    >>> verdict = verify(problem, plan)
    >>> print(*verdict.violations)
    cpu/new-1: needs 6000 milli-vCPU, has 4000 [vcpus]
    >>> verdict.cost
    180000
    """
    arguments.instance("problem", problem, Problem, PROBLEM_RULE)
    arguments.instance("plan", plan, Plan, PLAN_RULE)
    if says_none(plan) and not plan.assignments:  # the news that there is none, rather than rows to check
        told = (*name_claim(problem, plan), *no_plan_claims(problem, plan))
        return Verdict(told, price_per_hour=0, moves=0, cost=0, left_out={}, copies=0, instances=0)
    stand = Standing(problem, plan)
    price, moves = hourly_price(stand), moved_copies(stand)
    total = round(price * horizon(problem.objective.horizon_hours)) + move_cost(problem, moves)
    moved = sum(moves.values())
    short = left_out_by_priority(stand)
    told = (
        *status_claims(plan, total, short),
        *figure_claims(plan, price, moved, total),
        *left_out_claims(stand, short),
    )
    return Verdict(
        violations=(*name_claim(problem, plan), *broken(stand), *told),  # the name first: it may explain all others
        price_per_hour=price,
        moves=moved,
        cost=total,
        left_out=short,
        copies=stand.copies,
        instances=len(stand.machines),
    )


def violations(problem: Problem, plan: Plan) -> tuple[Violation, ...]:
    """Every rule the plan breaks; see `verify`."""
    return verify(problem, plan).violations


def cost(problem: Problem, plan: Plan) -> int:
    """Cost of the plan's rows, micro-dollars; see `verify`."""
    return verify(problem, plan).cost
