"""Transitions of small fleets against trying everything: the best order, that there is none, and each step."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from placement import Plan, Problem
from placement.transition import Durations, plan_transition, search
from tests.corpus import seeds
from tests.transition.every_fleet import emptied_fleet, full_fleet, ruled_fleet, shape, zoned_fleet
from tests.transition.every_order import EveryOrder
from tests.transition.small_fleet import SmallFleet, Walk

if TYPE_CHECKING:
    from placement.documents.transition import Transition
    from tests.transition.every_fleet import Case

MOST_LEAVING = 3  # copies that have to go: beyond, trying everything takes seconds
MOST_MOMENTS = 6_000
FEW_MOMENTS = 800  # by day: 24 of the 29 seeds that end within 6,000 do; the others take 9 of 10 seconds
BY_DAY = 60  # seeds


def first_fault(case: Case, found: Transition, missing: int) -> str:
    """The first step that breaks a rule, by the rules of `SmallFleet`; empty where none does."""
    fleet = SmallFleet(case.doc, case.then, case.planned, missing)
    walk, batch, began = Walk(fleet), 1, fleet.by_zone(fleet.now)
    for step in found.steps:
        if step.batch != batch:
            if walk.starting or not fleet.may_pass(began, walk.copies):
                return f"batch {batch} ends badly"
            batch, began = step.batch, fleet.by_zone(walk.copies)
        if walk.breaks(step):
            return f"step {step.id}"
    return "" if walk.copies == case.then and fleet.may_pass(began, walk.copies) else "the end is not the plan"


@cache
def draw(seed: int, most: int) -> tuple[Case, int, tuple[int, int] | None, dict[str, Any]] | None:
    """A case, the copies that may be missing, its best order and what else is asked; None where that takes too long."""
    rng = random.Random(seed)
    case = rng.choice((full_fleet, ruled_fleet, zoned_fleet, emptied_fleet))(rng)
    if case is None:
        return None
    missing, temporary, opening = rng.choice((0, 0, 0, 1)), rng.choice((0, 1, 2)), rng.choice((0, 60))
    startup = {row["name"]: rng.choice((10, 42, 300)) for row in case.doc["components"]}
    fleet = SmallFleet(case.doc, case.then, case.planned, missing)
    if (fleet.now - fleet.then).total() > MOST_LEAVING:
        return None
    try:
        best = EveryOrder(fleet, case.planned, temporary=temporary, startup=startup, opening=opening).best(most)
    except OverflowError:
        return None
    wishes = {"temporary_instances": temporary, "durations": Durations(startup_of=startup, open=opening)}
    return case, missing, best, wishes


@pytest.mark.parametrize("scheduling", [True, False], ids=["with list scheduling", "by the program alone"])
@seeds(range(600), BY_DAY)
def test_the_best_order_is_that_of_trying_everything(
    seeds: range, scheduling: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No bound is above it, what is called optimal is it, and what is called infeasible has no order at all."""
    if not scheduling:
        monkeypatch.setattr(search, "_attempts", lambda *_: iter(()))
    seen: Counter[str] = Counter()
    for seed in seeds:
        drawn = draw(seed, MOST_MOMENTS if len(seeds) > BY_DAY else FEW_MOMENTS)
        if drawn is None:
            continue
        case, missing, best, wishes = drawn
        found = plan_transition(
            case.problem,
            case.plan,
            max_unavailable=missing,
            attempts=2,
            **wishes,
        )

        seen[found.status] += 1
        if found.found:
            value = round((found.temporary_hours or 0) * 3600), found.batches
            bound = round((found.temporary_hours_bound or 0) * 3600), found.batches_bound
            assert best is not None, seed
            assert bound <= best <= value, seed
            assert best == value or found.status != "optimal", seed
            assert first_fault(case, found, missing) == "", seed
            seen["rents"] += bool(value[0])
        else:
            assert found.status == "unknown" or best is None, seed

    assert seen["optimal"] > len(seeds) // 4
    assert seen["infeasible"] > len(seeds) // 60
    assert seen["rents"] > len(seeds) // 100


def test_an_empty_machine_may_have_to_close_first() -> None:
    """Two machines at most, one of them empty: it closes, then two copies change places over a new one."""
    doc: dict[str, Any] = {
        "format": "placement/v1",
        "name": "close first",
        "accelerators": {"A": {"memory_gib": 80}},
        "instance_types": {"m": shape(2)},
        "pools": [{"name": name, "instance_type": "m", "zone": "a"} for name in ("p", "q")],
        "limits": [{"name": "team", "pools": ["p", "q"], "max_instances": 2}],
        "components": [{"name": name, "copies": 1, "accelerator_memory_gib": 70} for name in ("c1", "c2")],
        "instances": [{"id": "i-0", "pool": "p"}, {"id": "e-0", "pool": "p", "state": "draining"}],
        "placements": [{"component": f"c{k + 1}", "instance": "i-0", "accelerators": [k]} for k in (0, 1)],
    }
    plan = Plan(
        instances=[{"id": "i-0", "pool": "p", "new": False}, {"id": "q/new-0", "pool": "q", "new": True}],
        assignments=[
            {"component": f"c{k + 1}", "option": 0, "instance": "i-0", "accelerators": [1 - k]} for k in (0, 1)
        ],
    )
    found = plan_transition(Problem(**doc), plan)

    assert (found.status, found.batches, found.batches_bound) == ("optimal", 3, 3)
    assert [step.action for step in found.steps if step.batch == 1] == ["close"]
