"""The checker's parts, one by one: numbers of a problem, one component, the best pattern, what prices prove."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement import check_certificate
from placement.bounds import why_infeasible
from placement.check_certificate import (
    NO_PLAN,
    Clique,
    Component,
    Knapsack,
    Leaf,
    Prices,
    Problem,
    Refused,
    check,
    compare,
    count,
    dollars,
    number,
    units,
)
from placement.compiled.fleet import compile_fleet
from tests.certificates.cases import CASES, component, items, machine, machines, problem, use
from tests.corpus import one_by_one

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.check_certificate import Pool, Proof

Doc = dict[str, Any]
ONE = [3072, 0, 0, 0]


@pytest.fixture(autouse=True)
def _sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every refusal has a sentence, which names what it is about."""
    insist = check_certificate.insist

    def checked(suits: bool, sentence: str) -> None:
        assert isinstance(sentence, str)
        assert "None" not in sentence
        insist(suits, sentence)

    monkeypatch.setattr(check_certificate, "insist", checked)


def one(row: Doc, types: dict[str, Doc] | None = None, pools: list[Doc] | None = None, **more: Any) -> Component:
    """A component of a problem of its own, by default on machines of two accelerators of 4 GiB."""
    compiled = Problem(problem("one", types or {"t": machine(1)}, [row], pools, **more))
    return next(iter(compiled.components.values()))


def pool(row: Doc) -> Pool:
    """The pool of one instance type."""
    return Problem(problem("one", {"t": row}, [])).pools["t"]


def shared(**needs: tuple[float, ...]) -> Doc:
    """Options of shared accelerators, with the k-th number of each need."""
    rows = [dict(zip(needs, row, strict=True)) for row in zip(*needs.values(), strict=True)]
    return {"options": [{"shared": True, **row} for row in rows]}


def zoned(*zones: str, **more: Any) -> list[Doc]:
    """A pool of type t in each zone."""
    return [{"name": f"p{k}", "instance_type": "t", "zone": zone, **more} for k, zone in enumerate(zones)]


# Numbers


def test_numbers_are_numbers_from_0_on_and_not_absurd() -> None:
    assert number({"k": 1e19}, "k") == 1e19
    assert number({}, "k", 3) == 3
    for value in (-1, True, "1", 1.1e19):
        with pytest.raises(Refused):
            number({"k": value}, "k", 0)
    with pytest.raises(KeyError):
        number({}, "k")
    with pytest.raises(Refused, match="whole number"):
        count({"k": 1.5}, "k", 0)
    assert count({"k": -2}, "k", 0, -5) == -2
    with pytest.raises(Refused):
        count({"k": -6}, "k", 0, -5)


@pytest.mark.parametrize(
    ("value", "scale", "need", "room"),
    [
        (0.07, 100, 7, 7),  # 7.000000000000001
        (0.29, 100, 29, 29),  # 28.999999999999996
        (1e-6, 1, 1, 0),
        (9e-7, 1, 0, 0),
        (1.0000015, 1, 2, 1),
        (700.0003, 1, 700, 700),  # a hair, of so large a number
        (700.001, 1, 701, 700),
    ],
)
def test_needs_are_rounded_up_and_room_down_but_for_a_hair(value: float, scale: int, need: int, room: int) -> None:
    assert units({"k": value}, "k", scale) == need
    assert units({"k": value}, "k", scale, room=True) == room


def test_a_need_may_be_absent_and_room_may_not() -> None:
    assert units({}, "k", 7) == 0
    with pytest.raises(KeyError):
        units({}, "k", 7, room=True)


def test_money_as_it_is_said() -> None:
    assert dollars(Fraction(1_500_000)) == "1.500000 dollars"
    assert dollars(Fraction(3, 2)) == "0.000001 dollars"  # no more than is proven
    assert dollars(NO_PLAN) == "no plan"
    assert dollars(Fraction(10**40)) == "more dollars than there are"
    assert dollars(Fraction(10**40 - 1)).endswith("dollars")


def test_rows_of_lists_are_read_as_the_rest_is() -> None:
    """A null is as good as absent there, and a key that might mean something is refused."""
    made = problem("one", {"t": machine(1)}, [component("m", 1)], zoned("a", max_instances=None))
    assert Problem(made).pools["p0"].quota == Problem(problem("one", {"t": machine(1)}, [])).pools["t"].quota
    for rows in ("pools", "components"):
        strange = {**made, rows: [{**made[rows][0], "strange": 1}]}
        with pytest.raises(Refused, match="strange"):
            Problem(strange)


# Machines


def test_what_a_machine_has() -> None:
    """Less what is reserved, never below nothing, rounded down; a pattern on several accelerators counts no host."""
    assert pool(machine(1, vcpus=1.9999)).room == (8192, 2000, 1999, 8192)
    full = pool(machine(1, reserved={"accelerator_memory_gib": 5, "vcpus": 9, "memory_gib": 9}))
    assert full.room == (0, 2000, 0, 0)
    assert full.unit == (0, 1000, 0, 0)
    assert pool(machine(1)).unit == (4096, 1000, 0, 0)
    assert pool(machine(1, 1)).unit == (4096, 1000, 8000, 8192)
    assert pool({**machine(1, 0), "accelerator": "acc"}).devices == 0
    assert pool(machine(1, 0)).room == (0, 0, 8000, 8192)
    assert one(component("m", 1, vcpus=8)).modes
    assert not one(component("m", 1, vcpus=8.001)).modes
    assert one(component("m", 1, accelerators=0, accelerator_memory_gib=9)).modes  # of no accelerator
    assert pool(machine(1, reserved={"accelerator_memory_gib": 3})).memory == 1024
    assert pool(machine(2.01, vcpus=1.9999)).counts == (1, 2, 1999, 2_010_000)  # against limits


@pytest.mark.parametrize("accelerators", [1, 2])
def test_a_dedicated_copy_is_in_no_pattern_and_owns_nothing(accelerators: int) -> None:
    alone, beside, whole = (
        one(row, {"t": machine(1, accelerators)}).modes[0]
        for row in (component("m", 1, dedicated=True), component("m", 1), component("m", 1, accelerators=1))
    )
    assert (alone.component, alone.need, alone.touches, alone.owned, alone.rate) == ("m", None, 0, 0, 0)
    assert (beside.touches, beside.owned) == (1, 0)
    assert beside.need == ((3072, 0, 0, 0))
    assert whole.need == ((4096, 1000, 0, 0) if accelerators == 1 else None)
    assert (whole.touches, whole.owned) == ((1, 0) if accelerators == 1 else (0, 1))


# Problems


