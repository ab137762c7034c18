"""Zone totals against every total there is: the computation finds one exactly when one exists, and the cheapest."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Any

import pytest

from placement.compiled import spread
from placement.compiled.spread import keeps_zone_rules, least_total, targets
from tests.corpus import one_by_one
from tests.heuristics.fleets import component, fleet_of

if TYPE_CHECKING:
    from placement.compiled.fleet import FleetComponent

FREE = (99, 99, 99)


def ruled(copies: int, **rules: int) -> FleetComponent:
    spread = {key: n for key, n in rules.items() if key not in ("floor", "required")}
    more: dict[str, Any] = {"spread": spread, "min_available_on_zone_loss": rules.get("floor", 0)}
    return fleet_of([component("a", copies, 10, min_copies=rules.get("required", copies), **more)]).components[0]


def random_rules(rng: random.Random) -> FleetComponent:
    rules = {"max_skew": rng.randint(1, 3), "min_zones": rng.randint(0, 3), "max_per_zone": rng.randint(0, 5)}
    kept = {key: n for key, n in rules.items() if rng.random() < 0.5}
    return ruled(7, floor=rng.choice([0, 0, 1, 2, 3]), **kept)


@one_by_one(range(300), 60)
def test_targets_are_the_cheapest_that_keep_the_rules(seed: int) -> None:
    for draw in range(10):
        _compare(random.Random(f"{seed}-{draw}"))


def _compare(rng: random.Random) -> None:
    row = random_rules(rng)
    counts = [rng.randint(0, 2) for _ in range(3)]
    total = sum(counts) + rng.randint(0, 4)
    free_memory = [rng.choice([0, 1, 3, 9]) + n for n in counts]
    weight = [float(rng.randint(0, 3)) for _ in range(3)]
    every = [
        totals
        for totals in itertools.product(*(range(n, r + 1) for n, r in zip(counts, free_memory, strict=True)))
        if sum(totals) == total and keeps_zone_rules(row, totals)
    ]
    found = targets(row, counts, total, free_memory, weight)
    assert (found is None) == (not every)
    if found is not None:
        assert tuple(found) in every
        cheapest = min(sum(w * n for w, n in zip(weight, totals, strict=True)) for totals in every)
        assert sum(w * n for w, n in zip(weight, found, strict=True)) == cheapest


@one_by_one(range(100), 20)
def test_least_total_is_the_first_that_has_targets(seed: int) -> None:
    rng = random.Random(seed)
    row = random_rules(rng)
    counts = [rng.randint(0, 2) for _ in range(3)]
    start = rng.randint(0, 8)
    totals = range(max(start, sum(counts)), row.copies + 1)
    expected = next((n for n in totals if targets(row, counts, n, FREE, (0.0,) * 3) is not None), None)
    assert least_total(row, counts, start, FREE) == expected


@one_by_one(range(200), 40)
def test_least_total_passes_over_no_total_that_has_targets(seed: int) -> None:
    """Zones with little room and floors of any size; no start, and copies beyond what the zones hold."""
    rng = random.Random(seed)
    for _ in range(5):
        rules = {"max_skew": rng.randint(1, 9), "max_per_zone": rng.randint(0, 12)}
        kept = {key: n for key, n in rules.items() if rng.random() < 0.4}
        floor, required = rng.choice([0, 1, 5, 12]), rng.choice([0, 30])
        row = ruled(30, floor=floor, required=required, min_zones=rng.randint(2, 4), **kept)
        counts = [rng.choice([0, 0, 1, 4]) for _ in range(3)]
        room = rng.choice([None, [rng.choice([0, 1, 3, 7, 99]) for _ in range(3)]])
        start = rng.choice([0, 1, rng.randint(0, 31)])
        totals = range(max(start, sum(counts)), row.copies + 1)
        expected = next((n for n in totals if targets(row, counts, n, room, (0.0,) * 3) is not None), None)
        assert least_total(row, counts, start, room) == expected


def test_least_total_does_not_try_each_of_many_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """A floor of 300,000 was looked for one copy after the other, at each step of a repair."""
    tried: list[int] = []

    def noted(row: FleetComponent, counts: Any, total: int, room: Any, weight: Any) -> list[int] | None:
        tried.append(total)
        return targets(row, counts, total, room, weight)

    monkeypatch.setattr(spread, "targets", noted)
    row = ruled(1_000_000, floor=300_000, required=0)
    assert least_total(row, [0, 0, 0], 1) == 450_000
    assert least_total(row, [0, 0, 0], 1, [1_000_000, 280_000, 10]) is None
    assert least_total(row, [0, 0, 0], 1, [1_000_000, 299_990, 10]) == 599_990
    assert len(tried) == 2


def test_skew_counts_empty_eligible_zones() -> None:
    assert not keeps_zone_rules(ruled(2, max_skew=1), [2, 0, 0])
    assert keeps_zone_rules(ruled(2, max_skew=1), [1, 1, 0])
    assert targets(ruled(6, max_skew=1), [0, 0, 0], 6, FREE, [1.0, 5.0, 9.0]) == [2, 2, 2]


@pytest.mark.parametrize(
    ("rules", "kept", "broken"),
    [
        ({"min_zones": 2}, [2, 1, 0], [3, 0, 0]),
        ({"min_zones": 2}, [1, 0, 0], [2, 0, 0]),  # no more zones than copies
        ({"max_per_zone": 2}, [2, 2, 0], [3, 0, 1]),
        ({"max_skew": 2}, [2, 1, 0], [3, 1, 0]),
        ({"floor": 2}, [2, 2, 0], [3, 1, 0]),
        ({"floor": 1}, [1, 1, 0], [4, 0, 0]),
    ],
)
def test_totals_that_just_keep_a_rule_and_that_just_break_it(
    rules: dict[str, int], kept: list[int], broken: list[int]
) -> None:
    assert keeps_zone_rules(ruled(7, **rules), kept)
    assert not keeps_zone_rules(ruled(7, **rules), broken)


def test_floor_holds_for_no_copies_only_when_none_is_required() -> None:
    assert keeps_zone_rules(ruled(3, floor=1, required=0), [0, 0, 0])
    assert not keeps_zone_rules(ruled(3, floor=1), [0, 0, 0])
    assert least_total(ruled(9, floor=2, required=0), [0, 0, 0], 1, FREE) == 3


def test_components_without_rules_are_not_looked_at() -> None:
    assert not ruled(3).has_zone_rules
    assert [least_total(ruled(3), [1, 1, 0], start) for start in (0, 3, 4)] == [2, 3, None]
    assert ruled(3, max_per_zone=0).has_zone_rules
