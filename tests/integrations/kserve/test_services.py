"""InferenceServices that run, as templates: what serves goes on, the plan says where; read again they are the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

import placement
from placement.documents import Problem
from placement.errors import DocumentError
from placement.integrations.kserve import KServeWish, export_kserve
from placement.integrations.kubernetes import import_kubernetes
from tests.cli.test_solve import run as command
from tests.integrations.kserve.test_kserve import SCHEMA, documents, unknown
from tests.integrations.kubernetes.clusters import apart, node, pod, write
from tests.integrations.kubernetes.simulated import run
from tests.integrations.kubernetes.test_pods import claim, gpu, slices

if TYPE_CHECKING:
    from pathlib import Path

    from placement.documents import Plan

Doc = dict[str, Any]
TAKES = {"requests": {"cpu": "4", "memory": "16Gi"}, "limits": {"nvidia.com/gpu": "1"}}


def service(name: str, **predictor: Any) -> Doc:
    """As kubectl prints it."""
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": name,
            "namespace": "shop",
            "annotations": {
                "serving.kserve.io/enable-prometheus-scraping": "true",
                "kubectl.kubernetes.io/last-applied-configuration": "{}",
            },
        },
        "spec": {"predictor": {"minReplicas": 2, "maxReplicas": 5, **predictor}},
        "status": {"url": "http://x"},
    }


MODEL: Doc = {
    "modelFormat": {"name": "vllm"},
    "storageUri": "s3://models/chat $(rm -rf /)",
    "args": ["--max-model-len=4096", "a: b # c"],
    "env": [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token"}}}],
    "resources": TAKES,
}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
OWN_RULE = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "disk", "operator": "In", "values": ["fast"]}]}]
        }
    }
}


def pods_of(services: list[Doc], nodes: list[Doc], other: list[Doc] | None = None) -> list[Doc]:
    """What KServe's controller and a scheduler make of services, beside pods that run anyway."""
    made = []
    for row in services:
        predictor = row["spec"]["predictor"]
        name = f"{row['metadata']['name']}-predictor"
        labels = {**predictor.get("labels", {}), "serving.kserve.io/inferenceservice": row["metadata"]["name"]}
        kept = ("nodeSelector", "affinity", "topologySpreadConstraints", "tolerations", "initContainers")
        spec = {key: predictor[key] for key in kept if key in predictor}
        serves = predictor["model"] if "model" in predictor else predictor["containers"][0]
        taken = {key: serves[key] for key in ("resources", "ports") if key in serves}
        spec["containers"] = [{"name": "kserve-container", "image": "runtime", **taken}]
        template = {"metadata": {"labels": labels, "annotations": predictor.get("annotations", {})}, "spec": spec}
        metadata = {"name": name, "namespace": row["metadata"].get("namespace", "default")}
        count = predictor["minReplicas"]
        made.append({"kind": "Deployment", "metadata": metadata, "spec": {"replicas": count, "template": template}})
    return run(nodes, made, other or [])


@pytest.fixture
def cluster(tmp_path: Path) -> tuple[str, str, list[Doc]]:
    """Files of a cluster with two services, and of the services; and the nodes."""
    nodes = [node(f"n{k}", zone=f"us-east-1{'ab'[k % 2]}", labels={"disk": "fast"}) for k in range(4)]
    nodes.append(node("slow"))
    chat = service("chat", model=MODEL, affinity=OWN_RULE, tolerations=[{"key": "gpu", "operator": "Exists"}])
    image = {"name": "kserve-container", "image": "me/rank:1", "resources": TAKES}
    sidecar = {"name": "log", "image": "me/log:1"}
    rank = service("rank", containers=[image, sidecar], minReplicas=1, maxReplicas=1)
    rank["spec"]["transformer"] = {"containers": []}
    objects = pods_of([chat, rank], nodes)
    return (
        write(tmp_path / "cluster.json", *objects, chat, rank),
        write(tmp_path / "services.json", chat, rank),
        nodes,
    )


