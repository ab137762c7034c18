"""How a search of commitments ends: without time, by Ctrl-C, without a plan; and moves between scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement import Problem, ScenarioSet, SolverBugError, Status, Stop, UsageError, plan_scenarios, verify
from placement.scenarios.answer import answer_document
from placement.scenarios.master import MasterProgram
from placement.scenarios.recourse import Asking, Recourse
from placement.scenarios.search import ScenarioSearch
from placement.scenarios.terms import compile_terms
from placement.solving.budget import Budget

if TYPE_CHECKING:
    from placement.solving.result import Event

WORK: dict[str, Any] = {"work": 10, "time_limit": None}


def chat(copies: int = 2, **changed: Any) -> Problem:
    """One component on machines of one copy each, in two zones."""
    document: dict[str, Any] = {
        "name": "chat",
        "accelerators": {"L40S": {"memory_gib": 48}},
        "instance_types": {
            "one": {"accelerator": "L40S", "accelerator_count": 1, "vcpus": 8, "memory_gib": 64, "price_per_hour": 10}
        },
        "pools": [{"name": name, "instance_type": "one", "zone": f"z{name}"} for name in ("a", "b")],
        "components": [{"name": "chat", "copies": copies, "accelerator_memory_gib": 40}],
    }
    return Problem(**{**document, **changed})


def day(**changed: Any) -> ScenarioSet:
    """A night, a day and zone b lost."""
    document: dict[str, Any] = {
        "weights_total": 24,
        "scenarios": [
            {"name": "night", "weight": 12, "factor": 0.5},
            {"name": "day", "weight": 11, "factor": 2},
            {"name": "lost", "weight": 1, "failed_zones": ["zb"]},
        ],
        "commitments": [{"name": "year", "pools": ["a", "b"], "price_per_hour": 4}],
    }
    return ScenarioSet(**{**document, **changed})


def test_no_time_gives_no_plan_and_no_error() -> None:
    """Nothing is known, and nothing is claimed."""
    found = plan_scenarios(chat(), day(), time_limit=0)

    assert (found.status, found.stop, found.cost, found.bound) == (Status.UNKNOWN, Stop.TIME, None, None)
    assert answer_document(found)["scenarios"][0]["plan"] is None


def test_the_same_work_gives_the_same_answer() -> None:
    """But for the seconds."""
    first, second = (answer_document(plan_scenarios(chat(), day(), **WORK)) for _ in range(2))

    assert first.pop("seconds") is not None
    assert second.pop("seconds") is not None
    assert first == second
    assert first["status"] == "optimal"
    assert first["cost"] == 4 * 4  # four all the time; the fifth part of an hour is worth none


@pytest.mark.parametrize("at", range(1, 9))
def test_ctrl_c_ends_with_the_best_so_far(at: int) -> None:
    """Wherever it comes: what is told is true, and a bound stands below the cost."""
    heard: list[Event] = []

    def stop(event: Event) -> None:
        heard.append(event)
        if len(heard) == at:
            raise KeyboardInterrupt

    found = plan_scenarios(chat(), day(), listener=stop, **WORK)

    assert len(heard) == at
    assert found.stop is Stop.INTERRUPTED or found.status is Status.OPTIMAL
    if found.cost is not None:
        assert found.cost.dollars >= 16
        assert all(row.plan is not None and verify(row.problem, row.plan).ok for row in found.scenarios)
    if found.bound is not None:
        assert found.bound.dollars <= 16


@pytest.mark.parametrize("at", range(6))
def test_an_interrupted_solve_ends_the_search(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first Ctrl-C reaches a solve, which tells of it."""
    solve, calls = placement.solve, []

    def interrupted(*given: Any, **how: Any) -> Any:
        from dataclasses import replace

        calls.append(given)
        found = solve(*given, **how)
        return replace(found, stop=Stop.INTERRUPTED) if len(calls) > at else found

    monkeypatch.setattr("placement.scenarios.recourse.solve_problem", interrupted)
    found = plan_scenarios(chat(), day(), **WORK)

    assert len(calls) == at + 1
    assert found.stop in (Stop.INTERRUPTED, Stop.PROVED)
    assert (found.cost is None) == (at < 2)


