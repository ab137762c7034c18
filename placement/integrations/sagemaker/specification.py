"""What an inference component is made of and takes: its specification on one type of machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from placement.integrations.sagemaker import labels
from placement.integrations.sagemaker.names import ResourceNames

LIMIT = "MaxMemoryRequiredInMb"  # of a container: it reserves nothing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from placement.documents import Component, Pool
    from placement.integrations.sagemaker.groups import PlanView, ServingGroup, Unit
    from placement.integrations.sagemaker.reconstruction import Amounts


def specification(
    view: PlanView, unit: Unit, pools: Sequence[Pool], scheduling: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What a copy of a unit is made of and takes on some pools of one variant, with a policy of placement or none."""
    settings = settings_of(view.components[unit.component], unit.option)
    settings.pop("HasEnvironment", None)
    settings.pop("SchedulingConfig", None)
    partitions = labels.unpacked(pools[0].labels, labels.PARTITIONS)
    row = made_of(settings, needs_row(view.needs(unit), partitions[0] if partitions else ""))
    return {**row, "SchedulingConfig": dict(scheduling)} if scheduling else row


def made_of(settings: Mapping[str, Any], needs: dict[str, Any]) -> dict[str, Any]:
    """What a component is made of, with its needs and the most memory of its container, which settings carry."""
    rest = {key: value for key, value in settings.items() if key != LIMIT}
    limit = {LIMIT: max(settings[LIMIT], needs["MinMemoryRequiredInMb"])} if LIMIT in settings else {}
    return {**rest, "ComputeResourceRequirements": {**needs, **limit}}


def needs_row(taken: Amounts, partition: str) -> dict[str, Any]:
    """What a copy takes as the API has it; `partition` is the profile of its accelerator, empty for whole ones."""
    needs: dict[str, Any] = {"MinMemoryRequiredInMb": taken.memory_mib}
    if taken.milli_vcpus:
        cores = taken.milli_vcpus / 1000
        needs["NumberOfCpuCoresRequired"] = int(cores) if cores.is_integer() else cores
    if taken.accelerators:
        needs["NumberOfAcceleratorDevicesRequired"] = taken.accelerators
    if partition and taken.accelerators:
        needs["AcceleratorPartitionType"] = partition
    return needs


def scheduling_policy(view: PlanView, unit: Unit, group: ServingGroup) -> dict[str, Any] | None:
    """The policy of a unit: its own, else what the plan asks for. One that was read without gets none without need."""
    component = view.components[unit.component]
    own: dict[str, Any] | None = settings_of(component, unit.option).get("SchedulingConfig")
    if own or (labels.SETTINGS in component.labels and not why_a_policy(view, component, group)):
        return own
    chosen = (strategy for each, strategy in group.strategies.items() if each.component == component.name)
    return scheduling_of(component, next(chosen, view.strategy(component.name)))


def why_a_policy(view: PlanView, component: Component, group: ServingGroup) -> str:
    """Why a plan needs a policy of placement for a component that was read without; empty where it does not."""
    if view.strategy(component.name) == "SPREAD":
        return "it has rules over machines or zones"
    is_there = any(unit.component == component.name for unit in group.copies)
    return "by another choice of machines copies may not fit" if is_there and group.fit.strength == "simulated" else ""


def scheduling_of(component: Component, strategy: str) -> dict[str, Any]:
    """The policy of a component; rules over zones become the one that SageMaker has, which it may break."""
    policy: dict[str, Any] = {"PlacementStrategy": strategy}
    spread = component.spread
    if spread.max_skew is not None or spread.min_zones is not None or component.min_available_on_zone_loss:
        most = min(100, spread.max_skew or 0)
        policy["AvailabilityZoneBalance"] = {"EnforcementMode": "PERMISSIVE", "MaxImbalance": most}
    return policy


def settings_of(component: Component, option: int) -> dict[str, Any]:
    """What a component is made of, by its labels; else a model of its own name, also where it is split."""
    rows: list[dict[str, Any]] | None = labels.unpacked(component.labels, labels.SETTINGS)
    if rows is not None:
        return rows[option]
    return {"ModelName": component.labels.get(labels.MODEL) or ResourceNames().take(component.name)}
