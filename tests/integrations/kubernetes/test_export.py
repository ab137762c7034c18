"""Manifests of plans: valid for Kubernetes and Karpenter, exact where they can be, and honest where they can't."""

from __future__ import annotations

import copy
import json
import shlex
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml as yaml_1_1
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

import placement
from placement.documents import Plan, Pool, Problem
from placement.integrations.kserve import KServeWish, export_kserve
from placement.integrations.kubernetes import ExportWishes, Wishes, export_kubernetes, import_kubernetes
from placement.integrations.kubernetes.karpenter import NodeLook, node_pool
from placement.integrations.kubernetes.naming import slug
from placement.integrations.manifests import manifest_text
from placement.referee import verify
from tests.integrations.kubernetes.clusters import Json, budget, daemon, node, pod, write
from tests.integrations.kubernetes.schemas import check, check_node_pool
from tests.integrations.kubernetes.simulated import run
from tests.integrations.kubernetes.test_pods import REGISTER, claim, claiming, gpu, slices
from tests.integrations.manifests import read_objects

if TYPE_CHECKING:
    from placement.integrations import Exported
    from placement.integrations.kubernetes.manifests import Sharing


def manifests(found: Exported, *names: str) -> list[Json]:
    """The objects of files of an export; of all YAML files where none is named."""
    chosen = names or tuple(name for name in found.files if name.endswith(".yaml") and not name.startswith("90"))
    return [row for name in chosen for row in read_objects(found.files.get(name, ""))]


def notes(found: Exported) -> str:
    """All notes as text."""
    return "\n".join(map(str, found.notes))


PROBLEM: Json = {
    "name": "two zones",
    "accelerators": {"A10G": {"memory_gib": 22}},
    "instance_types": {
        "g5.12xlarge": {
            "accelerator": "A10G",
            "accelerator_count": 4,
            "vcpus": 48,
            "memory_gib": 192,
            "price_per_hour": 5.672,
        }
    },
    "pools": [{"name": f"g5-{z}", "instance_type": "g5.12xlarge", "zone": f"us-east-1{z}"} for z in "ab"],
    "components": [
        {
            "name": "chat 8b",
            "copies": 4,
            "accelerators": 1,
            "vcpus": 4,
            "memory_gib": 16,
            "spread": {"max_skew": 1, "max_per_instance": 2},
            "avoid": ["rerank"],
        },
        {"name": "rerank", "copies": 2, "accelerators": 2, "dedicated": True, "min_available_on_zone_loss": 1},
    ],
}


