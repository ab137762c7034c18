"""Judges of an answer: the truth by enumeration, the two referees, and what answers say of each other.

Each returns faults: the rule that is broken, short and without numbers, so that equal faults are counted as one; and a
sentence with what was said and what is true.
"""

from __future__ import annotations

import itertools
import math
import re
from typing import TYPE_CHECKING, NamedTuple

import placement
from placement import check_certificate
from placement.check_certificate import Refused, check
from placement.documents import Problem
from placement.documents.plan import Plan
from tests.reading import Reading, account
from tests.referee import referee_check, referee_is_here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from placement.solving.result import Event
    from tests.brute import Survey
    from tests.fuzz.runs import Answer
    from tests.reading import Doc

GAP = 1e-9  # relative, at which the format calls a plan optimal
Value = tuple[tuple[int, ...], int]  # copies left out by priority, highest first, and micro-dollars


class Fault(NamedTuple):
    """A wrong answer, or a crash."""

    rule: str
    said: str

    def __str__(self) -> str:
        """Both on one line."""
        return f"{self.rule}: {self.said}"


def judge(doc: Doc, answer: Answer, survey: Survey | None) -> list[Fault]:
    """All faults of one answer; `survey` is None for problems too large to enumerate."""
    if answer.error:
        return [Fault(f"raised {signature(answer.error)}", answer.error)]
    if answer.plan is None:
        return [Fault("no answer", "no plan document and no error")]
    judges: list[Callable[[], Iterator[Fault]]] = [
        lambda: by_words(answer, answer.plan or {}),
        lambda: by_referees(doc, answer, answer.plan or {}),
        lambda: by_trace(doc, answer),
        lambda: by_start(doc, answer, answer.plan or {}),
        lambda: by_repetition(answer),
    ]
    if answer.certificate is not None:
        judges.append(lambda: by_checker(doc, answer, answer.certificate or {}, survey))
    if survey is not None:
        judges.append(lambda: by_truth(doc, answer, answer.plan or {}, survey))
    return [fault for each in judges for fault in each()]


def signature(error: str) -> str:
    """The error without its numbers and names, so that the same mistake on other problems is the same."""
    text = re.sub(r'"[^"]*"', '"…"', error)
    text = re.sub(r"(?<![\w-])[-+]?\d[\d.e+-]*", "N", text)
    return re.sub(r"\b[a-z]\w*(?:-\w+)*/new-\w+|\bm\d+\b|\bc\d+\b|\bn\d+\b|\bi-\w+", "X", text)[:200]


def value_of(doc: Doc, plan: Doc) -> Value:
    """What a plan leaves out and costs, by our own reading."""
    reading = Reading(doc)
    placed: dict[str, int] = {}
    for row in plan["assignments"]:
        placed[row["component"]] = placed.get(row["component"], 0) + 1
    out: dict[int, int] = {}
    for name, component in reading.components.items():
        if reading.required(name) < component.get("copies", 0):
            level = component.get("priority", 0)
            out[level] = out.get(level, 0) + component["copies"] - placed.get(name, 0)
    return tuple(out[level] for level in sorted(out, reverse=True)), account(reading, plan).cost


def has_plan(plan: Doc) -> bool:
    """Whether the document is of a plan, and not of the want of one."""
    return plan["status"] in ("optimal", "feasible")


def by_words(answer: Answer, plan: Doc) -> Iterator[Fault]:
    """What the document says of itself, one word held against the other."""
    status, stop = plan["status"], plan.get("stop")
    if answer.status != status:
        yield Fault("status of result and document", f"{answer.status} and {status}")
    if (stop == "proved") != (status in ("optimal", "infeasible")):
        yield Fault("stop against status", f"status {status}, stop {stop}")
    if has_plan(plan):
        bound, cost = plan.get("lower_bound"), plan["cost"]
        if bound is not None and (bound > cost or bound < 0):
            yield Fault("bound against cost", f"lower bound {bound}, cost {cost}")
        gap = None if bound is None else (cost - bound) / cost if cost else 0.0
        said = plan.get("gap")
        if (gap is None) != (said is None) or (gap is not None and said is not None and abs(gap - said) > 1e-6):
            yield Fault("gap", f"says {said}, is {gap}")
        if status == "optimal" and (gap is None or gap > GAP * 2):
            yield Fault("optimal with a gap", f"gap {gap}")
    elif plan.get("assignments") or plan.get("cost") is not None:
        yield Fault("no plan, yet rows", f"{status} with {len(plan.get('assignments', []))} assignments")
    for row in plan.get("faults", ()):
        yield Fault(f"told fault of {row['solver']}", row["said"])
    if status == "infeasible" and not plan.get("reason"):
        yield Fault("infeasible without a reason", "reason is empty")


