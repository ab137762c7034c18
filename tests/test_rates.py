"""Demands in units that run into the billions."""

from __future__ import annotations

import placement
from placement import Problem, Status

GPU = {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 64, "price_per_hour": 2}


def test_tokens_a_day() -> None:
    """86.4 billion tokens a day at 4 billion a copy take 22 copies, four to a machine."""
    problem = Problem(
        accelerators={"A": {"memory_gib": 40}},
        instance_types={"t": GPU},
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[
            {"name": "chat", "demand": 86.4e9, "throughput": 4e9, "accelerator_memory_gib": 20, "shared": True}
        ],
    )
    result = placement.solve(problem, time_limit=None, work=10)
    assert result.status is Status.OPTIMAL
    assert len(result.plan.assignments) == 22
    assert result.cost == 6 * 2_000_000
