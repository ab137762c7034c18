"""Rules over zones as copies that must stand in a zone: how few there may be, by enumeration."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from placement.compiled.packing import Machine, Packing, Seat
from placement.compiled.spread import keeps_zone_rules
from placement.reductions.base import EXACT
from placement.reductions.zone_floors import RELAXES, ZoneFloors, least_in_a_zone
from tests.heuristics.fleets import component, fleet_of

if TYPE_CHECKING:
    from placement.compiled.fleet import Fleet


def zoned(copies: int, zones: int, **rules: int | None) -> Fleet:
    """A component in some zones, with these rules."""
    fleet = fleet_of([component("a", copies, 20, shared=False, zones=list("abc"[:zones]))])
    kept: dict[str, Any] = rules
    return replace(fleet, components=(replace(fleet.components[0], **kept),))


@given(
    copies=st.integers(1, 8),
    zones=st.integers(1, 3),
    max_skew=st.none() | st.integers(1, 4),
    min_zones=st.integers(0, 4),
    max_per_zone=st.none() | st.integers(1, 6),
    zone_loss_floor=st.integers(0, 6),
)
def test_the_fewest_copies_in_a_zone(copies: int, zones: int, **rules: int | None) -> None:
    """As few as any counts have that keep the rules; over two zones all counts with so many keep them."""
    only = zoned(copies, zones, **rules).components[0]
    counts = [row for row in product(range(copies + 1), repeat=zones) if sum(row) == copies]
    kept = [row for row in counts if keeps_zone_rules(only, row)]
    floor = least_in_a_zone(only)
    if kept:
        assert floor <= min(min(row) for row in kept)
    if kept and zones <= 2:
        assert kept == [row for row in counts if min(row) >= floor]


def test_parts_of_a_component() -> None:
    """Over two zones parts say all; over three, and where a machine may have few of its copies, they leave out some."""
    for zones, rules, floors, exact in (
        (2, {"max_skew": 1}, [2, 2, 1], True),
        (2, {"max_skew": 1, "max_per_instance": 3}, [2, 2, 1], False),
        (3, {"max_skew": 1}, [1, 1, 1, 2], False),
        (3, {"min_zones": 2}, [5], False),
        (1, {"max_skew": 1}, [5], True),
        (3, {}, [5], True),
    ):
        found = ZoneFloors.of(zoned(5, zones, **rules))
        assert found is not None
        assert [c.copies for c in found.fleet.components] == floors
        assert not any(c.has_zone_rules for c in found.fleet.components)
        assert found.keeps_bound.relaxes == ("" if exact else RELAXES)


def test_a_packing_that_breaks_a_rule_stands_for_none() -> None:
    """All five copies that are left in one of three zones; the same copies dealt out are a packing of the whole."""
    fleet = zoned(5, 3, max_skew=1, max_per_instance=2)
    found = ZoneFloors.of(fleet)
    assert found is not None
    first = {fleet.pools[p].zone: p for p in reversed(range(6)) if fleet.pools[p].shape.accelerators == 8}

    def packing(*zones: int) -> Packing:
        seats = zip(zones, (0, 1, 2, 3, 3), strict=True)
        return Packing(tuple(Machine(first[z], None, (Seat(part, 0, (0,)),)) for z, part in seats))

    assert found.lift(packing(0, 1, 2, 0, 0)) is None
    lifted = found.lift(packing(0, 1, 2, 0, 1))
    assert lifted is not None
    assert {seat.component for _, seat in lifted.seats()} == {0}
    one, *others = packing(0, 1, 2, 0, 1).machines
    together = replace(one, seats=(*one.seats, Seat(3, 0, (1,)), Seat(3, 0, (2,))))
    assert found.lift(Packing((together, *others[:2]))) is None  # three of two on a machine

    beside = replace(fleet, components=(*fleet.components, replace(zoned(1, 3).components[0], index=1)), running=(0, 0))
    found = ZoneFloors.of(beside)
    assert found is not None
    other = Machine(first[0], None, (Seat(4, 0, (0,)),))
    assert found.lift(Packing((*packing(0, 1, 2, 0, 0).machines, other))) is None
    assert found.lift(Packing((*packing(0, 1, 2, 0, 1).machines, other))) is not None


def test_what_is_dedicated_may_stand_beside_its_own_parts() -> None:
    """And beside no other component, nor any other beside it; parts avoid what the whole does."""
    rows = [component(name, 4, 20, shared=False, zones=["a", "b"]) for name in "xy"]
    fleet = fleet_of([{**rows[0], "dedicated": True, "spread": {"max_skew": 1}}, rows[1]])
    found = ZoneFloors.of(fleet)
    assert found is not None
    assert found.keeps_bound == EXACT
    assert [c.avoids for c in found.fleet.components] == [{2}, {2}, {0, 1}]
    found = ZoneFloors.of(fleet_of([{**rows[0], "spread": {"max_skew": 1}}, {**rows[1], "avoid": ["x"]}]))
    assert found is not None
    assert [c.avoids for c in found.fleet.components] == [{2}, {2}, {0, 1}]


def test_optional_copies_are_not_put_in_parts_and_parts_share_a_cap_per_machine() -> None:
    """What may be left out is required nowhere; parts that stand on one machine may together be too many for it."""
    rule = {"min_zones": 2, "max_per_instance": 1}
    fleet = fleet_of([component("a", 2, 20, min_copies=0, spread=rule), component("b", 4, 20, spread=rule)])
    found = ZoneFloors.of(fleet)
    assert found is not None
    assert found.origin[0] == 0
    assert found.origin.count(0) == 1
    assert (found.fleet.components[0].required, found.fleet.components[0].copies) == (0, 2)
    capped = ZoneFloors.of(fleet_of([component("b", 4, 20, zones=["a", "b"], spread={"max_skew": 1, **rule})]))
    assert capped is not None
    pools = [next(p.index for p in capped.whole.pools if p.zone == z and p.shape.accelerators == 8) for z in (0, 1)]
    first, second = (Seat(c, 0, (c,)) for c in (0, len(capped.origin) - 1))
    together = Packing(tuple(Machine(p, None, (first, second)) for p in pools))
    assert capped.lift(together) is None
