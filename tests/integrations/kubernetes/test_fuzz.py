"""The importer on damaged and foreign documents: an error that names object and field, or a problem with notes.

A document is cut from a sound cluster that uses every feature, then damaged at one to three places.
"""

from __future__ import annotations

import copy
import json
import random
import re
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import placement
from placement.errors import DocumentError, UsageError
from placement.integrations.kserve import KServeWish, export_kserve
from placement.integrations.kubernetes import ExportWishes, export_kubernetes, import_kubernetes
from placement.integrations.kubernetes.naming import HOSTNAME
from tests.corpus import seeds
from tests.integrations.kubernetes.clusters import Json, apart, budget, daemon, node, pod, spread, write
from tests.integrations.kubernetes.simulated import run
from tests.integrations.kubernetes.test_handovers import deployment, scaler
from tests.integrations.kubernetes.test_mixed import carved
from tests.integrations.kubernetes.test_pods import REGISTER, claim, claiming, gpu, kai, slices
from tests.integrations.kubernetes.test_volumes import claim as volume_claim
from tests.integrations.kubernetes.test_volumes import mounts, volume

if TYPE_CHECKING:
    from placement.documents import Plan, Problem

ZONE = "topology.kubernetes.io/zone"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
EXISTS = {"key": "kubernetes.io/hostname", "operator": "Exists"}


def everything() -> list[Json]:
    """A cluster that uses each feature once, with no rule broken."""
    spread_out = pod("a-0", "n1", "a", gpus=1)
    spread_out["spec"] |= {
        "topologySpreadConstraints": [spread(ZONE, "a"), spread(HOSTNAME, "a", 2)],
        "affinity": apart(HOSTNAME, "b")
        | {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [
                        {"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["us-east-1a", "us-east-1b"]}]}
                    ]
                }
            }
        },
        "tolerations": [{"key": "team", "operator": "Exists"}],
        "initContainers": [{"name": "i", "restartPolicy": "Always", "resources": {"requests": {"cpu": "100m"}}}],
        "overhead": {"cpu": "10m"},
        "nodeSelector": {"karpenter.sh/capacity-type": "on-demand"},
    }
    hami = {"hami.io/vgpu-devices-allocated": "GPU-1,NVIDIA,6000,30:;"}
    asked = {"nvidia.com/gpu": "1", "nvidia.com/gpumem": "6000", "nvidia.com/gpucores": "30"}
    return [
        node("n1", taints=[{"key": "team", "effect": "NoSchedule"}], labels={"karpenter.sh/nodepool": "gpu"}),
        node("n2", zone="us-east-1b", labels={"karpenter.sh/capacity-type": "reserved"}),
        node("n3", gpus=40, annotations={"hami.io/node-nvidia-register": REGISTER}),
        node("n4", "p4de.24xlarge", gpus=0),
        node("n5", gpus=16, labels={"nvidia.com/gpu.replicas": "4"}),
        slices(gpu(0), gpu(1), name="n4"),
        *claimed(),
        daemon("n1"),
        spread_out,
        pod("b-0", "n2", "b", gpus=2),
        pod("hami-0", "n3", "hami", limits=asked, annotations=hami),
        pod("slice-0", "n5", "slice", gpus=1),
        tolerant(kai("kai-0", "g", gpu_fraction="0.5")),
        budget("a", "a", maxUnavailable="50%"),
        {"kind": "PriorityClass", "metadata": {"name": "p"}, "value": 5},
        {"kind": "NodePool", "metadata": {"name": "gpu"}, "spec": {"limits": {"cpu": "500"}}},
        {
            "kind": "ResourceQuota",
            "metadata": {"name": "q", "namespace": "shop"},
            "spec": {"hard": {"requests.nvidia.com/gpu": 9}},
        },
        {"kind": "Deployment", "metadata": {"name": "a", "namespace": "shop"}, "spec": {"replicas": 2}},
        *with_two_kinds(),
        *with_ports(),
        *served(),
        *rolled_out(),
        *bound(),
        *scaled(),
        *templated(),
        *chosen(),
        *before(),
        *compared(),
    ]


