"""Who fails, or contradicts a plan at hand, is not believed, and costs nobody that plan."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from ortools.sat.python import cp_model
from typer.testing import CliRunner

import placement
from placement import Problem, SolverBugError, Status
from placement.cli.app import app
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Machine, Packing, Seat, evaluate
from placement.direct.cp_sat import find_plan, solve_cp_sat
from placement.errors import failure
from placement.heuristics import solve_ffd
from placement.heuristics.first_plan import first_plan
from placement.local_search.large_neighbourhood import LargeNeighbourhood
from placement.local_search.whole_plan import improve_whole_plan
from placement.parallel.job import TaskAnswer
from placement.solvers.decomposition.tasks import Pack
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import STRICT, Incumbent
from placement.solving.result import Outcome, Stop
from placement.writing import first_violation

DOCUMENT: dict[str, Any] = {
    "format": "placement/v1",
    "name": "small",
    "instance_types": {"t": {"vcpus": 4, "memory_gib": 8, "price_per_hour": 1}},
    "pools": [{"name": "p", "instance_type": "t", "zone": "z"}],
    "components": [
        {"name": "c", "copies": 3, "accelerators": 0, "vcpus": 2},
        {"name": "d", "copies": 1, "min_copies": 0, "accelerators": 0, "vcpus": 2},
    ],
}
DOLLAR = 10**6


@pytest.fixture(autouse=True)
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for users; elsewhere in the tests faults are raised."""
    monkeypatch.setenv(STRICT, "0")


def small() -> Fleet:
    return compile_fleet(Problem(**DOCUMENT))


def machine(*components: int) -> Machine:
    return Machine(0, None, tuple(Seat(c, 0, ()) for c in components))


ALONE = Packing((machine(0), machine(0), machine(0), machine(1)))  # 4 dollars
PAIRS = Packing((machine(0, 0), machine(0, 1)))  # 2 dollars, the optimum
CRAMMED = Packing((machine(0, 0, 0, 1),))  # breaks a rule
WITHOUT = Packing((machine(0, 0), machine(0)))  # leaves the optional copy out


def track_of(**given: Any) -> Incumbent:
    fleet = small()
    return Incumbent(fleet, Budget(), check=lambda packing: first_violation(fleet, packing), **given)


