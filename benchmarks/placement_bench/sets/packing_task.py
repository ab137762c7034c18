"""The task of a bin packing case: every solver of the library on its problem document, and the exact core beside them.

The core, `placement.exact.vector_packing`, takes cases of any dimension as they are. The other solvers read problem
documents, and a machine has three resources, none of which a copy can add to: a case of more dimensions, or with sizes
below zero, is for the core alone.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from placement_bench.cases import Answer, Check
from placement_bench.referee import recount as referee_recount
from placement_bench.sets.mapping import MOST_DIMENSIONS, check_plan, problem_document, to_plan
from placement_bench.sets.native import recount, volume_bound
from placement_bench.sets.negative import has_negative, raised, within_rules
from placement_bench.tasks import BINS, ProblemTask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement_bench.cases import Document, Limits
    from placement_bench.sets.native import BinPacking, Load

CORE = "vector-packing"
_CORE_MODULE = "placement.exact.vector_packing"


@dataclass(frozen=True)  # no slots: the document is made once, when first asked for
class PackingTask:
    """A case in its own terms.

    Attributes
    ----------
    case : as its file has it.
    name : of the problem document.
    by : the name of the recount, as the report shows it.
    """

    case: BinPacking
    name: str
    by: str

    @cached_property
    def document(self) -> Document:
        """The problem, for the solvers of the library and for other people's."""
        return problem_document(self.case, self.name)

    @property
    def fits_a_machine(self) -> bool:
        """Whether the case has a problem document at all."""
        return self.case.dimensions <= MOST_DIMENSIONS and not has_negative(self.case)

    def solvers(self) -> tuple[str, ...]:
        """The library's, where a machine has as many resources as the case has dimensions, and the core."""
        names = self._problem_task.solvers() if self.fits_a_machine else ()
        return names if CORE in names or not _core_is_there() else (*names, CORE)

    def run(self, solver: str, limits: Limits) -> Answer:
        """Solve within the limits; the solution is a plan document, or the bins that the core found.

        Raises
        ------
        UsageError
            No such solver or option.
        """
        if solver == CORE and not (self.fits_a_machine and CORE in self._problem_task.solvers()):
            return _run_core(self.case, limits)
        return self._problem_task.run(solver, limits)

    def answer(self, plan: Document) -> Answer:
        """A plan document of the case's problem, ours or a peer's, as an answer."""
        return self._problem_task.answer(plan)

    def check(self, answer: Answer) -> Check:
        """Recount from the case's own file; the referee counts too where there is a problem document."""
        if answer.value is None or "bins" not in answer.solution:
            return self._problem_task.check(answer)
        loads = list(_loads(answer.solution))
        value, faults = recount(self.case, loads)
        if value != answer.value:
            faults += (f"{self.by} counts {value}, the answer says {answer.value}",)
        if not self.fits_a_machine or faults:
            return Check(value, faults, self.by)
        second = referee_recount(self.document, to_plan(self.case, loads))
        if second.cost != value:
            faults += (f"{second.by} counts {second.cost}, {self.by} {value}",)
        return Check(value, (*faults, *second.faults), f"{second.by}, {self.by}")

    @property
    def _problem_task(self) -> ProblemTask:
        return ProblemTask(self.document, BINS, lambda plan: check_plan(self.case, plan, self.by))


def _core_is_there() -> bool:
    return importlib.util.find_spec(_CORE_MODULE) is not None


def _loads(solution: Document) -> Iterator[Load]:
    """The bins of an answer of the core, one by one."""
    for row in solution["bins"]:
        content = {int(item): copies for item, copies in row["items"]}
        for _ in range(row["count"]):
            yield row["type"], content


def _run_core(case: BinPacking, limits: Limits) -> Answer:
    """The exact core on the case as it is; where sizes are below zero, on the case that stands in for it."""
    from placement.budget import Budget
    from placement.exact.vector_packing import solve_vector_packing  # type: ignore[import-not-found, unused-ignore]

    budget = Budget(limits.seconds, limits.work, limits.gap, limits.threads)
    trace: list[tuple[float, float | None, float | None, str]] = []
    result = solve_vector_packing(
        vector_packing(raised(case) if has_negative(case) else case),
        budget=budget,
        seed=limits.seed,
        listener=lambda event: trace.append((event.seconds, event.cost, event.bound, event.by)),
    )
    metrics: Document = {"stop": result.stop.value, "found_by": result.found_by, "bound_by": result.bound_by}
    first = next((seconds for seconds, value, *_ in trace if value is not None), None)
    if first is not None:
        metrics["first_plan"] = first
    metrics |= {f"stat_{key}": value for key, value in result.stats.items()}
    solution: Document = {"bins": _rows(result)}
    status, value, bound = _status(result), result.cost, result.bound
    if has_negative(case):
        solution, status, value, bound = _of_true_sizes(case, solution, bound)
        trace = []  # its values and bounds are those of the case that stands in
    return Answer(status, value, bound, solution, budget.elapsed(), tuple(trace), metrics)


def _rows(result: Any) -> list[Document]:
    """The bins found: type, copies of each item type, how many bins are alike."""
    found = () if result.bins is None else result.bins.bins
    return [
        {"type": one.kind, "items": [[item, copies] for item, _, copies in one.content], "count": one.count}
        for one in found
    ]


def _of_true_sizes(case: BinPacking, solution: Document, bound: int) -> tuple[Document, str, int | None, int]:
    """Bins, status, value and bound of a case with sizes below zero, from those of the raised case."""
    loads = list(within_rules(case, _loads(solution)))
    rows = [{"type": kind, "items": [[i, n] for i, n in content.items()], "count": 1} for kind, content in loads]
    bound = min(bound, volume_bound(case) or 0)
    if not rows:
        return {"bins": []}, "unknown", None, bound
    value, _ = recount(case, loads)
    return {"bins": rows}, "optimal" if value == bound else "feasible", value, bound


def vector_packing(case: BinPacking) -> Any:
    """The case as the core's own problem."""
    from placement.exact.vector_packing import VectorPacking  # type: ignore[import-not-found, unused-ignore]

    return VectorPacking(
        sizes=[item.size for item in case.items],
        demands=[item.copies for item in case.items],
        capacities=[one.capacity for one in case.bins],
        costs=[one.cost for one in case.bins],
        available=[one.available for one in case.bins],
        conflicts=sorted(case.conflicts),
    )


def _status(result: Any) -> str:
    if result.infeasible:
        return "infeasible"
    if result.cost is None:
        return "unknown"
    return "optimal" if result.proved else "feasible"
