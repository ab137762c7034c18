"""What a problem can't say is told, by object and field; and ports of hosts, which it can say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from placement.errors import DocumentError
from placement.integrations.kubernetes import import_kubernetes
from placement.planner import solve
from tests.integrations.kubernetes.clusters import budget, daemon, node, pod, write
from tests.integrations.kubernetes.test_nodes import notes
from tests.integrations.kubernetes.test_pods import gpu, slices

if TYPE_CHECKING:
    from pathlib import Path

    from placement.integrations import Imported

Json = dict[str, Any]


def of(tmp_path: Path, *objects: Json) -> Imported:
    """The import of these objects."""
    return import_kubernetes([write(tmp_path / "cluster.json", *objects)])


def ports(*rows: Json) -> Json:
    """A pod's specification with a container that has ports."""
    return {"containers": [{"name": "main", "image": "i", "ports": list(rows)}]}


PORT = {"containerPort": 80, "hostPort": 8080}
TOGETHER = "pods of one group start together; here each pod is a copy of its own"
PART = "that copies stand together, or alone, in a part of the cluster can't be said"
VOLUME = "a volume may be bound to a zone or a node, which is not read"


@pytest.mark.parametrize(
    ("more", "place", "reason"),
    [
        ({"spec": {"schedulingGroup": {"podGroupName": "g"}}}, "spec.schedulingGroup", TOGETHER),
        ({"spec": {"workloadRef": {"name": "w"}}}, "spec.workloadRef", TOGETHER),
        ({"annotations": {"scheduling.k8s.io/group-name": "g"}}, "scheduling.k8s.io/group-name", TOGETHER),
        ({"annotations": {"pod-group-name": "g"}}, "pod-group-name", TOGETHER),
        ({"labels": {"kueue.x-k8s.io/pod-group-name": "g"}}, "kueue.x-k8s.io/pod-group-name", TOGETHER),
        (
            {"labels": {"pod-group.scheduling.sigs.k8s.io/name": "g"}},
            "pod-group.scheduling.sigs.k8s.io/name",
            TOGETHER,
        ),
        (
            {"annotations": {"kueue.x-k8s.io/podset-required-topology": "rack"}},
            "kueue.x-k8s.io/podset-required-topology",
            PART,
        ),
        (
            {"annotations": {"alpha.jobset.sigs.k8s.io/exclusive-topology": "rack"}},
            "alpha.jobset.sigs.k8s.io/exclusive-topology",
            PART,
        ),
        ({"annotations": {"hami.io/gpu-scheduler-policy": "binpack"}}, "hami.io/gpu-scheduler-policy", "is a wish"),
        ({"spec": {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "c"}}]}}, "spec.volumes", VOLUME),
        ({"spec": {"evictionInterval": 3}}, "spec.evictionInterval", "is not read; if it is a rule, it is not kept"),
    ],
)
def test_a_rule_without_a_word_for_it_is_told(tmp_path: Path, more: Json, place: str, reason: str) -> None:
    """And a pod without it has no such note."""
    plain = of(tmp_path, node("n1"), node("n2"), pod("a-0", "n1", "a"))
    told = of(tmp_path, node("n1"), node("n2"), pod("a-0", "n1", "a", **more))
    new = [note for note in told.notes if note not in plain.notes]

    assert [(note.kind, note.place) for note in new] == [("ignored", f"Deployment shop/a {place}")]
    assert reason in new[0].reason


NOT_READ = "is not read; if it is a rule, it is not kept"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
MAIN: Json = {"name": "main", "image": "i"}


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({"affinity": {"podAntiafinity": {REQUIRED: []}}}, "affinity.podAntiafinity"),
        ({"affinity": {"podAntiAffinity": {"required": []}}}, "affinity.podAntiAffinity.required"),
        (
            {"affinity": {"podAffinity": {REQUIRED: [{"topologyKey": "k", "labelSelector": {"match": {}}}]}}},
            f"affinity.podAffinity.{REQUIRED}.labelSelector.match",
        ),
        (
            {"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [{}], "all": [1]}}}},
            f"affinity.nodeAffinity.{REQUIRED}.all",
        ),
        ({"tolerations": [{"operator": "Exists", "until": "noon"}]}, "tolerations.until"),
        (
            {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "k", "maxdomains": 2}]},
            "topologySpreadConstraints.maxdomains",
        ),
        ({"containers": [{**MAIN, "resource": {"limits": {"nvidia.com/gpu": "8"}}}]}, "containers.resource"),
        ({"containers": [{**MAIN, "resources": {"limit": {"nvidia.com/gpu": "8"}}}]}, "containers.resources.limit"),
        ({"containers": [{**MAIN, "ports": [{"hostport": 80}]}]}, "containers.ports.hostport"),
    ],
)
def test_a_misspelt_or_new_key_inside_of_a_rule_is_told(tmp_path: Path, spec: Json, place: str) -> None:
    """Kubernetes would not have stored it; a file that somebody wrote may have it."""
    found = of(tmp_path, node("n1"), node("n2"), pod("a-0", "n1", "a", spec=spec))

    assert f"Deployment shop/a spec.{place}: ignored: {NOT_READ}" in map(str, found.notes)


