"""Plans for KServe and KEDA: manifests that their schema takes, with the copies of the plan where it has them."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import placement
from placement import Plan, Problem
from placement.compiled.translate import to_plan
from placement.integrations.keda import KedaWish, export_keda
from placement.integrations.kserve import KServeWish, export_kserve
from placement.integrations.kubernetes import ExportWishes, export_kubernetes
from tests.corpus import first, plans, seeds
from tests.integrations.manifests import read_objects

Doc = dict[str, Any]
SCHEMA = Path(__file__).resolve().parents[4] / "shared/published/platform-schemas/inferenceservice_v1beta1.json"
NAME = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")

PROBLEM: Doc = {
    "name": "for-kserve",
    "accelerators": {"L4": {"memory_gib": 24}},
    "instance_types": {
        "g6.12xlarge": {
            "accelerator": "L4",
            "accelerator_count": 4,
            "vcpus": 48,
            "memory_gib": 192,
            "price_per_hour": 4.6,
        }
    },
    "pools": [
        {"name": "a", "instance_type": "g6.12xlarge", "zone": "za", "labels": {"karpenter.sh/capacity-type": "spot"}},
        {"name": "b", "instance_type": "g6.12xlarge", "zone": "zb", "labels": {"team": "ours"}},
    ],
    "components": [
        {
            "name": "chat",
            "copies": 3,
            "dedicated": True,
            "spread": {"max_per_instance": 1},
            "options": [
                {"name": "tp2", "accelerators": 2, "accelerator_memory_gib": 20, "vcpus": 1.5, "throughput": 6},
                {"name": "tp1", "accelerator_memory_gib": 22, "memory_gib": 8, "throughput": 2},
            ],
            "labels": {"kserve.image": "vllm/vllm-openai:v0.11"},
        },
        {
            "name": "guard",
            "copies": 3,
            "shared": True,
            "accelerator_memory_gib": 7,
            "accelerator_share": 0.25,
            "groups": ["small"],
            "labels": {"kserve.storage_uri": "hf://org/guard", "kserve.runtime": "vllm"},
        },
        {
            "name": "batch",
            "copies": 1,
            "shared": True,
            "accelerators": 2,
            "accelerator_memory_gib": 2,
            "avoid": ["group:small"],
        },
    ],
    "instances": [{"id": "node-1", "pool": "b"}],
}
PLAN: Doc = {
    "instances": [
        {"id": "node-1", "pool": "b", "new": False},
        *({"id": f"a/new-{k}", "pool": "a"} for k in (1, 2, 3, 4)),
    ],
    "assignments": [
        {"component": "chat", "option": 0, "instance": "a/new-1", "accelerators": [0, 1]},
        {"component": "chat", "option": 0, "instance": "a/new-2", "accelerators": [0, 1]},
        {"component": "chat", "option": 1, "instance": "a/new-3", "accelerators": [0]},
        {"component": "guard", "instance": "node-1", "accelerators": [0]},
        {"component": "guard", "instance": "node-1", "accelerators": [0]},
        {"component": "guard", "instance": "node-1", "accelerators": [1]},
        {"component": "batch", "instance": "a/new-4", "accelerators": [0, 1]},
    ],
}


def documents(text: str) -> list[Doc]:
    """All documents of a file."""
    return read_objects(text)


def services(problem: Problem, plan: Plan, wish: KServeWish | None = None) -> list[Doc]:
    """The services of an export."""
    files = export_kserve(problem, plan, wish or KServeWish()).files
    assert list(files) == ["inference-services.yaml"]
    return documents(files["inference-services.yaml"])


def unknown(schema: Doc, value: Any, path: str = "$") -> list[str]:
    """Keys that the schema does not have: an API server would drop or refuse them, which JSON Schema does not tell."""
    if schema.get("x-kubernetes-preserve-unknown-fields") or schema.get("x-kubernetes-int-or-string"):
        return []
    if isinstance(value, list):
        return [fault for k, row in enumerate(value) for fault in unknown(schema.get("items", {}), row, f"{path}[{k}]")]
    if not isinstance(value, dict) or "properties" not in schema:
        return []
    known = schema["properties"]
    faults = [f"{path}.{key}" for key in value if key not in known]
    return faults + [
        fault for key, row in value.items() if key in known for fault in unknown(known[key], row, f"{path}.{key}")
    ]


def test_the_pair_keeps_every_rule() -> None:
    """Else it would be no plan to export."""
    assert placement.verify(Problem(**PROBLEM), Plan(**PLAN)).ok


def test_what_a_service_says() -> None:
    """Copies, where, beside whom, and what each takes."""
    found = {row["metadata"]["name"]: row["spec"]["predictor"] for row in services(Problem(**PROBLEM), Plan(**PLAN))}
    assert {name: (row["minReplicas"], row["maxReplicas"]) for name, row in found.items()} == {
        "chat-tp2-a": (2, 2),
        "chat-tp1-a": (1, 1),
        "guard-b": (3, 3),
        "batch-a": (1, 1),
    }
    chat = found["chat-tp2-a"]
    assert chat["nodeSelector"] == {
        "node.kubernetes.io/instance-type": "g6.12xlarge",
        "topology.kubernetes.io/zone": "za",
        "karpenter.sh/capacity-type": "spot",
    }
    (container,) = chat["containers"]
    assert (container["name"], container["image"]) == ("kserve-container", "vllm/vllm-openai:v0.11")
    assert container["resources"]["limits"] == {"nvidia.com/gpu": "2"}
    assert container["resources"]["requests"] == {"cpu": "1500m", "nvidia.com/gpu": "2"}
    terms = chat["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert [row["labelSelector"]["matchExpressions"][1]["operator"] for row in terms] == ["NotIn"]
    (spread,) = chat["topologySpreadConstraints"]
    assert (spread["maxSkew"], spread["topologyKey"]) == (1, "kubernetes.io/hostname")
    assert spread["labelSelector"] == {"matchLabels": {"gpu-placement/component": "chat"}}
    assert found["guard-b"]["model"] == {
        "modelFormat": {"name": "huggingface"},
        "storageUri": "hf://org/guard",
        "runtime": "vllm",
        "resources": {"requests": {"nvidia.com/gpu": "1"}, "limits": {"nvidia.com/gpu": "1"}},
    }
    (term,) = found["batch-a"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["labelSelector"]["matchExpressions"][0]["values"] == ["guard"]


def test_who_shares_an_accelerator() -> None:
    """KAI counts memory by annotation, HAMi by resources; a copy that owns accelerators asks for whole ones."""
    by = {
        sharing: {
            row["metadata"]["name"]: row["spec"]["predictor"]
            for row in services(Problem(**PROBLEM), Plan(**PLAN), KServeWish(sharing=sharing))
        }
        for sharing in ("kai", "hami")
    }
    batch, guard = by["kai"]["batch-a"], by["kai"]["guard-b"]
    assert shared_by(batch) == {"gpu-memory": "2048", "gpu-fraction-num-devices": "2"}
    assert shared_by(guard) == {"gpu-memory": "7168"}
    assert guard["schedulerName"] == "kai-scheduler"
    assert guard["labels"]["kai.scheduler/queue"] == "default"
    assert guard["model"]["resources"]["limits"] == {}
    limits = by["hami"]["guard-b"]["model"]["resources"]["limits"]
    assert limits == {"nvidia.com/gpu": "1", "nvidia.com/gpumem": "7168", "nvidia.com/gpucores": "25"}
    assert by["kai"]["chat-tp1-a"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"


def shared_by(predictor: Doc) -> Doc:
    """Its annotations but those by which it is known again."""
    return {key: value for key, value in predictor["annotations"].items() if not key.startswith("gpu-placement/")}


def test_copies_that_share_by_share_alone() -> None:
    """HAMi takes a memory of 0 for all of it, KAI refuses it."""
    rows = [{**row, "accelerator_share": 0.375} if row["name"] == "guard" else row for row in PROBLEM["components"]]
    rows = [{key: value for key, value in row.items() if key != "accelerator_memory_gib"} for row in rows]
    problem = Problem(**{**PROBLEM, "components": rows})
    by = {}
    for sharing in ("kai", "hami"):
        made = services(problem, Plan(**PLAN), KServeWish(sharing=sharing))
        (by[sharing],) = (row["spec"]["predictor"] for row in made if row["metadata"]["name"] == "guard-b")
    assert shared_by(by["kai"]) == {"gpu-fraction": "0.375"}
    limits = by["hami"]["model"]["resources"]["limits"]
    assert limits == {"nvidia.com/gpu": "1", "nvidia.com/gpumem": "1", "nvidia.com/gpucores": "37"}


def selectors(labels: Doc, **row: str) -> tuple[Doc, str]:
    """Labels by which copies of pool b select nodes, and the notes."""
    kinds = dict.fromkeys(("g6.12xlarge", "g6.12xlarge #2"), PROBLEM["instance_types"]["g6.12xlarge"])
    pools = [PROBLEM["pools"][0], PROBLEM["pools"][1] | row | {"labels": labels}]
    problem = Problem(**{**PROBLEM, "instance_types": kinds, "pools": pools})
    found = export_kserve(problem, Plan(**PLAN))
    made = documents(found.files["inference-services.yaml"])
    (chosen,) = (row["spec"]["predictor"]["nodeSelector"] for row in made if row["metadata"]["name"] == "guard-b")
    return chosen, "\n".join(map(str, found.notes))


def test_nodes_are_selected_by_what_can_be_a_label() -> None:
    """What can't would be refused by the server; nodes without a zone have no label that says so."""
    kind, zone = "node.kubernetes.io/instance-type", "topology.kubernetes.io/zone"
    found, notes = selectors({"a/b": "x y"}, instance_type="g6.12xlarge #2", zone="no-zone")
    assert found == {}
    for told in (f"{kind}=g6.12xlarge #2", "a/b=x y"):
        assert f"pool b: inexact: {told} can be no label of a node" in notes
    found, notes = selectors({kind: "g6.12xlarge", "example.com/rack": "r1"}, zone="r1")
    assert found == {kind: "g6.12xlarge", "example.com/rack": "r1"}
    assert "can be no label" not in notes
    assert selectors({"karpenter.sh/nodepool": "gpu"})[0] == {
        "karpenter.sh/nodepool": "gpu",
        kind: "g6.12xlarge",
        zone: "zb",
    }


