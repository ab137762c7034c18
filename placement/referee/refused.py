"""The error of a plan that breaks rules, where only one that keeps them is of use."""

from collections.abc import Sequence

from placement.documents.plan import Plan
from placement.errors import UsageError, place_in, printable
from placement.referee.verdict import Violation

RUNS_ALREADY = (
    "was the plan carried out? `placement audit FILE PLAN` judges it as what runs, and "
    "`placement replan FILE --max-moves 0` makes a plan from there"
)
_OF_ROWS = ("known-component", "listed-instance", "known-option")  # rules whose `where` is a row of the assignments


def refused(name: str, plan: Plan, broken: Sequence[Violation], so: str = "") -> UsageError:
    """The error: where in the plan the first rule is broken, with its figures, and what lists them all.

    `name`: the argument that the plan is; a command line says the file in its place.
    `broken`: of `verify`, at least one. Where the plan names another problem, that comes first and is told alone.
    `so`: what follows from it, such as ", so it can't be shown".
    """
    first = broken[0]
    if first.rule == "claimed-problem":
        others = len(broken) - 1
        breaks = f", of which it breaks {others:,} rule{'s' if others > 1 else ''}" if others else ""
        way_out = "give it with its own problem, or change its `problem` where that was renamed"
        return UsageError(f"{name} at $.problem: {printable(first.message)}{breaks}{so}; {way_out}", name)
    what = "says something untrue" if first.is_claim else "breaks a rule of the problem"
    more = f", and {len(broken) - 1:,} more" if len(broken) > 1 else ""
    way_out = RUNS_ALREADY if runs_already(plan, broken) else "`placement verify` tells all"
    return UsageError(f"{place_in(name, _place(plan, first))}: {what}{so}: {first}{more}; {way_out}", name)


def runs_already(plan: Plan, broken: Sequence[Violation]) -> bool:
    """Whether no rule is broken but that new machines run: as where the plan was carried out since it was made."""
    new = {row.id for row in plan.instances if row.new}
    rules = [row for row in broken if not row.is_claim]
    return bool(rules) and all(row.rule == "known-instance" and row.where in new for row in rules)


def _place(plan: Plan, violation: Violation) -> str:
    """The JSON path of what a rule is broken at: a machine, an assignment, all of them, or the plan as a whole."""
    if violation.rule in _OF_ROWS:
        return f"$.{violation.where}"
    machine = violation.spot.instance or violation.where
    for index, row in enumerate(plan.instances):
        if row.id == machine:
            return f"$.instances[{index}]"
    return "$.assignments" if violation.spot.component else "$"
