"""Committed machines as pools where they cost nothing: where that is no longer the same problem, it is not done."""

from __future__ import annotations

from typing import Any

import pytest

from placement import Problem
from placement.compiled.fleet import Fleet, compile_fleet
from placement.reductions.free_machines import FreeMachines


def fleet(**keys: Any) -> Fleet:
    """One component on machines of one type, in two pools."""
    machine = {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 64, "price_per_hour": 3}
    document: dict[str, Any] = {
        "accelerators": {"A": {"memory_gib": 40}},
        "instance_types": {"t": machine},
        "pools": [
            {"name": "near", "instance_type": "t", "zone": "a", "max_instances": 5},
            {"name": "far", "instance_type": "t", "zone": "b", "price_per_hour": 4},
        ],
        "components": [{"name": "c", "copies": 4}],
        "commitments": [{"name": "k", "pools": ["near"], "instances": 2}],
    }
    return compile_fleet(Problem(**document | keys))


def test_a_pool_and_its_twin_share_the_quota() -> None:
    """Two of five machines cost nothing; the copies may stand on both."""
    found = FreeMachines.of(fleet())
    assert found is not None
    near, _, twin = found.fleet.pools
    assert (near.price, near.max_instances) == (3_000_000, 3)
    assert (twin.price, twin.max_instances, twin.zone, twin.shape) == (0, 2, near.zone, near.shape)
    assert found.fleet.components[0].options[0].pools == {0, 1, 2}
    assert not found.fleet.commitments
    assert not found.fleet.limits
    for instances, pools in (
        (4, {0, 1, 2}),
        (5, {1, 2}),
        (6, {1, 2}),
    ):  # where none is left copies stand on twins alone
        found = FreeMachines.of(fleet(commitments=[{"name": "k", "pools": ["near"], "instances": instances}]))
        assert found is not None
        assert found.fleet.components[0].options[0].pools == pools


def test_several_pools_share_what_is_committed_and_quotas() -> None:
    """The twins have two machines together, the pool with a quota and its twin five; budgets count twins too."""
    whole = fleet(
        commitments=[{"name": "k", "pools": ["near", "far"], "instances": 2}],
        limits=[{"name": "team", "pools": ["far"], "max_price_per_hour": 20}],
    )
    found = FreeMachines.of(whole)
    assert found is not None
    far, near = 2, 3  # the twins, of the dearest pool first
    rows = [(dict(limit.weight), limit.most) for limit in found.fleet.limits]
    assert rows == [({1: 4_000_000, far: 4_000_000}, 20_000_000), ({far: 1, near: 1}, 2), ({0: 1, near: 1}, 5)]


LOST = {"components": [{"name": "c", "copies": 4, "min_available_on_pool_loss": 2}]}
RUNS = {"instances": [{"id": "i", "pool": "near"}]}
MONEY = {"commitments": [{"name": "k", "pools": ["near"], "price_per_hour": 2}]}
NONE = {"commitments": [{"name": "k", "pools": ["near"], "instances": 0}]}
PAID = {
    "commitments": [{"name": "k", "pools": ["near", "far"], "instances": 2}],
    "pools": [
        {"name": "near", "instance_type": "t", "zone": "a", "min_instances": 1},
        {"name": "far", "instance_type": "t", "zone": "b"},
    ],
}


@pytest.mark.parametrize("keys", [LOST, RUNS, MONEY, NONE, PAID, {"commitments": []}])
def test_what_can_not_be_dealt_out_is_left_alone(keys: dict[str, Any]) -> None:
    """A pool whose loss counts has no twin that is another pool; what runs and what is paid anyway is in one pool."""
    assert FreeMachines.of(fleet(**keys)) is None
