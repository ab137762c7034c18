"""What the answer about an inference component means: what a copy takes on each type, and how many there are."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from placement.catalogue.readers.fields import At
from placement.grouping import grouped
from placement.integrations.notes import Notes
from placement.integrations.sagemaker.answers import ApiAnswer
from placement.integrations.sagemaker.fields import COMPONENT, CONTAINER, SPECIFICATION, kept_of, tell_fields
from placement.integrations.sagemaker.labels import DELETING


@dataclass(frozen=True, slots=True)
class Specification:
    """What a copy takes on one type of machine (None: on any of its variant); memory is the host's, MiB."""

    instance_type: str | None
    accelerators: int
    vcpus: float
    memory_mib: int
    partition: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


class VariantTypes(NamedTuple):
    """Types of machines of a variant, and the profiles of their partitions; without any, accelerators are whole."""

    kinds: frozenset[str]
    partitions: tuple[str, ...]


Adapters = dict[str, Mapping[str, Any]]  # what adapters of a component are made of, by name


@dataclass(frozen=True, slots=True)
class InferenceComponent:
    """A component: copies wanted, copies running, and those by type as far as that is told.

    Of one that is being deleted none are wanted.
    """

    name: str
    endpoint: str
    variant: str | None
    specifications: tuple[Specification, ...]
    desired: int
    current: int
    by_type: Mapping[str, int] | None
    status: str = ""  # empty where it is in service
    adapters: Adapters = field(default_factory=dict)


PROFILE = re.compile(r"mig-[0-9]+g\.(?P<gib>[1-9][0-9]*)gb([+-][a-z0-9.]+)*", re.ASCII)  # the pattern of the API
_LARGEST_COUNT = 100_000  # of machines or of copies that run; the service has far lower quotas


def by_name(rows: Iterable[At], key: str) -> dict[str, At]:
    """Entries of a list by what tells them apart, which no two may share."""
    found: dict[str, At] = {}
    for row in rows:
        name = row.key(key)
        if found.setdefault(name.text(), row) is not row:
            raise name.fault("stands twice in the list, and each must stand once")
    return found


def count_of(at: At) -> int:
    found = at.whole()
    if found > _LARGEST_COUNT:
        raise at.fault(f"must be at most {_LARGEST_COUNT:,}")
    return found


def counts_by_type(rows: Iterable[At], key: str) -> dict[str, int]:
    """Numbers of machines or copies by type: of one that stands several times the sum."""
    told = grouped((row.key("InstanceType").text(), count_of(row.key(key))) for row in rows)
    return {kind: sum(counts) for kind, counts in told.items()}


def partition(at: At) -> str:
    """A profile of partitions, as SageMaker spells it: `mig-` before NVIDIA's name of it."""
    if PROFILE.fullmatch(at.text()) is None:
        raise at.fault("must be a profile as SageMaker spells it, such as mig-3g.20gb")
    return at.text()


def component_name(answer: ApiAnswer) -> str:
    with answer.reading() as at:
        return at.key("InferenceComponentName").text()


def region_of(arn: At | None) -> str:
    """The region in an ARN; empty where there is none."""
    parts = arn.text().split(":") if arn is not None else []
    return parts[3] if len(parts) > 4 else ""


