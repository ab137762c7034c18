"""The referee inside: each rule broken on purpose is named, and price, moves and cost are counted right."""

from __future__ import annotations

import re
import sys
from types import FunctionType, ModuleType
from typing import Any, get_args

import pytest

import placement
from placement.documents import Problem
from placement.documents.plan import Plan
from placement.referee import Rule, Verdict, Violation, cost, refused, verify, violations
from tests.documents.test_documents import GONE, changed
from tests.referee import referee_check

Doc = dict[str, Any]
Edits = dict[str, Any]

PROBLEM: Doc = {
    "format": "placement/v1",
    "accelerators": {"A": {"memory_gib": 40}},
    "instance_types": {
        "gpu": {
            "accelerator": "A",
            "accelerator_count": 4,
            "vcpus": 16,
            "memory_gib": 64,
            "price_per_hour": 4,
            "reserved": {"vcpus": 1, "memory_gib": 2, "accelerator_memory_gib": 1},
        },
        "cpu": {"vcpus": 8, "memory_gib": 16, "price_per_hour": 0.5},
    },
    "pools": [
        {"name": "ga", "instance_type": "gpu", "zone": "a", "max_instances": 2},
        {"name": "gb", "instance_type": "gpu", "zone": "b", "max_instances": 3, "price_per_hour": 3.5},
        {"name": "gc", "instance_type": "gpu", "zone": "c"},
        {"name": "ca", "instance_type": "cpu", "zone": "a", "min_instances": 3},
    ],
    "components": [
        {
            "name": "web",
            "copies": 4,
            "options": [
                {"shared": True, "accelerator_memory_gib": 13, "accelerator_share": 0.4, "vcpus": 4, "memory_gib": 16},
                {"name": "wide", "accelerators": 2, "shared": True, "accelerator_memory_gib": 7, "on": ["A"]},
            ],
            "zones": ["a", "b", "c"],
            "spread": {"max_skew": 1, "min_zones": 3, "max_per_zone": 2, "max_per_instance": 2},
            "min_available_on_zone_loss": 2,
        },
        {"name": "solo", "copies": 1, "accelerator_memory_gib": 39, "vcpus": 2, "move_cost": 0.5},
        {"name": "lone", "copies": 1, "accelerators": 0, "vcpus": 1, "dedicated": True, "instance_types": ["cpu"]},
        {"name": "foe", "copies": 3, "min_copies": 1, "priority": 2, "accelerators": 0, "avoid": ["web", "group:x"]},
        {"name": "line", "demand": 5, "throughput": 2.5, "accelerators": 0, "vcpus": 2, "groups": ["x"]},
    ],
    "instances": [
        {"id": "i-1", "pool": "ga", "removable": False},
        {"id": "i-2", "pool": "gb", "state": "cordoned"},
        {"id": "i-3", "pool": "gb", "state": "draining"},
    ],
    "placements": [
        {"component": "web", "instance": "i-1", "accelerators": [0], "pinned": True},
        {"component": "web", "instance": "i-2", "accelerators": [1]},
        {"component": "solo", "instance": "i-2"},
        {"component": "web", "instance": "i-3", "accelerators": [3]},
    ],
    "objective": {"horizon_hours": 10, "move_cost": 0.25},
}

PLAN: Doc = {
    "format": "placement-plan/v1",
    "instances": [
        {"id": "i-1", "pool": "ga", "new": False},
        {"id": "i-2", "pool": "gb", "new": False},
        {"id": "gc/new-1", "pool": "gc"},
        {"id": "ca/new-1", "pool": "ca"},
        {"id": "ca/new-2", "pool": "ca"},
    ],
    "assignments": [
        {"component": "web", "option": 0, "instance": "i-1", "accelerators": [0]},
        {"component": "web", "option": 1, "instance": "i-1", "accelerators": [0, 1]},
        {"component": "web", "option": 0, "instance": "i-2", "accelerators": [0]},
        {"component": "web", "option": 0, "instance": "gc/new-1", "accelerators": [2]},
        {"component": "solo", "option": 0, "instance": "i-2", "accelerators": [3]},
        {"component": "lone", "option": 0, "instance": "ca/new-1", "accelerators": []},
        {"component": "foe", "option": 0, "instance": "ca/new-2", "accelerators": []},
        {"component": "line", "option": 0, "instance": "gc/new-1", "accelerators": []},
        {"component": "line", "option": 0, "instance": "gc/new-1", "accelerators": []},
    ],
}
SAME_ZONE = {"name": "gd", "instance_type": "gpu", "zone": "b"}
# Just one copy of web by its first option fits, to the unit in each size.
TIGHT = {"accelerator": "A", "accelerator_count": 1, "vcpus": 4, "memory_gib": 16, "price_per_hour": 1,
         "reserved": {"accelerator_memory_gib": 27}}  # fmt: skip
LINE = {"name": "line", "demand": 0.5, "accelerators": 0, "vcpus": 2, "groups": ["x"]}
TIGHT_POOL = {"name": "gd", "instance_type": "tight", "zone": "d"}
NEW_ROW = {"component": "foe", "option": 0, "instance": "ca/new-2", "accelerators": []}


TEAM: Doc = {"name": "team", "pools": ["ga", "gc", "ca"]}  # 4 + 4 + 3 x 0.5 dollars; two of four GPUs, three of none
BLOCK: Doc = {"name": "block", "pools": ["gc", "gb"], "instances": 1}


def edited(document: Doc, edits: Edits) -> Doc:
    """The document with a value at each path."""
    for path, value in edits.items():
        document = changed(document, path, value)
    return document


def judge(problem: Edits | None = None, plan: Edits | None = None) -> Verdict:
    """Verdict on the sound pair with these edits."""
    return verify(Problem(**edited(PROBLEM, problem or {})), Plan(**edited(PLAN, plan or {})))


def test_the_front_door_has_the_function() -> None:
    """Whatever was imported before, `placement.verify` is the function, and no module plays its part."""
    assert placement.verify is verify
    assert isinstance(verify, FunctionType)
    assert type(sys.modules[verify.__module__]) is ModuleType


def test_the_sound_pair() -> None:
    """The figures, counted by hand."""
    verdict = judge()
    assert verdict.violations == ()
    assert verdict.ok
    # ga 4, gb 3.5, gc 4; two machines of ca are listed, three are paid for
    assert verdict.price_per_hour == 13_000_000
    # web: 3 run and 4 will, one is kept (i-2 has another accelerator now, i-3 is left); solo's accelerators are unknown
    assert verdict.moves == 2
    assert verdict.cost == 130_000_000 + 2 * 250_000
    assert verdict.left_out == {2: 2}
    assert (verdict.copies, verdict.instances) == (9, 5)
    assert violations(Problem(**PROBLEM), Plan(**PLAN)) == ()
    assert cost(Problem(**PROBLEM), Plan(**PLAN)) == verdict.cost


