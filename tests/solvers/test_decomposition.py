"""The solver as a whole on small problems cut very small: plans are checked by the planner, bounds by brute force."""

from __future__ import annotations

import random

import pytest

import placement
from placement import Problem, Status
from placement.compiled.fleet import Fleet, compile_fleet
from placement.heuristics.first_plan import first_plan
from placement.reductions.greenfield import Greenfield
from placement.reductions.restricting_aggregation import RestrictingAggregation
from placement.solvers.decomposition import DecompositionOptions, solve_decomposition
from placement.solvers.decomposition.solve import _Decomposition
from placement.solvers.decomposition.tasks import Pack
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from placement.solving.result import Stop
from tests import brute
from tests.corpus import broken_rules, plans, seeds
from tests.heuristics.fleets import suite
from tests.strategies import random_problem

CUT = {"copies": 2, "solver": "greedy", "rounds": 2}


@seeds(range(45), 4)
def test_rounds_keep_every_rule_and_never_lose(seeds: range) -> None:
    """With every rule and state in play, a plan given is never made worse; the planner raises when one is broken."""
    rounds = better = 0
    for _, problem, fleet, packing in plans(seeds):
        hint = placement.compiled.translate.to_plan(fleet, packing)
        before = placement.verify(problem, hint)
        result = placement.solve(
            problem, "decomposition", time_limit=None, work=1, threads=1, options=dict(CUT), hint=hint
        )
        assert result.cost is not None
        left_out = sum(row.copies for row in result.plan.unplaced)
        assert left_out <= sum(before.left_out.values())
        if left_out == sum(before.left_out.values()):
            assert result.cost <= before.cost
            better += result.cost < before.cost
        rounds += int(result.to_document().get("stats", {}).get("rounds", 0))
    assert rounds > 15 * len(seeds) / 45
    assert better > 0


def test_a_plan_comes_before_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds of a large fleet may take longer than there is time for."""
    fleet = compile_fleet(Problem(**suite("shared", 12, 1)))
    budget = Budget(work=1)
    incumbent = Incumbent(fleet, budget)

    def bounds(_: Solve) -> None:
        raise _BoundsBegin(str(incumbent.best is not None))

    monkeypatch.setattr("placement.solvers.decomposition.solve.raise_instant_bounds", bounds)
    with pytest.raises(_BoundsBegin, match="True"):
        solve_decomposition(Solve(fleet, incumbent, budget), options=DecompositionOptions(copies=5))


@pytest.mark.parametrize("packed", [True, False])
def test_the_whole_is_bounded_where_zones_made_no_plan(packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups may lose rules over zones: then nothing was bounded, and the first round does it."""
    monkeypatch.setattr("placement.solvers.decomposition.solve.may_pack_zones", lambda _: True)
    monkeypatch.setattr("placement.solvers.decomposition.solve.pack_by_zone", lambda *_: packed)
    solve = Solve.of(compile_fleet(Problem(**suite("shared", 12, 1))), Budget(work=1))
    search = _Decomposition(solve, DecompositionOptions(copies=5))
    assert search.pack_zones() is packed
    assert search.bounded is packed


class _BoundsBegin(Exception):
    """The bounds of a solve begin; the text says whether it has a plan."""


@pytest.mark.slow
def test_the_whole_in_groups_keeps_every_rule() -> None:
    """Plans of groups become plans of components, also where machines run: these are matched afterwards."""
    found = ran = 0
    documents = [random_problem(random.Random(seed), max_components=12) for seed in range(500, 550)]
    documents += [suite(family, 30, seed) for family in ("shared", "exclusive") for seed in (1, 2, 3)]
    documents += [suite("replan", 60, 3)]
    for seed, document in enumerate(documents):
        problem = Problem(**document)
        fleet = compile_fleet(problem)
        incumbent = Incumbent(fleet, Budget())
        first_plan(Solve(fleet, incumbent, Budget(work=1), seed))
        fresh = None if incumbent.best is None else Greenfield.of(fleet, incumbent.best[1])
        groups = None if fresh is None else RestrictingAggregation.of(fresh.fleet, 20)
        if fresh is None or groups is None or not groups.pays:
            continue
        answer = Pack(groups.fleet, None, "greedy", {}, seed).run(Budget(work=2))
        if answer.packing is not None:
            assert broken_rules(problem, fleet, fresh.lift(groups.lift(answer.packing))) == [], f"seed {seed}"
            found += 1
            ran += bool(fleet.instances)
    assert found > 5
    assert ran


