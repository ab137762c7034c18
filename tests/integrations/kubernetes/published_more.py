"""More published states of clusters as objects of `kubectl get`: virtual machines, partitions, shared accelerators.

What these can't say of their sources, beside what the importer itself tells:

- ROADEF 2012: least numbers of locations (`spreadMin`), and room that a moved process takes twice; of its resources
  the first two are CPU and memory, the others are extended resources, which are not added up.
- Huawei: the two NUMA nodes of a server are one, and racks are in a file that needs a reader of its own.
- cloud balancing: computers cost what they cost there, which no cluster tells: it is given by type.
- ParvaGPU: batches and processes of a segment.
- Helix: which layers a node holds. Prism: rates, beside the memory.

No state of machines is published with `muxserve-chatlmsys` (its placements are kept back), `sage-deployment` (offers
to rent), the catalogues, rates, and packing sets.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from tests.integrations.kubernetes.published import copy_of, machine, published, table

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]
_HOST, _ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_MIB = 2**20


def together(owner: str, key: str, kind: str = "podAffinity") -> Json:
    """A term about pods of an app."""
    term = {"topologyKey": key, "labelSelector": {"matchLabels": {"app": owner}}}
    return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def reassignment(case: str, archive: str = "A") -> list[Json]:
    """ROADEF 2012: processes where they run, services that are apart by machine, dependencies by neighbourhood."""
    files = zipfile.ZipFile(published(f"roadef2012/{archive}.zip"))
    numbers = iter(map(int, files.read(f"model_{case}.txt").split()))
    where = list(map(int, files.read(f"assignment_{case}.txt").split()))
    resources = len([(next(numbers), next(numbers)) for _ in range(next(numbers))])
    nodes = []
    count = next(numbers)
    for index in range(count):
        neighbourhood, location, *rest = [next(numbers) for _ in range(2 + 2 * resources + count)]
        made = machine(f"m{index}", rest[0], rest[1] if resources > 1 else 2**40)
        made["metadata"]["labels"] |= {_ZONE: f"l{location}", "neighbourhood": f"h{neighbourhood}"}
        made["status"]["allocatable"] |= {f"roadef/r{r}": str(rest[r]) for r in range(2, resources)}
        nodes.append(made)
    services = []
    for _ in range(next(numbers)):
        next(numbers)
        services.append([next(numbers) for _ in range(next(numbers))])
    pods = []
    for process in range(next(numbers)):
        service, *needs = [next(numbers) for _ in range(1 + resources)]
        next(numbers)
        asked = {"cpu": f"{needs[0]}m"} | ({"memory": f"{needs[1]}Mi"} if resources > 1 else {})
        asked |= {f"roadef/r{r}": str(needs[r]) for r in range(2, resources) if needs[r]}
        affinity = together(f"s{service}", _HOST, "podAntiAffinity")
        if services[service]:
            affinity |= together(f"s{services[service][0]}", "neighbourhood")
        # Processes of one service differ in size: each is an owner, and all have the service's label.
        pods.append(
            copy_of(
                f"p{process}",
                0,
                f"m{where[process]}",
                asked,
                labels={"app": f"s{service}"},
                spec={"affinity": affinity},
            )
        )
    return [*nodes, *pods]


def sheet(data: bytes) -> Iterator[list[str]]:
    """The rows of the first sheet of a workbook."""
    book = zipfile.ZipFile(io.BytesIO(data))
    shared = [""]
    if "xl/sharedStrings.xml" in book.namelist():
        root = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        shared = ["".join(text.text or "" for text in row.iter(f"{_SHEET}t")) for row in root.iter(f"{_SHEET}si")]
    name = min(entry for entry in book.namelist() if entry.startswith("xl/worksheets/sheet"))
    for row in ElementTree.fromstring(book.read(name)).iter(f"{_SHEET}row"):
        cells: dict[int, str] = {}
        for cell in row.iter(f"{_SHEET}c"):
            letters = re.sub(r"[^A-Z]", "", cell.get("r", ""))
            column = 0
            for letter in letters:
                column = column * 26 + ord(letter) - 64
            value = cell.find(f"{_SHEET}v")
            text = (value.text or "") if value is not None else "".join(t.text or "" for t in cell.iter(f"{_SHEET}t"))
            cells[column] = shared[int(text)] if cell.get("t") == "s" else text
        yield [cells.get(column, "") for column in range(1, max(cells, default=0) + 1)]


def virtual_machines(sequence: str = "C1") -> list[Json]:
    """Huawei's servers with what is free on them, and virtual machines that wait, with their strategies."""
    files = zipfile.ZipFile(published("huawei_topology_vm/original_spreadsheets.zip"))
    header, *servers = sheet(files.read("PM_res.xlsx"))
    place = {name.strip().lower(): index for index, name in enumerate(header)}
    nodes = []
    for index, row in enumerate(servers):
        cpu, memory = (sum(int(float(row[place[f"{what}{k}"]])) for k in (1, 2)) for what in ("cpu", "ram"))
        nodes.append(machine(f"h{index}", cpu * 1000, memory * 1024))
    header, *wanted = sheet(files.read(f"VM_data_{sequence}.xlsx"))
    place = {name.strip().lower(): index for index, name in enumerate(header)}
    counts: Counter[str] = Counter()
    pods = []
    for row in wanted:
        told = {name: row[index].strip() if index < len(row) else "" for name, index in place.items()}
        cpu, memory = int(float(told["flavor_vcpus"])), int(float(told["flavor_ram"]))
        strategy, group = told.get("strategy", ""), told.get("group", "").partition(".")[0] or "none"
        owner = f"vm-{cpu}-{memory}-{strategy or 'free'}-{group}".lower().replace("_", "-")
        spec: Json = {}
        if strategy in ("anti-affinity", "affinity"):
            kind = "podAntiAffinity" if strategy == "anti-affinity" else "podAffinity"
            spec["affinity"] = together(f"group-{group}", _HOST, kind)
        more = {"labels": {"app": f"group-{group}"}} if spec else {}
        pods.append(copy_of(owner, counts[owner], None, {"cpu": str(cpu), "memory": f"{memory}Gi"}, spec=spec, **more))
        counts[owner] += 1
    return [*nodes, *pods]


