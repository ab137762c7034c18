"""The direct model as a mixed-integer program, by HiGHS and by CBC, against the brute force; and what it may claim."""

from __future__ import annotations

import copy
import math
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pulp
import pytest

import placement
from placement.compiled.broken_rule import broken_rule
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Machine, Packing, Seat, Value, evaluate
from placement.compiled.translate import to_plan
from placement.direct.milp import MilpOptions, solve_milp
from placement.direct.milp.engines import ENGINES as RUNNERS
from placement.direct.milp.engines import End, _cbc_end, _run_process, safe_bound
from placement.direct.milp.program import PulpProgram
from placement.direct.model import DirectModel
from placement.direct.parameters import DIRECT
from placement.direct.program import LinearObjective, OutOfTimeError, Program, Watcher
from placement.direct.translate import decode
from placement.documents import Problem
from placement.errors import SolverBugError, UsageError
from placement.referee import verify
from placement.solvers.registry import find_solver
from placement.solving.budget import Budget, LeftBehindError
from placement.solving.context import Solve
from placement.solving.result import Outcome, PackingAnswer, Status, Stop
from tests.brute import Best, cheapest, too_big
from tests.corpus import first, seeds
from tests.strategies import random_problem

if TYPE_CHECKING:
    from placement.direct.program import Values
    from tests.parameters import Change
    from tests.reading import Doc

ENGINES = ("highs", "cbc")
ENOUGH = 100_000  # nodes that end every small problem with a proof


class Run:
    """One call of the solver, with what it reported."""

    def __init__(
        self, fleet: Fleet, budget: Budget, seed: int = 0, hint: Packing | None = None, **options: Any
    ) -> None:
        self.fleet = fleet
        solve = Solve.of(fleet, budget, seed, hint)
        self.incumbent = solve.incumbent
        self.outcome: Outcome = solve_milp(solve, options=MilpOptions(start=False, **options))

    @property
    def value(self) -> Value | None:
        return None if self.incumbent.best is None else self.incumbent.best[1]

    @property
    def packing(self) -> Packing:
        assert self.incumbent.best is not None
        return self.incumbent.best[0]


def solved(doc: Doc, *, work: float = ENOUGH, seed: int = 0, hint: Packing | None = None, **options: Any) -> Run:
    return Run(compiled(doc), Budget(work=work), seed, hint, **options)


def compiled(doc: Doc) -> Fleet:
    return compile_fleet(Problem.model_validate(doc))


def small_problems(seeds: range, **knobs: Any) -> list[tuple[int, Doc]]:
    drawn = [(seed, random_problem(random.Random(seed), **knobs)) for seed in seeds]
    return [(seed, doc) for seed, doc in drawn if not too_big(doc)]


def assert_keeps_every_rule(run: Run) -> None:
    assert verify(run.fleet.problem, to_plan(run.fleet, run.packing)).violations == ()


def assert_agrees(seed: int, run: Run, best: Best | None) -> None:
    """Left-out copies by priority and cost are exactly those of the brute force, and proved; or there is no plan."""
    if best is None:
        assert run.outcome.infeasible, seed
        assert run.value is None
        return
    assert not run.outcome.infeasible, seed
    assert run.outcome.reason == "", seed
    assert run.value is not None
    assert run.value.left_out == tuple(best.left_out.values()), seed
    assert run.fleet.cost(run.value.ticks) == best.account.cost, seed
    assert run.incumbent.proved, seed
    assert run.outcome.stop is Stop.PROVED
    assert_keeps_every_rule(run)


@pytest.mark.parametrize(("engine", "start"), [("highs", 0), ("highs", 200), ("cbc", 100)])
@seeds(range(200), 5)
def test_agrees_with_brute_force(seeds: range, engine: str, start: int) -> None:
    for seed, doc in small_problems(range(start, start + len(seeds))):
        assert_agrees(seed, solved(doc, engine=engine), cheapest(doc))


