"""Groups of pods that their owner names: the head and the workers of a RayCluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement.documents import Problem
from placement.integrations.kubernetes import export_kubernetes
from tests.integrations.kubernetes.clusters import Json, node, pod
from tests.integrations.kubernetes.test_export import manifests
from tests.integrations.kubernetes.test_nodes import imported, notes

if TYPE_CHECKING:
    from pathlib import Path


def of_group(group: str, number: int, day: int = 2, **more: Any) -> Json:
    """A pod of a RayCluster, made on a day."""
    made = pod(f"{group}-{number}", "n1", "llm", kind="RayCluster", labels={"ray.io/group": group}, **more)
    made["metadata"]["creationTimestamp"] = f"2026-11-{day:02}T00:00:00Z"
    return made


@pytest.mark.parametrize("day", [1, 3])
def test_groups_of_a_ray_cluster(tmp_path: Path, day: int) -> None:
    """By their own names, whichever pods are the newest: a head that came back took the name of the workers."""
    workers = [of_group("a.b", 1, gpus=1), of_group("a-b", 1, gpus=1), of_group("a-b", 2, gpus=1)]
    found = imported(tmp_path, node("n1"), of_group("headgroup", 1, day, cpu="2"), *workers)
    copies = {row.name: row.copies for row in found.problem.components}

    assert copies == {"shop/llm headgroup": 1, "shop/llm a.b": 1, "shop/llm a-b": 2}
    assert "one more component" not in notes(found)


def test_pods_of_a_ray_cluster_stay_its_own(tmp_path: Path) -> None:
    """KubeRay would count pods of a Deployment with their labels as its own, and end as many; two heads stop it."""
    rows = [of_group("headgroup", 1, cpu="2"), of_group("gpu", 1, gpus=1), of_group("gpu", 2, gpus=1)]
    problem = imported(tmp_path, node("n1"), *rows).problem
    document = problem.to_document()
    document["components"][1]["copies"] = 3
    more = Problem(**document)
    found = export_kubernetes(more, placement.solve(more, "best-fit").plan)
    assert manifests(found, "40-workloads.yaml") == []
    told = " ".join(map(str, found.notes))
    assert "component shop/llm headgroup: inexact: its pods, of a RayCluster, have names, volumes or groups" in told
    assert "component shop/llm gpu: inexact: the plan has 3 copies, and 2 run: set the groups of RayCluster" in told


def test_what_was_exported_of_a_group_stands_beside_it(tmp_path: Path) -> None:
    """The cluster's own pods of that group count as copies of the same component, others do not."""
    new = pod("b", "n2", "x", gpus=1, annotations={"gpu-placement/component": "shop/llm a-b"})
    rows = [of_group("a-b", 1, gpus=1), of_group("a.b", 1, gpus=1)]
    found = imported(tmp_path, node("n1"), node("n2"), *rows, new)

    assert {row.name: row.copies for row in found.problem.components} == {"shop/llm a-b": 2, "shop/llm a.b": 1}
    assert "RayCluster shop/llm: assumed: runs 1 pod beside what an export made of it" in notes(found)


@pytest.mark.parametrize("day", [1, 3])
def test_leaders_and_workers(tmp_path: Path, day: int) -> None:
    """Leaders have the name of their LeaderWorkerSet, also once a worker came back."""
    rows = []
    for name, index, made, cpu in (("l", "0", 2, "2"), ("w", "1", day, "1")):
        told = {f"leaderworkerset.sigs.k8s.io/{key}": value for key, value in (("name", "mp"), ("worker-index", index))}
        row = pod(name, "n1", "mp", kind="StatefulSet", labels=told, cpu=cpu)
        row["metadata"]["creationTimestamp"] = f"2026-11-{made:02}T00:00:00Z"
        rows.append(row)
    found = imported(tmp_path, node("n1"), *rows).problem
    assert {row.name: row.modes[0].vcpus for row in found.components} == {"shop/mp": 2, "shop/mp #2": 1}
