"""The whole program with what runs: no prices prove more than the optimum costs, and its solutions can be packed."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement import Problem
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.translate import to_plan
from placement.patterns.bound import PatternBound
from placement.patterns.enumeration.exact_bound import price_bound
from placement.patterns.enumeration.rows import IntegerRows
from placement.patterns.group_bound import raise_bounds_by_rules
from placement.patterns.parameters import WholeBoundParameters
from placement.patterns.running.state import RunningState
from placement.patterns.running.whole_bound import (
    GrowingRelaxation,
    WholeRunningBound,
    may_bound_running,
    raise_running_bound,
)
from placement.solvers.column_generation.running_solutions import solve_running
from placement.solvers.registry import find_solver
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.result import Stop
from tests import brute, strategies
from tests.corpus import seeds
from tests.fuzz.blind import poor_plan
from tests.heuristics.fleets import suite

if TYPE_CHECKING:
    from fractions import Fraction

GOES_ON = 52_074  # a seed whose program needs more than one round
MOVES = (0, 0.01, 0.5, 2, 5, 20, 100, 1e5)  # dollars a move


def moving(rng: random.Random) -> dict[str, Any] | None:
    """A random problem where copies run, and moves cost anything or are few."""
    document = strategies.random_problem(rng, rules=30, demand=False)
    if not document.get("placements"):
        return None
    document["objective"] = {"move_cost": rng.choice(MOVES), "horizon_hours": rng.choice((0.25, 1, 1.7, 24))}
    if rng.random() < 0.5:
        document["objective"]["max_moves"] = rng.choice((0, 1, 2, 3))
    return document


def running(seed: int) -> tuple[Fleet, brute.Best] | None:
    """One with its optimum."""
    document = moving(random.Random(seed))
    best = None if document is None or brute.too_big(document) else brute.cheapest(document)
    return None if document is None or best is None else (compile_fleet(Problem(**document)), best)


@seeds(range(50_000, 50_600), 40)
def test_no_prices_prove_more_than_the_optimum(seeds: range) -> None:
    """Those of the linear relaxation, round after round, and any others; often they prove all of it."""
    tried = tight = above = 0
    for seed in seeds:
        case = running(seed)
        if case is None or not may_bound_running(case[0]):
            continue
        fleet, best = case
        rng, cost = random.Random(seed), best.account.cost
        given = tuple(best.left_out.get(level, 0) for level in fleet.levels)
        for left_out in (None, given):
            patterns = PatternBound(Solve.of(fleet), left_out)
            if patterns.running_prices() is None or patterns.infeasible:
                continue
            bound = WholeRunningBound(RunningState(patterns.relaxation), patterns.groups, patterns.patterns)
            told: list[Fraction] = []
            if not bound.run(Budget(work=10), told.append):
                continue
            tried += 1
            assert told == sorted(told)
            assert all(fleet.cost(math.ceil(fleet.tick_price * least)) <= cost for least in told), f"seed {seed}"
            tight += fleet.cost(math.ceil(fleet.tick_price * bound.bound)) == cost
            above += fleet.tick_price * bound.bound > patterns.ticks
            program = bound.program()
            relaxed = GrowingRelaxation().solve(program, Budget())
            assert relaxed is not None
            for scale in (0.3, 0.9, 1.5):
                prices = [round(price * rng.uniform(scale, 1.0)) for price in relaxed[1]]
                least = program.price(prices).bound
                assert fleet.cost(math.ceil(fleet.tick_price * least)) <= cost, f"seed {seed}: other prices"
    assert tried > 0.3 * len(seeds)
    assert tight > 0.2 * tried
    assert above > 0.02 * tried  # or it is for nothing


@seeds(range(52_000, 52_400), 25)
def test_the_bound_of_few_moves_is_no_more_than_the_optimum(seeds: range) -> None:
    """Of the whole program, of the patterns and of prices of moves together; asked again it has nothing to add."""
    tried = tight = 0
    for seed in seeds:
        case = running(seed)
        if case is None or not case[0].has_few_moves:
            continue
        fleet, best = case
        solve = Solve.of(fleet)
        found = raise_bounds_by_rules(solve)
        assert not found.infeasible, f"seed {seed}"
        bound = fleet.cost(solve.incumbent.ticks_bound or 0)
        assert bound <= best.account.cost, f"seed {seed}"
        tried += 1
        tight += bound == best.account.cost
    assert tried > 0.1 * len(seeds)
    assert tight > 0.5 * tried


def test_the_program_goes_on_where_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut short after a round it has its columns still; converged, it is not solved again."""
    case = running(GOES_ON)
    assert case is not None
    solve = Solve.of(case[0])
    monkeypatch.setattr(WholeBoundParameters, "rounds", 1)
    first = raise_running_bound(solve)
    assert first is not None
    assert not first.converged
    monkeypatch.setattr(WholeBoundParameters, "rounds", 50)
    assert raise_running_bound(solve) is first
    assert first.converged
    monkeypatch.setattr(WholeRunningBound, "run", lambda *_: pytest.fail("solved again"))
    assert raise_running_bound(solve) is first
    assert solve.incumbent.evidence.count(first) == 1