@pytest.mark.long
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("start", range(20_000, 26_000, 500))
def test_agrees_with_brute_force_on_thousands(start: int, engine: str) -> None:
    for seed, doc in small_problems(range(start, start + 500), max_copies=7):
        assert_agrees(seed, solved(doc, engine=engine), cheapest(doc))


@pytest.mark.parametrize(("engine", "work"), [("highs", 1), ("highs", 3), ("cbc", 1)])
@seeds(range(2_000, 2_050), 4)
def test_claims_hold_when_cut_short(seeds: range, engine: str, work: int) -> None:
    """However few nodes it gets: plans keep the rules, bounds are below the optimum, infeasible is true."""
    for seed, doc in small_problems(seeds):
        best = cheapest(doc)
        run = solved(doc, work=work, seed=seed, engine=engine)
        if best is None:
            assert run.value is None, seed
            continue
        assert not run.outcome.infeasible, seed
        left_out = tuple(best.left_out.values())
        if run.value is not None:
            assert_keeps_every_rule(run)
            assert run.value.left_out >= left_out, seed
        if run.value is None or run.value.left_out == left_out:
            assert run.incumbent.left_out_bound() <= left_out, seed
            assert run.fleet.cost(run.incumbent.ticks_bound or 0) <= best.account.cost, seed


@pytest.mark.slow
@pytest.mark.parametrize("engine", first(ENGINES))
def test_bounds_of_a_cut_search_are_below_a_better_plan(engine: str) -> None:
    """On a problem that takes many nodes, the bound after a few stays below what more of them find."""
    # HiGHS proves five components at the root, and CBC in 32 nodes, which are one unit.
    size, few = (6, 2) if engine == "highs" else (5, 0.5)
    long, short = (solved(crowd(size), work=work, engine=engine) for work in (20, few))
    assert short.incumbent.ticks_bound is not None
    assert long.value is not None
    assert 0 < short.incumbent.ticks_bound <= long.value.ticks
    assert not short.incumbent.proved


@seeds(range(6_000, 6_220), 20)
def test_the_recount_agrees_with_verify_on_damaged_plans(seeds: range) -> None:
    """Copies lost, doubled, shifted or put elsewhere: the recount and `verify` find fault with the same plans."""
    verdicts: Counter[bool] = Counter()
    for seed, doc in small_problems(seeds):
        run = solved(doc)
        if run.value is None:
            continue
        rng = random.Random(seed)
        assert broken_rule(run.fleet, run.packing) == ""
        for _ in range(15):
            damaged = damage(rng, run.fleet, run.packing)
            if damaged is not None:
                violations = verify(run.fleet.problem, to_plan(run.fleet, damaged)).violations
                assert bool(broken_rule(run.fleet, damaged)) == bool(violations), (seed, damaged, violations)
                verdicts[bool(violations)] += 1
    assert verdicts[True] > 500 * len(seeds) / 220
    assert verdicts[False] > 100 * len(seeds) / 220


def damage(rng: random.Random, fleet: Fleet, packing: Packing) -> Packing | None:
    """One copy lost, doubled, on other accelerators, or on another machine: one in use, or a new one."""
    machines = [(machine.pool, machine.instance, list(machine.seats)) for machine in packing.machines]
    if not machines:
        return None
    pool, instance, seats = rng.choice(machines)
    seat = rng.choice(seats)
    kind = rng.choice(("lost", "doubled", "shifted", "elsewhere", "new", "new"))
    if kind != "doubled":
        seats.remove(seat)
    if kind == "elsewhere":
        pool, instance, seats = rng.choice(machines)
    elif kind == "new":
        pool, instance, seats = rng.randrange(len(fleet.pools)), None, []
        machines.append((pool, instance, seats))
    everything = range(fleet.pools[pool].shape.accelerators)
    if kind in ("shifted", "elsewhere", "new"):
        if len(seat.accelerators) > len(everything):
            return None
        seat = seat._replace(accelerators=tuple(sorted(rng.sample(everything, len(seat.accelerators)))))
    if kind != "lost":
        seats.append(seat)
    return Packing(tuple(Machine(p, i, tuple(sorted(here))) for p, i, here in machines if here))


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@seeds(range(4_000, 4_015), 5)
def test_same_seed_same_plan(seeds: range, engine: str) -> None:
    for _, doc in small_problems(seeds):
        first, second = (solved(doc, seed=7, engine=engine) for _ in range(2))
        assert first.incumbent.best == second.incumbent.best
        assert [(e.cost, e.bound) for e in first.incumbent.events] == [
            (e.cost, e.bound) for e in second.incumbent.events
        ]
    crowded = [solved(crowd(4), work=8, seed=3, engine=engine) for _ in range(2)]
    assert crowded[0].incumbent.best == crowded[1].incumbent.best
    assert crowded[0].incumbent.ticks_bound == crowded[1].incumbent.ticks_bound


