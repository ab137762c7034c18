"""Machines that a plan adds: node pools whose nodes are as those that run, and copies that take no other's place."""

from __future__ import annotations

import copy
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement.documents import Plan, Problem
from placement.integrations.kserve import KServeWish, export_kserve
from placement.integrations.kubernetes import ExportWishes, Wishes, export_kubernetes, import_kubernetes
from tests.integrations.kserve.test_kserve import documents
from tests.integrations.kserve.test_services import MODEL, pods_of, service
from tests.integrations.kubernetes.clusters import Json, node, pod, write
from tests.integrations.kubernetes.simulated import run
from tests.integrations.kubernetes.test_export import all_valid, manifests, notes

if TYPE_CHECKING:
    from pathlib import Path


PRODUCT, POOL = "nvidia.com/gpu.product", "karpenter.sh/nodepool"
TAINT = {"key": "team", "value": "red", "effect": "NoSchedule"}
LABELS = {"disk": "fast", "example.com/rack": "r1", "eks.amazonaws.com/nodegroup": "g", "nvidia.com/gfd.timestamp": "7"}


def grown(source: str, copies: int, *, grow: int = 2) -> tuple[Problem, Plan]:
    """What runs with more copies of its one component, and a plan."""
    document = import_kubernetes([source], Wishes(grow=grow)).problem.to_document()
    document["components"][0] |= {"copies": copies}
    problem = Problem(**document)
    plan = placement.solve(problem, "ffd").plan
    assert plan is not None
    assert any(row.new for row in plan.instances)
    return problem, plan


def asking(name: str, where: str, **rules: Any) -> Json:
    """A pod that stands the taint and asks for nodes by labels."""
    spec = {"nodeSelector": {"disk": "fast", PRODUCT: "NVIDIA-A10G"}, "tolerations": [{"key": "team"} | TAINT]}
    return pod(name, where, "chat", gpus=4, spec=spec | rules)


def new_node(made: Json, name: str) -> Json:
    """A node that Karpenter starts for a node pool: what the pool says, and what Karpenter itself adds."""
    template = made["spec"]["template"]
    asked = {row["key"]: row["values"][0] for row in template["spec"]["requirements"]}
    labels = template.get("metadata", {}).get("labels", {}) | asked | {POOL: made["metadata"]["name"]}
    found = node(name, taints=template["spec"].get("taints", []))
    found["metadata"]["labels"] = labels | {"kubernetes.io/hostname": name}
    return found


def where(objects: list[Json]) -> list[str]:
    """The nodes of the pods; empty for those that wait."""
    return [row["spec"].get("nodeName", "") for row in objects if row["kind"] == "Pod"]


def test_new_nodes_are_as_those_that_run(tmp_path: Path) -> None:
    """They have their own labels, those that rules look at, and taints; not what each node gets by itself."""
    nodes = [node(name, labels={**LABELS, "only": name}, taints=[TAINT]) for name in ("n1", "n2")]
    source = write(tmp_path / "c.json", *nodes, asking("a-0", "n1"), asking("a-1", "n2"))
    problem, plan = grown(source, 3)
    found = export_kubernetes(problem, plan, ExportWishes(cluster=(source,), node_class="default"))

    all_valid(found)
    (made,) = manifests(found, "10-node-pools.yaml")
    template = made["spec"]["template"]
    assert template["metadata"]["labels"] == {"disk": "fast", "example.com/rack": "r1", PRODUCT: "NVIDIA-A10G"}
    assert template["spec"]["taints"] == [TAINT]
    assert "may wait" not in notes(found)
    after = run([*nodes, new_node(made, "new")], manifests(found, "40-workloads.yaml"))
    assert sorted(where(after)) == ["n1", "n2", "new"]