PAID: list[tuple[list[Doc], float]] = [
    ([{"name": "k", "pools": ["gc", "gb"], "instances": 1}], 9.0),  # the dearer of 4 and 3.5
    ([{"name": "k", "pools": ["gb", "ga", "gc"], "instances": 2}], 5.0),
    ([{"name": "k", "pools": ["gb", "ga", "gc"], "instances": 9}], 1.5),
    ([{"name": "k", "pools": ["ca"], "instances": 2}], 12.0),  # three are paid for, two of them listed
    ([{"name": "k", "pools": ["ga"], "instances": 0}], 13.0),
    ([{"name": "k", "pools": ["ga", "ca"], "price_per_hour": 5.25}], 7.75),
    ([{"name": "k", "pools": ["ga", "ca"], "price_per_hour": 100}], 7.5),
    ([{"name": "k", "pools": ["ga"], "instances": 1}, {"name": "l", "pools": ["ca"], "price_per_hour": 1}], 8.0),
]


@pytest.mark.parametrize(("commitments", "price"), PAID)
def test_what_is_committed_is_no_part_of_the_price(commitments: list[Doc], price: float) -> None:
    """The dearest machines cost nothing, or the pools' sum less the amount, at least nothing."""
    verdict = judge({"commitments": commitments})
    assert verdict.violations == ()
    assert (verdict.price_per_hour, verdict.cost) == (round(price * 1e6), round(price * 1e7) + 500_000)
    _, found = referee_check(PROBLEM | {"commitments": commitments}, PLAN)
    assert found["price_per_hour"] == price


WITHIN: list[Edits] = [
    {"limits": [{**TEAM, "max_instances": 5, "max_accelerators": 8, "max_vcpus": 56, "max_price_per_hour": 9.5}]},
    {"objective.max_moves": 2},
    {"components.0.min_available_on_pool_loss": 2, "components.0.min_available_on_instance_loss": 2},
    {"components.3.min_copies": 0, "components.3.copies": 0, "components.3.min_available_on_pool_loss": 3},
]


@pytest.mark.parametrize("edits", WITHIN)
def test_rules_over_several_pools_are_kept_to_the_unit(edits: Edits) -> None:
    """And a component of no copies may also have none."""
    plan = {"assignments.6": GONE} if "components.3.copies" in edits else {}
    assert judge(edits, plan).violations == ()
    assert referee_check(edited(PROBLEM, edits), edited(PLAN, plan))[0] == []


