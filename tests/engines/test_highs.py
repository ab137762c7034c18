"""HiGHS as the package asks it: what its presolve does wrong is left out, and "infeasible" is asked twice."""

from __future__ import annotations

import math
import threading
from types import SimpleNamespace
from typing import Any

import highspy
import numpy as np
import pytest

from placement.engines import highs
from placement.engines.highs import (
    FAULTY_RULES,
    EngineError,
    QuietHighs,
    limit_time,
    load_lp,
    run,
    run_for_proof,
    stopped_when,
)
from placement.solving.budget import Budget, LeftBehindError

INF = highspy.kHighsInf
COLUMNS = 47  # binary; the first four cost 3 each
# Rows: from, to, and the columns of each coefficient. One machine of pool 1 holds two patterns, which hold all copies.
ROWS: list[tuple[float, float, dict[int, list[int]]]] = [
    (1.0, 1.0, {1: [4, 5, 6, 7, 8, 9, 10]}),
    (1.0, 1.0, {1: [11, 12, 13]}),
    (1.0, 1.0, {1: [14, 15, 16, 17, 18, 19, 20]}),
    (1.0, 1.0, {1: [21, 22, 23, 24, 25, 26, 27, 28, 29]}),
    (0.0, INF, {1: [0], -1: [30, 31, 32, 33, 34, 35, 36, 37, 38]}),
    (0.0, INF, {4: [1], -1: [39]}),
    (0.0, INF, {1: [2], -1: [40, 41, 42, 43, 44, 45]}),
    (0.0, INF, {4: [3], -1: [46]}),
    (0.0, INF, {-1: [4], 1: [30, 31, 32, 33, 34, 35, 36]}),
    (0.0, INF, {-1: [5], 1: [39]}),
    (0.0, INF, {-1: [6], 1: [46]}),
    (0.0, INF, {-1: [7], 1: [30, 32, 34, 36, 37]}),
    (0.0, INF, {-1: [9], 1: [40, 42, 44]}),
    (0.0, INF, {-1: [11, 24], 1: [33]}),
    (0.0, INF, {-1: [26], 1: [43]}),
    (0.0, INF, {-1: [14], 1: [30, 31, 34, 35, 37, 38]}),
    (0.0, INF, {-1: [16], 1: [40, 41, 44, 45]}),
    (0.0, INF, {-1: [18], 1: [41, 42, 45]}),
    (0.0, INF, {-1: [19], 1: [30, 31, 32, 37, 38]}),
    (0.0, INF, {-1: [20], 1: [40, 41, 42]}),
    (0.0, INF, {-1: [21], 1: [33, 34, 35, 36, 37, 38]}),
    (0.0, INF, {-1: [22], 1: [39]}),
    (0.0, INF, {-1: [23], 1: [43, 44, 45]}),
    (0.0, INF, {-1: [28], 1: [31, 35, 38]}),
    (0.0, INF, {-1: [29], 1: [41, 45]}),
    (0.0, INF, {48000: [1], -3900: [8], -8000: [12, 25], -4000: [15]}),
    (0.0, INF, {48000: [3], -3900: [10], -8000: [13, 27], -4000: [17]}),
    (-INF, 1.5, {1: [0, 1, 2, 3]}),
]


def program() -> highspy.HighsLp:
    """A program over patterns that the fuzzer came to, without what it can do without."""
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = COLUMNS, len(ROWS)
    lp.col_cost_ = np.array([3.0] * 4 + [0.0] * (COLUMNS - 4))
    lp.col_lower_, lp.col_upper_ = np.zeros(COLUMNS), np.ones(COLUMNS)
    lp.row_lower_ = np.array([low for low, _, _ in ROWS])
    lp.row_upper_ = np.array([high for _, high, _ in ROWS])
    rows = [[(k, float(n)) for n, columns in terms.items() for k in columns] for _, _, terms in ROWS]
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.cumsum([0] + [len(row) for row in rows], dtype=np.int32)
    lp.a_matrix_.index_ = np.array([k for row in rows for k, _ in row], dtype=np.int32)
    lp.a_matrix_.value_ = np.array([n for row in rows for _, n in row])
    lp.integrality_ = [highspy.HighsVarType.kInteger] * COLUMNS
    return lp


