"""The same resources as a CloudFormation template, in JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from placement.integrations.sagemaker.rolling import rolling_policy
from placement.integrations.sagemaker.steps import Step

# Calls that make a resource: the resource, what its logical id begins with.
_TYPES = {
    "CreateEndpointConfig": ("AWS::SageMaker::EndpointConfig", "Config"),
    "CreateEndpoint": ("AWS::SageMaker::Endpoint", "Endpoint"),
    "CreateInferenceComponent": ("AWS::SageMaker::InferenceComponent", "Component"),
    "RegisterScalableTarget": ("AWS::ApplicationAutoScaling::ScalableTarget", "Target"),
    "PutScalingPolicy": ("AWS::ApplicationAutoScaling::ScalingPolicy", "Policy"),
    "PutMetricAlarm": ("AWS::CloudWatch::Alarm", "Alarm"),
}
_KINDS = ("TargetTracking", "Step", "Predictive")
_OF_POLICY = ("PolicyName", "PolicyType", *(f"{kind}ScalingPolicyConfiguration" for kind in _KINDS))
_MOST_IMBALANCE = 100  # copies between two zones
_NO_PARTITIONS = "AcceleratorPartition"  # neither resource has the keys that begin so


def template(steps: Sequence[Step], description: str) -> str | None:
    """The template of all endpoints and components that calls make, and of what scales those; None without one.

    Resources stand in the order of the calls and depend on what they use. CloudFormation's resources know no partitions
    of accelerators. What runs is no part of a new stack, nor what calls change of it.
    """
    making = _what_is_made(steps)
    if any(_NO_PARTITIONS in json.dumps(step.parameters) for step in making):
        return None
    writer = _TemplateWriter()
    for step in making:
        if step.operation in _TYPES:
            writer.add(step)
        elif step.operation == "PutScheduledAction":
            writer.schedule(step.parameters)
    document = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": description[:1000],
        "Resources": writer.resources,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _what_is_made(steps: Sequence[Step]) -> list[Step]:
    """The steps that make something new: an endpoint with its configuration, a component, and what scales either."""
    made = {step.subject for step in steps if step.operation in ("CreateEndpoint", "CreateInferenceComponent")}
    configs = {step.parameters["EndpointConfigName"] for step in steps if step.operation == "CreateEndpoint"}

    def is_of_it(step: Step) -> bool:
        if step.operation == "CreateEndpointConfig":
            return step.subject in configs
        if "ResourceId" in step.parameters:
            return str(step.parameters["ResourceId"]).split("/")[1] in made
        return "Dimensions" not in step.parameters or step.parameters["Dimensions"][0]["Value"] in made  # an alarm

    return [step for step in steps if is_of_it(step)]


def differences(steps: Sequence[Step]) -> Iterator[tuple[str, str]]:
    """Components of which a template says something else than the calls, and what."""
    made = {step.subject for step in steps if step.operation == "CreateInferenceComponent"}
    for step in steps:
        kind = _single_type(step.parameters)
        if kind:
            yield step.subject, f"it has one specification there for all types of its variant, that for {kind}"
        if step.operation == "UpdateInferenceComponentRuntimeConfig" and step.subject in made:
            yield step.subject, "it is made with a copy there, which stays until you take it away"


def _single_type(call: Mapping[str, Any]) -> str:
    """The type whose specification is that of all types in the template; empty where each has its own.

    CloudFormation takes two specifications by type or more, none of them of an adapter, or one without a type.
    """
    rows = call.get("Specifications", ())
    if len(rows) == 1 or any("BaseInferenceComponentName" in row for row in rows):
        return str(rows[0]["InstanceType"])
    return ""


class _TemplateWriter:
    """Resources by logical id, and the ids of what has been made, by kind and name."""

    def __init__(self) -> None:
        self.resources: dict[str, Any] = {}
        self._ids: dict[tuple[str, str], str] = {}
        self._last = ""

    def add(self, step: Step) -> None:
        kind, start = _TYPES[step.operation]
        number = sum(row["Type"] == kind for row in self.resources.values()) + 1
        own = f"{start}{number}"
        after = [self._ids[used] for used in _used(start, step.parameters) if used in self._ids]
        properties = self._properties(start, step.parameters)
        self.resources[own] = {"Type": kind} | ({"DependsOn": after} if after else {}) | {"Properties": properties}
        self._ids[start, step.subject] = own
        self._last = own

    def schedule(self, call: Mapping[str, Any]) -> None:
        """A scheduled action, which is a property of its target."""
        kept = ("ScheduledActionName", "Schedule", "Timezone", "StartTime", "EndTime", "ScalableTargetAction")
        target = self.resources[self._ids["Target", call["ResourceId"]]]["Properties"]
        target.setdefault("ScheduledActions", []).append({key: call[key] for key in kept if key in call})

    def _properties(self, start: str, call: Mapping[str, Any]) -> dict[str, Any]:
        """The input of a call, as its resource has it: with references to other resources in place of their names."""
        if start == "Endpoint":
            config = self._ids["Config", call["EndpointConfigName"]]
            return {**call, "EndpointConfigName": {"Fn::GetAtt": [config, "EndpointConfigName"]}}
        if start == "Policy":
            kept = {key: call[key] for key in _OF_POLICY if key in call}
            return kept | {"ScalingTargetId": {"Ref": self._ids["Target", call["ResourceId"]]}}
        if start == "Alarm":
            return {**call, "AlarmActions": [{"Ref": self._last}]}
        return _component(call) if start == "Component" else dict(call)


def _used(start: str, call: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a resource comes after, where a template makes it: its endpoint and its base, or what it scales."""
    if start == "Component":
        rows = [call.get("Specification", {}), *call.get("Specifications", ())]
        bases = [row["BaseInferenceComponentName"] for row in rows if "BaseInferenceComponentName" in row]
        return [("Endpoint", call["EndpointName"]), *(("Component", base) for base in bases[:1])]
    if start == "Target":
        kind, name, *_ = str(call["ResourceId"]).split("/")
        return [("Endpoint" if kind == "endpoint" else "Component", name)]
    return []


def _component(call: Mapping[str, Any]) -> dict[str, Any]:
    """A component with a policy for its updates, and one specification where the resource takes no other."""
    policy = rolling_policy(call.get("RuntimeConfig", {}).get("CopyCount", 0))  # an adapter has no copies of its own
    more = {"DeploymentConfig": {"RollingUpdatePolicy": policy}} if policy else {}
    if _single_type(call):
        chosen = {key: value for key, value in call["Specifications"][0].items() if key != "InstanceType"}
        call = {**{key: value for key, value in call.items() if key != "Specifications"}, "Specification": chosen}
    rows: dict[str, Any] = {}
    if "Specification" in call:
        rows["Specification"] = _balanced(call["Specification"])
    if "Specifications" in call:
        rows["Specifications"] = [_balanced(row) for row in call["Specifications"]]
    return {**call, **rows, **more}


def _balanced(row: Mapping[str, Any]) -> dict[str, Any]:
    """A specification with a balance of zones, which the resource requires: one that asks for nothing."""
    policy = row.get("SchedulingConfig")
    if policy is None or "AvailabilityZoneBalance" in policy:
        return dict(row)
    loose = {"EnforcementMode": "PERMISSIVE", "MaxImbalance": _MOST_IMBALANCE}
    return {**row, "SchedulingConfig": {**policy, "AvailabilityZoneBalance": loose}}
