"""The steps of an export: what waits for what, who must end first, budgets and strategies of owners, autoscalers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from placement.errors import DocumentError
from placement.integrations.kubernetes import ExportWishes, export_kubernetes, import_kubernetes
from tests.integrations.kubernetes.clusters import Json, budget, node, pod, write
from tests.integrations.kubernetes.schemas import check
from tests.integrations.kubernetes.test_export import all_valid, manifests, notes, plan_of

if TYPE_CHECKING:
    from pathlib import Path

    from placement.documents import Problem
    from placement.integrations import Exported

MOUNTS: Json = {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]}


def deployment(name: str, copies: int = 1, **spec: Any) -> Json:
    """A Deployment whose template was not given."""
    selector = {"matchLabels": {"app": name}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"replicas": copies, "selector": selector, **spec},
    }


def scaler(kind: str, target: str, **spec: Any) -> Json:
    """A HorizontalPodAutoscaler or a ScaledObject."""
    version = {"HorizontalPodAutoscaler": "autoscaling/v2", "ScaledObject": "keda.sh/v1alpha1"}[kind]
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": target}
    metadata = {"name": f"{target}-scaler", "namespace": "shop"}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": {"scaleTargetRef": reference, **spec}}


def exported(tmp_path: Path, *objects: Json, to: str = "", pin: Any = "none") -> Exported:
    """What runs as a plan; `to`: the only zone of the plan."""
    source = write(tmp_path / "c.json", *objects)
    document = import_kubernetes([source]).problem.to_document()
    for row in document["components"] if to else ():
        row["zones"] = [to]
    if not to:
        document["objective"] = {**document.get("objective", {}), "max_moves": 0}
    return export_kubernetes(*plan_of(document), ExportWishes(cluster=(source,), pin=pin))


def readme(found: Exported) -> str:
    """The steps, without what stands behind them."""
    return found.files["README.md"].partition("## What")[0]


def test_old_copies_stop_once_new_ones_run(tmp_path: Path) -> None:
    """Pasted as it stands, a wait that ends in vain stops nothing."""
    found = exported(tmp_path, node("n1"), pod("web-0", "n1", "web", gpus=1), deployment("web"))
    (new,) = manifests(found, "40-workloads.yaml")

    waits = f"kubectl -n shop rollout status deployment/{new['metadata']['name']} --timeout=30m && \\\n"
    assert f"{waits}   kubectl -n shop scale deployment/web --replicas=0\n" in readme(found)
    assert readme(found).index("apply -f 40-workloads.yaml") < readme(found).index("rollout status")


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("why", ["Recreate", "volume"])
def test_some_copies_end_before_others_start(tmp_path: Path, why: str, is_known: bool) -> None:
    """A licence for one copy, a volume that one node may hold; where no Deployment is given, pods are named."""
    strategy: Json = {"strategy": {"type": "Recreate"}} if why == "Recreate" else {}
    one = pod("db-0", "n1", "db", gpus=1, spec=MOUNTS if why == "volume" else {})
    other = [pod("web-0", "n1", "web", gpus=1), deployment("web")]
    found = exported(tmp_path, node("n1"), one, *other, *([deployment("db", **strategy)] if is_known else []))
    steps = readme(found)
    if why == "Recreate" and not is_known:
        assert "wait --for=delete" not in steps
        return

    ends = steps.index("kubectl -n shop scale deployment/db --replicas=0")
    gone = steps.index(f"kubectl -n shop wait --for=delete {'pod -l app=db' if is_known else 'pod/db-0'} --timeout=30m")
    starts, stops = steps.index("apply -f 40-workloads.yaml"), steps.index("scale deployment/web --replicas=0")
    assert ends < gone < starts < stops
    assert steps.count("scale deployment/db ") == 1
    assert "component shop/db: assumed: " in notes(found)
    assert "component shop/web: assumed" not in notes(found)


def test_a_volume_of_many_nodes_needs_no_end(tmp_path: Path) -> None:
    """It is mounted by old and new copies at once, in any zone."""
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "shop"}}
    claim |= {"apiVersion": "v1", "spec": {"accessModes": ["ReadWriteMany"]}}
    machines = [node("n1"), node("n2", zone="us-east-1b")]
    found = exported(tmp_path, *machines, pod("db-0", "n1", "db", gpus=1, spec=MOUNTS), claim, to="us-east-1b")

    assert "wait --for=delete" not in readme(found)
    assert "does not follow" not in notes(found)


def test_a_volume_does_not_follow_to_another_zone(tmp_path: Path) -> None:
    """The new copy would wait for ever."""
    machines = [node("n1"), node("n2", zone="us-east-1b")]
    found = exported(tmp_path, *machines, pod("db-0", "n1", "db", gpus=1, spec=MOUNTS), to="us-east-1b")

    told = "component shop/db PersistentVolumeClaim shop/data: inexact: the plan moves its copies to us-east-1b"
    assert told in notes(found)
    assert "a volume of one zone does not follow" in found.files["README.md"]
    stays = exported(tmp_path, *machines, pod("db-0", "n1", "db", gpus=1, spec=MOUNTS), to="us-east-1a")
    assert "does not follow" not in notes(stays)


def test_roll_outs_ask_for_no_budget(tmp_path: Path) -> None:
    """A quarter of two copies is none: that limits roll-outs, and no eviction."""
    pods = [pod(f"web-{i}", "n1", "web", gpus=1) for i in range(2)]
    found = exported(tmp_path, node("n1"), *pods, deployment("web", 2))
    assert "20-disruption-budgets.yaml" not in found.files

    source = str(tmp_path / "c.json")
    document = import_kubernetes([source]).problem.to_document()
    for key, away in (("max_unavailable", 1), ("min_available_on_instance_loss", 1)):
        asked = {**document, "components": [{**document["components"][0], key: 1}], "objective": {"max_moves": 2}}
        nodes = [node("n1"), node("n2")]
        both = write(tmp_path / "d.json", *nodes, *pods, deployment("web", 2))
        asked |= {name: import_kubernetes([both]).problem.to_document()[name] for name in ("pools", "instances")}
        (guard,) = manifests(export_kubernetes(*plan_of(asked)), "20-disruption-budgets.yaml")
        assert guard["spec"]["maxUnavailable"] == away


@pytest.mark.parametrize("pin", ["none", "node"])
def test_owners_keep_their_strategy(tmp_path: Path, pin: Any) -> None:
    """A budget is about evictions. Pinned copies have no room for a surge, which is told."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "50%"}}
    pods = [pod(f"web-{i}", "n1", "web", gpus=1) for i in range(4)]
    objects = [node("n1"), *pods, deployment("web", 4, strategy=strategy), budget("b", "web", maxUnavailable=0)]
    found = exported(tmp_path, *objects, pin=pin)
    (made,) = manifests(found, "40-workloads.yaml")

    all_valid(found)
    assert (made["spec"]["strategy"] == strategy) == (pin == "none")
    assert ("component shop/web strategy: inexact: " in notes(found)) == (pin == "node")


