"""The waterfall: every step is a simulation of its own, and what is saved adds up."""

from __future__ import annotations

import pytest

import placement
from placement.demand import ScalingPolicy, compile_rules, read_scaling
from placement.simulation import STRATEGIES, Traffic, read_traffic, simulate
from placement.simulation.fleets import one_type_each
from placement.simulation.outcome import NAMES, folds, waterfall
from tests.report.plans import INSTANCES
from tests.simulation.test_run import plain


@pytest.mark.slow
def test_steps_add_up() -> None:
    """From the first cost, less all that is saved, to the last; endpoints for the peak are the dearest here."""
    problem, policy, traffic = plain(80)
    result = simulate(problem, policy, traffic, strategies=list(NAMES), hourly=False)
    steps = waterfall(result)

    assert [step.strategy for step in steps] == list(NAMES)
    assert steps[0].cost - sum(step.saved for step in steps[1:]) == steps[-1].cost
    assert [step.cost for step in steps] == [result.outcome(name).cost for name in NAMES]
    assert steps[0].saved == 0
    assert steps[0].cost == max(step.cost for step in steps)
    many = folds(steps)
    assert many is not None
    assert many > 2
    # Twelve components of a quarter of an accelerator: sharing accelerators must save.
    assert next(step for step in steps if step.idea == "accelerators too").saved > 0


@pytest.mark.slow
def test_whole_accelerators_are_whole() -> None:
    """Until accelerators are shared there are no more copies than accelerators in use."""
    problem, policy, traffic = plain(40)
    result = simulate(problem, policy, traffic, strategies=list(NAMES), hourly=False)
    for name in NAMES:
        series = result.outcome(name).series
        whole = all(n == used for n, used in zip(series["copies"], series["accelerators_used"], strict=True))
        assert whole == STRATEGIES[name].whole


def test_an_endpoint_keeps_to_the_type_that_costs_it_least() -> None:
    """One copy is cheapest on a small machine, four on a large one; what fits on one type alone stays there."""
    problem = placement.Problem(
        accelerators={"L4": {"memory_gib": 24}, "H100": {"memory_gib": 80}},
        instance_types={
            name: {"accelerator": kind, "accelerator_count": n, "vcpus": 32, "memory_gib": 99, "price_per_hour": price}
            for name, kind, n, price in (("one", "L4", 1, 2), ("four", "L4", 4, 7), ("big", "H100", 1, 9))
        },
        pools=[
            {"name": "a", "instance_type": "one", "zone": "x"},
            {"name": "b", "instance_type": "four", "zone": "x", "max_instances": 0},  # quotas are of the whole fleet
            {"name": "c", "instance_type": "big", "zone": "x"},
        ],
        components=[
            {"name": "few", "copies": 1, "accelerator_memory_gib": 9, "shared": True},
            {"name": "many", "copies": 1, "accelerator_memory_gib": 9, "shared": True},
            {"name": "large", "copies": 1, "options": [
                {"accelerator_memory_gib": 60, "on": ["H100"]},
                {"accelerator_memory_gib": 20, "accelerators": 4, "instance_types": ["one"]},
            ]},
            {"name": "apart", "copies": 1, "accelerator_memory_gib": 9, "spread": {"max_per_instance": 1}},
        ],
    )  # fmt: skip
    policy = ScalingPolicy(defaults={"target_value": 1})
    rules = compile_rules(problem, policy)
    held = one_type_each(problem, rules, policy.machines, [1, 4, 2, 4])

    assert [[option.instance_types for option in row.modes] for row in held.components] == [
        [("one",)], [("four",)], [("big",)], [("one",)]
    ]  # fmt: skip
    assert held.pools == problem.pools


@pytest.mark.slow
def test_codegen_begins_and_goes_on_where_proven_plans_are() -> None:
    """Endpoints for the peak cost what codegen-before is proven at, the shared mixed fleet what codegen-after is."""
    folder = INSTANCES / "codegen-week"
    problem, policy = placement.read(folder / "problem.yaml"), read_scaling(folder / "policy.yaml")
    traffic = read_traffic(folder / "rates.csv")
    whole = traffic.rates.max(axis=0, keepdims=True)  # the highest rates, all the time
    peak = Traffic(traffic.components, traffic.times[:1], 3600, whole)
    result = simulate(problem, policy, peak, strategies=["one-type-peak", "one-type-packed", "mixed-peak"])
    prices = {row.strategy.name: row.cost for row in result.strategies}

    assert prices == {"one-type-peak": 681_750_000, "one-type-packed": 126_250_000, "mixed-peak": 123_290_000}
    assert result.floor is not None
    assert 75_750_000 <= result.floor <= 123_290_000
