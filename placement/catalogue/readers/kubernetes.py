"""`kubectl get nodes -o json`: the machines of a cluster as they are.

Sizes are what is allocatable, never the capacity: the rest is the system's. The kind of accelerator is told by labels
of NVIDIA's feature discovery, AMD's node labeller, Karpenter or Google's Kubernetes; else by the instance type, where
it is known. Time-sliced accelerators are counted once. What runs on every node (DaemonSets) is not in this output.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from placement.catalogue.facts import Capacity, Findings, InstanceFacts, Node, NodeState, Offer
from placement.catalogue.names import LISTED_BY, nearest_names
from placement.catalogue.readers.fields import At, each, left_out, number_in
from placement.catalogue.tables import NO_DEVICES, Devices, accelerators, instance_types, machine_of, named_devices
from placement.units import BYTES_PER_GIB, MIB_PER_GIB, whole_in

KINDS = ("List", "NodeList", "Node")
RESOURCES = ("nvidia.com/gpu", "nvidia.com/gpu.shared", "amd.com/gpu", "aws.amazon.com/neuron", "habana.ai/gaudi")
TYPE_LABELS = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type")
ZONE_LABELS = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
# Of drivers of disks: they tell where a node is, and nothing can be scheduled by them.
_DISK_ZONE_LABELS = ("topology.ebs.csi.aws.com/zone", "topology.gke.io/zone", "topology.disk.csi.azure.com/zone")
# Where a cloud's controller tells where a node is: aws:///us-east-1a/i-0abc, gce://project/us-central1-a/name.
_PROVIDER_ID = re.compile(r"(?:aws:///|gce://[^/]+/)(?P<zone>[a-z]+(?:-[a-z0-9]+)+)/[^/]+", re.ASCII)
REGION_LABELS = ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region")
PRODUCT_LABELS = (
    "nvidia.com/gpu.product",
    "karpenter.k8s.aws/instance-gpu-name",
    "eks.amazonaws.com/instance-gpu-name",
    "cloud.google.com/gke-accelerator",
    "amd.com/gpu.product-name",
    "beta.amd.com/gpu.product-name",
)
MEMORY_LABELS = (
    "nvidia.com/gpu.memory",
    "karpenter.k8s.aws/instance-gpu-memory",
    "eks.amazonaws.com/instance-gpu-memory",
)
_AMD_MEMORY_LABELS = ("amd.com/gpu.vram", "beta.amd.com/gpu.vram")  # in GiB, such as 192G
# How many times a shared accelerator is told: NVIDIA's device plugin, Google's Kubernetes.
REPLICA_LABELS = ("nvidia.com/gpu.replicas", "cloud.google.com/gke-max-shared-clients-per-gpu")
_PARTITION = "cloud.google.com/gke-gpu-partition-size"  # of MIG, such as 1g.5gb
SPOT_LABELS = {
    "karpenter.sh/capacity-type": "spot",
    "eks.amazonaws.com/capacityType": "SPOT",
    "cloud.google.com/gke-spot": "true",
    "kubernetes.azure.com/scalesetpriority": "spot",
}
NO_ZONE = "no-zone"  # of nodes without the label: pools must have one
_PARTITIONS = "has MIG partitions under names of their own (nvidia.com/mig-...), which are not read here"
_MOST_GPUS = 1024
Labels = dict[str, str]
_Machine = tuple[Node, InstanceFacts]


def read_nodes(document: At, source: str) -> Findings:
    """Types, places and nodes of a cluster."""
    rows = [document] if document.key("kind").text() == "Node" else list(document.key("items").items())
    others = [row for row in rows if not _is_node(row)]
    read = each((row for row in rows if _is_node(row)), _machine, source)
    machines = [row for row in read if not isinstance(row, str)]
    skipped = tuple(row for row in read if isinstance(row, str)) + left_out(len(others), "an object that is no node")
    types, nodes = _types(machines)
    offers = {Offer(node.instance_type, node.region, node.zone, node.capacity) for node in nodes}
    return Findings(source, types, tuple(sorted(offers, key=str)), nodes=nodes, skipped=skipped)


def _is_node(row: At) -> bool:
    """Whether an item of a list is a node: of a list of nodes the API does not say so."""
    return not isinstance(row.value, dict) or row.value.get("kind", "Node") == "Node"


def _types(machines: list[_Machine]) -> tuple[tuple[InstanceFacts, ...], tuple[Node, ...]]:
    """One type for nodes of one label and with the same accelerators, and of each node the name of its type.

    What is allocatable differs by a few MiB from node to node: a type has the least of its nodes. Nodes that share a
    label and differ in accelerators get types of their own.
    """
    groups: dict[str, dict[tuple[str, int], list[_Machine]]] = defaultdict(lambda: defaultdict(list))
    for node, facts in machines:
        groups[facts.name][facts.accelerator, facts.accelerator_count].append((node, facts))
    types, nodes = [], []
    for label, kinds in groups.items():
        for (accelerator, count), members in kinds.items():
            name = label if len(kinds) == 1 else f"{label}-{f'{count}x{accelerator}' if count else 'cpu'}"
            least = replace(
                members[0][1],
                name=name,
                vcpus=min(facts.vcpus for _, facts in members),
                memory_gib=min(facts.memory_gib for _, facts in members),
                accelerator_memory_gib=min(facts.accelerator_memory_gib for _, facts in members),
            )
            types.append(least)
            nodes += [replace(node, instance_type=name) for node, _ in members]
    return tuple(types), tuple(nodes)


def _machine(row: At) -> _Machine | str:
    """A node that can take copies; a sentence of one that can't be used."""
    metadata, status = row.key("metadata"), row.key("status")
    name, labels = metadata.key("name").text(), labels_of(metadata)
    if not is_ready(status):
        return f"node {name} is not ready: left out"
    allocatable = status.key("allocatable")
    devices = _devices(labels, allocatable)
    if isinstance(devices, str):
        return f"node {name} {devices}: left out"
    vcpus, memory = (float(allocatable.key(key).quantity()) for key in ("cpu", "memory"))
    type_name = first_label(labels, TYPE_LABELS) or _shape(devices, vcpus)
    facts = machine_of("kubernetes", type_name, devices, vcpus, memory / BYTES_PER_GIB)
    spot = any(labels.get(key) == value for key, value in SPOT_LABELS.items())
    capacity: Capacity = "spot" if spot else "on-demand"
    zone = first_label(labels, (*ZONE_LABELS, *_DISK_ZONE_LABELS)) or _zone_of_provider(row) or NO_ZONE
    region = first_label(labels, REGION_LABELS)
    return Node(name, type_name, zone, capacity, node_state(row), region), facts


