"""Claims of devices: what runs by them comes back by all three pins, and documents that contradict each other."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement.integrations.kubernetes import ExportWishes, export_kubernetes
from placement.integrations.kubernetes.importer import Wishes, import_kubernetes
from tests.integrations.kubernetes.clusters import Json, node, pod, write
from tests.integrations.kubernetes.schemas import check
from tests.integrations.kubernetes.simulated import run
from tests.integrations.kubernetes.test_export import manifests, needs, notes, round_trip, state
from tests.integrations.kubernetes.test_pods import claim, gpu, slices

if TYPE_CHECKING:
    from pathlib import Path

    from placement.integrations import Exported

PINS = ("none", "node", "accelerator")
PRODUCT = "device.attributes['gpu.nvidia.com'].productName == 'NVIDIA A100-SXM4-80GB'"
LARGE = "device.capacity['gpu.nvidia.com'].memory.compareTo(quantity('20Gi')) >= 0"
PROFILE = "device.attributes['gpu.nvidia.com'].profile == '1g.5gb'"
NIC = {
    "kind": "ResourceClaim",
    "metadata": {"name": "nic", "namespace": "shop"},
    "spec": {"devices": {"requests": [{"name": "n", "exactly": {"deviceClassName": "nic.x.io", "count": 1}}]}},
}


def cel(*texts: str) -> list[Json]:
    """Selectors of a request."""
    return [{"cel": {"expression": text}} for text in texts]


def part(index: int) -> Json:
    """A partition that is there for good."""
    attributes = {
        "type": {"string": "mig"},
        "profile": {"string": "1g.5gb"},
        "uuid": {"string": f"MIG-{index}"},
        "parentUUID": {"string": "GPU-9"},
        "productName": {"string": "NVIDIA A100-SXM4-40GB"},
    }
    return {
        "name": f"gpu-0-mig-1g5gb-19-{index}",
        "attributes": attributes,
        "capacity": {"memory": {"value": "4864Mi"}},
    }


def using(name: str, *claims: str, node: str = "n1", app: str = "chat") -> Json:
    """A pod of a Deployment whose container uses its claims."""
    found = pod(name, node, app)
    found["spec"]["resourceClaims"] = [{"name": f"my-{row}", "resourceClaimName": row} for row in claims]
    found["spec"]["containers"][0].setdefault("resources", {})["claims"] = [{"name": f"my-{row}"} for row in claims]
    return found


def of(*devices: str, node: str = "n1", name: str = "one", **exactly: Any) -> Json:
    """A claim that was given devices of a node."""
    found = claim(name, [*devices], **exactly)
    for row in found["status"]["allocation"]["devices"]["results"]:
        row["pool"] = node
    return found


def one_node(claimed: Json, *devices: Json) -> list[Json]:
    """A node, its devices, and a pod that has some."""
    return [node("n1", "p4d.24xlarge", gpus=0), slices(*devices), claimed, using("chat-0", claimed["metadata"]["name"])]


def exported(source: str, pin: str, *, grow: int = 0, **wishes: Any) -> Exported:
    """The manifests of a cluster, with one more copy where it may grow."""
    problem = import_kubernetes([source], Wishes(grow=grow, prices={"p4d.24xlarge": 1.0})).problem
    if grow:
        document = problem.to_document()
        document["components"][0]["copies"] += 1
        problem = placement.Problem(**document)
    plan = placement.solve(problem, "ffd").plan
    assert plan is not None
    return export_kubernetes(problem, plan, ExportWishes(cluster=(source,), pin=pin, **wishes))  # type: ignore[arg-type]


def requests(found: Exported) -> list[Json]:
    """What the exported claims ask for."""
    specs = [row["spec"].get("spec", row["spec"]) for row in manifests(found, "30-claims.yaml")]
    return [row["exactly"] for spec in specs for row in spec["devices"]["requests"]]


@pytest.mark.parametrize("pin", PINS)
@pytest.mark.parametrize(
    ("claimed", "devices"),
    [
        (of("gpu-0"), [gpu(0)]),
        (of("gpu-0", "gpu-1", count=2), [gpu(0), gpu(1)]),
        (of("gpu-0", selectors=cel(PRODUCT, LARGE)), [gpu(0), gpu(1)]),
        (of(part(0)["name"], deviceClassName="mig.nvidia.com", selectors=cel(PROFILE)), [part(0), part(1)]),
        (of("gpu-0", capacity={"requests": {"memory": "20Gi"}}), [gpu(0)]),
    ],
    ids=["one", "two", "selectors", "partition", "memory"],
)
def test_what_runs_by_claims_comes_back(tmp_path: Path, claimed: Json, devices: list[Json], pin: str) -> None:
    """Class, count, memory and selectors are those of the claim; a second export adds nothing."""
    before, after, found = round_trip(tmp_path, one_node(claimed, *devices), pin)

    assert state(before) == state(after)
    assert needs(before) == needs(after)
    assert [row.modes for row in before.components] == [row.modes for row in after.components]
    (asked,) = requests(found)
    written = claimed["spec"]["devices"]["requests"][0]["exactly"]
    held = [row["attributes"]["uuid"]["string"] for row in devices if row["name"] in json.dumps(claimed["status"])]
    listed = ", ".join(f"'{uuid}'" for uuid in held)
    pinned = cel(f"device.attributes['gpu.nvidia.com'].uuid in [{listed}]")
    expected = [*written.get("selectors", []), *(pinned if pin == "accelerator" else [])]
    assert asked == written | ({"selectors": expected} if expected else {})
    (work,) = manifests(found, "40-workloads.yaml")
    spec = work["spec"]["template"]["spec"]
    assert [row["name"] for row in spec["resourceClaims"]] == ["my-one"]
    assert spec["containers"][0]["resources"]["claims"] == [{"name": "my-one"}]
    again = exported(str(tmp_path / "after.json"), pin)
    assert requests(again) == requests(found)


@pytest.mark.parametrize("pin", PINS)
def test_copies_on_new_machines_have_claims(tmp_path: Path, pin: str) -> None:
    """A group by pool has no node, and its copies have their accelerators by the claim of those that run."""
    source = write(tmp_path / "c.json", *one_node(of("gpu-0"), gpu(0)))
    found = exported(source, pin, grow=1)

    work = manifests(found, "40-workloads.yaml")
    assert sum(row["spec"]["replicas"] for row in work) == 2
    named = {row["metadata"]["name"] for row in manifests(found, "30-claims.yaml")}
    used = {value for row in work for value in row["spec"]["template"]["spec"]["resourceClaims"][0].values()} - {
        "my-one"
    }
    assert used == named
    assert len(named) == len(work)
    for row in manifests(found, "30-claims.yaml"):
        check(row)


def test_copies_that_nothing_runs_of_have_claims_on_such_nodes(tmp_path: Path) -> None:
    """The node's manager tells; no resource of a device plugin is asked for beside the claim. Partitions by profile."""
    source = write(
        tmp_path / "c.json", node("n1", "p4d.24xlarge", gpus=0), slices(part(0), part(1)), pod("x", "n1", "x")
    )
    document = import_kubernetes([source], Wishes(prices={"p4d.24xlarge": 1.0})).problem.to_document()
    document["components"].append({"name": "new", "copies": 1, "accelerators": 1})
    problem = placement.Problem(**document)
    plan = placement.solve(problem, "ffd").plan
    assert plan is not None
    found = export_kubernetes(problem, plan, ExportWishes(cluster=(source,)))

    (asked,) = requests(found)
    assert (asked["deviceClassName"], asked["selectors"]) == ("mig.nvidia.com", cel(PROFILE))
    made = next(row for row in manifests(found, "40-workloads.yaml") if row["metadata"]["name"].startswith("new"))
    container = made["spec"]["template"]["spec"]["containers"][0]
    assert "limits" not in container["resources"]
    assert container["resources"]["claims"] == [{"name": "accelerators"}]


