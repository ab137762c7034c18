"""Volumes: who may hold one at a time, where one can be mounted, and what a plan that moves its copies is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from placement.errors import DocumentError
from placement.integrations.kubernetes import import_kubernetes
from tests.integrations.kubernetes.clusters import Json, node, pod, write
from tests.integrations.kubernetes.test_handovers import exported, readme

if TYPE_CHECKING:
    from pathlib import Path

    from placement.integrations import Exported, Imported

ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
ZONES = [node("n1"), node("n2"), node("n3", zone="us-east-1b")]


def of(tmp_path: Path, *objects: Json) -> Imported:
    """The import of these objects."""
    return import_kubernetes([write(tmp_path / "cluster.json", *objects)])


def notes(found: Imported | Exported) -> str:
    """All notes, a line each."""
    return "\n".join(map(str, found.notes))


def mounts(*names: str) -> Json:
    """A pod's specification that mounts claims."""
    return {"volumes": [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in names]}


def claim(name: str, *modes: str, volume: str = "") -> Json:
    """A PersistentVolumeClaim."""
    spec: Json = {"accessModes": list(modes)} | ({"volumeName": volume} if volume else {})
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


def volume(name: str, key: str = "", *values: str, labels: Any = None) -> Json:
    """A PersistentVolume that nodes with a label can mount; without a key all can."""
    term = {"matchExpressions": [{"key": key, "operator": "In", "values": [*values]}]}
    spec = {"nodeAffinity": {"required": {"nodeSelectorTerms": [term]}}} if key else {}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "labels": labels or {}},
        "spec": spec,
    }


@pytest.mark.parametrize(
    "bound",
    [
        volume("v", ZONE, "us-east-1a"),
        volume("v", labels={ZONE: "us-east-1a__us-east-1c"}),
        volume("v", labels={"failure-domain.beta.kubernetes.io/zone": "us-east-1a"}),
    ],
)
def test_a_volume_of_one_zone_holds_its_copies_there(tmp_path: Path, bound: Json) -> None:
    """As the scheduler has it, by the volume's affinity or, of an old one, by its labels."""
    nodes = [{**row, "metadata": {**row["metadata"]}} for row in ZONES]
    for row in nodes:
        labels = row["metadata"]["labels"]
        row["metadata"]["labels"] = {**labels, "failure-domain.beta.kubernetes.io/zone": labels[ZONE]}
    one = pod("db-0", "n1", "db", gpus=1, spec=mounts("d"))
    found = of(tmp_path, *nodes, one, claim("d", "ReadWriteOnce", volume="v"), bound)

    (component,), types = found.problem.components, {row.name: row for row in found.problem.pools}
    allowed = component.modes[0].instance_types or ()
    zones = {row.zone for row in types.values() if row.instance_type in allowed}
    assert zones == {"us-east-1a"}
    assert "volumes" not in notes(found)


def test_a_volume_that_all_nodes_reach_is_no_rule(tmp_path: Path) -> None:
    """Of a network's storage."""
    one = pod("db-0", "n1", "db", gpus=1, spec=mounts("d"))
    found = of(tmp_path, *ZONES, one, claim("d", "ReadWriteMany", volume="v"), volume("v"))

    assert found.problem.components[0].modes[0].instance_types is None
    assert "volumes" not in notes(found)


@pytest.mark.parametrize("left_out", ["PersistentVolumeClaim", "PersistentVolume"])
def test_what_was_not_given_is_told(tmp_path: Path, left_out: str) -> None:
    """With the kinds to add."""
    objects = [claim("d", "ReadWriteMany", volume="v"), volume("v", ZONE, "us-east-1a")]
    rest = [row for row in objects if row["kind"] != left_out]
    found = of(tmp_path, *ZONES, pod("db-0", "n1", "db", spec=mounts("d")), *rest)

    told = "Deployment shop/db spec.volumes: ignored: a volume may be bound to a zone or a node, which is not read: add"
    assert f"{told} persistentvolumeclaims and persistentvolumes" in notes(found)


