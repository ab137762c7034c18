"""The context of a solve: what its parts share with it, and what they have of their own."""

from __future__ import annotations

import math

import pytest

from placement import Problem
from placement.compiled.fleet import Fleet, compile_fleet
from placement.heuristics import solve_ffd
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.result import Stop
from tests.heuristics.fleets import component, document


def fleet() -> Fleet:
    return compile_fleet(Problem(**document([component("a", 3, 20.0)])))


def test_a_share_reports_to_the_same_incumbent() -> None:
    whole = Solve.of(fleet(), Budget(work=10), seed=3)
    part = whole.share(0.5)
    assert (part.budget.work, part.seed, part.fleet) == (5, 3, whole.fleet)
    solve_ffd(part)
    assert part.incumbent is whole.incumbent
    assert whole.packing is not None
    assert whole.share(work=2).budget.work == 2
    assert whole.within(whole.budget, seed=9).seed == 9
    assert whole.within(Budget(work=7)).budget.work == 7
    assert whole.budget.work == 10


def test_a_reduced_problem_knows_nothing_and_tells_its_faults() -> None:
    whole = Solve.of(fleet(), Budget(work=10))
    solve_ffd(whole)
    part = whole.reduced(whole.fleet, work=4, seed=8)
    assert (part.packing, part.value, part.left_out) == (None, None, None)
    assert (part.budget.work, part.seed) == (4, 8)
    part.incumbent.strict = whole.incumbent.strict = False
    part.incumbent.blame("somebody", "erred")
    assert [fault.solver for fault in whole.incumbent.faults] == ["somebody"]


def test_a_solve_begins_with_its_hint() -> None:
    found = Solve.of(fleet())
    solve_ffd(found)
    again = Solve.of(found.fleet, hint=found.packing)
    assert again.value == found.value
    assert again.budget.left() == math.inf


def test_it_ends_when_its_own_budget_does() -> None:
    whole = Solve.of(fleet())
    assert not whole.ended
    assert whole.why_stop() is None
    part = whole.within(Budget(seconds=0))
    assert part.ended
    assert part.why_stop() is Stop.TIME
    assert not whole.ended


def test_what_may_be_left_out_is_what_the_best_plan_leaves_out() -> None:
    """Where there are levels of optional copies, and a plan."""
    assert Solve.of(fleet()).left_out is None
    optional = compile_fleet(Problem(**document([component("a", 3, 20.0, min_copies=2)])))
    solve = Solve.of(optional)
    assert solve.left_out is None
    solve_ffd(solve)
    assert solve.left_out == (0,)


def test_a_budget_cut_short_keeps_its_start_and_its_interrupt() -> None:
    whole = Budget(seconds=100.0, work=3, gap=0.5)
    part = whole.shortened(40.0)
    assert (part.seconds, part.work, part.gap, whole.seconds) == (60.0, 3, 0.5, 100.0)
    assert part.left() <= 60.0 - part.elapsed() + 1
    whole.interrupt()
    assert part.interrupted


@pytest.mark.parametrize(("gap", "expected"), [(None, 0.5), (0.1, 0.1)])
def test_a_part_may_have_a_gap_of_its_own_and_no_executor(gap: float | None, expected: float) -> None:
    whole = Budget(gap=0.5)
    assert whole.share(gap=gap).gap == expected
    assert whole.share(alone=True).executor is None