def test_pools_with_fewer_labels_keep_off_those_with_more(tmp_path: Path) -> None:
    """Whole accelerators off shared ones of the same type and zone, which the scheduler gives by the same name."""
    sliced = node("n2", gpus=16, labels={"nvidia.com/gpu.replicas": "4"})
    rows = [node("n1"), sliced, pod("a", "n1", "a", gpus=4), pod("b", "n2", "b", gpus=1)]
    source = write(tmp_path / "c.json", *rows)
    problem = import_kubernetes([source]).problem
    still = Problem(**{**problem.to_document(), "objective": {"max_moves": 0}})
    found = export_kubernetes(still, placement.solve(still, "ffd").plan, ExportWishes(cluster=(source,)))

    (whole, shared) = (
        row["spec"]["template"]["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        for row in manifests(found, "40-workloads.yaml")
    )
    (off,) = (
        row for term in whole["nodeSelectorTerms"] for row in term["matchExpressions"] if row["operator"] == "NotIn"
    )
    assert off == {"key": "nvidia.com/gpu.replicas", "operator": "NotIn", "values": ["4"]}
    assert "NotIn" not in json.dumps(shared)
    ours = [row for row in run([node("n1"), sliced], manifests(found)) if row["kind"] == "Pod"]
    assert {row["metadata"]["labels"]["app"]: row["spec"]["nodeName"] for row in ours} == {"a": "n1", "b": "n2"}
    assert "same labels" not in notes(found)


def test_karpenter_starts_nodes_for_copies_on_shared_accelerators(tmp_path: Path) -> None:
    """It knows the labels of hardware discovery only once a node runs, so new copies do not ask for them."""
    sliced = node("n2", gpus=16, labels={"nvidia.com/gpu.replicas": "4", "karpenter.sh/nodepool": "shared"})
    rows = [sliced, *(pod(f"b{index}", "n2" if index < 16 else None, "b", gpus=1, cpu="1") for index in range(20))]
    source = write(tmp_path / "c.json", *rows)
    problem = import_kubernetes([source], Wishes(grow=1)).problem
    plan = placement.solve(problem, "ffd").plan
    assert plan is not None
    assert any(row.new for row in plan.instances)
    found = export_kubernetes(problem, plan, ExportWishes(cluster=(source,)))

    assert "nvidia.com/gpu" not in json.dumps(manifests(found)[0]["spec"]["template"]["spec"]["affinity"])
    assert "pool g5.12xlarge shared shared-4-us-east-1a: inexact: Karpenter is to start nodes of it" in notes(found)
    services = export_kserve(problem, plan, KServeWish(sharing="time-slicing"))
    assert "gpu.replicas" not in services.files["inference-services.yaml"]
    assert "Karpenter is to start nodes of it" in notes(services)


def plan_of(document: Json) -> tuple[Problem, Plan]:
    """A problem and its plan."""
    problem = Problem(**document)
    found = placement.solve(problem, "ffd").plan
    assert found is not None
    return problem, found


def all_valid(found: Exported) -> None:
    """Every manifest by its model, every node pool by its schema and CEL rules."""
    rows = manifests(found)
    assert rows
    for row in rows:
        assert (check_node_pool(row) if row["kind"] == "NodePool" else check(row)) == [], row


def test_deployments_by_pool(tmp_path: Path) -> None:
    """One for each component and pool; the rules of one machine as the scheduler knows them."""
    found = export_kubernetes(*plan_of(PROBLEM))
    rows = manifests(found, "40-workloads.yaml")

    counts = Counter(
        (row["spec"]["template"]["metadata"]["annotations"]["gpu-placement/component"], _zone(row)) for row in rows
    )
    assert counts == {("chat 8b", "us-east-1a"): 1, ("chat 8b", "us-east-1b"): 1, ("rerank", "us-east-1a"): 1} | {
        ("rerank", "us-east-1b"): 1
    }
    assert [row["spec"]["replicas"] for row in rows] == [2, 2, 1, 1]
    chat = rows[0]["spec"]["template"]["spec"]
    (limit,) = chat["topologySpreadConstraints"]
    assert (limit["maxSkew"], limit["minDomains"], limit["whenUnsatisfiable"]) == (2, 5000, "DoNotSchedule")
    (term,) = chat["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["labelSelector"]["matchExpressions"][0]["values"] == ["rerank"]
    assert chat["containers"][0]["resources"] == {
        "requests": {"cpu": "4000m", "memory": "16384Mi", "nvidia.com/gpu": 1},
        "limits": {"nvidia.com/gpu": 1},
    }
    apart = rows[2]["spec"]["template"]["spec"]["affinity"]["podAntiAffinity"]
    assert len(apart["requiredDuringSchedulingIgnoredDuringExecution"]) == 2  # of chat, and of all but itself
    assert "rules over zones: inexact" in notes(found)
    assert "replace-this-image" in notes(found)


def _zone(deployment: Json) -> str:
    affinity = deployment["spec"]["template"]["spec"]["affinity"]["nodeAffinity"]
    (term,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    found = (row["values"][0] for row in term["matchExpressions"] if row["key"] == "topology.kubernetes.io/zone")
    return str(next(found))


@pytest.mark.parametrize("static", [False, True])
def test_all_manifests_are_valid(static: bool) -> None:
    """For Kubernetes 1.37's models and Karpenter's schema and rules."""
    all_valid(export_kubernetes(*plan_of(PROBLEM), ExportWishes(node_class="default", static=static)))


def test_node_pools_freeze_consolidation_during_a_move() -> None:
    """Budgets of no nodes first, the usual ones at the end; static ones have just the plan's nodes."""
    problem, plan = plan_of(PROBLEM)
    found = export_kubernetes(problem, plan, ExportWishes(node_class="gpu", static=True))
    before, after = manifests(found, "10-node-pools.yaml"), manifests(found, "90-settle-node-pools.yaml")

    machines = Counter(row.pool for row in plan.instances)
    assert [row["spec"]["replicas"] for row in before] == list(machines.values())
    assert [row["spec"]["disruption"]["budgets"] for row in before] == [[{"nodes": "0"}]] * 2
    assert [row["spec"]["disruption"]["budgets"] for row in after] == [[{"nodes": "10%"}]] * 2
    for old, new in zip(before, after, strict=True):
        assert check_node_pool(new, old) == []
    (term, *_) = manifests(found, "40-workloads.yaml")[0]["spec"]["template"]["spec"]["affinity"]["nodeAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [
        {"key": "karpenter.sh/nodepool", "operator": "In", "values": [before[0]["metadata"]["name"]]}
    ]


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("spec", "weight"), 3, "'weight' is not supported on static NodePools"),
        (("spec", "limits"), {"cpu": "3"}, "only 'limits.nodes' is supported"),
        (("spec", "disruption", "budgets"), [{"nodes": "0", "schedule": "@daily"}], "must be set with 'duration'"),
        (("spec", "template", "spec", "nodeClassRef", "name"), "", "name may not be empty"),
        (("spec", "bogus"), 1, "'bogus' was unexpected"),
        (("spec", "template", "spec", "requirements", 0, "key"), "kubernetes.io/hostname", "is restricted"),
        (("spec", "template", "spec", "requirements", 0, "values"), [], "must have a value defined"),
        (("spec", "disruption", "consolidationPolicy"), "Sometimes", "is not one of"),
    ],
)
def test_the_judge_of_node_pools_bites(path: tuple[Any, ...], value: Any, told: str) -> None:
    """Schema and CEL rules refuse what Karpenter refuses."""
    pool = Pool(name="p", instance_type="g5.xlarge", zone="us-east-1a")
    good = node_pool(pool, "p", 2, "default", NodeLook(), static=True)
    assert check_node_pool(good) == []
    bad = copy.deepcopy(good)
    inner = bad
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value

    assert any(told in line for line in check_node_pool(bad)), check_node_pool(bad)


