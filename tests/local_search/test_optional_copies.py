"""Optional copies brought in: no plan gets worse or wrong, scarce machines hold what they can, room is never left."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement import Problem
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Machine, Packing, Seat, evaluate
from placement.heuristics import Missing, PartialPacking
from placement.heuristics.check import lacking
from placement.heuristics.workspace import Workspace
from placement.local_search.optional_copies import OptionalCopies, thin_out
from placement.local_search.parameters import LOCAL_SEARCH
from placement.local_search.refill import Refill
from placement.local_search.variable_neighbourhood import VariableNeighbourhoodSearch
from placement.planner import _with_what_has_room
from placement.solvers.column_generation.scarce import bring_in_optional
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.result import Outcome, Stop
from tests.corpus import broken_rules, seeds
from tests.patterns.test_left_out import SOME, scarce

if TYPE_CHECKING:
    from tests.parameters import Change


@seeds(SOME, 20)
def test_no_plan_gets_worse_or_wrong(seeds: range) -> None:
    """Random problems of scarce machines, with every rule, running machines among them; from a poor plan."""
    better = looked = 0
    for seed in seeds:
        document = scarce(seed)
        problem = None if document is None else Problem(**document)
        poor = None if problem is None else placement.solve(problem, "ffd", work=1, options={"restarts": 1}).packing
        if problem is None or poor is None:
            continue
        fleet = compile_fleet(problem)
        poor = _without_some(fleet, poor)
        solve = Solve.of(fleet, Budget(), seed, poor)
        if solve.packing is None:
            continue
        looked += 1
        bring_in_optional(solve)
        assert solve.packing is not None
        assert broken_rules(problem, fleet, solve.packing) == [], f"seed {seed}"
        assert evaluate(fleet, solve.packing) <= evaluate(fleet, poor), f"seed {seed}"
        assert not solve.incumbent.faults
        better += solve.packing != poor
    assert looked > 0.3 * len(seeds)
    assert better > 0.1 * looked


def _without_some(fleet: Fleet, packing: Packing) -> Packing:
    """A plan less the copies of its last machine, where all may be left out."""
    *others, last = packing.machines or (Machine(0, None, ()),)
    components = [fleet.components[seat.component] for seat in last.seats]
    free = all(not component.required and not component.demand for component in components)
    return Packing(tuple(others)) if free and last.instance is None else packing


def fleet_of(machines: int, *components: dict[str, Any], zones: str = "a", **more: Any) -> Fleet:
    """Machines of two accelerators of 16 GiB in each zone."""
    return compile_fleet(
        Problem(
            accelerators={"G": {"memory_gib": 16}},
            instance_types={
                "g": {"accelerator": "G", "accelerator_count": 2, "vcpus": 8, "memory_gib": 64, "price_per_hour": 3}
            },
            pools=[
                {"name": f"p{zone}", "instance_type": "g", "zone": zone, "max_instances": machines} for zone in zones
            ],
            components=list(components),
            **more,
        )
    )


def model(name: str, copies: int, gib: float, **more: Any) -> dict[str, Any]:
    return {"name": name, "copies": copies, "min_copies": 0, "shared": True, "accelerator_memory_gib": gib, **more}


def plan_of(*machines: tuple[int, list[tuple[int, tuple[int, ...]]]]) -> Packing:
    """Machines as (pool, copies), copies as (component, accelerators)."""
    return Packing(tuple(Machine(p, None, tuple(sorted(Seat(c, 0, on) for c, on in seats))) for p, seats in machines))


def test_few_large_copies_make_room_for_many_small_ones() -> None:
    """One machine: two copies of 15 GiB, or eight of 4 GiB."""
    fleet = fleet_of(1, model("large", 2, 15), model("small", 8, 4))
    solve = Solve.of(fleet, hint=plan_of((0, [(0, (0,)), (0, (1,))])))
    OptionalCopies(solve).run(Budget())
    assert solve.left_out == (2,)


def test_a_higher_priority_comes_first() -> None:
    """The same, where the large ones have the higher priority."""
    fleet = fleet_of(1, model("large", 2, 15, priority=1), model("small", 8, 4))
    solve = Solve.of(fleet, hint=plan_of((0, [(1, (k,)) for k in (0, 0, 0, 0, 1, 1, 1, 1)])))
    assert solve.left_out == (2, 0)
    bring_in_optional(solve)
    assert solve.left_out == (0, 8)
    assert solve.incumbent.left_out_bound() == (0, 8)


def test_required_copies_stay() -> None:
    fleet = fleet_of(1, model("large", 2, 15, min_copies=1), model("small", 8, 4))
    plan = plan_of((0, [(0, (0,)), (0, (1,))]))
    solve = Solve.of(fleet, hint=plan)
    search = OptionalCopies(solve)
    assert search._least(plan) == {(0, None): 1}  # noqa: SLF001 - a completed plan has them in any case
    search.run(Budget())
    assert solve.left_out == (5,)


def test_room_on_machines_not_yet_rented_is_used() -> None:
    fleet = fleet_of(2, model("c", 4, 15))
    solve = Solve.of(fleet, hint=plan_of((0, [(0, (0,)), (0, (1,))])))
    assert OptionalCopies(solve).extend()
    assert solve.left_out == (0,)
    assert not OptionalCopies(solve).extend()


def test_every_solve_ends_with_no_room_left() -> None:
    fleet = fleet_of(2, model("c", 4, 15))
    solve = Solve.of(fleet, hint=plan_of((0, [(0, (0,)), (0, (1,))])))
    outcome = Outcome("some", Stop.DONE)
    assert _with_what_has_room(solve, outcome) is outcome
    assert solve.left_out == (0,)
    search = Solve.of(fleet, hint=plan_of((0, [(0, (0,)), (0, (1,))])))
    VariableNeighbourhoodSearch(search).run(Budget(), 1)
    assert search.left_out == (0,)


def test_of_very_many_machines_and_copies_few_are_looked_at(parameters: Change) -> None:
    """A million copies are wanted, on a million machines of a pool where the others may stand, too."""
    million = 10**6
    fleet = fleet_of(million, model("large", 2, 15), model("small", million, 1), zones="a")
    plan = plan_of((0, [(0, (0,)), (0, (1,))]))
    search = OptionalCopies(Solve.of(fleet, hint=plan))
    narrow, _ = search._narrowed(plan)  # noqa: SLF001 - a search there would take time and memory
    assert narrow.pools[0].max_instances == 1 + LOCAL_SEARCH.optional_copies.beside
    parameters(LOCAL_SEARCH.optional_copies, most_copies=1)
    small = fleet_of(2, model("c", 4, 15))
    solve = Solve.of(small, hint=plan)
    assert not OptionalCopies(solve).extend()
    OptionalCopies(solve).run(Budget())
    assert solve.left_out == (2,)


def test_where_moves_are_limited_what_runs_stays() -> None:
    """Refilling does not count moves: there are no turns."""
    problem = fleet_of(1, model("large", 2, 15), model("small", 8, 4)).problem.model_dump(exclude_none=True)
    problem["instances"] = [{"id": "i", "pool": "pa"}]
    problem["placements"] = [{"component": "large", "instance": "i", "accelerators": [k]} for k in range(2)]
    for limit in ({"max_moves": 0}, {"move_cost": 1}):
        fleet = compile_fleet(Problem(**{**problem, "objective": limit}))
        runs = Packing((Machine(0, 0, (Seat(0, 0, (0,)), Seat(0, 0, (1,)))),))
        solve = Solve.of(fleet, hint=runs)
        search = OptionalCopies(solve)
        search.run(Budget())
        assert (search.turns > 0) == ("max_moves" not in limit)
        assert solve.left_out == ((8,) if "max_moves" in limit else (2,))


@pytest.mark.parametrize(
    ("spread", "counts", "left"),
    [
        ({"max_skew": 1}, (3, 1, 1), [2, 1, 1]),
        ({"min_zones": 3}, (2, 2, 0), [2, 2, 0]),  # nothing to take off helps but all
        ({}, (3, 1, 1), [3, 1, 1]),
    ],
)
def test_thinned_out_to_what_rules_allow(spread: dict[str, int], counts: tuple[int, ...], left: list[int]) -> None:
    fleet = fleet_of(3, model("c", 6, 15, min_copies=3, spread=spread), zones="abc")
    ws = Workspace(fleet)
    for p, n in enumerate(counts):
        for _ in range(n):
            ws.place(Seat(0, 0, (0,)), ws.rent(p))
    kept = thin_out(ws, 0)
    assert ws.zoned[0] == left
    assert kept == (not lacking(ws, 0))


def test_what_must_stay_counts_by_component_and_by_zone() -> None:
    """Of six copies in three zones three must stand, one of them in the first zone: there one is missing."""
    fleet = fleet_of(1, model("c", 6, 15, spread={"max_skew": 6}), zones="abc")
    missing: Missing = Counter({(0, 0, None): 2, (0, 1, None): 2})
    start = PartialPacking(plan_of((2, [(0, (0,)), (0, (1,))])), missing)
    search = Refill(fleet, start, 0, required={(0, None): 3, (0, 0): 1})
    assert search._lacking() == 2 * LOCAL_SEARCH.optional_copies.required  # noqa: SLF001 - one of three in all, one in the first zone


def test_what_must_stay_in_a_zone_counts_though_its_copy_is_wanted_elsewhere() -> None:
    """The first zone lacks its copy also where all that are out are wanted in the second one."""
    fleet = fleet_of(1, model("c", 6, 15, spread={"max_skew": 6}), zones="abc")
    missing: Missing = Counter({(0, 1, None): 1})
    start = PartialPacking(plan_of((1, [(0, (0,)), (0, (1,))]), (2, [(0, (0,)), (0, (1,))])), missing)
    search = Refill(fleet, start, 0, required={(0, None): 3, (0, 0): 1})
    assert search._lacking() == LOCAL_SEARCH.optional_copies.required  # noqa: SLF001 - enough in all, none in the first zone


def test_where_those_that_stand_are_too_few_for_the_rules_others_must_stand_beside_them() -> None:
    """Four copies in two zones: one must stand in the third, so that the loss of any leaves three."""
    rules = {"min_copies": 1, "spread": {"max_skew": 1}, "min_available_on_zone_loss": 3}
    fleet = fleet_of(1, model("c", 9, 8, **rules), zones="abc")
    two: list[tuple[int, tuple[int, ...]]] = [(0, (0,)), (0, (1,))]
    solve = Solve.of(fleet, hint=plan_of((0, two), (1, two), (2, two)))
    least = OptionalCopies(solve)._least(plan_of((0, two), (2, two)))  # noqa: SLF001
    assert least == {(0, None): 5, (0, 0): 2, (0, 1): 1, (0, 2): 2}


def test_what_the_best_plan_has_of_a_higher_priority_is_kept() -> None:
    """A packing of eight small copies has no room for the large one: some of them leave."""
    fleet = fleet_of(1, model("large", 1, 15, priority=1), model("small", 8, 4))
    solve = Solve.of(fleet, hint=plan_of((0, [(0, (0,))])))
    packing = plan_of((0, [(1, (k,)) for k in (0, 0, 0, 0, 1, 1, 1, 1)]))
    found = OptionalCopies(solve)._completed(packing, 1, Budget())  # noqa: SLF001
    assert found is not None
    assert evaluate(fleet, found).left_out == (0, 4)
