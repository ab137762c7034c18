"""The task of a case whose rules fit ``FORMAT.md``: every solver of the library runs on it as it is."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from placement_bench.cases import Answer, Check
from placement_bench.referee import recount

if TYPE_CHECKING:
    from collections.abc import Callable

    from placement_bench.cases import Document, Limits

MICRO = 1_000_000  # micro-dollars in a dollar


@dataclass(frozen=True, slots=True)
class Scale:
    """How dollars of a plan read in the set's own unit: ``value = fixed + dollars * per_dollar``.

    Attributes
    ----------
    per_dollar : units a dollar is worth; 1 for a set of bins that cost a dollar each.
    fixed : what every solution has beside, in the set's unit (a part that was taken out of the problem).
    whole : values are whole numbers, so a bound is rounded up to the next one: it stays valid, and may then prove
        a value that the library's own bound in micro-dollars does not.
    """

    per_dollar: Fraction = Fraction(1)
    fixed: Fraction = Fraction(0)
    whole: bool = False

    def value(self, dollars: float | None) -> float | None:
        """A cost in the set's unit. Dollars are read to the micro-dollar, which is what they are exact to."""
        return None if dollars is None else _number(self._exact(dollars))

    def bound(self, dollars: float | None) -> float | None:
        """A lower bound in the set's unit, rounded up where values are whole."""
        if dollars is None:
            return None
        exact = self._exact(dollars)
        return math.ceil(exact) if self.whole else _number(exact)

    def _exact(self, dollars: float) -> Fraction:
        return self.fixed + Fraction(round(dollars * MICRO), MICRO) * self.per_dollar


BINS = Scale(whole=True)  # machines at a dollar each


@dataclass(frozen=True, slots=True)
class ProblemTask:
    """A problem document, how its costs read in the set's unit, and what else can check its plans.

    Attributes
    ----------
    document : the problem, ``placement/v1``.
    scale : from dollars to the set's unit; `BINS` for a set that counts machines at a dollar each.
    native : recounts a plan document from the case's own file (not from `document`), so that a fault of the mapping
        shows too: the value in the set's unit and the rules of the set that are broken. Its `by` is the name shown.
    """

    document: Document
    scale: Scale = Scale()
    native: Callable[[Document], Check] | None = None

    def solvers(self) -> tuple[str, ...]:
        """Every solver of the library."""
        from placement.solvers.registry import SOLVERS

        return tuple(SOLVERS)

    def run(self, solver: str, limits: Limits) -> Answer:
        """Solve within the limits; the answer's solution is the plan document.

        Raises
        ------
        UsageError
            No such solver or option.
        SolverBugError
            The plan or the bound did not survive the library's own check.
        """
        import placement

        result = placement.solve(
            placement.Problem(**self.document),
            solver,
            time_limit=limits.seconds,
            gap=limits.gap,
            seed=limits.seed,
            work=limits.work,
            threads=limits.threads,
            options=limits.options,
            certificate=limits.certify,
        )
        answer = self.answer(result.to_document())
        if not limits.certify:
            return answer
        from placement_bench.certified import certificate_metrics

        more = certificate_metrics(self.document, result, limits.seconds, self.scale.bound)
        return replace(answer, metrics={**answer.metrics, **more})

    def answer(self, plan: Document) -> Answer:
        """A plan document, ours or a peer's, as an answer in the set's unit."""
        value, bound = self.scale.value(plan.get("cost")), self.scale.bound(plan.get("lower_bound"))
        trace = tuple(
            (row["seconds"], self.scale.value(row["cost"]), self.scale.bound(row["bound"]), row["by"])
            for row in plan.get("trace", ())
        )
        status = plan["status"]
        if status == "feasible" and self.scale.whole and value is not None and value == bound:
            status = "optimal"  # no whole number lies between
        return Answer(status, value, bound, plan, plan.get("seconds") or 0.0, trace, _metrics(plan, trace))

    def check(self, answer: Answer) -> Check:
        """The referee's recount, then the set's own; the value is the set's own where it has a checker."""
        if answer.value is None:
            return Check(None, (), "nothing to check")
        counted = recount(self.document, answer.solution)
        checks = [Check(self.scale.value(float(counted.cost)), counted.faults, counted.by)]
        if self.native is not None:
            checks.append(self.native(answer.solution))
        faults = [fault for check in checks for fault in check.faults]
        faults += [
            f"{check.by} counts {check.value}, the answer says {answer.value}"
            for check in checks
            if check.value != answer.value
        ]
        told = answer.metrics.get("left_out", 0)
        if counted.left_out != told:
            faults.append(f"{counted.by} counts {counted.left_out} optional copies left out, the answer says {told}")
        return Check(checks[-1].value, tuple(faults), ", ".join(check.by for check in checks))


def _metrics(plan: Document, trace: tuple[tuple[float, float | None, float | None, str], ...]) -> Document:
    """What a plan document tells of the run, flat."""
    told: dict[str, Any] = {
        key: plan[key] for key in ("stop", "found_by", "bound_by", "bound_relaxes", "moves") if plan.get(key)
    }
    told["machines"] = len(plan.get("instances") or ())
    told["left_out"] = sum(row["copies"] for row in plan.get("unplaced") or ())
    first = next((seconds for seconds, value, *_ in trace if value is not None), None)
    if first is not None:
        told["first_plan"] = first
    return {**told, **{f"stat_{key}": value for key, value in (plan.get("stats") or {}).items()}}


def _number(exact: Fraction) -> float:
    return int(exact) if exact.denominator == 1 else float(exact)
