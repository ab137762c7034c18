"""Pods become copies: what they need, whose they are, which accelerators they have, and what keeps them."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from placement.catalogue.readers.fields import At
from placement.errors import DocumentError
from placement.integrations.kubernetes.mixed import share_of_one
from placement.integrations.kubernetes.requests import effective_requests
from tests.integrations.kubernetes.clusters import Json, node, pod
from tests.integrations.kubernetes.test_nodes import imported, notes

if TYPE_CHECKING:
    from pathlib import Path


def container(cpu: str, **more: Any) -> Json:
    """A container that asks for CPU."""
    return {"name": "c", "resources": {"requests": {"cpu": cpu}}} | more


@pytest.mark.parametrize(
    ("spec", "cpu"),
    [
        ({"containers": [container("1"), container("500m")]}, "1.5"),
        ({"containers": [container("1")], "initContainers": [container("3"), container("2")]}, "3"),
        ({"containers": [container("1")], "initContainers": [container("2", restartPolicy="Always")]}, "3"),
        # the second init container starts beside the sidecar before it, but not beside the one after it
        (
            {
                "containers": [container("1")],
                "initContainers": [
                    container("1", restartPolicy="Always"),
                    container("4"),
                    container("2", restartPolicy="Always"),
                ],
            },
            "5",
        ),
        ({"containers": [container("1")], "overhead": {"cpu": "250m"}}, "1.25"),
        ({"containers": [{"name": "c", "resources": {"limits": {"cpu": "2"}}}]}, "2"),
        ({"containers": [container("1"), container("1")], "resources": {"requests": {"cpu": "5"}}}, "5"),
    ],
)
def test_effective_requests(spec: Json, cpu: str) -> None:
    """As the scheduler counts: what runs together or the init peak, sidecars, overhead, limits, the pod's own."""
    assert effective_requests(At({"spec": spec}))["cpu"] == Fraction(cpu)


def test_a_resize_under_way_counts_what_is_held() -> None:
    """The status may tell of more than the spec asks for."""
    status = {"containerStatuses": [{"name": "c", "allocatedResources": {"cpu": "6"}}]}

    assert effective_requests(At({"spec": {"containers": [container("2")]}, "status": status}))["cpu"] == 6


def test_owners_are_what_a_person_wrote(tmp_path: Path) -> None:
    """A Deployment rather than its ReplicaSet, also where that has no pods' hash but an owner of its own."""
    replica_set = {
        "kind": "ReplicaSet",
        "metadata": {
            "name": "odd",
            "namespace": "shop",
            "ownerReferences": [{"kind": "Rollout", "name": "canary", "controller": True}],
        },
    }
    odd = pod("c", "n1", "odd")
    odd["metadata"]["ownerReferences"][0]["name"] = "odd"
    leader = pod("d", "n1", "set-0", kind="StatefulSet", labels={"leaderworkerset.sigs.k8s.io/name": "big"})
    found = imported(
        tmp_path,
        node("n1"),
        replica_set,
        pod("a", "n1", "web"),
        pod("b", "n1", "db", kind="StatefulSet"),
        odd,
        leader,
        pod("e", "n1", "mine", annotations={"gpu-placement/component": "chat 8b"}),
    )

    assert [row.labels["owner"] for row in found.problem.components] == [
        "Deployment shop/web",
        "StatefulSet shop/db",
        "Rollout shop/canary",
        "LeaderWorkerSet shop/big",
        "Component shop/chat 8b",
    ]
    assert [row.name for row in found.problem.components][-1] == "chat 8b"
    assert "LeaderWorkerSet shop/big: ignored: pods of one group start together" in notes(found)


