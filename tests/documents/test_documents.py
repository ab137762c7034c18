"""Documents: every rule of the format that a document can break, and reading and writing them."""

from __future__ import annotations

import copy
import io
import json
import math
import operator
import os
import pickle
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml as yaml_1_1
from pydantic import BaseModel, ValidationError

from placement.cli.schema import document_schema
from placement.compiled.fleet import compile_fleet
from placement.documents import Component, Problem, read_plan, read_problem, write_document
from placement.documents.faults import structural_faults
from placement.documents.plan import Plan
from placement.documents.quantities import Quantity
from placement.errors import DocumentError, Fault, UsageError, json_path, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

Doc = dict[str, Any]
GONE = object()  # in place of a value: delete the key

FULL: Doc = {
    "format": "placement/v1",
    "name": "every key",
    "accelerators": {"A100-40GB": {"memory_gib": 40}, "H200": {"memory_gib": 141.5}},
    "instance_types": {
        "p4d": {
            "accelerator": "A100-40GB",
            "accelerator_count": 8,
            "vcpus": 96,
            "memory_gib": 1152,
            "price_per_hour": 25.25,
            "reserved": {"vcpus": 2, "memory_gib": 16, "accelerator_memory_gib": 1},
        },
        "p5en": {
            "accelerator": "H200",
            "accelerator_count": 8,
            "vcpus": 192,
            "memory_gib": 2048,
            "price_per_hour": 63.3,
        },
        "cpu": {"accelerator": None, "vcpus": 4, "memory_gib": 8, "price_per_hour": 0.2},
    },
    "pools": [
        {"name": "p4d-a", "instance_type": "p4d", "zone": "a", "min_instances": 0, "max_instances": 20},
        {"name": "p4d-b", "instance_type": "p4d", "zone": "b", "max_instances": 20, "price_per_hour": 24.0},
        {"name": "p5en-a", "instance_type": "p5en", "zone": "a", "labels": {"market": "spot"}},
        {"name": "cpu-a", "instance_type": "cpu", "zone": "a"},
    ],
    "limits": [
        {
            "name": "team",
            "pools": ["p4d-a", "p5en-a"],
            "max_instances": 12,
            "max_accelerators": 64,
            "max_vcpus": 960.5,
            "max_price_per_hour": 400.5,
        },
    ],
    "commitments": [
        {"name": "block", "pools": ["p4d-b", "p4d-a"], "instances": 2},
        {"name": "plan", "pools": ["cpu-a", "p5en-a"], "price_per_hour": 0.4},
    ],
    "components": [
        {
            "name": "inline",
            "copies": 6,
            "min_copies": 4,
            "priority": 2,
            "options": [
                {
                    "name": "small",
                    "accelerators": 1,
                    "accelerator_memory_gib": 15,
                    "accelerator_share": 0.3,
                    "shared": True,
                    "vcpus": 4,
                    "memory_gib": 32,
                    "on": ["A100-40GB", "H200"],
                },
                {"name": "wide", "accelerators": 2, "accelerator_memory_gib": 8, "instance_types": ["p4d"]},
            ],
            "spread": {"max_skew": 1, "min_zones": 2, "max_per_zone": 4, "max_per_instance": 2},
            "min_available_on_zone_loss": 1,
            "min_available_on_pool_loss": 1,
            "min_available_on_instance_loss": 2,
            "zones": ["a", "b"],
            "avoid": ["chat", "group:batch"],
            "move_cost": 0.25,
            "labels": {"team": "codegen"},
        },
        {"name": "chat", "demand": 12.5, "throughput": 2.5, "accelerator_memory_gib": 60, "min_copies": 1},
        {"name": "nightly", "copies": 0, "shared": True, "groups": ["batch"], "dedicated": True},
        {"name": "router", "copies": 1, "accelerators": 0, "vcpus": 2, "instance_types": ["cpu"]},
    ],
    "instances": [
        {"id": "i-01", "pool": "p4d-a", "state": "active"},
        {"id": "i-02", "pool": "p4d-b", "state": "draining", "removable": False},
    ],
    "placements": [
        {"component": "inline", "instance": "i-01", "accelerators": [0], "option": "small", "pinned": True},
        {"component": "inline", "instance": "i-02", "accelerators": [2, 1], "option": 1},
        {"component": "nightly", "instance": "i-01"},
    ],
    "objective": {"horizon_hours": 24, "move_cost": 0.1, "max_moves": 10},
}

PLAN: Doc = {
    "format": "placement-plan/v1",
    "problem": "every key",
    "status": "feasible",
    "stop": "time",
    "solver": "auto",
    "seconds": 0.42,
    "seed": 0,
    "price_per_hour": 50.5,
    "cost": 50.5,
    "moves": 0,
    "lower_bound": 48.5,
    "gap": 0.04,
    "left_out_bound": {"2": 1},
    "instances": [{"id": "i-01", "pool": "p4d-a", "new": False}],
    "assignments": [{"component": "inline", "option": 0, "instance": "i-01", "accelerators": [0]}],
    "unplaced": [{"component": "inline", "copies": 1, "reason": "no room"}],
    "incumbents": [[0.1, 60.0]],
}


def changed(document: Doc, path: str, value: Any) -> Doc:
    """A copy of the document with another value (or, for `GONE`, none) at ``section.key.0.key``."""
    result = copy.deepcopy(document)
    here: Any = result
    *inner, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part in inner:
        here = here[part]
    if value is GONE:
        del here[last]
    elif isinstance(here, list) and last == len(here):
        here.append(value)
    else:
        here[last] = value
    return result


def messages(document: Doc) -> list[str]:
    """All faults of a problem document, one line each."""
    with pytest.raises(DocumentError) as caught:
        Problem(**document)
    return [str(fault) for fault in caught.value.faults]


def faults_in(file: Path) -> list[str]:
    """All faults of a problem in a file, one line each."""
    with pytest.raises(DocumentError) as caught:
        read_problem(file)
    return [str(fault) for fault in caught.value.faults]


def test_the_full_document_is_sound() -> None:
    """What follows breaks this document one rule at a time, so it must have none broken itself."""
    problem = Problem(**FULL)
    assert compile_fleet(problem).components[0].required == 4
    assert Plan(**PLAN).assignments[0].accelerators == (0,)


