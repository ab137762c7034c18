"""Steps: who counts them, what a budget makes of them, and what a unit of work of each solver is."""

from __future__ import annotations

import math
import random
import re
import threading
from pathlib import Path

import pytest
from highspy import HighsModelStatus

from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.engines.highs import linear_program, load_lp, prove, run
from placement.heuristics import solve_ffd
from placement.solvers.registry import SOLVERS, find_solver
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.result import Stop
from placement.solving.steps import PER_SECOND, StepCounter, count_steps, counted, step_counter
from placement.vector_packing.knapsack import Knapsack
from tests.heuristics.fleets import component, document


def test_steps_are_counted_by_thread() -> None:
    """Each has a counter; within `counted` another one, and none of another thread."""
    outer, inner = StepCounter(), StepCounter()
    with counted(outer):
        count_steps(3)
        with counted(inner):
            count_steps(5)
            other = threading.Thread(target=count_steps, args=(100,))
            other.start()
            other.join()
        count_steps(4)
        assert step_counter() is outer
    count_steps(7)
    assert (outer.spent, inner.spent) == (7, 5)


def test_a_budget_is_over_when_its_steps_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its parts have a fraction of those that were left when they began, or so many; time is as it was."""
    monkeypatch.setattr("placement.solving.budget.PER_SECOND", 20)
    count_steps(1_000)  # of whatever was done before
    budget = Budget(work=5)
    assert (budget.work, budget.left(), budget.steps_left()) == (5, math.inf, 100)
    first = budget.share(0.5)
    count_steps(49)
    assert not first.over()
    count_steps(1)
    assert first.over()
    second = budget.share(0.5, work=5)
    assert not second.over()
    count_steps(25)
    assert (second.over(), second.work, budget.over()) == (True, 1.25, False)
    assert budget.share(work=0.5).steps_left() == 10
    assert budget.share(1.0).share(0.5).share(0.0).over()
    apart = budget.share(0.5, work=2, alone=True)
    count_steps(25)
    assert budget.over()
    assert budget.left() == math.inf
    assert not budget.cut_short()  # engines that run are not stopped by a clock that looks at the steps
    assert apart.steps_left() == 15  # as elsewhere, where nobody knows what else was done


def test_what_was_counted_before_changes_no_limit() -> None:
    """Steps are integers: with fractions the same solve would have other limits, by rounding, later in a process."""
    for before in (0.3, 3.7, 1e6 / 3, 1e15 / 7):
        count_steps(before)
        budget = Budget(work=10)
        began = budget.clock()
        count_steps(10**9 / 3)
        assert (budget.clock() - began, budget.remaining()) == (0.333333333, 9.666666667)
        assert budget.share(0.5).work == 4.8333333335


def test_a_part_may_have_a_limit_on_work_where_the_whole_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placement.solving.budget.PER_SECOND", 20)
    whole = Budget(100.0)
    part = whole.share(0.5, work=1)
    count_steps(20)
    assert (part.over(), whole.over(), part.cut_short()) == (True, False, False)
    assert part.left() <= 50.0


def test_steps_are_a_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where they are limited, seconds of a part and what is left are theirs."""
    monkeypatch.setattr("placement.solving.budget.PER_SECOND", 10)
    budget = Budget(work=8)
    began = budget.clock()
    assert budget.remaining() == 8
    count_steps(30)
    assert (budget.clock() - began, budget.remaining()) == (3, 5)
    part = budget.share(0.8, seconds=2.0)
    assert (part.left(), part.remaining()) == (math.inf, 2)
    assert budget.share(0.2, seconds=2.0).remaining() == 1
    assert 0 < Budget(100.0).share(0.5, seconds=2.0).remaining() <= 2


def test_a_search_that_has_done_its_steps_is_done() -> None:
    """It is not out of time, as it is when the user's own limit of time has passed."""
    budget = Budget(60.0, work=1)
    solve = Solve.of(compile_fleet(Problem(**document([component("a", 3, 20.0)]))), budget)
    assert solve.why_stop() is None
    count_steps(10**9)
    assert solve.why_stop() is Stop.DONE
    assert solve.within(budget.share(0.0)).why_stop() is Stop.TIME


