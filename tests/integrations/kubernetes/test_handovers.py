"""The steps of an export: what waits for what, who must end first, budgets and strategies of owners, autoscalers."""

from __future__ import annotations

import copy
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from placement.documents import Plan, Problem
from placement.errors import DocumentError
from placement.integrations.kserve import KServeWish, export_kserve
from placement.integrations.kubernetes import ExportWishes, export_kubernetes, import_kubernetes
from tests.corpus import first
from tests.integrations.kubernetes.clusters import Json, apart, budget, node, pod, write
from tests.integrations.kubernetes.following import follow
from tests.integrations.kubernetes.schemas import check
from tests.integrations.kubernetes.simulated import run
from tests.integrations.kubernetes.test_export import all_valid, manifests, notes, plan_of
from tests.integrations.kubernetes.test_pods import claim, claiming, gpu, slices

if TYPE_CHECKING:
    from pathlib import Path

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
    """A licence for one copy, a volume that one node may hold; their pods are told by their ReplicaSet."""
    strategy: Json = {"strategy": {"type": "Recreate"}} if why == "Recreate" else {}
    one = pod("db-0", "n1", "db", gpus=1, spec=MOUNTS if why == "volume" else {})
    other = [pod("web-0", "n1", "web", gpus=1), deployment("web")]
    found = exported(tmp_path, node("n1"), one, *other, *([deployment("db", **strategy)] if is_known else []))
    steps = readme(found)
    if why == "Recreate" and not is_known:
        assert "wait --for=delete" not in steps
        return

    ends = steps.index("kubectl -n shop scale deployment/db --replicas=0")
    gone = steps.index("kubectl -n shop wait --for=delete pod -l app=db,pod-template-hash=5d4f8c7b9 --field-selector ")
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


# --- Waits


def test_waits_are_for_the_pods_of_an_owner_alone(tmp_path: Path) -> None:
    """A selector takes pods of others too, and those that have failed, which nobody deletes."""
    other = pod("canary-0", "n1", "canary", labels={"app": "db", "pod-template-hash": "77777"}, spec={})
    other["metadata"]["ownerReferences"][0]["name"] = "canary-77777"
    failed = pod("db-9", "n1", "db", status={"phase": "Failed"})
    mounts = [pod(f"db-{k}", "n1", "db", gpus=1, spec=MOUNTS) for k in range(2)]
    objects = [node("n1"), *mounts, other, failed, deployment("db", 2), deployment("canary")]
    found = exported(tmp_path, *objects)
    after = follow(found, objects, tmp_path / "steps")

    assert after["errors"] == ""
    assert [words[-1] for words in after["log"] if "wait" in words] == ["-> 0"]
    assert after["now"]["shop/db"] == 2
    alike = pod("twin-0", "n1", "twin", labels={"app": "db"})  # of the same labels, so they tell nothing
    bare = [pod("db-0", "n1", "db", gpus=1, spec=MOUNTS), alike]
    assert "wait --for=delete pod/db-0 --timeout" in readme(exported(tmp_path, node("n1"), *bare))


# --- A second export over the first


def ran(tmp_path: Path, objects: list[Json], *more: Json, pin: Any = "none") -> tuple[list[Json], Exported]:
    """What runs by a first export, the objects that it made among it."""
    first = exported(tmp_path, *objects, *more, pin=pin)
    nodes = [row for row in objects if row["kind"] == "Node"]
    made = [row for row in manifests(first) if row["kind"] in ("HorizontalPodAutoscaler", "Deployment")]
    return [*run(copy.deepcopy(nodes), manifests(first)), *made], first


def again(tmp_path: Path, objects: list[Json], wish: Json, pin: Any = "none") -> Exported:
    """A second export over the first, by another plan."""
    source = write(tmp_path / "again.json", *objects)
    document = import_kubernetes([source]).problem.to_document()
    document["components"][0] |= wish
    return export_kubernetes(*plan_of(document), ExportWishes(cluster=(source,), pin=pin))


WEB = [pod(f"web-{k}", "n1", "web", gpus=1) for k in range(4)]
TWO_ZONES = [node("n1"), node("n2", zone="us-east-1b")]


