"""What one unit more is worth: only what can be true of the plan is told."""

from __future__ import annotations

from typing import Any

from placement.compiled.group_use import one_more

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
