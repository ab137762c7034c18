"""What one unit more is worth: only what can be true of the plan is told."""

from __future__ import annotations

from typing import Any

import pytest

from placement import Problem
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.group_use import commitments_used, limits_used, one_more

MARGINAL: dict[str, Any] = {
    "meaning": "a guide",
    "limits": [{"name": "l", "of": "max_vcpus", "dollars_per_hour": 3.0}],
    "commitments": [{"name": "k", "of": "instances", "dollars_per_hour": 16.0}],
}
FULL = {"name": "l", "of": "max_vcpus", "binds": True}
USED = {"name": "k", "of": "instances", "idle": 0}


def test_no_unit_saves_more_than_all_that_is_paid() -> None:
    """Sixteen dollars of a linear program are four of a plan that pays four; what is less stays as it is."""
    told = one_more(MARGINAL, [FULL], [USED], 4_000_000)
    assert told["meaning"] == "a guide"
    assert [row["dollars_per_hour"] for kind in ("limits", "commitments") for row in told[kind]] == [3.0, 4.0]


def test_what_is_not_used_up_has_no_worth() -> None:
    """One more of what idles, or of a limit with room for a machine, is no use; other limits of that name stay."""
    other = {"name": "l", "of": "max_instances", "binds": True}
    told = one_more(MARGINAL, [FULL, other], [USED | {"idle": 1}], 4_000_000)
    assert (len(told["limits"]), told["commitments"]) == (1, [])
    assert one_more(MARGINAL, [FULL | {"binds": False}, other], [USED | {"idle": 1}], 4_000_000) == {}
    assert one_more({}, [FULL], [USED], 4_000_000) == {}


def two_pools() -> Fleet:
    """Machines at 3 and 1 dollars, on 8 and 4 vCPUs."""
    return compile_fleet(
        Problem(
            instance_types={
                "large": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 3},
                "small": {"vcpus": 4, "memory_gib": 8, "price_per_hour": 1},
            },
            pools=[{"name": name, "instance_type": name, "zone": "z"} for name in ("large", "small")],
            components=[{"name": "c", "copies": 1, "accelerators": 0}],
            limits=[
                {"name": "both", "pools": ["large", "small"], "max_vcpus": 24, "max_price_per_hour": 7.5},
                {"name": "one", "pools": ["large"], "max_instances": 1},
            ],
            commitments=[
                {"name": "machines", "pools": ["large"], "instances": 2},
                {"name": "money", "pools": ["small"], "price_per_hour": 2.5},
            ],
        )
    )


def test_a_limit_binds_where_no_machine_more_is_within_it() -> None:
    """With 20 of 24 vCPUs one of four is; with 24 none is. Of 7.5 dollars 7 leave nothing for a machine of one."""
    fleet = two_pools()
    rows = {(row["name"], row["of"]): row for row in limits_used(fleet, [1, 3])}
    assert rows["both", "max_vcpus"] == {"name": "both", "of": "max_vcpus", "used": 20, "most": 24, "binds": False}
    assert rows["both", "max_price_per_hour"]["used"] == 6
    assert not rows["both", "max_price_per_hour"]["binds"]
    assert rows["one", "max_instances"]["binds"]
    rows = {(row["name"], row["of"]): row for row in limits_used(fleet, [1, 4])}
    assert all(row["binds"] for row in rows.values())
    assert not any(row["binds"] for row in limits_used(fleet, [0, 4]) if row["name"] == "one")


@pytest.mark.parametrize(
    ("paid", "machines", "money"),
    [([1, 3], (2, 1, 1, 3.0), (2.5, 2.5, 0.0, 2.5)), ([3, 1], (2, 2, 0, 6.0), (2.5, 1.0, 1.5, 1.0))],
)
def test_what_a_commitment_pays_and_what_idles(
    paid: list[int], machines: tuple[float, ...], money: tuple[float, ...]
) -> None:
    """No more machines than there are, and no more dollars than they cost."""
    rows = commitments_used(two_pools(), paid)
    assert [(row["name"], row["of"]) for row in rows] == [("machines", "instances"), ("money", "price_per_hour")]
    keys = ("committed", "used", "idle", "worth_per_hour")
    assert [tuple(row[key] for key in keys) for row in rows] == [machines, money]
