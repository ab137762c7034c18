"""Certificates of problems with rules over groups of pools: no price of a rule proves more than the optimum."""

from __future__ import annotations

import copy
import itertools
import json
import math
import random
from fractions import Fraction
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement.certificates.rules import priced_rules
from placement.check_certificate import MALFORMED, NO_PLAN, Leaf, Problem, Refused, check
from placement.compiled.fleet import compile_fleet
from placement.patterns.group_bound import raise_group_bound
from placement.solving.budget import Budget
from placement.solving.context import Solve
from tests import brute, strategies
from tests.certificates.cases import CASES, component, items, machine, machines, problem, use
from tests.certificates.writing import rules_of
from tests.corpus import seeds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.certificates import Certificate
    from placement.check_certificate import Proof

Doc = dict[str, Any]
ONE = [3072, 0, 0, 0]
POOLS: list[Doc] = [{"name": name, "instance_type": name, "zone": "z"} for name in "ab"]


def small_problems(seeds: range) -> Iterator[tuple[Doc, brute.Survey]]:
    """Random problems with such rules, and what enumeration says of them."""
    for seed in seeds:
        document = strategies.random_problem(random.Random(seed), rules=40)
        if not brute.too_big(document, 100_000):
            yield document, brute.survey(document)


def certified(document: Doc, work: int = 1) -> tuple[placement.Result, Certificate, Proof]:
    """A problem solved with fixed work, its certificate, and what the checker makes of it."""
    result = placement.solve(placement.Problem(**document), work=work, time_limit=None, certificate=True)
    certificate = placement.certify(result, time_limit=None)
    return result, certificate, check(Problem(document), json.loads(json.dumps(certificate.document)))[0]


@seeds(range(120), 4)
def test_the_checker_accepts_what_is_written_and_it_claims_no_more_than_is_true(seeds: range) -> None:
    """And most proofs rest on prices alone."""
    proven = complete = priced = 0
    for document, truth in small_problems(seeds):
        result, certificate, proof = certified(document)
        assert not proof.weak
        within = tuple(proof.within[p] for p in truth.priorities) if proof.within else None
        least = truth.least_cost(within)
        if least is None:
            assert result.status is not placement.Status.OPTIMAL
            continue
        assert proof.claim != NO_PLAN
        assert proof.told <= least
        if result.status is placement.Status.OPTIMAL:
            proven += 1
            complete += certificate.complete
            priced += certificate.complete and certificate.proven == certificate.claim
    assert proven >= len(seeds) / 3
    assert complete >= 0.8 * proven
    assert priced >= complete / 2


@seeds(range(300), 12)
def test_no_prices_of_rules_prove_more_than_the_optimum(seeds: range) -> None:
    """Whatever a machine, a dollar, a unit of a limit or a move is said to be worth, and copies are: in each leaf."""
    looked = bound = 0
    for document, truth in small_problems(seeds):
        least = truth.least_cost(None)
        if least is None or not {"limits", "commitments"} & document.keys():
            continue
        rng = random.Random(len(str(document)))
        compiled = Problem(document)
        needs = [
            mode for c in compiled.components.values() for mode in c.modes if mode.need is not None and not c.demand
        ]
        for _ in range(8):
            dollar = rng.choice((10**5, 10**6, 10**7))
            whole, *of_leaves = (rules_of(rng, document, dollar) for _ in range(3))
            rows = [[list(mode.need), rng.randint(0, 2 * dollar)] for mode in needs if rng.random() < 0.5]
            classes = [
                {"pools": [mode.pool], "copies": [[need, price] for need, price in rows if need == list(mode.need)][:1]}
                for mode in {mode.pool: mode for mode in needs}.values()
            ]
            made = {**CASES["one class"].claiming(0), "problem": document.get("name", ""), "rules": whole}
            some = rng.sample(sorted(compiled.pools), rng.randint(1, len(compiled.pools)))
            leaves = [{**use(0), **({"rules": rules} if rng.random() < 0.7 else {})} for rules in of_leaves]
            split = machines(some, rng.randint(0, 3), 1, 2)
            made |= {"prices": [{"accelerators": classes}], "nodes": [split, *leaves]}
            (proof,) = check(compiled, made)
            assert proof.checked <= least
            looked += 1
            bound += proof.checked > 0
    assert looked >= len(seeds)
    assert bound >= looked / 20


