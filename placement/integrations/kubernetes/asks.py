"""What a pod asks of accelerators, what that is on those of a node, as an option, and what a new copy asks for.

*Device plugin*: so many whole accelerators; of time-sliced ones a share each. *KAI*: a fraction of one, or some of its
memory, by annotation. *HAMi*: virtual ones with memory and cores. *Dynamic resource allocation*: claims of devices.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from typing import Any

from placement.catalogue.readers.fields import FieldError, number_in
from placement.catalogue.tables import find_accelerator
from placement.documents import Option, Problem
from placement.integrations.kubernetes.claims import DRIVER, DeviceClaim
from placement.integrations.kubernetes.inventory import MIG, Inventory, is_accelerator
from placement.integrations.kubernetes.mixed import mixed_of, share_of_one
from placement.integrations.kubernetes.naming import GPU
from placement.integrations.kubernetes.objects import KubeObject
from placement.integrations.notes import Notes
from placement.integrations.variants import PlanVariant
from placement.units import BYTES_PER_MIB, MIB_PER_GIB, MILLI, WHOLE_SHARE, need, room

KAI_FRACTION, KAI_MEMORY, KAI_DEVICES = "gpu-fraction", "gpu-memory", "gpu-fraction-num-devices"
HAMI_MEMORY, HAMI_PERCENT, HAMI_CORES = "nvidia.com/gpumem", "nvidia.com/gpumem-percentage", "nvidia.com/gpucores"
HAMI_USE, HAMI_AVOID = "nvidia.com/use-gpuuuid", "nvidia.com/nouse-gpuuuid"
OF_ACCELERATORS = (HAMI_MEMORY, HAMI_PERCENT, HAMI_CORES)
# device.attributes['gpu.nvidia.com'].profile == '1g.10gb', also with double quotes; the class by what it selects.
_CEL = re.compile(
    r"""\s*device\.attributes\[['"]gpu\.nvidia\.com['"]\]\.(?P<name>productName|profile|uuid|type)\s*==\s*['"](?P<value>[^'"]+)['"]\s*"""
)
_CEL_LIST = re.compile(
    r"""\s*device\.attributes\[['"]gpu\.nvidia\.com['"]\]\.uuid\s+in\s+\[(?P<list>\s*'[^'"]+'(?:\s*,\s*'[^'"]+')*\s*)\]\s*"""
)
_PROFILE = re.compile(r"(?P<slices>\d)g\.(?P<gb>\d{1,4})gb(?:\.[a-z.+]+)?", re.ASCII)
_SLICES, _PARTS = 7, 8  # of compute and of memory, on one accelerator
_PLUGINS = {"AMD": "amd.com/gpu", "AWS": "aws.amazon.com/neuron", "Intel": "habana.ai/gaudi"}  # by vendor


@dataclass(frozen=True, slots=True)
class Ask:
    """Accelerators of one copy. Without a memory, a percentage or a share it owns them alone.

    `cores` and `share` are of one accelerator; `product`, `profile` and `uuids` narrow down which will do.
    """

    count: int = 0
    resource: str = ""
    is_claimed: bool = False
    is_kai: bool = False
    memory_mib: int | None = None
    percent: int | None = None
    share: Fraction | None = None
    cores: int = 0
    product: str = ""
    profile: str = ""
    uuids: tuple[str, ...] = ()
    bars: tuple[str, ...] = ()
    owned_mib: int = 0  # what a copy needs of each accelerator that it owns, as an export told
    keeps_whole: bool = False  # its copies have whole accelerators now: parts that are called alike won't do

    @property
    def is_of_plugin(self) -> bool:
        """Whether it asks for accelerators as a device plugin hands them out: whole, or by slices of time."""
        return self.count > 0 and not self.is_claimed and not self.is_of_sharer

    @property
    def is_of_sharer(self) -> bool:
        """Whether it is for KAI or HAMi to serve, which hand out parts of accelerators."""
        return self.is_kai or self.memory_mib is not None or self.percent is not None or self.cores > 0


NO_ASK = Ask()


def ask_of(
    pod: KubeObject, asked: Mapping[str, Fraction], claims: Sequence[DeviceClaim], notes: Notes, owner: str
) -> Ask:
    """What a pod asks; `owner` is what notes on it are about."""
    devices = {name: int(value) for name, value in asked.items() if is_accelerator(name)}
    kai = _kai(pod)
    if kai is not None:
        return kai
    if len(devices) > 1:
        told = ", ".join(sorted(devices))
        notes.ignored(f"{owner} resources", f"asks for several kinds of accelerators ({told}); the first is counted")
    if devices:
        name, count = sorted(devices.items())[0]
        return _of_plugin(pod, name, count, asked, notes, owner)
    return _of_claims(claims, notes, owner) if claims else NO_ASK


def _kai(pod: KubeObject) -> Ask | None:
    """KAI's annotations; whole accelerators are asked for as everywhere."""
    told = pod.annotations
    count = _number(pod, KAI_DEVICES) if KAI_DEVICES in told else Fraction(1)
    if count.denominator != 1 or count < 1:
        raise _annotation(pod, KAI_DEVICES, "must be a whole number, at least 1")
    if KAI_FRACTION in told and KAI_MEMORY in told:
        raise _annotation(pod, KAI_MEMORY, f"must not stand beside {KAI_FRACTION}: a pod asks for one of them")
    if KAI_FRACTION in told:
        share = _number(pod, KAI_FRACTION)
        if not 0 < share <= 1:
            raise _annotation(pod, KAI_FRACTION, "must be more than 0 and at most 1")
        return Ask(int(count), GPU, is_kai=True, share=share)
    if KAI_MEMORY in told:
        return Ask(int(count), GPU, is_kai=True, memory_mib=ceil(_number(pod, KAI_MEMORY)))
    return None


def _number(pod: KubeObject, key: str) -> Fraction:
    return Fraction(str(number_in(pod.annotations[key], f"annotation {key}")))


def _annotation(pod: KubeObject, key: str, rule: str) -> FieldError:
    return FieldError(f"annotation {key}", rule, pod.annotations[key])


def _of_plugin(pod: KubeObject, name: str, count: int, asked: Mapping[str, Fraction], notes: Notes, owner: str) -> Ask:
    memory, percent, cores = (int(asked[key]) if key in asked else None for key in OF_ACCELERATORS)
    if name != GPU:
        return Ask(count, name)
    if sum(GPU in row.amounts("resources", "limits") for row in pod.at.key("spec").rows("containers")) > 1:
        memory = _most_of_one(pod, HAMI_MEMORY, memory)
        cores = _most_of_one(pod, HAMI_CORES, cores)
        if memory is not None:
            notes.assumed(f"{owner} resources", "several containers ask for virtual accelerators: each as the largest")
    return Ask(
        count,
        name,
        memory_mib=memory,
        percent=percent,
        cores=min(cores or 0, 100),
        uuids=_listed(pod, HAMI_USE),
        bars=_listed(pod, HAMI_AVOID),
    )


def _most_of_one(pod: KubeObject, name: str, total: int | None) -> int | None:
    """HAMi's memory and cores are of each accelerator of a container, so they don't add up over containers."""
    asked = (
        {**row.amounts("resources", "limits"), **row.amounts("resources", "requests")}
        for row in pod.at.key("spec").rows("containers")
    )
    return max((int(each[name]) for each in asked if name in each), default=total)


def _listed(pod: KubeObject, key: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in pod.annotations.get(key, "").split(",") if part.strip())


def _of_claims(claims: Sequence[DeviceClaim], notes: Notes, owner: str) -> Ask:
    found: list[Ask] = []
    for claim in claims:
        if claim.has_choice:
            notes.ignored(f"{claim.place} spec.devices.requests.firstAvailable", "the first of the choices is counted")
        if claim.has_constraints:
            told = "that devices are alike, or differ, by an attribute can't be said"
            notes.ignored(f"{claim.place} spec.devices.constraints", told)
        for request in claim.requests:
            if request.is_admin:
                told = "looks at devices that others have: it takes none"
                notes.ignored(f"{claim.place} spec.devices.requests.adminAccess", told)
                continue
            if not claim.counts(request):
                notes.ignored(f"{claim.place} class {request.device_class}", f"only classes of {DRIVER} are counted")
                continue
            if request.count is None:
                told = f"asks for all devices: {claim.count_of(request)} are counted"
                notes.ignored(f"{claim.place} spec.devices.requests", told)
            names = _selected(request.selectors, claim.place, notes)
            memory = None if request.memory is None else ceil(request.memory / BYTES_PER_MIB)
            found.append(
                Ask(
                    claim.count_of(request),
                    is_claimed=True,
                    memory_mib=memory,
                    product=names.get("productName", ""),
                    profile=names.get("profile", "") or ("?" if request.is_partition else ""),
                    uuids=tuple(names["uuid"].split(",")) if "uuid" in names else (),
                )
            )
    if len({(row.memory_mib, row.product, row.profile) for row in found}) > 1:
        notes.ignored(f"{owner} resourceClaims", "claims of several kinds of accelerators: the first kind is counted")
    if not found:
        return NO_ASK
    first, uuids = found[0], tuple(uuid for row in found for uuid in row.uuids)
    return replace(first, count=sum(row.count for row in found), uuids=uuids)


def _selected(selectors: Sequence[str], place: str, notes: Notes) -> dict[str, str]:
    """What simple selectors ask for; of others a note says that they are not kept."""
    found: dict[str, str] = {}
    for text in selectors:
        for part in text.split("&&"):
            match, listed = _CEL.fullmatch(part), _CEL_LIST.fullmatch(part)
            if listed:
                found["uuid"] = ",".join(re.findall(r"'([^']+)'", listed["list"]))
            elif match is None:
                notes.ignored(f"{place} selector", f"is not understood, so it is not kept: {part.strip()[:80]}")
            elif match["name"] != "type":
                found[match["name"]] = match["value"]
    return found


def accelerator_keys(ask: Ask, held: Inventory) -> dict[str, Any] | None:
    """What an ask is on the accelerators of a node, as keys of an option; None where they can't serve it."""
    if not ask.count:
        return {"accelerators": 0}
    if not held.count or not _serves(ask, held):
        return None
    if held.mixed is not None:
        return held.mixed.keys(ask.resource, ask.count, held.memory_mib)
    if held.manager == "hami":
        return _hami_keys(ask, held)
    if held.replicas > 1:
        return _sliced_keys(ask, held)
    if ask.count > held.count:
        return None
    if ask.profile and "-MIG-" not in held.accelerator:
        return _possible_partition(ask, held)
    if ask.share is not None:
        return _shared(ask.count, share=ask.share)
    if ask.memory_mib is not None and (ask.is_kai or ask.is_claimed):
        if ask.memory_mib > held.memory_mib:
            return None
        share = Fraction(ask.memory_mib, held.memory_mib) if ask.is_kai else Fraction(0)
        return _shared(ask.count, share=share, memory_mib=ask.memory_mib)
    return _whole(ask, held)


def _whole(ask: Ask, held: Inventory) -> dict[str, Any] | None:
    if not ask.owned_mib or not held.tells_memory:
        return {"accelerators": ask.count}
    if ask.owned_mib > held.memory_mib:
        return None
    return {"accelerators": ask.count, "accelerator_memory_gib": ask.owned_mib / MIB_PER_GIB}


def _serves(ask: Ask, held: Inventory) -> bool:
    """Whether they are of the kind, handed out by whom the pod asks."""
    if ask.bars and held.uuids and set(held.uuids) <= set(ask.bars):
        return False
    if ask.uuids and held.uuids and not set(held.uuids) & set(ask.uuids):
        return False
    if ask.is_claimed or held.manager == "dra":
        if held.manager != "dra":
            return False
        if not ask.is_claimed:
            return bool(held.resource) and ask.resource == held.resource and not ask.is_of_sharer
        partition = held.accelerator.rpartition("-MIG-")[2] if "-MIG-" in held.accelerator else ""
        if partition or not ask.profile:
            return partition == ask.profile or bool(partition and ask.profile == "?")
        return _PROFILE.fullmatch(ask.profile) is not None  # it can be made on a whole one
    if held.mixed is not None:
        return not ask.is_kai and ask.memory_mib is None and ask.percent is None
    if ask.is_kai:
        return held.manager == "plugin" and held.replicas == 1 and held.resource == GPU
    if held.manager == "plugin" and (ask.memory_mib is not None or ask.percent is not None):
        return False  # only HAMi hands out memory
    if ask.keeps_whole and held.is_part:
        return False
    return ask.resource == held.resource


def _hami_keys(ask: Ask, held: Inventory) -> dict[str, Any] | None:
    if ask.count > held.count:
        return None
    percent = 100 if ask.percent is None else min(ask.percent, 100)
    memory = held.memory_mib * percent // 100 if ask.memory_mib is None else ask.memory_mib
    if memory > held.memory_mib:
        return None
    least, _ = share_of_one(held.replicas)
    return _shared(ask.count, share=max(Fraction(ask.cores, 100), Fraction(least, WHOLE_SHARE)), memory_mib=memory)


def _possible_partition(ask: Ask, held: Inventory) -> dict[str, Any] | None:
    """A partition that is made when a claim asks for it: its part of the compute and of the eight parts of memory.

    Positions are not counted: some sets whose parts fit can't be made, so the driver may refuse what this allows.
    """
    profile = _PROFILE.fullmatch(ask.profile)
    parts = round(int(profile["gb"]) * _PARTS * 1024 / held.memory_mib) if profile else 0
    if not profile or not 0 < parts <= _PARTS or int(profile["slices"]) > _SLICES:
        return None
    share = Fraction(WHOLE_SHARE * int(profile["slices"]) // _SLICES, WHOLE_SHARE)
    return _shared(ask.count, share=share, memory_mib=held.memory_mib * parts // _PARTS)


def _sliced_keys(ask: Ask, held: Inventory) -> dict[str, Any] | None:
    """Slices of time: more of them give no more than one, but take as many."""
    if ask.count > held.replicas:
        return None
    share, is_exact = share_of_one(held.replicas)
    if is_exact:
        return _shared(1, share=Fraction(share * ask.count, WHOLE_SHARE))
    return _shared(1, memory_mib=held.memory_mib // held.replicas * ask.count)


def _shared(count: int, *, share: Fraction = Fraction(0), memory_mib: int = 0) -> dict[str, Any]:
    keys: dict[str, Any] = {"accelerators": count, "shared": True}
    if memory_mib:
        keys["accelerator_memory_gib"] = memory_mib / MIB_PER_GIB
    if share:
        keys["accelerator_share"] = ceil(share * WHOLE_SHARE) / WHOLE_SHARE
    return keys


def asked_of_host(mode: Option) -> dict[str, str]:
    """Requests of a copy for CPU and memory."""
    cpu, memory = need(mode.vcpus, MILLI), need(mode.memory_gib, MIB_PER_GIB)
    return ({"cpu": f"{cpu}m"} if cpu else {}) | ({"memory": f"{memory}Mi"} if memory else {})


def resource_of(accelerator: str) -> str:
    """The resource that device plugins count a kind of accelerator by.

    >>> resource_of("H100"), resource_of("H100-MIG-1g.10gb"), resource_of("MI300X"), resource_of("Trainium2")
    ('nvidia.com/gpu', 'nvidia.com/mig-1g.10gb', 'amd.com/gpu', 'aws.amazon.com/neuron')
    """
    profile = accelerator.rpartition("-MIG-")[2]
    if profile != accelerator and MIG.fullmatch(f"nvidia.com/mig-{profile}"):
        return f"nvidia.com/mig-{profile}"
    known = find_accelerator(accelerator)
    return _PLUGINS.get(known.vendor if known else "", GPU)


def asked_of_accelerators(
    row: PlanVariant, problem: Problem, sharing: str, gpu: str = GPU
) -> tuple[dict[str, str], dict[str, int]]:
    """Annotations and limits by which a copy gets its accelerators; `gpu` is the resource where they have no own."""
    mode, kind = row.mode, problem.instance_types[row.pool.instance_type].accelerator or ""
    two, own = mixed_of(kind), resource_of(kind)
    resource = gpu if own == GPU else own
    if not mode.accelerators:
        return {}, {}
    if two is not None:
        return {}, two.resources(mode, room(problem.accelerators[kind].memory_gib, MIB_PER_GIB))
    if not mode.shared or sharing == "time-slicing":
        return {}, {resource: mode.accelerators}
    memory, share = need(mode.accelerator_memory_gib, MIB_PER_GIB), need(mode.accelerator_share, WHOLE_SHARE)
    if sharing == "hami":  # memory of 0 is all of it; cores are per cent: rounded up, copies that fit would not
        cores = {HAMI_CORES: max(1, share * 100 // WHOLE_SHARE)} if share else {}
        return {}, {resource: mode.accelerators, HAMI_MEMORY: memory or 1, **cores}
    part = {KAI_MEMORY: str(memory)} if memory else {KAI_FRACTION: str((share or 1) / WHOLE_SHARE)}
    return part | ({KAI_DEVICES: str(mode.accelerators)} if mode.accelerators > 1 else {}), {}