def planned(file: str) -> tuple[Problem, Plan, str]:
    """The cluster as a problem, a plan of it, and the notes."""
    found = import_kubernetes([file])
    plan = placement.solve(found.problem, "ffd").plan
    assert plan is not None
    return found.problem, plan, "\n".join(map(str, found.notes))


def test_what_serves_goes_on(cluster: tuple[str, str, list[Doc]]) -> None:
    """Model, arguments, secrets by name, containers and tolerations are those of now; copies and places the plan's."""
    file, live, _ = cluster
    problem, plan, notes = planned(file)
    assert "InferenceService shop/chat spec.predictor.maxReplicas: ignored: 5 copies" in notes
    assert "objects of this kind are not read" not in notes
    found = export_kserve(problem, plan, KServeWish(cluster=(live,)))
    rows = documents(found.files["inference-services.yaml"])
    told = "\n".join(map(str, found.notes))

    assert {row["metadata"]["namespace"] for row in rows} == {"shop"}
    for row in rows:
        predictor = row["spec"]["predictor"]
        assert row["metadata"]["annotations"]["serving.kserve.io/enable-prometheus-scraping"] == "true"
        assert not any("last-applied" in key for key in row["metadata"]["annotations"])
        if "model" in predictor:
            assert predictor["model"] == MODEL
            assert predictor["tolerations"] == [{"key": "gpu", "operator": "Exists"}]
            assert predictor["affinity"]["nodeAffinity"] == OWN_RULE["nodeAffinity"]
        else:
            assert [each["image"] for each in predictor["containers"]] == ["me/rank:1", "me/log:1"]
    assert sum(row["spec"]["predictor"]["minReplicas"] for row in rows) == len(plan.assignments) == 3
    assert "InferenceService shop/chat: inexact: runs shop/chat-predictor now" in told
    for old in ("chat", "rank"):
        names = [row["metadata"]["name"] for row in rows if old in row["metadata"]["name"]]
        (line,) = [str(note) for note in found.notes if str(note).startswith(f"InferenceService shop/{old}: inexact")]
        new = f"{', '.join(names)} {'takes' if len(names) == 1 else 'take'} its place under another address"
        assert line.index(new) < line.index("only then delete this one")
    assert "InferenceService shop/rank spec.transformer: ignored: only predictors are written" in told
    assert "no label kserve.image" not in told


def test_the_schema_takes_it(cluster: tuple[str, str, list[Doc]]) -> None:
    """With templates too."""
    if not SCHEMA.exists():
        pytest.skip("shared/published/platform-schemas is not here")
    schema = json.loads(SCHEMA.read_text())
    file, live, _ = cluster
    problem, plan, _ = planned(file)
    pins: tuple[Literal["pool", "machine"], ...] = ("pool", "machine")
    for pin in pins:
        found = export_kserve(problem, plan, KServeWish(pin=pin, cluster=(live,)))
        for row in documents(found.files["inference-services.yaml"]):
            assert [str(fault) for fault in Draft202012Validator(schema).iter_errors(row)] == []
            assert unknown(schema, row) == []


@pytest.mark.parametrize("pin", ["pool", "machine"])
def test_what_was_exported_is_the_same_when_it_is_read_again(
    tmp_path: Path, cluster: tuple[str, str, list[Doc]], pin: str
) -> None:
    """Names, options, rules and counts, twice over: the services hold no later plan to this one."""
    file, live, nodes = cluster
    problem, plan, _ = planned(file)
    names = [row.name for row in problem.components]
    rules = [row.modes for row in problem.components]
    for turn in range(2):
        found = export_kserve(problem, plan, KServeWish(pin=pin, cluster=(live,)))  # type: ignore[arg-type]
        rows = documents(found.files["inference-services.yaml"])
        file = write(tmp_path / f"again-{turn}.json", *pods_of(rows, nodes), *rows)
        live = write(tmp_path / f"live-{turn}.json", *rows)
        problem, plan, _ = planned(file)
        assert [row.name for row in problem.components] == names
        assert [row.modes for row in problem.components] == rules
        assert len(problem.placements) == 3
    found = export_kserve(problem, plan, KServeWish(pin=pin, cluster=(live,)))  # type: ignore[arg-type]
    for row in documents(found.files["inference-services.yaml"]):
        if "model" in row["spec"]["predictor"]:
            assert row["spec"]["predictor"]["model"] == MODEL