def read_component(
    answer: ApiAnswer, variants: Mapping[str, VariantTypes], adapters: Mapping[str, Adapters], region: str, notes: Notes
) -> InferenceComponent | None:
    """A component with copies of its own; None for an adapter, which lives in the copies of its base.

    `adapters`: by the names of all components that are read those that live in their copies; one that is read is added.
    `region` is the endpoint's, empty where it is not told.
    Raises DocumentError: a field is missing or damaged, names none of the `variants`, or is of another region: with the
    answer's source and the field's path.
    """
    with answer.reading() as at:
        name = at.key("InferenceComponentName").text()
        place = f"inference component {name}"
        several, single = at.rows("Specifications"), at.get("Specification")
        if bool(several) == (single is not None):
            raise at.fault("must have either Specification or Specifications")
        tell_fields(at, COMPONENT, place, notes)
        _check_region(at, region)
        rows = several or ((single,) if single is not None else ())
        if several:
            by_name(several, "InstanceType")
        if any(row.get("BaseInferenceComponentName") is not None for row in rows):
            base = _base_of(rows, adapters, place, notes)
            adapters.get(base, {})[name] = _of_adapter(rows, place, notes)
            return None
        variant = at.get("VariantName")
        if variant is not None and variant.text() not in variants:
            raise variant.fault("is no variant of its endpoint")
        specifications = tuple(_specification(row, place, notes, alone=not several) for row in rows)
        homes = variants if variant is None else {variant.text(): variants[variant.text()]}
        for row, specification in zip(rows, specifications, strict=True):
            _check_partition(row, specification, homes)
        status = _tell_status(at, place, notes)
        desired, current, by_type = _copies(at, place, notes, leaves=status == DELETING)
        of, endpoint = None if variant is None else variant.text(), at.key("EndpointName").text()
        return InferenceComponent(name, endpoint, of, specifications, desired, current, by_type, status, adapters[name])


def _check_partition(row: At, specification: Specification, homes: Mapping[str, VariantTypes]) -> None:
    """A copy is on one of the partitions of a variant, or on whole accelerators where there are none."""
    kind, partition = specification.instance_type, specification.partition
    known = {name: told.partitions for name, told in homes.items() if kind is None or kind in told.kinds}
    if not known or any(partition in (profiles or ("",)) for profiles in known.values()):
        return
    key, needs = "AcceleratorPartitionType", row.key("ComputeResourceRequirements")
    profiles = sorted({profile for told in known.values() for profile in told})
    of = f"variant {', '.join(known)} of its endpoint"
    if not partition:
        raise needs.fault(f"must have {key}: {of} has partitions ({', '.join(profiles)})")
    if not profiles:
        raise needs.key(key).fault(f"must not be there: {of} has no AcceleratorPartitionLayouts")
    raise needs.key(key).fault(f"must be one of the partitions of {of}: {', '.join(profiles)}")


def _check_region(at: At, region: str) -> None:
    for key in ("InferenceComponentArn", "EndpointArn"):
        found = at.get(key)
        own = region_of(found)
        if found is not None and own and region and own != region:
            raise found.fault(f"must be of {region}, the region of its endpoint: give the answers of one region")


def _base_of(rows: Sequence[At], known: Container[str], place: str, notes: Notes) -> str:
    """The base of an adapter, which all of its specifications name; it is told what becomes of the adapter."""
    base = rows[0].key("BaseInferenceComponentName").text()
    for row in rows[1:]:
        if row.key("BaseInferenceComponentName").text() != base:
            raise row.key("BaseInferenceComponentName").fault(f"must be {base}, as of the first type")
    made = "; where an export makes its base anew, it makes the adapter too" if base in known else ""
    notes.ignored(place, f"it is an adapter: it lives in the copies of its base component and takes nothing more{made}")
    if base not in known:
        reason = f"{base} was not read: the copies that it lives in are no part of the problem"
        notes.assumed(f"{place} BaseInferenceComponentName", reason)
    if any(row.get("ComputeResourceRequirements") is not None for row in rows):
        notes.ignored(f"{place} ComputeResourceRequirements", "an adapter should have none")
    return base


def _of_adapter(rows: Sequence[At], place: str, notes: Notes) -> dict[str, Any]:
    """What an adapter is made of; of one with a specification for each type all of them, under `Specifications`."""
    found = [_settings(row, place, notes) for row in rows]
    if rows[0].get("InstanceType") is None:
        return found[0]
    by_type = [{"InstanceType": row.key("InstanceType").text(), **own} for row, own in zip(rows, found, strict=True)]
    return {"Specifications": by_type}


def _tell_status(at: At, place: str, notes: Notes) -> str:
    """The status of a component, which is told; empty where it is in service."""
    status = at.get("InferenceComponentStatus")
    if status is None or status.text() == "InService":
        return ""
    leaves = "no copy of it is placed, and those that run have their room until they are gone"
    what = leaves if status.text() == DELETING else "counts may still change"
    notes.assumed(f"{place} InferenceComponentStatus", f"it is {status.text()}{failure_of(at)}: {what}")
    return status.text()