RULES = [
    # sections
    ("format", "placement/v2", "$.format: must be 'placement/v1', got \"placement/v2\""),
    ("name", 7, "$.name: must be text, got 7"),
    ("instance_types", GONE, "$.instance_types: is required"),
    ("pools", GONE, "$.pools: is required"),
    ("components", GONE, "$.components: is required"),
    ("components", {}, "$.components: must be a list, got {}"),
    ("pools.0", [], "$.pools[0]: must be a mapping of keys to values, got []"),
    ("accelerators", [], "$.accelerators: must be a mapping of names to rows, got []"),
    # accelerators and instance types
    ("accelerators.H200.memory_gib", 0, "$.accelerators.H200.memory_gib: must be more than 0, got 0"),
    ("accelerators.H200.memory_gib", GONE, "$.accelerators.H200.memory_gib: is required"),
    (
        "instance_types.p4d.accelerator",
        "A100-40G",
        "$.instance_types.p4d.accelerator: names no accelerator of this problem; "
        'did you mean "A100-40GB"?, got "A100-40G"',
    ),
    (
        "instance_types.p4d.accelerator",
        None,
        "$.instance_types.p4d: accelerator_count must be 0 without an accelerator; name it in `accelerator`",
    ),
    (
        "instance_types.p4d.accelerator_count",
        0,
        "$.instance_types.p4d: accelerator_count must be at least 1 with an accelerator",
    ),
    ("instance_types.p4d.accelerator_count", 2000, "$.instance_types.p4d.accelerator_count: must be at most 1024"),
    ("instance_types.cpu.vcpus", GONE, "$.instance_types.cpu.vcpus: is required"),
    (
        "instance_types.p4d.reserved.vcpus",
        97,
        "$.instance_types.p4d: reserved must not exceed what the machine has: vcpus 96, of which 97 are reserved",
    ),
    ("instance_types.p4d.reserved.memory_gib", 1153, "the machine has: memory_gib 1152, of which 1153 are reserved"),
    # pools
    ("pools.0.zone", GONE, "$.pools[0].zone: is required"),
    ("pools.0.zone", "", '$.pools[0].zone: must not be empty, got ""'),
    ("pools.0.min_instances", 21, "$.pools[0]: min_instances must not exceed max_instances: 21 is more than 20"),
    (
        "pools.1.name",
        "p4d-a",
        '$.pools[1].name: every name must be unique, and $.pools[0] has this one; choose another, got "p4d-a"',
    ),
    (
        "pools.3.instance_type",
        "cpus",
        '$.pools[3].instance_type: names no instance type of this problem; did you mean "cpu"?, got "cpus"',
    ),
    ("pools.2.labels.market", 5, "$.pools[2].labels.market: must be text, got 5"),
    # components
    (
        "components.1.name",
        "inline",
        "$.components[1].name: every name must be unique, and $.components[0] has this one",
    ),
    ("components.0.copies", GONE, "$.components[0]: give either `copies` or `demand`, and only one of them"),
    ("components.1.copies", 3, "$.components[1]: give either `copies` or `demand`, and only one of them"),
    ("components.0.min_copies", 7, "$.components[0]: min_copies must not exceed copies: 7 is more than 6"),
    ("components.0.priority", 0.5, "$.components[0].priority: must be a whole number, got 0.5"),
    ("components.0.max_unavailable", "101%", "$.components[0].max_unavailable: must be a whole number of copies, or a"),
    ("components.0.max_unavailable", "5", "must be a whole number of copies, or a percentage such as"),
    ("components.0.max_unavailable", -1, "$.components[0].max_unavailable: must be at least 0 copies, or a percentage"),
    ("components.1.demand", 0, "$.components[1].demand: must be more than 0, got 0"),
    ("components.1.throughput", GONE, "$.components[1]: with `demand`, every option must give `throughput`"),
    ("components.1.throughput", 0, "$.components[1].throughput: must be more than 0, got 0"),
    ("components.1.throughput", 1e-12, "$.components[1]: no number of copies up to 1e9 serves the `demand`"),
    ("components.0.options", [], "$.components[0].options: must have at least 1 entry, got []"),
    ("components.0.vcpus", 4, "$.components[0]: vcpus must stand inside the options, not beside them"),
    ("components.0.options.1.name", "small", "$.components[0]: two options of one component must not share a name"),
    ("components.0.options.0.accelerator_share", 1.5, "options[0].accelerator_share: must be at most 1, got 1.5"),
    ("components.0.options.0.accelerator_share", 40, "accelerator_share: must be at most 1: for 40% write 0.4, got 40"),
    ("components.0.options.0.shared", "yes", '$.components[0].options[0].shared: must be true or false, got "yes"'),
    ("components.0.options.0.shared", 1, "$.components[0].options[0].shared: must be true or false, got 1"),
    ("components.0.options.0.on", "H200", '$.components[0].options[0].on: must be a list, got "H200"'),
    (
        "components.0.options.0.on.1",
        "H100",
        '$.components[0].options[0].on[1]: names no accelerator of this problem; did you mean "H200"?, got "H100"',
    ),
    (
        "components.3.instance_types.0",
        "p5",
        '$.components[3].instance_types[0]: names no instance type of this problem; did you mean "p5en"?, got "p5"',
    ),
    (
        "components.0.avoid.0",
        "chart",
        '$.components[0].avoid[0]: names no component of this problem; did you mean "chat"?, got "chart"',
    ),
    (
        "components.0.avoid.0",
        "inline",
        "$.components[0].avoid[0]: a component can't avoid itself; for one copy an instance",
    ),
    (
        "components.0.avoid.1",
        "group:batsh",
        '$.components[0].avoid[1]: names no group of this problem; did you mean "batch"?, got "batsh"',
    ),
    ("components.2.dedicated", 0, "$.components[2].dedicated: must be true or false, got 0"),
    ("components.0.labels", ["x"], '$.components[0].labels: must be a mapping of names to rows, got ["x"]'),
    # spread
    ("components.0.spread.max_skew", 0, "$.components[0].spread.max_skew: must be at least 1, got 0"),
    ("components.0.spread.min_zones", 1.5, "$.components[0].spread.min_zones: must be a whole number, got 1.5"),
    ("components.0.spread.max_per_zone", -1, "$.components[0].spread.max_per_zone: must be at least 0, got -1"),
    ("components.0.spread.max_per_instance", True, "spread.max_per_instance: must be a number, got true"),
    ("components.0.min_available_on_zone_loss", -1, "min_available_on_zone_loss: must be at least 0, got -1"),
    # what runs now
    ("instances.1.id", "i-01", "$.instances[1].id: every id must be unique, and $.instances[0] has this one; choose"),
    (
        "instances.0.pool",
        "p4d",
        '$.instances[0].pool: names no pool of this problem; did you mean "p4d-b"?, got "p4d"',
    ),
    ("instances.0.state", "gone", "$.instances[0].state: must be 'active', 'cordoned' or 'draining', got \"gone\""),
    (
        "placements.0.component",
        "inlin",
        '$.placements[0].component: names no component of this problem; did you mean "inline"?, got "inlin"',
    ),
    (
        "placements.0.instance",
        "i-1",
        '$.placements[0].instance: names no instance of this problem; did you mean "i-01"?, got "i-1"',
    ),
    ("instances", GONE, '$.placements[0].instance: names no instance of this problem; none is defined, got "i-01"'),
    ("placements.0.accelerators", [0, 0], "$.placements[0]: accelerators must be distinct"),
    (
        "placements.0.accelerators",
        [8],
        "$.placements[0].accelerators: i-01 has 8 accelerators, numbered from 0, got [8]",
    ),
    ("placements.0.accelerators", [-1], "$.placements[0].accelerators[0]: must be at least 0, got -1"),
    (
        "placements.0.option",
        "smal",
        '$.placements[0].option: names no option of inline of this problem; did you mean "small"?, got "smal"',
    ),
    ("placements.0.option", 2, "$.placements[0].option: inline has 2 options, numbered from 0, got 2"),
    ("placements.0.option", -1, "$.placements[0].option: must be the name of an option, or its index from 0, got -1"),
    ("placements.0.option", True, "$.placements[0].option: must be a number, got true"),
    ("placements.2.option", 1, "$.placements[2].option: nightly has 1 option, numbered from 0, got 1"),
    (
        "placements.1.pinned",
        True,
        "$.placements[1]: a pinned copy must not stand on the draining instance i-02; unpin it",
    ),
    ("instance_types", [], "$.instance_types: must be a mapping of names to rows, got []"),
    ("pools", None, "$.pools: must be a list, got null"),
    ("instances", "i-01", '$.instances: must be a list, got "i-01"'),
    ("objective", None, "$.objective: must be a mapping of keys to values, got null"),
    ("objective.horizon_hours", -1, "$.objective.horizon_hours: must be at least 0, got -1"),
]


