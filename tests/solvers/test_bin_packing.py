"""Fleets as vector packing: the translation keeps every plan, and the solver's answers are true."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.translate import to_plan
from placement.documents import Problem
from placement.heuristics import solve_ffd
from placement.reductions.vector_packing import FleetBins
from placement.referee import violations
from placement.solvers.bin_packing import PackedFleet, solve_bin_packing
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from placement.solving.result import Stop
from tests import brute, strategies
from tests.corpus import seeds
from tests.heuristics.fleets import component, document, fleet_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def packable(seeds: range, **knobs: Any) -> list[dict[str, Any]]:
    """The random problems among these that are vector packing."""
    found = (strategies.random_problem(random.Random(seed), state=False, **knobs) for seed in seeds)
    return [doc for doc in found if FleetBins.of(compile_fleet(Problem(**doc))) is not None]


def test_answers_are_the_true_optima() -> None:
    """Proven plans cost what the cheapest plan costs, and infeasible is said where no plan exists."""
    documents = packable(range(150), demand=False, optional=False)
    outcomes = set()
    for doc in documents:
        if brute.too_big(doc):
            continue
        fleet = compile_fleet(Problem(**doc))
        budget = Budget(work=10)
        incumbent = Incumbent(fleet, budget)
        outcome = solve_bin_packing(Solve(fleet, incumbent, budget))
        best = brute.cheapest(doc)
        assert outcome.infeasible == (best is None)
        outcomes.add(outcome.infeasible)
        if best is not None:
            assert incumbent.best is not None
            assert incumbent.proved
            assert not violations(fleet.problem, to_plan(fleet, incumbent.best[0], status="feasible"))
            assert fleet.cost(incumbent.best[1].ticks) == best.account.cost
    assert outcomes == {True, False}
    assert len(documents) > 15


@seeds(range(800), 40)
def test_what_is_said_of_fleets_with_zones_optional_copies_and_copies_that_run(seeds: range) -> None:
    """Bounds are at most the optimum, plans keep every rule, and that there is no plan is said where there is none."""
    proven = found = 0
    for seed in seeds:
        doc = strategies.random_problem(random.Random(seed), demand=False)
        fleet = compile_fleet(Problem(**doc))
        solve = Solve.of(fleet, Budget(work=3))
        solve_ffd(solve)
        if FleetBins.of(fleet) is not None or PackedFleet.of(solve) is None or brute.too_big(doc, 50_000):
            continue
        outcome = solve_bin_packing(solve)
        truth = brute.survey(doc)
        found += 1
        if outcome.infeasible or solve.packing is None:
            assert truth.best is None or not outcome.infeasible
            continue
        assert solve.value is not None
        assert truth.best is not None
        assert not violations(fleet.problem, to_plan(fleet, solve.packing, status="feasible"))
        least = truth.least_cost(solve.value.left_out)
        assert least is not None
        bound = solve.incumbent.ticks_bound
        assert bound is None or fleet.least_cost(bound) <= least <= fleet.cost(solve.value.ticks)
        proven += solve.incumbent.proved
    assert found > 3
    assert proven > 2


def test_where_bins_are_no_plan_there_is_one_all_the_same() -> None:
    """Over three zones what is left may stand in one of them; what moves cost is read off a plan of what runs."""
    row = {**component("a", 8, 40, shared=False), "spread": {"max_skew": 1}}
    running = {
        "instances": [{"id": "i-1", "pool": "big-a"}],
        "placements": [{"component": "a", "instance": "i-1", "accelerators": [k]} for k in range(3)],
    }
    for more in ({}, running):
        result = placement.solve(Problem(**document([row], **more)), "bin-packing", work=2)
        assert result.plan is not None
        assert result.cost is not None


def test_a_bound_that_is_known_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a packing meets it, before it has a bound of its own."""
    for bound in ("volume_cuts", "dual_feasible_cuts", "_count", "cover_by_full_bins"):
        monkeypatch.setattr(f"placement.vector_packing.solve.{bound}", lambda *_: [])
    fleet = fleet_of([component("a", 5, 20.0, accelerators=3, shared=False)])  # two on a machine of eight
    alone, told = (Solve.of(fleet, Budget(work=10)) for _ in range(2))
    outcome = solve_bin_packing(alone)
    best = alone.value
    assert best is not None
    assert (outcome.stop, outcome.stats["columns"] != 0) == (Stop.PROVED, True)
    told.incumbent.raise_bound(best.ticks, "told")
    outcome = solve_bin_packing(told)
    assert (outcome.stop, told.value, told.incumbent.bound_by) == (Stop.PROVED, best, "told")
    assert "columns" not in outcome.stats


