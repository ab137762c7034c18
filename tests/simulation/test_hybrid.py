"""Alone or shared: figures against what is enumerated, rules, and the break-even."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest

import placement
from placement.demand import ScalingPolicy
from placement.errors import UsageError
from placement.simulation import STRATEGIES, Traffic, simulate
from placement.simulation.chunk import play
from placement.simulation.fleets import of_one, with_copies
from placement.simulation.hybrid import HybridRules, HybridSearch, break_even, find_hybrid, rents
from placement.simulation.machines import HOUR
from placement.simulation.setup import SimulationSetup
from placement.units import micro_dollars
from tests.simulation.test_run import plain

if TYPE_CHECKING:
    from placement.documents import Problem
    from placement.simulation.chunk import StrategyTask


def four() -> SimulationSetup:
    """Two that fill machines by themselves all day, two that are small and rare."""
    problem = placement.Problem(
        accelerators={"L40S": {"memory_gib": 48}},
        instance_types={
            "one": {"accelerator": "L40S", "accelerator_count": 1, "vcpus": 16, "memory_gib": 128, "price_per_hour": 2}
        },
        pools=[{"name": "one", "instance_type": "one", "zone": "z"}],
        components=[
            {"name": name, "copies": 1, "accelerator_memory_gib": size, "shared": True}
            for name, size in (("full", 48), ("half", 24), ("tiny", 5), ("rare", 9))
        ],
    )
    rates = np.zeros((72, 4), dtype=np.int64)
    rates[:, 0], rates[:, 1] = 20_000_000, 38_000_000
    rates[10:40, 2], rates[30:34, 3] = 3_000_000, 4_000_000
    traffic = Traffic(("full", "half", "tiny", "rare"), np.arange(72, dtype=np.int64) * 600, 72 * 600, rates)
    policy = ScalingPolicy(defaults={"target_value": 10})
    return SimulationSetup.of(problem, policy, traffic, every=600, until=None, seed=0)


def test_each_figure_is_one_that_is_played() -> None:
    """Alone: each component's own simulation; shared: that of all; and parts of the bill add up to it."""
    setup = four()
    found = find_hybrid(setup, HybridRules())
    shared = simulate(setup.problem, setup.policy, setup.traffic, strategies=["shared"])
    assert found.all_shared == shared.outcome("shared").cost
    assert found.floor == shared.floor
    assert sum(row.shared or 0 for row in found.components) == found.all_shared
    for c, row in enumerate(found.components):
        mine = Traffic((row.name,), setup.traffic.times, setup.traffic.end, setup.traffic.rates[:, c : c + 1])
        alone = simulate(
            of_one(setup.problem, c), setup.policy.only(row.name), mine, strategies=["shared"], hourly=False
        )
        assert alone.outcome("shared").cost == row.alone
    assert found.best <= found.all_shared


@pytest.mark.slow
def test_the_best_of_all_sets_is_found_where_few_are() -> None:
    """Four components have sixteen sets: with plays for all of the candidates', none is cheaper by much."""
    setup = four()
    found = find_hybrid(setup, HybridRules(plays=16))
    names = [component.name for component in setup.problem.components]
    costs = {}
    for size in range(5):
        for apart in combinations(names, size):
            task = find_task(setup, frozenset(apart))
            costs[apart] = round(sum(play(task, None).series["cost"]) / HOUR)
    assert found.best == costs[found.apart]
    assert found.best <= 1.02 * min(costs.values())
    assert dict(found.plays).items() <= costs.items()


def find_task(setup: SimulationSetup, apart: frozenset[str]) -> StrategyTask:
    """The whole simulation of a set as one task."""
    task = setup.task(replace(STRATEGIES["shared"], alone=apart), 0)
    return replace(task, most=setup.wanted.max(axis=0), wanted=setup.wanted, rates=setup.rates, woken=setup.woken)


