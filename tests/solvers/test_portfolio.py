"""The turns of `auto`, and the search beside them."""

from __future__ import annotations

import os
import random
import sys
import threading
from functools import wraps
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement import Problem, Status
from placement.parallel.parameters import PARALLEL
from placement.parallel.thread import BackgroundSearch, may_search_in_background
from placement.referee import verify
from placement.solving.budget import Budget
from placement.solving.result import Outcome, Stop
from tests import brute, strategies
from tests.corpus import seeds

if TYPE_CHECKING:
    from tests.parameters import Change
    from tests.reading import Doc


def test_a_second_core_is_needed_and_no_limit_on_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a work limit the answer must not depend on which thread is faster."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    assert may_search_in_background(Budget(10.0))
    assert not may_search_in_background(Budget(10.0, work=5))
    assert not may_search_in_background(Budget(10.0, threads=1))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    assert not may_search_in_background(Budget(10.0))


def test_no_turn_is_begun_whose_engine_can_not_be_loaded_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The heuristics have a plan, nothing is proven, and the time is why it stopped."""
    asked: list[str] = []

    def no(library: str, _: Budget) -> bool:
        asked.append(library)
        return False

    monkeypatch.setattr("placement.solvers.portfolio.can_load", no)
    result = placement.solve(placement.read("instances/codegen-before.yaml"), time_limit=None)
    assert (result.status, result.stop, result.bound) == (Status.FEASIBLE, Stop.TIME, None)
    assert set(asked) == {"highspy", "ortools", "pulp"}


def test_what_is_raised_beside_is_raised_at_the_end() -> None:
    """And not lost in a thread."""

    def fails() -> Outcome:
        raise ZeroDivisionError("planted")

    with pytest.raises(ZeroDivisionError, match="planted"):
        BackgroundSearch(fails, Budget()).end()


def test_a_search_beside_that_does_not_end_is_not_waited_for(parameters: Change) -> None:
    """Once its time is over."""
    parameters(PARALLEL.thread, late=0.0)
    may_end = threading.Event()

    def forgetful() -> Outcome:
        may_end.wait(60)
        return Outcome("forgetful", Stop.DONE)

    search = BackgroundSearch(forgetful, Budget(0.0))
    assert search.end() is None
    may_end.set()


def test_threads_take_short_turns_while_a_search_is_in_the_background() -> None:
    """Of two such searches the last one puts the interpreter's setting back, also when it fails."""
    for thread in threading.enumerate():  # of tests before
        if thread.name.endswith("-beside"):
            thread.join()
    before, may_end, seen = sys.getswitchinterval(), threading.Event(), []

    def waits() -> Outcome:
        seen.append(sys.getswitchinterval())
        may_end.wait(60)
        return Outcome("waits", Stop.DONE)

    def fails() -> Outcome:
        seen.append(sys.getswitchinterval())
        raise ZeroDivisionError("planted")

    first = BackgroundSearch(waits, Budget())
    with pytest.raises(ZeroDivisionError, match="planted"):
        BackgroundSearch(fails, Budget()).end()
    assert not first.ended
    assert sys.getswitchinterval() < before
    may_end.set()
    first.end()
    assert sys.getswitchinterval() == before
    assert len(seen) == 2
    assert all(turn < before for turn in seen)


@pytest.mark.parametrize("cores", [{0}, {0, 1}])
@seeds(range(40), 4)
def test_auto_is_right_with_and_without_a_second_core(
    seeds: range, monkeypatch: pytest.MonkeyPatch, cores: set[int]
) -> None:
    """Plans keep every rule and the bound is below the optimum, whoever finds what first."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: cores, raising=False)
    proven = 0
    for seed in seeds:
        document = strategies.random_problem(random.Random(seed))
        if brute.too_big(document):
            continue
        problem, best = Problem(**document), brute.cheapest(document)
        result = placement.solve(problem, time_limit=20.0)
        if best is None:
            assert result.packing is None
            continue
        assert not verify(problem, result.plan).violations
        assert result.bound is not None
        assert result.cost is not None
        if result.status is Status.OPTIMAL:
            proven += 1
            assert result.cost == best.account.cost
    assert proven > 10 * len(seeds) / 40


@pytest.mark.parametrize(("terms", "first"), [(5_000, "cp-sat"), (0, "demand")])
def test_cp_sat_is_asked_before_demand_where_the_direct_model_is_very_small(
    terms: int, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It proves in seconds what `demand`, which has most of the time, leaves open."""
    from placement.solvers.registry import Solver

    asked: list[str] = []

    def run(self: Solver, *_: Any, **__: Any) -> Outcome:
        asked.append(self.name)
        return Outcome(self.name, Stop.STUCK)

    problem = placement.read("instances/kubernetes-mixed-gpus.yaml")
    plan = placement.solve(problem, "greedy", work=1).plan
    monkeypatch.setattr(Solver, "run", run)
    placement.solve(problem, hint=plan, work=1, options={"direct_terms_demand": terms})
    assert next(name for name in asked if name in ("cp-sat", "demand")) == first


