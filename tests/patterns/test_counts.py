"""The count program: every plan is one of its solutions, so its bound is one of all plans; enumeration agrees."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from placement import Problem, solve
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import machine_price
from placement.compiled.translate import from_plan
from placement.patterns.counts.bound import CountBound
from placement.patterns.counts.model import CountModel
from placement.patterns.counts.pools import PoolPacking
from placement.patterns.counts.program import Merging, everything
from placement.patterns.counts.search import CountSearch
from placement.patterns.counts.weights import PoolFit, first_weights
from placement.patterns.covering import any_domain
from placement.patterns.formulation import relax
from placement.recheck_program import read_program
from placement.solving.budget import Budget
from placement_bench.generators.demand_fleets import fleet as demand_fleet
from tests import brute, strategies
from tests.corpus import one_by_one, plans, seeds

if TYPE_CHECKING:
    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Packing


def is_solution(bound: CountBound, packing: Packing) -> bool:
    """Whether a plan's counts keep every row of the program, recounted in whole numbers by the checker's reader."""
    bound.begin_at(packing)
    assert bound.counts is not None
    program = bound.program()
    values = [round(value) for value in program.start_at(*bound.counts)]
    machines = len(bound.counts.machines)
    if values[:machines] != list(bound.counts.machines):
        return False  # a row asks for more machines than the plan has
    written = read_program(program.to_mps(program.most_rent))
    written.columns = dict.fromkeys(written.columns, (0, 2**60))  # of plans worth having: that is the next test
    return written.kept({f"x{k}": n for k, n in enumerate(values)})


@pytest.mark.parametrize("anywhere", [False, True])
@seeds(range(600), 25)
def test_every_plan_is_a_solution(seeds: range, anywhere: bool) -> None:
    """Rules over zones, dedicated components, running machines; with inequalities from prices, too."""
    seen = zoned = priced = 0
    for seed, _, fleet, packing in plans(seeds):
        if fleet.levels:
            continue  # plans that leave out other copies than these: see the next test
        bound = CountBound(relax(fleet), anywhere=anywhere)
        before = len(bound.weights)
        bound.separate(Budget())
        assert is_solution(bound, packing), seed
        seen += 1
        zoned += any(c.demand and c.has_zone_rules for c in fleet.components)
        priced += len(bound.weights) > before
    assert seen >= 0.2 * len(seeds)
    assert zoned
    assert priced


@pytest.mark.parametrize("anywhere", [False, True])
@seeds(range(1_000, 1_300), 8)
def test_the_bound_holds(seeds: range, anywhere: bool) -> None:
    """Nothing that enumeration finds costs less, and what has no counts has no plan; often the bound is the cost."""
    met = seen = 0
    for seed in seeds:
        document = strategies.random_problem(random.Random(seed), optional=False)
        if brute.too_big(document):
            continue
        best = brute.cheapest(document)
        fleet = compile_fleet(Problem(**document))
        bound = CountBound(relax(fleet), anywhere=anywhere)
        bound.run(Budget(work=10))
        bound.prove(Budget(work=10))
        if bound.infeasible:
            assert best is None, seed
        elif best is not None:
            seen += 1
            least = fleet.least_cost(bound.ticks)
            met += least == best.account.cost
            assert least <= best.account.cost, seed
    assert seen
    assert met >= 0.3 * seen


def shared_pair(copies: float = 3) -> Fleet:
    """Copies of 3 GiB on machines with two accelerators of 4 GiB: one on each, though volume would let more stand."""
    document = {
        "format": "placement/v1",
        "accelerators": {"acc": {"memory_gib": 4}},
        "instance_types": {
            "t": {"accelerator": "acc", "accelerator_count": 2, "vcpus": 8, "memory_gib": 8, "price_per_hour": 1}
        },
        "pools": [{"name": "a", "instance_type": "t", "zone": "z"}],
        "components": [
            {
                "name": "m",
                "demand": copies,
                "options": [{"accelerators": 1, "accelerator_memory_gib": 3, "shared": True, "throughput": 1}],
            }
        ],
    }
    return compile_fleet(Problem(**document))


def test_prices_become_an_inequality() -> None:
    """Three copies fill 2.25 accelerators by volume, and need three; the pattern LP's prices say so."""
    relaxation = relax(shared_pair())
    (device_class,) = relaxation.device_classes
    found = PoolFit(relaxation, device_class, 0).lacking({0: 3.0}, 2.25)
    assert found is not None
    assert found.items == (found.most,)  # a copy weighs as much as all that an accelerator holds
    assert PoolFit(relaxation, device_class, 0).lacking({0: 3.0}, 3.0) is None
    (volume,) = first_weights(relaxation, [0])
    assert 4 * volume.items[0] == 3 * volume.most