def test_a_static_node_pool_can_t_become_a_dynamic_one() -> None:
    """A rule about a change."""
    pool = Pool(name="p", instance_type="g5.xlarge", zone="us-east-1a")
    rows = [node_pool(pool, "p", 2, "default", NodeLook(), static=static) for static in (True, False)]

    assert "Cannot transition" in check_node_pool(rows[1], rows[0])[0]


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("spec", "replicas"), "2", "Expected `int"),
        (("spec", "replcas"), 2, "Deployment.spec.replcas: is no field"),
        (("spec", "template", "spec", "containers", 0, "imagee"), "x", "containers[0].imagee: is no field"),
        (("spec", "template", "spec", "containers"), {}, "Expected `array"),
    ],
)
def test_the_judge_of_manifests_bites(path: tuple[Any, ...], value: Any, told: str) -> None:
    """Wrong types and unknown fields."""
    row = manifests(export_kubernetes(*plan_of(PROBLEM)), "40-workloads.yaml")[0]
    inner: Any = row
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value

    assert told in check(row)[0]


def test_disruption_budgets() -> None:
    """What the problem keeps on a loss must stay up: of two copies one on the loss of a machine. Others have none."""
    document = copy.deepcopy(PROBLEM)
    document["components"][1]["min_available_on_instance_loss"] = 1
    (row,) = manifests(export_kubernetes(*plan_of(document)), "20-disruption-budgets.yaml")

    assert (row["metadata"]["name"], row["spec"]["maxUnavailable"]) == ("rerank", 1)
    document["components"][0]["max_unavailable"] = 3
    rows = manifests(export_kubernetes(*plan_of(document)), "20-disruption-budgets.yaml")
    assert [(row["metadata"]["name"], row["spec"]["maxUnavailable"]) for row in rows] == [
        *((slug("chat 8b"), 3), ("rerank", 1))
    ]


