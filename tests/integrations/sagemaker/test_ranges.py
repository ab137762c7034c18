"""Random endpoints that run, with ranges of autoscaling, and random plans: nothing is ever outside of its range."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import placement
from placement.documents import Problem
from placement.integrations.sagemaker.export import export_plan
from placement.integrations.sagemaker.wish import ExportWish
from tests.corpus import one_by_one
from tests.integrations.sagemaker.samples import G5, G6E, ROLE, component, config, endpoint
from tests.integrations.sagemaker.test_import import imported

if TYPE_CHECKING:
    from pathlib import Path

    from placement.integrations.sagemaker.steps import Step
    from tests.integrations.sagemaker.samples import Doc

Range = tuple[int, int]
COPIES, MACHINES = "sagemaker:inference-component:DesiredCopyCount", "sagemaker:variant:DesiredInstanceCount"


def fleet(rng: random.Random) -> list[dict[str, Doc]]:
    """Answers about one to three endpoints, with ranges that hold what runs; the first has those of all."""
    found, targets = [], []
    for number in range(rng.randint(1, 3)):
        name, machines = f"e{number}", rng.randint(1, 3)
        variant: Doc = {"VariantName": "main", "InstanceType": rng.choice((G5, G5, G6E))}
        scaler = rng.choice(("nobody", "SageMaker", "Application Auto Scaling"))
        if scaler == "SageMaker":
            most = machines + rng.randint(0, 2)
            variant["ManagedInstanceScaling"] = {"MinInstanceCount": rng.randint(0, machines), "MaxInstanceCount": most}
        elif scaler != "nobody":
            targets.append(target(f"endpoint/{name}/variant/main", MACHINES, rng, machines, 1))
        documents = {
            "endpoint": endpoint(name, [{"VariantName": "main", "CurrentInstanceCount": machines}]),
            "config": config(name, [variant]),
        }
        free = machines * 4
        for index in range(rng.randint(1, 3)):
            devices = rng.choice((1, 1, 2))
            copies = min(5, rng.randint(0, free // devices))
            free -= copies * devices
            documents[f"c{index}"] = component(f"{name}c{index}", name, copies, devices, 8, 1)
            if rng.random() < 0.6:
                targets.append(target(f"inference-component/{name}c{index}", COPIES, rng, copies, 0))
        found.append(documents)
    found[0]["targets"] = {"ScalableTargets": targets}
    return found


def target(resource: str, dimension: str, rng: random.Random, number: int, least: int) -> Doc:
    """A range that has a number."""
    limits = {"MinCapacity": rng.randint(least, max(least, number)), "MaxCapacity": max(1, number) + rng.randint(0, 3)}
    return {"ResourceId": resource, "ScalableDimension": dimension, **limits}


def changed(problem: Problem, rng: random.Random) -> Problem:
    """Other numbers of copies, prices and limits."""
    document = problem.to_document()
    document.pop("format")
    for row in document["components"]:
        row["copies"] = max(0, row["copies"] + rng.choice((-2, -1, 0, 0, 1, 3)))
    for row in document["pools"]:
        if rng.random() < 0.7:
            row.pop("max_instances", None)
            row.pop("min_instances", None)
        row["price_per_hour"] = rng.choice((1, 5, 20))
    return Problem(**document)


class Numbers:
    """Copies and machines as the calls ask for them, by resource, and the ranges that are registered."""

    def __init__(self, problem: Problem, ranges: dict[str, Range]) -> None:
        self.ranges = ranges
        self.now = Counter(f"inference-component/{row.component}" for row in problem.placements)
        self.now.update(f"endpoint/{row.pool.partition('/')[0]}/variant/main" for row in problem.instances)
        self._configs: dict[str, int] = {}

    def take(self, step: Step) -> None:
        """One call."""
        call: dict[str, Any] = step.parameters
        of = {"Update": "DesiredRuntimeConfig", "Create": "RuntimeConfig"}
        if step.operation == "RegisterScalableTarget":
            self.ranges[call["ResourceId"]] = call["MinCapacity"], call["MaxCapacity"]
        elif "InferenceComponentName" in call:
            key = f"inference-component/{call['InferenceComponentName']}"
            self.now[key] = call[of[step.operation[:6]]]["CopyCount"]
        elif step.operation == "CreateEndpointConfig":
            self._configs[call["EndpointConfigName"]] = call["ProductionVariants"][0]["InitialInstanceCount"]
        elif step.operation == "UpdateEndpoint":
            self.now[f"endpoint/{call['EndpointName']}/variant/main"] = self._configs[call["EndpointConfigName"]]
        elif step.operation == "UpdateEndpointWeightsAndCapacities":
            (row,) = call["DesiredWeightsAndCapacities"]
            self.now[f"endpoint/{call['EndpointName']}/variant/main"] = row["DesiredInstanceCount"]

    def outside(self) -> list[str]:
        """What is outside of its range."""
        return [key for key, (least, most) in self.ranges.items() if not least <= self.now[key] <= most]


@one_by_one(range(600), 8)
def test_no_number_is_ever_outside_of_its_range(seed: int, tmp_path: Path) -> None:
    """After each call; in the end parts of a component have its copies and share its range, as wide as they need."""
    rng = random.Random(seed)
    documents = fleet(rng)
    problem = changed(imported(tmp_path, *documents, consolidate=rng.random() < 0.8).problem, rng)
    plan = placement.solve(problem, rng.choice(("best-fit", "greedy")), work=3, time_limit=1000).plan
    if plan is None or not plan.instances:
        return
    export = export_plan(problem, plan, ExportWish(role=ROLE, pin=rng.random() < 0.4))
    before = {
        row["ResourceId"]: (row["MinCapacity"], row["MaxCapacity"])
        for row in documents[0]["targets"]["ScalableTargets"]
    }
    numbers = Numbers(problem, dict(before))
    for step in export.steps:
        numbers.take(step)
        assert numbers.outside() == [], step

    planned = Counter(row.component for row in plan.assignments)
    for row in problem.components:
        own = f"inference-component/{row.name}"
        parts = [key for key in numbers.now if key == own or key.startswith(f"{own}-")]
        assert sum(numbers.now[key] for key in parts) == planned[row.name]
        if own in before:
            shares = [numbers.ranges[key] for key in {own, *parts}]
            wide = min(before[own][0], planned[row.name]), max(before[own][1], planned[row.name])
            assert (sum(least for least, _ in shares), sum(most for _, most in shares)) == wide, row.name
