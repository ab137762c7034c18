"""Certificates of problems with rules over groups of pools: no price of a rule proves more than the optimum."""

from __future__ import annotations

import copy
import json
import random
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement.check_certificate import NO_PLAN, Problem, Refused, check
from tests import brute, strategies
from tests.certificates.cases import CASES, component, items, machine, problem, use
from tests.corpus import seeds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.certificates import Certificate
    from placement.check_certificate import Proof

Doc = dict[str, Any]
ONE = [3072, 0, 0, 0]
POOLS = [{"name": name, "instance_type": name, "zone": "z"} for name in "ab"]


def small_problems(seeds: range) -> Iterator[tuple[Doc, brute.Survey]]:
    """Random problems with such rules, and what enumeration says of them."""
    for seed in seeds:
        document = strategies.random_problem(random.Random(seed), rules=40)
        if not brute.too_big(document, 100_000):
            yield document, brute.survey(document)


def certified(document: Doc) -> tuple[placement.Result, Certificate, Proof]:
    """A problem solved with fixed work, its certificate, and what the checker makes of it."""
    result = placement.solve(placement.Problem(**document), work=1, time_limit=None, certificate=True)
    certificate = placement.certify(result, time_limit=None)
    return result, certificate, check(Problem(document), json.loads(json.dumps(certificate.document)))[0]


@seeds(range(120), 12)
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


@seeds(range(300), 30)
def test_no_prices_of_rules_prove_more_than_the_optimum(seeds: range) -> None:
    """Whatever a machine, a dollar, a unit of a limit or a move is said to be worth, and copies are."""
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
            rules: Doc = {"prices": prices_of_rules(rng, document, dollar)}
            if rng.random() < 0.5 and "max_moves" in document.get("objective", {}):
                rules["move"] = rng.randint(0, dollar)
            rows = [[list(mode.need), rng.randint(0, 2 * dollar)] for mode in needs if rng.random() < 0.5]
            classes = [
                {"pools": [mode.pool], "copies": [[need, price] for need, price in rows if need == list(mode.need)][:1]}
                for mode in {mode.pool: mode for mode in needs}.values()
            ]
            made = {**CASES["one class"].claiming(0), "problem": document.get("name", ""), "rules": rules}
            made |= {"prices": [{"accelerators": classes}], "nodes": [use(0)]}
            (proof,) = check(compiled, made)
            assert proof.checked <= least
            looked += 1
            bound += proof.checked > 0
    assert looked >= len(seeds)
    assert bound >= looked / 20


def prices_of_rules(rng: random.Random, document: Doc, dollar: int) -> list[list[Any]]:
    """Any price for each commitment, and for some of the limits."""
    found: list[list[Any]] = []
    for row in document.get("commitments", []):
        most = dollar if "instances" in row else 7
        found.append([row["name"], rng.randint(0, most), 1 if "instances" in row else 7])
    for row in document.get("limits", []):
        found += [
            [row["name"], key, rng.randint(0, dollar), rng.choice((1, 3, 1000))]
            for key in row
            if key.startswith("max_") and rng.random() < 0.5
        ]
    return found


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
    with pytest.raises(KeyError):
        told({}, 1_333_333, **rules)
    with pytest.raises(Refused, match="at least 0"):
        told({"prices": [["k", -1, 1]]}, 1_333_333, **rules)


def test_dollars_that_are_paid_for_are_worth_at_most_all_of_themselves() -> None:
    rules = {"commitments": [{"name": "k", "pools": ["a", "b"], "price_per_hour": 2.5}]}
    assert told({"prices": [["k", 1, 1]]}, 1_333_333, **rules).checked == 7_000_000 - 2_500_000
    half = told({"prices": [["k", 1, 2]]}, 666_667, **rules).checked
    assert half == 3_500_000 - 1_250_000
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
