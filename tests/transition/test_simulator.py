"""The simulator refuses what is unsafe: one rule broken at a time, by steps written by hand."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from placement import UsageError
from placement.documents import Problem
from placement.documents.plan import Plan
from placement.documents.transition import Transition
from placement.fleet_simulator import StepFault, simulate, state_after
from placement.fleet_simulator.judge import AT_THE_END, ELSEWHERE, LOWER, UPPER
from placement.referee import violations
from placement.referee.verdict import Rule
from tests.transition.small import fleet, plan

Row = tuple[int, str, str, str]  # batch, action, component or pool, machine

NOW = [("a", "i-1", 0)]
THEN = plan([("a", "i-2", 0)])
PAIR: dict[str, Any] = {"machines": ["i-1", "i-2"]}


def steps(*rows: Row, **more: Any) -> Transition:
    """A transition of these steps; all copies stand on accelerator 0."""
    made: list[dict[str, Any]] = []
    for number, (batch, action, name, machine) in enumerate(rows, 1):
        row: dict[str, Any] = {"id": number, "batch": batch, "action": action, "starts_at": 0, "ends_at": 0}
        if action in ("start", "stop"):
            row |= {"component": name, "option": 0, "accelerators": [0]}
        if action in ("open", "close"):
            row |= {"pool": name}
        made.append(row | ({"instance": machine} if machine else {}))
    return Transition(**{"steps": made, **more})


MOVE: tuple[Row, ...] = (
    (1, "start", "a", "i-2"),
    (1, "wait", "", ""),
    (1, "stop", "a", "i-1"),
    (1, "close", "p", "i-1"),
)


def rules(problem: Problem, target: Plan, found: Transition) -> set[str]:
    """The rules that are broken, looked at after each step."""
    return {breach.rule for breach in simulate(problem, target, found, each_step=True)}


def test_a_safe_move_breaks_nothing() -> None:
    """New before old, then the machine goes."""
    assert rules(fleet(NOW, **PAIR), THEN, steps(*MOVE)) == set()


def test_a_batch_takes_two_verdicts_of_the_referee(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is O(copies), which among 11,000 of them is most of what a rollout takes."""
    looks = [0]

    def counted(*given: Any) -> Any:
        looks[0] += 1
        return violations(*given)

    monkeypatch.setattr("placement.fleet_simulator.judge.violations", counted)
    turns = ("i-2", "i-1") * 10
    rows = [
        row
        for k, (new, old) in enumerate(zip(turns, reversed(turns), strict=True), 1)
        for row in ((k, "start", "a", new), (k, "wait", "", ""), (k, "stop", "a", old))
    ]
    assert not simulate(fleet(NOW, **PAIR), plan(NOW), steps(*rows, (20, "close", "p", "i-2")))
    assert looks[0] <= 2 * len(turns) + 2


@pytest.mark.parametrize(
    ("rows", "broken"),
    [
        ((MOVE[2], (2, *MOVE[0][1:]), (2, "wait", "", ""), (2, *MOVE[3][1:])), {"available"}),
        ((MOVE[0], MOVE[2], MOVE[1], MOVE[3]), {"order", "step", "available"}),
        ((MOVE[0], MOVE[1], MOVE[3], MOVE[2]), {"step", "order", "listed-instance"}),
        (MOVE[:2], {"end"}),
        (MOVE[:3], {"end"}),
        ((*MOVE, (2, "stop", "a", "i-1")), {"step"}),
        (((1, "start", "a", "i-3"), *MOVE), {"step", "end", "listed-instance"}),
        (((1, "open", "p", "i-3"), *MOVE), {"max-instances", "end"}),
        (((1, "open", "p", "i-2"), *MOVE), {"step"}),
    ],
)
def test_steps_that_are_wrong_are_refused(rows: tuple[Row, ...], broken: set[str]) -> None:
    """Missing copies, wrong orders, machines that are not there, quotas, another end."""
    found = rules(fleet(NOW, **PAIR), THEN, steps(*rows))

    assert found
    assert found <= broken
    assert found & broken


def test_the_last_copies_of_a_component_may_go_whatever_a_loss_is_to_leave() -> None:
    """The plan has none of it, so one of them is the last; a component that stays keeps its rule."""
    now = [("b", "i-1", 0), ("b", "i-2", 0), ("a", "i-2", 1)]
    more: dict[str, Any] = {**PAIR, "accelerators": 2}
    rule = {"min_available_on_instance_loss": 1}
    ending = fleet(now, components={"b": {"copies": 0, **rule}}, **more)
    staying = fleet(now, components={"b": rule}, **more)
    rows = ((1, "stop", "b", "i-1"), (2, "stop", "b", "i-2"))
    machines: Any = [{"id": name, "pool": "p"} for name in ("i-1", "i-2")]
    kept: Any = [{"component": "a", "instance": "i-2", "accelerators": [1]}]
    one: Any = [*kept, {"component": "b", "instance": "i-2", "accelerators": [0]}]

    assert rules(ending, Plan(instances=machines, assignments=kept), steps(*rows)) == set()
    broken = rules(staying, Plan(instances=machines, assignments=one), steps(rows[0]))
    assert broken == {"instance-loss"}


def test_what_may_be_missing_may_be_missing() -> None:
    """As the document says."""
    early = (MOVE[2], (2, *MOVE[0][1:]), (2, "wait", "", ""), (2, *MOVE[3][1:]))

    assert rules(fleet(NOW, **PAIR), THEN, steps(*early, unavailable={"a": 1})) == set()


