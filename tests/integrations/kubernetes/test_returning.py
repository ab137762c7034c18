"""What an export wrote is read again as the same components, whatever made their pods: by pool and by node, twice."""

from __future__ import annotations

import copy
import random
from typing import TYPE_CHECKING, Any

import pytest

from placement.documents import Problem
from placement.integrations.kubernetes import ExportWishes, export_kubernetes, import_kubernetes
from tests.corpus import one_by_one
from tests.integrations.kubernetes.clusters import Json, apart, budget, node, pod, spread, write
from tests.integrations.kubernetes.simulated import broken_by, run
from tests.integrations.kubernetes.test_export import all_valid, manifests, notes, plan_of
from tests.integrations.kubernetes.test_round_trip import plan_as_it_runs

if TYPE_CHECKING:
    from pathlib import Path

    from placement.integrations.exported import Exported

HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
KINDS = ("ReplicaSet", "ReplicaSet", "ReplicaSet", "StatefulSet", "Job", "DaemonSet", "Node", "")
BUDGETS: tuple[Json, ...] = ({"maxUnavailable": 1}, {"maxUnavailable": "50%"}, {"minAvailable": 1}, {"minAvailable": 9})


def components_of(problem: Problem) -> dict[str, Json]:
    """Each with all that it says; of its labels not which Deployment it came from, and of `avoid` both directions."""
    rows = {row["name"]: row for row in problem.to_document()["components"]}
    apart = {frozenset((name, other)) for name, row in rows.items() for other in row.pop("avoid", ())}
    for row in rows.values():
        row["labels"].pop("owner")
    return rows | {"apart": apart}


def cluster(rng: random.Random) -> tuple[list[Json], list[Json], list[Json]]:
    """Machines; pods of several kinds with rules about each other; budgets, and owners with settings of roll-outs."""
    nodes = [node(f"n{i}", zone=f"us-east-1{'ab'[i % 2]}") for i in range(rng.randint(2, 4))]
    names = [f"c{i}" for i in range(rng.randint(2, 4))]
    pods: list[Json] = []
    others: list[Json] = []
    for name in names:
        kind = rng.choice(KINDS if pods else KINDS[:1])
        spec: Json = {"affinity": apart(HOST, rng.choice(names))} if rng.random() < 0.5 else {}
        if rng.random() < 0.3:
            spec["topologySpreadConstraints"] = [spread(HOST, name, rng.randint(1, 2), minDomains=5000)]
        count = rng.randint(1, 3) if kind in ("ReplicaSet", "StatefulSet") else 1
        owner = name if kind else ""
        for number in range(count):
            where = rng.choice(nodes)["metadata"]["name"]
            more: Json = {"kind": kind, "spec": spec, "labels": {"app": name}}
            pods.append(pod(f"{name}-{number}", where, owner, gpus=1, cpu="1", memory="1Gi", **more))
        if kind == "ReplicaSet" and rng.random() < 0.5:
            rolling = {"maxUnavailable": rng.choice((0, 1, "50%")), "maxSurge": rng.choice((1, 2))}
            metadata = {"name": name, "namespace": "shop"}
            told = {"replicas": count, "strategy": {"rollingUpdate": rolling}}
            others.append({"kind": "Deployment", "metadata": metadata, "spec": told})
        if rng.random() < 0.4:
            others.append(budget(f"b-{name}", name, **rng.choice(BUDGETS)))
    if rng.random() < 0.2:
        others.append(budget("all", "", selector={}, **rng.choice(BUDGETS)))
    return nodes, pods, others


def after(nodes: list[Json], pods: list[Json], budgets: list[Json], found: Exported) -> list[Json]:
    """The cluster once an export was applied: pods that it leaves alone, and those that it started."""
    stay = [row for row in pods if not _is_of_deployment(row)]
    made = run(copy.deepcopy(nodes), manifests(found, "40-workloads.yaml"), copy.deepcopy(stay))
    guards = "20-disruption-budgets.yaml"
    return [*made, *budgets, *(manifests(found, guards) if guards in found.files else [])]


def _is_of_deployment(row: Json) -> bool:
    return any(owner["kind"] == "ReplicaSet" for owner in row["metadata"].get("ownerReferences", ()))


