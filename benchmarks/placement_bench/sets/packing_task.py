"""The task of a bin packing case: every solver of the library on its problem document, and the exact core beside them.

The core, `placement.vector_packing`, takes cases of any dimension as they are. The other solvers read problem
documents, and a machine has three resources, none of which a copy can add to: a case of more dimensions, or with sizes
below zero, is for the core alone.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from placement.errors import UsageError
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
_CORE_MODULE = "placement.vector_packing"


def packing_task(case: BinPacking, name: str, by: str) -> PackingTask | CoreTask:
    """The task of a case: `name` is its problem document's, `by` its recount's, as the report shows it."""
    if case.dimensions > MOST_DIMENSIONS or has_negative(case):
        return CoreTask(case, by)
    document = problem_document(case, name)
    return PackingTask(document, BINS, lambda plan: check_plan(case, plan, by), core=CoreTask(case, by))


@dataclass(frozen=True, slots=True)
class CoreTask:
    """A case for the exact core alone. Its solution is the bins found, which this package recounts.

    Attributes
    ----------
    case : as its file has it.
    by : the name of the recount.
    """

    case: BinPacking
    by: str

    def solvers(self) -> tuple[str, ...]:
        """The core, where it is there."""
        return (CORE,) if importlib.util.find_spec(_CORE_MODULE) else ()

    def run(self, solver: str, limits: Limits) -> Answer:
        """Solve within the limits.

        Raises
        ------
        UsageError
            No such solver or option.
        """
        if solver not in self.solvers():
            known = ", ".join(self.solvers()) or "none"
            raise UsageError(f'no solver "{solver}" for a case that is no problem document; known: {known}')
        if limits.options:
            raise UsageError(f"solver {CORE} has no option {next(iter(limits.options))}")
        return _run_core(self.case, limits)

    def check(self, answer: Answer) -> Check:
        """Recount from the case's own file."""
        if answer.value is None:
            return Check(None, (), "nothing to check")
        value, faults = recount(self.case, _loads(answer.solution))
        if value != answer.value:
            faults += (f"{self.by} counts {value}, the answer says {answer.value}",)
        return Check(value, faults, self.by)


@dataclass(frozen=True)
class PackingTask(ProblemTask):
    """A case that is a problem document: for the library's solvers and, beside them, for the core on the case itself.

    The core's bins are written as a plan too, so that the referee counts them like anyone's.
    """

    core: CoreTask = field(kw_only=True)

    @property
    def case(self) -> BinPacking:
        """As its file has it."""
        return self.core.case

    def solvers(self) -> tuple[str, ...]:
        """The library's and the core; a solver of the library by the core's name stands in its place."""
        return tuple(dict.fromkeys((*ProblemTask.solvers(self), *self.core.solvers())))

    def run(self, solver: str, limits: Limits) -> Answer:
        """Solve within the limits; the solution is a plan document, or the bins that the core found.

        Raises
        ------
        UsageError
            No such solver or option.
        """
        if solver in self.core.solvers() and solver not in ProblemTask.solvers(self):
            return self.core.run(solver, limits)
        return ProblemTask.run(self, solver, limits)

    def check(self, answer: Answer) -> Check:
        """The referee's recount, and that from the case's own file."""
        if answer.value is None or "bins" not in answer.solution:
            return ProblemTask.check(self, answer)
        check = self.core.check(answer)
        if check.faults:
            return check  # bins that are none can't be written as a plan
        second = referee_recount(self.document, to_plan(self.case, _loads(answer.solution)))
        faults = second.faults
        if second.cost != answer.value:
            faults += (f"{second.by} counts {second.cost}, the answer says {answer.value}",)
        return Check(check.value, faults, f"{second.by}, {check.by}")


def _loads(solution: Document) -> Iterator[Load]:
    """The bins of an answer of the core, one by one."""
    for row in solution["bins"]:
        content = {int(item): copies for item, copies in row["items"]}
        for _ in range(row["count"]):
            yield row["type"], content


def _run_core(case: BinPacking, limits: Limits) -> Answer:
    """The exact core on the case as it is; where sizes are below zero, on the case that stands in for it."""
    from placement.solving.budget import Budget
    from placement.vector_packing import solve_vector_packing

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
    found = result.bins or ()
    return [
        {"type": one.bin_type, "items": [[item, copies] for item, _, copies in one.content], "count": one.count}
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
    from placement.vector_packing import VectorPacking

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