def test_a_commitment_pays_all_that_it_has() -> None:
    """Two dollars of three are no whole number of the steps in which an engine takes prices: they are rounded up."""
    fleet = compile_fleet(
        Problem(
            instance_types={"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 3}},
            pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
            components=[{"name": "c", "copies": 1, "accelerators": 0, "vcpus": 8}],
            instances=[{"id": "i", "pool": "p"}],
            placements=[{"component": "c", "instance": "i"}],
            commitments=[{"name": "k", "pools": ["p"], "price_per_hour": 2}],
            objective={"move_cost": 1, "horizon_hours": 1},
        )
    )
    patterns = PatternBound(Solve.of(fleet))
    assert patterns.running_prices() is not None
    bound = WholeRunningBound(RunningState(patterns.relaxation), patterns.groups, patterns.patterns)
    assert bound.run(Budget(), lambda _: None)
    assert 999_990 <= bound.bound <= 1_000_000


@seeds(range(60_000, 61_000), 45)
def test_its_plans_keep_every_rule(seeds: range) -> None:
    """From a poor plan, as few or as dear as moves are; some plans come of it, and none is below the bound."""
    better = 0
    for seed in seeds:
        document = moving(random.Random(seed))
        if document is None:
            continue
        problem = Problem(**document)
        fleet = compile_fleet(problem)
        solve = Solve.of(fleet, Budget(work=20))
        poor_plan(solve)
        before = solve.value
        if not may_bound_running(fleet) or before is None:
            continue
        solve_running(solve)
        assert solve.packing is not None
        assert solve.value is not None
        if solve.value != before:
            better += 1
            assert solve.value < before
            assert not placement.verify(problem, to_plan(fleet, solve.packing)).violations, f"seed {seed}"
        gap = solve.incumbent.gap()
        assert gap is None or gap >= 0, f"seed {seed}"
    assert better > 0.02 * len(seeds)


@pytest.mark.slow
def test_dear_moves_at_twenty_components() -> None:
    """Within a few per cent of what it proves, in little work, on a fleet of the suite with moves of 20 $."""
    document = suite("replan", 20, 1)
    document["objective"]["move_cost"] = 20
    fleet = compile_fleet(Problem(**document))
    solve = Solve.of(fleet, Budget(work=10))
    find_solver("greedy").run(solve, restarts=1)
    first = solve.value
    solve_running(solve)
    gap = solve.incumbent.gap()
    assert first is not None
    assert solve.value is not None
    assert solve.value.ticks < first.ticks
    assert gap is not None
    assert gap < 0.03


def test_whole_prices_bound_a_small_program() -> None:
    """At least 3 of two columns that cost 2 and 5, the first at most 2 times: 9, whatever is asked for less."""
    rows = IntegerRows()
    cheap, dear = rows.column(2.0, cost=2.0), rows.column(9.0, cost=5.0)
    rows.row(3.0, math.inf, {cheap: 1.0, dear: 1.0})
    costs = [2, 5]
    assert price_bound(rows, costs, [5]) == 9
    assert price_bound(rows, costs, [2]) == 6
    assert price_bound(rows, costs, [0]) == 0
    assert price_bound(rows, costs, [-7]) == 0  # its upper side is infinite, so it counts as none
    assert price_bound(rows, costs, [100]) < 9


def test_nothing_joins_a_cordoned_machine() -> None:
    """The program has none of its other accelerator, nor of the room beside its copy: a second machine is proven."""
    document: dict[str, Any] = {
        "format": "placement/v1",
        "accelerators": {"A": {"memory_gib": 80}},
        "instance_types": {
            "two": {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 64, "price_per_hour": 3}
        },
        "pools": [{"name": "two/a", "instance_type": "two", "zone": "a"}],
        "components": [
            {"name": "kept", "copies": 1, "accelerators": 1, "accelerator_memory_gib": 20, "shared": True},
            {"name": "new", "copies": 8, "accelerators": 1, "accelerator_memory_gib": 20, "shared": True},
        ],
        "instances": [{"id": "i-1", "pool": "two/a", "state": "cordoned"}],
        "placements": [{"component": "kept", "instance": "i-1", "accelerators": [0]}],
        "objective": {"move_cost": 100, "horizon_hours": 1},
    }
    fleet = compile_fleet(Problem(**document))
    solve = Solve.of(fleet, Budget(work=20))
    poor_plan(solve)
    solve_running(solve)
    assert solve.packing is not None
    assert {machine.instance for machine in solve.packing.machines} == {0, None}
    assert solve.incumbent.gap() == 0


def test_machines_that_are_not_paid_for() -> None:
    """With a horizon of no hours moves alone cost; the program, in dollars an hour, is not asked."""
    document = suite("replan", 20, 1)
    document["objective"] = {"move_cost": 20, "horizon_hours": 0}
    solve = Solve.of(compile_fleet(Problem(**document)), Budget(work=20))
    assert not may_bound_running(solve.fleet)
    assert solve_running(solve).stop is Stop.STUCK


@pytest.mark.parametrize(("price", "least"), [(1, 7), (2, 9), (3, 9), (4, 2), (-1, -2), (-2, -9)])
def test_each_column_costs_least_at_one_end_of_its_range(price: int, least: int) -> None:
    """Of 4 <= x + 2y <= 9 at costs of 3 and 5, x up to 5 and y from 1 to 3, at a price of 1 as at others."""
    rows = IntegerRows()
    x, y = rows.column(5.0), rows.column(3.0, 1.0)
    rows.row(4.0, 9.0, {x: 1.0, y: 2.0})
    assert price_bound(rows, [3, 5], [price]) == least


def test_what_runs_is_bounded_by_a_program_that_knows_all_its_rules() -> None:
    """It does not know demands; and nothing is to be said where nothing runs, or machines cost nothing beside moves."""
    document: dict[str, Any] = {
        "instance_types": {"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 3}},
        "pools": [{"name": "p", "instance_type": "t", "zone": "z"}],
        "components": [{"name": "c", "copies": 1, "accelerators": 0}, {"name": "d", "copies": 1, "accelerators": 0}],
        "instances": [{"id": "i", "pool": "p"}],
        "placements": [{"component": "c", "instance": "i"}],
    }
    fleet = compile_fleet(Problem(**document))
    assert may_bound_running(fleet)
    assert not may_bound_running(replace(fleet, tick_price=0))
    assert not may_bound_running(compile_fleet(Problem(**document | {"placements": []})))
    document["components"][1] = {"name": "d", "demand": 2, "throughput": 1, "accelerators": 0}
    assert not may_bound_running(compile_fleet(Problem(**document)))
