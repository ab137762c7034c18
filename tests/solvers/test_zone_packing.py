"""Zone by zone: whole copies that keep the rules, zones that are fleets of their own, and plans that they make."""

from __future__ import annotations

import math
import random
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.compiled.fleet_rules import broken_fleet_rule
from placement.compiled.packing import Machine, Packing, Value, evaluate
from placement.compiled.spread import keeps_zone_rules
from placement.heuristics.first_plan import first_plan
from placement.heuristics.solve import HeuristicOptions, solve_best_fit
from placement.parallel.job import TaskAnswer
from placement.patterns.bound import PatternBound
from placement.patterns.columns import PatternColumns
from placement.patterns.covering import any_domain
from placement.patterns.formulation import relax
from placement.patterns.group_bound import raise_bounds_by_rules
from placement.patterns.master import PatternProgram, PatternSolution
from placement.reductions.given_counts import OneZone
from placement.reductions.greenfield import Greenfield
from placement.reductions.relaxing_aggregation import RelaxingAggregation
from placement.reductions.required import RequiredAsPlaced
from placement.reductions.restricting_aggregation import RestrictingAggregation
from placement.solvers.column_generation import zone_plans, zone_split, zone_tasks
from placement.solvers.column_generation.ground import WholePlanGround
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solvers.column_generation.search import search
from placement.solvers.column_generation.zone_counts import zone_counts
from placement.solvers.column_generation.zone_packing import ZonePacking, may_pack_zones
from placement.solvers.column_generation.zone_split import Sizes, ZoneDive, round_by_zone
from placement.solvers.column_generation.zone_tasks import PackZone, SplitAnswer
from placement.solvers.column_generation.zone_tasks import zone_tasks as tasks_of
from placement.solvers.decomposition.parameters import DECOMPOSITION
from placement.solvers.decomposition.zones import pack_by_zone
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from placement.units import MICRO
from tests import strategies
from tests.corpus import EJECTIONS, broken_rules, seeds
from tests.reductions.zones import plan_by_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from placement.compiled.fleet import Fleet
    from placement.local_search.set_covering import SetCovering
    from placement.parallel.helper import HelperJob
    from placement.solvers.column_generation.search import ColumnGenerationOptions
    from tests.parameters import Change

    Hear = Callable[[Packing], None]


def as_placed(fleet: Fleet, incumbent: Incumbent) -> tuple[Greenfield, Fleet]:
    """The fleet as if nothing ran, and that with the copies of the best plan required: what is split into zones."""
    assert incumbent.best is not None
    fresh = Greenfield.of(fleet, incumbent.best[1])
    assert fresh is not None
    return fresh, RequiredAsPlaced.of(fresh.fleet, incumbent.best[0]).fleet


# Nine beginnings would be most of the time of these tests, and find few more plans.
TWICE = HeuristicOptions(restarts=2, ejections=EJECTIONS)


def zoned(seeds: range, times: int = 1) -> Iterator[tuple[int, Problem, Fleet, Incumbent]]:
    """Random problems with rules over zones, a plan of each, and what may be packed zone by zone.

    Each component is there so many `times`, with rules over zones the first time alone.
    """
    for seed in seeds:
        document = strategies.random_problem(random.Random(seed), demand=False)
        more = [
            {**row, "name": f"{row['name']}-{k}", "spread": {}, "min_available_on_zone_loss": 0}
            for k in range(1, times)
            for row in document["components"]
        ]
        problem = Problem(**{**document, "components": document["components"] + more})
        fleet = compile_fleet(problem)
        incumbent = Incumbent(fleet, Budget())
        solve_best_fit(Solve(fleet, incumbent, Budget(work=3)), options=TWICE)
        if may_pack_zones(Solve(fleet, incumbent, Budget())):
            yield seed, problem, fleet, incumbent


@pytest.fixture(autouse=True)
def small(parameters: Change) -> None:
    """Fleets of any size are packed zone by zone."""
    parameters(COLUMN_GENERATION.zone_packing, copies_from=1)


def over_two_zones(components: list[dict[str, Any]], **types: tuple[int, float]) -> dict[str, Any]:
    """A document of two zones with pools of each of these instance types, by accelerators and dollars an hour."""
    machine = {"accelerator": "G", "vcpus": 96, "memory_gib": 768}
    return {
        "accelerators": {"G": {"memory_gib": 48}},
        "instance_types": {
            name: {**machine, "accelerator_count": number, "price_per_hour": price}
            for name, (number, price) in types.items()
        },
        "pools": [
            {"name": f"{name}-{zone}", "instance_type": name, "zone": zone} for name in types for zone in ("za", "zb")
        ],
        "components": components,
    }


def counts_of(fleet: Fleet, packing: Packing) -> list[list[int]]:
    """Copies by zone and component."""
    counts = [[0] * len(fleet.components) for _ in fleet.zones]
    for machine, seat in packing.seats():
        counts[fleet.pools[machine.pool].zone][seat.component] += 1
    return counts


def rounded(fleet: Fleet, parts: dict[int, dict[int, float]], dual_value: Sequence[float]) -> list[list[int]] | None:
    """Whole copies, (zones, components), in one step, the dearest first."""
    dearest = sorted(fleet.components, key=lambda c: -dual_value[c.index])
    found = zone_counts(dearest, len(fleet.zones), parts, dual_value)
    return None if found is None else [[found[c.index][z] for c in fleet.components] for z in range(len(fleet.zones))]