def test_by_the_command_line(tmp_path: Path, cluster: tuple[str, str, list[Doc]]) -> None:
    """Files that are damaged are refused by object and field; a list without nodes is enough."""
    file, live, _ = cluster
    problem, plan, _ = planned(file)
    (tmp_path / "p.json").write_text(json.dumps(problem.to_document()))
    (tmp_path / "plan.json").write_text(json.dumps(plan.to_document()))
    words = ("export", "kserve", str(tmp_path / "p.json"), str(tmp_path / "plan.json"), "--out")
    done = command(*words, str(tmp_path / "out"), "--cluster", live)
    assert done.exit_code == 0, done.stderr
    assert "s3://models/chat $(rm -rf /)" in (tmp_path / "out" / "inference-services.yaml").read_text()
    broken = json.loads((tmp_path / "services.json").read_text())
    broken["items"][1]["spec"]["predictor"] = 7
    (tmp_path / "broken.json").write_text(json.dumps(broken))
    done = command(*words, str(tmp_path / "no"), "--cluster", str(tmp_path / "broken.json"))
    assert done.exit_code == 2
    assert "InferenceService shop/rank" in done.stderr
    assert not (tmp_path / "no").exists()


def test_what_pins_the_pods_of_a_service_is_kept(tmp_path: Path) -> None:
    """On the service or on its predictor: KServe gives its pods both."""
    disrupt, evict = "karpenter.sh/do-not-disrupt", "cluster-autoscaler.kubernetes.io/safe-to-evict"
    chat = service("chat", model=MODEL, annotations={disrupt: "true"})
    chat["metadata"]["annotations"][evict] = "false"
    file = write(tmp_path / "all.json", *pods_of([chat], [node("n0")]), chat)
    problem, plan, _ = planned(file)
    assert all(row.pinned for row in problem.placements)
    (row,) = documents(export_kserve(problem, plan, KServeWish(cluster=(file,))).files["inference-services.yaml"])

    assert row["spec"]["predictor"]["annotations"][disrupt] == "true"
    assert row["metadata"]["annotations"][evict] == "false"


@pytest.mark.parametrize(
    "predictor",
    [
        *(None, [], 7, {"annotations": 3}, {"labels": [1]}, {"annotations": {"a": []}}, {"containers": [3]}),
        *({"nodeSelector": [1]}, {"affinity": []}, {"affinity": {"podAntiAffinity": 3}}, {"containers": {}}),
        {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [3]}}}},
        {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"labelSelector": {}}]}}},
        {"topologySpreadConstraints": [{"maxSkew": "one", "topologyKey": "zone"}]},
    ],
)
def test_damaged_services_are_named(tmp_path: Path, cluster: tuple[str, str, list[Doc]], predictor: Any) -> None:
    """Object and field."""
    file, _, _ = cluster
    problem, plan, _ = planned(file)
    row = service("chat")
    row["spec"]["predictor"] = predictor
    with pytest.raises(DocumentError, match=r"spec\.predictor.* \(InferenceService shop/chat\)"):
        export_kserve(problem, plan, KServeWish(cluster=(write(tmp_path / "odd.json", row),)))


