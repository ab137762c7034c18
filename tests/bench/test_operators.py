"""The suites under rules of operators: each case has its rule, the same every time, and a plan can keep it."""

from __future__ import annotations

import json
import random
from collections import Counter
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement_bench import places
from placement_bench.sets import find_set, operators
from placement_bench.tasks import ProblemTask
from tests.corpus import first

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.documents.plan import Plan

    Doc = dict[str, Any]

PRICES = {"small": 1.2, "middle": 4.5, "large": 16.0}
ACCELERATORS = {"small": 1, "middle": 4, "large": 8}
ZONES = ("a", "b", "c")


def small_fleet(base: str, components: int, seed: int) -> Doc:
    """In place of a generated fleet: nine pools, five components, and machines that run for `replan`."""
    r = random.Random(f"{base}-{components}-{seed}")
    document: Doc = {"format": "placement/v1", "name": base, "accelerators": {"S": {"memory_gib": 24}}}
    document["instance_types"] = {
        name: {
            "accelerator": "S",
            "accelerator_count": ACCELERATORS[name],
            "vcpus": 64,
            "memory_gib": 256,
            "price_per_hour": round(price * r.uniform(0.8, 1.2), 3),
        }
        for name, price in PRICES.items()
    }
    document["pools"] = [
        {"name": f"{name}/{zone}", "instance_type": name, "zone": zone, "max_instances": 9}
        for name in PRICES
        for zone in ZONES
    ]
    document["components"] = [
        {"name": f"m{c}", "copies": r.randint(1, 6), "shared": True, "accelerator_memory_gib": r.choice((5, 8, 12, 20))}
        for c in range(5)
    ]
    if base == "replan":
        states = ("active", "active", "draining", "cordoned", "active")
        document["instances"] = [
            {"id": f"i-{k}", "pool": r.choice(document["pools"])["name"], "state": state}
            for k, state in enumerate(states)
        ]
        document["placements"] = [
            {"component": f"m{k}", "instance": f"i-{k}", "accelerators": [0]} for k in range(len(states))
        ]
    return document


@pytest.fixture
def small_fleets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suites are made of small fleets, each of which is planned once."""
    monkeypatch.setattr(operators, "make", small_fleet)
    monkeypatch.setattr(operators, "_rented", rented)


def documents(name: str) -> Iterator[tuple[str, Doc]]:
    """All cases of a suite."""
    for case in find_set(name).cases(Path()):
        task = case.load()
        assert isinstance(task, ProblemTask)
        yield case.name, task.document


def base_of(base: str, name: str) -> Doc:
    """The fleet that a case was made of."""
    components, seed = map(int, name.split("-")[-2:])
    return small_fleet(base, components, seed)


def cheap_plan(document: Doc) -> Plan:
    """The plan of three restarts that rules are made of, kept for whoever asks again."""
    return _cheap_plan(json.dumps(document))


def rented(document: Doc) -> Counter[str]:
    """Its machines by pool."""
    return Counter(row.pool for row in cheap_plan(document).instances)


@cache
def _cheap_plan(document: str) -> Plan:
    return solved(json.loads(document), 3)


def solved(document: Doc, work: int) -> Plan:
    """A plan by greedy."""
    plan = placement.solve(
        placement.Problem(**document), "greedy", time_limit=None, work=work, threads=1, options={"rounds": 20}
    ).plan
    assert plan is not None
    return plan


def price_of(document: Doc, pool: str) -> float:
    """Dollars per hour of a machine of a pool."""
    row = next(row for row in document["pools"] if row["name"] == pool)
    price: float = row.get("price_per_hour", document["instance_types"][row["instance_type"]]["price_per_hour"])
    return price


def keeps(document: Doc, plan: Plan) -> bool:
    """Whether a plan keeps every rule of the problem; what it says of itself aside."""
    rows = plan.to_document()
    bare = placement.Plan(instances=rows["instances"], assignments=rows["assignments"])
    return bool(placement.verify(placement.Problem(**document), bare).ok)


def all_matched(wanted: list[set[str]], amount: Counter[str]) -> bool:
    """Whether each unit of `amount` can be that of another row of `wanted`, sets of names: augmenting paths."""
    row_of: dict[int, int] = {}
    units = list(amount.elements())

    def place(unit: int, seen: set[int]) -> bool:
        for row, names in enumerate(wanted):
            if units[unit] in names and row not in seen:
                seen.add(row)
                if row not in row_of or place(row_of[row], seen):
                    row_of[row] = unit
                    return True
        return False

    return all(place(unit, set()) for unit in range(len(units)))


@pytest.mark.parametrize(
    ("name", "cases"),
    [
        pytest.param("committed", 12, marks=pytest.mark.slow),
        ("budgeted", 12),
        ("spot", 12),
        ("few-moves", 36),
        ("scarce-mixed", 12),
    ],
)
def test_cases_are_the_same_each_time_and_differ_by_seed(small_fleets: None, name: str, cases: int) -> None:
    """Two sizes with six seeds each, and three limits on moves."""
    first, again = list(documents(name)), list(documents(name))
    assert first == again
    assert len(dict(first)) == cases
    assert len({str(document) for _, document in first}) == cases


@pytest.mark.slow
def test_what_a_cheap_plan_rents_is_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the plan of greedy with three restarts, which the other tests look at."""
    monkeypatch.setattr(operators, "make", small_fleet)
    first, again = (operators.made("mixed", operators.committed, 20, 1) for _ in range(2))
    monkeypatch.setattr(operators, "_rented", rented)
    assert first == again == operators.made("mixed", operators.committed, 20, 1)


