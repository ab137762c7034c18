"""The direct model with CP-SAT against the brute force, and what it may claim when it is cut short."""

from __future__ import annotations

import random
import threading
import time
from operator import methodcaller
from typing import TYPE_CHECKING, Any

import pytest
from ortools.sat.python import cp_model

from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Packing, Value
from placement.compiled.translate import to_plan
from placement.direct.cp_sat import CpSatOptions, search, solve_cp_sat
from placement.direct.cp_sat.engine import Engine, written
from placement.direct.cp_sat.search import _CpSatSearch
from placement.direct.model import DirectModel
from placement.direct.parameters import DIRECT
from placement.direct.program import OutOfTimeError
from placement.direct.slots import most_new_machines
from placement.direct.variables import OUTLINE, TOTALS
from placement.documents import Problem
from placement.errors import SolverBugError
from placement.referee import verify
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from placement.solving.result import Outcome, Stop
from tests.brute import Best, cheapest, too_big
from tests.corpus import seeds
from tests.strategies import random_problem

if TYPE_CHECKING:
    from tests.parameters import Change
    from tests.reading import Doc

ENOUGH = 60_000  # work that ends every small problem with a proof


def solved(doc: Doc, *, work: int = ENOUGH, seed: int = 0, hint: Packing | None = None, **options: Any) -> Run:
    return Run(
        compile_fleet(Problem.model_validate(doc)), Budget(work=work), seed, hint, CpSatOptions(start=False, **options)
    )


class Run:
    """One call of the solver, with what it reported."""

    def __init__(self, fleet: Fleet, budget: Budget, seed: int, hint: Packing | None, options: CpSatOptions) -> None:
        self.fleet = fleet
        solve = Solve.of(fleet, budget, seed, hint)
        self.incumbent = solve.incumbent
        self.outcome: Outcome = solve_cp_sat(solve, options=options)

    @property
    def value(self) -> Value | None:
        return None if self.incumbent.best is None else self.incumbent.best[1]

    @property
    def packing(self) -> Packing:
        assert self.incumbent.best is not None
        return self.incumbent.best[0]


def small_problems(seeds: range, **knobs: Any) -> list[tuple[int, Doc]]:
    drawn = [(seed, random_problem(random.Random(seed), **knobs)) for seed in seeds]
    return [(seed, doc) for seed, doc in drawn if not too_big(doc)]


def assert_keeps_every_rule(run: Run) -> None:
    assert verify(run.fleet.problem, to_plan(run.fleet, run.packing)).violations == ()


def assert_agrees(seed: int, doc: Doc, run: Run, best: Best | None) -> None:
    """Left-out copies by priority and cost are exactly those of the brute force, and proved; or there is no plan."""
    if best is None:
        assert run.outcome.infeasible, seed
        assert run.value is None
        return
    assert not run.outcome.infeasible, seed
    assert run.value is not None
    assert run.value.left_out == tuple(best.left_out.values()), seed
    assert run.fleet.cost(run.value.ticks) == best.account.cost, seed
    assert run.incumbent.proved, seed
    assert run.outcome.stop is Stop.PROVED
    assert_keeps_every_rule(run)


@pytest.mark.parametrize("small", [CpSatOptions().small, 0], ids=["outright", "outline-first"])
@seeds(range(300), 8)
def test_agrees_with_brute_force(seeds: range, small: int) -> None:
    for seed, doc in small_problems(seeds):
        assert_agrees(seed, doc, solved(doc, small=small), cheapest(doc))


@pytest.mark.long
@pytest.mark.parametrize("small", [CpSatOptions().small, 0], ids=["outright", "outline-first"])
@pytest.mark.parametrize("start", range(10_000, 16_000, 500))
def test_agrees_with_brute_force_on_thousands(start: int, small: int) -> None:
    for seed, doc in small_problems(range(start, start + 500), max_copies=7):
        assert_agrees(seed, doc, solved(doc, small=small), cheapest(doc))


