"""Packing at fleet mixes: dedicated components settled, room tested by the pattern LP, plans that keep every rule."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from dataclasses import replace
from operator import mul, truediv
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import placement
from placement import Problem
from placement.bounds.instant import instant_bounds
from placement.compiled.capacity import most_on_one
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Packing, evaluate
from placement.compiled.spread import keeps_zone_rules
from placement.engines.parameters import ENGINE_PARAMETERS
from placement.heuristics import PartialPacking, partial_packing
from placement.patterns.benders import MixSeparation
from placement.patterns.bound import PatternBound
from placement.patterns.columns import PatternColumns
from placement.patterns.covering import any_domain
from placement.patterns.formulation import relax
from placement.patterns.master import PatternProgram, PatternSolution
from placement.reductions.preassigned import Preassigned
from placement.reductions.required import RequiredAsPlaced
from placement.solvers.column_generation.diving import Dive
from placement.solvers.column_generation.mixes import FleetMixes
from placement.solvers.column_generation.pack import FleetMixPacking
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solvers.column_generation.whole_counts import CountsSolution, WholeMachineCounts, machine_counts
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from placement.units import MICRO
from tests.corpus import broken_rules, plans, seeds
from tests.heuristics.fleets import component, document, fleet_of

if TYPE_CHECKING:
    from placement.compiled.fleet import FleetComponent
    from tests.parameters import Change


def incumbent_of(fleet: Fleet, packing: Packing) -> tuple[Incumbent, PatternBound]:
    """An incumbent with a plan, and a bound for what that leaves out."""
    incumbent = Incumbent(fleet, Budget())
    incumbent.offer(packing, "test")
    bound = PatternBound(Solve(fleet, incumbent, Budget()), evaluate(fleet, packing).left_out if fleet.levels else None)
    bound.run(nodes=5)
    return incumbent, bound


def paid_for(fleet: Fleet, packing: Packing) -> tuple[int, ...]:
    """Machines of each pool, with those that are paid for anyway."""
    count = Counter(machine.pool for machine in packing.machines)
    return tuple(max(count[p.index], fleet.fewest(p.index)) for p in fleet.pools)


@seeds(range(150), 8)
def test_a_plan_has_room_on_its_own_machines(seeds: range) -> None:
    """The LP at the machine counts of any plan lacks nothing; without one of its machines it may, by a true cut."""
    lacked = 0
    for seed, _, fleet, packing in plans(seeds):
        incumbent, bound = incumbent_of(fleet, packing)
        required = RequiredAsPlaced.of(fleet, Solve(fleet, incumbent, Budget()).packing).fleet
        room = MixSeparation(relax(required), bound.patterns)
        count = Counter(machine.pool for machine in packing.machines)
        counts = paid_for(fleet, packing)
        assert room.separate(counts, Budget()) is None, f"seed {seed}"
        for p in count:
            fewer = tuple(n - (q == p) for q, n in enumerate(counts))
            cut = room.separate(fewer, Budget())
            if cut is not None:
                lacked += 1
                assert cut.slack(fewer) < 0 <= cut.slack(counts), f"seed {seed}"
    assert lacked > 50 * len(seeds) / 150


def least(fleet: Fleet) -> list[int]:
    """Machines that are paid for anyway."""
    return [fleet.fewest(pool.index) for pool in fleet.pools]


def cheapest(fleet: Fleet, spare: float, budget: Budget) -> tuple[int, ...] | None:
    """The mix that is offered from items alone; pricing finds other patterns."""
    mix = FleetMixes(relax(fleet), PatternBound(Solve.of(fleet)).patterns).offer(spare, least(fleet), budget)
    return None if mix is None else mix.machines


def test_the_cheapest_counts_keep_quotas() -> None:
    """Eight copies a machine, at most two machines a zone: for a fifth more than fill five all six are needed.

    There is no room for more than that, so five are offered again; for seven machines' copies there is none at all.
    """
    for spare in (0.0, 0.21):
        five = within_two_a_zone(40, 80, spare)
        assert five is not None
        assert (sum(five), max(five)) == (5, 2)
    assert within_two_a_zone(40, 80, 0.2) == (2, 0, 2, 0, 2, 0)
    assert within_two_a_zone(56, 80, 0.0) is None


@pytest.mark.parametrize("shape", [{"accelerators": 8, "shared": True}, {"accelerators": 8, "shared": False}])
def test_copies_on_all_of_a_machine_need_nothing_to_spare(shape: dict[str, Any]) -> None:
    """A little more of one would be a machine more."""
    five = within_two_a_zone(5, 80, 0.2, **shape)
    assert five is not None
    assert sum(five) == 5


def within_two_a_zone(copies: int, gib: float, spare: float, **more: Any) -> tuple[int, ...] | None:
    """The mix of big machines that is offered to so many copies of one component, on an accelerator each by default."""
    rows = document([component("only", copies, gib, **more)])
    for pool in rows["pools"]:
        pool["max_instances"] = 2 if pool["instance_type"] == "big" else 0
    return cheapest(compile_fleet(Problem(**rows)), spare, Budget())


def test_machines_that_are_paid_for_anyway() -> None:
    """Five idle machines, and some without accelerators that must run: mixes hold them, dives pass them by."""
    problem = document([component("one", 3, 40)])
    problem["instance_types"]["cpu"] = {"vcpus": 8, "memory_gib": 32, "price_per_hour": 1}
    problem["pools"][0]["min_instances"] = 5
    problem["pools"].append({"name": "cpu", "instance_type": "cpu", "zone": "a", "min_instances": 2})
    fleet = compile_fleet(Problem(**problem))
    bound = PatternBound(Solve.of(fleet))
    bound.run()
    mix = FleetMixes(relax(fleet), bound.patterns).offer(0.01, least(fleet), Budget())
    assert mix is not None
    assert mix.machines == (5, 0, 0, 0, 0, 0, 2)
    sketch = Dive(relax(fleet), bound.patterns, 0).run(mix, Budget())
    assert sketch is not None
    assert not sketch.missing


@pytest.fixture
def nine() -> tuple[Fleet, PatternBound]:
    """Nine copies, each on an accelerator of its own: 1 1/8 of the big machines in the LP, $9 an hour."""
    fleet = fleet_of([component("a", 9, 80)])
    bound = PatternBound(Solve.of(fleet))
    bound.run()
    return fleet, bound


@pytest.mark.parametrize("paid", [False, True])
def test_branching_ends_where_the_lp_is_a_hair_off(paid: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each count may be 1e-9 less than what it must be at least, and a fleet that is paid for may cost -1e-12."""
    problem = document([component("a", 9, 80)])
    names = [pool["name"] for pool in problem["pools"]]
    if paid:
        problem["commitments"] = [{"name": "all", "pools": names, "price_per_hour": 1_000}]
    else:
        problem["limits"] = [{"name": "all", "pools": names, "max_instances": 20}]
    fleet = compile_fleet(Problem(**problem))
    bound = PatternBound(Solve.of(fleet))
    bound.run()
    solve, solved = PatternProgram.solve, 0

    def a_hair_off(program: PatternProgram, left: float) -> PatternSolution | None:
        nonlocal solved
        solved += 1
        assert solved < 50
        solution = solve(program, left)
        if solution is not None:
            solution.columns = [n - 1e-9 for n in solution.columns]
            solution.value -= 1e-12
        return solution

    monkeypatch.setattr(PatternProgram, "solve", a_hair_off)
    mix = FleetMixes(relax(fleet), bound.patterns).offer(0.0, least(fleet), Budget())
    assert mix is not None
    assert MixSeparation(relax(fleet), bound.patterns).separate(mix.machines, Budget()) is None


