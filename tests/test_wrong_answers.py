"""Small problems that were once answered wrongly, by every solver that ends with a proof."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import placement
from placement import Problem, Status

BUGS = Path(__file__).resolve().parents[2] / "shared" / "bugs"
L4 = {"accelerator": "L", "accelerator_count": 4, "vcpus": 24, "memory_gib": 256, "price_per_hour": 6}
ACCELERATORS = {"S": {"memory_gib": 24}, "L": {"memory_gib": 79.6}}
C = {"vcpus": 16, "memory_gib": 64, "price_per_hour": 0.7}

# All machines drain, so a copy must move whatever the plan: "optimal" was said at 21.00.
ALL_DRAIN: dict[str, Any] = {
    "accelerators": ACCELERATORS,
    "instance_types": {
        "s4": {"accelerator": "S", "accelerator_count": 4, "vcpus": 48, "memory_gib": 64, "price_per_hour": 7},
        "l4": L4,
        "c": C,
    },
    "pools": [
        {"name": "s4-a", "instance_type": "s4", "zone": "a", "min_instances": 1},
        {"name": "c-b", "instance_type": "c", "zone": "b", "max_instances": 3},
        {"name": "l4-c", "instance_type": "l4", "zone": "c"},
    ],
    "components": [
        {
            "name": "m1",
            "demand": 101,
            "options": [
                {
                    "accelerators": 2,
                    "accelerator_memory_gib": 10.1,
                    "shared": True,
                    "memory_gib": 24,
                    "on": ["L"],
                    "throughput": 40,
                }
            ],
            "avoid": ["m2"],
        },
        {"name": "m2", "copies": 1, "accelerators": 0, "vcpus": 7.5, "memory_gib": 24},
        {
            "name": "m3",
            "copies": 1,
            "accelerators": 1,
            "accelerator_memory_gib": 20,
            "shared": True,
            "accelerator_share": 0.334,
            "vcpus": 2,
            "memory_gib": 30,
            "dedicated": True,
        },
    ],
    "instances": [{"id": "n2", "pool": "s4-a", "state": "draining"}],
    "placements": [{"component": "m1", "instance": "n2", "accelerators": [2, 3]}],
    "objective": {"move_cost": 2},
}

# One zone is no rule over zones. A search took it for one and not for one, and put both copies on a machine.
ONE_ZONE: dict[str, Any] = {
    "accelerators": ACCELERATORS,
    "instance_types": {"l4": L4},
    "pools": [{"name": "l4-c", "instance_type": "l4", "zone": "c"}],
    "components": [
        {"name": "m0", "copies": 1, "accelerators": 4, "accelerator_memory_gib": 38},
        {
            "name": "m1",
            "copies": 3,
            "accelerators": 1,
            "accelerator_memory_gib": 38,
            "spread": {"min_zones": 1, "max_per_instance": 1},
        },
    ],
}

# A shared copy that takes nothing of an accelerator: its knapsack has no dimension.
NO_MEMORY: dict[str, Any] = {
    "accelerators": ACCELERATORS,
    "instance_types": {"l2": {**L4, "accelerator_count": 2, "price_per_hour": 9.99}},
    "pools": [{"name": "l2-a", "instance_type": "l2", "zone": "a"}],
    "components": [
        {
            "name": "m0",
            "copies": 1,
            "accelerators": 1,
            "accelerator_memory_gib": 0,
            "shared": True,
            "vcpus": 2,
            "memory_gib": 30,
        }
    ],
    "instances": [{"id": "n1", "pool": "l2-a"}],
    "placements": [{"component": "m0", "instance": "n1", "accelerators": [0]}],
    "objective": {"move_cost": 2},
}

# CP-SAT's first bound was below 0, and a plan that costs nothing was called optimal against it.
FREE: dict[str, Any] = {
    "accelerators": {"S": {"memory_gib": 16}, "L": {"memory_gib": 40}},
    "instance_types": {
        "s4": {"accelerator": "S", "accelerator_count": 4, "vcpus": 48, "memory_gib": 192, "price_per_hour": 7},
        "l2": {"accelerator": "L", "accelerator_count": 2, "vcpus": 24, "memory_gib": 256, "price_per_hour": 0},
        "c": C,
    },
    "pools": [
        {"name": "s4-a", "instance_type": "s4", "zone": "a", "max_instances": 3},
        {"name": "l2-a", "instance_type": "l2", "zone": "a", "max_instances": 4},
        {"name": "c-a", "instance_type": "c", "zone": "a"},
    ],
    "components": [
        {
            "name": "m0",
            "copies": 1,
            "accelerators": 0,
            "vcpus": 1,
            "memory_gib": 4,
            "spread": {"min_zones": 3, "max_per_instance": 1},
        },
        {
            "name": "m1",
            "copies": 1,
            "options": [
                {"accelerators": 1, "accelerator_memory_gib": 10.1, "shared": True, "memory_gib": 4},
                {"accelerators": 1, "accelerator_memory_gib": 5, "shared": True, "accelerator_share": 1},
            ],
        },
    ],
    "instances": [
        {"id": "n0", "pool": "c-a"},
        {"id": "n1", "pool": "s4-a"},
        {"id": "n2", "pool": "s4-a", "state": "cordoned"},
    ],
    "placements": [
        {"component": "m0", "instance": "n1"},
        {"component": "m1", "instance": "n1", "accelerators": [1]},
        {"component": "m1", "instance": "n1", "accelerators": [0]},
    ],
    "objective": {"horizon_hours": 24},
}

# One pool costs 3e15 times as much as the steps in which money is counted: HiGHS refused the program.
DEAR: dict[str, Any] = {
    "accelerators": {"S": {"memory_gib": 1}},
    "instance_types": {
        "s1": {"accelerator": "S", "accelerator_count": 1, "vcpus": 0, "memory_gib": 0, "price_per_hour": 1e9},
        "s4": {"accelerator": "S", "accelerator_count": 2, "vcpus": 0, "memory_gib": 0, "price_per_hour": 0.333333},
    },
    "pools": [
        {"name": "s1-a", "instance_type": "s1", "zone": "a"},
        {"name": "s4-a", "instance_type": "s4", "zone": "a"},
    ],
    "components": [{"name": "m6", "copies": 1}],
}

# A demand in many digits; one copy serves it but for less than the hair of 1e-9 that is forgiven: "optimal" was said at
# two machines.
FINE: dict[str, Any] = {
    "instance_types": {"c": C},
    "pools": [{"name": "c-a", "instance_type": "c", "zone": "a"}],
    "components": [{"name": "m", "demand": 1.0000000007500003, "throughput": 1, "accelerators": 0, "vcpus": 16}],
}

# The hair is all of the demand: no copy meets it, yet one was called necessary. Where one must run, one is enough.
NO_DEMAND: dict[str, Any] = {
    **FINE,
    "components": [{"name": "m", "demand": 1e-9, "throughput": 1, "accelerators": 0, "vcpus": 16, "min_copies": 0}],
}
ONE_COPY: dict[str, Any] = {
    **FINE,
    "components": [{"name": "m", "demand": 1e-9, "throughput": 1.2345678e-18, "accelerators": 0, "vcpus": 16}],
}

# Three copies miss the demand by less than the hair, in so many digits that integers of 64 bits do not hold them.
THIRDS: dict[str, Any] = {
    **FINE,
    "components": [{"name": "m", "demand": 1, "throughput": 0.3333333330833333, "accelerators": 0, "vcpus": 16}],
}

# So does a copy by each option, to the last digit: one less and the sum is too small.
MIXED: dict[str, Any] = {
    "instance_types": {"c": C, "d": {**C, "price_per_hour": 0.9}},
    "pools": [
        {"name": "c-a", "instance_type": "c", "zone": "a", "max_instances": 2},
        {"name": "d-a", "instance_type": "d", "zone": "a"},
    ],
    "components": [
        {
            "name": "m",
            "demand": 1,
            "options": [
                {"throughput": 0.1234567890123456, "accelerators": 0, "vcpus": 16, "instance_types": ["c"]},
                {"throughput": 0.8765432099876544, "accelerators": 0, "vcpus": 16, "instance_types": ["d"]},
            ],
        }
    ],
}

# Alike pools whose accelerators hold other items: weights of one were asked for items of another.
ALIKE: dict[str, Any] = {
    "format": "placement/v1",
    "name": "held",
    "accelerators": {"A": {"memory_gib": 1}},
    "instance_types": {
        "t0": {"vcpus": 0, "memory_gib": 0, "price_per_hour": 1, "accelerator": "A", "accelerator_count": 2},
        "t1": {"vcpus": 0, "memory_gib": 0, "price_per_hour": 1, "accelerator": "A", "accelerator_count": 2},
    },
    "pools": [
        {"name": "p3", "instance_type": "t0", "zone": "z2"},
        {"name": "spare", "instance_type": "t0", "zone": "z0"},
        {"name": "p0", "instance_type": "t1", "zone": "z0"},
        {"name": "p2", "instance_type": "t1", "zone": "z1"},
    ],
    "components": [
        {"name": "c2", "demand": 1.0, "throughput": 1},
        {
            "name": "c1",
            "options": [
                {"shared": True, "accelerator_memory_gib": 1, "instance_types": ["t1"], "name": "o0"},
                {"shared": True, "name": "o1"},
            ],
            "copies": 1,
            "spread": {"max_skew": 1},
        },
    ],
    "instances": [{"id": "n2", "pool": "p2", "removable": False}],
}

# A limit on money that the price of one machine and a fine horizon take beyond 64 bits, asked of CP-SAT.
BEYOND_64_BITS: dict[str, Any] = {
    "accelerators": {"S": {"memory_gib": 1}},
    "instance_types": {
        "s1": {"accelerator": "S", "accelerator_count": 1, "vcpus": 0, "memory_gib": 0, "price_per_hour": 31244974},
        "cpu": {"vcpus": 8, "memory_gib": 32, "price_per_hour": 0.333333},
    },
    "pools": [
        {"name": "s1-a", "instance_type": "s1", "zone": "a"},
        {"name": "cpu-x", "instance_type": "cpu", "zone": "a"},
    ],
    "components": [{"name": "m0", "copies": 1}, {"name": "m3", "copies": 0, "accelerators": 0}],
    "objective": {"horizon_hours": 0.333333, "move_cost": 40},
    "instances": [{"id": "n2", "pool": "cpu-x"}],
    "placements": [{"component": "m3", "instance": "n2", "accelerators": []}],
}

# Copies that must move off a machine that drains: the bound of plans with their moves was told to a search without.
DEMAND_MOVES: dict[str, Any] = {
    "accelerators": {"A": {"memory_gib": 1}},
    "instance_types": {
        "t0": {"accelerator": "A", "accelerator_count": 1, "vcpus": 0, "memory_gib": 0, "price_per_hour": 1}
    },
    "pools": [{"name": "p0", "instance_type": "t0", "zone": "c"}],
    "components": [{"name": "c1", "throughput": 1, "demand": 2}],
    "objective": {"horizon_hours": 545, "move_cost": 50},
    "instances": [{"id": "n0", "pool": "p0"}, {"id": "n1", "pool": "p0", "state": "draining"}],
    "placements": [{"component": "c1", "instance": "n1"}, {"component": "c1", "instance": "n1"}],
}

FOUND: dict[str, tuple[dict[str, Any], float]] = {
    "all-drain": (ALL_DRAIN, 15.7),
    "one-zone": (ONE_ZONE, 24.0),
    "no-memory": (NO_MEMORY, 9.99),
    "free": (FREE, 0.0),
    "dear": (DEAR, 0.333333),
    "all-dear": ({**DEAR, "pools": DEAR["pools"][:1]}, 1e9),
    "fine-demand": (FINE, 0.7),
    "no-demand": (NO_DEMAND, 0.0),
    "one-copy": (ONE_COPY, 0.7),
    "thirds": (THIRDS, 2.1),
    "mixed-rates": (MIXED, 1.6),
    "alike-pools": (ALIKE, 1.0),
    "beyond-64-bits": (BEYOND_64_BITS, 10414980.918342),
    "no-horizon": ({**ALL_DRAIN, "objective": {"horizon_hours": 0, "move_cost": 2}}, 2.0),
    "no-horizon-stays": ({**NO_MEMORY, "objective": {"horizon_hours": 0, "move_cost": 2}}, 0.0),
}
SOLVERS: list[tuple[str, dict[str, Any]]] = [
    ("auto", {}),
    ("auto", {"direct_terms": 0, "direct_terms_few_moves": 0}),
    ("column-generation", {}),
    ("cp-sat", {}),
    ("milp", {}),
    ("decomposition", {}),
]


@pytest.mark.parametrize("name", FOUND)
@pytest.mark.parametrize(("solver", "options"), SOLVERS)
def test_the_answer_is_right(name: str, solver: str, options: dict[str, Any]) -> None:
    """The optimum is found, and no bound is above it, nor below nothing."""
    document, optimum = FOUND[name]
    work = 50 if solver == "decomposition" else None
    result = placement.solve(Problem(**document), solver, options=options, work=work, time_limit=None)
    assert result.plan.cost == optimum
    assert result.plan.lower_bound is not None
    assert 0 <= result.plan.lower_bound <= optimum
    assert result.status is Status.OPTIMAL


@pytest.mark.parametrize("solver", ["demand", "auto"])
def test_a_bound_of_plans_with_moves_is_none_of_packings_without(solver: str) -> None:
    """Counts are packed as if nothing ran, so what copies cost that must move is no bound there."""
    result = placement.solve(Problem(**DEMAND_MOVES), solver, work=1, time_limit=None)
    assert result.plan.cost == 1190.0
    assert not result.faults


@pytest.mark.skipif(not BUGS.is_dir(), reason="there is no ../shared/bugs beside this clone")
@pytest.mark.parametrize(("solver", "options"), SOLVERS)
def test_the_documents_that_showed_the_first_faults_are_solved(solver: str, options: dict[str, Any]) -> None:
    """Each was once a false proof, or no plan; see the optima above."""
    optima = {"false-optimal-draining": 15.7, "cp-sat-calls-infeasible": 24.0, "zero-memory-shared": 9.99}
    for file in sorted(BUGS.glob("*.json")):
        problem = Problem(**json.loads(file.read_text("utf-8")))
        work = 50 if solver == "decomposition" else None
        result = placement.solve(problem, solver, options=options, work=work, time_limit=None)
        assert (result.status, result.plan.cost) == (Status.OPTIMAL, optima.get(file.stem, 0.0)), file.stem
