"""How few optional copies can be left out: never above the truth, by any prices, and as high as its linear program."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import placement
from placement import Problem, check_certificate
from placement.certificates.search import ArgumentSearch
from placement.compiled.fleet import Fleet, compile_fleet
from placement.patterns.bound import PatternBound
from placement.patterns.certificate import certify
from placement.patterns.covering import any_domain
from placement.patterns.left_out import LeftOutBound, least_left_out, raise_left_out_bounds
from placement.patterns.parameters import PATTERNS
from placement.solving.budget import Budget
from placement.solving.context import Solve
from tests import brute, strategies
from tests.certificates.writing import random_prices
from tests.corpus import seeds

if TYPE_CHECKING:
    import pytest

    from tests.parameters import Change
    from tests.reading import Doc

SOME = range(31_000, 31_400)


def scarce(seed: int) -> Doc | None:
    """A random problem whose copies are mostly optional, at one to three priorities, on pools of few machines."""
    rng = random.Random(seed)
    problem = strategies.random_problem(rng)
    priorities = range(rng.choice((1, 2, 2, 3)))
    for row in problem["components"]:
        if "demand" not in row and rng.random() < 0.9:
            row["min_copies"] = 0 if rng.random() < 0.8 else min(1, row["copies"])
            row["priority"] = rng.choice(priorities)
    for row in problem["pools"]:
        row["max_instances"] = max(
            row.get("min_instances", 0), min(row.get("max_instances", 9), rng.choice((0, 1, 1, 2)))
        )
    for instance in problem.get("instances", ()):
        pool = next(row for row in problem["pools"] if row["name"] == instance["pool"])
        pool["max_instances"] += 1
    return None if brute.too_big(problem) else problem


def bounded(fleet: Fleet, level: int, given: tuple[int, ...] | None = ()) -> LeftOutBound:
    """The bound of one level without a plan."""
    bound = LeftOutBound(Solve.of(fleet), level, given)
    bound.run(Budget(), most=10**9)
    return bound


@seeds(SOME, 40)
def test_no_bound_is_above_what_some_plan_leaves_out(seeds: range) -> None:
    """Whatever plans leave out before the level, at converged prices and at any."""
    looked = tight = positive = 0
    for seed in seeds:
        rng, problem = random.Random(seed), scarce(seed)
        truth = None if problem is None else brute.survey(problem)
        if truth is None or problem is None or truth.best is None or not truth.priorities:
            continue
        fleet = compile_fleet(Problem(**problem))
        best = tuple(truth.best.left_out[priority] for priority in fleet.levels)
        for level in range(len(fleet.levels)):
            for before in {best[:level], tuple(n + rng.randint(0, 2) for n in best[:level])}:
                least = truth.least_left_out(level, before)
                assert least is not None
                bound = bounded(fleet, level, before)
                assert bound.least <= least, f"seed {seed}, level {level}, {before}"
                check_random_prices(bound, rng, least, f"seed {seed}, level {level}, {before}")
                looked, tight, positive = looked + 1, tight + (bound.least == least), positive + (bound.least > 0)
            of_any = min(out[level] for out in truth.costs)
            assert bounded(fleet, level, None).least <= of_any, f"seed {seed}, level {level}, any plan"
    assert looked > 0.5 * len(seeds)
    assert positive > 0.1 * looked
    assert tight > 0.8 * looked


def check_random_prices(bound: LeftOutBound, rng: random.Random, least: int, name: str) -> None:
    relaxation = bound.relaxation
    domain = any_domain(relaxation.fleet)
    for _ in range(4):
        prices = replace(random_prices(rng, relaxation, ()), group=[], aggregates={})
        proven = least_left_out(relaxation.fleet, certify(relaxation, prices), bound.level, domain)
        assert math.ceil(proven) <= least, name


def fleet_of(pools: list[dict[str, Any]], components: list[dict[str, Any]], **more: Any) -> Fleet:
    """One instance type with two accelerators of 16 GiB."""
    return compile_fleet(
        Problem(
            accelerators={"G": {"memory_gib": 16}},
            instance_types={
                "g": {"accelerator": "G", "accelerator_count": 2, "vcpus": 8, "memory_gib": 64, "price_per_hour": 3}
            },
            pools=[{"instance_type": "g", "zone": "a", **row} for row in pools],
            components=components,
            **more,
        )
    )


def test_levels_in_turn() -> None:
    """Two accelerators. Of the higher priority three copies that own one; the lower one has what they leave."""
    fleet = fleet_of(
        [{"name": "p", "max_instances": 1}],
        [
            {"name": "high", "copies": 3, "min_copies": 0, "priority": 5, "accelerator_memory_gib": 9},
            {"name": "low", "copies": 4, "min_copies": 0, "shared": True, "accelerator_memory_gib": 8},
        ],
    )
    assert bounded(fleet, 0).least == 1
    assert bounded(fleet, 1, (1,)).least == 4
    assert bounded(fleet, 1, (2,)).least == 2
    assert bounded(fleet, 1, (3,)).least == 0
    assert bounded(fleet, 1, (1,)).wanted == {0: 2, 1: 0}


def test_a_limit_over_pools_counts() -> None:
    """Ten machines each, and money for three: six accelerators for ten copies."""
    fleet = fleet_of(
        [{"name": "p", "max_instances": 10}, {"name": "q", "max_instances": 10}],
        [{"name": "c", "copies": 10, "min_copies": 0, "accelerator_memory_gib": 9}],
        limits=[{"name": "budget", "pools": ["p", "q"], "max_price_per_hour": 9.5}],
    )
    assert bounded(fleet, 0).least == 4


def test_machines_without_a_quota_leave_nothing_out() -> None:
    fleet = fleet_of(
        [{"name": "p"}], [{"name": "c", "copies": 10, "min_copies": 0, "priority": 1, "accelerator_memory_gib": 9}]
    )
    assert bounded(fleet, 0).least == 0


def test_nearly_all_is_enough_where_it_proves_no_plan(parameters: Change) -> None:
    """The search for the last digits goes on only where a plan may leave out no more."""
    rounds = {}
    for near in (0.0, 0.9):
        parameters(PATTERNS.left_out, near=near)
        for most in (31, 10**9):
            fleet = fleet_of(
                [{"name": "p", "max_instances": 4}, {"name": "q", "zone": "b", "max_instances": 3}],
                [
                    {"name": f"c{k}", "copies": 4, "min_copies": 0, "shared": True, "accelerator_memory_gib": 3 + k}
                    for k in range(9)
                ],
            )
            bound = LeftOutBound(Solve.of(fleet), 0, ())
            bound.run(Budget(), most)
            rounds[near, most] = bound.rounds, bound.least
    assert rounds[0.0, 10**9] == rounds[0.0, 31]
    assert rounds[0.9, 10**9][0] < rounds[0.0, 10**9][0]


def test_without_a_plan_each_level_is_bounded_for_itself() -> None:
    """Five of four accelerators' copies at each level: one is left out at each; both together five."""
    fleet = fleet_of(
        [{"name": "p", "max_instances": 2}],
        [
            {"name": name, "copies": 5, "min_copies": 0, "priority": priority, "accelerator_memory_gib": 9}
            for name, priority in (("high", 1), ("low", 0))
        ],
    )
    solve = Solve.of(fleet)
    raise_left_out_bounds(solve)
    assert solve.incumbent.left_out_bound() == (1, 1)
    assert placement.bound(fleet.problem, work=1).left_out_bound == {1: 1, 0: 1}