def _zone_of_provider(row: At) -> str:
    """The zone that a node's providerID names; empty where it names none."""
    told = row.get("spec", "providerID")
    found = _PROVIDER_ID.fullmatch(told.value) if told is not None and isinstance(told.value, str) else None
    return found["zone"] if found else ""


def labels_of(metadata: At) -> Labels:
    found = metadata.get("labels")
    told = {} if found is None else found.mapping()
    return {key: value for key, value in told.items() if isinstance(value, str) and value}


def first_label(labels: Mapping[str, str], keys: Iterable[str]) -> str:
    return next((labels[key] for key in keys if key in labels), "")


def is_ready(status: At) -> bool:
    for condition in status.rows("conditions"):
        if condition.key("type").text() == "Ready":
            return condition.key("status").text() == "True"
    return True


def node_state(row: At) -> NodeState:
    """Draining when it is being deleted, cordoned when nothing may be scheduled on it."""
    if row.key("metadata").get("deletionTimestamp"):
        return "draining"
    stopped = row.get("spec", "unschedulable")
    return "cordoned" if stopped and stopped.value is True else "active"


def _devices(labels: Labels, allocatable: At) -> Devices | str:
    """The accelerators of a node; words when it has some that nothing tells apart."""
    resource = next((key for key in RESOURCES if (held := allocatable.get(key)) and held.quantity() > 0), None)
    if resource is None:
        partitions = isinstance(allocatable.value, dict) and any("/mig-" in key for key in allocatable.value)
        return _PARTITIONS if partitions else NO_DEVICES
    count = float(allocatable.key(resource).quantity())
    replicas = whole_in(first_label(labels, REPLICA_LABELS))
    if replicas is not None and replicas > 1:
        count = max(1.0, count // replicas)  # time slicing: each accelerator is told so many times
    if count != int(count) or count > _MOST_GPUS:
        raise allocatable.key(resource).fault(f"must be a whole number of at most {_MOST_GPUS}")
    found = devices_by_labels(labels, int(count)) or devices_by_type(labels, int(count))
    return found or _unknown_kind(labels, int(count))


def _unknown_kind(labels: Labels, count: int) -> str:
    """What is missing to tell what the accelerators of a node are, or how much memory they have."""
    held = f"{count} accelerator{'s' if count > 1 else ''}"
    product = first_label(labels, PRODUCT_LABELS)
    if not product:
        return f"has {held} of unknown kind (it lacks the label {PRODUCT_LABELS[0]})"
    told = nearest_names(product, accelerators(), listed_by=LISTED_BY)
    return (
        f'has {held} of kind "{product}", which the catalogue has not ({told}), and it lacks the label '
        f"{MEMORY_LABELS[0]}, which would tell their memory"
    )


def devices_by_labels(labels: Labels, count: int) -> Devices | None:
    key = next((key for key in PRODUCT_LABELS if key in labels), None)
    if key is None:
        return None
    gib = _gib_by_labels(labels)
    name = labels[key].removesuffix("-SHARED")
    partition = re.fullmatch(r"\d{1,2}g\.(?P<gib>\d{1,4})gb", labels.get(_PARTITION, ""), re.ASCII)
    if partition:
        return Devices(f"{name}-MIG-{partition[0]}", count, float(partition["gib"]))
    if "-MIG-" in name:
        return Devices(name, count, gib) if gib else None  # a partition has the memory that its label says
    return named_devices(name, count, gib)


def _gib_by_labels(labels: Labels) -> float | None:
    """The memory of one accelerator as labels tell it."""
    memory = first_label(labels, MEMORY_LABELS)
    if memory:
        return number_in(memory, f"the label {MEMORY_LABELS[0]}") / MIB_PER_GIB
    told = re.fullmatch(r"(?P<amount>\d{1,6})(?P<unit>[MGT])", first_label(labels, _AMD_MEMORY_LABELS), re.ASCII)
    return int(told["amount"]) * {"M": 1 / MIB_PER_GIB, "G": 1, "T": 1024}[told["unit"]] if told else None


def devices_by_type(labels: Labels, count: int) -> Devices | None:
    facts = instance_types().get(first_label(labels, TYPE_LABELS))
    if facts is None or facts.accelerator_share < 1:
        return None
    return Devices(facts.accelerator, count, facts.accelerator_memory_gib)


def _shape(devices: Devices, vcpus: float) -> str:
    """A name for a machine whose type no label tells."""
    accelerators = f"{devices.count}x{devices.accelerator}-" if devices.count else ""
    return f"{accelerators}{int(vcpus)}cpu"