def test_groups_find_what_heuristics_do_not() -> None:
    """Half as many groups as components: cheaper than the heuristics, with the bound of the whole beside."""
    fleet = compile_fleet(Problem(**suite("shared", 12, 2)))
    costs = []
    for groups in (0, 6):
        budget = Budget(work=20)
        incumbent = Incumbent(fleet, budget)
        options = DecompositionOptions(copies=40, groups=groups, rounds=0)
        solve_decomposition(Solve(fleet, incumbent, budget), options=options)
        assert incumbent.best is not None
        costs.append(incumbent.best[1].ticks)
    assert costs[1] < costs[0]
    assert incumbent.bound_by == "patterns"


@seeds(range(400, 425), 3)
def test_its_bound_is_that_of_the_whole(seeds: range) -> None:
    """Never above the optimum that brute force finds, however the problem is cut."""
    tried = 0
    for seed in seeds:
        document = random_problem(random.Random(seed), optional=False)
        if brute.too_big(document):
            continue
        best = brute.cheapest(document)
        result = placement.solve(
            Problem(**document), "decomposition", time_limit=None, work=1, threads=1, options=dict(CUT)
        )
        if best is None:
            assert result.status in (Status.UNKNOWN, Status.INFEASIBLE)
            continue
        assert result.bound is None or result.bound <= best.account.cost
        tried += result.bound is not None
    assert tried > 6 * len(seeds) / 25


@pytest.mark.slow
def test_parts_find_what_the_whole_can() -> None:
    """On a fleet of fifty components the rounds make the heuristics' plan cheaper.

    The task of the bound has a tenth of the work: less than half a unit leaves its linear program below the volumes.
    """
    fleet = compile_fleet(Problem(**suite("mixed", 50, 1)))
    budget = Budget(work=6)
    incumbent = Incumbent(fleet, budget)
    options = DecompositionOptions(copies=40, solver="greedy")
    outcome = solve_decomposition(Solve(fleet, incumbent, budget), options=options)
    assert int(outcome.stats["improved"]) > 0
    assert incumbent.found_by == "decomposition"
    assert incumbent.bound_by == "patterns"


def test_time_that_is_over_ends_it_with_the_plan_at_hand() -> None:
    """No round is begun."""
    _, _, fleet, packing = next(plans(range(150)))
    budget = Budget(seconds=0)
    solve = Solve.of(fleet, budget, hint=packing)
    outcome, incumbent = solve_decomposition(solve, options=DecompositionOptions(copies=1)), solve.incumbent
    assert outcome.stop in (Stop.TIME, Stop.PROVED)
    assert outcome.stats.get("rounds", 0) == 0
    assert incumbent.best is not None


def test_groups_are_not_made_when_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups of a large fleet take seconds: each size of them is begun only while there is time."""
    fleet = compile_fleet(Problem(**suite("shared", 20, 1)))
    sizes: list[int] = []
    make = RestrictingAggregation.of

    def ending(whole: Fleet, most: int) -> RestrictingAggregation:
        sizes.append(most)
        budget.interrupt()
        return make(whole, most)

    monkeypatch.setattr(RestrictingAggregation, "of", ending)
    budget = Budget(seconds=1000, threads=1)
    outcome = solve_decomposition(Solve.of(fleet, budget), options=DecompositionOptions(copies=1, groups=3))
    assert sizes == [3]
    assert outcome.stop is Stop.INTERRUPTED
