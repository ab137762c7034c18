"""What the worst loss of a pool or an instance leaves, as a plan and a report tell it."""

from __future__ import annotations

from typing import Any

import pytest

import placement
from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.compiled.worst_losses import worst_losses
from placement.report.tables import Report
from tests.report.test_tables import shown

MACHINE = {"accelerator": "A", "accelerator_count": 4, "vcpus": 32, "memory_gib": 256, "price_per_hour": 10}


def problem(**floors: int) -> Problem:
    """Eight copies of c with floors, and d without; spot at 3 dollars, on demand at 10."""
    document: dict[str, Any] = {
        "accelerators": {"A": {"memory_gib": 40}},
        "instance_types": {"t": MACHINE},
        "pools": [
            {"name": "spot", "instance_type": "t", "zone": "z", "price_per_hour": 3},
            {"name": "dear", "instance_type": "t", "zone": "z"},
        ],
        "components": [
            {"name": "c", "copies": 8, **{f"min_available_on_{key}_loss": n for key, n in floors.items()}},
            {"name": "d", "copies": 1, "accelerators": 0},
        ],
    }
    return Problem(**document)


def test_the_pool_and_the_machine_with_most_copies_are_the_worst() -> None:
    """Five of eight are in the spot pool, and three on one machine of the other."""
    fleet = compile_fleet(problem(pool=1, instance=4))
    machines = [("spot", {"c": 2, "d": 1}, 2), ("spot", {"c": 1}, 1), ("dear", {"c": 3}, 1)]
    rest = {"component": "c", "copies": 8}
    assert worst_losses(fleet, machines) == [
        {**rest, "loss": "pool", "pool": "spot", "left": 3, "must": 1, "binds": False},
        {**rest, "loss": "instance", "pool": "dear", "left": 5, "must": 4, "binds": False},
    ]


def test_a_component_without_copies_or_floors_has_no_row() -> None:
    """Nothing is lost with a pool that has none of it."""
    assert worst_losses(compile_fleet(problem(pool=3)), []) == []
    assert worst_losses(compile_fleet(problem()), [("spot", {"c": 8}, 1)]) == []


@pytest.mark.parametrize(("floor", "left", "binds"), [(4, 4, True), (3, 4, False)])
def test_a_plan_and_its_report_tell_who_would_fall_below(floor: int, left: int, binds: bool) -> None:
    """Four copies on a machine of each pool: with a floor of four none more may be lost, with three one may."""
    asked = problem(pool=floor)
    result = placement.solve(asked, time_limit=None, work=10)
    assert result.plan is not None
    (row,) = result.plan.model_dump()["losses"]
    assert (row["left"], row["must"], row["binds"]) == (left, floor, binds)
    said = " ".join(shown(Report(asked, result)).split())
    if binds:
        assert f"c without pool dear: {left} of 8 copies left; {floor} must be left" in said
    else:
        assert "whichever pool or machine is lost, more copies are left than must be" in said
