"""Turns of two searches on one plan: it keeps every rule and gets no worse, each turn goes on from the one before."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

import placement
from placement import Problem
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Machine, Packing, Seat, evaluate
from placement.local_search.eliminate import BinElimination
from placement.local_search.large_neighbourhood import LargeNeighbourhood
from placement.local_search.variable_neighbourhood import VariableNeighbourhoodSearch
from placement.reductions.required import RequiredAsPlaced
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from tests.corpus import broken_rules, plans, seeds

MOST = 4


@seeds(range(45), 4)
def test_no_plan_gets_worse_or_wrong(seeds: range) -> None:
    """Random problems with every rule, optional copies and running machines among them; work is kept to."""
    closed = steps = 0
    for seed, problem, fleet, packing in plans(seeds):
        budget = Budget(threads=1)
        incumbent = Incumbent(fleet, budget)
        incumbent.offer(packing, "test")
        search = VariableNeighbourhoodSearch(Solve(fleet, incumbent, Budget(), seed))
        search.run(budget, MOST)
        assert incumbent.best is not None
        assert incumbent.best[1] <= evaluate(fleet, packing), f"seed {seed}"
        assert broken_rules(problem, fleet, incumbent.best[0]) == [], f"seed {seed}"
        assert search.tries <= MOST
        assert search.free.steps <= MOST
        closed, steps = closed + search.closed, steps + search.free.steps
    assert closed > 0
    assert steps > 0


@seeds(range(120), 8)
def test_a_better_plan_from_elsewhere_is_gone_on_from(seeds: range) -> None:
    """What another search hands to the incumbent meanwhile is not undone."""
    seen = 0
    for seed, problem, fleet, packing in plans(seeds):
        better = placement.solve(problem, "cp-sat", time_limit=None, work=10, threads=1).packing
        if better is None or evaluate(fleet, better) >= evaluate(fleet, packing):
            continue
        incumbent = Incumbent(fleet, Budget())
        incumbent.offer(packing, "test")
        search = VariableNeighbourhoodSearch(Solve(fleet, incumbent, Budget(), seed))
        incumbent.offer(better, "elsewhere")
        search.run(Budget(threads=1), 1)
        assert evaluate(fleet, search.free.packing) <= evaluate(fleet, better)
        seen += 1
    assert seen > 5 * len(seeds) / 120


def _machines(copies: int, vcpus: float, **rules: Any) -> tuple[Fleet, Packing]:
    """A fleet of machines with 4 vCPUs, and a plan with two copies on each."""
    problem = Problem(
        instance_types={
            "t": {"vcpus": 4, "memory_gib": 8, "price_per_hour": 2},
            "dear": {"vcpus": 4, "memory_gib": 8, "price_per_hour": 3},
        },
        pools=[
            {"name": "dear", "instance_type": "dear", "zone": "z"},
            {"name": "p", "instance_type": "t", "zone": "z"},
        ],
        components=[
            {
                "name": "c",
                "accelerators": 0,
                "vcpus": vcpus,
                **({} if "demand" in rules else {"copies": copies}),
                **rules,
            }
        ],
    )
    seats = [Seat(0, 0, ())] * copies
    return compile_fleet(problem), Packing(
        tuple(Machine(1, None, tuple(seats[n : n + 2])) for n in range(0, copies, 2))
    )


@pytest.mark.parametrize("copies", [1, 2, 4])
def test_it_ends_where_no_neighbourhood_is_left(copies: int) -> None:
    """One machine, the cheapest there is, or full ones that CP-SAT packed anew all together: in a few steps."""
    fleet, packing = _machines(copies, 2)
    incumbent = Incumbent(fleet, Budget())
    incumbent.offer(packing, "test")
    search = VariableNeighbourhoodSearch(Solve(fleet, incumbent, Budget()))
    search.run(Budget(threads=1), 1_000)
    assert search.free.steps <= 3
    assert search.tries <= (0 if copies <= 2 else 60)


@pytest.mark.parametrize("rule", [{}, {"min_available_on_instance_loss": 1}, {"demand": 8, "throughput": 2}])
def test_what_a_neighbourhood_knows_less_of_is_not_decided_by_one(rule: dict[str, int]) -> None:
    """A floor on what is left when an instance is lost, and a demand."""
    fleet, packing = _machines(4, 2, **rule)
    solve = Solve.of(fleet, Budget(threads=1), hint=packing)
    search = LargeNeighbourhood(solve)
    for _ in range(3):
        search.step(Budget(threads=1))
    assert search.decided is not bool(rule)


def test_one_machine_is_closed_where_another_is_cheaper() -> None:
    """It is not the end where one machine is left."""
    fleet, packing = _machines(2, 2)
    dear = Packing((replace(packing.machines[0], pool=0),))
    assert BinElimination(fleet, dear, 0).possible
    assert not BinElimination(fleet, packing, 0).possible
    none_left = replace(fleet, pools=(fleet.pools[0], replace(fleet.pools[1], max_instances=0)))
    assert not BinElimination(none_left, dear, 0).possible
    assert BinElimination(fleet, Packing((Machine(1, None, ()),)), 0).possible


@pytest.mark.slow
def test_optional_copies_that_stand_are_required() -> None:
    """As many as the packing has, no more and no fewer."""
    seen = 0
    for _, _, fleet, packing in plans(range(150)):
        firm = RequiredAsPlaced.of(fleet, packing).fleet
        placed = [sum(seat.component == c.index for _, seat in packing.seats()) for c in fleet.components]
        for before, after in zip(fleet.components, firm.components, strict=True):
            if before.level is not None:
                assert (after.required, after.copies, after.level) == (placed[before.index],) * 2 + (None,)
                seen += 1
            else:
                assert after == before
    assert seen > 10


@seeds(range(30), 20)
def test_a_turn_starts_where_the_other_ended(seeds: range, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equally good plans of the large-neighbourhood search are handed on too, though the incumbent keeps the first."""
    starts: list[Packing] = []

    class Watched(BinElimination):
        def __init__(self, fleet: Fleet, packing: Packing, seed: int) -> None:
            starts.append(packing)
            super().__init__(fleet, packing, seed)

    monkeypatch.setattr("placement.local_search.variable_neighbourhood.BinElimination", Watched)
    drifted = 0
    for seed, _, fleet, packing in plans(seeds):
        starts.clear()
        budget = Budget(threads=1)
        incumbent = Incumbent(fleet, budget)
        incumbent.offer(packing, "test")
        VariableNeighbourhoodSearch(Solve(fleet, incumbent, Budget(), seed)).run(budget, MOST)
        values = [evaluate(fleet, start) for start in starts]
        assert values == sorted(values, reverse=True), f"seed {seed}"
        drifted += any(a != b and evaluate(fleet, a) == evaluate(fleet, b) for a, b in pairwise(starts))
    assert drifted > 0
