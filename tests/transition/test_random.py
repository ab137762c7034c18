"""Random fleets and plans of real solvers: no step breaks a rule, the end is the plan, and faults lose nothing."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

from placement.fleet_simulator import StepFault, simulate, state_after
from placement.transition import plan_transition
from tests.corpus import seeds
from tests.transition.fleets import random_case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.documents import Problem
    from placement.documents.transition import Transition, TransitionStep

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
