"""Components with a demand: generated fleets, and the data of llm-d's optimiser with the choice of its greedy."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from placement.errors import UsageError
from placement_bench.cases import Answer, BestKnown, Case, CaseSet
from placement_bench.generators.demand_fleets import FAMILIES, fleet
from placement_bench.tasks import ProblemTask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from placement_bench.cases import Check, Document, Limits, Task

SIZES = (20, 50, 100, 200, 400)  # components
SEEDS = (1, 2, 3)
FOLDER = "inferno"
GREEDY = "llm-d-greedy"

_WHAT = {
    "whole": "a copy owns its accelerators",
    "shared": "small models stand beside each other on an accelerator",
    "zoned": "both, in three zones with spread rules, losses of a zone and quotas",
}


def _fleets(family: str, data: Path) -> Iterator[Case]:
    del data  # fleets are made, not read
    for components in SIZES:
        for seed in SEEDS:
            load = partial(_made, family, components, seed)
            yield Case(f"demand-{family}", f"{family}-{components}-{seed}", None, load)


def _made(family: str, components: int, seed: int) -> ProblemTask:
    return ProblemTask(fleet(family, components, seed))


@dataclass(frozen=True, slots=True)
class InfernoTask:
    """A case of the llm-d optimiser: every solver of the library, and beside them the choice of its own greedy.

    That choice was written down by their program: an accelerator kind and a number of replicas for each server. It is
    priced on the same whole hosts, and an answer only where it serves every server in full.
    """

    problem: ProblemTask
    choice: tuple[tuple[str, str, int, float], ...]  # server, option by name, replicas, served share

    def solvers(self) -> tuple[str, ...]:
        """All of the library, and the greedy."""
        return (*self.problem.solvers(), GREEDY)

    def run(self, solver: str, limits: Limits) -> Answer:
        """Within the limits; the greedy's choice needs no time, as it is read."""
        return self._greedy() if solver == GREEDY else self.problem.run(solver, limits)

    def check(self, answer: Answer) -> Check:
        """By the referee, the greedy's plan too."""
        return self.problem.check(answer)

    def _greedy(self) -> Answer:
        starved = {server: share for server, _, _, share in self.choice if share < 1}
        if starved:
            return Answer("unknown", None, None, None, 0.0, metrics={"starved": len(starved), **starved})
        plan = self._plan()
        return Answer("feasible", plan["cost"], None, plan, 0.0, metrics={"machines": len(plan["instances"])})

    def _plan(self) -> Document:
        """The replicas on whole hosts: of one pool each host is filled, the widest replicas first."""
        document = self.problem.document
        pool_of = {document["instance_types"][p["instance_type"]]["accelerator"]: p for p in document["pools"]}
        option_of = {
            (c["name"], option["name"]): (index, option)
            for c in document["components"]
            for index, option in enumerate(c["options"])
        }
        machines: list[Document] = []
        rows: list[Document] = []
        free: dict[str, list[tuple[str, int, int]]] = {}  # by pool: host, first free accelerator, how many are free
        total = 0.0
        for server, name_of_option, replicas, _ in sorted(
            self.choice, key=lambda row: -option_of[row[0], row[1]][1]["accelerators"]
        ):
            index, option = option_of[server, name_of_option]
            pool = pool_of[option["on"][0]]
            host = document["instance_types"][pool["instance_type"]]
            for _ in range(replicas):
                hosts = free.setdefault(pool["name"], [])
                if not hosts or hosts[-1][2] < option["accelerators"]:
                    name = f"{pool['name']}/new-{sum(m['pool'] == pool['name'] for m in machines) + 1}"
                    machines.append({"id": name, "pool": pool["name"], "new": True})
                    hosts.append((name, 0, host["accelerator_count"]))
                    total += host["price_per_hour"]
                name, first, left = hosts.pop()
                taken = option["accelerators"]
                rows.append(
                    {
                        "component": server,
                        "option": index,
                        "instance": name,
                        "accelerators": list(range(first, first + taken)),
                    }
                )
                hosts.append((name, first + taken, left - taken))
        cost = round(total, 6)
        return {
            "format": "placement-plan/v1",
            "problem": document["name"],
            "status": "feasible",
            "stop": "done",
            "price_per_hour": cost,
            "cost": cost,
            "moves": 0,
            "lower_bound": None,
            "gap": None,
            "instances": machines,
            "assignments": rows,
        }


def inferno(data: Path) -> Iterator[Case]:
    """The cases that are at hand, with the optimum on whole hosts."""
    for row in _rows(data, "answers.csv"):
        if (data / FOLDER / f"{row['case']}.json").is_file():
            best = BestKnown(float(row["hosts_milp_cents"]) / 100, proven=row["hosts_status"] == "Optimal")
            yield Case(FOLDER, row["case"], best, partial(load_inferno, data, row["case"]))


def load_inferno(data: Path, name: str) -> Task:
    """One case; without the greedy where its choice was not written down."""
    document = json.loads((data / FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    problem = ProblemTask(document)
    if not (data / FOLDER / f"greedy_choice_{name}.csv").is_file():
        return problem
    size = name.partition("-")[0]
    units = {
        (row["server"], row["accelerator"]): (row["units_per_replica"], row["type"])
        for row in _rows(data, "candidates.csv")
        if row["size"] == size
    }
    choice = tuple(
        (
            row["server"],
            "x".join(units[row["server"], row["accelerator"]]),  # as options are named: 2xG2
            int(row["replicas"]),
            float(row["served_share"]),
        )
        for row in _rows(data, f"greedy_choice_{name}.csv")
    )
    return InfernoTask(problem, choice)


def _rows(data: Path, name: str) -> list[dict[str, str]]:
    """A published table.

    Raises
    ------
    UsageError
        It is not there.
    """
    path = data / FOLDER / name
    if not path.is_file():
        raise UsageError(f"{path}: not there; the set inferno needs it (see docs/benchmarks/clusters.md)")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


SETS = (
    *(
        CaseSet(
            name=f"demand-{family}",
            title=f"generated fleets with demands, {family}: {_WHAT[family]}",
            objective="least price",
            unit="$",
            source="placement_bench.generators.demand_fleets: model sizes and machine prices from public lists of 2026",
            cases=partial(_fleets, family),
            quick=(f"{family}-20-1",),
        )
        for family in FAMILIES
    ),
    CaseSet(
        name=FOLDER,
        title="llm-d's optimiser: replicas and accelerator kinds for 15 and 27 services, quotas that bind",
        objective="least price of whole hosts",
        unit="$",
        source="llm-inferno/sample-data and optimizer-light (Apache-2.0); their greedy as run by their own program",
        cases=inferno,
        quick=("small", "small-cap60"),
    ),
)
