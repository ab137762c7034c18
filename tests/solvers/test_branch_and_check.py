"""Nodes decided over all patterns: bounds stay below the optimum, plans keep all rules, small fleets are proven."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from placement import Plan, Problem
from placement.compiled.broken_rule import broken_rule
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import evaluate
from placement.heuristics import solve_greedy
from placement.patterns.bound import PatternBound
from placement.patterns.enumeration import node_program
from placement.patterns.enumeration.class_cuts import broken_cut, cut_at
from placement.patterns.formulation import relax
from placement.patterns.parameters import PATTERNS
from placement.planner import _packing_of
from placement.solvers.column_generation.branch_and_check import decide_nodes
from placement.solvers.column_generation.solution_parts import SolutionPart, SolutionParts
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from tests import brute, strategies
from tests.corpus import seeds

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


def small_fleets(seeds: range) -> Iterator[tuple[int, Fleet, int]]:
    """Random problems in which nothing runs, small enough to enumerate, with the ticks of an optimal plan."""
    for seed in seeds:
        row = strategies.random_problem(random.Random(seed), rules=40, state=False, demand=False)
        if row.get("commitments") or brute.too_big(row):
            continue
        fleet, best = compile_fleet(Problem(**row)), brute.cheapest(row)
        if best is not None and not any(best.left_out.values()):
            yield seed, fleet, evaluate(fleet, _packing_of(fleet, Plan.model_validate(best.plan))).ticks


def decided(fleet: Fleet, work: int = 100) -> tuple[Incumbent, PatternBound, int] | None:
    """A fleet after greedy, the pattern bound by prices alone, and nodes one by one."""
    budget = Budget(work=work)
    incumbent = Incumbent(fleet, budget)
    solve = Solve(fleet, incumbent, budget)
    solve_greedy(solve)
    if incumbent.best is None or any(incumbent.best[1].left_out):
        return None
    bound = PatternBound(solve, incumbent.best[1].left_out if fleet.levels else None, engines=False)
    bound.run()
    return incumbent, bound, decide_nodes(solve, bound, "test")


@seeds(range(7_000, 7_400), 60)
def test_bounds_hold_and_small_fleets_are_proven(seeds: range) -> None:
    """Never above the optimum; with nodes decided one by one most fleets are proven that prices alone are not."""
    check_bounds_and_proofs(seeds)


def check_bounds_and_proofs(seeds: range) -> None:
    """That they hold, and that proofs are common."""
    tried = proven = fathomed = 0
    for seed, fleet, ticks in small_fleets(seeds):
        answer = decided(fleet)
        if answer is None:
            continue
        incumbent, bound, nodes = answer
        assert incumbent.best is not None
        assert ticks <= incumbent.best[1].ticks, f"seed {seed}"
        assert bound.ticks <= ticks, f"seed {seed}"
        assert not broken_rule(fleet, incumbent.best[0]), f"seed {seed}"
        tried += 1
        proven += incumbent.proved
        fathomed += nodes
    assert tried > len(seeds) / 8
    assert proven > 0.9 * tried
    assert fathomed


@seeds(range(7_000, 7_400), 60)
def test_inequalities_in_place_of_patterns_say_the_same(seeds: range, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no pattern listed the proofs are as many, and no bound is above the optimum."""
    monkeypatch.setattr(node_program, "_PARAMS", replace(PATTERNS.node_program, listed=0))
    check_bounds_and_proofs(seeds)


def test_no_accelerator_is_worth_more_than_a_cut_says() -> None:
    """Items of 8 and 3 of 10 GiB: worth 2 and 1, no accelerator holds more than 3; four copies break it on one."""
    problem = Problem(
        accelerators={"A": {"memory_gib": 10}},
        instance_types={
            "t": {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 64, "price_per_hour": 3}
        },
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[
            {"name": name, "copies": 4, "accelerators": 1, "accelerator_memory_gib": size, "shared": True}
            for name, size in (("large", 8), ("small", 3))
        ],
    )
    (device_class,) = relax(compile_fleet(problem)).device_classes
    sizes = [item.memory_mib for item in device_class.items]
    large, small = sizes.index(max(sizes)), sizes.index(min(sizes))
    values = [2 if i == large else 1 for i in range(2)]
    cut = cut_at(device_class, values)
    assert cut is not None
    assert cut.accelerator * 2 == 3 * cut.items[large]  # three small ones, worth 3, where a large one is worth 2
    assert broken_cut(device_class, {large: 2, small: 3}, 3) is None
    broken = broken_cut(device_class, {large: 2, small: 3}, 2)
    assert broken is not None
    assert broken.items[large] * 2 + broken.items[small] * 3 > broken.accelerator * 2


def test_nothing_is_forbidden_where_the_pools_of_a_class_differ_for_the_copies() -> None:
    """One machine of pool a holds no copy that may run on b alone; one machine of the class may be that of b."""
    option = {"accelerators": 1, "accelerator_memory_gib": 8, "shared": True}
    problem = Problem(
        accelerators={"A": {"memory_gib": 10}},
        instance_types={
            name: {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 64, "price_per_hour": 3}
            for name in "ab"
        },
        pools=[{"name": name, "instance_type": name, "zone": "z"} for name in "ab"],
        components=[
            {"name": "on-b", "copies": 1, "options": [{"instance_types": ["b"], **option}]},
            {"name": "anywhere", "copies": 1, "options": [option]},
        ],
    )
    fleet = compile_fleet(problem)
    parts = SolutionParts(Solve.of(fleet, Budget(work=10)), fleet, relax(fleet))
    (pools,) = {machines.pools for machines in relax(fleet).device_classes}
    assert len(pools) == 2
    assert parts.pack({0: 1}, {0: 1}, Budget(work=10)) == (None, True)
    assert parts.forbid(SolutionPart(pools, {0: 1}, {0: 1}), Budget(work=10)) == []
    assert [some.machines for some in parts.forbid(SolutionPart(pools, {0: 1}, {1: 3}), Budget(work=10))] == [1]