@pytest.mark.parametrize(("gpus", "away", "waits"), [(4, 0, True), (4, 1, False), (6, 0, False)])
def test_a_surge_without_room_is_told(tmp_path: Path, gpus: int, away: int, waits: bool) -> None:
    """Where all accelerators are in use a roll-out that ends no copy first can't begin."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": away}}
    pods = [pod(f"web-{i}", "n1", "web", gpus=2) for i in range(2)]
    found = exported(tmp_path, node("n1", gpus=gpus), *pods, deployment("web", 2, strategy=strategy))

    assert ("roll-outs of shop/web end no copy before another runs" in notes(found)) == waits


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        ("HorizontalPodAutoscaler", "minReplicas", "maxReplicas"),
        ("ScaledObject", "minReplicaCount", "maxReplicaCount"),
    ],
)
def test_autoscalers_go_on_with_the_new_deployment(tmp_path: Path, kind: str, least: str, most: str) -> None:
    """Before the old copies stop, or they would start again; of several Deployments none is scaled, which is told."""
    machines = [node("n1", gpus=2), node("n2", zone="us-east-1b", gpus=2)]
    scaled = scaler(kind, "web", **{least: 2, most: 8}, own={"kept": 1})
    one = [pod("web-0", "n1", "web", gpus=1), pod("web-1", "n1", "web", gpus=1), deployment("web", 2)]
    found = exported(tmp_path, *machines, *one, scaled)
    (new,) = manifests(found, "40-workloads.yaml")
    (made,) = manifests(found, "50-autoscalers.yaml")

    assert made["spec"] == scaled["spec"] | {"scaleTargetRef": {**made["spec"]["scaleTargetRef"]}}
    assert kind == "ScaledObject" or check(made) == ["HorizontalPodAutoscaler.spec.own: is no field"]
    assert made["spec"]["scaleTargetRef"]["name"] == new["metadata"]["name"]
    assert made["metadata"]["name"] == "web-scaler"
    assert readme(found).index("apply -f 50-autoscalers.yaml") < readme(found).index("scale deployment/web")
    told = f"{kind} shop/web-scaler: ignored: scales Deployment shop/web from 2 to 8 copies"
    assert told in "\n".join(map(str, import_kubernetes([str(tmp_path / "c.json")]).notes))

    two = [one[0], pod("web-1", "n2", "web", gpus=1), one[2]]
    parted = exported(tmp_path, *machines, *two, scaled)
    assert "50-autoscalers.yaml" not in parted.files
    delete = f"kubectl -n shop delete {kind.lower()}/web-scaler"
    assert readme(parted).index(delete) < readme(parted).index("scale deployment/web")
    assert f"{kind} shop/web-scaler: inexact: scales Deployment shop/web from 2 to 8" in notes(parted)


def test_an_autoscaler_of_what_must_end_first_goes_first(tmp_path: Path) -> None:
    """KEDA starts copies from none."""
    scaled = scaler("ScaledObject", "db", minReplicaCount=1)
    objects = [node("n1"), pod("db-0", "n1", "db", gpus=1), deployment("db", strategy={"type": "Recreate"}), scaled]
    steps = readme(exported(tmp_path, *objects))

    order = ["delete scaledobject/db-scaler", "scale deployment/db", "apply -f 40", "apply -f 50-autoscalers.yaml"]
    assert [steps.index(line) for line in order] == sorted(steps.index(line) for line in order)


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"scaleTargetRef": {}}, "spec.scaleTargetRef.name"),
        ({"scaleTargetRef": 7}, "spec.scaleTargetRef"),
        ({"minReplicas": "two"}, "spec.minReplicas"),
    ],
)
def test_damaged_autoscalers_are_refused(tmp_path: Path, spec: Json, told: str) -> None:
    """With the field."""
    odd = scaler("HorizontalPodAutoscaler", "web")
    odd["spec"] |= spec
    with pytest.raises(DocumentError, match=told.replace(".", "\\.")):
        import_kubernetes([write(tmp_path / "c.json", node("n1"), odd)])


def test_an_imported_roll_out_is_the_same_after_an_export(tmp_path: Path) -> None:
    """Its figure is no wish for a budget afterwards either."""
    pods = [pod(f"web-{i}", "n1", "web", gpus=1) for i in range(4)]
    found = exported(tmp_path, node("n1"), *pods, deployment("web", 4))
    (made,) = manifests(found, "40-workloads.yaml")
    template = made["spec"]["template"]["metadata"]
    again = [{**row, "metadata": {**row["metadata"], **template}} for row in pods]
    problem: Problem = import_kubernetes([write(tmp_path / "d.json", node("n1"), *again)]).problem

    assert problem.components[0].max_unavailable == 1
    plan = plan_of(problem.to_document())
    assert "20-disruption-budgets.yaml" not in export_kubernetes(*plan).files
