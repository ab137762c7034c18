"""Diving: what stands keeps every rule, nothing is lost, and where the patterns are clear nothing is left out."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement import Problem
from placement.bounds.patterns.bound import PatternBound
from placement.budget import Budget
from placement.exact import column_generation
from placement.exact.diving import Dive, may_dive
from placement.fleet import Fleet, compile_fleet
from placement.track import Track
from tests.exact.test_neighbourhood import broken_rules
from tests.heuristics.fleets import component, document

if TYPE_CHECKING:
    from placement.heuristics import Sketch
    from tests.reading import Doc


def dive(fleet: Fleet, machines: tuple[int, ...] | None = None, seed: int = 0) -> tuple[Sketch, tuple[int, ...]]:
    """A dive at these machine counts, by default the bound's."""
    budget = Budget()
    bound = PatternBound(fleet, budget)
    bound.run(Track(fleet, budget), nodes=20)
    counts = bound.machines if machines is None else machines
    return Dive(bound.relaxation, bound.patterns, seed).run(counts, budget), counts


def mixed(seed: int) -> list[Doc]:
    """Copies on 1, 2, 4 and 8 accelerators; some need much of the host, so that it binds."""
    rng = random.Random(seed)
    rows = []
    for k in range(rng.randint(3, 12)):
        wide = rng.choice([1, 1, 1, 2, 4, 8])
        memory, vcpus = rng.choice([0, 10, 20, 30, 37.5, 40, 55]), rng.choice([0, 1, 4, 12, 40])
        rows.append(
            component(f"c{k}", rng.randint(1, 6), memory, wide, vcpus=vcpus, memory_gib=rng.choice([0, 16, 90]))
        )
    return rows


@pytest.mark.parametrize("seed", range(12))
def test_what_stands_keeps_every_rule(seed: int) -> None:
    """Held against the check, with as many copies asked for as stand; with those out they are all; quotas are kept."""
    rows = mixed(seed)
    fleet = compile_fleet(Problem(**document(rows)))
    assert may_dive(fleet)
    sketch, machines = dive(fleet, seed=seed)
    used = Counter(machine.pool for machine in sketch.packing.machines)
    assert all(used[p] <= n for p, n in enumerate(machines))
    placed = Counter(seat.component for _, seat in sketch.packing.seats())
    for c in fleet.components:
        assert placed[c.index] + sketch.missing[c.index, None, None] == c.copies
    assert placed, "nothing stands"
    standing = Problem(**document([{**row, "copies": placed[c]} for c, row in enumerate(rows)]))
    assert broken_rules(standing, compile_fleet(standing), sketch.packing) == []


def test_wide_copies_and_what_stands_beside_them() -> None:
    """Two machines are just enough for copies on eight, four and one accelerators: nothing is left out."""
    rows = [component("eight", 2, 40, 8), component("four", 2, 40, 4), component("one", 8, 40)]
    fleet = compile_fleet(Problem(**document(rows)))
    sketch, machines = dive(fleet, machines=(2, 0, 0, 0, 0, 0))
    assert not sketch.missing
    assert len(sketch.packing.machines) == sum(machines) == 2


def test_too_few_machines_leave_copies_out() -> None:
    """Half of what is needed stands on half of the machines."""
    fleet = compile_fleet(Problem(**document([component("one", 32, 40)])))
    sketch, _ = dive(fleet, machines=(1, 0, 0, 0, 0, 0))
    assert sketch.missing == {(0, None, None): 16}


@pytest.mark.parametrize(
    "more", [{"spread": {"max_per_instance": 1}}, {"dedicated": True}, {"shared": False}, {"spread": {"max_skew": 1}}]
)
def test_no_dive_where_copies_have_other_rules(more: dict[str, Any]) -> None:
    """The dive knows none of these rules."""
    row = component("one", 3, 40)
    assert may_dive(compile_fleet(Problem(**document([row]))))
    assert not may_dive(compile_fleet(Problem(**document([{**row, **more}]))))


def test_column_generation_dives(monkeypatch: pytest.MonkeyPatch) -> None:
    """With small fleets let in, its plans pass the check (`solve` verifies) and repeat under a work limit."""
    monkeypatch.setattr(column_generation, "_DIVE_FROM", 0)
    problem = Problem(**document([*mixed(3), component("many", 30, 26.5)]))
    results = [placement.solve(problem, "column-generation", time_limit=None, work=3, seed=1) for _ in range(2)]
    assert results[0].cost is not None
    assert results[0].plan == results[1].plan or results[0].cost == results[1].cost
