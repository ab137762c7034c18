"""Caps that keep enough copies when an instance is lost, against the rule itself."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from placement.compiled.fleet import compile_fleet
from placement.compiled.survival import capped_by_placed, survives
from placement.documents import Problem

DOCUMENT = {
    "format": "placement/v1",
    "accelerators": {"A": {"memory_gib": 10}},
    "instance_types": {
        "one": {"accelerator": "A", "accelerator_count": 1, "price_per_hour": 1, "vcpus": 0, "memory_gib": 0}
    },
    "pools": [{"name": "p", "instance_type": "one", "zone": "z"}],
    "components": [{"name": "c", "copies": 4, "accelerators": 1, "shared": True, "accelerator_memory_gib": 1}],
}


def test_a_cap_by_placed_copies_says_what_the_rule_says() -> None:
    """With just so many placed, a machine may hold a number if, and only if, its loss leaves the floor."""
    (one,) = compile_fleet(Problem(**DOCUMENT)).components
    for floor, cap, placed in product((1, 2, 3), (None, 1, 3), range(6)):
        whole = replace(one, instance_loss_floor=floor, max_per_instance=cap)
        capped = capped_by_placed(whole, floor, placed).max_per_instance
        assert capped is not None
        for held in range(1, 6):
            allowed = survives(whole, placed, 0, held) and (cap is None or held <= cap)
            assert (held <= capped) == allowed, (floor, cap, placed, held)


def test_without_a_floor_the_cap_stays() -> None:
    """No floor, no other cap."""
    (one,) = compile_fleet(Problem(**DOCUMENT)).components
    assert capped_by_placed(one, 0, 3) is one
