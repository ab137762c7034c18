"""A few machines packed anew and put back: every rule of the whole plan still holds, and the cost moves by as much."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.compiled.fleet_rules import broken_fleet_rule
from placement.compiled.packing import Machine, Packing, Seat, evaluate, moves
from placement.direct.cp_sat import solve_cp_sat
from placement.heuristics import partial_packing
from placement.local_search.large_neighbourhood import LargeNeighbourhood
from placement.local_search.refill import bring_in
from placement.reductions.partition import make_parts
from placement.reductions.subproblem import Subproblem, copies_left_out, may_be_freed
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from tests import strategies
from tests.corpus import broken_rules, copy_on_a_draining_machine, plans, seeds
from tests.reductions.lifted_value import lifted_value


@seeds(range(150), 80)
def test_what_is_put_back_keeps_every_rule(seeds: range) -> None:
    """CP-SAT packs random freed machines anew; the whole plan is checked, and its cost differs by the same amount."""
    tried = better = 0
    for seed, problem, fleet, packing in plans(seeds):
        rng = random.Random(seed)
        free = [m for m, machine in enumerate(packing.machines) if may_be_freed(fleet, machine)]
        freed = rng.sample(free, min(len(free), rng.randint(1, 4)))
        if not freed:
            continue
        small = Subproblem.of(fleet, packing, freed)
        assert broken_rules(problem, fleet, small.lift(small.packing)) == []
        budget = Budget(work=10, threads=1)
        solve = Solve.of(small.fleet, budget, seed, small.packing)
        solve_cp_sat(solve)
        incumbent = solve.incumbent
        assert incumbent.best is not None
        whole = small.lift(incumbent.best[0])
        assert broken_rules(problem, fleet, whole) == [], f"seed {seed}"
        before, after = evaluate(fleet, packing), evaluate(fleet, whole)
        small_before, small_after = evaluate(small.fleet, small.packing), evaluate(small.fleet, incumbent.best[0])
        if after.left_out == before.left_out:
            assert after.ticks - before.ticks == small_after.ticks - small_before.ticks, f"seed {seed}"
        assert after <= before
        tried += 1
        better += after < before
    assert tried > 80 * len(seeds) / 150
    assert better > 5 * len(seeds) / 150


def test_moves_that_are_left_are_those_of_the_whole() -> None:
    """Two of three copies move, one of them on the machines that are freed: what the whole has left comes on top."""
    rows = [{"id": f"i{k}", "pool": "p"} for k in range(3)]
    places = [{"component": "c", "instance": row["id"]} for row in rows]
    for most, expected in ((2, 1), (3, 2), (1, 0)):
        problem = Problem(
            instance_types={"t": {"vcpus": 1, "memory_gib": 8, "price_per_hour": 1}},
            pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
            components=[{"name": "c", "copies": 3, "accelerators": 0, "vcpus": 1}],
            instances=rows,
            placements=places,
            objective={"max_moves": most},
        )
        fleet = compile_fleet(problem)
        seat = (Seat(0, 0, ()),)
        packing = Packing((Machine(0, 0, seat), Machine(0, None, seat), Machine(0, None, seat)))
        assert sum(moves(fleet, packing)) == 2
        small = Subproblem.of(fleet, packing, [0, 1])
        assert sum(moves(small.fleet, small.packing)) == 1
        assert small.fleet.max_moves == expected
        assert Subproblem.of(compile_fleet(problem), packing, [0]).fleet.max_moves == max(0, most - 2)


def test_floors_of_the_whole_hold_beside_machines_that_stand_still() -> None:
    """Of four copies in two pools two must outlive a pool, and three an instance: one a machine, two in each pool."""
    problem = Problem(
        instance_types={"t": {"vcpus": 4, "memory_gib": 8, "price_per_hour": 1}},
        pools=[{"name": name, "instance_type": "t", "zone": "z"} for name in "pq"],
        components=[
            {
                "name": "c",
                "copies": 4,
                "accelerators": 0,
                "vcpus": 1,
                "min_available_on_pool_loss": 2,
                "min_available_on_instance_loss": 3,
            }
        ],
    )
    fleet = compile_fleet(problem)
    packing = Packing(tuple(Machine(p, None, (Seat(0, 0, ()),)) for p in (0, 0, 1, 1)))
    (both,) = Subproblem.of(fleet, packing, [1, 3]).fleet.components  # one stands in each pool, and two may come
    assert (both.max_per_instance, [sorted(option.pools) for option in both.options]) == (1, [[]])
    (one,) = Subproblem.of(fleet, packing, [1]).fleet.components  # q is full
    assert (one.max_per_instance, [sorted(option.pools) for option in one.options]) == (1, [[0]])
    (of_q,) = Subproblem.of(fleet, packing, [2]).fleet.components
    assert [sorted(option.pools) for option in of_q.options] == [[1]]
    alone = replace(fleet, components=(replace(fleet.components[0], pool_loss_floor=0),))
    (any_pool,) = Subproblem.of(alone, packing, [1, 3]).fleet.components
    assert (any_pool.max_per_instance, [sorted(option.pools) for option in any_pool.options]) == (1, [[0, 1]])


@pytest.mark.parametrize(
    ("more", "freed"),
    [
        ({"spread": {"max_per_instance": 2}}, False),
        ({"min_available_on_instance_loss": 1}, False),
        ({"dedicated": True}, False),
        ({}, True),
    ],
)
def test_machines_whose_copies_would_lose_a_rule_are_not_freed(more: dict[str, Any], freed: bool) -> None:
    """Copies of a demand by several options become several components; by one option they stay one."""
    options = [{"accelerators": 0, "vcpus": rate, "throughput": rate} for rate in (1, 2)]
    for some, expected in ((options, freed), (options[:1], True)):
        problem = Problem(
            instance_types={"t": {"vcpus": 4, "memory_gib": 8, "price_per_hour": 1}},
            pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
            components=[{"name": "c", "demand": 3, "options": some, **more}],
        )
        assert may_be_freed(compile_fleet(problem), Machine(0, None, (Seat(0, 0, ()),))) is expected


def test_copies_that_serve_a_demand_keep_their_options() -> None:
    """Two copies by an option that serves 2, one by one that serves 1: none becomes another, as all serve just 5."""
    options = [{"accelerators": 0, "vcpus": rate, "throughput": rate} for rate in (2, 1)]
    problem = Problem(
        instance_types={"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1}},
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[{"name": "c", "demand": 5, "options": options}],
        instances=[{"id": "i", "pool": "p"}],
        placements=[{"component": "c", "instance": "i", "option": 1}],
    )
    packing = Packing((Machine(0, 0, (Seat(0, 0, ()), Seat(0, 0, ()), Seat(0, 1, ()))),))
    small = Subproblem.of(compile_fleet(problem), packing, [0])
    assert small.keys == ((0, None, 0), (0, None, 1))
    assert [(c.required, c.copies, len(c.options)) for c in small.fleet.components] == [(2, 2, 1), (1, 1, 1)]
    assert [(place.component, place.option) for place in small.fleet.places] == [(1, 0)]


def test_idle_machines_that_stay_count_against_quotas() -> None:
    """Of three machines one is used, and one that can't be released stands empty: the freed part may have two."""
    problem = Problem(
        instance_types={"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1}},
        pools=[{"name": "p", "instance_type": "t", "zone": "z", "max_instances": 3}],
        components=[{"name": "c", "copies": 1, "accelerators": 0}],
        instances=[{"id": "i", "pool": "p", "removable": False}],
    )
    packing = Packing((Machine(0, None, (Seat(0, 0, ()),)),))
    assert Subproblem.of(compile_fleet(problem), packing, [0]).fleet.pools[0].max_instances == 2


def test_copies_come_in_where_no_rule_over_zones_is_at_stake() -> None:
    """One copy of three is left out: with a skew of 1 it may not come in anywhere, without a rule it may."""
    for more, expected in (({"spread": {"max_skew": 1}}, {}), ({}, {(0, None, None): 1})):
        problem = Problem(
            instance_types={"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1}},
            pools=[{"name": zone, "instance_type": "t", "zone": zone} for zone in "ab"],
            components=[{"name": "c", "copies": 3, "min_copies": 0, "accelerators": 0, **more}],
        )
        packing = Packing((Machine(0, None, (Seat(0, 0, ()),)), Machine(1, None, (Seat(0, 0, ()),))))
        assert copies_left_out(compile_fleet(problem), packing) == expected


def test_bug_a_copy_that_comes_in_where_none_may_move_is_no_packing() -> None:
    """Two of three copies stay, the third runs on a machine that drains: it may come in as far as moves are left."""
    for most, may in ((0, False), (1, True)):
        problem = copy_on_a_draining_machine(max_moves=most)
        fleet, three = compile_fleet(problem), Packing((Machine(0, 0, (Seat(0, 0, ()),) * 3),))
        packing = Packing((Machine(0, 0, (Seat(0, 0, ()),) * 2),))
        part = next(make_parts(fleet, packing, [[0]]))
        for small in (Subproblem.of(fleet, packing, [0]), part):
            assert (broken_fleet_rule(small.fleet, three) == "") == may
            assert (broken_rules(problem, fleet, small.lift(three)) == []) == may
            assert broken_rules(problem, fleet, small.lift(small.packing)) == []


@seeds(range(60), 60)
def test_the_search_never_makes_a_plan_worse_or_wrong(seeds: range) -> None:
    """A few steps on each plan: what the incumbent holds afterwards is checked."""
    improved = 0
    for seed, problem, fleet, packing in plans(seeds):
        budget = Budget(threads=1)
        incumbent = Incumbent(fleet, budget)
        incumbent.offer(packing, "test")
        search = LargeNeighbourhood(Solve(fleet, incumbent, Budget(), seed))
        for _ in range(3):
            if search.possible:
                search.step(budget)
        assert incumbent.best is not None
        assert broken_rules(problem, fleet, incumbent.best[0]) == []
        improved += search.improved
    assert improved > 0


def test_a_copy_that_comes_in_elsewhere_has_moved() -> None:
    """It runs on a machine that drains, and the plan leaves it out; packed anew beside another copy, it costs its move.

    Problems drawn at random have seldom all of that at once.
    """
    machine = {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 64, "price_per_hour": 4}
    problem = Problem(
        accelerators={"A": {"memory_gib": 40}},
        instance_types={"t": machine},
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[
            {"name": "new", "copies": 1},
            {"name": "runs", "copies": 1, "min_copies": 0, "move_cost": 0.5},
        ],
        instances=[{"id": "i", "pool": "p", "state": "draining"}],
        placements=[{"component": "runs", "instance": "i"}],
    )
    fleet = compile_fleet(problem)
    packing = Packing((Machine(0, None, (Seat(0, 0, (0,)),)),))
    small = Subproblem.of(fleet, packing, [0])
    both = Packing((Machine(0, None, (Seat(0, 0, (0,)), Seat(1, 0, (1,)))),))
    assert moves(small.fleet, both) == moves(fleet, both) == (0, 1)
    assert small.lift(both) == both
    assert broken_rules(problem, fleet, both) == []
    assert evaluate(fleet, both).ticks > evaluate(fleet, packing).ticks
    assert lifted_value(small, evaluate(small.fleet, both)) == evaluate(fleet, both)


@seeds(range(150))
def test_bringing_in_ends_complete_or_says_so(seeds: range) -> None:
    """From what constructions make of problems as they are: a packing that lacks nothing keeps every rule."""
    complete = 0
    for seed in seeds:
        problem = Problem(**strategies.random_problem(random.Random(seed), optional=False))
        fleet = compile_fleet(problem)
        budget = Budget(threads=1)
        start = partial_packing(fleet, budget, seed, ejections=0)
        if start is None:
            continue
        found = bring_in(fleet, start, Solve.of(fleet, budget, seed))
        if not found.missing:
            assert broken_rules(problem, fleet, found.packing) == [], f"seed {seed}"
            complete += 1
    assert complete > 60 * len(seeds) / 150
