"""A trace played hour by hour: copies come and go at their seconds, and everything is counted twice."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from placement.errors import UsageError
from placement_bench.cases import Limits
from placement_bench.consolidation.month import STRATEGIES, Month
from placement_bench.consolidation.month_task import MonthTask
from placement_bench.consolidation.recount import MonthRecount
from placement_bench.consolidation.strategies import DESCHEDULER, KARPENTER, NEVER, REPLAN, SCRATCH
from placement_bench.consolidation.trace import FILE, FOLDER, MACHINES, made, month_problem, read_month
from placement_bench.places import data_folder

if TYPE_CHECKING:
    from pathlib import Path

SMALL, MIDDLE, LARGE = MACHINES
PRICE = {SMALL: 4.6016, MIDDLE: 6.6752, LARGE: 13.3504}


def copy(
    service: int, starts: object = "", stops: object = "", cap: int = 4, cpu: int = 8, gib: int = 40
) -> dict[str, str]:
    """A row of the file."""
    return {
        "role": "HN",
        "app_name": str(service),
        "cpu_request": str(cpu),
        "memory_request": str(gib),
        "max_instance_per_node": str(cap),
        "creation_time": str(starts),
        "deletion_time": str(stops),
    }


def test_a_trace_is_read_as_it_is() -> None:
    """Shapes of a service are components, its commonest cap is that of all; a copy of no time at all is none."""
    trace = made([copy(0), copy(0, 50, 70, cap=2), copy(0, cap=4), copy(0, gib=80), copy(1, 90, 90, cap=-1)])
    assert [(s.name, s.cap) for s in trace.shapes] == [
        ("service-0-8-40", 4),
        ("service-0-8-80", 4),
        ("service-1-8-40", None),
    ]
    assert trace.events(1) == [(50, 1, 1), (70, 0, 1)]
    assert trace.at_start() == [0, 2, 3]
    assert trace.most(1) == [3, 1, 0]
    rows = month_problem(trace, trace.most(1))["components"]
    assert rows[0]["spread"] == {"max_per_instance": 4}
    assert "spread" not in rows[2]


HALF = 5400  # one and a half hours
# Two machines of four; after an hour and a half two copies of each are left, of two services that may share a machine.
TWO = [copy(0), copy(0), copy(1), copy(1), *[copy(k, "", HALF) for k in (0, 0, 1, 1)]]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_hour_and_a_half_of_two_machines(strategy: str) -> None:
    """All pay for two machines at first; on the second hour whoever may move empties one of them, if both are left."""
    month = Month(made(TWO), strategy, 4, seconds=60.0)
    played = month.play()
    recount = played.recount
    assert recount.faults == []
    assert played.floor <= recount.bill
    hours = recount.machine_seconds / 3600
    assert recount.bill == recount.machine_seconds * 4_601_600
    assert hours == {NEVER: 8, DESCHEDULER: 8}.get(strategy, 6)
    assert played.prices[0] == 2 * 4_601_600
    assert (recount.moves > 0) == (hours == 6)


def test_every_copy_stands_for_just_its_time() -> None:
    """One copy comes at half past and goes ten minutes later, one is there for ten seconds: paid to the second."""
    played = Month(made([copy(0, 1800, 2400), copy(1, 5000, 5010)]), NEVER, 2).play()
    assert played.recount.bill == 610 * 4_601_600
    assert played.recount.faults == []


def test_a_recount_finds_what_is_wrong() -> None:
    """Too many on a machine, too much of a resource, too many of a service, a stranger, a copy that is missing."""
    trace = made([copy(0, cap=2), copy(0), copy(0), copy(1, gib=160), copy(2), copy(2)])
    document = month_problem(trace, [3, 1, 2])

    def faults(on: dict[int, int], kind: str = SMALL) -> list[str]:
        recount = MonthRecount(trace, document)
        for number, machine in on.items():
            recount.start(number, machine, kind)
        recount.until(10)
        recount.alive(set(on))
        return recount.faults

    assert faults({0: 0, 1: 0, 4: 0, 5: 0}) == []
    assert "holds 5 copies on 4 GPUs" in faults({0: 0, 1: 0, 3: 0, 4: 0, 5: 0})[0]
    assert "memory_gib, its copies take 200.0" in faults({3: 0, 0: 0})[0]
    capped = made([copy(0, cap=2)] * 3)
    recount = MonthRecount(capped, month_problem(capped, [3]))
    for number in range(3):
        recount.start(number, 7, LARGE)
    recount.until(1)
    recount.start(0, 8, SMALL)
    recount.stop(9)
    recount.alive({0})
    assert [
        word in fault for word, fault in zip(("3 of", "twice", "does not run", "2 copies"), recount.faults, strict=True)
    ] == [True] * 4


def test_a_month_is_a_case() -> None:
    """Value, bound and moves in a row; the recount's value is the one that counts."""
    task = MonthTask(made(TWO), 4)
    answer = task.run(KARPENTER, Limits())
    assert task.check(answer).faults == ()
    assert answer.value == pytest.approx(6 * PRICE[SMALL])
    assert answer.bound is not None
    assert answer.bound <= (answer.value or 0)
    assert answer.metrics["moves"] == answer.metrics["evicted"] == 2
    with pytest.raises(UsageError, match="no strategy"):
        task.run("nothing", Limits())
    assert {REPLAN, SCRATCH} < set(task.solvers())


def test_the_trace_is_read_from_its_folder(tmp_path: Path) -> None:
    """A missing file and one that is no table are told; the true one has 156 services."""
    with pytest.raises(UsageError, match="is not there"):
        read_month(tmp_path)
    (tmp_path / FOLDER).mkdir()
    with gzip.open(tmp_path / FOLDER / FILE, "wt") as file:
        file.write("role,app_name\nHN,3\n")
    with pytest.raises(UsageError, match="can't be read"):
        read_month(tmp_path)


def test_the_published_month() -> None:
    """As many copies as its description says."""
    if not (data_folder() / FOLDER / FILE).is_file():
        pytest.skip(f"the set {FOLDER} is not here")
    trace = read_month(data_folder())
    assert len(trace.copies) == 7386
    assert len({shape.service for shape in trace.shapes}) == 156
    assert len(trace.at_start()) == 3123
