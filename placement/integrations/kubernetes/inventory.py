"""The accelerators of one node, whoever hands them out: a device plugin, HAMi or dynamic resource allocation."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from placement.catalogue.readers.fields import FieldError
from placement.catalogue.readers.kubernetes import (
    PRODUCT_LABELS,
    REPLICA_LABELS,
    RESOURCES,
    TYPE_LABELS,
    devices_by_labels,
    devices_by_type,
    first_label,
)
from placement.catalogue.tables import Devices, named_devices
from placement.errors import json_path
from placement.integrations.kubernetes.claims import SliceDevice
from placement.integrations.kubernetes.mixed import Mixed, mixed, name_of
from placement.integrations.kubernetes.naming import GPU
from placement.integrations.kubernetes.objects import KubeObject
from placement.integrations.notes import Notes
from placement.units import BYTES_PER_MIB, MIB_PER_GIB, whole_in

HAMI_NODE = "hami.io/node-nvidia-register"
MIG = re.compile(r"nvidia\.com/mig-(?P<profile>\d{1,2}g\.(?P<gb>\d{1,4})gb(?:\.[a-z.]+)?)", re.ASCII)
MOST = 1024  # accelerators of a machine
_UNKNOWN_MIB = MIB_PER_GIB  # of an accelerator that nothing tells of: memory is not counted there
Manager = Literal["plugin", "hami", "dra"]


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a node has: `count` accelerators of a kind, `memory_mib` each.

    `resource` is what pods ask for; of a driver of claims only where it serves that name too. `replicas` is how many
    pods may share one: by time slicing, or splits of HAMi. `uuids` are by index, where they are known.
    """

    accelerator: str = ""
    count: int = 0
    memory_mib: int = 0
    resource: str = ""
    manager: Manager = "plugin"
    replicas: int = 1
    uuids: tuple[str, ...] = ()
    mixed: Mixed | None = None  # what the one accelerator stands for, where there are two kinds

    @property
    def tells_memory(self) -> bool:
        """Whether its memory is that of one accelerator of a known kind."""
        return self.count > 0 and self.mixed is None and self.memory_mib > _UNKNOWN_MIB

    @property
    def is_part(self) -> bool:
        """Whether a pod that asks for an accelerator gets a part of one: a slice of time, or a partition by MIG.

        Beside partitions that have resources of their own, accelerators are whole.
        """
        is_partition = self.mixed is None and self.resource == GPU and "-MIG-" in self.accelerator
        return self.manager == "plugin" and (self.replicas > 1 or is_partition)

    @property
    def kind(self) -> tuple[str, int, str, str, int]:
        """All but memory and names of single devices: nodes of one kind are alike."""
        return self.accelerator, self.count, self.resource, self.manager, self.replicas


NOTHING = Inventory()


def is_accelerator(resource: str) -> bool:
    return resource in RESOURCES or MIG.fullmatch(resource) is not None


def inventory(
    node: KubeObject,
    allocatable: Mapping[str, Fraction],
    devices: Sequence[SliceDevice],
    asked: Collection[str],
    mapped: Collection[str],
    notes: Notes,
) -> Inventory | str:
    """The accelerators of a node; a sentence when the problem can't say what it has.

    `asked` are the resources that pods ask for: of more than two kinds of accelerators only those are counted. `mapped`
    are those that the driver of claims serves too.
    """
    held = {name: value for name, value in allocatable.items() if is_accelerator(name) and value > 0}
    register = node.annotations.get(HAMI_NODE, "")
    if register:
        return _hami(node, register)
    if devices and not held:
        return _of_slices(devices, asked, mapped, notes)
    if not held:
        return NOTHING
    for resource, amount in held.items():
        if amount.denominator != 1 or amount > MOST * 1000:
            path = json_path((*node.at.way, "status", "allocatable", resource))
            raise FieldError(path, "must be a whole number of accelerators", str(amount))
    if len(held) > 2:
        for name in sorted(name for name in held if name not in asked):
            notes.ignored(f"{node.place} {name}", "no pod asks for it, and a machine counts two kinds of accelerators")
            del held[name]
    if len(held) > 1:
        return _of_two_kinds(node, {name: int(value) for name, value in held.items()}, notes)
    if not held:
        return NOTHING
    (resource, amount), *_ = held.items()
    partition = MIG.fullmatch(resource)
    if partition:
        return _partitions(node, resource, partition, int(amount))
    return _plugin(node, resource, int(amount), notes)


def _plugin(node: KubeObject, resource: str, told: int, notes: Notes) -> Inventory | str:
    written = whole_in(first_label(dict(node.labels), REPLICA_LABELS))
    replicas = written if written and written <= told else 1
    count = told // replicas
    if count > MOST:
        return f"has {count} accelerators; at most {MOST} can be one machine's"
    labels = {key: value for key, value in node.labels.items() if value}
    found = devices_by_labels(labels, count) or devices_by_type(labels, count)
    if found is None:
        product = first_label(labels, PRODUCT_LABELS).removesuffix("-SHARED")
        name = product or f"{first_label(labels, TYPE_LABELS) or resource}-accelerator"
        notes.assumed(f"accelerators {name}", "no label tells their memory, so it is not counted")
        found = Devices(name, count, _UNKNOWN_MIB / MIB_PER_GIB)
    name = found.accelerator if replicas == 1 else f"{found.accelerator}-shared-{replicas}"
    return Inventory(name, count, int(found.memory_gib * MIB_PER_GIB), resource, "plugin", replicas)


