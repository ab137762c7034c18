"""How large direct models and relaxations would be, counted without looking at every pool for each option."""

from __future__ import annotations

import random
from typing import Any

import pytest

from placement.compiled.fleet import Fleet, compile_fleet
from placement.direct.slots import direct_terms, most_new_machines
from placement.documents import Problem
from placement.patterns.size import may_build
from placement.solvers.column_generation.solve import solve_column_generation
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from placement.solving.result import Stop
from placement_bench.sets import limits
from tests.strategies import random_problem


def plainly(fleet: Fleet) -> tuple[list[int], int]:
    """Copies that may run on each pool, within its quota, and terms with one new machine of each pool."""
    most, terms = [], 0
    for pool in fleet.pools:
        limit = sum(c.copies for c in fleet.components if any(pool.index in o.pools for o in c.options))
        if pool.max_instances is not None:
            limit = min(limit, pool.max_instances - len(fleet.forced(pool.index)))
        most.append(max(0, limit))
        options = [o for c in fleet.components for o in c.options if pool.index in o.pools]
        machines = 1 + sum(i.pool == pool.index for i in fleet.instances)
        terms += machines * sum(6 + (3 * pool.shape.accelerators if o.shared else 0) for o in options)
    return most, terms


def test_counts_are_those_of_each_pool_by_itself() -> None:
    for seed in range(60):
        fleet = compile_fleet(Problem(**random_problem(random.Random(seed))))
        most, terms = plainly(fleet)
        assert most_new_machines(fleet) == most
        assert direct_terms(fleet, [1] * len(fleet.pools)) == terms


@pytest.mark.parametrize(
    ("commitment", "most"),
    [({}, [3, 2]), ({"pools": ["a"], "instances": 2}, [5, 2]), ({"pools": ["b"], "price_per_hour": 4}, [3, 3])],
)
def test_what_a_commitment_pays_buys_machines_too(commitment: dict[str, Any], most: list[int]) -> None:
    """Six dollars buy three machines of 2 or two of 3; with four more, five or three, of its own pools alone."""
    problem = Problem(
        instance_types={"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 2}},
        pools=[
            {"name": "a", "instance_type": "t", "zone": "z"},
            {"name": "b", "instance_type": "t", "zone": "z", "price_per_hour": 3},
        ],
        components=[{"name": "c", "copies": 9, "accelerators": 0}],
        commitments=[{"name": "k", **commitment}] if commitment else [],
    )
    fleet = compile_fleet(problem)
    assert most_new_machines(fleet, 6_000_000 * fleet.tick_price) == most


class NoTime(Budget):
    """Time for what is quick, and not for what is slow: 0.1 s are always left."""

    def left(self) -> float:
        """Just so much."""
        return 0.1

    def share(self, fraction: float = 1.0, *, work: float | None = None, **_: Any) -> Budget:
        """As the whole, with that limit on work."""
        part = NoTime(work=work)
        part._interrupt = self._interrupt
        return part


@pytest.mark.slow
def test_a_relaxation_that_would_not_be_there_in_time_is_not_begun() -> None:
    fleet = compile_fleet(Problem(**limits.pools_components(300, 50)))
    assert may_build(fleet, Budget())
    assert may_build(fleet, Budget(60))
    assert not may_build(fleet, NoTime())
    incumbent = Incumbent(fleet, Budget())
    budget = NoTime(work=1)
    outcome = solve_column_generation(Solve(fleet, incumbent, budget))
    assert outcome.stop is Stop.DONE
    assert "columns" not in outcome.stats
    assert incumbent.best is not None