def test_half_of_the_rented_machines_are_committed_in_other_pools_at_no_higher_price(small_fleets: None) -> None:
    """Each committed machine stands for one that the cheap plan rents elsewhere; that plan keeps all rules still."""
    for name, document in documents("committed"):
        base = base_of("mixed", name)
        price = {pool["name"]: price_of(base, pool["name"]) for pool in base["pools"]}
        wanted = [
            {other for other in price if other != pool and price[other] <= price[pool]}
            for pool, machines in rented(base).items()
            for _ in range(-(-machines // 2))
        ]
        assert all(len(row["pools"]) == 1 for row in document["commitments"]), name
        amount = Counter({row["pools"][0]: row["instances"] for row in document["commitments"]})
        assert amount.total() == sum(bool(others) for others in wanted) > 0, name
        assert all_matched(wanted, amount), name
        assert keeps(document, cheap_plan(base)), name


def test_each_team_may_use_a_tenth_more_than_the_cheap_plan_does(small_fleets: None) -> None:
    """Three teams share all pools; the cheap plan is within their limits, and not far below."""
    for name, document in documents("budgeted"):
        base = base_of("mixed", name)
        shared = [pool for row in document["limits"] for pool in row["pools"]]
        assert sorted(shared) == sorted(pool["name"] for pool in base["pools"]), name
        assert len(document["limits"]) == 3
        used = rented(base)
        for row in document["limits"]:
            spent = sum(used[pool] * price_of(base, pool) for pool in row["pools"])
            assert row["max_price_per_hour"] == pytest.approx(1.1 * spent, abs=1e-4), name
        assert keeps(document, cheap_plan(base)), name


@pytest.mark.slow
def test_spot_pools_are_cheap_and_copies_outlive_any_pool(small_fleets: None) -> None:
    """A twin of a pool has its type and zone; half of the required copies stand elsewhere in a plan by greedy."""
    for name, document in documents("spot"):
        pools = {pool["name"]: pool for pool in document["pools"]}
        twins = [pool for pool in pools if pool.endswith("-spot")]
        assert twins, name
        for twin in twins:
            whole = pools[twin.removesuffix("-spot")]
            assert [pools[twin][key] for key in ("instance_type", "zone")] == [whole["instance_type"], whole["zone"]]
            assert price_of(document, twin) == pytest.approx(0.3 * price_of(document, whole["name"]), abs=1e-4)
            assert pools[twin]["max_instances"] == 6
        for component in document["components"]:
            copies = component.get("min_copies", component["copies"])
            assert component.get("min_available_on_pool_loss", 0) == copies // 2, name
        if name.endswith("-1"):
            assert keeps(document, solved(document, 1)), name


@pytest.mark.slow
def test_few_copies_move_and_no_machine_has_to_be_left(small_fleets: None) -> None:
    """As many as the name says; a plan by greedy moves no more."""
    for name, document in documents("few-moves"):
        most = int(name.split("-")[2])
        assert document["objective"]["max_moves"] == most
        assert {row.get("state") for row in document["instances"]} == {"active", "cordoned"}
        if name.endswith("-20-1"):
            plan = solved(document, 1)
            assert keeps(document, plan), name
            assert plan.moves is not None
            assert plan.moves <= most, name


@pytest.mark.parametrize("base", first(["mixed", "shared", "exclusive"]))
def test_where_machines_are_scarce_copies_may_be_left_out(small_fleets: None, base: str) -> None:
    """There are 70 % of the cheap plan's machines; no component needs more than one copy."""
    for name, document in documents(f"scarce-{base}"):
        used = rented(base_of(base, name))
        assert {pool["name"]: pool["max_instances"] for pool in document["pools"]} == {
            pool["name"]: -(-7 * used[pool["name"]] // 10) for pool in document["pools"]
        }, name
        assert {component["min_copies"] for component in document["components"]} <= {0, 1}
        assert {component["priority"] for component in document["components"]} <= {0, 1, 2}


@pytest.mark.parametrize(("name", "key"), [("spot", "min_available_on_pool_loss"), ("few-moves", "max_moves")])
def test_generated_fleets_take_the_rules(name: str, key: str) -> None:
    """The first cases of the suite itself are problems that read well, and have the rule; nothing is solved."""
    if places.fleet_maker() is None:
        pytest.skip("no fleets: ../shared/suites/make_fleet.py is not beside the repository")
    for _, document in islice(documents(name), 2):
        placement.Problem(**document)
        assert key in str(document)