@pytest.mark.slow
def test_what_is_reserved_is_proven_to_the_last_cent_by_prices_alone() -> None:
    """Two commitments, one of instances and one of dollars, and a team's budget."""
    document = placement.read("instances/reserved-p5.yaml").model_dump(by_alias=True, exclude_none=True, mode="json")
    result, certificate, proof = certified(document)
    assert result.cost == 11_460_960
    assert certificate.complete
    assert not certificate.leaves["engine"]
    assert (proof.checked, proof.weak) == (11_460_960, [])
    for commitment in document["commitments"]:  # both matter
        less = {**document, "commitments": [row for row in document["commitments"] if row is not commitment]}
        assert check(Problem(less), certificate.document)[0].weak == []  # dearer plans
        more = copy.deepcopy(document)
        (row,) = (row for row in more["commitments"] if row["name"] == commitment["name"])
        (key,) = row.keys() & {"instances", "price_per_hour"}
        row[key] += 1
        for pool in more["pools"]:
            pool["max_instances"] += pool["name"] == "p5-block"  # a third one that is free must be there to be had
        assert check(Problem(more), certificate.document)[0].weak


# By hand: five copies, two on a machine of pool a at 3 dollars, three on one of pool b at 4


def told(rules: Doc, price: int, **document: Any) -> Proof:
    """What a price of copies proves, beside prices of rules."""
    types = {"a": machine(3), "b": machine(4, 3)}
    made = {**CASES["one class"].claiming(0), "problem": "rules", "rules": rules, "nodes": [use(0)]}
    classes = [*items(["a"], (ONE, price))["accelerators"], *items(["b"], (ONE, price))["accelerators"]]
    made["prices"] = [{"accelerators": classes}]
    full = problem("rules", types, [component("m", 5)], copy.deepcopy(POOLS), **document)
    best = brute.cheapest(full)
    (proof,) = check(Problem(full), made)
    assert best is None or proof.checked <= best.account.cost
    return proof


def test_machines_that_are_paid_for_cost_at_most_their_price() -> None:
    """One of pool b is free: at 1 dollar, in place of 4, a copy is worth a third of one, and one dollar comes off."""
    rules = {"commitments": [{"name": "k", "pools": ["b"], "instances": 1}]}
    prices = {"prices": [["k", 4_000_000, 1]]}
    assert told(prices, 1_333_333, **rules).checked == 7_000_000 - 4_000_000
    assert told({"prices": [["k", 3_000_000, 1]]}, 1_000_000, **rules).checked == 6_000_000 - 3_000_000
    assert told({}, 1_333_333, **rules).checked == 3_000_000  # counted one by one: the same, without a price
    with pytest.raises(Refused, match="at least 0"):
        told({"prices": [["k", -1, 1]]}, 1_333_333, **rules)


def test_dollars_that_are_paid_for_are_worth_at_most_all_of_themselves() -> None:
    rules = {"commitments": [{"name": "k", "pools": ["a", "b"], "price_per_hour": 2.5}]}
    assert told({"prices": [["k", 1, 1]]}, 1_333_333, **rules).checked == 7_000_000 - 2_500_000
    half = told({"prices": [["k", 1, 2]]}, 666_667, **rules).checked
    assert half == 2_500_000  # 3.50 less 1.25, and whole machines less 2.50 cost no less than half a dollar more
    assert told({}, 1_333_333, **rules).checked == 0
    with pytest.raises(Refused, match="all of a dollar"):
        told({"prices": [["k", 2, 1]]}, 1_333_333, **rules)
    assert told({"prices": [["k", 0, 1]]}, 0, **rules).checked == 0


def test_a_pool_in_two_commitments_is_refused() -> None:
    rows = [{"name": name, "pools": ["b"], "instances": 1} for name in "kl"]
    with pytest.raises(Refused, match="the same pool of commitments stands there twice"):
        told({"prices": [["k", 1, 1], ["l", 1, 1]]}, 1, commitments=rows)


