"""Random clusters through two exports, one over the other, whose steps are run by a shell as they stand."""

from __future__ import annotations

import copy
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import placement
from placement.documents import Problem
from placement.integrations.kubernetes import ExportWishes, export_kubernetes, import_kubernetes
from tests.corpus import one_by_one
from tests.integrations.kubernetes.clusters import Json, write
from tests.integrations.kubernetes.following import follow
from tests.integrations.kubernetes.simulated import run
from tests.integrations.kubernetes.test_export import manifests
from tests.integrations.kubernetes.test_round_trip import NAMES, agents, machines, workload

if TYPE_CHECKING:
    from pathlib import Path

    from placement import Plan


def moved(rng: random.Random, problem: Problem) -> tuple[Problem, Plan] | None:
    """The problem with other numbers of copies, and a plan of it on machines that run."""
    document = problem.to_document()
    for row in document["components"]:
        row["copies"] = max(1, row["copies"] + rng.randint(-2, 3))
        row.pop("min_copies", None)
    changed = Problem(**document)
    plan = placement.solve(changed, rng.choice(("ffd", "best-fit")), work=2).plan
    if plan is None or not plan.assignments or any(row.new for row in plan.instances):
        return None
    return changed, plan


def owners(work: list[Json], objects: list[Json], rng: random.Random) -> list[Json]:
    """Some of the Deployments, with as many copies as run."""
    pods = Counter(row["metadata"]["name"].rpartition("-abc-")[0] for row in objects if row["kind"] == "Pod")
    found = [copy.deepcopy(row) for row in work if rng.random() < 0.5]
    for row in found:
        row["apiVersion"] = "apps/v1"
        row["spec"]["replicas"] = pods[row["metadata"]["name"]]
    return found


@one_by_one(range(600), 4)
def test_the_steps_lead_to_the_plan(seed: int, tmp_path: Path) -> None:
    """Every command ends well, and no component is without more copies than may be away."""
    rng = random.Random(seed)
    nodes = machines(rng)
    work = [workload(rng, name) for name in rng.sample(NAMES, rng.randint(1, 4))]
    ran = run(nodes, work, agents(rng, nodes))
    objects = [row for row in ran if row["kind"] != "Pod" or row["spec"].get("nodeName")]
    objects += owners(work, objects, rng)
    pin: Any = rng.choice(("none", "node"))
    for number in range(2):
        source = write(tmp_path / f"{number}.json", *objects)
        before = import_kubernetes([source]).problem
        if not before.placements or (changed := moved(rng, before)) is None:
            return
        problem, plan = changed
        found = export_kubernetes(problem, plan, ExportWishes(cluster=(source,), pin=pin))
        after = follow(found, objects, tmp_path / f"steps-{number}")

        assert after["errors"] == ""
        assert [words for words in after["log"] if words[-1] != "-> 0"] == []
        wanted, there = (Counter(row.component for row in rows) for rows in (plan.assignments, before.placements))
        for row in problem.components:
            assert after["now"].get(row.name, 0) == wanted[row.name]
            floor = min(there[row.name], wanted[row.name]) - max(1, row.most_unavailable)
            assert after["least"].get(row.name, 0) >= floor
        others = [row for row in objects if row["kind"] not in ("Node", "Pod")]
        for other in others:
            owner = f"{other['kind']} {other['metadata']['namespace']}/{other['metadata']['name']}"
            other["spec"]["replicas"] = after["scaled"].get(owner, 0)
        objects = [*after["nodes"], *after["pods"], *manifests(found), *others]
