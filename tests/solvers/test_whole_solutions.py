"""Whole solutions of the pattern program: what they find, what is left out of the program, and what is a part."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from placement import Plan, Problem
from placement.compiled.broken_rule import broken_rule
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.fleet_rules import broken_fleet_rule
from placement.compiled.packing import Machine, Packing, evaluate
from placement.direct.cp_sat import find_plan
from placement.heuristics import GreedyOptions, solve_greedy
from placement.local_search.completion import Completion
from placement.local_search.set_covering import SetCovering
from placement.patterns.bound import PatternBound
from placement.patterns.covering import any_domain
from placement.patterns.enumeration.narrow_program import NarrowProgram
from placement.patterns.enumeration.program import Forbidden, WholeProgram
from placement.patterns.enumeration.reduced_costs import Reduced
from placement.patterns.formulation import relax
from placement.planner import _packing_of
from placement.reductions.capped import CappedInstances
from placement.reductions.given_counts import SomePools
from placement.solvers.column_generation import whole_solutions
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solvers.column_generation.search import left_out_limits
from placement.solvers.column_generation.solution_parts import SolutionPart, SolutionParts
from placement.solvers.column_generation.solve import solve_column_generation
from placement.solvers.column_generation.whole_solutions import WholeSolutions, may_pack_solutions
from placement.solving.budget import Budget
from placement.solving.context import Solve
from tests import brute, strategies
from tests.corpus import broken_rules, seeds
from tests.heuristics.fleets import component, document

if TYPE_CHECKING:
    from collections.abc import Iterator


Doc = dict[str, Any]

COMMITTED = [{"name": "block", "pools": ["big-a"], "instances": 1}]
LIMITED = [{"name": "team", "pools": ["big-a", "big-b"], "max_instances": 1}]


def searched(fleet: Fleet, *, work: int = 20, first: bool = True) -> tuple[Solve, WholeSolutions]:
    """A fleet after greedy (unless it is not to be the `first`), the pattern bound and whole solutions."""
    solve = Solve.of(fleet, Budget(work=work))
    if first:
        solve_greedy(solve, options=GreedyOptions(restarts=1))
    bound = PatternBound(solve, solve.left_out)
    bound.run()
    solutions = WholeSolutions(solve, bound, "whole", SetCovering(solve))
    if not bound.infeasible:
        solutions.run(solve.budget)
    return solve, solutions


def small(seeds: range) -> Iterator[tuple[int, Fleet, int]]:
    """Tiny problems with a plan, with and without rules over the whole of it, and the ticks of an optimal one."""
    for seed in seeds:
        row = strategies.random_problem(random.Random(seed), rules=40, state=False, optional=False, demand=False)
        if row.get("commitments") or brute.too_big(row):
            continue
        fleet, best = compile_fleet(Problem(**row)), brute.cheapest(row)
        if best is not None:
            yield seed, fleet, evaluate(fleet, _packing_of(fleet, Plan.model_validate(best.plan))).ticks


@seeds(range(1_000, 1_200), 5)
def test_plans_keep_all_rules_and_nearly_all_are_optimal(seeds: range) -> None:
    """On random small problems: a plan there is, none below the optimum, most of them at it."""
    tried = best = 0
    for seed, fleet, least in small(seeds):
        solve, _ = searched(fleet)
        if solve.packing is None:
            continue
        tried += 1
        assert not broken_fleet_rule(fleet, solve.packing), f"seed {seed}"
        value = evaluate(fleet, solve.packing)
        assert value.ticks >= least, f"seed {seed}"
        best += value.ticks == least
    assert tried > len(seeds) / 5
    assert best >= 0.9 * tried


@seeds(range(2_000, 2_200), 10)
def test_plans_of_narrow_programs_keep_all_rules(seeds: range, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for larger fleets: what fits in part is completed, no plan is below the optimum, and most are at it."""
    monkeypatch.setattr("placement.solvers.column_generation.whole_solutions.is_large", lambda _: True)
    tried = best = 0
    for seed, fleet, least in small(seeds):
        solve, solutions = searched(fleet, first=False)
        if solve.packing is None:
            continue
        tried += 1
        assert solutions.large
        assert not broken_fleet_rule(fleet, solve.packing), f"seed {seed}"
        value = evaluate(fleet, solve.packing)
        assert value.ticks >= least, f"seed {seed}"
        best += value.ticks == least
    assert tried > len(seeds) / 5
    assert best >= 0.8 * tried


