"""Filling accelerators again: rules kept at every step, and nothing lost."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import placement
from placement import Problem
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Machine, Packing, evaluate, machine_price
from placement.heuristics import PartialPacking
from placement.local_search.eliminate import BinElimination
from placement.local_search.refill import Refill
from placement.reductions.required import RequiredAsPlaced
from placement.reductions.subproblem import may_be_freed
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from tests.corpus import broken_rules, plans, seeds
from tests.heuristics.fleets import component, document, suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from placement.heuristics import Missing


def never() -> bool:
    """No limit on time: steps are counted."""
    return False


def held(refill: Refill) -> Counter[int]:
    """Copies by component, in and out."""
    states = refill.states
    found = Counter(states.items[copy.item].component.index for machine in states.machines for copy in machine.copies)
    found.update(seat.component for machine in states.machines for seat in machine.fixed)
    for i, n in states.missing.items():
        found[states.items[i].component.index] += n
    return found


def zones_held(fleet: Fleet, refill: Refill) -> dict[int, list[int]]:
    """Copies by component with zone rules and zone, in and out."""
    found: dict[int, list[int]] = {}
    for machine in refill.states.to_packing().machines:
        for seat in machine.seats:
            if fleet.components[seat.component].has_zone_rules:
                found.setdefault(seat.component, [0] * len(fleet.zones))[fleet.pools[machine.pool].zone] += 1
    for (c, zone, _), n in refill.states.left_out().items():
        if zone is not None:
            found.setdefault(c, [0] * len(fleet.zones))[zone] += n
    return found


def without_some(fleet: Fleet, packing: Packing, rng: random.Random) -> tuple[Packing, Missing]:
    """A packing less some copies that no pin holds, and which those are."""
    pinned = {(place.component, place.option, place.instance) for place in fleet.places if place.pinned}
    missing: Missing = Counter()
    machines = []
    for machine in packing.machines:
        seats = list(machine.seats)
        for seat in machine.seats:
            whole = fleet.components[seat.component]
            here = (seat.component, seat.option, machine.instance)
            if may_be_freed(fleet, machine) and here not in pinned and rng.random() < 0.4:
                seats.remove(seat)
                zone = fleet.pools[machine.pool].zone if whole.has_zone_rules else None
                missing[seat.component, zone, seat.option if whole.demand else None] += 1
        if seats:
            machines.append(Machine(machine.pool, machine.instance, tuple(seats)))
    return Packing(tuple(machines)), missing


@seeds(range(150))
def test_copies_come_back_with_every_rule_kept(seeds: range) -> None:
    """The machines of a plan as quotas, some copies taken out: nothing is lost, and what is complete is checked."""
    complete = 0
    for seed, problem, fleet, packing in plans(seeds):
        rng = random.Random(seed)
        used = Counter(machine.pool for machine in packing.machines)
        narrow = replace(fleet, pools=tuple(replace(pool, max_instances=used[pool.index]) for pool in fleet.pools))
        start, missing = without_some(fleet, packing, rng)
        refill = Refill(narrow, PartialPacking(start, missing), seed)
        wanted = held(refill)
        refill.run(300, never)
        assert held(refill) == wanted == Counter(seat.component for _, seat in packing.seats()), f"seed {seed}"
        counted = {c: counts for c, counts in refill.states.zoned.items() if any(counts)}
        assert counted == {c: counts for c, counts in zones_held(fleet, refill).items() if any(counts)}
        if not refill.states.missing:
            assert broken_rules(problem, fleet, refill.states.to_packing()) == [], f"seed {seed}"
            complete += bool(missing)
    assert complete > 60 * len(seeds) / 150


@seeds(range(90), 8)
def test_closing_machines_never_costs_more_and_keeps_every_rule(seeds: range) -> None:
    """A few tries on each plan, every packing on the way checked; optional copies stay as many as they were."""
    gained = 0
    for seed, problem, fleet, packing in plans(seeds):
        incumbent = Incumbent(fleet, Budget())
        incumbent.offer(packing, "test")
        search = BinElimination(
            RequiredAsPlaced.of(fleet, Solve(fleet, incumbent, Budget()).packing).fleet, packing, seed
        )
        for _ in range(4):
            before = machine_price(fleet, search.packing)
            if search.possible and search.step(never):
                gained += 1
                assert machine_price(fleet, search.packing) < before, f"seed {seed}"
                assert broken_rules(problem, fleet, search.packing) == [], f"seed {seed}"
            assert machine_price(fleet, search.packing) <= before, f"seed {seed}"
        assert evaluate(fleet, search.packing).left_out == evaluate(fleet, packing).left_out
    assert gained > 3 * len(seeds) / 90


def test_a_copy_changes_its_zone_for_room() -> None:
    """Two machines, each in a zone of its own: the pair must be one a zone, and only zone b has room for the rest."""
    rows = [component("pair", 2, 50, spread={"max_skew": 1}), component("a", 1, 40), component("b", 1, 30)]
    rows[1]["zones"], rows[2]["zones"] = ["a"], ["b"]
    problem = Problem(**document(rows))
    fleet = compile_fleet(problem)
    small = {name: next(p.index for p in fleet.pools if p.name == f"small-{name}") for name in "abc"}
    quota = {small["a"]: 1, small["b"]: 1, small["c"]: 1}
    narrow = replace(fleet, pools=tuple(replace(p, max_instances=quota.get(p.index, 0)) for p in fleet.pools))
    missing: Missing = Counter({(0, 0, None): 1, (0, 1, None): 1, (1, None, None): 1, (2, None, None): 1})
    refill = Refill(narrow, PartialPacking(Packing(()), missing), 0)
    assert refill.run(2_000, never)
    assert broken_rules(problem, fleet, refill.states.to_packing()) == []


def test_dedicated_copies_that_are_out_are_worth_their_part_of_a_machine() -> None:
    """Small copies that take a machine each are not what is left out; eight of them on one machine cost an eighth."""
    rows = [component("alone", 3, 1, dedicated=True, spread={"max_per_instance": 1}), component("many", 8, 41)]
    fleet = compile_fleet(Problem(**document([*rows, component("big", 8, 41, dedicated=True)])))
    missing: Missing = Counter({(c, None, None): 1 for c in range(3)})
    narrow = replace(fleet, pools=tuple(replace(p, max_instances=1) for p in fleet.pools))
    alone, _, big = (item.penalty for item in Refill(narrow, PartialPacking(Packing(()), missing), 0).states.items)
    assert alone == pytest.approx(2.0)  # a small machine
    assert big == pytest.approx(1.0)  # eight on a big one


@pytest.mark.slow
def test_a_search_that_goes_back_ends_where_least_was_out() -> None:
    """On three quarters of a plan's machines it goes through worse, and without a way back it may end there."""
    ends = [ends_of(seed) for seed in (1, 2, 3)]
    assert any(end > least + 1e-9 for (end, least), _ in ends)
    assert all(end <= least + 1e-9 for _, (end, least) in ends)


