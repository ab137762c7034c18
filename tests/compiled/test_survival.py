"""Caps that keep enough copies when an instance is lost, against the rule itself."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from placement.compiled.fleet import compile_fleet
from placement.compiled.survival import cap_per_instance, cap_per_pool, capped_by_placed, most_by_floor, survives
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


def test_caps_of_the_fewest_copies_are_enough_and_the_most_of_any_plan_is_just_that() -> None:
    """Of four copies or fewer, with a floor over pools and the same over instances."""
    (one,) = compile_fleet(Problem(**DOCUMENT)).components
    for floor, required, cap in product(range(5), range(5), (None, 1, 3)):
        whole = replace(one, required=required, pool_loss_floor=floor, instance_loss_floor=floor, max_per_instance=cap)
        kept = [
            held
            for placed in range(max(1, required), 5)
            for held in range(1, placed + 1)
            if survives(whole, placed, held, 0)
        ]
        assert kept == [
            held
            for placed in range(max(1, required), 5)
            for held in range(1, placed + 1)
            if survives(whole, placed, 0, held)
        ]
        assert most_by_floor(whole, floor) == (max(kept, default=0) if floor and required else None)
        fewest, most = max(required, floor + 1), cap_per_pool(whole)
        if most is None:
            assert not floor
        else:
            assert all(survives(whole, n, most, 0) for n in range(fewest, 8))
            assert not survives(whole, fewest, most + 1, 0)
        assert cap_per_instance(whole) == min((n for n in (cap, most) if n is not None), default=None)
    assert survives(replace(one, required=0, pool_loss_floor=1), 0, 0, 0)
    assert not survives(replace(one, required=1, pool_loss_floor=1), 0, 0, 0)


def test_the_fewest_copies_of_a_demand_are_those_that_serve_it() -> None:
    """Three of the faster option; four are the most there may be."""
    (one,) = compile_fleet(Problem(**DOCUMENT)).components
    options = tuple(replace(one.options[0], throughput=n) for n in (2, 3))
    whole = replace(one, required=0, demand=7, options=options, pool_loss_floor=1)
    assert (cap_per_pool(whole), cap_per_instance(whole), most_by_floor(whole, 1)) == (2, None, 3)


def test_without_a_floor_the_cap_stays() -> None:
    """No floor, no other cap."""
    (one,) = compile_fleet(Problem(**DOCUMENT)).components
    assert capped_by_placed(one, 0, 3) is one
