"""Commitments and bounds against the extensive form: all commitments tried, each scenario's optimum by enumeration."""

from __future__ import annotations

from typing import Any

import pytest

from placement import Problem, ScenarioSet, Status, plan_scenarios, verify
from tests.corpus import one_by_one
from tests.scenarios.oracle import Optimum, World, optimum, random_world

KINDS: dict[str, dict[str, Any]] = {"plain": {}, "rules": {"rules": 40}, "demand": {"max_components": 2}}


@one_by_one(range(60), 3)
@pytest.mark.parametrize("kind", KINDS)
def test_the_cheapest_commitments_are_found_and_proven(kind: str, seed: int) -> None:
    """Proofs are true, bounds are never above the least cost, and plans cost what was said and keep every rule."""
    world = random_world(3 * seed + list(KINDS).index(kind), **KINDS[kind])
    if world is None:
        return
    best = optimum(world)
    found = plan_scenarios(
        Problem(**world.problem), ScenarioSet(**world.scenarios), work=5, time_limit=None, compare=seed % 2 == 0
    )

    if best is None:
        assert found.status in (Status.INFEASIBLE, Status.UNKNOWN)
        assert found.cost is None
        return
    assert found.status is Status.OPTIMAL  # problems as small as these are always proven
    assert found.cost is not None
    assert found.bound is not None
    assert found.cost.exact == best.cost == found.bound.exact
    _policies_hold(found.policies, best)
    assert found.wait_and_see is not None
    assert found.wait_and_see.exact <= best.wait_and_see
    on_top = 0
    for row in found.scenarios:
        assert row.plan is not None
        assert verify(row.problem, row.plan).ok
        assert row.cost == round((row.plan.cost or 0) * 10**6)
        assert row.bound is not None
        assert row.bound <= row.cost
        on_top += row.weight * row.cost
    assert found.cost.total == on_top + found.cost.weights * found.committed_cost


def _policies_hold(policies: Any, best: Optimum) -> None:
    """What others would commit costs no less than it can, and its bound is one."""
    for policy in policies:
        least = best.by_machines[policy.machines]
        assert policy.bound.exact <= least <= policy.cost.exact


@one_by_one(range(40), 4)
def test_optional_copies_are_decided_first(seed: int) -> None:
    """With them, plans leave out as few as can be and what is proven is of plans that place the same copies."""
    world = random_world(7_000 + seed, optional=True)
    best = None if world is None else optimum(world)
    if world is None or best is None:
        return
    found = plan_scenarios(Problem(**world.problem), ScenarioSet(**world.scenarios), work=5, time_limit=None)

    assert found.cost is not None
    assert found.cost.exact >= best.cost
    for row in found.scenarios:
        assert row.plan is not None
        placed = {c.name: 0 for c in row.problem.components}
        for copy in row.plan.assignments:
            placed[copy.component] += 1
        for component in row.problem.components:
            if component.copies is not None:
                assert placed[component.name] == component.copies


def test_committing_for_all_beats_committing_for_the_mean() -> None:
    """One copy by night and three by day make two on the mean, and the third hour in four is worth no commitment."""
    world = World(
        {
            "format": "placement/v1",
            "accelerators": {"L40S": {"memory_gib": 48}},
            "instance_types": {
                "one": {
                    "accelerator": "L40S",
                    "accelerator_count": 1,
                    "vcpus": 8,
                    "memory_gib": 64,
                    "price_per_hour": 10,
                }
            },
            "pools": [{"name": "a", "instance_type": "one", "zone": "z"}],
            "components": [{"name": "chat", "copies": 1, "accelerator_memory_gib": 40}],
        },
        {
            "scenarios": [
                {"name": "night", "weight": 0.75},
                {"name": "day", "weight": 0.25, "components": [{"name": "chat", "copies": 3}]},
            ],
            "commitments": [{"name": "year", "pools": ["a"], "price_per_hour": 6}],
        },
    )
    found = plan_scenarios(Problem(**world.problem), ScenarioSet(**world.scenarios), work=20, time_limit=None)

    assert [row.machines for row in found.committed] == [1]
    assert found.cost is not None
    assert found.cost.dollars == 6 + 0.25 * 20
    assert {row.name: (row.machines, row.cost.dollars) for row in found.policies} == {
        "nothing": ((0,), 15.0),
        "mean": ((2,), 14.5),
        "peak": ((3,), 18.0),
    }
    assert found.stochastic_value is not None
    assert found.stochastic_value.dollars == 3.5
    assert found.wait_and_see is not None
    assert found.wait_and_see.dollars == 0.75 * 6 + 0.25 * 18
    best = optimum(world)
    assert best is not None
    assert (best.cost, best.wait_and_see) == (found.cost.exact, found.wait_and_see.exact)


def test_machines_that_are_always_paid_for_may_be_committed() -> None:
    """They are cheaper so, though nothing runs on them: one machine at a dollar, or committed at 30 cents."""
    machine = {"accelerator": "L", "accelerator_count": 1, "vcpus": 0, "memory_gib": 0, "price_per_hour": 1}
    problem = {
        "format": "placement/v1",
        "accelerators": {"L": {"memory_gib": 1}},
        "instance_types": {"l4": machine},
        "pools": [{"name": "l4-b", "instance_type": "l4", "zone": "b", "min_instances": 1}],
        "components": [],
    }
    rows = [{"name": "day", "weight": 1}]
    terms = [{"name": "year", "pools": ["l4-b"], "price_per_hour": 0.3}]
    scenarios = {"weights_total": 1, "scenarios": rows, "commitments": terms}

    found = optimum(World(problem, scenarios))

    assert found is not None
    assert found.cost == 300_000
    assert found.by_machines == {(0,): 1_000_000, (1,): 300_000}
    answer = plan_scenarios(Problem(**problem), ScenarioSet(**scenarios), work=1)
    assert answer.cost is not None
    assert answer.cost.exact == found.cost
