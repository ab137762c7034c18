"""Exchanging alike machines never breaks a rule and never costs more."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

import placement
from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import Machine, Packing, Seat, evaluate
from placement.compiled.translate import to_plan
from placement.heuristics import relabel
from tests import strategies
from tests.corpus import seeds


@seeds(range(400), 8)
def test_a_shuffled_plan_finds_its_machines_again(seeds: range) -> None:
    """Running machines called new again, where nothing is pinned or cordoned: relabelling wins back what that costs.

    Also the place in the quotas that idle machines take when they can't be released.
    """
    won = tried = 0
    for seed in seeds:
        problem = Problem(**strategies.random_problem(random.Random(seed), state=True))
        result = placement.solve(problem, "best-fit", time_limit=None, work=3)
        if result.packing is None:
            continue
        fleet = compile_fleet(problem)
        fixed = {i.index for i in fleet.instances if i.cordoned} | {p.instance for p in fleet.places if p.pinned}
        scrambled = Packing(
            tuple(m if m.instance in fixed else replace(m, instance=None) for m in result.packing.machines)
        )
        tried += 1
        again = relabel(fleet, scrambled)
        assert placement.verify(problem, to_plan(fleet, again)).violations == (), f"seed {seed}"
        won += evaluate(fleet, again) < evaluate(fleet, scrambled)
    assert tried > 100 * len(seeds) / 400
    assert won > 20 * len(seeds) / 400


@pytest.mark.slow
def test_without_running_machines_nothing_changes() -> None:
    """The very same packing comes back."""
    problem = placement.read("instances/codegen-after.yaml")
    result = placement.solve(problem, "greedy", time_limit=None, work=1)
    assert result.packing is not None
    assert relabel(compile_fleet(problem), result.packing) is result.packing


def test_a_machine_that_must_stay_is_used_when_the_quota_asks_for_it() -> None:
    """The only copy stands elsewhere, and moving it costs: keeping both machines is not allowed."""
    problem = Problem(
        accelerators={"A": {"memory_gib": 16}},
        instance_types={
            "t": {"accelerator": "A", "accelerator_count": 1, "vcpus": 8, "memory_gib": 64, "price_per_hour": 1}
        },
        pools=[{"name": "p", "instance_type": "t", "zone": "z", "max_instances": 1}],
        components=[{"name": "c", "copies": 1, "accelerators": 1, "accelerator_memory_gib": 8, "move_cost": 2}],
        instances=[{"id": "i-fixed", "pool": "p", "removable": False}, {"id": "i-now", "pool": "p"}],
        placements=[{"component": "c", "instance": "i-now"}],
    )
    for solver in ("ffd", "greedy", "column-generation", "auto"):
        result = placement.solve(problem, solver, time_limit=None, work=20)
        assert result.cost == 3_000_000, solver


@pytest.mark.parametrize("solver", ["cp-sat", "milp"])
def test_no_plan_gives_a_machine_back_to_rent_one_like_it(solver: str) -> None:
    """The copy that is needed is none of those that run, so the machine is all that can be kept."""
    problem = Problem(
        accelerators={"A": {"memory_gib": 16}},
        instance_types={
            "t": {"accelerator": "A", "accelerator_count": 1, "vcpus": 8, "memory_gib": 64, "price_per_hour": 1}
        },
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[{"name": "c", "copies": 1, "accelerators": 1, "accelerator_memory_gib": 8}],
        instances=[{"id": "i-now", "pool": "p"}],
    )
    fleet = compile_fleet(problem)
    new = Packing((Machine(0, None, (Seat(0, 0, (0,)),)),))
    assert [machine.instance for machine in relabel(fleet, new).machines] == [0]

    plan = placement.solve(problem, solver, time_limit=None, hint=to_plan(fleet, new)).plan
    assert [row.id for row in plan.instances] == ["i-now"]
