"""Objects of a cluster as `kubectl get -o json` prints them, made small."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

Json = dict[str, Any]


def node(name: str, kind: str = "g5.12xlarge", *, zone: str = "us-east-1a", gpus: int = 4, **more: Any) -> Json:
    """A node of EKS; `more`: cpu, memory, labels, taints, annotations, allocatable, unschedulable."""
    cpu, memory = more.get("cpu", 48), more.get("memory", 192)
    labels = {
        "kubernetes.io/hostname": name,
        "node.kubernetes.io/instance-type": kind,
        "topology.kubernetes.io/zone": zone,
        "topology.kubernetes.io/region": zone[:-1],
        "karpenter.sh/capacity-type": "on-demand",
    }
    room: Json = {"cpu": f"{cpu * 1000 - 190}m", "memory": f"{memory * 2**20 - 1_500_000}Ki", "pods": "110"}
    if gpus:
        room["nvidia.com/gpu"] = str(gpus)
        labels |= {"nvidia.com/gpu.product": "NVIDIA-A10G", "nvidia.com/gpu.memory": "23028"}
    spec: Json = {"taints": more["taints"]} if "taints" in more else {}
    if more.get("unschedulable"):
        spec["unschedulable"] = True
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": labels | more.get("labels", {}),
            "annotations": more.get("annotations", {}),
        },
        "spec": spec,
        "status": {
            "allocatable": {k: v for k, v in (room | more.get("allocatable", {})).items() if v is not None},
            "capacity": {"cpu": str(cpu), "memory": f"{memory}Gi", "pods": "110"},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def pod(name: str, on: str | None, owner: str = "", *, gpus: int = 0, **more: Any) -> Json:
    """A pod of a Deployment; `more`: namespace, cpu, memory, spec, labels, annotations, kind, limits, status."""
    asked: Json = {"cpu": more.get("cpu", "4"), "memory": more.get("memory", "16Gi")}
    limits: Json = dict(more.get("limits", {}))
    if gpus:
        limits["nvidia.com/gpu"] = str(gpus)
    kind = more.get("kind", "ReplicaSet")
    made = f"{owner}-5d4f8c7b9" if kind == "ReplicaSet" else owner
    labels = {"app": owner or name} | ({"pod-template-hash": "5d4f8c7b9"} if kind == "ReplicaSet" and owner else {})
    metadata: Json = {
        "name": name,
        "namespace": more.get("namespace", "shop"),
        "labels": labels | more.get("labels", {}),
        "annotations": more.get("annotations", {}),
    }
    if owner:
        metadata["ownerReferences"] = [
            {"apiVersion": "apps/v1", "kind": kind, "name": made, "controller": True, "uid": "0"}
        ]
    spec: Json = {"containers": [{"name": "main", "image": "i", "resources": {"requests": asked, "limits": limits}}]}
    if on:
        spec["nodeName"] = on
    status = {"phase": "Running" if on else "Pending"} | more.get("status", {})
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": spec | more.get("spec", {}),
        "status": status,
    }


def daemon(on: str, name: str = "agent", **more: Any) -> Json:
    """A pod of a DaemonSet."""
    more = {"cpu": "500m", "memory": "1Gi", "namespace": "kube-system"} | more
    return pod(f"{name}-{on}", on, name, kind="DaemonSet", **more)


def budget(name: str, app: str, **spec: Any) -> Json:
    """A PodDisruptionBudget."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"app": app}}} | spec,
    }


def spread(key: str, app: str, skew: int = 1, **more: Any) -> Json:
    """A constraint that must be kept."""
    return {
        "maxSkew": skew,
        "topologyKey": key,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": app}},
    } | more


def apart(key: str, app: str) -> Json:
    """Required anti-affinity to pods of an app."""
    term = {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def write(path: Path, *objects: Json) -> str:
    """A file as kubectl writes it."""
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}), "utf-8")
    return str(path)
