"""Obstacles: which rule over the whole plan leaves a problem without a plan, where that is proven, with figures.

A proof of an engine names no rule. So each limit over groups of pools, the floors for a lost pool, those for a lost
instance, and the limit on moves are left out in turn: where there is a plan then, the rule is an obstacle, and the plan
says how far it is from keeping it. It is some plan: others may come nearer. Where no single rule is enough all are left
out. It is an explanation: nothing of the proof rests on it.
"""

from collections.abc import Iterator

from placement.bounds import why_infeasible
from placement.compiled.fleet import Fleet
from placement.compiled.fleet_rules import broken_fleet_rules
from placement.compiled.packing import Packing
from placement.direct.cp_sat import find_plan
from placement.direct.slots import direct_terms, most_new_machines
from placement.heuristics import GreedyOptions, solve_greedy
from placement.reductions.without_rules import WithoutRules
from placement.solvers.parameters import ObstacleParameters as _PARAMS
from placement.solving.context import Solve
from placement.solving.schedule import SCHEDULE


def obstacles(solve: Solve) -> str:
    """The rule, or the rules, and what a plan without has instead, in words; "" where no such plan is found."""
    part = SCHEDULE.obstacles.within(solve)
    fleet = solve.fleet
    together = _broken(part, WithoutRules.of(fleet, limits=fleet.limits, pools=True, instances=True, moves=True))
    alone = (_broken(part, without) for without in _without_one(fleet)) if len(together) > 1 else iter(())
    broken = next((found for found in alone if found), together)
    more = f" and {len(broken) - _PARAMS.told} more" if len(broken) > _PARAMS.told else ""
    return "; ".join(broken[: _PARAMS.told]) + more


def _without_one(fleet: Fleet) -> Iterator[WithoutRules]:
    """The fleet without each of its rules in turn, losses of one kind as one rule; up to so many limits."""
    for limit in fleet.limits[: _PARAMS.limits]:
        yield WithoutRules.of(fleet, limits=(limit,))
    yield WithoutRules.of(fleet, pools=True)
    yield WithoutRules.of(fleet, instances=True)
    yield WithoutRules.of(fleet, moves=True)


def _broken(solve: Solve, without: WithoutRules) -> list[str]:
    """What a plan breaks of the rules that were left out; nothing where no plan is found."""
    fleet = without.fleet
    packing = None if fleet == without.whole or why_infeasible(fleet, solve.budget) else _plan(solve, fleet)
    if packing is None:
        return []
    rules = sum(1 for _ in broken_fleet_rules(without.whole, packing))
    plan = f"some plan without {'this rule' if rules == 1 else 'these rules'}"
    return list(broken_fleet_rules(without.whole, packing, plan))


def _plan(solve: Solve, fleet: Fleet) -> Packing | None:
    """Some plan, by greedy or else by CP-SAT, where the direct model is small enough."""
    if solve.budget.over():
        return None
    part = solve.reduced(fleet)
    solve_greedy(part, options=GreedyOptions(restarts=1))
    if part.packing is not None:
        return part.packing
    most = most_new_machines(fleet)
    if direct_terms(fleet, most) > _PARAMS.terms:
        return None
    return find_plan(solve.reduced(fleet, work=_PARAMS.work), most, None).packing