@pytest.mark.parametrize(("path", "value", "message"), RULES, ids=[f"{path}={value!r:.12}" for path, value, _ in RULES])
def test_a_broken_rule_is_named_with_its_place_and_value(path: str, value: Any, message: str) -> None:
    """One rule broken, one fault, with the JSON path, the rule and the value."""
    with pytest.raises(DocumentError, match=re.escape(message)) as caught:
        Problem(**changed(FULL, path, value))
    if "must be unique" not in message and (path, value) != ("instances", GONE):  # rows that refer to what is gone
        assert len(caught.value.faults) == 1  # and none of what only follows from it


@pytest.mark.parametrize("rows", [[{"accelerators": -1}], [{"cat": 1}, {"cat": 2}]])
def test_a_faulty_row_makes_no_list_too_short(rows: list[Doc]) -> None:
    """Each row has its own fault, and the list is as long as it was written."""
    component: Doc = {"name": "a", "copies": 1, "options": rows}
    with pytest.raises(DocumentError) as caught:
        Component(**component)

    assert [fault.path for fault in caught.value.faults] == [
        f"$.options[{k}].{key}" for k, row in enumerate(rows) for key in row
    ]


QUANTITIES = [
    "accelerators.H200.memory_gib",
    "instance_types.p4d.vcpus",
    "instance_types.p4d.memory_gib",
    "instance_types.p4d.price_per_hour",
    "instance_types.p4d.reserved.vcpus",
    "instance_types.p4d.reserved.memory_gib",
    "instance_types.p4d.reserved.accelerator_memory_gib",
    "pools.1.price_per_hour",
    "components.0.options.0.accelerator_memory_gib",
    "components.0.options.0.accelerator_share",
    "components.0.options.0.vcpus",
    "components.0.options.0.memory_gib",
    "components.0.move_cost",
    "components.1.demand",
    "components.1.throughput",
    "components.1.accelerator_memory_gib",
    "objective.horizon_hours",
    "objective.move_cost",
]
COUNTS = [
    "instance_types.p4d.accelerator_count",
    "pools.0.min_instances",
    "pools.0.max_instances",
    "components.0.copies",
    "components.0.min_copies",
    "components.0.priority",
    "components.0.options.0.accelerators",
    "components.0.spread.max_skew",
    "components.0.spread.min_zones",
    "components.0.spread.max_per_zone",
    "components.0.spread.max_per_instance",
    "components.0.min_available_on_zone_loss",
    "components.3.accelerators",
    "placements.0.accelerators.0",
]


@pytest.mark.parametrize("path", QUANTITIES + COUNTS)
@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (math.nan, "must be a finite number of at most 1e9, got NaN"),
        (math.inf, "must be a finite number of at most 1e9, got Infinity"),
        (-math.inf, "must be a finite number of at most 1e9, got -Infinity"),
        (2e19, r"must be a finite number of at most 1e9, got 2e\+19"),
        (10**5000, "must be a finite number of at most 1e9, got a number of 16610 bits"),
        (-1, r"must be (at least [01]|more than 0), got -1"),
        (True, "must be a number, got true"),
        ("4", 'must be a number: write 4 without quotes, got "4"'),
        ("four", 'must be a number, got "four"'),
        ([4], r"must be a number, got \[4\]"),
    ],
    ids=["nan", "inf", "-inf", "2e19", "huge", "-1", "true", "quoted", "text", "list"],
)
def test_no_number_is_taken_for_what_it_is_not(path: str, value: Any, rule: str) -> None:
    """NaN, infinities, negatives, booleans, text and lists are refused wherever a number stands."""
    place = re.escape(json_path([int(part) if part.isdigit() else part for part in path.split(".")]))
    if path.endswith((".demand", ".throughput")):  # in the user's own unit, so their limit is a higher one
        rule = rule.replace("1e9", "1e18")
    if path.endswith(".max_instances"):  # programs write the largest number of 64 bits for no limit
        rule = rule.replace("1e9", "1e19")
    if path.endswith(".priority") and value == -1:  # which one may be
        value, rule = -2e9, r"must be a finite number of at most 1e9, got -2000000000\.0"
    with pytest.raises(DocumentError, match=f"{place}: {rule}"):
        Problem(**changed(FULL, path, value))


@pytest.mark.parametrize("most", [10**9 + 1, 2**31 - 1, 2**63 - 1, 1e19])
def test_a_quota_may_be_any_sentinel_for_none(most: float) -> None:
    """Programs write the largest number of their type for no limit; it is kept as written, and limits nothing."""
    doc = changed(changed(FULL, "pools.0.max_instances", most), "limits", [{**TEAM, "max_accelerators": most}])
    problem = Problem(**doc)
    assert problem.to_document()["pools"][0]["max_instances"] == most
    fleet = compile_fleet(problem)
    assert fleet.pools[0].max_instances is None
    assert [limit.what for limit in fleet.limits] == ["max_instances"]


LARGER = (".demand", ".throughput", ".max_instances")


@pytest.mark.parametrize("path", [p for p in QUANTITIES + COUNTS if not p.endswith(LARGER)])
def test_a_quantity_is_at_most_a_billion(path: str) -> None:
    """Beyond 1e9 sums of products could leave 64 bits; demands are scaled first, and larger quotas limit nothing."""
    with pytest.raises(DocumentError, match=r"must be a finite number of at most 1e9, got 2000000000\.0"):
        Problem(**changed(FULL, path, 2e9))


@pytest.mark.parametrize("path", COUNTS)
def test_a_count_is_whole(path: str) -> None:
    """4.0 is 4; 4.5 is refused."""
    with pytest.raises(DocumentError, match=r"must be a whole number, got 1\.5"):
        Problem(**changed(FULL, path, 1.5))
    assert Problem(**changed(FULL, "components.0.copies", 6.0)).components[0].copies == 6


UNKNOWN_KEYS = [
    ("component", [], '$.component: unknown key; did you mean "components"?'),
    ("accelerators.H200.memory_gb", 1, '$.accelerators.H200.memory_gb: unknown key; did you mean "memory_gib"?, got 1'),
    (
        "instance_types.cpu.accelerators",
        1,
        '$.instance_types.cpu.accelerators: unknown key; did you mean "accelerator"?',
    ),
    ("instance_types.p4d.reserved.vcpu", 1, '$.instance_types.p4d.reserved.vcpu: unknown key; did you mean "vcpus"?'),
    ("pools.0.max", 1, '$.pools[0].max: unknown key; did you mean "max_instances"?'),
    ("pools.0.most", 1, "$.pools[0].most: unknown key; known: name, instance_type, zone, min_instances"),
    ("components.2.copys", 1, '$.components[2].copys: unknown key; did you mean "copies"?, got 1'),
    ("components.0.options.0.share", 1, '$.components[0].options[0].share: unknown key; did you mean "shared"?'),
    (
        "components.0.spread.max_scew",
        1,
        '$.components[0].spread.max_scew: unknown key; did you mean "max_skew"?, got 1',
    ),
    ("instances.0.status", "x", '$.instances[0].status: unknown key; did you mean "state"?, got "x"'),
    ("placements.0.pined", True, '$.placements[0].pined: unknown key; did you mean "pinned"?, got true'),
    ("objective.horizon", 1, '$.objective.horizon: unknown key; did you mean "horizon_hours"?, got 1'),
]


