"""Random problems with policies and traffic, small enough for a referee at every step."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np

import placement
from placement.demand import ScalingPolicy
from placement.simulation.traffic import Traffic
from tests import strategies

if TYPE_CHECKING:
    from placement.documents import Problem


def world(seed: int, steps: int = 60, every: int = 600) -> tuple[Problem, ScalingPolicy, Traffic]:
    """A problem of every rule, a policy for each component, and bursts with pauses."""
    rng = random.Random(seed)
    document: dict[str, Any] = strategies.random_problem(rng)
    document["components"] = [
        {key: value for key, value in row.items() if key not in ("demand", "min_copies")} | {"copies": 1}
        for row in document["components"]
    ]
    for key in ("instances", "placements"):
        document.pop(key, None)
    if rng.random() < 0.7:  # quotas are tight in these problems, and leave no place to move to
        document.pop("limits", None)
        for pool in document["pools"]:
            pool.pop("max_instances", None)
    problem = placement.Problem(**document)
    names = [component.name for component in problem.components]
    rows = [
        {
            "name": name,
            "target_value": rng.choice([1, 4, 10]),
            "min_capacity": rng.choice([0, 0, 1]),
            "max_capacity": rng.choice([2, 4, 9]),
            "load_seconds": rng.choice([0, 60, 700, 1500]),
            "scale_in_after": rng.choice([0, 900]),
        }
        for name in names
    ]
    times = {"start_seconds": rng.choice([0, 300, 900]), "release_after_seconds": rng.choice([0, 300, 1000])}
    policy = ScalingPolicy(
        components=rows,
        machines={**times, "minimum_billed_seconds": rng.choice([0, 60, 3600])},
        replanning={"payback_hours": rng.choice([0.5, 8])},
    )
    rates = np.zeros((steps, len(names)), dtype=np.int64)
    for c in range(len(names)):
        level = 0
        for k in range(steps):
            if rng.random() < 0.25:
                level = rng.choice([0, 0, 3, 10, 25, 60]) * 1_000_000
            rates[k, c] = level
    return problem, policy, Traffic(tuple(names), np.arange(steps, dtype=np.int64) * every, steps * every, rates)


def roomy_world(seed: int, steps: int = 60, every: int = 600) -> tuple[Problem, ScalingPolicy, Traffic]:
    """Many small copies on machines of several sizes, without quotas: a fleet in which copies move, and every rule."""
    rng = random.Random(seed)
    sizes = {"one": (1, 1.0), "four": (4, 3.8), "eight": (8, 7.2)}
    zones = ["a", "b", "c"][: rng.choice([1, 2, 3])]
    components: list[dict[str, Any]] = []
    for c in range(rng.randint(6, 12)):
        row: dict[str, Any] = {"name": f"c{c}", "copies": 1, "vcpus": rng.choice([1, 2, 4]), "memory_gib": 4}
        row |= {"accelerator_memory_gib": rng.choice([5, 9, 14, 20]), "shared": rng.random() < 0.8}
        if rng.random() < 0.15:
            row |= {"accelerators": 2}
        if rng.random() < 0.2 and len(zones) > 1:
            row |= {"spread": {"min_zones": 2}}
        elif rng.random() < 0.2:
            row |= {"spread": rng.choice([{"max_per_instance": 1}, {"max_skew": 2}, {"max_per_zone": 5}])}
        elif rng.random() < 0.2:
            row |= {rng.choice(["min_available_on_instance_loss", "min_available_on_pool_loss"]): 1}
        if c and rng.random() < 0.2:
            row |= {"avoid": [f"c{rng.randrange(c)}"]}
        if rng.random() < 0.1:
            row |= {"dedicated": True}
        components.append(row)
    problem = placement.Problem(
        accelerators={"L4": {"memory_gib": 24}},
        instance_types={
            name: {"accelerator": "L4", "accelerator_count": n, "vcpus": 8 * n, "memory_gib": 32 * n,
                   "price_per_hour": price}
            for name, (n, price) in sizes.items()
        },
        pools=[{"name": f"{name}-{zone}", "instance_type": name, "zone": zone} for name in sizes for zone in zones],
        components=components,
        objective={"move_cost": rng.choice([0, 0.01, 0.2])},
    )  # fmt: skip
    names = tuple(component.name for component in problem.components)
    policy = ScalingPolicy(
        defaults={"target_value": 10, "max_capacity": 12, "scale_in_after": 0, "load_seconds": rng.choice([60, 900])},
        components=[{"name": name} for name in names],
    )
    rates = np.zeros((steps, len(names)), dtype=np.int64)
    for c in range(len(names)):
        level = rng.choice([0, 20, 80])
        for k in range(steps):
            if rng.random() < 0.2:
                level = rng.choice([0, 5, 20, 45, 90])
            rates[k, c] = level * 1_000_000
    return problem, policy, Traffic(names, np.arange(steps, dtype=np.int64) * every, steps * every, rates)
