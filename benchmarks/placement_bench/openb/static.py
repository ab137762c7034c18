"""The static question as a problem document: which nodes of the cluster to keep for all pods of a list.

Node shapes are instance types, their numbers the quotas of the pools; equal pods are the copies of one component. The
mapping is exact. GPU memory plays no part in the trace, so every accelerator is given one GiB that nobody asks for.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from placement_bench.openb.trace import MILLI, Demand

if TYPE_CHECKING:
    from collections.abc import Callable

    from placement_bench.openb.trace import Cluster, Trace

MIB_A_GIB = 1024
ZONE = "openb"
GPU_PRICE = {"T4": 0.35, "A10": 0.75, "P100": 0.9, "V100M16": 2.0, "V100M32": 2.6, "G2": 1.5, "G3": 3.0}

Shape = tuple[int, int, int, str]  # cpu, memory, GPUs, type of GPU
Document = dict[str, Any]


def shapes(cluster: Cluster) -> dict[str, tuple[Shape, int]]:
    """The shapes of nodes by name, each with how many nodes have it, e.g. ``G2x8-96c-384g``."""
    count = Counter(
        (int(cpu), int(memory), int(gpus), cluster.models[model])
        for cpu, memory, gpus, model in zip(cluster.cpu, cluster.memory, cluster.gpus, cluster.model, strict=True)
    )
    return {
        f"{model}x{gpus}-{cpu // 1000}c-{memory // MIB_A_GIB}g": ((cpu, memory, gpus, model), number)
        for (cpu, memory, gpus, model), number in sorted(count.items())
    }


def pod_name(number: int) -> str:
    """The component of the pods `trace.kinds[number]`."""
    return f"pod-{number:03}"


def by_the_node(shape: Shape) -> float:
    """A dollar a node: the cost counts nodes."""
    del shape
    return 1.0


def proxy_price(shape: Shape) -> float:
    """Dollars an hour, a stand-in: the trace has no prices, and two of its GPU types are not disclosed.

    `GPU_PRICE` for each GPU, 0.03 for a vCPU, 0.004 for a GiB: the sizes and the order of public list prices, and no
    provider's own.
    """
    cpu, memory, gpus, model = shape
    return round(GPU_PRICE[model] * gpus + 0.03 * cpu / MILLI + 0.004 * memory / MIB_A_GIB, 6)


def document(
    cluster: Cluster, trace: Trace, name: str, price: Callable[[Shape], float], *, quotas: bool = True
) -> Document:
    """The problem: all pods of the list at least cost; with `quotas` on no more nodes of a shape than there are."""
    nodes = shapes(cluster)
    return {
        "format": "placement/v1",
        "name": name,
        "accelerators": {model: {"memory_gib": 1} for model in cluster.models},
        "instance_types": {
            shape_name: {
                "accelerator": shape[3],
                "accelerator_count": shape[2],
                "vcpus": shape[0] / MILLI,
                "memory_gib": shape[1] / MIB_A_GIB,
                "price_per_hour": price(shape),
            }
            for shape_name, (shape, _) in nodes.items()
        },
        "pools": [
            {"name": shape_name, "instance_type": shape_name, "zone": ZONE}
            | ({"max_instances": number} if quotas else {})
            for shape_name, (_, number) in nodes.items()
        ],
        "components": [
            {"name": pod_name(number), "copies": copies, "options": [option(cluster, demand)]}
            for number, (demand, copies) in enumerate(zip(trace.kinds, trace.counts().tolist(), strict=True))
            if copies
        ],
    }


def option(cluster: Cluster, demand: Demand) -> Document:
    """How one pod runs."""
    found: Document = {
        "vcpus": demand.cpu / MILLI,
        "memory_gib": demand.memory / MIB_A_GIB,
        "accelerators": demand.gpus,
    }
    if demand.shares:
        found |= {"shared": True, "accelerator_share": demand.milli / MILLI}
    if demand.spec and demand.gpus:
        found["on"] = [model for model in cluster.models if demand.allows(model)]
    return found


def recount(cluster: Cluster, trace: Trace, plan: Document, *, quotas: bool = True) -> tuple[dict[str, int], list[str]]:
    """Nodes used by shape, and the rules of the trace that the plan breaks, counted from the trace's own figures."""
    nodes = shapes(cluster)
    free: dict[str, tuple[list[int], list[int], str]] = {}
    used: Counter[str] = Counter()
    wrong = []
    for row in plan.get("instances") or ():
        (cpu, memory, gpus, model), _ = nodes[row["pool"]]
        free[row["id"]] = ([cpu, memory], [MILLI] * gpus, model)
        used[row["pool"]] += 1
    placed: Counter[str] = Counter()
    for row in plan.get("assignments") or ():
        demand = trace.kinds[int(row["component"].removeprefix("pod-"))]
        host, gpu, model = free[row["instance"]]
        on = row.get("accelerators") or []
        placed[row["component"]] += 1
        if len(on) != demand.gpus or len(set(on)) != len(on):
            wrong.append(f"{row['component']} has GPUs {on}, it asks for {demand.gpus}")
        if demand.gpus and not demand.allows(model):
            wrong.append(f"{row['component']} is on {model}, it asks for {demand.spec}")
        host[0] -= demand.cpu
        host[1] -= demand.memory
        for index in on:
            gpu[index] -= demand.milli
    wrong += [
        f"{node} is over full: free CPU and memory {host}, free GPU {gpu}"
        for node, (host, gpu, _) in free.items()
        if min(*host, *gpu) < 0
    ]
    for name, (_, number) in nodes.items():
        if quotas and used[name] > number:
            wrong.append(f"{used[name]} nodes {name}, the cluster has {number}")
    for number, copies in enumerate(trace.counts().tolist()):
        if placed[pod_name(number)] != copies:
            wrong.append(f"{placed[pod_name(number)]} pods {pod_name(number)}, the list has {copies}")
    return dict(used), wrong
