"""The workspace: scans agree with single questions, every change keeps its books, and rollback undoes it all."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Seat, evaluate
from placement.documents import Problem
from placement.heuristics import ejection
from placement.heuristics.construct import construct
from placement.heuristics.first_fit_decreasing import FirstFitDecreasing
from placement.heuristics.parameters import RepairParameters
from placement.heuristics.shares import Shares
from placement.heuristics.workspace import Workspace
from placement.solving.budget import Budget
from placement.solving.steps import StepCounter, counted
from tests.corpus import one_by_one
from tests.heuristics.fleets import component, fleet_of
from tests.heuristics.invariants import check_invariants
from tests.strategies import random_problem


def test_machines_that_run_have_rows_as_new_ones_have() -> None:
    """Rows that are made at once are those that are made one by one."""
    compared = 0
    for _, fleet in fleets(range(40)):
        ws = Workspace(fleet)
        first = ws.rows
        for i in fleet.instances:
            m = ws.append(i.pool)
            compared += 1
            assert (int(ws.instance[i.index]), int(ws.instance[m])) == (i.index, -1)
            for name in ("pool", "free_memory", "ranked", "share", "users", "vacant", "vcpus", "host", "owner"):
                assert (getattr(ws, name)[m] == getattr(ws, name)[i.index]).all(), name
        assert len(ws.seats) == len(ws.kinds) == ws.rows == 2 * first
        assert first == len(fleet.instances)
    assert compared > 20


def random_steps(ws: Workspace, rng: random.Random, steps: int) -> None:
    """Place and remove copies at random, wherever the workspace says that it can."""
    for _ in range(steps):
        c = rng.randrange(len(ws.fleet.components))
        o = rng.randrange(len(ws.modes[c]))
        if rng.random() < 0.3:
            standing = [(seat, m) for m in range(ws.rows) for seat in ws.seats[m]]
            if standing:
                seat, m = rng.choice(standing)
                ws.remove(seat, m)
            continue
        rows = [m for m, ok in enumerate(ws.fits(c, o).tolist()) if ok]
        rentable = [p for p in ws.reach[c][o].listed.tolist() if ws.can_rent(p)]
        if rows and (rng.random() < 0.7 or not rentable):
            m = rng.choice(rows)
        elif rentable:
            m = ws.rent(rng.choice(rentable))
        else:
            continue
        accelerators = ws.seat_on(c, o, m, level=rng.random() < 0.5)
        if accelerators is not None:
            ws.place(Seat(c, o, accelerators), m)


def fleets(seeds: range) -> list[tuple[int, Fleet]]:
    return [(seed, compile_fleet(Problem(**random_problem(random.Random(seed))))) for seed in seeds]


@one_by_one(range(40))
def test_books_are_right_after_every_step(seed: int) -> None:
    """Placed, removed, rented, released: all arrays equal a recount from the seats, and no machine breaks a rule."""
    rng = random.Random(seed)
    ws = Workspace(compile_fleet(Problem(**random_problem(rng))))
    for _ in range(12):
        random_steps(ws, rng, 2)
        check_invariants(ws)
        assert ws.value() == evaluate(ws.fleet, ws.to_packing())


@one_by_one(range(110, 120), 5)
def test_what_a_loss_leaves_is_known_without_a_look_at_all_machines(seed: int) -> None:
    """The fullest pool and machine are those of a recount, after copies came, went and were opened at once."""
    rng = random.Random(seed)
    ws = Workspace(
        fleet_of([component("chat", 30, 20, min_available_on_instance_loss=2, min_available_on_pool_loss=1)])
    )
    for _ in range(8):
        random_steps(ws, rng, 4)
        m = ws.rent(0)
        accelerators = None if ws.busy[m] else ws.seat_on(0, 0, m)
        if accelerators is not None:
            ws.place(Seat(0, 0, accelerators), m)
            more = ws.alike(m, 2)
            if more:
                ws.open_alike(m, more)
        check_invariants(ws)
        counts = list(ws.where[0].values())
        assert {n: many for n, many in (ws.stacked[0] or {}).items() if many > 0} == Counter(counts)


@one_by_one(range(40, 60), 10)
def test_scan_agrees_with_the_single_question(seed: int) -> None:
    """`fits` says of every busy row what `seat_on` says; idle rows are left out."""
    rng = random.Random(seed)
    ws = Workspace(compile_fleet(Problem(**random_problem(rng))))
    random_steps(ws, rng, 15)
    for c, options in enumerate(ws.modes):
        for o in range(len(options)):
            expected = [bool(ws.busy[m]) and ws.seat_on(c, o, m) is not None for m in range(ws.rows)]
            assert ws.fits(c, o).tolist() == expected
            some = np.array([rng.random() < 0.5 for _ in ws.fleet.pools])
            assert ws.fits(c, o, pools=some).tolist() == [
                ok and bool(some[ws.pool[m]]) for m, ok in enumerate(expected)
            ]
            for z in range(len(ws.fleet.zones)):
                here = [ok and ws.zone_of[int(ws.pool[m])] == z for m, ok in enumerate(expected)]
                assert ws.fits(c, o, z).tolist() == here


@one_by_one(range(60, 80), 10)
def test_rollback_undoes_everything(seed: int) -> None:
    rng = random.Random(seed)
    ws = Workspace(compile_fleet(Problem(**random_problem(rng))))
    random_steps(ws, rng, 8)
    before, value, mark = ws.to_packing(), ws.value(), ws.mark()
    random_steps(ws, rng, 20)
    ws.rollback(mark)
    assert (ws.to_packing(), ws.value()) == (before, value)
    check_invariants(ws)


@one_by_one(range(80, 110), 10)
def test_machines_opened_at_once_are_as_if_opened_one_by_one(seed: int) -> None:
    """Within quota, at one price, with every book kept; and undone like any other change."""
    rng = random.Random(seed)
    ws = Workspace(compile_fleet(Problem(**random_problem(rng))))
    random_steps(ws, rng, 8)
    before, value, mark = ws.to_packing(), ws.value(), ws.mark()
    for c, options in enumerate(ws.modes):
        for o in range(len(options)):
            for p in ws.reach[c][o].listed.tolist():
                m = ws.rent(p) if ws.can_rent(p) else -1
                accelerators = ws.seat_on(c, o, m) if m >= 0 else None
                if accelerators is None or ws.busy[m]:
                    continue
                ws.place(Seat(c, o, accelerators), m)
                price, each, more = ws.rented.price, int(ws.rented.next_price[p]), ws.alike(m, 3)
                if more:
                    ws.open_alike(m, more)
                assert ws.rented.price == price + more * each
                check_invariants(ws)
                assert ws.value() == evaluate(ws.fleet, ws.to_packing())
    ws.rollback(mark)
    assert (ws.to_packing(), ws.value()) == (before, value)
    check_invariants(ws)


def test_many_copies_of_one_component_are_placed_by_the_machine() -> None:
    """A hundred thousand copies take no hundred thousand decisions, and fill their machines."""
    fleet = fleet_of([component("crowd", 100_000, 20.0)])
    ws = Workspace(fleet)
    asked = 0

    class Counting(FirstFitDecreasing):
        def rental(self, ws: Workspace, c: int, left: int, zone: int) -> tuple[int, int] | None:
            nonlocal asked
            asked += 1
            return super().rental(ws, c, left, zone)

    assert construct(ws, Counting(ws, Shares(fleet))) == []
    assert ws.placed == [100_000]
    assert ws.rows == 25_000  # the small machine is the cheapest one, and holds four
    assert asked < 40


def test_a_budget_that_is_over_ends_construction() -> None:
    """What stands by then is what there is; the component is reported as lacking."""
    fleet = fleet_of([component("crowd", 1000, 60.0)])
    ws = Workspace(fleet)
    ws.budget = Budget(seconds=0)
    assert construct(ws, FirstFitDecreasing(ws, Shares(fleet))) == [0]
    assert ws.placed == [0]


def test_invariants_notice_a_wrong_book() -> None:
    ws = Workspace(fleet_of([component("a", 2, 10)]))
    ws.place(Seat(0, 0, (0,)), ws.rent(0))
    ws.vcpus[0] += 1
    with pytest.raises(AssertionError, match="vcpus"):
        check_invariants(ws)


def test_loading_a_packing_gives_it_back() -> None:
    for seed, fleet in fleets(range(80, 100)):
        ws = Workspace(fleet)
        random_steps(ws, random.Random(seed), 15)
        again = Workspace(fleet, like=ws)
        assert again.load(ws.to_packing())
        assert again.value() == ws.value()
        check_invariants(again)
        late = Workspace(fleet, like=ws)
        late.budget = Budget(seconds=0.0)
        assert late.load(ws.to_packing()) is not any(ws.placed)
        assert not any(late.placed)


def test_tightest_accelerator_is_taken_first() -> None:
    ws = Workspace(fleet_of([component("a", 1, 50), component("b", 1, 20)]))
    m = ws.rent(0)
    ws.place(Seat(0, 0, (3,)), m)
    assert ws.seat_on(1, 0, m) == (3,)


def test_most_copies_on_accelerators_in_pairs() -> None:
    """Three accelerators that hold two shares each take three copies on two of them, however they are dealt."""
    ws = Workspace(fleet_of([component("a", 9, 40, accelerators=2), component("b", 5, 80)]))
    m = ws.rent(0)
    for k in range(3, 8):
        ws.place(Seat(1, 0, (k,)), m)
    assert ws.most_copies(ws.modes[0][0], m) == 3


def test_machines_that_are_paid_for_cost_nothing_more() -> None:
    fleet = fleet_of([component("a", 1, 10)])
    paid = fleet_of(
        [component("a", 1, 10)], pools=[{"name": "p", "instance_type": "big", "zone": "a", "min_instances": 1}]
    )
    assert Workspace(fleet).rented.next_price[0] == 8_000_000
    assert Workspace(paid).rented.next_price[0] == 0
    assert Workspace(paid).rented.price == 8_000_000


def test_arrays_grow_with_the_machines() -> None:
    ws = Workspace(fleet_of([component("a", 200, 80)]))
    for _ in range(200):
        ws.place(Seat(0, 0, (0,)), ws.rent(1))
    assert (ws.rented.used[1], ws.rented.price) == (200, 400_000_000)
    check_invariants(ws)


def test_cordoned_machine_takes_no_more_than_it_has() -> None:
    """A resident may come back, one more may not, and no other component may come."""
    fleet = fleet_of(
        [component("a", 3, 10), component("b", 1, 10)],
        instances=[{"id": "i", "pool": "big-a", "state": "cordoned"}],
        placements=[{"component": "a", "instance": "i", "accelerators": [0]}],
    )
    ws = Workspace(fleet)
    assert ws.rent(0) != 0
    assert ws.seat_on(1, 0, 0) is None
    ws.place(Seat(0, 0, (0,)), 0)
    assert ws.seat_on(0, 0, 0) is None
    assert not ws.fits(0, 0)[0]


def test_a_resident_may_not_come_back_to_pools_that_are_not_asked_for() -> None:
    fleet = fleet_of(
        [component("a", 2, 10)],
        instances=[{"id": "i", "pool": "big-a", "state": "cordoned"}],
        placements=[{"component": "a", "instance": "i"}, {"component": "a", "instance": "i"}],
    )
    ws = Workspace(fleet)
    ws.place(Seat(0, 0, (0,)), 0)
    big_a = np.array([pool.name == "big-a" for pool in fleet.pools])
    assert ws.fits(0, 0, pools=big_a)[0]
    assert not ws.fits(0, 0, pools=~big_a)[0]


def test_pins_hold_copies_in_place() -> None:
    """Of two equal copies one is pinned: either may leave, not both; of two on unknown accelerators likewise."""
    fleet = fleet_of(
        [component("a", 2, 10)],
        instances=[{"id": "i", "pool": "big-a"}],
        placements=[{"component": "a", "instance": "i", "pinned": True}, {"component": "a", "instance": "i"}],
    )
    ws = Workspace(fleet)
    ws.place(Seat(0, 0, (0,)), 0)
    assert not ws.is_movable(Seat(0, 0, (0,)), 0)
    ws.place(Seat(0, 0, (5,)), 0)
    assert ws.is_movable(Seat(0, 0, (0,)), 0)
    assert ws.running.kept == [2]


# -- what blocks a copy


def test_what_is_taken_off_makes_room_and_nothing_of_it_could_have_stayed() -> None:
    """As the workspace says itself, which knows every rule of a machine."""
    made = kept = refused = 0
    for seed, fleet in fleets(range(60)):
        rng, ws = random.Random(seed), Workspace(fleet)
        random_steps(ws, rng, 60)
        weights = [rng.choice([1.0, 2.0, 5.0]) for _ in fleet.components]
        for c, o, m in (
            (c, o, m) for c, modes in enumerate(ws.modes) for o in range(len(modes)) for m in range(ws.rows)
        ):
            if not (ws.busy[m] and ws.reach[c][o].allowed[ws.pool[m]]) or ws.cordoned[m] or ws.seat_on(c, o, m):
                continue
            before = list(ws.seats[m])
            found = ejection.blocking(ws, c, o, m, lambda seat, weights=weights: weights[seat.component])  # type: ignore[misc]
            assert sorted(ws.seats[m]) == sorted(before)
            mark = ws.mark()
            others = sorted((seat for seat in before if seat.component != c), key=lambda seat: weights[seat.component])
            for seat in others if found is None else found:
                if ws.is_movable(seat, m):
                    ws.remove(seat, m)
                else:
                    assert found is None
            on = ws.seat_on(c, o, m)
            if found is None:
                refused += 1
                assert on is None
            else:
                made += 1
                kept += len(found) < len(others)
                assert on is not None
                if ws.may_use(m):
                    ws.place(Seat(c, o, on), m)
                    assert not any(ws.can_stand(seat, m) for seat in found)
            ws.rollback(mark)
    assert made > 100
    assert kept > 50
    assert refused > 20


def blocking(ws: Workspace, c: int, m: int) -> list[Seat] | None:
    """What blocks a copy of c on row m, where each copy weighs as much as its component's index says."""
    return ejection.blocking(ws, c, 0, m, lambda seat: float(seat.component))