@pytest.mark.parametrize(
    ("kind", "spec", "place"),
    [
        ("PersistentVolume", {"nodeAffinity": {"requird": {}}}, "v spec.nodeAffinity.requird"),
        ("Deployment", {"strategy": {"rollingUpdate": {"maxUnavailabel": 1}}}, "spec.strategy.rollingUpdate"),
        ("StatefulSet", {"updateStrategy": {"rollingUpdates": {}}}, "v spec.updateStrategy.rollingUpdates"),
        ("LeaderWorkerSet", {"rolloutStrategy": {"rolling": {}}}, "v spec.rolloutStrategy.rolling"),
        (
            "ResourceClaim",
            {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "gpu.nvidia.com", "only": 1}}]}},
            "v spec.devices.requests.exactly.only",
        ),
        ("ResourceClaim", {"devices": {"constraint": []}}, "v spec.devices.constraint"),
        (
            "ResourceSlice",
            {"driver": "gpu.nvidia.com", "pool": {"name": "n1"}, "nodeName": "n1", "barred": True},
            "v spec.barred",
        ),
    ],
)
def test_a_strange_field_of_an_object_with_rules_is_told(tmp_path: Path, kind: str, spec: Json, place: str) -> None:
    """A later version of Kubernetes may have it, or somebody mistyped it."""
    found = of(tmp_path, node("n1"), {"kind": kind, "metadata": {"name": "v"}, "spec": spec})

    assert any(place in note.place and "is not read" in note.reason for note in found.notes)


def test_owners_whose_copies_have_no_pod_are_told(tmp_path: Path) -> None:
    """A quota may let none start, or an admission may refuse them."""
    spec = {"replicas": 3}
    rows = [
        {"kind": kind, "metadata": {"name": "v", "namespace": "shop"}, "spec": spec}
        for kind in ("Deployment", "StatefulSet")
    ]
    idle = {"kind": "Deployment", "metadata": {"name": "idle", "namespace": "shop"}, "spec": {"replicas": 0}}
    found = notes(of(tmp_path, node("n1"), pod("a-0", "n1", "a"), *rows, idle))

    for kind in ("Deployment", "StatefulSet"):
        assert f"{kind} shop/v: ignored: asks for 3 copies and has no pod that runs or waits" in found
    assert "idle" not in found


def test_copies_of_an_exported_deployment_without_pods_are_wanted(tmp_path: Path) -> None:
    """One of two has started: the other is a copy all the same, as it is of other Deployments."""
    told = {"gpu-placement/component": "shop/a", "gpu-placement/option": "0"}
    template = {"metadata": {"annotations": told}, "spec": {"containers": []}}
    made = {"kind": "Deployment", "metadata": {"name": "a--x", "namespace": "shop"}}
    made |= {"spec": {"replicas": 2, "template": template}}
    found = of(tmp_path, node("n1"), pod("a-0", "n1", "a--x", annotations=told), made)

    assert [(row.name, row.copies, row.min_copies) for row in found.problem.components] == [("shop/a", 2, 1)]
    assert "no pod" not in notes(found)