@seeds(range(600), 200)
def test_whole_copies_keep_the_rules_over_zones(seeds: range) -> None:
    """Near what a plan has, with noise: what is found keeps every rule; what a plan has is found."""
    found = 0
    for seed, _, fleet, incumbent in zoned(seeds):
        assert incumbent.best is not None
        firm = RequiredAsPlaced.of(fleet, incumbent.best[0]).fleet
        rng = random.Random(seed)
        own = counts_of(fleet, incumbent.best[0])
        dual_value = [rng.random() for _ in firm.components]
        parts = {
            c.index: {z: max(0.0, own[z][c.index] + rng.uniform(-0.6, 0.6)) for z in c.eligible_zones}
            for c in firm.components
        }
        counts = rounded(firm, parts, dual_value)
        for c in firm.components:
            exact = {z: float(own[z][c.index]) for z in c.eligible_zones}
            assert rounded(firm, parts | {c.index: exact}, dual_value) is not None or counts is None
        if counts is None:
            continue
        found += 1
        for c in firm.components:
            here = [counts[z][c.index] for z in range(len(fleet.zones))]
            assert sum(here) == c.required
            assert not c.required or keeps_zone_rules(c, here), f"seed {seed}"
    assert found > 10


@pytest.mark.parametrize(
    ("rule", "parts"),
    [
        ({"spread": {"max_skew": 1}}, (4.4, 1.6)),
        ({"spread": {"min_zones": 2}}, (6.0, 0.0)),
        ({"spread": {"max_per_zone": 4}}, (5.0, 1.0)),
        ({"min_available_on_zone_loss": 2}, (5.0, 1.0)),
    ],
)
def test_whole_copies_keep_a_rule_that_the_nearest_ones_break(rule: dict[str, Any], parts: tuple[float, float]) -> None:
    """Six copies over two zones, where the LP has so many of them; as they are without the rule they would break it."""
    document: dict[str, Any] = {
        "accelerators": {"A": {"memory_gib": 8}},
        "instance_types": {
            "t": {"accelerator": "A", "accelerator_count": 8, "vcpus": 8, "memory_gib": 8, "price_per_hour": 1}
        },
        "pools": [{"name": zone, "instance_type": "t", "zone": zone} for zone in "ab"],
        "components": [{"name": "c", "copies": 6, "accelerators": 1}],
    }
    plain = compile_fleet(Problem(**document))
    fleet = compile_fleet(Problem(**document | {"components": [document["components"][0] | rule]}))
    given = {0: dict(enumerate(parts))}
    near, kept = (rounded(each, given, [1.0]) for each in (plain, fleet))
    assert near is not None
    assert kept is not None
    assert not keeps_zone_rules(fleet.components[0], [here[0] for here in near])
    assert keeps_zone_rules(fleet.components[0], [here[0] for here in kept])


def test_zones_have_about_the_dual_value_that_the_lp_gives_them() -> None:
    """Halves of twenty single copies, dear and cheap ones in any order: no zone has more than half a copy too much."""
    single = {"copies": 1, "accelerator_memory_gib": 4, "spread": {"max_per_zone": 1}}
    document = over_two_zones([{"name": f"c{k}", **single} for k in range(20)], t=(8, 10.0))
    fleet = compile_fleet(Problem(**document))
    dual_value = [float(1 + 7 * k % 20) for k in range(20)]
    counts = rounded(fleet, {k: {0: 0.5, 1: 0.5} for k in range(20)}, dual_value)
    assert counts is not None
    held = [sum(w * n for w, n in zip(dual_value, here, strict=True)) for here in counts]
    assert abs(held[0] - held[1]) <= 1.0


