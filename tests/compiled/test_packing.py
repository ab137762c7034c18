"""What a compiled plan is worth, counted by hand."""

from __future__ import annotations

import pytest

from placement import Problem
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import (
    Machine,
    Packing,
    Seat,
    Value,
    evaluate,
    machine_price,
    machines_held,
    moves,
    ticks_of,
)
from placement.compiled.translate import to_plan


def fleet_with(*rows: tuple[str, int, list[int] | None], wanted: int = 3) -> Fleet:
    """Two running machines, one of which can't be released, and the copies (instance, option, accelerators) there."""
    return compile_fleet(
        Problem(
            accelerators={"A": {"memory_gib": 1}},
            instance_types={
                "t": {"accelerator": "A", "accelerator_count": 4, "vcpus": 1, "memory_gib": 1, "price_per_hour": 3}
            },
            pools=[
                {"name": "p", "instance_type": "t", "zone": "z", "min_instances": 2},
                {"name": "q", "instance_type": "t", "zone": "z", "price_per_hour": 5},
            ],
            components=[
                {
                    "name": "c",
                    "copies": wanted,
                    "min_copies": 1,
                    "priority": 1,
                    "move_cost": 2,
                    "options": [{"accelerators": 1, "shared": True}, {"accelerators": 2, "shared": True}],
                },
                {"name": "d", "copies": 4, "min_copies": 1, "accelerators": 0},
                {"name": "e", "copies": 1, "accelerators": 0},
                {"name": "f", "copies": 2, "min_copies": 0, "accelerators": 0},
            ],
            instances=[{"id": "i", "pool": "p"}, {"id": "j", "pool": "q", "removable": False}],
            placements=[
                {"component": "c", "instance": name, "option": option, **({"accelerators": where} if where else {})}
                for name, option, where in rows
            ],
            objective={"horizon_hours": 0.5, "move_cost": 7},
        )
    )


def on(instance: int | None, *places: tuple[int, ...], pool: int = 0) -> Machine:
    """A machine with copies of the first component on these accelerators, by the option that takes so many."""
    return Machine(pool, instance, tuple(Seat(0, len(place) - 1, place) for place in places))


def test_new_machines_have_names_that_none_has() -> None:
    """Also where a machine that runs is called like a new one."""
    fleet = compile_fleet(
        Problem(
            instance_types={"t": {"vcpus": 1, "memory_gib": 1, "price_per_hour": 3}},
            pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
            components=[{"name": "c", "copies": 4, "accelerators": 0}],
            instances=[{"id": "p/new-2", "pool": "p"}],
        )
    )
    seats = (Seat(0, 0, ()),)
    plan = to_plan(fleet, Packing(tuple(Machine(0, instance, seats) for instance in (None, 0, None, None))))
    assert [(row.id, row.new) for row in plan.instances] == [
        ("p/new-1", True), ("p/new-2", False), ("p/new-3", True), ("p/new-4", True)
    ]  # fmt: skip


def test_machines_in_use_and_those_that_cannot_be_released() -> None:
    """One idle machine stays; in use it counts once."""
    fleet = fleet_with()
    assert machines_held(fleet, Packing(())) == {1: 1}
    assert machines_held(fleet, Packing((on(0, (0,)), on(None, (0,))))) == {0: 2, 1: 1}
    assert machines_held(fleet, Packing((on(1, (0,), pool=1), on(None, (0,), pool=1)))) == {1: 2}


@pytest.mark.parametrize(
    ("machines", "dollars"),
    [
        ((), 2 * 3 + 5),  # min_instances, and the one that stays
        ((on(0, (0,)),), 2 * 3 + 5),
        ((on(0, (0,)), on(None, (0,)), on(None, (1,))), 3 * 3 + 5),
        ((on(None, (0,), pool=1),), 2 * 3 + 2 * 5),
        ((on(1, (0,), pool=1),), 2 * 3 + 5),
    ],
)
def test_the_price_of_machines(machines: tuple[Machine, ...], dollars: int) -> None:
    """All that is paid for, in use or not."""
    assert machine_price(fleet_with(), Packing(machines)) == dollars * 1_000_000


@pytest.mark.parametrize(
    ("now", "planned", "moved"),
    [
        ([("i", 0, [0]), ("i", 0, [1])], [on(0, (0,), (1,))], 0),
        ([("i", 0, [0]), ("i", 0, [1])], [on(0, (0,), (2,))], 1),
        ([("i", 0, [0]), ("i", 0, [0])], [on(0, (0,), (0,))], 0),
        ([("i", 0, [0]), ("i", 0, [0])], [on(0, (0,), (2,))], 1),
        ([("i", 0, [0])], [on(None, (0,))], 1),  # a new machine, not the one that runs
        ([("i", 0, [0])], [on(1, (0,), pool=1)], 1),  # another machine
        ([("i", 1, [0, 1])], [on(0, (0,))], 1),  # another option
        ([("i", 1, [1, 0])], [on(0, (0, 1))], 0),
        ([("i", 0, None)], [on(0, (3,))], 0),
        ([("i", 0, None)], [on(0, (2, 3))], 1),
        ([("i", 0, None), ("i", 0, [0])], [on(0, (0,))], 0),  # one stops
        ([("i", 0, None), ("i", 0, [1])], [on(0, (0,), (2,))], 1),  # one takes the unknown place
        ([("i", 0, None), ("i", 0, [0])], [on(0, (0,), (2,))], 0),
        ([("i", 0, None), ("i", 0, [0])], [on(0, (0,)), on(None, (3,))], 1),  # what is kept there fills just one place
        ([("i", 0, None), ("i", 0, None)], [on(0, (0,)), on(1, (0,), pool=1)], 1),
        ([], [on(0, (0,), (1,))], 0),  # both start
        ([("i", 0, [0]), ("j", 0, [0]), ("j", 0, [1])], [on(0, (3,))], 1),
    ],
)
def test_moves(now: list[tuple[str, int, list[int] | None]], planned: list[Machine], moved: int) -> None:
    """Known accelerators are matched first, unknown ones take what is left; starts and stops are no moves."""
    assert moves(fleet_with(*now), Packing(tuple(planned))) == (moved, 0, 0, 0)


def test_ticks() -> None:
    """Half an hour: a tick is half a micro-dollar, so a price counts once and a move twice."""
    fleet = fleet_with()
    assert ticks_of(fleet, 10, (0, 0, 0, 0)) == 10
    assert ticks_of(fleet, 10, (1, 3, 0, 0)) == 10 + 2 * (2_000_000 + 3 * 7_000_000)


def test_value() -> None:
    """Copies left out by level, highest priority first; a component that must have all its copies has no level."""
    fleet = fleet_with(("i", 0, [0]), ("i", 0, [1]))
    packing = Packing((on(0, (0,), (3,)), Machine(0, None, (Seat(1, 0, ()), Seat(2, 0, ()), Seat(1, 0, ())))))
    assert evaluate(fleet, packing) == Value((1, 4), 11_000_000 + 2 * 2_000_000)
    assert [seat.component for _, seat in packing.seats()] == [0, 0, 1, 2, 1]