def failure_of(at: At) -> str:
    """Why something failed, in brackets; empty where its answer does not say."""
    return at.optional(lambda reason: f" ({reason.text()})", "FailureReason") or ""


def _copies(at: At, place: str, notes: Notes, *, leaves: bool) -> tuple[int, int, dict[str, int] | None]:
    """Copies wanted, copies that run, and those by type; none are wanted of a component that leaves."""
    runtime = at.key("RuntimeConfig")
    wanted, now = (runtime.optional(count_of, key) for key in ("DesiredCopyCount", "CurrentCopyCount"))
    desired, current = now if wanted is None else wanted, wanted if now is None else now
    if desired is None or current is None:
        raise runtime.fault("must have DesiredCopyCount or CurrentCopyCount")
    status = runtime.get("PlacementStatus")
    by_type = counts_by_type(status.items() if status is not None else (), "CurrentCopyCount")
    if status is not None and sum(by_type.values()) != current:
        notes.assumed(
            f"{place} PlacementStatus", f"its counts sum to {sum(by_type.values())}, {current} copies run: the former"
        )
        current = sum(by_type.values())
    if leaves:
        desired = 0
    elif desired != current:
        notes.assumed(f"{place} RuntimeConfig", f"{current} run, wanted are {desired}: the plan places the latter")
    return desired, current, by_type if status is not None else None


def _specification(row: At, place: str, notes: Notes, *, alone: bool) -> Specification:
    kind = row.optional(At.text, "InstanceType")
    if kind is None and not alone:
        raise row.key("InstanceType").fault("is required")
    needs = row.key("ComputeResourceRequirements")
    count = needs.optional(At.whole, "NumberOfAcceleratorDevicesRequired") or 0
    profile = needs.optional(partition, "AcceleratorPartitionType")
    if profile is not None and count != 1:
        raise needs.fault("a copy on a partition takes just one: NumberOfAcceleratorDevicesRequired must be 1")
    settings, limit = _settings(row, place, notes), needs.get("MaxMemoryRequiredInMb")
    if limit is not None:
        settings["MaxMemoryRequiredInMb"] = limit.whole()
    return Specification(
        kind,
        count,
        needs.optional(At.number, "NumberOfCpuCoresRequired") or 0,
        needs.key("MinMemoryRequiredInMb").whole(),
        profile or "",
        settings,
    )


def _settings(row: At, place: str, notes: Notes) -> dict[str, Any]:
    """What a component is made of, without its needs and without its environment, which may hold secrets."""
    settings = kept_of(row, SPECIFICATION)
    row.optional(At.text, "ModelName")
    container, scheduling = row.get("Container"), row.get("SchedulingConfig")
    if container is not None:  # an answer has the image under another key than a call
        image = container.get("Image") or container.get("DeployedImage", "SpecifiedImage")
        called = {} if image is None else {"Image": image.text()}
        container.optional(At.text, "ArtifactUrl")
        settings["Container"] = kept_of(container, CONTAINER) | called
        if container.get("Environment") is not None:
            notes.ignored(f"{place} Container.Environment", "it is not read: it may hold secrets")
            settings["HasEnvironment"] = True
    if scheduling is not None:
        settings["SchedulingConfig"] = scheduling.value
        _tell_scheduling(scheduling, place, notes)
    return settings


def _tell_scheduling(at: At, place: str, notes: Notes) -> None:
    balance = at.get("AvailabilityZoneBalance")
    if at.key("PlacementStrategy").text() == "SPREAD":
        notes.suggested(
            f"{place} SchedulingConfig", "it spreads over machines; spread: {max_per_instance: N} makes that a rule"
        )
    if balance is not None:
        notes.ignored(
            f"{place} AvailabilityZoneBalance", "zones of machines are not told, so no rule over zones can be kept"
        )