def test_a_set_is_changed_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no prefix of the candidates is best, a change of one that saves is kept, and the next starts from it."""
    search = HybridSearch(four(), HybridRules(plays=12), None, lambda _: None)
    best = frozenset({"half", "rare"})

    def play(sets: list[frozenset[str]]) -> list[int]:
        for apart in sets:
            search.costs[apart] = 100 + len(apart ^ best)
        return [search.costs[apart] for apart in sets]

    monkeypatch.setattr(search, "play", play)
    # In order of what they cost alone against their part: full, half, tiny, rare; all are candidates.
    assert search.best_set([10, 11, 12, 13], [20, 20, 20, 20]) == best
    assert len(search.costs) <= 12


def test_rules_are_kept() -> None:
    """Who must be alone is, in every fleet that is played; who must share does."""
    found = find_hybrid(four(), HybridRules(alone=frozenset({"tiny"}), share=frozenset({"full"})))

    assert "tiny" in found.apart
    assert "full" not in found.apart
    assert all("full" not in names for names, _ in found.plays)
    assert all("tiny" in names for names, _ in found.plays if names)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (HybridRules(alone=frozenset({"fall"})), '"fall" is no component of the problem; did you mean "full"'),
        (HybridRules(frozenset({"half"}), frozenset({"half"})), '"half" is to be alone and to share'),
    ],
)
def test_rules_that_mean_nothing(rules: HybridRules, said: str) -> None:
    """Told with the name."""
    with pytest.raises(UsageError, match=said):
        find_hybrid(four(), rules)


def solved(problem: Problem, c: int, copies: int) -> int:
    """The least rent of copies of one component, proven."""
    counts = [copies if k == c else 0 for k in range(len(problem.components))]
    result = placement.solve(with_copies(problem, counts), "cp-sat", time_limit=None, work=10)
    assert result.plan.status == "optimal"
    return micro_dollars(result.plan.price_per_hour or 0)


@pytest.mark.slow
def test_rents_alone_are_the_least() -> None:
    """The knapsack against the direct model, copy by copy."""
    problem, _, _ = plain(2)
    least = rents(problem, 9)
    for c in (0, 5, 11):
        row = least[c]
        assert row is not None
        assert row == [0, *(solved(problem, c, copies) for copies in range(1, 10))]


def test_what_each_fleet_loses_is_told() -> None:
    """One machine for three copies: two have room when shared, and each component alone loses its own part."""
    machine = {"accelerator": "L4", "accelerator_count": 2, "vcpus": 48, "memory_gib": 192, "price_per_hour": 4}
    problem = placement.Problem(
        accelerators={"L4": {"memory_gib": 22}},
        instance_types={"g6": machine},
        pools=[{"name": "a", "instance_type": "g6", "zone": "z", "max_instances": 1}],
        components=[{"name": name, "copies": 1, "accelerator_memory_gib": 10} for name in ("m1", "m2")],
    )
    rates = np.full((6, 2), (10_000_000, 20_000_000), dtype=np.int64)
    traffic = Traffic(("m1", "m2"), np.arange(6, dtype=np.int64) * 600, 3600, rates)
    setup = SimulationSetup.of(
        problem, ScalingPolicy(defaults={"target_value": 10}), traffic, every=600, until=None, seed=0
    )
    found = find_hybrid(setup, HybridRules())
    assert found.lost == pytest.approx((0, 1 / 3, 1 / 3))
    shared = simulate(problem, setup.policy, traffic, strategies=["shared"], hourly=False).outcome("shared")
    assert found.lost[1] == pytest.approx(shared.not_served / shared.requested)
    assert found.to_document()["unserved_share"]["hybrid"] == found.lost[2]


def test_a_number_at_the_end_of_the_list_is_not_even() -> None:
    """Four copies fill a machine, alone as shared: even at 4, 8, ... copies, and at no rate from there on."""
    machine = {"accelerator": "L4", "accelerator_count": 4, "vcpus": 48, "memory_gib": 192, "price_per_hour": 4}
    problem = placement.Problem(
        accelerators={"L4": {"memory_gib": 22}},
        instance_types={"g6": machine},
        pools=[{"name": "a", "instance_type": "g6", "zone": "z"}],
        components=[{"name": name, "copies": 1, "accelerator_memory_gib": 10} for name in ("m1", "m2")],
    )
    rates = np.full((6, 2), 20_000_000, dtype=np.int64)
    traffic = Traffic(("m1", "m2"), np.arange(6, dtype=np.int64) * 600, 3600, rates)
    setup = SimulationSetup.of(
        problem, ScalingPolicy(defaults={"target_value": 10}), traffic, every=600, until=None, seed=0
    )
    assert [row.break_even for row in find_hybrid(setup, HybridRules()).components] == [None, None]


def test_break_even_is_where_whole_machines_are_filled() -> None:
    """At three dollars for two copies a price of 1.5 each is met by even numbers, and by all only with a margin."""
    least = [0, 3, 3, 6, 6, 9, 9]

    assert break_even(least, 1.5) == 6
    assert break_even(least, 2.0) == 2
    assert break_even(least, 1.4) is None