def test_in_the_middle_of_a_move_both_are_one_component(tmp_path: Path) -> None:
    """What ran before, and what was exported of it: copies of one component, by two options."""
    new = pod("b", "n2", "web-n2", cpu="3", annotations={"gpu-placement/component": "shop/web"})
    found = imported(tmp_path, node("n1"), node("n2"), pod("a", "n1", "web", cpu="2"), new).problem

    (component,) = found.components
    assert (component.name, component.copies) == ("shop/web", 2)
    assert {(row.instance, component.modes[int(row.option)].vcpus) for row in found.placements} == {
        ("n1", 2),
        ("n2", 3),
    }


def test_copies_that_differ_are_components_of_their_own(tmp_path: Path) -> None:
    """Half of a roll-out asks for more. Nothing tells which pod is newer, so names go by the pods' own."""
    found = imported(tmp_path, node("n1"), pod("a", "n1", "web", cpu="1"), pod("b", "n1", "web", cpu="2"))

    assert [(row.name, row.modes[0].vcpus) for row in found.problem.components] == [("shop/web", 1), ("shop/web #2", 2)]
    assert "its pods differ (a roll-out?)" in notes(found)
    alone = imported(tmp_path, node("n1"), pod("a", "n1", "web #2", cpu="1"))
    assert "one more component" not in notes(alone)


def test_pods_that_ended_or_leave_are_no_copies(tmp_path: Path) -> None:
    """What has ended holds nothing; what is leaving is told."""
    leaving = pod("b", "n1", "web")
    leaving["metadata"]["deletionTimestamp"] = "2026-11-01T00:00:00Z"
    done = pod("a", "n1", "web", status={"phase": "Succeeded"})
    found = imported(tmp_path, node("n1"), done, leaving)

    assert found.problem.components == ()
    assert "Pod shop/b: ignored: is being deleted" in notes(found)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"annotations": {"karpenter.sh/do-not-disrupt": "true"}}, "annotation karpenter.sh/do-not-disrupt"),
        ({"annotations": {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}}, "safe-to-evict"),
        ({"kind": "Job"}, "it runs to its end"),
        ({"volumes": [{"name": "v", "hostPath": {"path": "/x"}}]}, "hostPath"),
    ],
)
def test_what_must_not_move_is_pinned(tmp_path: Path, change: Json, reason: str) -> None:
    """By annotation, by owner, by a folder of its node."""
    spec = {key: change.pop(key) for key in ("volumes",) if key in change}
    made = pod("a", "n1", "web", **change)
    made["spec"] |= spec
    found = imported(tmp_path, node("n1"), made)

    assert [row.pinned for row in found.problem.placements] == [True]
    assert reason in notes(found)


def test_priorities_are_ranks_and_pods_that_wait_are_optional(tmp_path: Path) -> None:
    """Values of classes may be negative or two thousand millions."""
    classes = [
        {"kind": "PriorityClass", "metadata": {"name": "low"}, "value": -5},
        {"kind": "PriorityClass", "metadata": {"name": "high"}, "value": 2_000_000_000},
    ]
    rows = [
        pod("a", "n1", "a", priority=0),
        pod("b", None, "b", spec={}),
        pod("c", None, "c"),
    ]
    rows[1]["spec"]["priorityClassName"] = "high"
    rows[2]["spec"]["priority"] = -5
    found = imported(tmp_path, node("n1"), *classes, *rows).problem

    assert [(row.name, row.priority, row.min_copies) for row in found.components] == [
        ("shop/a", 1, None),
        ("shop/b", 2, 0),
        ("shop/c", 0, 0),
    ]