FOE = {"component": "foe", "copies": 2, "reason": "no room"}
FREE: Edits = {
    "instance_types.gpu.price_per_hour": 0,
    "instance_types.cpu.price_per_hour": 0,
    "pools.1.price_per_hour": 0,
    "components.1.move_cost": 0,
    "objective": {},
}
BROKEN: list[tuple[str, Edits, Edits, str]] = [
    # rule, edits to the problem, edits to the plan, where and message
    ("unique-instance", {}, {"instances.5": {"id": "i-1", "pool": "ga"}}, "i-1: is listed twice"),
    (
        "known-pool",
        {},
        {"instances.5": {"id": "x", "pool": "gz"}},
        'x: is of pool "gz", which the problem does not have',
    ),
    ("known-instance", {}, {"instances.2.new": False}, "gc/new-1: is said to run now, but the problem has no such"),
    ("instance-pool", {"pools.4": SAME_ZONE}, {"instances.1.pool": "gd"}, "i-2: runs in pool gb, but the plan says gd"),
    ("known-component", {}, {"assignments.9": {**NEW_ROW, "component": "fo"}}, 'assignments[9]: component "fo" is not'),
    ("listed-instance", {}, {"assignments.9": {**NEW_ROW, "instance": "x"}}, 'assignments[9]: instance "x" is not in'),
    ("known-option", {}, {"assignments.9": {**NEW_ROW, "option": 1}}, "assignments[9]: option 1 of foe, which has 1"),
    ("allowed-type", {"components.3.instance_types": ["gpu"]}, {}, "foe on ca/new-2: option 0 may not run on cpu (no "),
    ("allowed-type", {"components.0.options.0.on": []}, {}, "web on i-1: option 0 may not run on gpu (A)"),
    ("allowed-zone", {"components.1.zones": ["a", "c"]}, {}, "solo on i-2: stands in zone b, allowed: a, c"),
    ("allowed-zone", {"components.1.zones": []}, {}, "solo on i-2: stands in zone b, allowed: none"),
    (
        "accelerator-set",
        {},
        {"assignments.3.accelerators": []},
        "web on gc/new-1: needs 1 distinct accelerator, has []",
    ),
    (
        "accelerator-set",
        {},
        {"assignments.1.accelerators": [1, 1]},
        "web on i-1: needs 2 distinct accelerators, has [1, 1]",
    ),
    (
        "accelerator-set",
        {},
        {"assignments.8.accelerators": [0]},
        "line on gc/new-1: needs 0 distinct accelerators, has [0]",
    ),
    (
        "accelerator-range",
        {},
        {"assignments.4.accelerators": [4]},
        "solo on i-2: the machine has 4 accelerators from 0, the copy [4]",
    ),
    ("accelerator-range", {}, {"assignments.1.accelerators": [4, 0]}, "accelerators from 0, the copy [0, 4]"),
    ("vcpus", {"components.1.vcpus": 11.001}, {}, "i-2: needs 15001 milli-vCPU, has 15000"),
    ("host-memory", {"components.1.memory_gib": 46.001}, {}, "i-2: needs 63489 MiB of host memory, has 63488"),
    (
        "accelerator-owner",
        {"components.1.accelerator_memory_gib": 1},
        {"assignments.4.accelerators": [0]},
        "i-2 accelera",
    ),
    (
        "accelerator-owner",
        {"components.0.options.1.shared": False},
        {},
        "i-1 accelerator 0: holds 2 copies, 1 of which",
    ),
    ("accelerator-memory", {"components.0.options.1.accelerator_memory_gib": 26.001}, {}, "needs 39937 MiB, has 39936"),
    (
        "accelerator-memory",
        {"components.1.accelerator_memory_gib": 39.001},
        {},
        "i-2 accelerator 3: needs 39937 MiB, has",
    ),
    (
        "accelerator-share",
        {"components.0.options.1.accelerator_share": 0.6001},
        {},
        "i-1 accelerator 0: shares sum to 1001",
    ),
    ("max-per-instance", {"components.0.spread.max_per_instance": 1}, {}, "i-1: holds 2 copies of web, at most 1"),
    ("dedicated", {"components.4.dedicated": True}, {}, "gc/new-1: line is dedicated, but 2 components stand here"),
    ("avoid", {}, {"assignments.6.instance": "i-1"}, "i-1: foe avoids web, but both stand here"),
    ("avoid", {}, {"assignments.7.instance": "ca/new-2"}, "ca/new-2: foe avoids line, but both stand here"),
    ("copies", {"components.1.copies": 0}, {}, "solo: 1 copy placed, 0 wanted"),
    ("min-copies", {"components.3.min_copies": 2}, {}, "foe: 1 copy placed, at least 2 required"),
    ("min-copies", {"components.4.min_copies": 3}, {}, "line: 2 copies placed, at least 3 required"),
    ("demand", {"components.4": {**LINE, "throughput": 0.24999999925}}, {}, "line: serves 0.4999999985, demand is 0.5"),
    ("demand", {"components.4.demand": 5.00001}, {}, "line: serves 5, demand is 5.00001"),
    (
        "max-skew",
        {"components.0.copies": 5, "components.0.spread": {"max_skew": 1}},
        {"assignments.9": {"component": "web", "option": 0, "instance": "i-1", "accelerators": [2]}},
        "web: zones differ by 2 copies, at most 1 (a: 3, b: 1, c: 1)",
    ),
    (
        "max-skew",
        {"pools.4": {"name": "gd", "instance_type": "gpu", "zone": "d"}, "components.0.zones": GONE},
        {},
        "by 2",
    ),
    (
        "max-skew",
        {"instance_types.tight": TIGHT, "pools.4": TIGHT_POOL, "components.0.zones": GONE},
        {},
        "web: zones differ by 2 copies, at most 1 (a: 2, b: 1, c: 1)",
    ),
    ("min-zones", {"components.0.spread.min_zones": 4}, {}, "web: stands in 3 zones, at least 4 (a: 2, b: 1, c: 1)"),
    ("max-per-zone", {"components.0.spread.max_per_zone": 1}, {}, "web: 2 copies in zone a, at most 1"),
    (
        "zone-loss",
        {"components.0.min_available_on_zone_loss": 3},
        {},
        "web: losing its fullest zone leaves 2 copies, at",
    ),
    (
        "zone-loss",
        {"components.3.min_copies": 0, "components.3.min_available_on_zone_loss": 1},
        {},
        "foe: losing its fullest zone leaves 0 copies, at least 1 wanted (a: 1)",
    ),
    ("min-copies", {}, {"assignments.4": GONE}, "solo: 0 copies placed, at least 1 required"),
    ("zone-loss", {"components.1.min_available_on_zone_loss": 1}, {}, "solo: losing its fullest zone leaves 0 copies"),
    (
        "pool-loss",
        {"components.0.min_available_on_pool_loss": 3},
        {},
        "web: losing its fullest pool leaves 2 copies, at least 3 wanted (ga: 2, gb: 1, gc: 1)",
    ),
    (
        "instance-loss",
        {"components.4.min_available_on_instance_loss": 1},
        {},
        "line: losing its fullest instance leaves 0 copies, at least 1 wanted",
    ),
    ("limit", {"limits": [{**TEAM, "max_instances": 4}]}, {}, "limit team: max_instances is 5, at most 4"),
    ("limit", {"limits": [{**TEAM, "max_accelerators": 7}]}, {}, "limit team: max_accelerators is 8, at most 7"),
    ("limit", {"limits": [{**TEAM, "max_vcpus": 55.9}]}, {}, "limit team: max_vcpus is 56, at most 55.9"),
    (
        "limit",
        {"limits": [{**TEAM, "max_price_per_hour": 9.4}], "commitments": [BLOCK]},
        {},
        "limit team: max_price_per_hour is 9.5, at most 9.4",
    ),
    ("max-moves", {"objective.max_moves": 1}, {}, "plan: moves 2 copies, at most 1"),
    ("max-instances", {"pools.3.min_instances": 1, "pools.3.max_instances": 1}, {}, "pool ca: 2 instances, at most 1"),
    (
        "draining",
        {},
        {"instances.5": {"id": "i-3", "pool": "gb", "new": False}},
        "i-3: is draining, but the plan uses it",
    ),
    (
        "not-removable",
        {"instances.3": {"id": "i-4", "pool": "gc", "removable": False}},
        {},
        "i-4: can't be removed, but the plan does not list it",
    ),
    (
        "cordoned",
        {},
        {"assignments.7.instance": "i-2"},
        "i-2: is cordoned and runs 0 copies of line now, but the plan puts",
    ),
    (
        "pinned",
        {"placements.1.pinned": True},
        {},
        "web on i-2: 1 pinned at accelerators [1] by option 0, 0 planned there",
    ),
    (
        "pinned",
        {"placements.4": {"component": "solo", "instance": "i-1", "pinned": True}},
        {},
        "solo on i-1: 1 pinned by option 0, 0 planned there",
    ),
    ("claimed-price", {}, {"price_per_hour": 13.001}, "plan: says price_per_hour 13.001, counted 13"),
    ("claimed-cost", {}, {"cost": 130.49}, "plan: says cost 130.49, counted 130.5"),
    ("claimed-cost", {}, {"cost": 130.502}, "plan: says cost 130.502, counted 130.5"),
    ("claimed-price", {}, {"price_per_hour": 12.9998}, "plan: says price_per_hour 12.9998, counted 13"),
    ("demand", {"components.4.demand": 5.000000008}, {}, "line: serves 5, demand is 5.000000008"),
    ("claimed-moves", {}, {"moves": 1}, "plan: says 1 move, counted 2"),
    ("claimed-bound", {}, {"lower_bound": 130.6}, "plan: lower bound 130.6 is above the cost 130.5"),
    ("claimed-optimal", {}, {"status": "optimal", "lower_bound": 130.4}, "the lower bound is 130.4 and the cost 130.5"),
    (
        "claimed-optimal",
        {},
        {"status": "optimal"},
        "plan: called optimal, but the lower bound is none and the cost 130.5",
    ),
    ("claimed-optimal", {}, {"status": "optimal", "lower_bound": -16.8}, "the lower bound is -16.8 and the cost 130.5"),
    ("claimed-bound", {}, {"lower_bound": 1e308}, "plan: lower bound 1e+308 is above the cost 130.5"),
    ("claimed-problem", {"name": "here"}, {"problem": "there"}, 'a plan of the problem "there", this is "here"'),
    ("claimed-problem", {"name": "here"}, {"problem": ""}, 'a plan of the problem "", this is "here"'),
    ("claimed-problem", {}, {"problem": "there"}, 'a plan of the problem "there", this is one without a name'),
    ("claimed-status", {}, {"status": "infeasible"}, "plan: called infeasible, yet it places 9 copies"),
    ("claimed-status", {}, {"status": "unknown"}, "plan: called unknown, yet it places 9 copies"),
    (
        "claimed-gap",
        {},
        {"lower_bound": 104.4, "gap": 0.2001},
        "says gap 0.2001, counted 0.2 of cost 130.5 and bound 1",
    ),
    (
        "claimed-gap",
        {},
        {"lower_bound": 104.4, "gap": 0.1999},
        "says gap 0.1999, counted 0.2 of cost 130.5 and bound 1",
    ),
    (
        "claimed-gap",
        {},
        {"lower_bound": 104.4, "gap": 0},
        "plan: says gap 0, counted 0.2 of cost 130.5 and bound 104.4",
    ),
    (
        "claimed-gap",
        {"components.3.copies": 1},
        {"status": "optimal", "lower_bound": 130.5, "gap": 0.5},
        "plan: says gap 0.5, counted 0 of cost",
    ),
    (
        "claimed-gap",
        {},
        {"lower_bound": -130.5, "gap": 1},
        "plan: says gap 1, counted 2 of cost 130.5 and bound -130.5",
    ),
    ("claimed-gap", {}, {"gap": 0}, "plan: says gap 0, but its lower bound is none"),
    ("claimed-gap", {}, {"gap": 0.5, "lower_bound": None}, "plan: says gap 0.5, but its lower bound is none"),
    ("claimed-gap", FREE, {"lower_bound": 0, "gap": 1}, "plan: says gap 1, counted 0 of cost 0 and bound 0"),
    ("claimed-cost", FREE, {"cost": 1.5e-5}, "plan: says cost 1.5e-05, counted 0"),
    ("claimed-bound", FREE, {"lower_bound": 1.5e-5}, "plan: lower bound 1.5e-05 is above the cost 0"),
    ("claimed-unplaced", {}, {"unplaced": []}, "foe: says 0 copies unplaced, counted 2"),
    ("claimed-unplaced", {}, {"unplaced": [FOE | {"copies": 1}]}, "foe: says 1 copy unplaced, counted 2"),
    ("claimed-unplaced", {}, {"unplaced": [FOE, FOE | {"copies": 1}]}, "foe: says 3 copies unplaced, counted 2"),
    ("claimed-unplaced", {}, {"unplaced": [FOE, {"component": "web"}]}, "web: says 1 copy unplaced, counted 0"),
    ("claimed-unplaced", {}, {"unplaced": [FOE, {"component": "line"}]}, "line: says 1 copy unplaced, counted 0"),
    ("claimed-unplaced", {}, {"unplaced": [FOE, {"component": "x"}]}, "x: says 1 copy unplaced, counted 0"),
    (
        "claimed-left-out",
        {},
        {"left_out_bound": {"2": 3}},
        "plan: says that every plan leaves out 3 copies of priority 2, this one leaves out 2",
    ),
    ("claimed-left-out", {}, {"left_out_bound": {"0": 1}}, "leaves out 1 copy of priority 0, this one leaves out 0"),
    ("claimed-left-out", {}, {"left_out_bound": {"7": 1}}, "leaves out 1 copy of priority 7, this one leaves out 0"),
    ("claimed-left-out", {}, {"left_out_bound": {"0": 1, "2": 2}}, "1 copy of priority 0, this one leaves out 0"),
    # the order of priorities is that of numbers, not of letters
    ("claimed-left-out", {"components.3.priority": 10}, {"left_out_bound": {"9": 1, "10": 2}}, "priority 9, this one"),
]