def tolerant(row: Json) -> Json:
    """A pod that stands the taint of the first node."""
    row["spec"]["tolerations"] = [{"key": "team", "operator": "Exists"}]
    return row


def claimed() -> list[Json]:
    """A claim of an accelerator of n4, and the pod that has it."""
    made, user = claim("two", ["gpu-0"]), claiming("claims", "two")
    user["spec"]["nodeName"] = "n4"
    for row in made["status"]["allocation"]["devices"]["results"]:
        row["pool"] = "n4"
    return [made, user]


def with_two_kinds() -> list[Json]:
    """A node with partitions of two sizes, and copies of both."""
    large = pod("large-0", "n6", "large", limits={"nvidia.com/mig-3g.20gb": "2"})
    return [carved("n6", large=4, small=8), large, pod("small-0", "n6", "small", limits={"nvidia.com/mig-1g.5gb": "1"})]


def with_ports() -> list[Json]:
    """Ports of the host, by address and protocol, also of a sidecar and of a DaemonSet."""
    taken = pod("ports-0", "n2", "ports")
    taken["spec"]["containers"][0]["ports"] = [
        {"containerPort": 80, "hostPort": 8080, "hostIP": "10.0.0.1"},
        {"containerPort": 53, "hostPort": 53, "protocol": "UDP"},
    ]
    taken["spec"]["initContainers"] = [{"name": "s", "restartPolicy": "Always", "ports": [{"hostPort": 9090}]}]
    agent = daemon("n5", "exporter")
    agent["spec"]["containers"][0]["ports"] = [{"containerPort": 9100, "hostPort": 9100}]
    return [taken, agent]


def served() -> list[Json]:
    """An InferenceService and a pod of it."""
    affinity = {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [EXISTS]}]}}}
    predictor = {
        "minReplicas": 1,
        "maxReplicas": 3,
        "labels": {"app": "llm"},
        "annotations": {"note": "x"},
        "nodeSelector": {"karpenter.sh/capacity-type": "on-demand"},
        "affinity": affinity | apart(HOSTNAME, "b"),
        "tolerations": [{"key": "team", "operator": "Exists"}],
        "model": {"modelFormat": {"name": "vllm"}, "resources": {"limits": {"nvidia.com/gpu": "1"}}},
    }
    service = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "llm", "namespace": "shop", "annotations": {"serving.kserve.io/autoscalerClass": "hpa"}},
        "spec": {"predictor": predictor, "transformer": {"containers": []}},
    }
    return [service, tolerant(pod("llm-predictor-0", "n1", "llm-predictor", gpus=1))]


def rolled_out() -> list[Json]:
    """A StatefulSet and a LeaderWorkerSet with their settings."""
    told = {"updateStrategy": {"rollingUpdate": {"partition": 1, "maxUnavailable": "25%"}}, "replicas": 1}
    rolling = {"rollingUpdateConfiguration": {"maxUnavailable": 1, "maxSurge": "10%"}}
    group = {"leaderWorkerTemplate": {"size": 2}, "rolloutStrategy": rolling}
    member = {"leaderworkerset.sigs.k8s.io/name": "group"}
    return [
        {"kind": "StatefulSet", "metadata": {"name": "set", "namespace": "shop"}, "spec": told},
        pod("set-0", "n2", "set", kind="StatefulSet"),
        {"kind": "LeaderWorkerSet", "metadata": {"name": "group", "namespace": "shop"}, "spec": group},
        pod("group-0", "n2", "group", kind="StatefulSet", labels=member),
    ]


