"""The bound from volumes: its figure in cases worked by hand, and the value of given prices against the formula."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import highspy
import pytest

from placement import Problem
from placement.bounds.dual_feasible import parts, rounded
from placement.bounds.parameters import BOUNDS
from placement.bounds.volume import Measure, lagrangian, measures_of, modes_of, volume_bound
from placement.compiled.capacity import RESOURCES, capacity, usage
from placement.compiled.fleet import Fleet, compile_fleet
from placement.engines import highs
from placement.reductions.volume_aggregation import VolumeAggregation
from tests.corpus import one_by_one
from tests.strategies import random_problem

if TYPE_CHECKING:
    from tests.parameters import Change

Doc = dict[str, Any]
TYPES = {
    "cheap": {"vcpus": 8, "memory_gib": 16, "price_per_hour": 1},
    "dear": {"vcpus": 8, "memory_gib": 16, "price_per_hour": 3},
    "pair": {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 16, "price_per_hour": 6},
}
C = {"name": "c", "accelerators": 0, "vcpus": 8}


def fleet_of(pools: dict[str, Doc], components: list[Doc], **more: Any) -> Fleet:
    """One pool of each type named, named like it."""
    rows = [{"name": name, "instance_type": name.rstrip("12"), "zone": "z", **pool} for name, pool in pools.items()]
    return compile_fleet(
        Problem(accelerators={"A": {"memory_gib": 10}}, instance_types=TYPES, pools=rows, components=components, **more)
    )


BOTH: dict[str, Doc] = {"cheap": {"max_instances": 1}, "dear": {}}


@pytest.mark.parametrize(
    ("pools", "components", "dollars"),
    [
        ({"cheap": {}}, [C | {"copies": 3}], 3),
        ({"cheap": {}}, [C | {"copies": 3, "vcpus": 2}], 0.75),
        ({"cheap": {}}, [C | {"copies": 3, "vcpus": 2, "memory_gib": 8}], 1.5),
        ({"cheap": {}}, [C | {"copies": 5, "min_copies": 3}], 3),
        ({"cheap": {}}, [C | {"copies": 3}, C | {"name": "d", "copies": 2, "vcpus": 4}], 4),
        (BOTH, [C | {"copies": 3}], 1 + 2 * 3),
        (BOTH, [C | {"copies": 3, "instance_types": ["dear"]}], 9),
        (BOTH, [C | {"copies": 1, "instance_types": ["dear"]}, C | {"name": "d", "copies": 2}], 3 + 1 + 3),
        ({"cheap": {"min_instances": 5}}, [C | {"copies": 2}], 5),
        ({"cheap": {}, "dear": {"min_instances": 1}}, [C | {"copies": 2}], 4),
        ({"cheap": {}, "dear": {"min_instances": 1}}, [C | {"copies": 2, "instance_types": ["cheap"]}], 5),
        # two pools that are alike have two quotas
        ({"cheap1": {"max_instances": 1}, "cheap2": {"max_instances": 2}, "dear": {}}, [C | {"copies": 5}], 3 + 2 * 3),
        ({"cheap1": {"min_instances": 1}, "cheap2": {"min_instances": 2}}, [C | {"copies": 2}], 3),
        # a demand, or the least number of copies
        ({"cheap": {}}, [C | {"demand": 10, "throughput": 4}], 2.5),
        ({"cheap": {}}, [C | {"demand": 10, "throughput": 4, "min_copies": 3}], 3),
        ({"cheap": {}}, [C | {"demand": 10, "throughput": 4}, C | {"name": "d", "demand": 3, "throughput": 6}], 3.5),
        (
            {"cheap": {}, "dear": {}},
            [{"name": "c", "demand": 32, "options": [
                {"accelerators": 0, "vcpus": 8, "throughput": 4, "instance_types": ["cheap"]},
                {"accelerators": 0, "vcpus": 8, "throughput": 16, "instance_types": ["dear"]},
            ]}],
            6,
        ),
        # accelerators: owned ones whole, large parts by functions
        ({"pair": {}}, [{"name": "c", "copies": 3, "accelerator_memory_gib": 1}], 9),
        ({"pair": {}}, [{"name": "c", "copies": 3, "shared": True, "accelerator_memory_gib": 5}], 4.5),
        ({"pair": {}}, [{"name": "c", "copies": 3, "shared": True, "accelerator_memory_gib": 6}], 9),
        ({"pair": {}}, [{"name": "c", "copies": 3, "shared": True, "accelerator_memory_gib": 3.4}], 4.5),
        ({"pair": {}}, [{"name": "c", "copies": 3, "shared": True, "accelerator_share": 0.2}], 1.8),
        ({"pair": {}}, [{"name": "c", "copies": 3, "accelerators": 2, "shared": True, "accelerator_share": 1}], 18),
    ],
)  # fmt: skip
def test_the_bound_in_cases_worked_by_hand(pools: dict[str, Doc], components: list[Doc], dollars: float) -> None:
    """Machines in parts, the cheapest first, within quotas, and what is paid for anyway."""
    fleet = fleet_of(pools, components)
    assert fleet.cost(volume_bound(fleet)) == round(dollars * 10**6)


@pytest.mark.parametrize("dual", [-1.0, 0.0, 1.0])
def test_whatever_an_engine_says_is_a_bound(dual: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a price below 0, which is none: five machines are paid for, and would be worth less than nothing."""

    def said(lp: highspy.HighsLp, _budget: object) -> SimpleNamespace:
        return SimpleNamespace(getSolution=lambda: SimpleNamespace(row_dual=[dual] * lp.num_row_))

    monkeypatch.setattr(highs, "load_lp", said)
    monkeypatch.setattr(highs, "run", lambda _solver: highspy.HighsModelStatus.kOptimal)
    fleet = fleet_of({"cheap": {"min_instances": 5}}, [C | {"copies": 2}])
    assert fleet.cost(volume_bound(fleet)) <= 5_000_000


