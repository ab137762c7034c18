"""Steps: who counts them, what a budget makes of them, and what a unit of work of column generation is."""

from __future__ import annotations

import math
import random
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from highspy import HighsModelStatus

from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.engines.highs import linear_program, load_lp, prove, run
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solvers.column_generation.solve import solve_column_generation
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.result import Stop
from placement.solving.steps import StepCounter, count_steps, counted
from placement.vector_packing.knapsack import Knapsack
from tests.heuristics.fleets import component, document

if TYPE_CHECKING:
    from tests.parameters import Change


def test_steps_are_counted_where_somebody_counts() -> None:
    """By the innermost; what nobody counts is not even worked out."""
    outer, inner = StepCounter(), StepCounter()
    count_steps(lambda: pytest.fail("nobody asked"))
    with counted(outer):
        count_steps(lambda: 3)
        with counted(inner):
            count_steps(lambda: 5)
        count_steps(lambda: 4)
    count_steps(lambda: pytest.fail("nobody asks any more"))
    assert (outer.spent, inner.spent) == (7, 5)


def test_a_budget_is_over_when_its_steps_are_done() -> None:
    """Its parts have a fraction of those that were left when they began; time and work are as they were."""
    whole = Budget(work=6)
    with whole.counting(100) as budget:
        assert (budget.work, budget.left()) == (6, math.inf)
        first = budget.share(0.5)
        count_steps(lambda: 49)
        assert not first.over()
        count_steps(lambda: 1)
        assert first.over()
        second = budget.share(0.5, work=6)
        assert not second.over()
        count_steps(lambda: 25)
        assert (second.over(), second.work, budget.over()) == (True, 6, False)
        assert budget.share(1.0).share(0.5).share(0.0).over()
        count_steps(lambda: 25)
        assert budget.over()
        assert budget.left() == math.inf
        assert not budget.cut_short()  # engines that run are not stopped by a clock that looks at the steps
        with budget.counting(10_000) as again:  # a search inside of one that is counted
            assert again is budget
    assert not whole.over()


def test_a_search_that_has_done_its_steps_is_done() -> None:
    """It is not out of time."""
    with Budget(work=1).counting(1) as budget:
        solve = Solve.of(compile_fleet(Problem(**document([component("a", 3, 20.0)]))), budget)
        assert solve.why_stop() is None
        count_steps(lambda: 1)
        assert solve.why_stop() is Stop.DONE
        assert solve.within(budget.share(seconds=0)).why_stop() is Stop.TIME


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


def test_a_unit_of_work_limits_all_of_column_generation(parameters: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """With few steps it ends at the first linear program, with the plan of the heuristics; else it proves a better one.

    The same limit is the same number of steps.
    """
    counters: list[StepCounter] = []

    def new() -> StepCounter:
        counters.append(StepCounter())
        return counters[-1]

    monkeypatch.setattr("placement.solving.budget.StepCounter", new)
    rng = random.Random(3)
    rows = [component(f"c{k}", rng.randint(2, 6), rng.randint(5, 70)) for k in range(12)]
    fleet = compile_fleet(Problem(**document(rows)))

    def solved(steps: int) -> tuple[Stop, int, float]:
        parameters(COLUMN_GENERATION.work, steps=steps)
        solve = Solve.of(fleet, Budget(work=2))
        outcome = solve_column_generation(solve)
        assert solve.value is not None
        return outcome.stop, solve.value.ticks, counters[-1].spent

    few, many = solved(1_000), solved(10**12)
    assert (few[0], many[0]) == (Stop.DONE, Stop.PROVED)
    assert few[1] > many[1]
    assert few[2] < many[2] / 10
    assert solved(1_000) == few


def test_no_engine_is_stopped_by_its_steps() -> None:
    """A watcher asks by the clock, so an answer would depend on how fast the machine is: it asks `cut_short` alone."""
    asked = re.compile(r"(stopped_when\(|ended=)[^\n]*\b(over|ended)\b[,)]")
    for path in (Path(__file__).parents[2] / "placement").rglob("*.py"):
        for line in path.read_text().splitlines():
            found = asked.search(line.replace("def stopped_when(ended", ""))
            assert found is None or "with stopped_when(ended, solver)" in line, f"{path.name}: {line.strip()}"


def test_what_has_begun_is_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the steps are done and a watcher looks at once."""
    monkeypatch.setattr("placement.engines.highs.POLL", 0.0)
    rng = random.Random(0)
    columns = [[(row, float(rng.randint(1, 30))) for row in range(12)] for _ in range(32)]
    lp = linear_program(columns, [-1.0] * 32, (0.0, 1.0), (-math.inf, [200.0] * 12), integer=True)
    with Budget(work=1).counting(1) as budget:
        count_steps(lambda: 2)
        assert budget.over()
        ran = prove(lp, seconds=math.inf, nodes=10_000, ended=budget.cut_short)
        assert ran is not None
        assert ran[1] == HighsModelStatus.kOptimal
