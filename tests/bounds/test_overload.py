"""Moves off machines that hold more than fits: against enumeration, by hand, and in plans that begin with what runs."""

from __future__ import annotations

import gzip
import itertools
import json
import math
import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement import Problem, Status
from placement.bounds import raise_instant_bounds, why_infeasible
from placement.bounds.moves import least_moves
from placement.bounds.overload import _cheapest_cover, _Kind, overload_moves, overload_ticks, overloads
from placement.bounds.parameters import BOUNDS
from placement.compiled.fleet import compile_fleet
from placement.solving.context import Solve
from tests import brute
from tests.corpus import seeds

if TYPE_CHECKING:
    from tests.parameters import Change

Doc = dict[str, Any]
LI6 = Path(__file__).resolve().parents[3] / "shared" / "published" / "btrplace" / "li6.json.gz"


def crowded(rng: random.Random) -> Doc:
    """Two or three machines, with and without accelerators, and more on them than they have room for, as a rule."""
    devices = rng.choice((0, 0, 1, 2))
    kinds = rng.randint(2, 3)
    components: list[Doc] = []
    for k in range(kinds):
        option: Doc = {"accelerators": 0, "vcpus": rng.randint(1, 6), "memory_gib": rng.choice((0, 1, 2, 3))}
        if devices and rng.random() < 0.7:
            option |= {"accelerators": rng.randint(1, devices), "accelerator_memory_gib": rng.randint(1, 8)}
            option["shared"] = rng.random() < 0.6
        spread = {"max_per_instance": rng.randint(1, 2)} if rng.random() < 0.2 else {}
        components.append(
            {"name": f"c{k}", "copies": 0, **option, "spread": spread, "move_cost": rng.choice((1, 1, 3))}
        )
    instances = [{"id": f"i{k}", "pool": "p"} for k in range(rng.randint(2, 3))]
    placements = []
    for row in instances:
        for _ in range(rng.randint(1, 3)):
            component = rng.choice(components)
            place: Doc = {"component": component["name"], "instance": row["id"]}
            width = component["accelerators"]
            if width and rng.random() < 0.8:
                place["accelerators"] = sorted(rng.sample(range(devices), width))
            placements.append(place)
    for component in components:
        runs = sum(row["component"] == component["name"] for row in placements)
        component["copies"] = max(0, runs + rng.choice((0, 0, 0, -1, 1)))
    machine: Doc = {"vcpus": 10, "memory_gib": 6, "price_per_hour": rng.choice((0, 1))}
    if devices:
        machine |= {"accelerator": "A", "accelerator_count": devices}
    return {
        "accelerators": {"A": {"memory_gib": 10}},
        "instance_types": {"t": machine},
        "pools": [{"name": "p", "instance_type": "t", "zone": "z", "max_instances": 4}],
        "components": components,
        "instances": instances,
        "placements": placements,
    }


@seeds(range(1500), 25)
def test_no_plan_has_fewer_moves(seeds: range) -> None:
    """Nor cheaper ones; and in most of those that are over, the bound on moves alone is met."""
    over = met = 0
    for seed in seeds:
        document = crowded(random.Random(seed))
        fleet = compile_fleet(Problem(**document))
        if not overloads(fleet) or brute.too_big(document):
            continue
        best = brute.cheapest(document)
        if best is None:
            continue
        solve = Solve.of(fleet)
        raise_instant_bounds(solve)
        bound = solve.incumbent.ticks_bound
        assert bound is not None
        assert fleet.cost(bound) <= best.account.cost
        free = document | {"instance_types": {"t": document["instance_types"]["t"] | {"price_per_hour": 0}}}
        free["components"] = [row | {"move_cost": 1} for row in document["components"]]
        fewest = brute.cheapest(free)
        assert fewest is not None
        assert 1_000_000 * (overload_moves(fleet) + sum(least_moves(fleet))) <= fewest.account.cost
        over += 1
        met += 1_000_000 * (overload_moves(fleet) + sum(least_moves(fleet))) == fewest.account.cost
    assert over > len(seeds) / 4
    assert met > 0.7 * over


