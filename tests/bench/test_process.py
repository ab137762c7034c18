"""Whatever happens to a run, it is a row."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from placement_bench.process import Crew, run_order
from placement_bench.rows import Asked, Row
from placement_bench.worker import Order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


@pytest.fixture(scope="module")
def crew() -> Iterator[Crew]:
    """One process for the tests in which nothing breaks it."""
    found = Crew()
    yield found
    found.end()


def run(
    case: str,
    by: Callable[..., Row] = run_order,
    *,
    of: str = "toy",
    solver: str = "toy",
    memory_gib: float | None = None,
) -> Row:
    asked = Asked(set=of, case=case, solver=solver, seconds=30.0)
    return by(Order(asked=asked, data=Path(), memory_gib=memory_gib), "commit", {"unit": "bins"}, grace=30.0)


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


def test_a_problem_is_solved_and_refereed(crew: Crew) -> None:
    """By the library's own solver, counted in the set's unit."""
    row = run("bins-3", crew, of="toy-bins", solver="auto")

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
@pytest.mark.parametrize("alone", [True, False])
def test_a_run_that_breaks_is_a_row_with_its_error(
    case: str, status: str, error: str, crew: Crew, *, alone: bool
) -> None:
    """An exception, an end without a word, a signal, a case that is not there."""
    row = run(case, run_order if alone else crew)

    assert row.status == status
    assert error in row.error
    assert row.failed
    assert not row.sound
    assert row.seconds is not None


def test_a_process_carries_out_one_order_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """What breaks or hangs ends its own process alone: the next order gets another one."""
    begun: list[Sequence[str]] = []
    begin = subprocess.Popen

    def start(words: Sequence[str], **how: Any) -> Any:
        begun.append(words[-2:])
        return begin(words, **how)

    monkeypatch.setattr(subprocess, "Popen", start)
    asked = Asked(set="toy", case="hangs", solver="toy", seconds=0.1)
    crew = Crew()
    first, second, broken = run("good-1", crew), run("good-1", crew), run("dies", crew)
    hang, last = crew(Order(asked=asked, data=Path()), "commit", {}, grace=0.4), run("good-1", crew)
    crew.end()

    assert (first.status, second.status, broken.status, hang.status, last.status) == (
        "optimal",
        "optimal",
        "crash",
        "hang",
        "optimal",
    )
    assert hang.error == "killed at the hard limit of 0.5 s"
    assert begun == [["placement_bench.worker", "--more"]] * 3


def test_a_solver_that_does_not_run_on_a_case_is_refused(crew: Crew) -> None:
    """The row tells which do."""
    row = run("good-1", crew, solver="milp")

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
def test_an_answer_with_a_fault_is_not_solved(case: str, fault: str, crew: Crew) -> None:
    """Though its status is what the solver says."""
    row = run(case, crew)

    assert row.status == "optimal"
    assert fault in row.faults
    assert not row.solved