@pytest.mark.parametrize("solved", [math.inf, 1])
def test_zones_are_split_on_whole_machines(solved: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each zone has a copy that must be there and three of six others: two machines hold all, at no other split.

    The LP may have all six in one zone, and a part of a machine for the copy in the other. When there is no time for
    more than it, its own numbers are made whole.
    """
    components: list[dict[str, Any]] = [
        {"name": "everywhere", "copies": 2, "accelerators": 1, "spread": {"min_zones": 2}},
        *({"name": f"c{k}", "copies": 1, "accelerators": 1} for k in range(6)),
    ]
    document = over_two_zones(components, t=(4, 10.0))
    fleet, solve = compile_fleet(Problem(**document)), PatternProgram.solve
    left = solved

    def seldom(program: PatternProgram, seconds: float) -> PatternSolution | None:
        nonlocal left
        left -= bool(program.rows.zone)  # not that of one place, which has none
        return solve(program, seconds) if left >= 0 else None

    monkeypatch.setattr(PatternProgram, "solve", seldom)
    split = round_by_zone(fleet, Budget(), rounds=0)
    assert split is not None
    assert [here[0] for here in split.copies] == [1, 1]
    assert sum(map(sum, split.copies)) == 8
    assert [*map(sum, split.copies)] == [4, 4] or left < 0


@pytest.mark.parametrize("late", [(1,), (2,), (3,)])
def test_an_lp_that_is_late_is_waited_for_or_does_without_more_pricing(
    late: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A solution that does not come in its part of the time comes in the rest; one of the next round is not needed."""
    components = [{"name": f"c{k}", "copies": 2, "accelerators": 1, "spread": {"min_zones": 2}} for k in range(4)]
    fleet = compile_fleet(Problem(**over_two_zones(components, t=(4, 10.0))))
    solve, calls = PatternProgram.solve, 0

    def in_time(program: PatternProgram, seconds: float) -> PatternSolution | None:
        nonlocal calls
        if not program.rows.zone:  # that of one place
            return solve(program, seconds)
        calls += 1
        return None if calls in late else solve(program, seconds)

    monkeypatch.setattr(PatternProgram, "solve", in_time)
    split = round_by_zone(fleet, Budget(), rounds=2)
    assert split is not None
    assert split.copies == [[1, 1, 1, 1], [1, 1, 1, 1]]
    assert calls > max(late)
    calls = 0
    found = round_by_zone(fleet, Budget(), rounds=2, hurried=False)
    assert (found is None) == (late == (1,))  # the others are the dive's: pricing finds nothing after the first


def split_program(fleet: Fleet) -> tuple[PatternProgram, PatternSolution, Sizes]:
    """The LP by zone and its solution after two rounds of pricing; machines and copies by their dollars."""
    program = PatternProgram(relax(fleet, all_zones=True))
    program.set_domain(any_domain(fleet, ()))
    solution = PatternColumns(program.relaxation, program, 0).solve(2, Budget())
    assert solution is not None
    sizes = Sizes(
        np.array([pool.price / MICRO for pool in fleet.pools]),
        np.maximum(0.0, program.dual_values(solution.duals()).copies),
    )
    return program, solution, sizes


@seeds(range(400), 100)
def test_a_dive_makes_machines_and_copies_whole(seeds: range) -> None:
    """Counts keep the rules, the LP says what they cost, and a dive that may cost no less finds nothing."""
    ended = whole = 0
    for seed, _, fleet, incumbent in zoned(seeds):
        _, firm = as_placed(fleet, incumbent)
        program, solution, sizes = split_program(firm)
        if solution.uses_artificials:
            continue
        least, whole = solution.value, whole + 1
        for each in (sizes, sizes.with_noise(random.Random(seed))):
            dive = ZoneDive(firm, program, solution, each)
            value = dive.run(Budget())
            last = program.solve(math.inf)  # once more
            machines = np.array([0.0] * len(firm.pools) if last is None else last.counts)[each.machine > 0]
            split = dive.split()
            assert split is not None
            for c in firm.components:
                here = [split.copies[z][c.index] for z in range(len(firm.zones))]
                assert sum(here) == c.required
                assert not c.required or keeps_zone_rules(c, here), f"seed {seed}"
            if math.isinf(value):
                continue
            ended += 1
            assert value >= least - 1e-6
            assert np.abs(machines - np.round(machines)).max(initial=0.0) < 1e-6, f"seed {seed}"
            assert math.isinf(ZoneDive(firm, program, solution, each).run(Budget(), least))
    assert ended > whole > 4  # the others have no room for what was rounded


@pytest.mark.parametrize(("small", "cost"), [(False, 20.0), (True, 13.0)])
def test_a_count_goes_up_where_the_nearest_leaves_no_room(small: bool, cost: float) -> None:
    """Two zones need a quarter of a machine each: a whole one each, or none where a small one is cheaper than that."""
    two = {"name": "two", "copies": 2, "accelerators": 1, "spread": {"max_per_zone": 1}}
    document = over_two_zones([two], large=(4, 10.0), **({"small": (1, 3.0)} if small else {}))
    document["pools"] = document["pools"][:3]  # small ones are in one zone alone
    fleet = compile_fleet(Problem(**document))
    program, solution, sizes = split_program(fleet)
    assert solution.value == pytest.approx(5.0)
    assert ZoneDive(fleet, program, solution, sizes).run(Budget()) == pytest.approx(cost)


def test_counts_that_copies_have_no_room_on_are_open_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five copies need a machine and a quarter: one a zone, or two in one. All copies in the other have room, too."""
    fleet = compile_fleet(Problem(**over_two_zones([{"name": "c", "copies": 5, "accelerators": 1}], t=(4, 10.0))))
    program, solution, sizes = split_program(fleet)
    assert ZoneDive(fleet, program, solution, sizes).run(Budget()) == pytest.approx(20.0)
    costs = []
    for split in ([5, 0], [0, 5]):
        monkeypatch.setattr(zone_split, "zone_counts", lambda *_, split=split: {0: split})
        costs.append(ZoneDive(fleet, program, solution, sizes).run(Budget()))
    assert 20.0 < max(costs) < math.inf


def test_the_zones_of_a_plan_are_packings_of_zone_fleets() -> None:
    """Each alone is packed again, at no rule of the whole broken, and the costs add up."""
    tried = 0
    for seed, problem, fleet, incumbent in zoned(range(400)):
        assert incumbent.best is not None
        packing = incumbent.best[0]
        fresh, firm = as_placed(fleet, incumbent)
        machines, ticks = [], 0
        for zone, counts in enumerate(counts_of(fleet, packing)):
            alone = OneZone.of(firm, zone, counts).fleet
            again = Incumbent(alone, Budget())
            solve_best_fit(Solve(alone, again, Budget(work=3)), options=TWICE)
            if again.best is None:
                break
            machines += list(again.best[0].machines)
            ticks += again.best[1].ticks
        else:
            tried += 1
            whole = Packing(tuple(machines))
            assert broken_rules(problem, fleet, fresh.lift(whole)) == [], f"seed {seed}"
            assert evaluate(firm, whole).ticks == ticks
    assert tried > 20


def packed(fleet: Fleet, incumbent: Incumbent, workers: int) -> tuple[ZonePacking, bool]:
    """Zones packed with fixed work."""
    bound = PatternBound(
        Solve(fleet, incumbent, Budget()), incumbent.best[1].left_out if incumbent.best and fleet.levels else None
    )
    bound.run(nodes=2)
    zones = ZonePacking(Solve(fleet, incumbent, Budget()), workers)
    return zones, zones.run(bound, Budget(work=1))


@seeds(range(500), 30)
def test_zones_make_a_plan(seeds: range) -> None:
    """It keeps every rule, and is often better than that of best fit."""
    made = better = 0
    for seed, problem, fleet, incumbent in zoned(seeds):
        assert incumbent.best is not None
        before = incumbent.best[1]
        _, done = packed(fleet, incumbent, 1)
        made += done
        better += incumbent.best[1] < before
        assert broken_rules(problem, fleet, incumbent.best[0]) == [], f"seed {seed}"
    assert made > 8 * len(seeds) / 500
    assert better > 4 * len(seeds) / 500


def test_a_zone_of_many_components_is_packed_in_groups_first(
    parameters: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the groups have is a packing of the zone: it has the copies of each component, and keeps every rule."""
    parameters(COLUMN_GENERATION.zone_packing, components_from=1, groups=2)

    def in_groups(
        solve: Solve, options: ColumnGenerationOptions | None = None, covering: SetCovering | None = None
    ) -> None:
        if solve.fleet is not here.fleet:  # the zone itself has no other plan
            search(solve, options, covering) if options and covering else first_plan(solve)

    for name in ("search", "first_plan"):
        monkeypatch.setattr(zone_tasks, name, in_groups)
    tried = merged = made = 0
    for seed, problem, fleet, incumbent in zoned(range(0, 400, 8), times=3):
        assert incumbent.best is not None
        packing = incumbent.best[0]
        fresh, firm = as_placed(fleet, incumbent)
        for here in plan_by_zone(firm, packing):
            if not here.fleet.copies:
                continue
            answer = PackZone(here.one, seed).run(Budget(work=1))
            tried += 1
            merged += len(RestrictingAggregation.of(here.fleet, 2).groups) < len(here.fleet.components)
            assert not answer.faults
            if answer.packing is not None:
                made += 1
                assert broken_rules(problem, fleet, fresh.lift(here.lift(answer.packing))) == [], f"seed {seed}"
    assert merged > 3
    assert made > tried / 2


@seeds(range(500), 30)
def test_zones_of_groups_make_a_plan(seeds: range, parameters: Change) -> None:
    """Copies by zone come of an LP of groups of components: the plan has those of each, and keeps every rule."""
    parameters(DECOMPOSITION.zones, groups=2)
    made = better = grouped = 0
    for seed, problem, fleet, incumbent in zoned(seeds, times=3):
        assert incumbent.best is not None
        before = incumbent.best[1]
        made += pack_by_zone(Solve(fleet, incumbent, Budget(work=1)), lambda answer: None)
        grouped += len(RelaxingAggregation.of(fleet, 2).groups) < len(fleet.components)
        better += incumbent.best[1] < before
        assert not incumbent.faults
        assert broken_rules(problem, fleet, incumbent.best[0]) == [], f"seed {seed}"
    assert made > 8 * len(seeds) / 500
    assert better > 4 * len(seeds) / 500
    assert grouped > 2 * len(seeds) / 500


def test_zones_are_not_counted_by_groups_that_lose_their_rules(parameters: Change) -> None:
    """Where most components have rules over zones, groups of them have none."""
    parameters(DECOMPOSITION.zones, groups=0)
    lost = 0
    for _, _, fleet, incumbent in zoned(range(40), times=2):
        if not RelaxingAggregation.of(fleet, 0).keeps_zone_rules:
            lost += 1
            assert not pack_by_zone(Solve(fleet, incumbent, Budget(work=1)), lambda answer: None)
    assert lost > 1


def test_the_second_process_finds_a_finer_bound_and_then_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    """While groups are counted it has nothing to pack."""
    _, problem, fleet, incumbent = next(entry for entry in zoned(range(1, 300)) if len(entry[2].zones) > 2)
    done: list[str] = []

    @contextmanager
    def beside(_: Incumbent, __: Budget, jobs: Iterator[HelperJob]) -> Iterator[None]:
        def second() -> None:
            for job in jobs:
                done.append(type(job.task).__name__)
                answer = job.task.run(Budget(work=1))
                assert job.take is not None
                job.take(answer)

        thread = threading.Thread(target=second)
        thread.start()
        yield
        thread.join(60)

    monkeypatch.setattr("placement.solvers.decomposition.zones.helper_process", beside)
    monkeypatch.setattr("placement.solvers.decomposition.zones.may_search_in_background", lambda budget: True)
    with_little_work(monkeypatch)
    heard: list[TaskAnswer] = []
    assert pack_by_zone(Solve(fleet, incumbent, Budget(60.0)), heard.append)
    assert done[0] == "Bound"
    assert len(heard) == 1
    assert incumbent.best is not None
    assert broken_rules(problem, fleet, incumbent.best[0]) == []


def test_a_bound_that_is_far_from_converged_is_raised_by_groups(parameters: Change) -> None:
    """As it may be where the LP of the whole has too many rows; one that has converged is left as it is."""
    parameters(COLUMN_GENERATION.zone_packing, coarse=2, coarse_from=0)
    raised = 0
    for seed, _, fleet, incumbent in zoned(range(40), times=3):
        assert incumbent.best is not None
        bounds = [PatternBound(Solve(fleet, incumbent, Budget(work=1))) for _ in range(2)]
        assert bounds[0].lacks == math.inf
        bounds[1].root_prices()
        assert bounds[1].lacks < 0.01, f"seed {seed}"
        for bound in bounds:
            own = Incumbent(fleet, Budget())
            own.offer(incumbent.best[0], "given")
            ZonePacking(Solve(fleet, own, Budget()), 1).run(bound, Budget(work=1))
            if bound is bounds[0]:
                raised += (own.ticks_bound or 0) > 0
                assert (own.ticks_bound or 0) <= evaluate(fleet, incumbent.best[0]).ticks, f"seed {seed}"
            else:
                assert own.ticks_bound is None, f"seed {seed}"
    assert raised > 1


def test_two_workers_share_the_zones() -> None:
    """What the second takes is in the plan; nothing is packed twice."""
    seed, problem, fleet, incumbent = next(entry for entry in zoned(range(1, 300)) if len(entry[2].zones) > 2)
    zones = ZonePacking(Solve(fleet, incumbent, Budget()), 2)
    bound = PatternBound(
        Solve(fleet, incumbent, Budget()),
        None if not fleet.levels else incumbent.best[1].left_out if incumbent.best else None,
    )
    bound.run(nodes=2)
    packed: list[int] = []
    real = PackZone.pack

    def pack(task: PackZone, _: Budget, hear: Hear) -> Any:
        packed.append(task.zone.zone)
        return real(task, Budget(work=1), hear)

    def second() -> None:
        for job in zones.jobs(Budget(0.0), Budget(60.0)):
            assert job.take is not None
            job.take(job.task.run(Budget(work=1)))

    thread = threading.Thread(target=second)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PackZone, "pack", pack)
        thread.start()
        assert zones.run(bound, Budget(60.0))
        thread.join(60)
    assert not thread.is_alive()
    assert incumbent.best is not None
    assert broken_rules(problem, fleet, incumbent.best[0]) == [], f"seed {seed}"