def test_replicas_that_have_no_pod_yet_are_wanted_too(tmp_path: Path) -> None:
    """By the Deployment, when it was given."""
    deployment = {"kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"replicas": 3}}
    found = imported(tmp_path, node("n1"), pod("a", "n1", "web"), deployment).problem

    assert (found.components[0].copies, found.components[0].min_copies) == (3, 1)


@pytest.mark.parametrize(
    ("asked", "gpus", "most"),
    [("2", 1, 2), ("2", 0, 2), ("3", 1, 1), ("1", 1, None), ("1", 0, 4), ("2", 2, None), ("5", 1, None)],
)
def test_copies_of_one_component_share_what_a_node_has_of_a_resource(
    tmp_path: Path, asked: str, gpus: int, most: int | None
) -> None:
    """Four adapters, or two, on a node of four accelerators: a plan put as many copies there as have accelerators."""
    nodes = [node(f"n{k}", allocatable={"vpc.amazonaws.com/efa": str(k)}) for k in (2, 4)]
    found = imported(tmp_path, *nodes, pod("a", None, "a", gpus=gpus, cpu="1", limits={"vpc.amazonaws.com/efa": asked}))

    assert found.problem.components[0].spread.max_per_instance == most


def test_a_resource_that_is_no_room_decides_where_a_copy_may_stand(tmp_path: Path) -> None:
    """Network adapters of a machine are not counted, but a machine without them is none."""
    with_adapter = node("n1", allocatable={"vpc.amazonaws.com/efa": "1"})
    found = imported(tmp_path, with_adapter, node("n2"), pod("a", "n1", "a", limits={"vpc.amazonaws.com/efa": "1"}))

    assert found.problem.components[0].modes[0].instance_types == ("g5.12xlarge vpc.amazonaws.com/efa",)
    assert [row.instance_type for row in found.problem.pools] == ["g5.12xlarge vpc.amazonaws.com/efa", "g5.12xlarge"]


def test_copies_of_one_component_share_the_disk_of_a_node(tmp_path: Path) -> None:
    """Three times 60 GiB are in 200; a plan put four copies on the four accelerators there."""
    allocatable = {"ephemeral-storage": "200Gi", "hugepages-2Mi": "0"}
    own = pod("a", "n1", "a", gpus=1, cpu="1", limits={"ephemeral-storage": "60Gi"})
    found = imported(tmp_path, node("n1", allocatable=allocatable), own)
    assert found.problem.components[0].spread.max_per_instance == 3
    untold = imported(tmp_path, node("n1"), own)
    assert untold.problem.components[0].spread.max_per_instance is None


# --- Accelerators


@pytest.mark.parametrize(("replicas", "share"), [(2, 0.5), (3, 0.333), (10, 0.1)])
def test_time_slices_are_shares(tmp_path: Path, replicas: int, share: float) -> None:
    """So many copies share one accelerator, and no more."""
    sliced = node("n1", gpus=4 * replicas, labels={"nvidia.com/gpu.replicas": str(replicas)})
    sliced["metadata"]["labels"]["nvidia.com/gpu.product"] = "NVIDIA-A10G-SHARED"
    found = imported(
        tmp_path, sliced, *[pod(f"a{i}", "n1", "a", gpus=1, cpu="1", memory="1Gi") for i in range(4 * replicas)]
    )

    option = found.problem.components[0].modes[0]
    assert (option.shared, option.accelerator_share, option.on) == (True, share, (f"A10G-shared-{replicas}",))
    assert found.problem.instance_types[f"g5.12xlarge shared-{replicas}"].accelerator_count == 4
    assert "broken" not in notes(found)


@pytest.mark.parametrize("replicas", range(2, 64))
def test_so_many_slices_fit_and_no_more(replicas: int) -> None:
    """Where thousandths can't say it, the caller counts memory instead."""
    share, is_exact = share_of_one(replicas)

    assert (1000 // share == replicas) == is_exact
    assert 1000 // share >= replicas


SLICED = {"nvidia.com/gpu.replicas": "4"}
PARTED = {"nvidia.com/gpu.product": "NVIDIA-A10G-MIG-1g.5gb", "nvidia.com/mig.strategy": "single"}


@pytest.mark.parametrize(("labels", "part"), [(SLICED, "A10G-shared-4"), (PARTED, "NVIDIA-A10G-MIG-1g.5gb")])
def test_whole_accelerators_stay_whole(tmp_path: Path, labels: Json, part: str) -> None:
    """Parts may be called as whole ones are. Copies that have whole ones get none; those that have parts get either."""
    parts = node("n2", gpus=16, labels=labels)
    rows = [pod("a", "n1", "a", gpus=1), pod("b", "n2", "b", gpus=1), pod("c", "n1", "c"), pod("d", None, "d", gpus=1)]
    found = imported(tmp_path, node("n1"), parts, *rows)

    on = {row.name: [kind for mode in row.modes for kind in mode.on or ()] for row in found.problem.components}
    assert {name: sorted(kinds) for name, kinds in on.items()} == {
        "shop/a": ["A10G"],
        "shop/b": sorted(["A10G", part]),
        "shop/c": [],
        "shop/d": sorted(["A10G", part]),
    }
    told = f"its copies have whole accelerators and stay on such ones: {part} are parts of one"
    assert f"Deployment shop/a: assumed: {told}" in notes(found)
    assert notes(found).count(told) == 1
    told = f"Deployment shop/d: assumed: none of its copies runs, so they may have parts of accelerators: {part}"
    assert told in notes(found)


def test_accelerators_with_less_memory_than_now_are_told(tmp_path: Path) -> None:
    """Nobody tells how much of it a copy needs."""
    large = node(
        "n2",
        "p4d.24xlarge",
        labels={"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB", "nvidia.com/gpu.memory": "40960"},
    )
    found = imported(tmp_path, node("n1"), large, pod("a", "n2", "a", gpus=1), pod("b", "n1", "b", gpus=1))

    assert (
        "Deployment shop/a: assumed: asks for accelerators and not for memory, so it may have A10G, with less"
        in notes(found)
    )
    assert "Deployment shop/b: assumed: asks" not in notes(found)
    stays = imported(tmp_path, node("n1"), large, pod("a", "n2", "a", gpus=1, kind="Job"))
    assert "not for memory" not in notes(stays)
    unknown = node("n1", "x1.odd", labels={"nvidia.com/gpu.product": "NVIDIA-X1", "nvidia.com/gpu.memory": ""})
    assert "not for memory" not in notes(imported(tmp_path, unknown, large, pod("a", "n2", "a", gpus=1)))


def device_class(name: str, resource: str, *selectors: str) -> Json:
    """A class of devices that pods may ask for by the name of a resource."""
    spec: Json = {"selectors": [{"cel": {"expression": text}} for text in selectors], "extendedResourceName": resource}
    return {"apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass", "metadata": {"name": name}, "spec": spec}


OWN = "device.driver == 'gpu.nvidia.com' && device.attributes['gpu.nvidia.com'].type == 'gpu'"


@pytest.mark.parametrize(
    ("more", "served", "told"),
    [
        ([], False, "resource nvidia.com/gpu: assumed: no DeviceClass that was given serves it"),
        ([device_class("gpu.nvidia.com", "nvidia.com/gpu", OWN)], True, ""),
        ([device_class("other", "nvidia.com/gpu", "device.driver == 'other'")], False, "no DeviceClass"),
        (
            [device_class("big", "nvidia.com/gpu", OWN, "device.capacity['gpu.nvidia.com'].memory > 1")],
            True,
            "DeviceClass big selectors: ignored: is not understood, so it is not kept: device.capacity",
        ),
    ],
)
def test_claims_serve_the_name_of_a_resource_where_a_class_says_so(
    tmp_path: Path, more: list[Json], served: bool, told: str
) -> None:
    """Without one a copy that asks for nvidia.com/gpu would wait there."""
    claims = [node("n2", "p4de.24xlarge", gpus=0), slices(gpu(0), name="n2")]
    found = imported(tmp_path, node("n1"), *claims, *more, pod("a", "n1", "a", gpus=1))

    assert set(found.problem.components[0].modes[0].on or ()) == {"A10G", *(["A100-80GB"] if served else [])}
    assert told in notes(found)
    assert bool(told) == ("DeviceClass" in notes(found))


def test_a_pod_that_has_such_a_claim_tells_it(tmp_path: Path) -> None:
    """The status names the resource that a claim stands for."""
    claims = [node("n2", "p4de.24xlarge", gpus=0), slices(gpu(0), name="n2")]
    row = pod("a", "n2", "a", gpus=1)
    mapped = [{"containerName": "main", "resourceName": "nvidia.com/gpu", "requestName": "container-0-request-0"}]
    row["status"]["extendedResourceClaimStatus"] = {"resourceClaimName": "x", "requestMappings": mapped}

    assert imported(tmp_path, node("n1"), *claims, row).problem.components[0].modes[0].on == ("A10G", "A100-80GB")
    row["status"] = {"phase": "Running", "extendedResourceClaimStatus": {"requestMappings": ["odd"]}}
    assert "may not run on" in notes(imported(tmp_path, node("n1"), *claims, row))


@pytest.mark.parametrize(
    ("written", "gib"),
    [
        (2**35, 32),
        (3.4359738368e10, 32),
        ("32Gi", 32),
        ("34359738368000m", 32),
        ("3.4359738368e10", 32),
        (1e-7, 2**-10),
    ],
)
def test_quantities_are_numbers_or_text(tmp_path: Path, written: Any, gib: float) -> None:
    """Custom resources and files by hand have bytes as numbers."""
    (found,) = imported(tmp_path, node("n1"), pod("a", "n1", "a", memory=written)).problem.components

    assert found.modes[0].memory_gib == gib


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"memory": "1Ei"}, "limits.memory (Pod shop/a): must be less than an exbibyte"),
        ({"gpu": 1}, "limits.gpu (Pod shop/a): must be one of cpu, memory, ephemeral-storage, hugepages-SIZE, or have"),
        ({"memory": -1}, "limits.memory (Pod shop/a): must be a quantity of Kubernetes that is not negative"),
        ({"nvidia.com/gpu": "1Gi"}, 'limits["nvidia.com/gpu"] (Pod shop/a): must be at most 1,024'),
    ],
)
def test_quantities_that_no_node_has_are_refused(tmp_path: Path, limits: Json, told: str) -> None:
    """With the object and the path."""
    with pytest.raises(DocumentError, match=re.escape(told)):
        imported(tmp_path, node("n1"), pod("a", "n1", "a", limits=limits, memory="1"))