def test_a_bound_above_a_plan_is_not_believed() -> None:
    """Nor is anything else that its prover said or says; the bounds of others stand."""
    incumbent = track_of()
    incumbent.offer(PAIRS, "packer")
    incumbent.raise_bound(DOLLAR, "honest")
    incumbent.raise_bound(DOLLAR * 3 // 2, "liar")
    with pytest.raises(SolverBugError, match=r"liar said that no plan costs less than 3\.0, and packer has found one"):
        incumbent.raise_bound(3 * DOLLAR, "liar")
    assert (incumbent.ticks_bound, incumbent.bound_by) == (DOLLAR, "honest")
    with pytest.raises(SolverBugError, match="liar"):
        incumbent.raise_bound(DOLLAR * 3 // 2, "liar")
    assert incumbent.ticks_bound == DOLLAR
    assert [fault.solver for fault in incumbent.faults] == ["liar"]
    assert incumbent.best == (PAIRS, evaluate(small(), PAIRS))
    incumbent.raise_bound(2 * DOLLAR, "honest")
    incumbent.raise_left_out(0, 0, "honest")
    assert incumbent.proved


def test_a_plan_below_a_bound_is_believed() -> None:
    """The bound is withdrawn, and so are the others of that prover, at any limits and levels."""
    incumbent = track_of()
    incumbent.raise_bound(DOLLAR, "honest")
    incumbent.raise_bound(DOLLAR * 3 // 2, "liar", (1,))
    incumbent.raise_bound(3 * DOLLAR, "liar", (0,))
    incumbent.raise_left_out(0, 1, "liar")
    assert incumbent.offer(ALONE, "packer")
    assert incumbent.left_out_bound() == (0,)
    assert incumbent.ticks_bound == DOLLAR
    assert len(incumbent.faults) == 1
    assert "no plan leaves out less than 1 copies of priority 0" in str(incumbent.faults[0])


def test_bounds_for_other_plans_are_no_contradiction() -> None:
    """A plan that leaves out a copy may cost less than those that leave out none."""
    incumbent = track_of()
    incumbent.raise_bound(2 * DOLLAR, "honest", (0,))
    document = {**DOCUMENT, "components": [DOCUMENT["components"][0] | {"copies": 2}, DOCUMENT["components"][1]]}
    fleet = compile_fleet(Problem(**document))
    incumbent = Incumbent(fleet, Budget())
    incumbent.raise_bound(2 * DOLLAR, "honest", (0,))
    assert incumbent.offer(Packing((machine(0, 0),)), "packer")
    assert not incumbent.faults
    incumbent.offer(Packing((machine(0, 0), machine(1))), "packer")
    assert incumbent.ticks_bound == 2 * DOLLAR


def test_a_plan_that_breaks_a_rule_contradicts_nothing() -> None:
    """It is refused, whether it comes before the bound or after it, and the best of the others is the best."""
    incumbent = track_of()
    incumbent.offer(ALONE, "packer")
    incumbent.raise_bound(2 * DOLLAR, "honest")
    with pytest.raises(SolverBugError, match="crammer found a plan that breaks a rule"):
        incumbent.offer(CRAMMED, "crammer")
    assert incumbent.best == (ALONE, evaluate(small(), ALONE))

    incumbent = track_of()
    incumbent.offer(ALONE, "packer")
    incumbent.offer(CRAMMED, "crammer")
    incumbent.raise_bound(2 * DOLLAR, "honest")
    assert (incumbent.best, incumbent.found_by) == ((ALONE, evaluate(small(), ALONE)), "packer")
    assert incumbent.ticks_bound == 2 * DOLLAR
    assert [fault.solver for fault in incumbent.faults] == ["crammer"]


def test_a_strict_track_raises_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """By argument, and by the environment."""
    incumbent = track_of(strict=True)
    incumbent.raise_bound(3 * DOLLAR, "liar")
    with pytest.raises(SolverBugError, match="liar"):
        incumbent.offer(PAIRS, "packer")
    with pytest.raises(SolverBugError, match="it failed"):
        incumbent.blame("it", "failed")
    for value, strict in (("", False), ("0", False), ("1", True)):
        monkeypatch.setenv(STRICT, value)
        assert track_of().strict is strict


def test_what_a_failed_turn_proved_is_forgotten() -> None:
    """Only that: what was known before it stands."""
    incumbent = track_of()
    incumbent.raise_bound(1, "honest")
    incumbent.raise_left_out(0, 0, "honest")
    before = incumbent.reports
    incumbent.raise_bound(2, "honest")
    incumbent.raise_bound(3, "other")
    incumbent.withdraw(before)
    assert incumbent.ticks_bound == 1


def says_infeasible(incumbent: Incumbent) -> Outcome:
    return Outcome("cp-sat", Stop.PROVED, infeasible=True, reason="planted")


def raises(incumbent: Incumbent) -> Outcome:
    raise TypeError("planted")


def bounds_too_high(incumbent: Incumbent) -> Outcome:
    incumbent.raise_bound(10**9, "cp-sat")
    return Outcome("cp-sat", Stop.DONE)


def finds_a_broken_plan(incumbent: Incumbent) -> Outcome:
    incumbent.offer(CRAMMED, "cp-sat")
    return Outcome("cp-sat", Stop.DONE)


def bounds_below_nothing(incumbent: Incumbent) -> Outcome:
    """As an engine does that is stopped before it has looked at its rows."""
    incumbent.raise_bound(-12, "cp-sat")
    incumbent.raise_left_out(0, -12, "cp-sat")
    return Outcome("cp-sat", Stop.TIME)


def plant(monkeypatch: pytest.MonkeyPatch, bug: Callable[[Incumbent], Outcome], *, start: bool = True) -> None:
    """Have the solver cp-sat err, after a first plan."""

    @wraps(solve_cp_sat)
    def erring(solve: Solve, **_: Any) -> Outcome:
        if start:
            first_plan(solve)
        return bug(solve.incumbent)

    monkeypatch.setattr("placement.direct.cp_sat.solve_cp_sat", erring)


BUGS = [says_infeasible, raises, bounds_too_high, finds_a_broken_plan]


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_costs_no_plan(monkeypatch: pytest.MonkeyPatch, bug: Callable[[Incumbent], Outcome]) -> None:
    """The plan of the heuristics is written, nothing is called proven on the word of the one that failed."""
    plant(monkeypatch, bug)
    result = placement.solve(Problem(**DOCUMENT), "cp-sat", work=10)
    assert result.status is Status.FEASIBLE
    assert result.cost == 2 * DOLLAR
    assert result.bound is None
    assert [fault.solver for fault in result.faults] == ["cp-sat"]
    assert result.to_document()["faults"][0]["solver"] == "cp-sat"
    assert placement.verify(Problem(**DOCUMENT), result.plan).violations == ()


def test_bug_a_bound_below_nothing_costs_no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says that nothing is left out at least; the document refused it, and the plan was lost."""
    plant(monkeypatch, bounds_below_nothing)
    result = placement.solve(Problem(**DOCUMENT), "cp-sat", work=10)
    assert result.status is Status.FEASIBLE
    assert (result.cost, result.bound, result.faults) == (2 * DOLLAR, 0, ())
    assert result.plan.left_out_bound == {"0": 0}


@pytest.mark.parametrize("bug", BUGS)
def test_with_auto_the_others_go_on(monkeypatch: pytest.MonkeyPatch, bug: Callable[[Incumbent], Outcome]) -> None:
    """They prove the plan that the one that failed could not."""
    document = {**DOCUMENT, "components": [*DOCUMENT["components"], {**DOCUMENT["components"][0], "name": "e"}]}
    document["components"][0] = {**DOCUMENT["components"][0], "avoid": ["d"]}
    sane = placement.solve(Problem(**document), time_limit=20)
    assert sane.status is Status.OPTIMAL
    plant(monkeypatch, bug)
    result = placement.solve(Problem(**document), time_limit=20, threads=1)  # nobody beside is done before it errs
    assert result.cost is not None
    assert result.cost == sane.cost
    assert result.bound is None or result.bound <= result.cost
    assert {fault.solver for fault in result.faults} <= {"cp-sat"}
    assert len(result.faults) == 1


def test_with_auto_a_failed_turn_at_the_plan_itself_ends_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The turn that makes plans cheaper is one like the others: those after it still prove the plan."""

    @wraps(improve_whole_plan)
    def planted(*_: Any, **__: Any) -> int:
        raise TypeError("planted")

    monkeypatch.setattr("placement.local_search.whole_plan.improve_whole_plan", planted)
    running = {"instances": [{"id": "i", "pool": "p"}], "placements": [{"component": "c", "instance": "i"}]}
    document = DOCUMENT | running | {"objective": {"horizon_hours": 1, "move_cost": 1, "max_moves": 1}}
    options = {"direct_terms_few_moves": 0}  # then it is the first turn after the heuristics
    result = placement.solve(Problem(**document), "auto", options=options, work=3, time_limit=None)
    assert result.status is Status.OPTIMAL
    assert [fault.solver for fault in result.faults] == ["improve"]


def test_with_auto_a_proof_of_others_that_there_is_no_plan_is_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault of a turn before it is told beside it."""

    @wraps(solve_ffd)
    def fails(*_: object, **__: object) -> Outcome:
        raise TypeError("planted")

    full = {**DOCUMENT, "pools": [{**DOCUMENT["pools"][0], "max_instances": 1}]}
    monkeypatch.setattr("placement.solvers.portfolio.why_infeasible", lambda *_: None)  # else there is no turn
    monkeypatch.setattr("placement.heuristics.solve_ffd", fails)
    result = placement.solve(Problem(**full), time_limit=20, threads=1)
    assert result.status is Status.INFEASIBLE
    assert [fault.solver for fault in result.faults] == ["ffd"]


@pytest.mark.parametrize("bug", BUGS)
def test_in_strict_mode_bugs_are_raised(monkeypatch: pytest.MonkeyPatch, bug: Callable[[Incumbent], Outcome]) -> None:
    """As everywhere in the tests."""
    monkeypatch.setenv(STRICT, "1")
    plant(monkeypatch, bug)
    with pytest.raises(TypeError if bug is raises else SolverBugError):
        placement.solve(Problem(**DOCUMENT), "cp-sat", work=10)


# --- Smaller problems that are solved on the way


@wraps(solve_cp_sat)
def lies_first(solve: Solve, **given: Any) -> Outcome:
    """CP-SAT, after somebody said that nothing is cheaper than what is there, or that nothing is cheap at all."""
    solve.incumbent.raise_bound(DOLLAR * 1000 if solve.value is None else solve.value.ticks - 1, "liar")
    return solve_cp_sat(solve, **given)


def search_neighbourhoods(incumbent: Incumbent, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exact steps on two machines at a time."""
    monkeypatch.setattr("placement.direct.cp_sat.solve_cp_sat", lies_first)
    incumbent.offer(ALONE, "packer")
    search = LargeNeighbourhood(Solve(small(), incumbent, Budget()))
    for _ in range(5):
        search.step(Budget(work=10))
    assert incumbent.best == (PAIRS, evaluate(small(), PAIRS))


def find_one_plan(incumbent: Incumbent, monkeypatch: pytest.MonkeyPatch) -> None:
    """CP-SAT on so many machines, which says that there is no plan when it has found one."""

    part = Solve(small(), incumbent, Budget(work=10)).reduced(small())

    class Liar:
        def __init__(self, *_: object) -> None:
            """Of any model."""

        def run(self, *_: object) -> cp_model.CpSolverStatus:
            part.incumbent.offer(PAIRS, "packer")
            return cp_model.INFEASIBLE

    monkeypatch.setattr("placement.direct.cp_sat.search.Engine", Liar)
    assert find_plan(part, [2], None) == (PAIRS, False)


PARTS = [search_neighbourhoods, find_one_plan]
Part = Callable[[Incumbent, pytest.MonkeyPatch], None]


@pytest.mark.parametrize("solve_a_part", PARTS)
def test_faults_of_parts_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch, solve_a_part: Part) -> None:
    """With the word that it was in a part; the plan of the part is taken."""
    incumbent = track_of()
    solve_a_part(incumbent, monkeypatch)
    assert incumbent.faults
    assert all("in a part of the search" in str(fault) for fault in incumbent.faults)


@pytest.mark.parametrize("solve_a_part", PARTS)
def test_faults_of_parts_are_raised_when_the_whole_is_strict(
    monkeypatch: pytest.MonkeyPatch, solve_a_part: Part
) -> None:
    """Whatever the environment says."""
    with pytest.raises(SolverBugError, match="in a part of the search"):
        solve_a_part(track_of(strict=True), monkeypatch)


def test_a_fault_of_a_part_of_a_part_is_told_once() -> None:
    """By each of the tracks, in the same words, also when what it raised fails a turn."""
    outer = track_of()
    middle = outer.inner(small(), Budget())
    inner = middle.inner(small(), Budget())
    inner.offer(PAIRS, "packer")
    with pytest.raises(SolverBugError) as raised:
        inner.raise_bound(3 * DOLLAR, "liar")
    outer.blame("auto", failure(raised.value))
    assert outer.faults == middle.faults == inner.faults
    assert len(outer.faults) == 1
    assert str(outer.faults[0]).count("in a part of the search") == 1
    assert outer.best is None


def test_faults_of_tasks_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a task was done: its answer has them, and the decomposition passes them on."""
    monkeypatch.setattr("placement.direct.cp_sat.solve_cp_sat", lies_first)
    answer = Pack(small(), ALONE, "cp-sat", {}, 0).run(Budget(work=10))
    assert answer.packing == PAIRS
    assert [fault.solver for fault in answer.faults] == ["liar"]
    monkeypatch.undo()
    monkeypatch.setenv(STRICT, "0")
    monkeypatch.setattr("placement.solvers.decomposition.solve.raise_instant_bounds", lambda *_: None)
    monkeypatch.setattr(Pack, "run", lambda *_: TaskAnswer(faults=answer.faults))
    document = {**DOCUMENT, "components": [{**DOCUMENT["components"][0], "copies": 12}]}
    given: dict[str, Any] = {"work": 1, "options": {"copies": 4, "groups": 0}}
    result = placement.solve(Problem(**document), "decomposition", **given)
    assert [fault.solver for fault in result.faults] == ["liar"]
    assert result.cost == 6 * DOLLAR
    monkeypatch.setenv(STRICT, "1")
    with pytest.raises(SolverBugError, match=r"liar .*in a part of the search"):
        placement.solve(Problem(**document), "decomposition", **given)


def test_no_other_part_has_a_track_that_nobody_reads() -> None:
    """These are the solves themselves, tasks whose answers have the faults, and certificates, which raise them.

    And the prices of a simulation's floor: no engine's word counts there, as its bound is counted anew from prices. The
    patterns of scenarios hand on what they noted, as do those of groups of components.
    """
    package = Path(placement.__file__).parent

    def having(pattern: str) -> set[str]:
        return {
            path.relative_to(package).as_posix()
            for path in package.rglob("*.py")
            if re.search(pattern, path.read_text(encoding="utf-8"))
        }

    solves = {"planner.py", "solving/incumbent.py", "solving/context.py", "solvers/column_generation/zone_tasks.py"}
    assert having(r"(?<![\w.`])Incumbent\(") == solves
    tasks = {"decomposition/tasks.py", "column_generation/helper.py", "column_generation/zone_tasks.py"}
    assert having(r"\bSolve\.of\(") == {
        "certificates/search.py",
        "patterns/copy_prices.py",
        "scenarios/recourse.py",
        "solvers/coarse_bound.py",
    } | {f"solvers/{task}" for task in tasks}


def test_without_a_plan_a_failure_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to keep."""
    plant(monkeypatch, raises, start=False)
    with pytest.raises(TypeError, match="planted"):
        placement.solve(Problem(**DOCUMENT), "cp-sat", work=10)
    plant(monkeypatch, finds_a_broken_plan, start=False)
    with pytest.raises(SolverBugError, match="found a plan that breaks a rule"):
        placement.solve(Problem(**DOCUMENT), "cp-sat", work=10)


def test_interrupts_and_memory_are_no_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """They end the search as before, with the plan that is there."""

    def out_of_memory(incumbent: Incumbent) -> Outcome:
        raise MemoryError

    plant(monkeypatch, out_of_memory)
    result = placement.solve(Problem(**DOCUMENT), "cp-sat", work=10)
    assert result.cost == 2 * DOLLAR
    assert result.faults == ()
    assert "faults" not in result.to_document()


@pytest.mark.parametrize("bug", BUGS)
def test_the_command_line_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bug: Callable[[Incumbent], Outcome]
) -> None:
    """On stderr, with what to send; the exit code is that of the plan."""
    plant(monkeypatch, bug)
    file, plan = tmp_path / "problem.json", tmp_path / "plan.json"
    file.write_text(json.dumps(DOCUMENT))
    done = CliRunner().invoke(
        app, ["solve", str(file), "--solver", "cp-sat", "--work", "100", "--output", str(plan), "-q"]
    )
    assert done.exit_code == 0
    assert "a bug in this program, which the answer does not rest on: cp-sat" in done.stderr
    assert "Please report it" in done.stderr
    assert json.loads(plan.read_text())["cost"] == 2
