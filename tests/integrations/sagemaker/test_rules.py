"""Rules between fields: each is broken once, alone; calls that keep all of them pass."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from placement.integrations.sagemaker.rules import RULES, CallSet, lint
from placement.integrations.sagemaker.steps import Step
from tests.integrations.sagemaker.samples import G5, G6E, P4D, ROLE

if TYPE_CHECKING:
    from collections.abc import Callable

Calls = dict[str, dict[str, Any]]
DEVICES = {G5: 4, G6E: 4, P4D: 8, "ml.m5.large": 0}
MIG = "mig-3g.20gb"


def needs(devices: int = 1, **more: Any) -> dict[str, Any]:
    """What a copy takes."""
    return {"MinMemoryRequiredInMb": 1024, "NumberOfAcceleratorDevicesRequired": devices, **more}


def calls() -> Calls:
    """One endpoint with two types and one with a single type; components, an adapter and an update."""
    scaling = {"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": 3}
    both = [{"InstanceType": kind, "ComputeResourceRequirements": needs()} for kind in (G5, G6E)]
    return {
        "config": {
            "EndpointConfigName": "mixed-1",
            "ExecutionRoleArn": ROLE,
            "ProductionVariants": [
                {
                    "VariantName": "main",
                    "InstancePools": [{"InstanceType": G5, "Priority": 1}, {"InstanceType": G6E, "Priority": 2}],
                    "InitialInstanceCount": 2,
                    "ManagedInstanceScaling": scaling,
                    "RoutingConfig": {"RoutingStrategy": "RANDOM"},
                }
            ],
        },
        "endpoint": {"EndpointName": "mixed", "EndpointConfigName": "mixed-1"},
        "mig-config": {
            "EndpointConfigName": "mig-1",
            "ExecutionRoleArn": ROLE,
            "ProductionVariants": [
                {
                    "VariantName": "main",
                    "InstanceType": P4D,
                    "AcceleratorPartitionLayouts": [{"AcceleratorPartitionTypes": [MIG, MIG]}],
                }
            ],
        },
        "mig-endpoint": {"EndpointName": "mig", "EndpointConfigName": "mig-1"},
        "chat": {
            "InferenceComponentName": "chat",
            "EndpointName": "mixed",
            "VariantName": "main",
            "Specifications": both,
            "RuntimeConfig": {"CopyCount": 4},
        },
        "small": {
            "InferenceComponentName": "small",
            "EndpointName": "mig",
            "Specification": {"ComputeResourceRequirements": needs(AcceleratorPartitionType=MIG)},
            "RuntimeConfig": {"CopyCount": 1},
        },
        "lora": {
            "InferenceComponentName": "lora",
            "EndpointName": "mig",
            "Specification": {"BaseInferenceComponentName": "small"},
        },
        "update": {
            "InferenceComponentName": "chat",
            "RuntimeConfig": {"CopyCount": 4},
        },
    }


OPERATIONS = {
    "config": "CreateEndpointConfig",
    "mig-config": "CreateEndpointConfig",
    "endpoint": "CreateEndpoint",
    "mig-endpoint": "CreateEndpoint",
    "update": "UpdateInferenceComponent",
}


def as_set(rows: Calls) -> CallSet:
    """Calls in their order."""
    steps = [Step("sagemaker", OPERATIONS.get(name, "CreateInferenceComponent"), row, "") for name, row in rows.items()]
    return CallSet(steps, DEVICES)


def variant(rows: Calls) -> dict[str, Any]:
    """The variant with two pools."""
    found: dict[str, Any] = rows["config"]["ProductionVariants"][0]
    return found


def first(rows: Calls) -> dict[str, Any]:
    """What a copy of chat takes on the first type."""
    found: dict[str, Any] = rows["chat"]["Specifications"][0]["ComputeResourceRequirements"]
    return found


def partition(rows: Calls) -> dict[str, Any]:
    """What a copy on a partition takes."""
    found: dict[str, Any] = rows["small"]["Specification"]["ComputeResourceRequirements"]
    return found


def late(rows: Calls) -> None:
    """The configuration after its endpoint."""
    rows["late"] = rows.pop("config")
    OPERATIONS["late"] = "CreateEndpointConfig"


DAMAGE: dict[str, Callable[[Calls], object]] = {
    "one-kind-of-types": lambda r: variant(r).update(InstanceType=G5),
    "pools-differ": lambda r: variant(r)["InstancePools"].append({"InstanceType": G5, "Priority": 3}),
    "specification-for-each-pool": lambda r: r["chat"]["Specifications"].pop(),
    "specifications-name-types": lambda r: r["chat"]["Specifications"].append(
        copy.deepcopy(r["chat"]["Specifications"][0])
    ),
    "no-model-on-variant": lambda r: variant(r).update(ModelName="m"),
    "devices-fit-the-machine": lambda r: first(r).update(NumberOfAcceleratorDevicesRequired=5),
    "one-layout": lambda r: r["mig-config"]["ProductionVariants"][0]["AcceleratorPartitionLayouts"].append({}),
    "partitions-match": lambda r: partition(r).pop("AcceleratorPartitionType"),
    "adapters-take-nothing": lambda r: r["lora"]["Specification"].update(ComputeResourceRequirements=needs()),
    "counts-in-order": lambda r: variant(r).update(InitialInstanceCount=4),
    "prefix-routing-is-set": lambda r: variant(r)["RoutingConfig"].update(RoutingStrategy="PREFIX_AWARE"),
    "made-once-and-before-use": late,
}


def test_calls_that_keep_every_rule_pass() -> None:
    """No false alarms."""
    assert lint(as_set(calls())) == []


def test_every_rule_has_a_case() -> None:
    """And a text, which says where it was never seen to be enforced."""
    assert {rule.__name__.replace("_", "-") for rule in RULES} == set(DAMAGE)
    assert all(rule.__doc__ for rule in RULES)


@pytest.mark.parametrize("rule", DAMAGE)
def test_a_broken_rule_is_named(rule: str) -> None:
    """It alone, with the call."""
    rows = calls()
    DAMAGE[rule](rows)

    assert {fault.rule for fault in lint(as_set(rows))} == {rule}


@pytest.mark.parametrize(
    ("rule", "damage"),
    [
        ("partitions-match", lambda r: partition(r).update(AcceleratorPartitionType="mig-1g.5gb")),
        ("partitions-match", lambda r: partition(r).update(NumberOfAcceleratorDevicesRequired=2)),
        ("partitions-match", lambda r: first(r).update(AcceleratorPartitionType=MIG)),
        ("adapters-take-nothing", lambda r: r["small"]["Specification"].pop("ComputeResourceRequirements")),
        ("made-once-and-before-use", lambda r: r.update(again=copy.deepcopy(r["chat"]))),
    ],
)  # fmt: skip
def test_other_ways_to_break_them(rule: str, damage: Callable[[Calls], object]) -> None:
    """A rule has several sides."""
    rows = calls()
    damage(rows)

    assert rule in {fault.rule for fault in lint(as_set(rows))}


def test_a_machine_without_accelerators_gives_none() -> None:
    """Types that the table does not know are passed over."""
    rows = calls()
    variant(rows)["InstancePools"][0]["InstanceType"] = "ml.m5.large"
    rows["chat"]["Specifications"][0]["InstanceType"] = "ml.m5.large"
    (fault,) = lint(as_set(rows))
    assert (
        str(fault)
        == "component chat Specifications[0]: takes 1 accelerators, ml.m5.large has 0 [devices-fit-the-machine]"
    )

    variant(rows)["InstancePools"][0]["InstanceType"] = "ml.new.large"
    rows["chat"]["Specifications"][0]["InstanceType"] = "ml.new.large"
    assert lint(as_set(rows)) == []