def test_parts_by_hami_and_kai_are_served_by_no_claims(tmp_path: Path) -> None:
    """A node with a driver of claims alone has no scheduler of parts."""
    claims = [node("n2", "p4de.24xlarge", gpus=0), slices(gpu(0), name="n2")]
    part = {"nvidia.com/gpu": "1", "nvidia.com/gpumem": "6000"}
    shared = node("n1", gpus=40, annotations={"hami.io/node-nvidia-register": REGISTER})
    found = imported(tmp_path, shared, *claims, pod("h", "n1", "h", limits=part))
    (kai_only,) = imported(tmp_path, node("n1"), *claims, kai("k", "g", gpu_fraction="0.5")).problem.components

    assert found.problem.components[0].modes[0].on == (found.problem.instance_types["g5.12xlarge"].accelerator,)
    assert kai_only.modes[0].on == ("A10G",)


def test_partitions_are_accelerators_of_their_own(tmp_path: Path) -> None:
    """MIG of one size, by resource."""
    labels = {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3", "nvidia.com/mig-1g.10gb.memory": "9728"}
    parted = node("n1", "p5.48xlarge", gpus=0, labels=labels, allocatable={"nvidia.com/mig-1g.10gb": "56"})
    found = imported(tmp_path, parted, pod("a", "n1", "a", limits={"nvidia.com/mig-1g.10gb": "1"}))

    assert found.problem.instance_types["p5.48xlarge MIG-1g.10gb"].accelerator_count == 56
    assert found.problem.accelerators["H100-MIG-1g.10gb"].memory_gib == 9.5
    assert found.problem.components[0].modes[0].on == ("H100-MIG-1g.10gb",)


def kai(name: str, group: str | None, **annotations: str) -> Json:
    """A pod of KAI on a shared accelerator."""
    labels = {"runai-gpu-group": group} if group else {}
    return pod(
        name,
        "n1",
        name,
        annotations={key.replace("_", "-"): value for key, value in annotations.items()},
        labels=labels,
    )


def test_fractions_of_kai_share_as_their_groups_say(tmp_path: Path) -> None:
    """By fraction or by memory; which one is not told, who shares with whom is. Its reservations are no copies."""
    holder = pod("r", "n1", "r", gpus=1, namespace="kai-resource-reservation")
    found = imported(
        tmp_path,
        node("n1"),
        holder,
        kai("half", "g-b", gpu_fraction="0.5"),
        kai("some", "g-b", gpu_memory="5757"),
        kai("other", "g-a", gpu_fraction="0.3"),
        pod("whole", "n1", "whole", gpus=2),
    )

    options = {row.name: row.modes[0] for row in found.problem.components}
    assert (options["shop/half"].accelerator_share, options["shop/half"].shared) == (0.5, True)
    assert (options["shop/some"].accelerator_share, options["shop/some"].accelerator_memory_gib * 1024) == (0.25, 5757)
    assert {row.component: row.accelerators for row in found.problem.placements} == {
        "shop/half": (1,),
        "shop/some": (1,),
        "shop/other": (0,),
        "shop/whole": (2, 3),
    }
    assert "kai-resource-reservation/r: ignored: holds an accelerator" in notes(found)
    assert "broken" not in notes(found)


REGISTER = ":".join(f"GPU-{i},10,23028,100,NVIDIA-NVIDIA A10G,0,true" for i in range(4)) + ":"
REGISTER_JSON = (
    '[{"id":"GPU-0","count":10,"devmem":23028,"devcore":100,"type":"NVIDIA A10G","health":true},'
    '{"id":"GPU-1","count":10,"devmem":23028,"devcore":100,"type":"NVIDIA A10G","health":true},'
    '{"id":"GPU-2","count":10,"devmem":23028,"devcore":100,"type":"NVIDIA A10G","health":false}]'
)


@pytest.mark.parametrize(("register", "count"), [(REGISTER, 4), (REGISTER_JSON, 2)])
def test_hami_tells_memory_cores_and_which_one(tmp_path: Path, register: str, count: int) -> None:
    """Both forms of its annotation; unhealthy accelerators are none."""
    machine = node("n1", gpus=40, annotations={"hami.io/node-nvidia-register": register})
    asked = {"nvidia.com/gpu": "1", "nvidia.com/gpumem": "6000", "nvidia.com/gpucores": "30"}
    held = {"hami.io/vgpu-devices-allocated": "GPU-1,NVIDIA,6000,30:;"}
    found = imported(tmp_path, machine, pod("a", "n1", "a", limits=asked, annotations=held))

    option = found.problem.components[0].modes[0]
    assert found.problem.instance_types["g5.12xlarge"].accelerator_count == count
    assert (option.accelerator_memory_gib * 1024, option.accelerator_share, option.on) == (6000, 0.3, ("A10G",))
    assert found.problem.placements[0].accelerators == (1,)


def test_hami_gives_all_memory_unless_asked(tmp_path: Path) -> None:
    """By a percentage, or none of either."""
    machine = node("n1", gpus=40, annotations={"hami.io/node-nvidia-register": REGISTER})
    half = {"nvidia.com/gpu": "1", "nvidia.com/gpumem-percentage": "50"}
    found = imported(tmp_path, machine, pod("a", "n1", "a", gpus=2), pod("b", "n1", "b", limits=half)).problem

    assert [row.modes[0].accelerator_memory_gib * 1024 for row in found.components] == [23028, 11514]
    assert [row.modes[0].accelerator_share for row in found.components] == [0.1, 0.1]


def slices(*devices: Json, name: str = "n1", **spec: Any) -> Json:
    """What NVIDIA's driver publishes of a node."""
    pool = {"name": name, "generation": 1, "resourceSliceCount": 1}
    body = {"driver": "gpu.nvidia.com", "nodeName": name, "pool": pool, "devices": list(devices)} | spec
    return {
        "kind": "ResourceSlice",
        "metadata": {"name": f"{name}-{spec.get('pool', pool)['generation']}"},
        "spec": body,
    }


def gpu(index: int) -> Json:
    """One whole accelerator."""
    attributes = {
        "type": {"string": "gpu"},
        "uuid": {"string": f"GPU-{index}"},
        "productName": {"string": "NVIDIA A100-SXM4-80GB"},
    }
    return {"name": f"gpu-{index}", "attributes": attributes, "capacity": {"memory": {"value": "80Gi"}}}


def claim(name: str, devices: list[str], *, users: int = 1, **exactly: Any) -> Json:
    """A claim that was given devices."""
    request = {"name": "r", "exactly": {"deviceClassName": "gpu.nvidia.com", "count": 1} | exactly}
    results = [{"request": "r", "driver": "gpu.nvidia.com", "pool": "n1", "device": device} for device in devices]
    return {
        "kind": "ResourceClaim",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"devices": {"requests": [request]}},
        "status": {
            "allocation": {"devices": {"results": results}},
            "reservedFor": [{"resource": "pods", "name": str(i)} for i in range(users)],
        },
    }


