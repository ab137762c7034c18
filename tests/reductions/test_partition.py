"""A plan cut into parts: whatever the parts find, put together, keeps every rule and costs no more."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from placement.compiled.fleet import compile_fleet
from placement.compiled.fleet_rules import broken_fleet_rule
from placement.compiled.packing import Machine, Packing, Seat, evaluate
from placement.documents import Problem
from placement.heuristics import GreedyOptions, solve_greedy
from placement.reductions.partition import deal, gather, make_parts
from placement.reductions.subproblem import may_be_freed
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from tests.corpus import broken_rules, plans, seeds
from tests.heuristics.fleets import component, fleet_of, suite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.compiled.fleet import Fleet


def groups_of(fleet: Fleet, packing: Packing, copies: int, seed: int) -> Iterator[list[list[int]]]:
    """All three cuts of a plan."""
    rng = np.random.default_rng(seed)
    yield deal(fleet, packing, copies, rng, by_zone=False)
    yield deal(fleet, packing, copies, rng, by_zone=True)
    yield gather(fleet, packing, copies, rng)


@seeds(range(25, 150), 12)
def test_every_free_machine_is_in_one_group(seeds: range) -> None:
    """Dealt by zone, across zones or by waste: nothing is lost, nothing twice, and zones stay apart when asked."""
    for seed, _, fleet, packing in plans(seeds):
        free = sorted(m for m, machine in enumerate(packing.machines) if may_be_freed(fleet, machine))
        for device_class, groups in enumerate(groups_of(fleet, packing, 3, seed)):
            assert sorted(m for group in groups for m in group) == free
            if device_class == 1:
                zones = [{fleet.pools[packing.machines[m].pool].zone for m in group} for group in groups]
                assert all(len(found) == 1 for found in zones)


def test_zones_with_few_copies_share_a_group() -> None:
    """With a machine a zone a group a zone would be thousands of parts that can't be packed any better."""
    problem = Problem(
        instance_types={"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1.0}},
        pools=[{"name": f"p{z}", "instance_type": "t", "zone": f"z{z}"} for z in range(40)],
        components=[{"name": "c", "copies": 43, "accelerators": 0, "vcpus": 1}],
    )
    fleet = compile_fleet(problem)
    pools = [*range(40), 39, 39, 39]
    packing = Packing(tuple(Machine(p, None, (Seat(0, 0, ()),)) for p in pools))
    groups = deal(fleet, packing, 8, np.random.default_rng(0), by_zone=True)
    assert [len(group) for group in groups] == [4] * 9 + [3, 4]
    assert groups[-1] == [39, 40, 41, 42]


@seeds(range(90), 50)
def test_parts_solved_at_once_make_a_plan(seeds: range) -> None:
    """Each part is packed anew by a heuristic that knows only the part; together they are a plan, and no dearer."""
    tried = better = 0
    for seed, problem, fleet, packing in plans(seeds):
        for groups in groups_of(fleet, packing, 3, seed):
            machines: list[Machine] = []
            parts = list(make_parts(fleet, packing, groups))
            for part in parts:
                solve = Solve.of(part.fleet, Budget(work=1), seed, part.packing)
                solve_greedy(solve, options=GreedyOptions(restarts=2, rounds=3))
                assert solve.packing is not None
                machines += part.put_back(solve.packing)
            freed = {m for part in parts for m in part.machines}
            still = (machine for m, machine in enumerate(packing.machines) if m not in freed)
            whole = Packing((*still, *machines))
            assert broken_rules(problem, fleet, whole) == [], f"seed {seed}"
            before, after = evaluate(fleet, packing), evaluate(fleet, whole)
            assert after.left_out <= before.left_out
            if not fleet.places and not any(pool.min_instances for pool in fleet.pools):
                assert after <= before, f"seed {seed}"
            tried += len(parts) > 1
            better += after < before
    assert tried > 50 * len(seeds) / 90
    assert better > 5 * len(seeds) / 90


def test_quotas_are_dealt_out_whole() -> None:
    """What the plan uses and what it leaves go to the parts, and to none of them twice; no less either."""
    problem = Problem(**suite("mixed", 60, 1))
    fleet = compile_fleet(problem)
    incumbent = Incumbent(fleet, Budget())
    solve_greedy(Solve(fleet, incumbent, Budget(work=1)), options=GreedyOptions(rounds=0))
    assert incumbent.best is not None
    packing = incumbent.best[0]
    groups = deal(fleet, packing, 20, np.random.default_rng(0), by_zone=False)
    parts = list(make_parts(fleet, packing, groups))
    assert len(parts) > 3
    given: Counter[int] = Counter()
    for part in parts:
        for pool in part.fleet.pools:
            given[pool.index] += pool.max_instances or 0
    inside = {m for group in groups for m in group}
    still = Counter(machine.pool for m, machine in enumerate(packing.machines) if m not in inside)
    for pool in fleet.pools:
        if pool.max_instances is not None:
            assert given[pool.index] + still[pool.index] == pool.max_instances


def test_a_part_comes_without_the_documents() -> None:
    """What is sent to another process does not hold the whole problem."""
    fleet = fleet_of([component(f"m{k}", 3, 30.0) for k in range(20)])
    incumbent = Incumbent(fleet, Budget())
    solve_greedy(Solve(fleet, incumbent, Budget(work=1)), options=GreedyOptions(rounds=0))
    assert incumbent.best is not None
    packing = incumbent.best[0]
    part = next(make_parts(fleet, packing, deal(fleet, packing, 10, np.random.default_rng(0), by_zone=False)))
    assert part.fleet.problem.components == ()
    assert len(part.fleet.components) < len(fleet.components)


def test_optional_copies_left_out_are_offered_to_one_part_only() -> None:
    """Two parts that both take the same copy in would place it twice."""
    fleet = fleet_of([component("must", 12, 60.0), component("may", 6, 30.0, min_copies=0)])
    machines = tuple(Machine(0, None, tuple(Seat(0, 0, (k,)) for k in range(4))) for _ in range(3))
    packing = Packing(machines)
    parts = list(make_parts(fleet, packing, [[0], [1], [2]]))
    offered = [sum(c.copies - c.required for c in part.fleet.components) for part in parts]
    assert sorted(offered) == [0, 0, 6]


def test_machines_paid_for_anyway_are_no_reason_to_fill_them_twice() -> None:
    """The machines that `min_instances` pays for are dealt out, none of them twice."""
    fleet = fleet_of([component("m", 12, 60.0)])
    pools = (replace(fleet.pools[0], min_instances=4), *fleet.pools[1:])
    fleet = replace(fleet, pools=pools)
    packing = Packing(tuple(Machine(0, None, tuple(Seat(0, 0, (k,)) for k in range(4))) for _ in range(3)))
    parts = list(make_parts(fleet, packing, [[0], [1], [2]]))
    assert sum(part.fleet.pools[0].min_instances for part in parts) == 4


def test_bug_empty_machines_of_a_minimum_count_in_the_limit_of_their_part() -> None:
    """Three machines in use and two that a minimum pays for are all that the limit allows: each part has its own."""
    limit = {"name": "account", "pools": ["big-a", "small-a"], "max_instances": 5}
    fleet = fleet_of([component("m", 12, 60.0)], limits=[limit])
    small = replace(fleet.pools[1], min_instances=2, max_instances=3)
    fleet = replace(fleet, pools=(fleet.pools[0], small, *fleet.pools[2:]))
    packing = Packing(tuple(Machine(0, None, tuple(Seat(0, 0, (k,)) for k in range(4))) for _ in range(3)))
    parts = list(make_parts(fleet, packing, [[0], [1], [2]]))
    assert [broken_fleet_rule(part.fleet, part.packing) for part in parts] == ["", "", ""]
    assert sum(part.fleet.limits[0].most for part in parts) == 5


def test_moves_and_what_a_lost_instance_leaves_are_dealt_out() -> None:
    """Of four moves that are left each of two parts has two; of four copies two must outlive any instance."""
    problem = Problem(
        instance_types={"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1}},
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[{"name": "c", "copies": 4, "accelerators": 0, "min_available_on_instance_loss": 2}],
        instances=[{"id": "i", "pool": "p"}, {"id": "j", "pool": "p"}],
        placements=[{"component": "c", "instance": i} for i in "iijj"],
        objective={"max_moves": 4},
    )
    packing = Packing(tuple(Machine(0, k, (Seat(0, 0, ()),) * 2) for k in range(2)))
    for part in make_parts(compile_fleet(problem), packing, [[0], [1]]):
        assert part.fleet.max_moves == 2
        (component,) = part.fleet.components
        assert (component.max_per_instance, component.instance_loss_floor) == (2, 0)