@pytest.mark.parametrize("predictor", [{"model": 3}, {"containers": []}, {"affinity": None}])
def test_what_serves_by_no_word_of_kserve(tmp_path: Path, cluster: tuple[str, str, list[Doc]], predictor: Doc) -> None:
    """The service is written with what the labels of the component say."""
    file, _, _ = cluster
    problem, plan, _ = planned(file)
    row = service("chat")
    row["spec"]["predictor"] = predictor
    found = export_kserve(problem, plan, KServeWish(cluster=(write(tmp_path / "odd.json", row),)))
    (made, *_) = documents(found.files["inference-services.yaml"])
    assert made["spec"]["predictor"]["model"]["modelFormat"] == {"name": "huggingface"}


HOST = "kubernetes.io/hostname"


def required(text: str, name: str) -> list[Doc]:
    """Terms of the service of that name."""
    (row,) = [row for row in documents(text) if name in row["metadata"]["name"]]
    found: list[Doc] = row["spec"]["predictor"]["affinity"]["podAntiAffinity"][REQUIRED]
    return found


def beside(tmp_path: Path, **predictor: Any) -> tuple[str, str]:
    """Files of a cluster with a service beside pods of a StatefulSet and of a Deployment, and of the service."""
    nodes = [node(f"n{k}") for k in range(4)]
    chat = service("chat", model=MODEL, minReplicas=1, maxReplicas=1, labels={"app": "chat"}, **predictor)
    other = [pod("db-0", "n0", "db", kind="StatefulSet", gpus=1), pod("web-0", "n1", "web", gpus=1)]
    objects = pods_of([chat], nodes, other)
    return write(tmp_path / "all.json", *objects, chat), write(tmp_path / "services.json", chat)


def exported(problem: Problem, *files: str) -> tuple[str, str]:
    """The services, and the notes."""
    plan = placement.solve(problem, "ffd").plan
    assert plan is not None
    found = export_kserve(problem, plan, KServeWish(cluster=files))
    return found.files["inference-services.yaml"], "\n".join(map(str, found.notes))


@pytest.mark.parametrize("whole", [True, False])
def test_a_service_s_own_terms_about_hosts_stay(tmp_path: Path, whole: bool) -> None:
    """The pods that they are about have no label of ours; where no pods are given, that whom it is about is told."""
    file, live = beside(tmp_path, affinity=apart(HOST, "db"))
    problem, _, _ = planned(file)
    text, told = exported(problem, file if whole else live)
    (term,) = [row for row in required(text, "chat") if "namespaces" not in row]
    assert term == apart(HOST, "db")["podAntiAffinity"][REQUIRED][0]
    assert ("whom it is about is not known" in told) is not whole
    assert ("component shop/db avoid" in told or "component shop/chat-predictor avoid" in told) is not whole
    assert text.count("# ") >= told.count("\n")


def test_pods_that_are_no_service_are_kept_off(tmp_path: Path) -> None:
    """By their own labels, which nobody else has; no service is written of a StatefulSet, and a Deployment is named."""
    file, live = beside(tmp_path)
    rows = import_kubernetes([file]).problem.to_document()
    (chat,) = [row for row in rows["components"] if "chat" in row["name"]]
    chat["avoid"] = ["shop/db"]
    problem = placement.Problem(**rows)
    text, told = exported(problem, file)
    (term,) = required(text, "chat")
    assert (term["namespaces"], term["labelSelector"]) == (["shop"], {"matchLabels": {"app": "db"}})
    assert "name: shop-db" not in text
    assert "component shop/db: inexact: its owner is a StatefulSet: its pods are left as they are" in told
    assert "component shop/web: inexact: Deployment shop/web runs its copies now and is no service" in told
    _, told = exported(problem, live)
    assert "pods of shop/db are left as they are" in told
    assert "nothing keeps them apart" in told
    _, told = exported(problem)
    assert "chat-predictor runs its copies now and is no service" not in told


