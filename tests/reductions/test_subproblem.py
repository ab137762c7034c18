"""A few machines packed anew and put back: every rule of the whole plan still holds, and the cost moves by as much."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import Packing, evaluate
from placement.direct.cp_sat import solve_cp_sat
from placement.local_search.fill import Fill
from placement.local_search.large_neighbourhood import LargeNeighbourhood
from placement.reductions.subproblem import Subproblem, may_be_freed
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from tests import strategies
from tests.corpus import broken_rules, plans, seeds

if TYPE_CHECKING:
    from placement.heuristics import Missing


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
        budget = Budget(work=500, threads=1)
        incumbent = Incumbent(small.fleet, budget)
        solve_cp_sat(Solve(small.fleet, incumbent, budget, seed), hint=small.packing)
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


def test_copies_that_were_out_come_in_with_every_rule_kept() -> None:
    """Copies taken from freed machines, those of a demand too, are required again and packed by CP-SAT."""
    tried = demands = 0
    for seed, problem, fleet, packing in plans(range(150), state=False, demand=True):
        rng = random.Random(seed)
        free = [m for m, machine in enumerate(packing.machines) if may_be_freed(fleet, machine)]
        freed = rng.sample(free, min(len(free), 3))
        missing: Missing = Counter()
        machines = list(packing.machines)
        for m in freed:
            seats = list(machines[m].seats)
            for seat in rng.sample(seats, rng.randint(0, len(seats))):
                seats.remove(seat)
                component = fleet.components[seat.component]
                zone = fleet.pools[machines[m].pool].zone if component.has_zone_rules else None
                missing[seat.component, zone, seat.option if component.demand else None] += 1
                demands += bool(component.demand)
            machines[m] = replace(machines[m], seats=tuple(seats))
        if not missing:
            continue
        small = Subproblem.of(fleet, Packing(tuple(machines)), freed, missing)
        again = tuple(replace(c, required=c.copies, level=None) for c in small.fleet.components)
        whole = replace(small.fleet, components=again, levels=())
        budget = Budget(work=500, threads=1)
        incumbent = Incumbent(whole, budget)
        solve_cp_sat(Solve(whole, incumbent, budget, seed))
        assert incumbent.best is not None, f"seed {seed}"
        assert small.gained(incumbent.best[0]) == missing
        assert broken_rules(problem, fleet, small.lift(incumbent.best[0])) == [], f"seed {seed}"
        tried += 1
    assert tried > 60
    assert demands > 40


def test_the_search_never_makes_a_plan_worse_or_wrong() -> None:
    """A few steps on each plan: what the incumbent holds afterwards is checked."""
    improved = 0
    for seed, problem, fleet, packing in plans(range(60)):
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


@seeds(range(150))
def test_filling_ends_complete_or_says_so(seeds: range) -> None:
    """Fill on problems as they are: a complete packing keeps every rule."""
    complete = 0
    for seed in seeds:
        problem = Problem(**strategies.random_problem(random.Random(seed), optional=False))
        fleet = compile_fleet(problem)
        budget = Budget(threads=1)
        fill = Fill(fleet, budget, seed, ejections=0)
        if fill.packing is None:
            continue
        if fill.run(Solve.of(fleet, budget), patience=4):
            assert broken_rules(problem, fleet, fill.packing) == [], f"seed {seed}"
            complete += 1
    assert complete > 60 * len(seeds) / 150