@pytest.mark.parametrize(("path", "value", "message"), UNKNOWN_KEYS, ids=[path for path, _, _ in UNKNOWN_KEYS])
def test_an_unknown_key_names_the_nearest_known_one(path: str, value: Any, message: str) -> None:
    """Wherever it stands; and it is the only fault."""
    found = messages(changed(FULL, path, value))
    assert len(found) == 1
    assert found[0].startswith(message)


def test_all_faults_are_reported_at_once() -> None:
    """Faults inside rows and between rows, together, also about rows that stand beside unsound ones."""
    document = changed(FULL, "pools.0.zone", 5)
    document = changed(document, "instance_types.cpu.vcpu", 1)
    document = changed(document, "components.2.copies", -1)
    document = changed(document, "components.0.options.0.on", ["H200", "L4"])
    document = changed(document, "placements.2.component", "nightli")
    assert messages(document) == [
        '$.instance_types.cpu.vcpu: unknown key; did you mean "vcpus"?, got 1',
        "$.pools[0].zone: must be text, got 5",
        "$.components[2].copies: must be at least 0, got -1",
        '$.components[0].options[0].on[1]: names no accelerator of this problem; known: A100-40GB, H200, got "L4"',
        '$.placements[2].component: names no component of this problem; did you mean "nightly"?, got "nightli"',
    ]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("pools.0.price_per_hour", "free"),
        ("components.2.copies", None),
        ("components.0.copies", "many"),
        ("instances.0.state", "lost"),
        ("instance_types.p4d.vcpus", "x"),
        ("accelerators.H200.memory_gib", "x"),
    ],
)
def test_a_row_with_a_fault_still_lends_its_name(path: str, value: Any) -> None:
    """References to a row that is there, but has a fault, are no faults of their own."""
    assert len(messages(changed(FULL, path, value))) == 1


def test_odd_keys_and_rows_are_faults_too() -> None:
    """Python hands over what no file can hold."""
    assert messages({"self": 1, **FULL}) == [
        "$.self: unknown key; known: format, name, accelerators, instance_types, pools, limits, commitments, "
        "components, …, got 1"
    ]
    document = changed(FULL, "instance_types", {5: FULL["instance_types"]["cpu"]})
    assert "$.instance_types[5] (its name): must be text, got 5" in messages(document)
    for path in ("name", "pools.0.labels", "components.0.groups"):
        value = {"name": "\ud800", "labels": {"\ud800": "x"}, "groups": ["\ud800"]}[path.split(".")[-1]]
        assert "must be Unicode text without halves of surrogate pairs" in messages(changed(FULL, path, value))[0]
    document = changed(FULL, "name", "\ud800")
    assert messages(document) == [r'$.name: must be Unicode text without halves of surrogate pairs, got "\ud800"']
    endless: list[Any] = []
    endless.append(endless)
    assert messages(changed(FULL, "pools", endless))[0].endswith("…")


def test_a_value_that_cannot_be_shown_is_named_by_its_type() -> None:
    """A message is no place to fail."""

    class Shy:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    assert messages(changed(FULL, "name", Shy())) == ["$.name: must be text, got a value of type Shy"]


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("copys", ["copies", "name"], 'did you mean "copies"?'),
        ("Qwen2.5-7B", ["Qwen3.5-27B", "Qwen2.5-7B-Instruct"], 'did you mean "Qwen2.5-7B-Instruct"?'),
        ("gpt", ["opt-7b", "GPT-OSS-20B"], 'did you mean "GPT-OSS-20B"?'),
        ("loss_of_a_machine", ["loss_of_a_zone", "loss_of_a_instance"], 'did you mean "loss_of_a_instance"?'),
        ("max_gpus", ["max_vcpus", "max_accelerators"], 'did you mean "max_accelerators"?'),
        ("replicas", ["name", "copies", "min_copies"], 'did you mean "copies"?'),
        ("min_replicas", ["name", "copies", "min_copies"], 'did you mean "min_copies"?'),
        ("conpute", ["console", "compute"], 'did you mean "compute"?'),
        ("x", [], "none is defined"),
        ("x", ["alpha", "beta"], "known: alpha, beta"),
        (
            "x",
            [f"name-{n}" for n in range(9)],
            "known: name-0, name-1, name-2, name-3, name-4, name-5, name-6, name-7, …",
        ),
    ],
)
def test_nearest(name: str, known: list[str], hint: str) -> None:
    """The nearest name, or a few of those there are."""
    assert nearest(name, known) == hint


def test_a_fault_shows_path_rule_and_value() -> None:
    """A long value is cut, no value is not shown."""
    assert str(Fault("$.a", "is odd", "x" * 100)) == '$.a: is odd, got "' + "x" * 58 + "…"
    assert str(Fault("$.a", "is odd", {"b": [1, None]})) == '$.a: is odd, got {"b": [1, null]}'
    assert str(Fault("$.a", "is required")) == "$.a: is required"


# --- In Python


def test_a_problem_is_built_in_ten_lines() -> None:
    """The keys of the document are the keys of the class."""
    problem = Problem(
        accelerators={"L40S": {"memory_gib": 48}},
        instance_types={
            "g6e": {"accelerator": "L40S", "accelerator_count": 1, "vcpus": 8, "memory_gib": 64, "price_per_hour": 2.24}
        },
        pools=[{"name": "a", "instance_type": "g6e", "zone": "us-east-1a"}],
        components=[{"name": "chat", "copies": 3, "accelerator_memory_gib": 20, "shared": True}],
    )
    assert problem.components[0].modes[0].accelerator_memory_gib == 20
    assert compile_fleet(problem).components[0].options[0].memory_mib == 20 * 1024


def test_rows_may_be_given_as_objects() -> None:
    """Also when another row has a fault."""
    rows = [Component(name="chat", copies=1), Component(name="search", copies=1, avoid=("chat",))]
    given = {**FULL, "components": rows, "placements": []}
    assert [row.name for row in Problem(**given).components] == ["chat", "search"]
    assert messages({**given, "name": 5}) == ["$.name: must be text, got 5"]


def test_a_typo_in_python_is_a_document_error() -> None:
    """The same error as for a file."""
    with pytest.raises(DocumentError, match=r'\$\.componets: unknown key; did you mean "components"\?'):
        Problem(instance_types={}, pools=[], componets=[])


def test_a_problem_does_not_change() -> None:
    """Rows are frozen: what was validated stays valid."""
    with pytest.raises(ValueError, match="frozen"):
        Problem(**FULL).name = "other"


def test_direct_fields_are_the_one_option() -> None:
    """A component without `options` is its own option; what is not given has the option's default."""
    modes = Problem(**FULL).components[1].modes
    assert len(modes) == 1
    assert (modes[0].accelerators, modes[0].shared, modes[0].throughput) == (1, False, 2.5)


@pytest.mark.parametrize(
    ("component", "required"), [("inline", 4), ("chat", 1), ("nightly", 0), ("router", 1)], ids=lambda value: str(value)
)
def test_required_copies(component: str, required: int) -> None:
    """`min_copies`, else all `copies`, else one for a demand."""
    found = {row.name: row.required_copies for row in Problem(**FULL).components}
    assert found[component] == required
    assert Problem(**changed(FULL, "components.1.min_copies", GONE)).components[1].required_copies == 1


