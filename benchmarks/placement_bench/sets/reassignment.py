"""Machine reassignment: the instances of the ROADEF/EURO challenge 2012, families A, B and X.

The objective is a weighted sum of load, imbalance and moves, so the cases are no problem documents: they are for
`placement_bench.machine_reassignment`, and every answer is recounted from the case's own files by its checker, which
shares no array with the search.

Beside it stand the strategies of `placement_bench.consolidation`: never to move, a new assignment as if moves were
free, and the rules of two platforms. What these platforms aren't told they may break; that is counted, and no fault of
the run.

.. [1] Afsar, H. M., Artigues, C., Bourreau, E., Kedad-Sidhoum, S. (2016). Machine reassignment problem: the
   ROADEF/EURO challenge 2012. Annals of Operations Research 242, 1-17. https://doi.org/10.1007/s10479-016-2203-7
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from placement.errors import UsageError
from placement_bench.cases import Answer, BestKnown, Case, CaseSet, Check
from placement_bench.sets.archives import best_known_rows, members, read_member, stem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from placement_bench.cases import Document, Limits
    from placement_bench.machine_reassignment import Reassignment

FOLDER = "roadef2012"
ANNEALING, SCRATCH = "annealing", "from-scratch"
NEVER, KARPENTER, DESCHEDULER = "never-move", "karpenter", "descheduler"
PLATFORMS = (NEVER, KARPENTER, DESCHEDULER)
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
        """The search, and the baselines."""
        return (ANNEALING, SCRATCH, *PLATFORMS)

    def run(self, solver: str, limits: Limits) -> Answer:
        """Within the limits; `work` counts rounds of the search. Reading the files is part of the time.

        Platforms have no limit: they end when they find nothing.

        Raises
        ------
        UsageError
            No solver or option of that name.
        """
        if solver not in self.solvers():
            raise UsageError(f"machine reassignment has no solver {solver}; it has {', '.join(self.solvers())}")
        if limits.options:
            raise UsageError(f"solver {solver} has no option {next(iter(limits.options))}")
        if solver in PLATFORMS:
            return self._by_platform(solver)
        return self._by_search(limits, free=solver == SCRATCH)

    def _by_search(self, limits: Limits, *, free: bool) -> Answer:
        """Annealing, as if moves were `free` where asked; the answer has the price that the case gives it."""
        from placement.solving.budget import Budget
        from placement_bench.machine_reassignment import price, solve_reassignment

        budget = Budget(limits.seconds, limits.work, limits.gap, limits.threads)
        trace: list[tuple[float, float | None, float | None, str]] = []
        problem = self.problem()
        asked = replace(problem, process_weight=0, service_weight=0, machine_weight=0) if free else problem
        result = solve_reassignment(
            asked,
            budget=budget,
            seed=limits.seed,
            listener=lambda event: trace.append((event.seconds, event.cost, event.bound, event.by)),
        )
        solution = result.assignment.tolist()
        metrics: Document = {"stop": result.stop.value, "found_by": result.found_by, **_moved(problem, solution)}
        metrics |= {f"stat_{key}": value for key, value in result.stats.items()}
        if free:
            return Answer("feasible", price(problem, solution).total, None, solution, budget.elapsed(), (), metrics)
        status = "optimal" if result.cost == result.bound else "feasible"
        return Answer(status, result.cost, result.bound, solution, budget.elapsed(), tuple(trace), metrics)

    def _by_platform(self, solver: str) -> Answer:
        """What a platform makes of the state, and the rules that this breaks."""
        from placement_bench.consolidation.processes import ProcessCluster, descheduler, karpenter
        from placement_bench.machine_reassignment import price

        begin = time.perf_counter()
        problem = self.problem()
        plays = {NEVER: ProcessCluster, KARPENTER: karpenter, DESCHEDULER: descheduler}
        cluster = plays[solver](problem)
        solution = cluster.machine_of.tolist()
        metrics: Document = {
            "evicted": cluster.evicted, **_moved(problem, solution), **_broken(problem, solution)
        }  # fmt: skip
        cost = price(problem, solution).total
        return Answer("feasible", cost, None, solution, time.perf_counter() - begin, metrics=metrics)

    def problem(self) -> Any:
        """The case as the solver's own problem, read anew."""
        from placement_bench.machine_reassignment import read_reassignment

        return read_reassignment(
            self.model, self.assignment, f"{_MODEL}{self.name}.txt", f"{_ASSIGNMENT}{self.name}.txt"
        )

    def check(self, answer: Answer) -> Check:
        """Every rule and the cost, from the case's files. Rules that a platform breaks must be those that it told."""
        from placement_bench.machine_reassignment import check_assignment, price

        if answer.value is None:
            return Check(None, (), "nothing to check")
        problem = self.problem()
        told = {name: answer.metrics[name] for name in ("broken", "rules") if name in answer.metrics}
        if not told:
            faults = check_assignment(problem, answer.solution)
            if faults:
                return Check(None, tuple(faults), CHECKER)
        value = price(problem, answer.solution).total
        wrong = [] if value == answer.value else [f"{CHECKER} counts {value}, the answer says {answer.value}"]
        if told and told != _broken(problem, answer.solution):
            wrong.append(f"{CHECKER} counts {_broken(problem, answer.solution)}, the answer says {told}")
        return Check(value, tuple(wrong), CHECKER)


def _moved(problem: Reassignment, solution: list[int]) -> Document:
    """How many processes are not where they were, and how many machines hold one."""
    moves = sum(now != before for now, before in zip(solution, problem.initial.tolist(), strict=True))
    return {"moves": moves, "machines": len(set(solution))}


def _broken(problem: Reassignment, solution: list[int]) -> Document:
    """How many rules an assignment breaks, and how often each."""
    from placement_bench.machine_reassignment import broken_rules

    rules = Counter(fault.partition(":")[0] for fault in broken_rules(problem, solution))
    return {"broken": rules.total(), "rules": " ".join(f"{rule}:{count}" for rule, count in sorted(rules.items()))}


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
