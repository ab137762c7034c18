"""A problem document as a case: its costs in the set's unit, and every recount of a plan."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any

import pytest

import placement_bench.referee
from placement_bench.cases import Check, Limits
from placement_bench.tasks import BINS, Scale
from tests.bench.toy import bins
from tests.referee import referee_is_here

TASK = bins(3)
FINE = {"format": "placement-plan/v1", "status": "feasible", "cost": 3.0, "lower_bound": 2.2, "seconds": 0.1}
ROWS = [{"id": f"bins/new-{n}", "pool": "bins", "new": True} for n in (1, 2, 3)]
COPIES = [{"component": "item", "option": 0, "instance": row["id"], "accelerators": []} for row in ROWS]


def plan(**changes: Any) -> dict[str, Any]:
    """Three copies on three machines."""
    return {**FINE, "instances": ROWS, "assignments": COPIES, **changes}


def test_dollars_read_in_the_sets_unit() -> None:
    """Exact, with what every solution has beside; a bound goes up to the next whole number."""
    scale = Scale(Fraction(1, 3), Fraction(5))

    assert (scale.value(6.0), scale.bound(4.0), scale.value(None)) == (7, 5 + 4 / 3, None)
    assert (BINS.bound(2.000001), BINS.bound(2.0), BINS.bound(2.0000000001)) == (3, 2, 2)


@pytest.mark.parametrize(
    ("bound", "status"), [(2.0, "feasible"), (2.000001, "optimal"), (3.0, "optimal"), (None, "feasible")]
)
def test_whole_values_may_prove_what_dollars_do_not(bound: float | None, status: str) -> None:
    """No number of bins lies between 2 and a bit, and 3."""
    assert TASK.answer(plan(lower_bound=bound)).status == status
    assert dataclasses.replace(TASK, scale=Scale()).answer(plan(lower_bound=bound)).status == "feasible"


def test_a_true_answer_has_no_fault() -> None:
    """From the solver and from a plan document alike."""
    assert TASK.check(TASK.answer(plan())).faults == ()
    assert TASK.check(TASK.run("ffd", Limits(seconds=10.0))) == TASK.check(TASK.answer(plan()))
    assert TASK.check(TASK.answer(plan(status="unknown", cost=None))) == Check(None, (), "nothing to check")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"assignments": COPIES[:2]}, "item"),
        ({"assignments": [COPIES[0], *COPIES[:2]]}, "vCPU"),
        ({"cost": 2.0}, "the answer says 2"),
        ({"unplaced": [{"component": "item", "copies": 1}]}, "counts 0 optional copies left out, the answer says 1"),
    ],
)
@pytest.mark.parametrize("by", ["referee", "placement.verify"])
def test_a_lie_is_a_fault(changes: dict[str, Any], fault: str, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies missing, a machine too full, a cost or a number left out that is not so; with each of both referees."""
    if by == "placement.verify":
        monkeypatch.setattr(placement_bench.referee, "referee_file", lambda: None)
    elif not referee_is_here():
        pytest.skip("no second opinion: ../shared/referee.py is not beside the repository")
    assert any(fault.lower() in told.lower() for told in TASK.check(TASK.answer(plan(**changes))).faults)


def test_the_sets_own_checker_has_the_last_word() -> None:
    """Its value stands, its faults join the referee's, and a difference is a fault."""
    task = dataclasses.replace(TASK, native=lambda document: Check(4, ("not in the file",), "the file"))

    check = task.check(task.answer(plan()))

    assert check.value == 4
    assert check.by.endswith(", the file")
    assert check.faults == ("not in the file", "the file counts 4, the answer says 3")
