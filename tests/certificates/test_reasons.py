"""What prices prove of a node, and the tree around it: each number against the definition, by trying all."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest

import placement
from placement.bounds.moves import least_move_ticks
from placement.certificates.cliques import CliquePrices
from placement.certificates.names import CertificateNames
from placement.certificates.nodes import Nodes, shift
from placement.certificates.reasons import Reason, Reasons, RulePrices, total
from placement.compiled.fleet import Fleet, compile_fleet
from placement.patterns.branch_and_price import groups_of
from placement.patterns.certificate import FINE, UNIT, Cut, NodeDomain, Prices, capacity_values, certify
from placement.patterns.covering import any_domain
from placement.patterns.formulation import Relaxation, relax
from placement.patterns.history import EngineVerdict, NodeCase, Subject
from placement.patterns.multiplicity import Multiplicity
from placement.solving.budget import Budget
from tests.certificates import writing
from tests.certificates.cases import CASES
from tests.corpus import one_by_one, seeds
from tests.strategies import random_problem

Groups = tuple[tuple[int, ...], ...]


def pools_fleet(*prices: float, **more: object) -> Fleet:
    """A fleet of machines without accelerators, a pool at each price: two types, two zones."""
    document: dict[str, object] = {
        "format": "placement/v1",
        "name": "pools",
        "instance_types": {
            f"t{p}": {"vcpus": 8, "memory_gib": 8, "price_per_hour": price} for p, price in enumerate(prices)
        },
        "pools": [
            {"name": f"p{p}", "instance_type": f"t{p // 2}", "price_per_hour": price, "zone": f"z{p % 2}"}
            for p, price in enumerate(prices)
        ],
        "components": [{"name": "c", "copies": 4, "accelerators": 0, "vcpus": 1, **more}],
    }
    return compile_fleet(placement.Problem(**document))


def reasons_of(fleet: Fleet) -> Reasons:
    """What prices prove of nodes of a fleet."""
    relaxation = relax(fleet)
    return Reasons(relaxation, groups_of(fleet), Multiplicity(relaxation))


def priced(groups: Groups, group: list[int]) -> Prices:
    """Prices of groups alone."""
    return Prices([], [], group=group[: len(groups)])


def least_rent(
    cuts: list[tuple[Cut, Prices, Fraction]], relaxation: Relaxation, groups: Groups, domain: NodeDomain, money: int
) -> Fraction:
    """The Lagrangian function, at its least over all counts of pools and of groups in the node."""
    rents = [money * pool.price * UNIT for pool in relaxation.fleet.pools]
    found = []
    for counts in itertools.product(
        *(range(low, high + 1) for low, high in zip(domain.fewest, domain.most, strict=True))
    ):
        machines, together = counts[: len(rents)], counts[len(rents) :]
        value = Fraction(sum(n * rent for n, rent in zip(machines, rents, strict=True)))
        for cut, prices, factor in cuts:
            lack = cut.least - sum(n * w for n, w in zip(machines, cut.coefficients, strict=True))
            for g, price in enumerate(prices.group):
                lack += price * (sum(machines[p] for p in groups[g]) - together[g])
            value += factor * lack
        found.append(value)
    return min(found)


@one_by_one(range(20), 10)
def test_the_least_rent_of_a_box_is_that_of_its_counts(seed: int) -> None:
    rng = random.Random(seed)
    fleet = pools_fleet(1, 2, 3, 2.5)
    relaxation, groups = relax(fleet), groups_of(fleet)
    assert groups
    fewest = tuple(rng.randint(0, 2) for _ in range(len(fleet.pools) + len(groups)))
    domain = NodeDomain(fewest, tuple(n + rng.randint(0, 1) for n in fewest))
    cuts = [
        (
            Cut(tuple(rng.randint(0, 4 * 10**6) * UNIT for _ in fleet.pools), rng.randint(1, 9 * 10**6) * UNIT),
            priced(groups, [rng.randint(-(10**6), 10**6) * UNIT for _ in groups]),
            Fraction(rng.randint(1, 5), rng.randint(1, 5)),
        )
        for _ in range(rng.randint(0, 2))
    ]
    for money in (0, 1):
        assert total(cuts, relaxation, groups, domain, money) == least_rent(cuts, relaxation, groups, domain, money)
    assert total(cuts, relaxation, groups, domain) == least_rent(cuts, relaxation, groups, domain, 1)


def test_rents_are_rounded_up_to_what_all_prices_are_multiples_of() -> None:
    """Prices of 6 and 10 micro-dollars: rents are even; a move that no plan avoids comes on top."""
    fleet = pools_fleet(6e-6, 10e-6)
    for rent, rounded in ((-7, 0), (0, 0), (1, 2), (2, 2), (Fraction(5, 2), 4), (11, 12)):
        assert reasons_of(fleet).ticks(Fraction(rent) * UNIT) == fleet.tick_price * rounded
    assert reasons_of(pools_fleet(0, 0)).ticks(Fraction(5 * UNIT)) == 5  # prices of 0 have nothing in common
    document = {
        **pools_fleet(6e-6, 10e-6).problem.to_document(),
        "instances": [{"id": "i", "pool": "p0", "state": "draining"}],
        "placements": [{"component": "c", "instance": "i"}],
        "objective": {"move_cost": 7e-6, "horizon_hours": 3},
    }
    moving = compile_fleet(placement.Problem(**document))
    assert least_move_ticks(moving) == moving.tick_move * 7
    assert reasons_of(moving).ticks(Fraction(3 * UNIT)) == moving.tick_price * 4 + moving.tick_move * 7


def test_a_pool_that_may_have_no_machine_does_not_make_rents_finer() -> None:
    document = pools_fleet(6e-6, 10e-6, 7e-6).problem.to_document()
    document["pools"][2]["max_instances"] = 0
    fleet = compile_fleet(placement.Problem(**document))
    assert reasons_of(fleet).ticks(Fraction(UNIT)) == 2 * fleet.tick_price


def some_prices(rng: random.Random, relaxation: Relaxation, groups: Groups) -> Prices:
    """Any prices, of the size of machines' prices."""
    dearest = max(1, max(pool.price for pool in relaxation.fleet.pools))
    return Prices(
        coverage=[
            [rng.randrange(2**20 * dearest) for _ in device_class.items] for device_class in relaxation.device_classes
        ],
        capacity=[rng.randrange(2**20 * dearest) for _ in relaxation.device_classes],
        level=[0 for _ in relaxation.fleet.levels],
        group=[rng.randrange(-dearest, dearest) * UNIT // 4 for _ in groups],
        aggregates={s: rng.randrange(-dearest, dearest) * UNIT // 7 for s in range(len(relaxation.aggregates))},
    )


@one_by_one(range(30), 10)
def test_the_best_reason_is_that_of_the_best_factor(seed: int) -> None:
    """Against all factors with which machines of some pool come to cost nothing, and 1; infinite where none keep it."""
    rng = random.Random(seed)
    fleet = compile_fleet(placement.Problem(**random_problem(rng)))
    relaxation, groups = relax(fleet), groups_of(fleet)
    multiplicity = Multiplicity(relaxation)
    reasons, whole = Reasons(relaxation, groups, multiplicity), any_domain(fleet, groups)
    aggregates = {s: (0, rng.randint(1, 3)) for s in range(len(relaxation.aggregates)) if rng.random() < 0.5}
    domain = NodeDomain(
        whole.fewest,
        tuple(low + min(high - low, rng.randint(0, 9)) for low, high in zip(whole.fewest, whole.most, strict=True)),
        aggregates,
    )
    candidates = [some_prices(rng, relaxation, groups) for _ in range(2)]
    expected: dict[bool, list[float]] = {False: [], True: []}
    for prices in candidates:
        counted = reasons.counted(prices, aggregates)
        assert counted.aggregates == {s: price for s, price in prices.aggregates.items() if s in aggregates}
        assert (counted is prices) == (len(aggregates) == len(prices.aggregates))
        assert reasons.counted(prices, aggregates) is counted
        knapsacks = [
            device_class.knapsack.with_limits(most)
            for device_class, most in zip(relaxation.device_classes, multiplicity.limits(aggregates), strict=True)
        ]
        cut = certify(relaxation, counted, capacity_values(relaxation, counted, knapsacks), aggregates)
        assert reasons.cut(counted, domain) == cut
        dual_value = [
            w - sum(price for g, price in enumerate(prices.group) if p in groups[g])
            for p, w in enumerate(cut.coefficients)
        ]
        factors = {
            Fraction(pool.price * UNIT, w)
            for pool, w in zip(fleet.pools, dual_value, strict=True)
            if w > 0 < pool.price
        }
        for scaled, some in ((False, {Fraction(1)}), (True, {Fraction(1), *factors})):
            if total([(cut, counted, Fraction(1))], relaxation, groups, domain, 0) > 0:
                expected[scaled].append(math.inf)
            else:
                totals = [total([(cut, counted, factor)], relaxation, groups, domain) for factor in some]
                expected[scaled].append(reasons.ticks(max(totals)))
    for scaled, ticks in expected.items():
        found = reasons.best(candidates, domain, math.inf, scaled=scaled)
        assert found.ticks == max(ticks)
        assert found.excludes == (max(ticks) == math.inf)
        assert found.use[0][0] is reasons.counted(candidates[ticks.index(max(ticks))], aggregates)
        assert reasons.best(candidates, domain, ticks[0], scaled=scaled).ticks == ticks[0]  # the first will do
    assert reasons.best(candidates, domain, math.inf).ticks == max(expected[False])
    nothing = Prices(
        [[0] * len(device_class.items) for device_class in relaxation.device_classes],
        [0] * len(relaxation.device_classes),
    )
    assert reasons.best([nothing], domain, math.inf, scaled=True).use == ((nothing, Fraction(1)),)
    free = reasons.best((), domain, math.inf)
    assert free == Reason(reasons.ticks(total([], relaxation, groups, domain)), ())


def tree() -> tuple[NodeCase, dict[int, Reason], NodeCase]:
    """A case that is split twice, with an empty part, and reasons for its leaves: 5, 3 and no plan."""
    domain = NodeDomain((), ())
    root = NodeCase(domain)
    first, below = NodeCase(domain, root), NodeCase(domain, root)
    root.splits = [(Subject(copies=False, number=0), 4), (Subject(copies=False, number=1), 7)]
    root.above, root.below = [first, None], below
    prices = [Prices([], [], on_one={(0, p): 1}) for p in range(2)]
    reasons = {
        id(first): Reason(5, ((prices[0], Fraction(2, 3)),)),
        id(below): Reason(3, ((prices[1], Fraction(1)), (prices[0], Fraction(1, 2)))),
        id(root): Reason(4, ()),
    }
    return root, reasons, below


def test_a_tree_is_written_as_one_list() -> None:
    """Splits one after the other, children by number, prices once each, and what all leaves prove."""
    fleet = pools_fleet(1, 2)
    names = CertificateNames(relax(fleet), groups_of(fleet))
    root, reasons, below = tree()
    nodes = Nodes(names, 2)
    assert nodes.proven == nodes.believed == math.inf
    assert nodes.add_tree(root, lambda case: False, lambda case: reasons[id(case)], 4, Budget())
    top, then = nodes.nodes[0], nodes.nodes[nodes.nodes[0]["below"]]
    assert (top["split"], top["at_most"]) == ({"machines": ["p0"]}, 4)
    assert (then["split"], then["at_most"]) == ({"machines": ["p1"]}, 7)
    assert nodes.nodes[then["above"]] == {"leaf": "empty"}
    rows = [nodes.prices[k] for k in range(2)]
    number = {row["per_instance"][0][1]: k for k, row in enumerate(rows)}
    assert nodes.nodes[top["above"]] == {"leaf": "prices", "use": [[number["p0"], 2, 3]]}
    assert nodes.nodes[then["below"]] == {"leaf": "prices", "use": [[number["p1"], 1, 1], [number["p0"], 1, 2]]}
    assert len(nodes.nodes) == 5
    assert len(nodes.prices) == 2
    assert (nodes.proven, nodes.believed) == (3, 3)
    assert nodes.weak == [(below, reasons[id(below)])]
    shift(nodes.nodes, 10)
    assert nodes.nodes[top["above"]]["use"] == [[number["p0"] + 10, 2, 3]]
    running = [{"leaf": "running", "prices": 1}]
    shift(running, 3)
    assert running == [{"leaf": "running", "prices": 4}]
    whole = Nodes(names, 2)
    assert whole.add_tree(root, lambda case: case is root, lambda case: reasons[id(case)], 4)
    assert whole.nodes == [{"leaf": "prices", "use": []}]
    assert (whole.proven, whole.weak) == (4, [])
    assert not Nodes(names, 2).add_tree(root, lambda case: False, lambda case: reasons[id(case)], 4, Budget(seconds=0))


@pytest.mark.parametrize(
    ("says", "written", "enough", "believed"),
    [(9, "P", 9, 9), (9, "P", 5, 5), (9, None, 9, 5), (5, "P", 9, 5), (6, "P", 9, 6)],
)
def test_an_engines_word_is_written_where_prices_are_not_enough(
    says: int, written: str | None, enough: int, believed: int
) -> None:
    """Where it says more than prices do, and what it was asked can be written; prices alone prove 5 all the same."""
    fleet = pools_fleet(1, 2)
    nodes = Nodes(CertificateNames(relax(fleet), groups_of(fleet)), 2)
    case = NodeCase(NodeDomain((), ()), verdict=EngineVerdict("HiGHS", says, lambda: written, "all"))
    assert nodes.add_tree(case, lambda case: False, lambda case: Reason(5, ()), enough)
    assert (nodes.proven, nodes.believed) == (5, believed)
    leaf = {"leaf": "engine", "engine": "HiGHS", "says": "infeasible", "about": "all", "use": [], "program": "P"}
    at_least = Fraction(believed, 2)
    with_word = {**leaf, "at_least": [at_least.numerator, at_least.denominator]}
    assert nodes.nodes == [with_word if believed > 5 else {"leaf": "prices", "use": []}]


def test_prices_are_known_apart_though_the_caller_drops_them() -> None:
    """They are known by identity, and what is dropped would give its own to the next."""
    fleet = pools_fleet(1, 2)
    relaxation, groups = relax(fleet), groups_of(fleet)
    nodes, reasons = (
        Nodes(CertificateNames(relaxation, groups), 1),
        Reasons(relaxation, groups, Multiplicity(relaxation)),
    )
    numbers = [nodes.number_of(Prices([], [], on_one={(0, 0): price})) for price in range(1, 50)]
    assert numbers == list(range(49))
    assert [row["per_instance"][0][2] for row in nodes.prices] == list(range(1, 50))
    domain = any_domain(fleet, groups)
    coverage = [[0] * len(device_class.items) for device_class in relaxation.device_classes]
    expected = [certify(relaxation, Prices(coverage, [price] * len(coverage))) for price in range(1, 50)]
    assert len({cut.coefficients for cut in expected}) == 49
    for price, cut in enumerate(expected, 1):
        assert reasons.cut(Prices(coverage, [price] * len(coverage)), domain) == cut
    for price in range(1, 50):
        assert reasons.counted(Prices([], [], on_one={(0, 0): price}, aggregates={0: 1}), ()).on_one == {(0, 0): price}


def test_leaves_that_are_added_count_for_what_they_say() -> None:
    """An engine's word is believed, and proves nothing; prices that leave no plan say so."""
    fleet = pools_fleet(1, 2)
    names = CertificateNames(relax(fleet), groups_of(fleet))
    nodes = Nodes(names, 1)
    nodes.add_leaf({"leaf": "running"}, 7)
    assert (nodes.proven, nodes.believed) == (7, 7)
    nodes.add_leaf({"leaf": "engine"}, 6, engine=True)
    assert (nodes.proven, nodes.believed) == (0, 6)
    nodes.add_leaf({"leaf": "running"}, 8)
    assert (nodes.proven, nodes.believed) == (0, 6)
    assert [node["leaf"] for node in nodes.nodes] == ["running", "engine", "running"]
    none = Nodes(names, 1)
    assert none.add_tree(NodeCase(NodeDomain((), ())), lambda case: True, lambda case: Reason(math.inf, ()), math.inf)
    assert none.nodes == [{"leaf": "prices", "use": [], "infeasible": True}]
    assert (none.proven, none.believed, none.weak) == (math.inf, math.inf, [])


def test_an_item_of_its_own_has_a_price_of_0_where_others_with_its_need_have_more() -> None:
    """Without one the checker would take theirs."""
    fleet = compile_fleet(placement.Problem(**CASES["own item"].problem))
    relaxation = relax(fleet)
    (device_class,) = relaxation.device_classes
    need = [1024, 0, 0, 0]
    prices: list[tuple[int, int, list[list[Any]]]] = [
        (0, 5, [[need, "w", 0], [need, 5 * FINE]]),
        (3, 0, [[need, "w", 3 * FINE]]),
        (0, 0, []),
    ]
    for own, others, expected in prices:
        coverage = [others if item.component is None else own for item in device_class.items]
        written = CertificateNames(relaxation, ()).prices(Prices([coverage], [0]))
        assert written["accelerators"][0]["copies"] == expected


@seeds(range(40), 5)
def test_prices_are_written_by_name_where_they_are_not_0(seeds: range) -> None:
    """As the tests write them, who do it without the builder."""
    full: Counter[str] = Counter()
    for seed in seeds:
        rng = random.Random(seed)
        fleet = compile_fleet(placement.Problem(**random_problem(rng)))
        for given in (None, tuple(1 for _ in fleet.levels)):
            relaxation, groups = relax(fleet, given), groups_of(fleet)
            names, prices = CertificateNames(relaxation, groups), writing.random_prices(rng, relaxation, groups)
            expected = writing.prices_of(relaxation, prices, groups)
            for row in expected["accelerators"]:
                shared = [need for need, *name, price in row["copies"] if price and not name]
                row["copies"] = [entry for entry in row["copies"] if entry[-1] or entry[0] in shared]
            for key in ("machines", "volumes", "per_instance", "copies"):
                expected[key] = [row for row in expected[key] if row[-1]]
            expected["optional"] = {k: v for k, v in expected["optional"].items() if v and given is not None}
            found = names.prices(prices)
            for key in ("volumes", "per_instance"):  # in whatever order
                assert sorted(found.get(key, [])) == sorted(expected.pop(key))
            expected = {key: rows for key, rows in expected.items() if rows}
            full.update(found.keys())
            assert {key: found[key] for key in found if key not in ("volumes", "per_instance")} == expected
            bare = Prices([], [], level=[5 for _ in fleet.levels])
            wanted = {"optional": {str(level): 5 for level in fleet.levels}} if given else {}
            assert names.prices(bare) == wanted
            if given:
                assert names.within(given) == {str(level): 1 for level in fleet.levels}
            for s in range(len(relaxation.aggregates)):
                assert names.split(Subject(copies=True, number=s)) == {"copies": writing.copies_of(relaxation, s)}
            pools = [pool.name for pool in fleet.pools]
            for k in range(len(pools) + len(groups)):
                chosen = [pools[p] for p in ((k,) if k < len(pools) else groups[k - len(pools)])]
                assert names.split(Subject(copies=False, number=k)) == {"machines": chosen}
    assert set(full) == {"machines", "accelerators", "volumes", "per_instance", "copies", "optional"}
    assert names.prices(CliquePrices(((0, 3),))) == {"clique": [[fleet.components[0].name, 3]]}


def test_prices_of_rules_count_as_often_as_the_prices_that_they_are_of() -> None:
    """A third of a micro-dollar for a unit of a limit; two thirds of a dollar, and no more than all of one."""
    prices = Prices([], [], limits=[UNIT // 2], committed=[UNIT, 2 * UNIT])
    rules = RulePrices.of(prices, Fraction(2, 3))
    assert rules == RulePrices((Fraction(1, 3),), (Fraction(2, 3), Fraction(1)))


def test_what_is_no_bound_is_taken_off_what_is_proven() -> None:
    fleet = pools_fleet(1)
    nodes = Nodes(CertificateNames(relax(fleet), groups_of(fleet)), 1)
    nodes.proven, nodes.believed = 5, 9
    nodes.take_off(6)
    assert (nodes.proven, nodes.believed) == (0, 3)
