"""Exchanging alike machines never breaks a rule and never costs more."""

from __future__ import annotations

import random
from dataclasses import replace

import placement
from placement import Problem
from placement.document import to_plan
from placement.fleet import compile_fleet
from placement.heuristics import relabel
from placement.packing import Packing, evaluate
from tests import strategies


def test_a_shuffled_plan_finds_its_machines_again() -> None:
    """Running machines called new again, where nothing is pinned or cordoned: relabelling wins back what that costs."""
    won = tried = 0
    for seed in range(400):
        problem = Problem(**strategies.random_problem(random.Random(seed), state=True))
        result = placement.solve(problem, "best-fit", time_limit=None, work=3)
        if result.packing is None:
            continue
        fleet = compile_fleet(problem)
        fixed = {i.index for i in fleet.instances if i.cordoned} | {p.instance for p in fleet.places if p.pinned}
        scrambled = Packing(
            tuple(m if m.instance in fixed else replace(m, instance=None) for m in result.packing.machines)
        )
        quota_kept = all(
            pool.max_instances is None
            or sum(m.pool == pool.index for m in scrambled.machines)
            + sum(
                not i.removable and i.pool == pool.index and all(m.instance != i.index for m in scrambled.machines)
                for i in fleet.instances
            )
            <= pool.max_instances
            for pool in fleet.pools
        )
        if not quota_kept:
            continue
        tried += 1
        again = relabel(fleet, scrambled)
        assert placement.verify(problem, to_plan(fleet, again)).violations == (), f"seed {seed}"
        assert evaluate(fleet, again) <= evaluate(fleet, scrambled)
        won += evaluate(fleet, again) < evaluate(fleet, scrambled)
    assert tried > 100
    assert won > 20


def test_without_running_machines_nothing_changes() -> None:
    """The very same packing comes back."""
    problem = placement.read("instances/codegen-after.yaml")
    result = placement.solve(problem, "greedy", time_limit=None, work=1)
    assert result.packing is not None
    assert relabel(compile_fleet(problem), result.packing) is result.packing