def test_narrow_programs_leave_out_dear_columns_and_prove_nothing() -> None:
    """With no room for reduced costs the pool that costs more goes; with room enough nothing does."""
    fleet = fleet_of(component("x", 4, 8))
    bound = PatternBound(Solve.of(fleet, Budget(work=5)))
    bound.run()
    domain = any_domain(fleet, bound.groups)
    copies = tuple(fleet.components[mode.component].copies for mode in bound.relaxation.modes)
    anything = Reduced(domain.fewest, domain.most, copies, (), ())
    left: list[int] = []
    for width in (1e-9, 10.0):
        program = NarrowProgram(bound.relaxation, bound.groups, domain, anything, bound.patterns)
        program.narrow(width, Budget())
        left.append(sum(upper > 0 for upper in program.rows.upper))
        assert program.rows.parts == set(program.pattern_columns)
        answer = program.solution(program.most_rent, Budget(), 100, 0.0)
        assert answer.bound == 0
        assert answer.machines
    assert left[0] < left[1] == sum(upper > 0 for upper in program_of(fleet).rows.upper)


@seeds(range(300), 4)
def test_parts_that_were_not_packed_are_completed(seeds: range) -> None:
    """Plans of greedy without some of their machines: what comes back keeps every rule and has all copies wanted."""
    tried = 0
    for seed in seeds:
        problem = Problem(**strategies.random_problem(random.Random(seed), rules=40, state=False, demand=False))
        fleet = compile_fleet(problem)
        solve = Solve.of(fleet, Budget(work=5))
        solve_greedy(solve)
        if solve.packing is None or fleet.commitments:
            continue
        machines = solve.packing.machines
        wanted = Counter(seat.component for _, seat in solve.packing.seats())
        kept = Packing(tuple(machine for k, machine in enumerate(machines) if (k + seed) % 3))
        capped = CappedInstances.of(fleet)
        packing = Completion(capped.fleet, seed).run(kept, wanted, Budget(work=10))
        plan = None if packing is None else capped.lift(packing)
        if plan is not None and not broken_rule(fleet, plan):
            tried += len(kept.machines) < len(machines)
            assert broken_rules(problem, fleet, plan) == [], f"seed {seed}"
    assert tried > len(seeds) / 5


def test_plans_that_leave_nothing_out_are_looked_for_first() -> None:
    """Then those that leave out as much as the best; only these where it leaves out nothing, or there is none."""
    fleet = fleet_of(component("x", 2, 8, priority=1, min_copies=0))
    solve = Solve.of(fleet, Budget())
    assert list(left_out_limits(solve)) == [None]
    solve.incumbent.offer(Packing(()), "nobody")
    assert list(left_out_limits(solve)) == [(0,), (2,)]
    turns = left_out_limits(solve)
    assert next(turns) == (0,)
    solve_greedy(solve, options=GreedyOptions(restarts=1))
    assert list(turns) == []
    assert list(left_out_limits(solve)) == [(0,)]


def program_of(fleet: Fleet) -> WholeProgram:
    """The program over the patterns of a fleet's bound, with nothing reduced."""
    bound = PatternBound(Solve.of(fleet, Budget(work=5)))
    bound.run()
    domain = any_domain(fleet, bound.groups)
    copies = tuple(fleet.components[mode.component].copies for mode in bound.relaxation.modes)
    return WholeProgram(
        bound.relaxation, bound.groups, domain, Reduced(domain.fewest, domain.most, copies, (), ()), bound.patterns
    )


def cheapest(program: WholeProgram) -> int | None:
    """What the program says costs least, micro-dollars per hour."""
    return program.solve(program.most_rent, Budget(), 10_000).bound


ONE_TYPE: Doc = {
    "accelerators": {"A": {"memory_gib": 10}},
    "instance_types": {
        "t": {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 64, "price_per_hour": 3}
    },
    "pools": [
        {"name": name, "instance_type": "t", "zone": f"zone-{name}", "price_per_hour": price}
        for name, price in (("a", 3), ("b", 5))
    ],
}


def fleet_of(*components: Doc) -> Fleet:
    """Components on a cheap pool and a dear one of the same machine."""
    return compile_fleet(Problem(**ONE_TYPE, components=list(components)))


def test_what_is_forbidden_costs_a_copy_elsewhere_or_a_machine_more() -> None:
    """Two copies on one cheap machine: forbidden there, they take a second one; on two machines they may stand."""
    fleet = fleet_of({"name": "x", "copies": 2, "accelerators": 1, "accelerator_memory_gib": 8, "shared": True})
    program = program_of(fleet)
    assert cheapest(program) == 3_000_000
    program.forbid(Forbidden((0,), {0: 2}, 1))
    assert cheapest(program) == 5_000_000  # the same on the dear one
    program.forbid(Forbidden((1,), {0: 1}, 1))
    assert cheapest(program) == 6_000_000


def test_what_was_too_full_takes_less_memory_or_a_machine_more() -> None:
    """Two copies of 8 GiB do not take 15 GiB of one cheap machine; they may on two."""
    fleet = fleet_of({"name": "x", "copies": 2, "accelerators": 1, "accelerator_memory_gib": 8, "shared": True})
    program = program_of(fleet)
    program.loosen((0,), 15 * 1024, 1)
    program.loosen((1,), 15 * 1024, 1)
    assert cheapest(program) == 6_000_000


