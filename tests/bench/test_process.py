"""Whatever happens to a run, it is a row."""

from __future__ import annotations

from pathlib import Path

import pytest

from placement_bench.process import run_order
from placement_bench.rows import Asked, Row
from placement_bench.worker import Order


def run(case: str, *, of: str = "toy", solver: str = "toy", memory_gib: float | None = None) -> Row:
    asked = Asked(set=of, case=case, solver=solver, seconds=30.0)
    return run_order(Order(asked=asked, data=Path(), memory_gib=memory_gib), "commit", {"unit": "bins"}, grace=30.0)


def test_an_answer_is_a_row_with_all_there_is_to_know() -> None:
    """What an engine prints does not get into it."""
    row = run("good-1")

    assert (row.status, row.value, row.bound, row.gap_to_best_known, row.verified_by) == ("optimal", 10, 10, 0, "toy")
    assert row.solved
    assert len(row.trace) == 2
    assert row.commit == "commit"
    assert row.unit == "bins"
    assert row.versions.keys() == {"python", "placement", "ortools", "highspy", "pulp", "numpy"}
    assert row.cpu
    assert row.cpu_seconds is not None
    assert 0 < row.cpu_seconds < 30
    assert row.peak_mib is None or 10 < row.peak_mib < 2000


def test_a_problem_is_solved_and_refereed() -> None:
    """By the library's own solver, counted in the set's unit."""
    row = run("bins-3", of="toy-bins", solver="auto")

    assert (row.status, row.value, row.bound) == ("optimal", 3, 3)
    assert row.faults == ()
    assert row.verified_by in ("referee", "placement.verify")


@pytest.mark.parametrize(
    ("case", "status", "error"),
    [
        ("raises", "crash", "the engine broke"),
        ("dies", "crash", "exit code 7"),
        ("segfault", "crash", "SIGSEGV"),
        ("nowhere", "refused", "has no case nowhere"),
    ],
)
def test_a_run_that_breaks_is_a_row_with_its_error(case: str, status: str, error: str) -> None:
    """An exception, an end without a word, a signal, a case that is not there."""
    row = run(case)

    assert row.status == status
    assert error in row.error
    assert row.failed
    assert not row.sound
    assert row.seconds is not None


def test_a_solver_that_does_not_run_on_a_case_is_refused() -> None:
    """The row tells which do."""
    row = run("good-1", solver="milp")

    assert (row.status, row.error) == ("refused", "milp does not run on it; toy, other do")


def test_a_hang_is_killed_at_the_hard_limit() -> None:
    """The limit counts from the start of the process."""
    asked = Asked(set="toy", case="hangs", solver="toy", seconds=0.5)
    row = run_order(Order(asked=asked, data=Path()), "commit", {}, grace=0.5)

    assert (row.status, row.error) == ("hang", "killed at the hard limit of 1 s")


def test_a_run_out_of_memory_is_told_as_such() -> None:
    """It wants 8 GiB and may have 2."""
    row = run("eats", memory_gib=2.0)

    assert row.status == "memory"
    assert "MemoryError" in row.error


@pytest.mark.parametrize(
    ("case", "fault"), [("breaks", "a rule is broken"), ("lies", "called optimal, with value 11 and bound 10")]
)
def test_an_answer_with_a_fault_is_not_solved(case: str, fault: str) -> None:
    """Though its status is what the solver says."""
    row = run(case)

    assert row.status == "optimal"
    assert fault in row.faults
    assert not row.solved