def test_other_claims_of_a_pod_stay(tmp_path: Path) -> None:
    """One of its own is asked for again; one of a template goes on to be made by it."""
    rows = [node("n1", "p4d.24xlarge", gpus=0), slices(gpu(0)), of("gpu-0"), NIC, using("chat-0", "one", "nic")]
    found = exported(write(tmp_path / "c.json", *rows), "none")
    assert sorted(row["deviceClassName"] for row in requests(found)) == ["gpu.nvidia.com", "nic.x.io"]
    assert (
        "claim my-nic: assumed: each copy gets a claim of its own that asks for what ResourceClaim shop/nic"
        in notes(found)
    )

    rows[-1]["spec"]["resourceClaims"][1] = {"name": "my-nic", "resourceClaimTemplateName": "nics"}
    rows[-1]["status"]["resourceClaimStatuses"] = [{"name": "my-nic", "resourceClaimName": "nic"}]
    found = exported(write(tmp_path / "d.json", *rows), "none")
    assert [row["deviceClassName"] for row in requests(found)] == ["gpu.nvidia.com"]
    (work,) = manifests(found, "40-workloads.yaml")
    assert work["spec"]["template"]["spec"]["resourceClaims"][1] == rows[-1]["spec"]["resourceClaims"][1]

    missing = [row for row in rows if row is not NIC]
    found = exported(write(tmp_path / "e.json", *missing), "none")
    assert "claim my-nic: assumed: was not given with --cluster" in notes(found)