@pytest.mark.parametrize("many", [1, 2])
def test_components_that_avoid_each_other_take_machines_of_their_own(many: int) -> None:
    """Copies that fill an accelerator of one machine each, or all of it: two machines, in the program too."""
    row = {"copies": many, "accelerators": 1, "accelerator_memory_gib": 8, "shared": True}
    fleet = fleet_of({"name": "x", "avoid": ["y"], **row}, {"name": "y", **row})
    assert cheapest(program_of(fleet)) == 6_000_000


def test_packings_of_parts_are_one_of_the_fleet() -> None:
    """Counts dealt out to two pools, each packed by itself."""
    rows = [component("x", 6, 30), component("y", 2, 70, 2)]
    fleet = compile_fleet(Problem(**document(rows)))
    pools = [p.index for p in fleet.pools if p.instance_type == "big"][:2]
    machines: list[Machine] = []
    for p in pools:
        part = SomePools.of(fleet, {p: 1}, {0: 3, 1: 1}).fleet
        found, none = find_plan(Solve.of(part, Budget(work=10)), [int(q.index == p) for q in fleet.pools], None)
        assert found is not None
        assert not none
        machines += found.machines
    whole = Packing(tuple(machines))
    assert evaluate(fleet, whole).ticks == fleet.tick_price * 2 * 8_000_000
    assert {machine.pool for machine in whole.machines} == set(pools)


@pytest.mark.parametrize("large", [False, True])
def test_with_a_better_plan_the_bound_decides_more(large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tree grows by as many nodes as the parameter says; that of a large fleet is left alone."""
    nodes: list[int] = []
    monkeypatch.setattr(PatternBound, "resume", lambda _, budget, most: nodes.append(most))
    monkeypatch.setattr(whole_solutions, "is_large", lambda _: large)
    solve, _ = searched(compile_fleet(Problem(**document([component("x", 6, 30)]))), first=False)
    assert solve.packing is not None
    assert nodes == ([] if large else [COLUMN_GENERATION.whole_solutions.tree_nodes])


def test_fleets_that_run_or_serve_a_demand_are_left_to_others() -> None:
    """Counts of copies say too little there."""
    assert may_pack_solutions(compile_fleet(Problem(**document([component("x", 6, 30)]))))
    running = document([component("x", 6, 30)], instances=[{"id": "i", "pool": "big-a"}])
    assert not may_pack_solutions(compile_fleet(Problem(**running)))
    row = {"name": "x", "demand": 3, "accelerators": 1, "accelerator_memory_gib": 8, "throughput": 2}
    assert not may_pack_solutions(compile_fleet(Problem(**document([row]))))


@pytest.mark.parametrize(
    ("row", "rules", "tried"),
    [
        ({}, {}, False),
        ({"spread": {"min_zones": 2}}, {}, True),
        ({}, {"commitments": COMMITTED}, True),
        ({}, {"limits": LIMITED}, True),
    ],
)
def test_they_are_tried_over_zones_and_under_rules_over_the_whole_plan(
    row: Doc, rules: Doc, tried: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Committed machines are pools by then, and no rule is left that looks at the whole plan."""
    calls: list[Fleet] = []
    monkeypatch.setattr(WholeSolutions, "run", lambda self, budget: calls.append(self._fleet))
    monkeypatch.setattr(PatternBound, "run", lambda *_, **__: None)
    problem = Problem(**document([component("x", 40, 30) | row], **rules))
    solve_column_generation(Solve.of(compile_fleet(problem), Budget(work=2)))
    assert bool(calls) == tried


def test_nothing_is_forbidden_where_the_pools_of_a_class_differ_for_the_copies() -> None:
    """One machine of pool a holds no copy that may run on b alone; one machine of the class may be that of b."""
    option = {"accelerators": 1, "accelerator_memory_gib": 8, "shared": True}
    problem = Problem(
        accelerators={"A": {"memory_gib": 10}},
        instance_types={
            name: {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 64, "price_per_hour": 3}
            for name in "ab"
        },
        pools=[{"name": name, "instance_type": name, "zone": "z"} for name in "ab"],
        components=[
            {"name": "on-b", "copies": 1, "options": [{"instance_types": ["b"], **option}]},
            {"name": "anywhere", "copies": 1, "options": [option]},
        ],
    )
    fleet = compile_fleet(problem)
    parts = SolutionParts(Solve.of(fleet, Budget(work=10)), fleet, relax(fleet))
    (pools,) = {machines.pools for machines in relax(fleet).device_classes}
    assert len(pools) == 2
    assert parts.pack({0: 1}, {0: 1}, Budget(work=10)) == (None, True)
    assert parts.forbid(SolutionPart(pools, {0: 1}, {0: 1}), Budget(work=10)) == []
    assert [some.machines for some in parts.forbid(SolutionPart(pools, {0: 1}, {1: 3}), Budget(work=10))] == [1]