@pytest.mark.parametrize("work", [1, 3, 10])
@seeds(range(2_000, 2_060))
def test_claims_hold_when_cut_short(seeds: range, work: int) -> None:
    """However little work it gets: plans keep the rules, bounds are below the optimum, infeasible is true."""
    for seed, doc in small_problems(seeds):
        best = cheapest(doc)
        run = solved(doc, work=work, seed=seed, small=0 if seed % 2 else 3_000)
        if best is None:
            assert run.value is None
            continue
        assert not run.outcome.infeasible, seed
        left_out = tuple(best.left_out.values())
        if run.value is not None:
            assert_keeps_every_rule(run)
            assert run.value.left_out >= left_out
        # The bounds that count for a plan which leaves out as few copies as the optimum.
        if run.value is None or run.value.left_out == left_out:
            assert run.incumbent.left_out_bound() <= left_out
            assert run.fleet.cost(run.incumbent.ticks_bound or 0) <= best.account.cost, seed


@pytest.mark.slow
def test_same_seed_same_plan() -> None:
    for _, doc in small_problems(range(4_000, 4_030)):
        first, second = (solved(doc, seed=7) for _ in range(2))
        assert first.incumbent.best == second.incumbent.best
        assert [(e.cost, e.bound) for e in first.incumbent.events] == [
            (e.cost, e.bound) for e in second.incumbent.events
        ]
    crowded = [solved(crowd(), work=10, seed=3) for _ in range(2)]
    assert crowded[0].incumbent.best == crowded[1].incumbent.best
    assert crowded[0].incumbent.ticks_bound == crowded[1].incumbent.ticks_bound


def first_plan(doc: Doc, work: int = ENOUGH) -> Run:
    """A plan that is far from the best: any gap will do."""
    fleet = compile_fleet(Problem.model_validate(doc))
    return Run(fleet, Budget(work=work, gap=1.0), 0, None, CpSatOptions(start=False))


def test_a_gap_that_is_good_enough_stops_the_search() -> None:
    run = first_plan(crowd())
    assert run.outcome.stop is Stop.GAP
    assert run.incumbent.gap() is not None
    assert not run.incumbent.proved


@pytest.mark.parametrize("work", [1, 50, 500])
@seeds(range(5_000, 5_020), 5)
def test_never_worse_than_the_hint(seeds: range, work: int) -> None:
    hint = first_plan(crowd())
    run = solved(crowd(), work=work, hint=hint.packing)
    assert run.value is not None
    assert hint.value is not None
    assert run.value <= hint.value
    assert_keeps_every_rule(run)
    for seed, doc in small_problems(seeds):
        small_hint = first_plan(doc)
        if small_hint.value is not None:
            small = solved(doc, work=work, hint=small_hint.packing)
            assert small.value is not None
            assert small.value <= small_hint.value, seed


def test_no_time_returns_the_hint_and_claims_nothing() -> None:
    hint = first_plan(crowd())
    run = Run(hint.fleet, Budget(seconds=0), 0, hint.packing, CpSatOptions())
    assert run.packing == hint.packing
    assert run.outcome.stop is Stop.TIME
    assert not run.outcome.infeasible


def test_an_interrupt_from_another_thread_ends_it_with_plan_and_bound() -> None:
    hint = first_plan(crowd(components=30))
    budget = Budget(threads=2)
    runs: list[Run] = []
    solving = threading.Thread(
        target=lambda: runs.append(Run(hint.fleet, budget, 0, hint.packing, CpSatOptions())), daemon=True
    )
    solving.start()
    time.sleep(0.5)  # somewhere in the middle: the problem takes far longer
    budget.interrupt()
    solving.join(timeout=600)
    assert not solving.is_alive()
    run = runs[0]
    assert run.outcome.stop is Stop.INTERRUPTED
    assert hint.value is not None
    assert run.value is not None
    assert run.value <= hint.value
    assert run.incumbent.ticks_bound is not None
    assert run.incumbent.ticks_bound <= run.value.ticks
    assert_keeps_every_rule(run)


