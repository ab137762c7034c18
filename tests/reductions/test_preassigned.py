"""Dedicated components given their machines first: what random fleets seldom have."""

from __future__ import annotations

from collections import Counter

import pytest

from placement import Problem
from placement.compiled.broken_rule import broken_rule
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import Packing, evaluate
from placement.reductions.preassigned import Preassigned
from tests.reductions.lifted_value import lifted_value


@pytest.mark.parametrize(
    ("copies", "floor", "quota", "machines"),
    [
        (4, 0, None, {0: 1}),
        (4, 2, None, {0: 1, 1: 1}),  # two copies on spot, two on demand: half of each machine
        (12, 4, None, {0: 2, 1: 1}),
        (12, 4, 1, {0: 1, 1: 2}),  # one machine of spot is all there is
        (12, 7, None, None),  # of two pools one holds half of them
    ],
)
def test_no_pool_holds_more_than_may_be_lost_with_it(
    copies: int, floor: int, quota: int | None, machines: dict[int, int] | None
) -> None:
    """Four copies fill a machine, which is worth 1 on spot and 10 on demand."""
    problem = Problem(
        accelerators={"A": {"memory_gib": 80}},
        instance_types={
            "t": {"accelerator": "A", "accelerator_count": 4, "vcpus": 8, "memory_gib": 8, "price_per_hour": 10}
        },
        pools=[
            {"name": "spot", "instance_type": "t", "zone": "z", "price_per_hour": 1, "max_instances": quota},
            {"name": "on-demand", "instance_type": "t", "zone": "z"},
        ],
        components=[{"name": "c", "copies": copies, "dedicated": True, "min_available_on_pool_loss": floor}],
    )
    fleet = compile_fleet(problem)
    found = Preassigned.of(fleet, [1.0, 10.0])
    if machines is None:
        assert found is None
        return
    assert found is not None
    packing = found.lift(Packing(()))
    assert not broken_rule(fleet, packing)
    assert Counter(machine.pool for machine in packing.machines) == machines
    assert lifted_value(found, evaluate(found.fleet, Packing(()))) == evaluate(fleet, packing)