def machine(*vcpus: int, copies: dict[int, int] | None = None) -> Doc:
    """One machine of ten vCPUs that runs copies of such sizes, and room elsewhere; `copies` wanted, else all."""
    sizes, wanted = sorted(set(vcpus)), copies or {}
    return {
        "instance_types": {"t": {"vcpus": 10, "memory_gib": 100, "price_per_hour": 0}},
        "pools": [{"name": "p", "instance_type": "t", "zone": "z"}],
        "components": [
            {"name": f"v{n}", "copies": wanted.get(n, vcpus.count(n)), "accelerators": 0, "vcpus": n, "move_cost": 2}
            for n in sizes
        ],
        "instances": [{"id": "i", "pool": "p"}],
        "placements": [{"component": f"v{n}", "instance": "i"} for n in vcpus],
    }


@pytest.mark.parametrize(
    ("vcpus", "copies", "least", "leave"),
    [
        ((5, 5), None, 0, []),
        ((6, 5), None, 1, [("v5", 1)]),  # either will do: the smaller
        ((4, 4, 4, 1), None, 1, [("v4", 1)]),
        ((3, 3, 3, 3, 3), None, 2, [("v3", 2)]),
        ((9, 1, 1, 1, 1), None, 1, [("v9", 1)]),  # one large one rather than three small ones
        ((9, 1, 1, 1, 1), {1: 1}, 0, [("v1", 3)]),  # three of the small ones are not wanted any more
    ],
)
def test_by_hand(
    vcpus: tuple[int, ...], copies: dict[int, int] | None, least: int, leave: list[tuple[str, int]]
) -> None:
    """What must leave, and who does."""
    fleet = compile_fleet(Problem(**machine(*vcpus, copies=copies)))

    found = overloads(fleet)

    assert sum(overload.least for overload in found) == least
    assert overload_ticks(fleet) == 2_000_000 * least
    chosen = [(fleet.components[fleet.places[k].component].name, n) for overload in found for k, n in overload.leave]
    assert chosen == leave


@pytest.mark.parametrize(("nodes", "whole"), [(0, False), (1, False), (3, False), (4, True)])
def test_a_search_that_is_cut_short_still_bounds(parameters: Change, nodes: int, *, whole: bool) -> None:
    """By the best single resource; and names nobody who leaves. Three copies leave one by one: four nodes."""
    parameters(BOUNDS.overload, nodes=nodes)

    (found,) = overloads(compile_fleet(Problem(**machine(4, 4, 4, 4, 4))))

    assert (found.least, [n for _, n in found.leave]) == (3, [3] if whole else [])


def covers(rng: random.Random) -> tuple[list[_Kind], tuple[int, ...]]:
    """Up to four kinds of copies, and one to three resources that are over; all together free enough."""
    rows = rng.randint(1, 3)
    kinds = [
        _Kind(10 * k, rng.randint(1, 3), rng.choice((0, 1, 2, 3)), tuple(rng.randint(0, 5) for _ in range(rows)))
        for k in range(rng.randint(1, 4))
    ]
    freed = [sum(kind.copies * kind.frees[r] for kind in kinds) for r in range(rows)]
    return kinds, tuple(rng.randint(0, total) for total in freed)


def test_the_cheapest_cover_is_that_of_all_ways(parameters: Change) -> None:
    """The least weight, then the fewest copies, then those that free least; and cut short, the best single resource's.

    Which is the fractional cover, rounded up: copies one by one, the cheapest for what they free first.
    """
    rng = random.Random(15)
    for _ in range(150):
        kinds, over = covers(rng)
        ways = [
            (sum(n * kind.weight for n, kind in zip(way, kinds, strict=True)), sum(way), freed, way)
            for way in itertools.product(*(range(kind.copies + 1) for kind in kinds))
            for each in [[sum(n * kind.frees[r] for n, kind in zip(way, kinds, strict=True)) for r in range(len(over))]]
            for freed in [sum(each)]
            if all(amount <= free for amount, free in zip(over, each, strict=True))
        ]
        weight, leave = _cheapest_cover(kinds, over)
        taken = dict(leave)
        assert (weight, sum(taken.values())) == min(ways)[:2]
        assert (*min(ways)[:3], tuple(taken.get(kind.place, 0) for kind in kinds)) in ways

        for nodes in range(1, 12):  # cut short with a cover at hand that may not be the cheapest
            parameters(BOUNDS.overload, nodes=nodes)
            assert _cheapest_cover(kinds, over)[0] <= weight
        parameters(BOUNDS.overload, nodes=0)
        assert _cheapest_cover(kinds, over) == (max(map(fractional, range(len(over)), [kinds] * 3, over)), ())
        parameters(BOUNDS.overload, nodes=20_000)


