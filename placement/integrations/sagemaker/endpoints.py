"""What the answers about an endpoint mean: variants with machines by type, and its components."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from placement.catalogue.readers.fields import At
from placement.errors import UsageError, printable
from placement.integrations.notes import Notes
from placement.integrations.sagemaker.answers import EndpointAnswers
from placement.integrations.sagemaker.fields import CONFIGURATION, ENDPOINT, VARIANT, VARIANT_NOW, kept_of, tell_fields
from placement.integrations.sagemaker.inference_components import (
    Adapters,
    InferenceComponent,
    VariantTypes,
    by_name,
    component_name,
    count_of,
    counts_by_type,
    failure_of,
    partition,
    read_component,
    region_of,
)
from placement.integrations.sagemaker.labels import MOST_PRIORITY


@dataclass(frozen=True, slots=True)
class PoolState:
    """Machines of one type in a variant; `priority` is an instance pool's, None where the variant has one type."""

    instance_type: str
    count: int
    priority: int | None = None


@dataclass(frozen=True, slots=True)
class ReservedCapacity:
    """Machines of a training plan that a variant runs on: in all, and those that this endpoint has or could have."""

    arn: str
    total: int | None
    usable: int | None


@dataclass(frozen=True, slots=True)
class Variant:
    """A production variant. `settings` are the fields of its configuration that are passed through as they are."""

    name: str
    pools: tuple[PoolState, ...]
    scaling: tuple[int, int | None] | None = None  # least and most machines, where the platform manages their number
    reservation: ReservedCapacity | None = None
    partitions: tuple[str, ...] = ()  # MIG profiles on every accelerator
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint that hosts inference components; `settings` as those of a variant. `source`: of its configuration."""

    name: str
    region: str
    variants: tuple[Variant, ...]
    components: tuple[InferenceComponent, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    status: str = ""  # empty where it is in service


def read_endpoint(answers: EndpointAnswers, notes: Notes) -> Endpoint:
    """The endpoint that answers are about.

    Raises DocumentError: a field is missing or damaged: with the answer's source and the field's path.
    Raises UsageError: it is no endpoint with inference components.
    """
    with answers.endpoint.reading() as at:
        name = at.key("EndpointName").text()
        region = region_of(at.get("EndpointArn"))
        tell_fields(at, ENDPOINT, f"endpoint {name}", notes)
        status = _tell_state(at, name, notes)
        _tell_shadows(at, name, notes)
        if status and at.get("ProductionVariants") is None:
            raise at.key("EndpointStatus").fault("has no ProductionVariants: import the endpoint once it is InService")
        running = by_name(at.rows("ProductionVariants"), "VariantName")
        seen = {key: _summary(row, f"endpoint {name} variant {key}", notes) for key, row in running.items()}
    with answers.config.reading() as at:
        tell_fields(at, CONFIGURATION, f"endpoint {name} configuration", notes)
        rows = by_name(at.key("ProductionVariants").items(), "VariantName")
        if seen.keys() - rows.keys():
            lacking = ", ".join(sorted(seen.keys() - rows.keys()))
            raise at.key("ProductionVariants").fault(
                f"lacks variants of the endpoint's answer ({lacking}): the two are of different times"
            )
        variants = tuple(_variant(row, seen, name, notes) for row in rows.values())
        _tell_shadows(at, name, notes)
        settings = kept_of(at, CONFIGURATION)
    of_variants = {
        variant.name: VariantTypes(frozenset(pool.instance_type for pool in variant.pools), variant.partitions)
        for variant in variants
    }
    adapters: dict[str, Adapters] = {component_name(answer): {} for answer in answers.components}
    found = [read_component(answer, of_variants, adapters, region, notes) for answer in answers.components]
    components = tuple(component for component in found if component is not None)
    if not components:
        notes.ignored(f"endpoint {name}", "it has no inference components; its machines are imported without copies")
    return Endpoint(name, region, variants, components, settings, answers.config.source, status)


def _tell_state(at: At, name: str, notes: Notes) -> str:
    """The status of an endpoint, which is told; empty where it is in service."""
    status = at.key("EndpointStatus").text()
    if status != "InService":
        told = f"it is {status}{failure_of(at)}: what was read may have changed since"
        notes.assumed(f"endpoint {name} EndpointStatus", told)
    if at.get("PendingDeploymentSummary") is not None:
        notes.ignored(
            f"endpoint {name} PendingDeploymentSummary", "a deployment is under way; its machines are not counted"
        )
    return "" if status == "InService" else status


def _tell_shadows(at: At, name: str, notes: Notes) -> None:
    for row in at.rows("ShadowProductionVariants"):
        place = f"endpoint {name} ShadowProductionVariants {row.key('VariantName').text()}"
        notes.ignored(place, "shadow variants are no part of the problem; their machines are paid for too")


@dataclass(frozen=True, slots=True)
class _VariantSummary:
    """What DescribeEndpoint tells of a variant."""

    current: int
    desired: int | None
    pools: Mapping[str, int]
    reservation: ReservedCapacity | None
    told: At


def _summary(row: At, place: str, notes: Notes) -> _VariantSummary:
    tell_fields(row, VARIANT_NOW, place, notes)
    for key in ("CurrentServerlessConfig", "DesiredServerlessConfig"):
        if row.get(key) is not None:
            raise row.key(key).fault("is serverless: it has no machines to place copies on")
    for status in row.rows("VariantStatus"):
        word = status.key("Status").text()
        notes.assumed(f"{place} VariantStatus", f"it is {word}: what was read may have changed since")
    pools = counts_by_type(row.rows("InstancePools"), "CurrentInstanceCount")
    return _VariantSummary(
        count_of(row.key("CurrentInstanceCount")),
        row.optional(count_of, "DesiredInstanceCount"),
        pools,
        _reservation(row, place, notes),
        row,
    )


def _reservation(variant: At, place: str, notes: Notes) -> ReservedCapacity | None:
    row = variant.get("CapacityReservationConfig")
    if row is None:
        return None
    counts = ("TotalInstanceCount", "AvailableInstanceCount", "UsedByCurrentEndpoint")
    total, free, used = (row.optional(count_of, key) for key in counts)
    usable = total if free is None else free + (used or 0)
    if free is None and total is not None:
        reason = f"it is not told: all {total} machines of TotalInstanceCount are taken for usable here"
        notes.assumed(f"{place} CapacityReservationConfig.AvailableInstanceCount", reason)
    if total is not None and usable is not None and usable > total:
        raise row.key("AvailableInstanceCount").fault(f"must be at most {total}, with UsedByCurrentEndpoint")
    return ReservedCapacity(row.optional(At.text, "MlReservationArn") or "", total, usable)


def _with_arn(running: ReservedCapacity | None, configured: ReservedCapacity | None) -> ReservedCapacity | None:
    """The reservation of both answers: that of the endpoint has its counts, that of its configuration its name."""
    if running is None or configured is None or running.arn:
        return running or configured
    return replace(running, arn=configured.arn)


def _variant(row: At, seen: Mapping[str, _VariantSummary], endpoint: str, notes: Notes) -> Variant:
    name = row.key("VariantName").text()
    place = f"endpoint {endpoint} variant {name}"
    if row.get("ServerlessConfig") is not None:
        raise row.key("ServerlessConfig").fault("is serverless: it has no machines to place copies on")
    if row.get("ModelName") is not None:
        raise row.key("ModelName").fault(
            "is a variant with a model of its own, one copy a machine: only variants of inference components are read"
        )
    summary = seen.get(name)
    if summary is None:
        raise row.key("VariantName").fault("is no variant of the endpoint's answer: the two are of different times")
    tell_fields(row, VARIANT, place, notes)
    _tell_differences(row, summary.told, place, notes)
    if summary.desired is not None and summary.desired != summary.current:
        notes.assumed(
            f"{place} CurrentInstanceCount", f"{summary.current} run, wanted are {summary.desired}: the former"
        )
    return Variant(
        name,
        _pools(row, summary, place),
        _scaling(row, place, notes),
        _with_arn(summary.reservation, _reservation(row, place, notes)),
        _partitions(row),
        _settings(row),
    )


def _settings(row: At) -> dict[str, Any]:
    """What an export passes through of a variant, the policy by which it gives machines back among it."""
    settings = kept_of(row, VARIANT)
    policy = row.get("ManagedInstanceScaling", "ScaleInPolicy")
    return settings if policy is None else settings | {"ScaleInPolicy": policy.value}


def _tell_differences(configured: At, running: At, place: str, notes: Notes) -> None:
    """What both answers tell must be the same."""
    for key in ("ManagedInstanceScaling", "AcceleratorPartitionLayouts", "CapacityReservationConfig"):
        theirs, ours = running.get(key), configured.get(key)
        if theirs is None:
            continue
        if ours is None:
            notes.assumed(f"{place} {key}", "the endpoint's answer has it, that of its configuration has not")
        elif _differ(theirs.value, ours.value):
            reason = "the endpoint's answer and that of its configuration differ: the latter is taken"
            notes.assumed(f"{place} {key}", reason)


def _differ(one: object, other: object) -> bool:
    """Whether values differ; of two mappings, in a key that both have."""
    if isinstance(one, dict) and isinstance(other, dict):
        return any(_differ(one[key], other[key]) for key in one.keys() & other.keys())
    return one != other


def _pools(row: At, summary: _VariantSummary, place: str) -> tuple[PoolState, ...]:
    """Machines of a variant by type: DescribeEndpoint tells of the types of a variant only when it has pools."""
    pools, single = row.rows("InstancePools"), row.get("InstanceType")
    if bool(pools) == (single is not None):
        rule = "its configuration must have either InstanceType or InstancePools"
        raise UsageError(
            f"{printable(place)}: {rule}; clients before botocore 1.43.1 leave pools out of what they print"
        )
    if single is not None:
        return (PoolState(single.text(), summary.current),)
    kinds = {kind: _priority(pool) for kind, pool in by_name(pools, "InstanceType").items()}
    for kind in summary.pools:
        if kind not in kinds:
            raise UsageError(f"{printable(place)}: machines of {printable(kind)} run, which is none of its pools")
    told = sum(summary.pools.values())
    if told != summary.current:
        old = "" if summary.pools else "; clients before botocore 1.43.1 leave InstancePools out of what they print"
        raise UsageError(
            f"{printable(place)}: its pools have {told} machines, CurrentInstanceCount says {summary.current}{old}"
        )
    ordered = sorted(kinds.items(), key=lambda row: row[1])
    return tuple(PoolState(kind, summary.pools.get(kind, 0), priority) for kind, priority in ordered)


def _priority(pool: At) -> int:
    found = pool.key("Priority")
    if not 1 <= count_of(found) <= MOST_PRIORITY:
        raise found.fault(f"must be from 1 to {MOST_PRIORITY}")
    return count_of(found)


def _scaling(row: At, place: str, notes: Notes) -> tuple[int, int | None] | None:
    scaling = row.get("ManagedInstanceScaling")
    if scaling is None:
        return None
    if scaling.optional(At.text, "Status") == "DISABLED":
        notes.assumed(f"{place} ManagedInstanceScaling", "it is DISABLED: its range is no rule, and is not kept")
        return None
    least, most = (scaling.optional(count_of, key) for key in ("MinInstanceCount", "MaxInstanceCount"))
    policy = scaling.get("ScaleInPolicy")
    if policy is not None and policy.key("Strategy").text() == "CONSOLIDATION":
        notes.assumed(f"{place} ScaleInPolicy", "CONSOLIDATION: the platform itself moves copies to empty machines")
    return (1 if least is None else least, most)


def _partitions(row: At) -> tuple[str, ...]:
    """The MIG profiles on each accelerator; only layouts of one profile can be a kind of accelerator of the problem."""
    layouts = row.rows("AcceleratorPartitionLayouts")
    if not layouts:
        return ()
    if len(layouts) > 1:
        raise row.key("AcceleratorPartitionLayouts").fault("must be one layout, which is that of every accelerator")
    profiles = tuple(partition(profile) for profile in layouts[0].rows("AcceleratorPartitionTypes"))
    if len(set(profiles)) > 1:
        raise layouts[0].fault("mixes several profiles on an accelerator; machines have one kind of accelerator here")
    return profiles
