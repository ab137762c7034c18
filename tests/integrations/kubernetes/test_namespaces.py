"""What budgets and quotas of a namespace do to the copies of a plan is told by the exports that start them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement.documents import Problem
from placement.integrations.kserve import KServeWish, export_kserve
from placement.integrations.kubernetes import ExportWishes, Wishes, export_kubernetes, import_kubernetes
from tests.integrations.kserve.test_services import MODEL, pods_of, service
from tests.integrations.kubernetes.clusters import Json, budget, node, pod, write
from tests.integrations.kubernetes.test_export import all_valid, manifests, notes
from tests.integrations.kubernetes.test_generations import generation

if TYPE_CHECKING:
    from pathlib import Path

    from placement.integrations import Exported

NODES = [node("n1"), node("n2"), node("n3")]


def of_copies(source: str, copies: int) -> tuple[Problem, placement.Plan]:
    """What runs with so many copies of its first component, and a plan."""
    document = import_kubernetes([source], Wishes(grow=2)).problem.to_document()
    document["components"][0] |= {"copies": copies}
    document["components"][0].pop("min_copies", None)
    if copies < len(document["placements"]):
        document["placements"] = document["placements"][:copies]
    problem = Problem(**document)
    plan = placement.solve(problem, "ffd").plan
    assert plan is not None
    return problem, plan


def exported(tmp_path: Path, copies: int, *objects: Json) -> Exported:
    """A plan of so many copies as Deployments."""
    source = write(tmp_path / "c.json", *NODES, *objects)
    found = export_kubernetes(*of_copies(source, copies), ExportWishes(cluster=(source,)))
    all_valid(found)
    return found


def served(tmp_path: Path, copies: int, row: Json, *objects: Json) -> Exported:
    """A plan of so many copies as services."""
    source = write(tmp_path / "c.json", *pods_of([row], NODES), row, *objects)
    return export_kserve(*of_copies(source, copies), KServeWish(cluster=(source,)))


def chat(count: int) -> list[Json]:
    """Pods of one accelerator each."""
    return [pod(f"chat-{index}", f"n{1 + index // 4}", "chat", gpus=1) for index in range(count)]


CASES = [
    ({"minAvailable": 3}, 3, "minAvailable 3 of 3 copies"),
    ({"minAvailable": 3}, 4, ""),
    ({"minAvailable": 3}, 8, ""),
    ({"minAvailable": "100%"}, 4, "minAvailable 100% of 4 copies"),
    ({"maxUnavailable": 0}, 5, "maxUnavailable 0 of 5 copies"),
    ({"maxUnavailable": "10%"}, 2, ""),
]


@pytest.mark.parametrize(("limit", "copies", "told"), CASES)
@pytest.mark.parametrize("by_service", [False, True])
def test_a_budget_that_lets_none_go_is_told(
    tmp_path: Path, limit: Json, copies: int, told: str, by_service: bool
) -> None:
    """It counts the copies of the plan, whatever ran before."""
    guard = budget("b", "chat", **limit)
    row = service("chat", model=MODEL, minReplicas=4, maxReplicas=4, labels={"app": "chat"})
    found = served(tmp_path, copies, row, guard) if by_service else exported(tmp_path, copies, *chat(4), guard)

    line = f"PodDisruptionBudget shop/b: inexact: {told} in the plan lets none be away: nothing can evict one"
    assert (line in notes(found)) == bool(told)
    assert ("lets none be away" in notes(found)) == bool(told)


def test_a_budget_that_no_longer_counts_is_told(tmp_path: Path) -> None:
    """Its selector is about the old template: new copies get a budget of their own."""
    guard = budget("b", "chat", minAvailable=1)
    guard["spec"]["selector"] = {"matchLabels": {"version": "old"}}
    found = exported(tmp_path, 2, generation("a", 1, "old"), generation("b", 9, "new", number=1), guard)

    told = "PodDisruptionBudget shop/b: inexact: components shop/chat: it counts their pods by labels that new copies"
    assert told in notes(found)
    assert manifests(found, "20-disruption-budgets.yaml")


def test_a_budget_of_a_service_by_its_name_is_told(tmp_path: Path) -> None:
    """The service that is written has another name, which its pods have as a label."""
    guard = budget("b", "", maxUnavailable=1)
    guard["spec"]["selector"] = {"matchLabels": {"serving.kserve.io/inferenceservice": "chat"}}
    row = service("chat", model=MODEL, minReplicas=2, maxReplicas=2)

    assert "PodDisruptionBudget shop/b: inexact: components shop/chat-predictor: it counts" in notes(
        served(tmp_path, 2, row, guard)
    )


def quota(**hard: str) -> Json:
    """Limits of a namespace, by resource with one underscore for a dot."""
    told = {key.replace("_gpu", ".nvidia.com/gpu").replace("_", "."): value for key, value in hard.items()}
    return {"kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "shop"}, "spec": {"hard": told}}


@pytest.mark.parametrize(
    ("hard", "told"),
    [
        ({"requests_gpu": "5"}, "spec.hard.requests.nvidia.com/gpu: inexact: 5, and pods of the plan ask for 7 in all"),
        ({"requests_cpu": "20"}, "spec.hard.requests.cpu: inexact: 20, and pods of the plan ask for 28 in all"),
        ({"memory": "100Gi"}, "spec.hard.memory: inexact: 100Gi, and pods of the plan ask for 112Gi in all"),
        ({"pods": "6"}, "spec.hard.pods: inexact: 6, and pods of the plan ask for 7 in all"),
        ({"requests_gpu": "8"}, "spec.hard.requests.nvidia.com/gpu: inexact: 8, and old and new copies together"),
        ({"requests_gpu": "9", "pods": "9"}, ""),
        ({"configmaps": "1"}, ""),
    ],
)
@pytest.mark.parametrize("by_service", [False, True])
def test_growth_beyond_a_quota_is_told(tmp_path: Path, hard: Any, told: str, by_service: bool) -> None:
    """One copy stays, two become six; also where only old and new ones together are too many."""
    stays = pod("s-0", "n1", "s", kind="StatefulSet", gpus=1)
    if by_service:
        model = MODEL | {"resources": {"requests": {"cpu": "4", "memory": "16Gi"}, "limits": {"nvidia.com/gpu": "1"}}}
        row = service("chat", model=model, minReplicas=2, maxReplicas=2)
        found = served(tmp_path, 6, row, quota(**hard), stays)
    else:
        found = exported(tmp_path, 6, *chat(2), stays, quota(**hard))

    assert ("ResourceQuota" in notes(found)) == bool(told)
    assert told in notes(found)


def test_a_quota_for_some_pods_only_is_left_to_its_owner(tmp_path: Path) -> None:
    """Which the import tells."""
    some = quota(pods="1")
    some["spec"]["scopes"] = ["BestEffort"]

    assert "ResourceQuota" not in notes(exported(tmp_path, 6, *chat(2), some))