def test_what_a_problem_says_of_itself() -> None:
    """Its name may be absent, its horizon is the nearest fraction with a denominator of at most a million."""
    document = problem("none", {"t": machine(1)}, [])
    del document["name"]
    assert Problem(document).name == ""
    assert Problem({**document, "name": None}).name == ""
    for hours, exact in ((0.333333, Fraction(333_333, 10**6)), (0.0000007, Fraction(1, 10**6))):
        assert Problem({**document, "objective": {"horizon_hours": hours}}).horizon == exact
    compiled = Problem(document)
    assert compiled.pool_set(["t"]) == {"t"}
    for names in ([], ["t", "t"], ["u"], [1]):
        with pytest.raises(Refused):
            compiled.pool_set(names)


def test_a_move_costs_what_the_component_says_or_the_objective() -> None:
    assert one(component("m", 1, move_cost=2)).move_cost == 2_000_000
    assert one(component("m", 1), objective={"move_cost": 2.01}).move_cost == 2_010_000


def test_only_optional_copies_have_a_priority() -> None:
    assert one(component("m", 2, priority=3)).priority is None
    assert one(component("m", 2, min_copies=1, priority=3)).priority == 3
    served = {"name": "m", "demand": 4, "throughput": 2, "min_copies": 0}
    assert one(served).priority is None


def test_machines_that_can_not_be_released_are_paid_for() -> None:
    """Of those that may stay; a machine is removable unless it says otherwise."""
    said: list[Doc] = [{}, {"removable": True}, {"removable": False}, {"removable": False}]
    said.append({"state": "draining", "removable": False})
    rows = [{"id": f"i{k}", "pool": "t", **row} for k, row in enumerate(said)]
    assert Problem(problem("stay", {"t": machine(1)}, [], instances=rows)).ranges["t"][0] == 2


def test_rules_that_mean_nothing_are_refused() -> None:
    with pytest.raises(Refused, match="throughput"):
        one({"name": "m", "demand": 4, "throughput": 0})
    with pytest.raises(Refused, match="max_skew"):
        one(component("m", 1, spread={"max_skew": 0}))
    for row in ({"name": "m"}, {"name": "m", "copies": 1, "demand": 1, "throughput": 1}):
        with pytest.raises(Refused, match="either copies or a demand"):
            one(row)


# One component


@pytest.mark.parametrize(
    ("row", "needed"),
    [
        (component("m", 5), 3),  # two on a machine
        (component("m", 0), 0),
        (component("m", 0, min_available_on_zone_loss=1), 0),
        (component("m", 1, instance_types=[]), 0),
        (component("m", 2), 1),
        (component("m", 2, min_available_on_zone_loss=1), 2),
        (component("m", 2, spread={"min_zones": 2}), 2),
        (component("m", 1, spread={"min_zones": 2}), 1),
        (component("m", 2, accelerator_memory_gib=1, spread={"max_per_zone": 1}), 2),
        (component("m", 5, accelerator_memory_gib=1, spread={"max_per_zone": 2}), 3),
        (component("m", 0, spread={"max_per_zone": 0}), 0),
        ({"name": "m", "demand": 9, "throughput": 2, "shared": True, "accelerator_memory_gib": 3}, 3),
        ({"name": "m", "demand": 9, "options": [{"accelerators": 1, "throughput": n} for n in (2, 9)]}, 1),
    ],
)
def test_machines_that_a_component_needs_in_any_plan(row: Doc, needed: int) -> None:
    assert one(row, pools=zoned("a", "b", "c", "d", "e")).machines == needed


def test_the_largest_machines_say_how_many_are_needed() -> None:
    assert one(component("m", 4), {"small": machine(1), "large": machine(1, 4)}).machines == 1


def test_up_to_64_dedicated_copies_are_counted_whole() -> None:
    assert [one(component("m", n, dedicated=True)).counted_whole for n in (64, 65)] == [True, False]
    assert not one(component("m", 2)).counted_whole


@pytest.mark.parametrize(
    ("demand", "rates", "counted"),
    [
        (2e13, (6e12, 9e12), 21 * 10**12),  # beyond 2**44 sums are multiples of what all rates have in common
        (1e13, (6e12, 9e12), 10**13 - 10**4),
        (2**44, (6e12, 9e12), 2**44 - 17592),
        (1e13, (3000000000001.5, 2000000000001.0), 10_000_000_000_005),
        (1.0000000015, (1,), 2),  # what is forgiven is 1e-9 of it
        (90, (4, 8), 90),
    ],
)
def test_a_demand_is_rounded_up_to_sums_that_there_are(demand: float, rates: tuple[float, ...], counted: int) -> None:
    options = [{"accelerators": 1, "throughput": rate} for rate in rates]
    assert one({"name": "m", "demand": demand, "options": options}).demand == counted


@pytest.mark.parametrize(
    ("lost", "floor", "running", "zones", "copies"),
    [
        ("zone", 0, 0, "a", 4),  # they serve it
        ("zone", 0, 5, "a", 5),
        ("zone", 0, 3, "ab", 6),
        ("zone", 2, 0, "ab", 5),
        ("pool", 2, 5, "a", 7),
        ("instance", 3, 5, "a", 8),
    ],
)
def test_copies_of_use_for_a_demand_are_as_many_as_in_the_package(
    *, lost: str, floor: int, running: int, zones: str, copies: int
) -> None:
    row = {"name": "m", "demand": 8, "throughput": 2, "shared": True, f"min_available_on_{lost}_loss": floor}
    today: Doc = {
        "instances": [{"id": "i", "pool": "p0"}],
        "placements": running * [{"component": "m", "instance": "i"}],
    }
    document = problem("one", {"t": machine(1)}, [row], zoned(*zones), **today)
    assert Problem(document).components["m"].copies == copies
    assert compile_fleet(placement.Problem(**document)).components[0].copies == copies


@pytest.mark.parametrize(
    ("row", "least", "most"),
    [
        (component("m", 5), 0, 5),
        (component("m", 5, spread={"max_skew": 1}), 2, 3),
        (component("m", 5, spread={"max_skew": 3}), 1, 4),
        (component("m", 5, spread={"max_per_zone": 2}), 0, 2),
        (component("m", 5, spread={"min_zones": 2}), 0, 4),
        (component("m", 5, min_available_on_zone_loss=2), 0, 3),
        (component("m", 2, min_available_on_zone_loss=3, min_copies=0), 0, 0),  # all are left out
    ],
)
def test_copies_in_a_zone(row: Doc, least: int, most: int) -> None:
    assert one(row, pools=zoned("a", "b")).in_zone == (least, most)


def test_where_there_is_one_zone_it_has_all_copies() -> None:
    assert one(component("m", 5, spread={"max_skew": 1})).in_zone == (5, 5)