@pytest.mark.slow
def test_a_deployment_that_shrinks_waits_for_new_copies(tmp_path: Path) -> None:
    """Its copies would be gone before those elsewhere run."""
    objects, _ = ran(tmp_path, [*TWO_ZONES, *WEB])
    found = again(tmp_path, objects, {"spread": {"max_skew": 1}})
    (new,), (kept,) = (manifests(found, name) for name in ("40-workloads.yaml", "60-smaller-workloads.yaml"))
    assert (new["spec"]["replicas"], kept["spec"]["replicas"]) == (2, 2)

    after = follow(found, objects, tmp_path / "steps")
    assert after["errors"] == ""
    assert after["least"]["shop/web"] == 4
    assert Counter(row["spec"].get("nodeName") for row in after["pods"]) == {"n1": 2, "n2": 2}
    all_valid(found)


def test_a_deployment_that_shrinks_alone_is_changed_at_the_end(tmp_path: Path) -> None:
    """Nothing waits, nothing is lost."""
    objects, _ = ran(tmp_path, [*TWO_ZONES, *WEB])
    found = again(tmp_path, objects, {"copies": 3})
    assert "40-workloads.yaml" not in found.files
    after = follow(found, objects, tmp_path / "steps")
    assert (after["errors"], after["now"], after["least"]) == ("", {"shop/web": 3}, {"shop/web": 3})


@pytest.mark.slow
@pytest.mark.parametrize("why", ["Recreate", "volume"])
def test_a_deployment_that_shrinks_ends_first_where_copies_must(tmp_path: Path, why: str) -> None:
    """All of it, as no old copy may run beside a new one."""
    pods = [{**row, "spec": {**row["spec"], **(MOUNTS if why == "volume" else {})}} for row in WEB]
    more = deployment("web", 4, **({"strategy": {"type": "Recreate"}} if why == "Recreate" else {}))
    objects, _ = ran(tmp_path, [*TWO_ZONES, *pods], more)
    found = again(tmp_path, objects, {"spread": {"max_skew": 1}})
    assert "60-smaller-workloads.yaml" not in found.files
    after = follow(found, objects, tmp_path / "steps")

    assert after["errors"] == ""
    assert after["least"]["shop/web"] == 0
    assert Counter(row["spec"].get("nodeName") for row in after["pods"]) == {"n1": 2, "n2": 2}


@pytest.mark.parametrize("pin", ["node", "accelerator"])
def test_copies_that_stay_go_on_undisturbed(tmp_path: Path, pin: Any) -> None:
    """What a Deployment is called does not depend on the others: a copy less elsewhere starts none of them again."""
    pods = [pod(f"web-{k}", f"n{k + 1}", "web", gpus=1) for k in range(3)]
    nodes = [node(f"n{k + 1}") for k in range(3)]
    objects, first = ran(tmp_path, [*nodes, *pods], pin=pin)
    source = write(tmp_path / "again.json", *objects)
    document = import_kubernetes([source]).problem.to_document()
    document["components"][0]["copies"] = 2
    placed = [row for row in document["placements"] if row["instance"] != "n1"]
    problem = Problem(**document)
    instances = [{"id": row.id, "pool": row.pool, "new": False} for row in problem.instances if row.id != "n1"]
    assignments = [{"accelerators": [0], **row} for row in placed]
    plan = Plan(instances=instances, assignments=assignments)
    found = export_kubernetes(problem, plan, ExportWishes(cluster=(source,), pin=pin))

    before, after = ({row["metadata"]["name"]: row["spec"] for row in manifests(each)} for each in (first, found))
    assert len(after) == 2
    assert all(before[name]["template"]["spec"] == spec["template"]["spec"] for name, spec in after.items())
    steps = follow(found, objects, tmp_path / "steps")
    assert (steps["errors"], steps["least"]) == ("", {"shop/web": 2})


@pytest.mark.slow
def test_an_export_that_was_applied_in_part_is_finished_by_the_next(tmp_path: Path) -> None:
    """What ran before runs on: an import tells it, and the steps of the next export end it."""
    pods, nodes = WEB[:2], [node("n1"), node("n2")]
    first = exported(tmp_path, *nodes, *pods, deployment("web", 2))
    objects = [*run(copy.deepcopy(nodes), manifests(first), pods), *manifests(first), deployment("web", 2)]
    source = write(tmp_path / "half.json", *objects)
    read = import_kubernetes([source])
    told = "Deployment shop/web: assumed: runs 2 pods beside what an export made of it (half applied?)"
    assert told in "\n".join(map(str, read.notes))
    document = read.problem.to_document()
    assert document["components"][0]["copies"] == 4
    document["components"][0]["copies"] = 2
    found = export_kubernetes(*plan_of(document), ExportWishes(cluster=(source,)))

    after = follow(found, objects, tmp_path / "steps")
    assert (after["errors"], after["now"]) == ("", {"shop/web": 2})
    assert after["scaled"]["Deployment shop/web"] == 0