def test_weights_that_two_items_break() -> None:
    """Items of 8 and 3 of 10 GiB: an accelerator holds one of the former, or three of the latter."""
    problem = Problem(
        accelerators={"A": {"memory_gib": 10}},
        instance_types={
            "t": {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 64, "price_per_hour": 3}
        },
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[
            {"name": name, "copies": 4, "accelerators": 1, "accelerator_memory_gib": size, "shared": True}
            for name, size in (("large", 8), ("small", 3))
        ],
    )
    relaxation = relax(compile_fleet(problem))
    (device_class,) = relaxation.device_classes
    sizes = [need.memory_mib for need in device_class.needs]
    large, small = sizes.index(max(sizes)), sizes.index(min(sizes))
    fit = PoolFit(relaxation, device_class, 0)
    assert fit.lacking({large: 2, small: 3}, 3) is None
    broken = fit.lacking({large: 2, small: 3}, 2)
    assert broken is not None
    assert broken.items[large] * 2 + broken.items[small] * 3 > broken.most * 2
    assert max(broken.items[large], 3 * broken.items[small]) <= broken.most


def test_the_small_program() -> None:
    """Two machines for three copies; and for the demand that two and a hair serve."""
    for demand, machines in ((3, 2), (2.01, 2), (2, 1)):
        bound = CountBound(relax(shared_pair(demand)))
        bound.run(Budget())
        bound.prove(Budget())
        assert bound.counts is not None
        assert bound.counts.machines == (machines,)
        assert bound.bound == machines * 10**6
        assert bound.verdict is not None
        assert "ENDATA" in (bound.verdict.program() or "")


def test_alike_pools_are_merged_for_those_without_rules_over_zones() -> None:
    """By the first of each group; all machines of a group stand there when zones do not count."""
    document = strategies.random_problem(random.Random(3), state=False)
    fleet = compile_fleet(Problem(**document))
    merging = Merging.of(fleet)
    assert sorted(p for group in merging.groups.values() for p in group) == list(range(len(fleet.pools)))
    assert all(merging.first[p] == min(group) for group in merging.groups.values() for p in group)
    assert merging.free == {c.index for c in fleet.components if not c.has_zone_rules and not c.dedicated}
    assert Merging.of(fleet, anywhere=True).free == {c.index for c in fleet.components}


