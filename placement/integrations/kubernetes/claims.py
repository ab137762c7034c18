"""Dynamic resource allocation (resource.k8s.io): devices by node from slices, and what claims ask for and hold.

Of a pool only the slices of its highest generation count. NVIDIA's driver publishes whole accelerators as `gpu-N`, and
partitions as devices of their own: fixed ones, or possible ones that use counters of their accelerator.

A driver of claims may also serve resources by their names: `nvidia.com/gpu` in a pod, a claim behind it. A DeviceClass
may name one (`spec.extendedResourceName`); without the class a pod that has such a claim tells it. Where nothing does,
a pod that asks for the resource waits beside accelerators that are handed out by claims.
"""

import copy
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from placement.catalogue.readers.fields import At
from placement.integrations.kubernetes.objects import KubeCluster, KubeObject, mapping_under, mappings_under
from placement.integrations.notes import Notes
from placement.units import listed

DRIVER = "gpu.nvidia.com"
PINNED = "gpu-placement/pinned"  # annotation of a claim, or of a pod for HAMi: what an export chose, which is no rule
_NUMBER = re.compile(r"gpu-(\d{1,4})(?:-|$)", re.ASCII)
DeviceKey = tuple[str, str, str]  # driver, pool, device
_OF_DRIVER = re.compile(
    rf"""device\.driver\s*==\s*['"]{re.escape(DRIVER)}['"]"""
    rf"""|device\.attributes\[['"]{re.escape(DRIVER)}['"]\]\.type\s*==\s*['"](?:gpu|mig)['"]""",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class SliceDevice:
    """One device of a slice, of a node."""

    key: DeviceKey
    node: str
    kind: str  # gpu, mig, or what its driver says
    product: str
    uuid: str
    parent: str  # the accelerator that a partition is of, by its UUID
    profile: str
    memory: Fraction | None  # bytes
    is_possible: bool  # a partition that would have to be made: it uses counters
    is_tainted: bool = False

    @property
    def number(self) -> int:
        """The number in its name, which is the accelerator's on its node; -1 where the name has none."""
        found = _NUMBER.match(self.key[2])
        return int(found[1]) if found else -1


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """What a claim asks for: so many devices of a class, each perhaps with some memory of a device that is shared."""

    name: str
    device_class: str
    count: int | None  # None: all of them
    memory: Fraction | None
    selectors: tuple[str, ...]
    is_admin: bool  # it looks at devices that others have

    @property
    def is_partition(self) -> bool:
        return self.device_class.startswith("mig.")


@dataclass(frozen=True, slots=True)
class DeviceClaim:
    """A claim: what it asks for, which devices it holds, how many pods use it; its `spec.devices` as it was written."""

    place: str
    requests: tuple[ClaimRequest, ...]
    has_choice: bool  # of several requests the first that can be had (`firstAvailable`)
    has_constraints: bool  # between its devices: of one attribute, or of different ones
    held: tuple[tuple[str, DeviceKey], ...]  # devices that it was given, each with the request that it was given for
    users: int
    written: dict[str, Any] = field(compare=False)

    @property
    def devices(self) -> tuple[DeviceKey, ...]:
        """The devices that it holds, without those that it only looks at."""
        return tuple(key for _, key in self.held)

    def count_of(self, request: ClaimRequest) -> int:
        """How many devices a request is for; of one for all of them those that it holds, or one."""
        held = sum(name == request.name and key[0] == DRIVER for name, key in self.held)
        return request.count or held or 1

    def counts(self, request: ClaimRequest) -> bool:
        """Whether a request is for accelerators of the driver that is read, by its class or by what it was given."""
        if request.is_admin:
            return False
        of_driver = (name for name, key in self.held if key[0] == DRIVER)
        return request.is_partition or request.device_class == DRIVER or request.name in of_driver


def slice_devices(cluster: KubeCluster, notes: Notes) -> dict[str, list[SliceDevice]]:
    """Devices of accelerators by node, in the order of their numbers."""
    slices = cluster.read_each(cluster.of("ResourceSlice"), _read_slice)
    newest: dict[tuple[str, str], int] = {}
    for driver, pool, generation, _, _, _ in slices:
        newest[driver, pool] = max(newest.get((driver, pool), 0), generation)
    seen: dict[tuple[str, str], list[int]] = defaultdict(list)
    found: dict[str, list[SliceDevice]] = defaultdict(list)
    for driver, pool, generation, wanted, node, devices in slices:
        if generation < newest[driver, pool]:
            continue
        seen[driver, pool].append(wanted)
        if driver != DRIVER:
            notes.ignored(f"ResourceSlices of driver {driver}", f"only devices of {DRIVER} are read")
        elif not node:
            notes.ignored(f"ResourceSlice pool {pool}", "its devices are of no one node")
        else:
            found[node] += devices
            tainted = [row.key[2] for row in devices if row.is_tainted]
            if tainted:
                told = f"{listed(tainted)}: they are counted as if they had none"
                notes.ignored(f"ResourceSlice pool {pool} taints of devices", told)
    for (driver, pool), counts in sorted(seen.items()):
        if driver == DRIVER and len(counts) < max(counts):
            told = f"has {len(counts)} of {max(counts)} slices: the rest is not counted"
            notes.assumed(f"ResourceSlice pool {pool}", told)
    return {node: sorted(devices, key=lambda row: (row.number, row.key)) for node, devices in found.items()}


def _read_slice(found: KubeObject) -> tuple[str, str, int, int, str, list[SliceDevice]]:
    spec = found.at.key("spec")
    driver, pool = spec.key("driver").text(), spec.key("pool")
    name, node = pool.key("name").text(), spec.text_at("nodeName")
    devices = [_device(row, (driver, name), node) for row in spec.rows("devices")]
    return driver, name, pool.whole_at("generation") or 0, pool.whole_at("resourceSliceCount") or 1, node, devices


def _device(at: At, pool: tuple[str, str], node: str) -> SliceDevice:
    basic = at.get("basic") or at  # the first versions had one more level
    memory = basic.get("capacity", "memory", "value") or basic.get("capacity", f"{DRIVER}/memory", "value")
    return SliceDevice(
        key=(*pool, at.key("name").text()),
        node=node,
        kind=_attribute(basic, "type"),
        product=_attribute(basic, "productName"),
        uuid=_attribute(basic, "uuid"),
        parent=_attribute(basic, "parentUUID"),
        profile=_attribute(basic, "profile"),
        memory=memory.quantity() if memory else None,
        is_possible=bool(basic.rows("consumesCounters")),
        is_tainted=bool(basic.rows("taints")),
    )


def _attribute(device: At, name: str) -> str:
    found = device.get("attributes", name) or device.get("attributes", f"{DRIVER}/{name}")
    return found.text_at("string") if found else ""


def read_claims(cluster: KubeCluster) -> dict[tuple[str, str], DeviceClaim]:
    naming = _naming(cluster)
    return {
        row.key: replace(claim, users=max(claim.users, naming[row.key]))
        for row, claim in cluster.read_kind("ResourceClaim", _claim)
    }


def _naming(cluster: KubeCluster) -> Counter[tuple[str, str]]:
    """How many pods name each claim; one that waits is not among those that it is reserved for."""
    found: Counter[tuple[str, str]] = Counter()
    for pod in cluster.of("Pod"):
        if mapping_under(pod.at.value, "status").get("phase") not in ("Succeeded", "Failed"):
            names = (row.get("resourceClaimName") for row in mappings_under(pod.at.value, "spec", "resourceClaims"))
            found.update({(pod.namespace, name) for name in names if isinstance(name, str)})
    return found


def _claim(found: KubeObject) -> DeviceClaim:
    spec = found.at.key("spec")
    pin = found.annotations.get(PINNED, "")
    asked, has_choice = [], False
    for row in spec.rows("devices", "requests"):
        choice = row.rows("firstAvailable")
        has_choice = has_choice or bool(choice)
        first, *_ = [_request(row.text_at("name"), one, pin) for one in choice or [row.get("exactly") or row]]
        asked.append(first)
    held = [
        (row.text_at("request"), (row.text_at("driver"), row.text_at("pool"), row.text_at("device")))
        for row in found.at.rows("status", "allocation", "devices", "results")
        if not row.true_at("adminAccess")
    ]
    users = len(found.at.rows("status", "reservedFor"))
    constrained = bool(spec.rows("devices", "constraints"))
    written = spec.optional(lambda devices: as_asked(devices.value, pin), "devices") or {}
    # Of a choice the part of a request after the slash is which one it was.
    given = tuple((request.partition("/")[0], key) for request, key in held)
    return DeviceClaim(found.place, tuple(asked), has_choice, constrained, given, users, written)


def as_asked(devices: dict[str, Any], pin: str) -> dict[str, Any]:
    """The `spec.devices` of a claim in the form of `resource.k8s.io/v1`, without the selector that an export added."""
    found = copy.deepcopy(devices)
    for row in found.get("requests") or ():
        if "deviceClassName" in row and "exactly" not in row:  # before v1 what one asks for stood beside the name
            row["exactly"] = {key: row.pop(key) for key in [*row] if key != "name"}
        for each in choices(row) if pin else ():
            kept = [one for one in each.pop("selectors", None) or () if (one.get("cel") or {}).get("expression") != pin]
            each |= {"selectors": kept} if kept else {}
    return found


def choices(request: dict[str, Any]) -> list[dict[str, Any]]:
    """What a request in the form of `resource.k8s.io/v1` asks for exactly, or else each of its choices."""
    return [request["exactly"]] if request.get("exactly") else list(request.get("firstAvailable") or ())


def _request(name: str, at: At, pin: str) -> ClaimRequest:
    everything = at.choice_at(("ExactCount", "All"), "allocationMode") == "All"
    memory = at.get("capacity", "requests", "memory") or at.get("capacity", "requests", f"{DRIVER}/memory")
    selectors = [row.text_at("cel", "expression") for row in at.rows("selectors")]
    return ClaimRequest(
        name,
        at.text_at("deviceClassName"),
        None if everything else at.whole_at("count") or 1,
        memory.quantity() if memory else None,
        tuple(text for text in selectors if not pin or text != pin),
        at.true_at("adminAccess"),
    )


def claims_of(pod: KubeObject) -> list[str]:
    """Names of the claims of a pod: its own, those made from templates, and one for mapped resources."""
    mapped = pod.at.text_at("status", "extendedResourceClaimStatus", "resourceClaimName")
    return [name for name in [*named_claims(pod).values(), mapped] if name]


def named_claims(pod: KubeObject) -> dict[str, str]:
    """By its name in the pod each claim: its own, or the one that was made from a template; empty where none was."""
    statuses = pod.at.rows("status", "resourceClaimStatuses")
    made = {row.text_at("name"): row.text_at("resourceClaimName") for row in statuses}
    return {
        row.text_at("name"): row.text_at("resourceClaimName") or made.get(row.text_at("name"), "")
        for row in pod.at.key("spec").rows("resourceClaims")
    }


def mapped_resources(cluster: KubeCluster, notes: Notes) -> set[str]:
    """Names of resources that the driver of accelerators serves, by classes and by pods that have such a claim."""
    by_class = cluster.read_each(cluster.of("DeviceClass"), lambda row: _of_class(row, notes))
    way = ("status", "extendedResourceClaimStatus", "requestMappings")
    names = (row.get("resourceName") for pod in cluster.of("Pod") for row in mappings_under(pod.at.value, *way))
    return {*filter(None, by_class)} | {name for name in names if isinstance(name, str)}


def _of_class(found: KubeObject, notes: Notes) -> str:
    """The resource that a class of the driver names; empty for others."""
    name = found.at.text_at("spec", "extendedResourceName")
    asked = [row.text_at("cel", "expression") for row in found.at.rows("spec", "selectors")]
    if not name or not any(DRIVER in text for text in asked):
        return ""
    for part in (part.strip() for text in asked for part in text.split("&&")):
        if not _OF_DRIVER.fullmatch(part):
            notes.ignored(f"{found.place} selectors", f"is not understood, so it is not kept: {part[:80]}")
    return name
