"""What is said of the platform's packing is true: proofs against everything that it could do, by brute force."""

from __future__ import annotations

import random
from functools import cache

from placement.integrations.sagemaker.packing import (
    READINGS,
    Amounts,
    Demand,
    Machines,
    fit,
    fits_in_any_order,
    simulate,
)
from tests.corpus import seeds

ROOM = Amounts(8, 96_000, 1_000)


def demand(name: str, copies: int, accelerators: int, memory: int = 1, **more: object) -> Demand:
    """Copies on the one type of machine."""
    return Demand(name, copies, {"kind": Amounts(accelerators, 0, memory)}, **more)  # type: ignore[arg-type]


def machines(count: int, room: Amounts = ROOM) -> Machines:
    """Alike machines."""
    return (("kind", room),) * count


def always_fits(count: int, room: Amounts, demands: list[Demand]) -> bool:
    """Whether no order and no choice of machines ever leaves a copy without room: every state is visited."""
    needs = [each.needs["kind"] for each in demands]

    @cache
    def safe(left: tuple[int, ...], free: tuple[Amounts, ...]) -> bool:
        for index, number in enumerate(left):
            if not number:
                continue
            able = [m for m in range(count) if needs[index].fit_in(free[m])]
            if not able:
                return False
            rest = tuple(n - (i == index) for i, n in enumerate(left))
            for m in able:
                after = tuple(room.less(needs[index]) if k == m else room for k, room in enumerate(free))
                if not safe(rest, tuple(sorted(after))):
                    return False
        return True

    return safe(tuple(each.copies for each in demands), (room,) * count)


@seeds(range(1500), 50)
def test_a_proof_holds_whatever_the_platform_does(seeds: range) -> None:
    """No false proof; and proofs are found in most cases where there is nothing to fear."""
    proved = true = 0
    for seed in seeds:
        rng = random.Random(seed)
        room = Amounts(rng.choice((4, 8)), 10_000, rng.randint(4, 12))
        count = rng.randint(1, 3)
        demands = [
            demand(f"c{index}", rng.randint(1, 4), rng.choice((0, 1, 1, 2, 4)), rng.randint(1, 4))
            for index in range(rng.randint(1, 3))
        ]
        safe = always_fits(count, room, demands)
        claimed = fits_in_any_order(machines(count, room), demands)
        assert not claimed or safe, seed
        proved, true = proved + claimed, true + safe

    assert true > len(seeds) / 5
    assert proved > true / 2


@seeds(range(600), 20)
def test_what_is_proved_is_simulated_too(seeds: range) -> None:
    """Each reading of the rules is one thing that the platform could do."""
    for seed in seeds:
        rng = random.Random(seed)
        demands = [
            demand(f"c{index}", rng.randint(0, 6), rng.choice((1, 2, 4)), strategy=rng.choice(("SPREAD", "BINPACK")))
            for index in range(rng.randint(1, 4))
        ]
        if fits_in_any_order(machines(3), demands):
            assert [simulate(machines(3), demands, reading) for reading in READINGS] == [""] * len(READINGS)


def test_strengths() -> None:
    """Proved; fits in the order of the calls alone; does not fit, with the copy."""
    pairs = demand("pair", 7, 2)
    assert fit(machines(2), [pairs, demand("single", 1, 1)]).strength == "any order"
    simulated = fit(machines(2), [pairs, demand("single", 2, 1)])
    assert (simulated.strength, simulated.reason) == (
        "simulated",
        "fits in the order of the calls, by each of 3 readings of the rules",
    )
    spread = fit(machines(2), [demand("single", 2, 1, strategy="SPREAD"), pairs])
    assert spread.strength == "no"
    assert spread.reason.startswith("copy 7 of 7 of pair finds no machine with room (read as: evenly by component")
    assert fit(machines(1), [demand("big", 1, 9)]).reason.startswith("copy 1 of 1 of big finds no machine with room")
    assert fit((), []).strength == "any order"


def test_readings_differ() -> None:
    """An even spread goes elsewhere when copies of other components count, and when nothing breaks a tie."""
    first, second = demand("a", 1, 1), demand("b", 1, 6, strategy="SPREAD")
    third = demand("c", 1, 3)
    results = {name: simulate(machines(2), [first, second, third], name) for name in READINGS}

    assert results == {
        "evenly by component; fullest machine first": "",
        "evenly by all copies; most copies first": "",
        "machine after machine": "",
    }
    tight = demand("d", 1, 8)
    by_all = {name: simulate(machines(2), [first, second, tight], name) for name in READINGS}
    assert [name for name, problem in by_all.items() if not problem] == ["machine after machine"]


def test_what_the_platform_can_not_be_told() -> None:
    """Components that avoid each other or want a machine alone; and most copies a machine."""
    lonely = fit(machines(2), [demand("a", 1, 1, alone=True), demand("b", 1, 1)])
    assert (lonely.strength, lonely.reason) == (
        "no",
        "a and b must not share a machine, which the platform can't be told",
    )
    assert fit(machines(2), [demand("a", 2, 1, alone=True)]).strength == "any order"
    avoiding = [demand("a", 1, 1, avoids=frozenset({"b"})), demand("b", 1, 1, avoids=frozenset({"a"}))]
    assert fit(machines(2), avoiding).strength == "no"
    assert fit(machines(2), [avoiding[0], demand("b", 0, 1)]).strength == "any order"

    packed = fit(machines(2), [demand("a", 4, 1, most_per_machine=2)])
    assert packed.reason.startswith("4 copies of a stand on one machine, at most 2 may")
    assert fit(machines(2), [demand("a", 4, 1, most_per_machine=2, strategy="SPREAD")]).strength == "simulated"


def test_machines_of_several_types() -> None:
    """The platform chooses the type; a copy goes where it has an option."""
    mixed: Machines = (("a", Amounts(4, 1000, 1000)), ("b", Amounts(1, 1000, 1000)))
    both = Demand("x", 3, {"a": Amounts(2, 0, 1), "b": Amounts(1, 0, 1)})

    assert fit(mixed, [both]).strength == "simulated"
    assert fit(mixed, [Demand("x", 3, {"a": Amounts(2, 0, 1)})]).strength == "no"
