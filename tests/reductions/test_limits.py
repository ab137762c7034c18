"""A fleet beside machines that stand: what both cost together, and what limits, quotas and commitments leave."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import Machine, Packing
from placement.reductions.limits import AtFleetMix, beside


@pytest.mark.parametrize(
    "commitment", [{"instances": 2, "pools": ["p"]}, {"price_per_hour": 4.5, "pools": ["p"]}, {"price_per_hour": 7}]
)
def test_machines_beside_others_cost_what_they_add(commitment: dict[str, Any]) -> None:
    """What is committed pays for those that stand first, and for others what is left: in all it is spent just once."""
    fleet = compile_fleet(
        Problem(
            instance_types={
                "t": {"vcpus": 2, "memory_gib": 8, "price_per_hour": 1},
                "u": {"vcpus": 4, "memory_gib": 8, "price_per_hour": 3},
            },
            pools=[
                {"name": "p", "instance_type": "t", "zone": "z", "min_instances": 2, "max_instances": 3},
                {"name": "q", "instance_type": "u", "zone": "z"},
            ],
            components=[{"name": "c", "copies": 3, "accelerators": 0, "vcpus": 2}],
            limits=[{"name": "n", "pools": ["p", "q"], "max_instances": 4}],
            commitments=[{"name": "k", "pools": ["p", "q"], **commitment}],
        )
    )
    two = Packing(tuple(Machine(1, None, ()) for _ in range(2)))
    assert [pool.max_instances for pool in AtFleetMix.of_packing(fleet, two).fleet.pools] == [2, 2]  # p is paid for
    for used in product(range(5), range(3)):
        rest = beside(fleet, used)
        assert [pool.min_instances for pool in rest.pools] == [max(0, 2 - used[0]), 0]
        assert [pool.max_instances for pool in rest.pools] == [max(0, 3 - used[0]), None]
        assert rest.limits[0].most == 4 - sum(used)
        for more in product(range(4), range(3)):
            together = [a + b for a, b in zip(used, more, strict=True)]
            assert fleet.rent(together) == fleet.rent(list(used)) + rest.rent(list(more))