def test_of_the_best_plan_and_of_better_ones() -> None:
    """A plan leaves out one copy of the higher priority that need not be: both bounds of the lower one are told."""
    fleet = fleet_of(
        [{"name": "p", "max_instances": 1}],
        [
            {"name": "high", "copies": 2, "min_copies": 0, "priority": 5, "accelerator_memory_gib": 9},
            {"name": "low", "copies": 4, "min_copies": 0, "shared": True, "accelerator_memory_gib": 8},
        ],
    )
    hint = placement.solve(fleet.problem, "greedy", work=1)
    assert hint.packing is not None
    one = replace(hint.packing, machines=tuple(replace(m, seats=m.seats[:1]) for m in hint.packing.machines))
    solve = Solve.of(fleet, hint=one)
    assert solve.left_out == (1, 4)
    raise_left_out_bounds(solve)
    assert solve.incumbent.left_out_bound() == (0, 2)
    raise_left_out_bounds(solve, at_best=True)
    assert solve.incumbent.left_out_bound() == (0, 2)
    solve.incumbent.offer(hint.packing, "test")
    assert solve.incumbent.left_out_bound() == (0, 4)


def test_the_bound_on_money_begins_with_its_patterns() -> None:
    fleet = fleet_of(
        [{"name": "p", "max_instances": 2}],
        [
            {"name": f"c{k}", "copies": 3, "min_copies": 0, "shared": True, "accelerator_memory_gib": 4 + k}
            for k in range(4)
        ],
    )
    hint = placement.solve(fleet.problem, "greedy", work=1).packing
    solve = Solve.of(fleet, hint=hint)
    found = raise_left_out_bounds(solve)
    assert found is not None
    for one, knows in ((solve, True), (Solve.of(fleet, hint=hint), False)):
        bound = PatternBound(one.within(Budget(seconds=0)), one.left_out)
        bound.run()
        assert (set(found.patterns) <= set(bound.patterns)) == knows


def test_its_prices_are_a_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine's word is needed for that no plan leaves out fewer, nor a bound made anew."""
    monkeypatch.setattr(ArgumentSearch, "_anew", lambda *_, **__: iter(()))
    problem = fleet_of(
        [{"name": "p", "max_instances": 2}, {"name": "q", "zone": "b", "max_instances": 1}],
        [
            {"name": f"c{k}", "copies": 4, "min_copies": 0, "priority": k % 2, "accelerator_memory_gib": 9 + k}
            for k in range(4)
        ],
    ).problem
    result = placement.solve(problem, "column-generation", work=5, certificate=True)
    assert result.status == "optimal"
    written = placement.certify(result)
    assert written.certain
    assert set(written.leaves) == {"prices"}
    proofs = check_certificate.check(check_certificate.Problem(problem.model_dump(exclude_none=True)), written.document)
    assert len(proofs) == 3  # of two levels and of money
