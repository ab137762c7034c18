"""Random clusters whose components grow and shrink: the plan is exported, scheduled and read again."""

from __future__ import annotations

import copy
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement.documents import Problem
from placement.integrations.kubernetes import ExportWishes, Wishes, export_kubernetes, import_kubernetes
from placement.referee import verify
from tests.corpus import one_by_one
from tests.integrations.kubernetes.clusters import budget, write
from tests.integrations.kubernetes.simulated import run
from tests.integrations.kubernetes.test_export import all_valid, manifests, notes
from tests.integrations.kubernetes.test_round_trip import NAMES, agents, machines, stated, workload

if TYPE_CHECKING:
    from pathlib import Path

    from placement import Plan
    from placement.integrations import Exported

Json = dict[str, Any]
LIKE = "like"  # annotation of new nodes: the one that they are made after


def moved(rng: random.Random, problem: Problem) -> tuple[Problem, Plan] | None:
    """The problem with other numbers of copies, and a plan that may move what runs."""
    document = problem.to_document()
    for row in document["components"]:
        row["copies"] = max(1, row["copies"] + rng.randint(-2, 3))
        row.pop("min_copies", None)
        rows = [each for each in document["placements"] if each["component"] == row["name"]]
        for each in rows[row["copies"] :]:
            document["placements"].remove(each)
    changed = Problem(**document)
    plan = placement.solve(changed, rng.choice(("ffd", "best-fit")), work=2).plan
    if plan is None or not plan.assignments:
        return None
    assert verify(changed, plan).ok
    return changed, plan


def nodes_of(problem: Problem, plan: Plan, nodes: list[Json], found: Exported) -> list[Json]:
    """Machines of the plan as nodes, new ones as Karpenter or somebody else starts them; those left are cordoned."""
    used = {row.id for row in plan.instances}
    pool_of = {row.id: row.pool for row in problem.instances}
    made = {row["metadata"]["name"]: row for row in manifests(found, "10-node-pools.yaml")} if _has_pools(found) else {}
    after = [copy.deepcopy(row) for row in nodes]
    for row in after:
        row["spec"]["unschedulable"] = row["metadata"]["name"] not in used
    for number, instance in enumerate(row for row in plan.instances if row.new):
        like = next(row for row in nodes if pool_of.get(row["metadata"]["name"]) == instance.pool)
        new = copy.deepcopy(like)
        new["metadata"]["annotations"] = {LIKE: like["metadata"]["name"]}
        name = new["metadata"]["name"] = new["metadata"]["labels"]["kubernetes.io/hostname"] = f"new-{number}"
        for pool in made.values():
            if _is_of(pool, like):
                template = pool["spec"]["template"]
                asked = {row["key"]: row["values"][0] for row in template["spec"]["requirements"]}
                hardware = {key: value for key, value in like["metadata"]["labels"].items() if "nvidia.com/" in key}
                given = template.get("metadata", {}).get("labels", {})
                own = {"karpenter.sh/nodepool": pool["metadata"]["name"], "kubernetes.io/hostname": name}
                new["metadata"]["labels"] = {**hardware, **asked, **given, **own}
                new["metadata"]["labels"]["topology.kubernetes.io/region"] = "us-east-1"
                new["spec"] = {"taints": template["spec"].get("taints", [])}
        after.append(new)
    return after


def agents_of_new(nodes: list[Json], other: list[Json]) -> list[Json]:
    """Pods of a DaemonSet on new nodes, as on those that they are like."""
    found = []
    for new in (row for row in nodes if LIKE in row["metadata"]["annotations"]):
        like, name = new["metadata"]["annotations"][LIKE], new["metadata"]["name"]
        for row in (row for row in other if row["spec"]["nodeName"] == like):
            made = copy.deepcopy(row)
            made["metadata"]["name"] = f"agent-{name}"
            made["spec"]["nodeName"] = name
            found.append(made)
    return found


def _has_pools(found: Exported) -> bool:
    return "10-node-pools.yaml" in found.files


def _is_of(pool: Json, like: Json) -> bool:
    """Whether a node pool starts nodes of a type in a zone."""
    asked = {row["key"]: row["values"][0] for row in pool["spec"]["template"]["spec"]["requirements"]}
    labels = like["metadata"]["labels"]
    return all(labels.get(key) == value for key, value in asked.items())


def rules(problem: Problem) -> Json:
    """What components ask for, but how many copies there are and what they were read from.

    Types that differ by the DaemonSets of their nodes are named beside what most nodes have, so what they hold stands
    in the place of their names.
    """
    document = problem.to_document()
    held = {name: f"{name.split()[0]} {sorted(row.items())}" for name, row in document["instance_types"].items()}
    for row in document["components"]:
        for mode in (row, *row.get("options", ())):
            if "instance_types" in mode:
                mode["instance_types"] = sorted(held[name] for name in mode["instance_types"])
    rows = stated(document)["components"]
    return {
        name: {key: value for key, value in row.items() if key not in ("copies", "min_copies")}
        for name, row in rows.items()
    }


