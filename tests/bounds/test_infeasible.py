"""Instant proofs that no plan exists: each fires one step beyond its limit, and not at it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from placement import Problem
from placement.bounds import volume_bound, why_infeasible
from placement.bounds.infeasible import culprit
from placement.compiled.capacity import RESOURCES, capacity, most_on_one, usage
from placement.compiled.fleet import Fleet, compile_fleet
from placement.units import count
from tests.documents.test_documents import changed

Doc = dict[str, Any]

# Two machines of two accelerators in zone a, one of four in zone b; no quota anywhere.
PROBLEM: Doc = {
    "accelerators": {"A": {"memory_gib": 8}, "B": {"memory_gib": 4}},
    "instance_types": {
        "two": {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 16, "price_per_hour": 3},
        "four": {"accelerator": "B", "accelerator_count": 4, "vcpus": 4, "memory_gib": 8, "price_per_hour": 4},
    },
    "pools": [
        {"name": "a2", "instance_type": "two", "zone": "a"},
        {"name": "b4", "instance_type": "four", "zone": "b"},
    ],
    "components": [
        {"name": "c", "copies": 6, "shared": True, "accelerator_memory_gib": 2, "vcpus": 1},
        {"name": "d", "copies": 2, "min_copies": 0, "accelerators": 0},
    ],
    "instances": [{"id": "i", "pool": "a2"}, {"id": "j", "pool": "a2"}],
    "placements": [{"component": "c", "instance": "i", "accelerators": [0]}],
}


def fleet_of(edits: Doc) -> Fleet:
    """The problem with a value at each path, compiled."""
    document = PROBLEM
    for path, value in edits.items():
        document = changed(document, path, value)
    return compile_fleet(Problem(**document))


STAY = {"instances.0.removable": False, "instances.1.removable": False}
QUOTAS = {"pools.0.max_instances": 1, "pools.1.max_instances": 1}
PINNED = {"component": "c", "instance": "i", "pinned": True}
SKEWED = {**QUOTAS, "components.0.accelerator_memory_gib": 4, "components.0.spread": {"max_skew": 1}}
HOST = {**QUOTAS, "components.0": {"name": "c", "copies": 2, "accelerators": 0, "memory_gib": 8}}
SERVES = {"name": "c", "demand": 8, "throughput": 2, "accelerators": 0, "vcpus": 3}

THIRD = {"name": "a4", "instance_type": "four", "zone": "a", "max_instances": 1}
CPU = {"vcpus": 100, "memory_gib": 0, "price_per_hour": 1}


def pair(c: int, d: int, memory: float, **need: object) -> Doc:
    """Copies of two components that need so much of an accelerator, on one machine with two of 8 GiB."""
    rows = ({"copies": n, "shared": True, "accelerator_memory_gib": memory} for n in (c, d))
    named = {f"components.{k}": {"name": "cd"[k], **row} for k, row in enumerate(rows)}
    return {**QUOTAS, "pools.1.max_instances": 0, "placements": [], **named, **need}


CASES: list[tuple[Doc, str | None]] = [
    ({}, None),
    # machines that can't be released, and a quota
    ({**STAY, "pools.0.max_instances": 2}, None),
    ({**STAY, "pools.0.max_instances": 1}, "pool a2 may have 1 instance, but 2 running ones are not removable"),
    # nowhere
    ({"components.0.accelerator_memory_gib": 8}, None),
    ({"components.0.accelerator_memory_gib": 8.001}, "c fits on no machine of any pool it may use: one copy needs 1"),
    ({"components.0.accelerator_memory_gib": 9},
     "needs 9 GiB on each accelerator, where machines on which it may run have at most 8"),
    ({"components.0.accelerator_memory_gib": 9, "components.0.vcpus": 8},  # of which there are just enough
     "; it needs 9 GiB on each accelerator, where machines on which it may run have at most 8"),
    ({"components.0.zones": ["z"]}, "it may run on no pool: none is allowed by zones"),
    ({"pools": [], "instances": [], "placements": []}, "it may run on no pool: the problem has none"),
    ({"pools.0.max_instances": 0, "pools.1.max_instances": 0}, "on no pool but a2, b4, where max_instances is 0"),
    ({"components.0.zones": ["z"], "components.0.on": ["A"]}, "it may run on no pool: none is allowed by on and zones"),
    ({"components.0.on": []}, "one copy needs 1 shared accelerator with 2 GiB and 1 vCPUs"),
    ({"components.0.accelerators": 5, "components.0.shared": False, "components.0.memory_gib": 3},
     "needs 5 whole accelerators with 2 GiB on each and 1 vCPUs and 3 GiB of host memory"),
    ({"components.0.accelerators": 2, "components.0.accelerator_memory_gib": 9}, "2 shared accelerators with 9 GiB on"),
    ({"components.0": {"name": "c", "copies": 1, "accelerators": 0, "on": []}}, "nothing, yet its allow-lists name no"),
    ({"components.1.on": []}, None),  # no copy of it is required
    ({"components.1.on": [], "components.1.min_copies": 1}, "d fits on no machine"),
    ({"components.1": {**SERVES, "name": "d", "min_copies": 0, "on": []}}, "d fits on no machine"),
    # zones
    ({"components.0.spread": {"min_zones": 2}}, None),
    ({"components.0.spread": {"min_zones": 3}}, "c must stand in 3 zones, but only 2 can hold it: a, b"),
    ({"components.0.spread": {"min_zones": 3}, "components.0.min_copies": 2}, None),
    ({"components.0.spread": {"min_zones": 3}, "components.0.copies": 9, "components.0.min_copies": 3}, "in 3 zones"),
    ({"components.0.min_available_on_zone_loss": 3}, None),  # 3 and 3
    ({"components.0.min_available_on_zone_loss": 4}, "c must keep 4 copies when a zone is lost; its 6 copies, spread"),
    ({"components.0.min_available_on_zone_loss": 3, "components.0.copies": 5}, "over 2 zones, keep 2"),
    ({"components.0.min_available_on_zone_loss": 6}, "spread evenly over 2 zones, keep 3"),
    ({"components.0.min_available_on_zone_loss": 1, "components.0.copies": 1}, "is lost; its only copy stands in one"),
    ({"components.0.min_available_on_zone_loss": 7}, "must keep 7 copies when a zone is lost, but has 6 copies in 2"),
    ({"components.0.min_available_on_zone_loss": 1, "components.0.zones": ["b"]}, "has 6 copies in 1 eligible zone ("),
    ({"components.1.min_available_on_zone_loss": 1, "components.1.zones": ["b"]}, None),  # none placed, none kept
    ({"components.0": {**SERVES, "min_available_on_zone_loss": 99}}, None),  # more copies than the demand asks for
    ({"components.0": {**SERVES, "min_available_on_zone_loss": 1, "zones": ["a"]}}, "copies in 1 eligible zone (a)"),
    # pools and instances
    ({"components.0.min_available_on_pool_loss": 3}, None),  # 3 and 3
    ({"components.0.min_available_on_pool_loss": 4},
     "c must keep 4 copies when a pool is lost, but has 6 copies in 2 pools that can hold it (a2, b4)"),
    ({"components.0.min_available_on_pool_loss": 3, "components.0.copies": 5}, "but has 5 copies in 2 pools"),
    ({"components.0.min_available_on_pool_loss": 1, "components.0.zones": ["b"]}, "has 6 copies in 1 pool that can"),
    ({"components.0.min_available_on_pool_loss": 1, "components.0.zones": ["z"]}, "it may run on no pool: none is"),
    ({"components.0": {**SERVES, "min_available_on_pool_loss": 99}}, None),
    ({"components.0": {**SERVES, "min_available_on_pool_loss": 1, "zones": ["a"]}}, "serve its demand in 1 pool that"),
    ({"components.0.min_available_on_instance_loss": 5}, None),  # each on its own
    ({"components.0.min_available_on_instance_loss": 6},
     "c must keep 6 copies when an instance is lost, but has 6 copies"),
    ({"components.0": {**SERVES, "min_available_on_instance_loss": 99}}, None),
    # caps of a zone
    ({"components.0.spread": {"max_per_zone": 3}}, None),
    ({"components.0.spread": {"max_per_zone": 2}}, "c needs 6 copies, but max_per_zone 2 over 2 eligible zones"),
    ({"components.0.spread": {"max_per_instance": 0}}, "c needs 6 copies, but its max_per_instance is 0"),
    ({"components.0.accelerator_memory_gib": 13.7}, "with 13.7 GiB and 1 vCPUs; it needs 13.7 GiB on"),
    ({"components.0.accelerator_memory_gib": 9, "accelerators.A.memory_gib": 7.9}, "it may run have at most 7.9"),
    # What is needed is rounded up and room down: as they were given no difference would show.
    ({"components.0.accelerator_memory_gib": 8.19, "accelerators.A.memory_gib": 8.19}, "needs 8.190429688 GiB on each"),
    ({"components.0.spread": {"max_per_zone": 2}, "components.0.min_copies": 4}, None),
    # quotas: 8 copies on the machine of zone a, 4 vCPUs and so 4 copies on that of b
    ({**QUOTAS, "components.0.copies": 12}, None),
    ({**QUOTAS, "components.0.copies": 13}, "needs 13 copies, but the quotas of the pools it may use hold at most 12"),
    ({"pools.0.max_instances": 1, "components.0.copies": 99}, None),
    ({**QUOTAS, "pools.2": THIRD, "components.0.copies": 16}, None),  # two device classes of machines in zone a
    ({**QUOTAS, "pools.2": THIRD, "components.0.copies": 17}, "hold at most 16"),
    ({**QUOTAS, "pools.2": {**THIRD, "max_instances": None}, "components.0.copies": 99}, None),
    ({**QUOTAS, "components.0.copies": 13, "components.0.min_copies": 12}, None),
    ({**QUOTAS, "components.0.spread": {"max_per_instance": 3}}, None),
    ({**QUOTAS, "components.0.spread": {"max_per_instance": 2}},
     "c needs 6 copies, but the quotas of the pools it may use hold at most 4: 2 on each instance at most, by max_per"),
    ({**QUOTAS, "components.0.min_available_on_instance_loss": 3}, None),
    ({**QUOTAS, "components.0.min_available_on_instance_loss": 4},
     "hold at most 4: 2 on each instance at most, as c must keep 4 copies when any one is lost"),
    ({**QUOTAS, "components.0.min_available_on_instance_loss": 4, "components.0.spread": {"max_per_instance": 1}},
     "hold at most 2: 1 on each instance at most, by max_per_instance"),
    ({**QUOTAS, "components.0.min_available_on_instance_loss": 4, "components.0.spread": {"max_per_instance": 3}},
     "hold at most 4: 2 on each instance at most, as c must keep 4 copies when any one is lost"),
    ({**QUOTAS, "components.0.copies": 13, "components.0.min_available_on_instance_loss": 1}, "hold at most 12"),
    # skew: two copies of 4 GiB on each accelerator of a machine in zone a, and one on each of four in b
    ({**SKEWED, "components.0.copies": 8}, None),
    ({**SKEWED, "components.0.copies": 8, "pools.1.max_instances": None, "pools.0.max_instances": 1}, None),
    ({**SKEWED, "components.0.copies": 9, "pools.1.max_instances": None}, None),
    ({**SKEWED, "components.0.copies": 10, "pools.1.max_instances": None}, "zone a holds at most 4 of them"),
    ({**SKEWED, "components.0.copies": 9, "pools.1.max_instances": None,
      "components.0.spread": {"max_skew": 9, "max_per_zone": 5}}, None),
    ({**SKEWED, "components.0.copies": 10, "pools.1.max_instances": None,
      "components.0.spread": {"max_skew": 9, "max_per_zone": 5}}, "that max_skew 9 allows 9 in all zones"),
    ({**SKEWED, "pools.0.max_instances": 3, "components.0.copies": 9}, None),
    ({**SKEWED, "pools.0.max_instances": 3, "components.0.copies": 10}, "zone b holds at most 4 of them"),
    # pins
    ({"placements": [PINNED] * 6}, None),
    ({"placements": [PINNED] * 7}, "c has 7 pinned copies, but only 6 wanted"),
    ({"placements": [PINNED] * 4 + [{**PINNED, "instance": "j"}] * 3}, "c has 7 pinned copies"),
    ({"placements": [{**PINNED, "pinned": False}] * 7}, None),
    ({"placements": [PINNED], "components.0.zones": ["b"]}, "c is pinned on i, but its option 0 may not run there"),
    ({"placements": [{**PINNED, "pinned": False}], "components.0.zones": ["b"]}, None),
    ({"placements": [{**PINNED, "accelerators": [0, 1]}]}, "on i with 2 accelerators, but its option 0 now takes 1"),
    ({"components.0": SERVES, "placements": [PINNED] * 9}, None),  # as many copies as are there
    # all quotas together, a resource at a time
    ({**HOST, "components.1.min_copies": 1, "components.1.memory_gib": 8}, None),
    ({**HOST, "components.1.min_copies": 1, "components.1.memory_gib": 8.001}, "at least 24.002 GiB of host memory"),
    ({**HOST, "components.1.min_copies": 2, "components.1.memory_gib": 8}, "need at least 32 GiB of host memory"),
    ({**HOST, "components.1.copies": 9, "components.1.memory_gib": 8}, None),
    # accelerators of all quotas together
    (pair(1, 1, 4.001), None),
    (pair(1, 2, 4.001), "the required copies need at least 3 accelerators, as few of them fit beside each other, but"),
    (pair(2, 2, 4), None),  # two on each
    (pair(2, 2, 3), None),
    (pair(2, 3, 3), "at least 3 accelerators"),  # five of 3/8: two on each
    (pair(1, 1, 4.001, **{"components.0.accelerators": 2}), "at least 3 accelerators"),
    (pair(5, 5, 0, **{"instance_types.two.reserved": {"accelerator_memory_gib": 8}}), None),  # none is left to measure
    (pair(1, 2, 4.001, **{"components.1.min_copies": 1}), None),
    # pools of which some have no quota, or no room for them: what is confined to the others
    (pair(1, 2, 4.001, **{"pools.1.max_instances": 1}),
     "the required copies of c, d need at least 3 accelerators, as few of them fit beside each other, but the "
     "quotas of the pools they may use (a2) have 2"),
    (pair(1, 2, 4.001, **{"pools.1.max_instances": None}), "the quotas of the pools they may use (a2) have 2"),
    (pair(1, 1, 4.001, **{"pools.1.max_instances": None}), None),
    (pair(1, 2, 4, **{"pools.1.max_instances": None}), None),  # fits on b4, too
    (pair(9, 9, 4.001, **{"pools.0.max_instances": None, "pools.1.max_instances": 0}), None),
    ({**HOST, "pools.1.max_instances": None, "components.0.zones": ["a"], "components.1.zones": ["a"],
      "components.1.min_copies": 1, "components.1.memory_gib": 8}, "of c, d need at least 24 GiB of host memory, but"),
    ({**HOST, "pools.1.max_instances": None, "components.0.zones": ["a"],
      "components.1.min_copies": 1, "components.1.memory_gib": 8}, None),  # d may use b4
    # c is confined to a2; it and d to a2 and b4, which are enough for d alone, and for both but for the third pool
    ({**HOST, "pools.2": THIRD | {"zone": "c", "max_instances": None}, "components.0.zones": ["a"],
      "components.1.zones": ["a", "b"], "components.1.min_copies": 2, "components.1.memory_gib": 8},
     "of c, d need at least 32 GiB of host memory, but the quotas of the pools they may use (a2, b4) have 24"),
    ({**QUOTAS, "components.0": SERVES}, None),  # 4 copies of 3 vCPUs
    ({**QUOTAS, "components.0": {**SERVES, "demand": 8.1}, "components.1.min_copies": 1, "components.1.vcpus": 1},
     "the required copies need at least 14.5 vCPUs, but the quotas of all pools together have 12"),
    # accelerators before their memory, of which as much is short
    (pair(1, 2, 1, **{"components.0.shared": False, "components.1.shared": False}),
     "the required copies need at least 3 accelerators, but the quotas of all pools together have 2"),
    ({**QUOTAS, "components.0": {**SERVES, "min_copies": 3, "demand": 1}, "components.1.min_copies": 1,
      "components.1.vcpus": 3}, None),
    ({**QUOTAS, "components.0": {**SERVES, "min_copies": 3, "demand": 1}, "components.1.min_copies": 1,
      "components.1.vcpus": 3.001}, "need at least 12.001 vCPUs"),
    ({**QUOTAS, "components.0": {"name": "c", "copies": 4, "accelerators": 1},
      "components.1": {"name": "d", "copies": 2, "shared": True, "accelerator_share": 1}}, None),
    ({**QUOTAS, "components.0": {"name": "c", "copies": 4, "accelerators": 1},
      "components.1": {"name": "d", "copies": 3, "shared": True, "accelerator_share": 1}}, "at least 7 accelerators"),
    ({**QUOTAS, "components.1.on": []}, None),  # no copy of d is required, and none has a place
    ({**QUOTAS, "components.0": {**SERVES, "demand": 4, "throughput": 1}}, None),
    ({**QUOTAS, "components.0": {**SERVES, "demand": 5, "throughput": 1}}, "need at least 15 vCPUs"),
    ({**QUOTAS, "components.0": {**SERVES, "demand": 8.0003}}, "at least 13.5 vCPUs"),  # what is served is whole
    # what has no accelerators, or nothing but vCPUs, says nothing of the rest
    ({**QUOTAS, "instance_types.cpu": {**CPU, "memory_gib": 8},
      "pools.2": {**THIRD, "instance_type": "cpu", "max_instances": None},
      "components.0": {"name": "c", "copies": 4, "accelerators": 1},
      "components.1": {"name": "d", "copies": 3, "shared": True, "accelerator_share": 1}}, "at least 7 accelerators"),
    ({**HOST, "instance_types.cpu": CPU, "pools.2": {**THIRD, "instance_type": "cpu", "max_instances": None},
      "components.1.min_copies": 2, "components.1.memory_gib": 8}, "need at least 32 GiB of host memory"),
    # without a quota there is always more
    ({**HOST, "components.1.min_copies": 2, "components.1.memory_gib": 8, "pools.1.max_instances": None}, None),
]  # fmt: skip


@pytest.mark.parametrize(("edits", "reason"), CASES)
def test_a_proof_fires_beyond_its_limit_and_not_at_it(edits: Doc, reason: str | None) -> None:
    """The first reason, or none."""
    found = why_infeasible(fleet_of(edits))
    assert found is None if reason is None else reason in (found or "")


def test_all_that_no_fleet_can_hold_is_named_at_once() -> None:
    """One who mended the first was told of the next, 30 times over; a name stands once, whatever else is wrong."""
    rows: list[Doc] = [
        {"name": f"m{k}", "copies": 2, "accelerators": 0, "zones": ["a"], "min_available_on_zone_loss": 1}
        for k in range(7)
    ]
    rows[1] |= {"vcpus": 100}

    found = why_infeasible(fleet_of({"components": [*rows, *PROBLEM["components"]]})) or ""

    told = found.split("; ")
    assert [part.split()[0] for part in told] == ["m0", "m1", "it", "m2", "m3", "m4", "2"], found
    assert told[-1] == "2 more rule out a plan by themselves: m5, m6"
    assert told[0] == "m0 must keep 1 copy when a zone is lost, but has 2 copies in 1 eligible zone (a)"


@pytest.mark.parametrize(
    ("edits", "name"),
    [
        ({}, None),
        ({**STAY, "pools.0.max_instances": 1}, "a2"),
        ({"components.1.on": [], "components.1.min_copies": 1}, "d"),
        ({**QUOTAS, "components.0.copies": 13}, "c"),
        ({"placements": [PINNED] * 6}, None),
        ({"placements": [PINNED] * 7}, "c"),
        ({"placements": [{**PINNED, "pinned": False}] * 7}, None),
        ({"placements": [PINNED], "components.0.zones": ["b"]}, "c"),
        ({**HOST, "components.1.min_copies": 2, "components.1.memory_gib": 8}, None),  # together they are too large
    ],
)
def test_who_shows_it_alone(edits: Doc, name: str | None) -> None:
    """The pool or the component, where one will do."""
    found = culprit(fleet_of(edits))
    assert (found and found.name) == name


# --- What machines have and copies take


def test_what_machines_have_and_copies_take() -> None:
    """Over all accelerators of a machine; an owned one is taken whole, whatever is asked of it."""
    shared = {"shared": True, "accelerator_memory_gib": 2, "accelerator_share": 0.3, "vcpus": 1, "memory_gib": 3}
    owned = {"accelerators": 2, "accelerator_memory_gib": 2, "accelerator_share": 0.3}
    fleet = fleet_of({"components.0": {"name": "c", "copies": 1, "options": [{**shared, "accelerators": 2}, owned]}})
    names = [name for name, _, _ in RESOURCES]
    assert [capacity(fleet, 0, name) for name in names] == [2 * 8192, 2_000, 8_000, 16_384]
    assert [capacity(fleet, 1, name) for name in names] == [4 * 4096, 4_000, 4_000, 8_192]
    one, other = fleet.components[0].options
    assert [usage(fleet, 0, one, name) for name in names] == [2 * 2048, 600, 1_000, 3_072]
    assert [usage(fleet, 0, other, name) for name in names] == [2 * 8192, 2_000, 0, 0]
    assert [usage(fleet, 1, other, name) for name in names] == [2 * 4096, 2_000, 0, 0]


@pytest.mark.parametrize(
    ("options", "more", "most"),
    [
        ([{"accelerators": 0}], {}, 50),  # all of them
        ([{"accelerators": 0, "vcpus": 3}], {}, 2),
        ([{"accelerators": 0, "vcpus": 4}], {}, 2),
        ([{"accelerators": 0, "memory_gib": 4}], {}, 4),
        ([{"accelerators": 0, "memory_gib": 4, "vcpus": 1}, {"accelerators": 0, "memory_gib": 9}], {}, 4),
        ([{"accelerators": 0, "memory_gib": 4}], {"spread": {"max_per_instance": 3}}, 3),
        ([{"accelerators": 0, "memory_gib": 4}], {"spread": {"max_per_instance": 5}}, 4),
        ([{"accelerators": 1}], {}, 2),
        ([{"accelerators": 1, "shared": True, "accelerator_memory_gib": 3}], {}, 4),  # two on each, not five in all
        ([{"accelerators": 1, "shared": True, "accelerator_share": 0.4}], {}, 4),
        ([{"accelerators": 2, "shared": True, "accelerator_share": 0.4}], {}, 2),
        ([{"accelerators": 2, "shared": True, "accelerator_memory_gib": 3}], {}, 2),
        (
            [{"accelerators": 1, "shared": True, "accelerator_memory_gib": 3}, {"accelerators": 1}],
            {},
            5,
        ),  # by memory alone
        ([{"accelerators": 1, "shared": True}, {"accelerators": 1}], {}, 50),
        ([{"accelerators": 2}, {"accelerators": 1, "shared": True, "accelerator_memory_gib": 8}], {}, 2),
        ([{"accelerators": 1, "on": ["B"]}, {"accelerators": 2}], {}, 1),  # only what may run there
    ],
)
def test_most_copies_on_one_machine(options: list[Doc], more: Doc, most: int) -> None:
    """On a machine with two accelerators of 8 GiB, 8 vCPUs and 16 GiB."""
    fleet = fleet_of({"components.0": {"name": "c", "copies": 50, "options": options, **more}})
    assert most_on_one(fleet, fleet.components[0], 0) == most


def test_wide_copies_on_one_machine() -> None:
    """Three of four accelerators, over half of each: one copy, though a third of another would fit."""
    option = {"accelerators": 3, "shared": True, "accelerator_memory_gib": 2.1}
    fleet = fleet_of({"components.0": {"name": "c", "copies": 50, **option}})
    assert most_on_one(fleet, fleet.components[0], 1) == 1


@pytest.mark.parametrize("accelerators", [1, 2])
def test_accelerators_that_are_over_reserved_take_nothing_from_others(accelerators: int) -> None:
    """One copy of 1 GiB and one machine with 4 beside one of which more is reserved than it has: there is a plan."""
    good = {"accelerator": "A", "accelerator_count": 1, "vcpus": 4, "memory_gib": 4, "price_per_hour": 1}
    bad = {**good, "accelerator_count": accelerators, "reserved": {"accelerator_memory_gib": 8}}
    problem = Problem(
        accelerators={"A": {"memory_gib": 4}},
        instance_types={"good": good, "bad": bad},
        pools=[{"name": n, "instance_type": n, "zone": "z", "max_instances": 1} for n in ("good", "bad")],
        components=[
            {"name": "c", "copies": 1, "shared": True, "accelerator_memory_gib": 1},
            {"name": "d", "copies": 1, "accelerators": 0},
        ],
    )
    fleet = compile_fleet(problem)
    assert capacity(fleet, 1, "memory_mib") == 0
    assert why_infeasible(fleet) is None
    assert fleet.cost(volume_bound(fleet)) <= 1_000_000


BOTH = ["a2", "b4"]


@pytest.mark.parametrize(
    ("limit", "edits", "least"),
    [
        ({"pools": BOTH, "max_accelerators": 1}, {}, "2"),  # six of 2 GiB: 12 GiB, on two of 8 GiB
        ({"pools": BOTH, "max_accelerators": 2}, {}, None),
        ({"pools": BOTH, "max_vcpus": 7}, {}, "8"),  # six, and machines have four or eight
        ({"pools": BOTH, "max_vcpus": 8}, {}, None),
        ({"pools": BOTH, "max_price_per_hour": 2.99}, {}, "3"),  # 12 of 16 GiB of a machine at 3
        ({"pools": BOTH, "max_price_per_hour": 3}, {}, None),
        ({"pools": BOTH, "max_instances": 0}, {}, "1"),
        ({"pools": ["a2"], "max_instances": 0}, {}, None),  # they may run on b4
        ({"pools": ["a2"], "max_instances": 0}, {"components.0.on": ["A"]}, "1"),
        ({"pools": BOTH, "max_price_per_hour": 9}, QUOTAS | {"components.0.accelerator_memory_gib": 4}, None),
        # 16 GiB of a2 for 3, and the other 8 of 16 GiB for half of 4
        ({"pools": BOTH, "max_price_per_hour": 4.9}, QUOTAS | {"components.0.accelerator_memory_gib": 4}, "5"),
    ],
)
def test_a_limit_that_the_copies_need_more_than_is_named_with_both_figures(
    limit: Doc, edits: Doc, least: str | None
) -> None:
    """Of copies that can stand nowhere else, one resource at a time."""
    document = PROBLEM
    for path, value in edits.items():
        document = changed(document, path, value)
    document = {**document, "limits": [{"name": "team", **limit}], "instances": [], "placements": []}
    (key,) = limit.keys() - {"pools"}
    said = f"limit team allows {key} {limit[key]} over {count(len(limit['pools']), 'pool')}, "
    said += f"but the copies need at least {least} there"
    assert why_infeasible(compile_fleet(Problem(**document))) == (None if least is None else said)


def test_what_machines_lack_is_told_of_the_problem_as_it_was_read_alone() -> None:
    """Where components were joined, or options or pools are fewer, rows of the problem are not those of the fleet."""
    rows = [{"accelerators": 1, "accelerator_memory_gib": 9}, {"accelerators": 5}]
    fleet = fleet_of({"components.0": {"name": "c", "copies": 6, "options": rows}})
    first = fleet.components[0]
    assert "where machines" in (why_infeasible(fleet) or "")
    for less in (
        replace(fleet, components=(replace(first, name="c+d"),)),
        replace(fleet, components=(replace(first, options=first.options[1:]),)),
        replace(fleet, pools=fleet.pools[:1], instances=(), places=()),
    ):
        said = why_infeasible(less) or ""
        assert "fits on no machine" in said
        assert "where" not in said