def test_of_equal_copies_the_smallest_leaves() -> None:
    """One of either is enough for the second resource; one frees five of it, the other two in all."""
    large, small = _Kind(7, 1, 1, (0, 5)), _Kind(8, 1, 1, (1, 1))
    assert _cheapest_cover([large, small], (0, 1)) == (1, ((8, 1),))
    assert _cheapest_cover([large, small], (0, 2)) == (1, ((7, 1),))
    large, small = _Kind(7, 2, 1, (0, 5)), _Kind(8, 2, 1, (1, 3))
    assert _cheapest_cover([large, small], (0, 6)) == (2, ((8, 2),))  # eight in all, where one of each frees nine


def fractional(r: int, kinds: list[_Kind], amount: int) -> int:
    """Free so much of one resource by parts of copies."""
    offers = [(Fraction(kind.weight, kind.frees[r]), kind.frees[r]) for kind in kinds for _ in range(kind.copies)
              if kind.frees[r]]  # fmt: skip
    total = Fraction(0)
    for price, free in sorted(offers):
        total += price * min(free, amount)
        amount -= min(free, amount)
    return math.ceil(total)


HALF: Doc = {"shared": True, "accelerator_memory_gib": 1, "accelerator_share": 0.6}
LARGE: Doc = {"shared": True, "accelerator_memory_gib": 6}
OWNER: Doc = {"accelerator_memory_gib": 1}


@pytest.mark.parametrize(
    ("option", "seats", "least"),
    [
        (HALF, [[0], [0]], 1),
        (HALF, [[0], [1]], 0),
        (HALF, [None, None], 0),  # 1.2 of two accelerators
        (HALF, [None] * 4, 1),
        (LARGE, [[1], [1]], 1),
        (LARGE, [[0], [1]], 0),
        (LARGE, [None] * 3, 0),
        (LARGE, [None] * 4, 1),
        (OWNER, [[0], [0], [1], [1]], 2),
        (OWNER, [None] * 3, 1),
        (OWNER, [[0], [1]], 0),
        ({**HALF, "accelerators": 2}, [[0, 1], [0, 1]], 1),
        ({**LARGE, "accelerators": 2}, [None, None], 1),
        ({"accelerators": 0, "memory_gib": 3}, [None] * 3, 1),
        ({"accelerators": 0, "memory_gib": 2731 / 1024}, [None] * 3, 1),  # over by one MiB
        (
            {"accelerators": 0, "memory_gib": 3, "spread": {"max_per_instance": 2}},
            [None] * 3,
            0,
        ),  # `least_moves` has it
        ({"accelerators": 0, "memory_gib": 3, "spread": {"max_per_instance": 3}}, [None] * 3, 1),
        ({"accelerators": 0, "memory_gib": 3, "zones": ["y"]}, [None] * 3, 0),  # none of them can stay
    ],
)
def test_resources_of_a_machine_by_hand(option: Doc, seats: list[list[int] | None], least: int) -> None:
    """Eight GiB and two accelerators of ten GiB; where it is not known who stands on which, they count together."""
    machine = {"vcpus": 9, "memory_gib": 8, "price_per_hour": 0, "accelerator": "A", "accelerator_count": 2}
    places = [{"component": "c", "instance": "i"} | ({"accelerators": on} if on else {}) for on in seats]
    fleet = compile_fleet(
        Problem(
            accelerators={"A": {"memory_gib": 10}},
            instance_types={"t": machine},
            pools=[{"name": zone, "instance_type": "t", "zone": zone} for zone in "zy"],
            components=[{"name": "c", "copies": len(seats), "move_cost": 3, **option}],
            instances=[{"id": "i", "pool": "z"}],
            placements=places,
        )
    )
    assert overload_moves(fleet) == least
    assert overload_ticks(fleet) == fleet.tick_move * 3_000_000 * least
    assert sum(n for overload in overloads(fleet) for _, n in overload.leave) >= least