@pytest.mark.parametrize(
    ("needs", "most"),
    [
        ({"shared": True}, 99),  # nothing is taken
        ({"shared": True, "accelerator_memory_gib": 3}, 4),
        ({"shared": True, "accelerator_share": 0.3}, 12),
        ({"shared": False}, 4),
        ({"shared": False, "accelerators": 2}, 2),
        ({"shared": True, "accelerators": 3, "accelerator_memory_gib": 2}, 2),
        ({"shared": True, "vcpus": 3}, 2),
        ({"shared": True, "memory_gib": 3, "spread": {"max_per_instance": 1}}, 1),
        (shared(accelerators=(1, 2), accelerator_memory_gib=(4, 4)), 4),  # the least that any option takes
        (shared(accelerators=(1, 1), accelerator_memory_gib=(1, 4)), 16),
        (shared(accelerators=(1, 1), accelerator_share=(0.2, 1)), 20),
        (shared(accelerators=(1, 1), vcpus=(4, 1)), 8),
        ({"options": [{"accelerators": 1}, {"accelerators": 1, "shared": True, "accelerator_memory_gib": 2}]}, 8),
    ],
)
def test_copies_on_one_machine_of_four_accelerators(needs: Doc, most: int) -> None:
    row = {"name": "m", "copies": 99, **({} if "options" in needs else {"accelerators": 1}), **needs}
    assert one(row, {"t": machine(1, 4)}).on_one == {"t": most}


@pytest.mark.parametrize(
    ("lost", "copies", "floor", "none"),
    [
        ("zone", 4, 2, False),  # three pools in two zones
        ("zone", 4, 3, True),
        ("pool", 5, 3, False),
        ("pool", 5, 4, True),
        ("instance", 4, 3, False),
        ("instance", 4, 4, True),
    ],
)
def test_copies_that_are_spread_evenly_may_still_be_too_few_when_one_is_lost(
    *, lost: str, copies: int, floor: int, none: bool
) -> None:
    """Counting alone says so, as the package does; optional copies may all be left out."""
    for least, impossible in (({}, none), ({"min_copies": 1}, none), ({"min_copies": 0}, False)):
        row = {"name": "m", "copies": copies, "shared": True, f"min_available_on_{lost}_loss": floor, **least}
        document = problem("one", {"t": machine(1)}, [row], zoned("a", "a", "b"))
        found = Problem(document)
        assert found.components["m"].impossible(Leaf(found, {}, {})) is impossible
        assert (why_infeasible(compile_fleet(placement.Problem(**document))) is not None) is impossible


@pytest.mark.parametrize(
    ("pins", "copies", "zone", "none"),
    [(2, 2, "a", False), (3, 2, "a", True), (0, 1, "a", False), (0, 3, "b", False), (1, 3, "b", True)],
)
def test_pinned_copies_must_stay_and_others_need_not(*, pins: int, copies: int, zone: str, none: bool) -> None:
    """Three run in zone a; where they may not any more, or are more than are wanted, those that are pinned matter."""
    rows = [{"component": "m", "instance": "i", "pinned": k < pins} for k in range(3)]
    running: Doc = {"instances": [{"id": "i", "pool": "p0"}], "placements": rows}
    row = {"name": "m", "copies": copies, "shared": True, "zones": [zone]}
    document = problem("pins", {"t": machine(1)}, [row], zoned("a", "b"), **running)
    found = Problem(document)
    assert found.components["m"].impossible(Leaf(found, {}, {})) is none
    assert (why_infeasible(compile_fleet(placement.Problem(**document))) is not None) is none


def test_a_demand_needs_a_copy_and_no_more_where_one_serves_it() -> None:
    served = {"name": "m", "demand": 2, "throughput": 2, "min_copies": 0, "shared": True, "accelerators": 2}
    for quota, none in ((1, False), (0, True)):
        found = Problem(problem("one", {"t": machine(1)}, [served], zoned("a", max_instances=quota)))
        assert found.components["m"].impossible(Leaf(found, {}, {})) is none


def test_a_demand_asks_for_one_copy_unless_more_are_said() -> None:
    served = {"name": "m", "demand": 2, "throughput": 2, "shared": True}
    assert [one(served | more).required for more in ({}, {"min_copies": 0}, {"min_copies": 3})] == [1, 0, 3]


# Leaves


def rent(
    *used: tuple[Prices | Clique, int], of: Problem, path: dict[Any, tuple[int, int]] | None = None, paid: bool = True
) -> Fraction:
    """The least rent of a leaf by prices with factors."""
    return Leaf(of, path or {}, {}).least_rent([(prices, Fraction(factor)) for prices, factor in used], paid=paid)


def test_a_range_without_a_number_is_empty() -> None:
    compiled = Problem(CASES["machines"].problem)  # of another pool there is one
    assert Leaf(compiled, {frozenset("a"): (3, 2)}, {}).empty is True
    assert Leaf(compiled, {frozenset("a"): (2, 2)}, {}).empty is False
    assert Leaf(compiled, {}, {}).least({"a": Fraction(1, 2)}) == 0  # none of what costs anything


def test_several_prices_add_up_and_so_do_multipliers_of_one_set() -> None:
    """Components m and n own accelerators of pools a and b: prices of each prove its own machines."""
    types = {"a": machine(3), "b": machine(5)}
    rows = [component("m", 3, instance_types=["a"]), component("n", 5, instance_types=["b"])]
    compiled = Problem(problem("both", types, rows))
    first, second = (Prices(items([name], (ONE, n)), compiled) for name, n in (("a", 1_500_000), ("b", 2_500_000)))
    assert rent((first, 1), of=compiled) == 5_000_000  # 4.5, in whole dollars, as prices are
    assert rent((first, 1), (second, 1), of=compiled) == 17_000_000
    assert rent((first, 2), of=compiled, paid=False) == 9_000_000 - 3 * 6_000_000
    pair = {"machines": [[["a", "b"], 1_000_000]]}
    weight = Prices(pair, compiled)
    assert rent((weight, 1), of=compiled, paid=False) == -8_000_000  # as many as there may be
    at_most = {frozenset("ab"): (0, 1)}
    assert rent((weight, 1), of=compiled, path=at_most, paid=False) == -1_000_000
    assert rent((weight, 1), (weight, 2), of=compiled, path=at_most, paid=False) == -3_000_000


@pytest.mark.parametrize(("part", "rent", "paid"), [(0, 0, 0), (1, 1_500_000, 2_050_000)])
def test_dollars_that_are_paid_for_beside_free_machines(part: int, rent: int, paid: int) -> None:
    """Half of each dollar that b costs, less half of what is paid for; without a price b costs nothing."""
    rows = [{"name": "k", "pools": ["a"], "instances": 2}, {"name": "d", "pools": ["b"], "price_per_hour": 4.1}]
    compiled = Problem(problem("paid", {"a": machine(1), "b": machine(3)}, [], commitments=rows))
    charges = compiled.charges({"prices": [["d", part, 2]]} if part else {})
    assert (charges.rent, charges.paid) == ({"a": 1_000_000, "b": rent}, paid)
    assert (charges.free, charges.money) == ([(2, frozenset("a"))], [4_100_000])


