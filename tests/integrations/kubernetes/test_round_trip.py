"""Random clusters: what runs, planned without a move, exported and read again, is what ran, rules and all."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import placement
from placement.documents import Problem
from placement.integrations.kubernetes import ExportWishes, export_kubernetes, import_kubernetes
from placement.referee import verify
from tests.corpus import one_by_one
from tests.integrations.kubernetes.clusters import apart, daemon, node, spread, write
from tests.integrations.kubernetes.simulated import run
from tests.integrations.kubernetes.test_export import manifests

if TYPE_CHECKING:
    from pathlib import Path

    from placement import Plan

Json = dict[str, Any]
ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
LARGE, SMALL, GPU = "nvidia.com/mig-3g.20gb", "nvidia.com/mig-1g.5gb", "nvidia.com/gpu"
EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
NAMES = ("chat", "rank", "code", "embed", "a-very-long-name-of-a-model-that-no-label-takes-as-it-is-0123456789", "x")


def machines(rng: random.Random) -> list[Json]:
    """Two to five nodes of a few kinds, in three zones, with labels and taints of their own."""
    found = []
    for index in range(rng.randint(2, 5)):
        zone = rng.choice(("us-east-1a", "us-east-1b", "us-east-1b", "us-east-1c"))
        labels = {"disk": rng.choice(("fast", "slow"))} | rng.choice(({}, {"rack": "1"}, {"rack": "12"}))
        taints = [{"key": "team", "value": "red", "effect": "NoSchedule"}] if rng.random() < 0.2 else []
        kind = rng.randrange(5)
        more: Json = {"labels": labels, "taints": taints}
        if kind == 0:
            made = node(f"n{index}", zone=zone, **more)
        elif kind == 1:
            labels |= {"nvidia.com/gpu.replicas": "4"}
            made = node(f"n{index}", "g5.2xlarge", zone=zone, gpus=8, **more)
        elif kind == 2:
            made = node(f"n{index}", "p4d.24xlarge", zone=zone, gpus=0, allocatable={SMALL: "7"}, **more)
        elif kind == 3:
            room = {LARGE: str(rng.randint(1, 4)), rng.choice((SMALL, GPU)): str(rng.randint(1, 8))}
            made = node(f"n{index}", "p4d.24xlarge", zone=zone, gpus=0, allocatable=room, **more)
        else:
            made = node(f"n{index}", "c7i.12xlarge", zone=zone, gpus=0, **more)
        if kind in (2, 3):
            made["metadata"]["labels"]["nvidia.com/gpu.product"] = "NVIDIA-A100-SXM4-40GB"
        found.append(made)
    return found


def ports(rng: random.Random) -> list[Json]:
    """One to three ports, some of them of the host: two numbers, two protocols, at an address or at all."""
    found = []
    for _ in range(rng.randint(1, 3)):
        port: Json = {"containerPort": rng.choice((80, 9090))}
        if rng.random() < 0.8:
            port["hostPort"] = rng.choice((8080, 9090))
        port |= rng.choice(({}, {}, {"protocol": "TCP"}, {"protocol": "UDP"}))
        port |= rng.choice(({}, {}, {"hostIP": "0.0.0.0"}, {"hostIP": "10.0.0.1"}, {"hostIP": "10.0.0.2"}))
        found.append(port)
    return found


def init_container(rng: random.Random) -> Json:
    """A sidecar keeps its ports, one that ends gives them back."""
    row: Json = {"name": "i", "image": "i", "ports": ports(rng)}
    return row | ({"restartPolicy": "Always"} if rng.random() < 0.5 else {})


def agents(rng: random.Random, nodes: list[Json]) -> list[Json]:
    """Pods of a DaemonSet that stand on some nodes, perhaps with a port of theirs."""
    if rng.random() < 0.4:
        return []
    found = [daemon(row["metadata"]["name"]) for row in nodes if rng.random() < 0.5]
    taken = ports(rng) if rng.random() < 0.8 else []
    barred = apart(HOST, rng.choice(NAMES)) if rng.random() < 0.3 else {}
    for term in barred.get("podAntiAffinity", {}).get(REQUIRED, ()):
        term["namespaces"] = ["lab"]
    for row in found:
        row["spec"]["containers"][0]["ports"] = taken
        row["spec"]["affinity"] = barred
    return found


def affinity(rng: random.Random) -> Json:
    """Nodes that will do, and pods that may not be beside it, by each operator."""
    found: Json = {}
    if rng.random() < 0.2:
        found |= apart(HOST, rng.choice(NAMES[:3]))
    elif rng.random() < 0.15:
        by_app: Json = {"key": "app", "operator": rng.choice(("In", "NotIn")), "values": [*rng.sample(NAMES, 3)]}
        term = {"topologyKey": HOST, "labelSelector": {"matchExpressions": [by_app]}}
        term |= rng.choice(({}, {"namespaces": ["lab", "shop"]}, {"namespaces": ["lab"]}, {"namespaceSelector": {}}))
        found |= {"podAntiAffinity": {REQUIRED: [term]}}
    if rng.random() < 0.2:
        terms = [{"matchExpressions": [expression(rng) for _ in range(rng.randint(0, 2))]} for _ in range(2)]
        found |= {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": terms}}}
    return found


def expression(rng: random.Random) -> Json:
    """A requirement on the nodes' labels; one without any takes no node."""
    return rng.choice(
        (
            {"key": "disk", "operator": "In", "values": ["fast", "none"]},
            {"key": "disk", "operator": "NotIn", "values": ["slow"]},
            {"key": "rack", "operator": "Exists"},
            {"key": "rack", "operator": "DoesNotExist"},
            {"key": "rack", "operator": "NotIn", "values": ["1"]},
            {"key": "rack", "operator": "Gt", "values": ["2"]},
            {"key": "rack", "operator": "Lt", "values": ["9"]},
        )
    )