# --- Files


def written(path: Path, text: str | bytes) -> Path:
    """The path, with the text in it."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def names(folder: Path) -> list[str]:
    """What stands in the folder."""
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize("name", ["problem.json", "problem.yaml", "problem.yml", "problem.YAML", "problem"])
def test_what_is_written_reads_back_equal(tmp_path: Path, name: str) -> None:
    """Problem to document to file to problem, in both notations; and the document itself is what was given."""
    problem = Problem(**FULL)
    write_document(problem.to_document(), tmp_path / name)
    again = read_problem(tmp_path / name)
    assert again == problem
    expected = copy.deepcopy(FULL)
    del expected["instance_types"]["cpu"]["accelerator"]  # null is absent
    assert again.to_document() == problem.to_document() == expected


def test_what_is_written_reads_alike_in_yaml_1_1(tmp_path: Path) -> None:
    """By PyYAML too, to which `on`, `no` and `1_000` are no texts."""
    document = Problem(**FULL).to_document()
    document["components"][0]["labels"] = {"no": "yes", "size": "1_000", "at": "12:30", "from": "2020-01-01"}
    write_document(document, tmp_path / "problem.yaml")
    text = (tmp_path / "problem.yaml").read_text("utf-8")

    assert '"on":' in text
    assert yaml_1_1.safe_load(text) == document


@pytest.mark.parametrize("name", ["plan.json", "plan.yaml"])
def test_a_plan_reads_back_equal_with_its_extra_keys(tmp_path: Path, name: str) -> None:
    """Extra keys of a plan are carried through."""
    plan = Plan(**PLAN)
    write_document(plan.to_document(), tmp_path / name)
    again = read_plan(tmp_path / name)
    assert again == plan
    assert again.to_document() == PLAN


def test_numbers_are_written_as_people_write_them(tmp_path: Path) -> None:
    """40 stays 40, 141.5 stays 141.5; a row stands on one line."""
    write_document(Problem(**FULL).to_document(), tmp_path / "problem.json")
    text = (tmp_path / "problem.json").read_text()
    assert '"A100-40GB": {"memory_gib": 40}' in text
    assert '"H200": {"memory_gib": 141.5}' in text
    assert '  {"id": "i-01", "pool": "p4d-a", "state": "active"},\n' in text


def test_the_key_on_is_a_word_in_yaml(tmp_path: Path) -> None:
    """In YAML 1.1 `on` is a boolean; a problem is YAML 1.2."""
    text = """
format: placement/v1
accelerators: {L4: {memory_gib: 24}}
instance_types: {g6: {accelerator: L4, accelerator_count: 1, vcpus: 4, memory_gib: 16, price_per_hour: 0.8}}
pools: [{name: yes, instance_type: g6, zone: no}]
components:
- name: chat
  copies: 1
  options:
  - on: [L4]
