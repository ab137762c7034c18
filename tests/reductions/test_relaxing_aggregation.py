"""A coarser problem asks for less: every plan of the fleet is a plan of it, so its bounds hold for the fleet."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

import placement
from placement import Problem
from placement.bounds import volume_bound
from placement.compiled.broken_rule import broken_rule
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import Packing
from placement.direct.cp_sat import solve_cp_sat
from placement.patterns.bound import PatternBound
from placement.reductions.base import EXACT
from placement.reductions.relaxing_aggregation import RELAXES, RelaxingAggregation, alike
from placement.solving.budget import Budget
from placement.solving.context import Solve
from tests.corpus import plans, seeds
from tests.heuristics.fleets import component, document, fleet_of, suite
from tests.strategies import random_problem


def test_every_plan_is_a_plan_of_the_coarser_problem() -> None:
    """Each copy stands where it stood, as a copy of its group, and every rule that is left is kept."""
    merged = zoned = 0
    for _, _, fleet, packing in plans(range(150)):
        for most in (1, 3):
            coarse = RelaxingAggregation.of(fleet, most)
            if coarse.fleet is fleet:
                continue
            assert sorted(c for group in coarse.groups for c in group) == [c.index for c in fleet.components]
            merged += len(coarse.fleet.components) < len(fleet.components)
            zoned += any(c.has_zone_rules for c in coarse.fleet.components)
            small = coarse.merged(Packing(tuple(replace(machine, instance=None) for machine in packing.machines)))
            assert broken_rule(coarse.fleet, small) == ""
            assert [m.pool for m in small.machines] == [m.pool for m in packing.machines]
    assert merged > 10
    assert zoned > 10


@pytest.mark.parametrize(("most", "alone"), [(1, True), (0, False)])
def test_components_with_rules_over_zones_stay_alone_while_they_are_few(most: int, alone: bool) -> None:
    """Twice as many as groups at most; where they are merged their rules are left out."""
    rows = [component(name, 2, 20, spread={"max_skew": 1}) for name in "ab"] + [component("c", 2, 20)]
    coarse = RelaxingAggregation.of(compile_fleet(Problem(**document(rows))), most)
    assert coarse.keeps_zone_rules is alone
    assert coarse.groups == (((0,), (1,), (2,)) if alone else ((0, 1, 2),))
    assert [c.has_zone_rules for c in coarse.fleet.components] == ([True, True, False] if alone else [False])


def test_copies_of_groups_are_dealt_to_components() -> None:
    """Each zone has as many of a group as asked for, spread over small and large ones; each component has its own."""
    rows = [component(name, n, 20 + k) for k, (name, n) in enumerate(zip("abcd", (1, 4, 2, 5), strict=True))]
    coarse = RelaxingAggregation.grouped(compile_fleet(Problem(**document(rows))), [[0, 1, 2], [3]])
    dealt = coarse.deal([[4, 0], [3, 5]])
    assert [sum(here[c] for here in dealt) for c in range(4)] == [1, 4, 2, 5]
    assert [[sum(here[:3]), here[3]] for here in dealt] == [[4, 0], [3, 5]]


def test_each_zone_has_small_and_large_ones_of_a_group() -> None:
    """Of eight copies by size a zone that has two has one of the smaller half."""
    fleet = compile_fleet(Problem(**document([component(name, 1, 20 + k) for k, name in enumerate("abcdefgh")])))
    _, few = RelaxingAggregation.grouped(fleet, [range(8)]).deal([[6], [2]])
    assert (sum(few[:4]), sum(few[4:])) == (1, 1)


@pytest.mark.parametrize("most", [1, 2])
@seeds(range(200, 260), 10)
def test_its_bounds_are_below_every_plan(seeds: range, most: int) -> None:
    """Against proven optima."""
    tried = 0
    for seed in seeds:
        problem = Problem(**random_problem(random.Random(seed), optional=False, max_components=8, max_copies=8))
        result = placement.solve(problem, "cp-sat", time_limit=None, work=10, threads=1)
        if result.packing is None or result.cost is None:
            continue
        fleet = compile_fleet(problem)
        coarse = RelaxingAggregation.of(fleet, most).fleet
        bound = PatternBound(Solve.of(coarse, Budget(work=5)))
        bound.run()
        assert fleet.cost(coarse.tick_price * bound.bound) <= result.cost
        assert fleet.cost(volume_bound(coarse)) <= result.cost
        tried += coarse is not fleet
    assert tried > len(seeds) / 5


def test_finer_groups_lose_less() -> None:
    """The volume bound rises towards that of the whole; a tenth of the components keeps nearly all of it."""
    fleet = compile_fleet(Problem(**suite("shared", 300, 1)))
    bounds = [volume_bound(RelaxingAggregation.of(fleet, most).fleet) for most in (15, 40, 100, 300)]
    assert bounds == sorted(bounds)
    assert bounds[-1] == volume_bound(fleet)
    assert bounds[2] >= 0.97 * bounds[-1]


def test_only_what_runs_alike_is_merged() -> None:
    """Copies that share accelerators and copies that own them stay apart, however few groups are asked for."""
    fleet = fleet_of(
        [component("a", 2, 20.0), component("b", 3, 30.0), component("c", 1, 20.0, shared=False)],
    )
    assert alike(fleet, 1) == [[0, 1], [2]]
    coarse = RelaxingAggregation.of(fleet, 1).fleet
    assert [(c.required, c.copies, c.options[0].memory_mib) for c in coarse.components] == [
        (5, 5, 20 * 1024),
        (1, 1, 20 * 1024),
    ]


def test_levels_pools_and_demands_stay_apart() -> None:
    """A group has one level, the pools of each member, and no demand beside others; what it must place adds up."""
    first = component("first", 2, 20.0, min_copies=0, priority=1)
    rows = [component(name, 2, 20.0, min_copies=1) for name in "ab"] + [first]
    coarse = RelaxingAggregation.of(fleet_of(rows), 1)
    assert coarse.groups == ((0, 1), (2,))
    assert [(c.required, c.copies, c.level) for c in coarse.fleet.components] == [(2, 4, 1), (0, 2, 0)]
    fleet = fleet_of([component("a", 2, 20.0), component("b", 2, 20.0, instance_types=["small"])])
    assert alike(fleet, 1) == [[0], [1]]
    served = {"copies": None, "demand": 2, "throughput": 1}
    rows = [{k: v for k, v in {**component(name, 2, 20.0), **served}.items() if v is not None} for name in "ab"]
    assert alike(fleet_of([*rows, component("c", 2, 20.0)]), 1) == [[0], [1], [2]]


def test_bug_a_group_does_not_lose_copies_as_one_component_must() -> None:
    """Component a, all optional, is left out where there is one pool; b alone keeps no rule of a's."""
    rows = [
        component("a", 2, 40, min_copies=0, min_available_on_pool_loss=1, min_available_on_instance_loss=1),
        component("b", 2, 40, min_copies=1),
    ]
    made = document(rows)
    fleet = compile_fleet(Problem(**{**made, "pools": made["pools"][1:2]}))
    coarse = RelaxingAggregation.of(fleet, 1).fleet
    for one in (fleet, coarse):
        solve = Solve.of(one, Budget(work=10))
        assert not solve_cp_sat(solve).infeasible
        assert solve.packing is not None


def test_a_bound_of_groups_says_what_it_takes_for_granted() -> None:
    """That of the fleet itself takes nothing more."""
    fleet = fleet_of([component("a", 2, 20.0), component("b", 3, 30.0)])
    assert RelaxingAggregation.of(fleet, 1).keeps_bound.relaxes == RELAXES
    assert RelaxingAggregation.of(fleet, 2).keeps_bound is EXACT
