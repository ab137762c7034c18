"""Prices of copies bound every number of copies that the fleet they came from allows."""

from __future__ import annotations

import random

import placement
from placement.compiled.fleet import compile_fleet
from placement.patterns.copy_prices import copy_prices
from placement.simulation.fleets import with_copies
from placement.units import micro_dollars
from tests import strategies
from tests.corpus import seeds


@seeds(range(120), 4)
def test_no_plan_of_fewer_copies_is_cheaper(seeds: range) -> None:
    """From one LP, for several counts: solved to proof, none costs less than the bound; and often it is near."""
    near = judged = 0
    for seed in seeds:
        rng = random.Random(seed)
        document = strategies.random_problem(rng, state=False)
        document.pop("commitments", None)
        problem = placement.Problem(**document)
        most = [rng.randint(0, 3) for _ in problem.components]
        fleet = compile_fleet(with_copies(problem, most))
        prices = copy_prices(fleet)
        if prices is None:
            continue
        for _ in range(3):
            copies = [rng.randint(0, n) for n in most]
            result = placement.solve(with_copies(problem, copies), "cp-sat", time_limit=None, work=10)
            if result.plan.price_per_hour is None:
                continue
            cost, bound = micro_dollars(result.plan.price_per_hour), prices.bound(copies)
            assert bound <= cost, (seed, copies)
            judged += 1
            near += 2 * bound >= cost
    assert judged >= len(seeds)
    assert near >= judged / 3


def test_nothing_to_place_has_no_price() -> None:
    """Then there is nothing to bound."""
    problem = placement.read("instances/codegen-after.yaml")
    assert copy_prices(compile_fleet(with_copies(problem, [0] * len(problem.components)))) is None


def test_a_copy_is_worth_the_least_of_its_options() -> None:
    """Another component makes an accelerator dear on which a copy could run, and need not."""
    memory = {"accelerator_memory_gib": 8}
    problem = placement.Problem(
        accelerators={"A": {"memory_gib": 8}, "B": {"memory_gib": 8}},
        instance_types={
            "cheap": {"accelerator": "A", "accelerator_count": 4, "vcpus": 8, "memory_gib": 8, "price_per_hour": 1},
            "dear": {"accelerator": "B", "accelerator_count": 1, "vcpus": 8, "memory_gib": 8, "price_per_hour": 10},
            "free": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 0},
        },
        pools=[{"name": name, "instance_type": name, "zone": "z"} for name in ("cheap", "dear", "free")],
        components=[
            {"name": "any", "copies": 4, "options": [{"on": [name], **memory} for name in "AB"]},
            {"name": "one", "copies": 1, "options": [{"on": ["B"], **memory}]},
            {"name": "free", "copies": 1, "accelerators": 0, "instance_types": ["free"]},
        ],
    )
    prices = copy_prices(compile_fleet(problem))
    assert prices is not None
    bounds = {(4, 1, 1): 11_000_000, (4, 0, 0): 1_000_000, (2, 0, 1): 500_000, (0, 1, 0): 10_000_000, (0, 0, 1): 0}
    assert {copies: prices.bound(copies) for copies in bounds} == bounds
