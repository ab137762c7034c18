"""Column generation where rules look at the whole plan: what it proves, against enumeration."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement import Problem, Status
from tests import brute, strategies
from tests.corpus import seeds

if TYPE_CHECKING:
    from collections.abc import Iterator

FLOORS = ("min_available_on_pool_loss", "min_available_on_instance_loss")


def problems(seeds: range) -> Iterator[tuple[int, dict[str, Any], int]]:
    """Tiny problems with a plan, limits, commitments or losses, and nothing that runs; with the least cost."""
    for seed in seeds:
        document = strategies.random_problem(random.Random(seed), rules=60, state=False, optional=False, demand=False)
        ruled = any(document.get(key) for key in ("limits", "commitments"))
        ruled = ruled or any(row.get(floor) for row in document["components"] for floor in FLOORS)
        if ruled and not brute.too_big(document):
            least = brute.survey(document).least_cost(None)
            if least is not None:
                yield seed, document, least


@seeds(range(600), 10)
def test_small_fleets_with_rules_over_the_whole_plan_are_proven(seeds: range) -> None:
    """Bounds are never above the optimum, and nearly always meet it."""
    tried = proven = 0
    for seed, document, least in problems(seeds):
        result = placement.solve(Problem(**document), "column-generation", time_limit=None, work=10, threads=1)
        assert result.plan is not None, f"seed {seed}"
        assert result.bound is None or result.bound <= least, f"seed {seed}"
        if result.status is Status.OPTIMAL:
            assert result.cost == least, f"seed {seed}"
        tried += 1
        proven += result.status is Status.OPTIMAL
    assert tried > len(seeds) / 5
    assert proven > 0.95 * tried


MACHINE = {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 64, "price_per_hour": 3}


def apart(**keys: Any) -> Problem:
    """Two small copies that avoid each other, which patterns do not know: they look like one machine and are two."""
    component = {"copies": 1, "accelerators": 1, "accelerator_memory_gib": 4, "shared": True}
    document: dict[str, Any] = {
        "accelerators": {"A": {"memory_gib": 10}},
        "instance_types": {"t": MACHINE},
        "pools": [{"name": name, "instance_type": "t", "zone": "z", "price_per_hour": p} for name, p in PRICES.items()],
        "components": [{"name": "a", "avoid": ["b"], **component}, {"name": "b", **component}],
    }
    return Problem(**document | keys)


PRICES = {"cheap": 3, "dear": 4}
COMMITTED = {"commitments": [{"name": "k", "pools": ["cheap"], "instances": 1}]}
SHARED = {"commitments": [{"name": "k", "pools": ["cheap", "dear"], "instances": 1}]}
LIMITED = {"limits": [{"name": "l", "pools": ["cheap"], "max_instances": 1}]}
MONEY = {"limits": [{"name": "l", "pools": ["cheap", "dear"], "max_price_per_hour": 7}]}


@pytest.mark.parametrize(
    ("rules", "cost"), [(COMMITTED, 3), (SHARED, 3), (LIMITED, 7), (MONEY, 6), (COMMITTED | LIMITED, 4)]
)
def test_mixes_are_decided_one_by_one_under_limits_and_commitments(rules: dict[str, Any], cost: float) -> None:
    """What no pattern knows is proven by ruling out the machine counts that are too few."""
    result = placement.solve(apart(**rules), "column-generation", time_limit=None, work=10, threads=1)
    assert result.status is Status.OPTIMAL
    assert result.plan is not None
    assert result.plan.cost == cost