"""
    problem = read_problem(written(tmp_path / "p.yaml", text))
    assert problem.components[0].modes[0].on == ("L4",)
    assert (problem.pools[0].name, problem.pools[0].zone) == ("yes", "no")
    assert read_problem(written(tmp_path / "p", text)) == problem  # no telling suffix


FROZEN: list[Callable[[Problem, Plan], Any]] = [
    lambda problem, _: setattr(problem, "name", "x"),
    lambda problem, _: problem.components.append(problem.components[0]),  # type: ignore[attr-defined]
    lambda problem, _: operator.setitem(problem.components, 0, None),  # type: ignore[call-overload]
    lambda problem, _: problem.pools[0].labels.update(team="x"),
    lambda problem, _: problem.accelerators.pop("H200"),
    lambda problem, _: problem.accelerators.popitem(),
    lambda problem, _: problem.accelerators.clear(),
    lambda problem, _: problem.accelerators.setdefault("new", problem.accelerators["H200"]),
    lambda problem, _: operator.setitem(problem.instance_types, "cpu", problem.instance_types["p4d"]),
    lambda problem, _: operator.delitem(problem.instance_types, "cpu"),
    lambda problem, _: problem.accelerators.__ior__({}),
    lambda problem, _: setattr(problem.components[0].spread, "max_skew", 9),
    lambda problem, _: problem.components[0].modes[0].on.append("x"),  # type: ignore[union-attr]
    lambda _, plan: plan.assignments.append(None),  # type: ignore[attr-defined]
    lambda _, plan: plan.assignments[0].accelerators.append(1),  # type: ignore[attr-defined]
    lambda _, plan: operator.setitem(plan.left_out_bound or {}, "2", 0),
    lambda _, plan: plan.instances.clear(),  # type: ignore[attr-defined]
    lambda _, plan: setattr(plan.unplaced[0], "copies", 7),
]


@pytest.mark.parametrize("change", FROZEN)
def test_documents_do_not_change(change: Callable[[Problem, Plan], Any]) -> None:
    """Not at any depth: what was checked is what there is."""
    given, said = copy.deepcopy(FULL), copy.deepcopy(PLAN)
    problem, plan = Problem(**given), Plan(**said)
    with pytest.raises((TypeError, AttributeError, ValidationError)):
        change(problem, plan)
    for rows in (given["components"], given["pools"], said["assignments"], said["instances"]):
        rows.clear()  # nor by way of what it was built from
    assert problem == Problem(**FULL)
    assert plan == Plan(**PLAN)


def test_documents_are_copied_pickled_and_written_as_ever() -> None:
    """A list is a tuple inside, and a list again outside."""
    problem, plan = Problem(**FULL), Plan(**PLAN)
    for document in (problem, plan):
        assert pickle.loads(pickle.dumps(document)) == copy.deepcopy(document) == document.model_copy() == document
        assert type(document)(**document.to_document()) == document
        assert type(document)(**document.model_dump(exclude_unset=True)) == document
        assert json.loads(json.dumps(document.to_document())) == document.to_document()
    assert plan.to_document() == PLAN
    assert hash(problem) == hash(Problem(**FULL))
    assert problem.accelerators | {"B": 1} == {**problem.accelerators, "B": 1}
    with pytest.raises(TypeError, match="documents do not change: build another one"):
        problem.accelerators["B"] = problem.accelerators["H200"]


def test_the_schema_speaks_of_lists_and_mappings() -> None:
    """What is frozen inside is JSON outside."""
    schema = document_schema("problem")
    component = schema["$defs"]["Component"]["properties"]
    assert component["options"]["anyOf"][0] == {"items": {"$ref": "#/$defs/Option"}, "minItems": 1, "type": "array"}
    assert (component["labels"]["type"], component["labels"]["default"]) == ("object", {})
    assert (component["avoid"]["type"], component["avoid"]["default"]) == ("array", [])
    assert document_schema("plan")["properties"]["assignments"]["items"] == {"$ref": "#/$defs/Assignment"}


def test_rows_may_be_given_as_tuples() -> None:
    """As a document has them itself; but not as anything else that can be gone through."""
    given = {**FULL, "pools": tuple(FULL["pools"]), "components": tuple(FULL["components"])}
    assert Problem(**given) == Problem(**FULL)
    assert messages(changed(given, "name", 5)) == ["$.name: must be text, got 5"]
    odds: list[Any] = [{}, "abc", {1}, range(2), iter([])]
    for odd in odds:
        assert [line.split(", got")[0] for line in messages({**FULL, "placements": odd})] == [
            "$.placements: must be a list"
        ]


TEAM: Doc = {"name": "team", "pools": ["p4d-a", "p5en-a"], "max_instances": 3}
BLOCK: Doc = {"name": "block", "pools": ["p4d-a", "p4d-b"], "instances": 3}
GROUPS = [
    ("limits", [TEAM, TEAM], "$.limits[1].name: every name must be unique, and $.limits[0] has this one"),
    ("limits", [{**TEAM, "pools": []}], "$.limits[0].pools: must name at least one pool"),
    ("limits", [{**TEAM, "pools": ["p4d"]}], "$.limits[0].pools[0]: names no pool of this problem; did you mean"),
    ("limits", [{**TEAM, "pools": ["p4d-a", "p4d-a"]}], "$.limits[0].pools[1]: every pool must stand once in its list"),
    ("limits", [{**TEAM, "max_instances": 1.5}], "$.limits[0].max_instances: must be a whole number"),
    ("limits", [{**TEAM, "max_gpus": 8}], '$.limits[0].max_gpus: unknown key; did you mean "max_accelerators"?'),
    (
        "limits",
        [{"name": "team", "pools": ["p4d-a"]}],
        "$.limits[0]: give at least one of max_instances, max_accelerators, max_vcpus, max_price_per_hour",
    ),
    (
        "commitments",
        [BLOCK, BLOCK],
        "$.commitments[1].name: every name must be unique, and $.commitments[0] has this one",
    ),
    ("commitments", [{**BLOCK, "price_per_hour": 1}], "$.commitments[0]: give either `instances` or `price_per_hour`"),
    ("commitments", [{"name": "k", "pools": ["p4d-a"]}], "$.commitments[0]: give either `instances` or"),
    (
        "commitments",
        [BLOCK, {"name": "plan", "pools": ["cpu-a", "p4d-b"], "price_per_hour": 9}],
        "$.commitments[1].pools[1]: a pool is in one commitment at most; this one is in block and in plan",
    ),
    (
        "commitments",
        [{**BLOCK, "pools": ["p4d-a", "p5en-a"]}],
        "$.commitments[0].pools[1]: a commitment by `instances` is of one instance type: this pool is of p5en, p4d-a "
        "of p4d; make it two commitments, or give `price_per_hour`",
    ),
    ("objective.max_moves", 1.5, "$.objective.max_moves: must be a whole number"),
    ("components.0.min_available_on_pool_loss", -1, "$.components[0].min_available_on_pool_loss: must be at least 0"),
    ("components.0.min_available_on_instance_loss", None, "$.components[0].min_available_on_instance_loss: must be"),
]


@pytest.mark.parametrize(("path", "value", "message"), GROUPS)
def test_a_fault_in_a_rule_over_several_pools_names_both_sides(path: str, value: Any, message: str) -> None:
    """Where it stands, what is wrong, what to do."""
    found = messages(changed(FULL, path, value))
    assert any(line.startswith(message) for line in found), found


UNREADABLE = [
    ("p.json", "", "p.json: is empty"),
    ("p.yaml", " \n", "p.yaml: is empty"),
    ("p.yaml", "# nothing\n", "p.yaml: must be a mapping of keys to values"),
    ("p.json", "[]", "p.json: must be a mapping of keys to values"),
    ("p.json", "{", "p.json: is not JSON: Expecting property name enclosed in double quotes at line 1 column 2"),
    (
        "p.json",
        "format: placement/v1",
        "p.json: is not JSON: it begins with neither { nor [; a file of YAML is to be nam",
    ),
    ("p.json", '{"a": 1, "b": 2, "a": 3}', 'p.json: the key "a" stands twice in one mapping'),
    ("p.json", '{"pools": [{"a": 1, "a": 1}]}', 'p.json at $.pools[0]: the key "a" stands twice in one mapping'),
    ("p.yaml", "a: 1\na: 2\n", 'p.yaml: is not YAML: found duplicate key "a"'),
    ("p", "{a: 1, a: 2}", 'p: is not YAML: found duplicate key "a"'),
    ("p.json", '{"x": NaN}', "p.json at $.x: must be a finite number, got NaN"),
    ("p.json", '{"x": -Infinity}', "p.json at $.x: must be a finite number, got -Infinity"),
    ("p.json", '{"x": ' + "9" * 5000 + "}", "p.json at $.x: must be a shorter number: it has 5000 digits"),
    ("p.json", '{"x": [1, {"y": 1e400}]}', "p.json at $.x[1].y: must be a finite number, got Infinity"),
    ("p.json", '{"x": -' + "9" * 400 + ".0}", "p.json at $.x: must be a finite number, got -Infinity"),
    ("p.json", '{"name": "cut', "p.json: is not JSON: Unterminated string starting at line 1 column 10"),
    ("p.json", '{"x": "1e400 NaN", "y": 7', "p.json: is not JSON: Expecting ',' delimiter"),
    ("p.yaml", "x: " + "9" * 5000, "p.yaml: is not YAML: Exceeds the limit"),
    ("p.json", b"\x89PNG\r\n\x1a\n\x00", "p.json: is not UTF-8 text (byte 0); save it as UTF-8"),
    ("p.yaml", b"a: \x00", "p.yaml: is not YAML: unacceptable character #x0000"),
    ("p.json", "[" * 100_000, "p.json: is nested too deeply"),
    ("p.yaml", "[" * 1_500, "p.yaml: is nested too deeply"),
    ("p.yaml", "a: [1\nb: 2\n", "p.yaml: is not YAML: expected ',' or ']', but got ':' at line 2 column 2"),
    (
        "p.yaml",
        "a: !!python/object:os.system x",
        "p.yaml: is not YAML: could not determine a constructor for the tag",
    ),
    ("p.yaml", "--- {}\n--- {}\n", "p.yaml: is not YAML: but found another document"),
    ("p.yaml", "1: 2\n", "p.yaml: keys must be text, got 1"),
    ("p.json", '{"name": "x"}', 'p.json at $.format: is required; write "format: placement/v1" at the top'),
    (
        "p.yaml",
        "apiVersion: apps/v1\nkind: Deployment\n",
        "p.yaml at $.kind: this is an object of Kubernetes; a problem is wanted, and placement import kubernetes makes "
        'one, got "Deployment"',
    ),
    ("p.json", '{"format": "placement-plan/v1"}', "p.json at $.format: this is a plan; a problem is wanted"),
    (
        "p.json",
        '{"format": "placement-scaling/v1"}',
        "p.json at $.format: this is a scaling policy; a problem is wanted",
    ),
    ("p.yaml", "hello", 'p.yaml: must be a mapping of keys to values, got "hello"'),
    ("p.yaml", "a:\n\tb: 1\n", "at line 2 column 1; indent with blanks, YAML takes no tabs"),
    ("p.json", '{"format": "placement/v9"}', "p.json at $.format: must be 'placement/v1', got \"placement/v9\""),
]


@pytest.mark.parametrize(("name", "text", "message"), UNREADABLE, ids=[f"{n}-{t[:12]!r}" for n, t, _ in UNREADABLE])
def test_what_is_no_problem_document_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str | bytes, message: str
) -> None:
    """File, place, rule."""
    monkeypatch.chdir(tmp_path)
    written(Path(name), text)
    with pytest.raises(DocumentError, match=re.escape(message)):
        read_problem(name)


def test_an_anchor_may_be_used_again(tmp_path: Path) -> None:
    """YAML lets a later anchor take an earlier one's name; the reader must not warn."""
    problem = read_problem(written(tmp_path / "p.yaml", json.dumps(FULL).replace('"zone": "a"', '"zone": &z "a"')))
    assert problem == Problem(**FULL)