def shared_machine(name: str, gpus: int, memory_mib: int, cpu_milli: int = 512_000, host_mib: int = 2**21) -> Json:
    """A node whose accelerators HAMi hands out by memory."""
    made = machine(name, cpu_milli, host_mib, gpus, "GPU")
    rows = "".join(f"GPU-{name}-{k},1000,{memory_mib},100,NVIDIA-GPU-{memory_mib},0,true:" for k in range(gpus))
    made["metadata"]["annotations"] = {"hami.io/node-nvidia-register": rows}
    made["status"]["allocatable"]["nvidia.com/gpu"] = str(gpus * 1000)
    return made


def balanced_computers(case: str) -> list[Json]:
    """OptaPlanner's computers, all of them, and the processes that wait; network is memory of a shared accelerator."""
    problem = json.loads(published(f"optaplanner-cloudbalance/{case}.json").read_text())
    nodes = []
    for pool in problem["pools"]:
        kind = problem["instance_types"][pool["instance_type"]]
        memory = round(problem["accelerators"][kind["accelerator"]]["memory_gib"] * 1024)
        for number in range(pool["max_instances"]):
            cpu, host = kind["vcpus"] * 1000, kind["memory_gib"] * 1024
            made = shared_machine(f"{pool['name']}-{number}", 1, memory, cpu, host)
            made["metadata"]["labels"]["node.kubernetes.io/instance-type"] = pool["instance_type"]
            nodes.append(made)
    pods = []
    for row in problem["components"]:
        asked = {"cpu": str(row["vcpus"]), "memory": f"{row['memory_gib']}Gi", "nvidia.com/gpu": "1"}
        asked["nvidia.com/gpumem"] = str(round(row["accelerator_memory_gib"] * 1024))
        pods += [copy_of(row["name"], number, None, asked) for number in range(row["copies"])]
    return [*nodes, *pods]


