"""The count of every rule before a plan is offered: each rule broken on purpose is named, as by the referee."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement import Problem
from placement.compiled.broken_rule import broken_rule
from placement.compiled.fleet import compile_fleet
from placement.compiled.fleet_rules import broken_fleet_rule, broken_fleet_rules
from placement.compiled.packing import Machine, Packing, Seat, machine_price
from placement.compiled.translate import to_plan
from tests.heuristics.fleets import document

if TYPE_CHECKING:
    from placement.compiled.fleet import Fleet


def test_an_accelerator_that_nobody_uses_may_have_less_than_nothing() -> None:
    """More of its memory is reserved than there is: copies on the host alone may stand there all the same."""
    doc = document([{"name": "host", "copies": 1, "accelerators": 0, "vcpus": 1, "memory_gib": 1}])
    doc["instance_types"]["small"]["reserved"] = {"accelerator_memory_gib": 81}
    problem = Problem(**doc)
    fleet = compile_fleet(problem)
    small = next(pool.index for pool in fleet.pools if pool.instance_type == "small")
    packing = Packing((Machine(small, None, (Seat(0, 0, ()),)),))
    assert not placement.verify(problem, to_plan(fleet, packing)).violations
    assert broken_rule(fleet, packing) == ""


PROBLEM: dict[str, Any] = {
    "accelerators": {"A": {"memory_gib": 10}},
    "instance_types": {
        "gpu": {"accelerator": "A", "accelerator_count": 2, "vcpus": 4, "memory_gib": 8, "price_per_hour": 2}
    },
    "pools": [{"name": zone, "instance_type": "gpu", "zone": zone, "max_instances": 2} for zone in "abc"],
}
CPU = {"accelerators": 0, "vcpus": 1}
SHARED = {"shared": True, "accelerator_memory_gib": 5, "accelerator_share": 0.5}
PINNED = {"component": "x", "instance": "i-a", "accelerators": [0], "pinned": True}
Held = tuple[
    str, list[tuple[str, tuple[int, ...]]]
]  # a pool, or the running machine in it, and copies with accelerators


def _x(*machines: str, on: tuple[int, ...] = ()) -> list[Held]:
    """A copy of x on each."""
    return [(name, [("x", on)]) for name in machines]


def _together(*accelerators: tuple[int, ...]) -> list[Held]:
    """Copies of x on one machine."""
    return [("a", [("x", on) for on in accelerators])]


def _spread(**rules: Any) -> dict[str, Any]:
    return {"copies": 4, **CPU, "spread": rules}


@pytest.mark.parametrize(
    ("x", "kept", "broken", "said"),
    [
        ({"copies": 1}, _x("a", on=(1,)), _x("a"), "a copy has accelerators (), it needs 1"),
        ({"copies": 1, "accelerators": 2}, _x("a", on=(0, 1)), _x("a", on=(1, 1)), "a copy has accelerators (1, 1)"),
        ({"copies": 1}, _x("a", on=(1,)), _x("a", on=(2,)), "a copy of x may not stand there"),
        ({"copies": 1, "zones": ["a"], **CPU}, _x("a"), _x("b"), "a copy of x may not stand there"),
        ({"copies": 2, **CPU, "vcpus": 2, "memory_gib": 4}, _together((), ()), None, ""),
        ({"copies": 2, **CPU, "vcpus": 2.001}, _x("a", "a"), _together((), ()), "host vCPUs or memory"),
        ({"copies": 2, **CPU, "memory_gib": 4.001}, _x("a", "a"), _together((), ()), "host vCPUs or memory"),
        ({"copies": 2, **SHARED}, _together((0,), (0,)), None, ""),
        ({"copies": 2}, _together((0,), (1,)), _together((0,), (0,)), "a machine of a: accelerator 0"),
        ({"copies": 2, **SHARED, "accelerator_memory_gib": 5.001}, _together((0,), (1,)), _together((1,), (1,)),
         "a machine of a: accelerator 1"),
        ({"copies": 2, **SHARED, "accelerator_share": 0.501}, _together((0,), (1,)), _together((1,), (1,)),
         "a machine of a: accelerator 1"),
        ({"copies": 2, **CPU, "spread": {"max_per_instance": 1}}, _x("a", "a"), _together((), ()), "2 copies of x"),
        ({"copies": 1, **CPU, "dedicated": True}, _x("a"), [("a", [("x", ()), ("y", ())])], "company of x"),
        ({"copies": 1, **CPU, "avoid": ["y"]}, _x("a"), [("a", [("x", ()), ("y", ())])], "company of x"),
        ({"copies": 2, **CPU}, _x("a", "b"), _x("a"), "x: 1 copies placed"),
        ({"copies": 2, "min_copies": 1, **CPU}, _x("a"), _x("a", "b", "b"), "x: 3 copies placed"),
        ({"demand": 3, "throughput": 1.5, **CPU}, _x("a", "b"), _x("a"), "x: 1 copies placed"),
        ({"demand": 3, "throughput": 3, **CPU}, _x("a", "b"), None, ""),
        (_spread(max_skew=1), _x("a", "a", "b", "c"), _x("a", "a", "b", "b"), "x: zone skew"),
        (_spread(min_zones=3), _x("a", "a", "b", "c"), _x("a", "a", "b", "b"), "x: number of zones"),
        (_spread(min_zones=9) | {"copies": 1}, _x("a"), None, ""),
        (_spread(max_per_zone=2), _x("a", "a", "b", "b"), _x("a", "b", "b", "b"), "x: copies in one zone"),
        ({"copies": 4, **CPU, "min_available_on_zone_loss": 2}, _x("a", "a", "b", "b"), _x("a", "b", "b", "b"),
         "x: zone loss"),
        ({"copies": 4, "min_copies": 0, **CPU, "min_available_on_zone_loss": 2}, [], _x("a", "b"), "x: zone loss"),
        ({"copies": 3, **CPU}, _x("a", "a", "b"), _x("a", "a", "a"), "pool a: 3 machines"),
        ({"copies": 1}, _x("i-a", on=(0,)), _x("i-a", on=(1,)), "x: a pinned copy moved"),
        ({"copies": 2}, _x("i-a", "b", on=(0,)), _x("c", "b", on=(0,)), "x: a pinned copy"),
        ({"copies": 2, **CPU}, [("i-b", [("x", ())]), ("b", [("x", ())])], _x("i-b", "i-b"), "is used twice"),
        ({"copies": 2, **CPU}, _x("i-b", "a"), [("i-b", [("x", ()), ("x", ())])], "is cordoned: new copies of x"),
    ],
)  # fmt: skip
def test_each_rule_is_counted(x: dict[str, Any], kept: list[Held], broken: list[Held] | None, said: str) -> None:
    """At its edge it is kept, beyond it is broken; and so says the referee, which reads the documents."""
    names = {name for name, _ in [*kept, *(broken or [])]}
    running = [{"id": "i-a", "pool": "a"}] if "i-a" in names else []
    placed = [PINNED] if running else []
    if "i-b" in names:
        running, placed = [{"id": "i-b", "pool": "b", "state": "cordoned"}], [{"component": "x", "instance": "i-b"}]
    y = {"name": "y", "copies": 1, "min_copies": 0, **CPU}
    rows = {"components": [{"name": "x", **x}, y], "instances": running, "placements": placed}
    problem = Problem(**PROBLEM, **rows)
    fleet = compile_fleet(problem)
    for machines, words in ((kept, ""), *([] if broken is None else [(broken, said)])):
        packing = _packing(fleet, machines)
        assert words in broken_rule(fleet, packing)
        assert bool(broken_rule(fleet, packing)) is bool(words)
        if words != "" and "used twice" in words:
            continue  # which a plan's document can't say
        violations = placement.verify(problem, to_plan(fleet, packing)).violations
        assert bool(violations) is bool(words), violations


Y: dict[str, Any] = {"name": "y", "copies": 1, "min_copies": 0, **CPU}
X: dict[str, Any] = {"name": "x", "copies": 4, **CPU}


def _limit(price: float = 2, **most: float) -> dict[str, Any]:
    """At 2 dollars for each machine, unless another price is said."""
    pools = [{**pool, "price_per_hour": price} for pool in PROBLEM["pools"]]
    return {"limits": [{"name": "team", "pools": ["a", "b"], **most}], "pools": pools}


def _lost(what: str, floor: int, **more: int) -> dict[str, Any]:
    return {"components": [Y, {**X, f"min_available_on_{what}_loss": floor, **more}]}


def _moves(most: int) -> dict[str, Any]:
    """Two copies of x and one of y run on a machine of pool a."""
    running = {"instances": [{"id": "i-a", "pool": "a"}]}
    return {
        "objective": {"max_moves": most},
        **running,
        "placements": [{"component": c, "instance": "i-a"} for c in "xxy"],
    }


EVEN, FULL = _x("a", "a", "b", "b"), [*_together((), ()), *_x("a", "b")]
BOTH: list[tuple[str, tuple[int, ...]]] = [("x", ()), ("y", ())]
TWO, THREE = _x("a", "b", "c", "c"), _x("a", "b", "b", "c")  # machines of a and b


@pytest.mark.parametrize(
    ("rules", "kept", "broken", "said"),
    [
        (_limit(max_instances=2), TWO, THREE, "limit team allows max_instances 2, the plan has 3"),
        (_limit(max_accelerators=4), TWO, THREE, "limit team allows max_accelerators 4, the plan has 6"),
        (_limit(max_vcpus=8), TWO, THREE, "limit team allows max_vcpus 8, the plan has 12"),
        (_limit(2.05, max_price_per_hour=4.1), TWO, THREE, "team allows max_price_per_hour 4.1, the plan has 6.15"),
        (_lost("pool", 2), EVEN, FULL, "x must keep 2 copies when a pool is lost, the plan keeps 1 of 4"),
        (_lost("pool", 1, min_copies=0), [], _x("a", "a"), "keep 1 copy when a pool is lost, the plan keeps 0 of 2"),
        (_lost("instance", 3), EVEN, FULL, "x must keep 3 copies when an instance is lost, the plan keeps 2 of 4"),
        (_lost("instance", 1, min_copies=0), [], _x("a"), "when an instance is lost, the plan keeps 0 of 1"),
        (_moves(0), [("i-a", [("x", ())] * 2), *_x("b", "b")], _x("i-a", "a", "b", "b"),
         "max_moves is 0, the plan has 1 move"),
        (_moves(1), [("i-a", BOTH), *THREE[1:]], [*_x("i-a", "b", "b"), ("c", BOTH)],
         "max_moves is 1, the plan has 2 moves"),
    ],
)  # fmt: skip
def test_each_rule_over_the_whole_plan_is_counted(
    rules: dict[str, Any], kept: list[Held], broken: list[Held], said: str
) -> None:
    """At its edge it is kept, beyond it is broken, alone and with its figures; and so says the referee."""
    problem = Problem(**{**PROBLEM, "components": [Y, X], **rules})
    fleet = compile_fleet(problem)
    for machines, words in ((kept, ""), (broken, said)):
        packing = _packing(fleet, machines)
        assert words in broken_fleet_rule(fleet, packing)
        assert broken_rule(fleet, packing) == broken_fleet_rule(fleet, packing)
        violations = placement.verify(problem, to_plan(fleet, packing)).violations
        assert len(violations) == len(list(broken_fleet_rules(fleet, packing))) == bool(words)


@pytest.mark.parametrize(
    ("paid", "price"),
    [
        ({"instances": 1}, 6),  # the dearest first
        ({"instances": 2}, 4),
        ({"instances": 9}, 2),
        ({"price_per_hour": 3.5}, 7.5),
        ({"price_per_hour": 100}, 2),
    ],
)
def test_machines_that_are_paid_for_already_cost_nothing(paid: dict[str, float], price: float) -> None:
    """Of a and c, where a machine costs 2 and 5; one of b costs 2 as well. The referee's word is beside it."""
    pools = [*PROBLEM["pools"][:2], {**PROBLEM["pools"][2], "price_per_hour": 5}]
    rows = {"pools": pools, "commitments": [{"name": "k", "pools": ["a", "c"], **paid}]}
    problem = Problem(**PROBLEM | rows, components=[X])
    fleet = compile_fleet(problem)
    packing = _packing(fleet, _x("a", "a", "b", "c"))
    assert placement.verify(problem, to_plan(fleet, packing)).price_per_hour == round(price * 10**6)
    assert machine_price(fleet, packing) == round(price * 10**6)


def _packing(fleet: Fleet, machines: list[Held]) -> Packing:
    pools = {pool.name: pool.index for pool in fleet.pools}
    instances = {f"i-{fleet.pools[one.pool].name}": (one.pool, k) for k, one in enumerate(fleet.instances)}
    index = {component.name: component.index for component in fleet.components}
    found = []
    for name, copies in machines:
        pool, instance = instances[name] if name in instances else (pools[name], None)
        found.append(Machine(pool, instance, tuple(Seat(index[c], 0, on) for c, on in copies)))
    return Packing(tuple(found))