def claiming(name: str, *claims: str) -> Json:
    """A pod with claims."""
    found = pod(name, "n1", name)
    found["spec"]["resourceClaims"] = [{"name": row, "resourceClaimName": row} for row in claims]
    return found


def test_claims_tell_which_accelerator_a_pod_has(tmp_path: Path) -> None:
    """Only slices of the newest generation count; a claim with a memory shares its accelerator."""
    old = slices(gpu(7), pool={"name": "n1", "generation": 0, "resourceSliceCount": 1})
    memory: Any = {"capacity": {"requests": {"memory": "20Gi"}}}
    found = imported(
        tmp_path,
        node("n1", "p4de.24xlarge", gpus=0),
        old,
        slices(gpu(1), gpu(0), gpu(2)),
        claim("two", ["gpu-2", "gpu-0"], count=2),
        claim("part", ["gpu-1"], **memory),
        claiming("a", "two"),
        claiming("b", "part"),
    )

    assert found.problem.instance_types["p4de.24xlarge"].accelerator_count == 3
    assert {row.component: row.accelerators for row in found.problem.placements} == {"shop/a": (0, 2), "shop/b": (1,)}
    options = [row.modes[0] for row in found.problem.components]
    assert [(row.accelerators, row.shared, row.accelerator_memory_gib) for row in options] == [
        (2, False, 0),
        (1, True, 20),
    ]
    assert "broken" not in notes(found)


