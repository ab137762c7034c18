"""What a check found, in lines for a person."""

from collections.abc import Iterator

from placement.compiled.fleet import compile_fleet
from placement.documents import Plan, Problem
from placement.referee import RUNS_ALREADY, Verdict, runs_already
from placement.report import words
from placement.report.left_out import level_lines, levels_of, why_not_all
from placement.solving.result import Result
from placement.units import micro_dollars

LINES = 50  # of broken rules, unless all are asked for
FEW_LINES = 3  # of machines that are said to be new and run already


def verdict_lines(problem: Problem, plan: Plan, verdict: Verdict, *, full: bool = False) -> Iterator[str]:
    """A line for each broken rule, then one with what was counted; of very many rules the first, unless `full`."""
    carried_out = runs_already(plan, verdict.violations)
    shown = len(verdict.violations) if full else FEW_LINES if carried_out else LINES
    yield from map(str, verdict.violations[:shown])
    if len(verdict.violations) > shown:
        yield f"and {len(verdict.violations) - shown:,} more; --full lists each"
    if carried_out:
        yield RUNS_ALREADY
    if not plan.assignments and plan.status in ("infeasible", "unknown"):
        yield f"nothing to check: the plan says {plan.status} and places nothing"
        return
    broken = len(verdict.violations)
    head = f"{words.count(broken, 'broken rule')}:" if broken else "every rule is kept:"
    facts = [
        f"{words.count(verdict.copies, 'copy', 'copies')} on {words.count(verdict.instances, 'machine')}",
        f"{words.money(verdict.price_per_hour)} an hour{words.on_top(committed=bool(problem.commitments))}",
        words.count(verdict.moves, "move"),
        f"cost {words.money(verdict.cost)}",
    ]
    if verdict.left_out:
        left_out = ", ".join(f"{n} of priority {priority}" for priority, n in verdict.left_out.items())
        short = any(violation.rule == "min-copies" for violation in verdict.violations)
        facts.append(f"{'wanted copies not placed' if short else 'optional copies left out'}: {left_out}")
    yield f"{head} {', '.join(facts)}"


def bound_lines(problem: Problem, result: Result, plan: Plan | None = None) -> Iterator[str]:
    """What no plan can beat, how far the given plan is from it, and what the plan says of itself."""
    yield from _levels(problem, result, plan)
    if result.bound is None:
        yield f"infeasible: {result.plan.reason}" if result.plan.status == "infeasible" else "no bound in this time"
        return
    by = f"proven by {result.plan.bound_by}" if result.plan.bound_by else "as nothing costs less"
    proven = result.plan.status == "optimal"
    least = words.least(result.bound) if not proven or result.cost is None else words.money(result.cost)
    scope = "no plan" if plan is None else words.no_plan(problem, result.plan, left_out=bool(result.plan.unplaced))
    top = words.on_top(committed=bool(problem.commitments))
    line = f"{scope} costs less than {least}{top} ({by}, {result.plan.seconds:.1f} s)"
    if result.cost is not None:
        if proven:
            far = "optimal"
        elif not result.gap:
            far = "no such plan costs less; that so many copies must be left out was not proven here"
        else:
            far = f"within {words.gap(result.gap)} of the cheapest, by this bound"
        line += f"; this plan costs {words.money(result.cost)}: {far}"
    yield line
    if plan is not None and not proven and (claim := _claim(plan)):
        yield f"the plan's own file says: {claim}; that proof was not repeated here"
    if plan is not None and (copies := _claim_of_copies(problem, result, plan)):
        yield f"the plan's own file says: {copies}; that proof was not repeated here"
    if result.plan.bound_relaxes and not proven:
        yield "this bound does not count:"
        yield from (f"- {rule}" for rule in result.plan.bound_relaxes.split("; "))


def _levels(problem: Problem, result: Result, plan: Plan | None) -> Iterator[str]:
    """How few optional copies can be left out: they come before the money."""
    if plan is not None:
        yield from level_lines(problem, levels_of(problem, result.plan, result.left_out))
    else:
        for priority, least in result.left_out_bound.items():
            if least:
                yield f"no plan leaves out fewer than {words.count(least, 'copy', 'copies')} of priority {priority}"
    if any(result.left_out.values()) or (plan is None and result.plan.status != "infeasible"):
        why = why_not_all(result.fleet or compile_fleet(problem))
        if why:
            yield why


def _claim_of_copies(problem: Problem, result: Result, plan: Plan) -> str:
    """What a plan says was proven about copies left out, where that is more than is proven here."""
    said = levels_of(problem, plan, result.left_out)
    here = {level.priority: level for level in levels_of(problem, result.plan, result.left_out)}
    more = [level for level in said if level.is_next and level.least > here[level.priority].least]
    return ", ".join(f"at least {level.least:,} of priority {level.priority} must be left out" for level in more)


def _claim(plan: Plan) -> str:
    """What a plan says was proven about it; empty when it says nothing of that kind."""
    by = f" (bound by {plan.bound_by})" if plan.bound_by else ""
    if plan.status == "optimal":
        return f"optimal, no plan{words.within(plan)} costs less{by}"
    if plan.lower_bound is None:
        return ""
    return f"no plan{words.within(plan)} costs less than {words.least(micro_dollars(plan.lower_bound))}{by}"
