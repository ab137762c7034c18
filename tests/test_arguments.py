"""Every argument of the public functions: another type, or a value that means nothing, is told in one line."""

from __future__ import annotations

import math
import re
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import placement
from placement import Plan, Problem, Result, UsageError, planner
from placement.solving.budget import Budget

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DOCUMENT: dict[str, Any] = {
    "format": "placement/v1",
    "instance_types": {"t": {"vcpus": 4, "memory_gib": 8, "price_per_hour": 0.5}},
    "pools": [{"name": "p", "instance_type": "t", "zone": "z"}],
    "components": [{"name": "c", "copies": 2, "accelerators": 0, "vcpus": 2}],
}
PROBLEM = Problem(**DOCUMENT)
PLAN = Plan(instances=[{"id": "p/new-1", "pool": "p"}], assignments=[{"component": "c", "instance": "p/new-1"}] * 2)
A_PROBLEM = 'problem must be a Problem: make one by Problem(**document) or read("FILE"), got '
A_PLAN = 'plan must be a Plan: result.plan, or make one by Plan(**document) or read_plan("FILE")'
A_FILE = "path must be the name of a file (text or a Path), or - for standard input or output, got "
A_DOCUMENT = "document must be a dictionary, such as problem.to_document() or result.to_document() give, got "
TIME = "time_limit must be a number of at least 0, or None for no limit, got "
GAP = "gap must be a number from 0 to 1, such as 0.05 for 5%, got "
SEED = "seed must be a whole number of at least 0, got "
WORK = "work must be a whole number from 1 to 2147483647, or None for no limit, got "
THREADS = "threads must be a whole number of at least 1, or None for no limit, got "


def solve(*arguments: Any, **named: Any) -> Result:
    """`placement.solve`, as a caller without a type checker has it, and quickly."""
    given = arguments or (PROBLEM, "ffd")
    return placement.solve(*given, **{"time_limit": None, "work": 1, **named})


def bound(*arguments: Any, **named: Any) -> Result:
    """`placement.bound`, the same."""
    return placement.bound(*(arguments or (PROBLEM,)), **named)


def verify(*arguments: Any) -> Any:
    """`placement.verify`, the same."""
    return placement.verify(*arguments)


def read(*arguments: Any) -> Any:
    """`placement.read`, the same."""
    return placement.read(*arguments)


def read_plan(*arguments: Any) -> Any:
    """`placement.read_plan`, the same."""
    return placement.read_plan(*arguments)


def write(*arguments: Any) -> None:
    """`placement.write`, the same."""
    placement.write(*arguments)