def over_zones(rng: random.Random, name: str) -> Json:
    """A spread constraint over zones: of nodes that it asks for or of all, of those that it tolerates or of all."""
    more: Json = rng.choice(({}, {}, {"minDomains": 2}, {"minDomains": 3}))
    more |= rng.choice(({}, {"nodeAffinityPolicy": "Ignore"}))
    return spread(ZONE, name, rng.randint(1, 2), **more, **rng.choice(({}, {"nodeTaintsPolicy": "Honor"})))


def workload(rng: random.Random, name: str) -> Json:
    """A Deployment whose pods ask for something and have a rule or two."""
    asked: Json = {"cpu": f"{rng.choice((250, 1000, 3000))}m", "memory": f"{rng.choice((512, 4096, 20_000))}Mi"}
    limits = rng.choice(({}, {GPU: "1"}, {GPU: "1"}, {GPU: "2"}, {SMALL: "1"}, {SMALL: "2"}, {LARGE: "1"}))
    spec: Json = {"containers": [{"name": "m", "image": "i", "resources": {"requests": asked, "limits": limits}}]}
    if rng.random() < 0.3:
        spec["tolerations"] = [{"key": "team", "operator": "Exists", "effect": "NoSchedule"}]
    if rng.random() < 0.3:
        spec["nodeSelector"] = {"disk": "fast"}
    if rng.random() < 0.3:
        spec["topologySpreadConstraints"] = [spread(HOST, name, rng.randint(1, 3), minDomains=5000)]
    if rng.random() < 0.3:
        spec.setdefault("topologySpreadConstraints", []).append(over_zones(rng, name))
    spec |= {"affinity": found} if (found := affinity(rng)) else {}
    if rng.random() < 0.1:
        spec["affinity"] = {**spec.get("affinity", {}), **apart(ZONE, name)}
    if rng.random() < 0.3:
        spec["containers"][0]["ports"] = ports(rng)
    if rng.random() < 0.1:
        spec["initContainers"] = [init_container(rng)]
    told = rng.choice(
        ({}, {}, {}, {"karpenter.sh/do-not-disrupt": "true"}, {EVICT: "false", "prometheus.io/port": "80"})
    )
    template = {"metadata": {"labels": {"app": name}, "annotations": told}, "spec": spec}
    metadata = {"name": name, "namespace": rng.choice(("shop", "shop", "lab"))}
    return {"kind": "Deployment", "metadata": metadata, "spec": {"replicas": rng.randint(1, 4), "template": template}}


def plan_as_it_runs(problem: Problem) -> Plan:
    """A plan of what runs, with no move allowed, which keeps every rule."""
    still = Problem(**{**problem.to_document(), "objective": {"max_moves": 0}})
    plan = placement.solve(still, "best-fit", work=10).plan
    assert plan is not None
    assert plan.moves == 0
    assert verify(still, plan).ok
    return plan


def state(problem: Problem) -> Json:
    """All of a problem but what it was read from: names of owners, and the order of rows."""
    return stated(problem.to_document())


def stated(document: Json) -> Json:
    """The same of a problem's document, which is used up."""
    for row in document["components"]:
        row.pop("labels", None)
        row["options"] = sorted(map(str, row.pop("options", [{k: row.pop(k) for k in list(row) if k in _OF_OPTION}])))
    apart = {frozenset((row["name"], name)) for row in document["components"] for name in row.pop("avoid", ())}
    copies = Counter(
        (row["component"], row["instance"], row.get("pinned", False)) for row in document.pop("placements", ())
    )
    rows = {key: {row["name"]: row for row in document.pop(key, ())} for key in ("components", "pools", "limits")}
    return document | rows | {"running": copies, "apart": apart}


_OF_OPTION = (
    *("accelerators", "accelerator_memory_gib", "accelerator_share", "shared", "vcpus", "memory_gib", "on"),
    "instance_types",
)


@one_by_one(range(240), 10)
def test_what_runs_is_what_is_read_again(seed: int, tmp_path: Path) -> None:
    """By pool's and by node's name: planned with no move allowed, the second import is the first one."""
    rng = random.Random(seed)
    nodes = machines(rng)
    count = rng.randint(1, 5)
    work = [workload(rng, name) for name in rng.sample(NAMES, count)]
    other = agents(rng, nodes)
    placed = [row for row in run(nodes, work, other) if row["kind"] != "Pod" or row["spec"].get("nodeName")]
    file = write(tmp_path / "before.json", *placed)
    found = import_kubernetes([file])
    assert [note for note in found.notes if note.kind == "broken"] == [], seed
    if not found.problem.placements:
        return
    plan = plan_as_it_runs(found.problem)
    made = export_kubernetes(found.problem, plan, ExportWishes(cluster=(file,), pin="node"))
    after = run(nodes, manifests(made, "40-workloads.yaml"), other)
    assert all(row["spec"].get("nodeName") for row in after if row["kind"] == "Pod"), seed
    again = import_kubernetes([write(tmp_path / "after.json", *after)])

    assert state(again.problem) == state(found.problem), seed