def asked_in_issues(name: str) -> list[Json]:
    """A problem of an issue: machines that run, or all that may, and copies where they run or that wait."""
    problem = json.loads(published(f"asked-in-issues/{name}.json").read_text())
    running = problem.get("instances") or [
        {"id": f"{pool['name']}-{k}", "pool": pool["name"]}
        for pool in problem["pools"]
        for k in range(pool.get("max_instances", 3))
    ]
    pools = {pool["name"]: pool for pool in problem["pools"]}
    nodes = []
    for row in running:
        pool = pools[row["pool"]]
        kind = problem["instance_types"][pool["instance_type"]]
        made = machine(
            row["id"], kind["vcpus"] * 1000, kind["memory_gib"] * 1024, kind["accelerator_count"], kind["accelerator"]
        )
        made["metadata"]["labels"] |= {_ZONE: pool["zone"], "node.kubernetes.io/instance-type": pool["name"]}
        nodes.append(made)
    where: dict[str, list[str]] = defaultdict(list)
    for row in problem.get("placements", ()):
        where[row["component"]].append(row["instance"])
    pods = []
    for row in problem["components"]:
        asked = {"nvidia.com/gpu": str(row["accelerators"]), "cpu": str(row.get("vcpus", 1))}
        spread = row.get("spread", {})
        rules = [
            {"topologyKey": key, "maxSkew": spread[word], "whenUnsatisfiable": "DoNotSchedule"}
            | {"labelSelector": {"matchLabels": {"app": row["name"].lower()}}}
            for word, key in (("max_skew", _ZONE), ("max_per_instance", _HOST))
            if word in spread
        ]
        spec = {"topologySpreadConstraints": rules} if rules else {}
        spots: list[str | None] = [*where[row["name"]]]
        spots += [None] * (row["copies"] - len(spots))
        pods += [copy_of(row["name"].lower(), k, spot, asked, spec=spec) for k, spot in enumerate(spots)]
    return [*nodes, *pods]