# What the second opinion lets pass; each a decision of the architecture page.
STRICTER: list[tuple[str, Edits, Edits, str]] = [
    ("known-instance", {}, {"instances.0.new": True}, "i-1: is said to be new, but the problem has it among its"),
    (
        "claimed-optimal",
        {"components.3.copies": 1},
        {"status": "optimal", "lower_bound": 130.499999},
        "plan: called optimal, but the lower bound is 130.499999 and the cost 130.5",
    ),
    (
        "claimed-optimal",
        {},
        {"status": "optimal", "lower_bound": 130.5},
        "plan: called optimal, but leaves out 2 copies of priority 2 where 0 is proven",
    ),
    (
        "claimed-optimal",
        {},
        {"status": "optimal", "lower_bound": 130.5, "left_out_bound": {"2": 1}},
        "plan: called optimal, but leaves out 2 copies of priority 2 where 1 is proven",
    ),
    (
        "claimed-left-out",
        {"components.1.min_copies": 0},
        {"left_out_bound": {"2": 1, "0": 2}},
        "plan: says that every plan leaves out 2 copies of priority 0, only 1 can be",
    ),
    (
        "claimed-status",
        {},
        {"status": "feasible", "stop": "proved"},
        'its stop is "proved", yet its status is feasible',
    ),
]


@pytest.mark.parametrize(
    ("rule", "problem", "plan", "message"), BROKEN, ids=[f"{n}-{row[0]}" for n, row in enumerate(BROKEN)]
)
def test_a_broken_rule_is_named(rule: str, problem: Edits, plan: Edits, message: str) -> None:
    """That rule is named and no other, with the place and both figures; the second opinion agrees."""
    verdict = judge(problem, plan)
    assert {violation.rule for violation in verdict.violations} == {rule}
    assert re.search(re.escape(message), "\n".join(map(str, verdict.violations)))
    assert not verdict.ok
    broken, _ = referee_check(edited(PROBLEM, problem), edited(PLAN, plan))
    assert broken


WITHOUT_FIGURES = frozenset(
    [
        *("unique-instance", "known-pool", "known-instance", "instance-pool", "known-component", "listed-instance"),
        *("known-option", "allowed-type", "allowed-zone", "accelerator-range", "avoid", "draining", "not-removable"),
        *(rule for rule in get_args(Rule) if rule.startswith("claimed-")),
    ]
)
AT_LEAST = ("accelerator-set", "min-copies", "demand", "min-zones", "zone-loss", "pool-loss", "instance-loss", "pinned")


@pytest.mark.parametrize(
    ("rule", "problem", "plan", "message"), BROKEN, ids=[f"{n}-{row[0]}" for n, row in enumerate(BROKEN)]
)
def test_a_broken_rule_comes_with_its_figures(rule: str, problem: Edits, plan: Edits, message: str) -> None:
    """Those of the sentence, on the wrong side of each other; and the spot is what stands before the sentence."""
    for violation in judge(problem, plan).violations:
        assert (violation.figures is None) == (rule in WITHOUT_FIGURES)
        if violation.figures is not None:
            counted, allowed, _ = violation.figures
            assert (counted < allowed) == (rule in AT_LEAST) or rule == "accelerator-set"
            assert counted != allowed
            numbers = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", violation.message)}
            assert numbers >= ({allowed} if rule == "accelerator-set" else {counted, allowed} - {1.0})
        spot = violation.spot
        assert all(name in str(violation) for name in (spot.instance, spot.component))
        if spot.accelerator is not None:
            assert f"{spot.instance} accelerator {spot.accelerator}" == violation.where
        elif spot.instance and spot.component and rule not in ("max-per-instance", "dedicated", "avoid", "cordoned"):
            assert violation.where == f"{spot.component} on {spot.instance}"


OF_A_COMPONENT = ("copies", "min-copies", "demand", "max-skew", "min-zones", "max-per-zone")
OF_A_LOSS = ("zone-loss", "pool-loss", "instance-loss")
OF_A_MACHINE = ("vcpus", "host-memory", "draining", "not-removable")
OF_A_COPY = ("allowed-type", "allowed-zone", "accelerator-set", "accelerator-range", "pinned")
OF_COMPANY = ("max-per-instance", "dedicated", "avoid", "cordoned")  # a machine, and which component there


@pytest.mark.parametrize(
    ("rule", "problem", "plan", "message"), BROKEN, ids=[f"{n}-{row[0]}" for n, row in enumerate(BROKEN)]
)
def test_a_broken_rule_says_at_what_and_in_which_unit(rule: str, problem: Edits, plan: Edits, message: str) -> None:
    """A program finds the machine, component and accelerator by their names, not by taking sentences apart."""
    for violation in judge(problem, plan).violations:
        instance, component, accelerator = violation.spot
        if rule in OF_A_COMPONENT + OF_A_LOSS:
            assert (instance, component) == ("", violation.where)
        elif rule in OF_A_MACHINE:
            assert (instance, component) == (violation.where, "")
        elif rule in OF_A_COPY:
            assert instance
            assert component
            assert violation.where == f"{component} on {instance}"
        elif rule in OF_COMPANY:
            assert instance == violation.where
            assert component
            assert component in violation.message
        elif rule.startswith("accelerator-"):
            assert component == ""
            assert violation.where == f"{instance} accelerator {accelerator}"
        else:
            assert violation.spot == ("", "", None)
        assert (accelerator is not None) == (rule in ("accelerator-owner", "accelerator-memory", "accelerator-share"))
        if violation.figures is not None:
            assert isinstance(violation.figures.unit, str)
            assert violation.figures.unit