def test_an_interrupted_mean_scenario_ends_what_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other commitments are looked at."""
    solve, asked = placement.solve, list[object]()

    def interrupted(*given: Any, **how: Any) -> Any:
        from dataclasses import replace

        return replace(solve(*given, **how), stop=Stop.INTERRUPTED)

    def noted(*_: object) -> None:
        asked.append(True)

    monkeypatch.setattr("placement.scenarios.search.ScenarioSearch.solve_each", noted)
    plan_scenarios(chat(), day(), **WORK, compare=True)
    assert asked
    asked.clear()
    monkeypatch.setattr("placement.scenarios.planning.solve", interrupted)
    plan_scenarios(chat(), day(), **WORK, compare=True)
    assert not asked


def test_a_scenario_without_a_plan_is_named_with_why() -> None:
    """A proof of it is a proof that nothing serves them all."""
    quotas = [{"name": "a", "instance_type": "one", "zone": "za", "max_instances": 3}]
    found = plan_scenarios(
        chat(pools=quotas),
        ScenarioSet(
            scenarios=[{"name": "night", "weight": 0.5, "factor": 0.5}, {"name": "day", "weight": 0.5, "factor": 2}],
            commitments=[{"name": "k", "pools": ["a"], "discount": 0.5}],
        ),
        **WORK,
    )

    assert (found.status, found.stop, found.bound) == (Status.INFEASIBLE, Stop.PROVED, None)
    assert found.reason.startswith("scenario day can't be served: ")
    assert "chat" in found.reason


def test_bug_a_scenario_without_a_plan_hid_the_others() -> None:
    """Each of them has its plan with nothing committed, whether it comes before or after; all without one are named."""
    quotas = [{"name": "a", "instance_type": "one", "zone": "za", "max_instances": 3}]
    rows = [{"name": f"x{factor}", "weight": 0.25, "factor": factor} for factor in (0.5, 2, 1, 3)]
    found = plan_scenarios(chat(pools=quotas), ScenarioSet(scenarios=rows), **WORK)

    assert (found.status, found.stop, found.cost) == (Status.INFEASIBLE, Stop.PROVED, None)
    assert [row.cost for row in found.scenarios] == [10_000_000, None, 20_000_000, None]
    assert [bool(row.reason) for row in found.scenarios] == [False, True, False, True]
    assert "scenario x2 can't be served" in found.reason
    assert "scenario x3 can't be served" in found.reason
    assert [bool(row["reason"]) for row in answer_document(found)["scenarios"]] == [False, True, False, True]


def test_bug_done_was_said_where_the_time_ended_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Solves that were cut short leave scenarios open: a longer limit may find more."""
    solve = placement.solve

    def cut_short(*given: Any, **how: Any) -> Any:
        from dataclasses import replace

        return replace(solve(*given, **how), stop=Stop.TIME, bound=0)

    monkeypatch.setattr("placement.scenarios.recourse.solve_problem", cut_short)
    monkeypatch.setattr("placement.scenarios.recourse.Recourse.relax", lambda *_: None)
    found = plan_scenarios(chat(), day(), time_limit=500, compare=False)

    assert (found.status, found.stop) == (Status.FEASIBLE, Stop.TIME)


