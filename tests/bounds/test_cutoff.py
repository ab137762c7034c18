"""The cutoff: what no plan better than the best one can cost, and that nothing below it is left out."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from placement import Plan, Problem
from placement.bounds.cutoff import Cutoff, cutoff_below, largest_rent
from placement.bounds.moves import least_move_ticks
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Packing, Value, evaluate, machine_price
from placement.direct.slots import most_new_machines
from placement.heuristics import solve_best_fit
from placement.patterns.bound import PatternBound
from placement.patterns.history import EngineVerdict
from placement.patterns.open_nodes import exclude
from placement.planner import _packing_of
from placement.solvers.column_generation.combinatorial_benders import CombinatorialBenders
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from tests import brute, strategies
from tests.corpus import seeds


def drained(seed: int) -> dict[str, Any]:
    """A random problem whose machines must all be left, where moves cost something."""
    rng = random.Random(seed)
    problem = strategies.random_problem(rng, state=True)
    for row in problem.get("instances", ()):
        row.pop("removable", None)
        row["state"] = "draining"
    for row in problem.get("placements", ()):
        row.pop("pinned", None)
    for component in problem["components"]:
        component.pop("move_cost", None)
    hours, cost = rng.choice([1, 24, 0.5, 0.125]), rng.choice([0.01, 2, 50])
    return {**problem, "objective": {"horizon_hours": hours, "move_cost": cost}}


def best_of(problem: dict[str, Any]) -> tuple[Fleet, Packing] | None:
    """The fleet and an optimal packing; None when there is no plan, or too much to enumerate."""
    if brute.too_big(problem):
        return None
    best = brute.cheapest(problem)
    fleet = compile_fleet(Problem(**problem))
    return None if best is None else (fleet, _packing_of(fleet, Plan.model_validate(best.plan)))


@seeds(range(200))
def test_the_rent_of_no_better_plan_is_above_the_cutoff(seeds: range) -> None:
    """Optimal plans are within the rent of a cutoff just above them, also where all that runs must move."""
    checked = forced = 0
    for seed in seeds:
        found = best_of(drained(seed) if seed % 2 else strategies.random_problem(random.Random(seed)))
        if found is None:
            continue
        fleet, packing = found
        value = evaluate(fleet, packing)
        cutoff = cutoff_below(fleet, Value(value.left_out, value.ticks + 1), value.left_out or None)
        assert cutoff is not None
        assert cutoff.ticks == value.ticks + 1
        assert cutoff.rent is not None
        rent = machine_price(fleet, packing)
        assert rent <= cutoff.rent, f"seed {seed}"
        assert fleet.tick_price * (cutoff.rent + 1) + least_move_ticks(fleet) > value.ticks
        new = [0] * len(fleet.pools)
        for machine in packing.machines:
            new[machine.pool] += machine.instance is None
        assert all(map(int.__le__, new, most_new_machines(fleet, value.ticks))), f"seed {seed}"
        checked += 1
        forced += least_move_ticks(fleet) > 0
    assert checked > 50 * len(seeds) / 200
    assert forced > 20 * len(seeds) / 200


def test_there_is_no_cutoff_without_a_plan_that_leaves_out_just_what_is_given() -> None:
    """Plans that leave out more may cost less, and so may those of which nothing is known."""
    fleet = compile_fleet(Problem(**drained(1)))
    assert cutoff_below(fleet, None) is None
    assert cutoff_below(fleet, Value((), 10)) == Cutoff(10, largest_rent(fleet, 9))
    assert cutoff_below(fleet, Value((1, 2), 10), (1, 2)) is not None
    for given in (None, (1, 3), (1, 1), (0, 2)):
        assert cutoff_below(fleet, Value((1, 2), 10), given) is None


def test_the_rent_that_is_left_beside_moves() -> None:
    """Two and a half hours, in ticks of half a micro-dollar: of a plan below 36 ticks, 6 of them for the one move."""
    problem = Problem(
        instance_types={"t": {"vcpus": 1, "memory_gib": 1, "price_per_hour": 1}},
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[{"name": "c", "copies": 1, "accelerators": 0, "move_cost": 3e-6}],
        instances=[{"id": "i", "pool": "p", "state": "draining"}],
        placements=[{"component": "c", "instance": "i"}],
        objective={"horizon_hours": 2.5},
    )
    fleet = compile_fleet(problem)
    assert [largest_rent(fleet, ticks) for ticks in (0, 5, 6, 35, 36)] == [-2, -1, 0, 5, 6]
    assert cutoff_below(fleet, Value((), 36)) == Cutoff(36, 5)
    assert cutoff_below(fleet, Value((), 37)) == Cutoff(37, 6)


def test_without_a_horizon_machines_cost_nothing() -> None:
    """Then the cutoff says nothing of rent."""
    fleet = compile_fleet(Problem(**{**drained(1), "objective": {"horizon_hours": 0, "move_cost": 1}}))
    assert largest_rent(fleet, 10**9) is None
    assert most_new_machines(fleet, 10**9) == most_new_machines(fleet)


@seeds(range(240))
def test_mixes_one_by_one_where_all_that_runs_must_move(seeds: range) -> None:
    """Bounds are never above the optimum, and nearly always meet it: what moves cost counts in both."""
    proven = tried = moved = 0
    for seed in seeds:
        problem = drained(seed)
        found = best_of(problem)
        if found is None or any(evaluate(*found).left_out):
            continue
        fleet, packing = found
        ticks = evaluate(fleet, packing).ticks
        budget = Budget(work=10)
        incumbent = Incumbent(fleet, budget)
        solve_best_fit(Solve(fleet, incumbent, budget))
        if incumbent.best is None:
            continue
        bound = PatternBound(Solve(fleet, incumbent, budget), incumbent.best[1].left_out if fleet.levels else None)
        bound.run()
        by_mix = CombinatorialBenders(Solve(fleet, incumbent, Budget()), bound, "test")
        by_mix.run(budget)
        assert (incumbent.ticks_bound or 0) <= ticks <= incumbent.best[1].ticks, f"seed {seed}"
        assert bound.ticks <= ticks, f"seed {seed}"
        if by_mix.possible:
            tried += 1
            proven += incumbent.proved
            moved += least_move_ticks(fleet) > 0
    assert moved > 10 * len(seeds) / 240
    assert proven > 0.9 * tried


@pytest.mark.parametrize("better", [0, 1, 10**6])
def test_a_bound_after_exclusion_says_no_more_than_its_cutoff(better: int) -> None:
    """Plans at the cutoff may stand among what was left out, so a higher bound of what is left does not count."""
    fleet = compile_fleet(Problem(**drained(1)))
    bound = PatternBound(Solve.of(fleet))
    bound.run()
    bound.bound += 10**9
    free = bound.ticks
    cutoff = free - better
    bound.cutoff = cutoff
    assert bound.ticks == cutoff
    bound.cutoff = free + 1
    assert bound.ticks == free


def test_when_everything_is_left_out_the_cutoff_is_the_bound() -> None:
    """The last mix ruled out, there is no plan below the cutoff at all."""
    fleet = compile_fleet(Problem(**drained(1)))
    fleet = replace(fleet, pools=tuple(replace(pool, max_instances=9) for pool in fleet.pools))
    incumbent = Incumbent(fleet, Budget())
    solve = Solve(fleet, incumbent, Budget())
    bound = PatternBound(solve)
    bound.run()
    while not bound.mix:
        bound.resume(Budget())
    everything = dict.fromkeys(range(len(fleet.pools)), 9)
    cutoff = bound.ticks + 12_345
    verdict = EngineVerdict("an engine", cutoff, lambda: None, "nothing")
    assert exclude(bound, everything, verdict, Budget())
    assert bound.ticks == cutoff
    assert incumbent.ticks_bound == cutoff