def bound() -> list[Json]:
    """Claims of volumes of a zone, of a node and of old labels, and the pods that mount them."""
    pods = [pod(f"v-{i}", "n2", f"v{i}", spec=mounts(f"c{i}")) for i in range(3)]
    pods[0]["spec"]["volumes"].append({"name": "own", "ephemeral": {"volumeClaimTemplate": {}}})
    claims = [volume_claim(f"c{i}", "ReadWriteOnce", volume=f"v{i}") for i in range(3)]
    volumes = [
        volume("v0", ZONE, "us-east-1b"),
        volume("v1", HOSTNAME, "n2"),
        volume("v2", labels={ZONE: "us-east-1b"}),
    ]
    return [*pods, *claims, volume_claim("v-0-own", "ReadWriteMany", volume="v3"), volume("v3"), *volumes]


def scaled() -> list[Json]:
    """What scales copies."""
    metric = {"type": "Object", "object": {"describedObject": {"kind": "Deployment", "name": "a"}}}
    triggers = [{"type": "prometheus", "metadata": {"query": "up"}}]
    return [
        scaler("HorizontalPodAutoscaler", "a", minReplicas=2, maxReplicas=4, metrics=[metric]),
        scaler("ScaledObject", "b", minReplicaCount=1, maxReplicaCount=3, triggers=triggers),
    ]


def templated() -> list[Json]:
    """A Deployment that is rolled out, with the ReplicaSets of its pods."""
    rows = [pod(f"web-{i}", "n2", "web", cpu=f"{i}") for i in (1, 2)]
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": rows[1]["spec"]["containers"]}}
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}}
    made = deployment("web", 2, template=template, strategy=strategy, minReadySeconds=5)
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "0", "controller": True}
    sets = []
    for row in rows:
        name = row["metadata"]["ownerReferences"][0]["name"] = f"web-{row['metadata']['name']}"
        metadata: Json = {"name": name, "namespace": "shop", "ownerReferences": [owner]}
        metadata["annotations"] = {"deployment.kubernetes.io/revision": row["metadata"]["name"][-1]}
        sets.append(
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": {"template": template}}
        )
    return [*rows, made, *sets]


def chosen() -> list[Json]:
    """A claim with a choice, a selector, constraints and taints that it stands; one that looks at devices of others."""
    attribute = "device.attributes['gpu.nvidia.com']"
    first: Json = {"name": "whole", "deviceClassName": "gpu.nvidia.com", "count": 1}
    first["selectors"] = [{"cel": {"expression": f"{attribute}.productName == 'NVIDIA A100-SXM4-80GB'"}}]
    first["tolerations"] = [{"key": "gone", "operator": "Exists"}]
    second: Json = {"name": "part", "deviceClassName": "mig.nvidia.com", "allocationMode": "ExactCount"}
    second["selectors"] = [{"cel": {"expression": f"{attribute}.profile == '1g.10gb'"}}]
    looks = {"name": "monitor", "exactly": {"deviceClassName": "gpu.nvidia.com", "adminAccess": True}}
    told, user = claim("choice", []), claiming("chooses", "choice")
    told["spec"]["devices"] = {
        "requests": [{"name": "r", "firstAvailable": [first, second]}, looks],
        "constraints": [{"requests": ["r"], "matchAttribute": "gpu.nvidia.com/parentUUID"}],
    }
    del told["status"]
    user["spec"]["nodeName"] = "n4"
    return [told, user]


def before() -> list[Json]:
    """What an export made: a pod with the rules that it had, and a budget that somebody changed."""
    source = [
        node("x1", zone="us-east-1c"),
        pod("old", "x1", "old", gpus=1, spec={"nodeSelector": {ZONE: "us-east-1c"}}),
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "c.json", *source)
        document = import_kubernetes([path]).problem.to_document()
        document["components"][0]["max_unavailable"] = 1
        problem = placement.Problem(**document)
        plan = placement.solve(problem, "ffd").plan
        assert plan is not None
        files = export_kubernetes(problem, plan, ExportWishes(cluster=(path,))).files
    texts = (files["20-disruption-budgets.yaml"], files["40-workloads.yaml"])
    made: list[Json] = [row for text in texts for row in yaml.safe_load_all(text)]
    made[0]["spec"]["maxUnavailable"] = 2
    return run([source[0]], made) + made