def test_a_claim_of_several_pods_counts_once(tmp_path: Path) -> None:
    """They share it, so they stay together."""
    found = imported(
        tmp_path,
        node("n1", "p4de.24xlarge", gpus=0),
        slices(gpu(0)),
        claim("one", ["gpu-0"], users=2),
        claiming("a", "one"),
        claiming("b", "one"),
    )

    assert [row.modes[0].accelerators for row in found.problem.components] == [1, 0]
    assert all(row.pinned for row in found.problem.placements)
    assert "it shares ResourceClaim shop/one with other pods" in notes(found)


def test_a_partition_that_a_claim_makes_takes_its_part(tmp_path: Path) -> None:
    """Partitions that could be made use counters of their accelerator."""
    possible = {
        "name": "gpu-1-mig-3g.40gb-9-0",
        "attributes": {"type": {"string": "mig"}, "profile": {"string": "3g.40gb"}, "parentUUID": {"string": "GPU-1"}},
        "consumesCounters": [{"counterSet": "gpu-1", "counters": {}}],
    }
    cel = {"cel": {"expression": "device.attributes['gpu.nvidia.com'].profile == '3g.40gb'"}}
    found = imported(
        tmp_path,
        node("n1", "p4de.24xlarge", gpus=0),
        slices(gpu(0), gpu(1), possible),
        claim("part", ["gpu-1-mig-3g.40gb-9-0"], deviceClassName="mig.nvidia.com", selectors=[cel]),
        claiming("a", "part"),
    )

    option = found.problem.components[0].modes[0]
    assert (option.accelerator_memory_gib, option.accelerator_share) == (40, 0.428)
    assert found.problem.placements[0].accelerators == (1,)


