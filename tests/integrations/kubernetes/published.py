"""Published states of clusters as the objects that `kubectl get` would print of them.

Nothing of the data is stored here: `../shared/published` has it. What a trace does not tell (owners, labels) is made up
in the way that Kubernetes has it; pods of equal needs are copies of one Deployment.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

Json = dict[str, Any]
PUBLISHED = Path(__file__).resolve().parents[4] / "shared" / "published"


def published(name: str) -> Path:
    """A file, or a visible skip where it is absent."""
    path = PUBLISHED / name
    if not path.exists():
        pytest.skip(f"shared/published/{name} is not here")
    return path


def table(name: str) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    data = published(name).read_bytes()
    text = (gzip.decompress(data) if name.endswith(".gz") else data).decode()
    return list(csv.DictReader(io.StringIO(text)))


def machine(name: str, cpu_milli: int, memory_mib: int, gpus: int = 0, product: str = "") -> Json:
    """A node."""
    room = {"cpu": f"{cpu_milli}m", "memory": f"{memory_mib}Mi", "pods": "1000"}
    labels = {"kubernetes.io/hostname": name}
    if gpus:
        room["nvidia.com/gpu"] = str(gpus)
        labels["nvidia.com/gpu.product"] = product
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {},
        "status": {"allocatable": room, "conditions": [{"type": "Ready", "status": "True"}]},
    }


def copy_of(owner: str, number: int, on: str | None, requests: Json, **more: Any) -> Json:
    """A pod of a Deployment; `more`: annotations, labels, spec."""
    spec: Json = {"containers": [{"name": "main", "image": "i", "resources": {"requests": requests}}]}
    if on:
        spec["nodeName"] = on
    return {
        "kind": "Pod",
        "metadata": {
            "name": f"{owner}-{number}",
            "namespace": "trace",
            "labels": {"app": owner, "pod-template-hash": "x"} | more.get("labels", {}),
            "annotations": more.get("annotations", {}),
            "ownerReferences": [{"kind": "ReplicaSet", "name": f"{owner}-x", "controller": True}],
        },
        "spec": spec | more.get("spec", {}),
        "status": {"phase": "Running" if on else "Pending"},
    }


def openb(pods: str = "openb_pod_list_default") -> list[Json]:
    """Alibaba's GPU cluster of 2023 (FGD): 1,523 nodes, and the pods that run or wait, parts of GPUs as KAI has them.

    The trace does not say where pods run: they are put where they fit best, by the rules of the paper's simulator.
    """
    rows = table("alibaba-openb-fgd/nodes/openb_node_list_all_node.csv")
    nodes = [
        machine(row["sn"], int(row["cpu_milli"]), int(row["memory_mib"]), int(row["gpu"]), row["model"]) for row in rows
    ]
    free = [
        [int(row["cpu_milli"]), int(row["memory_mib"]), [1000] * int(row["gpu"]), row["model"], row["sn"]]
        for row in rows
    ]
    made = []
    counts: dict[str, int] = defaultdict(int)
    for row in table(f"alibaba-openb-fgd/pods/{pods}.csv.gz"):
        if row["pod_phase"] not in ("Running", "Pending"):
            continue
        cpu, memory, gpus = int(row["cpu_milli"]), int(row["memory_mib"]), int(row["num_gpu"])
        part = int(row["gpu_milli"]) if gpus == 1 else 1000
        kinds = [kind for kind in row["gpu_spec"].split("|") if kind]
        owner = "-".join(["s", str(cpu), str(memory), str(gpus), str(part), *kinds, row["qos"]]).lower()
        spot = _best(free, cpu, memory, gpus, part, kinds) if row["pod_phase"] == "Running" else None
        requests: Json = {"cpu": f"{cpu}m", "memory": f"{memory}Mi"}
        more: Json = {"spec": {}}
        if kinds:
            term = {"matchExpressions": [{"key": "nvidia.com/gpu.product", "operator": "In", "values": kinds}]}
            required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
            more["spec"]["affinity"] = {"nodeAffinity": required}
        if gpus == 1 and part < 1000:
            more["annotations"] = {"gpu-fraction": f"{part / 1000}"}
            if spot:
                more["labels"] = {"runai-gpu-group": f"{spot[0]}-{spot[1][0]}"}
        elif gpus:
            requests["nvidia.com/gpu"] = str(gpus)
        made.append(copy_of(owner, counts[owner], spot[0] if spot else None, requests, **more))
        counts[owner] += 1
    return [*nodes, *made]


def _best(
    free: list[list[Any]], cpu: int, memory: int, gpus: int, part: int, kinds: list[str]
) -> tuple[str, list[int]] | None:
    """The node that has the least left afterwards, and the GPUs with the least room that suffices; taken."""
    best: tuple[int, int, list[int]] | None = None
    for index, (has_cpu, has_memory, parts, kind, _) in enumerate(free):
        if cpu > has_cpu or memory > has_memory or (gpus and kinds and kind not in kinds):
            continue
        fits = sorted((room, gpu) for gpu, room in enumerate(parts) if room >= part)
        if gpus and len(fits) < gpus:
            continue
        score = (sum(parts) if gpus else 10**6 * bool(parts)) + has_cpu
        if best is None or score < best[0]:
            best = (score, index, [gpu for _, gpu in fits[:gpus]])
    if best is None:
        return None
    _, index, chosen = best
    free[index][0] -= cpu
    free[index][1] -= memory
    for gpu in chosen:
        free[index][2][gpu] -= part
    return free[index][4], chosen


def rasa() -> list[Json]:
    """ByteDance's cluster M3: 96 machines, 547 services, 3,485 containers where they run.

    Needs and sizes are parts of the whole cluster there: a millionth is a thousandth of a vCPU and a MiB here, rooms
    up and needs down, so that what runs fits.
    """
    data = zipfile.ZipFile(published("bytedance_rasa/M3.zip")).read("M3.json")
    document = json.loads(data)
    scale = 10**8
    nodes: list[Json] = []
    where: dict[str, str] = {}
    for index, row in enumerate(document["MachineList"]):
        nodes.append(machine(f"m{index}", int(row["TotalCPU"] * scale) + 1, int(row["TotalMem"] * scale) + 1))
        where |= dict.fromkeys(row["InitialDeployingContainers"], f"m{index}")
    names = {row["MachineIP"]: f"m{index}" for index, row in enumerate(document["MachineList"])}
    made = []
    for row in document["ServiceList"]:
        asked = {"cpu": f"{int(row['RequestCPU'] * scale)}m", "memory": f"{int(row['RequestMem'] * scale)}Mi"}
        spec: Json = {}
        if row["CompatibleMachines"] != "*":
            hosts = [names[ip] for ip in row["CompatibleMachines"]]
            term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": hosts}]}
            required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
            spec["affinity"] = {"nodeAffinity": required}
        made += [
            copy_of(row["Service"].lower(), number, where.get(container), asked, spec=spec)
            for number, container in enumerate(row["ContainerList"])
        ]
    return [*nodes, *made]


def recommenders() -> list[Json]:
    """Alibaba's recommendation services of 2025 at the start of the month, on the GPU fleet of 2026.

    No list of nodes was published with them, so all copies wait; most copies a node by anti-affinity or spread.
    """
    nodes = []
    for row in table("alibaba-genai-2026/fleet_4278_nodes.csv"):
        for number in range(int(row["nodes"])):
            name = f"{row['gpu_model']}-{row['gpu_capacity_num']}-{row['cpu_num']}-{number}".lower().replace(" ", "-")
            nodes.append(
                machine(name, int(row["cpu_num"]) * 1000, 2**20, int(row["gpu_capacity_num"]), row["gpu_model"])
            )
    made = []
    for number, row in enumerate(table("alibaba-dlrm-2025/instances.csv.gz")):
        if row["creation_time"] or row["role"] != "HN":
            continue
        owner = f"{row['app_name']}-{row['role']}".lower().replace("_", "-")
        requests: Json = {"cpu": row["cpu_request"], "memory": f"{float(row['memory_request'])}Gi"}
        if float(row["gpu_request"]):
            requests["nvidia.com/gpu"] = str(int(float(row["gpu_request"])))
        spec: Json = {}
        if int(row["max_instance_per_node"]) > 0:
            rule = {"maxSkew": int(row["max_instance_per_node"]), "topologyKey": "kubernetes.io/hostname"}
            rule |= {"whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": owner}}}
            spec["topologySpreadConstraints"] = [rule]
        made.append(copy_of(owner, number, None, requests, spec=spec))
    return [*nodes, *made]


def of_problem(name: str) -> list[Json]:
    """A published problem of CPU machines with a state, as a cluster: btrplace's 5,000 hosts."""
    data = published(name).read_bytes()
    problem = json.loads(gzip.decompress(data) if name.endswith(".gz") else data)
    kinds = problem["instance_types"]
    pools = {row["name"]: kinds[row["instance_type"]] for row in problem["pools"]}
    nodes = [
        machine(row["id"], round(pools[row["pool"]]["vcpus"] * 1000), round(pools[row["pool"]]["memory_gib"] * 1024))
        for row in problem["instances"]
    ]
    for found, row in zip(nodes, problem["instances"], strict=True):
        found["spec"]["unschedulable"] = row.get("state", "active") != "active"
    where: dict[str, list[str]] = defaultdict(list)
    for row in problem["placements"]:
        where[row["component"]].append(row["instance"])
    made = []
    for row in problem["components"]:
        asked = {"cpu": f"{round(row['vcpus'] * 1000)}m", "memory": f"{round(row['memory_gib'] * 1024)}Mi"}
        spots: list[str | None] = [*where[row["name"]]]
        spots += [None] * (row["copies"] - len(spots))
        made += [copy_of(row["name"], number, spot, asked) for number, spot in enumerate(spots[: row["copies"]])]
    return [*nodes, *made]