def test_messages_can_be_printed_whatever_the_document_holds(tmp_path: Path) -> None:
    """JSON can escape half of a surrogate pair; a message shows the escape."""
    document = changed(FULL, "pools.4", {"name": "\ud800", "instance_type": "cpu", "zone": "a"})
    document = changed(document, "instances.0.pool", "\ud801")
    for text in (json.dumps(document), '{"\\ud800": 1, "\\ud800": 2}'):
        with pytest.raises(DocumentError, match=r"\\ud800") as caught:
            read_problem(written(tmp_path / "p.json", text))
        assert str(caught.value).encode()


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    """Some editors write one."""
    path = written(tmp_path / "p.json", b"\xef\xbb\xbf" + json.dumps(FULL).encode())
    assert read_problem(path) == Problem(**FULL)


def test_a_missing_format_is_reported_with_the_other_faults(tmp_path: Path) -> None:
    """It does not hide them."""
    document = changed(changed(FULL, "format", GONE), "pools.0.zone", GONE)
    with pytest.raises(DocumentError) as caught:
        read_problem(written(tmp_path / "p.json", json.dumps(document)))
    assert [fault.path for fault in caught.value.faults] == ["$.format", "$.pools[0].zone"]
    with pytest.raises(DocumentError, match=r"\$\.format: is required"):
        read_problem(written(tmp_path / "p.json", json.dumps(changed(FULL, "format", GONE))))


@pytest.mark.parametrize("path", ["absent.json", ".", "null\0byte.json"])
def test_a_file_that_cannot_be_opened(path: str) -> None:
    """Says so, as a fault of the document."""
    with pytest.raises(DocumentError, match=r": can't be read: "):
        read_problem(path)


def test_standard_input_and_output(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A dash is standard input, in either notation, and standard output."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(FULL).encode())))
    problem = read_problem("-")
    write_document(problem.to_document(), "-")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"name: x")))
    assert json.loads(capsys.readouterr().out) == problem.to_document()
    with pytest.raises(DocumentError, match=r"standard input at \$\.format: is required"):
        read_problem("-")


PLAN_RULES = [
    ("format", "placement/v1", "$.format: this is a problem; a plan is wanted"),
    ("status", "fine", "$.status: must be 'optimal', 'feasible', 'infeasible' or 'unknown', got \"fine\""),
    ("stop", "tired", "$.stop: must be 'proved', 'gap', 'time', 'interrupted', 'stuck' or 'done', got \"tired\""),
    ("cost", "50", '$.cost: must be a number: write 50 without quotes, got "50"'),
    ("cost", True, "$.cost: must be a number, got true"),
    ("moves", -1, "$.moves: must be at least 0, got -1"),
    ("instances.0.pool", GONE, "$.instances[0].pool: is required"),
    ("instances.0.new", "no", '$.instances[0].new: must be true or false, got "no"'),
    ("assignments.0.instance", GONE, "$.assignments[0].instance: is required"),
    ("assignments.0.accelerators.0", -1, "$.assignments[0].accelerators[0]: must be at least 0, got -1"),
    (
        "assignments.0.option",
        "small",
        '$.assignments[0].option: must be the index of an option, from 0; only placements may name one, got "small"',
    ),
    ("assignments.0.option", True, "$.assignments[0].option: must be a number, got true"),
    ("assignments.0.option", 0.5, "$.assignments[0].option: must be a whole number, got 0.5"),
    ("assignments.0.accelerators.0", True, "$.assignments[0].accelerators[0]: must be a number, got true"),
    ("instances.0.new", 0, "$.instances[0].new: must be true or false, got 0"),
    ("lower_bound", True, "$.lower_bound: must be a number, got true"),
    ("gap", "0", '$.gap: must be a number: write 0 without quotes, got "0"'),
    ("moves", 0.5, "$.moves: must be a whole number, got 0.5"),
    ("unplaced.0.copies", -1, "$.unplaced[0].copies: must be at least 0, got -1"),
    ("unplaced.0.copies", True, "$.unplaced[0].copies: must be a number, got true"),
    ("unplaced.0.component", GONE, "$.unplaced[0].component: is required"),
    ("left_out_bound", {"2": True}, '$.left_out_bound["2"]: must be a number, got true'),
    ("left_out_bound", {"2": -1}, '$.left_out_bound["2"]: must be at least 0, got -1'),
    (
        "left_out_bound",
        {"02": 1},
        '$.left_out_bound["02"] (its name): must be a priority: a whole number, as',
    ),
    (
        "left_out_bound",
        {"high": 1},
        "$.left_out_bound.high (its name): must be a priority: a whole number, as",
    ),
    (
        "left_out_bound",
        {"-0": 1},
        '$.left_out_bound["-0"] (its name): must be a priority: a whole number, as',
    ),
    ("left_out_bound", [1], "$.left_out_bound: must be a mapping of names to rows, got [1]"),
]


@pytest.mark.parametrize(
    ("path", "value", "message"), PLAN_RULES, ids=[f"{n}-{p}" for n, (p, _, _) in enumerate(PLAN_RULES)]
)
def test_a_plan_that_breaks_a_rule(tmp_path: Path, path: str, value: Any, message: str) -> None:
    """Plans are read with the same care."""
    file = written(tmp_path / "plan.json", json.dumps(changed(PLAN, path, value)))
    with pytest.raises(DocumentError, match=re.escape(f"plan.json at {message}")):
        read_plan(file)


@pytest.mark.parametrize("document", [{}, {"name": "web", "version": "1.0.0"}, {"instances": []}])
def test_a_file_without_a_format_is_no_plan_unless_it_looks_like_one(
    tmp_path: Path, document: dict[str, object]
) -> None:
    """Plans may carry any key, so nothing else would tell that a file is another one; those of others may lack it."""
    with pytest.raises(DocumentError, match=r"x\.json at \$\.format: is required where there are neither assignments"):
        read_plan(written(tmp_path / "x.json", json.dumps(document)))
    by_others = document | {"assignments": []}
    assert read_plan(written(tmp_path / "y.json", json.dumps(by_others))).assignments == ()
    assert read_plan(written(tmp_path / "z.json", json.dumps(document | {"status": "unknown"}))).status == "unknown"


@pytest.mark.parametrize("value", [math.nan, math.inf, 10**400], ids=["nan", "inf", "huge"])
def test_figures_of_a_plan_are_finite(value: float) -> None:
    """They may be larger than any figure of a problem, a fleet costs more than a machine; but they are numbers."""
    for key in ("cost", "price_per_hour", "lower_bound", "gap", "seconds"):
        with pytest.raises(DocumentError, match=rf"\$\.{key}: must be a finite number"):
            Plan(**{**PLAN, key: value})
    assert Plan(**{**PLAN, "cost": 5e12}).cost == 5e12