def compared() -> list[Json]:
    """A taint whose value is compared, a static node pool, a quota with scopes, a set of pods whose group is known."""
    stands = {"tolerations": [{"key": "sla", "operator": "Gt", "value": "900", "effect": "NoSchedule"}]}
    quota = {"hard": {"requests.nvidia.com/gpu": "4"}, "scopes": ["NotBestEffort"]}
    return [
        node(
            "n7",
            taints=[{"key": "sla", "value": "950", "effect": "NoSchedule"}],
            labels={"karpenter.sh/nodepool": "st"},
        ),
        pod("sla", "n7", "sla", gpus=1, spec=stands),
        {"kind": "NodePool", "metadata": {"name": "st"}, "spec": {"replicas": 1}},
        {"kind": "ResourceQuota", "metadata": {"name": "r", "namespace": "shop"}, "spec": quota},
    ]


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value below."""
    found = [way] if way else []
    if isinstance(value, dict):
        for key, entry in value.items():
            found += places(entry, (*way, key))
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            found += places(entry, (*way, index))
    return found


def node_rule(document: list[Json]) -> Json:
    """The required affinity to nodes of the pod with the most rules."""
    found: Json = document[9]["spec"]["affinity"]["nodeAffinity"][REQUIRED]
    return found


def first_node_term(document: list[Json]) -> Json:
    """Its requirement on nodes."""
    found: Json = node_rule(document)["nodeSelectorTerms"][0]["matchExpressions"][0]
    return found


DOCUMENT = everything()
PLACES = places(DOCUMENT)
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["", "-1", "1e99", "12Zi", "9" * 30, "100%", "-5%", "$(id)", "a,b,c:", "[", "\ud800"]),
    st.lists(st.none(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)


class Damaged(list[Json]):
    """A cluster that shows where it was damaged alone: all of it is too long to show."""

    def __init__(self) -> None:
        super().__init__(copy.deepcopy(DOCUMENT))
        self.damage: list[tuple[Any, ...]] = []

    def __repr__(self) -> str:
        return f"Damaged({self.damage})"


@st.composite
def damaged(draw: st.DrawFn) -> list[Json]:
    """A sound cluster with one to three values taken out or replaced."""
    document = Damaged()
    for _ in range(draw(st.integers(1, 3))):
        way = draw(st.sampled_from(PLACES))
        inner: Any = document
        try:
            for key in way[:-1]:
                inner = inner[key]
            if draw(st.booleans()):
                del inner[way[-1]]
                document.damage.append((*way, "taken out"))
            else:
                inner[way[-1]] = draw(ODD)
                document.damage.append((*way, inner[way[-1]]))
        except (KeyError, IndexError, TypeError):
            continue  # an earlier damage took it away
    return document


def outcome(document: Any) -> str:
    """The error, or nothing: a traceback of anything else fails the test."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cluster.json"
        path.write_text(json.dumps({"kind": "List", "items": document}), "utf-8")
        try:
            found = import_kubernetes([path])
        except (DocumentError, UsageError) as error:
            return str(error).replace(str(path), "cluster.json")
        assert found.problem.to_document()
        return ""


def test_the_sound_one_is_read(tmp_path: Path) -> None:
    """Damage is what makes the others fail."""
    found = import_kubernetes([write(tmp_path / "c.json", *DOCUMENT)])
    assert [str(note) for note in found.notes if note.kind == "broken"] == []
    assert any(name.endswith("8x1g.5gb+4x3g.20gb") for name in found.problem.accelerators)
    assert {"shop/llm-predictor", "shop/ports", "shop/set", "shop/group"} <= {r.name for r in found.problem.components}


@given(damaged())
@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_damage_is_an_error_in_words_or_a_problem(document: list[Json]) -> None:
    """Never a traceback, and every error has a place in the file."""
    told = outcome(document)

    assert not told or all(line.startswith("cluster.json") for line in told.splitlines()), told