def test_autoscalers_of_a_first_export_are_not_forgotten(tmp_path: Path) -> None:
    """One Deployment that goes on is scaled on; of two none is, or it would take copies of one back."""
    scaled = scaler("HorizontalPodAutoscaler", "web", minReplicas=4, maxReplicas=4)
    objects, _ = ran(tmp_path, [*TWO_ZONES, *WEB], deployment("web", 4), scaled)
    (held,) = [row for row in objects if row["kind"] == "HorizontalPodAutoscaler"]

    goes_on = again(tmp_path, objects, {"copies": 3})
    (made,) = manifests(goes_on, "50-autoscalers.yaml")
    assert made["spec"] == held["spec"]
    assert "it goes on to scale it; copies that it adds are in no plan" in notes(goes_on)
    assert "the plan has 3 copies: it scales these into its range" in notes(goes_on)
    parted = again(tmp_path, objects, {"spread": {"max_skew": 1}})
    assert "50-autoscalers.yaml" not in parted.files
    steps = readme(parted)
    assert steps.index("delete horizontalpodautoscaler/web-scaler") < steps.index("apply -f 60-smaller-workloads.yaml")
    assert "2 Deployments run its copies: the steps delete it" in notes(parted)


def test_metrics_of_an_autoscaler_are_about_the_new_deployment(tmp_path: Path) -> None:
    """Where they were about the old one; those of another object stay."""
    about = [{"apiVersion": "apps/v1", "kind": "Deployment", "name": name} for name in ("web", "queue")]
    target = {"type": "Value", "value": "3"}
    metrics = [
        {"type": "Object", "object": {"describedObject": row, "metric": {"name": "m"}, "target": target}}
        for row in about
    ]
    scaled = scaler("HorizontalPodAutoscaler", "web", maxReplicas=8, metrics=metrics)
    found = exported(tmp_path, node("n1"), *WEB, deployment("web", 4), scaled)
    (made,), (new,) = (manifests(found, name) for name in ("50-autoscalers.yaml", "40-workloads.yaml"))

    assert check(made) == []
    named = [row["object"]["describedObject"]["name"] for row in made["spec"]["metrics"]]
    assert named == [new["metadata"]["name"], "queue"]


# --- No room beside what runs


@pytest.mark.parametrize("pin", ["none", "node"])
@pytest.mark.parametrize("away", first([2, 1]))
def test_without_room_old_copies_end_in_turns(tmp_path: Path, pin: Any, away: int) -> None:
    """No new copy could run before: a wait for all of them would be in vain."""
    strategy = {"strategy": {"rollingUpdate": {"maxUnavailable": away}}}
    objects = [node("n1"), *WEB, deployment("web", 4, **strategy), node("n3", "m5.large", gpus=0)]
    objects += [pod("ui-0", "n3", "ui", cpu="1", memory="1Gi"), deployment("ui")]
    found = exported(tmp_path, *objects, pin=pin)
    assert "component shop/web: inexact: new copies have no room beside those that they replace" in notes(found)
    assert f"# shop/web: at most {away} cop" in readme(found)
    after = follow(found, objects, tmp_path / "steps")

    assert after["errors"] == ""
    assert after["least"] == {"shop/web": 4 - away, "shop/ui": 1}
    assert after["now"] == {"shop/web": 4, "shop/ui": 1}
    assert all("gpu-placement/component" in row["metadata"]["annotations"] for row in after["pods"])


@pytest.mark.parametrize(("strategy", "is_told"), [({}, False), ({"maxUnavailable": 0, "maxSurge": 1}, True)])
def test_a_copy_that_must_not_be_away_is_told(tmp_path: Path, strategy: Json, is_told: bool) -> None:
    """In turns one copy at a time is away, whatever its component allows."""
    objects = [node("n1"), *WEB, deployment("web", 4, strategy={"rollingUpdate": strategy})]
    told = "max_unavailable of shop/web: inexact: is 0, and in these turns one copy at a time is away"
    assert (told in notes(exported(tmp_path, *objects))) == is_told