@pytest.mark.parametrize(
    ("limit", "price"),
    [
        ({"max_instances": 1}, 500_000),
        ({"max_accelerators": 3}, 166_667),
        ({"max_vcpus": 8}, 62.5),
        ({"max_price_per_hour": 4}, 0.125),
    ],
)
def test_a_unit_of_a_limit_makes_machines_dearer(limit: Doc, price: float) -> None:
    """At most one of pool b. With half a dollar for it, b costs 4.50 as three halves of a, and that comes off."""
    rules = {"limits": [{"name": "team", "pools": ["b"], **limit}]}
    (key,) = limit
    each = Fraction(price)
    proof = told({"prices": [["team", key, each.numerator, each.denominator]]}, 1_500_000, **rules)
    assert proof.checked in (7_000_000, 6_999_999, 7_500_000 - 500_001)
    assert told({}, 1_500_000, **rules).checked < 7_000_000


def test_a_price_of_what_a_limit_leaves_free_makes_nothing_dearer() -> None:
    """The limit is on machines. A price of its vCPUs, of which it says nothing, must prove nothing."""
    rules = {"limits": [{"name": "team", "pools": ["b"], "max_instances": 1}]}
    free = told({"prices": [["team", "max_vcpus", 1000, 1]]}, 1_500_000, **rules)
    assert free.checked == told({}, 1_500_000, **rules).checked


def test_a_price_of_moves_may_be_above_their_money() -> None:
    """Two copies run on two machines, and one move is allowed: a price of 2 dollars a move, less 2 dollars."""
    running: Doc = {
        "instances": [{"id": name, "pool": "a"} for name in "ij"],
        "placements": [{"component": "m", "instance": name, "accelerators": [0]} for name in "ij"],
        "objective": {"max_moves": 0},
    }
    document = problem("moves", {"a": machine(3)}, [component("m", 2)], **running)
    made = {**CASES["one class"].claiming(0), "problem": "moves", "prices": [items(["a"], (ONE, 1_000_000))]}
    made["nodes"] = [{"leaf": "running", "prices": 0, "rewards": [["m", 2_000_000]]}]
    best = brute.cheapest(document)
    assert best is not None
    with pytest.raises(Refused, match="more than the money of a move"):
        check(Problem(document), made)
    (proof,) = check(Problem(document), {**made, "rules": {"move": 2_000_000}})
    assert best.account.cost == 6_000_000
    assert 4_000_000 < proof.checked <= 6_000_000
    document["objective"] = {"max_moves": 0, "move_cost": 1}
    made["nodes"] = [{"leaf": "running", "prices": 0, "rewards": [["m", 3_000_000]]}]
    (proof,) = check(Problem(document), {**made, "rules": {"move": 2_000_000}})
    assert 4_000_000 < proof.checked <= 6_000_000  # a move is a dollar, and two more
    made["nodes"] = [{"leaf": "running", "prices": 0, "rewards": [["m", 2_000_000]]}]
    document["objective"] = {"max_moves": 1}
    (proof,) = check(Problem(document), {**made, "rules": {"move": 2_000_000}})
    assert proof.checked <= 3_000_000
    del document["objective"]
    (proof,) = check(Problem(document), {**made, "rules": {"move": 2_000_000}})
    assert proof.checked == 0  # nothing is known of how many there are


@pytest.mark.parametrize("known", [False, True])
def test_moves_have_a_price_whether_or_not_the_solve_asked_for_one(*, known: bool) -> None:
    """Two copies run on two machines of three dollars and may not move; without a price of moves one machine does."""
    running: Doc = {
        "instances": [{"id": name, "pool": "a"} for name in "ij"],
        "placements": [{"component": "m", "instance": name, "accelerators": [0]} for name in "ij"],
        "objective": {"max_moves": 0},
    }
    document = problem("moves", {"a": machine(3)}, [component("m", 2)], **running)
    solve = Solve.of(compile_fleet(placement.Problem(**document)), Budget(work=10))
    if known:
        raise_group_bound(solve)
        assert len(solve.incumbent.evidence) == 1
    rules = priced_rules(solve)
    assert rules.document.get("move", 0) > 0
    assert rules.known[0].ticks - rules.less > 3_000_000 * solve.fleet.tick_price


# What a price of a rule for all leaves does not prove


def written(document: Doc) -> tuple[Doc, Proof]:
    """The certificate of a problem as a document, and what the checker makes of it."""
    result, certificate, proof = certified(document)
    assert (result.status, certificate.complete) == (placement.Status.OPTIMAL, True)
    assert (proof.weak, proof.checked, proof.told) == ([], result.cost, result.cost)
    return json.loads(json.dumps(certificate.document)), proof


def refused(document: Doc, made: Doc) -> bool:
    """Whether a certificate does not prove its claim."""
    try:
        return bool(check(Problem(document), made)[0].weak)
    except (Refused, *MALFORMED):
        return True