def test_a_claim_that_pods_share_stays_shared(tmp_path: Path) -> None:
    """Each copy with a claim of its own would take more accelerators than ran before."""
    rows = [
        node("n1", "p4d.24xlarge", gpus=0),
        slices(gpu(0)),
        claim("one", ["gpu-0"], users=2),
        using("chat-0", "one"),
        using("chat-1", "one"),
    ]
    found = exported(write(tmp_path / "c.json", *rows), "none")

    assert "30-claims.yaml" not in found.files
    named = [row["spec"]["template"]["spec"]["resourceClaims"] for row in manifests(found, "40-workloads.yaml")]
    assert named
    assert all(row == [{"name": "my-one", "resourceClaimName": "one"}] for row in named)
    assert "component shop/chat claim my-one: inexact: pods share ResourceClaim shop/one" in notes(found)


@pytest.mark.parametrize("order", [1, -1])
def test_copies_that_share_a_claim_are_one_component(tmp_path: Path, order: int) -> None:
    """One of them asks for its devices, the other for none; after an export, too, in any order of the pods."""
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "chat", "namespace": "shop"}}
    machines = [node("n1", "p4d.24xlarge", gpus=0), slices(gpu(0)), claim("one", ["gpu-0"], users=2)]
    pods = [using("chat-0", "one"), using("chat-1", "one")]
    source = write(tmp_path / "c.json", *machines, *pods, owner | {"spec": {"replicas": 2}})
    first = import_kubernetes([source])
    (component,) = first.problem.components

    assert (component.copies, component.min_copies) == (2, None)
    assert [row.accelerators for row in component.modes] == [1, 0]
    assert all(row.pinned for row in first.problem.placements)
    assert "do not run" not in "\n".join(map(str, first.notes))
    work = manifests(exported(source, "node"), "40-workloads.yaml")
    made = []
    for row, written in zip(pods, work, strict=True):
        told = written["spec"]["template"]["metadata"]
        made.append({**row, "metadata": {**row["metadata"], **told, "namespace": "shop"}})
    again = import_kubernetes([write(tmp_path / "d.json", *machines, *made[::order])]).problem
    assert [(row.name, row.modes) for row in again.components] == [(component.name, component.modes)]