@pytest.mark.slow
@given(damaged())
@settings(max_examples=3000, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_more_damage(document: list[Json]) -> None:
    """The same, many more times."""
    test_damage_is_an_error_in_words_or_a_problem.hypothesis.inner_test(document)  # type: ignore[attr-defined]


# Where it does not matter what stands there: what is of no concern to placement, or known by another field.
NO_MATTER = re.compile(
    r"Pod metadata\.ownerReferences\b.*"
    r"|Pod spec\.volumes\.\*\.(name|ephemeral\b.*)"
    # What an export alone reads, or what is told by its being there.
    r"|(HorizontalPodAutoscaler|ScaledObject) spec\.(scaleTargetRef\.apiVersion|metrics\b.*|triggers\b.*)"
    r"|(Deployment|ReplicaSet) spec\.(selector|template|minReadySeconds)\b.*|ReplicaSet spec"
    r"|ReplicaSet metadata\.ownerReferences\.\*\.(apiVersion|uid)"
    r"|exported Deployment spec(?!\.replicas).*"
    r"|ResourceQuota spec\.scopes\b.*|ResourceClaim spec\.devices\.constraints\b.*"
    r"|ResourceClaim spec\.devices\.requests\.\*\.firstAvailable\.\*\.(name|tolerations)\b.*"
    r"|InferenceService spec\.(predictor(?!\.m(in|ax)Replicas)|transformer).*"
    r"|Pod spec\.(containers\.\*\.image|initContainers\.\*\.name|resourceClaims\.\*\.name|.*\.containerPort)"
    r"|ResourceClaim (spec\.devices\.requests\.\*\.name|status\.allocation\..*\.request|status\.reservedFor.*)"
)


def kind_of(row: Json) -> str:
    """The kind of an object, and whether an export made it."""
    exported = "gpu-placement/component" in (row["metadata"].get("labels") or {})
    return f"exported {row['kind']}" if exported and row["kind"] == "Deployment" else str(row["kind"])


@cache
def sound_outcome() -> str:
    """The problem and the notes of the sound cluster."""
    return all_that_is_said(DOCUMENT)


def all_that_is_said(document: list[Json]) -> str:
    """The problem and the notes, or the error."""
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "cluster.json", *document)
        try:
            found = import_kubernetes([path])
        except DocumentError as error:
            return str(error)
        return "\n".join([json.dumps(found.problem.to_document()), *map(str, found.notes)])


@seeds(range(len(PLACES)), 20)
def test_no_damage_is_silent(seeds: range) -> None:
    """A list in place of any value is refused, told, or another problem; but where it is no matter."""
    order = random.Random(7).sample(PLACES, len(PLACES))
    for way in (order[seed] for seed in seeds):
        document = copy.deepcopy(DOCUMENT)
        inner: Any = document
        for key in way[:-1]:
            inner = inner[key]
        inner[way[-1]] = ["odd"]
        place = ".".join("*" if isinstance(key, int) else key for key in way[1:])
        is_no_matter = NO_MATTER.fullmatch(f"{kind_of(DOCUMENT[way[0]])} {place}")

        assert is_no_matter or all_that_is_said(document) != sound_outcome(), way


KEYS = st.sampled_from(["kind", "items", "metadata", "spec", "name"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner),
    max_leaves=12,
)


@cache
def sound_plan() -> tuple[Problem, Plan]:
    """The sound cluster as a problem, and a plan of it."""
    with tempfile.TemporaryDirectory() as folder:
        problem = import_kubernetes([write(Path(folder) / "c.json", *DOCUMENT)]).problem
    plan = placement.solve(problem, "ffd").plan
    assert plan is not None
    return problem, plan