def test_bug_machines_that_run_are_not_new_where_a_plan_does_not_say_so(tmp_path: Path) -> None:
    """Node pools were written for machines that run, and their copies were held to labels of the new ones."""
    source = write(tmp_path / "c.json", node("n1", labels=LABELS), asking("a-0", "n1"))
    problem, plan = grown(source, 2)
    rows = [{"id": row.id, "pool": row.pool} for row in plan.instances]
    bare = Plan(instances=rows, assignments=[row.model_dump() for row in plan.assignments])
    wish = ExportWishes(cluster=(source,), node_class="default")
    assert export_kubernetes(problem, bare, wish) == export_kubernetes(problem, plan, wish)
    assert "10-node-pools.yaml" in export_kubernetes(problem, bare, wish).files
    kept = Plan(instances=rows[:1], assignments=[bare.assignments[0].model_dump()])
    assert "10-node-pools.yaml" not in export_kubernetes(problem, kept, wish).files


def test_taints_that_nodes_differ_in_and_labels_that_no_pool_gives_are_told(tmp_path: Path) -> None:
    """A copy may stand on a node without the taint, and may wait for one with the label."""
    rows = [
        node("n1", labels=LABELS | {"node-role.kubernetes.io/gpu": "yes"}, taints=[TAINT]),
        node("n2", labels=LABELS | {"node-role.kubernetes.io/gpu": "yes"}),
    ]
    rules = {"nodeSelector": {"node-role.kubernetes.io/gpu": "yes"}}
    source = write(tmp_path / "c.json", *rows, asking("a-0", "n1", **rules), asking("a-1", "n2", **rules))
    found = export_kubernetes(*grown(source, 3), ExportWishes(cluster=(source,), node_class="default"))

    all_valid(found)
    assert "its nodes differ in the taints team: new ones have none of these" in notes(found)
    assert "component shop/chat: inexact: asks for nodes by node-role.kubernetes.io/gpu, which NodePool" in notes(found)


@pytest.mark.parametrize("node_class", ["", "default"])
@pytest.mark.parametrize("pin", ["node", "accelerator"])
def test_copies_on_new_machines_leave_pinned_ones_their_places(tmp_path: Path, pin: Any, node_class: str) -> None:
    """The scheduler may see them first: on a full node those that are held to it would wait for ever."""
    nodes = [node("n1"), node("n2"), node("other", "m5.large", gpus=0)]
    rows = [pod(f"a-{k}", f"n{1 + k // 4}", "a", gpus=1) for k in range(8)]
    source = write(tmp_path / "c.json", *nodes, *rows)
    problem, plan = grown(source, 10)
    found = export_kubernetes(problem, plan, ExportWishes(cluster=(source,), pin=pin, node_class=node_class))

    all_valid(found)
    work = manifests(found, "40-workloads.yaml")
    new = node("new")
    if node_class:
        (made,) = manifests(found, "10-node-pools.yaml")
        new = new_node(made, "new")
    after = run([*copy.deepcopy(nodes), new], work)
    assert Counter(where(after)) == {"n1": 4, "n2": 4, "new": 2}
    again = import_kubernetes([write(tmp_path / "d.json", *after)]).problem
    (before,) = problem.components
    assert [(row.name, row.spread, row.modes) for row in again.components] == [
        (before.name, before.spread, before.modes)
    ]


def test_without_pins_new_nodes_count_beside_those_that_run(tmp_path: Path) -> None:
    """These have a label of their node group, new ones that of their node pool: either will do."""
    nodes = [node("n1", labels=LABELS), node("n2", labels=LABELS)]
    source = write(tmp_path / "c.json", *nodes, *(pod(f"a-{k}", f"n{k + 1}", "a", gpus=4) for k in range(2)))
    found = export_kubernetes(*grown(source, 3), ExportWishes(cluster=(source,), node_class="default"))

    (made,) = manifests(found, "10-node-pools.yaml")
    after = run([*nodes, new_node(made, "new")], manifests(found, "40-workloads.yaml"))
    assert sorted(where(after)) == ["n1", "n2", "new"]


def test_services_on_new_machines_leave_pinned_ones_their_places(tmp_path: Path) -> None:
    """As Deployments do."""
    nodes = [node("n1"), node("other", "m5.large", gpus=0)]
    row = service("chat", model=MODEL, minReplicas=4, maxReplicas=4)
    source = write(tmp_path / "c.json", *pods_of([row], nodes), row)
    problem, plan = grown(source, 6)
    found = export_kserve(problem, plan, KServeWish(pin="machine", cluster=(source,)))

    services = documents(found.files["inference-services.yaml"])
    for order in (services, services[::-1]):
        after = pods_of(order, [*nodes, node("new")])
        assert Counter(where(after)) == {"n1": 4, "new": 2}
    assert "their pods are held to the pool, off the nodes that run now" in notes(found)