@pytest.mark.parametrize(
    ("rules", "runs", "most"),
    [
        ({}, False, [3, 2]),
        ({"min_copies": 3}, False, [3, 3]),
        ({"spread": {"min_zones": 3}}, False, [8, 8]),
        ({"spread": {"max_skew": 1}}, False, [8, 8]),
        ({}, True, [8, 8]),
    ],
)
def test_no_more_copies_than_serve_a_demand_are_worth_having_where_no_rule_asks_for_them(
    rules: dict[str, Any], runs: bool, most: list[int]
) -> None:
    """A plan in three zones may need more than the demand does, and one that runs may stay. None on no machine."""
    options = [
        {"accelerators": 0, "vcpus": 1, "throughput": rate, "instance_types": [kind]}
        for kind, rate in (("t", 1.5), ("u", 2), ("none", 2))
    ]
    pools = [{"name": f"{kind}-{zone}", "instance_type": kind, "zone": zone} for kind in "tu" for zone in "abc"]
    fleet = compile_fleet(
        Problem(
            instance_types={
                kind: {"vcpus": 8, "memory_gib": 8, "price_per_hour": price}
                for price, kind in enumerate(("t", "u", "none"), 1)
            },
            pools=[*pools, {"name": "none", "instance_type": "none", "zone": "a", "max_instances": 0}],
            components=[{"name": "c", "demand": 4, "options": options, **rules}],
            instances=[{"id": "i", "pool": "t-a"}] if runs else [],
            placements=[{"component": "c", "instance": "i"}] if runs else [],
        )
    )
    fleet = replace(fleet, components=tuple(replace(c, copies=8) for c in fleet.components))
    relaxation = relax(fleet)
    found = everything(relaxation, any_domain(fleet), Merging.none(fleet)).copies
    kinds = [fleet.pools[mode.pool].instance_type for mode in relaxation.modes]
    for kind, least in zip(("t", "u", "none"), (*most, 0), strict=True):
        assert {n for n, one in zip(found, kinds, strict=True) if one == kind} <= {least}
    assert {"t", "u"} <= set(kinds)


@pytest.mark.slow
@one_by_one(range(1, 3), 1)
def test_counts_by_pool_are_where_there_is_room(seed: int) -> None:
    """They serve all, and each pool holds what it has by itself, exactly: its copies have a packing."""
    fleet = compile_fleet(Problem(**demand_fleet("zoned", 6, seed)))
    relaxation = relax(fleet)
    merged = CountBound(relaxation)
    merged.run(Budget(work=10))
    assert merged.merges
    assert merged.counts is not None

    by_pool = CountSearch(PoolPacking(relaxation), frozenset(merged.choices), math.inf)
    by_pool.run(Budget(work=10))
    assert by_pool.counts is not None
    before = CountModel(relaxation, Merging.none(fleet)).price(by_pool.counts)
    by_pool.improve(Budget(work=10), seed=1)

    assert by_pool.counts is not None
    assert CountModel(relaxation, Merging.none(fleet)).price(by_pool.counts) <= before
    for pool in fleet.pools:
        here = [
            (m, n) for m, n in zip(relaxation.modes, by_pool.counts.copies, strict=True) if n and m.pool == pool.index
        ]
        assert sum(m.owns * n for m, n in here) <= pool.shape.accelerators * by_pool.counts.machines[pool.index]
        assert by_pool.counts.machines[pool.index] <= (pool.max_instances or 10**6)
    for component in fleet.components:
        served = sum(
            m.throughput * n
            for m, n in zip(relaxation.modes, by_pool.counts.copies, strict=True)
            if m.component == component.index
        )
        assert served >= component.demand


@pytest.mark.parametrize("seed", [1, 2])
def test_counts_of_a_plan_are_made_cheaper(seed: int) -> None:
    """From a plan of first-fit; what is found breaks none of the inequalities that can be found, and no row."""
    problem = Problem(**demand_fleet("shared", 8, seed))
    fleet = compile_fleet(problem)
    plan = solve(problem, solver="ffd", work=1).plan
    assert plan is not None
    packing = from_plan(fleet, plan)
    relaxation = relax(fleet)
    search = CountSearch(PoolPacking(relaxation), frozenset(), math.inf)
    assert not search.begun
    search.begin_at(packing)
    assert search.counts is not None
    model = CountModel(relaxation, Merging.none(fleet))
    before = model.price(search.counts)
    assert before == machine_price(fleet, packing)
    search.improve(Budget(work=10), seed=1)

    assert model.price(search.counts) <= before
    assert not model.broken(search.counts.machines, search.counts.copies)
    assert model.program().machines_for(search.counts) == search.counts