def test_a_copy_stays_with_a_volume_on_its_node(tmp_path: Path) -> None:
    """Each pod of a StatefulSet has its own; they are one component all the same."""
    pods = [pod(f"db-{i}", f"n{i}", "db", kind="StatefulSet", spec=mounts(f"d{i}")) for i in (1, 2)]
    claims = [claim(f"d{i}", "ReadWriteOnce", volume=f"v{i}") for i in (1, 2)]
    found = of(tmp_path, *ZONES, *pods, *claims, *(volume(f"v{i}", HOST, f"n{i}") for i in (1, 2)))

    assert [row.name for row in found.problem.components] == ["shop/db"]
    assert [row.pinned for row in found.problem.placements] == [True, True]
    assert "must stay where they are: its volume is on its node" in notes(found)
    assert "ignored" not in notes(found)


def test_bug_copies_with_volumes_of_several_zones_stay(tmp_path: Path) -> None:
    """Which of the copies moves is not known, so no zone can be asked for; plans had both where one volume is."""
    pods = [pod(f"db-{i}", f"n{i}", "db", kind="StatefulSet", spec=mounts(f"d{i}")) for i in (1, 3)]
    claims = [claim(f"d{i}", "ReadWriteOnce", volume=f"v{i}") for i in (1, 3)]
    held = [volume("v1", ZONE, "us-east-1a"), volume("v3", ZONE, "us-east-1b")]
    found = of(tmp_path, *ZONES, *pods, *claims, *held)

    assert [row.name for row in found.problem.components] == ["shop/db"]
    assert [row.pinned for row in found.problem.placements] == [True, True]
    assert "2 of its copies must stay where they are: its pods have volumes of several places" in notes(found)
    waits = pod("db-4", None, "db", kind="StatefulSet", spec=mounts("d4"))
    more = of(tmp_path, *ZONES, *pods, waits, *claims, claim("d4", "ReadWriteOnce", volume="v3"), *held)
    assert "StatefulSet shop/db spec.volumes: ignored: its pods have volumes of several places: that one" in notes(more)


def test_bug_volumes_that_each_pod_has_made_for_it_hold_none(tmp_path: Path) -> None:
    """They go with the pod; the new one has others, where it starts."""
    scratch = {"volumes": [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": {}}}]}
    pods = [pod(f"a-{i}", f"n{i}", "a", spec=scratch) for i in (1, 3)]
    claims = [claim(f"a-{i}-scratch", "ReadWriteOnce", volume=f"v{i}") for i in (1, 3)]
    held = [volume("v1", ZONE, "us-east-1a"), volume("v3", ZONE, "us-east-1b")]
    for rows in ([*pods, *claims, *held], [pods[0], claims[0], held[0]], pods):
        found = of(tmp_path, *ZONES, *rows)
        assert not any(row.pinned for row in found.problem.placements)
        assert found.problem.components[0].modes[0].instance_types is None
        assert "volume" not in notes(found)


def test_copies_that_share_what_one_node_holds_are_told(tmp_path: Path) -> None:
    """A problem can't say that copies stand together."""
    pods = [pod(f"db-{i}", "n1", "db", spec=mounts("d")) for i in range(2)]
    found = of(tmp_path, *ZONES, *pods, claim("d", "ReadWriteOnce", volume="v"), volume("v"))

    told = "2 copies share PersistentVolumeClaim shop/d, and pods of one node at a time may hold it (ReadWriteOnce)"
    assert told in notes(found)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (("ReadWriteOnce",), "on n1, n2, and pods of one node at a time may hold it (ReadWriteOnce): those on the"),
        (("ReadWriteOncePod",), "2 copies, and one pod at a time may hold it (ReadWriteOncePod): the others wait"),
        (("ReadWriteOnce", "ReadWriteMany"), ""),
        ((), "on n1, n2, and pods of one node at a time may hold it, unless its access modes, which were not given"),
    ],
)
def test_a_plan_with_more_copies_than_may_hold_a_volume(tmp_path: Path, kind: tuple[str, ...], told: str) -> None:
    """On two nodes of one zone: the second copy would wait for ever."""
    pods = [pod(f"db-{i}", f"n{i}", "db", gpus=1, spec=mounts("d")) for i in (1, 2)]
    given = [claim("d", *kind, volume="v"), volume("v")] if kind else []
    found = notes(exported(tmp_path, *ZONES, *pods, *given, pin="node"))

    assert told in found
    assert ("PersistentVolumeClaim shop/d: inexact" in found) == bool(told)