def zones_of_plan(fleet: Fleet, incumbent: Incumbent) -> list[list[int]]:
    """How many copies the best plan has in each zone, (zones, components)."""
    assert incumbent.best is not None
    counts = [[0] * len(fleet.components) for _ in fleet.zones]
    for machine, seat in incumbent.best[0].seats():
        counts[fleet.pools[machine.pool].zone][seat.component] += 1
    return counts


def test_a_zone_that_the_second_worker_can_not_pack_is_packed_here() -> None:
    """It took one and died: nobody waits for it, and the plan has all zones."""
    seed, problem, fleet, incumbent, counts = next(
        (*entry, counts) for entry in zoned(range(1, 300)) if sum(map(any, counts := zones_of_plan(*entry[2:]))) > 1
    )
    zones = ZonePacking(Solve(fleet, incumbent, Budget()), 2)
    taken, packed = threading.Event(), list[int]()
    real = PackZone.pack

    def second() -> None:
        jobs = zones.open_jobs(Budget(60.0))
        next(jobs)
        taken.set()
        time.sleep(0.2)
        jobs.close()  # type: ignore[attr-defined]

    def pack(task: PackZone, _: Budget, hear: Hear) -> Any:
        assert taken.wait(60)
        packed.append(task.zone.zone)
        return real(task, Budget(work=1), hear)

    budget, thread = Budget(20.0), threading.Thread(target=second)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PackZone, "pack", pack)
        thread.start()
        assert zones.pack(counts, budget)
        thread.join(60)
    assert len(set(packed)) == len(packed) == sum(map(any, counts))
    assert budget.elapsed() < 15, "the time of a zone that nobody packs was waited for"
    assert incumbent.best is not None
    assert broken_rules(problem, fleet, incumbent.best[0]) == [], f"seed {seed}"


