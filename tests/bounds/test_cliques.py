"""Bounds from components that never share a machine, against brute force and enumeration."""

from __future__ import annotations

import random
from functools import cache
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import pytest

from placement.bounds import why_infeasible
from placement.bounds.cliques import Clique, clique_bound, cliques, fewest_machines, least_price, why_too_many
from placement.bounds.parameters import BOUNDS
from placement.bounds.volume import volume_bound
from placement.compiled.alike_pools import PoolsOf
from placement.compiled.fleet import Fleet, compile_fleet
from placement.documents import Problem
from placement.solving.budget import Budget
from tests import brute, strategies

if TYPE_CHECKING:
    from tests.parameters import Change

Doc = dict[str, Any]


def fleet_of(components: list[Doc], pools: list[Doc], **more: Any) -> Fleet:
    types = {
        name: {"accelerator": "g", "accelerator_count": n, "vcpus": 8, "memory_gib": 64, "price_per_hour": price}
        for name, n, price in (("one", 1, 1), ("four", 4, 3), ("eight", 8, 5))
    }
    rows = [{"accelerator_memory_gib": 10, "shared": True, **row} for row in components]
    document = {"accelerators": {"g": {"memory_gib": 80}}, "instance_types": types, "pools": pools, "components": rows}
    return compile_fleet(Problem(**document, **more))


def apart(count: int, **more: Any) -> list[Doc]:
    return [{"name": f"c{k}", "copies": 1, "groups": ["x"], "avoid": ["group:x"], **more} for k in range(count)]


def with_conflicts(rng: random.Random, document: Doc) -> Doc:
    """The problem with conflicts drawn between its components, and now and then a dedicated one."""
    names = [row["name"] for row in document["components"]]
    for one, other in combinations(range(len(names)), 2):
        if rng.random() < 0.6:
            row = document["components"][one]
            row["avoid"] = sorted({*row.get("avoid", []), names[other]})
    for row in document["components"]:
        if rng.random() < 0.1:
            row["dedicated"] = True
    return document


@cache
def drawn(seed: int) -> tuple[Fleet, brute.Best | None] | None:
    rng = random.Random(seed)
    document = with_conflicts(rng, strategies.random_problem(rng))
    return None if brute.too_big(document) else (compile_fleet(Problem(**document)), brute.cheapest(document))


SEEDS = range(150)


def test_no_plan_costs_less() -> None:
    """And a proof by quotas is one; both say something that volumes do not."""
    sharper = proofs = 0
    for seed in SEEDS:
        case = drawn(seed)
        if case is None:
            continue
        fleet, best = case
        reason = next(why_too_many(fleet), None)
        if best is None:
            proofs += reason is not None
            continue
        assert reason is None, f"seed {seed}: {reason}"
        bound = clique_bound(fleet)
        assert fleet.cost(bound) <= best.account.cost, f"seed {seed}"
        sharper += bound > volume_bound(fleet)
    assert (sharper >= 10, proofs >= 3) == (True, True), (sharper, proofs)


def test_members_keep_each_other_away() -> None:
    many = 0
    for seed in SEEDS:
        case = drawn(seed)
        for clique in cliques(case[0]) if case else ():
            rows = [case[0].components[c] for c in clique] if case else []
            assert all(
                one.dedicated or other.dedicated or other.index in one.avoids for one, other in combinations(rows, 2)
            )
            many += len(rows) > 2
    assert many >= 20


def test_bug_mutually_avoiding_components_cost_a_machine_each() -> None:
    """As filed: 400 of them, cost 400, and volumes say 25."""
    fleet = fleet_of(apart(400), [{"name": "p", "instance_type": "one", "zone": "a"}])
    assert fleet.cost(clique_bound(fleet)) == 400_000_000
    assert fleet.cost(volume_bound(fleet)) < 60_000_000


