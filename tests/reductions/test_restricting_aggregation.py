"""A problem of groups asks for more: every plan of it is, copy for copy, a plan of the whole."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from placement import Problem
from placement.bounds import volume_bound
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import Machine, Packing, Seat, evaluate
from placement.heuristics.first_plan import first_plan
from placement.reductions.relaxing_aggregation import alike
from placement.reductions.restricting_aggregation import RestrictingAggregation
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from tests.corpus import broken_rules, seeds
from tests.heuristics.fleets import component, fleet_of, suite
from tests.strategies import random_problem


@seeds(range(60), 4)
def test_its_plans_are_plans_of_the_whole(seeds: range) -> None:
    """Under every rule, for few and many groups; the price is the same, and so is what is left out."""
    merged = 0
    documents = [random_problem(random.Random(seed), state=False, max_components=12) for seed in seeds]
    documents += [
        suite(family, 20, seed) for family in ("shared", "exclusive", "mixed") for seed in (1, 2)[: len(seeds) // 4]
    ]
    for seed, document in enumerate(documents):
        problem = Problem(**document)
        fleet = compile_fleet(problem)
        for most in (1, 10, 15):
            small = RestrictingAggregation.of(fleet, most)
            assert sorted(c for group in small.groups for c in group) == [c.index for c in fleet.components]
            incumbent = Incumbent(small.fleet, Budget())
            first_plan(Solve(small.fleet, incumbent, Budget(work=3), seed))
            if incumbent.best is None:
                continue
            packing, value = incumbent.best
            plan = small.lift(packing)
            assert broken_rules(problem, fleet, plan) == [], f"seed {seed}"
            assert evaluate(fleet, plan) == value
            merged += len(small.groups) < len(fleet.components)
    assert merged > len(seeds) / 4


def test_more_copies_than_serve_a_demand_are_all_its_own() -> None:
    """A plan may run as many as it likes: each is one of the component, which is alone in its group."""
    rows = [component("c", 1, 8), component("d", 1, 8), component("served", 1, 8, demand=2, throughput=1)]
    del rows[2]["copies"]
    fleet = fleet_of(rows)
    small = RestrictingAggregation.of(fleet, 1)
    served = next(g for g, group in enumerate(small.groups) if group == (2,))
    many = 3 * fleet.components[2].copies
    packing = small.lift(Packing((Machine(0, None, tuple(Seat(served, 0, (0,)) for _ in range(many))),)))
    assert Counter(seat.component for seat in packing.machines[0].seats) == {2: many}


def test_more_groups_ask_for_less() -> None:
    """Needs are rounded up: the volume bound falls towards that of the whole."""
    fleet = compile_fleet(Problem(**suite("shared", 300, 1)))
    bounds = [volume_bound(RestrictingAggregation.of(fleet, most).fleet) for most in (15, 40, 100, 300)]
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[-1] == volume_bound(fleet)
    assert bounds[2] <= 1.03 * bounds[-1]
    assert RestrictingAggregation.of(fleet, 100).pays
    assert not RestrictingAggregation.of(fleet, 300).pays


def test_groups_are_made_for_needs_that_are_rounded_up() -> None:
    """They lose less of the memory that way than those of needs that are rounded down do."""
    fleet = compile_fleet(Problem(**suite("shared", 300, 1)))

    def lost(groups: list[list[int]]) -> int:
        total = 0
        for group in groups:
            members = [(fleet.components[c].options[0].memory_mib, fleet.components[c].copies) for c in group]
            total += sum(n * (max(members)[0] - memory) for memory, n in members)
        return total

    assert lost(alike(fleet, 40, up=True)) < 0.9 * lost(alike(fleet, 40))


def test_components_with_rules_of_their_own_stay_alone() -> None:
    """Also one that another avoids, which says nothing itself."""
    rules: list[dict[str, Any]] = [
        {},
        {},
        {"dedicated": True},
        {"spread": {"max_per_instance": 1}},
        {"avoid": ["c0"]},
        {},
    ]
    fleet = fleet_of([component(f"c{k}", 2, k + 1.0, **rule) for k, rule in enumerate(rules)])
    assert RestrictingAggregation.of(fleet, 1).groups == ((0,), (1, 5), (2,), (3,), (4,))


def test_bug_what_outlives_a_pool_or_an_instance_stays_alone() -> None:
    """Copies of a group are dealt out in any order, so one component's could all be lost together."""
    for rule in ("min_available_on_pool_loss", "min_available_on_instance_loss"):
        fleet = fleet_of([component("a", 2, 20), component("b", 2, 20, **{rule: 1}), component("c", 2, 20)])
        assert RestrictingAggregation.of(fleet, 1).groups == ((0, 2), (1,))


def test_optional_copies_of_a_group_are_those_of_each() -> None:
    """One has one copy that may be left out, the other two: all three placed are one and two."""
    fleet = fleet_of([component("a", 1, 20, min_copies=0), component("b", 2, 20, min_copies=0)])
    groups = RestrictingAggregation.of(fleet, 1)
    assert groups.groups == ((0, 1),)
    pool = min(groups.fleet.components[0].options[0].pools)
    packing = Packing(tuple(Machine(pool, None, (Seat(0, 0, (0,)),)) for _ in range(3)))
    assert Counter(seat.component for _, seat in groups.lift(packing).seats()) == {0: 1, 1: 2}


def test_required_copies_of_a_group_come_first() -> None:
    """Two copies are placed where each of two components must have one, and may have two."""
    fleet = fleet_of([component(name, 2, 20, min_copies=1) for name in "ab"])
    groups = RestrictingAggregation.of(fleet, 1)
    assert groups.groups == ((0, 1),)
    pool = min(groups.fleet.components[0].options[0].pools)
    packing = Packing(tuple(Machine(pool, None, (Seat(0, 0, (0,)),)) for _ in range(2)))
    assert Counter(seat.component for _, seat in groups.lift(packing).seats()) == {0: 1, 1: 1}


def test_who_avoids_whom_is_told_by_groups() -> None:
    """Two components are one group, so those behind them have other numbers."""
    rules: list[dict[str, Any]] = [{}, {}, {"avoid": ["c3"]}, {}]
    fleet = fleet_of([component(f"c{k}", 2, k + 1.0, **rule) for k, rule in enumerate(rules)])
    groups = RestrictingAggregation.of(fleet, 1)
    assert groups.groups == ((0, 1), (2,), (3,))
    assert [set(c.avoids) for c in groups.fleet.components] == [set(), {2}, {1}]
