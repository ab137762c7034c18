"""Machine reassignment: the instances of the ROADEF/EURO challenge 2012, families A, B and X.

The objective is a weighted sum of load, imbalance and moves, so the cases are no problem documents: they are for
`placement.machine_reassignment` alone, and every answer is recounted from the case's own files by its checker, which
shares no array with the search.

.. [1] Afsar, H. M., Artigues, C., Bourreau, E., Kedad-Sidhoum, S. (2016). Machine reassignment problem: the
   ROADEF/EURO challenge 2012. Annals of Operations Research 242, 1-17. https://doi.org/10.1007/s10479-016-2203-7
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from placement.errors import UsageError
from placement_bench.cases import Answer, BestKnown, Case, CaseSet, Check
from placement_bench.sets.archives import best_known_rows, members, read_member, stem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from placement_bench.cases import Document, Limits

FOLDER = "roadef2012"
ANNEALING = "annealing"
CHECKER = "reassignment checker"
_MODEL, _ASSIGNMENT = "model_", "assignment_"


@dataclass(frozen=True, slots=True)
class ReassignmentTask:
    """A case. A solution is the list of each process's machine.

    Attributes
    ----------
    model, assignment : texts of the two files.
    name : of the case, for messages.
    """

    model: str
    assignment: str
    name: str

    def solvers(self) -> tuple[str, ...]:
        """The one there is."""
        return (ANNEALING,)

    def run(self, solver: str, limits: Limits) -> Answer:
        """Within the limits; `work` counts rounds of the search. Reading the files is part of the time.

        Raises
        ------
        UsageError
            No solver or option of that name.
        """
        from placement.machine_reassignment import solve_reassignment
        from placement.solving.budget import Budget

        if solver not in self.solvers():
            raise UsageError(f"machine reassignment has no solver {solver}; it has {', '.join(self.solvers())}")
        if limits.options:
            raise UsageError(f"solver {solver} has no option {next(iter(limits.options))}")
        budget = Budget(limits.seconds, limits.work, limits.gap, limits.threads)
        trace: list[tuple[float, float | None, float | None, str]] = []
        result = solve_reassignment(
            self.problem(),
            budget=budget,
            seed=limits.seed,
            listener=lambda event: trace.append((event.seconds, event.cost, event.bound, event.by)),
        )
        metrics: Document = {"stop": result.stop.value, "found_by": result.found_by}
        metrics |= {f"stat_{key}": value for key, value in result.stats.items()}
        status = "optimal" if result.cost == result.bound else "feasible"
        solution = result.assignment.tolist()
        return Answer(status, result.cost, result.bound, solution, budget.elapsed(), tuple(trace), metrics)

    def problem(self) -> Any:
        """The case as the solver's own problem, read anew."""
        from placement.machine_reassignment import read_reassignment

        return read_reassignment(
            self.model, self.assignment, f"{_MODEL}{self.name}.txt", f"{_ASSIGNMENT}{self.name}.txt"
        )

    def check(self, answer: Answer) -> Check:
        """Every rule and the cost, from the case's files."""
        from placement.machine_reassignment import check_assignment, price

        if answer.value is None:
            return Check(None, (), "nothing to check")
        problem = self.problem()
        faults = check_assignment(problem, answer.solution)
        if faults:
            return Check(None, tuple(faults), CHECKER)
        value = price(problem, answer.solution).total
        wrong = () if value == answer.value else (f"{CHECKER} counts {value}, the answer says {answer.value}",)
        return Check(value, wrong, CHECKER)


def load(archive: Path, name: str) -> ReassignmentTask:
    """One case: its model and its initial assignment."""
    model, assignment = (read_member(archive, f"{kind}{name}.txt") for kind in (_MODEL, _ASSIGNMENT))
    return ReassignmentTask(model, assignment, name)


def cases(name: str, family: str, data: Path) -> Iterator[Case]:
    """The cases of a family, by name: every pair of files ``model_NAME.txt`` and ``assignment_NAME.txt``.

    Raises
    ------
    UsageError
        The archive is not there; or a model has no assignment.
    """
    folder = data / FOLDER
    archive = folder / f"{family}.zip"
    known = {
        row["instance"]: _best(row["best_known"], row["aggregate_lower_bound"])
        for row in best_known_rows(folder, family)
    }
    there = {stem(member) for member in members(archive)}
    for model in sorted(one for one in there if one.startswith(_MODEL)):
        case = model.removeprefix(_MODEL)
        if f"{_ASSIGNMENT}{case}" not in there:
            raise UsageError(f"{archive}: {model}.txt has no {_ASSIGNMENT}{case}.txt beside it")
        yield Case(name, case, known.get(case), partial(load, archive, case))


def _best(value: str, bound: str) -> BestKnown:
    """As the table has them: nothing is published for X, and nothing is proven."""
    return BestKnown(int(value) if value else None, bound=int(bound) if bound else None)


SETS = tuple(
    CaseSet(
        name=f"roadef-{family.lower()}",
        title=f"Machine reassignment, ROADEF/EURO challenge 2012, {family}",
        objective="least cost of load, balance and moves",
        unit="cost",
        source="Afsar, Artigues, Bourreau, Kedad-Sidhoum 2016",
        cases=partial(cases, f"roadef-{family.lower()}", family),
        quick=quick,
    )
    for family, quick in (("A", ("a1_1",)), ("B", ()), ("X", ()))
)