def test_moves_and_hours_count() -> None:
    """Half an hour of two machines, one of which can't be released, and one move at a quarter of a dollar."""
    fleet = fleet_of(
        {"cheap": {}},
        [C | {"copies": 2}],
        instances=[
            {"id": "stays", "pool": "cheap", "removable": False},
            {"id": "leaves", "pool": "cheap", "state": "draining"},
        ],
        placements=[{"component": "c", "instance": "stays"}, {"component": "c", "instance": "leaves"}],
        objective={"horizon_hours": 0.5, "move_cost": 0.25},
    )
    assert fleet.cost(volume_bound(fleet)) == 1_250_000


@one_by_one(range(80))
def test_the_value_of_prices_is_that_of_the_formula(seed: int) -> None:
    """What the copies pay at least for what they take, and each pool's rent less what its machines are worth."""
    rng = random.Random(seed)
    fleet = compile_fleet(Problem(**random_problem(rng)))
    measures = [measures_of(fleet, pool.index) for pool in fleet.pools]
    prices = {
        (p, m): rng.randint(0, 2 * fleet.pools[p].price * 2**24 // measure.room)
        for p, found in enumerate(measures)
        for m, measure in enumerate(found)
        if rng.random() < 0.5
    }
    total, scale = Fraction(0), {}
    for pool in fleet.pools:
        dual_value = Fraction(
            sum(prices.get((pool.index, m), 0) * x.room for m, x in enumerate(measures[pool.index])), 2**24
        )
        fewest = max(pool.min_instances, sum(not i.removable for i in fleet.instances if i.pool == pool.index))
        scale[pool.index] = Fraction(1)
        if pool.max_instances is not None:
            total += min((pool.price - dual_value) * n for n in (fewest, pool.max_instances))
        elif dual_value > pool.price:
            scale[pool.index] = pool.price / dual_value
        else:
            total += (pool.price - dual_value) * fewest
    for component in fleet.components:
        paid = [
            (
                sum(prices.get((p, m), 0) * x.of(fleet, p, o) for m, x in enumerate(measures[p])) * scale[p] / 2**24,
                o.throughput,
            )
            for o in component.options
            for p in o.pools
        ]
        if paid:
            least = component.required * min(price for price, _ in paid)
            if component.demand:
                least = max(least, component.demand * min(price / rate for price, rate in paid))
            total += least
    assert lagrangian(fleet, measures, modes_of(fleet, measures), prices) == math.ceil(total)


@one_by_one(range(40))
def test_what_is_put_together_has_the_same_bound(seed: int) -> None:
    """And a plan's machines and copies: quotas, machines that are paid for and required copies add up."""
    fleet = compile_fleet(Problem(**random_problem(random.Random(seed))))
    small = VolumeAggregation.of(fleet).fleet
    assert [pool.index for pool in small.pools] == list(range(len(small.pools)))
    assert [c.index for c in small.components] == list(range(len(small.components)))
    assert sum(c.required for c in small.components) == sum(c.required for c in fleet.components)
    assert sum(c.copies for c in small.components) == sum(c.copies for c in fleet.components)
    assert sum(pool.min_instances for pool in small.pools) == sum(fleet.fewest(p) for p in range(len(fleet.pools)))
    assert small.running == (0,) * len(small.components)
    again = VolumeAggregation.of(small).fleet
    assert (again.pools, again.components) == (small.pools, small.components)


def test_measures(parameters: Change) -> None:
    """Each resource that is there, and functions that say more of some copy than its memory does."""
    fleet = fleet_of(
        {"cheap": {}, "pair": {}},
        [
            {"name": "c", "copies": 1, "shared": True, "accelerator_memory_gib": 6},
            {"name": "d", "copies": 1, "accelerators": 2},
        ],
    )
    assert measures_of(fleet, 0) == [Measure(8_000, "vcpus"), Measure(16_384, "host_mib")]
    plain = [Measure(capacity(fleet, 1, name), name) for name, _, _ in RESOURCES]
    assert measures_of(fleet, 1, plain=True) == plain
    parameters(BOUNDS.dual_feasible, finest=1)
    assert measures_of(fleet, 1) == [*plain, Measure(2 * parts(1), "memory_mib", 1)]
    shared, owned = (component.options[0] for component in fleet.components)
    assert [m.of(fleet, 1, shared) for m in plain] == [usage(fleet, 1, shared, name) for name, _, _ in RESOURCES]
    half = Measure(2 * parts(1), "memory_mib", 1)
    assert (half.of(fleet, 1, shared), half.of(fleet, 1, owned)) == (parts(1), 2 * parts(1))


def test_a_function_that_says_no_more_than_volumes_is_left_out() -> None:
    """A half is never more than a half; 0.6 is 1 of 1, 2 of 3, 4 of 6 and 5 of 8."""
    for gib, said in ((5, []), (6, [1, 3, 6, 8])):
        row = {"name": "c", "copies": 1, "shared": True, "accelerator_memory_gib": gib}
        fleet = fleet_of({"pair": {}}, [row])
        assert said == [m.k for m in measures_of(fleet, 0) if m.k]


@pytest.mark.parametrize("k", range(1, BOUNDS.dual_feasible.finest + 1))
def test_a_dual_feasible_function(k: int) -> None:
    """What fits together measures at most the whole; x stays x where (k + 1) x is whole, else it is rounded down."""
    room = 60
    rng = random.Random(k)
    for need in range(room + 1):
        times = Fraction((k + 1) * need, room)
        value = Fraction(need, room) if times.denominator == 1 else Fraction(math.floor(times), k)
        assert Fraction(rounded(need, room, k), parts(k)) == value
    for _ in range(300):
        left, together = room, 0
        while left:
            need = rng.randint(1, left)
            left -= need
            together += rounded(need, room, k)
        assert together <= parts(k)
