"""Given copies on given machines: packings keep every rule, and what is called impossible is."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from placement import Problem
from placement.compiled.broken_rule import broken_rule
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Machine, Seat
from placement.compiled.running import Place, RunningInstance
from placement.direct.cp_sat import find_plan
from placement.patterns.enumeration.given_machines import pack_given
from placement.patterns.parameters import PATTERNS
from placement.reductions.given_counts import SomePools
from placement.solving.budget import Budget
from placement.solving.context import Solve
from tests.corpus import seeds

if TYPE_CHECKING:
    from tests.parameters import Change

Doc = dict[str, Any]


def random_part(rng: random.Random) -> tuple[Fleet, dict[int, int]]:
    """A few machines, in one pool or two, and copies that may just fit or just not."""
    accelerators = rng.choice((1, 2, 4, 8))
    problem = Problem(
        accelerators={"A": {"memory_gib": rng.choice((10, 16, 24))}},
        instance_types={
            "t": {
                "accelerator": "A",
                "accelerator_count": accelerators,
                "vcpus": rng.choice((8, 24)),
                "memory_gib": rng.choice((32, 200)),
                "price_per_hour": 3,
            }
        },
        pools=[{"name": f"p{k}", "instance_type": "t", "zone": "z"} for k in range(2)],
        components=[random_component(rng, k, accelerators) for k in range(rng.randint(2, 6))],
    )
    fleet = compile_fleet(problem)
    machines = {p: rng.randint(1, 2) for p in rng.sample(range(2), rng.randint(1, 2))}
    copies = {component.index: component.copies for component in fleet.components}
    return SomePools.of(fleet, machines, copies).fleet, machines


def random_component(rng: random.Random, k: int, accelerators: int) -> Doc:
    """One option or two; shared by memory or by parts, or on accelerators of its own."""
    row: Doc = {"name": f"c{k}", "copies": rng.randint(1, 5), "options": []}
    for _ in range(rng.randint(1, 2)):
        option: Doc = {"vcpus": rng.choice((0, 1, 4)), "memory_gib": rng.choice((0, 4, 9.5))}
        option["accelerators"] = rng.choice([n for n in (0, 1, 1, 1, 2, 4) if n <= accelerators])
        if option["accelerators"]:
            option["accelerator_memory_gib"] = rng.choice((2, 3.5, 5, 7.25, 9))
            option["shared"] = rng.random() < 0.8
            if option["shared"] and rng.random() < 0.2:
                option["accelerator_share"] = rng.choice((0.25, 0.4))
        row["options"].append(option)
    if rng.random() < 0.2:
        row["spread"] = {"max_per_instance": rng.randint(1, 2)}
    if rng.random() < 0.1:
        row["dedicated"] = True
    if k and rng.random() < 0.2:
        row["avoid"] = [f"c{rng.randrange(k)}"]
    return row


@seeds(range(4_000, 4_600), 10)
def test_it_agrees_with_the_direct_model(seeds: range) -> None:
    """A packing where there is one, and none where CP-SAT proves so; both are common."""
    found = none = 0
    for seed in seeds:
        fleet, machines = random_part(random.Random(seed))
        packing, impossible = pack_given(fleet, machines, Budget(work=20))
        assert packing is not None or impossible, f"seed {seed}"
        most = [machines.get(p, 0) for p in range(len(fleet.pools))]
        other, other_none = find_plan(Solve.of(fleet, Budget(work=10)), most, None)
        assert impossible == other_none, f"seed {seed}"
        assert (packing is None) == (other is None), f"seed {seed}"
        if packing is not None:
            assert not broken_rule(fleet, packing), f"seed {seed}"
        found += packing is not None
        none += impossible
    assert min(found, none) > len(seeds) / 10


def test_a_share_that_is_full_leaves_room_for_others_with_fewer_copies() -> None:
    """Two of 0.4 and none of 0.6, or one of each: that three and one fit on two accelerators takes both patterns."""
    memory = {"accelerator_memory_gib": 1, "shared": True}
    problem = Problem(
        accelerators={"A": {"memory_gib": 16}},
        instance_types={
            "t": {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 8, "price_per_hour": 3}
        },
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[
            {"name": "less", "copies": 3, "accelerator_share": 0.4, **memory},
            {"name": "more", "copies": 1, "accelerator_share": 0.6, **memory},
        ],
    )
    fleet = compile_fleet(problem)
    packing, impossible = pack_given(SomePools.of(fleet, {0: 1}, {0: 3, 1: 1}).fleet, {0: 1}, Budget(work=20))
    assert not impossible
    assert packing is not None
    assert not broken_rule(fleet, packing)


def test_a_wide_copy_has_a_pattern_of_its_own_where_two_would_have_room() -> None:
    """By their vCPUs two copies on two accelerators each stand on two machines, though all four would have room."""
    problem = Problem(
        accelerators={"A": {"memory_gib": 16}},
        instance_types={
            "t": {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 8, "price_per_hour": 3}
        },
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[
            {
                "name": "wide",
                "copies": 2,
                "accelerators": 2,
                "accelerator_memory_gib": 1,
                "shared": True,
                "vcpus": 5,
            }
        ],
    )
    fleet = SomePools.of(compile_fleet(problem), {0: 2}, {0: 2}).fleet
    packing, impossible = pack_given(fleet, {0: 2}, Budget(work=20))
    assert not impossible
    assert packing is not None
    assert not broken_rule(fleet, packing)


def test_copies_own_accelerators_beside_one_that_is_shared() -> None:
    """Of three one holds a copy already: two are left for a copy that owns two, and not for a second one."""
    problem = Problem(
        accelerators={"A": {"memory_gib": 16}},
        instance_types={
            "t": {"accelerator": "A", "accelerator_count": 3, "vcpus": 8, "memory_gib": 8, "price_per_hour": 3}
        },
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[
            {"name": "held", "copies": 1, "accelerator_memory_gib": 4, "shared": True},
            {"name": "owner", "copies": 2, "accelerators": 2, "accelerator_memory_gib": 1},
        ],
    )
    held = [Machine(0, None, (Seat(0, 0, (1,)),))]
    for owners, fits in ((1, True), (2, False)):
        fleet = SomePools.of(compile_fleet(problem), {0: 1}, {0: 1, 1: owners}).fleet
        packing, impossible = pack_given(fleet, {0: 1}, Budget(work=20), held)
        assert (packing is not None, impossible) == (fits, not fits)
        assert packing is None or not broken_rule(fleet, packing)


def test_what_a_machine_holds_counts_against_caps() -> None:
    """Of two copies by two options a machine with one takes one more, and not two."""
    problem = Problem(
        instance_types={"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 3}},
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[
            {
                "name": "c",
                "copies": 3,
                "options": [{"accelerators": 0, "vcpus": 1}, {"accelerators": 0, "memory_gib": 1}],
                "spread": {"max_per_instance": 2},
            }
        ],
    )
    for copies, fits in ((2, True), (3, False)):
        fleet = SomePools.of(compile_fleet(problem), {0: 1}, {0: copies}).fleet
        packing, impossible = pack_given(fleet, {0: 1}, Budget(work=20), [Machine(0, None, (Seat(0, 0, ()),))])
        assert (packing is not None, impossible) == (fits, not fits)


def test_too_many_patterns_are_not_decided(parameters: Change) -> None:
    """Neither a packing nor a proof, where patterns are more than the limit."""
    fleet, machines = random_part(random.Random(4_003))
    parameters(PATTERNS.given_machines, most_patterns=0)
    assert pack_given(fleet, machines, Budget(work=20)) == (None, False)


@seeds(range(5_000, 5_400), 13)
def test_copies_that_are_held_stay_where_they_are(seeds: range) -> None:
    """Around some of a packing's copies the others find room again; and none is found where what is held is in the way.

    What is in the way comes from a packing of fewer copies; the direct model, with these pinned, has no plan either.
    """
    around = none = 0
    for seed in seeds:
        rng = random.Random(seed)
        fleet, machines = random_part(rng)
        packing, _ = pack_given(fleet, machines, Budget(work=20))
        some = rng.random() < 0.5
        if packing is None or not some:
            fewer = {c.index: rng.randint(0, c.copies) for c in fleet.components}
            packing, _ = pack_given(SomePools.of(fleet, machines, fewer).fleet, machines, Budget(work=20))
        if packing is None:
            continue
        held = [part for machine in packing.machines if (part := drawn(rng, machine)) is not None]
        found, impossible = pack_given(fleet, machines, Budget(work=20), held)
        if found is not None:
            assert not broken_rule(fleet, found), f"seed {seed}"
            assert Counter(found.machines[k].pool for k in range(len(held))) == Counter(part.pool for part in held)
            for part, machine in zip(held, found.machines, strict=False):
                assert Counter(part.seats) <= Counter(machine.seats), f"seed {seed}"
            around += 1
        elif impossible:
            pinned = with_pinned(fleet, machines, held)
            there = Counter(part.pool for part in held)
            most = [machines.get(p, 0) - there[p] for p in range(len(fleet.pools))]
            other, other_none = find_plan(Solve.of(pinned, Budget(work=10)), most, None)
            assert other is None, f"seed {seed}"
            assert other_none, f"seed {seed}"
            none += 1
    assert around > len(seeds) / 5
    assert none > len(seeds) / 20


def drawn(rng: random.Random, machine: Machine) -> Machine | None:
    """Some of a machine's copies; None if that is none."""
    seats = tuple(seat for seat in machine.seats if rng.random() < 0.6)
    return Machine(machine.pool, None, seats) if seats else None


def with_pinned(fleet: Fleet, machines: dict[int, int], held: list[Machine]) -> Fleet:
    """The fleet where what is held runs, and stays."""
    instances = tuple(
        RunningInstance(k, f"i{k}", part.pool, False, True, dict(Counter(seat.component for seat in part.seats)))
        for k, part in enumerate(held)
    )
    places = tuple(
        Place(seat.component, seat.option, k, seat.accelerators, n, n)
        for k, part in enumerate(held)
        for seat, n in Counter(part.seats).items()
    )
    running = Counter(seat.component for part in held for seat in part.seats)
    return replace(fleet, instances=instances, places=places, running=tuple(running[c.index] for c in fleet.components))
