"""A small stand-in for controllers and scheduler: manifests and nodes become pods that run.

It knows what our exports use: required node affinity, `matchFields`, spread and anti-affinity over hosts and zones,
requests, claims by UUID, HAMi's choice of UUIDs. It shares no code with the importer.
"""

from __future__ import annotations

import copy
import re
from collections import Counter, defaultdict
from typing import Any

Json = dict[str, Any]
# HAMi's own scheduler counts them.
_SHARED = ("nvidia.com/gpumem", "nvidia.com/gpumem-percentage", "nvidia.com/gpucores")
_HOST, _ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
_UNITS = {"m": 1, "": 1000, "Mi": 1, "Gi": 1024, "Ki": 1 / 1024}


def run(nodes: list[Json], manifests: list[Json], other: list[Json] = ()) -> list[Json]:  # type: ignore[assignment]
    """Nodes, the pods of all Deployments, where they were put, and their claims; in the order of the manifests.

    `other` are pods that run anyway. A pod that fits nowhere waits.
    """
    free: dict[str, Counter[str]] = {row["metadata"]["name"]: room_of(row) for row in nodes}
    held: dict[str, list[Json]] = defaultdict(list)
    for row in other:
        if row["kind"] == "Pod" and row["spec"].get("nodeName"):
            take(free, held, row, row["spec"]["nodeName"])
    claims = _Claims([*manifests, *other], [row for row in other if row["kind"] == "ResourceSlice"])
    made = []
    for manifest in (row for row in manifests if row["kind"] == "Deployment"):
        for number in range(manifest["spec"]["replicas"]):
            pod = pod_of(manifest, number)
            for node in nodes:
                if fits(node, pod, nodes, free, held) and claims.fits(pod, node["metadata"]["name"]):
                    take(free, held, pod, node["metadata"]["name"])
                    break
            _share(pod, nodes)
            if pod["spec"].get("nodeName"):
                claims.bind(pod)
            made.append(pod)
    return [*nodes, *(row for row in other if row["kind"] != "ResourceClaim"), *made, *claims.made.values()]


def broken_by(nodes: list[Json], pods: list[Json], other: list[Json]) -> list[str]:
    """The pods that the scheduler would not put where they stand, if all others stood there already."""
    found = []
    by_name = {row["metadata"]["name"]: row for row in nodes}
    for pod in pods:
        free = {name: room_of(row) for name, row in by_name.items()}
        held: dict[str, list[Json]] = defaultdict(list)
        for row in (row for row in [*pods, *other] if row is not pod):
            take(free, held, row, row["spec"]["nodeName"])
        if not fits(by_name[pod["spec"]["nodeName"]], pod, nodes, free, held):
            found.append(pod["metadata"]["name"])
    return found


def pod_of(manifest: Json, number: int) -> Json:
    """The pod of a Deployment that has this number."""
    template, name = manifest["spec"]["template"], manifest["metadata"]["name"]
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{name}-abc", "controller": True, "uid": "0"}
    metadata = {
        "name": f"{name}-abc-{number}",
        "namespace": manifest["metadata"]["namespace"],
        "labels": template["metadata"]["labels"] | {"pod-template-hash": "abc"},
        "annotations": dict(template["metadata"]["annotations"]),
        "ownerReferences": [owner],
    }
    return {"kind": "Pod", "metadata": metadata, "spec": dict(template["spec"]), "status": {"phase": "Pending"}}


def room_of(node: Json) -> Counter[str]:
    """What a node has, in whole numbers."""
    return Counter({key: _amount(key, value) for key, value in node["status"]["allocatable"].items()})


def _amount(key: str, value: Any) -> int:
    found = re.fullmatch(r"([0-9.]+)(m|Ki|Mi|Gi|)", str(value))
    assert found, value
    scale = _UNITS[found[2]] if key == "cpu" else {"Ki": 1 / 1024, "Mi": 1, "Gi": 1024, "": 1}[found[2]]
    return int(float(found[1]) * scale)


