"""Skew and number of zones inside of a batch, against all of its moments; and transitions that have to keep them."""

from __future__ import annotations

import random
from collections import Counter
from itertools import product
from typing import TYPE_CHECKING

import pytest

from placement.documents.plan import Plan
from placement.fleet_simulator import simulate
from placement.transition import plan_transition, search
from placement.transition.spread import has_zones_inside, skew_inside
from tests.corpus import seeds
from tests.transition.small import fleet, plan
from tests.transition.small_fleet import every_moment
from tests.transition.test_simulator import rules, steps

if TYPE_CHECKING:
    from placement.documents import Problem
    from placement.documents.transition import Transition

ZONES = "xyz"


def test_the_worst_of_all_moments_is_told() -> None:
    """In whatever order copies get ready and drain, between any two ends of up to three zones."""
    rng = random.Random(1)
    for _ in range(3000):
        before, after = (Counter({z: n for z in range(3) if (n := rng.choice((0, 0, 1, 2, 3)))}) for _ in range(2))
        eligible = [z for z in range(3) if rng.random() < 0.8]
        moments = [Counter(moment) for moment in every_moment(_named(before), _named(after))]

        worst = max(
            (m[str(z)] - m[str(y)] for m in moments for z, y in product(range(3), eligible) if z != y), default=0
        )
        assert max(0, skew_inside(before, after, eligible)) == max(0, worst), (before, after, eligible)
        for wanted in range(4):
            holds = all(len(+m) >= min(wanted, m.total()) for m in moments)
            assert has_zones_inside(before, after, wanted) == holds, (before, after, wanted)


def _named(zones: Counter[int]) -> Counter[str]:
    return Counter({str(zone): count for zone, count in zones.items()})


def test_one_zone_that_gains_and_one_that_loses_break_nothing_that_the_ends_keep() -> None:
    """So moves may always be done one after the other, where their ends may stand so."""
    for counts in product(range(4), repeat=6):
        before, after = Counter(dict(enumerate(counts[:3]))), Counter(dict(enumerate(counts[3:])))
        change = [after[z] - before[z] for z in range(3)]
        if sum(n > 0 for n in change) <= 1 and sum(n < 0 for n in change) <= 1:
            ends = max(max(end.values()) - min(end[z] for z in range(3)) for end in (before, after))
            assert skew_inside(before, after, range(3)) <= ends


@seeds(range(4000), 400)
def test_what_keeps_the_rules_at_its_ends_can_be_split_so_that_it_keeps_them_at_each_moment(seeds: range) -> None:
    """One copy a batch, first to the emptiest zone that gains, then from the fullest that loses: no order is lost."""
    for seed in seeds:
        rng = random.Random(seed)
        before, after = (Counter({z: rng.randint(0, 4) for z in range(3)}) for _ in range(2))
        most, wanted = rng.randint(1, 2), rng.randint(0, 3)

        def keeps(zones: Counter[int], most: int = most, wanted: int = wanted) -> bool:
            spread = max(zones[z] for z in range(3)) - min(zones[z] for z in range(3))
            return spread <= most and len(+zones) >= min(wanted, zones.total())

        if keeps(before) and keeps(after):
            for start, goal in ((before, before | after), (after, before | after)):  # backwards from the end
                now = Counter(start)
                while gaining := [z for z in range(3) if now[z] < goal[z]]:
                    now[min(gaining, key=lambda z: now[z])] += 1
                    assert keeps(now), seed


def zoned(now: str, then: str, rule: dict[str, object], *, moved: bool = True) -> tuple[Problem, Plan]:
    """Copies of `a` in zones as the letters say, one machine each, and the plan, in which all have moved, or none."""
    machines = max(now.count(z) + then.count(z) for z in ZONES)
    every = [{"id": f"{z}{k}", "pool": z} for z in ZONES for k in range(machines)]
    pools = [{"name": z, "instance_type": "m", "zone": z} for z in ZONES]
    rows = [[("a", f"{z}{word[:k].count(z)}", 0) for k, z in enumerate(word)] for word in (now, then)]
    if moved:
        rows[1] = [(name, f"{where[0]}{machines - 1 - int(where[1:])}", k) for name, where, k in rows[1]]
    stays = [row | {"removable": False} for row in every]
    problem = fleet(rows[0], pools, machines=stays, components={"a": {"copies": len(then)} | rule})
    there = plan(rows[1]).model_dump(mode="json")
    there["instances"] = every
    return problem, Plan(**there)


SKEW = {"spread": {"max_skew": 1}}


