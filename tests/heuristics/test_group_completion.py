"""Constructions brought to their end under limits and commitments over groups of pools."""

from __future__ import annotations

import dataclasses
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Seat, Value
from placement.documents import Problem
from placement.heuristics import group_completion, solve_best_fit, solve_ffd, solve_greedy
from placement.heuristics.check import is_complete
from placement.heuristics.construct import construct
from placement.heuristics.first_fit_decreasing import FirstFitDecreasing
from placement.heuristics.greedy import Greedy
from placement.heuristics.group_completion import GroupCompletion
from placement.heuristics.improve import Improvement
from placement.heuristics.keep import keep_pinned
from placement.heuristics.parameters import HEURISTICS
from placement.heuristics.ruin import Ruin, pools_of
from placement.heuristics.shares import Shares
from placement.heuristics.workspace import Workspace
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.result import Stop
from tests.heuristics.fleets import component, fleet_of
from tests.strategies import random_problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from placement.solving.result import Outcome

SOLVERS = [solve_ffd, solve_best_fit, solve_greedy]
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
    solve = Solve.of(fleet, Budget(work=1))
    solver(solve)
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
    assert completion.value(ws)[0] > 0
    again = completion.construct_again(ws, lambda: Workspace(fleet))
    assert again is not ws
    assert is_complete(again)


def test_a_construction_that_is_complete_is_kept() -> None:
    fleet = few_machines(1)
    ws, first_fit, completion = parts(fleet)
    assert construct(ws, first_fit) == []
    assert completion.construct_again(ws, lambda: Workspace(fleet)) is ws


def test_of_constructions_that_are_all_stuck_the_one_that_lacks_least_is_kept() -> None:
    limits = [{"name": "few", "pools": ALL, "max_instances": 1}]
    fleet = fleet_of([component("x", 9, 60)], limits=limits)
    ws, first_fit, completion = parts(fleet)
    assert construct(ws, first_fit) == [0]
    assert ws.placed == [1]
    assert completion.construct_again(ws, lambda: Workspace(fleet)).placed == [8]


def test_a_construction_is_kept_where_those_by_price_lack_more(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = few_machines(9)
    ws, first_fit, completion = parts(fleet)
    construct(ws, first_fit)
    monkeypatch.setattr(group_completion, "construct", lambda *_: None)
    monkeypatch.setattr(group_completion, "fill_bins", lambda *_, **__: None)
    assert completion.construct_again(ws, lambda: Workspace(fleet)) is ws


def test_a_plan_is_dearer_by_what_it_lacks() -> None:
    """Two copies of three are missing; a best plan that leaves something out is no measure."""
    pools = [{"name": "small", "instance_type": "small", "zone": "a"}]
    fleet = fleet_of([component("x", 3, 60, min_copies=3)], pools=pools)
    ws, _, completion = parts(fleet)
    ws.place(Seat(0, 0, (0,)), ws.rent(0))
    with_the_others = 2_000_000 + 2 * 1_500_000  # each takes three quarters of a machine of two dollars
    assert not completion.is_dearer(ws, None)
    assert completion.is_dearer(ws, Value((), with_the_others - 1_000))
    assert not completion.is_dearer(ws, Value((), with_the_others + 1_000))
    assert not completion.is_dearer(ws, Value((1,), 0))


def test_greedy_goes_on_with_what_it_postponed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without exchanges all its restarts are stuck here; then those that lack least are completed."""
    limits = [{"name": "few", "pools": ALL, "max_instances": 2}]
    fleet = fleet_of([component("x", 6, 60), component("y", 6, 60, spread={"max_per_instance": 3})], limits=limits)
    stuck_first = dataclasses.replace(HEURISTICS.group_completion, first_exchanges=0)
    monkeypatch.setattr(group_completion, "_PARAMS", stuck_first)
    calls = []

    def construct_nothing(ws: Workspace, policy: object) -> list[int]:
        calls.append(ws)
        return [c.index for c in ws.fleet.components]

    monkeypatch.setattr("placement.heuristics.solve.construct", construct_nothing)
    monkeypatch.setattr("placement.heuristics.solve.fill_bins", lambda *_, **__: None)
    solve = Solve.of(fleet, Budget(work=2))
    outcome = solve_greedy(solve)
    assert len(calls) == 2
    assert solve.packing is not None
    assert outcome.stop is Stop.DONE


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_limit_is_named_where_nothing_can_be_exchanged(solver: Callable[..., Outcome]) -> None:
    limits = [{"name": "few", "pools": ALL, "max_instances": 2}]
    fleet = fleet_of([component("x", 17, 60)], limits=limits)
    outcome = solver(Solve.of(fleet, Budget(work=1)))
    assert outcome.stop is Stop.STUCK
    assert "few" in outcome.reason


def test_the_limit_is_named_where_time_ends_before_what_was_postponed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placement.heuristics.solve._HeuristicRun.complete_postponed", lambda _: None)
    limits = [{"name": "few", "pools": ALL, "max_instances": 2}]
    outcome = solve_greedy(Solve.of(fleet_of([component("x", 17, 60)], limits=limits), Budget(work=1)))
    assert outcome.stop is Stop.STUCK
    assert "few" in outcome.reason


def test_optional_copies_are_brought_in_and_the_plan_stays_complete() -> None:
    """On random problems, whatever stands there: no more is left out than before, and every rule is kept."""
    brought = 0
    for seed in range(150):
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
        rounds = improvement.bring_in(20, lambda: False)
        ws.invariants()
        assert is_complete(ws)
        assert ws.value() <= before
        assert (rounds == 0) == (not any(before.left_out))
        brought += ws.left_out() < before.left_out
    assert brought > 5


def test_no_copy_is_brought_in_for_one_of_higher_priority() -> None:
    """The only machine has room for one of the two."""
    pools = [{"name": "big", "instance_type": "big", "zone": "a", "max_instances": 1}]
    rows = [component(name, 1, 60, accelerators=8, min_copies=0, priority=n) for n, name in enumerate(("low", "high"))]
    ws, first_fit, _ = parts(fleet_of(rows, pools=pools))
    construct(ws, first_fit)
    assert ws.placed == [0, 1]
    Improvement(ws, [first_fit], [1.0, 1.0], np.random.default_rng(0)).bring_in(1, lambda: False)
    assert ws.placed == [0, 1]


def test_machines_of_some_pools_alone_are_taken_apart() -> None:
    fleet = fleet_of([component("x", 30, 60), component("wide", 1, 60, accelerators=8)])
    ws, first_fit, _ = parts(fleet)
    construct(ws, first_fit)
    ruin = Ruin(ws, [1.0, 8.0], np.random.default_rng(0), randomness=0.5)
    pools = pools_of(ws, [1])
    assert [fleet.pools[p].name[:3] for p in np.flatnonzero(pools)] == ["big"] * 3
    rows = ruin.draw(40, pools)
    assert rows
    assert {fleet.pools[int(ws.pool[m])].name[:3] for m in rows} == {"big"}
    assert ruin.draw(40, np.zeros(len(fleet.pools), dtype=np.bool_)) == []
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
    assert Ruin(ws, [1.0], np.random.default_rng(0), randomness=0.5).take_apart([0]) == [0]
    assert ws.seats[0] == [Seat(0, 0, (3,))]
