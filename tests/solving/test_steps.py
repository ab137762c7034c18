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
from placement.solvers.column_generation.solve import solve_column_generation
from placement.solvers.portfolio import solve_auto
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.result import Stop
from placement.solving.steps import StepCounter, count_steps, counted
from placement.vector_packing.knapsack import Knapsack
from tests.heuristics.fleets import component, document

if TYPE_CHECKING:
    from collections.abc import Callable

    from placement.solving.result import Outcome

    Search = Callable[[Solve], Outcome]


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


def test_a_budget_is_over_when_its_steps_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its parts have a fraction of those that were left when they began; time and work are as they were."""
    monkeypatch.setattr("placement.solving.budget.PER_SECOND", 20)
    whole = Budget(work=5)
    assert not whole.counts_steps
    with whole.counting() as budget:
        assert (budget.work, budget.left(), budget.steps_left()) == (5, math.inf, 100)
        first = budget.share(0.5)
        count_steps(lambda: 49)
        assert not first.over()
        count_steps(lambda: 1)
        assert first.over()
        second = budget.share(0.5, work=5)
        assert not second.over()
        count_steps(lambda: 25)
        assert (second.over(), second.work, budget.over()) == (True, 5, False)
        assert budget.share(1.0).share(0.5).share(0.0).over()
        count_steps(lambda: 25)
        assert budget.over()
        assert budget.left() == math.inf
        assert not budget.cut_short()  # engines that run are not stopped by a clock that looks at the steps
        with budget.counting() as again:  # a search inside of one that is counted
            assert again is budget
    assert not whole.over()


def test_steps_are_a_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where they are limited, seconds of a part and what is left are theirs; under another limit on work none are."""
    monkeypatch.setattr("placement.solving.budget.PER_SECOND", 10)
    with Budget(work=8).counting() as budget:
        assert (budget.clock(), budget.remaining()) == (0, 8)
        count_steps(lambda: 30)
        assert (budget.clock(), budget.remaining()) == (3, 5)
        part = budget.share(0.8, seconds=2.0)
        assert (part.left(), part.remaining()) == (math.inf, 2)
        assert budget.share(0.2, seconds=2.0).remaining() == 1
    assert Budget(work=8).share(0.5, seconds=2.0).remaining() == math.inf
    assert 0 < Budget(100.0).share(0.5, seconds=2.0).remaining() <= 2
    with Budget(1e-3).counting() as free:
        assert not free.counts_steps


def test_a_search_that_has_done_its_steps_is_done() -> None:
    """It is not out of time, as it is when the user's own limit of time has passed."""
    with Budget(60.0, work=1).counting() as budget:
        solve = Solve.of(compile_fleet(Problem(**document([component("a", 3, 20.0)]))), budget)
        assert solve.why_stop() is None
        count_steps(lambda: 10**9)
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


@pytest.mark.parametrize("search", [solve_column_generation, solve_auto])
def test_a_unit_of_work_limits_all_of_a_solver(search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
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
        monkeypatch.setattr("placement.solving.budget.PER_SECOND", steps)
        counters.clear()
        solve = Solve.of(fleet, Budget(work=2))
        outcome = search(solve)
        assert solve.value is not None
        return outcome.stop, solve.value.ticks, counters[0].spent

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


def test_an_integer_program_ends_by_its_steps_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though a watcher looks at once; and at the same point each time, with all that it has taken counted."""
    monkeypatch.setattr("placement.engines.highs.POLL", 0.0)
    rng = random.Random(0)
    columns = [[(row, float(rng.randint(1, 30))) for row in range(12)] for _ in range(40)]
    lp = linear_program(columns, [-1.0] * 40, (0.0, 1.0), (-math.inf, [260.0] * 12), integer=True)

    def ended(steps: float) -> tuple[HighsModelStatus, float]:
        with Budget(work=1).counting() as budget:
            before = budget.steps_left()
            ran = prove(lp, seconds=math.inf, steps=steps, nodes=10_000, ended=budget.cut_short)
            assert ran is not None
            return ran[1], before - budget.steps_left()

    whole, least, some = ended(math.inf), ended(0.0), ended(8e6)
    assert (whole[0], least[0], some[0]) == (HighsModelStatus.kOptimal, *[HighsModelStatus.kInterrupt] * 2)
    assert 0 < least[1] < some[1] < whole[1]
    assert ended(8e6) == some
