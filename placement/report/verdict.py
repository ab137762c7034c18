"""What a check found, in lines for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.report import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.plan import Plan
    from placement.referee import Verdict
    from placement.result import Result


def verdict_lines(plan: Plan, verdict: Verdict) -> Iterator[str]:
    """A line for each broken rule, then one with what was counted."""
    yield from map(str, verdict.violations)
    if not plan.assignments and plan.status in ("infeasible", "unknown"):
        yield f"nothing to check: the plan says {plan.status} and places nothing"
        return
    broken = len(verdict.violations)
    head = f"{words.count(broken, 'broken rule')}:" if broken else "every rule is kept:"
    facts = [
        f"{words.count(verdict.copies, 'copy', 'copies')} on {words.count(verdict.instances, 'machine')}",
        f"{words.money(verdict.price_per_hour)} an hour",
        words.count(verdict.moves, "move"),
        f"cost {words.money(verdict.cost)}",
    ]
    if verdict.left_out:
        left_out = ", ".join(f"{n} of priority {priority}" for priority, n in verdict.left_out.items())
        facts.append(f"optional copies left out: {left_out}")
    yield f"{head} {', '.join(facts)}"


def bound_line(result: Result) -> str:
    """What no plan can beat, and how far the given plan is from it."""
    if result.bound is None:
        return f"infeasible: {result.plan.reason}" if result.plan.status == "infeasible" else "no bound in this time"
    by = f"proven by {result.plan.bound_by}" if result.plan.bound_by else "as nothing costs less"
    line = f"no plan costs less than {words.money(result.bound)} ({by}, {result.plan.seconds:.1f} s)"
    relaxed = (
        f"\nthat bound leaves out: {result.plan.bound_relaxes}"
        if result.plan.bound_relaxes and result.plan.status != "optimal"
        else ""
    )
    if result.cost is None:
        return line + relaxed
    gap = "optimal" if result.plan.status == "optimal" else f"within {result.gap:.2%} of the cheapest"
    return f"{line}; this plan costs {words.money(result.cost)}: {gap}{relaxed}"