def nine(free: int = 1) -> Doc:
    """Nine copies: a machine with 8 accelerators is free, one with 2 costs 4 dollars, the others 20."""
    types = {"s": machine(4), "l": machine(20, 8)}
    copies = component("m", 9, shared=False)
    return problem("nine", types, [copies], commitments=[{"name": "k", "pools": ["l"], "instances": free}])


def four(vcpus: float = 15.999) -> Doc:
    """Four copies, two on a machine of 4 or 9 dollars, and vCPUs for less than two of the former."""
    rows = [{"name": "team", "pools": ["a"], "max_vcpus": vcpus}]
    return problem("four", {"a": machine(4), "b": machine(9)}, [component("m", 4, shared=False)], limits=rows)


def test_one_free_machine_is_worth_one_and_no_more() -> None:
    """A price for all leaves proves nothing here: at 20 dollars, or 16, what comes off is all there is."""
    document = nine()
    made, proof = written(document)
    assert proof.checked == 4_000_000
    assert refused(nine(free=2), made)
    assert refused(document, {**made, "claim": {"cost": [4_000_001, 1]}})


def test_a_limit_that_leaves_part_of_a_machine_free_is_split_on_machines() -> None:
    """A price of a vCPU proves 8 dollars, and no more, without the split."""
    document = four()
    made, proof = written(document)
    assert proof.checked == 13_000_000
    assert any("rules" in node for node in made["nodes"])
    assert refused(four(16), made)
    for k, node in enumerate(made["nodes"]):
        if "rules" in node:
            worse = copy.deepcopy(made)
            del worse["nodes"][k]["rules"]
            assert refused(document, worse)
            worse["nodes"][k]["rules"] = {"prices": [["team", "max_vcpus", -1, 1]]}
            assert refused(document, worse)
        if "split" in node:
            worse = copy.deepcopy(made)
            worse["nodes"][k]["at_most"] += 1
            assert refused(document, worse)
            worse["nodes"] = made["nodes"][:k] + made["nodes"][k + 1 :]
            assert refused(document, worse)