def alone(doc: Doc) -> Packing:
    """Each copy of a `crowd` on a new big machine of its own: a plan far from the best."""
    fleet = compiled(doc)
    packing = Packing(
        tuple(
            Machine(0, None, (Seat(component.index, 0, tuple(range(component.options[0].accelerators))),))
            for component in fleet.components
            for _ in range(component.copies)
        )
    )
    assert broken_rule(fleet, packing) == ""
    return packing


@pytest.mark.parametrize("engine", ENGINES)
@seeds(range(5_000, 5_030), 3)
def test_never_worse_than_the_hint(seeds: range, engine: str) -> None:
    hint = alone(crowd(5))
    run = solved(crowd(5), work=1, hint=hint, engine=engine)
    assert run.value is not None
    assert run.value <= evaluate(run.fleet, hint)
    assert_keeps_every_rule(run)
    for seed, doc in small_problems(seeds):
        best = solved(doc, work=ENOUGH)
        if best.value is not None:
            again = solved(doc, work=1, hint=best.packing, engine=engine)
            assert again.value == best.value, seed


@pytest.mark.parametrize("engine", ENGINES)
def test_no_time_returns_the_hint_and_claims_nothing(engine: str) -> None:
    hint = alone(crowd(4))
    run = Run(compiled(crowd(4)), Budget(seconds=0), hint=hint, engine=engine)
    assert run.packing == hint
    assert run.outcome.stop is Stop.TIME
    assert not run.outcome.infeasible


