"""The count of every rule before a plan is offered: each rule broken on purpose is named, as by the referee."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement import Problem
from placement.compiled.broken_rule import broken_rule
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import Machine, Packing, Seat
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


def _packing(fleet: Fleet, machines: list[Held]) -> Packing:
    pools = {pool.name: pool.index for pool in fleet.pools}
    instances = {f"i-{fleet.pools[one.pool].name}": (one.pool, k) for k, one in enumerate(fleet.instances)}
    index = {component.name: component.index for component in fleet.components}
    found = []
    for name, copies in machines:
        pool, instance = instances[name] if name in instances else (pools[name], None)
        found.append(Machine(pool, instance, tuple(Seat(index[c], 0, on) for c, on in copies)))
    return Packing(tuple(found))
