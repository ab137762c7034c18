"""What copies are charged, how state is kept, how room is made, and how plans get cheaper."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from placement import solve
from placement.bounds.parameters import BOUNDS
from placement.bounds.volume import volume_bound
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import Seat, evaluate
from placement.documents import Problem
from placement.heuristics import construct as construct_module
from placement.heuristics.best_fit import BestFit
from placement.heuristics.check import is_complete, lacking, missing_pins
from placement.heuristics.construct import construct, fill, place_optional, supply
from placement.heuristics.first_fit_decreasing import FirstFitDecreasing
from placement.heuristics.greedy import Greedy, GreedyParameters, dual_values_of
from placement.heuristics.improve import Improvement, drop_superfluous
from placement.heuristics.keep import keep_pinned, keep_running
from placement.heuristics.parameters import HEURISTICS
from placement.heuristics.prices import resource_prices
from placement.heuristics.repair import Repair
from placement.heuristics.shares import Shares
from placement.heuristics.solve import HeuristicOptions, solve_ffd
from placement.heuristics.stuck import why_stuck
from placement.heuristics.workspace import Workspace
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.steps import StepCounter, counted
from tests.corpus import copy_on_a_draining_machine
from tests.heuristics.fleets import component, fleet_of, suite
from tests.heuristics.invariants import check_invariants
from tests.strategies import random_problem

if TYPE_CHECKING:
    from placement.compiled.fleet import Fleet
    from placement.heuristics.construct import Policy
    from tests.parameters import Change
    from tests.reading import Doc


def built(fleet: Fleet) -> Workspace:
    """A plan by best fit."""
    ws = Workspace(fleet)
    assert construct(ws, BestFit(ws, Shares(fleet))) == []
    return ws


# -- shares and prices


def test_a_share_is_the_largest_part_of_the_machine() -> None:
    """40 of 80 GiB on one of 8 accelerators is a sixteenth of the big machine; 48 of 96 vCPU is a half."""
    fleet = fleet_of(
        [component("memory", 1, 40), component("host", 1, 40, vcpus=48), component("own", 1, 1, shared=False)]
    )
    shares = Shares(fleet)
    assert shares.volume[:, 0].tolist() == [1 / 16, 1 / 2, 1 / 8]
    assert (shares.cost(1.0) / shares.price)[:, 0].tolist() == [1 / 16, 1 / 2, 1 / 8]
    assert shares.cost(0.0)[0, 0] == 500_000
    assert shares.volume[1, 1] == np.inf  # 12 vCPU do not hold it


def test_equal_copies_see_the_borders_between_accelerators() -> None:
    """Of 50 GiB copies only one stands on 80 GiB: charged a whole accelerator when only its like stand there."""
    shares = Shares(fleet_of([component("a", 1, 50), component("wide", 1, 30, accelerators=3)]))
    assert (shares.cost(1.0) / shares.price)[:, 0].tolist() == [1 / 8, 1 / (2 * 8 // 3)]
    assert shares.volume[0, 0] == 50 / 640


@pytest.mark.parametrize("family", ["shared", "exclusive"])
def test_prices_come_close_to_the_volume_bound(family: str, parameters: Change) -> None:
    """What the copies are worth at these prices is the dual value: near the bound, and not above it."""
    fleet = compile_fleet(Problem(**suite(family, 40, 1)))
    shares = Shares(fleet)
    weights, scarcity = resource_prices(fleet, shares)
    assert np.allclose(weights.sum(axis=1), 1.0)
    assert (scarcity == 0).all()  # no quotas here
    charged = dual_values_of(shares, shares.cost(0.0, weights, scarcity))
    value = sum(row.copies * charged[row.index] for row in fleet.components)
    parameters(BOUNDS.volume, most_modes=0)  # no dual feasible functions
    volume = volume_bound(fleet)
    assert 0.97 * volume <= value <= 1.0001 * volume


def test_a_quota_makes_a_pool_dearer_than_its_price() -> None:
    pools = [
        {"name": "few", "instance_type": "big", "zone": "a", "max_instances": 1, "price_per_hour": 1},
        {"name": "many", "instance_type": "big", "zone": "a"},
    ]
    fleet = fleet_of([component("a", 40, 80)], pools=pools)
    scarcity = resource_prices(fleet, Shares(fleet))[1]
    assert scarcity[0] > 3_000_000
    assert scarcity[1] == 0


# -- construction


def test_first_fit_rents_the_cheapest_machine_and_greedy_the_cheapest_load() -> None:
    """Eight whole accelerators: 8 small machines at $2 for one machine's price of $8."""
    fleet = fleet_of([component("a", 8, 80)])
    shares = Shares(fleet)
    prices = []
    for policy_of in (FirstFitDecreasing, BestFit, Greedy):
        ws = Workspace(fleet)
        assert construct(ws, policy_of(ws, shares)) == []
        prices.append(ws.rented.price)
    assert prices == [16_000_000, 8_000_000, 8_000_000]