def test_two_copies_on_one_accelerator() -> None:
    """While a copy drains it takes its room."""
    problem = fleet([("a", "i-1", 0), ("b", "i-2", 0)], **PAIR)
    swap = steps(
        (1, "start", "a", "i-2"), (1, "wait", "", ""), (1, "stop", "a", "i-1"),
        (2, "start", "b", "i-1"), (2, "wait", "", ""), (2, "stop", "b", "i-2"),
    )  # fmt: skip

    assert rules(problem, plan([("a", "i-2", 0), ("b", "i-1", 0)]), swap) == {
        "accelerator-owner",
        "accelerator-memory",
    }


def test_nothing_starts_on_a_machine_that_drains() -> None:
    """Although its copies may stay until they go."""
    machines = ["i-1", {"id": "i-2", "pool": "p", "state": "draining"}]
    there = steps(
        *MOVE[:3], (2, "start", "a", "i-1"), (2, "wait", "", ""), (2, "stop", "a", "i-2"), (2, "close", "p", "i-2")
    )

    assert rules(fleet(NOW, machines=machines), plan(NOW), there) == {"step"}


def test_company_losses_and_spread() -> None:
    """Rules that hold before hold at every moment, spread at the end of each batch."""
    pools = [{"name": "p", "instance_type": "m", "zone": "z"}, {"name": "q", "instance_type": "m", "zone": "y"}]
    machines = [{"id": "i-1", "pool": "p"}, {"id": "i-2", "pool": "q"}, {"id": "i-3", "pool": "p"}]
    rule = {"a": {"min_available_on_zone_loss": 1, "spread": {"max_skew": 1, "min_zones": 2}}}
    now = [("a", "i-1", 0), ("a", "i-2", 0)]
    problem = fleet(now, pools, machines=machines, components=rule)
    same = plan(now, {"i-2": "q"}).model_dump(mode="json")
    same["instances"].append({"id": "i-3", "pool": "p"})
    both_in_z = [(1, "start", "a", "i-3"), (1, "wait", "", ""), (1, "stop", "a", "i-2")]
    back = [(2, "start", "a", "i-2"), (2, "wait", "", ""), (2, "stop", "a", "i-3")]

    assert rules(problem, Plan(**same), steps(*both_in_z, *back)) == {"zone-loss", "max-skew", "min-zones"}


def test_a_machine_that_is_too_full_gets_no_fuller() -> None:
    """Its rule is broken before, so the rule alone would say nothing."""
    document = fleet([("a", "i-1", 0), ("b", "i-1", 0), ("c", "i-2", 0)], **PAIR).to_document()
    for row in document["components"]:
        row |= {"shared": True, "accelerator_memory_gib": 50}
    problem = Problem(**document)
    there = steps((1, "start", "c", "i-1"), (1, "wait", "", ""), (1, "stop", "c", "i-2"))
    broken = simulate(problem, plan([("a", "i-1", 0), ("b", "i-1", 0), ("c", "i-1", 0)]), there)

    assert "i-1 accelerator 0 is fuller than it may be, and got fuller than it was" in {b.message for b in broken}


def test_what_a_fault_leaves() -> None:
    """A copy that does not start, a machine that does not come or dies: what runs then, as a problem."""
    problem = fleet(NOW, [{"name": "p", "instance_type": "m", "zone": "z"}])
    target = plan([("a", "p/new-1", 0)])
    rows = ((1, "open", "p", "p/new-1"), (1, "start", "a", "p/new-1"), *MOVE[1:])
    found = steps(*rows)

    def left(fault: StepFault) -> tuple[list[str], list[str]]:
        state = state_after(problem, target, found, fault)
        return [row.id for row in state.instances], [row.instance for row in state.placements]

    assert left(StepFault("open", 1)) == (["i-1"], ["i-1"])
    assert left(StepFault("start", 2)) == (["i-1", "p/new-1"], ["i-1"])
    assert left(StepFault("machine", 2, "p/new-1")) == (["i-1"], ["i-1"])
    assert left(StepFault("machine", 4, "p/new-1")) == (["i-1"], [])
    with pytest.raises(UsageError, match=r"fault\.step must be the id of a step of the transition, got 9"):
        left(StepFault("start", 9))
    with pytest.raises(UsageError, match=r"fault\.kind must be open or machine, as step 1 is to open"):
        left(StepFault("start", 1))
    with pytest.raises(UsageError, match=r"fault\.kind must be machine, got"):
        left(StepFault("open", 3))
    for machine in ("p/new-2", ""):
        with pytest.raises(UsageError, match=rf'fault\.machine must be .* came by step 2 \(.+\), got "{machine}"'):
            left(StepFault("machine", 2, machine))
    assert left(StepFault("machine", 5, "i-1")) == (["p/new-1"], ["p/new-1"])  # it is gone already


def test_arguments_of_another_type() -> None:
    """Each is named, with what it should be."""
    good = (fleet(NOW, **PAIR), THEN, steps(*MOVE), StepFault("start", 1))
    for number, name in enumerate(("problem", "plan", "transition", "fault")):
        given: list[Any] = list(good)
        given[number] = 7
        with pytest.raises(UsageError, match=f"{name} must be a .*, got 7"):
            state_after(*given)


def test_every_rule_of_plans_has_its_moment() -> None:
    """A rule that the simulator leaves out is left out on purpose."""
    sets = (UPPER, LOWER, AT_THE_END, ELSEWHERE)
    assert frozenset().union(*sets) == {rule for rule in get_args(Rule) if not rule.startswith("claimed-")}
    assert sum(map(len, sets)) == len(frozenset().union(*sets))