@pytest.mark.parametrize("engine", ENGINES)
def test_an_interrupt_from_another_thread_ends_it_with_the_plan(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    doc = crowd(24)
    called, run_engine = threading.Event(), RUNNERS[engine]

    def watched(*given: Any) -> End:
        called.set()
        return run_engine(*given)

    monkeypatch.setitem(RUNNERS, engine, watched)
    hint, fleet, budget = alone(doc), compiled(doc), Budget()
    runs: list[Run] = []
    solving = threading.Thread(target=lambda: runs.append(Run(fleet, budget, hint=hint, engine=engine)), daemon=True)
    solving.start()
    assert called.wait(600)
    time.sleep(0.3)  # in the middle: the problem takes far longer
    assert solving.is_alive()
    budget.interrupt()
    solving.join(timeout=600)
    assert not solving.is_alive()
    assert runs[0].outcome.stop is Stop.INTERRUPTED
    assert runs[0].value is not None
    assert runs[0].value <= evaluate(fleet, hint)
    assert_keeps_every_rule(runs[0])


@pytest.mark.parametrize(
    ("engine", "slow_step"), [("highs", (pulp.HiGHS, "buildSolverModel")), ("cbc", (pulp.LpProblem, "writeMPS"))]
)
def test_no_engine_is_begun_once_the_solve_is_interrupted(
    engine: str, slow_step: tuple[type, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large program takes seconds to hand over, and engines presolve it for seconds before they hear anything."""
    doc, budget = crowd(8), Budget()
    hint, step = alone(doc), getattr(*slow_step)

    def interrupted(*given: Any, **named: Any) -> Any:
        budget.interrupt()
        return step(*given, **named)

    def begun(*_: Any, **__: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(*slow_step, interrupted)
    monkeypatch.setattr("placement.direct.milp.engines._run_process", begun)
    monkeypatch.setattr("placement.direct.milp.engines._HighsListener.listen", begun)
    run = Run(compiled(doc), budget, hint=hint, engine=engine)
    assert (run.outcome.stop, run.packing) == (Stop.INTERRUPTED, hint)


def test_writing_a_program_looks_at_the_clock_column_by_column() -> None:
    """It has many columns before it has a row."""
    budget = Budget()
    program = Program(budget)
    for _ in range(100_000):
        program.ranges.append((0, 1))
    budget.interrupt()
    with pytest.raises(OutOfTimeError):
        PulpProgram(program)


@pytest.mark.parametrize("solver", ["milp", "cp-sat"])
def test_a_bound_is_known_before_the_model_is_written(solver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that is interrupted meanwhile has a plan and its bound."""
    budget = Budget()

    def interrupted(*_: Any) -> None:
        budget.interrupt()
        raise OutOfTimeError

    monkeypatch.setattr("placement.direct.model.DirectModel.__init__", interrupted)
    solve = Solve.of(compiled(crowd(8)), budget, 0)
    find_solver(solver).run(solve)
    assert budget.interrupted
    assert solve.packing is not None
    assert solve.incumbent.ticks_bound


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_the_time_limit_ends_it(engine: str) -> None:
    doc = crowd(24)
    hint, fleet = alone(doc), compiled(doc)
    began = time.monotonic()
    run = Run(fleet, Budget(seconds=0.5), hint=hint, engine=engine)
    assert time.monotonic() - began < 600  # it ends at all
    assert run.outcome.stop is Stop.TIME


def test_a_gap_that_is_good_enough_stops_the_search() -> None:
    run = Run(compiled(crowd(8)), Budget(gap=0.9, work=ENOUGH))
    assert run.outcome.stop is Stop.GAP
    assert not run.incumbent.proved


def test_an_error_in_a_listener_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """HiGHS calls back into Python; what is raised there must neither vanish nor end the process."""

    original, calls = decode, []

    def fail(model: DirectModel, values: Values) -> Packing:
        calls.append(values)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return original(model, values)

    monkeypatch.setattr("placement.direct.milp.search.decode", fail)
    with pytest.raises(KeyboardInterrupt):
        solved(crowd(3))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_plan_off_by_a_hair_is_dropped_and_nothing_is_claimed(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine whose rows are looser than the rules: none of its plans is taken, and nothing is called infeasible."""
    monkeypatch.setattr(Program, "within", lambda *_, **__: None)
    doc = crowd(4)
    for component in doc["components"]:
        component["vcpus"] = 47
    run = solved(doc, engine=engine)
    assert run.value is None
    assert "dropped" in run.outcome.reason
    assert not run.outcome.infeasible
    assert run.outcome.stop is not Stop.PROVED


def test_infeasible_from_an_engine_that_was_wrong_before_is_no_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    def engine(program: PulpProgram, goal: LinearObjective, start: object, limits: object, watcher: Watcher) -> End:
        del goal, start, limits
        watcher.solution([0] * len(program.ranges))  # nothing is placed
        return End("infeasible")

    monkeypatch.setitem(RUNNERS, "highs", engine)
    run = solved(crowd(2))
    assert run.outcome.stop is Stop.STUCK
    assert "found no plan" in run.outcome.reason
    assert not run.outcome.infeasible


def test_infeasible_against_a_known_plan_is_no_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    hint = alone(crowd(3))
    monkeypatch.setattr(DirectModel, "limit_left_out", lambda self, _: self.program.at_least(0, 1))
    with pytest.raises(SolverBugError, match="said that there is no plan, and hint found one"):
        solved(crowd(3), hint=hint)


def test_infeasible_by_an_engine_in_floats_is_asked_again_in_integers(monkeypatch: pytest.MonkeyPatch) -> None:
    """CP-SAT finds the plan that HiGHS does not see, or agrees, or does not know: then nothing is claimed."""
    monkeypatch.setattr("placement.direct.milp.search.ENGINES", {"highs": lambda *_: End("infeasible")})
    with pytest.raises(SolverBugError, match="said that there is no plan, and cp-sat found one"):
        solved(crowd(3))
    monkeypatch.setattr("placement.direct.cp_sat.find_plan", lambda *_, **__: PackingAnswer())
    run = solved(crowd(3))
    assert run.outcome.stop is Stop.STUCK
    assert "that is no proof" in run.outcome.reason
    assert not run.outcome.infeasible
    monkeypatch.setattr("placement.direct.cp_sat.find_plan", lambda *_, **__: PackingAnswer(impossible=True))
    assert solved(crowd(3)).outcome.infeasible


def test_an_answer_that_is_no_solution_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """CBC now and then calls optimal what breaks a row, even when run again; here it always seems to."""
    monkeypatch.setattr(PulpProgram, "holds", lambda *_: False)
    run = solved(crowd(2), engine="cbc")
    assert run.outcome.stop is Stop.STUCK
    assert "no solution" in run.outcome.reason


def test_bug_highs_hands_out_the_start_when_presolve_solves_all() -> None:
    """HiGHS 1.16: seven of a thousand small problems ended with the start's plan and the optimum's bound."""
    kind = {"accelerator": "A", "accelerator_count": 1, "vcpus": 96, "memory_gib": 32, "price_per_hour": 2.5}
    doc: Doc = {
        "format": "placement/v1",
        "name": "presolved",
        "accelerators": {"A": {"memory_gib": 16}},
        "instance_types": {"t": kind},
        "pools": [
            {"name": "p", "instance_type": "t", "zone": "z", "max_instances": 1},
            {"name": "q", "instance_type": "t", "zone": "z"},
        ],
        "components": [
            {"name": "c", "copies": 1, "accelerators": 0, "vcpus": 82.5, "memory_gib": 32},
            {"name": "d", "copies": 2, "min_copies": 1, "accelerator_memory_gib": 16},
        ],
    }
    assert_agrees(0, solved(doc), cheapest(doc))


def test_another_number_of_threads_before_is_no_error() -> None:
    """A second HiGHS in one thread with another number of threads fails at first, with no exception."""
    script = (
        "import highspy, json, sys\n"
        "first = highspy.Highs()\n"
        "first.setOptionValue('output_flag', False)\n"
        "first.setOptionValue('threads', 2)\n"
        "x = first.addVariable(0, 1, type=highspy.HighsVarType.kInteger)\n"
        "first.minimize(x)\n"
        "from tests.direct.test_milp import crowd, solved\n"
        "assert solved(crowd(2)).incumbent.proved\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_is_printed_and_no_file_is_left(
    engine: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here, temporary = tmp_path / "here", tmp_path / "temporary"
    here.mkdir()
    temporary.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    solved(crowd(3), engine=engine)
    assert [*here.iterdir(), *temporary.iterdir()] == []
    assert "".join(capfd.readouterr()) == ""


def test_without_cbc_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulp, "PULP_CBC_CMD", None)
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(UsageError, match="pip install"):
        solved(crowd(2), engine="cbc")


def test_a_cbc_that_fails_is_stuck_without_a_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placement.direct.milp.engines.cbc_path", lambda: "/bin/false")
    run = solved(crowd(2), engine="cbc")
    assert run.outcome.stop is Stop.STUCK
    assert "CBC ended with code 1" in run.outcome.reason
    assert {event.by for event in run.incumbent.events if event.bound is not None} <= {"cliques", "volume"}


@pytest.mark.parametrize("log", ["Cbc0020I Exiting on maximum time", "Cbc0027I Exiting on user event"])
def test_a_cbc_that_was_cut_short_proves_nothing(log: str) -> None:
    """Told to stop in the middle of a linear program, CBC may say anything."""
    heard: list[object] = []
    listener = SimpleNamespace(solution=heard.append, bound=heard.append, enough=lambda: False)
    goal = LinearObjective((), 1, 0)
    for said in ("Infeasible - objective value 0", "Integer infeasible - objective value 0"):
        assert _cbc_end(said, "Result - Problem proven infeasible", 0, [], goal, listener).verdict == "infeasible"
        assert _cbc_end(said, log, 0, [], goal, listener).verdict == "limit"
    assert heard == []
    assert _cbc_end("Optimal - objective value 0", log, 0, [], goal, listener).verdict == "limit"
    assert heard == [[]]
    unsolved = "Stopped on time (no integer solution - continuous used) - objective value 7"
    assert _cbc_end(unsolved, f"{log}\nLower bound:   6.500", 0, [], goal, listener).verdict == "limit"
    assert heard == [[], 7]


def test_a_program_beyond_the_size_limit_is_stuck_without_a_claim() -> None:
    run = solved(crowd(), max_terms=100)
    assert run.outcome.stop is Stop.STUCK
    assert not run.outcome.infeasible
    assert "max_terms" in run.outcome.reason
    assert run.incumbent.ticks_bound is not None  # by volumes
    huge = crowd(2)
    huge["components"][0]["copies"] = 10**9  # not even its machines may be counted out one by one
    assert solved(huge).outcome.stop is Stop.STUCK


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(ValueError, match="engine must be one of"):
        MilpOptions(engine="glpk")


def test_bounds_are_rounded_up_only_beyond_the_margin() -> None:
    assert safe_bound(6.9999999) == 7
    assert safe_bound(7.0000001) == 7
    assert safe_bound(7.00001) == 8
    assert safe_bound(7.0005, noise=1e-3) == 7
    assert safe_bound(3.5, unit=0.5) == 7
    assert safe_bound(4.0e9 + 0.5) == 4 * 10**9 - 399  # tolerances move a sum of that size by up to 1e-7 of it
    assert safe_bound(math.inf) is None
    assert safe_bound(-math.inf) is None


@pytest.mark.parametrize("engine", ENGINES)
def test_rates_of_many_digits_meet_the_demand_exactly(engine: str) -> None:
    """The third copy is needed for the last hundred-thousandth of the demand."""
    doc = crowd(1)
    row = {"name": "c", "accelerator_memory_gib": 20, "throughput": 333.333333333}
    doc["components"] = [{**row, "demand": 666.66668}]
    assert len(list(solved(doc, engine=engine).packing.seats())) == 3
    doc["components"] = [{**row, "demand": 666.666666666}]
    run = solved(doc, engine=engine)
    assert len(list(run.packing.seats())) == 2
    assert run.incumbent.proved


@pytest.mark.parametrize(("zones", "copies"), [("ab", 2), ("abc", 4)])
def test_optional_copies_take_their_zones_along(zones: str, copies: int) -> None:
    """Three zones, or as many as copies: in two zones no more than two copies may stand, however much room there is."""
    kind = {"accelerator": "A", "accelerator_count": 4, "vcpus": 8, "memory_gib": 8, "price_per_hour": 1}
    row = {"name": "c", "copies": 4, "min_copies": 0, "accelerator_memory_gib": 10, "spread": {"min_zones": 3}}
    doc: Doc = {
        "format": "placement/v1",
        "name": "zones",
        "accelerators": {"A": {"memory_gib": 40}},
        "instance_types": {"t": kind},
        "pools": [{"name": zone, "instance_type": "t", "zone": zone, "max_instances": 1} for zone in zones],
        "components": [row],
    }
    run = solved(doc)
    assert_agrees(copies, run, cheapest(doc))
    assert len(list(run.packing.seats())) == copies


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("accelerators", [1, 2])
def test_a_shared_copy_that_needs_nothing_still_does_not_stand_beside_an_owner(accelerators: int, engine: str) -> None:
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
    run = solved(doc, engine=engine)
    assert run.incumbent.proved
    assert len(run.packing.machines) == 2
    assert_keeps_every_rule(run)


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
    return copy.deepcopy(
        {
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
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_a_program_without_a_variable_is_decided(engine: str) -> None:
    """Nothing to place costs nothing; something to place and no machine is infeasible. Both are proven."""
    nothing = placement.solve(_cards([]), "milp", options={"engine": engine})
    homeless = placement.solve(
        _cards([{"name": "c", "copies": 1, "accelerator_memory_gib": 1}]), "milp", options={"engine": engine}
    )

    assert (nothing.status, nothing.bound) == (placement.Status.OPTIMAL, 0)
    assert homeless.status is placement.Status.INFEASIBLE


@pytest.mark.parametrize("engine", ENGINES)
def test_a_program_whose_variables_decide_nothing_is_decided(engine: str) -> None:
    """An instance that is paid for whether it stays or not, and no copy that fits on it: both answers are proven."""
    standing: Doc = {
        "pools": [{"name": "p", "instance_type": "card", "zone": "z", "min_instances": 1, "max_instances": 1}],
        "instances": [{"id": "i", "pool": "p"}],
    }
    large = {"name": "c", "copies": 1, "accelerator_memory_gib": 11}
    nothing, homeless = (
        Run(compile_fleet(_cards(components, **standing)), Budget(work=1), engine=engine)
        for components in ([], [large])
    )

    assert nothing.incumbent.proved
    assert nothing.value is not None
    assert nothing.fleet.cost(nothing.value.ticks) == 1_000_000
    assert homeless.outcome.infeasible
    assert homeless.outcome.stop is Stop.PROVED


def _cards(components: list[Doc], **more: Any) -> Problem:
    card = {"accelerator": "A", "accelerator_count": 1, "vcpus": 1, "memory_gib": 1, "price_per_hour": 1}
    document: Doc = {
        "format": "placement/v1",
        "accelerators": {"A": {"memory_gib": 10}},
        "instance_types": {"card": card},
        "pools": [],
        "components": components,
    }
    return Problem(**document | more)


@pytest.mark.parametrize("engine", ENGINES)
def test_prices_far_apart_are_bounded_within_the_tolerance_of_reduced_costs(engine: str) -> None:
    """A pool at 5e8 $ an hour makes the half dollar of a move less than HiGHS's tolerance: no bound counts it."""
    document: dict[str, Any] = {
        "accelerators": {"L": {"memory_gib": 1}},
        "instance_types": {
            "cpu": {"vcpus": 0, "memory_gib": 0, "price_per_hour": 499_999_330},
            "l4": {"accelerator": "L", "accelerator_count": 4, "vcpus": 24, "memory_gib": 256, "price_per_hour": 3},
        },
        "pools": [
            {"name": "cpu-b", "instance_type": "cpu", "zone": "b"},
            {"name": "l4-b", "instance_type": "l4", "zone": "b"},
        ],
        "components": [{"name": "m1", "copies": 1}],
        "instances": [{"id": "n0", "pool": "l4-b"}],
        "placements": [{"component": "m1", "instance": "n0"}],
        "objective": {"horizon_hours": 730, "move_cost": 0.5},
    }
    result = placement.solve(Problem(**document), "milp", options={"engine": engine}, work=10, time_limit=None)
    assert result.cost == 3 * 730 * 1_000_000
    assert result.status is Status.OPTIMAL


@pytest.mark.skipif(os.name == "nt", reason="there is no early end to ask for")
def test_a_search_that_is_left_behind_ends_its_process_at_once(parameters: Change, tmp_path: Path) -> None:
    """Also while the process, which has been asked for an early end, writes down what it has: here it never ends."""
    parameters(DIRECT.cbc, grace=0.3)
    script = "import pathlib, signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN)"
    script += "; pathlib.Path('deaf').touch(); time.sleep(60)"
    asked = list[int]()

    def enough() -> bool:
        if (tmp_path / "deaf").exists():
            asked.append(1)
        if len(asked) > 1:
            raise LeftBehindError
        return bool(asked)

    with pytest.raises(LeftBehindError):
        _run_process([sys.executable, "-c", script], str(tmp_path), subprocess.DEVNULL, enough)