@pytest.mark.slow
def test_what_stands_in_the_way_ends_first(tmp_path: Path) -> None:
    """Of old copies those end before others on whose machines new ones wait."""
    pods = [pod(f"web-{k}", f"n{1 + (k + 1) % 2}", "web", gpus=2) for k in range(4)]
    objects = [node("n1"), node("n2"), node("n3"), *pods, deployment("web", 4)]
    found = exported(tmp_path, *objects, pin="node")
    after = follow(found, objects, tmp_path / "steps")
    assert (after["errors"], after["least"], after["now"]) == ("", {"shop/web": 3}, {"shop/web": 4})


@pytest.mark.parametrize(("pin", "waits"), [("node", False), ("accelerator", True)])
def test_an_accelerator_that_an_old_copy_has_is_no_room(tmp_path: Path, pin: Any, waits: bool) -> None:
    """Others of its node are free, but the new copy is held to this one."""
    objects = [node("n1", gpus=0), slices(gpu(0), gpu(1)), claiming("a", "mine"), claim("mine", ["gpu-0"])]
    found = exported(tmp_path, *objects, pin=pin)
    assert ("have no room beside those that they replace" in notes(found)) == waits


@pytest.mark.parametrize("pin", ["none", "node"])
def test_copies_that_stay_on_cordoned_nodes_are_told(tmp_path: Path, pin: Any) -> None:
    """The scheduler puts no new pod there, whatever room there is; where another node of the pool is open it does."""
    closed = node("n1", unschedulable=True)
    found = exported(tmp_path, closed, *WEB, deployment("web", 4), pin=pin)
    told = "component shop/web: inexact: the plan keeps copies on n1, cordoned: no new pod starts there"
    assert told in notes(found)
    assert "in turns" not in readme(found)
    both = [pod("web-0", "n1", "web", gpus=1), pod("web-1", "n2", "web", gpus=1)]
    open_too = exported(tmp_path, closed, node("n2"), *both, deployment("web", 2), pin=pin)
    assert (told in notes(open_too)) == (pin == "node")


def test_bug_new_copies_that_take_the_places_of_another_component_hold_up_no_turn(tmp_path: Path) -> None:
    """All copies have ended of the component that lacks room then: the turns of the other one make it."""
    pods = [pod(f"a-{k}", "n1", "a", gpus=1, cpu="1", memory="1Gi") for k in range(4)]
    pods.append(pod("b-0", "n1", "b", gpus=2, cpu="1", memory="1Gi"))
    objects = [node("n1", gpus=7), *pods, deployment("a", 4), deployment("b", 1)]
    source = write(tmp_path / "c.json", *objects)
    document = import_kubernetes([source]).problem.to_document()
    next(row for row in document["components"] if row["name"] == "shop/a")["copies"] = 5
    found = export_kubernetes(*plan_of(document), ExportWishes(cluster=(source,), pin="node"))
    after = follow(found, objects, tmp_path / "steps")

    assert after["errors"] == ""
    assert after["least"] == {"shop/a": 4, "shop/b": 0}
    assert after["now"] == {"shop/a": 5, "shop/b": 1}


def test_bug_of_two_components_with_several_turns_each_goes_on_by_itself(tmp_path: Path) -> None:
    """Two copies of the second one must end before one of the first can start, and it must not wait for that."""
    nodes = [node(f"n{k}", gpus=2) for k in range(4)]
    pods = [pod(f"a-{k}", f"n{k}", "a", gpus=2) for k in range(2)]
    pods += [pod(f"b-{k}", f"n{2 + k // 2}", "b", gpus=1) for k in range(4)]
    objects = [*nodes, *pods, deployment("a", 2), deployment("b", 4)]
    source = write(tmp_path / "c.json", *objects)
    problem = import_kubernetes([source]).problem
    placed = [{"component": "shop/a", "instance": f"n{2 + k}", "accelerators": [0, 1]} for k in range(2)]
    placed += [{"component": "shop/b", "instance": f"n{k // 2}", "accelerators": [k % 2]} for k in range(4)]
    instances = [{"id": row.id, "pool": row.pool, "new": False} for row in problem.instances]
    plan = Plan(instances=instances, assignments=placed)
    found = export_kubernetes(problem, plan, ExportWishes(cluster=(source,), pin="node"))
    after = follow(found, objects, tmp_path / "steps")

    assert after["errors"] == ""
    assert after["now"] == {"shop/a": 2, "shop/b": 4}
    assert after["least"]["shop/a"] >= 1
    assert after["least"]["shop/b"] >= 3