def _asked(pod: Json) -> Counter[str]:
    total: Counter[str] = Counter()
    for container in pod["spec"]["containers"]:
        resources = container.get("resources", {})
        for key, value in {**resources.get("limits", {}), **resources.get("requests", {})}.items():
            total[key] += _amount(key, value)
    return total


def take(free: dict[str, Counter[str]], held: dict[str, list[Json]], pod: Json, node: str) -> None:
    """Put a pod on a node."""
    pod["spec"]["nodeName"] = node
    pod["status"] = {"phase": "Running"}
    free[node].subtract(_asked(pod))
    held[node].append(pod)


def fits(node: Json, pod: Json, nodes: list[Json], free: dict[str, Counter[str]], held: dict[str, list[Json]]) -> bool:
    """Whether a pod may be put on a node, as things stand."""
    name = node["metadata"]["name"]
    if node["spec"].get("unschedulable"):
        return False
    if any(value > free[name][key] for key, value in _asked(pod).items() if key not in _SHARED):
        return False
    if not _tolerates(pod, node) or not _is_asked_for(pod, node):
        return False
    if not all(_spreads(rule, pod, node, nodes, held) for rule in pod["spec"].get("topologySpreadConstraints", [])):
        return False
    if any(_collide(mine, theirs) for row in held[name] for mine in _ports(pod) for theirs in _ports(row)):
        return False
    zone = node["metadata"]["labels"].get(_ZONE)
    near = [row["metadata"]["name"] for row in nodes if row["metadata"]["labels"].get(_ZONE) == zone]
    if any(_bars(pod, row, _ZONE) or _bars(row, pod, _ZONE) for other in near for row in held[other]):
        return False
    return not any(_bars(pod, row, _HOST) or _bars(row, pod, _HOST) for row in held[name])


def _tolerates(pod: Json, node: Json) -> bool:
    tolerated = {row.get("key") for row in pod["spec"].get("tolerations", [])}
    return all(row["key"] in tolerated for row in node["spec"].get("taints", []) if row["effect"] == "NoSchedule")


def _is_asked_for(pod: Json, node: Json) -> bool:
    """By the pod's selector and affinity."""
    labels = node["metadata"]["labels"]
    if any(labels.get(key) != value for key, value in pod["spec"].get("nodeSelector", {}).items()):
        return False
    affinity = pod["spec"].get("affinity", {})
    required = affinity.get("nodeAffinity", {}).get("requiredDuringSchedulingIgnoredDuringExecution")
    name = node["metadata"]["name"]
    return not required or any(_term(term, labels, name) for term in required["nodeSelectorTerms"])


def _spreads(rule: Json, pod: Json, node: Json, nodes: list[Json], held: dict[str, list[Json]]) -> bool:
    """As the scheduler's plugin PodTopologySpread: the domain's count with the pod, less that of the emptiest one."""
    key = rule["topologyKey"]
    counts: Counter[str] = Counter()
    for each in nodes:
        if rule.get("nodeAffinityPolicy") != "Ignore" and not _is_asked_for(pod, each):
            continue
        if rule.get("nodeTaintsPolicy") == "Honor" and not _tolerates(pod, each):
            continue
        alike = (row for row in held[each["metadata"]["name"]] if _is_counted(rule, pod, row))
        counts[each["metadata"]["labels"].get(key)] += sum(1 for _ in alike)
    least = min(counts.values(), default=0) if len(counts) >= rule.get("minDomains", 1) else 0
    return bool(counts[node["metadata"]["labels"].get(key)] + 1 - least <= rule["maxSkew"])


def _is_counted(rule: Json, pod: Json, other: Json) -> bool:
    return other["metadata"]["namespace"] == pod["metadata"]["namespace"] and _selects(rule["labelSelector"], other)