@pytest.mark.parametrize(("named", "counted"), [([], 0), ([1], 1), ([1, 1], 1), ([1, 2, 3], 3)])
def test_accelerators_of_a_copy_are_counted_once(named: list[int], counted: int) -> None:
    """The figures are of distinct ones, whether there are too few or too many."""
    (found,) = judge(plan={"assignments.1.accelerators": named}).violations
    assert (found.rule, found.figures) == ("accelerator-set", (counted, 2, "accelerators"))


def test_an_accelerator_that_is_named_twice_is_one_too_many() -> None:
    found = judge(plan={"assignments.3.accelerators": [2, 2]}).violations
    assert [violation.rule for violation in found] == ["accelerator-set"]


def test_nothing_is_listed_of_a_component_that_stands_nowhere() -> None:
    """No empty brackets."""
    found = judge({"components.1.min_available_on_zone_loss": 1}, {"assignments.4": GONE}).violations
    assert [one.message for one in found if one.rule == "zone-loss"] == [
        "losing its fullest zone leaves 0 copies, at least 1 wanted"
    ]


@pytest.mark.parametrize(("rule", "problem", "plan", "message"), STRICTER)
def test_what_is_refused_here_alone(rule: str, problem: Edits, plan: Edits, message: str) -> None:
    """Untrue words that the second opinion lets pass."""
    verdict = judge(problem, plan)
    assert [violation.rule for violation in verdict.violations] == [rule]
    assert message in str(verdict.violations[0])
    assert referee_check(edited(PROBLEM, problem), edited(PLAN, plan))[0] == []


def test_a_rule_that_alike_machines_break_is_named_for_each() -> None:
    """They are looked at once, and one that keeps the rules stands between them."""
    problem = Problem(
        instance_types={"t": {"vcpus": 4, "memory_gib": 8, "price_per_hour": 1}},
        pools=[{"name": "p", "instance_type": "t", "zone": "a"}],
        components=[{"name": "c", "copies": 5, "accelerators": 0, "vcpus": 3}],
    )
    machines = ["m1", "m2", "m3"]
    plan = Plan(
        instances=[{"id": name, "pool": "p"} for name in machines],
        assignments=[{"component": "c", "instance": name} for name in [*machines, "m3", "m1"]],
    )
    assert [(broken.rule, broken.where) for broken in violations(problem, plan)] == [("vcpus", "m1"), ("vcpus", "m3")]
    plan = Plan(
        instances=[{"id": name, "pool": "p"} for name in machines],
        assignments=[{"component": "c", "instance": name, "accelerators": [0]} for name in machines],
    )
    assert [broken.where for broken in violations(problem, plan) if broken.rule == "accelerator-range"] == [
        f"c on {name}" for name in machines
    ]


def test_every_rule_is_broken_above() -> None:
    """A new rule needs a new case."""
    assert {row[0] for row in BROKEN} == set(get_args(Rule))


KEPT: list[tuple[str, Edits, Edits]] = [
    ("room filled to the unit", {"components.1.vcpus": 11, "components.1.memory_gib": 46}, {}),
    ("accelerator filled to the unit", {"components.0.options.1.accelerator_memory_gib": 26}, {}),
    ("shares that sum to one", {"components.0.options.1.accelerator_share": 0.6}, {}),
    ("demand met within all of a hair", {"components.4": {**LINE, "throughput": 0.2499999995}}, {}),
    ("demand met within a hair", {"components.4.demand": 5.000000004}, {}),
    ("a zone that is not eligible has no skew", {"pools.4": {"name": "gd", "instance_type": "gpu", "zone": "d"}}, {}),
    (
        "a zone without quota has no skew",
        {
            "pools.4": {"name": "gd", "instance_type": "gpu", "zone": "d", "max_instances": 0},
            "components.0.zones": GONE,
        },
        {},
    ),
    ("zones of one component are not those of another",
     {"components.4.spread": {"max_skew": 1}, "components.4.zones": ["c"]}, {}),
    ("as many zones as copies are enough", {"components.1.spread": {"min_zones": 3}}, {}),
    ("zone loss of a component that needs no copy", {"components.3": {"name": "foe", "copies": 1, "min_copies": 0,
     "accelerators": 0, "min_available_on_zone_loss": 1}}, {"assignments.6": NEW_ROW | {"component": "line"}}),
    ("a pinned copy with unknown accelerators stands anywhere on its instance", {"placements.2.pinned": True}, {}),
    ("an option by name", {"placements.3": {"component": "web", "instance": "i-1", "option": "wide"}}, {}),
    ("what a plan says is right within a hair", {}, {"cost": 130.501, "price_per_hour": 13.0001, "moves": 2}),
    ("optimal", {"components.3.copies": 1}, {"status": "optimal", "lower_bound": 130.5, "stop": "proved", "gap": 0}),
    (
        "optimal, and so is what it leaves out",
        {},
        {"status": "optimal", "lower_bound": 130.5, "left_out_bound": {"2": 2, "0": 0}, "unplaced": [FOE]},
    ),
    ("a bound far below", {}, {"status": "feasible", "lower_bound": -1, "stop": "gap"}),
    ("a gap within a hair", {}, {"lower_bound": 104.4, "gap": 0.200009}),
    ("a gap within a hair below", {}, {"lower_bound": 104.4, "gap": 0.199991}),
    ("no gap, though there is a bound", {}, {"lower_bound": 104.4, "gap": None}),
    ("all is free", FREE, {"lower_bound": 0, "gap": 0, "cost": 0, "price_per_hour": 0}),
    ("all is free, and figures are off by as much as they may", FREE,
     {"lower_bound": 1e-5, "cost": 1e-5, "price_per_hour": 1e-5}),
    ("a gap of as much as it may be off", FREE, {"lower_bound": 0, "gap": 1e-5}),
    ("free, with a bound that is below", FREE, {"lower_bound": -16.8, "gap": 0}),
    ("the name of the problem", {"name": "here"}, {"problem": "here"}),
    ("no name of a problem", {"name": "here"}, {}),
    ("what is left out, in two rows", {}, {"unplaced": [FOE | {"copies": 1}, FOE | {"copies": 1}]}),
    ("one left out, without a count", {"components.3.copies": 2}, {"unplaced": [{"component": "foe"}]}),
    ("a row that leaves out nothing", {}, {"unplaced": [FOE, {"component": "x", "copies": 0}]}),
    ("fewer are proven to be left out", {}, {"left_out_bound": {"2": 1}}),
    (
        "a bound below a priority that leaves out more",
        {"components.1.min_copies": 0},
        {"left_out_bound": {"2": 1, "0": 1}},
    ),
    ("the same, told from the lowest on", {"components.1.min_copies": 0}, {"left_out_bound": {"0": 1, "2": 1}}),
    ("a component that avoids its own group, which has no other", {"components.4.avoid": ["group:x"]}, {}),
    ("nothing is proven", {}, {"left_out_bound": {}}),
    ("nothing is said", {}, {"left_out_bound": None}),
    ("infeasible is not said", {}, {"stop": "proved"}),
    ("extra keys", {}, {"dual_prices": {"web": 3}}),
]  # fmt: skip