WRONG: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], str]] = [
    (solve, (DOCUMENT,), {}, A_PROBLEM + '{"format": "placement/v1", "instance_types": {"t": {"vcpus"…'),
    (solve, ("problem.json",), {}, A_PROBLEM + '"problem.json"'),
    (solve, (PLAN,), {}, A_PROBLEM + "a Plan"),
    (solve, (None,), {}, A_PROBLEM + "null"),
    (solve, (PROBLEM, 5), {}, "solver must be the name of a solver: auto, ffd, best-fit, greedy, column-generation"),
    (solve, (PROBLEM, None), {}, "solver must be the name of a solver: auto, ffd,"),
    (solve, (PROBLEM, ["ffd"]), {}, "solver must be the name of a solver: auto, ffd,"),
    (solve, (PROBLEM, "fdd"), {}, 'no solver "fdd"; did you mean "ffd"?'),
    *((solve, (), {"time_limit": value}, TIME + shown) for value, shown in (
        (-1.0, "-1.0"), (math.nan, "NaN"), ("60", '"60"'), (True, "true"), ([1], "[1]"), (Decimal(1), "a Decimal"),
        (10**400, "a number of 1329 bits"), (1j, "a complex"),
    )),
    *((solve, (), {"gap": value}, GAP + shown) for value, shown in (
        (2, "2"), (1.001, "1.001"), (-0.1, "-0.1"), (math.nan, "NaN"), (None, "null"), ("0.1", '"0.1"'), (True, "true"),
        (math.inf, "Infinity"),
    )),
    *((solve, (), {"seed": value}, SEED + shown) for value, shown in (
        (-1, "-1"), (1.5, "1.5"), (1.0, "1.0"), (None, "null"), ("1", '"1"'), (False, "false"),
    )),
    *((solve, (), {"work": value}, WORK + shown) for value, shown in (
        (0, "0"), (1.5, "1.5"), (True, "true"), ("3", '"3"'), (2**31, "2147483648"), (-1, "-1"),
    )),
    *((solve, (), {"threads": value}, THREADS + shown) for value, shown in (
        (0, "0"), (1.5, "1.5"), (True, "true"), ("3", '"3"'), (-2, "-2"),
    )),
    (solve, (), {"options": 5}, "options must be a mapping of names to values, or None, got 5"),
    (solve, (), {"options": ["restarts"]}, 'options must be a mapping of names to values, or None, got ["restarts"]'),
    (solve, (), {"options": {5: 1}}, "solver ffd has no option 5; known: "),
    (solve, (), {"options": {"restarts": [1]}}, "ffd.restarts must be a whole number of at least 0, got [1]"),
    (solve, (), {"options": {"restarts": None}}, "ffd.restarts must be a whole number of at least 0, got None"),
    (solve, (), {"hint": {}}, f"{A_PLAN.replace('plan', 'hint', 1)}, or None, got {{"),
    (solve, (), {"hint": PROBLEM}, "or None, got a Problem"),
    (solve, (), {"listener": 5}, "listener must be a function of one event, or None, got 5"),
    (solve, (), {"executor": 5}, "executor must be a concurrent.futures.Executor, or None, got 5"),
    (solve, (), {"executor": "processes"}, 'a concurrent.futures.Executor, or None, got "processes"'),
    (solve, (), {"executor": ThreadPoolExecutor}, "a concurrent.futures.Executor, or None, got a type"),
    (bound, (DOCUMENT,), {}, A_PROBLEM),
    (bound, (PROBLEM, "plan.json"), {}, A_PLAN + ', or None, got "plan.json"'),
    (bound, (), {"time_limit": "1"}, TIME + '"1"'),
    (bound, (), {"time_limit": -1}, TIME + "-1"),
    (bound, (), {"seed": 0.5}, SEED + "0.5"),
    (bound, (), {"listener": "print"}, 'listener must be a function of one event, or None, got "print"'),
    (verify, (DOCUMENT, PLAN), {}, A_PROBLEM),
    (verify, (PROBLEM, PROBLEM), {}, A_PLAN + ", got a Problem"),
    (verify, (PLAN, PROBLEM), {}, A_PROBLEM + "a Plan"),
    (verify, (PROBLEM, None), {}, A_PLAN + ", got null"),
    (verify, (PROBLEM, solve()), {}, A_PLAN + ", got a Result"),
    *((call, (value,), {}, A_FILE + shown) for call in (read, read_plan) for value, shown in (
        (5, "5"), (None, "null"), (b"problem.json", "a bytes"), (DOCUMENT, "{"),
    )),
    (write, (PROBLEM, "x.json"), {}, A_DOCUMENT + "a Problem"),
    (write, ([], "x.json"), {}, A_DOCUMENT + "[]"),
    (write, ({}, 1), {}, A_FILE + "1"),
    (write, ({5: 1}, "x.json"), {}, "every key of document must be text, got 5"),
    (write, ({"a": {1}}, "x.json"), {}, "document can't be written: a: Object of type set is not JSON serializable"),
    (write, ({"a": [{"b": math.nan}]}, "x.json"), {}, "document can't be written: a: Out of range float values"),
    (write, ({"a": object()}, "x.yaml"), {}, "document can't be written: cannot represent an object"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "arguments", "named", "told"),
    WRONG,
    ids=[f"{n}-{row[0].__name__}-{'-'.join(row[2])}" for n, row in enumerate(WRONG)],
)
def test_an_argument_that_means_nothing_is_told(
    call: Callable[..., Any],
    arguments: tuple[Any, ...],
    named: dict[str, Any],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Which one, the rule, and what was given; nothing is written, nothing is searched."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=re.escape(told)):
        call(*arguments, **named)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "named",
    [
        {"time_limit": 5, "gap": 1, "seed": np.int64(3), "work": np.int32(2), "threads": np.uint8(1)},
        {"time_limit": np.float32(5), "gap": np.float64(0.5), "options": {"restarts": 2}},
        {"time_limit": Fraction(5, 2), "gap": Fraction(1, 2), "seed": 2**70, "threads": 10**12},
        {"time_limit": math.inf, "gap": 0, "options": None, "hint": None, "listener": None, "executor": None},
        {"time_limit": 0, "hint": PLAN, "listener": print},
    ],
)
def test_numbers_of_any_type_will_do(named: dict[str, Any]) -> None:
    """Those of NumPy too, and limits that never bind."""
    assert solve(**named).plan.seed == named.get("seed", 0)


@pytest.mark.parametrize("solver", ["auto", "cp-sat", "milp", "bin-packing", "column-generation"])
def test_any_work_will_do(solver: str) -> None:
    """The largest that is allowed is one that every engine can count to; a proof ends the search before."""
    assert solve(PROBLEM, solver, work=2**31 - 1).status == "optimal"


def test_an_executor_may_be_any(tmp_path: Path) -> None:
    """And a path may be text, or anything that names a file by text."""
    with ThreadPoolExecutor(1) as pool:
        assert solve(executor=pool).cost == 500_000
    for path in (str(tmp_path / "a.json"), tmp_path / "b.json"):
        write(DOCUMENT, path)
        assert read(path) == PROBLEM


@pytest.mark.parametrize(("limits", "seconds"), [({}, 60.0), ({"work": 1}, None), ({"work": 1, "time_limit": 9}, 9.0)])
def test_beside_a_limit_on_work_there_is_a_time_limit_only_where_one_is_given(
    limits: dict[str, Any], seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or an answer would be another on a slow machine."""
    made: list[float | None] = []

    class Watched(Budget):
        def __init__(self, seconds: float | None = None, *others: Any) -> None:
            made.append(seconds)
            super().__init__(seconds, *others)

    monkeypatch.setattr(planner, "Budget", Watched)
    placement.solve(PROBLEM, "ffd", **limits)
    placement.bound(PROBLEM, **limits)
    assert made == [seconds, seconds]
    found = placement.audit(PROBLEM, PLAN, **limits)
    assert found.gap is not None
    assert made[2:] == [seconds]