def partitioned(name: str, gpus: list[list[tuple[str, str]]], memory_mib: int = 81_920) -> list[Json]:
    """A node whose driver makes partitions as they are claimed, and a pod for each: (owner, profile) by accelerator."""
    node = machine(name, 512_000, 2**21)
    devices: list[Json] = []
    pods: list[Json] = []
    for index, parts in enumerate(gpus):
        uuid = f"GPU-{name}-{index}"
        whole = {"type": "gpu", "uuid": uuid, "productName": "NVIDIA A100-SXM4-80GB"}
        devices.append(_device(f"gpu-{index}", whole, memory_mib))
        for number, (owner, profile) in enumerate(parts):
            device = f"gpu-{index}-mig-{profile.replace('.', '-')}-{number}"
            made = {"type": "mig", "parentUUID": uuid, "profile": profile}
            devices.append(_device(device, made, memory_mib // 8) | {"consumesCounters": [{"counterSet": "x"}]})
            claim = f"{name}-{index}-{number}"
            pods += _claiming(claim, owner, name, device, profile)
    pool = {"name": name, "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": "gpu.nvidia.com", "pool": pool, "nodeName": name, "devices": devices}
    return [node, {"kind": "ResourceSlice", "metadata": {"name": name}, "spec": spec}, *pods]


def _device(name: str, attributes: dict[str, str], memory_mib: int) -> Json:
    told = {key: {"string": value} for key, value in attributes.items()}
    return {"name": name, "attributes": told, "capacity": {"memory": {"value": str(memory_mib * _MIB)}}}


def _claiming(claim: str, owner: str, node: str, device: str, profile: str) -> list[Json]:
    text = f"device.attributes['gpu.nvidia.com'].profile == '{profile}'"
    exactly = {"deviceClassName": "mig.nvidia.com", "count": 1, "selectors": [{"cel": {"expression": text}}]}
    result = {"driver": "gpu.nvidia.com", "pool": node, "device": device, "request": "r"}
    made = {
        "kind": "ResourceClaim",
        "metadata": {"name": claim, "namespace": "trace"},
        "spec": {"devices": {"requests": [{"name": "r", "exactly": exactly}]}},
        "status": {"allocation": {"devices": {"results": [result]}}, "reservedFor": [{"name": claim}]},
    }
    claims = [{"name": "r", "resourceClaimName": claim}]
    return [copy_of(owner, 0, node, {"cpu": "1"}, spec={"resourceClaims": claims}), made]


def parva(scenario: str) -> list[Json]:
    """ParvaGPU's shipped deployment: segments on partitions of A100s, all that run."""
    profiles = {"1": "1g.10gb", "2": "2g.20gb", "3": "3g.40gb", "4": "4g.40gb", "7": "7g.80gb"}
    parts: dict[str, dict[str, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
    number: Counter[str] = Counter()
    for row in table("parvagpu-mig/published_deployments.csv"):
        if row["scenario"] == scenario:
            owner = f"{row['model']}-{row['instance_size']}-{number['all']}".lower().replace("_", "-")
            number["all"] += 1
            parts[row["node"]][row["gpu"]].append((owner, profiles[row["instance_size"]]))
    return [row for node in parts for row in partitioned(f"n{node}", list(parts[node].values()))]


def layouts() -> list[Json]:
    """Every layout of partitions that fits one A100 of 80 GB, each on a node of its own, all of them in use."""
    names = {"n_1g": "1g.10gb", "n_1g_double_mem": "1g.20gb", "n_2g": "2g.20gb", "n_3g": "3g.40gb", "n_4g": "4g.40gb"}
    found: list[Json] = []
    for index, row in enumerate(table("mig-profiles/mig_layouts_7c8m.csv")):
        parts = [profile for key, profile in {**names, "n_7g": "7g.80gb"}.items() for _ in range(int(row[key]))]
        if parts:
            found += partitioned(f"n{index}", [[(f"p{index}-{k}", profile) for k, profile in enumerate(parts)]])
    return found


def prism() -> list[Json]:
    """Models on GPUs of 80 GB where the best answer has them, a node a case."""
    found: list[Json] = []
    for index, case in enumerate(json.loads(published("prism-kvpr/cases.json").read_text())["cases"]):
        name = f"c{index}"
        found.append(shared_machine(name, case["gpu_num"], 80 * 1024))
        for number, (model, gpu) in enumerate(zip(case["models"], case["optimal_assignment"], strict=True)):
            size = model["size_gb"] * 1024
            asked = {"cpu": "1", "nvidia.com/gpu": "1", "nvidia.com/gpumem": str(size)}
            told = {"hami.io/vgpu-devices-allocated": f"GPU-{name}-{gpu},NVIDIA,{size},0:;"}
            found.append(copy_of(f"{name}-m{number}", 0, name, asked, annotations=told))
    return found


def layers() -> list[Json]:
    """Helix: a range of layers on each node of all clusters, which owns the node's accelerators."""
    nodes = [
        machine(f"{row['cluster']}-{row['node']}".lower(), 64_000, 2**19, 1, row["gpu_node_type"])
        for row in table("helix-asplos25/node_types.csv")
    ]
    names = [row["metadata"]["name"] for row in nodes]
    return [*nodes, *(copy_of(f"layers-{name}", 0, name, {"cpu": "8", "nvidia.com/gpu": "1"}) for name in names)]
