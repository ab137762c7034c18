"""The bound of fleets with limits and commitments: against enumeration, and what it says where there is no plan."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from ortools.sat.python import cp_model

import placement
from placement import Problem, Status, check_certificate
from placement.compiled.fleet import compile_fleet
from placement.engines import cp_sat
from placement.engines.cp_sat import run
from placement.patterns import group_bound
from placement.patterns.bound import PatternBound
from placement.patterns.branch_and_price import groups_of
from placement.patterns.certificate import Cut, capacity_values
from placement.patterns.covering import CoveringMix, any_domain, cheapest_mix
from placement.patterns.enumeration.program import WholeProgram
from placement.patterns.enumeration.reduced_costs import reduce_domain
from placement.patterns.group_bound import MEANING
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.result import Outcome, Stop
from tests import brute, strategies
from tests.corpus import seeds

if TYPE_CHECKING:
    from collections.abc import Callable

MACHINE = {"accelerator": "A", "accelerator_count": 4, "vcpus": 48, "memory_gib": 384, "price_per_hour": 10}
Doc = dict[str, Any]


def fleet(**keys: Any) -> Doc:
    """Twenty copies, four to an accelerator, so five accelerators on two machines; two pools in two zones."""
    document: Doc = {
        "accelerators": {"A": {"memory_gib": 80}},
        "instance_types": {"t": MACHINE},
        "pools": [
            {"name": "near", "instance_type": "t", "zone": "a"},
            {"name": "far", "instance_type": "t", "zone": "b", "price_per_hour": 12},
        ],
        "components": [{"name": "c", "copies": 20, "accelerator_memory_gib": 20, "shared": True, "vcpus": 4}],
    }
    return document | keys


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({"max_instances": 1}, "limit l allows max_instances 1 over 2 pools, but the copies need at least 2 there"),
        (
            {"max_price_per_hour": 15},
            "limit l allows max_price_per_hour 15 over 2 pools, but the copies need at least 20 there",
        ),
    ],
)
def test_no_plan_is_proven_by_patterns_alone(monkeypatch: pytest.MonkeyPatch, limit: Doc, reason: str) -> None:
    """Where the counts had too little time to find that a limit leaves no plan, the patterns that come after say so."""
    problem = Problem(**fleet(limits=[{"name": "l", "pools": ["near", "far"], **limit}]))
    monkeypatch.setattr(group_bound, "raise_bounds_of_groups", lambda *_, **__: Outcome("bound", Stop.TIME))

    found = placement.bound(problem, time_limit=None)

    assert (found.status, found.stop, found.plan.reason) == (Status.INFEASIBLE, Stop.PROVED, reason)


@seeds(range(400), 60)
def test_no_plan_is_below_the_bound(seeds: range) -> None:
    """And it is met by the optimum in most tiny problems, and by no plan where it says that there is none."""
    met = bounded = 0
    for seed in seeds:
        problem = strategies.random_problem(random.Random(seed), rules=40)
        if brute.too_big(problem):
            continue
        truth, result = brute.survey(problem), placement.bound(Problem(**problem), time_limit=None)
        least = truth.least_cost(None)
        if result.status is Status.INFEASIBLE:
            assert least is None
        elif least is not None and result.bound is not None:
            assert result.bound <= least
            bounded += 1
            met += result.bound == least
    assert bounded > len(seeds) / 2
    assert met >= 0.7 * bounded


COMMITTED: list[tuple[list[Doc], float]] = [
    ([{"name": "k", "pools": ["near"], "instances": 1}], 10.0),
    ([{"name": "k", "pools": ["near"], "instances": 2}], 0.0),
    ([{"name": "k", "pools": ["far"], "instances": 1}], 10.0),
    ([{"name": "k", "pools": ["near", "far"], "instances": 1}], 10.0),
    ([{"name": "k", "pools": ["near"], "price_per_hour": 7.5}], 12.5),
    ([{"name": "k", "pools": ["far"], "price_per_hour": 7.5}], 14.5),
    ([{"name": "k", "pools": ["far"], "price_per_hour": 1.5}], 20.0),
]


@pytest.mark.parametrize(("commitments", "price"), COMMITTED)
def test_what_is_committed_is_used_where_that_is_cheaper(commitments: list[Doc], price: float) -> None:
    """Two machines are needed; what is paid on top is proven to be the least."""
    result = placement.solve(Problem(**fleet(commitments=commitments)), time_limit=None, work=10)
    assert (result.status, result.plan.price_per_hour) == (Status.OPTIMAL, price)


def test_what_a_commitment_of_money_pays_is_not_the_least_of_two_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    """CP-SAT 9.15 took 14 GB to presolve that, for a commitment of 21 pools."""
    asked: list[str] = []

    def heard(solver: cp_model.CpSolver, model: cp_model.CpModel) -> cp_model.CpSolverStatus:
        asked.append(str(model))
        return run(solver, model)

    monkeypatch.setattr(cp_sat, "run", heard)
    commitments = [{"name": "k", "pools": ["near", "far"], "price_per_hour": 7.5}]
    compiled = compile_fleet(Problem(**fleet(commitments=commitments)))
    mix = cheapest_mix(compiled, [Cut((1, 1), 2)], gap=0.0, seconds=10.0, effort=1.0, seed=0)
    assert mix == CoveringMix((2, 0), 12_500_000)
    assert asked
    assert not [model for model in asked if "lin_max" in model]


LIMITED: list[tuple[Doc, str]] = [
    (
        {"max_accelerators": 4},
        "limit team allows max_accelerators 4 over 2 pools, but the copies need at least 8 there",
    ),
    ({"max_vcpus": 95.5}, "limit team allows max_vcpus 95.5 over 2 pools, but the copies need at least 96 there"),
    ({"max_price_per_hour": 19.99}, "limit team allows max_price_per_hour 19.99 over 2 pools, but the copies need"),
]


@pytest.mark.usefixtures("few_exchanges")
@pytest.mark.parametrize(("limit", "reason"), LIMITED)
def test_a_limit_in_the_way_is_named_with_what_is_needed(limit: Doc, reason: str) -> None:
    """A proof that there is no plan."""
    document = fleet(limits=[{"name": "team", "pools": ["near", "far"], **limit}])
    result = placement.solve(Problem(**document), time_limit=None, work=10)
    assert result.status is Status.INFEASIBLE
    assert str(result.plan.model_dump()["reason"]).startswith(reason)


WHY: list[tuple[Doc, str]] = [
    (
        {"limits": [{"name": "team", "pools": ["near"], "max_instances": 1}], "pools": [
            {"name": "near", "instance_type": "t", "zone": "a", "min_instances": 2}]},
        "limit team allows max_instances 1, but min_instances and machines that are not removable come to 2",
    ),
    (
        {"instances": [{"id": "i", "pool": "near", "state": "draining"}], "objective": {"max_moves": 1},
         "placements": [{"component": "c", "instance": "i", "accelerators": [0]}] * 3},
        "max_moves is 1, but every plan has at least 3 moves: "
        "so many copies that are needed can't stay where they run, 3 of them of c",
    ),
    (
        {"components": [{"name": "c", "copies": 3, "accelerators": 0, "min_available_on_pool_loss": 2}]},
        "c must keep 2 copies when a pool is lost, but has 3 copies in 2 pools that can hold it (near, far)",
    ),
    (
        {"components": [{"name": "c", "copies": 3, "accelerators": 0, "min_available_on_instance_loss": 3}]},
        "c must keep 3 copies when an instance is lost, but has 3 copies",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "reason"), WHY)
def test_what_stands_in_the_way_by_itself_is_said_at_once(keys: Doc, reason: str) -> None:
    """With figures on both sides."""
    result = placement.solve(Problem(**fleet(**keys)), time_limit=None, work=10)
    assert result.status is Status.INFEASIBLE
    assert result.plan.model_dump()["reason"] == reason


def test_the_plan_tells_what_is_used_and_what_more_would_be_worth() -> None:
    """Limits, commitments, and their dual prices with the sentence that says what they mean."""
    limits = [{"name": "near-only", "pools": ["near"], "max_instances": 1}]
    commitments = [{"name": "k", "pools": ["far"], "price_per_hour": 3}]
    result = placement.solve(Problem(**fleet(limits=limits, commitments=commitments)), time_limit=None, work=10)
    told = result.to_document()

    assert told["price_per_hour"] == 19
    assert told["limits"] == [{"name": "near-only", "of": "max_instances", "used": 1, "most": 1, "binds": True}]
    assert told["commitments"] == [
        {"name": "k", "of": "price_per_hour", "committed": 3.0, "used": 3.0, "idle": 0.0, "worth_per_hour": 3.0}
    ]
    assert told["marginal"]["meaning"] == MEANING
    (dual_value,) = (row["dollars_per_hour"] for row in told["marginal"]["limits"])
    assert Fraction(dual_value).limit_denominator(1000) == 2  # a machine of `far` for one of `near`
    assert [row["dollars_per_hour"] for row in told["marginal"]["commitments"]] == [1.0]


def test_no_value_of_one_more_is_above_the_bill() -> None:
    """Nine copies on machines of two at 4 dollars, and of eight at 20 of which one is committed: 4 are paid on top.

    The linear program says 16 of one more committed machine; the whole bill is 4.
    """
    types = {
        name: MACHINE | {"accelerator_count": n, "price_per_hour": price}
        for name, n, price in (("t", 2, 4), ("u", 8, 20))
    }
    document = fleet(
        instance_types=types,
        pools=[{"name": name, "instance_type": name, "zone": "a"} for name in types],
        components=[{"name": "c", "copies": 9, "accelerators": 1, "accelerator_memory_gib": 30}],
        commitments=[{"name": "k", "pools": ["u"], "instances": 1}],
    )
    told = placement.solve(Problem(**document), time_limit=None, work=10).to_document()
    assert told["price_per_hour"] == 4
    assert [row["dollars_per_hour"] for row in told["marginal"]["commitments"]] == [4.0]


def _spot(copies: int, floor: int, **more: Any) -> dict[str, Any]:
    """Copies of one accelerator each on machines of four: spot at 1 dollar, on demand at 10, in one zone."""
    machine = {"accelerator": "A", "accelerator_count": 4, "vcpus": 32, "memory_gib": 256, "price_per_hour": 10}
    return {
        "format": "placement/v1",
        "name": "spot",
        "accelerators": {"A": {"memory_gib": 40}},
        "instance_types": {"t": machine},
        "pools": [
            {"name": "spot", "instance_type": "t", "zone": "z", "price_per_hour": 1},
            {"name": "on-demand", "instance_type": "t", "zone": "z"},
        ],
        "components": [
            {"name": "c", "copies": copies, "min_available_on_pool_loss": floor, "on": ["A"], **more},
        ],
    }


@pytest.mark.parametrize(
    ("copies", "floor", "least"), [(4, 0, 1), (4, 1, 11), (8, 4, 11), (8, 5, None), (12, 5, 22), (12, 6, 22)]
)
def test_copies_that_must_outlive_a_pool_are_paid_for_elsewhere(copies: int, floor: int, least: int | None) -> None:
    """Of n copies n - a at most are on spot, and a plan has both: 12 with a floor of 5 have 5 to 7 on either."""
    result = placement.bound(Problem(**_spot(copies, floor)))
    if least is None:  # one of two pools holds half of them at least
        assert result.status == "infeasible"
        return
    assert result.bound == least * 1_000_000


@pytest.mark.parametrize(("copies", "floor", "least"), [(4, 2, 11), (8, 4, 11), (12, 5, 22), (12, 4, 12), (70, 4, 27)])
def test_whole_machines_outlive_a_pool_too(copies: int, floor: int, least: int) -> None:
    """Four copies fill a machine that is theirs alone; the checker of certificates says the same without an engine.

    Beyond 64 copies they are parts of machines, of which branching makes whole ones: 17 on spot, one on demand.
    """
    document = _spot(copies, floor, dedicated=True)
    result = placement.solve(Problem(**document), "column-generation", time_limit=None, work=5, certificate=True)
    assert (result.status, result.cost) == ("optimal", least * 1_000_000)
    certificate = placement.certify(result, time_limit=None)
    (proof,) = check_certificate.check(check_certificate.Problem(document), certificate.document)
    assert proof.checked == least * 1_000_000


def reason_of(result: placement.Result) -> str:
    """Why there is no plan, as the plan document says it."""
    return str(result.plan.model_dump()["reason"])


def test_a_limit_that_is_in_the_way_beside_others_is_named_with_them() -> None:
    """Two machines are needed, of either pool or of both: each limit alone leaves room for them."""
    far: Doc = {"name": "far", "pools": ["far"], "max_instances": 0}
    near: Doc = {"name": "near", "pools": ["near"], "max_accelerators": 7}
    for limits in ([far], [near]):
        assert placement.bound(Problem(**fleet(limits=limits))).status is Status.UNKNOWN
    both = placement.bound(Problem(**fleet(limits=[far, near])))
    assert both.status is Status.INFEASIBLE
    assert reason_of(both) == (
        "limit far allows max_instances 0 over 1 pool, but the copies need at least 1 there "
        "beside limit near (max_accelerators 7)"
    )
    more = [{"name": f"spare-{k}", "pools": ["far"], "max_instances": 9} for k in range(4)]
    many = placement.bound(Problem(**fleet(limits=[far, near, *more])))
    assert reason_of(many).endswith("limit spare-0 (max_instances 9), limit spare-1 (max_instances 9), 2 more")


def test_the_bound_of_pool_losses_holds_beside_limits_and_commitments() -> None:
    """The same, where it is found at linear prices: the machine on demand is committed, so spot alone is paid."""
    document = _spot(8, 4)
    document["commitments"] = [{"name": "k", "pools": ["on-demand"], "instances": 1}]
    assert placement.bound(Problem(**document)).bound == 1_000_000


def test_a_dear_pool_stays_possible_where_the_cheap_one_is_full() -> None:
    """Reduced costs exclude no copy of a pool that is dear, if the cheap one may not hold it: the optimum is found."""
    for copies, floor in ((4, 1), (8, 4), (12, 5)):
        document = _spot(copies, floor, accelerators=1, shared=True, accelerator_memory_gib=21)
        result = placement.solve(Problem(**document), "column-generation", time_limit=None, work=5, threads=1)
        assert result.plan.status == "optimal"
        assert result.plan.cost == (22 if copies == 12 else 11)


def test_reduced_costs_leave_copies_in_a_dear_pool_where_the_cheap_one_may_not_hold_all() -> None:
    """At the cutoff that is the optimum itself both pools must still be allowed half of the copies."""
    fleet = compile_fleet(Problem(**_spot(8, 4)))
    bound = PatternBound(Solve.of(fleet), engines=False)
    prices = bound.root_prices()
    assert prices is not None
    relaxation, groups = bound.relaxation, groups_of(fleet)
    capacity = capacity_values(relaxation, prices)
    reduced = reduce_domain(relaxation, groups, prices, capacity, any_domain(fleet, groups), 11_000_000)
    assert reduced is not None
    assert min(reduced.copies) >= 4


def _served(demand: int, floor: int, **keys: Any) -> dict[str, Any]:
    """As `_spot`, but a demand in place of copies: each serves one."""
    document = _spot(1, floor, throughput=1)
    del document["components"][0]["copies"]
    document["components"][0]["demand"] = demand
    return document | keys


@pytest.mark.parametrize(("demand", "floor", "least"), [(4, 0, 1), (4, 1, 11), (3, 4, 11), (12, 5, 22), (12, 9, 33)])
def test_copies_that_serve_a_demand_outlive_a_pool(demand: int, floor: int, least: int) -> None:
    """As many as must be left stand on demand, and as many on spot, whatever the demand is."""
    assert placement.bound(Problem(**_served(demand, floor))).bound == least * 1_000_000


def test_reduced_costs_leave_what_must_outlive_the_cheap_pool() -> None:
    """At the cutoff that is the optimum itself both pools must still be allowed as many as must be left."""
    fleet = compile_fleet(Problem(**_served(8, 4)))
    bound = PatternBound(Solve.of(fleet), engines=False)
    prices = bound.root_prices()
    assert prices is not None
    assert any(prices.elsewhere.values())
    relaxation, groups = bound.relaxation, groups_of(fleet)
    capacity = capacity_values(relaxation, prices)
    reduced = reduce_domain(relaxation, groups, prices, capacity, any_domain(fleet, groups), 11_000_000)
    assert reduced is not None
    assert min(reduced.copies) >= 4


@seeds(range(400), 60)
def test_demands_that_outlive_a_pool_against_enumeration(seeds: range) -> None:
    """No bound is above the optimum, and most meet it."""
    met = bounded = 0
    for seed in seeds:
        rng = random.Random(seed)
        document = strategies.random_problem(rng, rules=0, state=False, optional=False)
        for row in document["components"]:
            if row.get("demand") and rng.random() < 0.8:
                row["min_available_on_pool_loss"] = rng.randint(1, 2)
        if brute.too_big(document) or not any(row.get("min_available_on_pool_loss") for row in document["components"]):
            continue
        least = brute.survey(document).least_cost(None)
        result = placement.bound(Problem(**document), time_limit=None)
        if result.status is Status.INFEASIBLE:
            assert least is None, f"seed {seed}"
        elif least is not None and result.bound is not None:
            assert result.bound <= least, f"seed {seed}"
            bounded += 1
            met += result.bound == least
    assert bounded > len(seeds) / 30
    assert met >= 0.7 * bounded


@pytest.mark.parametrize("make", [_spot, _served])
@pytest.mark.parametrize(("copies", "floor", "least"), [(12, 0, 3), (12, 5, 22), (12, 3, 12)])
def test_the_program_over_listed_patterns_keeps_the_floor_of_each_pool(
    make: Callable[[int, int], dict[str, Any]], copies: int, floor: int, least: int
) -> None:
    """Its cheapest counts leave enough whichever pool is lost: 8 on spot and 4 on demand are 12 dollars."""
    fleet = compile_fleet(Problem(**make(copies, floor)))
    bound = PatternBound(Solve.of(fleet), engines=False)
    prices = bound.root_prices()
    assert prices is not None
    relaxation, groups, domain = bound.relaxation, groups_of(fleet), any_domain(fleet, groups_of(fleet))
    reduced = reduce_domain(relaxation, groups, prices, capacity_values(relaxation, prices), domain, 60_000_000)
    assert reduced is not None
    answer = WholeProgram(relaxation, groups, domain, reduced, []).solve(60_000_000, Budget(), 1_000)
    assert answer.bound == least * 1_000_000
    in_pool = [0, 0]
    for mode, n in zip(relaxation.modes, answer.copies, strict=True):
        in_pool[mode.pool] += n
    assert sum(in_pool) - max(in_pool) >= floor