@pytest.mark.slow
def test_bug_new_copies_take_the_places_of_another_component_that_has_several_turns(tmp_path: Path) -> None:
    """The other one waits; the first one's next turns make room, so they must not wait with it."""
    pods = [pod(f"a-{k}", "n1", "a", gpus=1, cpu="1", memory="1Gi") for k in range(4)]
    pods += [pod(f"b-{k}", "n1", "b", gpus=2, cpu="1", memory="1Gi") for k in range(2)]
    objects = [node("n1", gpus=8), *pods, deployment("a", 4), deployment("b", 2)]
    found = exported(tmp_path, *objects, pin="node")
    after = follow(found, objects, tmp_path / "steps")

    assert after["errors"] == ""
    assert after["now"] == {"shop/a": 4, "shop/b": 2}
    assert after["least"] == {"shop/a": 3, "shop/b": 1}


@pytest.mark.slow
def test_components_that_wait_for_places_of_each_other_take_turns_together(tmp_path: Path) -> None:
    """Two that exchange their machines: each alone would wait for ever."""
    nodes = [node("n1", gpus=2), node("n2", gpus=2)]
    pods = [pod(f"{name}-{k}", where, name, gpus=1) for name, where in (("a", "n1"), ("b", "n2")) for k in range(2)]
    objects = [*nodes, *pods, deployment("a", 2), deployment("b", 2)]
    source = write(tmp_path / "c.json", *objects)
    problem = import_kubernetes([source]).problem
    there = [(f"shop/{name}", where, k) for name, where in (("a", "n2"), ("b", "n1")) for k in range(2)]
    placed = [{"component": name, "instance": where, "accelerators": [k]} for name, where, k in there]
    instances = [{"id": row.id, "pool": row.pool, "new": False} for row in problem.instances]
    plan = Plan(instances=instances, assignments=placed)
    found = export_kubernetes(problem, plan, ExportWishes(cluster=(source,), pin="node"))
    after = follow(found, objects, tmp_path / "steps")

    assert after["errors"] == ""
    assert min(after["least"].values()) == 1
    assert Counter(
        (row["metadata"]["annotations"].get("gpu-placement/component"), row["spec"].get("nodeName"))
        for row in after["pods"]
    ) == {("shop/a", "n2"): 2, ("shop/b", "n1"): 2}


@pytest.mark.parametrize("why", ["port", "apart"])
def test_what_keeps_old_and_new_copies_apart_is_no_room_either(tmp_path: Path, why: str) -> None:
    """Of a port of the host, or of anti-affinity, an old copy leaves nothing to a new one on its machine."""
    port: Json = {"containers": [{"name": "m", "image": "i", "ports": [{"containerPort": 1, "hostPort": 80}]}]}
    spec = port if why == "port" else {"affinity": apart("kubernetes.io/hostname", "web")}
    pods = [pod(f"web-{k}", f"n{k + 1}", "web", spec=spec) for k in range(2)]
    objects = [node("n1"), node("n2"), *pods, deployment("web", 2)]
    found = exported(tmp_path, *objects)
    after = follow(found, objects, tmp_path / "steps")

    assert "component shop/web: inexact: new copies have no room beside those that they replace" in notes(found)
    assert (after["errors"], after["least"], after["now"]) == ("", {"shop/web": 1}, {"shop/web": 2})


# --- Components without copies, and their owners


OWNERS = [
    ("StatefulSet", "scale statefulset/db --replicas=0", "the steps scale StatefulSet shop/db to 0"),
    ("Rollout", "scale rollout/db --replicas=0", "the steps scale Rollout shop/db to 0"),
    ("Job", "", "the plan has none of its 1 copy, and no step here ends Job shop/db: end it there"),
    ("TrainJob", "", "the plan has none of its 1 copy, and no step here ends TrainJob shop/db: end it there"),
]


@pytest.mark.parametrize(("kind", "command", "told"), OWNERS)
def test_owners_of_components_without_copies_are_told(tmp_path: Path, kind: str, command: str, told: str) -> None:
    """Their pods would run on, though no plan counts them."""
    objects = [node("n1"), pod("db-0", "n1", "db", gpus=1, kind=kind), pod("web-0", "n1", "web", gpus=1)]
    source = write(tmp_path / "c.json", *objects)
    document = import_kubernetes([source]).problem.to_document()
    document["components"][0]["copies"] = 0
    document["placements"][0].pop("pinned", None)
    found = export_kubernetes(*plan_of(document), ExportWishes(cluster=(source,)))

    assert told in notes(found)
    assert (command in readme(found)) if command else ("db" not in readme(found))


