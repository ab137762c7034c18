"""Mixes that are too small: what copies that are out are worth, and machines that mixes grow by."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from placement import Problem
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Machine, Packing, Seat
from placement.heuristics import PartialPacking
from placement.reductions.limits import AtFleetMix
from placement.reductions.required import RequiredAsPlaced
from placement.solvers.column_generation.augmentation import FleetAugmentation
from placement.solvers.column_generation.penalties import left_out_penalties
from placement.solving.context import Solve
from tests.corpus import broken_rules, plans, seeds
from tests.heuristics.fleets import component, document
from tests.local_search.test_refill import without_some

if TYPE_CHECKING:
    from collections.abc import Callable


def two_sizes(*rows: dict[str, Any], most: int | None = None) -> Fleet:
    """Machines of eight accelerators of 80 GiB for 80 dollars, and of one of 24 GiB for one, in one zone."""
    base = document(list(rows))
    large, small = base["instance_types"].values()
    base["accelerators"]["B"] = {"memory_gib": 24}
    small |= {"accelerator": "B", "price_per_hour": 1.0}
    large["price_per_hour"] = 80.0
    base["pools"] = base["pools"][:2]
    if most is not None:
        base["pools"][1]["max_instances"] = most
    return compile_fleet(Problem(**base))


def full(fleet: Fleet) -> PartialPacking:
    """One large machine whose accelerators hold three copies of 24 GiB each; one of 30 GiB is out."""
    seats = tuple(Seat(0, 0, (k,)) for k in range(8) for _ in range(3))
    return PartialPacking(Packing((Machine(0, None, seats),)), Counter({(1, None, None): 1}))


def test_a_small_machine_makes_room_on_a_large_one() -> None:
    """What is out can't stand on it: others move there. Best fit would rent a large one for 80 times the price."""
    fleet = two_sizes(component("a", 24, 24), component("b", 1, 30))
    growth = FleetAugmentation(fleet, [1.0, 2.0])
    found = growth.run((1, 0), full(fleet), Solve.of(fleet), lambda _: True)
    assert not found.missing
    assert Counter(machine.pool for machine in found.packing.machines) == {0: 1, 1: 1}
    assert growth.grown == 1


def test_no_machine_that_does_not_pay_and_none_beyond_quotas() -> None:
    """Then the start is the answer."""
    for fleet, pays in (
        (two_sizes(component("a", 24, 24), component("b", 1, 30)), lambda _: False),
        (two_sizes(component("a", 24, 24), component("b", 1, 30), most=0), lambda machines: machines[0] == 1),
    ):
        start = full(fleet)
        check: Callable[[tuple[int, ...]], bool] = pays
        assert FleetAugmentation(fleet, [0.1, 0.2]).run((1, 0), start, Solve.of(fleet), check) == start


@seeds(range(150))
def test_growing_keeps_every_rule_and_loses_nothing(seeds: range) -> None:
    """Random problems, some copies of a plan taken out and its machines as the mix."""
    grown = complete = 0
    for seed, problem, fleet, packing in plans(seeds, state=False):
        required = RequiredAsPlaced.of(fleet, packing).fleet
        start, missing = without_some(required, packing, random.Random(seed))
        used = Counter(machine.pool for machine in start.machines)
        mix = tuple(used[pool.index] for pool in required.pools)
        growth, wanted = (
            FleetAugmentation(required, left_out_penalties(required)),
            copies(PartialPacking(start, missing)),
        )
        found = growth.run(
            mix, PartialPacking(start, missing), Solve.of(required, seed=seed), lambda _: True, effort=0.1
        )
        assert copies(found) == wanted, f"seed {seed}"
        for pool in required.pools:
            n = sum(machine.pool == pool.index for machine in found.packing.machines)
            assert pool.max_instances is None or n <= pool.max_instances, f"seed {seed}"
        grown += growth.grown
        if not found.missing:
            complete += 1
            assert broken_rules(problem, fleet, found.packing) == [], f"seed {seed}"
    assert grown > 10 * len(seeds) / 150
    assert complete > 40 * len(seeds) / 150


def copies(sketch: PartialPacking) -> Counter[int]:
    """By component, those that are out too."""
    found = Counter(seat.component for _, seat in sketch.packing.seats())
    for (c, _, _), n in sketch.missing.items():
        found[c] += n
    return found


def test_worths() -> None:
    """More for what needs a machine of its own; a copy that stands nowhere has one too."""
    rows = [component("small", 10, 20), component("wide", 1, 80, 8), component("half", 1, 80, 4)]
    small, wide, half = left_out_penalties(two_sizes(*rows))
    assert small < half < wide
    thin = left_out_penalties(two_sizes(component("thin", 1, 1, 8)))[0]
    assert thin > 0.2 * 80.0  # little of a machine, but of none that costs less
    fleet = two_sizes(*rows)
    nowhere = replace(fleet, pools=tuple(replace(pool, max_instances=0) for pool in fleet.pools))
    assert all(penalty > 0 for penalty in left_out_penalties(nowhere))


def test_the_mix_is_the_quota() -> None:
    """For what fills it."""
    fleet = two_sizes(component("a", 24, 20))
    assert [pool.max_instances for pool in AtFleetMix.of(fleet, (3, 0)).fleet.pools] == [3, 0]
