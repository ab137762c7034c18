"""Transitions of small fleets against trying everything: the best order, that there is none, and each step."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from placement.transition import Durations, plan_transition, search
from tests.corpus import seeds
from tests.transition.every_fleet import full_fleet, ruled_fleet
from tests.transition.every_order import EveryOrder
from tests.transition.small_fleet import Copies, Copy, SmallFleet

if TYPE_CHECKING:
    from placement.documents.transition import Transition
    from tests.transition.every_fleet import Case

MOST_LEAVING = 3  # copies that have to go: beyond, trying everything takes seconds
MOST_MOMENTS = 6_000


def first_fault(case: Case, found: Transition, missing: int) -> str:
    """The first step that breaks a rule, by the rules of `SmallFleet`; empty where none does."""
    fleet = SmallFleet(case.doc, case.then, case.planned, missing)
    copies: Copies = Counter(fleet.now)
    machines, starting, batch = set(fleet.instances), 0, 1
    for step in found.steps:
        if step.batch != batch and not (fleet.may_end(copies) and not starting):
            return f"batch {batch} ends badly"
        batch = step.batch
        name = step.instance or ""
        copy = Copy(step.component or "", step.option or 0, name, tuple(step.accelerators or ()))
        if step.action == "open":
            fleet.pool_of[name] = step.pool or ""
            wrong = not fleet.may_open(machines, step.pool or "")
            machines.add(name)
        elif step.action == "close":
            wrong = any(other.machine == name for other in copies)
            machines.remove(name)
        elif step.action == "start":
            wrong = name not in machines or not fleet.fits(copies, copy)
            copies[copy] += 1
            starting += 1
        elif step.action == "wait":
            wrong, starting = False, 0
        else:
            wrong = starting > 0 or not copies[copy]
            copies -= Counter([copy])
            wrong = wrong or not fleet.is_enough(copies, copy.component)
        if wrong:
            return f"step {step.id}"
    return "" if copies == case.then and fleet.may_end(copies) else "the end is not the plan"


@pytest.mark.parametrize("scheduling", [True, False], ids=["with list scheduling", "by the program alone"])
@seeds(range(600), 60)
def test_the_best_order_is_that_of_trying_everything(
    seeds: range, scheduling: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No bound is above it, what is called optimal is it, and what is called infeasible has no order at all."""
    if not scheduling:
        monkeypatch.setattr(search, "_attempts", lambda *_: iter(()))
    seen: Counter[str] = Counter()
    for seed in seeds:
        rng = random.Random(seed)
        case = rng.choice((full_fleet, ruled_fleet))(rng)
        if case is None:
            continue
        missing, temporary, opening = rng.choice((0, 0, 0, 1)), rng.choice((0, 1, 2)), rng.choice((0, 60))
        startup = {row["name"]: rng.choice((10, 42, 300)) for row in case.doc["components"]}
        fleet = SmallFleet(case.doc, case.then, case.planned, missing)
        if (fleet.now - fleet.then).total() > MOST_LEAVING:
            continue
        try:
            best = EveryOrder(fleet, case.planned, temporary=temporary, startup=startup, opening=opening).best(
                MOST_MOMENTS
            )
        except OverflowError:
            continue
        found = plan_transition(
            case.problem,
            case.plan,
            max_unavailable=missing,
            temporary_instances=temporary,
            durations=Durations(startup_of=startup, open=opening),
            attempts=2,
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
