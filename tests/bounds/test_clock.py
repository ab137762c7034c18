"""What the instant bounds say when time ends while they count: less, and never more than is true."""

from __future__ import annotations

import random

import pytest

from placement.bounds.infeasible import why_infeasible
from placement.bounds.volume import lagrangian, measures_of, modes_of, volume_bound
from placement.compiled.alike_pools import alike_pools
from placement.compiled.fleet import compile_fleet
from placement.documents import Problem
from placement.reductions.volume_aggregation import VolumeAggregation
from placement.solving.budget import Budget
from placement_bench.sets import limits
from tests.strategies import random_problem


class Ending(Budget):
    """A budget that is over once it has been asked so often."""

    def __init__(self, asked: int) -> None:
        """`asked` times it says that there is time."""
        super().__init__()
        self.asked = asked

    def over(self) -> bool:
        """Whether it has been asked often enough."""
        self.asked -= 1
        return self.asked < 0

    def left(self) -> float:
        """All or nothing."""
        return 0.0 if self.asked < 0 else 1e6


@pytest.mark.parametrize("asked", [0, 1, 5, 20, 10_000])
def test_a_volume_bound_cut_short_is_lower(asked: int) -> None:
    for seed in range(12):
        fleet = compile_fleet(Problem(**random_problem(random.Random(seed))))
        whole = volume_bound(fleet)
        assert 0 <= volume_bound(fleet, budget=Ending(asked)) <= whole
        if asked == 10_000:
            assert volume_bound(fleet, budget=Ending(asked)) == whole


def test_counting_ends_with_the_budget() -> None:
    """One look for each component, and none after the last."""
    fleet = compile_fleet(Problem(**limits.pools(60)))
    budget = Ending(7)
    assert why_infeasible(fleet, budget) is None
    assert budget.asked == -1


@pytest.mark.slow
def test_alike_pools_and_components_as_one_have_the_bound_of_all() -> None:
    """For the same prices of measures, to the micro-dollar."""
    for name, document in (("pools", limits.pools(90)), ("options", limits.options(30)), ("zones", limits.zones(40))):
        document["pools"][0]["min_instances"] = 2
        fleet = compile_fleet(Problem(**document))
        small = VolumeAggregation.of(fleet).fleet
        assert (len(small.pools), len(small.components)) < (len(fleet.pools), len(fleet.components)), name
        rng = random.Random(name)
        few = [measures_of(small, pool.index) for pool in small.pools]
        prices = {
            (p, m): rng.randrange(2**24) for p, device_classes in enumerate(few) for m in range(len(device_classes))
        }
        groups = {p: k for k, group in enumerate(alike_pools(fleet)) for p in group}
        many = [few[groups[p]] for p in range(len(fleet.pools))]
        all_prices = {(p, m): prices[groups[p], m] for p in range(len(fleet.pools)) for m in range(len(few[groups[p]]))}
        assert lagrangian(small, few, modes_of(small, few), prices) == lagrangian(
            fleet, many, modes_of(fleet, many), all_prices
        ), name
