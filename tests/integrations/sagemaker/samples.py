"""Answers of SageMaker's API, as the AWS command line prints them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

ARN = "arn:aws:sagemaker:us-east-1:111122223333"
ROLE = "arn:aws:iam::111122223333:role/serving"
WHEN = "2026-11-01T10:00:00.123000+00:00"
G5, G6E, P4D = "ml.g5.12xlarge", "ml.g6e.12xlarge", "ml.p4d.24xlarge"
Doc = dict[str, Any]


def endpoint(name: str, variants: list[Doc], **more: Any) -> Doc:
    """DescribeEndpoint."""
    return {
        "EndpointName": name,
        "EndpointArn": f"{ARN}:endpoint/{name}",
        "EndpointConfigName": f"{name}-config",
        "ProductionVariants": variants,
        "EndpointStatus": "InService",
        "CreationTime": WHEN,
        "LastModifiedTime": WHEN,
        **more,
    }


def config(name: str, variants: list[Doc], **more: Any) -> Doc:
    """DescribeEndpointConfig."""
    return {
        "EndpointConfigName": f"{name}-config",
        "EndpointConfigArn": f"{ARN}:endpoint-config/{name}-config",
        "ProductionVariants": variants,
        "ExecutionRoleArn": ROLE,
        "CreationTime": WHEN,
        **more,
    }


def component(name: str, of: str, copies: int, devices: int, gib: float, vcpus: float = 0, **more: Any) -> Doc:
    """DescribeInferenceComponent, of a component on one type of machine."""
    needs: Doc = {"MinMemoryRequiredInMb": int(gib * 1024)}
    if devices:
        needs["NumberOfAcceleratorDevicesRequired"] = float(devices)  # a float in the API
    if vcpus:
        needs["NumberOfCpuCoresRequired"] = vcpus
    return {
        "InferenceComponentName": name,
        "InferenceComponentArn": f"{ARN}:inference-component/{name}",
        "EndpointName": of,
        "EndpointArn": f"{ARN}:endpoint/{of}",
        "VariantName": "main",
        "InferenceComponentStatus": "InService",
        "CreationTime": WHEN,
        "LastModifiedTime": WHEN,
        "Specification": {"ModelName": f"{name}-model", "ComputeResourceRequirements": needs},
        "RuntimeConfig": {"DesiredCopyCount": copies, "CurrentCopyCount": copies},
        **more,
    }


def simple(name: str = "llm", machines: int = 3) -> dict[str, Doc]:
    """One variant of one type with three components, by file name."""
    scaling = {"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": 6}
    current = {"CurrentInstanceCount": machines, "DesiredInstanceCount": machines}
    components = [component("chat-8b", name, 5, 1, 16, 4), component("rank", name, 2, 1, 8, 2)]
    components.append(component("code-34b", name, 1, 2, 64, 8))
    return {
        "endpoint": endpoint(name, [{"VariantName": "main", **current, "ManagedInstanceScaling": scaling}]),
        "config": config(
            name,
            [
                {
                    "VariantName": "main",
                    "InstanceType": G5,
                    "InitialInstanceCount": machines,
                    "ManagedInstanceScaling": scaling | {"ScaleInPolicy": {"Strategy": "CONSOLIDATION"}},
                    "RoutingConfig": {"RoutingStrategy": "RANDOM"},
                }
            ],
        ),
        **{f"component-{row['InferenceComponentName']}": row for row in components},
        "list": {
            "InferenceComponents": [
                {"InferenceComponentName": row["InferenceComponentName"], "EndpointName": name} for row in components
            ]
        },
    }


def pooled() -> dict[str, Doc]:
    """One variant with two types, and components with a specification for each."""
    pools = [{"InstanceType": G5, "Priority": 2}, {"InstanceType": G6E, "Priority": 1}]
    counts = [{"InstanceType": G6E, "CurrentInstanceCount": 1}, {"InstanceType": G5, "CurrentInstanceCount": 2}]
    scaling = {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 4}

    def both(name: str, on_g6e: int, on_g5: int, devices: tuple[int, int]) -> Doc:
        row = component(name, "mixed", on_g6e + on_g5, 0, 1)
        del row["Specification"]
        row["Specifications"] = [
            {
                "InstanceType": kind,
                "Container": {
                    "DeployedImage": {"SpecifiedImage": "repo/image:1", "ResolvedImage": "repo/image@sha256:0"},
                    "ArtifactUrl": "s3://bucket/model/",
                    "Environment": {"HF_TOKEN": "hf_secret"},
                },
                "ComputeResourceRequirements": {
                    "NumberOfAcceleratorDevicesRequired": count,
                    "MinMemoryRequiredInMb": 20_001,
                },
            }
            for kind, count in zip((G6E, G5), devices, strict=True)
        ]
        row["RuntimeConfig"]["PlacementStatus"] = [
            {"InstanceType": G6E, "CurrentCopyCount": on_g6e},
            {"InstanceType": G5, "CurrentCopyCount": on_g5},
        ]
        return row

    summary = {"VariantName": "main", "CurrentInstanceCount": 3, "DesiredInstanceCount": 3, "InstancePools": counts}
    return {
        "endpoint": endpoint("mixed", [summary]),
        "config": config(
            "mixed",
            [
                {
                    "VariantName": "main",
                    "InstancePools": pools,
                    "InitialInstanceCount": 1,
                    "ManagedInstanceScaling": scaling,
                }
            ],
        ),
        "chat": both("chat", 2, 3, (1, 2)),
        "rank": both("rank", 1, 0, (1, 1)),
    }


VARIANT, COPIES = "sagemaker:variant:DesiredInstanceCount", "sagemaker:inference-component:DesiredCopyCount"


def _scales(resource: str) -> Doc:
    """What answers about a scheduled action and about a policy have alike."""
    dimension = VARIANT if resource.startswith("endpoint/") else COPIES
    of = {"ServiceNamespace": "sagemaker", "ResourceId": resource, "ScalableDimension": dimension}
    return of | {"CreationTime": WHEN}


def action(resource: str, name: str = "night", **limits: int) -> Doc:
    """A row of DescribeScheduledActions."""
    when = {"Schedule": "cron(0 20 * * ? *)", "Timezone": "Europe/Paris"}
    return {
        "ScheduledActionName": name,
        **_scales(resource),
        **when,
        "ScalableTargetAction": limits or {"MinCapacity": 1},
    }


def tracking(resource: str, name: str = "busy", **metric: Any) -> Doc:
    """A row of DescribeScalingPolicies that tracks a target."""
    variant = resource.startswith("endpoint/")
    counted = "SageMakerVariantInvocationsPerInstance" if variant else "SageMakerInferenceComponentInvocationsPerCopy"
    measured = metric or {"PredefinedMetricSpecification": {"PredefinedMetricType": counted}}
    target = {"TargetValue": 70.0, "ScaleInCooldown": 300, **measured}
    alarms = [{"AlarmName": f"{name}-high", "AlarmARN": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:x"}]
    row = {"PolicyName": name, "PolicyType": "TargetTrackingScaling", **_scales(resource), "Alarms": alarms}
    return row | {"TargetTrackingScalingPolicyConfiguration": target}


def stepping(resource: str, name: str = "burst") -> Doc:
    """A row of DescribeScalingPolicies that an alarm starts."""
    row = tracking(resource, name) | {"PolicyType": "StepScaling"}
    row.pop("TargetTrackingScalingPolicyConfiguration")
    step = {"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}
    return row | {"StepScalingPolicyConfiguration": {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [step]}}


def write(folder: Path, documents: dict[str, Doc]) -> Path:
    """A folder with a file for each answer."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document, indent=4))
    return folder