def test_quotas_send_members_to_dearer_pools() -> None:
    pools: list[Doc] = [
        {"name": "cheap", "instance_type": "one", "zone": "a", "max_instances": 2},
        {"name": "dear", "instance_type": "four", "zone": "a", "max_instances": 3},
        {"name": "dearest", "instance_type": "eight", "zone": "a"},
    ]
    fleet = fleet_of(apart(6), pools)
    assert fleet.cost(clique_bound(fleet)) == (2 * 1 + 3 * 3 + 1 * 5) * 1_000_000
    fleet = fleet_of(apart(6, dedicated=True, avoid=[]), pools)
    assert fleet.cost(clique_bound(fleet)) == 16_000_000


def test_members_that_may_use_other_pools_compete_for_those_they_share(parameters: Change) -> None:
    """Three want the cheap machine of their zone; then, of two zones, more than any of them alone or all slots say."""
    pools: list[Doc] = [
        {"name": "a1", "instance_type": "one", "zone": "a", "max_instances": 1},
        {"name": "b1", "instance_type": "one", "zone": "b", "max_instances": 5},
        {"name": "a8", "instance_type": "eight", "zone": "a"},
        {"name": "b8", "instance_type": "eight", "zone": "b"},
    ]
    rows = apart(4)
    for row in rows[:3]:
        row["zones"] = ["a"]
    fleet = fleet_of(rows, pools)
    assert fleet.cost(clique_bound(fleet)) == (2 * 1 + 2 * 5) * 1_000_000
    rows[2]["zones"] = ["a", "b"]
    fleet = fleet_of(rows, pools)
    assert fleet.cost(clique_bound(fleet)) == (3 * 1 + 1 * 5) * 1_000_000


def test_what_is_paid_for_anyway_is_not_paid_twice() -> None:
    pools: list[Doc] = [
        {"name": "p", "instance_type": "eight", "zone": "a", "min_instances": 2},
        {"name": "q", "instance_type": "one", "zone": "a"},
    ]
    fleet = fleet_of(apart(3), pools)
    assert fleet.cost(clique_bound(fleet)) == 11_000_000  # two that are there, and a cheap one
    more: Doc = {
        "instances": [{"id": f"i{k}", "pool": "p", "removable": False} for k in range(4)],
        "objective": {"move_cost": 1, "horizon_hours": 1},
    }
    assert clique_bound(fleet_of(apart(3), pools, **more)) == 20_000_000


def test_when_time_is_over_no_clique_is_looked_at() -> None:
    """What must be paid for empty is a bound all the same."""
    pools = [{"name": "p", "instance_type": "eight", "zone": "a", "min_instances": 2, "max_instances": 2}]
    fleet, over = fleet_of(apart(3), pools), Budget(seconds=0)
    assert fleet.cost(clique_bound(fleet, over)) == 10_000_000
    assert list(why_too_many(fleet, over)) == []
    assert len(list(why_too_many(fleet))) == 1


@pytest.mark.parametrize(
    ("row", "machines"),
    [
        ({"copies": 7}, 1),
        ({"copies": 7, "spread": {"max_per_instance": 3}}, 3),
        ({"copies": 7, "spread": {"max_per_instance": 3}, "min_copies": 4}, 2),
        ({"copies": 9, "shared": False, "accelerators": 2}, 3),
        ({"copies": 7, "spread": {"min_zones": 2}}, 2),
        ({"copies": 7, "min_available_on_zone_loss": 3}, 2),
        ({"copies": 5, "spread": {"max_per_zone": 3}}, 2),
        ({"copies": 1, "min_copies": 0}, 0),
        ({"demand": 70, "throughput": 10, "shared": False}, 1),
        ({"demand": 90, "throughput": 10, "shared": False}, 2),
    ],
)
def test_machines_of_one_component(row: Doc, machines: int) -> None:
    pools = [{"name": f"p{z}", "instance_type": "eight", "zone": z} for z in "ab"]
    fleet = fleet_of([{"name": "c", **row}], pools)
    assert fewest_machines(fleet, fleet.components[0], PoolsOf(fleet)) == machines