def test_a_program_that_has_a_solution_is_not_called_infeasible() -> None:
    """With all rules of its presolve HiGHS 1.13 to 1.16 say that there is none (its issue 3216)."""
    solver = load_lp(program())
    assert run(solver) == highspy.HighsModelStatus.kOptimal
    assert solver.getInfo().objective_function_value == pytest.approx(3.0)


def test_every_solver_leaves_out_the_faulty_rules() -> None:
    """However it is made, and whatever else is asked for."""
    for solver in (QuietHighs(), load_lp(program(), presolve="on")):
        assert solver.getOptionValue("presolve_rule_off")[1] == FAULTY_RULES


def test_that_presolve_finds_no_solution_is_no_proof() -> None:
    """With the faulty rule: presolve lies, and the run without it finds the solution."""
    solver = load_lp(program(), presolve_rule_off=0)
    assert run(solver) == highspy.HighsModelStatus.kInfeasible
    solver = load_lp(program(), presolve_rule_off=0)
    assert run_for_proof(solver) == highspy.HighsModelStatus.kOptimal
    assert solver.getInfo().objective_function_value == pytest.approx(3.0)


def test_that_there_is_no_solution_is_asked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once with presolve and once without; all else is asked once."""
    asked: list[str] = []

    def noted(solver: highspy.Highs) -> highspy.HighsModelStatus:
        asked.append(str(solver.getOptionValue("presolve")[1]))
        return run(solver)

    monkeypatch.setattr(highs, "run", noted)
    none = program()
    none.row_upper_ = np.append(none.row_upper_[:-1], 0.5)  # no machine at all
    assert run_for_proof(load_lp(none)) == highspy.HighsModelStatus.kInfeasible
    assert asked == ["choose", "off"]
    assert run_for_proof(load_lp(program())) == highspy.HighsModelStatus.kOptimal
    assert asked == ["choose", "off", "choose"]


def test_a_run_that_fails_is_tried_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without presolve; where that fails too there is no status."""
    fails = [True]

    def failing(solver: highspy.Highs) -> highspy.HighsModelStatus:
        if fails.pop():
            raise EngineError("Solve error")
        return run(solver)

    monkeypatch.setattr(highs, "run", failing)
    fails[:] = [False, True]
    assert run_for_proof(load_lp(program())) == highspy.HighsModelStatus.kOptimal
    fails[:] = [True, True]
    with pytest.raises(EngineError, match="Solve error"):
        run_for_proof(load_lp(program()))


def limit_of(solver: QuietHighs) -> float:
    """When its runs end, in seconds of running."""
    return float(solver.getOptionValue("time_limit")[1])


def test_a_solver_has_as_much_time_as_it_is_given_from_where_it_is() -> None:
    """By default as much as it takes; later limits count from the time that its runs have taken."""
    assert math.isinf(limit_of(load_lp(program())))
    solver = load_lp(program(), Budget(3.0))
    assert 2.0 < limit_of(solver) <= 3.0
    run(solver)
    limit_time(solver, -1.0)  # a budget that is over
    taken = solver.getRunTime()
    assert taken < limit_of(solver) < taken + 1.0
    limit_time(solver, math.inf)
    assert math.isinf(limit_of(solver))


def test_what_is_left_behind_is_stopped() -> None:
    """The watch over it ended with the error that says so, and the engine went on."""
    asked, heard = threading.Event(), threading.Event()

    def ended() -> bool:
        asked.set()
        raise LeftBehindError

    event = SimpleNamespace(subscribe=lambda _: heard.set())
    solver: Any = SimpleNamespace(cbMipInterrupt=event, cbSimplexInterrupt=event, cbIpmInterrupt=event)
    with stopped_when(ended, solver):
        assert asked.wait(60)
        assert heard.wait(60)