@pytest.mark.parametrize(("problem", "plan"), [row[1:] for row in KEPT], ids=[row[0] for row in KEPT])
def test_a_rule_kept_at_its_edge_is_kept(problem: Edits, plan: Edits) -> None:
    """The other side of the line; the second opinion agrees."""
    assert judge(problem, plan).violations == ()
    broken, _ = referee_check(edited(PROBLEM, problem), edited(PLAN, plan))
    assert broken == []


# --- Pinned rows are counted

PINNED = {"component": "web", "instance": "i-1", "accelerators": [0], "pinned": True}
UNKNOWN = {"component": "web", "instance": "i-1", "pinned": True}
ANYWHERE = {**UNKNOWN, "pinned": False}


@pytest.mark.parametrize(
    ("rows", "planned", "short"),
    [
        ([PINNED, PINNED], [[0], [0]], 0),
        ([PINNED, PINNED], [[0], [1]], 1),
        ([PINNED, PINNED], [[0]], 1),
        ([PINNED, UNKNOWN], [], 2),
        ([UNKNOWN, UNKNOWN], [[0], [1]], 0),
        ([UNKNOWN, UNKNOWN], [[0]], 1),
        ([PINNED, UNKNOWN], [[0], [3]], 0),
        ([PINNED, UNKNOWN], [[0]], 1),
        ([PINNED, ANYWHERE], [[0]], 0),
    ],
)
def test_pinned_rows_are_counted(rows: list[Doc], planned: list[list[int]], short: int) -> None:
    """Each pinned row is one copy that must stay, so two of them need two; the second opinion agrees."""
    component = {"name": "web", "copies": len(planned), "shared": True}
    problem = edited(PROBLEM, {"components": [component], "placements": rows, "pools.3.min_instances": 0})
    plan = edited(
        PLAN,
        {
            "instances": PLAN["instances"][:1],
            "assignments": [{"component": "web", "instance": "i-1", "accelerators": a} for a in planned],
        },
    )
    assert [violation.rule for violation in violations(Problem(**problem), Plan(**plan))] == ["pinned"] * short
    assert len(referee_check(problem, plan)[0]) == short


# --- Money and moves


@pytest.mark.parametrize(
    ("micro", "hours", "expected"),
    [(1, 2.5, 2), (3, 0.5, 2), (5, 0.5, 2), (7, 0.5, 4), (1, 0.1, 0), (10, 0.05, 0), (30, 0.05, 2), (3, 1 / 3, 1)],
)
def test_cost_is_rounded_half_to_even_in_exact_fractions(micro: int, hours: float, expected: int) -> None:
    """The horizon is the decimal that was written: 30 x 0.05 is one and a half."""
    problem = Problem(
        instance_types={"t": {"vcpus": 1, "memory_gib": 1, "price_per_hour": micro / 1e6}},
        pools=[{"name": "p", "instance_type": "t", "zone": "z", "min_instances": 1}],
        components=[],
        objective={"horizon_hours": hours},
    )
    assert cost(problem, Plan(status="feasible")) == expected


@pytest.mark.parametrize(
    ("price", "bound", "optimal"),
    [
        (1e5, 1e5, True),
        (1e5, 1e5 - 0.000100, True),  # a billionth is a hundred units here
        (1e5, 1e5 - 0.000101, False),
        (1e5, 1e5 + 0.5, True),  # as far above as any figure may be off
        (2e-6, 1.6e-6, True),  # half a unit is the rounding of the bound
        (2e-6, 1.4e-6, False),
        (0, 0, True),
        (0, -1e-6, False),
    ],
)
def test_optimal_is_a_gap_of_a_billionth(price: float, bound: float, optimal: bool) -> None:
    """As the format says; the second opinion, which says so from a hundred-thousandth on, is more lenient."""
    problem = {
        "format": "placement/v1",
        "instance_types": {"t": {"vcpus": 1, "memory_gib": 1, "price_per_hour": price}},
        "pools": [{"name": "p", "instance_type": "t", "zone": "z", "min_instances": 1}],
        "components": [],
    }
    plan: Doc = {"instances": [], "assignments": [], "status": "optimal", "lower_bound": bound}
    found = [violation.rule for violation in violations(Problem(**problem), Plan(**plan))]
    assert found == ([] if optimal else ["claimed-optimal"])
    assert referee_check(problem, plan)[0] == []


RUNS = {"component": "c", "instance": "i"}


@pytest.mark.parametrize(
    ("now", "planned", "moves"),
    [
        ([[0], [1]], [[0], [1]], 0),
        ([[0], [1]], [[0], [2]], 1),
        ([[0], [0]], [[0], [2]], 1),
        ([[0, 1]], [[1, 0]], 0),
        ([[1, 0]], [[0, 1]], 0),  # the order in which a document lists accelerators says nothing
        ([None], [[3]], 0),
        ([None, [0]], [[0]], 0),  # one of two is stopped: no move
        ([None, [0]], [[0], [2]], 0),
        ([None, [1]], [[0], [2]], 1),  # one takes the unknown place, the other has moved
        ([None, None], [[0]], 0),
        ([], [[0], [1]], 0),  # started: no move
        ([[0], [1], [2]], [[3]], 1),
    ],
)
def test_moves(now: list[list[int] | None], planned: list[list[int]], moves: int) -> None:
    """Known accelerators are matched first, unknown ones take what is left; starts and stops are no moves."""
    options = [{"accelerators": width, "shared": True} for width in (0, 1, 2)]
    problem = {
        "format": "placement/v1",
        "accelerators": {"A": {"memory_gib": 1}},
        "instance_types": {
            "t": {"accelerator": "A", "accelerator_count": 4, "vcpus": 1, "memory_gib": 1, "price_per_hour": 1}
        },
        "pools": [{"name": "p", "instance_type": "t", "zone": "z"}],
        "components": [{"name": "c", "copies": len(planned), "options": options, "move_cost": 2}],
        "instances": [{"id": "i", "pool": "p"}],
        "placements": [
            {**RUNS, "option": len(place), "accelerators": place} if place is not None else {**RUNS, "option": 1}
            for place in now
        ],
    }
    rows = [{**RUNS, "option": len(place), "accelerators": place} for place in planned]
    plan = {"instances": [{"id": "i", "pool": "p", "new": False}], "assignments": rows}
    verdict = verify(Problem(**problem), Plan(**plan))
    assert verdict.violations == ()
    assert (verdict.moves, verdict.cost) == (moves, 1_000_000 + moves * 2_000_000)
    assert referee_check(problem, plan)[1]["moves"] == moves