def test_an_interrupt_before_the_start_is_not_lost() -> None:
    hint = first_plan(crowd())
    budget = Budget()
    budget.interrupt()
    run = Run(hint.fleet, budget, 0, hint.packing, CpSatOptions())
    assert run.outcome.stop is Stop.INTERRUPTED
    assert run.packing == hint.packing


def test_the_portfolio_goes_on_where_one_worker_ended() -> None:
    """With time instead of work, a first phase too short for a proof is followed by parallel search, which proves."""
    doc = crowd(components=4)
    fleet = compile_fleet(Problem.model_validate(doc))
    run = Run(fleet, Budget(seconds=120, threads=2), 0, None, CpSatOptions(first_phase=0.001, small=10**9, start=False))
    assert run.outcome.stop is Stop.PROVED
    assert run.value == solved(doc).value


@pytest.mark.parametrize(("threads", "most"), [(None, 3), (2, 2), (5, 5), (9, 8)])
def test_there_are_no_more_searches_than_cores_or_threads(
    monkeypatch: pytest.MonkeyPatch, threads: int | None, most: int
) -> None:
    """Eight searches on two cores prove less in a second than two."""
    asked, run_one = [], Engine.run

    def counted(self: Engine, budget: Budget, workers: int, *rest: Any) -> Any:
        asked.append(workers)
        return run_one(self, budget, workers, *rest)

    monkeypatch.setattr(search, "cores", lambda: 3)
    monkeypatch.setattr(Engine, "run", counted)
    fleet = compile_fleet(Problem.model_validate(crowd(components=4)))
    options = CpSatOptions(first_phase=0.001, small=10**9, start=False)
    Run(fleet, Budget(seconds=120, threads=threads), 0, None, options)
    assert max(asked) == most


def test_a_model_beyond_the_size_limit_is_stuck_without_a_claim() -> None:
    run = solved(crowd(), max_terms=100)
    assert run.outcome.stop is Stop.STUCK
    assert not run.outcome.infeasible
    assert "max_terms" in run.outcome.reason
    assert run.incumbent.ticks_bound is not None  # the outline is small and gives its bound


def test_an_outline_that_is_too_large_is_not_begun(monkeypatch: pytest.MonkeyPatch, parameters: Change) -> None:
    """The plan of the heuristics is the answer, at once, with the bound that volumes give."""
    parameters(DIRECT.cp_sat, outline_terms=100)
    monkeypatch.setattr(search, "DirectModel", None)  # whoever writes one fails
    fleet = compile_fleet(Problem.model_validate(crowd()))
    run = Run(fleet, Budget(), 0, None, CpSatOptions(max_terms=100))
    assert run.outcome.stop is Stop.STUCK
    assert "max_terms" in run.outcome.reason
    assert run.incumbent.best is not None
    assert run.incumbent.ticks_bound is not None


def test_time_that_ends_while_the_model_is_written_leaves_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_time(*_: object) -> None:
        raise OutOfTimeError

    monkeypatch.setattr(search, "DirectModel", out_of_time)
    fleet = compile_fleet(Problem.model_validate(crowd()))
    run = Run(fleet, Budget(seconds=100), 0, None, CpSatOptions())
    assert run.outcome.stop is Stop.TIME
    assert run.incumbent.best is not None
    assert search.find_plan(Solve.of(fleet), [9] * len(fleet.pools), None) == (None, False)


def test_numbers_beyond_64_bits_are_stuck_without_a_claim() -> None:
    doc = crowd()
    doc["instance_types"]["big"]["price_per_hour"] = 999999999.999999
    doc["objective"] = {"horizon_hours": 99.999999, "move_cost": 0.000001}
    doc["instances"] = [{"id": "i-1", "pool": "big-a"}]
    doc["placements"] = [{"component": "c0", "instance": "i-1"}]
    run = solved(doc)
    assert run.outcome.stop is Stop.STUCK
    assert "64 bits" in run.outcome.reason
    assert not run.outcome.infeasible


def test_calling_infeasible_what_has_a_plan_is_a_bug_raised_loudly() -> None:
    doc = crowd(components=2)
    packing = first_plan(doc).packing
    for pool in doc["pools"]:
        pool["max_instances"] = 1
    with pytest.raises(SolverBugError, match="calls infeasible"):
        solved(doc, hint=packing)


