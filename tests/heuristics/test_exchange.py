"""Machines exchanged for others under limits over groups of pools, while copies are out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from placement.compiled.fleet_rules import broken_fleet_rule
from placement.compiled.packing import Seat
from placement.heuristics import solve_best_fit, solve_ffd, solve_greedy
from placement.heuristics.construct import construct
from placement.heuristics.exchange import Exchange, unassigned
from placement.heuristics.first_fit_decreasing import FirstFitDecreasing
from placement.heuristics.greedy import Greedy
from placement.heuristics.ruin import Ruin
from placement.heuristics.shares import Shares
from placement.heuristics.workspace import Workspace
from placement.solving.budget import Budget
from placement.solving.context import Solve
from tests.heuristics.fleets import component, fleet_of
from tests.heuristics.invariants import check_invariants

if TYPE_CHECKING:
    from collections.abc import Callable

    from placement.compiled.fleet import Fleet
    from placement.solving.result import Outcome

ALL = [f"{kind}-{zone}" for zone in "abc" for kind in ("big", "small")]


def few_machines(most: int = 2) -> Fleet:
    """Nine copies, each of which takes an accelerator; so few machines that only big ones hold them."""
    return fleet_of([component("x", 9, 60)], limits=[{"name": "few", "pools": ALL, "max_instances": most}])


@pytest.mark.parametrize("solver", [solve_ffd, solve_best_fit, solve_greedy])
def test_the_cheapest_machines_are_exchanged_where_a_limit_leaves_room_for_few(solver: Callable[..., Outcome]) -> None:
    """First-fit rents small machines, which use the limit up; with one restart there is a plan all the same."""
    fleet = few_machines()
    solve = Solve.of(fleet, Budget(work=1))
    solver(solve)
    assert solve.packing is not None
    assert not broken_fleet_rule(fleet, solve.packing)


def exchanged(fleet: Fleet, seed: int) -> tuple[Workspace, Exchange, list[int]]:
    """First-fit's construction, and what is out after machines were exchanged."""
    blank, shares = Workspace(fleet), Shares(fleet)
    ws, first_fit, greedy = Workspace(fleet, like=blank), FirstFitDecreasing(blank, shares), Greedy(blank, shares)
    assert construct(ws, first_fit) == [0]
    search = Exchange(ws, [first_fit, greedy], greedy.dual_values, np.random.default_rng(seed))
    return ws, search, search.run(400, lambda: False)


@pytest.mark.parametrize("seed", range(5))
def test_the_workspace_is_in_order_whatever_came_of_it(seed: int) -> None:
    """Where a plan is found nothing is out; where there is none, no more copies are out than before."""
    ws, search, out = exchanged(few_machines(), seed)
    assert not out
    assert ws.placed == [9]
    assert 0 < search.rounds < 400
    check_invariants(ws)
    ws, search, out = exchanged(few_machines(1), seed)
    assert out == [0]
    assert ws.placed == [8]  # one big machine
    assert search.rounds == 400
    check_invariants(ws)


def test_it_ends_with_the_budget() -> None:
    """No round is begun when the time is up."""
    fleet = few_machines()
    blank, shares = Workspace(fleet), Shares(fleet)
    ws, greedy = Workspace(fleet, like=blank), Greedy(blank, shares)
    search = Exchange(ws, [greedy], greedy.dual_values, np.random.default_rng(0))
    assert search.run(400, lambda: True) == [0]
    assert search.rounds == 0


def test_an_aimed_round_makes_room_for_a_machine_where_an_unassigned_copy_may_run() -> None:
    """Two small machines use up the limit; one of them has to go, and with its copy one more machine may be used."""
    fleet = few_machines()
    for seed in range(20):
        blank, shares = Workspace(fleet), Shares(fleet)
        ws, greedy = Workspace(fleet, like=blank), Greedy(blank, shares)
        construct(ws, FirstFitDecreasing(blank, shares))
        assert not any(ws.can_rent(p) for p in range(len(fleet.pools)))
        search = Exchange(ws, [greedy], greedy.dual_values, np.random.default_rng(seed))
        rows = search.aimed([0])
        assert rows
        Ruin(ws, [1.0], np.random.default_rng(0)).take_apart(rows)
        assert all(ws.can_rent(p) for p in range(len(fleet.pools)))


def test_no_room_is_made_where_quotas_are_what_is_in_the_way() -> None:
    pools = [{"name": "small", "instance_type": "small", "zone": "a", "max_instances": 1}]
    fleet = fleet_of([component("x", 2, 60)], pools=pools)
    ws, greedy = Workspace(fleet), Greedy(Workspace(fleet), Shares(fleet))
    assert construct(ws, greedy) == [0]
    assert Exchange(ws, [greedy], greedy.dual_values, np.random.default_rng(0)).aimed([0]) is None


def test_what_is_unassigned_counts_by_its_copies_or_its_open_demand() -> None:
    served = {"name": "y", "demand": 3, "throughput": 1.0, "shared": True, "accelerators": 1}
    fleet = fleet_of([component("x", 3, 60), {**served, "accelerator_memory_gib": 40}])
    ws = Workspace(fleet)
    assert unassigned(ws, [5.0, 7.0]) == 3 * 5.0 + fleet.components[1].demand * 7.0
    ws.place(Seat(0, 0, (0,)), ws.rent(0))
    assert unassigned(ws, [5.0, 0.0]) == 2 * 5.0