def _bars(pod: Json, other: Json, key: str) -> bool:
    """Whether required anti-affinity of a pod keeps another off its host, or its zone."""
    rules = pod["spec"].get("affinity", {}).get("podAntiAffinity", {})
    terms = rules.get("requiredDuringSchedulingIgnoredDuringExecution", [])
    return any(
        term["topologyKey"] == key and _is_meant(term, pod, other) and _selects(term["labelSelector"], other)
        for term in terms
    )


def _is_meant(term: Json, pod: Json, other: Json) -> bool:
    """Whether a term looks at the namespace of another pod: its own where nothing is said."""
    if "namespaceSelector" in term:
        return True
    return other["metadata"]["namespace"] in term.get("namespaces", [pod["metadata"]["namespace"]])


def _ports(pod: Json) -> set[tuple[int, str, str]]:
    """Ports of the node: number, protocol and address."""
    spec = pod["spec"]
    stay = [row for row in spec.get("initContainers", []) if row.get("restartPolicy") == "Always"]
    return {
        (port["hostPort"], port.get("protocol", "TCP"), port.get("hostIP", "0.0.0.0"))
        for row in [*spec["containers"], *stay]
        for port in row.get("ports", [])
        if port.get("hostPort")
    }


def _collide(mine: tuple[int, str, str], theirs: tuple[int, str, str]) -> bool:
    """As the scheduler's plugin NodePorts: one number and protocol, at one address or at all of them."""
    return mine[:2] == theirs[:2] and (mine[2] == theirs[2] or "0.0.0.0" in (mine[2], theirs[2]))


def _term(term: Json, labels: Json, name: str) -> bool:
    fields = term.get("matchFields", [])
    assert all(len(row["values"]) == 1 for row in fields), "the server takes one value in each field's requirement"
    rows = [*term.get("matchExpressions", []), *fields]
    told = {**labels, "metadata.name": name}
    return bool(rows) and all(_keeps(row, told) for row in rows)


def _keeps(row: Json, labels: Json) -> bool:
    held, values = labels.get(row["key"]), row.get("values", [])
    operator = row["operator"]
    if operator in ("Gt", "Lt"):
        bound = int(values[0])
        return held is not None and (int(held) > bound if operator == "Gt" else int(held) < bound)
    kept = {"In": held in values, "NotIn": held not in values, "Exists": held is not None, "DoesNotExist": held is None}
    return kept[operator]


def _selects(selector: Json, pod: Json) -> bool:
    labels = pod["metadata"]["labels"]
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    return all(_keeps(row, labels) for row in selector.get("matchExpressions", []))


def _share(pod: Json, nodes: list[Json]) -> None:
    """Accelerators by UUID: what HAMi would write down."""
    wanted = pod["metadata"]["annotations"].get("nvidia.com/use-gpuuuid")
    if wanted:
        here = next((row for row in nodes if row["metadata"]["name"] == pod["spec"].get("nodeName")), {})
        limits = pod["spec"]["containers"][0]["resources"]["limits"]
        parts = "".join(f"{uuid},NVIDIA,{_memory_of_share(limits, uuid, here)},0:" for uuid in wanted.split(","))
        pod["metadata"]["annotations"]["hami.io/vgpu-devices-allocated"] = f"{parts};"


def _memory_of_share(limits: Json, uuid: str, node: Json) -> int:
    """MiB of one accelerator: as they are asked for, or so many per cent of all that it has."""
    if "nvidia.com/gpumem-percentage" not in limits:
        return int(limits.get("nvidia.com/gpumem", 0))
    told = node.get("metadata", {}).get("annotations", {}).get("hami.io/node-nvidia-register", "")
    memory = {row.split(",")[0]: int(row.split(",")[2]) for row in told.split(":") if row.count(",") > 2}
    return memory.get(uuid, 0) * int(limits["nvidia.com/gpumem-percentage"]) // 100


