"""Problems with plans that the tests of pages and pictures draw."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import placement
from placement.report.page.view import PlacedView, look

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
