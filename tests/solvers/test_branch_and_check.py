"""Nodes decided over all patterns: bounds stay below the optimum, plans keep all rules, small fleets are proven."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from placement import Plan, Problem
from placement.compiled.broken_rule import broken_rule
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import evaluate
from placement.compiled.running import RunningInstance
from placement.heuristics import GreedyOptions, solve_greedy
from placement.patterns.bound import PatternBound
from placement.patterns.covering import any_domain
from placement.patterns.enumeration import node_program
from placement.patterns.enumeration.class_cuts import broken_cut, cut_at
from placement.patterns.enumeration.listing import list_patterns
from placement.patterns.enumeration.node_program import NodeProgram
from placement.patterns.enumeration.program import ProgramAnswer
from placement.patterns.formulation import relax
from placement.patterns.history import NodeCase
from placement.patterns.parameters import PATTERNS
from placement.planner import _packing_of
from placement.solvers.column_generation import branch_and_check
from placement.solvers.column_generation.branch_and_check import BranchAndCheck, decide_nodes, is_near
from placement.solvers.column_generation.solution_parts import SolutionPart, SolutionParts
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from tests import brute, strategies
from tests.corpus import seeds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.patterns.enumeration.node_program import KnownCuts


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
    solve_greedy(solve, options=GreedyOptions(rounds=50))
    if incumbent.best is None or any(incumbent.best[1].left_out):
        return None
    bound = PatternBound(solve, incumbent.best[1].left_out if fleet.levels else None, engines=False)
    bound.run()
    return incumbent, bound, decide_nodes(solve, bound, "test")


@seeds(range(7_045, 7_400), 15)  # a node of 7,056 is decided
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


@seeds(range(7_045, 7_400), 15)  # a node of 7,056 is decided
def test_inequalities_in_place_of_patterns_say_the_same(seeds: range, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no pattern listed the proofs are as many, and no bound is above the optimum."""
    monkeypatch.setattr(node_program, "_PARAMS", replace(PATTERNS.node_program, listed=0))
    check_bounds_and_proofs(seeds)


@pytest.mark.parametrize("near", [True, False])
def test_while_the_best_plan_is_far_most_of_the_time_is_for_a_better_one(
    near: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nodes prove little of a bound that is far, and plans come of other searches."""
    parts: list[float] = []
    budget = Budget(work=100)
    solve = Solve.of(made(1), budget)
    solve_greedy(solve, options=GreedyOptions(rounds=1))
    bound = PatternBound(solve, engines=False)
    monkeypatch.setattr(branch_and_check, "is_near", lambda *_: near)
    monkeypatch.setattr(BranchAndCheck, "run", lambda _, part: parts.append(part.steps_left() / budget.steps_left()))
    decide_nodes(solve, bound, "test")
    assert parts == [pytest.approx(0.8 if near else 0.2)]


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


def test_inequalities_hold_wherever_accelerators_hold_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a solution breaks in one zone is in the program of the other zone, too, and in those of later nodes."""
    monkeypatch.setattr(node_program, "_PARAMS", replace(PATTERNS.node_program, listed=0))
    problem = Problem(
        accelerators={"A": {"memory_gib": 10}},
        instance_types={
            "t": {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 64, "price_per_hour": 3}
        },
        pools=[{"name": f"in-{zone}", "instance_type": "t", "zone": zone} for zone in "ab"],
        components=[
            {"name": name, "copies": 4, "accelerators": 1, "accelerator_memory_gib": size, "shared": True}
            for name, size in (("large", 8), ("small", 3))
        ],
    )
    relaxation = relax(compile_fleet(problem))
    known: KnownCuts = {}

    def program() -> NodeProgram:
        return NodeProgram(relaxation, (), NodeCase(any_domain(relaxation.fleet)), 10**8, known)

    first = program()
    in_a = [w for w, mode in enumerate(relaxation.modes) if mode.zone == 0]
    all_there = ProgramAnswer(0, (1, 0), tuple(4 if w in in_a else 0 for w in range(len(relaxation.modes))))
    assert first.separate(all_there)
    assert not first.separate(all_there), "the same inequality twice"
    one, other = relaxation.device_classes
    assert one.contents == other.contents
    for later in (first, program()):
        assert [len(later.cuts[q]) for q in (0, 1)] == [1, 1]
        for device_class in (one, other):
            (cut,) = later.cuts[device_class.index]
            patterns = list_patterns(device_class, device_class.knapsack, [0, 0], 0, 100)
            assert patterns
            assert max(sum(cut.items[i] * n for i, n in some.items()) for some in patterns) == cut.accelerator


def made(seed: int) -> Fleet:
    """Six components, on one accelerator or on several, and six instance types: greedy plans are seldom optimal."""
    rng = random.Random(seed)
    types = [(f"{a}{k}", a, k, price * k + 0.3) for a, price in (("A", 1.1), ("B", 3.7)) for k in (1, 4, 8)]
    return compile_fleet(
        Problem(
            accelerators={"A": {"memory_gib": 24}, "B": {"memory_gib": 80}},
            instance_types={
                name: {
                    "accelerator": a,
                    "accelerator_count": k,
                    "vcpus": 16 * k,
                    "memory_gib": 96 * k,
                    "price_per_hour": price,
                }
                for name, a, k, price in types
            },
            pools=[{"name": name, "instance_type": name, "zone": "z"} for name, *_ in types],
            components=[
                {
                    "name": f"c{i}",
                    "copies": rng.randint(1, 4),
                    "shared": True,
                    "accelerators": rng.choice((1, 1, 1, 2, 4)),
                    "accelerator_memory_gib": rng.randint(3, 23),
                    "vcpus": rng.randint(1, 12),
                }
                for i in range(6)
            ],
        )
    )


def begun(seed: int) -> tuple[Solve, PatternBound]:
    """Such a fleet after greedy, and its pattern bound, whose tree was left at the root."""
    solve = Solve.of(made(seed), Budget(work=20))
    solve_greedy(solve, options=GreedyOptions(restarts=1))
    bound = PatternBound(solve, None, engines=False)
    bound.run(nodes=1)
    return solve, bound


@pytest.mark.parametrize("seed", [1, 7])
def test_the_tree_grows_before_each_node_that_is_decided(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small one proves its plan so, or is at its end, before any node is decided."""
    solve, bound = begun(seed)
    asked: list[bool] = []

    def nothing(*_: object) -> tuple[None, None]:
        asked.append(bound.tree is None or bound.tree.done)
        return None, None

    monkeypatch.setattr(BranchAndCheck, "_decide", nothing)
    before = bound.nodes
    assert not solve.incumbent.proved
    decide_nodes(solve, bound, "test")
    assert bound.nodes > before
    assert all(asked)


def test_a_plan_is_near_where_a_program_asks_for_all_that_are_better() -> None:
    """Not one that is 16 % dearer than the bound, nor where something runs: counts of copies say too little of it."""
    solve, bound = begun(1)
    assert solve.value is not None
    assert solve.value.ticks > 1.1 * bound.ticks
    assert not is_near(solve, bound)
    solve, bound = begun(2)
    assert solve.value is not None
    assert solve.value.ticks == bound.ticks
    assert is_near(solve, bound)
    running = replace(
        solve.fleet, instances=(RunningInstance(0, "i", 0, cordoned=False, removable=True, residents={}),)
    )
    assert not is_near(replace(solve, fleet=running), bound)


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