class _Claims:
    """What the controller of claims, the scheduler and NVIDIA's driver do together."""

    def __init__(self, objects: list[Json], slices: list[Json]) -> None:
        self.made = {row["metadata"]["name"]: copy.deepcopy(row) for row in objects if row["kind"] == "ResourceClaim"}
        self.templates = {row["metadata"]["name"]: row for row in objects if row["kind"] == "ResourceClaimTemplate"}
        self.slices = slices
        self.owned: set[tuple[str, str]] = set()
        self.shared: set[tuple[str, str]] = set()

    def fits(self, pod: Json, node: str) -> bool:
        """Whether a node has devices for each claim of a pod that has none yet; claims that share one count apart."""
        for row in pod["spec"].get("resourceClaims", []):
            named = self.made.get(row.get("resourceClaimName", ""))
            spec = named["spec"] if named else self.templates[row["resourceClaimTemplateName"]]["spec"]["spec"]
            if named and "allocation" in named.get("status", {}):
                continue
            owned, shared = set(self.owned), set(self.shared)
            found = [self._given(request, node) for request in spec["devices"]["requests"]]
            self.owned, self.shared = owned, shared
            if not all(found):
                return False
        return True

    def bind(self, pod: Json) -> None:
        """Makes the claims of a pod that are of templates, and gives every claim devices of the pod's node."""
        for row in pod["spec"].get("resourceClaims", []):
            name = row.get("resourceClaimName") or self._of_template(pod, row)
            claim = self.made[name]
            claim.setdefault("status", {}).setdefault("reservedFor", []).append({"name": pod["metadata"]["name"]})
            if "allocation" not in claim["status"]:
                asked = claim["spec"]["devices"]["requests"]
                results = [one for request in asked for one in self._given(request, pod["spec"]["nodeName"])]
                claim["status"]["allocation"] = {"devices": {"results": results}}

    def _of_template(self, pod: Json, row: Json) -> str:
        template = self.templates[row["resourceClaimTemplateName"]]
        name = f"{pod['metadata']['name']}-{row['name']}"
        space = {"name": name, "namespace": pod["metadata"]["namespace"]}
        own = template["spec"].get("metadata", {})
        self.made[name] = {"kind": "ResourceClaim", "metadata": own | space, "spec": template["spec"]["spec"]}
        pod["status"].setdefault("resourceClaimStatuses", []).append({"name": row["name"], "resourceClaimName": name})
        return name

    def _given(self, request: Json, node: str) -> list[Json]:
        """What a request gets on a node, of several choices the first that can be had; nothing where none can."""
        for choice in request.get("firstAvailable", [request.get("exactly")]):
            name = f"{request['name']}/{choice['name']}" if "firstAvailable" in request else request["name"]
            keys = self._free(choice, node)
            if keys:
                (self.shared if "capacity" in choice else self.owned).update(keys)
                return [{"driver": "gpu.nvidia.com", "pool": node, "device": key[1], "request": name} for key in keys]
        return []

    def _free(self, asked: Json, node: str) -> list[tuple[str, str]]:
        """The devices of a node for a request, as many as it is for; none where there are too few."""
        devices = [
            (node, device["name"])
            for row in self.slices
            if row["spec"]["nodeName"] == node
            for device in row["spec"]["devices"]
            if _takes(asked, device)
        ]
        free = [key for key in devices if key not in self.owned and ("capacity" in asked or key not in self.shared)]
        if asked.get("allocationMode") == "All":
            return devices if free == devices else []
        count = asked.get("count", 1)
        return free[:count] if len(free) >= count else []


def _takes(asked: Json, device: Json) -> bool:
    """The class by the type of devices; selectors as far as tests have them."""
    told = {key: value["string"] for key, value in device["attributes"].items()}
    kind = {"gpu.nvidia.com": "gpu", "mig.nvidia.com": "mig"}.get(asked["deviceClassName"], "")
    texts = [row["cel"]["expression"] for row in asked.get("selectors", [])]
    return told["type"] == kind and all(_says(text, told) for text in texts if ".attributes" in text)


def _says(text: str, told: Json) -> bool:
    found = re.search(r"\]\.(\w+) (?:==|in) ", text)
    assert found, text
    return told.get(found[1]) in re.findall(r"'([^']+)'", text[found.end() :])