def test_copies_whose_claims_differ_are_told(tmp_path: Path) -> None:
    """Selectors that are not understood make no difference to the problem, so they are copies of one component."""
    rows = [
        node("n1", "p4d.24xlarge", gpus=0),
        slices(gpu(0), gpu(1)),
        of("gpu-0", name="c0"),
        of("gpu-1", name="c1", selectors=cel(LARGE)),
        *(using(f"chat-{index}", f"c{index}") for index in range(2)),
    ]
    for row in rows[-2:]:
        row["spec"]["resourceClaims"][0]["name"] = "gpu"
    found = exported(write(tmp_path / "c.json", *rows), "none")

    told = "claim gpu: inexact: ResourceClaim shop/c0 asks for something else than ResourceClaim shop/c1"
    assert f"component shop/chat {told}: all copies ask as it does" in notes(found)


def test_a_claim_of_all_devices_counts_those_that_it_holds(tmp_path: Path) -> None:
    """Nothing else finds room on them."""
    claimed = of("gpu-0", "gpu-1", allocationMode="All")
    found = import_kubernetes([write(tmp_path / "c.json", *one_node(claimed, gpu(0), gpu(1)))])

    assert found.problem.components[0].modes[0].accelerators == 2
    assert found.problem.placements[0].accelerators == (0, 1)
    assert "asks for all devices: 2 are counted" in "\n".join(map(str, found.notes))


def test_another_claim_has_another_name(tmp_path: Path) -> None:
    """The API refuses to change a claim."""
    names = set()
    for number, claimed in enumerate([of("gpu-0"), of("gpu-0", selectors=cel(PRODUCT))]):
        found = exported(write(tmp_path / f"{number}.json", *one_node(claimed, gpu(0), gpu(1))), "none")
        names |= {row["metadata"]["name"] for row in manifests(found, "30-claims.yaml")}

    assert len(names) == 2


def test_claims_before_v1_are_written_in_its_form(tmp_path: Path) -> None:
    """There what one asks for stood beside the name."""
    claimed = of("gpu-0", selectors=cel(PRODUCT))
    (request,) = claimed["spec"]["devices"]["requests"]
    request |= request.pop("exactly")
    found = exported(write(tmp_path / "c.json", *one_node(claimed, gpu(0))), "none")

    (template,) = manifests(found, "30-claims.yaml")
    check(template)
    (asked,) = requests(found)
    assert (asked["deviceClassName"], asked["selectors"]) == ("gpu.nvidia.com", cel(PRODUCT))


def test_devices_without_memory_are_told(tmp_path: Path) -> None:
    """A plan counts none of it there."""
    bare = gpu(0)
    del bare["capacity"]
    rows = [node("n1", "p4d.24xlarge", gpus=0), slices(bare), of("gpu-0"), using("chat-0", "one")]
    told = [str(note) for note in import_kubernetes([write(tmp_path / "c.json", *rows)]).notes]

    assert any("no device tells their memory, so it is not counted" in note for note in told)


def test_an_extended_resource_is_not_claimed_twice(tmp_path: Path) -> None:
    """A driver may serve what is asked for by the name of a resource."""
    rows = [node("n1", "p4d.24xlarge", gpus=0), slices(gpu(0)), of("gpu-0"), pod("chat-0", "n1", "chat", gpus=1)]
    mapped = [{"containerName": "main", "resourceName": "nvidia.com/gpu", "requestName": "r"}]
    rows[-1]["status"]["extendedResourceClaimStatus"] = {"resourceClaimName": "one", "requestMappings": mapped}
    found = exported(write(tmp_path / "c.json", *rows), "accelerator")

    assert "30-claims.yaml" not in found.files