def test_the_search_beside_does_its_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the mixed-integer program planted to fail, `auto` fails: it does run."""
    from placement.solvers.registry import Solver

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    load = Solver.load

    def planted(self: Solver) -> Any:
        if self.name == "milp":
            raise ZeroDivisionError("planted")
        return load(self)

    monkeypatch.setattr(Solver, "load", planted)
    with pytest.raises(ZeroDivisionError, match="planted"):
        placement.solve(placement.read("instances/codegen-after.yaml"), time_limit=20.0)


@pytest.mark.slow
@seeds(range(10), 3)
def test_no_plan_of_greedy_is_missed(seeds: range, monkeypatch: pytest.MonkeyPatch) -> None:
    """With searches after it planted to find nothing, `auto` is as good as `greedy` with all of its restarts."""
    from placement.solvers.registry import Solver

    load, idle = Solver.load, Outcome("idle", Stop.DONE)

    def planted(self: Solver) -> Any:
        real = load(self)
        return real if self.name in ("auto", "best-fit", "ffd", "greedy") else wraps(real)(lambda *_, **__: idle)

    monkeypatch.setattr(Solver, "load", planted)
    for seed in seeds:
        problem = Problem(**_unlike_machines(random.Random(seed)))
        greedy = placement.solve(problem, "greedy", work=10)  # more than all of them take
        auto = placement.solve(problem, "auto", work=25)
        assert auto.cost is not None
        assert greedy.cost is not None
        assert auto.cost <= greedy.cost


def _unlike_machines(dice: random.Random) -> Doc:
    """Where it takes greedy's last restarts to find the best of its plans, now and then."""
    machines = {"a8": ("A", 8, 96, 768, 30.0), "a1": ("A", 1, 12, 96, 4.5)}
    machines |= {"b4": ("B", 4, 48, 192, 6.0), "b1": ("B", 1, 16, 64, 1.7)}
    keys = ("accelerator", "accelerator_count", "vcpus", "memory_gib", "price_per_hour")
    components = [
        {
            "name": f"c{c}",
            "accelerators": 1,
            "accelerator_memory_gib": dice.choice([3, 5, 7, 11, 17, 23, 37]),
            "shared": True,
            "vcpus": dice.randint(1, 15),
            "memory_gib": dice.randint(2, 60),
            "copies": dice.randint(1, 12),
        }
        for c in range(16)
    ]
    return {
        "format": "placement/v1",
        "accelerators": {"A": {"memory_gib": 80}, "B": {"memory_gib": 24}},
        "instance_types": {name: dict(zip(keys, machine, strict=True)) for name, machine in machines.items()},
        "pools": [{"name": name, "instance_type": name, "zone": "z"} for name in machines],
        "components": components,
    }


@pytest.mark.parametrize("solver", ["auto", "column-generation", "cp-sat", "decomposition", "milp"])
def test_machines_that_must_stay_beyond_a_quota_leave_no_plan(solver: str) -> None:
    """Every solver that proves says so; none hands on a plan that `verify` refuses."""
    problem = Problem(
        format="placement/v1",
        accelerators={"A": {"memory_gib": 16}},
        instance_types={
            "t": {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 64, "price_per_hour": 2.5}
        },
        pools=[
            {"name": "free", "instance_type": "t", "zone": "z1"},
            {"name": "full", "instance_type": "t", "zone": "z2", "max_instances": 0},
        ],
        components=[{"name": "c", "accelerators": 1, "accelerator_memory_gib": 3, "shared": True, "copies": 3}],
        instances=[{"id": "i-0", "pool": "full", "removable": False, "state": "cordoned"}],
    )
    result = placement.solve(problem, solver, time_limit=20.0)
    assert (result.status, result.packing) == (Status.INFEASIBLE, None)
