"""Optional copies made required: which bounds of the smaller fleet say something of the whole."""

from __future__ import annotations

import pytest

from placement import Problem
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Machine, Packing, Seat
from placement.reductions.base import EXACT, CarriedBound
from placement.reductions.required import RequiredAsPlaced, RequiredAtLeast


def optional(least: int | None = 1) -> Fleet:
    """Three copies of each of two priorities, of which one must be placed."""
    rows = [{"name": name, "copies": 3, "priority": k, "accelerators": 0} for k, name in enumerate("ab")]
    rows = [row if least is None else row | {"min_copies": least} for row in rows]
    return compile_fleet(
        Problem(
            instance_types={"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1}},
            pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
            components=rows,
        )
    )


@pytest.mark.parametrize(
    ("a", "b", "carried"),
    [
        (3, 3, CarriedBound(given=(0, 0))),
        (2, 3, None),  # plans that leave out another copy of the lower priority, or none, may be cheaper
        (3, 2, None),
        (1, 1, None),
    ],
)
def test_a_bound_holds_of_plans_that_place_every_copy(a: int, b: int, carried: CarriedBound | None) -> None:
    """Where some are left out, a plan of the whole may leave out others."""
    fleet = optional()
    seats = tuple(Seat(c, 0, ()) for c, n in enumerate((a, b)) for _ in range(n))
    found = RequiredAsPlaced.of(fleet, Packing((Machine(0, None, seats),)))
    assert [(c.required, c.copies, c.level) for c in found.fleet.components] == [(a, a, None), (b, b, None)]
    assert found.keeps_bound == carried
    if carried is not None:
        assert RequiredAsPlaced.all_copies(fleet).keeps_bound == carried


def test_nothing_is_changed_without_a_packing_or_an_optional_copy() -> None:
    """Then all bounds hold."""
    for found in (RequiredAsPlaced.of(optional(), None), RequiredAsPlaced.all_copies(optional(None))):
        assert found.fleet is found.whole
        assert found.keeps_bound == EXACT


def test_so_many_are_required_and_others_are_optional_as_before() -> None:
    """Never fewer than must be placed, nor any of a component that is not named."""
    assert [(c.required, c.copies) for c in RequiredAtLeast.of(optional(), {0: 2}).fleet.components] == [(2, 3), (1, 3)]
    assert [c.required for c in RequiredAtLeast.of(optional(), {0: 0, 1: 3}).fleet.components] == [1, 3]
    assert [c.required for c in RequiredAtLeast.of(optional(0), {1: 1}).fleet.components] == [0, 1]
    firm = optional(None)
    assert RequiredAtLeast.of(firm, {0: 1}).fleet is firm
