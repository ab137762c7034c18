"""Nodes as machines: room by what is allocatable, accelerators, place, state and what keeps a node from going."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Literal

from placement.catalogue.readers.kubernetes import (
    NO_ZONE,
    REGION_LABELS,
    SPOT_LABELS,
    TYPE_LABELS,
    ZONE_LABELS,
    first_label,
)
from placement.integrations.kubernetes.claims import SliceDevice, mapped_resources
from placement.integrations.kubernetes.inventory import Inventory, inventory, is_accelerator
from placement.integrations.kubernetes.objects import (
    ANY_AMOUNT,
    EPHEMERAL,
    KubeCluster,
    KubeObject,
    mapping_under,
    mappings_under,
)
from placement.integrations.kubernetes.selectors import CORDON, LEAVING, TROUBLE, Taint, taints_of, tell_taints
from placement.integrations.notes import Notes
from placement.units import BYTES_PER_MIB

NodePhase = Literal["active", "cordoned", "draining"]
Buy = Literal["on-demand", "spot", "reserved"]
_RESERVED = {
    "karpenter.sh/capacity-type": ("reserved",),
    "eks.amazonaws.com/capacityType": ("CAPACITY_BLOCK", "RESERVED"),
}
_RESERVATION = ("cloud.google.com/reservation-name", "karpenter.k8s.aws/capacity-reservation-id")
_STAYS = {"karpenter.sh/do-not-disrupt": "true", "cluster-autoscaler.kubernetes.io/scale-down-disabled": "true"}
_GROUPS = (
    *("karpenter.sh/nodepool", "eks.amazonaws.com/nodegroup", "cloud.google.com/gke-nodepool", "agentpool"),
    *("kubernetes.azure.com/agentpool", "node.kubernetes.io/pool"),
)
_ROOM = ("cpu", "memory", "pods")  # that a machine has keys for


@dataclass(frozen=True, slots=True)
class NodeMachine:
    """A node that can hold copies. CPU in thousandths, memory in MiB; `capacity_*` with what the system keeps.

    `group` is the pool of nodes that the platform manages it in: its label and the name there.
    """

    node: KubeObject
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]
    zone: str
    region: str
    type_label: str
    buy: Buy
    reservation: str
    group: tuple[str, str]
    phase: NodePhase
    stays: str  # why it must not go; empty where it may
    cpu_milli: int
    memory_mib: int
    capacity_cpu_milli: int
    capacity_memory_mib: int
    held: Inventory
    other: Mapping[str, Fraction]  # resources that no copy is counted by: extended ones, and the kubelet's own
    pods: int  # the most that the kubelet runs

    @property
    def name(self) -> str:
        return self.node.name


def read_machines(
    cluster: KubeCluster, devices: Mapping[str, list[SliceDevice]], zone_label: str, notes: Notes
) -> tuple[list[NodeMachine], set[str]]:
    """The nodes that can hold copies, and the names of those that are left out with their pods; notes say why.

    Pods of a node that is not ready are copies that do not run.
    """
    asked, mapped = _asked(cluster), mapped_resources(cluster, notes)

    def read(node: KubeObject) -> NodeMachine | str:
        return _machine(node, devices.get(node.name, []), (asked, mapped), zone_label, notes)

    found = cluster.read_each(cluster.of("Node"), read)
    return [row for row in found if isinstance(row, NodeMachine)], {row for row in found if isinstance(row, str)} - {""}


def _asked(cluster: KubeCluster) -> set[str]:
    """Resources that pods ask for, accelerators among them."""
    return {
        name
        for pod in cluster.of("Pod")
        for part in ("containers", "initContainers")
        for container in mappings_under(pod.at.value, "spec", part)
        for name in mapping_under(container, "resources", "limits")
    }


def _machine(
    node: KubeObject, devices: list[SliceDevice], resources: tuple[set[str], set[str]], zone_label: str, notes: Notes
) -> NodeMachine | str:
    """A machine; the node's name when its pods are left out with it, nothing when they do not run.

    `resources` are those that pods ask for, and those that a driver of claims serves.
    """
    status = node.at.key("status")
    if not _is_ready(node, notes):
        told = "is not ready, so it is left out, also where spread is counted; its pods are copies to be placed"
        notes.ignored(node.place, told)
        return ""
    allocatable, capacity = status.amounts("allocatable"), status.amounts("capacity")
    for name in ("cpu", "memory"):
        if name not in allocatable:
            status.key("allocatable").key(name)  # which says that it is required
    held = inventory(node, allocatable, devices, *resources, notes)
    if isinstance(held, str):
        notes.ignored(node.place, f"{held}: it is left out with its pods")
        return node.name
    cpu, memory = floor(allocatable["cpu"] * 1000), floor(allocatable["memory"] / BYTES_PER_MIB)
    zone = first_label(dict(node.labels), ZONE_LABELS if zone_label in ZONE_LABELS else (zone_label,))
    taints = taints_of(node)
    tell_taints(node, taints, notes)
    return NodeMachine(
        node=node,
        labels=node.labels,
        taints=tuple(row for row in taints if not row.is_state),
        zone=zone or NO_ZONE,
        region=first_label(dict(node.labels), REGION_LABELS),
        type_label=first_label(dict(node.labels), TYPE_LABELS) or _shape(held, cpu, memory),
        buy=_buy(node),
        reservation=next((node.labels[key] for key in _RESERVATION if node.labels.get(key)), ""),
        group=next(((key, node.labels[key]) for key in _GROUPS if node.labels.get(key)), ("", "")),
        phase=_phase(node, taints, allocatable, notes),
        stays=_stays(node),
        cpu_milli=cpu,
        memory_mib=memory,
        capacity_cpu_milli=max(cpu, floor(capacity.get("cpu", allocatable["cpu"]) * 1000)),
        capacity_memory_mib=max(memory, floor(capacity.get("memory", allocatable["memory"]) / BYTES_PER_MIB)),
        held=held,
        other=_other(allocatable),
        pods=int(allocatable.get("pods", 0)),
    )


def _is_ready(node: KubeObject, notes: Notes) -> bool:
    conditions = node.at.rows("status", "conditions")
    for row in conditions:
        if row.text_at("type") == "Ready":
            return row.choice_at(("True", "False", "Unknown"), "status") == "True"
    if conditions:
        notes.assumed(node.place, "it is ready: none of its conditions is Ready")
    return True


def _other(allocatable: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """What no copy is counted by; a kubelet that does not say how much scratch space it has gives what is asked for."""
    found = {name: value for name, value in allocatable.items() if not is_accelerator(name) and name not in _ROOM}
    return {EPHEMERAL: ANY_AMOUNT, **found}


def _phase(node: KubeObject, taints: tuple[Taint, ...], allocatable: Mapping[str, Fraction], notes: Notes) -> NodePhase:
    takes_pods = allocatable.get("pods", 1) >= 1
    if not takes_pods:
        told = "is 0, so no pod can start there: it is taken as cordoned"
        notes.assumed(f"{node.place} status.allocatable.pods", told)
    hard = {row.key for row in taints if not row.is_wish}
    if node.at.get("metadata", "deletionTimestamp") or hard & {*LEAVING}:
        return "draining"
    stopped = node.at.true_at("spec", "unschedulable") or hard & {CORDON, *TROUBLE}
    return "cordoned" if stopped or not takes_pods else "active"


def _buy(node: KubeObject) -> Buy:
    if any(node.labels.get(key) in values for key, values in _RESERVED.items()) or node.labels.get(_RESERVATION[0]):
        return "reserved"
    return "spot" if any(node.labels.get(key) == value for key, value in SPOT_LABELS.items()) else "on-demand"


def _stays(node: KubeObject) -> str:
    if told := node.annotation_of(_STAYS):
        return told
    plane = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
    return "it is of the control plane" if any(key in node.labels for key in plane) else ""


def _shape(held: Inventory, cpu_milli: int, memory_mib: int) -> str:
    """A name for a machine whose type no label tells."""
    accelerators = f"{held.count}x{held.accelerator}-" if held.count else ""
    return f"{accelerators}{cpu_milli // 1000}cpu-{round(memory_mib / 1024)}gib"