@seeds(range(200), 40)
def test_free_machines_of_several_pools_save_what_the_best_choice_does(seeds: range) -> None:
    """Of all counts in their ranges, and of all choices of free machines, each of which there is."""
    for seed in seeds:
        rng = random.Random(seed)
        prices = {name: rng.randint(0, 9) for name in "abc"}
        document = problem("some", {name: machine(price) for name, price in prices.items()}, [component("m", 3)])
        document["commitments"] = [{"name": "k", "pools": ["a", "b"], "instances": rng.randint(0, 4)}]
        some = Problem(document)
        ends = {name: sorted(rng.choices(range(4), k=2)) for name in "abc"}
        leaf = Leaf(some, {frozenset(name): tuple(pair) for name, pair in ends.items()}, {})
        each = {name: rng.randint(-3, 9) * 10**6 for name in "abc"}  # what one costs beside inequalities
        worth = {name: prices[name] * 10**6 - each[name] for name in "abc"}
        fixed = SimpleNamespace(inequality=lambda _, worth=worth: (worth, 0), machines={})
        step = math.gcd(*(price * 10**6 for name, price in prices.items() if ends[name][1]))
        counts = itertools.product(*(range(low, high + 1) for low, high in ends.values()))
        free = range(document["commitments"][0]["instances"] + 1)
        best = min(
            sum(each[name] * n for name, n in zip("abc", each_count, strict=True))
            - 10**6 * (prices["a"] * x + prices["b"] * y)
            for each_count in counts
            for x, y in itertools.product(free, free)
            if x <= each_count[0] and y <= each_count[1] and x + y <= free[-1]
        )
        found = leaf.least_rent([(fixed, Fraction(1))])  # type: ignore[list-item]
        assert found == (-(-best // step) * step if step else best), f"seed {seed}"


def test_what_runs_is_counted_at_prices_alone() -> None:
    running: Doc = {
        "instances": [{"id": "i", "pool": "a"}],
        "placements": [{"component": "m", "instance": "i", "accelerators": [0]}],
        "commitments": [{"name": "k", "pools": ["a"], "instances": 1}],
        "objective": {"move_cost": 1},
    }
    document = problem("runs", {"a": machine(3)}, [component("m", 2)], **running)
    made = {**CASES["one class"].claiming(0), "problem": "runs", "prices": [items(["a"], (ONE, 1_000_000))]}
    leaf: Doc = {"leaf": "running", "prices": 0, "rewards": [["m", 1_000_000]]}
    with pytest.raises(Refused, match="each commitment must have a price"):
        check(Problem(document), {**made, "nodes": [leaf]})
    document["pools"][0]["max_instances"] = 1
    document["limits"] = [{"name": "team", "pools": ["a"], "max_instances": 2}]
    for prices, least in (
        ([["k", 0, 1]], 0),
        ([["k", 3_000_000, 1]], 0),  # the one machine is free
        ([["k", 3_000_000, 1], ["team", "max_instances", 500_000, 1]], 0),
        ([["k", 1_000_000, 1], ["team", "max_instances", 1, 1]], 0),
    ):
        (proof,) = check(Problem(document), {**made, "nodes": [{**leaf, "rules": {"prices": prices}}]})
        assert proof.checked == least


@pytest.mark.slow
@pytest.mark.parametrize("limit", [{"max_instances": 3}, {"max_price_per_hour": 19.99}, {"max_vcpus": 31}])
def test_that_no_plan_keeps_a_limit_is_proven_by_its_price(limit: Doc) -> None:
    """Seven copies need four machines, of 4 or 9 dollars, at most three of the former."""
    (key, most), pools = *limit.items(), copy.deepcopy(POOLS)
    pools[0]["max_instances"] = 3
    rows: list[Doc] = [{"name": "team", "pools": ["a", "b"], **limit}]
    types = {"a": machine(4), "b": machine(9)}
    document = problem("none", types, [component("m", 7, shared=False)], pools, limits=rows)
    result, certificate, proof = certified(document, work=10)  # a unit goes into exchanges for a first plan
    assert result.status is placement.Status.INFEASIBLE
    assert (certificate.claim, certificate.complete, certificate.leaves["engine"]) == (None, True, 0)
    assert (proof.weak, proof.checked) == ([], NO_PLAN)
    rows[0][key] = most + 2
    assert refused(document, json.loads(json.dumps(certificate.document)))


def test_rules_have_the_prices_of_none_where_none_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """As there was no time to look; and without rules the fleet is what it was."""
    document: Doc = {
        "instance_types": {"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 3}},
        "pools": [{"name": "p", "instance_type": "t", "zone": "z"}],
        "components": [{"name": "c", "copies": 3, "accelerators": 0, "vcpus": 8}],
        "commitments": [{"name": "k", "pools": ["p"], "instances": 2}],
    }
    fleet = compile_fleet(placement.Problem(**document))
    with monkeypatch.context() as patch:
        patch.setattr("placement.certificates.rules.may_build", lambda *_: False)
        found = priced_rules(Solve.of(fleet))
    paid = {"prices": [["k", 3_000_000, 1]]}, 6_000_000  # a committed machine pays for all of one, and there are two
    assert (found.document, found.less, found.known) == (*paid, ())
    assert not found.fleet.commitments
    priced = priced_rules(Solve.of(fleet, Budget(work=5)))
    assert priced.known
    without = compile_fleet(placement.Problem(**{k: v for k, v in document.items() if k != "commitments"}))
    assert priced_rules(Solve.of(without)).fleet is without


def test_committed_dollars_are_in_a_certificate() -> None:
    """They pay 4.5 dollars of 10: a copy more on a machine of 5 than on one of 3 is proven to be worth it."""
    document: Doc = {
        "format": "placement/v1",
        "instance_types": {
            "small": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 3},
            "large": {"vcpus": 16, "memory_gib": 8, "price_per_hour": 5},
        },
        "pools": [{"name": name, "instance_type": name, "zone": "z"} for name in ("small", "large")],
        "components": [{"name": "c", "copies": 5, "accelerators": 0, "vcpus": 5}],
        "commitments": [{"name": "k", "pools": ["small", "large"], "price_per_hour": 4.5}],
    }
    result, certificate, proof = certified(document)
    assert (result.cost, result.bound) == (5_500_000, 5_500_000)
    assert not proof.weak
    assert certificate.document["claim"] == {"cost": [5_500_000, 1]}
    rules = [node["rules"] for node in certificate.document["nodes"] if "rules" in node]
    assert rules
    assert all(row[0] == "k" for one in rules for row in one["prices"])
