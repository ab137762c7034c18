"""Counts packed pool by pool: what is packed keeps every rule, and what is said to be lacking is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.heuristics.check import is_complete
from placement.heuristics.workspace import Workspace
from placement.patterns.counts.bound import CountBound
from placement.patterns.counts.model import CountModel
from placement.patterns.counts.pools import PoolPacking
from placement.patterns.counts.program import Counts, Merging
from placement.patterns.counts.search import CountSearch
from placement.patterns.formulation import Relaxation, relax
from placement.solving.budget import Budget
from placement_bench.generators.demand_fleets import fleet as demand_fleet
from tests.corpus import one_by_one
from tests.heuristics.invariants import check_invariants

if TYPE_CHECKING:
    from collections.abc import Sequence

WORK = 10


def found(family: str, seed: int) -> tuple[Relaxation, CountSearch]:
    """A search that has counts."""
    relaxation = relax(compile_fleet(Problem(**demand_fleet(family, 4, seed))))
    bound = CountBound(relaxation)
    bound.run(Budget(work=WORK))
    search = CountSearch(PoolPacking(relaxation), frozenset(bound.choices), math.inf)
    search.run(Budget(work=WORK))
    return relaxation, search


@one_by_one(range(1, 4), 1)
@pytest.mark.parametrize("family", ["shared", "zoned"])
def test_machines_of_counts_are_a_plan_of_their_price(family: str, seed: int) -> None:
    """With every rule of the fleet, also those over zones, and as many machines as were counted."""
    relaxation, search = found(family, seed)
    assert search.counts is not None
    packing = PoolPacking(relaxation).packing(search.counts, Budget(work=WORK))
    assert packing is not None
    workspace = Workspace(relaxation.fleet)
    assert workspace.load(packing)
    check_invariants(workspace)
    assert is_complete(workspace)
    model = CountModel(relaxation, Merging.none(relaxation.fleet))
    assert workspace.ticks() <= relaxation.fleet.tick_price * model.price(search.counts)


def on_one_pool(machines: int, *rows: tuple[float, int]) -> tuple[Relaxation, Counts]:
    """So many machines with two accelerators of 10 GiB; components that share them: GiB of a copy, and copies."""
    components = [
        {
            "name": f"c{k}",
            "copies": copies,
            "options": [
                {
                    "accelerators": 1,
                    "shared": True,
                    "accelerator_memory_gib": memory,
                    "vcpus": 1,
                    "memory_gib": 1,
                }
            ],
        }
        for k, (memory, copies) in enumerate(rows)
    ]
    instance_type = {
        "accelerator": "a",
        "accelerator_count": 2,
        "vcpus": 64,
        "memory_gib": 64,
        "price_per_hour": 1,
    }
    problem = Problem(
        format="placement/v1",
        name="pool",
        accelerators={"a": {"memory_gib": 10}},
        instance_types={"t": instance_type},
        pools=[{"name": "p", "instance_type": "t", "zone": "z", "max_instances": 5}],
        components=components,
    )
    relaxation = relax(compile_fleet(problem))
    return relaxation, Counts((machines,), tuple(rows[mode.component][1] for mode in relaxation.modes))


@pytest.mark.parametrize(("copies", "machines", "short"), [(4, 2, 0), (5, 2, 1), (7, 2, 3), (4, 4, 0)])
def test_accelerators_that_are_lacking(copies: int, machines: int, short: int) -> None:
    """Copies of 6 of 10 GiB: one on each accelerator, whatever they weigh together."""
    relaxation, counts = on_one_pool(machines, (6, copies))
    pools, budget = PoolPacking(relaxation), Budget(work=WORK)
    assert pools.lacking(counts, budget) == ({0: short} if short else {})
    assert (pools.packing(counts, budget) is None) == bool(short)


def test_counts_that_keep_all_inequalities_may_have_no_packing() -> None:
    """Of 20 GiB they take 19.9, but no two of them stand together."""
    relaxation, counts = on_one_pool(1, (7, 2), (5.9, 1))
    model = CountModel(relaxation, Merging.none(relaxation.fleet))
    assert model.program().machines_for(counts) == counts
    assert PoolPacking(relaxation).lacking(counts, Budget(work=WORK)) == {0: 1}


def copies_on(relaxation: Relaxation, copies: Sequence[int], pool: int) -> int:
    """How many stand on a pool."""
    return sum(n for mode, n in zip(relaxation.modes, copies, strict=True) if mode.pool == pool)


def test_a_machine_above_a_quota_costs_more() -> None:
    """So a search may begin with too many; its counts are then none yet."""
    relaxation, counts = on_one_pool(6, (6, 11))
    model = CountModel(relaxation, Merging.none(relaxation.fleet), over_quota=4.0)
    assert model.excess(counts) == [1]
    assert model.price(counts) == (6 + 4) * 1_000_000
    program = model.program()
    more = program.machines_for(counts)
    assert more is not None
    answer = program.find(Budget(work=WORK), more, frozenset({0})).counts
    assert answer is not None
    assert copies_on(relaxation, answer.copies, 0) == 11
    search = CountSearch(PoolPacking(relaxation), frozenset({(0, 0, 0)}), math.inf)
    search.run(Budget(work=WORK))
    assert search.counts is None


def test_solutions_are_told_of_as_they_are_found() -> None:
    """By the program of all components, from counts that are too dear; the last is the answer."""
    relaxation, counts = on_one_pool(5, (3, 6))
    search = CountSearch(PoolPacking(relaxation), frozenset({(0, 0, 0)}), math.inf)
    search.run(Budget(work=WORK))
    best = search.counts
    assert best is not None
    assert best.machines == (1,)
    dear = CountSearch(PoolPacking(relaxation), frozenset({(0, 0, 0)}), math.inf)
    dear.take(counts)
    told: list[Counts] = []
    answer = dear.whole(Budget(work=WORK), told.append)()
    assert answer.counts == best
    assert told[-1] == best