def _of_two_kinds(node: KubeObject, held: dict[str, int], notes: Notes) -> Inventory | str:
    """Two kinds as one accelerator that counts both; a sentence where that can't be."""
    listed = ", ".join(sorted(held))
    sliced = first_label(dict(node.labels), (*REPLICA_LABELS, *(f"{name}.replicas" for name in held)))
    made = mixed(held)
    is_known = all(name == GPU or MIG.fullmatch(name) for name in held)
    if made is None or not is_known or sliced not in ("", "0", "1") or max(held.values()) > MOST:
        return f"has accelerators of several kinds ({listed}), and a machine counts two kinds, which nobody shares"
    resource, count = made.by_memory
    partition = MIG.fullmatch(resource)
    one = _partitions(node, resource, partition, count) if partition else _plugin(node, resource, count, notes)
    if isinstance(one, str):
        return one
    told = " and ".join(f"{number} x {name}" for name, number in (made.by_memory, made.by_share))
    notes.assumed(node.place, f"{told} are one accelerator, whose memory counts the first and whose share the second")
    name = name_of(re.sub(r"-MIG-.*", "", one.accelerator), made)
    return Inventory(name, 1, one.memory_mib * count, resource, mixed=made)


def _partitions(node: KubeObject, resource: str, partition: re.Match[str], count: int) -> Inventory | str:
    if count > MOST:
        return f"has {count} partitions; at most {MOST} can be one machine's"
    product = re.sub(r"-MIG-.*|-SHARED", "", node.labels.get("nvidia.com/gpu.product", ""))
    memory = whole_in(node.labels.get(f"{resource}.memory", ""), digits=8)
    full = named_devices(product, 1, None) if product else None
    name = f"{full.accelerator if full else product or 'GPU'}-MIG-{partition['profile']}"
    return Inventory(name, count, memory or int(partition["gb"]) * MIB_PER_GIB, resource)


def _of_slices(
    devices: Sequence[SliceDevice], asked: Collection[str], mapped: Collection[str], notes: Notes
) -> Inventory | str:
    whole = [row for row in devices if row.kind in ("gpu", "")]
    fixed = [row for row in devices if row.kind == "mig" and not row.is_possible]
    profiles = sorted({row.profile for row in fixed})
    if (whole and fixed) or len(profiles) > 1:
        kinds = ", ".join([*(["whole accelerators"] if whole else []), *profiles])
        return f"has accelerators of several kinds ({kinds}), and a machine of a problem has one kind"
    chosen = whole or fixed
    if not chosen:
        return NOTHING
    products = sorted({row.product for row in chosen})
    if len(products) > 1:
        return f"has accelerators of several products ({', '.join(products)}), and a machine of a problem has one kind"
    sizes = [int(row.memory / BYTES_PER_MIB) for row in chosen if row.memory is not None]
    if not sizes:
        notes.assumed(f"accelerators {products[0] or 'GPU'}", "no device tells their memory, so it is not counted")
    memory = min(sizes) if sizes else _UNKNOWN_MIB
    found = named_devices(products[0], len(chosen), memory / MIB_PER_GIB) if products[0] else None
    name = found.accelerator if found else products[0] or "GPU"
    resource = GPU
    if fixed:
        name, resource = f"{name}-MIG-{profiles[0]}", f"nvidia.com/mig-{profiles[0]}"
    if resource in asked and resource not in mapped:
        told = (
            "no DeviceClass that was given serves it by claims: copies are not placed on nodes where claims alone hand"
        )
        notes.assumed(f"resource {resource}", f"{told} out accelerators; add deviceclasses to the command")
    served = resource if resource in mapped else ""
    return Inventory(name, len(chosen), memory, served, "dra", 1, tuple(row.uuid for row in chosen))


class _HamiDevice(BaseModel):
    """A row of HAMi's register, as JSON has it."""

    uuid: str = Field(alias="id")
    splits: int = Field(default=1, alias="count", ge=1, lt=10**8)
    memory_mib: int = Field(alias="devmem", ge=1, lt=10**8)
    kind: str = Field(default="", alias="type")
    is_healthy: bool = Field(alias="health")


_COLUMNS = ("id", "count", "devmem", "cores", "type", "numa", "health")  # of a row as text; later index and mode


def _hami(node: KubeObject, register: str) -> Inventory | str:
    """HAMi's annotation: JSON, or rows with a colon behind each."""
    rows = [dict(zip(_COLUMNS, text.split(","), strict=False)) for text in filter(None, register.split(":"))]
    try:
        devices = TypeAdapter(list[_HamiDevice])
        found = devices.validate_json(register) if register.lstrip()[:1] == "[" else devices.validate_python(rows)
    except ValidationError:
        rule = (
            "must be rows of UUID,splits,MiB,cores,type,NUMA,health or a list with id, count, devmem, type and health"
        )
        raise FieldError(f"annotation {HAMI_NODE} of {node.place}", rule, register) from None
    healthy = [row for row in found if row.is_healthy]
    if not healthy:
        return NOTHING
    first = healthy[0]
    if any((row.splits, row.memory_mib, row.kind) != (first.splits, first.memory_mib, first.kind) for row in healthy):
        return f"has accelerators that differ by {HAMI_NODE}, and a machine of a problem has one kind"
    known = named_devices(first.kind.removeprefix("NVIDIA-"), len(healthy), first.memory_mib / MIB_PER_GIB)
    name = known.accelerator if known and known.accelerator else first.kind or f"GPU-{first.uuid[:8]}"
    uuids = tuple(row.uuid for row in healthy)
    return Inventory(name, len(healthy), first.memory_mib, GPU, "hami", first.splits, uuids)