def test_a_selector_that_is_not_understood_is_told(tmp_path: Path) -> None:
    """Any program may stand there."""
    cel = {"cel": {"expression": "device.capacity['gpu.nvidia.com'].memory.isGreaterThan(quantity('70Gi'))"}}
    found = imported(
        tmp_path, node("n1", gpus=0), slices(gpu(0)), claim("one", ["gpu-0"], selectors=[cel]), claiming("a", "one")
    )

    assert "ResourceClaim shop/one selector: ignored: is not understood" in notes(found)


def test_an_accelerator_that_nothing_tells_of_is_still_counted(tmp_path: Path) -> None:
    """Whole ones need no memory."""
    bare = node("n1", "mine", gpus=0, allocatable={"nvidia.com/gpu": "2"})
    found = imported(tmp_path, bare, pod("a", "n1", "a", gpus=1))

    assert found.problem.instance_types["mine"].accelerator_count == 2
    assert "accelerators mine-accelerator: assumed: no label tells their memory" in notes(found)


def test_an_oversold_machine_is_said(tmp_path: Path) -> None:
    """A state that breaks a rule is valid as an input, and told."""
    found = imported(tmp_path, node("n1"), *[pod(f"a{i}", "n1", "a", gpus=1) for i in range(5)])

    assert "n1 accelerator 0: broken: holds 2 copies" in notes(found)


