"""Inputs of SageMaker's calls: endpoint configurations and inference components."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from placement.errors import UsageError, printable
from placement.integrations.sagemaker import labels
from placement.integrations.sagemaker.names import LONGEST, ResourceNames

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from placement.documents import Component
    from placement.integrations.notes import Notes
    from placement.integrations.sagemaker.groups import PlanView, ServingGroup, Unit
    from placement.integrations.sagemaker.machine_range import MachineRange
    from placement.integrations.sagemaker.serving import Served
    from placement.integrations.sagemaker.wish import ExportWish

ROUTING = {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"}
_SUFFIX = 9  # a dash and eight digits of a digest


def variant_row(
    group: ServingGroup, count: int, scaling: MachineRange | None, wish: ExportWish, notes: Notes
) -> dict[str, Any]:
    """A production variant with so many machines. One that was read gets no policy that it has not.

    Parameters
    ----------
    scaling : least and most machines, where the platform manages their number.

    Raises
    ------
    UsageError
        The target's botocore lacks a field that the plan needs.
    """
    told = group.pools[0].labels
    place = f"variant {group.variant}"
    settings, was_read = dict(labels.unpacked(told, labels.SETTINGS, dict, place) or {}), labels.SETTINGS in told
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
        if policy and wish.knows("scheduling and scale-in policies"):
            row["ManagedInstanceScaling"]["ScaleInPolicy"] = policy
        elif policy:
            notes.inexact(place, "ScaleInPolicy is left out: the target's botocore does not know it")
    partitions = labels.unpacked(told, labels.PARTITIONS, list, place)
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
            {"InstanceType": kind, "Priority": labels.whole(of, labels.PRIORITY, place) or 1}
            for kind, of in told.items()
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

    Raises
    ------
    UsageError
        There is no role, without which the service refuses endpoints of inference components.
    """
    arn = role or settings.get("ExecutionRoleArn", "")
    if not arn:
        raise UsageError(f"endpoint {printable(endpoint)} needs the ARN of the role that it runs as: --role ARN")
    rows = {**settings, "ExecutionRoleArn": arn, "ProductionVariants": list(variants)}
    digest = hashlib.sha256(json.dumps([endpoint, rows], sort_keys=True).encode()).hexdigest()[: _SUFFIX - 1]
    name = f"{endpoint[: LONGEST - _SUFFIX].rstrip('-')}-{digest}"
    return {"EndpointConfigName": name, **rows}


def component_call(view: PlanView, served: Served, wish: ExportWish) -> dict[str, Any]:
    """The input of CreateInferenceComponent.

    Copies are at least 1: the service refuses to create a component without.
    """
    group, units = served.group, served.units
    kinds = {unit: _kinds_of(view, unit, group) for unit in units}
    rows = [(kind, _specification(view, unit, group, wish)) for unit in units for kind in kinds[unit]]
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

    Parameters
    ----------
    base : the call that makes its base. kind : the type of machines of a base with one specification.
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


def _specification(view: PlanView, unit: Unit, group: ServingGroup, wish: ExportWish) -> dict[str, Any]:
    component = view.components[unit.component]
    taken = view.needs(unit)
    settings = settings_of(component, unit.option)
    settings.pop("HasEnvironment", None)
    settings.pop("SchedulingConfig", None)
    needs: dict[str, Any] = {"MinMemoryRequiredInMb": taken.memory_mib}
    if taken.milli_vcpus:
        cores = taken.milli_vcpus / 1000
        needs["NumberOfCpuCoresRequired"] = int(cores) if cores.is_integer() else cores
    if taken.accelerators:
        needs["NumberOfAcceleratorDevicesRequired"] = taken.accelerators
    partitions = labels.unpacked(group.pools[0].labels, labels.PARTITIONS, list, f"pool {group.pools[0].name}")
    if partitions and taken.accelerators:
        needs["AcceleratorPartitionType"] = partitions[0]
    row: dict[str, Any] = {**settings, "ComputeResourceRequirements": needs}
    scheduling = scheduling_policy(view, unit, group)
    if scheduling and wish.knows("scheduling and scale-in policies"):
        row["SchedulingConfig"] = scheduling
    return row


def scheduling_policy(view: PlanView, unit: Unit, group: ServingGroup) -> dict[str, Any] | None:
    """The policy of a unit: its own, else what the plan asks for. One that was read without gets none without need."""
    component = view.components[unit.component]
    own: dict[str, Any] | None = settings_of(component, unit.option).get("SchedulingConfig")
    if own or (labels.SETTINGS in component.labels and not why_a_policy(view, component, group)):
        return own
    chosen = (strategy for each, strategy in group.strategies.items() if each.component == component.name)
    return _scheduling_of(component, next(chosen, view.strategy(component.name)))


def why_a_policy(view: PlanView, component: Component, group: ServingGroup) -> str:
    """Why a plan needs a policy of placement for a component that was read without; empty where it does not."""
    if view.strategy(component.name) == "SPREAD":
        return "it has rules over machines or zones"
    is_there = any(unit.component == component.name for unit in group.copies)
    return "by another choice of machines copies may not fit" if is_there and group.fit.strength == "simulated" else ""


def _scheduling_of(component: Component, strategy: str) -> dict[str, Any]:
    """The policy of a component; rules over zones become the one that SageMaker has, which it may break."""
    policy: dict[str, Any] = {"PlacementStrategy": strategy}
    spread = component.spread
    if spread.max_skew is not None or spread.min_zones is not None or component.min_available_on_zone_loss:
        most = min(100, spread.max_skew or 0)
        policy["AvailabilityZoneBalance"] = {"EnforcementMode": "PERMISSIVE", "MaxImbalance": most}
    return policy


def settings_of(component: Component, option: int) -> dict[str, Any]:
    """What a component is made of, by its labels; else a model of its own name, also where it is split.

    Raises
    ------
    UsageError
        A label is damaged.
    """
    place = f"component {component.name}"
    rows = labels.unpacked(component.labels, labels.SETTINGS, list, place)
    if rows is not None and option < len(rows) and isinstance(rows[option], dict):
        return dict(rows[option])
    return {"ModelName": component.labels.get(labels.MODEL) or ResourceNames().take(component.name)}