def test_roll_outs_take_no_more_away_than_a_component_may_be_without() -> None:
    """As far as one Deployment can say; both figures at 0 would be refused. Of several Deployments it is told."""

    def rolling(pin: Any = "none", **more: Any) -> tuple[list[Json], str]:
        rows = [{**PROBLEM["components"][0], "copies": 4, "spread": {}, "avoid": [], **more}]
        found = export_kubernetes(*plan_of({**PROBLEM, "components": rows}), ExportWishes(pin=pin))
        all_valid(found)
        return [row["spec"]["strategy"] for row in manifests(found, "40-workloads.yaml")], notes(found)

    assert rolling()[0] == [{"type": "RollingUpdate"}]
    surge = {"labels": {"max-surge": "2"}}
    assert rolling(max_unavailable=0, labels={"max-surge": "0"})[0][0]["rollingUpdate"] == {
        "maxSurge": 1,
        "maxUnavailable": 0,
    }
    assert rolling(max_unavailable=9, **surge)[0][0]["rollingUpdate"] == {"maxSurge": 2, "maxUnavailable": 4}
    assert "max_unavailable" not in rolling(max_unavailable=1)[1]
    parted, told = rolling(max_unavailable=1, spread={"max_per_zone": 2})
    assert [row["rollingUpdate"]["maxUnavailable"] for row in parted] == [1, 1]
    assert "max_unavailable: inexact: a roll-out of all its 2 Deployments at once takes 2 copies away, not 1" in told