def test_pods_of_a_daemonset_are_not_told(tmp_path: Path) -> None:
    """They are never placed, so no rule of theirs is lost."""
    agent = daemon("n1", spec={"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "c"}}]})

    assert not any("volume" in note.reason for note in of(tmp_path, node("n1"), agent).notes)


def test_fields_that_are_no_matter_are_not_told(tmp_path: Path) -> None:
    """What every pod of a cluster has: a service account, a scheduler, times."""
    more = {
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "x",
        "terminationGracePeriodSeconds": 30,
        "hostname": "h",
    }
    found = of(tmp_path, node("n1"), pod("a-0", "n1", "a", spec=more | {"schedulerName": "default-scheduler"}))

    assert [note for note in found.notes if note.kind == "ignored"] == []


def test_amounts_of_other_resources(tmp_path: Path) -> None:
    """A node must have what one copy asks; that two ask for more than there is in all is not known, and told."""
    objects = [node("n1", allocatable={"x.com/nic": "2"}), node("n2"), pod("a-0", "n1", "a", limits={"x.com/nic": "2"})]
    found = of(tmp_path, *objects, pod("b-0", None, "b", limits={"x.com/nic": "2"}))

    assert any(note.place.endswith("allocatable.x.com/nic") and note.kind == "ignored" for note in found.notes)
    kinds = found.problem.components[0].modes[0].instance_types
    assert kinds is not None
    assert len(kinds) == 1


def quota(**spec: Any) -> Json:
    """A ResourceQuota."""
    return {"kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "shop"}, "spec": spec}


def test_quotas_of_other_things(tmp_path: Path) -> None:
    """CPU, memory, pods; and quotas of some pods only."""
    here = [node("n1"), pod("a-0", "n1", "a")]
    found = of(tmp_path, *here, quota(hard={"limits.cpu": "9", "pods": "4"}))
    told = [str(note) for note in found.notes if "ResourceQuota" in note.place]
    assert told == [
        "ResourceQuota shop/q: ignored: limits.cpu, pods: counts what its namespace asks for, which no plan changes"
    ]
    some = of(tmp_path, *here, quota(hard={"requests.nvidia.com/gpu": "9"}, scopes=["BestEffort"]))
    assert any("some pods only (scopes)" in note.reason and "nvidia.com/gpu" in note.reason for note in some.notes)


def test_constraints_of_a_claim(tmp_path: Path) -> None:
    """Devices of one switch, say."""
    claim = {
        "kind": "ResourceClaim",
        "metadata": {"name": "c", "namespace": "shop"},
        "spec": {
            "devices": {
                "requests": [{"name": "r", "exactly": {"deviceClassName": "gpu.nvidia.com", "count": 2}}],
                "constraints": [{"matchAttribute": "resource.kubernetes.io/pcieRoot"}],
            }
        },
    }
    user = pod("a-0", "n1", "a", spec={"resourceClaims": [{"name": "r", "resourceClaimName": "c"}]})
    found = of(tmp_path, node("n1"), user, claim)

    assert any(note.place == "ResourceClaim shop/c spec.devices.constraints" for note in found.notes)


def test_a_port_of_the_host_is_one_copy_s(tmp_path: Path) -> None:
    """Copies of one component, of two that take the same port, and of a DaemonSet that has it on a node."""
    agent = daemon("n3", spec=ports({"containerPort": 1, "hostPort": 8080}))
    found = of(
        tmp_path,
        *(node(f"n{k}") for k in (1, 2, 3)),
        agent,
        pod("a-0", "n1", "a", spec=ports(PORT)),
        pod("b-0", "n2", "b", spec=ports({**PORT, "hostIP": "10.0.0.1"})),
        pod("c-0", "n2", "c", spec=ports({**PORT, "protocol": "UDP"})),
        pod("d-0", "n1", "d"),
    )
    rows = {row.name: row for row in found.problem.components}

    assert [rows[f"shop/{name}"].spread.max_per_instance for name in "abcd"] == [1, 1, 1, None]
    assert rows["shop/a"].avoid == ("shop/b",)
    assert rows["shop/b"].avoid == ("shop/a",)
    assert not rows["shop/c"].avoid
    pool = {row.id: row.pool for row in found.problem.instances}
    kinds = {row.name: row.instance_type for row in found.problem.pools}
    assert rows["shop/a"].modes[0].instance_types == (kinds[pool["n1"]],)
    assert kinds[pool["n3"]] not in (rows["shop/a"].modes[0].instance_types or ())
    result = solve(found.problem, work=10)
    assert result.plan is not None
    spots = {row.component: row.instance for row in result.plan.assignments}
    assert spots["shop/a"] != spots["shop/b"]
    assert "n3" not in (spots["shop/a"], spots["shop/b"])


def test_two_addresses_of_a_host_are_two_ports(tmp_path: Path) -> None:
    """The same number on two addresses, and a port that only an init container had."""
    early = {"initContainers": [{"name": "i", "ports": [PORT]}], **ports()}
    found = of(
        tmp_path,
        node("n1"),
        pod("a-0", "n1", "a", spec=ports({**PORT, "hostIP": "10.0.0.1"})),
        pod("b-0", "n1", "b", spec=ports({**PORT, "hostIP": "10.0.0.2"})),
        pod("c-0", "n1", "c", spec=early),
    )

    assert [row.avoid for row in found.problem.components] == [(), (), ()]
    assert found.problem.components[2].spread.max_per_instance is None


def test_lists_that_go_on_and_objects_given_twice_are_told(tmp_path: Path) -> None:
    """The rest of a list, and the first of two objects that differ, are in no problem."""
    rows = [node("n1"), node("n1"), pod("a", "n1", "a", gpus=1), pod("a", "n1", "a", gpus=2)]
    cut = {"kind": "List", "metadata": {"continue": "x"}, "items": rows}
    (tmp_path / "c.json").write_text(json.dumps(cut))
    found = import_kubernetes([tmp_path / "c.json"])

    assert "kind List metadata.continue: ignored: the list goes on" in notes(found)
    assert "Pod shop/a: assumed: it is given twice, and not alike: the later one counts" in notes(found)
    assert "Node n1: assumed" not in notes(found)
    assert found.problem.components[0].accelerators == 2


def test_mistyped_fields_of_other_objects_are_told(tmp_path: Path) -> None:
    """Of nodes, budgets and quotas, at any depth."""
    odd = node("n1", taints=[{"key": "k", "effect": "PreferNoSchedule", "valeu": "x"}])
    odd["spec"]["taint"] = []
    quota = {"kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "shop"}, "spec": {"hards": {}}}
    guard = budget("b", "a", maxUnavailable=1, maxUnavailble=2)
    found = import_kubernetes([write(tmp_path / "c.json", odd, pod("a-0", "n1", "a"), quota, guard)])
    told = "\n".join(map(str, found.notes))
    for place in (
        *("Node n1 spec.taint:", "Node n1 spec.taints.valeu:", "ResourceQuota shop/q spec.hards:"),
        "PodDisruptionBudget shop/b spec.maxUnavailble:",
    ):
        assert f"{place} ignored: is not read" in told


def test_a_toleration_for_some_time_is_told(tmp_path: Path) -> None:
    """But not those that are on every pod."""
    row = pod("a-0", "n1", "a")
    for key in ("node.kubernetes.io/unreachable", "team"):
        row["spec"]["tolerations"] = [
            {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
        ]
        found = import_kubernetes([write(tmp_path / "c.json", node("n1"), row)])
        assert any("tolerationSeconds: ignored: it stands" in str(note) for note in found.notes) == (key == "team")


def test_a_node_that_does_not_say_whether_it_is_ready(tmp_path: Path) -> None:
    """It is taken for one, aloud."""
    odd = node("n1")
    odd["status"]["conditions"][0]["type"] = "Raedy"
    found = import_kubernetes([write(tmp_path / "c.json", odd)])
    assert "Node n1: assumed: it is ready: none of its conditions is Ready" in map(str, found.notes)


def test_taints_of_devices_are_told(tmp_path: Path) -> None:
    """No claim gets such a device; here it is one like the others."""
    row = slices(gpu(0), gpu(1) | {"taints": [{"key": "broken", "effect": "NoSchedule"}]})
    found = of(tmp_path, node("n1", "p4de.24xlarge", gpus=0), row)

    assert "taints of devices: ignored: gpu-1: they are counted as if they had none" in notes(found)


@pytest.mark.parametrize("name", ["use-gputype", "nouse-gputype", "vgpu-mode", "numa-bind", "use-gpuuuid"])
def test_what_hami_asks_of_accelerators_is_told(tmp_path: Path, name: str) -> None:
    """A problem can't say which accelerators of a node a copy may take."""
    row = pod("a", "n1", "a")
    row["metadata"]["annotations"] = {f"nvidia.com/{name}": "x"}

    assert f"nvidia.com/{name}: ignored" in notes(of(tmp_path, node("n1"), row))


def test_a_refusal_of_the_server_is_told_in_its_words(tmp_path: Path) -> None:
    """In place of a list, or beside one."""
    said = 'nodes is forbidden: User "x" cannot list resource "nodes"'
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": said, "code": 403}
    for objects in ([status], [node("n1"), status]):
        with pytest.raises(DocumentError, match=r"the server's refusal \(403\): nodes is forbidden: User"):
            of(tmp_path, *objects)


def test_a_kind_of_another_group_is_another_kind(tmp_path: Path) -> None:
    """OpenShift has a Node of its own, Volcano a Job."""
    others = [
        {"apiVersion": version, "kind": kind, "metadata": {"name": "cluster"}, "spec": {}}
        for version, kind in (("config.openshift.io/v1", "Node"), ("batch.volcano.sh/v1alpha1", "Job"))
    ]
    found = of(tmp_path, node("n1"), *others)

    assert [row.id for row in found.problem.instances] == ["n1"]
    assert "kind Node: ignored: objects of this kind are not read (1 of them)" in notes(found)
    assert "kind Job: ignored: objects of this kind are not read (1 of them)" in notes(found)