@pytest.mark.parametrize(
    ("device", "there", "told"),
    [
        ("gpu-0", "n2", "n2/gpu-0 is of node n2, and Pod shop/chat-0 runs on n1"),
        ("gpu-7", "n1", "n1/gpu-7 is in no ResourceSlice that was given, and Pod shop/chat-0 runs on n1"),
    ],
)
def test_a_claim_of_what_the_node_has_not_is_told(tmp_path: Path, device: str, there: str, told: str) -> None:
    """By object and field; which accelerators the pod has is open."""
    rows = [
        *(node(name, "p4d.24xlarge", gpus=0) for name in ("n1", "n2")),
        *(slices(gpu(0), name=name) for name in ("n1", "n2")),
        of(device, node=there),
        using("chat-0", "one"),
    ]
    found = import_kubernetes([write(tmp_path / "c.json", *rows)])

    place = "ResourceClaim shop/one status.allocation.devices.results: ignored"
    assert f"{place}: {told}: which it has is left open" in "\n".join(map(str, found.notes))
    assert found.problem.placements[0].accelerators is None


def test_who_looks_at_devices_has_none(tmp_path: Path) -> None:
    """Administrators see accelerators that are others'."""
    looks = of("gpu-0", name="looks", adminAccess=True, allocationMode="All")
    looks["status"]["allocation"]["devices"]["results"][0]["adminAccess"] = True
    rows = [*one_node(of("gpu-0"), gpu(0)), looks, using("watch-0", "looks", app="watch")]
    found = import_kubernetes([write(tmp_path / "c.json", *rows)])
    told = "\n".join(map(str, found.notes))

    assert {row.name: row.modes[0].accelerators for row in found.problem.components} == {
        "shop/chat": 1,
        "shop/watch": 0,
    }
    assert "broken" not in told
    assert (
        "ResourceClaim shop/looks spec.devices.requests.adminAccess: ignored: looks at devices that others have" in told
    )


def test_partitions_that_are_made_are_pinned_by_their_parent(tmp_path: Path) -> None:
    """Their own UUIDs are made with them."""
    attributes = {**part(0)["attributes"], "profile": {"string": "3g.40gb"}, "parentUUID": {"string": "GPU-0"}}
    possible = {"name": "gpu-0-mig-3g.40gb-9-0", "attributes": attributes, "consumesCounters": [{"counterSet": "x"}]}
    profile = cel("device.attributes['gpu.nvidia.com'].profile == '3g.40gb'")
    claimed = of("gpu-0-mig-3g.40gb-9-0", deviceClassName="mig.nvidia.com", selectors=profile)
    found = exported(write(tmp_path / "c.json", *one_node(claimed, gpu(0), possible)), "accelerator")

    (asked,) = requests(found)
    assert asked["selectors"] == [*profile, *cel("device.attributes['gpu.nvidia.com'].parentUUID in ['GPU-0']")]


def test_pods_run_by_the_exported_claims(tmp_path: Path) -> None:
    """Two copies on two nodes, one claim for each, by one template: neither has the other's."""
    rows = [
        *(node(name, "p4d.24xlarge", gpus=0) for name in ("n1", "n2")),
        *(slices(gpu(index), name=name) for index, name in enumerate(("n1", "n2"))),
        *(of(f"gpu-{index}", node=name, name=f"c{index}") for index, name in enumerate(("n1", "n2"))),
        *(using(f"chat-{index}", f"c{index}", node=name) for index, name in enumerate(("n1", "n2"))),
    ]
    for index in range(2):
        rows[-1 - index]["spec"]["resourceClaims"][0]["name"] = "gpu"
        rows[-1 - index]["spec"]["containers"][0]["resources"]["claims"] = [{"name": "gpu"}]
    before, after, _ = round_trip(tmp_path, rows, "node")
    assert state(before) == state(after)

    kept = [row for row in rows if row["kind"] in ("Node", "ResourceSlice")]
    made = run(copy.deepcopy(kept[:2]), manifests(exported(str(tmp_path / "before.json"), "node")), kept[2:])
    assert sum(row["kind"] == "ResourceClaim" for row in made) == 2
