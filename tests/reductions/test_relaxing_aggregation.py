"""A coarser problem asks for less: every plan of the fleet is a plan of it, so its bounds hold for the fleet."""

from __future__ import annotations

import random
from collections import Counter

import pytest

import placement
from placement import Problem
from placement.bounds import volume_bound
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import Seat
from placement.direct.cp_sat import solve_cp_sat
from placement.heuristics.workspace import Workspace
from placement.patterns.bound import PatternBound
from placement.reductions.relaxing_aggregation import RelaxingAggregation, alike
from placement.solving.budget import Budget
from placement.solving.context import Solve
from tests.corpus import plans, seeds
from tests.heuristics.fleets import component, document, fleet_of, suite
from tests.strategies import random_problem


def test_every_plan_is_a_plan_of_the_coarser_problem() -> None:
    """Each copy stands where it stood, as a copy of its group: it fits, and the counts are as asked for."""
    merged = 0
    for _, _, fleet, packing in plans(range(150)):
        for most in (1, 3):
            coarse = RelaxingAggregation.of(fleet, most).fleet
            if coarse is fleet:
                continue
            group_of = {c: g for g, group in enumerate(alike(fleet, most)) for c in group}
            assert sorted(group_of) == [c.index for c in fleet.components]
            merged += len(coarse.components) < len(fleet.components)
            ws, placed = Workspace(coarse), Counter[int]()
            for machine in packing.machines:
                m = ws.append(machine.pool)  # on new machines: what runs now is left out
                for seat in machine.seats:
                    small = Seat(group_of[seat.component], seat.option, seat.accelerators)
                    assert ws.can_stand(small, m)
                    ws.place(small, m)
                    placed[small.component] += 1
            for group in coarse.components:
                assert placed[group.index] >= group.required or group.demand
                assert placed[group.index] <= group.copies or group.demand
    assert merged > 10


@pytest.mark.parametrize("most", [1, 2])
@seeds(range(200, 260), 10)
def test_its_bounds_are_below_every_plan(seeds: range, most: int) -> None:
    """Against proven optima."""
    tried = 0
    for seed in seeds:
        problem = Problem(**random_problem(random.Random(seed), optional=False))
        result = placement.solve(problem, "cp-sat", time_limit=None, work=2_000, threads=1)
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
        solve = Solve.of(one, Budget(work=50))
        assert not solve_cp_sat(solve).infeasible
        assert solve.packing is not None
