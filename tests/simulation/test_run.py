"""Whole simulations: the floor, going on after a stop, executors, and by hand what a bill must be."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import placement
from placement.demand import ScalingPolicy
from placement.errors import UsageError
from placement.simulation import STRATEGIES, Traffic, simulate
from placement.simulation.chunk import _best_plan
from tests.corpus import first, one_by_one
from tests.simulation.worlds import world

if TYPE_CHECKING:
    from pathlib import Path

    from placement.simulation import SimulationProgress

DAY = 144  # steps of ten minutes


@one_by_one(range(30), 3)
def test_nothing_beats_the_floor(seed: int) -> None:
    """No strategy that places all that is wanted, nor the hourly plans; and the floor is worth something."""
    problem, policy, traffic = world(seed, 24)
    result = simulate(problem, policy, traffic)

    assert result.floor is not None
    assert result.hourly is not None
    for outcome in result.strategies:
        if not any(outcome.series["unplaced"]):
            floor = [value * 600 for value in result.hourly.floor]
            assert all(cost >= least for cost, least in zip(outcome.series["cost"], floor, strict=True))
            assert outcome.cost >= result.floor
    for price, floor_price in zip(result.hourly.planned, result.hourly.floor, strict=True):
        assert price is None or price >= floor_price


@pytest.mark.slow
def test_the_floor_is_near_what_can_be_had() -> None:
    """On a plain fleet the cheapest strategy is within half of it: a floor of nothing would prove nothing."""
    result = simulate(*plain(DAY // 2), strategies=["shared"])

    assert result.floor is not None
    assert result.floor <= result.strategies[0].cost <= 1.5 * result.floor


def plain(steps: int = DAY + 20) -> tuple[placement.Problem, ScalingPolicy, Traffic]:
    """Twelve components on two kinds of machines, each busy at its own time of the day."""
    problem = placement.Problem(
        accelerators={"L40S": {"memory_gib": 48}},
        instance_types={
            name: {"accelerator": "L40S", "accelerator_count": n, "vcpus": 16 * n, "memory_gib": 128 * n,
                   "price_per_hour": 2 * n}
            for name, n in (("one", 1), ("four", 4))
        },
        pools=[{"name": name, "instance_type": name, "zone": "z"} for name in ("one", "four")],
        components=[
            {"name": f"m{c}", "copies": 1, "accelerator_memory_gib": 10 + c, "shared": True} for c in range(12)
        ],
    )  # fmt: skip
    clock = np.arange(steps)[:, None] / DAY + np.arange(12)[None, :] / 12
    rates = np.maximum(0, np.rint(40 * np.sin(2 * np.pi * clock))).astype(np.int64) * 1_000_000
    traffic = Traffic(tuple(f"m{c}" for c in range(12)), np.arange(steps, dtype=np.int64) * 600, steps * 600, rates)
    return problem, ScalingPolicy(defaults={"target_value": 10}), traffic


@pytest.mark.parametrize("stop_after", first([1, 3]))
def test_a_resumed_run_is_the_same(tmp_path: Path, stop_after: int) -> None:
    """Stopped in the middle and gone on with, from what stands on disk, to the last digit."""
    problem, policy, traffic = plain(3 * DAY)
    names = ["shared", "first-fit"]
    whole = simulate(problem, policy, traffic, strategies=names, hourly=False).to_document()
    seen: list[SimulationProgress] = []

    def stop(progress: SimulationProgress) -> None:
        seen.append(progress)
        if len(seen) == stop_after:
            raise KeyboardInterrupt

    file = tmp_path / "checkpoint.json"
    with pytest.raises(KeyboardInterrupt):
        simulate(problem, policy, traffic, strategies=names, hourly=False, checkpoint=file, listener=stop)
    assert json.loads(file.read_text())["jobs"]["shared"]["done"] == stop_after
    seen.clear()
    again = simulate(
        problem, policy, traffic, strategies=names, hourly=False, checkpoint=file, resume=True, listener=seen.append
    )
    assert again.to_document() == whole
    assert len(seen) == 6 - stop_after


def test_a_checkpoint_is_good_for_its_inputs_alone(tmp_path: Path) -> None:
    """Other traffic, or nobody said that it is to be used: it is left as it is."""
    problem, policy, traffic = plain(DAY)
    file = tmp_path / "checkpoint.json"
    simulate(problem, policy, traffic, strategies=["shared"], hourly=False, checkpoint=file)
    before = file.read_text()
    with pytest.raises(UsageError, match="go on from it with --resume"):
        simulate(problem, policy, traffic, strategies=["shared"], hourly=False, checkpoint=file)
    with pytest.raises(UsageError, match="is of another problem, policy, traffic or step"):
        simulate(
            problem, policy, traffic.times_factor(2), strategies=["shared"], hourly=False, checkpoint=file, resume=True
        )
    assert file.read_text() == before


@pytest.mark.slow
def test_the_executor_does_not_matter() -> None:
    """Strategies beside one another come to what they come to one by one."""
    problem, policy, traffic = plain(2 * DAY)
    alone = simulate(problem, policy, traffic, hourly=False).to_document()
    with ThreadPoolExecutor(3) as pool:
        beside = simulate(problem, policy, traffic, hourly=False, executor=pool).to_document()

    assert beside == alone


def test_a_bill_by_hand() -> None:
    """One component, two hours of requests and two without: a machine for the hours, and what it waits."""
    problem = placement.Problem(
        accelerators={"L4": {"memory_gib": 24}},
        instance_types={
            "g6": {"accelerator": "L4", "accelerator_count": 1, "vcpus": 8, "memory_gib": 32, "price_per_hour": 3.6}
        },
        pools=[{"name": "a", "instance_type": "g6", "zone": "z"}],
        components=[{"name": "chat", "copies": 1, "accelerator_memory_gib": 20}],
    )
    policy = ScalingPolicy(
        components=[{"name": "chat", "target_value": 10, "load_seconds": 100, "scale_in_after": 600}],
        machines={"start_seconds": 200, "reaction_seconds": 50, "release_after_seconds": 300},
    )
    rates = np.array([0, *([8] * 12), *([0] * 12)], dtype=np.int64)[:, None] * 1_000_000
    traffic = Traffic(("chat",), np.arange(25, dtype=np.int64) * 600, 25 * 600, rates)
    result = simulate(problem, policy, traffic, strategies=["shared", "endpoints-scaled", "endpoints-peak"])

    shared = result.outcome("shared")
    # Ordered at 600 s; requests end at 7800 s and the copy goes at the next look, 8400 s; the machine waits 300 s.
    assert shared.machine_seconds == [8400 + 300 - 600]
    assert shared.cost == round(8100 / 3600 * 3_600_000)
    assert shared.not_served == 8_000_000 * (50 + 200 + 100)
    assert shared.short == [350]
    assert result.to_document()["cold_starts"] == 1
    assert result.floor == 3_600_000 * (12 + 1) * 600 // 3600
    for name in ("endpoints-scaled", "endpoints-peak"):
        assert result.outcome(name).machine_seconds == [25 * 600]
        assert result.outcome(name).not_served == 0


def test_what_is_beyond_the_most_copies_is_lost() -> None:
    """Two copies serve thirty of fifty requests a second, all the time."""
    problem, _, _ = plain(2)
    row = {"name": "m3", "target_value": 10, "capacity_per_copy": 15, "max_capacity": 2}
    policy = ScalingPolicy(defaults={"target_value": 10}, components=[row])
    traffic = Traffic(("m3",), np.array([0]), 6 * 600, np.array([[50_000_000]]))
    (outcome,) = simulate(problem, policy, traffic, strategies=["shared"], hourly=False).strategies

    assert outcome.not_served == 20_000_000 * 6 * 600
    assert outcome.short[3] == 6 * 600
    assert sum(outcome.short) == outcome.short[3]


def test_strategies_by_name() -> None:
    """One that there is not is told with the nearest."""
    with pytest.raises(UsageError, match='no strategy "shard"; did you mean "shared"'):
        simulate(*plain(2), strategies=["shard"])
    assert next(iter(STRATEGIES)) == "shared"


def test_traffic_of_nobody_is_refused() -> None:
    """Its name, and the nearest that there is."""
    problem, policy, traffic = plain(2)
    odd = Traffic(("m0", "m99"), traffic.times, traffic.end, traffic.rates[:, :2])
    with pytest.raises(UsageError, match='traffic of "m99", which is no component'):
        simulate(problem, policy, odd)


def test_an_interrupted_solve_ends_the_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    """It hands out a plan, from which hours of simulation went on."""
    from placement.simulation import chunk, hours

    def stopped(*given: Any, **keys: Any) -> placement.Result:
        calls.append(given)
        return replace(placement.solve(*given, **keys), asked_to_stop=True)

    calls = list[Any]()
    problem = placement.read("instances/traffic/problem.yaml")
    for module in (chunk, hours):
        monkeypatch.setattr(module, "solve", stopped)
    with pytest.raises(KeyboardInterrupt):
        _best_plan(problem, exactly=True)
    task = hours.HourTask(problem, 3600, 0, np.ones((5, len(problem.components)), dtype=np.int64))
    with pytest.raises(KeyboardInterrupt):
        hours.plan_hours(task)
    assert len(calls) == 2


@pytest.mark.slow
def test_hours_of_some_hundred_copies_are_planned_well() -> None:
    """Above 200 copies a first fit stood for the plan of an hour: a tenth to a fifth dearer than there is."""
    from placement.simulation import hours

    machines = {"vcpus": 8, "memory_gib": 32}
    problem = placement.Problem(
        accelerators={"A": {"memory_gib": 24}, "B": {"memory_gib": 80}},
        instance_types={
            "a": {"accelerator": "A", "accelerator_count": 1, **machines, "price_per_hour": 1},
            "b": {"accelerator": "B", "accelerator_count": 8, **machines, "price_per_hour": 20},
        },
        pools=[{"name": kind, "instance_type": kind, "zone": "z"} for kind in "ab"],
        components=[
            {"name": f"c{gib}", "copies": 60, "accelerator_memory_gib": gib, "shared": True} for gib in (9, 13, 17, 21)
        ],
    )
    found = hours.plan_hours(hours.HourTask(problem, 3600, 0, np.array([[51] * 4])))
    assert found.planned == found.floor == [100_000_000]