def by_referees(doc: Doc, answer: Answer, plan: Doc) -> Iterator[Fault]:
    """The package's own referee on the document as read again, and the second one beside the repository."""
    verdict = placement.verify(Problem(**doc), Plan(**plan))
    for violation in verdict.violations[:3]:
        yield Fault(f"verify {violation.rule}", violation.message)
    if not has_plan(plan):
        return
    if verdict.cost != answer.cost:
        yield Fault("cost by verify", f"says {answer.cost}, verify counts {verdict.cost}")
    if not referee_is_here():
        return
    broken, found = referee_check(doc, plan)
    for sentence in broken[:3]:
        yield Fault(f"referee {signature(sentence)}", sentence)
    if answer.cost is not None and abs(found["cost"] * 1e6 - answer.cost) > 1 + 1e-9 * answer.cost:
        yield Fault("cost by referee", f"says {answer.cost}, the referee counts {found['cost']}")


def by_trace(doc: Doc, answer: Answer) -> Iterator[Fault]:
    """Time goes on; without optional copies costs only fall, bounds only rise, and they never cross."""
    events = answer.events
    if any(a.seconds > b.seconds for a, b in itertools.pairwise(events)):
        yield Fault("trace goes back in time", str([event.seconds for event in events]))
    if any("min_copies" in component for component in doc["components"]):
        return
    if not _rising([-event.cost for event in events if event.cost is not None]):
        yield Fault("cost rises in the trace", _told(events))
    if not _rising([event.bound for event in events if event.bound is not None]):
        yield Fault("bound falls in the trace", _told(events))
    if any(e.cost is not None and e.bound is not None and e.bound > e.cost for e in events):
        yield Fault("bound above cost in the trace", _told(events))


def _rising(values: Sequence[int]) -> bool:
    return all(a <= b for a, b in itertools.pairwise(values))


def _told(events: Sequence[Event]) -> str:
    return str([(event.cost, event.bound, event.by) for event in events])


def by_start(doc: Doc, answer: Answer, plan: Doc) -> Iterator[Fault]:
    """Never worse than the plan that it was given."""
    if answer.given is None:
        return
    before = value_of(doc, answer.given)
    if not has_plan(plan):
        yield Fault("the given plan is lost", f"{plan['status']}, given {before}")
    elif (after := value_of(doc, plan)) > before:
        yield Fault("worse than the given plan", f"{after}, given {before}")


def by_repetition(answer: Answer) -> Iterator[Fault]:
    """The same seed and work give the same document, times aside."""
    if answer.second is None or answer.plan is None:
        return
    first, second = (_without_times(plan) for plan in (answer.plan, answer.second))
    if first != second:
        keys = sorted(key for key in first.keys() | second.keys() if first.get(key) != second.get(key))
        yield Fault("another answer the second time", ", ".join(keys))


def _without_times(plan: Doc) -> Doc:
    trace = [{key: value for key, value in row.items() if key != "seconds"} for row in plan.get("trace", [])]
    return {key: value for key, value in plan.items() if key != "seconds"} | {"trace": trace}