# --- Karpenter starts nodes for new copies


def refused_by_karpenter(spec: Json) -> list[str]:
    """Why Karpenter leaves a pod out that waits: what it checks of node affinity before it looks for a node."""
    node_affinity = spec.get("affinity", {}).get("nodeAffinity", {})
    terms = node_affinity.get("requiredDuringSchedulingIgnoredDuringExecution", {}).get("nodeSelectorTerms", [])
    keys = {row["key"] for term in terms for row in term.get("matchExpressions", ())} | {*spec.get("nodeSelector", {})}
    found = ["matchFields"] if any("matchFields" in term for term in terms) else []
    return found + sorted(keys & {"kubernetes.io/hostname"})


def of_karpenter(count: int = 2) -> list[Json]:
    """Nodes of one of Karpenter's node pools."""
    return [node(f"n{k + 1}", labels={POOL: "gpus"}) for k in range(count)]


def commands(found: Any, *words: str) -> list[str]:
    """The commands of the steps that begin so."""
    steps = found.files["README.md"].partition("## What")[0]
    return [line.strip() for line in steps.splitlines() if line.strip().startswith(" ".join(words))]


def labelled(nodes: list[Json], found: Any) -> list[Json]:
    """Nodes with the labels that the steps give them."""
    made = copy.deepcopy(nodes)
    for command in commands(found, "kubectl label node"):
        *names, label = command.removeprefix("kubectl label node ").split()
        for row in made:
            if row["metadata"]["name"] in names:
                row["metadata"]["labels"] |= {label.partition("=")[0]: label.partition("=")[2]}
    return made


def test_karpenter_starts_nodes_for_copies_that_keep_off_those_that_run(tmp_path: Path) -> None:
    """It takes neither names of nodes nor of hosts in a pod's affinity; a label that new nodes have not it takes."""
    nodes = of_karpenter()
    source = write(tmp_path / "c.json", *nodes, *(pod(f"a-{k}", f"n{1 + k // 4}", "a", gpus=1) for k in range(8)))
    problem, plan = grown(source, 10)
    found = export_kubernetes(problem, plan, ExportWishes(cluster=(source,), pin="node"))

    all_valid(found)
    work = manifests(found, "40-workloads.yaml")
    (new,) = [row for row in work if "matchFields" not in str(row)]
    assert refused_by_karpenter(new["spec"]["template"]["spec"]) == []
    before = labelled(nodes, found)
    after = run([*before, node("new", labels={POOL: "gpus"})], [new, *(row for row in work if row is not new)])
    assert Counter(where(after)) == {"n1": 4, "n2": 4, "new": 2}
    again = import_kubernetes([write(tmp_path / "d.json", *after)])
    assert [row.modes for row in again.problem.components] == [row.modes for row in problem.components]
    more, plan = grown(str(tmp_path / "d.json"), 14)
    both = export_kubernetes(more, plan, ExportWishes(cluster=(tmp_path / "d.json",), pin="node", node_class="x"))
    assert "gpu-placement/runs-" not in str(manifests(both, "10-node-pools.yaml"))
    assert len(commands(both, "kubectl label node n1 n2 new gpu-placement/runs-")) == 1


