"""The document `placement-scenario-plan/v1`: what `placement scenarios` writes. Money in dollars per hour."""

from typing import Any

from placement.scenarios.result import Moves, ScenarioOutcome, ScenarioPlan, Weighted
from placement.units import MICRO, dollars

FORMAT = "placement-scenario-plan/v1"


def answer_document(found: ScenarioPlan) -> dict[str, Any]:
    """The answer as plain dictionaries and lists; every key is there."""
    saved, moves = found.stochastic_value, found.moves
    return {
        "format": FORMAT,
        "problem": found.problem.name,
        "scenarios_name": found.document.name,
        "status": str(found.status),
        "stop": str(found.stop),
        "reason": found.reason,
        "seconds": found.seconds,
        "seed": found.seed,
        "cost": _money(found.cost),
        "lower_bound": _money(found.bound),
        "gap": found.gap,
        "committed_cost": dollars(found.committed_cost),
        "wait_and_see_lower_bound": _money(found.wait_and_see),
        "value_of_stochastic_solution": _money(saved),
        "commitments": [
            {
                "name": row.term.name,
                "pools": list(row.term.pool_names),
                "instances": row.machines,
                "price_per_hour": row.term.dollars,
                "cost": dollars(row.cost),
                "max_instances": row.term.most,
            }
            for row in found.committed
        ],
        "policies": [
            {
                "name": row.name,
                "instances": {c.term.name: n for c, n in zip(found.committed, row.machines, strict=True)},
                "cost": _money(row.cost),
                "lower_bound": _money(row.bound),
            }
            for row in found.policies
        ],
        "moves": None if moves is None else _moves(moves),
        "scenarios": [_scenario(found, row) for row in found.scenarios],
        "rounds": found.rounds,
        "cuts": found.cuts,
    }


def _money(value: Weighted | None) -> float | None:
    return None if value is None else value.dollars


def _moves(moves: Moves) -> dict[str, Any]:
    return {
        "cost": float(moves.per_hour / MICRO),
        "cost_per_move": dollars(moves.per_move),
        "round_hours": moves.round_hours,
        "steps": [
            {"from": step.before, "to": step.after, "moves": step.moved, "starts": step.started, "stops": step.stopped}
            for step in moves.steps
        ],
    }


def _scenario(found: ScenarioPlan, row: ScenarioOutcome) -> dict[str, Any]:
    weights = sum(other.weight for other in found.scenarios)
    pools = [pool.name for pool in row.problem.pools]
    plan = None if row.plan is None else row.plan.to_document()
    return {
        "name": row.name,
        "share": row.weight / weights,
        "on_demand_cost": dollars(row.cost),
        "cost": None if row.cost is None else dollars(row.cost + found.committed_cost),
        "on_demand_lower_bound": dollars(row.bound),
        "gap": row.gap,
        "copies": 0 if row.plan is None else len(row.plan.assignments),
        "machines": {name: n for name, n in zip(pools, row.paid, strict=False) if n},
        "committed_in_use": {c.term.name: row.in_use(c) for c in found.committed},
        "left_out": row.left_out,
        "reason": row.reason,
        "plan": plan,
    }