def test_the_second_process_splits_the_fleet_while_the_first_has_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its zones keep every rule together, and the first process packs them without a split of its own."""
    made = 0
    with_little_work(monkeypatch)
    monkeypatch.setattr(zone_tasks, "round_by_zone", once := Once(round_by_zone))
    for seed, problem, fleet, incumbent in zoned(range(120)):
        zones = ZonePacking(Solve(fleet, incumbent, Budget()), 2)
        jobs = zones.jobs(Budget(60.0), Budget(60.0))
        split = next(jobs)
        assert split.take is not None
        once.calls = 0
        split.take(split.task.run(Budget(work=3)))
        bound = PatternBound(Solve(fleet, incumbent, Budget()))
        if zones.run(bound, Budget(60.0)):
            made += 1
            assert once.calls == 1, "by the second process alone"
        assert incumbent.best is not None
        assert broken_rules(problem, fleet, incumbent.best[0]) == [], f"seed {seed}"
    assert made > 1


def test_a_bound_of_few_components_goes_on_before_zones_are_packed() -> None:
    """Where it is far from its optimum, as if it had been stopped before its first linear program."""
    for seed, _, fleet, incumbent in zoned(range(30)):
        own = Incumbent(fleet, Budget())
        assert incumbent.best is not None
        own.offer(incumbent.best[0], "given")
        bound, whole = (PatternBound(Solve(fleet, own, Budget(work=1))) for _ in range(2))
        whole.root_prices()
        ZonePacking(Solve(fleet, own, Budget()), 1).run(bound, Budget(work=1))
        assert bound.lacks <= COLUMN_GENERATION.zone_packing.lacks, f"seed {seed}"
        assert bound.bound >= whole.bound * (1 - 1e-6 - COLUMN_GENERATION.zone_packing.lacks), f"seed {seed}"


def test_the_bound_goes_on_until_the_second_process_has_split_the_fleet(
    parameters: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first one would wait for otherwise; it packs the zones of that split as soon as it is there."""
    _, _, fleet, incumbent, counts = next(
        (*entry, counts)
        for entry in zoned(range(1, 300))
        if sum(map(any, counts := zones_of_plan(*entry[2:]))) > 1 and not entry[3].good_enough
    )
    zones = ZonePacking(Solve(fleet, incumbent, Budget()), 2)
    jobs = zones.jobs(Budget(60.0), Budget(60.0))
    split = next(jobs)
    bound, asked = PatternBound(Solve(fleet, incumbent, Budget())), list[bool]()

    def go_on(_: PatternBound, waiting: Callable[[], bool], __: Budget) -> None:
        asked.append(waiting())
        assert split.take is not None
        split.take(SplitAnswer(tasks=tuple(tasks_of(zones.required, counts, 0))))
        asked.append(waiting())

    parameters(COLUMN_GENERATION.zone_packing, coarse_from=0)
    with_little_work(monkeypatch)
    monkeypatch.setattr(PatternBound, "go_on_while", go_on)
    zones.run(bound, Budget(60.0))
    assert asked == [True, False]