def test_shared_accelerators_need_somebody_who_shares_them() -> None:
    """Kubernetes alone hands out whole ones."""
    document = copy.deepcopy(PROBLEM)
    document["components"] = [
        {"name": "a", "copies": 2, "shared": True, "accelerator_memory_gib": 6, "accelerator_share": 0.25}
    ]
    both = plan_of(document)
    with pytest.raises(placement.UsageError, match=r"copies of a share accelerators.*--sharing hami, kai or dra"):
        export_kubernetes(*both)
    specs = {}
    chosen: tuple[Sharing, ...] = ("hami", "kai", "dra")
    for sharing in chosen:
        found = export_kubernetes(*both, ExportWishes(sharing=sharing))
        all_valid(found)
        specs[sharing] = found
    (hami,) = manifests(specs["hami"], "40-workloads.yaml")
    limits = hami["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]
    assert limits == {"nvidia.com/gpu": 1, "nvidia.com/gpumem": 6144, "nvidia.com/gpucores": 25}
    (kai,) = manifests(specs["kai"], "40-workloads.yaml")
    assert kai["spec"]["template"]["metadata"]["annotations"]["gpu-memory"] == "6144"
    assert kai["spec"]["template"]["spec"]["schedulerName"] == "kai-scheduler"
    (dra,) = manifests(specs["dra"], "30-claims.yaml")
    request = dra["spec"]["spec"]["devices"]["requests"][0]["exactly"]
    assert (dra["kind"], request["capacity"]) == ("ResourceClaimTemplate", {"requests": {"memory": "6144Mi"}})


# --- Round trips


def state(problem: Problem) -> Counter[tuple[str, str, tuple[int, ...] | None]]:
    """What runs where, on which accelerators as far as they are known."""
    return Counter((row.component, row.instance, row.accelerators) for row in problem.placements)


def needs(problem: Problem) -> dict[str, Any]:
    """What a copy of each component takes."""
    return {
        row.name: sorted(
            (mode.accelerators, mode.shared, mode.accelerator_memory_gib, mode.accelerator_share, mode.vcpus)
            for mode in row.modes
        )
        for row in problem.components
    }


def round_trip(tmp_path: Path, objects: list[Json], pin: str) -> tuple[Problem, Problem, Exported]:
    """Import, solve with no move allowed, verify, export, run the manifests, import again."""
    source = write(tmp_path / "before.json", *objects)
    before = import_kubernetes([source])
    assert "broken" not in "\n".join(map(str, before.notes))
    problem = Problem(**before.problem.to_document() | {"objective": {"max_moves": 0}})
    plan = placement.solve(problem, "cp-sat", time_limit=20).plan
    assert plan is not None
    assert verify(problem, plan).ok
    assert plan.moves == 0
    found = export_kubernetes(problem, plan, ExportWishes(cluster=(source,), pin=pin))  # type: ignore[arg-type]
    if plan.assignments:
        all_valid(found)
    kept = [row for row in objects if row["kind"] != "Pod" or row["metadata"]["namespace"] == "kube-system"]
    nodes = [row for row in kept if row["kind"] == "Node"]
    shared = [row for row in kept if len(row.get("status", {}).get("reservedFor", ())) > 1]
    other = [row for row in kept if row["kind"] not in ("Node", "ResourceClaim") or row in shared]
    after = run(copy.deepcopy(nodes), manifests(found), copy.deepcopy(other))
    again = import_kubernetes([write(tmp_path / "after.json", *after)])
    assert "broken" not in "\n".join(map(str, again.notes))
    return before.problem, again.problem, found


def fleet() -> list[Json]:
    """Three machines with copies of three components, and what comes with each."""
    rows = [node("n1"), node("n2", zone="us-east-1b"), node("n3", "g5.12xlarge", zone="us-east-1b")]
    rows += [daemon(f"n{i}") for i in (1, 2, 3)]
    rows += [pod(f"chat-{i}", f"n{i % 3 + 1}", "chat", gpus=1) for i in range(6)]
    rows += [
        pod("big-0", "n3", "big", gpus=2),
        pod("cpu-0", "n1", "cpu", cpu="2"),
        budget("chat", "chat", maxUnavailable=1),
    ]
    return rows


def test_round_trip_by_node(tmp_path: Path) -> None:
    """Pinned to nodes, the state is the same; machines and needs too."""
    before, after, found = round_trip(tmp_path, fleet(), "node")

    assert state(before) == state(after)
    assert needs(before) == needs(after)
    assert [row.id for row in before.instances] == [row.id for row in after.instances]
    assert {row.price_per_hour for row in after.instance_types.values()} == {5.672}
    assert "pinned copies: inexact: wait while their node is away" in notes(found)


@st.composite
def fleets(draw: st.DrawFn) -> list[Json]:
    """Machines of two types in two zones, filled in any order for as long as there is room."""
    rows: list[Json] = []
    free: dict[str, list[int]] = {}
    for index in range(draw(st.integers(1, 4))):
        gpus = draw(st.sampled_from([0, 1, 4]))
        kind = {0: "m5.12xlarge", 1: "g5.xlarge", 4: "g5.12xlarge"}[gpus]
        rows.append(node(f"n{index}", kind, zone=draw(st.sampled_from(["us-east-1a", "us-east-1b"])), gpus=gpus))
        free[f"n{index}"] = [gpus, 40]
    for owner in "abc"[: draw(st.integers(1, 3))]:
        gpus, cpu = draw(st.integers(0, 2)), draw(st.integers(1, 4))
        for number in range(draw(st.integers(1, 5))):
            fits = [name for name, (has, cpus) in free.items() if has >= gpus and cpus >= cpu]
            if fits:
                name = draw(st.sampled_from(fits))
                free[name][0] -= gpus
                free[name][1] -= cpu
                rows.append(pod(f"{owner}-{number}", name, owner, gpus=gpus, cpu=str(cpu), memory="1Gi"))
    return rows


@pytest.mark.slow
@given(fleets())
@settings(max_examples=60, deadline=None)
def test_any_fleet_comes_back(objects: list[Json]) -> None:
    """Whatever runs where: with no move allowed, pinned to nodes, the state is the same afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        before, after, _ = round_trip(Path(folder), objects, "node")

    assert state(before) == state(after)
    assert needs(before) == needs(after)


def test_round_trip_by_pool(tmp_path: Path) -> None:
    """By pools each pool has the same copies; which of its nodes is the scheduler's choice, which is told."""
    before, after, found = round_trip(tmp_path, fleet(), "none")

    def by_zone(problem: Problem) -> Counter[tuple[str, str]]:
        zone = {row.name: row.zone for row in problem.pools}
        where = {row.id: zone[row.pool] for row in problem.instances}
        return Counter((row.component, where[row.instance]) for row in problem.placements)

    assert by_zone(before) == by_zone(after)
    assert needs(before) == needs(after)
    assert "the scheduler picks among its 2 nodes; copies of different sizes may then not all fit" in notes(found)
    assert "pinned" not in notes(found)


def test_round_trip_by_claims(tmp_path: Path) -> None:
    """Claims name accelerators by UUID: the state is the same to the accelerator."""
    rows = [
        node("n1", "p4de.24xlarge", gpus=0),
        slices(*(gpu(i) for i in range(4))),
        claim("two", ["gpu-3", "gpu-1"], count=2),
        claim("part", ["gpu-2"], capacity={"requests": {"memory": "20Gi"}}),
        claim("rest", ["gpu-2"], capacity={"requests": {"memory": "30Gi"}}),
        *(pod_row | {} for pod_row in _owned(claiming("a", "two"), claiming("b", "part"), claiming("c", "rest"))),
    ]
    before, after, found = round_trip(tmp_path, rows, "accelerator")

    assert state(before) == {("shop/a", "n1", (1, 3)): 1, ("shop/b", "n1", (2,)): 1, ("shop/c", "n1", (2,)): 1}
    assert state(before) == state(after)
    assert needs(before) == needs(after)
    (first, *_) = manifests(found, "30-claims.yaml")
    assert "uuid in ['GPU-1', 'GPU-3']" in json.dumps(first)


def test_rules_of_one_machine_come_back(tmp_path: Path) -> None:
    """Exported as constraints of the scheduler, imported as the rules that they were."""
    problem, plan = plan_of(PROBLEM)
    found = export_kubernetes(problem, plan)
    nodes = [node(f"n{i}", zone=f"us-east-1{'ab'[i % 2]}") for i in range(6)]
    after = run(nodes, manifests(found))
    again = import_kubernetes([write(tmp_path / "after.json", *after)])

    rows = {row.name: row for row in again.problem.components}
    assert sum(row.copies or 0 for row in rows.values()) == len(again.problem.placements) == 6
    assert rows["chat 8b"].spread.max_per_instance == 2
    assert rows["chat 8b"].avoid == ("rerank",)
    assert rows["rerank"].avoid == ("chat 8b",)
    assert "broken" not in "\n".join(map(str, again.notes))


def _owned(*rows: Json) -> list[Json]:
    for row in rows:
        name = row["metadata"]["name"]
        owner = {"kind": "Rollout", "name": name, "controller": True, "apiVersion": "argoproj.io/v1alpha1", "uid": "0"}
        row["metadata"]["ownerReferences"] = [owner]
    return list(rows)


def test_round_trip_by_hami(tmp_path: Path) -> None:
    """HAMi takes UUIDs by annotation."""
    machine = node("n1", gpus=40, annotations={"hami.io/node-nvidia-register": REGISTER})
    asked = {"nvidia.com/gpu": "1", "nvidia.com/gpumem": "6000"}
    rows = []
    for number, index in enumerate((1, 1, 3)):
        held = {"hami.io/vgpu-devices-allocated": f"GPU-{index},NVIDIA,6000,0:;"}
        rows.append(pod(f"a{number}", "n1", "a", limits=asked, annotations=held))
    before, after, _ = round_trip(tmp_path, [machine, *rows], "accelerator")

    assert state(before) == {("shop/a", "n1", (1,)): 2, ("shop/a", "n1", (3,)): 1}
    assert state(before) == state(after)


def test_a_device_plugin_binds_no_accelerator(tmp_path: Path) -> None:
    """Then the node is as exact as it gets, and that is said."""
    _, after, found = round_trip(tmp_path, fleet(), "accelerator")

    assert "node n1: inexact: its device plugin binds no accelerator: copies are pinned to the node" in notes(found)
    assert {row.accelerators for row in after.placements} == {None}


# --- Templates, names, the folder


def test_templates_are_what_runs_without_what_the_cluster_added(tmp_path: Path) -> None:
    """Images, volumes and tolerations stay; node, tokens and taints' default tolerations go."""
    running = pod("a-0", "n1", "a", gpus=1, priority=0)
    token = {"name": "kube-api-access-x", "projected": {}}
    added = {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}
    added["tolerationSeconds"] = 300  # type: ignore[assignment]
    running["spec"] |= {
        "volumes": [token, {"name": "models", "persistentVolumeClaim": {"claimName": "m"}}],
        "tolerations": [added, {"key": "nvidia.com/gpu"}],
        "priority": 7,
        "priorityClassName": "high",
    }
    running["spec"]["containers"][0]["volumeMounts"] = [{"name": "kube-api-access-x", "mountPath": "/t"}]
    before, _, found = round_trip(tmp_path, [node("n1"), running], "none")

    (made,) = manifests(found, "40-workloads.yaml")
    template = made["spec"]["template"]
    assert template["metadata"]["labels"]["app"] == "a"
    assert "pod-template-hash" not in template["metadata"]["labels"]
    assert template["spec"]["volumes"] == [{"name": "models", "persistentVolumeClaim": {"claimName": "m"}}]
    assert template["spec"]["tolerations"] == [{"key": "nvidia.com/gpu"}]
    assert "volumeMounts" not in template["spec"]["containers"][0]
    assert template["spec"]["priorityClassName"] == "high"
    assert not {"nodeName", "priority"} & set(template["spec"])
    assert made["metadata"]["namespace"] == "shop"
    assert before.components[0].labels["owner"] == "Deployment shop/a"


def test_what_no_deployment_can_replace_is_left_alone(tmp_path: Path) -> None:
    """A pod without a controller, a job."""
    named = pod("db-0", "n1", "db", kind="StatefulSet")
    source = write(tmp_path / "c.json", node("n1"), pod("alone", "n1"), pod("a", "n1", "a"), named)
    problem = import_kubernetes([source]).problem
    plan = placement.solve(problem, "ffd").plan
    assert plan is not None
    found = export_kubernetes(problem, plan, ExportWishes(cluster=(source,)))

    assert len(manifests(found, "40-workloads.yaml")) == 1
    assert "component shop/alone: assumed: its owner is a Pod" in notes(found)
    assert "component shop/db: inexact: its pods, of a StatefulSet, have names" in notes(found)
    only = export_kubernetes(problem, plan, ExportWishes(cluster=(source,), changed=True))
    assert manifests(only, "40-workloads.yaml") == []


def test_owners_that_no_step_ends_are_told(tmp_path: Path) -> None:
    """An operator's own kind, and a service of KServe, which would start its Deployment again."""
    service = {"kind": "InferenceService", "metadata": {"name": "llm", "namespace": "shop"}, "spec": {"predictor": {}}}
    pods = [pod("a-0", "n1", "a", kind="Notebook"), pod("llm-0", "n1", "llm-predictor"), pod("c-0", "n1", "c")]
    source = write(tmp_path / "c.json", node("n1"), *pods, service)
    problem = import_kubernetes([source]).problem
    plan = placement.solve(problem, "ffd").plan
    assert plan is not None
    found = export_kubernetes(problem, plan, ExportWishes(cluster=(source,)))

    assert "component shop/a: inexact: a Notebook runs its copies: no step here ends those" in notes(found)
    told = "component shop/llm-predictor: inexact: InferenceService shop/llm runs it, and would start again"
    assert told in notes(found)
    assert "shop/c:" not in notes(found)


def test_node_pools_that_are_there_are_frozen_and_put_back(tmp_path: Path) -> None:
    """As they were given, but for the budgets, and without what the server sets."""
    spec = {
        "template": {
            "spec": {
                "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "d"},
                "requirements": [{"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]}],
            }
        },
        "disruption": {"consolidateAfter": "1m", "consolidationPolicy": "WhenEmptyOrUnderutilized"},
    }
    there = {"kind": "NodePool", "metadata": {"name": "gpu", "uid": "1", "resourceVersion": "7"}, "spec": spec}
    labels = {"karpenter.sh/nodepool": "gpu"}
    source = write(tmp_path / "c.json", node("n1", labels=labels), pod("a", "n1", "a", gpus=1), there)
    problem = import_kubernetes([source]).problem
    plan = placement.solve(problem, "ffd").plan
    assert plan is not None
    found = export_kubernetes(problem, plan, ExportWishes(cluster=(source,), node_class="d"))

    (frozen,) = manifests(found, "00-freeze-node-pools.yaml")
    (after,) = manifests(found, "90-settle-node-pools.yaml")
    assert frozen["spec"]["disruption"]["budgets"] == [{"nodes": "0"}]
    assert after["spec"] == spec
    assert after["metadata"] == {"name": "gpu"}
    assert check_node_pool(frozen) == check_node_pool(after) == []


NASTY = 'a"; rm -rf / #\n---\nkind: Pod $(id) `x` <b>&amp; {y: [1]} \u202e'


def test_names_are_data_everywhere() -> None:
    """In YAML, in the shell commands and in Markdown of the README, in names of objects."""
    document = copy.deepcopy(PROBLEM)
    document["name"] = NASTY
    document["components"][0]["name"] = NASTY
    document["components"][0]["avoid"] = []
    document["components"][1]["labels"] = {"owner": "Deployment shop/rerank"}
    document["pools"][0]["name"] = NASTY
    document["pools"][0]["labels"] = {"a b/c": NASTY}
    document["instances"] = [{"id": NASTY, "pool": "g5-b"}, {"id": "n2'; id '", "pool": "g5-b", "state": "draining"}]
    problem, plan = plan_of(document)
    found = export_kubernetes(problem, plan, ExportWishes(pin="node", node_class="x"))

    all_valid(found)
    named = [row["spec"]["template"]["metadata"]["annotations"] for row in manifests(found, "40-workloads.yaml")]
    assert {row["gpu-placement/component"] for row in named} == {NASTY, "rerank"}
    assert {row["kind"] for row in manifests(found)} == {"Deployment", "PodDisruptionBudget", "NodePool"}
    readme = found.files["README.md"]
    for command in ("kubectl cordon", "kubectl drain"):
        lines = [line.strip() for line in readme.splitlines() if command in line]
        assert any("n2'; id '" in shlex.split(line) for line in lines)
    assert readme.index("kubectl cordon") < readme.index("kubectl apply") < readme.index("kubectl drain")
    assert "\u202e" not in "".join(found.files.values())
    assert "<b>" not in readme.replace("\\<b\\>", "")


LEAVES = st.none() | st.booleans() | st.integers(-999, 999) | st.text()


@given(
    st.recursive(
        LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=9
    )
)
def test_yaml_means_the_same_to_old_and_new_readers(value: Any) -> None:
    """kubectl reads YAML 1.1: `on` and `1_000` must stay texts there."""
    try:
        text = manifest_text([{"value": value}])
    except UnicodeEncodeError:
        return
    assert yaml_1_1.safe_load(text) == {"value": value}
    assert YAML(typ="safe", pure=True).load(text) == {"value": value}


WORDS = ("on", "no", "y", "1_000", "0o7", "12:30", "1e3", "~", "null", "=", "<<", "2020-01-01", "0x1F", ".5")


@pytest.mark.parametrize("word", WORDS)
def test_words_with_a_meaning_are_quoted(word: str) -> None:
    """The traps of YAML 1.1."""
    assert yaml_1_1.safe_load(manifest_text([{word: word}])) == {word: word}


@given(st.text(max_size=80), st.text(max_size=80))
def test_names_of_objects_are_legal_and_told_apart(left: str, right: str) -> None:
    """RFC 1123, and no two names give one."""
    for text in (left, right):
        made = slug(text)
        assert 0 < len(made) <= 63
        assert made.strip("-") == made
        assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert (slug(left) == slug(right)) == (left == right)


def test_parts_of_a_name_are_told_apart() -> None:
    """A copy of a-b on c, and one of a on b-c, are two Deployments; so are the second of b and the first of b-2."""
    assert len({slug("a-b", "c"), slug("a", "b-c"), slug("a", "b", "c"), slug("a-b-c"), slug("a--b", "c")}) == 5
    assert slug("b", "2") != slug("b-2")


def test_the_readme_tells_once_what_is_alike() -> None:
    """Of many components one note, with the names of all others; of few each has its own."""

    def told(components: int) -> list[str]:
        problem = Problem(
            instance_types={"m": {"vcpus": 400, "memory_gib": 640, "price_per_hour": 1}},
            pools=[{"name": "p", "instance_type": "m", "zone": "z"}],
            components=[{"name": f"model-{k}", "copies": 1, "accelerators": 0, "vcpus": 1} for k in range(components)],
        )
        rows = [{"component": f"model-{k}", "option": 0, "instance": "p/1"} for k in range(components)]
        plan = Plan(instances=[{"id": "p/1", "pool": "p", "new": True}], assignments=rows)
        readme = export_kubernetes(problem, plan).files["README.md"]
        return [line for line in readme.splitlines() if "nothing tells how a copy is run" in line]

    (line,) = told(30)
    assert line.startswith("- component model-0: inexact: nothing tells how a copy is run")
    assert all(f"model-{k}" in line for k in range(30))
    assert "label the component serve.image, or give" in line
    assert len(told(3)) == 3
