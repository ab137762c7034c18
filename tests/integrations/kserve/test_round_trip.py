"""Random clusters that run InferenceServices: planned without a move, exported and read again, they are the same."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

from placement.integrations.kserve import KServeWish, export_kserve
from placement.integrations.kubernetes import import_kubernetes
from tests.corpus import one_by_one
from tests.integrations.kserve.test_kserve import documents
from tests.integrations.kserve.test_services import pods_of
from tests.integrations.kubernetes.clusters import write
from tests.integrations.kubernetes.test_round_trip import agents, machines, plan_as_it_runs, state, workload

if TYPE_CHECKING:
    from pathlib import Path

    from placement.documents import Problem

Json = dict[str, Any]
NAMES = ("chat", "rank", "code", "a-predictor", "x")
PINS: tuple[Literal["pool", "machine"], ...] = ("pool", "machine")


def inference_service(rng: random.Random, name: str) -> Json:
    """A service with the rules of a random Deployment: of a model for a runtime, or of containers of its own."""
    made = workload(rng, name)
    spec: Json = made["spec"]["template"]["spec"]
    (container,) = spec.pop("containers")
    if rng.random() < 0.5:
        serves: Json = {"model": {"modelFormat": {"name": "vllm"}, "resources": container["resources"]}}
        serves["model"] |= {key: container[key] for key in ("ports",) if key in container}
    else:
        serves = {"containers": [{**container, "name": "kserve-container", "image": f"me/{name}:1"}]}
    copies = made["spec"]["replicas"]
    predictor = {"minReplicas": copies, "maxReplicas": copies + rng.randint(0, 2), "labels": {"app": name}}
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"predictor": {**predictor, **spec, **serves}},
    }


def running(objects: list[Json]) -> list[Json]:
    """Without pods that wait."""
    return [row for row in objects if row["kind"] != "Pod" or row["spec"].get("nodeName")]


def as_they_run(services: list[Json], objects: list[Json]) -> list[Json]:
    """Services that ask for what runs of them, as where there was no room somebody has turned them down."""
    label = "serving.kserve.io/inferenceservice"
    count = Counter(row["metadata"]["labels"].get(label) for row in objects if row["kind"] == "Pod")
    for row in services:
        row["spec"]["predictor"]["minReplicas"] = count[row["metadata"]["name"]]
    return [row for row in services if count[row["metadata"]["name"]]]


def served(problem: Problem) -> Json:
    """What must be the same: components and their rules, machines, and how many copies of each run."""
    told = state(problem)
    return told | {"running": Counter(row.component for row in problem.placements)}


@one_by_one(range(160), 8)
def test_services_are_read_again_as_they_were(seed: int, tmp_path: Path) -> None:
    """By pool and by machine; every pod has a place among those that run anyway."""
    rng = random.Random(seed)
    nodes = machines(rng)
    services = [inference_service(rng, name) for name in rng.sample(NAMES, rng.randint(1, 4))]
    other = agents(rng, nodes)
    placed = running(pods_of(services, nodes, other))
    services = as_they_run(services, placed)
    file, live = write(tmp_path / "before.json", *placed, *services), write(tmp_path / "live.json", *services)
    found = import_kubernetes([file])
    assert [note for note in found.notes if note.kind == "broken"] == [], seed
    if not found.problem.placements:
        return
    plan = plan_as_it_runs(found.problem)
    pin = PINS[seed % 2]
    made = export_kserve(found.problem, plan, KServeWish(pin=pin, cluster=(live,)))
    rows = documents(made.files["inference-services.yaml"])
    after = running(pods_of(rows, nodes, other))
    again = import_kubernetes([write(tmp_path / "after.json", *after, *rows)])
    if pin == "machine":
        assert len(again.problem.placements) == len(found.problem.placements), seed
    assert [note for note in again.notes if note.kind == "broken"] == [], seed

    before, now = served(found.problem), served(again.problem)
    if len(again.problem.placements) < len(found.problem.placements):  # held to pools, a greedy scheduler may do worse
        return
    assert now == before, seed