def test_pools_that_can_not_be_rented_do_not_count_for_the_step() -> None:
    types = {"a": machine(3), "b": machine(2)}
    rows = [component("m", 1, instance_types=["a"]), component("n", 1, instance_types=["b"])]
    for quota, least in ((0, 3_000_000), (1, 2_000_000)):
        pools: list[Doc] = [{"name": n, "instance_type": n, "zone": "z"} for n in types]
        pools[1]["max_instances"] = quota
        compiled = Problem(problem("step", types, rows, pools))
        assert rent((Prices(items(["a"], (ONE, 1_000_001)), compiled), 1), of=compiled) == least


# Patterns


def best_of(room: tuple[int, ...], priced: list[tuple[tuple[int, ...], int, int]]) -> int:
    """The most that items are worth, by trying every number of each."""
    most = 0
    for counts in itertools.product(*(range(limit + 1) for _, _, limit in priced)):
        sums = [sum(n * need[d] for n, (need, _, _) in zip(counts, priced, strict=True)) for d in range(4)]
        if all(s <= have for s, have in zip(sums, room, strict=True)):
            most = max(most, sum(n * price for n, (_, price, _) in zip(counts, priced, strict=True)))
    return most


@one_by_one(range(60))
def test_the_best_pattern_is_that_of_all(seed: int) -> None:
    rng = random.Random(seed)
    room = tuple(rng.randint(0, 9) for _ in range(4))
    needs = {tuple(rng.choice((0, 0, 1, 2, 3)) for _ in range(4)) for _ in range(rng.randint(1, 4))}
    priced = [(need, rng.randint(0, 9), rng.randint(0, 4)) for need in sorted(needs, key=lambda _: rng.random())]
    knapsack = Knapsack(room, frozenset(needs), tuple((d, 1, 1) for d in range(4)))
    assert knapsack.value(tuple(priced)) == best_of(room, priced)
    some = rng.randint(0, len(priced))
    assert knapsack.table(priced[some:], knapsack.table(priced[:some]))[-1] == best_of(room, priced)


def test_any_number_of_an_item_may_stand_beside_others() -> None:
    """Two of four small ones beside a large one."""
    small, large = (2, 0, 0, 0), (4, 0, 0, 0)
    knapsack = Knapsack((8, 0, 0, 0), frozenset((small, large)), ((0, 1, 1),))
    assert knapsack.value(((small, 2, 4), (large, 10, 1))) == 14
    nothing = (0, 0, 0, 0)
    assert (
        Knapsack((8, 0, 0, 0), frozenset((large, nothing)), ((0, 1, 1),)).value(((large, 10, 1), (nothing, 3, 2))) == 16
    )
    assert knapsack.value(((small, 2, 4),)) == 8  # each is worth its price
    one, other = (1, 1, 0, 0), (2, 1, 0, 0)
    apart = Knapsack((4, 1, 0, 0), frozenset((one, other)), ((0, 1, 1), (1, 1, 1)))
    assert apart.value(((one, 5, 1), (other, 7, 1))) == 7
    free = Knapsack((8, 0, 0, 0), frozenset((nothing,)), ((0, 1, 1),))
    assert [free.value(((nothing, price, 2),)) for price in (-1, 0, 1)] == [0, 0, 2]


@pytest.mark.parametrize(
    ("total", "parts", "least"),
    [
        (Fraction(5), [4, 6], 6),
        (Fraction(-5), [4, 6], -4),
        (Fraction(1, 4), [Fraction(5, 2), Fraction(9, 2)], Fraction(1, 2)),  # 2 x 5/2 - 9/2
        (Fraction(1, 4), [Fraction(3, 2), Fraction(9, 2)], Fraction(3, 2)),
        (Fraction(1, 4), [0], Fraction(1, 4)),
    ],
)
def test_a_sum_of_whole_numbers_of_parts_is_rounded_up(total: Fraction, parts: list[Fraction], least: Fraction) -> None:
    assert check_certificate.whole(total, parts) == least


