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