def test_a_search_on_a_part_of_the_machines_proves_nothing() -> None:
    """A plan that another search finds meanwhile does not contradict that there is none on a few machines."""
    doc = crowd(components=6)
    fleet, packing = compile_fleet(Problem(**doc)), first_plan(doc).packing
    incumbent = Incumbent(fleet, Budget())
    search = _CpSatSearch(Solve(fleet, incumbent, Budget()), CpSatOptions())
    few = [0 for _ in fleet.pools]
    for partial in (True, False):
        model = DirectModel(fleet, few, TOTALS)
        ends = methodcaller("_run", Engine(written(model.program)), Budget(), 1, 1.0, is_partial=partial)
        incumbent.offer(packing, "beside")
        if partial:
            assert ends(search) == cp_model.INFEASIBLE
        else:
            with pytest.raises(SolverBugError, match="calls infeasible"):
                ends(search)


@pytest.mark.parametrize("options", [{"workers": 0}, {"first_phase": 0.0}])
def test_options_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        CpSatOptions(**options)


@pytest.mark.parametrize("accelerators", [1, 2])
def test_a_shared_copy_that_needs_nothing_still_does_not_stand_beside_an_owner(accelerators: int) -> None:
    kind = {"accelerator": "A", "accelerator_count": accelerators, "vcpus": 8, "memory_gib": 8, "price_per_hour": 1}
    doc: Doc = {
        "format": "placement/v1",
        "name": "weightless",
        "accelerators": {"A": {"memory_gib": 40}},
        "instance_types": {"t": kind},
        "pools": [{"name": "p", "instance_type": "t", "zone": "a"}],
        "components": [
            {"name": "owner", "copies": accelerators, "accelerator_memory_gib": 10},
            {"name": "light", "copies": 3, "shared": True},
        ],
    }
    run = solved(doc)
    assert run.incumbent.proved
    assert len(run.packing.machines) == 2
    assert_keeps_every_rule(run)


def test_looking_for_a_first_plan_on_few_machines_proves_nothing() -> None:
    """By volume one small machine holds all three, so two small ones and a dear one are tried first: 5 dollars."""
    kind = {"vcpus": 8, "memory_gib": 8}
    doc: Doc = {
        "format": "placement/v1",
        "name": "lonely",
        "accelerators": {},
        "instance_types": {"small": kind | {"price_per_hour": 1}, "dear": kind | {"price_per_hour": 3}},
        "pools": [{"name": name, "instance_type": name, "zone": "a"} for name in ("small", "dear")],
        "components": [{"name": f"c{c}", "copies": 1, "accelerators": 0, "dedicated": True} for c in range(3)],
    }
    run = solved(doc, small=0)
    assert run.incumbent.proved
    assert run.value == Value((), 3_000_000)
    assert run.incumbent.ticks_bound == 3_000_000
    assert 5_000_000 in [event.cost for event in run.incumbent.events]


def crowd(components: int = 12) -> Doc:
    """Shared and whole-accelerator components on two types: too many machines to be proven in a moment."""
    rng = random.Random(5)
    rows: list[Doc] = []
    for c in range(components):
        row: Doc = {"name": f"c{c}", "copies": rng.randint(2, 6), "shared": c % 3 != 0, "vcpus": rng.randint(1, 6)}
        row |= {"accelerator_memory_gib": rng.randint(40, 330) / 10, "accelerators": rng.choice([1, 1, 2])}
        rows.append(row)
    big = {"accelerator": "A", "accelerator_count": 4, "vcpus": 48, "memory_gib": 192, "price_per_hour": 10.03}
    small = {"accelerator": "A", "accelerator_count": 2, "vcpus": 12, "memory_gib": 64, "price_per_hour": 5.51}
    return {
        "format": "placement/v1",
        "name": "crowd",
        "accelerators": {"A": {"memory_gib": 40}},
        "instance_types": {"big": big, "small": small},
        "pools": [
            {"name": "big-a", "instance_type": "big", "zone": "a"},
            {"name": "small-b", "instance_type": "small", "zone": "b", "max_instances": 9},
        ],
        "components": rows,
    }