@pytest.mark.parametrize(
    ("most", "room", "sizes"),
    [
        (132, [10, 11], [3, 1]),
        (131, [5, 10], [0, 3]),  # the longest is made coarser, until the table is small enough
        (66, [5, 10], [0, 3]),
        (65, [5, 5], [0, 1]),
        (36, [5, 5], [0, 1]),
        (18, [2, 5], [0, 1]),
        (17, [2, 2], [0, 0]),
    ],
)
def test_a_table_that_is_too_large_is_made_coarser(
    most: int, room: list[int], sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Needs and room are rounded down; the longest dimension comes last."""
    monkeypatch.setattr(check_certificate, "MOST_STATES", most)
    check_certificate.__dict__["Knapsack"].cache_clear()
    need = (2, 9, 0, 0)
    knapsack = Knapsack((23, 32, 7, 7), frozenset({need, (4, 3, 0, 0)}), tuple((d, 1, 1) for d in range(4)))
    assert (knapsack.room, knapsack.sizes[need]) == (room, sizes)


def test_units_of_a_grid_round_down_and_other_dimensions_are_left_out() -> None:
    knapsack = Knapsack((10, 20, 30, 40), frozenset({(7, 5, 3, 1)}), ((0, 2, 1), (1, 3, 2)))
    assert (knapsack.room, knapsack.sizes) == ([1, 4], {(7, 5, 3, 1): [1, 1]})


# Prices


def test_prices_below_nothing_and_grids_without_sense_are_refused() -> None:
    compiled = Problem(CASES["one class"].problem)
    good = items(["a"], (ONE, 5))["accelerators"][0]
    assert Prices({"accelerators": [good]}, compiled).inequality(Leaf(compiled, {}, {})) == ({"a": 10}, 25)
    least = Prices(items(["a"], (ONE, 1)), compiled).inequality(Leaf(compiled, {}, {}))
    assert least == ({"a": 2}, 5)
    bad: list[Doc] = [{"accelerators": [{**good, "grid": [row]}]} for row in ([-1, 1, 1], [0, 0, 1], [0, 1, 0])]
    bad += [{"accelerators": [{**good, "own": -1}]}, {"accelerators": [{**good, "copies": [[[1, 0, 0, 0], 5]]}]}]
    bad += [{"volumes": [["a", "vcpus", -1]]}, {"per_instance": [["m", "a", -1]]}, {"optional": {"0": -1}}]
    bad += [{"accelerators": [good, good]}, {"accelerators": [{**good, "pools": []}]}]
    for row in bad:
        with pytest.raises(Refused):
            Prices(row, compiled)
    five = Prices({"accelerators": [{**good, "grid": [[0, 1, 1]] * 5}]}, compiled).classes[0]
    assert len(five.knapsack.sizes[tuple(ONE)]) == 4
    halves = Prices({"accelerators": [{**good, "grid": [[0, 1000, 1]]}]}, compiled).classes[0]
    assert halves.knapsack.room == [1]  # four, in units of what all have in common


def test_pools_of_a_class_have_room_alike() -> None:
    """The best pattern of the smaller one would be too small for the other."""
    for other, alike in ((machine(2), True), (machine(1, 3), True), (machine(1, 1), False)):
        compiled = Problem(problem("class", {"a": machine(1), "b": other}, [component("m", 5)]))
        if alike:
            assert Prices(items(["a", "b"], (ONE, 5)), compiled).classes
        else:
            with pytest.raises(Refused, match="must be alike"):
                Prices(items(["a", "b"], (ONE, 5)), compiled)


def test_a_machine_is_worth_the_price_of_each_copy_that_it_may_hold() -> None:
    compiled = Problem(CASES["one class"].problem)
    found = Prices({"per_instance": [["m", "a", 5]]}, compiled)
    assert found.inequality(Leaf(compiled, {}, {})) == ({"a": 10}, 25)


def test_a_machine_without_accelerators_is_worth_its_best_pattern() -> None:
    row = {"name": "m", "copies": 5, "accelerators": 0, "vcpus": 4}
    compiled = Problem(problem("host", {"a": machine(1, 0)}, [row]))
    found = Prices(items(["a"], ([0, 0, 4000, 0], 5)), compiled)
    assert found.inequality(Leaf(compiled, {}, {})) == ({"a": 10}, 25)


@pytest.mark.parametrize("option", [0, 1])
def test_a_price_of_a_set_is_for_copies_by_its_option_alone(option: int) -> None:
    """Two dearer by one option are taken by the other; the price is paid back for all five."""
    options = [{"accelerators": 1, "accelerator_memory_gib": 3, "shared": True}] * 2
    compiled = Problem(problem("set", {"a": machine(1)}, [component("m", 5, options=options)]))
    key: Doc = {"component": "m", "option": option, "pools": ["a"]}
    prices = Prices({**items(["a"], (ONE, 5)), "copies": [[key, -2]]}, compiled)
    assert prices.inequality(Leaf(compiled, {}, {}))[1] == 5 * 5 - 5 * 2


def test_a_zone_that_must_hold_two_copies_has_them_in_its_two_cheapest_pools() -> None:
    """One in a pool, as one must be left when it is lost."""
    row = component("m", 2, min_available_on_pool_loss=1, spread={"max_skew": 1})
    compiled = Problem(problem("zone", {"t": machine(1)}, [row], zoned("z", "z", "z")))
    classes = [items([f"p{k}"], (ONE, price))["accelerators"][0] for k, price in enumerate((10, 2, 3))]
    assert Prices({"accelerators": classes}, compiled).inequality(Leaf(compiled, {}, {}))[1] == 2 + 3


def test_prices_of_sets_are_for_copies_that_are_counted_one_by_one() -> None:
    served = {"name": "m", "demand": 4, "throughput": 2, "shared": True}
    for row in (served, component("m", 1, dedicated=True)):
        compiled = Problem(problem("sets", {"a": machine(1)}, [row]))
        with pytest.raises(Refused, match="have no price as a set"):
            Prices({"copies": [[{"component": "m", "option": 0, "pools": ["a"]}, 1]]}, compiled)
    for priced, sentence in ((-1, "below 0"), (0, "")):
        beside = {"name": "n", "copies": 1, "shared": True}  # of the same need
        compiled = Problem(problem("sets", {"a": machine(1)}, [served, beside]))
        row = items(["a"], ([0, 0, 0, 0], priced))
        if sentence:
            with pytest.raises(Refused, match=sentence):
                Prices(row, compiled)
        else:
            Prices(row, compiled)


def test_a_pattern_has_no_more_copies_than_there_are() -> None:
    """Of two components alike, as many as both have; of options alike, as many as the component has."""
    rows = [component(name, 2, accelerator_memory_gib=0.5) for name in "mn"]
    options = [{"accelerators": 1, "accelerator_memory_gib": 1, "shared": True}] * 2
    rows += [component("o", 3, options=options), component("p", 1, accelerator_memory_gib=2)]
    compiled = Problem(problem("limits", {"a": machine(1)}, rows))
    prices = items(["a"], ([512, 0, 0, 0], 7), ([1024, 0, 0, 0], 9))  # none of p's: it has no price
    kind = Prices(prices, compiled).classes[0]
    assert kind.items(Leaf(compiled, {}, {})) == (((512, 0, 0, 0), 7, 4), ((1024, 0, 0, 0), 9, 3))
    few = {compiled.copy_set({"component": "m", "option": 0, "pools": ["a"]}): (0, 1)}  # of m, and two of n
    assert kind.items(Leaf(compiled, few, {}))[0] == ((512, 0, 0, 0), 7, 3)
    few = {compiled.copy_set({"component": "o", "option": o, "pools": ["a"]}): (0, 1) for o in (0, 1)}
    assert kind.items(Leaf(compiled, few, {}))[1] == ((1024, 0, 0, 0), 9, 2)


def test_the_number_of_copies_in_a_set_may_be_0() -> None:
    """A price of a set is paid back for as few as there may be, where it is above 0."""
    compiled = Problem(CASES["one class"].problem)
    key: Doc = {"component": "m", "option": 0, "pools": ["a"]}
    prices = Prices({**items(["a"], (ONE, 5)), "copies": [[key, 2]]}, compiled)
    assert prices.inequality(Leaf(compiled, {}, {}))[1] == 5 * (5 - 2)
    path = {compiled.copy_set(key): (4, 5)}
    assert prices.inequality(Leaf(compiled, path, {}))[1] == 5 * (5 - 2) + 4 * 2
    few = {compiled.copy_set(key): (0, 4)}
    assert prices.inequality(Leaf(compiled, few, {}))[1] == 5 * (5 - 2)


def test_optional_copies_bring_their_price_or_nothing() -> None:
    """Two of four must be placed; a limit asks for three. Copies have a price of their own, of 5."""
    for dedicated in (False, True):
        row = component("m", 4, min_copies=2, dedicated=dedicated)
        compiled = Problem(problem("optional", {"a": machine(1)}, [row]))
        priced: Doc = {} if dedicated else items(["a"], (ONE, 5))
        priced |= {"volumes": [["a", "vcpus", 1]]} if dedicated else {}
        leaf = Leaf(compiled, {}, {0: 1})
        worth = 8000 if dedicated else 10
        copies = worth // 2
        assert Prices(priced, compiled).inequality(leaf) == ({"a": worth}, 2 * copies)
        for reward, least in ((2, 2 * (copies - 2) + 3 * 2), (copies + 1, 4 * -1 + 3 * (copies + 1))):
            found = Prices({**priced, "optional": {"0": reward}}, compiled).inequality(leaf)
            assert found[1] == (least if not dedicated else whole(worth, reward))


def whole(worth: int, reward: int) -> int:
    """Two to four copies, two on a machine, and three that are counted."""
    return min(worth * -(-n // 2) - reward * n for n in (2, 3, 4)) + 3 * reward


def test_dedicated_copies_beyond_64_pay_a_part_of_a_machine_rounded_down() -> None:
    row = component("m", 99, dedicated=True, vcpus=2.5)  # three on a machine
    compiled = Problem(problem("parts", {"a": machine(1, 4)}, [row]))
    worth, least = Prices({"volumes": [["a", "vcpus", 1]]}, compiled).inequality(Leaf(compiled, {}, {}))
    assert (worth["a"], least) == (8000, 99 * 2666)
    row |= {"copies": 99, "min_copies": 98}
    compiled = Problem(problem("parts", {"a": machine(1, 4)}, [row]))
    made = {"volumes": [["a", "vcpus", 1]], "optional": {"0": 100}}
    assert Prices(made, compiled).inequality(Leaf(compiled, {}, {0: 0}))[1] == 98 * 2566 + 99 * 100


@pytest.mark.parametrize(
    ("rules", "copies", "least"),
    [
        ({}, 4, 2 * 10),  # two machines of zone a, or one of b with three and one of a
        ({}, 3, 12),
        ({}, 1, 10),
        ({"spread": {"max_skew": 1}}, 4, 10 + 12),
        ({"spread": {"max_per_zone": 2}}, 4, 10 + 12),
        ({"spread": {"max_per_zone": 1}}, 2, 10 + 12),
        ({"spread": {"max_per_zone": 1}}, 3, 0),  # there is no plan
    ],
)
def test_machines_of_a_dedicated_component_are_counted_whole(rules: Doc, copies: int, least: int) -> None:
    """Two on a machine of pool a at 10, three on one of pool b, in another zone, at 12."""
    types = {"a": machine(1), "b": machine(1, 3)}
    pools = [{"name": name, "instance_type": name, "zone": name} for name in types]
    compiled = Problem(problem("whole", types, [component("m", copies, dedicated=True, **rules)], pools))
    prices = {"accelerators": [{"pools": ["a"], "own": 5}, {"pools": ["b"], "own": 4}]}
    assert Prices(prices, compiled).inequality(Leaf(compiled, {}, {})) == ({"a": 10, "b": 12}, least)


@pytest.mark.parametrize(
    ("names", "copies", "floor", "least"),
    [
        ("abc", 6, 3, 3 * 10),  # two copies on the one machine of each, not three on two machines of two pools
        ("ab", 6, 3, 4 * 10),
        ("abcd", 4, 3, 4 * 10),  # one copy in a pool, where a machine holds two
        ("abcd", 8, 5, 4 * 10),
        ("abc", 8, 5, 5 * 10),
    ],
)
def test_bug_a_dedicated_component_fills_machines_in_as_many_pools_as_there_are(
    names: str, copies: int, floor: int, least: int
) -> None:
    """Two copies on a machine, at 10; a pool may hold all copies but those that must be left when it is lost."""
    types = {name: machine(1) for name in names}
    pools = [{"name": name, "instance_type": name, "zone": "z"} for name in names]
    row = component("m", copies, dedicated=True, min_available_on_pool_loss=floor)
    prices = {"accelerators": [{"pools": [*names], "own": 5}]}
    found = Prices(prices, Problem(problem("pools", types, [row], pools)))
    assert found.inequality(Leaf(found.problem, {}, {}))[1] == least


@one_by_one(range(60))
def test_machines_of_a_dedicated_component_are_worth_the_least_of_all_ways_to_share_them_out(seed: int) -> None:
    """Over zones and pools, of which some are alike, within what may be lost with each."""
    rng = random.Random(seed)
    few = rng.random() < 0.25  # of them alike
    copies, size = rng.randint(4, 10), rng.choice((2, 2, 3))
    types = {name: machine(1, rng.choice((size, size, size, 1)) if few else size) for name in "abcd"}
    pools = [{"name": name, "instance_type": name, "zone": rng.choice("xyy" if few else "y")} for name in types]
    row = component("m", copies, dedicated=True, min_copies=copies - (rng.random() < 0.2))
    row |= {"min_available_on_pool_loss": max(0, copies - rng.choice((1, 2, 3, 3, 4, 5)))}
    row |= rng.choice(({}, {}, {"spread": {"max_per_zone": rng.randint(1, copies)}}))
    compiled = Problem(problem("shared out", types, [row], pools))
    prices = {"accelerators": [{"pools": [name], "own": rng.choice((2, 5, 5)) if few else 5} for name in types]}
    worth, least = Prices(prices, compiled).inequality(Leaf(compiled, {}, {}))
    one = compiled.components["m"]
    ways = [
        sum(-(-n // one.on_one[p]) * worth[p] for p, n in zip(types, here, strict=True))
        for here in itertools.product(range(one.in_pool + 1), repeat=len(types))
        if one.required <= sum(here) <= copies and _within_zones(pools, here, one.in_zone[1])
    ]
    assert least == min(ways, default=0)


def _within_zones(pools: list[Doc], copies: tuple[int, ...], most: int) -> bool:
    """Whether no zone has more copies, of so many in each pool."""
    zones = Counter[str]()
    for pool, n in zip(pools, copies, strict=True):
        zones[pool["zone"]] += n
    return max(zones.values()) <= most


def test_a_zone_that_must_hold_copies_is_paid_for_however_dear() -> None:
    """Four copies over three zones that may differ by one: each zone has one, though two machines hold all."""
    types = {name: machine(1) for name in "abd"}
    pools = [{"name": name, "instance_type": name, "zone": name} for name in types]
    row = component("m", 4, dedicated=True, spread={"max_skew": 1})
    prices = {"accelerators": [{"pools": ["a"], "own": 50}, {"pools": ["b", "d"], "own": 5}]}
    found = Prices(prices, Problem(problem("whole", types, [row], pools)))
    assert found.inequality(Leaf(found.problem, {}, {})) == ({"a": 100, "b": 10, "d": 10}, 120)


def test_pools_that_no_member_of_a_clique_uses_are_worth_nothing() -> None:
    types = {"a": machine(1), "b": machine(2)}
    rows = [component(name, 1, avoid=["m", "n"], instance_types=["a"]) for name in "mn"]
    compiled = Problem(
        problem("clique", types, [row | {"avoid": ["n" if row["name"] == "m" else "m"]} for row in rows])
    )
    found = Clique({"clique": [["m", 3], ["n", 4]]}, compiled)
    assert found.inequality(Leaf(compiled, {}, {})) == ({"a": 4, "b": 0}, 7)


# Trees


def proofs(made: Doc, name: str = "one class") -> list[Proof]:
    """What a certificate of a case proves, with changes."""
    return check(Problem(CASES[name].problem), {**CASES[name].claiming(3_000_000), **made})


def test_each_plan_is_in_a_leaf_that_there_is() -> None:
    """A child beyond the last node would leave plans without a reason."""
    tree = [machines(["a"], 5, 1, 2), use(0)]
    with pytest.raises(Refused, match="no node of its own"):
        proofs({"nodes": tree})
    (proof,) = proofs({"nodes": [*tree, use(0)]})
    assert proof.reasons == {"prices": 1, "empty": 1}
    assert not proof.weak
    tree = [machines(["a"], 3, 1, 2), use(0), use(0)]
    assert proofs({"nodes": tree})[0].reasons == {"prices": 2}


@pytest.mark.parametrize(
    "change",
    [
        {"unit": 0},
        {"unit": -1},
        {"within": {"0": -1}},
        {"nodes": [{"leaf": "prices", "use": [[-1, 1, 1]]}]},
        {"nodes": [{"leaf": "running", "prices": -1, "rewards": []}]},
        {"problem": "another"},
        {"claim": {"infeasible": False}},
        {"format": "placement-certificate/v2"},
    ],
)
def test_numbers_below_what_they_may_be_are_refused(change: Doc) -> None:
    with pytest.raises(Refused):
        proofs(change)


def test_a_certificate_may_have_no_prices_and_a_plan_may_cost_nothing() -> None:
    made, compiled = CASES["one class"].claiming(0), Problem(CASES["one class"].problem)
    del made["prices"]
    (proof,) = check(compiled, {**made, "nodes": [use()]})
    assert (proof.checked, proof.weak) == (0, [])
    said = compare(compiled, proof, {"cost": 0, "assignments": []})
    assert said == "the plan costs 0.000000 dollars: no plan is cheaper"


@pytest.mark.parametrize(("most", "more"), [(2, False), (1, True)])
def test_copies_that_a_plan_leaves_out_are_counted_over_components(*, most: int, more: bool) -> None:
    rows = [component(name, 1, min_copies=0) for name in "mn"]
    compiled = Problem(problem("optional", {"a": machine(1)}, rows))
    made = {**CASES["one class"].claiming(0), "problem": "optional", "prices": [], "nodes": [use()]}
    (proof,) = check(compiled, {**made, "within": {"0": most}})
    assert ("leaves out more copies" in compare(compiled, proof, {"cost": 0, "assignments": []})) is more


def test_copies_of_another_priority_are_not_among_those_left_out() -> None:
    rows = [component(name, 1, min_copies=0, priority=k) for k, name in enumerate("mn")]
    compiled = Problem(problem("optional", {"a": machine(1)}, rows))
    made = {**CASES["one class"].claiming(0), "problem": "optional", "prices": [], "nodes": [use()]}
    (proof,) = check(compiled, {**made, "within": {"1": 1}})
    assert "leaves out more" not in compare(compiled, proof, {"cost": 0, "assignments": []})


def test_counting_says_nothing_of_a_component_that_has_a_plan() -> None:
    (proof,) = proofs({"nodes": [{"leaf": "counting", "component": "m", "use": [[0, 1, 1]]}]})
    assert proof.checked == 3_000_000  # by the prices


def test_prices_of_what_runs_are_those_that_the_leaf_names() -> None:
    case = CASES["running"]
    made = case.claiming(case.optimum)
    node = dict(made["nodes"][0], prices=1)
    made |= {"prices": [{}, *made["prices"]], "nodes": [node]}
    (proof,) = check(Problem(case.problem), made)
    assert (proof.checked, proof.weak) == (case.optimum, [])


def test_an_engines_word_counts_for_what_it_says_and_where_it_is_needed() -> None:
    word = {"leaf": "engine", "says": "infeasible", "use": [[0, 1, 1]]}
    (proof,) = proofs({"nodes": [word]})
    assert (proof.words, proof.told) == ([], 3_000_000)  # the prices prove the claim
    claim = {"claim": {"cost": [4_000_000, 1]}}
    (proof,) = proofs({**claim, "nodes": [word]})
    assert (proof.words, proof.checked, proof.told, proof.weak) == (["node 0"], 3_000_000, NO_PLAN, [])
    (proof,) = proofs({**claim, "nodes": [{**word, "at_least": [7_000_000, 2]}]})
    assert (proof.words, proof.told) == (["node 0"], 3_500_000)
    assert proof.weak == ["node 0 (engine) proves 3.500000 dollars, which is less than the claim"]
    (proof,) = proofs({**claim, "nodes": [{**word, "at_least": [1, 1]}]})
    assert proof.told == 3_000_000  # by the prices
    (proof,) = proofs({**claim, "nodes": [{**word, "says": "optimal"}]})
    assert (proof.words, len(proof.weak)) == ([], 1)


def test_moves_that_no_plan_avoids_are_paid_in_every_leaf() -> None:
    """Both copies run on a machine that must be left."""
    running: Doc = {
        "instances": [{"id": "i", "pool": "a", "state": "draining"}],
        "placements": [{"component": "m", "instance": "i", "accelerators": [k]} for k in (0, 1)],
        "objective": {"move_cost": 0.25},
    }
    document = problem("drains", {"a": machine(2)}, [component("m", 2)], **running)
    made = {**CASES["one class"].claiming(2_500_000), "problem": "drains"}
    made |= {"prices": [items(["a"], (ONE, 1_000_000))], "nodes": [use(0)]}
    assert check(Problem(document), made)[0].checked == 2_500_000
    document["objective"]["max_moves"] = 2
    assert check(Problem(document), {**made, "rules": {"move": 1_000_000}})[0].checked == 2_500_000
    document["components"] = [component(name, 1) for name in "mn"]  # and of one component, or of two
    document["placements"][1]["component"] = "n"
    assert check(Problem(document), made)[0].checked == 2_500_000


# What runs now


def kept(
    instances: list[Doc],
    rows: list[Doc],
    prices: Doc,
    rewards: Doc,
    *,
    fewest: int = 0,
    quota: int | None = None,
    also: Sequence[Doc] = (),
) -> Fraction:
    """What a leaf of what runs proves, where m has as many copies as run, and a move costs a dollar."""
    running = {"instances": instances, "placements": rows, "objective": {"move_cost": 1}}
    copies = sum(row["component"] == "m" for row in rows)
    pools = [{"name": "a", "instance_type": "a", "zone": "z", "min_instances": fewest, "max_instances": quota}]
    document = problem("runs", {"a": machine(3)}, [component("m", copies), *also], pools, **running)
    made = {**CASES["one class"].claiming(0), "problem": "runs", "prices": [prices]}
    made["nodes"] = [{"leaf": "running", "prices": 0, "rewards": [[name, n] for name, n in rewards.items()]}]
    cost = check(Problem(json.loads(json.dumps(document))), made)[0].checked
    assert isinstance(cost, Fraction)
    return cost


def on(*machines: str, component: str = "m") -> list[Doc]:
    """A copy on the first accelerator of each machine."""
    return [{"component": component, "instance": name, "accelerators": [0]} for name in machines]


def test_the_best_of_what_runs_is_kept_where_machines_must_be_paid() -> None:
    """Of two that run, one holds two copies; one machine is paid for in any case, and at best it is that one."""
    instances = [{"id": "i", "pool": "a"}, {"id": "j", "pool": "a"}]
    prices = items(["a"], (ONE, 1_500_000))
    for name in "ij":
        rows = [*on(name), {"component": "m", "instance": name, "accelerators": [1]}]
        for fewest in (0, 1):
            assert kept(instances, rows, prices, {"m": 1_000_000}, fewest=fewest) == 3_000_000
    assert kept(instances, on("i", "j"), prices, {"m": 1_000_000}) == 3_750_000
    somewhere = [{"component": "m", "instance": "i"}] * 2  # on it: both may be kept there
    assert kept(instances, somewhere, prices, {"m": 1_000_000}) == 3_000_000


def test_what_a_set_of_machines_costs_more_is_taken_off_for_as_many_as_there_may_be() -> None:
    """A price of their number moves money from machines to the set: of one that runs and is kept."""
    rows = [*on("i"), {"component": "m", "instance": "i", "accelerators": [1]}]
    prices = items(["a"], (ONE, 1_500_000))
    for price in (-3_000_000, 0, 3_000_000):
        made = {**prices, "machines": [[["a"], price]]}
        assert kept([{"id": "i", "pool": "a"}], rows, made, {"m": 1_000_000}, fewest=1, quota=1) == 3_000_000
        assert kept([{"id": "i", "pool": "a"}], rows, made, {"m": 1_000_000}, quota=1) == 3_000_000


def test_a_machine_without_prices_of_patterns_may_keep_its_copies_too() -> None:
    """Its move is cheaper than the machine."""
    prices: Doc = {"volumes": [["a", "vcpus", 0]]}
    assert kept([{"id": "i", "pool": "a"}], on("i"), prices, {"m": 1_000_000}) == 1_000_000


def test_copies_of_one_component_may_all_be_kept_on_a_machine_of_its_own() -> None:
    also = [component("o", 2, dedicated=True, accelerator_memory_gib=1)]
    rows = [*on("i", component="o"), *on("i", component="o")]
    prices = items(["a"], (ONE, 1_500_000), own=1_500_000)
    assert kept([{"id": "i", "pool": "a"}], rows, prices, {"o": 1_000_000}, also=also) == 3_000_000


@pytest.mark.parametrize("names", ["oq", "qo"])
def test_of_two_owners_of_one_accelerator_the_one_with_more_to_lose_may_be_kept(names: str) -> None:
    """The other one moves at no cost."""
    costs = {"o": 1, "q": 0}
    also = [component(name, 1, accelerators=1, move_cost=costs[name]) for name in names]
    rows = [row for name in names for row in on("i", component=name)]
    prices = items(["a"], (ONE, 1_500_000), own=1_500_000)
    assert kept([{"id": "i", "pool": "a"}], rows, prices, {"o": 1_000_000}, also=also) == 3_000_000


def test_machines_that_are_paid_for_and_do_not_run_hold_copies_too() -> None:
    """Three in any case, of which one runs with two copies that are kept: they hold the four of n."""
    rows = [*on("i"), {"component": "m", "instance": "i", "accelerators": [1]}]
    prices, also = items(["a"], (ONE, 1_500_000)), [component("n", 4)]
    assert kept([{"id": "i", "pool": "a"}], rows, prices, {"m": 1_000_000}, fewest=3, also=also) == 9_000_000


def test_moves_that_no_plan_avoids_are_paid_once() -> None:
    """One of two copies runs on a machine that goes: its move is paid for, and has no reward."""
    instances = [{"id": "i", "pool": "a"}, {"id": "gone", "pool": "a", "state": "draining"}]
    prices = items(["a"], (ONE, 1_500_000))
    assert kept(instances, on("i", "gone"), prices, {"m": 1_000_000}) == 4_000_000
    assert kept(instances, on("i", "gone"), prices, {}) == 4_000_000
    with pytest.raises(Refused, match="more than the money of a move"):
        kept(instances, on("i", "gone"), prices, {"m": 1_000_001})


def test_who_has_no_reward_and_no_price_brings_nothing() -> None:
    """A copy of n, without either, runs beside one of m; and one that owns its accelerator, elsewhere."""
    instances = [{"id": name, "pool": "a"} for name in ("i", "j")]
    also = [component("n", 1, accelerator_memory_gib=0.5), component("o", 1, accelerators=1)]
    rows = [*on("i"), *on("i", component="n"), *on("j", component="o")]
    prices = items(["a"], (ONE, 3_000_000))
    assert kept(instances, rows, prices, {"m": 1_000_000}, also=also) == 3_000_000


@pytest.mark.parametrize(("price", "least"), [(0, 24), (18, 9 * 18 + 12 * 2), (20, 9 * 20), (21, 9 * 21 - 19)])
def test_so_many_copies_that_serve_a_demand_stand_outside_of_each_pool(price: int, least: int) -> None:
    """A copy on spot is worth 2, on demand 20, less what it earns there; below 0 all 19 that may run earn it."""
    types = {"spot": machine(1, 1), "dear": machine(10, 1)}
    row = {**component("m", 0, min_available_on_pool_loss=9), "demand": 12, "throughput": 1}
    del row["copies"]
    compiled = Problem(problem("lost", types, [row]))
    volumes = [["spot", "accelerator_memory", 2], ["dear", "accelerator_memory", 20]]
    prices = Prices({"volumes": volumes, "elsewhere": [["m", "spot", price * 3072]]}, compiled)
    assert prices.inequality(Leaf(compiled, {}, {}))[1] == least * 3072


@pytest.mark.parametrize(("required", "least"), [(0, 0), (1, 2 * 18 + 2), (4, 2 * 2 + 2 * 20)])
def test_optional_copies_that_are_left_out_stand_nowhere(required: int, least: int) -> None:
    """Of four two stand outside of spot, if any is placed. Those pay 18; each pays 2 beside that, in either pool."""
    types = {"spot": machine(1, 1), "dear": machine(10, 1)}
    row = component("m", 4, min_copies=required, min_available_on_pool_loss=2)
    compiled = Problem(problem("lost", types, [row]))
    volumes = [["spot", "accelerator_memory", 2], ["dear", "accelerator_memory", 20]]
    prices = Prices({"volumes": volumes, "elsewhere": [["m", "spot", 18 * 3072]]}, compiled)
    assert prices.inequality(Leaf(compiled, {}, {}))[1] == least * 3072
