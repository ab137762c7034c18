"""The arithmetic of cuts, nodes and mixes, held against the checker of certificates, enumeration and cases by hand."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING

import pytest

from placement import Problem, check_certificate
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import evaluate, machines_paid
from placement.patterns.branch_and_price import groups_of
from placement.patterns.certificate import (
    FINE,
    UNIT,
    Cut,
    NodeDomain,
    Prices,
    capacity_values,
    certify,
    domain_bound,
    domain_total,
    machine_costs,
)
from placement.patterns.covering import CoveringMix, any_domain, cheapest_mix, covering_bound, machine_limits
from placement.patterns.formulation import RESOURCES, Relaxation, relax
from placement.patterns.parameters import PATTERNS
from tests.certificates.writing import certificate, prices_of, random_prices
from tests.corpus import one_by_one, plans, seeds
from tests.strategies import random_problem

if TYPE_CHECKING:
    from typing import Any

    from tests.parameters import Change

WHOLE = [{"leaf": "prices", "use": [[0, 1, 1]]}]


@seeds(range(200), 24)
def test_an_inequality_is_what_the_checker_makes_of_the_same_prices(seeds: range) -> None:
    """Which shares no line with the library: the same worth of each machine, and the same least of all copies."""
    for seed in seeds:
        rng = random.Random(seed)
        document = random_problem(rng)
        for row in document["components"]:
            row["dedicated"] = row.get("dedicated", False) or (seed % 2 == 0 and rng.random() < 0.5)
            if seed % 3 == 0:
                row["spread"] = {"max_skew": rng.randint(1, 3), "max_per_zone": rng.randint(1, 4)}
            if seed % 4 == 1:
                row |= {f"min_available_on_{lost}_loss": rng.randint(0, 2) for lost in ("pool", "instance")}
        fleet = compile_fleet(Problem(**document))
        compiled = check_certificate.Problem(document)
        optional = [sum(c.optional for c in fleet.components if c.level == level) for level in range(len(fleet.levels))]
        given = None if rng.random() < 0.5 else tuple(rng.randint(0, n) for n in optional)
        within = dict(zip(fleet.levels, given or (), strict=False))
        relaxation, groups = relax(fleet, given), groups_of(fleet)
        prices = random_prices(rng, relaxation, groups)
        whole = {
            s: fleet.components[relaxation.modes[modes[0]].component].copies
            for s, modes in enumerate(relaxation.aggregates)
        }
        cut = certify(relaxation, prices, aggregates={s: (0, whole[s]) for s in prices.aggregates})
        made = certificate(document, [prices_of(relaxation, prices, groups)], WHOLE, {"cost": [0, 1]}, {})
        mine = check_certificate.Prices(made["prices"][0], compiled)
        dual_value, least = mine.inequality(check_certificate.Leaf(compiled, {}, within))
        assert (tuple(dual_value[pool.name] for pool in fleet.pools), least) == (cut.coefficients, cut.least), (
            f"seed {seed}"
        )
        assert cut.prices is prices
        # Sums without a price.
        assert certify(relaxation, prices, aggregates={s: (0, n) for s, n in whole.items()}) == cut
        limits = {s: (rng.randint(0, n), rng.randint(n, n + 3)) for s, n in whole.items()}
        at_most = {s: (0, high) for s, (_, high) in limits.items()}
        none, some, both = (
            certify(relaxation, prices, aggregates=aggregates)
            for aggregates in (dict.fromkeys(limits, (0, 0)), at_most, limits)
        )
        assert none.coefficients == some.coefficients == both.coefficients
        ends = [(prices.aggregates.get(s, 0), *ends) for s, ends in limits.items()]
        assert some.least - none.least == sum(min(0, price * high) for price, _, high in ends)
        assert both.least - none.least == sum(min(price * low, price * high) for price, low, high in ends)


def test_what_a_zone_must_hold_counts_against_what_it_may() -> None:
    """Six copies, two in each of two zones at least and three at most: three are paid for where they cost ten times."""
    pools = [{"name": zone, "instance_type": "t", "zone": zone} for zone in "ab"]
    spread = {"max_skew": 2, "max_per_zone": 3, "max_per_instance": 1}
    problem = Problem(
        instance_types={"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1}},
        pools=pools,
        components=[{"name": "c", "copies": 6, "accelerators": 0, "vcpus": 1, "spread": spread}],
    )
    prices = Prices([[0], [0]], [0, 0], on_one={(0, 0): 1, (0, 1): 10})
    assert certify(relax(compile_fleet(problem), None), prices) == Cut((1, 10), 3 * 1 + 3 * 10)


def test_copies_in_a_zone_are_worth_the_least_of_their_options() -> None:
    """Two copies in two zones, on four vCPUs each or on one: two vCPUs are paid for, whichever option comes first."""
    problem = Problem(
        instance_types={"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1}},
        pools=[{"name": zone, "instance_type": "t", "zone": zone} for zone in "ab"],
        components=[
            {
                "name": "c",
                "copies": 2,
                "options": [{"accelerators": 0, "vcpus": vcpus} for vcpus in (4, 1, 2)],
                "spread": {"max_per_zone": 1},
            }
        ],
    )
    relaxation = relax(compile_fleet(problem))
    items = [[0] * len(device_class.items) for device_class in relaxation.device_classes]
    vcpus = RESOURCES.index("vcpus")
    prices = Prices(items, [0, 0], volume={(0, vcpus): 1, (1, vcpus): 1})
    assert certify(relaxation, prices) == Cut((8_000, 8_000), 2_000)  # thousandths


def test_copies_beyond_those_required_count_once() -> None:
    """Three copies that all are to be placed, of which one is required: three vCPUs, and not those of two once more."""
    problem = Problem(
        instance_types={"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1}},
        pools=[{"name": zone, "instance_type": "t", "zone": zone} for zone in "ab"],
        components=[
            {
                "name": "c",
                "copies": 3,
                "min_copies": 1,
                "accelerators": 0,
                "vcpus": 1,
                "spread": {"max_per_zone": 2},
            }
        ],
    )
    relaxation = relax(compile_fleet(problem), (0,))
    vcpus = RESOURCES.index("vcpus")
    prices = Prices([[0], [0]], [0, 0], volume={(0, vcpus): 1, (1, vcpus): 1}, level=[5_000])
    assert certify(relaxation, prices) == Cut((8_000, 8_000), 3_000)


def test_the_worth_of_an_accelerator_is_over_the_patterns_that_are_allowed() -> None:
    """Where no copy of any item may stand it is that of an accelerator that is owned."""
    for seed in range(20):
        rng = random.Random(seed)
        relaxation = relax(compile_fleet(Problem(**random_problem(rng))), None)
        prices = random_prices(rng, relaxation, ())
        prices.coverage = [[abs(price) for price in row] for row in prices.coverage]
        knapsacks = [device_class.knapsack for device_class in relaxation.device_classes]
        dual_value = [
            max(own, k.value(row)) for own, k, row in zip(prices.capacity, knapsacks, prices.coverage, strict=True)
        ]
        assert capacity_values(relaxation, prices) == capacity_values(relaxation, prices, knapsacks) == dual_value
        closed = [knapsack.with_limits([0] * len(knapsack.limits)) for knapsack in knapsacks]
        assert capacity_values(relaxation, prices, closed) == prices.capacity


def test_groups_without_a_price_cost_nothing() -> None:
    """Prices that know no groups are those with zeros."""
    fleet, groups = fleet_of({}, {}), ((0, 1), (1,))
    cut = Cut((3, 4), 5)
    assert machine_costs(fleet, cut, groups, [7]) == machine_costs(fleet, cut, groups, [7, 0])
    assert machine_costs(fleet, cut, groups, [7]) == [10**6 * UNIT - 3 + 7, 10**6 * UNIT - 4 + 7, -7, 0]


def fleet_of(*pools: dict[str, Any], copies: int = 9, **more: Any) -> Fleet:
    """One component on machines of one type, in pools that differ in price and quota."""
    return compile_fleet(
        Problem(
            instance_types={"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1}},
            pools=[{"name": f"p{k}", "instance_type": "t", "zone": "z", **row} for k, row in enumerate(pools)],
            components=[{"name": "c", "copies": copies, "accelerators": 0, "vcpus": 1}],
            **more,
        )
    )


@one_by_one(range(30), 10)
def test_the_bound_of_a_box_is_the_least_of_all_counts_in_it(seed: int) -> None:
    """Rent less what the cut's surplus is worth, and what groups that do not add up cost: at each end of each range."""
    rng = random.Random(seed)
    fleet = fleet_of(*({"price_per_hour": rng.randint(1, 9)} for _ in range(3)))
    groups = ((0, 1), (1, 2))
    cut = Cut(tuple(rng.randint(0, 9) * 10**6 * UNIT // 3 for _ in range(3)), rng.randint(0, 30) * 10**6 * UNIT // 7)
    prices = [rng.randint(-4, 4) * 10**6 * UNIT // 5 for _ in groups]
    fewest = tuple(rng.randint(0, 2) for _ in range(5))
    domain = NodeDomain(fewest, tuple(low + rng.randint(0, 2) for low in fewest))
    least = min(
        sum(pool.price * UNIT * n for pool, n in zip(fleet.pools, counts, strict=False))
        - cut.slack(counts[:3])
        + sum(
            price * (sum(counts[p] for p in group) - n)
            for price, group, n in zip(prices, groups, counts[3:], strict=True)
        )
        for counts in itertools.product(
            *(range(low, high + 1) for low, high in zip(domain.fewest, domain.most, strict=True))
        )
    )
    assert domain_total(cut, machine_costs(fleet, cut, groups, prices), domain) == least
    assert domain_bound(fleet, cut, groups, Prices([], [], group=prices), domain) == -(-least // UNIT)


@seeds(range(150), 50)
def test_what_commitments_pay_is_exact_for_machines_and_a_bound_for_dollars(seeds: range) -> None:
    """Against all counts of a node, each at what is paid on top as the compiled commitment says it."""
    exact = 0
    for seed in seeds:
        rng = random.Random(seed)
        types = {name: {"vcpus": 8, "memory_gib": 8, "price_per_hour": rng.randint(0, 9)} for name in "abc"}
        commitments: list[dict[str, Any]] = [{"name": "n", "pools": ["a", "b"], "instances": rng.randint(0, 4)}]
        if seed % 2:
            commitments = [{"name": "n", "pools": ["a"], "instances": 2}]
            commitments += [{"name": "x", "pools": ["b", "c"], "price_per_hour": rng.randint(0, 12)}]
        fleet = compile_fleet(
            Problem(
                format="placement/v1",
                name="paid",
                instance_types={"t": {**types["a"]}},
                pools=[
                    {"name": name, "instance_type": "t", "zone": "z", "price_per_hour": row["price_per_hour"]}
                    for name, row in types.items()
                ],
                components=[{"name": "c", "copies": 3, "accelerators": 0, "vcpus": 1}],
                commitments=commitments,
            )
        )
        price = [pool.price for pool in fleet.pools]
        cut = Cut(tuple(rng.randint(0, 9 * 10**6) * UNIT for _ in price), rng.randint(0, 10**7) * UNIT)
        ends = [sorted(rng.choices(range(5), k=2)) for _ in price]
        domain = NodeDomain(tuple(low for low, _ in ends), tuple(high for _, high in ends))
        prices = Prices([], [], committed=[0, rng.choice((0, UNIT // 3, UNIT))][: len(commitments)])
        least = min(
            sum(p * n for p, n in zip(price, counts, strict=True))
            - sum(commitment.pays(counts, price) for commitment in fleet.commitments)
            - cut.slack(counts) // UNIT
            for counts in itertools.product(*(range(low, high + 1) for low, high in ends))
        )
        found = domain_bound(fleet, cut, (), prices, domain)
        assert found <= least, f"seed {seed}"
        if not seed % 2:
            assert found == least, f"seed {seed}"
        exact += found == least
    assert exact > 3 * len(seeds) // 5


def test_machine_counts_of_any_plan() -> None:
    """What is paid for anyway, and a machine for each copy beyond, up to the quota; of a group, the sum of them."""
    fleet = fleet_of(
        {},
        {"max_instances": 4},
        {"min_instances": 2},
        {"min_instances": 2, "max_instances": 20},
        {"min_instances": 1, "max_instances": 1},
        copies=5,
        instances=[{"id": f"i{k}", "pool": "p0", "removable": False} for k in range(3)],
    )
    assert machine_limits(fleet) == ((3, 0, 2, 2, 1), (None, 4, None, 20, 1))
    assert any_domain(fleet) == NodeDomain((3, 0, 2, 2, 1), (8, 4, 7, 7, 1))
    assert any_domain(fleet, ((0, 1), (2, 3, 4))) == NodeDomain((3, 0, 2, 2, 1, 3, 5), (8, 4, 7, 7, 1, 12, 15))


def test_pools_that_no_copy_may_use_hold_what_is_paid_for_anyway() -> None:
    """And more than a quota when so much can't be released."""
    fleet = compile_fleet(
        Problem(
            accelerators={"A": {"memory_gib": 1}},
            instance_types={
                "t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1},
                "g": {"accelerator": "A", "accelerator_count": 1, "vcpus": 1, "memory_gib": 1, "price_per_hour": 2},
            },
            pools=[
                {"name": "p", "instance_type": "t", "zone": "z", "min_instances": 2, "max_instances": 9},
                {"name": "q", "instance_type": "g", "zone": "z", "min_instances": 1},
            ],
            components=[{"name": "c", "copies": 3}, {"name": "d", "copies": 2}],
        )
    )
    assert any_domain(fleet) == NodeDomain((2, 1), (2, 6))


@pytest.mark.parametrize(
    ("dual_value", "least", "limits", "bound"),
    [
        ((2, 3, 0), 0, None, 1),  # one machine is paid for anyway
        ((2, 3, 0), 2, None, 1),
        ((2, 3, 0), 3, None, 2),  # 1 + half a machine of p0, rounded up: whole machines have whole prices
        ((2, 3, 0), 8, None, 4),
        ((1, 3, 0), 8, None, 6),  # 1, then all 2 of p1 at 2 dollars: 7 of worth; the last 1 again from p0
        ((0, 3, 0), 6, None, 5),
        ((0, 3, 0), 7, None, None),  # the quota of p1 is used up, and the others are worth nothing
        ((-1, 3, 0), 5, None, 5),  # what is paid for anyway counts even when it is worth less than nothing
        ((1, 3, 0), 8, ((0, 0, 0), (3, 1, None)), None),
        ((1, 3, 0), 6, ((0, 0, 0), (3, 1, None)), 5),
        ((1, 3, 0), 5, ((0, 1, 2), (9, 1, None)), 22),
        ((0, 3, 0), 4, ((0, 1, 0), (9, 1, None)), None),  # no more of p1 than there is already
        ((0, 3, 0), 6, ((0, 1, 0), (9, 2, None)), 4),
        ((0, 3, 0), 7, ((0, 1, 0), (9, 2, None)), None),
    ],
)
def test_the_covering_bound(dual_value: tuple[int, ...], least: int, limits: Any, bound: int | None) -> None:
    """Cheapest worth first, parts of machines allowed, in whole micro-dollars rounded up."""
    fewest, most = limits or ((1, 0, 0), (None, 2, None))
    rows = zip((1e-6, 2e-6, 9e-6), fewest, most, strict=True)
    fleet = fleet_of(*({"price_per_hour": price, "min_instances": a, "max_instances": b} for price, a, b in rows))
    assert covering_bound(fleet, Cut(dual_value, least)) == bound


@one_by_one(range(25), 10)
def test_the_cheapest_mix_is_that_of_all(seed: int) -> None:
    """Against every mix up to what any plan pays for."""
    rng = random.Random(seed)
    fleet = fleet_of(
        *(
            {"price_per_hour": rng.randint(1, 9)} | ({"max_instances": rng.randint(1, 3)} if rng.random() < 0.5 else {})
            for _ in range(3)
        ),
        copies=4,
        instances=[{"id": "i", "pool": "p0", "removable": False}] if rng.random() < 0.3 else [],
    )
    cuts = [Cut(tuple(rng.randint(0, 5) for _ in range(3)), rng.randint(0, 12)) for _ in range(rng.randint(1, 3))]
    domain = any_domain(fleet)
    kept = [
        (sum(pool.price * n for pool, n in zip(fleet.pools, mix, strict=True)), mix)
        for mix in itertools.product(
            *(range(low, high + 1) for low, high in zip(domain.fewest, domain.most, strict=True))
        )
        if all(cut.slack(mix) >= 0 for cut in cuts)
    ]
    found = cheapest_mix(fleet, cuts, gap=0, seconds=60, effort=60, seed=1)
    if not kept:
        assert found is None
        return
    assert found is not None
    price = sum(pool.price * n for pool, n in zip(fleet.pools, found.machines, strict=True))
    assert price == found.bound == min(kept)[0]


def test_no_machines_are_no_mix_that_was_not_found() -> None:
    """Without a cut nothing is needed, for certain; without any work nothing is known."""
    assert cheapest_mix(fleet_of({}), [Cut((1,), 0)], gap=0, seconds=60, effort=60, seed=1) == CoveringMix((0,), 0)
    rng = random.Random(1)
    fleet = fleet_of(*({"price_per_hour": rng.randint(1, 99)} for _ in range(30)), copies=500)
    cuts = [Cut(tuple(rng.randint(1, 50) for _ in range(30)), rng.randint(300, 3000)) for _ in range(20)]
    assert cheapest_mix(fleet, cuts, gap=0, seconds=60, effort=0, seed=1) == CoveringMix((), 0)


def sparse_prices(relaxation: Relaxation, rng: random.Random) -> Prices:
    """Few of them above 0, so that what a plan has of one thing is held against the most that it may have."""

    def price(unit: int = 1) -> int:
        return rng.choice((0, 0, 0, unit))

    fleet = relaxation.fleet
    return Prices(
        coverage=[[price(100) for _ in device_class.items] for device_class in relaxation.device_classes],
        capacity=[price(100) for _ in relaxation.device_classes],
        volume={(pool.index, r): price(FINE) for pool in fleet.pools for r in range(len(RESOURCES))},
        on_one={key: price(1000 * UNIT) for key in relaxation.on_one},
        level=[price(1000 * UNIT) for _ in fleet.levels],
        elsewhere={(c, p.index): price(1000 * UNIT) for c in relaxation.elsewhere for p in fleet.pools},
    )


@pytest.mark.parametrize("shared", [False, True])
def test_every_plan_keeps_what_any_prices_prove(shared: bool, parameters: Change) -> None:
    """Of relaxations that count copies in each zone, or whose zones share device classes, too."""
    if shared:
        parameters(PATTERNS.formulation, most_items=0, most_apart=10_000)
    for seed, _, fleet, packing in plans(range(30)):
        rng, counts = random.Random(seed), tuple(machines_paid(fleet, packing))
        within = tuple(n + rng.choice((0, 1)) for n in evaluate(fleet, packing).left_out)
        for all_zones, given in ((False, None), (True, within)):
            relaxation = relax(fleet, given, all_zones=all_zones)
            for _ in range(10):
                assert certify(relaxation, sparse_prices(relaxation, rng)).slack(counts) >= 0, seed