@pytest.mark.parametrize("sharer", [{"accelerator_memory_gib": 1}, {"accelerator_share": 0.1}])
def test_an_owner_takes_its_accelerator_whole(sharer: Doc) -> None:
    """Two owners fill two accelerators, whoever stands where: a third copy has no memory left, nor any share."""
    machine = {"vcpus": 9, "memory_gib": 8, "price_per_hour": 0, "accelerator": "A", "accelerator_count": 2}
    fleet = compile_fleet(
        Problem(
            accelerators={"A": {"memory_gib": 10}},
            instance_types={"t": machine},
            pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
            components=[
                {"name": "own", "copies": 2, "accelerator_memory_gib": 1},
                {"name": "share", "copies": 1, "shared": True, **sharer},
            ],
            instances=[{"id": "i", "pool": "p"}],
            placements=[{"component": name, "instance": "i"} for name in ("own", "own", "share")],
        )
    )
    assert overload_moves(fleet) == 1


@pytest.mark.parametrize("beside", [[0], [1]])
def test_an_owner_stands_alone(beside: list[int]) -> None:
    """Though memory and share of both would do: one owner leaves rather than two who share."""
    machine = {"vcpus": 9, "memory_gib": 8, "price_per_hour": 0, "accelerator": "A", "accelerator_count": 2}
    rows = [("own", [0]), ("share", beside), ("share", beside)]
    fleet = compile_fleet(
        Problem(
            accelerators={"A": {"memory_gib": 10}},
            instance_types={"t": machine},
            pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
            components=[
                {"name": "own", "copies": 1, "accelerator_memory_gib": 0},
                {"name": "share", "copies": 2, "shared": True},
            ],
            instances=[{"id": "i", "pool": "p"}],
            placements=[{"component": name, "instance": "i", "accelerators": on} for name, on in rows],
        )
    )
    found = [(overload.least, overload.leave) for overload in overloads(fleet)]
    (own,) = [k for k, place in enumerate(fleet.places) if fleet.components[place.component].name == "own"]
    assert found == ([(1, ((own, 1),))] if beside == [0] else [])


def test_plans_begin_with_what_may_stay() -> None:
    """First-fit's first plan moves no more than must be, so it is proven at once."""
    result = placement.solve(Problem(**machine(9, 1, 1, 1, 1)), "auto", time_limit=None, work=1)

    assert (result.status, result.plan.moves, result.plan.bound_by) == (Status.OPTIMAL, 1, "overload")


def test_too_many_to_move_is_said() -> None:
    """How many must, over how many machines, and from where the most."""
    document = machine(3, 3, 3, 3, 3) | {"objective": {"max_moves": 1}}

    assert why_infeasible(compile_fleet(Problem(**document))) == (
        "max_moves is 1, but machines that hold more than they have room for (1) make at least 2 copies move, "
        "2 of them from i"
    )


@pytest.mark.skipif(not LI6.exists(), reason="shared/published/btrplace is not here")
@pytest.mark.slow
def test_btrplace_li6() -> None:
    """5,000 hosts, 30,000 virtual machines: 590 moves, proven."""
    problem = Problem(**json.loads(gzip.decompress(LI6.read_bytes())))

    result = placement.solve(problem, time_limit=None, work=20)  # the first plan takes a few units

    assert (result.status, result.plan.moves, result.plan.bound_by) == (Status.OPTIMAL, 590, "overload")


@pytest.mark.parametrize("known", [{}, {"accelerators": [0, 1]}])  # one place of two copies, or two places
def test_bug_copies_that_are_another_part_s_may_leave_for_nothing(known: Doc) -> None:
    """A part plans one of two copies that stand on its machine, too many for it: the other is no move (fuzzed)."""
    machine = {"vcpus": 0, "memory_gib": 0, "price_per_hour": 1, "accelerator": "A", "accelerator_count": 2}
    fleet = compile_fleet(
        Problem.model_validate(
            {
                "format": "placement/v1",
                "accelerators": {"A": {"memory_gib": 1}},
                "instance_types": {"t": machine},
                "pools": [{"name": "p", "instance_type": "t", "zone": "z"}],
                "components": [{"name": "wide", "accelerators": 2, "copies": 2}],
                "instances": [{"id": "i", "pool": "p"}],
                "placements": [{"component": "wide", "instance": "i", **more} for more in ({}, known)],
                "objective": {"move_cost": 1},
            }
        )
    )
    assert overload_moves(fleet) == 1
    (component,) = fleet.components
    part = replace(fleet, components=(replace(component, copies=1, required=1),), running=(1,))
    assert overload_moves(part) == 0