def test_the_last_machine_is_a_small_one() -> None:
    """Nine whole accelerators: greedy sees that one more big machine would stand empty."""
    fleet = fleet_of([component("a", 9, 80)])
    ws = Workspace(fleet)
    assert construct(ws, Greedy(ws, Shares(fleet), GreedyParameters())) == []
    assert ws.rented.price == 10_000_000


@pytest.mark.parametrize("room", [0, 1, 37, 255, 600])
def test_optional_copies_that_do_not_all_fit_are_tried_a_few_times(room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not once for each that fits: half as many each time, until one more does not fit."""
    pools = [
        {"name": f"small-{zone}", "instance_type": "small", "zone": zone, "max_instances": most}
        for zone, most in (("a", 300), ("b", max(0, room - 300)))
        if min(room, most)
    ] or [{"name": "none", "instance_type": "small", "zone": "a", "max_instances": 0}]
    spread = {"max_per_zone": min(300, room)} if room else {"max_per_zone": 9}
    fleet = fleet_of([component("c", 600, 80, min_copies=0, spread=spread)], pools=pools)
    ws, tries, real = Workspace(fleet), [], construct_module.place_total

    def place_total(ws: Workspace, policy: Policy, c: int, total: int) -> bool:
        tries.append(total)
        return real(ws, policy, c, total)

    monkeypatch.setattr(construct_module, "place_total", place_total)
    construct_module.extend(ws, FirstFitDecreasing(ws, Shares(fleet)), 0)
    assert ws.placed[0] == room
    assert len(tries) <= 20
    check_invariants(ws)


def test_many_copies_on_one_machine_end_with_the_time() -> None:
    """A hundred million copies that need nothing stand on one machine, and the clock is looked at meanwhile."""
    ws = Workspace(fleet_of([component("c", 100_000_000, 0, accelerators=0, shared=False)]))
    m = ws.rent(0)
    ws.budget = Budget(0.0)
    assert 0 < fill(ws, 0, 0, m, 100_000_000) < 10_000


def test_pairs_are_dealt_so_that_all_fit() -> None:
    """Tightest first would put {0, 1} twice and leave no pair for the third copy."""
    pools = [{"name": "p", "instance_type": "trio", "zone": "a", "max_instances": 1}]
    trio = {"accelerator": "A", "accelerator_count": 3, "vcpus": 8, "memory_gib": 64, "price_per_hour": 1}
    fleet = fleet_of([component("a", 3, 40, accelerators=2)], pools=pools, instance_types={"trio": trio})
    ws = Workspace(fleet)
    assert fill(ws, 0, 0, ws.rent(0), 3) == 3
    check_invariants(ws)


def test_demand_is_met_and_not_exceeded_without_need() -> None:
    modes = [{"accelerators": 1, "accelerator_memory_gib": 80, "throughput": 10}]
    fleet = fleet_of([{"name": "a", "demand": 25, "options": modes}])
    ws = built(fleet)
    assert ws.placed == [3]
    ws.place(Seat(0, 0, (0,)), ws.rent(1))
    drop_superfluous(ws)
    assert ws.placed == [3]
    assert is_complete(ws)


def test_superfluous_copies_are_looked_for_within_the_budget() -> None:
    """A loss floor may ask for a million copies, each of which is tried: minutes, counted as no work."""
    modes = [{"accelerators": 1, "accelerator_memory_gib": 80, "throughput": 10}]
    ws = built(fleet_of([{"name": "a", "demand": 25, "options": modes}]))
    ws.place(Seat(0, 0, (0,)), ws.rent(1))
    with counted(StepCounter()) as steps:
        ws.budget = Budget(0.0)
        drop_superfluous(ws)
        assert (ws.placed, steps.spent) == ([4], 0)
        ws.budget = None
        drop_superfluous(ws)
        assert steps.spent == 4 * HEURISTICS.solve.counted


def test_optional_copies_of_high_priority_come_first() -> None:
    pools = [{"name": "p", "instance_type": "small", "zone": "a", "max_instances": 1}]
    rows = [component(name, 1, 60, min_copies=0, priority=n) for n, name in enumerate("abc")]
    ws = built(fleet_of(rows, pools=pools))
    assert ws.placed == [0, 0, 1]
    assert ws.left_out() == (0, 1, 1)


# -- today's state

STATE: dict[str, list[Doc]] = {
    "instances": [{"id": "full", "pool": "big-a"}, {"id": "light", "pool": "big-a"}],
    "placements": [
        *({"component": "a", "instance": "full", "accelerators": [k]} for k in range(4)),
        {"component": "a", "instance": "light", "accelerators": [7]},
    ],
}


def test_copies_on_the_emptiest_machine_stop_first() -> None:
    ws = Workspace(fleet_of([component("a", 4, 80)], **STATE))
    keep_running(ws)
    assert [len(seats) for seats in ws.seats[:2]] == [4, 0]
    assert ws.running.kept == [4]


def test_pins_are_kept_before_all_others() -> None:
    pinned = [dict(row, pinned=row["instance"] == "light") for row in STATE["placements"]]
    ws = Workspace(fleet_of([component("a", 2, 80)], instances=STATE["instances"], placements=pinned))
    assert missing_pins(ws) == [0]
    keep_pinned(ws)
    assert missing_pins(ws) == []
    assert [len(seats) for seats in ws.seats[:2]] == [0, 1]
    keep_running(ws)
    assert [len(seats) for seats in ws.seats[:2]] == [1, 1]


def test_state_that_breaks_a_rule_is_kept_as_far_as_rules_allow() -> None:
    """Five copies in zone a with skew 1 over three zones: two may stay."""
    ws = Workspace(fleet_of([component("a", 5, 80, spread={"max_skew": 1})], **STATE))
    keep_running(ws)
    assert ws.placed == [2]
    assert supply(ws, BestFit(ws, Shares(ws.fleet)), 0)
    assert sorted(ws.zoned[0]) == [1, 2, 2]


# -- repair


def test_repair_moves_what_blocks() -> None:
    """A small copy stands alone on each accelerator and blocks the big one, though both fit on one."""
    pools = [{"name": "p", "instance_type": "small", "zone": "a", "max_instances": 2}]
    fleet = fleet_of([component("small", 2, 20), component("big", 1, 70)], pools=pools)
    ws = Workspace(fleet)
    for _ in range(2):
        ws.place(Seat(0, 0, (0,)), ws.rent(0))
    policy = BestFit(ws, Shares(fleet))
    assert not supply(ws, policy, 1)
    repair = Repair(ws, policy, np.random.default_rng(0))
    assert repair.run([1], 20, Budget()) == []
    assert is_complete(ws)
    assert repair.steps > 0
    check_invariants(ws)


def test_repair_takes_no_copy_from_where_it_runs_that_may_not_move() -> None:
    """Either small copy blocks the big one. The one that runs where it stands would be a move too many."""
    pools = [{"name": "p", "instance_type": "small", "zone": "a", "max_instances": 2}]
    state = {
        "instances": [{"id": "i", "pool": "p"}],
        "placements": [{"component": "runs", "instance": "i", "accelerators": [0]}],
        "objective": {"max_moves": 0},
    }
    fleet = fleet_of([component("runs", 1, 20), component("new", 1, 20), component("big", 1, 70)], pools=pools, **state)
    for seed in range(8):
        ws = Workspace(fleet)
        ws.place(Seat(0, 0, (0,)), 0)
        ws.place(Seat(1, 0, (0,)), ws.open_row(0))
        assert Repair(ws, BestFit(ws, Shares(fleet)), np.random.default_rng(seed)).run([2], 20, Budget()) == []
        assert is_complete(ws)
        check_invariants(ws)


def test_no_machines_are_exchanged_where_moves_are_limited() -> None:
    """Exchanges know limits over groups of pools, and not how many copies they move."""
    pools = [{"name": "p", "instance_type": "small", "zone": "a"}]
    rules = {"limits": [{"name": "all", "pools": ["p"], "max_instances": 2}]}
    exchanged = {}
    for most in (None, 0):
        keys = rules if most is None else rules | {"objective": {"max_moves": most}}
        search = Solve.of(fleet_of([component("c", 3, 70)], pools=pools, **keys), Budget())
        exchanged[most] = solve_ffd(search, options=HeuristicOptions(restarts=1)).stats["exchanges"]
    assert exchanged[0] == 0
    assert exchanged[None] != 0


def test_optional_copies_are_pressed_in() -> None:
    pools = [{"name": "p", "instance_type": "small", "zone": "a", "max_instances": 2}]
    fleet = fleet_of([component("small", 2, 20), component("big", 1, 70, min_copies=0)], pools=pools)
    ws = Workspace(fleet)
    for _ in range(2):
        ws.place(Seat(0, 0, (0,)), ws.rent(0))
    Repair(ws, BestFit(ws, Shares(fleet)), np.random.default_rng(0)).press_in(5, 20, Budget())
    assert ws.left_out() == (0,)
    assert is_complete(ws)


def test_bug_no_copy_is_pressed_in_that_may_not_move() -> None:
    """Two of three copies stay where they run, the third would have to leave its machine: it is left out."""
    problem = copy_on_a_draining_machine(max_moves=0)
    for name in ("ffd", "best-fit", "greedy"):
        result = solve(problem, name, work=1)
        assert (result.status, result.left_out) == ("feasible", {0: 1})


def _why(ws: Workspace) -> str:
    return why_stuck(ws, BestFit(ws, Shares(ws.fleet)))


def test_a_copy_that_fits_nowhere_is_explained() -> None:
    pools = [{"name": "p", "instance_type": "small", "zone": "a", "max_instances": 1}]
    fleet = fleet_of([component("chat", 2, 60)], pools=pools)
    ws = Workspace(fleet)
    assert construct(ws, BestFit(ws, Shares(fleet))) == [0]
    assert lacking(ws, 0) == "1 of 2 required copies placed"
    assert _why(ws) == (
        "chat copy 2 fits nowhere beside what is placed: 1 of 2 required copies placed; option 0 needs 60 GiB on each "
        "of 1 accelerator, 0 vCPU and 0 GiB of host memory; 1 accelerator in use match, the roomiest has 20 GiB "
        "free, no pool has quota left"
    )


def test_what_the_host_lacks_is_told() -> None:
    """The accelerators have room; the vCPUs are gone."""
    pools = [{"name": "p", "instance_type": "small", "zone": "a", "max_instances": 1}]
    fleet = fleet_of([component("chat", 2, 1, vcpus=7)], pools=pools)
    ws = Workspace(fleet)
    construct(ws, BestFit(ws, Shares(fleet)))
    assert f"hosts have at most {fleet.pools[0].shape.vcpus / 1000 - 7:g} vCPU and" in _why(ws)


def test_a_search_that_was_stopped_names_nothing_that_is_in_the_way() -> None:
    """Nothing is: there is a machine for everyone, and no time."""
    fleet = fleet_of([component("chat", 2, 60), component("code", 1, 60)])
    for budget, why in ((Budget(seconds=0), "time ran out"), (Budget(), "the search was interrupted")):
        if budget.seconds is None:
            budget.interrupt()
        ws = Workspace(fleet)
        ws.budget = budget
        construct(ws, BestFit(ws, Shares(fleet)))
        said = _why(ws)
        assert said.startswith(f"{why} before every copy had a place: ")
        assert "fits nowhere" not in said
        assert "free" not in said


@pytest.mark.parametrize(
    ("spread", "why"),
    [
        ({}, "the search gave up before it was used"),
        ({"max_skew": 1}, "nothing that was tried keeps its zone rules"),
    ],
)
def test_where_there_is_room_nothing_is_said_to_lack(spread: dict[str, int], why: str) -> None:
    """A new machine would do: then it is not room that lacks."""
    fleet = fleet_of([component("chat", 2, 60, spread=spread)])
    assert _why(Workspace(fleet)) == (
        f"chat: 0 of 2 required copies placed; a new machine of {fleet.pools[0].name} has room for one more, but {why}"
    )


@pytest.mark.parametrize(
    ("keys", "pools", "why"),
    [
        # two limits of which each by itself would do, so that no instant proof names one
        ({"limits": [{"name": "few", "pools": ["p"], "max_instances": 1},
                     {"name": "little", "pools": ["q"], "max_price_per_hour": 1}]}, "pq",
         "1 accelerator in use match, the roomiest has 20 GiB free, no new machine may be used; "
         "limit few allows max_instances 1, 1 are used, and a machine of p takes 1 more; "
         "limit little allows max_price_per_hour 1, 0 are used, and a machine of q takes 1.5 more"),
        ({"limits": [{"name": "few", "pools": ["p"], "max_instances": 1}]}, "p",
         "limit few allows max_instances 1 over 1 pool, but the copies need at least 3 there"),
    ],
    ids=["where it ends", "no plan"],
)  # fmt: skip
def test_limits_that_forbid_a_machine_are_named(keys: Doc, pools: str, why: str) -> None:
    """With what is used of them, and what the machine takes; or the limit that no plan keeps."""
    rows = [{"name": name, "instance_type": "small", "zone": "a", "price_per_hour": 1.5} for name in pools]
    ws = Workspace(fleet_of([component("chat", 3, 60)], pools=rows, **keys))
    assert _why(ws).endswith(why)


@pytest.mark.parametrize("first", ["chat", "rank"])
def test_the_component_that_a_limit_keeps_out_is_told_before_one_that_has_room(first: str) -> None:
    """One machine is within the limit and holds all of one component, but never both: two of them are needed."""
    pools = [{"name": name, "instance_type": "small", "zone": "a", "price_per_hour": 4} for name in "pq"]
    limits = [{"name": "purse", "pools": ["p", "q"], "max_price_per_hour": 7}]
    rows = [component("chat", 2, 20, avoid=["rank"]), component("rank", 2, 20)]
    fleet = fleet_of(rows if first == "chat" else rows[::-1], pools=pools, limits=limits)
    ws = Workspace(fleet)
    ws.place(Seat(0, 0, (0,)), ws.rent(0))
    said = _why(ws)
    assert said.startswith(f"{fleet.components[1].name} copy 1 fits nowhere beside what is placed: 0 of 2 required")
    assert said.endswith("limit purse allows max_price_per_hour 7, 4 are used, and a machine of p takes 4 more")


def test_the_component_that_a_limit_keeps_out_is_told_before_one_without_room() -> None:
    """The only machine for the first is full; the limits keep out a copy of the second."""
    rows = [("own", "a", {"max_instances": 1}), ("p", "b", {}), ("q", "b", {})]
    pools = [{"name": name, "instance_type": "small", "zone": zone, **quota} for name, zone, quota in rows]
    limits = [{"name": f"few-{pool}", "pools": [pool], "max_instances": 1} for pool in "pq"]
    chat, code = component("chat", 1, 60, zones=["a"]), component("code", 3, 60, zones=["b"])
    ws = Workspace(fleet_of([chat, code, component("fill", 1, 60)], pools=pools, limits=limits))
    ws.place(Seat(2, 0, (0,)), ws.rent(0))
    said = _why(ws)
    assert said.startswith("code copy 3 fits nowhere beside what is placed: 2 of 3 required copies placed")
    assert said.endswith("limit few-q allows max_instances 1, 1 are used, and a machine of q takes 1 more")


def test_a_floor_that_forbids_a_place_is_named() -> None:
    """The second pool has room for one machine, and the first may hold two copies of four, of which one holds one."""
    pools = [
        {"name": name, "instance_type": "small", "zone": "a", "max_instances": n} for name, n in (("p", 9), ("q", 1))
    ]
    chat = component("chat", 4, 60, min_available_on_pool_loss=2, min_available_on_instance_loss=1, avoid=["rank"])
    fleet = fleet_of([component("rank", 1, 60, avoid=["chat"]), chat], pools=pools)
    ws = Workspace(fleet)
    ws.place(Seat(0, 0, (0,)), ws.rent(1))
    said = _why(ws)
    assert said.startswith("chat copy 3 fits nowhere beside what is placed: 2 of 4 required copies placed")
    assert said.endswith("no pool may hold more than 2 of them, as chat must keep 2 copies when one is lost")


def test_limits_and_moves_that_are_broken_are_named() -> None:
    """All copies have a place, at the wrong price."""
    rows = [{"name": "p", "instance_type": "small", "zone": "a"}]
    fleet = fleet_of([component("chat", 3, 45)], pools=rows, limits=[{"name": "l", "pools": ["p"], "max_instances": 2}])
    ws = Workspace(fleet)
    for _ in range(3):
        ws.place(Seat(0, 0, (0,)), ws.rent(0))
    assert _why(ws) == "limit l allows max_instances 2, the plan that was found without it has 3"

    running = {"instances": [{"id": "i", "pool": "p"}, {"id": "j", "pool": "p"}],
               "placements": [{"component": "chat", "instance": "i", "accelerators": [0]}]}  # fmt: skip
    fleet = fleet_of([component("chat", 1, 60)], pools=rows, objective={"max_moves": 0}, **running)
    ws = Workspace(fleet)
    ws.rented.add(0, 1)
    ws.busy[1] = True
    ws.place(Seat(0, 0, (0,)), 1)
    assert _why(ws) == "max_moves is 0, the plan that was found without it has 1 move"


@pytest.mark.parametrize("rules", [{}, {"spread": {"max_skew": 3}}])
@pytest.mark.parametrize(("most", "placed"), [(0, 0), (2, 2), (3, 4), (None, 4)])
def test_optional_copies_come_in_within_the_limit_on_moves(rules: Doc, most: int | None, placed: int) -> None:
    """Three of four copies ran on a machine that is full without them: elsewhere they have moved, the fourth is new."""
    rows = [{"name": "p", "instance_type": "small", "zone": "a"}]
    running = {"instances": [{"id": "i", "pool": "p"}],
               "placements": [{"component": "chat", "instance": "i", "accelerators": [0]}] * 3}  # fmt: skip
    components = [component("rank", 1, 80), component("chat", 4, 20, min_copies=0, priority=1, **rules)]
    fleet = fleet_of(components, pools=rows, objective={"max_moves": most} if most is not None else {}, **running)
    ws = Workspace(fleet)
    ws.place(Seat(0, 0, (0,)), ws.rent(0))
    place_optional(ws, BestFit(ws, Shares(fleet)))
    assert ws.placed == [1, placed]
    assert is_complete(ws)


def test_of_many_options_a_few_are_told() -> None:
    pools = [{"name": "p", "instance_type": "small", "zone": "a", "max_instances": 1}]
    options = [{"accelerator_memory_gib": 60 + k} for k in range(9)]
    fleet = fleet_of([component("big", 1, 80), {"name": "chat", "copies": 1, "options": options}], pools=pools)
    ws = Workspace(fleet)
    ws.place(Seat(0, 0, (0,)), ws.rent(0))
    said = _why(ws)
    assert said.startswith("chat copy 1 fits nowhere beside what is placed: ")
    assert said.count(" needs ") == 3
    assert said.endswith("6 more options fit nowhere either")


# -- improvement


def test_two_half_empty_machines_become_one() -> None:
    fleet = fleet_of([component("a", 2, 40)])
    ws = Workspace(fleet)
    for _ in range(2):
        ws.place(Seat(0, 0, (0,)), ws.rent(1))
    shares = Shares(fleet)
    charged = dual_values_of(shares, shares.cost(0.0))
    packing = Improvement(ws, [BestFit(ws, shares)], charged, np.random.default_rng(0)).run(20, lambda: False)
    assert evaluate(fleet, packing).ticks == 2_000_000


def complete_plan(seed: int) -> tuple[Workspace, Greedy] | None:
    """A complete plan of a tight random problem; None when it has none that greedy finds."""
    fleet = compile_fleet(Problem(**random_problem(random.Random(seed))))
    ws = Workspace(fleet)
    policy = Greedy(ws, Shares(fleet))
    keep_running(ws)
    stuck = construct(ws, policy)
    if stuck:
        Repair(ws, policy, np.random.default_rng(0)).run(stuck, 100, Budget())
    return (ws, policy) if is_complete(ws) else None


def test_every_round_keeps_the_plan_complete_and_never_ends_worse() -> None:
    starts = [(seed, start) for seed in range(25) if (start := complete_plan(seed)) is not None]
    assert len(starts) > 20
    for seed, (ws, policy) in starts:
        before = ws.value()
        policies: list[Policy] = [policy, BestFit(ws, Shares(ws.fleet))]
        improvement = Improvement(ws, policies, policy.dual_values, np.random.default_rng(seed))
        for _ in range(10):
            packing = improvement.run(1, lambda: False)
            assert is_complete(ws)
            check_invariants(ws)
            assert evaluate(ws.fleet, packing) <= before


def test_greedy_rents_what_is_paid_for_anyway_before_what_is_cheaper() -> None:
    """A big machine is cheaper by the copy; the small one costs nothing more."""
    pools = [
        {"name": "big", "instance_type": "big", "zone": "a"},
        {"name": "small", "instance_type": "small", "zone": "a"},
    ]
    for paid, chosen in ((0, 0), (1, 1)):
        fleet = fleet_of([component("x", 16, 60)], pools=[pools[0], {**pools[1], "min_instances": paid}])
        ws = Workspace(fleet)
        greedy = Greedy(ws, Shares(fleet))
        greedy.order(ws, [0])
        assert greedy.rental(ws, 0, 16, -1) == (0, chosen)