@given(damaged(), st.sampled_from(["none", "node", "accelerator"]))
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_an_export_by_a_damaged_cluster(document: list[Json], pin: Any) -> None:
    """Templates come from pods that anything may have made."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cluster.json"
        path.write_text(json.dumps({"kind": "List", "items": document}), "utf-8")
        with suppress(DocumentError, UsageError):
            found = export_kubernetes(*sound_plan(), ExportWishes(cluster=(path,), pin=pin, sharing="hami"))
            assert "README.md" in found.files


@given(damaged())
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_an_export_of_services_by_damaged_ones(document: list[Json]) -> None:
    """What serves is copied from services that anybody may have written."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cluster.json"
        path.write_text(json.dumps({"kind": "List", "items": document}), "utf-8")
        with suppress(DocumentError):
            found = export_kserve(*sound_plan(), KServeWish(cluster=(str(path),)))
            assert all(isinstance(row, dict) for row in yaml.safe_load_all(found.files["inference-services.yaml"]))


@given(JSON)
def test_foreign_documents_are_refused_in_words(document: Any) -> None:
    """Whatever JSON it is, it is no cluster without nodes."""
    assert outcome(document).startswith("cluster.json")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda row: row[0]["status"]["allocatable"].update(cpu="many"),
            "cluster.json at $.items[0].status.allocatable.cpu (Node n1): must be a quantity",
        ),
        (lambda row: row[0]["status"]["allocatable"].pop("memory"), "allocatable.memory (Node n1): is required"),
        (
            lambda row: row[9]["spec"].pop("topologySpreadConstraints") and row[9].pop("spec"),
            "(Pod shop/a-0): is required",
        ),
        (
            lambda row: row[9]["spec"]["topologySpreadConstraints"][0].update(maxSkew=0),
            "topologySpreadConstraints[0].maxSkew (Pod shop/a-0): must be a whole number, at least 1",
        ),
        (
            lambda row: row[9]["spec"]["tolerations"][0].update(operator="Maybe"),
            "tolerations[0].operator (Pod shop/a-0): must be one of Exists, Equal, Gt, Lt",
        ),
        (
            lambda row: row[9]["spec"]["tolerations"][0].update(operator="Gt", value="0950"),
            'tolerations[0].value (Pod shop/a-0): must be a whole number, as text, with the operator Gt, got "0950"',
        ),
        (
            lambda row: row[9]["spec"]["tolerations"][0].update(operator="Equal", key=""),
            "tolerations[0] (Pod shop/a-0): must have a key, or the operator Exists",
        ),
        (
            lambda row: row[9]["spec"]["tolerations"][0].update(effect="NoSchedul"),
            "tolerations[0].effect (Pod shop/a-0): must be one of NoSchedule, PreferNoSchedule, NoExecute",
        ),
        (
            lambda row: row[9]["status"].update(phase="Runing"),
            'status.phase (Pod shop/a-0): must be one of Pending, Running, Succeeded, Failed, Unknown, got "Runing"',
        ),
        (
            lambda row: row[9]["spec"]["containers"][0]["resources"]["limits"].update({"nvidia.com/gpu": "500m"}),
            '(Pod shop/a-0): must be a whole number: such a resource can\'t be divided, got "500m"',
        ),
        (
            lambda row: row[9]["spec"]["containers"][0]["resources"]["requests"].update({"nvidia.com/gpu": "2"}),
            'resources.requests["nvidia.com/gpu"] (Pod shop/a-0): must be as much as its limit',
        ),
        (
            lambda row: row[9]["spec"]["topologySpreadConstraints"][0].update(minDomains=-1),
            "topologySpreadConstraints[0].minDomains (Pod shop/a-0): must be a whole number, at least 1",
        ),
        (
            lambda row: row[9]["spec"]["topologySpreadConstraints"][0].update(nodeTaintsPolicy="Honour"),
            "topologySpreadConstraints[0].nodeTaintsPolicy (Pod shop/a-0): must be one of Honor, Ignore",
        ),
        (lambda row: first_node_term(row).update(operator="Gt"), "must have one whole number as its values"),
        (lambda row: first_node_term(row).update(operator="Exists"), "must be empty with the operator Exists"),
        (
            lambda row: row[0]["status"]["conditions"][0].update(status="yes"),
            "status.conditions[0].status (Node n1): must be one of True, False, Unknown",
        ),
        (
            lambda row: row[14]["spec"].update(minAvailable=1),
            "spec.maxUnavailable (PodDisruptionBudget shop/a): must not stand beside minAvailable",
        ),
        (
            lambda row: row[14]["spec"].update(maxUnavailable="101%"),
            "spec.maxUnavailable (PodDisruptionBudget shop/a): must be at most 100%",
        ),
        (
            lambda row: row[9]["spec"].update(containers=[]),
            "spec.containers (Pod shop/a-0): must have a container",
        ),
        (
            lambda row: row[9]["spec"]["containers"][0].update(ports=[{"hostPort": 65536}]),
            "spec.containers[0].ports[0].hostPort (Pod shop/a-0): must be from 1 to 65535",
        ),
        (
            lambda row: row[18]["spec"].update(replicas=-1),
            "spec.replicas (Deployment shop/a): must be a whole number, at least 0",
        ),
        (
            lambda row: row[9]["metadata"].update(uid=float("inf")),
            "cluster.json at $.items[9].metadata.uid: must be a finite number",
        ),
        (
            lambda row: row[2]["metadata"]["annotations"].update({"hami.io/node-nvidia-register": "GPU-1,x"}),
            "annotation hami.io/node-nvidia-register of Node n3",
        ),
        (
            lambda row: row[14]["spec"].update(maxUnavailable="some"),
            "spec.maxUnavailable (PodDisruptionBudget shop/a): must be a whole number or a percentage",
        ),
        (lambda row: row[3]["metadata"].pop("name"), "$.items[3].metadata.name: is required"),
        (
            lambda row: row[13]["metadata"]["annotations"].update({"gpu-fraction": "2"}),
            "annotation gpu-fraction (Pod shop/kai-0)",
        ),
        (
            lambda row: row[13]["metadata"]["annotations"].update({"gpu-fraction": "0.5", "gpu-memory": "2000"}),
            "annotation gpu-memory (Pod shop/kai-0): must not stand beside gpu-fraction",
        ),
        (
            lambda row: row[18]["spec"].update(strategy={"rollingUpdate": {"maxUnavailable": 0, "maxSurge": "0%"}}),
            "rollingUpdate.maxUnavailable (Deployment shop/a): must be more than 0 where no pod may be added",
        ),
        (
            lambda row: row[18]["spec"].update(strategy={"rollingUpdate": {"maxUnavailable": "200%"}}),
            "spec.strategy.rollingUpdate.maxUnavailable (Deployment shop/a): must be at most 100%",
        ),
        (
            lambda row: row[18]["spec"].update(strategy={"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}),
            "spec.strategy.rollingUpdate (Deployment shop/a): must not be there with the type Recreate",
        ),
        (
            lambda row: row[14]["spec"].update(maxUnavailable="2"),
            "spec.maxUnavailable (PodDisruptionBudget shop/a): must be a whole number or a percentage: without a per",
        ),
        (
            lambda row: row[0]["spec"].update(unschedulable="true"),
            "spec.unschedulable (Node n1): must be true or false",
        ),
        (
            lambda row: node_rule(row).update(nodeSelectorTerms=[]),
            "IgnoredDuringExecution (Pod shop/a-0): must have a term in its nodeSelectorTerms",
        ),
        (
            lambda row: row[9]["spec"]["containers"][0]["resources"]["limits"].update(cpu="100m"),
            "spec.containers[0].resources.requests.cpu (Pod shop/a-0): must be at most its limit, 100m, got",
        ),
        (
            lambda row: row[0].update(apiVersion="v7"),
            '$.items[0].apiVersion: must be v1: so the API has Node, got "v7"',
        ),
        (
            lambda row: row[14].update(apiVersion="policy/v1beta1"),
            "$.items[14].apiVersion: must be policy/v1: so the API has PodDisruptionBudget",
        ),
    ],
)
def test_errors_name_object_and_field(change: Any, told: str) -> None:
    """File, path, object, rule."""
    document = everything()
    change(document)

    assert told in outcome(document)
