"""Mélange (arXiv 2404.14527): the cheapest mix of GPU types for one service. The toy case of its repository and the
14 cases derived from public profiles and traces.

A type's load is shared evenly by its GPUs (see `placement_bench.melange.problem`), which no problem document says, so
the set has its own checker. `melange-demand` has the same cases as problem documents, for every solver of the library.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from placement.errors import UsageError
from placement_bench.cases import Answer, BestKnown, Case, CaseSet, Check
from placement_bench.melange.demand import document, whole_optimum
from placement_bench.melange.problem import Melange
from placement_bench.melange.program import Mixed, one_type, solve
from placement_bench.tasks import ProblemTask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from placement_bench.cases import Limits

NAME = "melange"
DEMAND = "melange-demand"
PARTS = {"whole": 1, "tenths": 10}  # of a GPU that a copy stands on
FOLDER = "melange-gpu-mix"
MILP, ONE_TYPE = "milp", "one-type"


@dataclass(frozen=True, slots=True)
class MelangeTask:
    """A case. A solution is the number of slices of each bucket on each GPU type."""

    case: Melange

    def solvers(self) -> tuple[str, ...]:
        """The program that proves, and the best single type, against which the published savings are stated."""
        return (MILP, ONE_TYPE)

    def run(self, solver: str, limits: Limits) -> Answer:
        """Within the limits.

        Raises
        ------
        UsageError
            No solver of that name.
        """
        begin = time.perf_counter()
        if solver == MILP:
            mixed = solve(self.case, limits.seconds, limits.seed)
        elif solver == ONE_TYPE:
            mixed = Mixed(one_type(self.case), None)
        else:
            raise UsageError(f"melange has no solver {solver}; it has {', '.join(self.solvers())}")
        seconds = time.perf_counter() - begin
        bound = None if mixed.bound is None else float(mixed.bound)
        if mixed.slices is None:
            return Answer("unknown", None, bound, None, seconds)
        counts = self.case.counts(mixed.slices)
        cost = self.case.cost(counts)
        return Answer(
            status="optimal" if mixed.bound == cost else "feasible",
            value=float(cost),
            bound=bound,
            solution=mixed.slices,
            seconds=seconds,
            metrics={f"gpus_{name}": count for name, count in zip(self.case.types, counts, strict=True)},
        )

    def check(self, answer: Answer) -> Check:
        """The cost, counted again from the slices."""
        if answer.value is None:
            return Check(None, (), "melange checker")
        wrong = self.case.faults(answer.solution)
        value = None if wrong else float(self.case.cost(self.case.counts(answer.solution)))
        if value is not None and value != answer.value:
            wrong.append(f"the GPUs cost {value}, the answer says {answer.value}")
        return Check(value, tuple(wrong), "melange checker")


def cases(data: Path) -> Iterator[Case]:
    """The toy case, then the derived ones."""
    toy = read(data, "melange_example.json")["published_answer"]["usd_per_hour"]
    yield Case(NAME, "example", BestKnown(toy, proven=True), partial(load_example, data))
    for number, row in enumerate(read(data, "derived_instances.json")["instances"]):
        best = BestKnown(row["optimum_cost"], proven=row["mip_gap"] == 0)
        yield Case(NAME, f"{row['workload']}-{row['rate']}", best, partial(load_derived, data, number))


def demand_cases(data: Path) -> Iterator[Case]:
    """Each of them twice: a copy on a GPU of its own, whose optimum is known, and on a tenth of one."""
    for case in cases(data):
        for word, parts in PARTS.items():
            name = f"{case.name}-{word}"
            best = _whole_best(case) if parts == 1 else None
            yield Case(DEMAND, name, best, partial(_as_document, case, name, parts))


def _whole_best(case: Case) -> BestKnown | None:
    optimum = whole_optimum(_melange(case))
    return None if optimum is None else BestKnown(float(optimum), proven=True)


def _as_document(case: Case, name: str, parts: int) -> ProblemTask:
    return ProblemTask(document(_melange(case), name, parts))


def _melange(case: Case) -> Melange:
    task = case.load()
    assert isinstance(task, MelangeTask)
    return task.case


def load_example(data: Path) -> MelangeTask:
    """The toy case of the repository."""
    document = read(data, "melange_example.json")
    gpus = {name: (row["usd_per_hour"], row["max_requests_per_s"]) for name, row in document["gpus"].items()}
    return MelangeTask(
        Melange.make(gpus, document["workload_distribution"], document["total_request_rate"], document["slice_factor"])
    )


def load_derived(data: Path, number: int) -> MelangeTask:
    """A case made of the aibrix profiles and the size mix of a public trace."""
    document = read(data, "derived_instances.json")
    row = document["instances"][number]
    profiles = read(data, "aibrix_profiles.json")["gpus"]
    gpus = {name: (price, profiles[name]["max_requests_per_s"]) for name, price in document["relative_cost"].items()}
    return MelangeTask(Melange.make(gpus, document["distributions"][row["workload"]], row["rate"], row["slice_factor"]))


def read(data: Path, name: str) -> dict[str, Any]:
    """One of the published files.

    Raises
    ------
    UsageError
        It is not there.
    """
    path = data / FOLDER / name
    if not path.is_file():
        raise UsageError(f"{path}: not there; the set melange needs it (see docs/benchmarks/clusters.md)")
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


SETS = (
    CaseSet(
        name=NAME,
        title="Mélange: the cheapest mix of GPU types for one service, 15 cases",
        objective="least hourly cost of whole GPUs that serve all slices",
        unit="USD/h, or cost of an A100 in the derived cases",
        source="Griggs et al., Mélange, arXiv 2404.14527; profiles of vllm-project/aibrix, traces of Azure 2023",
        cases=cases,
        quick=("example", "azure-2023-conv-*"),
    ),
    CaseSet(
        name=DEMAND,
        title="Mélange's 15 cases as problem documents: a demand for each size, on whole GPUs and on tenths",
        objective="least hourly cost of whole GPUs",
        unit="USD/h, or cost of an A100 in the derived cases",
        source="as melange; documents by placement_bench.melange.demand",
        cases=demand_cases,
    ),
)
