"""New copies are made of the newest template that is known, with all that their Deployment has beside it."""

from __future__ import annotations

import copy
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest

from placement.errors import DocumentError
from placement.integrations.kserve import export_kserve
from placement.integrations.kserve.predictor import KServeWish
from placement.integrations.kubernetes import ExportWishes, export_kubernetes, import_kubernetes
from tests.integrations.kserve.test_kserve import documents
from tests.integrations.kserve.test_services import MODEL, pods_of, service
from tests.integrations.kubernetes.clusters import Json, apart, node, pod, spread, write
from tests.integrations.kubernetes.test_export import all_valid, manifests, notes
from tests.integrations.kubernetes.test_round_trip import plan_as_it_runs

if TYPE_CHECKING:
    from pathlib import Path

    from placement.integrations import Exported

RACK, ZONE, HOST = "example.com/rack", "topology.kubernetes.io/zone", "kubernetes.io/hostname"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
TOLD = "by another template (a roll-out?): new copies have that of"


def generation(digest: str, day: int, image: str, *, number: int = 0, **more: Any) -> Json:
    """A pod of a ReplicaSet of the Deployment `chat`, made on a day."""
    made = pod(f"chat-{digest}-{number}", f"n{number + 1}", "chat", gpus=1, **more)
    made["metadata"] |= {"creationTimestamp": f"2026-11-{day:02}T00:00:00Z"}
    made["metadata"]["labels"] |= {"pod-template-hash": digest, "version": image}
    made["metadata"]["ownerReferences"][0]["name"] = f"chat-{digest}"
    made["spec"]["containers"][0]["image"] = image
    return made


def owner(kind: str, name: str, image: str, *, told: Json | None = None, **spec: Any) -> Json:
    """A Deployment or a ReplicaSet of pods as above."""
    template = generation("x", 1, image)
    template["spec"].pop("nodeName")
    labels = {"app": "chat", "version": image}
    made: Json = {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "shop", **(told or {})},
        "spec": {"template": {"metadata": {"labels": labels}, "spec": template["spec"]}, "replicas": 2, **spec},
    }
    if kind == "ReplicaSet":
        made["metadata"]["ownerReferences"] = [{"kind": "Deployment", "name": "chat", "controller": True}]
    return made


def revision(number: int) -> Json:
    """What the Deployment's controller writes on a ReplicaSet."""
    return {"annotations": {"deployment.kubernetes.io/revision": str(number)}}


def exported(tmp_path: Path, *objects: Json) -> Exported:
    """What runs, exported as it is."""
    source = write(tmp_path / "c.json", *(node(f"n{index}", labels={RACK: "r"}) for index in (1, 2, 3)), *objects)
    problem = import_kubernetes([source]).problem
    found = export_kubernetes(problem, plan_as_it_runs(problem), ExportWishes(cluster=(source,)))
    all_valid(found)
    return found


def made(found: Exported) -> Json:
    """The one Deployment of an export."""
    (row,) = manifests(found, "40-workloads.yaml")
    return row


def runs(found: Exported) -> str:
    """The image of new copies, which have the label of the same template."""
    template = made(found)["spec"]["template"]
    image = str(template["spec"]["containers"][0]["image"])
    assert template["metadata"]["labels"]["version"] == image
    return image


OLD, NEW = generation("aaa", 1, "old"), generation("bbb", 9, "new", number=1)


@pytest.mark.parametrize("order", [*permutations((OLD, NEW, generation("aaa", 20, "old", number=2)))])
def test_the_newest_replica_set_in_any_order(tmp_path: Path, order: tuple[Json, ...]) -> None:
    """A pod of the old one that was started again is younger, and its template is not."""
    found = exported(tmp_path, *copy.deepcopy(order))

    assert runs(found) == "new"
    assert f"component shop/chat: inexact: 2 of its 3 pods run {TOLD} Pod shop/chat-bbb-1" in notes(found)


