"""Problems with plans that the tests of pages and pictures draw."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import placement
from placement.report.page.view import PlacedView, look
from placement.solving.left_out import left_out_levels

INSTANCES = Path(__file__).resolve().parents[2] / "instances"


@cache
def solved(name: str) -> tuple[placement.Problem, placement.Plan]:
    """One of the instances, and a plan of it by the quickest solver."""
    problem = placement.read(INSTANCES / f"{name}.yaml")
    return problem, placement.solve(problem, "greedy", work=1).plan


def named(component: str, zone: str = "a", kind: str = "small", name: str = "fleet") -> placement.Problem:
    """Two machines for three copies, with these names."""
    return placement.Problem(
        name=name,
        accelerators={"L40S": {"memory_gib": 48}},
        instance_types={
            kind: {"accelerator": "L40S", "accelerator_count": 1, "vcpus": 8, "memory_gib": 64, "price_per_hour": 2.24}
        },
        pools=[{"name": "pool " + zone, "instance_type": kind, "zone": zone}],
        components=[{"name": component, "copies": 3, "accelerator_memory_gib": 20, "shared": True, "vcpus": 1}],
    )


def planned(problem: placement.Problem, **said: Any) -> placement.Plan:
    """A plan of `named`: two copies on the first machine, one on the second."""
    pool, component = problem.pools[0].name, problem.components[0].name
    ids = [f"{pool}/new-{k}" for k in (1, 2)]
    return placement.Plan(
        problem=problem.name,
        status="feasible",
        instances=[{"id": one, "pool": pool} for one in ids],
        assignments=[{"component": component, "instance": ids[k // 2], "accelerators": [0]} for k in range(3)],
        **said,
    )


def mixed_demand() -> placement.Problem:
    """Two demands, of which the cheapest plan serves chat by a copy on an H100 and one on an L4."""
    types = {
        name: {"accelerator": gpu, "accelerator_count": 1, "vcpus": 8, "memory_gib": 64, "price_per_hour": price}
        for name, gpu, price in (("large", "H100", 7), ("small", "L4", 1))
    }
    options = [
        {"name": "big", "on": ["H100"], "throughput": 10},
        {"name": "little", "on": ["L4"], "throughput": 1},
    ]
    return placement.Problem(
        name="mixed",
        accelerators={"H100": {"memory_gib": 80}, "L4": {"memory_gib": 24}},
        instance_types=types,
        pools=[{"name": name, "instance_type": name, "zone": "z"} for name in types],
        components=[{"name": name, "demand": n, "options": options} for name, n in (("chat", 11), ("rank", 1))],
    )


def looked_at(problem: placement.Problem, plan: placement.Plan) -> PlacedView:
    """What a page is drawn from, of a plan that was found."""
    view = look(problem, plan)
    assert isinstance(view, PlacedView)
    return view


def scarce(**changes: Any) -> placement.Problem:
    """One machine of two accelerators for chat, which must run, two optional copies of priority 1, and one of 0."""
    kind = {"accelerator": "L40S", "accelerator_count": 2, "vcpus": 8, "memory_gib": 64, "price_per_hour": 4}
    document: dict[str, Any] = {
        "name": "scarce",
        "accelerators": {"L40S": {"memory_gib": 48}},
        "instance_types": {"pair": kind},
        "pools": [{"name": "a", "instance_type": "pair", "zone": "z", "max_instances": 1}],
        "components": [
            {"name": "batch", "copies": 1, "min_copies": 0},
            {"name": "chat", "copies": 1},
            {"name": "urgent", "copies": 2, "min_copies": 0, "priority": 1},
        ],
    }
    return placement.Problem(**document | changes)


def unproven(result: placement.Result) -> placement.Result:
    """The same plan as it would be with little time: half its bound, and no proof that any copy must be left out."""
    none = dict.fromkeys(result.plan.left_out_bound or {}, 0)
    bound = (result.cost or 0) // 2
    said = {"status": "feasible", "stop": "time", "gap": 0.5, "lower_bound": bound / 1e6, "left_out_bound": none}
    reasons = {level.priority: level.reason for level in left_out_levels(result.left_out, {})}
    priority = {row.name: row.priority for row in result.fleet.problem.components} if result.fleet else {}
    rows = [row.model_copy(update={"reason": reasons[priority[row.component]]}) for row in result.plan.unplaced]
    plan = result.plan.model_copy(update=said | {"unplaced": tuple(rows)})
    return replace(result, plan=plan, bound=bound, status=placement.Status.FEASIBLE, stop=placement.Stop.TIME)