@pytest.mark.parametrize("pin", ["node", "none"])
@one_by_one(range(400), 10)
def test_all_of_it_comes_back(seed: int, pin: Any, tmp_path: Path) -> None:
    """Names, needs, rules, budgets and surge, after one export and after another one of what that made."""
    rng = random.Random(seed)
    nodes, pods, others = cluster(rng)
    if broken_by(nodes, pods, []):
        return
    source = write(tmp_path / "0.json", *nodes, *pods, *others)
    first = import_kubernetes([source]).problem
    budgets = [row for row in others if row["kind"] == "PodDisruptionBudget"]
    problem = first
    for number in (1, 2):
        found = export_kubernetes(problem, plan_as_it_runs(problem), ExportWishes(cluster=(source,), pin=pin))
        if manifests(found):
            all_valid(found)
        rows = after(nodes, pods, budgets, found)
        assert all(row["spec"].get("nodeName") for row in rows if row["kind"] == "Pod") or pin == "none", seed
        assert not any("in no manifest" in str(note) for note in found.notes), seed
        source = write(tmp_path / f"{number}.json", *rows)
        problem = import_kubernetes([source]).problem
        if pin == "none" and len(problem.placements) < len(first.placements):
            return  # the scheduler put copies where others found no room any more
        assert components_of(problem) == components_of(first), (seed, number)
        owners = {row.labels["owner"] for row in problem.components}
        assert not any("shop/shop/" in owner or " /" in owner for owner in owners), owners


def exported_pods(rows: list[Json]) -> list[Json]:
    """Those that a Deployment of an export started."""
    return [row for row in rows if row["kind"] == "Pod" and "gpu-placement/component" in row["metadata"]["labels"]]


def test_who_stays_is_avoided_by_what_is_exported(tmp_path: Path) -> None:
    """A StatefulSet's pods have no label of the export: the scheduler keeps off them by their own."""
    nodes, set_pod = [node("n1"), node("n2")], pod("s-0", "n1", "s", kind="StatefulSet")
    ruled = pod("a-0", "n2", "a", gpus=1, spec={"affinity": apart(HOST, "s")})
    source = write(tmp_path / "c.json", *nodes, ruled, set_pod)
    document = import_kubernetes([source]).problem.to_document()
    for told in (["shop/s"], []):  # the pod's own rule, and one that somebody takes out of the problem
        document["components"][0]["avoid"] = told
        problem = Problem(**document)
        found = export_kubernetes(problem, plan_as_it_runs(problem), ExportWishes(cluster=(source,)))
        (pod_after,) = exported_pods(after(nodes, [ruled, set_pod], [], found))
        assert pod_after["spec"]["nodeName"] == ("n2" if told else "n1")
        again = import_kubernetes([write(tmp_path / "d.json", *nodes, set_pod, pod_after)]).problem
        assert [list(row.avoid) for row in again.components if row.name == "shop/a"] == [told]


def test_a_rule_of_the_problem_about_who_stays(tmp_path: Path) -> None:
    """No pod has it: the export says it by the labels of the pods that stay, or tells that none tell them apart."""
    nodes, plain = [node("n1"), node("n2")], pod("a-0", "n2", "a", gpus=1)
    for labels in ({"app": "s"}, {"app": "a"}):
        stays = pod("s-0", "n1", "s", kind="StatefulSet", labels=labels)
        source = write(tmp_path / "c.json", *nodes, plain, stays)
        document = import_kubernetes([source]).problem.to_document()
        document["components"][1]["avoid"] = ["shop/a"]
        problem = Problem(**document)
        found = export_kubernetes(problem, plan_as_it_runs(problem), ExportWishes(cluster=(source,)))
        (pod_after,) = exported_pods(after(nodes, [plain, stays], [], found))
        assert (pod_after["spec"]["nodeName"] == "n2") == (labels["app"] == "s")
        assert ("component shop/a avoid: inexact: pods of shop/s are left" in notes(found)) == (labels["app"] == "a")