def test_quotas_too_small_for_a_clique_are_a_proof() -> None:
    pools = [{"name": "p", "instance_type": "one", "zone": "a", "max_instances": 5}]
    assert why_infeasible(fleet_of(apart(5), pools)) is None
    assert why_infeasible(fleet_of(apart(6), pools)) == (
        "c0, c1, c2 and 3 more never share an instance (avoid, dedicated) and need at least 6 of them, "
        "but the quotas of the pools that they may use allow 5"
    )
    mixed = [{"name": "own", "copies": 2, "dedicated": True, "spread": {"max_per_instance": 1}}, *apart(4)]
    assert why_infeasible(fleet_of(mixed[:-1], pools)) is None
    assert "own, c0, c1 and 2 more never share" in (why_infeasible(fleet_of(mixed, pools)) or "")


def random_clique(seed: int) -> tuple[Fleet, Clique]:
    rng = random.Random(seed)
    pools = [
        {
            "name": f"p{p}",
            "instance_type": rng.choice(("one", "four", "eight")),
            "zone": rng.choice("abc"),
            "max_instances": rng.randint(1, 2),
            "min_instances": rng.randint(0, 1),
            "price_per_hour": rng.randint(1, 4),
        }
        for p in range(4)
    ]
    rows = apart(3, copies=2, spread={"max_per_instance": 1})
    zones = sorted({pool["zone"] for pool in pools})
    for row in rows:
        row["zones"] = rng.sample(zones, rng.randint(1, len(zones)))
        row["copies"] = rng.randint(1, 2)
    fleet = fleet_of(rows, pools)
    return fleet, {c.index: c.required for c in fleet.components}


def cheapest_assignment(fleet: Fleet, clique: Clique) -> int | None:
    """Every way to send each machine that a member needs to a pool, by trying."""
    places = []
    for c, machines in clique.items():
        pools = sorted(set().union(*(option.pools for option in fleet.components[c].options)))
        places += [pools] * machines
    best = None
    for chosen in product(*places):
        used = [chosen.count(pool.index) for pool in fleet.pools]
        if all(
            pool.max_instances is None or n <= pool.max_instances for n, pool in zip(used, fleet.pools, strict=True)
        ):
            extra = sum(
                pool.price * max(0, n - fleet.fewest(pool.index)) for n, pool in zip(used, fleet.pools, strict=True)
            )
            best = extra if best is None else min(best, extra)
    return best


def test_the_price_is_never_above_that_of_the_best_assignment() -> None:
    """And mostly the same; what is impossible by quotas alone is mostly known."""
    same = impossible = 0
    for seed in range(120):
        fleet, clique = random_clique(seed)
        expected, found = cheapest_assignment(fleet, clique), least_price(fleet, clique)
        same += found == expected
        impossible += found is None
        assert expected is None or (found is not None and found <= expected), f"seed {seed}"
    assert same >= 80
    assert impossible >= 3


def test_many_prices_are_rounded_down(parameters: Change) -> None:
    parameters(BOUNDS.cliques, prices=2)
    for seed in range(60):
        fleet, clique = random_clique(seed)
        expected, found = cheapest_assignment(fleet, clique), least_price(fleet, clique)
        assert expected is None or (found is not None and found <= expected)


def test_work_is_bounded(parameters: Change) -> None:
    """A clique that is not grown to its end is one all the same."""
    fleet = fleet_of(apart(60), [{"name": "p", "instance_type": "one", "zone": "a"}])
    parameters(BOUNDS.cliques, work=500)
    found = list(cliques(fleet))
    assert [len(clique) for clique in found] == [9]  # 60 + 59 + ... reach 500 with the ninth
    assert fleet.cost(clique_bound(fleet)) == 9_000_000