def test_a_machine_is_oversold_only_where_no_way_to_deal_it_out_keeps_the_rules(tmp_path: Path) -> None:
    """Halves, thirds and quarters that fill two accelerators: to put the largest first is no way to find that."""
    parts = (0.5, 0.25, 0.25, 0.333, 0.333, 0.333)

    def shared(*parts: float) -> str:
        rows = [pod(f"a{i}", "n1", f"a{i}", annotations={"gpu-fraction": str(part)}) for i, part in enumerate(parts)]
        return notes(imported(tmp_path, node("n1", gpus=2), *rows))

    assert "broken" not in shared(*parts)
    assert "broken" in shared(*parts, 0.25)


@pytest.mark.parametrize("users", [0, 1, 2])
@pytest.mark.parametrize("waits", [False, True])
def test_a_claim_is_shared_by_all_pods_that_name_it(tmp_path: Path, users: int, waits: bool) -> None:
    """Also where it is not reserved for all of them yet: no rule is broken by that."""
    first, second = claiming("a", "one"), claiming("b", "one")
    if waits:
        second["spec"].pop("nodeName")
        second["status"] = {"phase": "Pending"}
    rows = [node("n1", "p4d.24xlarge", gpus=0), slices(gpu(0)), claim("one", ["gpu-0"], users=users)]
    found = imported(tmp_path, *rows, first, second)

    assert [note for note in found.notes if note.kind == "broken"] == []
    assert [row.modes[0].accelerators for row in found.problem.components] == [1, 0]
    assert [row.pinned for row in found.problem.placements] == [True] * (2 - waits)
    told = "Pod shop/b: ignored: waits, and shares ResourceClaim shop/one with pods that run: it can only stand there"
    assert (told in notes(found)) == waits