def ends_of(seed: int) -> list[tuple[float, float]]:
    """What is out at the end, and the least on the way, without and with a way back."""
    fleet = compile_fleet(Problem(**suite("shared", 20, seed)))
    packing = placement.solve(Problem(**suite("shared", 20, seed)), "greedy", time_limit=None, work=1).packing
    assert packing is not None
    kept = packing.machines[: 3 * len(packing.machines) // 4]
    used = Counter(machine.pool for machine in kept)
    narrow = replace(fleet, pools=tuple(replace(pool, max_instances=used[pool.index]) for pool in fleet.pools))
    missing: Missing = Counter()
    for machine in packing.machines[len(kept) :]:
        for seat in machine.seats:
            zone = fleet.pools[machine.pool].zone if fleet.components[seat.component].has_zone_rules else None
            missing[seat.component, zone, None] += 1
    ends = []
    for back in (False, True):
        refill = Refill(narrow, PartialPacking(Packing(kept), missing), seed)
        least = worth_out(refill)
        while refill.steps < 3_000:
            refill.run(10_000, never_after(refill, refill.steps + 16), back=back)
            least = min(least, worth_out(refill))
        ends.append((worth_out(refill), least))
    return ends


def worth_out(refill: Refill) -> float:
    """What is out, dollars an hour."""
    return sum(n * refill.states.items[i].penalty for i, n in refill.states.missing.items())


def never_after(refill: Refill, steps: int) -> Callable[[], bool]:
    """A limit on steps."""
    return lambda: refill.steps >= steps


def test_what_is_out_can_be_given_its_worth() -> None:
    """A dollar for each component's copies, instead of their part of a machine."""
    fleet = compile_fleet(Problem(**document([component("a", 2, 30), component("wide", 1, 80, 8)])))
    narrow = replace(fleet, pools=tuple(replace(pool, max_instances=0) for pool in fleet.pools))
    missing: Missing = Counter({(0, None, None): 2, (1, None, None): 1})
    assert worth_out(Refill(fleet, PartialPacking(Packing(()), missing), 0, idle=False, penalties=[1.0, 7.0])) == 9.0
    assert worth_out(Refill(narrow, PartialPacking(Packing(()), missing), 0, idle=False)) != 9.0
