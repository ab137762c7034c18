"""Random fleets and plans of real solvers: no step breaks a rule, the end is the plan, and faults lose nothing."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from placement.documents.transition import Transition, TransitionStep
from placement.fleet_simulator import StepFault, simulate, state_after
from placement.referee import violations
from placement.transition import plan_transition
from tests.corpus import seeds
from tests.transition.fleets import random_case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.documents import Plan, Problem

ALLOWED = ((0, 0), (0, 1000), (1, 0), ("50%", 1))


@seeds(range(400), 6)
def test_no_step_breaks_a_rule(seeds: range) -> None:
    """The simulator agrees after each single step; most draws have an order, and some need to give way."""
    seen: Counter[str] = Counter()
    for seed in seeds:
        case = random_case(seed)
        if case is None:
            continue
        missing, temporary = ALLOWED[seed % 4]
        found = plan_transition(*case, max_unavailable=missing, temporary_instances=temporary, attempts=10, exact=False)
        seen[found.status] += 1
        if found.found:
            seen["moves"] += bool(found.moves)
            seen["gives way"] += bool(found.stopovers) or any(found.unavailable or ())
            assert simulate(*case, found, each_step=True) == ()
            assert (found.batches or 0) >= (found.batches_bound or 0)
        else:
            assert found.reason

    assert seen["moves"] > len(seeds) // 5
    assert seen["infeasible"] > len(seeds) // 40
    assert seen["gives way"] > len(seeds) // 40


@seeds(range(300), 6)
def test_what_no_step_touches_need_not_be_judged(seeds: range) -> None:
    """Orders with a step left out or two exchanged break the same rules as where the whole fleet is looked at."""
    broken: Counter[str] = Counter()
    for seed in seeds:
        case = random_case(seed)
        if case is None:
            continue
        problem, plan = case
        found = plan_transition(problem, plan, max_unavailable=seed % 2, attempts=6, exact=False)
        steps, chance = list(found.steps), random.Random(seed)
        if len(steps) < 2:
            continue
        one, other = chance.sample(range(len(steps)), 2)
        steps[one], steps[other] = steps[other], steps[one]
        del steps[chance.randrange(len(steps))]
        wrong = found.model_copy(update={"steps": tuple(steps)})
        machines = {row.id for row in problem.instances} | {row.id for row in plan.instances}
        everything = machines, {row.name for row in problem.components}
        breaches = simulate(problem, plan, wrong, each_step=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("placement.fleet_simulator.judge._touched", lambda _, whole=everything: whole)
            all_of_it = simulate(problem, plan, wrong, each_step=True)
        told = [(breach.step, breach.rule) for breach in breaches]
        assert told == [(breach.step, breach.rule) for breach in all_of_it], seed
        broken.update(breach.rule for breach in breaches)
    assert len(broken) >= 4


def test_a_batch_takes_no_longer_where_more_runs_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a large fleet a rollout touches little, and Ctrl-C waited for the referee to read all of it at each step."""
    judged: list[int] = []

    def noted(problem: Problem, plan: Plan) -> Any:
        judged.append(len(problem.components) + len(plan.assignments))
        return violations(problem, plan)

    monkeypatch.setattr("placement.fleet_simulator.judge.violations", noted)
    case = next(case for seed in range(100) if (case := random_case(seed)) is not None and case[0].placements)
    problem, plan = case
    name = problem.placements[0].component
    mine = {row.instance for row in problem.placements if row.component == name}
    step = TransitionStep(id=1, batch=1, action="stop", component=name, instance=min(mine), starts_at=0, ends_at=0)
    simulate(problem, plan, Transition(steps=(step,)))
    near = [row for row in problem.placements if row.component == name or row.instance == min(mine)]
    assert 0 < max(judged) <= len(near) + len({row.component for row in near})
    assert len(near) < len(problem.placements)


def faults(step: TransitionStep) -> Iterator[StepFault]:
    """All that may go wrong at a step."""
    if step.action == "start":
        yield StepFault("start", step.id)
    if step.action == "open":
        yield StepFault("open", step.id)
    if step.instance is not None:
        yield StepFault("machine", step.id, step.instance)


def copies(problem: Problem) -> Counter[str]:
    """Copies that run, by component."""
    return Counter(row.component for row in problem.placements)


@seeds(range(200), 6)
def test_after_a_fault_one_can_ask_again_and_nothing_is_lost(seeds: range) -> None:
    """Only what stood on a machine that died is gone; from there the plan is reached, or it is said why not."""
    asked = reached = 0
    for seed in seeds:
        case = random_case(seed)
        if case is None:
            continue
        problem, plan = case
        found = plan_transition(problem, plan, max_unavailable=seed % 2, attempts=6, exact=False)
        steps = random.Random(seed).sample(found.steps, min(4, len(found.steps)))
        for fault in (fault for step in steps for fault in faults(step)):
            state = state_after(problem, plan, found, fault)
            again = plan_transition(state, plan, max_unavailable=seed % 2, attempts=6, exact=False)
            asked += 1
            reached += again.found
            if fault.kind != "machine":
                assert not lost(problem, state, found)
                assert again.found or again.status == "unknown"
            if again.found:
                assert simulate(state, plan, again) == ()

    assert asked > len(seeds)
    assert reached > asked * 9 // 10


def lost(problem: Problem, state: Problem, found: Transition) -> dict[str, int]:
    """Copies that are missing after a fault beyond what may be missing."""
    before, after, allowed = copies(problem), copies(state), found.unavailable or {}
    planned = Counter(copies_at_the_end(problem, found))
    least = {name: min(before[name], planned[name] - allowed.get(name, 0)) for name in before}
    return {
        row.name: after[row.name]
        for row in problem.components
        if row.demand is None and after[row.name] < least.get(row.name, 0)
    }


def copies_at_the_end(problem: Problem, found: Transition) -> Counter[str]:
    """Copies by component when all steps are done."""
    change: Counter[str] = Counter(copies(problem))
    for step in found.steps:
        if step.component is not None:
            change[step.component] += 1 if step.action == "start" else -1
    return change
