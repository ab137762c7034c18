"""Mixes decided one by one: what CP-SAT says of them, what the tree leaves out, and the proofs that come of it."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from placement import Plan, Problem
from placement.bounds.patterns.bound import PatternBound
from placement.bounds.patterns.certificate import Box
from placement.bounds.patterns.history import Verdict
from placement.bounds.patterns.relaxation import relax
from placement.bounds.patterns.tree import Relaxed, Tree
from placement.budget import Budget
from placement.exact.cp_sat import find_plan
from placement.exact.mix_by_mix import MixByMix, anywhere
from placement.exact.slots import most_new_machines
from placement.fleet import Fleet, compile_fleet
from placement.heuristics import solve_greedy
from placement.packing import evaluate
from placement.planner import _packing_of
from placement.track import Track
from tests import brute, strategies

if TYPE_CHECKING:
    from collections.abc import Iterator

WORK = 5_000  # of CP-SAT for one decision


def small_fleets(seeds: range, *, levels: bool = True) -> Iterator[tuple[int, Fleet, int]]:
    """Random problems without running machines, small enough to enumerate, with the ticks of an optimal plan."""
    for seed in seeds:
        problem = strategies.random_problem(random.Random(seed))
        if problem.get("state") or brute.too_big(problem):
            continue
        fleet, best = compile_fleet(Problem(**problem)), brute.cheapest(problem)
        if best is not None and (levels or not fleet.levels) and not any(best.left_out.values()):
            yield seed, fleet, evaluate(fleet, _packing_of(fleet, Plan.model_validate(best.plan))).ticks


def test_a_plan_is_found_at_the_optimum_and_none_below() -> None:
    """Both are decided on random problems, by the plan itself and by a proof."""
    checked = 0
    for seed, fleet, ticks in small_fleets(range(300), levels=False):
        most = most_new_machines(fleet)
        packing, none = find_plan(fleet, most, ticks, budget=Budget(work=WORK))
        assert packing is not None, f"seed {seed}"
        assert evaluate(fleet, packing).ticks == ticks, f"seed {seed}"
        assert not none
        assert find_plan(fleet, most, ticks - 1, budget=Budget(work=WORK)) == (None, True), f"seed {seed}"
        checked += 1
    assert checked > 20


def test_small_fleets_are_proven() -> None:
    """Bounds are never above the optimum, and with mixes one by one they nearly always meet it."""
    proven = tried = 0
    for seed, fleet, ticks in small_fleets(range(2000, 2120)):
        budget = Budget(work=100)
        track = Track(fleet, budget)
        solve_greedy(fleet, track, budget=budget)
        if track.best is None:
            continue
        bound = PatternBound(fleet, budget, track.best[1].left_out if fleet.levels else None)
        bound.run(track)
        by_mix = MixByMix(fleet, track, bound, 0, "test")
        by_mix.run(budget)
        if by_mix.possible:
            assert bound.ticks <= ticks <= track.best[1].ticks, f"seed {seed}"
            tried += 1
            proven += track.proved
    assert tried > 10
    assert proven > 0.9 * tried


def apart(zones: tuple[str, ...]) -> Fleet:
    """Two small components that avoid each other, which patterns do not know: one machine for them, then two."""
    component = {"copies": 1, "options": [{"accelerators": 1, "accelerator_memory_gib": 4, "shared": True}]}
    problem = Problem(
        accelerators={"A": {"memory_gib": 10}},
        instance_types={
            "t": {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 8, "price_per_hour": 3}
        },
        pools=[{"name": zone, "instance_type": "t", "zone": zone} for zone in zones],
        components=[{"name": "a", "avoid": ["b"], **component}, {"name": "b", **component}],
    )
    return compile_fleet(problem)


@pytest.mark.parametrize("zones", [("x",), ("x", "y", "z")])
def test_a_mix_without_a_plan_is_ruled_out_wherever_its_machines_stand(zones: tuple[str, ...]) -> None:
    """One machine is ruled out once, not once a zone, and two are proven."""
    fleet, budget = apart(zones), Budget()
    track = Track(fleet, budget)
    solve_greedy(fleet, track, budget=budget)
    bound = PatternBound(fleet, budget)
    bound.run(track)
    assert bound.bound == 3 * 10**6
    by_mix = MixByMix(fleet, track, bound, 0, "test")
    by_mix.run(budget)
    assert track.proved
    assert bound.bound == 6 * 10**6
    assert by_mix.ruled_out == 1


def test_bounds_of_plans_that_leave_copies_out_are_not_touched() -> None:
    """Mixes are decided with all copies placed, which says nothing of plans that leave some out."""
    fleet = apart(("x",))
    components = (fleet.components[0], replace(fleet.components[1], required=0, level=0))
    fleet = replace(fleet, components=components, levels=(0,))
    track = Track(fleet, Budget())
    solve_greedy(fleet, track, budget=Budget())
    assert track.best is not None
    assert track.best[1].left_out == (0,)
    for given, possible in ((None, False), ((1,), False), ((0,), True)):
        assert MixByMix(fleet, track, PatternBound(fleet, Budget(), given), 0, "test").possible == possible


def test_only_machines_of_one_price_may_stand_elsewhere() -> None:
    """A mix is not ruled out with others that cost more."""
    fleet = apart(("x", "y", "z"))
    assert anywhere(fleet, ((0, 1, 2),), (1, 0, 2)) == {3: 3}
    dearer = replace(fleet, pools=(*fleet.pools[:2], replace(fleet.pools[2], price=4 * 10**6)))
    assert anywhere(dearer, ((0, 1, 2),), (1, 0, 2)) == {0: 1, 1: 0, 2: 2}


@pytest.mark.parametrize("seed", range(30))
def test_boxes_after_a_mix_hold_all_but_what_is_ruled_out(seed: int) -> None:
    """Each vector of counts beyond the limits is in just one open box, and none within them is."""
    rng = random.Random(seed)
    relaxation = relax(apart(("x", "y", "z")))
    groups = ((0, 1, 2),) if rng.random() < 0.5 else ((0, 1),)
    fewest, most = (0, 0, 0), tuple(rng.randint(1, 3) for _ in range(3))
    root = Box((*fewest, 0), (*most, sum(most[p] for p in groups[0])))
    whole = Relaxed(0, tuple(float(rng.randint(0, n)) for n in root.most), feasible=True)
    boxes: list[Box] = []

    def solve(box: Box) -> Relaxed:
        boxes.append(box)
        return whole

    tree = Tree(solve, lambda *_: None, relaxation, groups, root, whole)
    tree.step()
    assert tree.done
    limits = {k: rng.randint(0, root.most[k]) for k in rng.sample(range(4), rng.randint(1, 4))}
    assert tree.exclude(limits, Verdict("an engine", 0, lambda: None, "nothing"))
    for counts in itertools.product(*(range(n + 1) for n in most)):
        every = (*counts, sum(counts[p] for p in groups[0]))
        inside = [
            all(low <= n <= high for low, n, high in zip(box.fewest, every, box.most, strict=True)) for box in boxes
        ]
        beyond = any(every[k] > n for k, n in limits.items())
        assert sum(inside) == beyond
