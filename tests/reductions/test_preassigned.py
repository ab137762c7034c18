"""Dedicated components given their machines first: what random fleets seldom have."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from placement import Problem
from placement.compiled.broken_rule import broken_rule
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Packing, evaluate
from placement.reductions.base import EXACT
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


def dedicated(name: str, copies: int, **more: Any) -> dict[str, Any]:
    """A component with machines of its own."""
    return {"name": name, "copies": copies, "dedicated": True, "accelerators": 0, "vcpus": 4, **more}


def fleet_with(*components: dict[str, Any]) -> Fleet:
    """A cheap pool of one machine in one zone, and dear ones in three."""
    cheap = {"name": "cheap", "instance_type": "t", "zone": "a", "price_per_hour": 1, "max_instances": 1}
    pools = [cheap, *({"name": zone, "instance_type": "t", "zone": zone} for zone in "abc")]
    machine = {"vcpus": 8, "memory_gib": 8, "price_per_hour": 10}
    return compile_fleet(Problem(instance_types={"t": machine}, pools=pools, components=components))


def given(fleet: Fleet) -> Preassigned | None:
    """Machines are worth their price."""
    return Preassigned.of(fleet, [float(pool.price) for pool in fleet.pools])


def test_its_bounds_are_bounds_where_nobody_got_machines() -> None:
    """On other machines the rest may be cheaper; and where copies may be left out, machines are not given at all."""
    plain, mine = {"name": "c", "copies": 1, "accelerators": 0}, dedicated("d", 2)
    for rows, bound in (((plain,), EXACT), ((plain, mine), None)):
        found = given(fleet_with(*rows))
        assert found is not None
        assert found.keeps_bound == bound
    assert given(fleet_with(plain, dedicated("d", 2, min_copies=0))) is None


def test_components_share_quotas_and_keep_their_rules_over_zones() -> None:
    """One has the only cheap machine, the other a dear one; three copies stand in each zone of three."""
    fleet = fleet_with(dedicated("d", 2), dedicated("e", 2))
    found = given(fleet)
    assert found is not None
    assert found.used[0] == 1
    assert not broken_rule(fleet, found.lift(Packing(())))
    for rule in ({"max_skew": 1}, {"min_zones": 3}, {"max_per_zone": 1}):
        fleet = fleet_with(dedicated("d", 3, spread=rule))
        found = given(fleet)
        assert found is not None
        assert not broken_rule(fleet, found.lift(Packing(())))