def test_a_machine_that_runs_can_be_pinned() -> None:
    """By its node's name; one that does not run yet has none, so its pool stands for it."""
    found = {
        row["metadata"]["name"]: row["spec"]["predictor"]
        for row in services(Problem(**PROBLEM), Plan(**PLAN), KServeWish(pin="machine"))
    }
    assert list(found) == ["chat-tp2-a", "chat-tp1-a", "guard-b-node-1", "batch-a"]
    assert found["chat-tp2-a"]["minReplicas"] == 2
    affinity = found["guard-b-node-1"]["affinity"]["nodeAffinity"]
    (term,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term["matchFields"] == [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]


@seeds(range(150), 12)
def test_every_copy_is_in_a_service(seeds: range) -> None:
    """By component, type and zone; names are names, and no two are alike."""
    seen = 0
    for _, problem, fleet, packing in plans(seeds):
        plan = to_plan(fleet, packing)
        pools = {row.name: row for row in problem.pools}
        of = {row.id: pools[row.pool] for row in plan.instances}
        wanted = Counter(
            (row.component, of[row.instance].instance_type, of[row.instance].zone) for row in plan.assignments
        )
        found: Counter[Any] = Counter()
        rows = services(problem, plan)
        for row in rows:
            predictor = row["spec"]["predictor"]
            node = predictor["nodeSelector"]
            place = node["node.kubernetes.io/instance-type"], node["topology.kubernetes.io/zone"]
            found[(predictor["labels"]["gpu-placement/component"], *place)] += predictor["minReplicas"]
            assert NAME.fullmatch(row["metadata"]["name"])
            assert len(row["metadata"]["name"]) <= 50
        assert found == wanted
        assert len({row["metadata"]["name"] for row in rows}) == len(rows)
        seen += 1
    assert seen > len(seeds) / 3


@pytest.mark.skipif(
    not SCHEMA.exists(), reason="no schemas: ../shared/published/platform-schemas is not beside the clone"
)
@pytest.mark.parametrize("sharing", first(["time-slicing", "kai", "hami"], 2))
def test_their_schema_takes_them(sharing: Any) -> None:
    """Structure and every key, of the pair above and of plans of random problems."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(SCHEMA.read_text())
    validator = jsonschema.Draft202012Validator(schema)
    pairs = [(problem, to_plan(fleet, packing)) for _, problem, fleet, packing in plans(range(12))]
    for problem, plan in [(Problem(**PROBLEM), Plan(**PLAN)), *pairs]:
        for pin in ("pool", "machine"):
            for row in services(problem, plan, KServeWish(pin=pin, sharing=sharing)):
                assert [str(fault.message) for fault in validator.iter_errors(row)] == []
                assert unknown(schema["properties"]["spec"], row["spec"]) == []
    assert unknown(schema["properties"]["spec"], {"predictor": {"minReplica": 1}}) == ["$.predictor.minReplica"]


def test_what_kubernetes_cannot_be_told_is_said() -> None:
    """In the notes, and at the top of the file."""
    exported = export_kserve(Problem(**PROBLEM), Plan(**PLAN))
    told = {note.place: note.reason for note in exported.notes}
    assert "need a route in front of them" in told["components chat"]
    assert "as many replicas of each accelerator as copies share one: 2 on nodes of b;" in told["nvidia.com/gpu"]
    assert "kserve.storage_uri" in told["components batch"]
    head = exported.files["inference-services.yaml"].partition("---")[0]
    assert all(line.startswith("#") for line in head.splitlines())
    assert "need a route" in " ".join(head.replace("\n#", "").split())


# --- KEDA


def scaled(plan: Plan, peak: Plan | None = None, **wish: Any) -> dict[str, Doc]:
    """Specifications by name."""
    files = export_keda(Problem(**PROBLEM), plan, peak, KedaWish(**{"target": 2.0, **wish})).files
    rows = documents(files["scaled-objects.yaml"])
    assert {(row["apiVersion"], row["kind"]) for row in rows} == {("keda.sh/v1alpha1", "ScaledObject")}
    return {row["metadata"]["name"]: row["spec"] for row in rows}


def test_each_variant_is_held_at_the_copies_of_the_plan() -> None:
    """The Deployments are those of the services; the traffic is split by what each variant serves."""
    found = scaled(Plan(**PLAN))
    assert list(found) == [row["metadata"]["name"] for row in services(Problem(**PROBLEM), Plan(**PLAN))]
    for name, copies in (("chat-tp2-a", 2), ("chat-tp1-a", 1), ("guard-b", 3), ("batch-a", 1)):
        spec = found[name]
        assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (copies, copies)
        assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"{name}-predictor"}
        assert all(isinstance(value, str) for value in spec["triggers"][0]["metadata"].values())
    chat = [found[name]["triggers"][0]["metadata"] for name in ("chat-tp2-a", "chat-tp1-a")]
    assert (
        chat[0]["query"] == '(sum(rate(vllm:request_success_total{model_name="chat"}[2m]))) * 0.857142857'
    )  # 12 of 14
    assert chat[1]["query"].endswith("* 0.142857143")
    assert "*" not in found["guard-b"]["triggers"][0]["metadata"]["query"]


def test_a_plan_for_the_peak_is_the_maximum() -> None:
    """A variant that only the peak has starts from none."""
    peak = {**PLAN, "instances": [*PLAN["instances"], {"id": "b/new-1", "pool": "b"}]}
    more = {"component": "chat", "option": 1, "instance": "b/new-1", "accelerators": [0]}
    peak["assignments"] = [*PLAN["assignments"], more]
    found = scaled(Plan(**PLAN), Plan(**peak))
    assert (found["chat-tp1-b"]["minReplicaCount"], found["chat-tp1-b"]["maxReplicaCount"]) == (0, 1)
    assert found["chat-tp1-b"]["scaleTargetRef"]["name"] == "chat-tp1-b-predictor"
    with pytest.raises(placement.UsageError, match=r"chat on b: 1 copy in the plan, 0 .* replan --max-moves 0, or"):
        scaled(Plan(**peak), Plan(**PLAN))


def test_what_is_exported_for_kubernetes_is_scaled_too() -> None:
    """By the names of its Deployments, each with as many copies."""
    files = export_kubernetes(Problem(**PROBLEM), Plan(**PLAN), ExportWishes(sharing="hami")).files
    made = {row["metadata"]["name"]: row["spec"]["replicas"] for row in documents(files["40-workloads.yaml"])}
    found = scaled(Plan(**PLAN), workload="kubernetes")
    assert {name: spec["minReplicaCount"] for name, spec in found.items()} == made
    assert [spec["scaleTargetRef"]["name"] for spec in found.values()] == list(found)


def test_what_is_missing_is_asked_for() -> None:
    """A target where no option says what a copy serves; a query that names the component."""
    with pytest.raises(placement.UsageError, match="guard has an option without throughput"):
        scaled(Plan(**PLAN), target=None)
    with pytest.raises(placement.UsageError, match=r"must have \$NAME"):
        scaled(Plan(**PLAN), query="sum(up)")


def test_services_are_in_the_namespace_that_was_imported() -> None:
    """So are the objects that scale them; who avoids whom holds over all namespaces."""
    rows = [
        row | {"labels": {"owner": "Deployment shop/g"}} if row["name"] == "guard" else row
        for row in PROBLEM["components"]
    ]
    problem = Problem(**{**PROBLEM, "components": rows})
    made = {row["metadata"]["name"]: row for row in services(problem, Plan(**PLAN))}
    files = export_keda(problem, Plan(**PLAN), None, KedaWish(target=1.0)).files
    scaling = {row["metadata"]["name"]: row for row in documents(files["scaled-objects.yaml"])}
    for found in (made, scaling):
        assert found["guard-b"]["metadata"]["namespace"] == "shop"
        assert "namespace" not in found["batch-a"]["metadata"]
    affinity = made["batch-a"]["spec"]["predictor"]["affinity"]["podAntiAffinity"]
    (term,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["namespaceSelector"] == {}


@pytest.mark.parametrize("target", [0.0, float("inf"), float("nan")])
def test_a_target_is_a_number_that_a_copy_can_serve(target: float) -> None:
    """None of these would scale anything."""
    with pytest.raises(placement.UsageError, match="target must be more than 0 and finite"):
        scaled(Plan(**PLAN), target=target)


def test_what_no_deployment_is_written_of_is_not_scaled() -> None:
    """Copies of a StatefulSet stay as they are: a ScaledObject would aim at nothing."""
    rows = [
        row | {"labels": {"owner": "StatefulSet shop/guard"}} if row["name"] == "guard" else row
        for row in PROBLEM["components"]
    ]
    problem = Problem(**{**PROBLEM, "components": rows})
    made = export_kubernetes(problem, Plan(**PLAN), ExportWishes(sharing="hami")).files["40-workloads.yaml"]
    found = export_keda(problem, Plan(**PLAN), None, KedaWish(target=1.0, workload="kubernetes"))
    names = [row["metadata"]["name"] for row in documents(found.files["scaled-objects.yaml"])]
    assert names == [row["metadata"]["name"] for row in documents(made)]
    assert "component guard: ignored: export kubernetes writes no Deployment" in "\n".join(map(str, found.notes))


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ({}, "shop/chat"),
        ({"owner": "Deployment shop/chat"}, "chat"),
        ({"owner": "Deployment shop/chat", "keda.name": "Qwen/Qwen3-8B"}, "Qwen/Qwen3-8B"),
    ],
)
def test_bug_a_name_in_a_query_has_no_namespace(labels: dict[str, str], name: str) -> None:
    """No model is called shop/chat: what was imported never scaled."""
    row = {"name": "shop/chat", "copies": 1, "accelerators": 0, "labels": labels}
    kind = {"vcpus": 4, "memory_gib": 8, "price_per_hour": 1}
    pools = [{"name": "p", "instance_type": "t", "zone": "z"}]
    problem = Problem(instance_types={"t": kind}, pools=pools, components=[row])
    plan = Plan(
        instances=[{"id": "p/new-1", "pool": "p"}], assignments=[{"component": "shop/chat", "instance": "p/new-1"}]
    )
    found = export_keda(problem, plan, wish=KedaWish(target=4))
    query = documents(found.files["scaled-objects.yaml"])[0]["spec"]["triggers"][0]["metadata"]["query"]
    assert f'model_name="{name}"' in query


def test_what_is_given_is_not_assumed() -> None:
    """A server and a query of the command stood among the notes as guesses."""
    given = KedaWish(target=1.0, server="http://mine:9090", query="sum(rate(hits{m=$NAME}[1m]))")
    told, guessed = (
        [str(note) for note in export_keda(Problem(**PROBLEM), Plan(**PLAN), None, wish).notes]
        for wish in (given, KedaWish(target=1.0))
    )
    assert not any(note.startswith("serverAddress") or "hits" in note for note in told)
    assert any(note.startswith("query: assumed: split among the variants of a component by") for note in told)
    assert "serverAddress: assumed: is http://prometheus-operated.monitoring:9090" in guessed
    assert any(note.startswith("query: assumed: is sum(") for note in guessed)


def test_a_name_in_a_query_is_a_string_of_promql() -> None:
    """Quotes, braces and line ends in it are no query."""
    nasty = 'a"} or up{x="\n\\ \U0001f600'
    rows = [PROBLEM["components"][0] | {"name": nasty}, *PROBLEM["components"][1:]]
    plan = [row | {"component": nasty} if row["component"] == "chat" else row for row in PLAN["assignments"]]
    problem = Problem(**{**PROBLEM, "components": rows})
    files = export_keda(problem, Plan(**{**PLAN, "assignments": plan}), None, KedaWish(target=1.0)).files
    query = documents(files["scaled-objects.yaml"])[0]["spec"]["triggers"][0]["metadata"]["query"]
    quoted = query.partition("model_name=")[2].partition("}[2m]")[0]
    assert json.loads(quoted) == nasty
    assert "\n" not in query


@pytest.mark.parametrize("space", ["", "a", "shop", "a-namespace-of-a-team-with-a-long-name", "n" * 63])
def test_a_predictor_has_an_address(space: str) -> None:
    """KServe joins a service's name and its namespace to one label in DNS, which has 63 letters at most."""
    document: Doc = {**PROBLEM, "components": [dict(row) for row in PROBLEM["components"]]}
    for row in document["components"]:
        owner = {"owner": f"Deployment {space}/x"} if space else {}
        row |= {"name": f"{row['name']}-with-a-name-of-many-many-letters", "labels": {**row.get("labels", {}), **owner}}
        row["avoid"] = []
    plan = {**PLAN, "assignments": [dict(row) for row in PLAN["assignments"]]}
    for row in plan["assignments"]:
        row["component"] = f"{row['component']}-with-a-name-of-many-many-letters"
    problem, found = Problem(**document), Plan(**plan)
    made = export_kserve(problem, found, KServeWish(autoscaler="external"))
    names = [row["metadata"]["name"] for row in documents(made.files["inference-services.yaml"])]

    hosts = [f"{name}-predictor-{space or 'default'}" for name in names]
    assert len({*names}) == len(names) == 4
    too_long = any(len(host) > 63 for host in hosts)
    assert too_long == (len(space) == 63)
    assert too_long == ("KServe can give it no address" in "\n".join(map(str, made.notes)))
    scaled = documents(export_keda(problem, found, wish=KedaWish(target=1)).files["scaled-objects.yaml"])
    assert {row["spec"]["scaleTargetRef"]["name"] for row in scaled} == {f"{name}-predictor" for name in names}