@pytest.mark.parametrize("by", ["list scheduling", "both", "the program"])
@pytest.mark.parametrize(
    ("now", "then", "rule", "batches"),
    [
        ("xxyz", "xxyz", SKEW, 1),  # in its zone a copy moves freely
        ("xyz", "xyz", SKEW, 1),
        ("xxy", "xyyz", SKEW, 1),
        ("xyz", "xyzxyzxyzxyz", SKEW, 3),  # no zone gets ahead of the others by more than one
        ("xyzxyzxyz", "xyz", SKEW, 2),
        ("xyz", "xyzxyzxyzxyz", {"spread": {"max_skew": 2}}, 2),
        ("", "xyzxyzxyz", SKEW, 1),  # there is nothing yet whose spread could be kept
        ("x", "xyyzz", {"spread": {"min_zones": 3}}, 2),
        ("xyyzz", "x", {"spread": {"min_zones": 3}}, 2),
        ("xyz", "xyzxyz", {"spread": {"min_zones": 3}}, 1),
    ],
)
def test_batches_keep_the_spread_at_each_moment(
    now: str, then: str, rule: dict[str, object], batches: int, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as it takes, where copies get ready in any order; and no fewer do, which is proven."""
    problem, target = zoned(now or then, then, rule)
    if not now:
        problem = problem.model_copy(update={"placements": ()})
    if by == "the program":
        monkeypatch.setattr(search, "_attempts", lambda *_: iter(()))
        monkeypatch.setattr("placement.transition.batch_bound._batches_for_skew", lambda *_: 0)
    found = plan_transition(problem, target, exact=by != "list scheduling")

    if now or by != "the program":  # one batch, and no program, where no copy has to go and no spread be kept
        assert (found.found, found.batches, found.stopovers) == (True, batches, 0)
        assert found.status == "optimal" or by == "list scheduling"
        assert (found.batches_bound or 0) <= batches
        assert simulate(problem, target, found, each_step=True) == ()


@pytest.mark.parametrize(
    ("now", "then", "rule", "batches"),
    [
        ("xyz", "xyzxyzxyzxyz", SKEW, 3),
        ("xyzxyzxyzxyz", "xyz", SKEW, 3),
        ("xy", "xyzz", {"spread": {"min_zones": 3}}, 1),  # the first in z is in the last zone that was missing
        ("xy", "xyyz", {"spread": {"min_zones": 3}}, 2),
    ],
)
def test_the_program_alone_starts_or_stops_copies_batch_by_batch(
    now: str, then: str, rule: dict[str, object], batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where none moves, so that batches have nothing but starts, or nothing but stops."""
    monkeypatch.setattr(search, "_attempts", lambda *_: iter(()))
    monkeypatch.setattr("placement.transition.batch_bound._batches_for_skew", lambda *_: 0)
    found = plan_transition(*zoned(now, then, rule, moved=False))

    assert (found.status, found.batches, found.batches_bound) == ("optimal", batches, batches)


def start(batch: int, *machines: str) -> list[tuple[int, str, str, str]]:
    """Rows of a batch that starts copies of `a`."""
    return [*((batch, "start", "a", machine) for machine in machines), (batch, "wait", "", "")]


@pytest.mark.parametrize(
    ("now", "then", "rule", "broken"),
    [
        ("xyz", "xyzxyzxyz", SKEW, {"max-skew"}),  # x may be ready twice before the others are
        ("xyzxyzxyz", "xyz", SKEW, {"max-skew"}),
        ("x", "xyyzz", {"spread": {"min_zones": 3}}, {"min-zones"}),
        ("xyyzz", "x", {"spread": {"min_zones": 3}}, {"min-zones"}),
        ("xyz", "xyzxyz", SKEW, set()),
        ("xxyz", "xxyz", SKEW, set()),
        ("xxxy", "xxxxyz", SKEW, {"max-skew"}),  # broken before, by 3; it gets no worse than that
        ("xxxy", "xxxyz", SKEW, set()),
    ],
)
def test_the_simulator_looks_inside_of_a_batch(now: str, then: str, rule: dict[str, object], broken: set[str]) -> None:
    """All at once, whose ends keep the rules."""
    problem, target = zoned(now, then, rule)
    starts = [row.instance for row in target.assignments]
    stops = [(1, "stop", "a", row.instance) for row in problem.placements]

    assert rules(problem, target, at_once(starts, stops)) == broken


def at_once(starts: list[str], stops: list[tuple[int, str, str, str]]) -> Transition:
    """One batch."""
    return steps(*start(1, *starts), *stops)
