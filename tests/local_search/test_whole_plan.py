"""Turns of two searches on one plan: it keeps every rule and gets no worse, and they end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from placement import Problem
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Machine, Packing, Seat, evaluate
from placement.local_search.large_neighbourhood import LargeNeighbourhood
from placement.local_search.whole_plan import improve_whole_plan
from placement.reductions.required import RequiredAsPlaced
from placement.solving.budget import Budget
from placement.solving.context import Solve
from tests.corpus import broken_rules, plans, seeds

MOST = 4


@seeds(range(45), 4)
def test_no_plan_gets_worse_or_wrong(seeds: range) -> None:
    """Random problems with every rule, optional copies and running machines among them; work is kept to."""
    better = steps = 0
    for seed, problem, fleet, packing in plans(seeds):
        solve = Solve.of(fleet, Budget(threads=1), seed, packing)
        done = improve_whole_plan(solve, steps=MOST)
        assert solve.incumbent.best is not None
        found, value = solve.incumbent.best
        assert value <= evaluate(fleet, packing), f"seed {seed}"
        assert broken_rules(problem, fleet, found) == [], f"seed {seed}"
        assert done <= MOST
        better, steps = better + (value < evaluate(fleet, packing)), steps + done
    assert better > 0
    assert steps > 0


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
    assert improve_whole_plan(Solve.of(fleet, Budget(threads=1), hint=packing)) <= 3


@pytest.mark.parametrize("rule", [{}, {"min_available_on_instance_loss": 1}, {"demand": 8, "throughput": 2}])
def test_what_a_neighbourhood_knows_less_of_is_not_decided_by_one(rule: dict[str, int]) -> None:
    """A floor on what is left when an instance is lost, and a demand."""
    fleet, packing = _machines(4, 2, **rule)
    solve = Solve.of(fleet, Budget(threads=1), hint=packing)
    search = LargeNeighbourhood(solve)
    for _ in range(3):
        search.step(Budget(threads=1))
    assert search.decided is not bool(rule)


def test_one_machine_is_replaced_where_another_is_cheaper() -> None:
    fleet, packing = _machines(2, 2)
    dear = Packing((replace(packing.machines[0], pool=0),))
    solve = Solve.of(fleet, Budget(threads=1), hint=dear)
    improve_whole_plan(solve, steps=0)
    assert solve.value == evaluate(fleet, packing)


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
