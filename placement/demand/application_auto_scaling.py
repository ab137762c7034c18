"""A policy as Application Auto Scaling takes it, for inference components of SageMaker: plain data, no call is made.

Each entry of what comes out is the input of one call, as ``aws application-autoscaling CALL --cli-input-json`` takes it
(``aws cloudwatch`` for alarms).
"""

import re
from collections.abc import Sequence
from typing import Any

from placement.demand.controller import STEP_COOLDOWN
from placement.demand.rows import DAYS, ScalingDefaults, ScheduledAction

NAMESPACE = "sagemaker"
RESOURCE = "inference-component/"
_VARIANT = re.compile(r"endpoint/[^/]+/variant/[^/]+")
_METRICS = {
    "requests_per_second": "SageMakerInferenceComponentInvocationsPerCopy",
    "requests_in_flight": "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution",
}
_SECONDS_A_MINUTE = 60  # invocations per copy are counted by the minute
_EVERY_DAY = len(DAYS)


def variant_resource(endpoint: str, variant: str) -> str:
    """What Application Auto Scaling calls the machines of a variant."""
    return f"endpoint/{endpoint}/variant/{variant}"


def dimension_of(resource: str) -> str:
    """What is counted of a resource: copies of an inference component, machines of a variant; empty of all others."""
    if resource.startswith(RESOURCE):
        return "sagemaker:inference-component:DesiredCopyCount"
    return "sagemaker:variant:DesiredInstanceCount" if _VARIANT.fullmatch(resource) else ""


def of_resource(resource: str) -> dict[str, str]:
    """The keys by which every call names the resource that it is about."""
    return {"ServiceNamespace": NAMESPACE, "ResourceId": resource, "ScalableDimension": dimension_of(resource)}


def to_application_auto_scaling(
    name: str, row: ScalingDefaults, target_value: float
) -> dict[str, list[dict[str, Any]]]:
    """The calls that give the inference component `name` this policy, in the order in which they are made.

    `row`: the component's policy. `target_value`: its target, in the unit of its metric, which the problem may give.

    >>> from placement.demand.rows import ScalingDefaults
    >>> calls = to_application_auto_scaling("chat", ScalingDefaults(max_capacity=4), 2.0)
    >>> calls["register-scalable-target"][0]["MaxCapacity"]
    4
    >>> calls["put-scaling-policy"][0]["TargetTrackingScalingPolicyConfiguration"]["TargetValue"]
    120.0
    """
    of = of_resource(RESOURCE + name)
    per_minute = _SECONDS_A_MINUTE if row.metric == "requests_per_second" else 1
    tracking = {
        **of,
        "PolicyName": f"{name}-target-tracking",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": target_value * per_minute,
            "PredefinedMetricSpecification": {"PredefinedMetricType": _METRICS[row.metric]},
            "ScaleOutCooldown": row.scale_out_cooldown,
            "ScaleInCooldown": row.scale_in_cooldown,
            "DisableScaleIn": row.disable_scale_in,
        },
    }
    calls: dict[str, list[dict[str, Any]]] = {
        "register-scalable-target": [{**of, "MinCapacity": row.min_capacity, "MaxCapacity": row.max_capacity}],
        "put-scaling-policy": [tracking],
        "put-metric-alarm": [],
        "put-scheduled-action": _scheduled(name, of, row.schedule),
    }
    if row.min_capacity == 0 or any(action.min_capacity == 0 for action in row.schedule):
        calls["put-scaling-policy"].append(_step(name, of))
        calls["put-metric-alarm"].append(_alarm(name))
    return calls


def from_zero(name: str) -> str:
    """The name of the policy, and of its alarm, that starts the first copy of an inference component."""
    return f"{name}-from-zero"


def _step(name: str, of: dict[str, str]) -> dict[str, Any]:
    """Out of zero, which target tracking can't leave."""
    return {
        **of,
        "PolicyName": from_zero(name),
        "PolicyType": "StepScaling",
        "StepScalingPolicyConfiguration": {
            "AdjustmentType": "ChangeInCapacity",
            "MetricAggregationType": "Maximum",
            "Cooldown": STEP_COOLDOWN,
            "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
        },
    }


def _alarm(name: str) -> dict[str, Any]:
    """When a request finds no copy. Its `AlarmActions` are the ARN that AWS answers to the step's policy."""
    return {
        "AlarmName": from_zero(name),
        "Namespace": "AWS/SageMaker",
        "MetricName": "NoCapacityInvocationFailures",
        "Dimensions": [{"Name": "InferenceComponentName", "Value": name}],
        "Statistic": "Maximum",
        "Period": 30,
        "EvaluationPeriods": 1,
        "DatapointsToAlarm": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "missing",
    }


def _scheduled(name: str, of: dict[str, str], schedule: Sequence[ScheduledAction]) -> list[dict[str, Any]]:
    found = []
    for number, action in enumerate(schedule, 1):
        hour, minute = action.at.split(":")
        days = "*" if len(action.days) == _EVERY_DAY else ",".join(day.upper() for day in action.days)
        of_month = "*" if days == "*" else "?"
        limits = {"MinCapacity": action.min_capacity, "MaxCapacity": action.max_capacity}
        found.append(
            {
                **of,
                "ScheduledActionName": f"{name}-scheduled-{number}",
                "Schedule": f"cron({int(minute)} {int(hour)} {of_month} * {'?' if days == '*' else days} *)",
                "ScalableTargetAction": {key: value for key, value in limits.items() if value is not None},
            }
        )
    return found
