"""Demands as counts: which counts serve them, and what stands in place of a component in each case."""

from __future__ import annotations

from typing import Any

import pytest

from placement import Problem
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Machine, Packing, Seat
from placement.reductions.counted import Counted

Copies = dict[tuple[int, int, int], int]  # by component, option and zone


def served(more: dict[str, Any] | None = None, **rows: Any) -> Fleet:
    """A demand of 6 in two zones, by options that serve 2 and 1; and a component of two copies."""
    options = [{"accelerators": 0, "vcpus": rate, "throughput": rate} for rate in (2, 1)]
    document: dict[str, Any] = {
        "instance_types": {"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1}},
        "pools": [{"name": zone, "instance_type": "t", "zone": zone} for zone in "ab"],
        "components": [
            {"name": "fixed", "copies": 2, "accelerators": 0},
            {"name": "c", "demand": 6, "options": options, **(more or {})},
        ],
        **rows,
    }
    return compile_fleet(Problem(**document))


@pytest.mark.parametrize(
    ("more", "copies", "parts"),
    [
        ({}, {(1, 0, 0): 3}, [(0, None, 3)]),  # just the demand
        ({}, {(1, 0, 0): 2, (1, 0, 1): 1}, [(0, None, 3)]),
        ({}, {(1, 0, 0): 2, (1, 1, 1): 1}, None),  # 5 of 6
        ({"min_copies": 4}, {(1, 0, 0): 3}, None),
        ({"min_copies": 4}, {(1, 0, 0): 2, (1, 1, 1): 2}, [(0, None, 2), (1, None, 2)]),
        ({"spread": {"min_zones": 2}}, {(1, 0, 0): 3}, [(0, None, 3)]),  # one option keeps the rules itself
        ({"spread": {"min_zones": 2}}, {(1, 0, 0): 2, (1, 1, 1): 2}, [(0, 0, 2), (1, 1, 2)]),
        ({"spread": {"min_zones": 2}}, {(1, 0, 0): 2, (1, 1, 0): 2}, None),  # all of them in one zone
        ({"spread": {"max_skew": 1}}, {(1, 0, 0): 2, (1, 0, 1): 1, (1, 1, 1): 1}, [(0, 0, 2), (0, 1, 1), (1, 1, 1)]),
        ({"spread": {"max_skew": 1}}, {(1, 0, 0): 3, (1, 1, 1): 1}, None),
    ],
)
def test_counts_become_components(
    more: dict[str, Any], copies: Copies, parts: list[tuple[int, int | None, int]] | None
) -> None:
    """One for each option; by zone, too, where rules over zones are about several options. None where they don't do."""
    fleet = served(more)
    found = Counted.of(fleet, copies)
    if parts is None:
        assert found is None
        return
    assert found is not None
    assert found.origin == (0, *[1] * len(parts))
    assert found.fleet.running == (0,) * len(found.origin)
    fixed, *made = found.fleet.components
    assert (fixed.copies, fixed.required, fixed.demand) == (2, 2, 0)
    told = []
    for component in made:
        assert component.required == component.copies
        assert component.demand == 0
        (option,) = (option for option in component.options if option.pools)
        zones = {fleet.pools[p].zone for p in option.pools}
        assert set(component.eligible_zones) == zones
        assert component.has_zone_rules == (bool(more.get("spread")) and len(zones) == 2)
        told.append((option.index, None if len(zones) == 2 else zones.pop(), component.copies))
    assert told == parts


def test_a_packing_is_one_of_the_whole() -> None:
    """Copies of the parts are those of the component, by the same options."""
    found = Counted.of(served({"spread": {"min_zones": 2}}), {(1, 0, 0): 2, (1, 1, 1): 2})
    assert found is not None
    seats = (Seat(1, 0, ()), Seat(1, 0, ())), (Seat(2, 1, ()), Seat(2, 1, ()), Seat(0, 0, ()), Seat(0, 0, ()))
    packing = found.lift(Packing(tuple(Machine(p, None, held) for p, held in enumerate(seats))))
    assert [sorted(machine.seats) for machine in packing.machines] == [
        [Seat(1, 0, ())] * 2,
        [Seat(0, 0, ())] * 2 + [Seat(1, 1, ())] * 2,
    ]


def test_what_runs_and_rules_of_the_whole_plan_are_not_for_counts() -> None:
    """Neither a machine alone, nor a copy on it, nor a limit."""
    copies = {(1, 0, 0): 3}
    assert Counted.of(served(instances=[{"id": "i", "pool": "a"}]), copies) is None
    assert Counted.of(served(limits=[{"name": "n", "pools": ["a"], "max_instances": 1}]), copies) is None


def test_parts_of_a_component_with_a_limit_on_a_machine_are_kept_apart() -> None:
    """Two copies by each option, at most two on a machine: each part knows its own copies alone."""
    copies = {(1, 0, 0): 2, (1, 1, 1): 2}
    for more, apart in (({"spread": {"max_per_instance": 2}}, True), ({}, False)):
        found = Counted.of(served(more), copies)
        assert found is not None
        avoids = [set(c.avoids) for c in found.fleet.components]
        assert avoids == ([set(), {2}, {1}] if apart else [set()] * 3)
