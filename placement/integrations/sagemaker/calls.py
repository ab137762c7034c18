"""Inputs of SageMaker's calls: endpoint configurations and inference components."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from placement.errors import UsageError, printable
from placement.integrations.labels import digest
from placement.integrations.notes import Notes
from placement.integrations.sagemaker import labels
from placement.integrations.sagemaker.configuration import MachineRange
from placement.integrations.sagemaker.groups import PlanView, ServingGroup, Unit
from placement.integrations.sagemaker.names import LONGEST
from placement.integrations.sagemaker.serving import Served
from placement.integrations.sagemaker.specification import scheduling_policy, specification
from placement.integrations.sagemaker.wish import POLICIES, ExportWish

ROUTING = {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"}
_SUFFIX = 9  # a dash and eight digits of a digest


def variant_row(
    group: ServingGroup, count: int, scaling: MachineRange | None, wish: ExportWish, notes: Notes
) -> dict[str, Any]:
    """A production variant with so many machines. One that was read gets no policy that it has not.

    `scaling`: least and most machines, where the platform manages their number.
    Raises UsageError: the target's botocore lacks a field that the plan needs.
    """
    told = group.pools[0].labels
    place = f"variant {group.variant}"
    settings, was_read = labels.unpacked(told, labels.SETTINGS) or {}, labels.SETTINGS in told
    policy = settings.pop("ScaleInPolicy", None)
    row: dict[str, Any] = {"VariantName": group.variant, **_types(group, wish, place)}
    row["InitialInstanceCount"] = max(1, count)
    if scaling is not None:
        least, most = scaling
        row["InitialInstanceCount"] = max(1, count, least)
        row["ManagedInstanceScaling"] = {"Status": "ENABLED", "MinInstanceCount": least}
        row["ManagedInstanceScaling"] |= {} if most is None else {"MaxInstanceCount": most}
        if least == 0:
            wish.require("least instances of 0", place)
            notes.inexact(f"{place} MinInstanceCount", "0 was refused in some regions (eu-west-3), accepted in others")
        policy = policy or (None if was_read else {"Strategy": "IDLE_RELEASE"})
        if policy and wish.knows(POLICIES):
            row["ManagedInstanceScaling"]["ScaleInPolicy"] = policy
        elif policy:
            notes.inexact(place, "ScaleInPolicy is left out: the target's botocore does not know it")
    partitions = labels.unpacked(told, labels.PARTITIONS)
    if partitions:
        wish.require("partitions of accelerators", place)
        row["AcceleratorPartitionLayouts"] = [{"AcceleratorPartitionTypes": partitions}]
    if labels.RESERVATION in told:
        wish.require("capacity reservations", place)
        arn = told[labels.RESERVATION]
        preference = {"CapacityReservationPreference": "capacity-reservations-only", "MlReservationArn": arn}
        row["CapacityReservationConfig"] = preference
    return row | ({} if was_read else {"RoutingConfig": ROUTING}) | settings


def _types(group: ServingGroup, wish: ExportWish, place: str) -> dict[str, Any]:
    """`InstanceType` of a group of one type, else its pools in the order in which SageMaker tries them."""
    told = {pool.labels.get(labels.INSTANCE_TYPE, pool.instance_type): pool.labels for pool in group.pools}
    if any(labels.PRIORITY in of for of in told.values()):
        wish.require("instance pools and specifications by type", place)
        rows = [
            {"InstanceType": kind, "Priority": labels.unpacked(of, labels.PRIORITY) or 1} for kind, of in told.items()
        ]
        return {"InstancePools": sorted(rows, key=lambda row: row["Priority"])}
    (kind,) = group.kinds or dict.fromkeys(told)
    if group.fallbacks:
        wish.require("instance pools and specifications by type", place)
        kinds = (kind, *group.fallbacks)
        return {"InstancePools": [{"InstanceType": each, "Priority": n} for n, each in enumerate(kinds, 1)]}
    return {"InstanceType": kind}


def config_call(
    endpoint: str, variants: Sequence[Mapping[str, Any]], settings: Mapping[str, Any], role: str
) -> dict[str, Any]:
    """The input of CreateEndpointConfig. Its name has a digest of what is in it, and for which endpoint.

    Raises UsageError: there is no role, without which the service refuses endpoints of inference components.
    """
    arn = role or settings.get("ExecutionRoleArn", "")
    if not arn:
        raise UsageError(f"endpoint {printable(endpoint)} needs the ARN of the role that it runs as: --role ARN")
    rows = {**settings, "ExecutionRoleArn": arn, "ProductionVariants": list(variants)}
    suffix = digest(json.dumps([endpoint, rows], sort_keys=True), _SUFFIX - 1)
    name = f"{endpoint[: LONGEST - _SUFFIX].rstrip('-')}-{suffix}"
    return {"EndpointConfigName": name, **rows}


def component_call(view: PlanView, served: Served) -> dict[str, Any]:
    """The input of CreateInferenceComponent.

    Copies are at least 1: the service refuses to create a component without.
    """
    group, units = served.group, served.units
    kinds = {unit: _kinds_of(view, unit, group) for unit in units}
    knows = view.wish.knows(POLICIES)

    def made_of(unit: Unit) -> dict[str, Any]:
        return specification(view, unit, group.pools, scheduling_policy(view, unit, group) if knows else None)

    rows = [(kind, made_of(unit)) for unit in units for kind in kinds[unit]]
    call: dict[str, Any] = {
        "InferenceComponentName": served.name,
        "EndpointName": group.endpoint,
        "VariantName": group.variant,
    }
    pools = any(labels.PRIORITY in pool.labels for pool in group.pools) or bool(group.fallbacks)
    if pools:
        call["Specifications"] = [{"InstanceType": kind, **row} for kind, row in rows]
    else:
        call["Specification"] = rows[0][1]
    return call | {"RuntimeConfig": {"CopyCount": max(1, served.copies)}}


def adapter_call(name: str, settings: Mapping[str, Any], base: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The input of CreateInferenceComponent for an adapter: it follows the copies of its base, and takes nothing.

    One with a specification for each type has those of its base's types; a type that it lacks has that of its first.
    `base` is the call that makes its base, `kind` the type of machines of a base with one specification.
    """
    by_type = {row.get("InstanceType"): row for row in settings.get("Specifications", ())}

    def made_of(row: Mapping[str, Any]) -> dict[str, Any]:
        kept = {key: value for key, value in row.items() if key not in ("HasEnvironment", "InstanceType")}
        return {**kept, "BaseInferenceComponentName": base["InferenceComponentName"]}

    def of_type(kind: str) -> dict[str, Any]:
        return made_of(by_type.get(kind) or next(iter(by_type.values()), settings))

    call = {"InferenceComponentName": name, "EndpointName": base["EndpointName"]}
    if by_type and "Specifications" in base:
        kinds = [row["InstanceType"] for row in base["Specifications"]]
        return {**call, "Specifications": [{"InstanceType": kind, **of_type(kind)} for kind in kinds]}
    return {**call, "Specification": of_type(kind)}


def _kinds_of(view: PlanView, unit: Unit, group: ServingGroup) -> list[str]:
    """The types of a group's pools that a unit may be on."""
    own = [view.kind(pool.name) for pool in group.pools if view.may_stand(unit, pool)]
    return list(dict.fromkeys(own)) + [kind for kind in group.fallbacks if kind not in own]