def test_copies_that_were_taken_off_for_nothing_come_back() -> None:
    """Four light ones go first, but make no room; beside the one that does one of them has no place any more."""
    ws = Workspace(fleet_of([component("light", 4, 5), component("heavy", 1, 60), component("big", 1, 65)]))
    m = ws.rent(1)
    for seat in (*[Seat(0, 0, (0,))] * 4, Seat(1, 0, (0,))):
        ws.place(seat, m)
    with counted(StepCounter()) as work:
        assert blocking(ws, 2, m) == [Seat(1, 0, (0,)), Seat(0, 0, (0,))]
    assert work.spent == 5 * RepairParameters.counted  # copies are not placed, but tried


def test_no_room_is_made_where_a_loss_would_leave_too_few() -> None:
    """One machine, or one pool, may hold two of three copies: a third has no place there whatever goes."""
    for rule, other in (("min_available_on_instance_loss", 1), ("min_available_on_pool_loss", 2)):
        ws = Workspace(fleet_of([component("chat", 3, 30, **{rule: 1}), component("other", 4, 50)]))
        first, second = ws.rent(0), ws.open_row(0)
        for m, seat in ((first, Seat(0, 0, (0,))), (first, Seat(0, 0, (1,))), (second, Seat(1, 0, (0,)))):
            ws.place(seat, m)
        for k in range(2, 8):
            ws.place(Seat(1, 0, (k,)), first)
        assert blocking(ws, 0, first) is None, rule
        assert (blocking(ws, 0, second) is None) == (other == 2), rule