def test_twenty_million_machines_are_not_written_down_one_by_one() -> None:
    """A demand that the slowest option serves with so many copies: an outline has none of them."""
    options = [{"accelerators": 0, "vcpus": 4, "throughput": rate} for rate in (700_000_000.0, 101)]
    document: dict[str, Any] = {
        "instance_types": {"t": {"vcpus": 4, "memory_gib": 32, "price_per_hour": 2.5}},
        "pools": [{"name": "p", "instance_type": "t", "zone": "z"}],
        "components": [{"name": "c", "demand": 2_100_000_000.0, "options": options}],
    }
    fleet = compile_fleet(Problem(**document))
    most_new = most_new_machines(fleet)
    assert most_new > [20_000_000]
    assert DirectModel(fleet, most_new, OUTLINE).slots == ()
    assert [slot.instance for slot in DirectModel(fleet, [2], TOTALS).slots] == [None, None]


def test_bug_columns_that_are_alike_do_not_end_the_process() -> None:
    """OR-Tools 9.15 aborts in its presolve of these rows, where `a` and `b` are alike, unless told not to."""
    program = cp_model.CpModel()
    x, y, z = (program.new_int_var(0, 2, name) for name in "xyz")
    a, b = program.new_bool_var("a"), program.new_bool_var("b")
    program.add(a + b == y + z)
    for each in (a, b):
        program.add(x + 3 * each <= 3)
    program.add(x + y + z == 2)
    assert Engine(program).run(Budget(), 1, 1.0, seed=0) == cp_model.OPTIMAL


def test_bounds_are_told_in_floats_of_the_largest_numbers_on_the_way() -> None:
    """Pools at a million dollars beside moves of a cent: CP-SAT said -9997.99997 of a bound of -9998, units apart."""
    kind = {"accelerator": "A", "vcpus": 4, "memory_gib": 48.5, "price_per_hour": 1e-06}
    options = [{"accelerators": 0, "vcpus": vcpus, "memory_gib": 16.06640625} for vcpus in (1.003, 0.5)]
    document: dict[str, Any] = {
        "accelerators": {"A": {"memory_gib": 24}},
        "instance_types": {
            "t0": {**kind, "accelerator_count": 1, "vcpus": 96},
            "t1": {**kind, "accelerator_count": 4, "reserved": {"vcpus": 0.5, "memory_gib": 0.3}},
        },
        "pools": [
            {"name": "p1", "instance_type": "t0", "zone": "z0", "max_instances": 1},
            {"name": "p2", "instance_type": "t1", "zone": "z1", "max_instances": 1, "price_per_hour": 999999.999999},
            {"name": "p3", "instance_type": "t0", "zone": "z1", "max_instances": 1},
            {"name": "p0", "instance_type": "t1", "zone": "z0", "max_instances": 1, "price_per_hour": 999999.999999},
        ],
        "components": [
            {"name": "c0", "copies": 2, "options": options, "spread": {"min_zones": 2, "max_per_instance": 1}}
        ],
        "instances": [
            {"id": "i-1", "pool": "p2", "state": "cordoned"},
            {"id": "i-old", "pool": "p1", "state": "cordoned"},
            {"id": "i-0", "pool": "p0"},
            {"id": "i-2", "pool": "p2"},
        ],
        "placements": [{"component": "c0", "instance": name} for name in ("i-old", "i-2", "i-old")],
        "objective": {"move_cost": 0.01},
    }
    for seed in range(8):
        fleet = compile_fleet(Problem(**document))
        budget = Budget(work=10)
        incumbent = Incumbent(fleet, budget)
        solve_cp_sat(Solve(fleet, incumbent, budget, seed), options=CpSatOptions(start=False))
        assert incumbent.best is not None
        assert (incumbent.best[1].ticks, incumbent.ticks_bound) == (10_002, 10_002)