def with_little_work(patch: pytest.MonkeyPatch) -> None:
    """Zones are packed with a unit of work each."""
    real = PackZone.pack
    patch.setattr(PackZone, "pack", lambda task, _, hear: real(task, Budget(work=1), hear))


class Once:
    """A function that counts its calls."""

    def __init__(self, real: Callable[..., Any]) -> None:
        self.real, self.calls = real, 0

    def __call__(self, *args: Any, **options: Any) -> Any:
        self.calls += 1
        return self.real(*args, **options)


def test_a_split_that_comes_too_late_is_left_aside() -> None:
    """The first process has opened zones by then: others would give copies twice, or not at all."""
    _, _, fleet, incumbent, counts = next(
        (*entry, counts) for entry in zoned(range(1, 300)) if sum(map(any, counts := zones_of_plan(*entry[2:]))) > 1
    )
    zones = ZonePacking(Solve(fleet, incumbent, Budget()), 2)
    split = next(zones.jobs(Budget(60.0), Budget(60.0)))
    assert split.take is not None
    bound = PatternBound(Solve(fleet, incumbent, Budget()))
    zones.run(bound, Budget(0.0))  # it waits no longer than its time
    split.take(SplitAnswer(tasks=tuple(tasks_of(zones.required, counts, 0))))
    assert not list(zones.open_jobs(Budget(1.0)))


def test_zones_that_the_second_process_packs_too_late_are_joined_all_the_same() -> None:
    """Nobody waits for them any more, as when the search is interrupted; the plan counts."""
    seed, problem, fleet, incumbent, counts = next(
        (*entry, counts) for entry in zoned(range(1, 300)) if sum(map(any, counts := zones_of_plan(*entry[2:]))) == 2
    )
    budget = Budget(60.0)
    zones = ZonePacking(Solve(fleet, incumbent, budget), 2)
    first, second = zones.open_jobs(Budget(60.0)), zones.open_jobs(Budget(60.0))
    thread = threading.Thread(target=zones.pack, args=(counts, budget))
    with pytest.MonkeyPatch.context() as patch:
        taken, begun = threading.Event(), threading.Event()
        real = PackZone.pack

        def pack(task: PackZone, _: Budget, hear: Hear) -> Any:
            begun.set()
            assert taken.wait(60)
            return real(task, Budget(work=1), hear)

        patch.setattr(PackZone, "pack", pack)
        thread.start()
        late = next(first)
        assert begun.wait(60)
        taken.set()
        budget.interrupt()
        thread.join(60)
    assert not thread.is_alive()
    offered: list[Packing] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(incumbent, "offer", lambda packing, by: offered.append(packing))
        patch.setattr(zone_plans, "evaluate", lambda fleet, packing: Value((), 0))  # better than any
        assert late.take is not None
        late.take(late.task.run(Budget(work=1)))
    assert [broken_rules(problem, fleet, packing) for packing in offered] == [[]], f"seed {seed}"
    assert not list(second)


def test_the_plan_of_all_zones_is_told_as_it_gets_better(parameters: Change) -> None:
    """Once each zone has a packing; early where it saves enough, and in the end where it saves anything."""
    parameters(COLUMN_GENERATION.zone_packing, news=0.5)
    seed, problem, fleet, incumbent, counts = next(
        (*entry, counts) for entry in zoned(range(1, 300)) if sum(map(any, counts := zones_of_plan(*entry[2:]))) == 2
    )
    assert incumbent.best is not None
    fresh, required = as_placed(fleet, incumbent)
    tasks = tasks_of(required, counts, 0)
    cheap = [task.run(Budget(work=1)).packing for task in tasks]
    for saved, ends in ((0.6, False), (0.4, True)):  # parts of the best plan's cost
        told: list[Packing] = []
        plans = zone_plans.ZonePlans(incumbent, fresh, required)
        plans.begin(tasks)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(incumbent, "offer", lambda packing, by, told=told: told.append(packing))
            value = Value((), int((1 - saved) * incumbent.best[1].ticks))
            patch.setattr(zone_plans, "evaluate", lambda fleet, packing, value=value: value)
            for task, packing in zip(tasks, cheap, strict=True):
                assert packing is not None
                assert not told, "not before each zone has a packing"
                plans.improve(task.zone.zone, packing)
            assert plans.joined
            assert len(told) == (not ends)
            assert packing is not None
            plans.end(tasks[-1].zone.zone, packing)
            assert len(told) == 2 - ends
        assert [broken_rules(problem, fleet, packing) for packing in told] == [[]] * len(told), f"seed {seed}"


