"""Column generation and decomposition where rules look at the whole plan."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np
import pytest

import placement
from placement.compiled.fleet import compile_fleet
from placement.compiled.fleet_rules import broken_fleet_rule
from placement.compiled.groups import FleetCommitment, FleetLimit
from placement.compiled.packing import evaluate, moves
from placement.documents import Problem
from placement.engines.highs import load_lp, run
from placement.heuristics import HeuristicOptions, solve_ffd
from placement.patterns.group_bound import raise_bounds_by_rules
from placement.patterns.group_rows import add_group_rows
from placement.reductions.partition import deal, make_parts, merged
from placement.solvers.column_generation.ground import WholePlanGround
from placement.solvers.column_generation.pack import FleetMixPacking
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.units import MICRO
from tests.corpus import broken_rules, first, plans, seeds
from tests.heuristics.fleets import component, document

if TYPE_CHECKING:
    from placement.compiled.fleet import Fleet

Doc = dict[str, Any]


def rented(fleet: Fleet, counts: list[int]) -> float | None:
    """What a program with the rows of groups says that counts cost, dollars an hour; None where they break a limit."""
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(counts), 0
    lp.col_cost_ = np.array([pool.price / MICRO for pool in fleet.pools])
    lp.col_lower_ = lp.col_upper_ = np.array(counts, dtype=float)
    lp.row_lower_ = lp.row_upper_ = np.array([])
    lp.a_matrix_.start_ = np.zeros(len(counts) + 1, dtype=np.int32)
    solver = load_lp(lp)
    add_group_rows(solver, fleet)
    return float(solver.getObjectiveValue()) if run(solver) == highspy.HighsModelStatus.kOptimal else None


@seeds(range(200), 10)
def test_rows_of_groups_are_the_rules(seeds: range) -> None:
    """At any machine counts the program has the price that is paid on top, and no solution where a limit is broken."""
    kept = broken = paid = 0
    for seed, _, fleet, _ in plans(seeds, rules=60):
        if not fleet.limits and not fleet.commitments:
            continue
        rng = random.Random(seed)
        counts = [rng.randint(0, 3) for _ in fleet.pools]
        within = all(limit.sum(counts) <= limit.most for limit in fleet.limits)
        price = rented(fleet, counts)
        assert (price is not None) == within, f"seed {seed}"
        if price is not None:
            assert price == pytest.approx(fleet.rent(counts) / MICRO, abs=1e-6), f"seed {seed}"
            kept += 1
            paid += fleet.rent(counts) < sum(n * pool.price for n, pool in zip(counts, fleet.pools, strict=True))
        broken += not within
    assert kept > len(seeds) / 20
    assert broken > len(seeds) / 20
    assert paid > len(seeds) / 40


def mixed(**more: Any) -> Doc:
    """Some 90 copies in three zones, enough for a dive."""
    rng = random.Random(5)
    rows = [component(f"c{k}", rng.randint(3, 9), rng.choice((9, 13, 17, 22, 31, 44)), vcpus=1) for k in range(15)]
    return document(rows, **more)


BIG = [f"big-{zone}" for zone in "abc"]
RULES: dict[str, Doc] = {
    "limits": {"limits": [{"name": "few", "pools": BIG, "max_instances": 2}]},
    "commitments": {"commitments": [{"name": "paid", "pools": ["small-b", "small-c"], "instances": 20}]},
    "money": {"commitments": [{"name": "paid", "pools": BIG, "price_per_hour": 20.0}]},
}


def cost(document: Doc, solver: str, work: int, options: Doc) -> int:
    """What the plan costs, which keeps every rule."""
    problem = Problem(**document)
    found = placement.solve(problem, solver, time_limit=None, work=work, threads=1, options=options)
    assert found.packing is not None
    assert found.cost is not None
    assert broken_rules(problem, compile_fleet(problem), found.packing) == []
    assert found.bound is not None or not options["rounds"]
    assert (found.bound or 0) <= found.cost
    return found.cost


@pytest.mark.parametrize("rule", first(RULES))
def test_mixes_are_packed_within_rules(rule: str) -> None:
    """Mixes of column generation are packed, and no plan of the heuristics is cheaper."""
    problem = mixed(**RULES[rule])
    fleet = compile_fleet(Problem(**problem))
    solve = Solve.of(fleet, Budget(work=2))
    solve_ffd(solve, options=HeuristicOptions(restarts=1))
    before = solve.value
    raise_bounds_by_rules(solve)
    packing = FleetMixPacking(solve, WholePlanGround(solve))
    packing.run(solve.budget)
    assert packing.dives
    assert packing.tried
    assert solve.value is not None
    assert before is not None
    assert solve.value < before
    assert solve.incumbent.found_by == "column-generation"
    assert solve.packing is not None
    assert broken_fleet_rule(fleet, solve.packing) == ""


def test_copies_outlive_a_pool_and_an_instance() -> None:
    """Half of the copies of each component, whichever pool is lost, and two of them whichever instance is."""
    problem = mixed()
    for row in problem["components"]:
        row |= {"min_available_on_pool_loss": row["copies"] // 2, "min_available_on_instance_loss": 2}
    fleet = compile_fleet(Problem(**problem))
    solve = Solve.of(fleet, Budget(work=2))
    solve_ffd(solve, options=HeuristicOptions(restarts=1))
    raise_bounds_by_rules(solve)
    packing = FleetMixPacking(solve, WholePlanGround(solve))
    packing.run(solve.budget)
    assert packing.tried
    assert solve.incumbent.found_by == "column-generation"


@pytest.mark.slow
@pytest.mark.parametrize("rule", first(RULES))
def test_parts_keep_rules_over_groups(rule: str) -> None:
    """Decomposition ends with a plan that keeps them, cheaper than without its rounds or as cheap."""
    problem = mixed(**RULES[rule])
    options = {"copies": 30, "solver": "best-fit", "groups": 0}
    before = cost(problem, "decomposition", 1, options | {"rounds": 0})
    assert cost(problem, "decomposition", 1, options | {"rounds": 2}) <= before


def totals(rules: tuple[FleetLimit, ...] | tuple[FleetCommitment, ...]) -> list[int]:
    """Of each rule, the number that is dealt out."""
    return [rule.most if isinstance(rule, FleetLimit) else rule.money or rule.instances for rule in rules]


@seeds(range(200), 7)
def test_rules_are_dealt_out_to_parts(seeds: range) -> None:
    """What parts have of limits, commitments and moves is together what there is; as it is, each keeps its own."""
    parted = 0
    for seed, _, fleet, packing in plans(seeds, rules=60):
        groups = deal(fleet, packing, 2, np.random.default_rng(seed), by_zone=False)
        parts = list(make_parts(fleet, packing, groups))
        if len(parts) < 2 or not (fleet.limits or fleet.commitments or fleet.max_moves is not None):
            continue
        parted += 1
        for whole, each in (
            (fleet.limits, [part.fleet.limits for part in parts]),
            (fleet.commitments, [part.fleet.commitments for part in parts]),
        ):
            for k, most in enumerate(totals(whole)):
                assert sum(totals(rules)[k] for rules in each) <= most, f"seed {seed}"
        if fleet.max_moves is not None:  # a part counts a copy that starts as one that moves: what counts is one more
            more = sum((part.fleet.max_moves or 0) - sum(moves(part.fleet, part.packing)) for part in parts)
            assert sum(moves(fleet, packing)) + more <= fleet.max_moves, f"seed {seed}"
        for part in parts:
            assert "limit" not in broken_fleet_rule(part.fleet, part.packing), f"seed {seed}"
            assert "moves" not in broken_fleet_rule(part.fleet, part.packing), f"seed {seed}"
        same = merged(packing, parts, {k: part.put_back(part.packing) for k, part in enumerate(parts)})
        assert evaluate(fleet, same) == evaluate(fleet, packing), f"seed {seed}"
    assert parted > len(seeds) / 20
