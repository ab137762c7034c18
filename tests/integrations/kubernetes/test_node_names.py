"""Names of types and pools follow from what nodes are: not from their order, nor from which others are there."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from placement.integrations.kubernetes import ExportWishes, export_kubernetes, import_kubernetes
from tests.corpus import seeds
from tests.integrations.kubernetes.clusters import Json, daemon, node, pod, write
from tests.integrations.kubernetes.test_round_trip import plan_as_it_runs

if TYPE_CHECKING:
    from pathlib import Path

CAPACITY = "karpenter.sh/capacity-type"
A100 = {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"}


def taint(key: str, value: str = "") -> Json:
    """One that keeps pods off."""
    return {"key": key, "value": value, "effect": "NoSchedule"}


def cluster() -> list[Json]:
    """Nodes of one type and zone that differ by each thing that rules look at."""
    small = {"nvidia.com/mig-1g.5gb": "7"}
    nodes = [
        node("plain-1"),
        node("plain-2"),
        node("other-zone", zone="us-east-1b"),
        node("spot", labels={CAPACITY: "spot"}),
        node("block-1", labels={CAPACITY: "reserved", "karpenter.k8s.aws/capacity-reservation-id": "cr-1"}),
        node("block-2", labels={CAPACITY: "reserved", "karpenter.k8s.aws/capacity-reservation-id": "cr-2"}),
        node("pool-a", labels={"karpenter.sh/nodepool": "a"}),
        node("pool-b", labels={"karpenter.sh/nodepool": "b"}),
        node("team-x", labels={"team": "x"}),
        node("team-y", labels={"team": "y"}),
        node("taint-x", taints=[taint("for", "x"), taint("nvidia.com/gpu", "present")]),
        node("taint-y", taints=[taint("for", "y")]),
        node("efa", allocatable={"vpc.amazonaws.com/efa": "1"}),
        node("slow", gpus=16, labels={"nvidia.com/gpu.replicas": "4"}),
        node("named"),
        node("cut-1", "p4d.24xlarge", gpus=0, labels=A100, allocatable=small),
        node("cut-2", "p4d.24xlarge", labels=A100),
    ]
    pods = [pod(f"a-{row['metadata']['name']}", None, "a", gpus=1, cpu="1") for row in nodes]
    pods += [pod(f"team-{name}", None, f"team-{name}", spec={"nodeSelector": {"team": name}}) for name in "xy"]
    for name in "xy":
        stands = {"tolerations": [{"key": "for", "value": name}]}
        pods.append(pod(f"for-{name}", None, f"for-{name}", spec=stands))
    pods += [
        pod("net", None, "net", limits={"vpc.amazonaws.com/efa": "1"}),
        pod("cut", None, "cut", limits={"nvidia.com/mig-1g.5gb": "1"}),
        pod("held", None, "held", spec={"nodeSelector": {"kubernetes.io/hostname": "named"}}),
    ]
    return [*nodes, *pods]


def pools(tmp_path: Path, objects: list[Json]) -> dict[str, tuple[str, str]]:
    """By node the names of its pool and type."""
    found = import_kubernetes([write(tmp_path / "c.json", *objects)]).problem
    type_of = {row.name: row.instance_type for row in found.pools}
    return {row.id: (row.pool, type_of[row.pool]) for row in found.instances}


def test_each_difference_is_in_the_name(tmp_path: Path) -> None:
    """No number tells pools apart; what the cluster tells does."""
    found = pools(tmp_path, cluster())

    assert {name: pool for name, (pool, _) in found.items()} == {
        "plain-1": "g5.12xlarge-us-east-1a",
        "plain-2": "g5.12xlarge-us-east-1a",
        "other-zone": "g5.12xlarge-us-east-1b",
        "spot": "g5.12xlarge-us-east-1a-spot",
        "block-1": "g5.12xlarge-us-east-1a-reserved-cr-1",
        "block-2": "g5.12xlarge-us-east-1a-reserved-cr-2",
        "pool-a": "g5.12xlarge a-us-east-1a",
        "pool-b": "g5.12xlarge b-us-east-1a",
        "team-x": "g5.12xlarge team=x-us-east-1a",
        "team-y": "g5.12xlarge team=y-us-east-1a",
        "taint-x": "g5.12xlarge for=x-us-east-1a",
        "taint-y": "g5.12xlarge for=y-us-east-1a",
        "efa": "g5.12xlarge vpc.amazonaws.com/efa-us-east-1a",
        "slow": "g5.12xlarge shared-4-us-east-1a",
        "named": "g5.12xlarge named-us-east-1a",
        "cut-1": "p4d.24xlarge MIG-1g.5gb-us-east-1a",
        "cut-2": "p4d.24xlarge-us-east-1a",
    }
    assert len({kind for _, kind in found.values()}) == 10


@seeds(range(40), 6)
def test_order_changes_no_name(seeds: range, tmp_path: Path) -> None:
    """`kubectl` sorts by name; a file that was made in another way need not."""
    sound = pools(tmp_path, cluster())
    for seed in seeds:
        objects = cluster()
        random.Random(seed).shuffle(objects)

        assert pools(tmp_path, objects) == sound


@pytest.mark.parametrize("name", [row["metadata"]["name"] for row in cluster() if row["kind"] == "Node"])
def test_a_node_that_goes_changes_no_name_of_others(tmp_path: Path, name: str) -> None:
    """Else the copies on the others would have Deployments of other names, and start again."""
    objects = cluster()
    sound = pools(tmp_path, objects)
    rest = [row for row in objects if row["metadata"]["name"] != name]

    assert pools(tmp_path, rest) == {each: names for each, names in sound.items() if each != name}


def test_most_nodes_keep_the_short_name(tmp_path: Path) -> None:
    """A new node on which a daemon has not started yet is a pool of its own, and renames no other."""
    ready = [node("n2"), node("n3"), daemon("n2"), daemon("n3")]
    before = pools(tmp_path, ready)
    found = pools(tmp_path, [node("n1"), *ready])

    assert {name: found[name] for name in before} == before
    assert found["n1"][0] == "g5.12xlarge without DaemonSet kube-system/agent-us-east-1a"


def test_bug_a_node_with_fewer_accelerators_is_told_by_them(tmp_path: Path) -> None:
    """One of its accelerators is broken; its name told CPU and memory, which are those of all."""
    found = pools(tmp_path, [node("n1"), node("n2"), node("sick", allocatable={"nvidia.com/gpu": "3"})])

    assert found["n1"] == found["n2"] == ("g5.12xlarge-us-east-1a", "g5.12xlarge")
    assert found["sick"] == ("g5.12xlarge 3xA10G-us-east-1a", "g5.12xlarge 3xA10G")


def test_nodes_that_only_their_room_tells_apart_are_told_by_it(tmp_path: Path) -> None:
    """One whose copies need more than the others have; two such of one name and room by a node."""
    slim, wide = node("n1", allocatable={"memory": "10Gi"}), node("n2", allocatable={"memory": "20Gi"})
    found = pools(tmp_path, [wide, slim, pod("a", "n2", "a", memory="16Gi")])

    assert found["n1"][0] == "g5.12xlarge-us-east-1a"
    assert found["n2"][0] == "g5.12xlarge 47.81cpu-20gib-us-east-1a"


def test_labels_that_rules_look_at_hold_copies_to_their_pool(tmp_path: Path) -> None:
    """A copy that may stand in both is told its pool by the label that tells them apart."""
    nodes = [node("n1", labels={"team": "x"}), node("n2")]
    either = pod("a", "n1", "a", gpus=1)
    bound = pod("b", "n1", "b", gpus=1, spec={"nodeSelector": {"team": "x"}})
    path = write(tmp_path / "c.json", *nodes, either, bound)
    problem = import_kubernetes([path]).problem
    wishes = ExportWishes(cluster=(path,))
    found = export_kubernetes(problem, plan_as_it_runs(problem), wishes).files["40-workloads.yaml"]

    assert found.count("key: team") == 2