def test_machines_of_the_zones_are_those_that_run_where_they_can_be() -> None:
    """Zones are packed as if nothing ran; as new machines all that runs would move."""
    found = 0
    for seed, _, fleet, incumbent in zoned(range(160, 200)):
        assert incumbent.best is not None
        fresh, required = as_placed(fleet, incumbent)
        whole = Packing(tuple(replace(machine, instance=None) for machine in incumbent.best[0].machines))
        as_new, kept = evaluate(fleet, whole), evaluate(fleet, fresh.lift(whole))
        by_zone: dict[int, list[Machine]] = defaultdict(list)
        for machine in whole.machines:
            by_zone[fleet.pools[machine.pool].zone].append(machine)
        tasks = tasks_of(required, counts_of(fleet, whole), 0)
        plans = zone_plans.ZonePlans(own := Incumbent(fleet, Budget()), fresh, required)
        plans.begin([replace(task, start=Packing(tuple(by_zone[task.zone.zone]))) for task in tasks])
        assert own.best is not None
        assert own.best[1] == kept, f"seed {seed}"
        found += kept.ticks < as_new.ticks
    assert found > 1


def test_a_split_has_a_first_packing_of_each_zone() -> None:
    """Whoever packs it begins there, and until then it is what the plan of all zones has."""
    begun = 0
    for _, _, fleet, incumbent in zoned(range(120)):
        assert incumbent.best is not None
        packing = incumbent.best[0]
        _, required = as_placed(fleet, incumbent)
        for task in zone_tasks.SplitFleet(required, 0, packing=packing).run(Budget(work=3)).tasks:
            if task.start is None:
                continue
            begun += 1
            heard: list[Packing] = []
            task.pack(Budget(work=1), heard.append)
            assert heard[0] == task.start
            values = [evaluate(task.zone.fleet, packing) for packing in heard]
            assert values == sorted(values, reverse=True)
            assert len(set(values)) == len(values)
    assert begun > 1


def test_zones_are_dealt_so_that_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three zones the first worker has the largest until the end, and the second the others one after the other."""
    _, _, fleet, incumbent = next(entry for entry in zoned(range(1, 300)) if len(entry[2].zones) > 2)
    counts = [[4 if c.index == 0 else 0 for c in fleet.components] for _ in range(3)]
    zones = ZonePacking(Solve(fleet, incumbent, Budget()), 2)
    parts: list[float] = []

    def pack(task: Any, budget: Budget, hear: Hear) -> TaskAnswer:
        parts.append(budget.left())
        if len(parts) == 1:
            for job in zones.open_jobs(Budget(900.0)):
                parts.append(job.budget.left())
                assert job.take is not None
                job.take(TaskAnswer())
        return TaskAnswer()

    monkeypatch.setattr(PackZone, "pack", pack)
    zones.pack(counts, Budget(900.0))
    assert parts == pytest.approx([900, 450, 900], rel=0.05)


def test_without_a_second_process_the_first_shares_its_time_among_all_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where none could be started, or it died: the last zone has as much time as the others."""
    _, _, fleet, incumbent = next(entry for entry in zoned(range(1, 300)) if len(entry[2].zones) > 2)
    counts = [[4 if c.index == 0 else 0 for c in fleet.components] for _ in range(3)]
    zones, parts = ZonePacking(Solve(fleet, incumbent, Budget()), 2), list[float]()
    jobs = zones.jobs(Budget(900.0), Budget(900.0))
    next(jobs)
    jobs.close()  # type: ignore[attr-defined]

    def pack(task: Any, budget: Budget, hear: Hear) -> TaskAnswer:
        parts.append(budget.left())
        return TaskAnswer()

    monkeypatch.setattr(PackZone, "pack", pack)
    zones.pack(counts, Budget(900.0))
    assert parts == pytest.approx([300, 450, 900], rel=0.05)


def test_where_groups_are_counted_a_lost_process_leaves_all_zones_to_the_first(
    monkeypatch: pytest.MonkeyPatch, parameters: Change
) -> None:
    """Each zone has its part of the time, by copies; the largest had all of it."""
    parameters(DECOMPOSITION.zones, groups=2)

    @contextmanager
    def beside(_: Incumbent, __: Budget, jobs: Iterator[HelperJob]) -> Iterator[None]:
        next(jobs)
        jobs.close()  # type: ignore[attr-defined]
        yield

    monkeypatch.setattr("placement.solvers.decomposition.zones.helper_process", beside)
    monkeypatch.setattr("placement.solvers.decomposition.zones.may_search_in_background", lambda budget: True)
    parts: list[tuple[int, float]] = []

    def pack(task: PackZone, budget: Budget, hear: Hear) -> TaskAnswer:
        parts.append((task.copies, budget.left()))
        return TaskAnswer()

    monkeypatch.setattr(PackZone, "pack", pack)
    for _, _, fleet, incumbent in zoned(range(355, 371), times=3):
        solve = Solve(fleet, incumbent, Budget(1_000.0))
        pack_by_zone(solve, lambda answer: None)
        if len(parts) > 1:
            break
        parts.clear()
    copies, seconds = zip(*parts, strict=True)
    assert seconds[0] == pytest.approx(900 * copies[0] / sum(copies), rel=0.05)
    assert seconds[-1] == pytest.approx(900, rel=0.05)


def test_what_is_ended_begins_nothing(monkeypatch: pytest.MonkeyPatch, parameters: Change) -> None:
    """After Ctrl-C no program is written down, no zone is begun, and nothing is grouped: each may take seconds."""

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("it has ended")

    parameters(COLUMN_GENERATION.zone_packing, components_from=1)
    _, _, fleet, incumbent, counts = next(
        (*entry, counts) for entry in zoned(range(1, 300)) if sum(map(any, counts := zones_of_plan(*entry[2:]))) > 1
    )
    bound, budget = PatternBound(Solve(fleet, incumbent, Budget())), Budget(60.0)
    bound.root_prices()
    assert bound.rounds
    budget.interrupt()
    monkeypatch.setattr(zone_tasks, "round_by_zone", never)
    monkeypatch.setattr(RestrictingAggregation, "of", never)
    solve = Solve(fleet, incumbent, budget)
    zone = OneZone.of(ZonePacking(solve, 1).required, 0, counts[0])
    assert PackZone(zone, 0).run(budget).packing is None
    monkeypatch.setattr(PackZone, "pack", never)
    assert not ZonePacking(solve, 1).run(bound, budget)
    assert not ZonePacking(solve, 1).pack(counts, budget)