def test_engines_and_knapsacks_count() -> None:
    """A larger table is more steps, and so is a longer run; the same is the same."""

    def taken(size: int) -> tuple[float, float]:
        tables, programs = StepCounter(), StepCounter()
        with counted(tables):
            Knapsack([size], [[1], [2]], [3, 3]).best_pattern([1, 1])
        columns = [[(k, 1.0), ((k + 1) % size, 2.0)] for k in range(size)]
        with counted(programs):
            run(load_lp(linear_program(columns, [1.0] * size, (0.0, math.inf), ([1.0] * size, math.inf))))
        return tables.spent, programs.spent

    assert taken(10) == taken(10)
    assert all(few < many for few, many in zip(taken(10), taken(200), strict=True))


@pytest.mark.parametrize("name", [name for name in SOLVERS if name != "ffd"])
def test_a_unit_of_work_limits_all_of_a_solver(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With few steps it ends early, with the plan that it began with or a little better; the same limit is the same."""
    rng, whole = random.Random(3), name == "bin-packing"
    rows = [
        component(f"c{k}", rng.randint(2, 6), rng.randint(5, 70), shared=not whole, vcpus=rng.randint(3, 40))
        for k in range(20 if whole else 7)
    ]
    if name == "demand":
        rows = [
            {"name": row.pop("name"), "demand": row.pop("copies"), "options": [{**row, "throughput": 1}]}
            for row in rows
        ]
    fleet = compile_fleet(Problem(**document(rows)))
    options = {"copies": 10} if name == "decomposition" else {}
    first = Solve.of(fleet)
    solve_ffd(first)

    def solved(steps: int) -> tuple[Stop, int, float]:
        monkeypatch.setattr("placement.solving.budget.PER_SECOND", steps)
        counter = StepCounter()
        with counted(counter):
            solve = Solve.of(fleet, Budget(work=2), hint=first.packing)
            outcome = find_solver(name).run(solve, **options)
        assert solve.value is not None
        return outcome.stop, solve.value.ticks, counter.spent

    few, many = solved(1_000), solved(10**8)
    assert few[1] >= many[1]
    assert few[2] < many[2] / 4
    assert solved(1_000) == few


def test_no_engine_is_stopped_by_its_steps() -> None:
    """A watcher asks by the clock, so an answer would depend on how fast the machine is: it asks `cut_short` alone."""
    asked = re.compile(r"(stopped_when\(|ended=)[^\n]*\b(over|ended)\b[,)]")
    for path in (Path(__file__).parents[2] / "placement").rglob("*.py"):
        for line in path.read_text().splitlines():
            found = asked.search(line.replace("def stopped_when(ended", ""))
            assert found is None or "with stopped_when(ended, solver)" in line, f"{path.name}: {line.strip()}"


def test_an_integer_program_ends_by_its_steps_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though a watcher looks at once; and at the same point each time, with all that it has taken counted."""
    monkeypatch.setattr("placement.engines.highs.POLL", 0.0)
    rng = random.Random(0)
    columns = [[(row, float(rng.randint(1, 30))) for row in range(12)] for _ in range(40)]
    lp = linear_program(columns, [-1.0] * 40, (0.0, 1.0), (-math.inf, [260.0] * 12), integer=True)

    def ended(steps: float) -> tuple[HighsModelStatus, float]:
        with counted(StepCounter()) as counter:
            ran = prove(lp, Budget(work=steps / PER_SECOND), nodes=10_000)
            assert ran is not None
            return ran[1], counter.spent

    whole, least, some = ended(1e12), ended(0.0), ended(8e6)
    assert (whole[0], least[0], some[0]) == (HighsModelStatus.kOptimal, *[HighsModelStatus.kInterrupt] * 2)
    assert 0 < least[1] < some[1] < whole[1]
    assert ended(8e6) == some