def test_a_service_of_components_without_copies_is_told(tmp_path: Path) -> None:
    """KServe would start again what is scaled to 0."""
    service: Json = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService"}
    service |= {"metadata": {"name": "db", "namespace": "shop"}, "spec": {"predictor": {"model": {}}}}
    objects = [node("n1"), pod("db-0", "n1", "db-predictor", gpus=1), pod("web-0", "n1", "web", gpus=1), service]
    source = write(tmp_path / "c.json", *objects)
    document = import_kubernetes([source]).problem.to_document()
    document["components"][0]["copies"] = 0
    found = export_kubernetes(*plan_of(document), ExportWishes(cluster=(source,)))

    assert "delete it (kubectl -n shop delete inferenceservice db)" in notes(found)
    assert "db" not in readme(found)
    served = export_kserve(*plan_of(document), KServeWish(cluster=(source,)))
    assert "delete it (kubectl -n shop delete inferenceservice db)" in notes(served)


def test_a_smaller_stateful_set_is_told(tmp_path: Path) -> None:
    """With the command, and which pods it ends."""
    objects = [node("n1"), *(pod(f"db-{k}", "n1", "db", gpus=1, kind="StatefulSet") for k in range(3))]
    source = write(tmp_path / "c.json", *objects)
    document = import_kubernetes([source]).problem.to_document()
    document["components"][0]["copies"] = 2
    found = export_kubernetes(*plan_of(document), ExportWishes(cluster=(source,)))

    assert "the plan has 2 copies, and 3 run: kubectl -n shop scale statefulset/db --replicas=2" in notes(found)


def test_who_takes_emptied_machines_away(tmp_path: Path) -> None:
    """A drained node costs on: Karpenter ends it with its node, others are taken away by whoever manages them."""
    labels: tuple[Json, ...] = ({"karpenter.sh/nodepool": "gpus"}, {"eks.amazonaws.com/nodegroup": "g"}, {})
    nodes = [node("n1"), *(node(f"m{k}", labels=row) for k, row in enumerate(labels))]
    objects = [*nodes, *(pod(f"web-{k}", f"m{k}", "web", gpus=1) for k in range(3)), deployment("web", 3)]
    source = write(tmp_path / "c.json", *objects)
    problem = import_kubernetes([source]).problem
    placed = [{"component": "shop/web", "instance": "n1", "accelerators": [k]} for k in range(3)]
    instances = [{"id": "n1", "pool": row.pool, "new": False} for row in problem.instances if row.id == "n1"]
    plan = Plan(instances=instances, assignments=placed)
    steps = readme(export_kubernetes(problem, plan, ExportWishes(cluster=(source,))))
    told = {
        "m0": "kubectl delete node m0",
        "m1": "# eks.amazonaws.com/nodegroup=g: 1 machine fewer, without m1 (Cluster Autoscaler does that by itself)",
        "m2": "# m2: return the machine, then kubectl delete node m2",
    }
    for name in told:
        assert steps.index(f"kubectl drain {name}") < steps.index(told[name])


def quota(**hard: Any) -> Json:
    """A quota of the namespace."""
    metadata = {"name": "q", "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": hard}}


@pytest.mark.parametrize(("most", "is_told"), [(1, True), (2, False)])
@pytest.mark.parametrize("name", ["count/deployments.apps", "count/replicasets.apps"])
def test_quotas_of_objects_are_told(tmp_path: Path, name: str, most: int, is_told: bool) -> None:
    """Old Deployments stay, at no copies, beside the new ones; those of an earlier export are no more."""
    limit = quota(**{name: str(most)}) | {"status": {"used": {name: "1"}}}
    objects = [node("n1"), pod("web-0", "n1", "web", gpus=1), deployment("web"), limit]
    found = exported(tmp_path, *objects)
    told = f"ResourceQuota shop/q spec.hard.{name}: inexact: 1, 1 are there, and the export makes 1 more"
    assert (told in notes(found)) == is_told

    after, _ = ran(tmp_path, objects[:3])
    assert "the export makes" not in notes(exported(tmp_path, *after, limit))


def test_an_autoscaler_that_names_no_version_has_the_newest(tmp_path: Path) -> None:
    """A person wrote it; kubectl refuses an object without one."""
    hpa = scaler("HorizontalPodAutoscaler", "web", maxReplicas=3)
    del hpa["apiVersion"]
    found = exported(tmp_path, node("n1"), pod("web-0", "n1", "web", gpus=1), deployment("web"), hpa)

    (made,) = manifests(found, "50-autoscalers.yaml")
    assert made["apiVersion"] == "autoscaling/v2"