def test_a_copy_that_is_kept_where_it_is_known_to_be_keeps_no_other() -> None:
    """Of two that run on i-1, at accelerator 0 and at an unknown one, one stays there and one goes elsewhere."""
    component = {"name": "web", "copies": 2, "shared": True}
    problem = edited(PROBLEM, {"components": [component], "placements": [{**PINNED, "pinned": False}, ANYWHERE]})
    rows = [{"component": "web", "instance": name, "accelerators": [0]} for name in ("i-1", "gc/new-1")]
    verdict = verify(Problem(**problem), Plan(**edited(PLAN, {"assignments": rows})))
    assert (verdict.violations, verdict.moves) == ((), 1)


@pytest.mark.parametrize("where", [{}, {"accelerators": [0, 1]}])
def test_what_runs_may_name_its_option(where: Doc) -> None:
    """A name stands for the option that has it, in pins and in moves; the second opinion agrees."""
    row = {"component": "web", "instance": "i-1", "option": "wide", "pinned": True, **where}
    assert judge({"placements.4": row}).violations == ()
    assert judge({"placements.4": row}).moves == 2  # one more runs and is kept
    assert [one.rule for one in judge({"placements.4": row}, {"assignments.1.option": 0}).violations][-1] == "pinned"
    assert referee_check(edited(PROBLEM, {"placements.4": row}), PLAN)[1]["moves"] == 2


def test_left_out_is_counted_by_priority() -> None:
    """Highest first, over all components of a priority; components with a demand leave nothing out."""
    verdict = judge(
        {f"components.{c}.min_copies": 0 for c in (0, 1, 4)} | {"components.3.copies": 4},
        {"assignments": [*PLAN["assignments"][1:4], *PLAN["assignments"][5:7]]},
    )
    assert list(verdict.left_out.items()) == [(2, 3), (0, 2)]
    assert {violation.rule for violation in verdict.violations} >= {"demand", "pinned"}


# --- Plans that place nothing


@pytest.mark.parametrize("status", ["infeasible", "unknown"])
@pytest.mark.parametrize(
    ("bound", "message"),
    [
        ({"2": 2, "0": 0}, ""),
        ({"2": 3}, "leaves out 3 copies of priority 2, only 2 can be"),
        ({"2": 0, "0": 1}, "leaves out 1 copy of priority 0, only 0 can be"),
        ({"2": 2, "1": 1}, "leaves out 1 copy of priority 1, only 0 can be"),
    ],
)
def test_no_plan_leaves_out_more_than_is_optional(status: str, bound: dict[str, int], message: str) -> None:
    """Also where no plan was found; a demand leaves out none."""
    found = verify(Problem(**PROBLEM), Plan(status=status, left_out_bound=bound)).violations
    assert [violation.rule for violation in found] == ["claimed-left-out"] * bool(message)
    assert not found or message in str(found[0])


NEWS: list[tuple[str, Edits, Edits, str]] = [
    # edits to the problem, the plan, what is wrong with it
    ("price", {}, {"price_per_hour": 0}, "so there is no plan to speak of, yet it gives price_per_hour 0"),
    ("cost", {}, {"cost": 12.5, "moves": 1}, "so there is no plan to speak of, yet it gives cost 12.5, moves 1"),
    ("gap", {}, {"gap": 0.5, "lower_bound": 3}, "so there is no plan to speak of, yet it gives gap 0.5"),
    ("machines", {}, {"instances": PLAN["instances"][:1]}, "no plan to speak of, yet it gives 1 rows of instances"),
    ("left out", {}, {"unplaced": [FOE]}, "so there is no plan to speak of, yet it gives 1 rows of unplaced"),
    ("another", {"name": "here"}, {"problem": "there"}, 'is a plan of the problem "there", this is "here"'),
]


@pytest.mark.parametrize("status", ["infeasible", "unknown"])
def test_news_that_there_is_no_plan_has_no_rows_to_check(status: str) -> None:
    """There are no rows to check, and no cost; a bound may be known all the same."""
    for more in ({}, {"lower_bound": 3.5, "reason": "no room", "instances": [], "unplaced": [], "cost": None}):
        verdict = verify(Problem(**PROBLEM), Plan(status=status, **more))
        assert verdict == Verdict((), price_per_hour=0, moves=0, cost=0, left_out={}, copies=0, instances=0)


@pytest.mark.parametrize("status", ["infeasible", "unknown"])
@pytest.mark.parametrize(("problem", "plan", "message"), [row[1:] for row in NEWS], ids=[row[0] for row in NEWS])
def test_news_that_there_is_no_plan_brings_none(status: str, problem: Edits, plan: Doc, message: str) -> None:
    """What only a plan can have is untrue without one."""
    verdict = verify(Problem(**edited(PROBLEM, problem)), Plan(status=status, **plan))
    rule = "claimed-problem" if "problem" in plan else "claimed-status"
    assert [violation.rule for violation in verdict.violations] == [rule]
    assert message in str(verdict.violations[0])
    assert verdict.violations[0].where == "plan"
    assert (status in str(verdict.violations[0])) == (rule == "claimed-status")


STAYS = {"id": "i", "pool": "p", "removable": False}


@pytest.mark.parametrize(
    ("edits", "true"),
    [
        ({}, False),
        ({"components.0.min_copies": 1}, True),
        ({"components.0": {"name": "c", "demand": 1, "throughput": 1}}, True),
        ({"instances": [STAYS]}, False),
        ({"instances": [STAYS, {**STAYS, "id": "j"}]}, True),  # two stay where one may
        ({"instances": [STAYS, {**STAYS, "id": "j", "state": "draining"}]}, False),
        ({"instances": [STAYS, {**STAYS, "id": "j", "removable": True}]}, False),
        ({"instances": [STAYS], "placements": [{"component": "c", "instance": "i", "pinned": True}]}, True),
    ],
)
def test_infeasible_is_untrue_where_nothing_need_be_placed(edits: Edits, true: bool) -> None:
    """Placing nothing, on the machines that can't be left, is a plan like any other; nothing else is tried."""
    problem = {
        "format": "placement/v1",
        "instance_types": {"t": {"vcpus": 1, "memory_gib": 1, "price_per_hour": 1}},
        "pools": [{"name": "p", "instance_type": "t", "zone": "z", "max_instances": 1}],
        "components": [{"name": "c", "copies": 2, "min_copies": 0, "accelerators": 0}],
    }
    sound = Problem(**edited(problem, edits))
    verdict = verify(sound, Plan(status="infeasible", stop="proved"))
    assert [str(violation) for violation in verdict.violations] == (
        [] if true else ["plan: called infeasible, but a plan that places 0 copies keeps every rule [claimed-status]"]
    )
    assert verify(sound, Plan(status="unknown", stop="time")).ok


def test_nothing_is_proved_of_an_unknown_plan() -> None:
    """A search that ended with a proof has proven something."""
    verdict = verify(Problem(**PROBLEM), Plan(status="unknown", stop="proved"))
    assert [str(violation) for violation in verdict.violations] == [
        'plan: its stop is "proved", yet its status is unknown [claimed-status]'
    ]