def test_bug_programs_of_the_end_took_no_account_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each had two seconds, twice a scenario: 58 s with twelve scenarios and a limit of 20."""
    given: list[float] = []
    solve = MasterProgram.solve

    def noted(program: MasterProgram, **how: Any) -> Any:
        given.append(how["seconds"])
        return solve(program, **how)

    recourse = Recourse("now", 1, chat(), ())
    search = ScenarioSearch((), [recourse], Budget(500), Asking(0, 0.0, None, 1))
    monkeypatch.setattr(MasterProgram, "solve", noted)

    assert search.least_total([recourse], 0.0) is None
    assert search.least_total([recourse], 0.5) is not None
    assert given == [0.5]


def test_what_is_proven_on_demand_bounds_what_is_left_beside_committed_machines() -> None:
    """A committed machine pays for one machine at most; bounds below nothing say nothing."""
    terms = compile_terms(chat(), day())
    recourse = Recourse("now", 1, chat(), terms)
    assert recourse.bound((0,)) is None
    recourse.ask((0,), Asking(0, 0.0, 10, 1), None)

    assert [recourse.bound((n,)) for n in range(4)] == [20_000_000, 10_000_000, 0, 0]
    recourse.ask_at_committed_prices(Asking(0, 0.0, 10, 1), None)
    assert [recourse.bound((n,)) for n in range(4)] == [20_000_000, 10_000_000, 0, 0]
    assert recourse.least_at_committed == 8_000_000


def test_nothing_to_commit_is_the_average_of_plans() -> None:
    """Each scenario on demand."""
    found = plan_scenarios(chat(), day(commitments=[]), **WORK)

    assert found.cost is not None
    assert found.cost.exact * 24 == (12 * 10 + 11 * 40 + 20) * 10**6
    assert (found.status, found.policies, found.committed) == (Status.OPTIMAL, (), ())


def test_a_dearer_commitment_is_never_made() -> None:
    """Nor one of nothing."""
    terms = [{"name": "dear", "pools": ["a"], "price_per_hour": 10}, {"name": "none", "pools": ["b"], "discount": 0.9}]
    terms[1]["max_instances"] = 0
    found = plan_scenarios(chat(), day(commitments=terms), **WORK)

    assert [row.machines for row in found.committed] == [0, 0]
    assert found.status is Status.OPTIMAL


def test_what_runs_now_is_set_aside() -> None:
    """Machines that run, pinned copies, moves and a horizon change nothing."""
    running: dict[str, Any] = {
        "instances": [{"id": "i", "pool": "a", "removable": False}],
        "placements": [{"component": "chat", "instance": "i", "pinned": True}],
        "objective": {"horizon_hours": 100, "move_cost": 5, "max_moves": 0},
    }
    with_state, without = (plan_scenarios(p, day(), **WORK) for p in (chat(**running), chat()))

    assert with_state.cost == without.cost


def test_moves_between_scenarios_are_counted_and_few() -> None:
    """A copy stays where it is while its machine stands; what stood in a lost zone starts anew."""
    moves = {"cost_per_move": 2.4, "order": "cycle", "round_hours": 24}
    found = plan_scenarios(chat(), day(moves=moves), **WORK)

    assert found.moves is not None
    assert [(step.before, step.after) for step in found.moves.steps] == [
        ("night", "day"),
        ("day", "lost"),
        ("lost", "night"),
    ]
    night, lost, back = found.moves.steps
    assert (night.started, night.stopped) == (3, 0)
    assert back.stopped == 1
    stood = 4 - sum(row.instance.startswith("b/") for row in found.scenarios[1].plan.assignments)  # type: ignore[union-attr]
    assert lost.started == max(0, 2 - stood)
    assert found.moves.moved == 0
    assert found.moves.per_hour == 0


def one_or_four() -> Problem:
    """Machines of one accelerator for $10, of four for $25."""
    types = {
        name: {"accelerator": "L40S", "accelerator_count": count, "vcpus": 64, "memory_gib": 640, "price_per_hour": p}
        for name, count, p in (("one", 1, 10), ("four", 4, 25))
    }
    pools = [{"name": name, "instance_type": name, "zone": "z"} for name in types]
    return chat(instance_types=types, pools=pools)


def test_moves_cost_what_they_say() -> None:
    """Two copies that have to change their type of machine in every round, at 2.40 each in 24 hours."""
    moves = {"cost_per_move": 2.4, "order": "cycle", "round_hours": 24}
    rows = [{"name": "low", "weight": 0.5}, {"name": "high", "weight": 0.5, "factor": 2}]
    found = plan_scenarios(one_or_four(), ScenarioSet(scenarios=rows, moves=moves), **WORK)

    assert found.moves is not None
    assert [step.moved for step in found.moves.steps] == [2, 2]
    assert found.moves.per_hour == 2 * 2 * 100_000
    low = found.scenarios[0]
    assert low.plan is not None
    assert found.cost is not None
    assert found.cost.dollars == 22.5  # without its moves


def test_plans_that_save_moves_cost_what_they_cost() -> None:
    """At 2,400 a move the second plan keeps two machines of 10 and adds two, where one of 25 would do."""
    rows = [{"name": "low", "weight": 0.5}, {"name": "high", "weight": 0.5, "factor": 2}]
    asked = ScenarioSet(scenarios=rows, moves={"cost_per_move": 2400, "order": "sequence"})
    found = plan_scenarios(one_or_four(), asked, **WORK)

    assert found.moves is not None
    assert found.cost is not None
    assert found.bound is not None
    assert (found.moves.moved, [row.cost for row in found.scenarios]) == (0, [20_000_000, 40_000_000])
    assert (found.cost.dollars, found.bound.dollars) == (30, 22.5)
    assert (found.status, found.stop) == (Status.FEASIBLE, Stop.DONE)


def test_an_interrupted_solve_is_the_last_to_save_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Later scenarios keep the plans that they have."""
    solve, calls = placement.solve, []

    def interrupted(*given: Any, **how: Any) -> Any:
        from dataclasses import replace

        calls.append(given)
        return replace(solve(*given, **how), stop=Stop.INTERRUPTED)

    monkeypatch.setattr("placement.scenarios.moves.solve", interrupted)
    rows = [{"name": name, "weight": 0.25, "factor": factor} for name, factor in zip("abcd", (1, 2, 1, 2), strict=True)]
    asked = ScenarioSet(scenarios=rows, moves={"cost_per_move": 2.4, "order": "cycle", "round_hours": 24})
    found = plan_scenarios(one_or_four(), asked, **WORK)

    assert len(calls) == 1
    assert all(row.plan is not None for row in found.scenarios)


def test_arguments_are_checked() -> None:
    """By name."""
    with pytest.raises(UsageError, match=r"scenarios must be a placement\.ScenarioSet"):
        plan_scenarios(chat(), day().to_document())  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="compare must be true or false"):
        plan_scenarios(chat(), day(), compare=1)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="listener must be a function"):
        plan_scenarios(chat(), day(), listener=3)  # type: ignore[arg-type]


def test_a_bound_above_a_plan_is_a_bug_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A solve that claims too much does not pass."""
    solve = placement.solve

    def boastful(*given: Any, **how: Any) -> Any:
        from dataclasses import replace

        found = solve(*given, **how)
        return replace(found, bound=(found.bound or 0) + 10**7)

    monkeypatch.setattr("placement.scenarios.recourse.solve_problem", boastful)
    with pytest.raises(SolverBugError):
        plan_scenarios(chat(), day(), **WORK)
