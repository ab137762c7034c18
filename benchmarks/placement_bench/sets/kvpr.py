"""Prism's KVPR benchmark (50 cases): keep the most pressed GPU of a fleet under as little pressure as possible.

The objective is a largest ratio and not a price, so the cases are no problem documents: the set has its own checker
and its own solvers.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from placement.errors import UsageError
from placement_bench.cases import Answer, BestKnown, Case, CaseSet, Check
from placement_bench.kvpr.exact import Found, branch_and_bound, solve
from placement_bench.kvpr.problem import Kvpr, faults
from placement_bench.kvpr.rules import prism_greedy, round_robin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction
    from pathlib import Path

    from placement_bench.cases import Limits

NAME = "kvpr"
RULES = {"round-robin": round_robin, "prism-greedy": prism_greedy}
EXACT = "branch-and-bound"


@dataclass(frozen=True, slots=True)
class KvprTask:
    """A case. A solution is the list of each model's GPU."""

    case: Kvpr

    def solvers(self) -> tuple[str, ...]:
        """The two published rules and the solver that proves."""
        return (*RULES, EXACT)

    def run(self, solver: str, limits: Limits) -> Answer:
        """Within the limits; `work` counts nodes of the search.

        Raises
        ------
        UsageError
            No solver of that name.
        """
        begin = time.perf_counter()
        if solver in RULES:
            gpu_of = RULES[solver](self.case)
            value = None if gpu_of is None else self.case.value(gpu_of)
            found = None if gpu_of is None or value is None else Found(gpu_of, value, self.case.relaxation())
        elif solver == EXACT:
            end = time.monotonic() + limits.seconds

            def over() -> bool:
                return time.monotonic() > end

            found = solve(self.case, branch_and_bound(limits.work, over), over=over)
        else:
            raise UsageError(f"kvpr has no solver {solver}; it has {', '.join(self.solvers())}")
        seconds = time.perf_counter() - begin
        if found is None:
            return Answer("unknown", None, float(self.case.relaxation()), None, seconds)
        return Answer(
            status="optimal" if found.bound == found.value else "feasible",
            value=float(found.value),
            bound=float(found.bound),
            solution=found.gpu_of,
            seconds=seconds,
            metrics={"leaderboard_score": self.case.score(found.value), "questions": found.questions},
        )

    def check(self, answer: Answer) -> Check:
        """The largest pressure, counted again from the case."""
        if answer.value is None:
            return Check(None, (), "kvpr checker")
        wrong = faults(self.case, answer.solution)
        value = None if wrong else self.case.value(answer.solution)
        if value is not None and float(value) != answer.value:
            wrong.append(f"the largest pressure is {float(value)}, the answer says {answer.value}")
        return Check(None if value is None else float(value), tuple(wrong), "kvpr checker")


def cases(data: Path) -> Iterator[Case]:
    """The 50 cases, in the order of the file."""
    document = read(data)
    for number in range(len(document["cases"])):
        yield Case(NAME, f"case-{number:02}", best_known(document, number), partial(load, data, number))


def load(data: Path, number: int) -> KvprTask:
    """One case as a task."""
    return KvprTask(kvpr(read(data), number))


def kvpr(document: dict[str, Any], number: int) -> Kvpr:
    """One case of the file's document."""
    return Kvpr.read({"gpu_mem_gb": document["gpu_mem_gb"], **document["cases"][number]})


def best_known(document: dict[str, Any], number: int) -> BestKnown:
    """The published optimum, counted exactly from its assignment: the file's own is rounded in its last digit."""
    row = document["cases"][number]
    value: Fraction | None = kvpr(document, number).value(row["optimal_assignment"])
    return BestKnown(None if value is None else float(value), proven=bool(row["proved"]))


def read(data: Path) -> dict[str, Any]:
    """The published file.

    Raises
    ------
    UsageError
        It is not there.
    """
    path = data / "prism-kvpr" / "cases.json"
    if not path.is_file():
        raise UsageError(
            f"{path}: not there; it holds the 50 cases of the ADRS leaderboard (see docs/benchmarks/clusters.md)"
        )
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


SETS = (
    CaseSet(
        name=NAME,
        title="Prism KVPR: models on equal GPUs, 50 cases",
        objective="least largest ratio of load to memory left, over GPUs",
        unit="requests/s per second of latency and GB",
        source="Yu et al., Prism, arXiv 2505.04021; cases of the ADRS leaderboard, arXiv 2510.06189",
        cases=cases,
        quick=("case-0*",),
    ),
)