@pytest.mark.parametrize("plan", [{}, {"status": "feasible"}, {"status": "unknown", "assignments": [NEW_ROW]}])
def test_an_empty_plan_is_no_excuse(plan: Doc) -> None:
    """A plan without status, or with rows, is checked in full."""
    assert {violation.rule for violation in violations(Problem(**PROBLEM), Plan(**plan))} >= {
        "min-copies",
        "not-removable",
    }


def test_rows_that_cannot_be_read_count_nowhere() -> None:
    """A copy of nothing on no machine is a violation, not a figure."""
    plan = {"instances": [{"id": "x", "pool": "gz"}], "assignments": [{"component": "web", "instance": "x"}]}
    verdict = verify(Problem(**PROBLEM), Plan(**plan))
    assert (verdict.copies, verdict.instances, verdict.price_per_hour) == (0, 0, 1_500_000)


# --- Zones that count for the skew: where an empty machine holds one copy

JUST = {"accelerator": "A", "accelerator_count": 2, "vcpus": 4, "memory_gib": 8, "price_per_hour": 1}
TAKES = {"accelerators": 2, "accelerator_memory_gib": 10, "vcpus": 4, "memory_gib": 8}


@pytest.mark.parametrize(
    ("machine", "takes", "eligible"),
    [
        ({}, {}, True),
        ({"accelerator_count": 1}, {}, False),
        ({"vcpus": 3.999}, {}, False),
        ({"memory_gib": 7.99}, {}, False),
        ({}, {"accelerator_memory_gib": 10.001}, False),
        ({}, {"accelerators": 0, "accelerator_memory_gib": 10.001}, True),  # of no accelerator, so it takes none
        ({}, {"instance_types": ["big"]}, False),
        ({}, {"on": ["B"]}, False),
    ],
)
def test_a_zone_counts_when_its_empty_machine_holds_a_copy(machine: Doc, takes: Doc, eligible: bool) -> None:
    """To the unit, in each dimension; only a zone that counts can lack copies."""
    problem = {
        "format": "placement/v1",
        "accelerators": {"A": {"memory_gib": 10}, "B": {"memory_gib": 80}},
        "instance_types": {
            "just": JUST | machine,
            "big": JUST | {"accelerator": "B", "accelerator_count": 8, "vcpus": 64, "memory_gib": 512},
        },
        "pools": [
            {"name": "a", "instance_type": "big", "zone": "a"},
            {"name": "d", "instance_type": "just", "zone": "d"},
        ],
        "components": [{"name": "c", "copies": 2, "spread": {"max_skew": 1}, **TAKES, **takes}],
    }
    wide = problem["components"][0]["accelerators"]  # type: ignore[index]
    plan: Doc = {"instances": [{"id": "a/new-1", "pool": "a"}], "assignments": []}
    for first in (0, wide):
        row = {"component": "c", "instance": "a/new-1", "accelerators": list(range(first, first + wide))}
        plan["assignments"].append(row)
    found = [violation.rule for violation in violations(Problem(**problem), Plan(**plan))]
    assert found == (["max-skew"] if eligible else [])
    assert len(referee_check(problem, plan)[0]) == len(found)


def test_zones_of_every_type_that_holds_a_copy_count() -> None:
    """Both copies stand in the zone of one type, so the zone of the other type lacks one, wherever they stand."""
    pools = [{"name": zone, "instance_type": f"type of {zone}", "zone": zone} for zone in "ad"]
    problem = {
        "format": "placement/v1",
        "accelerators": {"A": {"memory_gib": 10}},
        "instance_types": {pool["instance_type"]: JUST for pool in pools},
        "pools": pools,
        "components": [{"name": "c", "copies": 2, "spread": {"max_skew": 1}, **TAKES}],
    }
    for pool in "ad":
        machines = [f"{pool}/new-{n}" for n in (1, 2)]
        plan = {
            "instances": [{"id": name, "pool": pool} for name in machines],
            "assignments": [{"component": "c", "instance": name, "accelerators": [0, 1]} for name in machines],
        }
        assert [violation.rule for violation in violations(Problem(**problem), Plan(**plan))] == ["max-skew"]
        assert len(referee_check(problem, plan)[0]) == 1


def test_a_component_that_places_nothing_has_no_skew() -> None:
    """Nor any rule over zones, however it is spread."""
    verdict = judge({"components.3": {"name": "foe", "copies": 1, "min_copies": 0, "accelerators": 0,
                                      "spread": {"max_skew": 1, "min_zones": 3}}},
                    {"assignments": [row for row in PLAN["assignments"] if row["component"] != "foe"]})  # fmt: skip
    assert verdict.violations == ()


def test_every_row_that_cannot_be_read_is_named() -> None:
    """Not only the first of them."""
    rows = [{**NEW_ROW, "component": "fo"}, {**NEW_ROW, "instance": "x"}, {**NEW_ROW, "option": 1}]
    verdict = judge(plan={"assignments": [*rows, *PLAN["assignments"]]})
    assert [(one.rule, one.where) for one in verdict.violations] == [
        ("known-component", "assignments[0]"),
        ("listed-instance", "assignments[1]"),
        ("known-option", "assignments[2]"),
    ]
    assert (verdict.copies, verdict.cost) == (9, judge().cost)  # those after them count


@pytest.mark.parametrize("name", ["problem", "plan"])
def test_a_document_that_was_not_read(name: str) -> None:
    """A dictionary is no problem and no plan; the message says which it is and how to make one."""
    given: dict[str, Any] = {"problem": Problem(**PROBLEM), "plan": Plan(**PLAN), name: {}}
    with pytest.raises(placement.UsageError, match=rf"{name}.* must be a {name.title()}: .*make one by"):
        verify(**given)


def test_rows_that_cannot_be_read_stand_beside_broken_rules() -> None:
    """A copy where it may not be, and a row of nothing and one nowhere: each is named."""
    rows = [{**NEW_ROW, "component": "fo"}, {**NEW_ROW, "instance": "x"}]
    found = judge({"components.3.instance_types": ["gpu"]}, {"assignments": [*PLAN["assignments"], *rows]}).violations
    assert [one.rule for one in found] == ["known-component", "listed-instance", "allowed-type"]


# --- The error of a plan that is refused


@pytest.mark.parametrize(("others", "more"), [(0, ""), (1, ", and 1 more"), (2, ", and 2 more")])
def test_how_many_more_rules_are_broken_is_said(others: int, more: str) -> None:
    first, other = Violation("known-pool", "i-2", "is of no pool"), Violation("copies", "web", "too many")
    said = str(refused("plan", Plan(**PLAN), [first] + others * [other]))
    rule = "breaks a rule of the problem: i-2: is of no pool [known-pool]"
    assert said == f"plan at $.instances[1]: {rule}{more}; `placement verify` tells all"


@pytest.mark.parametrize(
    ("others", "breaks"),
    [(0, "this is no other;"), (1, "of which it breaks 1 rule;"), (2, "of which it breaks 2 rules;")],
)
def test_another_problem_is_told_alone_and_how_many_rules_of_this_one_are_broken(others: int, breaks: str) -> None:
    first, other = Violation("claimed-problem", "plan", "this is no other"), Violation("copies", "web", "too many")
    said = str(refused("plan", Plan(**PLAN), [first] + others * [other]))
    assert breaks in said
    assert "too many" not in said