@pytest.mark.parametrize("pin", ["none", "node", "accelerator"])
@one_by_one(range(400), 8)
def test_a_moved_plan_runs_and_is_read_again(seed: int, pin: Any, tmp_path: Path) -> None:
    """Pinned copies are where the plan has them, all others in their pools; no rule is lost."""
    rng = random.Random(seed)
    nodes = machines(rng)
    work = [workload(rng, name) for name in rng.sample(NAMES, rng.randint(1, 4))]
    other = agents(rng, nodes)
    placed = [row for row in run(nodes, work, other) if row["kind"] != "Pod" or row["spec"].get("nodeName")]
    given = [row for row in work if rng.random() < 0.5]
    file = write(tmp_path / "before.json", *placed, *given)
    first = import_kubernetes([file], Wishes(grow=rng.randint(0, 2))).problem
    if not first.placements or (changed := moved(rng, first)) is None:
        return
    problem, plan = changed
    node_class = rng.choice(("", "default"))
    found = export_kubernetes(problem, plan, ExportWishes(cluster=(file,), pin=pin, node_class=node_class))
    if manifests(found):
        all_valid(found)
    ran = nodes_of(problem, plan, nodes, found)
    after = run(ran, manifests(found, "40-workloads.yaml"), [*other, *agents_of_new(ran, other)])
    guards = manifests(found, "20-disruption-budgets.yaml")
    waiting = [row["metadata"]["name"] for row in after if row["kind"] == "Pod" and not row["spec"].get("nodeName")]
    if pin != "none":
        assert_where(plan, problem, after, waiting)
    again = import_kubernetes([write(tmp_path / "after.json", *after, *guards)]).problem
    known = rules(again)
    for name, row in rules(problem).items():
        assert known[name] == row, (name, notes(found))


def assert_where(plan: Plan, problem: Problem, after: list[Json], waiting: list[str]) -> None:
    """Copies on nodes that run are on those of the plan; on new ones there may be no room as the scheduler picks."""
    running = {row.id for row in problem.instances}
    wanted = Counter((row.component, row.instance) for row in plan.assignments if row.instance in running)
    there = Counter(
        (row["metadata"]["annotations"]["gpu-placement/component"], row["spec"].get("nodeName"))
        for row in after
        if row["kind"] == "Pod" and "gpu-placement/component" in row["metadata"]["annotations"]
    )
    assert {key: count for key, count in there.items() if key[1] in running} == wanted
    new = [row for row in plan.instances if row.new]
    assert len(new) > 1 or not waiting


def roll_out(rng: random.Random, pods: list[Json]) -> list[Json]:
    """Pods of Deployments of two ReplicaSets, of several ages, images, labels and annotations."""
    found = copy.deepcopy(pods)
    for row in (row for row in found if row["kind"] == "Pod"):
        (controller,) = row["metadata"].get("ownerReferences", [{}])
        if controller.get("kind") != "ReplicaSet":
            continue
        digest = rng.choice(("abc", "abd"))
        controller["name"] = controller["name"].removesuffix("abc") + digest
        row["metadata"]["labels"]["pod-template-hash"] = digest
        if rng.random() < 0.5:
            row["metadata"]["creationTimestamp"] = f"2026-11-{rng.randint(1, 3):02}T00:00:00Z"
        if rng.random() < 0.7:
            row["spec"]["containers"][0]["image"] = digest if rng.random() < 0.8 else "odd"
        for part in ("labels", "annotations"):
            row["metadata"][part] |= {"x": rng.choice("ab")} if rng.random() < 0.3 else {}
    return found


@one_by_one(range(400), 10)
def test_the_order_of_objects_says_nothing(seed: int, tmp_path: Path) -> None:
    """In a roll-out or not: manifests and notes are the same, whatever stands first in the file."""
    rng = random.Random(seed)
    nodes = machines(rng)
    work = [workload(rng, name) for name in rng.sample(NAMES, rng.randint(1, 4))]
    ran = run(nodes, work, agents(rng, nodes))
    objects = roll_out(rng, [row for row in ran if row["kind"] != "Pod" or row["spec"].get("nodeName")])
    objects += [row for row in work if rng.random() < 0.3]
    objects += [budget(f"b-{name}", name, maxUnavailable=1) for name in NAMES if rng.random() < 0.3]
    problem = import_kubernetes([write(tmp_path / "0.json", *objects)], Wishes(grow=1)).problem
    if not problem.placements or (changed := moved(rng, problem)) is None:
        return
    pin: Any = rng.choice(("none", "node", "accelerator"))
    texts = []
    for number in range(2):
        file = write(tmp_path / f"{number}.json", *objects)
        found = export_kubernetes(*changed, ExportWishes(cluster=(file,), pin=pin, node_class="default"))
        files = {name: text for name, text in found.files.items() if name != "README.md"}
        texts.append((files, sorted(map(str, found.notes))))
        rng.shuffle(objects)
    assert texts[0] == texts[1]