def test_a_roll_out_that_is_stricter_than_its_budget(tmp_path: Path) -> None:
    """The budget stays and says two; the pods say one."""
    rolling = {"replicas": 4, "strategy": {"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 3}}}
    owner = {"kind": "Deployment", "metadata": {"name": "a", "namespace": "shop"}, "spec": rolling}
    guard, pods = budget("b", "a", maxUnavailable=2), [pod(f"a-{i}", "n1", "a") for i in range(4)]
    source = write(tmp_path / "c.json", node("n1"), *pods, guard, owner)
    problem = import_kubernetes([source]).problem
    found = export_kubernetes(problem, plan_as_it_runs(problem), ExportWishes(cluster=(source,)))
    again = import_kubernetes([write(tmp_path / "d.json", *after([node("n1")], [], [guard], found))]).problem

    assert again.components[0].max_unavailable == 1
    assert components_of(again) == components_of(problem)


def test_a_budget_that_somebody_changed_counts(tmp_path: Path) -> None:
    """One copy may be away by the export's own choice, which is no rule; what is written in its place is one."""
    nodes = [node("n1"), node("n2", zone="us-east-1b")]
    source = write(tmp_path / "c.json", *nodes, *(pod(f"a-{i}", f"n{i % 2 + 1}", "a") for i in range(3)))
    document = import_kubernetes([source]).problem.to_document()
    document["components"][0]["min_available_on_pool_loss"] = 1  # a floor asks for a budget
    problem = Problem(**document)
    found = export_kubernetes(problem, plan_as_it_runs(problem), ExportWishes(cluster=(source,)))
    for away in (1, 2):
        (*rows, guard) = after(nodes, [], [], found)
        guard["spec"]["maxUnavailable"] = away
        (row,) = import_kubernetes([write(tmp_path / "d.json", *rows, guard)]).problem.components
        assert ("max_unavailable" in row.model_fields_set, row.max_unavailable) == (away > 1, away if away > 1 else 0)


RULES: tuple[Json, ...] = (
    *({"zones": ["us-east-1a", "us-east-1b"]}, {"priority": 2}, {"spread": {"min_zones": 1}}, {"move_cost": 3}),
    *({"min_available_on_pool_loss": 1}, {"startup_seconds": 7}, {"spread": {"max_per_zone": 4}}, {"min_copies": 1}),
)
KEPT: tuple[Json, ...] = ({"spread": {"max_per_instance": 2}}, {"dedicated": True}, {"max_unavailable": 2}, {})


@pytest.mark.parametrize("keys", [*RULES, *KEPT], ids=str)
def test_rules_of_the_problem_alone_are_told(keys: Json, tmp_path: Path) -> None:
    """What somebody adds is read again from the manifests, or told by its name."""
    nodes = [node("n1"), node("n2", zone="us-east-1b")]
    source = write(tmp_path / "c.json", *nodes, *(pod(f"a-{i}", f"n{i + 1}", "a", gpus=1) for i in range(2)))
    document = import_kubernetes([source]).problem.to_document()
    document["components"][0] |= keys
    problem = Problem(**document)
    for pin in ("none", "node"):
        found = export_kubernetes(*plan_of(problem.to_document()), ExportWishes(cluster=(source,), pin=pin))
        again = import_kubernetes([write(tmp_path / "d.json", *after(nodes, [], [], found))]).problem
        is_same = components_of(again) == components_of(problem)

        assert is_same == (keys in KEPT), (pin, components_of(again))
        assert ("in no manifest" in notes(found)) != is_same
        assert is_same or "copies that need not run" in notes(found) or str(next(iter(keys))) in notes(found)


def test_bug_copies_need_the_memory_of_accelerators_that_they_needed_before(tmp_path: Path) -> None:
    """No manifest asks for memory of whole accelerators: the next plan took smaller ones, in which no copy starts."""
    kinds = {
        name: {"accelerator": name, "accelerator_count": 4, "vcpus": 48, "memory_gib": 192, "price_per_hour": price}
        for name, price in (("L40S", 10), ("A10G", 5))
    }
    problem, plan = plan_of(
        {
            "accelerators": {"L40S": {"memory_gib": 44.39}, "A10G": {"memory_gib": 22.06}},
            "instance_types": kinds,
            "pools": [{"name": name, "instance_type": name, "zone": "z", "max_instances": 1} for name in kinds],
            "components": [
                {"name": "large", "copies": 2, "accelerators": 2, "accelerator_memory_gib": 37.5},
                {"name": "small", "copies": 4, "accelerators": 1, "accelerator_memory_gib": 20},
            ],
        }
    )
    product = {"nvidia.com/gpu.product": "NVIDIA-L40S", "nvidia.com/gpu.memory": "46068"}
    nodes = [node("n1", "L40S", zone="z", labels=product), node("n2", "A10G", zone="z")]
    running = run(nodes, manifests(export_kubernetes(problem, plan), "40-workloads.yaml"))
    found = import_kubernetes([write(tmp_path / "cluster.json", *running)])

    (large,), (small,) = (row.modes for row in found.problem.components)
    assert (large.accelerator_memory_gib, small.accelerator_memory_gib) == (37.5, 20)
    assert "asks for accelerators and not for memory" not in "\n".join(map(str, found.notes))
    assert "A10G" not in str(large.on) + str(large.instance_types)

    nodes[0]["metadata"]["labels"]["nvidia.com/gpu.memory"] = "30000"  # what runs has room, whatever was told
    again = import_kubernetes([write(tmp_path / "smaller.json", *running)])
    assert [row.modes[0].accelerator_memory_gib for row in again.problem.components] == [0, 20]