def test_bug_services_in_place_of_deployments_stand_the_taints_of_their_nodes(tmp_path: Path) -> None:
    """Nodes with accelerators are tainted as a rule: without tolerations all new pods waited, and nobody was told."""
    taint = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
    stands = [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    added = {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}
    spec = {"tolerations": [*stands, added | {"tolerationSeconds": 300}], "runtimeClassName": "nvidia"}
    row = pod("a-0", "n1", "a", gpus=1, spec=spec)
    source = write(tmp_path / "c.json", node("n1", taints=[taint]), row)
    problem = import_kubernetes([source]).problem
    plan = placement.solve(problem, "ffd").plan
    found = export_kserve(problem, plan, KServeWish(cluster=(source,)))

    (made,) = documents(found.files["inference-services.yaml"])
    assert made["spec"]["predictor"]["tolerations"] == stands
    assert made["spec"]["predictor"]["runtimeClassName"] == "nvidia"
    assert "taint" not in "\n".join(map(str, found.notes))
    alone = "\n".join(map(str, export_kserve(problem, plan).notes))
    assert "taints: inexact: are not known of all nodes, so services have no tolerations for them" in alone
    later = write(tmp_path / "later.json", node("n1", taints=[taint, {**taint, "key": "team"}]), row)
    told = "\n".join(map(str, export_kserve(problem, plan, KServeWish(cluster=(later,))).notes))
    assert "its nodes have the taint team=present:NoSchedule, which pods of shop/a do not tolerate" in told


def test_partitions_of_two_kinds_need_no_time_slicing(tmp_path: Path) -> None:
    """Their device plugin hands out each of them: pods ask for partitions."""
    cut = {"nvidia.com/gpu": None, "nvidia.com/mig-1g.5gb": "4", "nvidia.com/mig-3g.20gb": "1"}
    rows = [pod(f"a-{k}", "n1", "a", limits={"nvidia.com/mig-1g.5gb": "1"}, cpu="1", memory="1Gi") for k in range(2)]
    source = write(tmp_path / "c.json", node("n1", "p4d.24xlarge", allocatable=cut), *rows)
    problem = import_kubernetes([source]).problem
    found = export_kserve(problem, placement.solve(problem, "ffd").plan, KServeWish(cluster=(source,)))
    (made,) = documents(found.files["inference-services.yaml"])
    assert made["spec"]["predictor"]["model"]["resources"]["limits"]["nvidia.com/mig-1g.5gb"] == "1"
    assert "time slicing" not in "\n".join(map(str, found.notes))


def test_terms_that_the_problem_no_longer_says_are_dropped(tmp_path: Path) -> None:
    """The plan may put them on one host."""
    file, _ = beside(tmp_path, affinity=apart(HOST, "db"))
    rows = import_kubernetes([file]).problem.to_document()
    for row in rows["components"]:
        row.pop("avoid", None)
    text, _ = exported(placement.Problem(**rows), file)
    (chat,) = [row for row in documents(text) if "chat" in row["metadata"]["name"]]
    predictor = chat["spec"]["predictor"]
    assert "podAntiAffinity" not in predictor.get("affinity", {})
    assert "apart" not in json.loads(predictor["annotations"]["gpu-placement/rules"])


def claimed(**predictor: Any) -> list[Doc]:
    """A node whose accelerators are handed out by claims, a pod of a service that has one, and that service."""
    held = pod("chat-0", "n1", "chat-predictor")
    held["metadata"]["labels"]["serving.kserve.io/inferenceservice"] = "chat"
    held["spec"]["resourceClaims"] = [{"name": "g", "resourceClaimName": "one"}]
    made = service("chat", model={**MODEL, "resources": {"claims": [{"name": "g"}]}}, **predictor)
    return [node("n1", gpus=0), slices(gpu(0)), claim("one", ["gpu-0"]), held, made]


def by_claims(tmp_path: Path, objects: list[Doc], *, is_given: bool = True) -> tuple[Doc, str]:
    """The predictor of an export's one service, and the notes."""
    source = write(tmp_path / "c.json", *objects)
    text, told = exported(import_kubernetes([source]).problem, *([source] if is_given else []))
    (made,) = documents(text)
    if SCHEMA.exists():
        Draft202012Validator(json.loads(SCHEMA.read_text())).validate(made)
    return made["spec"]["predictor"], told


def test_claims_of_a_service_stay(tmp_path: Path) -> None:
    """What the model refers to is there, and no resource of a device plugin is asked for beside it."""
    template = [{"name": "g", "resourceClaimTemplateName": "gpus"}]
    objects = claimed(resourceClaims=template)
    predictor, notes = by_claims(tmp_path, objects)
    assert predictor["resourceClaims"] == template
    assert predictor["model"]["resources"] == {"claims": [{"name": "g"}]}
    assert "resourceClaims" not in notes

    del objects[-1]["spec"]["predictor"]["model"]["resources"]
    predictor, _ = by_claims(tmp_path, objects)
    assert "nvidia.com/gpu" not in json.dumps(predictor)

    predictor, notes = by_claims(tmp_path, claimed(resourceClaims=[{"name": "g", "resourceClaimName": "one"}]))
    assert predictor["resourceClaims"] == [{"name": "g", "resourceClaimName": "one"}]
    assert "resourceClaims: inexact: all its pods share ResourceClaim one, whose devices are of one node" in notes


def test_claims_that_no_service_tells_of_are_told(tmp_path: Path) -> None:
    """Without the services a resource is asked for, which nodes with claims may not have."""
    predictor, notes = by_claims(tmp_path, claimed(), is_given=False)
    assert "nvidia.com/gpu" in json.dumps(predictor)
    assert "accelerators: inexact: are asked for as nvidia.com/gpu: where claims hand them out, give --cluster" in notes

    _, notes = by_claims(tmp_path, claimed()[:-1])
    assert "resourceClaims: inexact: its pods have accelerators by claims now, and no service tells of these" in notes


def test_labels_and_targets_of_a_service_stay(tmp_path: Path) -> None:
    """Who may reach it and which queue it waits in; not what names the tool that manages the one that runs."""
    row = service("chat", model=MODEL, scaleTarget=60, scaleMetric="cpu")
    row["metadata"]["labels"] = {
        "networking.kserve.io/visibility": "cluster-local",
        "kueue.x-k8s.io/queue-name": "q",
        "argocd.argoproj.io/instance": "shop",
    }
    file = write(tmp_path / "c.json", *pods_of([row], [node("n1")]), row)
    problem, plan, _ = planned(file)
    found = export_kserve(problem, plan, KServeWish(cluster=(file,)))

    (made,) = documents(found.files["inference-services.yaml"])
    kept = {key: value for key, value in made["metadata"]["labels"].items() if not key.startswith("gpu-placement/")}
    assert kept == {"networking.kserve.io/visibility": "cluster-local", "kueue.x-k8s.io/queue-name": "q"}
    assert (made["spec"]["predictor"]["scaleTarget"], made["spec"]["predictor"]["scaleMetric"]) == (60, "cpu")
    if SCHEMA.exists():
        Draft202012Validator(json.loads(SCHEMA.read_text())).validate(made)
    told = "\n".join(map(str, found.notes))
    assert "InferenceService shop/chat argocd.argoproj.io/instance: ignored: say which tool manages it" in told


@pytest.mark.parametrize("autoscaler", ["hpa", "external"])
def test_what_plain_deployments_can_t_have_is_told(tmp_path: Path, autoscaler: Literal["hpa", "external"]) -> None:
    """A canary, targets of another autoscaler, and the mode that it had."""
    row = service("chat", model=MODEL, scaleTarget=8, scaleMetric="concurrency", canaryTrafficPercent=10)
    row["spec"]["predictor"]["autoScaling"] = {"metrics": []}
    row["metadata"]["annotations"] |= {
        "serving.kserve.io/deploymentMode": "Serverless",
        "serving.kserve.io/autoscalerClass": "kpa",
    }
    file = write(tmp_path / "c.json", *pods_of([row], [node("n1")]), row)
    problem, plan, _ = planned(file)
    found = export_kserve(problem, plan, KServeWish(cluster=(file,), autoscaler=autoscaler))

    (made,) = documents(found.files["inference-services.yaml"])
    lost = ("scaleTarget", "scaleMetric", "canaryTrafficPercent", "autoScaling")
    assert not {*made["spec"]["predictor"]} & {*lost}
    told = "\n".join(map(str, found.notes))
    for name in lost:
        assert f"InferenceService shop/chat spec.predictor.{name}: ignored: " in told
    assert "annotation serving.kserve.io/deploymentMode: inexact: Serverless" in told
    assert f"annotation serving.kserve.io/autoscalerClass: inexact: kpa: {autoscaler} here" in told


def test_services_that_shrink_stand_in_a_file_of_their_own(tmp_path: Path) -> None:
    """A second export over the first: their copies would be gone before those elsewhere run."""
    nodes = [node(f"n{k}", zone=f"us-east-1{'ab'[k]}") for k in range(2)]
    one = service("chat", model=MODEL, minReplicas=4, maxReplicas=4)
    source = write(tmp_path / "0.json", *pods_of([one], [nodes[0]]), nodes[1], one)
    problem = import_kubernetes([source]).problem
    plan = placement.solve(problem, "ffd").plan
    assert plan is not None
    first = documents(export_kserve(problem, plan, KServeWish(cluster=(source,))).files["inference-services.yaml"])
    assert [row["spec"]["predictor"]["minReplicas"] for row in first] == [4]

    source = write(tmp_path / "1.json", *pods_of(first, [nodes[0]]), nodes[1], *first)
    document = import_kubernetes([source]).problem.to_document()
    document["components"][0]["spread"] = {"max_skew": 1}
    problem = Problem(**document)
    plan = placement.solve(problem, "ffd").plan
    assert plan is not None
    found = export_kserve(problem, plan, KServeWish(cluster=(source,)))
    (new,), (smaller,) = (documents(text) for text in found.files.values())

    assert [*found.files] == ["inference-services.yaml", "smaller-inference-services.yaml"]
    assert smaller["metadata"] == first[0]["metadata"]
    assert [row["spec"]["predictor"]["minReplicas"] for row in (new, smaller)] == [2, 2]
    assert "fewer copies than now, so apply it last" in "\n".join(map(str, found.notes))


def test_services_on_whole_accelerators_keep_off_shared_ones(tmp_path: Path) -> None:
    """Nodes of one type and zone differ by the label of how many share an accelerator."""
    sliced = node("n2", gpus=16, labels={"nvidia.com/gpu.replicas": "4"})
    source = write(tmp_path / "c.json", node("n1"), sliced, pod("a", "n1", "a", gpus=4), pod("b", "n2", "b", gpus=1))
    problem = import_kubernetes([source]).problem
    still = Problem(**{**problem.to_document(), "objective": {"max_moves": 0}})
    plan = placement.solve(still, "ffd").plan
    assert plan is not None
    wish = KServeWish(cluster=(source,), sharing="time-slicing")
    whole, shared = documents(export_kserve(still, plan, wish).files["inference-services.yaml"])

    off = {"key": "nvidia.com/gpu.replicas", "operator": "NotIn", "values": ["4"]}
    required = whole["spec"]["predictor"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert required["nodeSelectorTerms"] == [{"matchExpressions": [off]}]
    assert shared["spec"]["predictor"]["nodeSelector"]["nvidia.com/gpu.replicas"] == "4"
    assert "NotIn" not in json.dumps(shared)