@pytest.mark.parametrize(
    ("key", "text", "way_out"),
    [
        ("memory_gib", "80 GiB", "it counts GiB, so write 80"),
        ("memory_gib", "80GB", "it counts GiB, so write 74.5058"),
        ("memory_gib", "81920Mi", "it counts GiB, so write 80"),
        ("price_per_hour", "$2.24", "write 2.24 alone"),
        ("vcpus", "4000m", "it counts vCPUs, so write 4"),
        ("accelerator_share", "25%", "write 0.25"),
        ("startup_seconds", "5m", "it counts seconds, so write 300"),
        ("memory_gib", "80 bananas", None),
        ("price_per_hour", "2 GiB", None),
    ],
)
def test_an_amount_written_with_its_unit_is_told_as_a_number(key: str, text: str, way_out: str | None) -> None:
    """What to write in its place, in the unit that the key counts; nothing where that would be a guess."""
    found = structural_faults(_Amounts, _faults_of(key, text))[0]

    rule = "must be a number" if way_out is None else f"must be a number: {way_out}"
    assert (found.path, found.rule, found.value) == (f"$.{key}", rule, text)


class _Amounts(BaseModel):
    memory_gib: Quantity = 1
    price_per_hour: Quantity = 1
    accelerator_share: Quantity = 1
    startup_seconds: Quantity = 1
    vcpus: Quantity = 1


def _faults_of(key: str, text: str) -> ValidationError:
    with pytest.raises(ValidationError) as raised:
        _Amounts.model_validate({key: text})
    return raised.value


def test_a_name_that_stands_three_times_is_told_at_the_second() -> None:
    """With the first place, and how many more there are."""
    pools = [{"name": "a", "instance_type": "t", "zone": "z"}] * 4
    with pytest.raises(
        DocumentError, match=r"\$\.pools\[1\]\.name: .* \$\.pools\[0\] has this one, and 2 more; choose"
    ):
        Problem(instance_types={"t": {"vcpus": 1, "memory_gib": 1, "price_per_hour": 1}}, pools=pools, components=[])


@pytest.mark.skipif(os.name == "nt", reason="limits of a process are a Unix thing")
def test_a_disk_that_is_full_is_told_of_the_file_that_was_written(tmp_path: Path) -> None:
    """Also where the rest of it fails once more when the file is closed."""
    import resource

    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, usual[1]))
    try:
        with pytest.raises(UsageError, match=r"long\.yaml: can't be written: File too large"):
            write_document({"rows": [{"name": f"row-{k}"} for k in range(2000)]}, tmp_path / "long.yaml")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert names(tmp_path) == []


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Disk full, at whatever moment: what stood there stays, and nothing is left beside it."""
    target = written(tmp_path / "plan.json", "old")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    for module, name in ((os, "fsync"), (Path, "replace"), (Path, "chmod")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, full)
            with pytest.raises(UsageError, match=r"plan\.json: can't be written: No space left on device"):
                write_document(PLAN, target)
        assert target.read_text() == "old"
        assert names(tmp_path) == ["plan.json"]


@pytest.mark.parametrize("bad", [{"x": {1}}, {"x": "\ud800"}])
def test_a_document_that_is_no_text_leaves_the_old_file(tmp_path: Path, bad: Doc) -> None:
    """Whatever goes wrong while writing."""
    target = written(tmp_path / "plan.json", "old")
    with pytest.raises((UsageError, TypeError)):
        write_document(bad, target)
    assert target.read_text() == "old"
    assert names(tmp_path) == ["plan.json"]


def test_writing_where_nothing_can_be_written(tmp_path: Path) -> None:
    """A folder that is not there, a target that is a folder."""
    with pytest.raises(UsageError, match=r"plan\.json: can't be written: No such file or directory"):
        write_document(PLAN, tmp_path / "absent" / "plan.json")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(UsageError, match=r"folder\.json: can't be written: Is a directory"):
        write_document(PLAN, tmp_path / "folder.json")
    assert names(tmp_path) == ["folder.json"]


def test_a_rewritten_file_keeps_its_mode(tmp_path: Path) -> None:
    """A new one gets what the umask leaves."""
    target = written(tmp_path / "plan.json", "old")
    target.chmod(0o640)
    write_document(PLAN, target)
    assert target.stat().st_mode & 0o777 == 0o640
    before = os.umask(0o027)
    try:
        write_document(PLAN, tmp_path / "new.json")
    finally:
        os.umask(before)
    assert (tmp_path / "new.json").stat().st_mode & 0o777 == 0o640


# --- What a sound document compiles to


@pytest.mark.parametrize(
    ("demand", "throughput", "copies"),
    [
        (5, [2.5], 2),
        (1, [0.333333333], 3),  # three serve a hair of one part in 1e9 less: the rule forgives exactly that
        (1, [0.3333333329], 4),
        (1e-6, [1e9], 1),
        (1e8, [0.3], 333_333_333),  # here the hair is a tenth of a unit
        (7, [1e9, 0.7], 10),
    ],
)
def test_a_demand_in_integers_says_what_the_document_says(demand: float, throughput: list[float], copies: int) -> None:
    """So many copies of the slowest option serve it and one less do not; units stay far inside 64 bits."""
    options = [{"accelerators": 0, "throughput": rate} for rate in throughput]
    document = changed(FULL, "components", [{"name": "line", "demand": demand, "options": options}])
    component = compile_fleet(Problem(**{**document, "placements": []})).components[0]
    slowest = min(option.throughput for option in component.options)
    assert -(-component.demand // slowest) == copies
    assert all(option.throughput <= component.demand < 2**50 for option in component.options)


@pytest.mark.parametrize(("hours", "fine"), [(0, True), (1e-6, True), (9.99e-7, False), (1e-300, False), (0.1, True)])
def test_a_horizon_is_nothing_or_at_least_a_millionth_of_an_hour(hours: float, fine: bool) -> None:
    """A shorter one would be counted as none, and every plan as free."""
    document = {"instance_types": {}, "pools": [], "components": [], "objective": {"horizon_hours": hours}}
    if fine:
        assert Problem(**document).objective.horizon_hours == hours
        return
    with pytest.raises(DocumentError, match=r"horizon_hours.*must be 0 or at least 0\.000001 hours"):
        Problem(**document)


def test_a_problem_and_a_plan_are_a_line_each_for_a_person() -> None:
    """Names are escaped there, and copies that are left out are told."""
    running = [{"id": "m", "pool": "p"}]
    rows: dict[str, Any] = {
        "instance_types": {"t": {"vcpus": 4, "memory_gib": 8, "price_per_hour": 0.5}},
        "pools": [{"name": "p", "instance_type": "t", "zone": "z"}],
        "components": [{"name": "c", "copies": 2, "accelerators": 0, "vcpus": 2}],
    }
    assert str(Problem(**rows)) == "problem: 1 component, 1 pool, 1 instance type"
    runs = Problem(**rows, name="a\n", instances=running, placements=[{"component": "c", "instance": "m"}])
    assert str(runs) == "problem a␊: 1 component, 1 pool, 1 instance type, 1 running machine, 1 running copy"
    assigned = [{"component": "c", "instance": "m"}] * 2
    plan = Plan(problem="a\n", price_per_hour=0.5, instances=running, assignments=assigned)
    assert str(plan) == "plan of a␊: $0.50 an hour, 1 machine, 2 copies"
    assert str(Plan(unplaced=[{"component": "c", "copies": 3}])) == "plan: 0 machines, 0 copies, 3 copies left out"