def by_truth(doc: Doc, answer: Answer, plan: Doc, survey: Survey) -> Iterator[Fault]:
    """Every claim against all plans there are."""
    best = None if survey.best is None else survey.best.key
    if best is None:
        if has_plan(plan):
            yield Fault("a plan where enumeration finds none", f"cost {answer.cost}")
        return
    if plan["status"] == "infeasible":
        yield Fault("called infeasible", f"{plan.get('reason')}; the best plan has {best}")
        return
    mine = value_of(doc, plan) if has_plan(plan) else None
    if mine is not None and mine < best:
        yield Fault("better than enumeration", f"{mine}, enumeration finds {best}")
    if mine is not None and plan["status"] == "optimal" and (mine[0] != best[0] or _above(mine[1], best[1])):
        yield Fault("called optimal", f"at {mine}; the best plan has {best}")
    least = survey.least_cost(None if mine is None else mine[0])
    if answer.bound is not None and least is not None and answer.bound > least:
        within = "any" if mine is None else f"leaving out at most {mine[0]}"
        yield Fault("bound too high", f"{answer.bound} by {plan.get('bound_by')}; a plan ({within}) costs {least}")
    yield from _levels(plan, survey, mine)


def by_checker(doc: Doc, answer: Answer, certificate: Doc, survey: Survey | None) -> Iterator[Fault]:
    """A certificate is accepted by the checker, and what it proves is true."""
    try:
        proof, *levels = check(check_certificate.Problem(doc), certificate)
    except Refused as error:
        yield Fault(f"certificate refused: {signature(str(error))}", str(error))
        return
    weak = [*proof.weak, *(line for level in levels for line in level.weak)]
    if weak:
        yield Fault("certificate claims more than it proves", weak[0])
    if survey is None:
        return
    priorities = survey.priorities
    within = tuple(proof.within[p] for p in priorities) if proof.within else None
    least = survey.least_cost(within)
    if least is None and answer.status == "optimal":
        yield Fault("certificate of an optimum where there is no plan", f"{proof.told}")
    if least is not None and proof.told > least + 1:
        yield Fault("certificate above the optimum", f"{proof.told}, checked {proof.checked}; a plan costs {least}")
    for level in levels:
        limits = tuple(level.within.get(p, math.inf) for p in priorities)
        if any(all(n <= most for n, most in zip(out, limits, strict=True)) for out in survey.costs):
            yield Fault("certificate denies a plan that leaves out less", f"{level.within}")


def _levels(plan: Doc, survey: Survey, mine: Value | None) -> Iterator[Fault]:
    """The bounds on copies left out."""
    said = plan.get("left_out_bound") or {}
    if mine is None or not said:
        return
    if {int(key) for key in said} != set(survey.priorities):
        yield Fault("levels of left_out_bound", f"{sorted(said)}, there are {survey.priorities}")
        return
    for level, priority in enumerate(survey.priorities):
        least = survey.least_left_out(level, mine[0][:level])
        if least is not None and said[str(priority)] > least:
            yield Fault("left_out_bound too high", f"{said} at {priority}; a plan leaves out {least}")


def _above(cost: int, best: int) -> bool:
    return cost - best > GAP * cost


def agreement(doc: Doc, answers: Sequence[Answer]) -> Iterator[tuple[Answer, Fault]]:
    """What answers to one problem say of each other: a plan refutes bounds and proofs."""
    told = [a for a in answers if a.plan is not None and not a.error]
    plans = [(value_of(doc, a.plan), a) for a in told if a.plan is not None and has_plan(a.plan)]
    if not plans:
        return
    (best, finder) = min(plans, key=lambda pair: pair[0])
    for answer in told:
        assert answer.plan is not None
        mine = value_of(doc, answer.plan) if has_plan(answer.plan) else None
        if answer.plan["status"] == "infeasible":
            yield answer, Fault("called infeasible", f"{finder.path} has a plan of {best}")
        elif answer.plan["status"] == "optimal" and mine and (mine[0] != best[0] or _above(mine[1], best[1])):
            yield answer, Fault("called optimal", f"at {mine}; {finder.path} has {best}")
        limit = (math.inf,) * len(best[0]) if mine is None else mine[0]
        within = [v for v, _ in plans if all(n <= most for n, most in zip(v[0], limit, strict=True))]
        least = min((cost for _, cost in within), default=None)
        if answer.bound is not None and least is not None and answer.bound > least:
            yield answer, Fault("bound too high", f"{answer.bound} by {answer.plan.get('bound_by')}; one costs {least}")