@pytest.mark.parametrize("is_of_karpenter", [True, False])
def test_what_keeps_new_copies_off_is_no_rule(tmp_path: Path, is_of_karpenter: bool) -> None:
    """Also where somebody changed the affinity, all of which is then a rule."""
    nodes = of_karpenter() if is_of_karpenter else [node("n1"), node("n2")]
    source = write(tmp_path / "c.json", *nodes, *(pod(f"a-{k}", f"n{1 + k // 4}", "a", gpus=1) for k in range(8)))
    problem, plan = grown(source, 10)
    found = export_kubernetes(problem, plan, ExportWishes(cluster=(source,), pin="node"))
    fresh = node("new", labels={POOL: "gpus"} if is_of_karpenter else {})
    after = run([*labelled(nodes, found), fresh], manifests(found, "40-workloads.yaml"))
    pods = [row for row in copy.deepcopy(after) if row["kind"] == "Pod" and row["spec"]["nodeName"] == "new"]
    for row in pods:
        row["spec"]["nodeSelector"] = {"topology.kubernetes.io/region": "us-east-1"}
    after = [*(row for row in after if row["kind"] == "Node"), *pods]
    again = import_kubernetes([write(tmp_path / "d.json", *after)]).problem

    assert [row.modes for row in again.components] == [problem.components[0].modes]


def test_cluster_autoscaler_starts_nodes_as_those_that_run(tmp_path: Path) -> None:
    """With their labels: so copies keep off nodes of a group by name."""
    nodes = [node(f"n{k}", labels={"eks.amazonaws.com/nodegroup": "g"}) for k in (1, 2)]
    source = write(tmp_path / "c.json", *nodes, *(pod(f"a-{k}", f"n{1 + k // 4}", "a", gpus=1) for k in range(8)))
    found = export_kubernetes(*grown(source, 10), ExportWishes(cluster=(source,), pin="node"))

    assert commands(found, "kubectl label") == []
    assert "NotIn" in str(manifests(found, "40-workloads.yaml"))


def test_services_keep_off_nodes_of_karpenter_by_a_label(tmp_path: Path) -> None:
    """Which a note gives them."""
    nodes = [*of_karpenter(1), node("other", "m5.large", gpus=0)]
    row = service("chat", model=MODEL, minReplicas=4, maxReplicas=4)
    source = write(tmp_path / "c.json", *pods_of([row], nodes), row)
    found = export_kserve(*grown(source, 6), KServeWish(pin="machine", cluster=(source,)))

    made = documents(found.files["inference-services.yaml"])
    (new,) = [row["spec"]["predictor"] for row in made if "matchFields" not in str(row)]
    assert refused_by_karpenter(new) == []
    (told,) = [str(row) for row in found.notes if "kubectl label node n1 gpu-placement/runs-" in str(row)]
    key = told.rpartition(" ")[2].removesuffix("=")
    assert {"key": key, "operator": "DoesNotExist"} in new["affinity"]["nodeAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]["nodeSelectorTerms"][0]["matchExpressions"]


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({POOL: "gpus"}, "Karpenter starts them for copies that wait, if the limits of karpenter.sh/nodepool=gpus"),
        ({"eks.amazonaws.com/nodegroup": "g"}, "Cluster Autoscaler does for copies that wait; where it does not run"),
        ({}, "nothing here starts one: start it yourself"),
    ],
)
def test_who_starts_new_machines_is_told(tmp_path: Path, labels: Json, told: str) -> None:
    """Copies would wait for ever for one that nobody starts; where a node pool is written it needs no word."""
    source = write(tmp_path / "c.json", node("n1", labels=labels), pod("a-0", "n1", "a", gpus=4))
    problem, plan = grown(source, 2)
    found = export_kubernetes(problem, plan, ExportWishes(cluster=(source,)))

    assert [told in line for line in commands(found, "#") if "1 machine; " in line] == [True]
    if POOL not in labels:
        made = export_kubernetes(problem, plan, ExportWishes(cluster=(source,), node_class="default"))
        assert "1 machine; " not in made.files["README.md"]


def test_a_node_pool_without_disruption_is_frozen_too(tmp_path: Path) -> None:
    """As somebody wrote it, without what the server adds: budgets alone it would refuse."""
    body = {"requirements": [], "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "x"}}
    made: Json = {"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": "gpus"}}
    made["spec"] = {"template": {"spec": body}}
    source = write(tmp_path / "c.json", *of_karpenter(1), pod("a-0", "n1", "a", gpus=4), made)
    problem, plan = grown(source, 2)
    found = export_kubernetes(problem, plan, ExportWishes(cluster=(source,)))

    assert manifests(found, "00-freeze-node-pools.yaml")
    all_valid(found)