def test_a_revision_says_more_than_an_age(tmp_path: Path) -> None:
    """A roll-back makes the old ReplicaSet the newest."""
    sets = [
        owner("ReplicaSet", "chat-aaa", "old", told=revision(12)),
        owner("ReplicaSet", "chat-bbb", "new", told=revision(9)),
    ]
    found = exported(tmp_path, NEW, OLD, *sets)

    assert runs(found) == "old"
    assert f"{TOLD} ReplicaSet shop/chat-aaa" in notes(found)


@pytest.mark.parametrize("image", ["old", "new", "newest"])
@pytest.mark.parametrize("is_first", [True, False])
def test_the_deployment_says_most(tmp_path: Path, image: str, is_first: bool) -> None:
    """Also where no pod of its template runs yet."""
    rows = [owner("Deployment", "chat", image, told={"annotations": {"a": "b"}}), OLD, NEW]
    found = exported(tmp_path, *(rows if is_first else rows[::-1]))

    assert runs(found) == image
    assert f"{3 - len({image, 'newest'})} of its 2 pods run {TOLD} Deployment shop/chat" in notes(found)


def test_a_template_that_asks_for_something_else_is_not_taken(tmp_path: Path) -> None:
    """Copies are planned by what runs: a template that needs more would not fit where they are put."""
    more = owner("Deployment", "chat", "new")
    more["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "9"
    for rule in ({}, {"nodeSelector": {"disk": "fast"}}):
        more["spec"]["template"]["spec"] |= rule
        found = exported(tmp_path, generation("aaa", 1, "old"), more)
        assert runs(found) == "old"
        assert "the template of Deployment shop/chat asks for something else than its pods" in notes(found)
        more["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "4"


def test_pods_alike_are_told_nothing_of(tmp_path: Path) -> None:
    """What the cluster adds to a pod makes no template of its own."""
    first, second = generation("aaa", 1, "i"), generation("aaa", 1, "i", number=1)
    second["spec"]["containers"][0] |= {"imagePullPolicy": "Always", "terminationMessagePath": "/dev/log"}
    first["spec"]["containers"][0] |= {"imagePullPolicy": "Always", "terminationMessagePath": "/dev/log"}
    found = exported(tmp_path, owner("Deployment", "chat", "i"), first, second)

    assert "template" not in notes(found)
    assert "imagePullPolicy" not in made(found)["spec"]["template"]["spec"]["containers"][0]


def test_a_damaged_template_is_named(tmp_path: Path) -> None:
    """With the way to the field, and the object."""
    wrong = owner("Deployment", "chat", "new")
    wrong["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "many"
    with pytest.raises(DocumentError, match=r"template\.spec\.containers\[0\].*cpu \(Deployment shop/chat\)"):
        exported(tmp_path, OLD, wrong)


@pytest.mark.parametrize("written", ["²", "٣", "1" * 5000])
def test_an_option_that_somebody_wrote_by_hand_is_none(tmp_path: Path, written: str) -> None:
    """What Python takes for digits, or is too long for a number: the copies are as they are without it."""
    marked = generation("aaa", 1, "i")
    marked["metadata"]["annotations"] = {"gpu-placement/option": written}

    assert runs(exported(tmp_path, marked)) == "i"


# --- What a Deployment has beside the template


def test_settings_labels_and_annotations_stay(tmp_path: Path) -> None:
    """But for what names the tool that manages the one that runs; a paused one would start nothing."""
    metadata = {
        "labels": {"kueue.x-k8s.io/queue-name": "q", "app.kubernetes.io/managed-by": "Helm"},
        "annotations": {
            "reloader.stakater.com/auto": "true",
            "argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/chat",
            "deployment.kubernetes.io/revision": "4",
        },
    }
    settings = {"minReadySeconds": 30, "progressDeadlineSeconds": 900, "revisionHistoryLimit": 1}
    found = exported(tmp_path, OLD, owner("Deployment", "chat", "old", told=metadata, paused=True, **settings))

    row = made(found)
    assert {key: row["spec"][key] for key in settings} == settings
    assert "paused" not in row["spec"]
    ours = {key: value for key, value in row["metadata"]["labels"].items() if not key.startswith("gpu-placement/")}
    assert ours == {"kueue.x-k8s.io/queue-name": "q"}
    assert row["metadata"]["annotations"] == {"reloader.stakater.com/auto": "true"}
    assert "Deployment shop/chat spec.paused: ignored: a new Deployment that is paused would start no copy" in notes(
        found
    )
    assert "app.kubernetes.io/managed-by, argocd.argoproj.io/tracking-id: ignored: say which tool" in notes(found)
    assert "were not given" not in notes(found)


@pytest.mark.parametrize(("kind", "away"), [("Recreate", None), ("RollingUpdate", None), ("Recreate", 1)])
def test_copies_that_must_not_run_beside_old_ones(tmp_path: Path, kind: str, away: int | None) -> None:
    """As it was, also where the problem says by now that fewer may be away: that can't be, which is told."""
    rows = [OLD, generation("aaa", 1, "old", number=2), owner("Deployment", "chat", "old", strategy={"type": kind})]
    source = write(tmp_path / "c.json", *(node(f"n{index}") for index in (1, 2, 3)), *rows)
    problem = import_kubernetes([source]).problem
    document = problem.to_document()
    if away is not None:
        document["components"][0]["max_unavailable"] = away
    problem = type(problem)(**document)
    found = export_kubernetes(problem, plan_as_it_runs(problem), ExportWishes(cluster=(source,)))

    strategy = made(found)["spec"]["strategy"]
    assert (strategy == {"type": "Recreate"}) == (kind == "Recreate")
    told = "is Recreate: a roll-out takes all of a Deployment away, not 1"
    assert (told in notes(found)) == (away is not None)


def test_a_deployment_that_was_not_given_is_told(tmp_path: Path) -> None:
    """What it has beside the template is lost, so it can be asked for."""
    told = "Deployments of shop/chat: assumed: were not given with --cluster, so their own labels"

    assert told in notes(exported(tmp_path, OLD))


# --- What the cluster adds, and what it only seems to have added


@pytest.mark.parametrize("seconds", [300, 30, None])
def test_tolerations_of_trouble_are_the_owner_s(tmp_path: Path, seconds: int | None) -> None:
    """But for just the one that an admission plug-in gives to each pod without its own."""
    rows = []
    for key in ("not-ready", "unreachable"):
        row: Json = {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute"}
        rows.append(row | ({} if seconds is None else {"tolerationSeconds": seconds}))
    running = generation("aaa", 1, "i")
    running["spec"]["tolerations"] = rows
    spec = made(exported(tmp_path, running))["spec"]["template"]["spec"]

    assert spec.get("tolerations", []) == ([] if seconds == 300 else rows)


def test_what_no_plan_knows_stays(tmp_path: Path) -> None:
    """Wishes, and rules over domains that are neither hosts nor zones; of rules a note says that they do."""
    wish = {**spread(ZONE, "chat"), "whenUnsatisfiable": "ScheduleAnyway"}
    racks = spread(RACK, "chat", 2)
    running = generation("aaa", 1, "i", spec={"topologySpreadConstraints": [wish, racks, spread(ZONE, "chat")]})
    running["spec"]["affinity"] = apart(RACK, "rank")
    found = exported(tmp_path, running)

    spec = made(found)["spec"]["template"]["spec"]
    assert spec["topologySpreadConstraints"] == [wish, racks]
    assert spec["affinity"]["podAntiAffinity"] == apart(RACK, "rank")["podAntiAffinity"]
    for field in ("topologySpreadConstraints", "podAntiAffinity"):
        assert f"component shop/chat {field}[{RACK}]: inexact: stays as it is, and no plan knows it" in notes(found)


def test_services_keep_what_no_plan_knows(tmp_path: Path) -> None:
    """As Deployments do."""
    wish = {**spread(ZONE, "chat"), "whenUnsatisfiable": "ScheduleAnyway"}
    row = service("chat", model=MODEL, topologySpreadConstraints=[wish], minReplicas=1)
    row["spec"]["predictor"]["affinity"] = apart(RACK, "rank")
    source = write(tmp_path / "c.json", *pods_of([row], [node("n1")]), row)
    problem = import_kubernetes([source]).problem
    found = export_kserve(problem, plan_as_it_runs(problem), KServeWish(cluster=(source,)))

    (after,) = documents(found.files["inference-services.yaml"])
    assert after["spec"]["predictor"]["topologySpreadConstraints"] == [wish]
    assert after["spec"]["predictor"]["affinity"]["podAntiAffinity"] == apart(RACK, "rank")["podAntiAffinity"]


def test_values_of_match_label_keys_are_of_the_old_replica_set(tmp_path: Path) -> None:
    """The server writes them into the selectors of a pod: kept, they would select no new one."""
    merged = {"key": "pod-template-hash", "operator": "In", "values": ["aaa"]}
    other = {"key": "tier", "operator": "Exists"}
    rule = {"whenUnsatisfiable": "ScheduleAnyway", "maxSkew": 1, "topologyKey": HOST}
    rule |= {"matchLabelKeys": ["pod-template-hash"]}
    term = {"topologyKey": RACK, "matchLabelKeys": ["pod-template-hash"]}
    running = generation("aaa", 1, "i")
    running["spec"] |= {
        "topologySpreadConstraints": [{**rule, "labelSelector": {"matchExpressions": [merged, other]}}],
        "affinity": {"podAntiAffinity": {REQUIRED: [{**term, "labelSelector": {"matchExpressions": [merged]}}]}},
    }
    spec = made(exported(tmp_path, running))["spec"]["template"]["spec"]

    assert spec["topologySpreadConstraints"] == [{**rule, "labelSelector": {"matchExpressions": [other]}}]
    assert spec["affinity"]["podAntiAffinity"][REQUIRED] == [{**term, "labelSelector": {}}]


OWN: Json = {
    "hostname": "web",
    "subdomain": "chat",
    "preemptionPolicy": "Never",
    "priorityClassName": "high",
    "terminationGracePeriodSeconds": 5,
    "runtimeClassName": "nvidia",
    "schedulerName": "mine",
    "serviceAccountName": "sa",
    "imagePullSecrets": [{"name": "s"}],
    "securityContext": {"fsGroup": 7},
    "dnsConfig": {"searches": ["x"]},
    "shareProcessNamespace": True,
    "initContainers": [{"name": "i", "image": "i", "command": ["true"]}],
    "volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}],
}


@pytest.mark.parametrize("is_given", [True, False])
def test_all_that_a_template_has_stays(tmp_path: Path, is_given: bool) -> None:
    """But for the node that it names. Of a pod alone what a server may have added to it goes."""
    running = generation("aaa", 1, "i", spec=copy.deepcopy(OWN))
    given = owner("Deployment", "chat", "i")
    given["spec"]["template"]["spec"] |= {**copy.deepcopy(OWN), "nodeName": "n3"}
    spec = made(exported(tmp_path, running, *([given] if is_given else [])))["spec"]["template"]["spec"]

    lost = {key for key, value in OWN.items() if spec.get(key) != value}
    assert lost == (set() if is_given else {"preemptionPolicy"})
    assert "nodeName" not in spec


def test_all_that_a_predictor_has_stays(tmp_path: Path) -> None:
    """It is what a person wrote."""
    row = service("chat", model=MODEL, minReplicas=1, **copy.deepcopy(OWN))
    source = write(tmp_path / "c.json", *pods_of([row], [node("n1")]), row)
    problem = import_kubernetes([source]).problem
    found = export_kserve(problem, plan_as_it_runs(problem), KServeWish(cluster=(source,)))

    (after,) = documents(found.files["inference-services.yaml"])
    assert {key for key, value in OWN.items() if after["spec"]["predictor"].get(key) != value} == set()


def imported(tmp_path: Path, *objects: Json) -> tuple[dict[str, tuple[float, int, int]], str]:
    """By component vCPUs, copies and those that must run; and all notes."""
    found = import_kubernetes([write(tmp_path / "c.json", *(node(f"n{index}") for index in (1, 2, 3)), *objects)])
    rows = found.problem.components
    told = {row.name: (row.modes[0].vcpus, row.copies or 0, row.required_copies) for row in rows}
    return told, "\n".join(map(str, found.notes))


@pytest.mark.parametrize("has_sets", [False, True])
def test_names_in_a_roll_out_follow_the_revision(tmp_path: Path, has_sets: bool) -> None:
    """The newest pods have the Deployment's name, in whatever order they are given."""
    old, new = generation("aaa", 9, "v1", cpu="2"), generation("bbb", 3, "v2", cpu="4")
    sets = [
        owner("ReplicaSet", "chat-aaa", "v1", told=revision(1)),
        owner("ReplicaSet", "chat-bbb", "v2", told=revision(2)),
    ]
    rows = [old, new, *(sets if has_sets else [])]

    for order in permutations(rows):
        told, _ = imported(tmp_path, *order)
        first, second = ("shop/chat", "shop/chat #2") if has_sets else ("shop/chat #2", "shop/chat")
        assert told == {first: (4, 1, 1), second: (2, 1, 1)}


def test_lacking_copies_are_counted_once(tmp_path: Path) -> None:
    """A Deployment of four copies with one old pod and one new has two that wait, of the new template."""
    old, new = generation("aaa", 1, "v1", cpu="2"), generation("bbb", 3, "v2", cpu="4")
    told, _ = imported(tmp_path, old, new, owner("Deployment", "chat", "v2", replicas=4))

    assert told == {"shop/chat": (4, 3, 1), "shop/chat #2": (2, 1, 1)}


def test_more_pods_than_wanted_are_told(tmp_path: Path) -> None:
    """A roll-out starts new ones before old ones end."""
    pods = [generation("aaa", 1, "v1"), generation("aaa", 1, "v1", number=1), generation("bbb", 3, "v2")]
    told, said = imported(tmp_path, *pods, owner("Deployment", "chat", "v2"))

    assert told == {"shop/chat": (4, 3, 3)}
    assert "Deployment shop/chat: assumed: has 3 pods and asks for 2 (a roll-out?): each is a copy" in said
    assert "a roll-out?" not in imported(tmp_path, *pods[:2], owner("Deployment", "chat", "v1"))[1]


def test_rules_of_one_revision_are_one_rule(tmp_path: Path) -> None:
    """The server writes the hash of the template into selectors (`matchLabelKeys`): copies of both need the same."""

    def merged(digest: str, keys: str = "pod-template-hash") -> Json:
        mine = {"key": keys, "operator": "In", "values": [digest]}
        selector = {"matchLabels": {"app": "chat"}, "matchExpressions": [mine]}
        rule = {"topologyKey": HOST, "labelSelector": selector, "matchLabelKeys": [keys]}
        zones = spread(ZONE, "chat") | {"labelSelector": selector, "matchLabelKeys": [keys]}
        return {"affinity": {"podAntiAffinity": {REQUIRED: [rule]}}, "topologySpreadConstraints": [zones]}

    old = generation("aaa", 1, "v1", spec=merged("aaa"))
    new = generation("bbb", 3, "v2", number=1, spec=merged("bbb"))
    told, said = imported(tmp_path, old, new)

    assert told == {"shop/chat": (4, 2, 2)}
    assert "affinity[kubernetes.io/hostname].matchLabelKeys: ignored: pod-template-hash is not compared" in said
    own = generation("aaa", 1, "v1", spec=merged("v1", "version"))
    assert "is not compared" not in imported(tmp_path, own)[1]


def test_a_deployment_without_a_specification_has_the_template_of_its_pods(tmp_path: Path) -> None:
    """What a person cut off is not there to carry over."""
    bare = owner("Deployment", "chat", "i")
    del bare["spec"]
    assert runs(exported(tmp_path, generation("aaa", 1, "i"), bare)) == "i"