def test_the_scheduler_may_part_copies_that_share_a_volume(tmp_path: Path) -> None:
    """Without a pin both nodes of the pool are open to them."""
    pods = [pod(f"db-{i}", "n1", "db", gpus=1, spec=mounts("d")) for i in range(2)]
    other = pod("web", "n2", "web", gpus=4)
    objects = [*ZONES, *pods, other, claim("d", "ReadWriteOnce", volume="v"), volume("v")]

    assert "may put them on several nodes of g5.12xlarge-us-east-1a" in notes(exported(tmp_path, *objects))
    assert "shop/d: inexact" not in notes(exported(tmp_path, *objects, pin="node"))


def test_a_volume_that_every_zone_reaches_follows(tmp_path: Path) -> None:
    """Nothing is told of zones then; its old copy still ends first."""
    objects = [pod("db-0", "n1", "db", gpus=1, spec=mounts("d")), claim("d", "ReadWriteOnce", volume="v"), volume("v")]
    found = exported(tmp_path, *ZONES, *objects, to="us-east-1b")

    assert "does not follow" not in notes(found)
    assert "wait --for=delete" in readme(found)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda c, _: c["spec"].update(accessModes=["ReadWriteTwice"]),
            "accessModes[0] (PersistentVolumeClaim shop/d): must be one of",
        ),
        (lambda c, _: c["spec"].update(volumeName=7), "spec.volumeName (PersistentVolumeClaim shop/d): must be text"),
        (
            lambda _, v: v["spec"]["nodeAffinity"]["required"].update(nodeSelectorTerms=[]),
            "nodeAffinity.required (PersistentVolume v): must have a term",
        ),
        (
            lambda _, v: v["spec"]["nodeAffinity"].update(required=[1]),
            "nodeAffinity.required (PersistentVolume v): must be",
        ),
    ],
)
def test_damage_names_the_object(tmp_path: Path, change: Any, told: str) -> None:
    """And the field."""
    asked, held = claim("d", "ReadWriteOnce", volume="v"), volume("v", ZONE, "us-east-1a")
    change(asked, held)
    with pytest.raises(DocumentError) as found:
        of(tmp_path, *ZONES, pod("db-0", "n1", "db", spec=mounts("d")), asked, held)

    assert told in str(found.value)


# --- Owners beside what an export made


def half_applied(kind: str, name: str) -> list[Json]:
    """A pod of an owner, and one of what an export made of it."""
    old = pod("old", "n1", name, gpus=1, kind=kind)
    if kind == "ReplicaSet":  # without a Deployment above
        del old["metadata"]["labels"]["pod-template-hash"]
        old["metadata"]["ownerReferences"][0]["name"] = name
    told = {"gpu-placement/component": f"shop/{name}", "gpu-placement/option": "0"}
    return [node("n1"), node("n2"), old, pod("new", "n2", f"{name}--n2", gpus=1, annotations=told)]


def test_a_bare_replica_set_of_a_half_applied_export_ends(tmp_path: Path) -> None:
    """It ran the copies before, and would go on beside the new ones."""
    found = exported(tmp_path, *half_applied("ReplicaSet", "web"))

    assert "kubectl -n shop scale replicaset/web --replicas=0" in readme(found)
    assert "a next export ends it" in notes(of(tmp_path, *half_applied("ReplicaSet", "web")))


def test_other_owners_of_a_half_applied_export_are_told(tmp_path: Path) -> None:
    """No step ends an operator's object, so a person is to."""
    found = exported(tmp_path, *half_applied("Model", "web"))

    assert "component shop/web: inexact: Model shop/web runs copies beside what an export made: no step" in notes(found)
    assert "you are to end it" in notes(of(tmp_path, *half_applied("Model", "web")))