@pytest.mark.parametrize(("seconds", "dollars"), [(0.1, 10), (6.0, 16)])
def test_counts_become_whole_by_branching_where_there_is_time(
    seconds: float, dollars: int, nine: tuple[Fleet, PatternBound], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rounded up, as where an LP takes six of ten seconds, counts are two big machines, or a big and a small one."""
    fleet, bound = nine
    now, solve = 0.0, PatternProgram.solve

    def slow(program: PatternProgram, left: float) -> PatternSolution | None:
        nonlocal now
        now += seconds
        return solve(program, left)

    with monkeypatch.context() as patch:
        patch.setattr("placement.solving.budget.time.monotonic", lambda: now)
        patch.setattr(PatternProgram, "solve", slow)
        mix = FleetMixes(relax(fleet), bound.patterns).offer(0.0, least(fleet), Budget(10.0))
    assert mix is not None
    assert fleet.rent(mix.machines) == dollars * MICRO
    assert MixSeparation(relax(fleet), bound.patterns).separate(mix.machines, Budget()) is None


@pytest.mark.parametrize("gap", [1e-6, 0.3])
@pytest.mark.parametrize("limited", [False, True])
def test_whole_counts_are_the_cheapest(limited: bool, gap: float, parameters: Change) -> None:
    """Machines of a few sizes for copies with an accelerator each, at most so many: against all counts."""
    parameters(ENGINE_PARAMETERS.integer_program, gap=gap)
    rng, dearer = random.Random(7), 0
    for _ in range(12):
        sizes = rng.sample(range(2, 10), 4)
        prices, copies, most = [10 * size + rng.randint(-4, 4) for size in sizes], rng.randint(20, 40), 100
        if limited:  # large ones are dear, and some are needed
            prices, most = [size * (10 + size) for size in sizes], -(-copies // max(sizes)) + rng.randint(0, 2)
        fleet = fleet_of_sizes(sizes, prices, copies, most)
        mix = FleetMixes(relax(fleet), PatternBound(Solve.of(fleet)).patterns).offer(0.0, least(fleet), Budget())
        assert mix is not None
        counts = itertools.product(*(range(-(-copies // size) + 1) for size in sizes))
        enough = [n for n in counts if sum(map(mul, n, sizes)) >= copies and sum(n) <= most]
        assert sum(map(mul, mix.machines, prices)) <= (1 + gap) * min(sum(map(mul, n, prices)) for n in enough)
        assert sum(mix.machines) <= most
        dearer += sum(map(mul, mix.machines, prices)) > copies * min(map(truediv, prices, sizes)) + 1
    assert dearer


def test_a_dive_makes_counts_whole_that_hold_all_copies() -> None:
    """Machines of three sizes within quotas that are just enough: seldom dearer than what rounding up costs."""
    rng, saved = random.Random(11), 0.0
    for _ in range(20):
        sizes = rng.sample(range(2, 10), 3)
        prices, copies = [10 * size + rng.randint(-4, 4) for size in sizes], rng.randint(20, 40)
        fleet = fleet_of_sizes(sizes, prices, copies, 100)
        counts, root = solved_counts(fleet)
        dive = counts.dive(root, Budget())
        assert dive is not None
        assert (dive.counts == np.round(dive.counts)).all()
        assert sum(map(mul, dive.counts, sizes)) >= copies
        assert dive.value == pytest.approx(sum(map(mul, dive.counts, prices)))
        saved += sum(map(mul, np.ceil(root.counts), prices)) - dive.value
        assert counts.dive(root, Budget(0.0)) is None
    assert saved > 20


def test_bug_a_dive_does_not_go_in_circles() -> None:
    """One large machine for a copy that fills it, and ten thirds of a small one: four small ones cost the least.

    With three of them a copy would be on a second large machine, and that one would be rounded up in turn.
    """
    types = {
        name: {"accelerator": "A", "accelerator_count": n, "vcpus": 99, "memory_gib": 999, "price_per_hour": price}
        for name, n, price in (("small", 3, 6.6), ("large", 8, 30.0))
    }
    document = {
        "accelerators": {"A": {"memory_gib": 8}},
        "instance_types": types,
        "pools": [{"name": name, "instance_type": name, "zone": "a"} for name in types],
        "components": [
            {"name": "wide", "copies": 1, "accelerators": 8},
            {"name": "c", "copies": 10, "accelerators": 1},
        ],
    }
    counts, root = solved_counts(compile_fleet(Problem(**document)))
    assert root.counts.tolist() == pytest.approx([10 / 3, 1.0])
    dive = counts.dive(root, Budget())
    assert dive is not None
    assert dive.counts.tolist() == [4.0, 1.0]


def solved_counts(fleet: Fleet) -> tuple[WholeMachineCounts, CountsSolution]:
    """The LP with the patterns of the bound and one round of pricing, and its solution."""
    program, domain = PatternProgram(relax(fleet)), any_domain(fleet)
    program.add_patterns(PatternBound(Solve.of(fleet)).patterns)
    program.set_domain(domain)
    solution = PatternColumns(program.relaxation, program, 0).solve(1, Budget())
    root = machine_counts(solution, np.array(domain.fewest, dtype=float), np.array(domain.most, dtype=float))
    assert root is not None
    return WholeMachineCounts(program, fleet), root


def fleet_of_sizes(sizes: list[int], prices: list[int], copies: int, most: int) -> Fleet:
    """Pools of machines with so many accelerators, at most so many machines in all, and copies that own one each."""
    named = [f"t{size}" for size in sizes]
    types = {
        name: {"accelerator": "A", "accelerator_count": n, "vcpus": 99, "memory_gib": 999, "price_per_hour": price}
        for name, n, price in zip(named, sizes, prices, strict=True)
    }
    document = {
        "accelerators": {"A": {"memory_gib": 8}},
        "instance_types": types,
        "pools": [{"name": name, "instance_type": name, "zone": "a"} for name in named],
        "components": [{"name": "c", "copies": copies, "accelerators": 1}],
        "limits": [{"name": "all", "pools": named, "max_instances": most}] if most < copies else [],
    }
    return compile_fleet(Problem(**document))


@seeds(range(60), 8)
def test_a_mix_is_the_cheapest_with_room(seeds: range, monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs no more than a plan's machines and has room in the LP.

    From items alone pricing ends at an LP that costs the same. Its columns may be others, so a mix of whole machines
    may be dearer; that is rare.
    """
    solve, costs = PatternColumns.solve, []

    def solved(columns: PatternColumns, *given: Any) -> PatternSolution | None:
        found = solve(columns, *given)
        costs.append(math.inf if found is None else found.value)
        return found

    monkeypatch.setattr(PatternColumns, "solve", solved)
    checked = as_cheap = 0
    for seed, _, fleet, packing in plans(seeds):
        incumbent, bound = incumbent_of(fleet, packing)
        required = RequiredAsPlaced.of(fleet, Solve(fleet, incumbent, Budget()).packing).fleet
        if required.limits or required.commitments:
            continue
        mix = FleetMixes(relax(required), bound.patterns).offer(0.0, least(required), Budget())
        first_cost = costs[-1]
        assert mix is not None, f"seed {seed}"
        assert fleet.rent(mix.machines) <= fleet.rent(paid_for(fleet, packing)) * 1.002, f"seed {seed}"
        assert MixSeparation(relax(required), bound.patterns).separate(mix.machines, Budget()) is None, f"seed {seed}"
        alone = FleetMixes(relax(required), PatternBound(Solve.of(required)).patterns)  # items, until it prices
        priced = alone.offer(0.0, least(required), Budget())
        assert priced is not None
        room = MixSeparation(relax(required), bound.patterns)
        assert room.separate(priced.machines, Budget()) is None, f"seed {seed}"
        assert costs[-1] == pytest.approx(first_cost, rel=1e-6, abs=1e-6), f"seed {seed}"
        as_cheap += fleet.rent(priced.machines) == pytest.approx(fleet.rent(mix.machines), rel=0.002)
        checked += 1
    assert checked
    assert as_cheap >= 0.95 * checked


def cheapest_house(fleet: Fleet, component_: FleetComponent, worth: list[float]) -> float:
    """The least worth of machines for one dedicated component, over all machine counts."""
    best = float("inf")
    pools = [p for p in fleet.pools if any(p.index in o.pools for o in component_.options)]
    limits = [
        range(min(component_.required, component_.required if p.max_instances is None else p.max_instances) + 1)
        for p in pools
    ]
    for counts in itertools.product(*limits):
        room = [0] * len(fleet.zones)
        for pool, n in zip(pools, counts, strict=True):
            room[pool.zone] += n * most_on_one(fleet, component_, pool.index)
        fits = any(
            sum(split) == component_.required and keeps_zone_rules(component_, split)
            for split in itertools.product(*(range(min(r, component_.required) + 1) for r in room))
        )
        if fits:
            best = min(best, sum(worth[p.index] * n for p, n in zip(pools, counts, strict=True)))
    return best


@pytest.mark.parametrize(
    "spread", [{}, {"max_skew": 1}, {"min_zones": 3}, {"max_per_zone": 2}, {"max_per_instance": 1}]
)
@pytest.mark.parametrize(("copies", "memory", "wide"), [(4, 30, 1), (5, 50, 4), (3, 80, 8), (5, 27, 1)])
def test_a_dedicated_component_gets_the_machines_worth_least(
    spread: dict[str, int], copies: int, memory: float, wide: int
) -> None:
    """Against all machine counts; every copy stands, and the check finds nothing."""
    problem = Problem(**document([component("alone", copies, memory, wide, dedicated=True, spread=spread)]))
    fleet = compile_fleet(problem)
    fleet = replace(fleet, pools=tuple(replace(p, max_instances=2) for p in fleet.pools))
    worth = [3.0 + 7 * (p.index % 3) + p.shape.accelerators for p in fleet.pools]
    settled = Preassigned.of(fleet, worth)
    best = cheapest_house(fleet, fleet.components[0], worth)
    if settled is None:
        assert best == float("inf")
        return
    assert sum(worth[machine.pool] for machine in settled.machines) == pytest.approx(best)
    assert broken_rules(problem, compile_fleet(problem), Packing(settled.machines)) == []
    assert settled.at_quotas.components[0].required == 0


def test_dedicated_components_share_the_quotas() -> None:
    """Two that need a big machine each, in the one zone that both like best, which has but one."""
    rows = [component(name, 1, 80, 8, dedicated=True) for name in ("one", "other")]
    fleet = compile_fleet(Problem(**document(rows)))
    fleet = replace(fleet, pools=tuple(replace(p, max_instances=1) for p in fleet.pools))
    settled = Preassigned.of(fleet, [1.0, 9.0, 5.0, 9.0, 7.0, 9.0])
    assert settled is not None
    assert sorted(machine.pool for machine in settled.machines) == [0, 2]
    assert settled.used == (1, 0, 1, 0, 0, 0)


def test_no_room_for_a_dedicated_component() -> None:
    """Quotas that hold fewer copies leave it without machines."""
    fleet = compile_fleet(Problem(**document([component("alone", 7, 80, 8, dedicated=True)])))
    fleet = replace(fleet, pools=tuple(replace(p, max_instances=2) for p in fleet.pools))
    assert Preassigned.of(fleet, [1.0] * 6) is None


@seeds(range(150), 10)
def test_plans_at_mixes_keep_every_rule(seeds: range, parameters: Change) -> None:
    """Random problems, without a plan to start from where all copies are required; the best packing is checked."""
    parameters(COLUMN_GENERATION.pack, dive_from=0)
    found = dived = 0
    for seed, problem, fleet, packing in plans(seeds, demand=False):
        incumbent, bound = incumbent_of(fleet, packing)
        if not bound.cuts:
            continue
        if not fleet.levels and not fleet.instances:
            incumbent = Incumbent(fleet, Budget())
        before = incumbent.best
        search = FleetMixPacking(Solve(fleet, incumbent, Budget(), seed), bound)
        search.run(Budget(work=2))
        dived += search.dives and search.tried > 0
        if incumbent.best is not before and incumbent.best is not None:
            found += 1
            assert broken_rules(problem, fleet, incumbent.best[0]) == [], f"seed {seed}"
    assert dived > 10 * len(seeds) / 150
    assert found > 10 * len(seeds) / 150


@pytest.mark.parametrize("fits", [False, True])
def test_a_mix_on_which_all_or_nothing_fits_is_tried_once(
    fits: bool, monkeypatch: pytest.MonkeyPatch, parameters: Change
) -> None:
    """The next ones are others, with more or less spare capacity; where none is new it ends."""
    asked: list[tuple[int | None, ...]] = []

    def recorded(narrow: Fleet, *given: Any) -> PartialPacking | None:
        asked.append(tuple(pool.max_instances for pool in narrow.pools))
        return partial_packing(narrow, *given) if fits else None

    monkeypatch.setattr("placement.solvers.column_generation.pack.partial_packing", recorded)
    monkeypatch.setattr(FleetMixPacking, "pays", lambda *_: True)  # as where moves are what costs
    parameters(COLUMN_GENERATION.pack, tries=5)
    fleet = compile_fleet(Problem(**document([component("a", 5, 30)])))
    bound = PatternBound(Solve.of(fleet))
    bound.run()
    search = FleetMixPacking(Solve.of(fleet), bound)
    assert not search.dives
    search.run(Budget())
    assert len(asked) == search.tried >= 1
    assert len(set(asked)) == len(asked)


def test_the_mix_of_the_bound_leaves_room_for_dedicated_components() -> None:
    """They have machines of their own: what is packed at the bound's counts has only the others."""
    rows = [component("a", 60, 30), component("alone", 8, 40, dedicated=True)]
    problem = Problem(**document(rows))
    fleet = compile_fleet(problem)
    bound = PatternBound(Solve.of(fleet))
    bound.run()
    search = FleetMixPacking(Solve.of(fleet), bound)
    assert search.dives
    mixes = [source.offer(0.0, list(source.least), Budget()) for source in search._sources]  # noqa: SLF001
    counts = [mix.machines for mix in mixes if mix is not None]
    total = sum(bound.cheap_machines())
    assert counts[0] != bound.cheap_machines()
    assert sum(counts[0]) < total


def test_where_the_relaxation_is_too_large_the_bound_is_that_of_volumes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a portfolio around it, too."""
    monkeypatch.setattr("placement.solvers.column_generation.search.may_build", lambda fleet, budget: False)
    _, problem, fleet, _ = next(iter(plans(range(20))))
    found = placement.solve(problem, "column-generation", time_limit=None, work=1, threads=1)
    assert found.packing is not None
    assert found.bound == max(bound.ticks for bound in instant_bounds(fleet)) > 0
