"""A few machines packed anew and put back: every rule of the whole plan still holds, and the cost moves by as much."""

from __future__ import annotations

import random

from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import Machine, Packing, Seat, evaluate
from placement.direct.cp_sat import solve_cp_sat
from placement.heuristics import partial_packing
from placement.local_search.large_neighbourhood import LargeNeighbourhood
from placement.local_search.refill import bring_in
from placement.reductions.subproblem import Subproblem, may_be_freed
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from tests import strategies
from tests.corpus import broken_rules, plans, seeds
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
