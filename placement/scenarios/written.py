"""A plan of one scenario as its document, checked against every rule and its own figures."""

from typing import NamedTuple

from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import Packing, machine_price, machines_paid
from placement.compiled.translate import to_plan
from placement.documents import Plan, Problem
from placement.solving.result import Stop, at_its_end, relative_gap
from placement.units import dollars
from placement.writing import check_claims


class Written(NamedTuple):
    """The document, what it costs on top of what is committed, micro-dollars per hour, and machines paid for (P,)."""

    plan: Plan
    cost: int
    paid: tuple[int, ...]


def written(problem: Problem, packing: Packing, bound: int | None, seed: int) -> Written:
    """Write a packing down as a plan of a problem in which nothing runs, with what nothing there beats.

    Raises SolverBugError: it breaks a rule, or costs less than its bound.
    """
    fleet = compile_fleet(problem)
    cost = machine_price(fleet, packing)
    status, stop = at_its_end(Stop.DONE, optimal=bound == cost)
    plan = to_plan(
        fleet,
        packing,
        status=str(status),
        stop=str(stop),
        solver="scenarios",
        seed=seed,
        price_per_hour=dollars(cost),
        cost=dollars(cost),
        moves=0,
        lower_bound=dollars(bound),
        gap=relative_gap(cost, bound),
    )
    check_claims(problem, plan, cost, bound, f"{problem.name}: the plan")
    return Written(plan, cost, tuple(machines_paid(fleet, packing)))
