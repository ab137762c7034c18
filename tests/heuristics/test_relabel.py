"""Exchanging alike machines never breaks a rule and never costs more."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import permutations

import pytest

import placement
from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import Machine, Packing, Seat, evaluate, moves
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


def _running(contents: list[list[str]]) -> Problem:
    """Machines of one pool that run these copies."""
    names = sorted({name for there in contents for name in there})
    return Problem(
        instance_types={"t": {"vcpus": 8, "memory_gib": 64, "price_per_hour": 1}},
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[
            {"name": name, "copies": sum(there.count(name) for there in contents), "accelerators": 0, "vcpus": 2}
            for name in names
        ],
        instances=[{"id": f"i-{i}", "pool": "p"} for i in range(len(contents))],
        placements=[{"component": name, "instance": f"i-{i}"} for i, there in enumerate(contents) for name in there],
        objective={"move_cost": 0.01},
    )


@seeds(range(300), 40)
def test_no_other_order_of_the_machines_saves_more(seeds: range) -> None:
    """All are tried: four machines that run, and a plan of the same copies put together otherwise."""
    for seed in seeds:
        rng = random.Random(seed)
        copies = [rng.choice("abcd") for _ in range(8)]
        fleet = compile_fleet(_running([copies[i : i + 2] for i in range(0, 8, 2)]))
        index = {component.name: component.index for component in fleet.components}
        rng.shuffle(copies)
        there = [tuple(Seat(c, 0, ()) for c in sorted(index[n] for n in copies[i : i + 2])) for i in range(0, 8, 2)]

        def packing(order: tuple[int, ...], there: list[tuple[Seat, ...]] = there) -> Packing:
            return Packing(tuple(Machine(0, i, seats) for i, seats in zip(order, there, strict=True)))

        least = min(evaluate(fleet, packing(order)) for order in permutations(range(4)))
        new = Packing(tuple(Machine(0, None, seats) for seats in there))
        assert evaluate(fleet, relabel(fleet, new)) == least, f"seed {seed}"


def test_moves_that_cost_nothing_are_saved_too() -> None:
    """Two copies that changed machines, and accelerators, for nothing; as many machines are new as before: none."""
    problem = Problem(
        accelerators={"A": {"memory_gib": 16}},
        instance_types={
            "t": {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 64, "price_per_hour": 1}
        },
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[{"name": name, "copies": 1, "accelerator_memory_gib": 8} for name in "ab"],
        instances=[{"id": "i-0", "pool": "p"}, {"id": "i-1", "pool": "p"}],
        placements=[{"component": name, "instance": f"i-{k}", "accelerators": [0]} for k, name in enumerate("ab")],
    )
    fleet = compile_fleet(problem)
    other = Packing((Machine(0, 1, (Seat(0, 0, (1,)),)), Machine(0, 0, (Seat(1, 0, (0,)),))))
    assert sum(moves(fleet, other)) == 2
    assert sum(moves(fleet, relabel(fleet, other))) == 0
    assert placement.solve(problem, "ffd", hint=to_plan(fleet, other), work=1).plan.moves == 0


def test_a_plan_near_to_what_runs_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """networkx takes long to load; where each machine finds its best one alone, it is not asked."""
    fleet = compile_fleet(_running([["a", "b"], ["a", "a"], ["b", "c"]]))
    index = {component.name: component.index for component in fleet.components}
    monkeypatch.setattr("networkx.max_weight_matching", None)
    there = [["a", "a"], ["b", "c"], ["a", "b"]]
    new = Packing(tuple(Machine(0, None, tuple(Seat(index[n], 0, ()) for n in names)) for names in there))
    assert [machine.instance for machine in relabel(fleet, new).machines] == [1, 2, 0]


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