SHARED = {"shared": True, "accelerator_memory_gib": 10}


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        ({}, True),
        ({"spread": {"max_per_instance": 1}}, True),
        ({"dedicated": True}, True),
        ({**SHARED, "on": ["A"]}, False),  # two could share one accelerator of eight
        ({**SHARED, "instance_types": ["small"]}, True),
        ({"spread": {"max_skew": 1}}, False),
        ({"spread": {"max_skew": 1}, "zones": ["a"]}, True),
        ({"spread": {"min_zones": 2}}, False),
        ({"spread": {"max_per_zone": 1}}, False),
        ({"min_available_on_zone_loss": 1}, False),
        ({"min_copies": 1}, False),
    ],
)
def test_which_fleets_are_packing(change: dict[str, Any], fits: bool) -> None:
    """Each rule that looks beyond one machine, or at single accelerators, is noticed."""
    row = {"name": "a", "copies": 2, "accelerators": 1, "accelerator_memory_gib": 60}
    fleet = compile_fleet(Problem(**document([{**row, **change}])))

    assert (FleetBins.of(fleet) is not None) == fits


def test_other_fleets_end_at_once_with_the_reason() -> None:
    """Nothing is claimed of a fleet that is not packing."""
    doc = document([{"name": "a", "copies": 2, "accelerators": 1, **SHARED}])
    fleet = compile_fleet(Problem(**doc))
    incumbent = Incumbent(fleet, Budget())

    outcome = solve_bin_packing(Solve(fleet, incumbent, Budget()))

    assert outcome.stop is Stop.STUCK
    assert outcome.reason.startswith("not a bin packing problem")
    assert incumbent.best is None
    assert not outcome.infeasible


def test_that_no_packing_is_a_plan_is_told() -> None:
    """Each of three zones takes one copy, so a packing of all four breaks the rule."""
    row = {**component("a", 4, 40, shared=False), "spread": {"max_per_zone": 1}}
    result = placement.solve(Problem(**document([row])), "bin-packing", work=1)
    assert result.cost is None
    assert "breaks a rule over zones" in (result.plan.reason or "")


def test_sizes_that_can_not_bind_are_left_out() -> None:
    """Plain bin packing has one size; where copies own accelerators too, the accelerators are one more."""
    shared = [
        {"name": f"c{i}", "copies": 4, "accelerator_memory_gib": gib, "shared": True} for i, gib in enumerate((1, 30))
    ]
    owner = {"name": "owner", "copies": 2, "accelerator_memory_gib": 1}
    plain, mixed = FleetBins.of(one_card(shared)), FleetBins.of(one_card([*shared, owner]))
    assert plain is not None
    assert mixed is not None
    assert plain.problem.capacities == [[40 * 1024]]
    assert len(mixed.problem.capacities[0]) == 2


def test_pools_that_are_one_bin_type_have_what_each_of_them_has() -> None:
    """Each of two pools pays for an instance, and each may have two: one copy costs two instances, four take all."""
    pools = [{"name": name, "min_instances": 1, "max_instances": 2} for name in ("p", "q")]
    owner = {"name": "owner", "accelerator_memory_gib": 30}
    for copies, cost in ((1, 2_000_000), (4, 4_000_000), (5, None)):
        fleet = one_card([{**owner, "copies": copies}], pools)
        bins = FleetBins.of(fleet)
        assert bins is not None
        assert (bins.problem.least, bins.problem.available) == ([2], [4])
        result = placement.solve(fleet.problem, "bin-packing", work=10, time_limit=None)
        status = placement.Status.INFEASIBLE if cost is None else placement.Status.OPTIMAL
        assert (result.status, result.cost) == (status, cost)


def one_card(components: list[dict[str, Any]], pools: Sequence[dict[str, Any]] = ({"name": "p"},)) -> Fleet:
    card = {"accelerator": "A", "accelerator_count": 1, "vcpus": 8, "memory_gib": 64, "price_per_hour": 1}
    problem = Problem(
        accelerators={"A": {"memory_gib": 40}},
        instance_types={"card": card},
        pools=[{"instance_type": "card", "zone": "z", **pool} for pool in pools],
        components=components,
    )
    return compile_fleet(problem)


def test_prices_beyond_the_packing_core_are_left_to_others() -> None:
    """A pool at a billion dollars an hour: `auto` solves it, and the core is not asked."""
    device_classes = {
        name: {"accelerator": "S", "accelerator_count": 1, "vcpus": 8, "memory_gib": 32, "price_per_hour": price}
        for name, price in (("cheap", 0.333333), ("dear", 1e9))
    }
    doc: dict[str, Any] = {
        "accelerators": {"S": {"memory_gib": 24}},
        "instance_types": device_classes,
        "pools": [{"name": name, "instance_type": name, "zone": "a"} for name in device_classes],
        "components": [{"name": "c", "copies": 2, "accelerator_memory_gib": 20}],
    }
    assert FleetBins.of(compile_fleet(Problem(**doc))) is None
    result = placement.solve(Problem(**doc), work=10, time_limit=None)
    assert (result.status, result.cost) == (placement.Status.OPTIMAL, 666_666)
