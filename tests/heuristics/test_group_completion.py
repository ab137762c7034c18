"""Constructions brought to their end under limits and commitments over groups of pools."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Seat
from placement.documents import Problem
from placement.heuristics import GreedyOptions, solve_best_fit, solve_ffd, solve_greedy
from placement.heuristics.check import is_complete
from placement.heuristics.construct import construct
from placement.heuristics.first_fit_decreasing import FirstFitDecreasing
from placement.heuristics.greedy import Greedy
from placement.heuristics.group_completion import GroupCompletion, take_off_optional
from placement.heuristics.improve import Improvement
from placement.heuristics.keep import keep_pinned
from placement.heuristics.ruin import Ruin, pools_of
from placement.heuristics.shares import Shares
from placement.heuristics.workspace import Workspace
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.result import Stop
from tests.corpus import seeds
from tests.heuristics.fleets import component, document, fleet_of
from tests.heuristics.invariants import check_invariants
from tests.strategies import random_problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from placement.solving.result import Outcome

SOLVERS = [solve_ffd, solve_best_fit, solve_greedy]
ONCE = GreedyOptions(restarts=1)
ALL = [f"{kind}-{zone}" for zone in "abc" for kind in ("big", "small")]


def few_machines(required: int) -> Fleet:
    """Sixteen copies of which some may be left out, and two machines: they all stand on big ones alone."""
    limits = [{"name": "few", "pools": ALL, "max_instances": 2}]
    return fleet_of([component("x", 16, 60, min_copies=required)], limits=limits)


def committed() -> Fleet:
    """The only big machine is paid for already; one copy that may be left out takes all of it."""
    pools = [
        {"name": "big", "instance_type": "big", "zone": "a", "max_instances": 1},
        {"name": "small", "instance_type": "small", "zone": "a"},
    ]
    wide = component("wide", 1, 60, accelerators=8, min_copies=0)
    commitments = [{"name": "paid", "pools": ["big"], "instances": 1}]
    return fleet_of([component("x", 3, 60), wide], pools=pools, commitments=commitments)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("fleet", [few_machines(1), few_machines(9), committed()], ids=["two", "nine", "committed"])
def test_nothing_is_left_out_where_machines_can_be_exchanged(fleet: Fleet, solver: Callable[..., Outcome]) -> None:
    """First-fit rents machines on which some of the optional copies have no room."""
    solve = Solve.of(fleet)
    solver(solve, options=ONCE)
    assert solve.incumbent.best is not None
    assert solve.incumbent.best[1].left_out == (0,)


def parts(fleet: Fleet) -> tuple[Workspace, FirstFitDecreasing, GroupCompletion]:
    blank, shares = Workspace(fleet), Shares(fleet)
    completion = GroupCompletion(blank, shares, Budget(), np.random.default_rng(0))
    return Workspace(fleet, like=blank), FirstFitDecreasing(blank, shares), completion


def test_what_is_stuck_is_constructed_again_by_price() -> None:
    fleet = few_machines(9)
    ws, first_fit, completion = parts(fleet)
    assert construct(ws, first_fit) == [0]
    again, _ = completion.construct_again(Workspace)
    assert again.fleet is fleet
    assert is_complete(again)
    assert again.left_out() == (0,)


def test_no_other_construction_is_made_where_one_plan_is_enough() -> None:
    fleet = few_machines(9)
    for thorough in (False, True):
        blank, shares = Workspace(fleet), Shares(fleet)
        completion = GroupCompletion(blank, shares, Budget(), np.random.default_rng(0), thorough=thorough)
        made: list[Fleet] = []

        def begin(other: Fleet, made: list[Fleet] = made) -> Workspace:
            made.append(other)
            return Workspace(other)

        assert is_complete(completion.construct_again(begin)[0])
        assert (len(made) > 1) is thorough


def test_required_copies_are_placed_where_not_all_find_room() -> None:
    """One machine: optional copies are required first, then taken off, and what is required stands."""
    limits = [{"name": "few", "pools": ALL, "max_instances": 1}]
    fleet = fleet_of([component("x", 12, 60, min_copies=2), component("y", 6, 60)], limits=limits)
    _, _, completion = parts(fleet)
    again, policy = completion.construct_again(Workspace)
    assert again.fleet is fleet
    assert not completion.exchange(again, policy)
    assert is_complete(again)
    assert again.placed == [2, 6]
    check_invariants(again)


@pytest.mark.parametrize("solver", SOLVERS)
def test_copies_of_higher_priority_come_first_where_not_all_find_room(solver: Callable[..., Outcome]) -> None:
    """The bigger copies, which come first where all are required, are of lower priority."""
    limits = [{"name": "few", "pools": ALL, "max_instances": 1}]
    low = component("low", 6, 70, min_copies=0, priority=0)
    high = component("high", 6, 60, min_copies=0, priority=1)
    fleet = fleet_of([low, high], limits=limits)
    solve = Solve.of(fleet)
    solver(solve, options=ONCE)
    assert solve.incumbent.best is not None
    assert solve.incumbent.best[1].left_out == (0, 4)


def test_what_is_kept_of_a_failure_holds_no_optional_copies() -> None:
    """Else those that came first, as they are bigger, would keep out those of higher priority."""
    limits = [{"name": "few", "pools": ALL, "max_instances": 1}]
    low = component("low", 6, 70, min_copies=0, priority=0)
    fleet = fleet_of([low, component("high", 6, 60, min_copies=0, priority=1)], limits=limits)
    _, _, completion = parts(fleet)
    again, _ = completion.construct_again(Workspace)
    assert again.placed == [0, 0]


def test_the_cheapest_of_several_that_are_complete_is_taken() -> None:
    """Whatever their order: no construction that is complete is cheaper than what comes of all."""
    limits = [{"name": "few", "pools": ALL, "max_instances": 9}]
    fleet = fleet_of([component("x", 12, 50), component("y", 5, 30, accelerators=2)], limits=limits)
    blank, shares = Workspace(fleet), Shares(fleet)
    completion = GroupCompletion(blank, shares, Budget(), np.random.default_rng(0), thorough=True)
    made: list[Workspace] = []

    def begin(other: Fleet) -> Workspace:
        made.append(Workspace(other, like=blank))
        return made[-1]

    again, _ = completion.construct_again(begin)
    complete = [ws.ticks() for ws in made if is_complete(ws)]
    assert len(set(complete)) > 1
    assert again.ticks() == min(complete)


def test_optional_copies_are_taken_off_as_far_as_rules_over_zones_let_them_go() -> None:
    fleet = fleet_of(
        [component("x", 6, 60, min_copies=2), component("y", 6, 60, min_copies=2, spread={"min_zones": 3})]
    )
    ws, first_fit, _ = parts(fleet)
    assert construct(ws, first_fit) == []
    assert ws.placed == [6, 6]
    take_off_optional(ws)
    assert ws.placed[0] == 2
    assert 2 <= ws.placed[1] <= 3
    assert is_complete(ws)
    check_invariants(ws)


def test_machines_that_cost_nothing_are_exchanged_too() -> None:
    """Without prices a copy may cost nothing; its part of a machine is what tells less unassigned from more."""
    document_ = document(
        [component("x", 16, 60), component("y", 3, 30)],
        limits=[{"name": "few", "pools": ALL, "max_instances": 3}],
    )
    for row in document_["instance_types"].values():
        row["price_per_hour"] = 0.0
    fleet = compile_fleet(Problem(**document_))
    _, _, completion = parts(fleet)
    assert all(penalty > 0 for penalty in completion.penalty)
    for solver in SOLVERS:
        solve = Solve.of(fleet)
        solver(solve, options=ONCE)
        assert solve.packing is not None


def test_greedy_ends_its_restarts_where_limits_bind() -> None:
    """All of them would be completed by the same constructions."""
    fleet = few_machines(9)
    outcome = solve_greedy(Solve.of(fleet, Budget()))
    assert outcome.stats["restarts"] == 1
    free = solve_greedy(Solve.of(fleet_of([component("x", 16, 60, min_copies=9)]), Budget()))
    assert int(free.stats["restarts"]) > 2


def test_a_construction_that_gives_up_looks_at_no_more_components() -> None:
    limits = [{"name": "few", "pools": ALL, "max_instances": 1}]
    fleet = fleet_of([component("x", 9, 60), component("y", 1, 10)], limits=limits)
    ws, first_fit, _ = parts(fleet)
    assert construct(ws, first_fit, gives_up=True) == [0, 1]
    assert ws.placed[1] == 0
    ws, first_fit, _ = parts(fleet)
    assert construct(ws, first_fit) == [0]
    assert ws.placed[1] == 1


@pytest.mark.usefixtures("few_exchanges")
@pytest.mark.parametrize("solver", SOLVERS)
def test_the_limit_is_named_where_nothing_can_be_exchanged(solver: Callable[..., Outcome]) -> None:
    limits = [{"name": "few", "pools": ALL, "max_instances": 2}]
    fleet = fleet_of([component("x", 17, 60)], limits=limits)
    outcome = solver(Solve.of(fleet), options=ONCE)
    assert outcome.stop is Stop.STUCK
    assert "few" in outcome.reason


@seeds(range(150), 60)
def test_optional_copies_are_brought_in_and_the_plan_stays_complete(seeds: range) -> None:
    """On random problems, whatever stands there: no more is left out than before, and every rule is kept."""
    brought = 0
    for seed in seeds:
        fleet = compile_fleet(Problem(**random_problem(random.Random(seed))))
        blank, shares = Workspace(fleet), Shares(fleet)
        ws, greedy = Workspace(fleet, like=blank), Greedy(blank, shares)
        keep_pinned(ws)
        construct(ws, greedy)
        if not is_complete(ws):
            continue
        for c in fleet.components:  # leave out what may be
            rows = [(seat, m) for m in sorted(ws.where[c.index]) for seat in ws.seats[m] if seat.component == c.index]
            for seat, m in rows if c.level is not None else ():
                if ws.placed[c.index] > c.required:
                    mark = ws.mark()
                    if ws.is_movable(seat, m):
                        ws.remove(seat, m)
                    if not is_complete(ws):
                        ws.rollback(mark)
        before = ws.value()
        improvement = Improvement(ws, [greedy], greedy.dual_values, np.random.default_rng(seed))
        rounds = improvement.bring_in_optional(20, lambda: False)
        check_invariants(ws)
        assert is_complete(ws)
        assert ws.value() <= before
        assert not rounds or any(before.left_out)
        brought += ws.left_out() < before.left_out
    assert brought > len(seeds) // 30


def test_no_copy_is_brought_in_for_one_of_higher_priority() -> None:
    """The only machine has room for one of the two."""
    pools = [{"name": "big", "instance_type": "big", "zone": "a", "max_instances": 1}]
    rows = [component(name, 1, 60, accelerators=8, min_copies=0, priority=n) for n, name in enumerate(("low", "high"))]
    ws, first_fit, _ = parts(fleet_of(rows, pools=pools))
    construct(ws, first_fit)
    assert ws.placed == [0, 1]
    Improvement(ws, [first_fit], [1.0, 1.0], np.random.default_rng(0)).bring_in_optional(1, lambda: False)
    assert ws.placed == [0, 1]


def test_machines_of_some_pools_alone_are_taken_apart() -> None:
    fleet = fleet_of([component("x", 30, 60), component("wide", 1, 60, accelerators=8)])
    ws, first_fit, _ = parts(fleet)
    construct(ws, first_fit)
    ruin = Ruin(ws, [1.0, 8.0], np.random.default_rng(0))
    pools = pools_of(ws, [1])
    assert [fleet.pools[p].name[:3] for p in np.flatnonzero(pools)] == ["big"] * 3
    rows = ruin.draw(pools)
    assert rows
    assert {fleet.pools[int(ws.pool[m])].name[:3] for m in rows} == {"big"}
    assert ruin.draw(np.zeros(len(fleet.pools), dtype=np.bool_)) == []
    assert ruin.take_apart(rows)
    assert all(not ws.seats[m] for m in rows)


def test_a_pinned_copy_stays_on_a_machine_that_is_taken_apart() -> None:
    fleet = fleet_of(
        [component("x", 2, 60)],
        instances=[{"id": "i", "pool": "big-a"}],
        placements=[{"component": "x", "instance": "i", "accelerators": [3], "pinned": True}],
    )
    ws, first_fit, _ = parts(fleet)
    keep_pinned(ws)
    construct(ws, first_fit)
    assert len(ws.seats[0]) == 2
    assert Ruin(ws, [1.0], np.random.default_rng(0)).take_apart([0]) == [0]
    assert ws.seats[0] == [Seat(0, 0, (3,))]