def test_zones_are_not_waited_for_once_the_plan_is_good_enough() -> None:
    """The search may end before it is decided what is in each, and the second process's thread with it."""
    _, _, fleet, incumbent = next(entry for entry in zoned(range(1, 300)) if not entry[2].levels)
    assert incumbent.best is not None
    incumbent.raise_bound(incumbent.best[1].ticks, "here")
    budget = Budget(30.0)
    assert not list(ZonePacking(Solve(fleet, incumbent, Budget()), 2).open_jobs(budget))
    assert budget.elapsed() < 15


def test_the_second_worker_leaves_time_for_the_last_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the first packs a zone until the end, the second has all others to pack."""
    tried = 0
    for _, _, fleet, incumbent in zoned(range(480, 500)):  # few have two zones to pack
        bound = PatternBound(
            Solve(fleet, incumbent, Budget()), incumbent.best[1].left_out if incumbent.best and fleet.levels else None
        )
        bound.run(nodes=2)
        zones, parts = ZonePacking(Solve(fleet, incumbent, Budget()), 2), list[float]()

        def pack(
            task: Any, budget: Budget, hear: Hear, zones: ZonePacking = zones, parts: list[float] = parts
        ) -> TaskAnswer:
            for job in zones.open_jobs(Budget(1_000.0)):
                parts.append(job.budget.left())
                assert job.take is not None
                job.take(TaskAnswer())
            return TaskAnswer()

        monkeypatch.setattr(PackZone, "pack", pack)
        zones.run(bound, Budget(1_000.0))
        if len(parts) == 2:
            tried += 1
            assert 100 < parts[0] < 900
        if tried == 2:
            break
    assert tried


def alone_in_zones(more: dict[str, Any], counts: list[list[int]], machines: list[float]) -> list[Fleet]:
    """The zones of two pools each, with so many copies of components of one accelerator."""
    rows = [{"name": f"c{k}", "copies": sum(n), **more} for k, n in enumerate(zip(*counts, strict=True))]
    limits = [{"name": "n", "pools": ["s-za", "t-za", "s-zb"], "max_accelerators": 9}]
    document = over_two_zones([{**row, "accelerators": 1} for row in rows], s=(2, 5.0), t=(4, 10.0))
    fleet = compile_fleet(Problem(**document, limits=limits))
    return [task.zone.fleet for task in sorted(tasks_of(fleet, counts, 0, machines), key=lambda task: task.zone.zone)]


def test_a_zone_has_its_share_of_a_limit() -> None:
    """Of 9 accelerators the LP uses 4.5 here and 2 there; of the 2.5 left each has one, as they are whole."""
    here, there = alone_in_zones({}, [[4], [4]], [0.25, 1.0, 1.0, 0.5])  # s-za, s-zb, t-za, t-zb
    assert [limit.most for limit in (*here.limits, *there.limits)] == [4 + 1, 2 + 1]


def test_a_zone_keeps_losses_of_a_pool() -> None:
    """Of five copies of which two outlive any pool three may stand in one: no limit for two, and a floor for four."""
    here, there = alone_in_zones({"min_available_on_pool_loss": 2}, [[4, 2, 0], [1, 3, 5]], [1.0] * 4)
    assert [c.pool_loss_floor for c in here.components] == [1, 0, 0]
    assert [c.pool_loss_floor for c in there.components] == [0, 0, 2]


@pytest.mark.parametrize(
    "rule",
    [
        {"components": {"min_available_on_pool_loss": 3}},
        {"components": {"min_available_on_instance_loss": 4}},
        {"limits": [{"name": "n", "pools": ["t-za", "t-zb"], "max_instances": 4}]},
        {"commitments": [{"name": "k", "pools": ["t-za", "s-zb"], "price_per_hour": 7}]},
    ],
    ids=lambda rule: str(next(iter(rule))),
)
def test_zones_keep_rules_over_the_whole_plan(rule: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them is dealt out to the zones, and kept by all that these make together."""
    rows = [{"name": f"c{k}", "copies": 6, "accelerators": 1, "spread": {"min_zones": 2}} for k in range(3)]
    document = over_two_zones([row | rule.get("components", {}) for row in rows], s=(2, 6.0), t=(4, 10.0))
    fleet = compile_fleet(Problem(**{**rule, **document}))
    solve = Solve(fleet, Incumbent(fleet, Budget()), Budget())
    first_plan(solve.within(Budget(work=1)))
    assert may_pack_zones(solve)
    bounds = Solve.of(fleet, Budget(work=1))  # of its own, lest the first plan is proven
    raise_bounds_by_rules(bounds)
    bound = WholePlanGround(bounds).best
    assert bound is not None
    broken = []

    def look(fleet: Fleet, packing: Packing) -> str:
        broken.append(broken_fleet_rule(fleet, packing))
        return ""

    monkeypatch.setattr(zone_plans, "broken_fleet_rule", look)
    monkeypatch.setattr(zone_plans, "evaluate", lambda *_: Value((), 0))  # all are offered
    assert ZonePacking(solve, 1).run(bound, Budget(work=4))
    assert broken
    assert not any(broken)
