"""Problems on which the fuzzer found wrong answers, cut down by it; each must have no fault now.

A row is the path, the seed of its choices, and the problem. What was wrong stands above each.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.fuzz.examine import faults_of

FOUND: list[tuple[str, str, dict[str, Any]]] = [
    # Inequalities of counts that no machine mends were added again without end.
    (
        "auto-scale-blind",
        "1127091500:2458:auto-scale-blind",
        {
            "format": "placement/v1",
            "name": "avoid",
            "accelerators": {"B": {"memory_gib": 16}, "A": {"memory_gib": 10.1}},
            "instance_types": {
                "t0": {
                    "vcpus": 4,
                    "memory_gib": 256,
                    "price_per_hour": 1.0,
                    "accelerator": "A",
                    "accelerator_count": 3,
                },
                "t1": {
                    "vcpus": 96,
                    "memory_gib": 48.5,
                    "price_per_hour": 4.1,
                    "accelerator": "B",
                    "accelerator_count": 3,
                },
            },
            "pools": [
                {"name": "p0", "instance_type": "t1", "zone": "z1", "max_instances": 0},
                {"name": "p1", "instance_type": "t1", "zone": "z2", "price_per_hour": 0.33, "max_instances": 1},
                {"name": "p3", "instance_type": "t0", "zone": "z2", "max_instances": 2},
                {
                    "name": "p2",
                    "instance_type": "t0",
                    "zone": "z1",
                    "price_per_hour": 1.0,
                    "max_instances": 2,
                    "labels": {"market": "spot"},
                },
                {"name": "p4", "instance_type": "t0", "zone": "z0", "max_instances": 1},
            ],
            "components": [
                {
                    "name": "c3",
                    "options": [{"accelerators": 1, "shared": True, "accelerator_memory_gib": 1.2, "throughput": 0.1}],
                    "demand": 0.2,
                    "spread": {"max_skew": 1, "min_zones": 2, "max_per_zone": 1, "max_per_instance": 1},
                    "min_available_on_zone_loss": 1,
                    "zones": ["z1", "z2"],
                    "avoid": ["c2"],
                },
                {
                    "name": "c1",
                    "accelerators": 3,
                    "shared": True,
                    "accelerator_memory_gib": 1.111328125,
                    "throughput": 0.7,
                    "demand": 1.4,
                    "spread": {"max_skew": 1, "min_zones": 2},
                    "avoid": ["c2"],
                },
                {
                    "name": "c2",
                    "options": [
                        {"accelerators": 0, "vcpus": 2, "memory_gib": 51.2001953125, "throughput": 1},
                        {"accelerators": 0, "vcpus": 0.439, "memory_gib": 51.2001953125, "throughput": 0.1},
                    ],
                    "demand": 0.1,
                    "spread": {"max_skew": 1, "max_per_zone": 1},
                    "avoid": ["c1"],
                },
            ],
            "objective": {"horizon_hours": 1},
            "placements": [],
        },
    ),
    # Parts took the floor of all copies when a pool is lost for one of their own copies.
    (
        "parts-poor",
        "1127091500:11019:parts-poor",
        {
            "format": "placement/v1",
            "name": "rules",
            "accelerators": {"A": {"memory_gib": 1}},
            "instance_types": {
                "t0": {"vcpus": 0, "memory_gib": 0, "price_per_hour": 1, "accelerator": "A", "accelerator_count": 1}
            },
            "pools": [
                {"name": "p0", "instance_type": "t0", "zone": "z0"},
                {"name": "p3", "instance_type": "t0", "zone": "z0"},
            ],
            "components": [{"name": "c1", "copies": 4, "min_available_on_pool_loss": 1}],
        },
    ),
    # Prices of bins that cost nothing went beyond 64 bits: a false proof.
    (
        "bin-packing",
        "1127091500:35840:bin-packing",
        {
            "format": "placement/v1",
            "name": "bins",
            "accelerators": {"S": {"memory_gib": 1}},
            "instance_types": {
                "one": {"accelerator": "S", "accelerator_count": 8, "vcpus": 0, "memory_gib": 0, "price_per_hour": 0}
            },
            "pools": [{"name": "p-one", "instance_type": "one", "zone": "a", "max_instances": 1}],
            "components": [
                {"name": "m0", "copies": 2, "options": [{"accelerators": 4}, {"accelerators": 2}]},
                {"name": "m1", "copies": 1, "options": [{}, {"accelerators": 4}]},
            ],
        },
    ),
    # A plan of a demand may have more copies than serve it.
    (
        "parts-groups",
        "1127091500:63328:parts-groups",
        {
            "format": "placement/v1",
            "name": "alike",
            "accelerators": {"S": {"memory_gib": 3}, "L": {"memory_gib": 1}},
            "instance_types": {
                "s4": {"vcpus": 0, "memory_gib": 0, "price_per_hour": 2, "accelerator": "S", "accelerator_count": 2},
                "l2": {"vcpus": 0, "memory_gib": 0, "price_per_hour": 0, "accelerator": "L", "accelerator_count": 1},
                "s1": {"vcpus": 0, "memory_gib": 0, "price_per_hour": 1, "accelerator": "S", "accelerator_count": 1},
            },
            "pools": [
                {"name": "s4-b", "instance_type": "s4", "zone": "a"},
                {"name": "s1-a", "instance_type": "s1", "zone": "c"},
                {"name": "l2-b-5", "instance_type": "l2", "zone": "a"},
            ],
            "components": [
                {"name": "m0", "shared": True, "throughput": 1, "demand": 1},
                {
                    "name": "m1",
                    "shared": True,
                    "accelerator_memory_gib": 2,
                    "min_available_on_zone_loss": 1,
                    "throughput": 1,
                    "demand": 1,
                },
                {"name": "m3", "copies": 1, "accelerator_memory_gib": 2},
            ],
        },
    ),
    # Zones were packed by themselves though the counts left one of three zones empty.
    (
        "cg-zones",
        "2026112714:37543:cg-zones",
        {
            "format": "placement/v1",
            "name": "prices",
            "accelerators": {"A": {"memory_gib": 40}},
            "instance_types": {
                "t0": {
                    "vcpus": 16,
                    "memory_gib": 64,
                    "price_per_hour": 1.5e-06,
                    "accelerator": "A",
                    "accelerator_count": 1,
                    "reserved": {"memory_gib": 2},
                }
            },
            "pools": [
                {"name": "p2", "instance_type": "t0", "zone": "z2"},
                {"name": "p1", "instance_type": "t0", "zone": "z0", "price_per_hour": 1e-07},
                {"name": "p0", "instance_type": "t0", "zone": "z1", "min_instances": 1},
            ],
            "components": [
                {
                    "name": "c2",
                    "accelerators": 0,
                    "vcpus": 0.001,
                    "memory_gib": 26.5595703125,
                    "on": ["A"],
                    "instance_types": ["t0"],
                    "throughput": 0.1,
                    "demand": 0.11,
                    "spread": {"max_per_zone": 1},
                    "min_available_on_zone_loss": 1,
                },
                {
                    "name": "c0",
                    "options": [
                        {
                            "shared": True,
                            "accelerator_memory_gib": 17.1591796875,
                            "vcpus": 0.5,
                            "memory_gib": 32,
                            "accelerators": 0,
                        },
                        {
                            "shared": True,
                            "accelerator_memory_gib": 17.1591796875,
                            "vcpus": 5.8,
                            "memory_gib": 8,
                            "instance_types": ["t0"],
                        },
                    ],
                    "copies": 4,
                    "spread": {"min_zones": 3},
                    "min_available_on_zone_loss": 2,
                    "zones": ["z0", "z1", "z2"],
                },
            ],
            "instances": [{"id": "i-1", "pool": "p2", "removable": False}],
            "placements": [],
            "objective": {"horizon_hours": 1},
        },
    ),
    # HiGHS's presolve dropped an equation, and a program that has solutions was called infeasible.
    (
        "bound-of-plan",
        "2026112714:60448:0",
        {
            "format": "placement/v1",
            "name": "alike",
            "accelerators": {"S": {"memory_gib": 24}, "L": {"memory_gib": 80}},
            "instance_types": {
                "s1": {"vcpus": 8, "memory_gib": 32, "price_per_hour": 3, "accelerator": "S", "accelerator_count": 1},
                "s4": {"vcpus": 48, "memory_gib": 192, "price_per_hour": 3, "accelerator": "S", "accelerator_count": 4},
            },
            "pools": [
                {"name": "s1-a", "instance_type": "s1", "zone": "c", "max_instances": 3},
                {"name": "s4-a", "instance_type": "s4", "zone": "b"},
                {"name": "s1-a-2", "instance_type": "s1", "zone": "d", "max_instances": 3, "min_instances": 0},
                {"name": "s4-a-3", "instance_type": "s4", "zone": "c", "min_instances": 0},
            ],
            "components": [
                {
                    "name": "m2",
                    "copies": 1,
                    "options": [
                        {"accelerators": 1, "shared": True, "accelerator_memory_gib": 12.0},
                        {"accelerators": 1, "shared": True, "vcpus": 3.9, "memory_gib": 16},
                    ],
                    "move_cost": 100,
                },
                {
                    "name": "m3",
                    "copies": 1,
                    "options": [{"accelerators": 1, "shared": True, "vcpus": 8}],
                    "move_cost": 0,
                },
                {
                    "name": "m4",
                    "copies": 1,
                    "options": [
                        {"accelerators": 0, "shared": True, "accelerator_memory_gib": 7.199999999999999, "vcpus": 4},
                        {"accelerators": 0, "shared": True, "accelerator_memory_gib": 0, "vcpus": 3.9},
                        {
                            "accelerators": 1,
                            "shared": True,
                            "accelerator_memory_gib": 7.199999999999999,
                            "vcpus": 0.001,
                        },
                    ],
                    "zones": ["d", "a", "c", "b"],
                    "move_cost": 3,
                },
                {
                    "name": "m6",
                    "copies": 1,
                    "options": [
                        {"accelerators": 1, "shared": True, "accelerator_memory_gib": 4.800000000000001},
                        {"accelerators": 0, "shared": True, "vcpus": 8},
                        {"accelerators": 0, "shared": True, "vcpus": 0.001, "memory_gib": 32},
                    ],
                },
            ],
            "objective": {"horizon_hours": 8760, "move_cost": 0},
            "instances": [{"id": "n0", "pool": "s1-a-2"}, {"id": "n1", "pool": "s4-a-3"}],
            "placements": [],
        },
    ),
    # Money of a commitment was a number below what machines cost: CP-SAT tried millions of them, one after another.
    (
        "cg-zones",
        "2026112714:90851:cg-zones",
        {
            "format": "placement/v1",
            "name": "rules",
            "accelerators": {"A": {"memory_gib": 10.1}, "B": {"memory_gib": 40}},
            "instance_types": {
                "t0": {
                    "vcpus": 8,
                    "memory_gib": 256,
                    "price_per_hour": 25.25,
                    "accelerator": "A",
                    "accelerator_count": 2,
                }
            },
            "pools": [
                {"name": "p2", "instance_type": "t0", "zone": "z0", "max_instances": 2},
                {"name": "p0", "instance_type": "t0", "zone": "z2", "max_instances": 1},
                {"name": "p1", "instance_type": "t0", "zone": "z1"},
            ],
            "components": [
                {
                    "name": "c0",
                    "options": [
                        {"accelerators": 1, "accelerator_memory_gib": 10.099609375, "name": "o0"},
                        {
                            "accelerators": 1,
                            "accelerator_memory_gib": 10.099609375,
                            "instance_types": ["t0"],
                            "name": "o1",
                        },
                    ],
                    "copies": 0,
                },
                {
                    "name": "c1",
                    "options": [
                        {
                            "accelerators": 1,
                            "shared": True,
                            "accelerator_share": 1.0,
                            "instance_types": ["t0"],
                            "name": "o0",
                        },
                        {
                            "accelerators": 1,
                            "shared": True,
                            "accelerator_share": 1.0,
                            "accelerator_memory_gib": 0.0,
                            "name": "o1",
                        },
                    ],
                    "copies": 1,
                },
                {
                    "name": "c2",
                    "options": [{"shared": True, "accelerator_share": 1.0}],
                    "copies": 2,
                    "avoid": ["c0"],
                    "min_available_on_pool_loss": 1,
                },
            ],
            "limits": [{"name": "account", "pools": ["p2", "p1"], "max_instances": 3}],
            "commitments": [{"name": "k0", "pools": ["p2", "p1"], "price_per_hour": 2}],
            "objective": {"horizon_hours": 1, "move_cost": 2},
        },
    ),
    # Spare machines were asked for until HiGHS took their number for infinite.
    (
        "auto-blind",
        "2026112715:72297:auto-blind",
        {
            "format": "placement/v1",
            "name": "rules",
            "accelerators": {"A": {"memory_gib": 10.1}, "B": {"memory_gib": 24}},
            "instance_types": {
                "t0": {
                    "vcpus": 7.5,
                    "memory_gib": 32,
                    "price_per_hour": 1e-07,
                    "accelerator": "A",
                    "accelerator_count": 3,
                },
                "t1": {
                    "vcpus": 16,
                    "memory_gib": 256,
                    "price_per_hour": 999999.999999,
                    "accelerator": "B",
                    "accelerator_count": 2,
                },
            },
            "pools": [
                {"name": "p1", "instance_type": "t1", "zone": "z1", "max_instances": 1, "min_instances": 0},
                {"name": "spare", "instance_type": "t0", "zone": "z0", "max_instances": 1, "price_per_hour": 5.67},
                {"name": "p0", "instance_type": "t1", "zone": "z1", "price_per_hour": 0.3333333333333333},
            ],
            "components": [
                {
                    "name": "c1",
                    "options": [
                        {
                            "accelerators": 0,
                            "vcpus": 16.0,
                            "memory_gib": 176.6396484375,
                            "instance_types": ["t0"],
                            "throughput": 0.1,
                        },
                        {"accelerators": 0, "vcpus": 16.0, "memory_gib": 176.6396484375, "throughput": 2.5},
                    ],
                    "demand": 0.41,
                    "zones": ["z1"],
                    "avoid": ["c0"],
                },
                {
                    "name": "c0",
                    "shared": True,
                    "accelerator_memory_gib": 12.0,
                    "on": ["B"],
                    "copies": 3,
                    "zones": ["z1"],
                    "spread": {"max_skew": 1},
                    "avoid": [],
                },
            ],
            "limits": [{"name": "account", "pools": ["spare"], "max_vcpus": 1.0}],
            "commitments": [
                {"name": "k0", "pools": ["p0"], "instances": 0},
                {"name": "k1", "pools": ["spare"], "price_per_hour": 2},
            ],
            "objective": {"horizon_hours": 1, "move_cost": 0.25},
            "instances": [{"id": "n0", "pool": "p0"}, {"id": "n1", "pool": "p0", "state": "active"}],
            "placements": [
                {"component": "c1", "instance": "n1", "accelerators": [], "pinned": True},
                {"component": "c0", "instance": "n1", "accelerators": [1], "pinned": True},
                {"component": "c0", "instance": "n0", "accelerators": [0]},
                {"component": "c0", "instance": "n1", "accelerators": [1], "pinned": True},
                {"component": "c0", "instance": "n1", "accelerators": [0]},
            ],
        },
    ),
    # A component that fits nowhere was left out of a plan that was offered.
    (
        "cg-blind",
        "2026112718:13884:cg-blind",
        {
            "format": "placement/v1",
            "name": "large",
            "accelerators": {"A": {"memory_gib": 1}, "B": {"memory_gib": 1}},
            "instance_types": {
                "t1": {"vcpus": 0, "memory_gib": 0, "price_per_hour": 0, "accelerator": "B", "accelerator_count": 1},
                "t0": {"vcpus": 0, "memory_gib": 0, "price_per_hour": 0, "accelerator": "A", "accelerator_count": 1},
            },
            "pools": [
                {"name": "p2", "instance_type": "t0", "zone": "z0"},
                {"name": "p0", "instance_type": "t1", "zone": "z2"},
            ],
            "components": [
                {"name": "c0", "accelerator_memory_gib": 2, "copies": 2, "min_copies": 1},
                {"name": "c1", "throughput": 488281, "demand": 10_000_000.0},
            ],
        },
    ),
    (
        "cg-dives-blind",
        "2026112718:6058:cg-dives-blind",
        {
            "format": "placement/v1",
            "name": "minimum",
            "accelerators": {"A": {"memory_gib": 1}},
            "instance_types": {
                "t0": {"vcpus": 0, "memory_gib": 0, "price_per_hour": 0, "accelerator": "A", "accelerator_count": 1},
                "t1": {"vcpus": 0, "memory_gib": 0, "price_per_hour": 0},
            },
            "pools": [
                {"name": "p1", "instance_type": "t1", "zone": "z2"},
                {"name": "p2", "instance_type": "t0", "zone": "z1"},
            ],
            "components": [
                {"name": "c0", "copies": 1, "zones": ["z0"]},
                {"name": "c2", "accelerators": 0, "copies": 0},
                {"name": "c1", "demand": 1, "throughput": 1},
            ],
        },
    ),
    (
        "cg-blind",
        "2026112718:6451:cg-blind",
        {
            "format": "placement/v1",
            "name": "rules",
            "accelerators": {"A": {"memory_gib": 1}},
            "instance_types": {
                "t0": {"vcpus": 0, "memory_gib": 0, "price_per_hour": 0, "accelerator": "A", "accelerator_count": 1},
                "t1": {"vcpus": 0, "memory_gib": 0, "price_per_hour": 0, "accelerator": "A", "accelerator_count": 1},
            },
            "pools": [
                {"name": "p1", "instance_type": "t1", "zone": "z0"},
                {"name": "p0", "instance_type": "t0", "zone": "z0"},
                {"name": "p2", "instance_type": "t0", "zone": "z0"},
            ],
            "components": [{"name": "c1", "accelerator_memory_gib": 2, "copies": 1}],
            "limits": [
                {"name": "account", "pools": ["p2", "p0", "p1"], "max_instances": 0},
                {"name": "team", "pools": ["p1", "p0", "p2"], "max_price_per_hour": 0},
            ],
        },
    ),
    # Of two plans of equal ticks, half a micro-dollar of rent was rounded up in one and down in the other.
    (
        "auto-blind",
        "2026112720:8141:auto-blind",
        {
            "format": "placement/v1",
            "name": "moves",
            "accelerators": {"L": {"memory_gib": 1}},
            "instance_types": {
                "l2": {"vcpus": 0, "memory_gib": 0, "price_per_hour": 2.5, "accelerator": "L", "accelerator_count": 2},
                "l4": {"vcpus": 0, "memory_gib": 0, "price_per_hour": 1, "accelerator": "L", "accelerator_count": 1},
            },
            "pools": [
                {"name": "l2-a", "instance_type": "l2", "zone": "a"},
                {"name": "l4-a", "instance_type": "l4", "zone": "a"},
            ],
            "components": [{"name": "m0", "copies": 2, "move_cost": 0.333333}],
            "instances": [{"id": "n1", "pool": "l2-a"}, {"id": "n2", "pool": "l4-a"}],
            "placements": [
                {"component": "m0", "instance": "n2"},
                {"component": "m0", "instance": "n1", "pinned": True},
            ],
            "objective": {"horizon_hours": 0.333333},
        },
    ),
    # A whole solution of the program of patterns, which knows the loss of a zone in part, was offered unseen.
    (
        "second-in-thread",
        "2026112719:2663:second-in-thread",
        {
            "format": "placement/v1",
            "name": "rules",
            "accelerators": {"A": {"memory_gib": 1}},
            "instance_types": {
                "t0": {"vcpus": 0, "memory_gib": 0, "price_per_hour": 0, "accelerator": "A", "accelerator_count": 1},
                "t1": {"vcpus": 0, "memory_gib": 0, "price_per_hour": 0},
            },
            "pools": [
                {"name": "p2", "instance_type": "t0", "zone": "z0"},
                {"name": "p1", "instance_type": "t1", "zone": "z0"},
                {"name": "p0", "instance_type": "t1", "zone": "z0"},
            ],
            "components": [
                {"name": "c0", "copies": 2, "min_copies": 1, "min_available_on_zone_loss": 1, "accelerators": 0}
            ],
            "limits": [
                {"name": "account", "pools": ["p1"], "max_accelerators": 0},
                {"name": "team", "pools": ["p2", "p0", "p1"], "max_accelerators": 0},
            ],
        },
    ),
    # The program of patterns of a fleet on which no copy needs an accelerator that is offered.
    (
        "scenarios-blind",
        "2026112801:62052:scenarios-blind:2",
        {
            "format": "placement/v1",
            "name": "rules",
            "accelerators": {"A": {"memory_gib": 1}},
            "instance_types": {
                "t1": {"vcpus": 0, "memory_gib": 0, "price_per_hour": 0, "accelerator": "A", "accelerator_count": 1},
                "t0": {"vcpus": 0, "memory_gib": 0, "price_per_hour": 0, "accelerator": "A", "accelerator_count": 1},
            },
            "pools": [
                {"name": "p1", "instance_type": "t0", "zone": "z0"},
                {"name": "p0", "instance_type": "t1", "zone": "z0"},
            ],
            "components": [{"name": "c0", "copies": 1}],
            "limits": [{"name": "account", "pools": ["p1", "p0"], "max_price_per_hour": 0}],
        },
    ),
    # Patterns of a fleet whose optional copies may all be left out, used for the one where these are required.
    (
        "certificate",
        "2026112805:3798:certificate",
        {
            "format": "placement/v1",
            "name": "rules",
            "accelerators": {"A": {"memory_gib": 1}},
            "instance_types": {
                "t0": {"vcpus": 0, "memory_gib": 0, "price_per_hour": 0, "accelerator": "A", "accelerator_count": 2},
                "t1": {"vcpus": 0, "memory_gib": 0, "price_per_hour": 0, "accelerator": "A", "accelerator_count": 2},
            },
            "pools": [
                {"name": "p3", "instance_type": "t1", "zone": "z1"},
                {"name": "spare", "instance_type": "t1", "zone": "z2"},
                {"name": "p0", "instance_type": "t0", "zone": "z2"},
                {"name": "p2", "instance_type": "t0", "zone": "z0"},
            ],
            "components": [
                {
                    "name": "c0",
                    "copies": 3,
                    "min_copies": 0,
                    "zones": ["z0", "z1"],
                    "min_available_on_pool_loss": 1,
                    "shared": True,
                }
            ],
        },
    ),
    # CBC denies the plan that a heuristic found: money of sixteen digits is beyond its floats.
    (
        "milp-cbc",
        "2026112806:1366:milp-cbc",
        {
            "format": "placement/v1",
            "name": "large",
            "accelerators": {"A": {"memory_gib": 1}},
            "instance_types": {
                "t0": {
                    "vcpus": 0,
                    "memory_gib": 0,
                    "price_per_hour": 242848,
                    "accelerator": "A",
                    "accelerator_count": 3,
                }
            },
            "pools": [{"name": "p0", "instance_type": "t0", "zone": "z1"}],
            "components": [{"name": "c0", "copies": 2}, {"name": "c1", "copies": 2, "min_copies": 0}],
            "instances": [{"id": "i-0", "pool": "p0"}],
            "placements": [{"component": "c0", "instance": "i-0"}],
            "objective": {"horizon_hours": 8760, "move_cost": 1e-06},
        },
    ),
]


AT_NIGHT = ("2026112715:72297:auto-blind",)  # 5 s of the processor, where all others together take 4


@pytest.mark.parametrize(
    ("path", "seed", "document"),
    [pytest.param(*row, id=row[1], marks=[pytest.mark.slow] if row[1] in AT_NIGHT else []) for row in FOUND],
)
def test_the_path_has_no_fault(path: str, seed: str, document: dict[str, Any]) -> None:
    """No false proof, no exception, no work without end."""
    assert faults_of(path, document, seed) == []
