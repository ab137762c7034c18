"""What the referee says of what runs, in words and figures for people: which copies, and how much is missing."""

from collections import Counter
from collections.abc import Callable, Iterable

from placement.auditing.document import BrokenRule, HeldCopies
from placement.documents import Problem
from placement.documents.plan import Assignment, Plan
from placement.referee import Violation
from placement.referee.standing import CopyNeed, copy_need
from placement.running_state.deal import DealFit
from placement.units import MIB_PER_GIB, MILLI, WHOLE_SHARE, count

# Units of the referee, as documents have them.
_UNITS = {
    "MiB": ("GiB", MIB_PER_GIB),
    "milli-vCPU": ("vCPUs", MILLI),
    "thousandths": ("of an accelerator", WHOLE_SHARE),
}
# What of a machine is short by a rule: in words, and what a copy takes of it.
_SHORT: dict[str, tuple[str, Callable[[CopyNeed], float]]] = {
    "accelerator-memory": ("GiB of its memory", lambda takes: takes.memory / MIB_PER_GIB),
    "host-memory": ("GiB of host memory", lambda takes: takes.host / MIB_PER_GIB),
    "vcpus": ("vCPUs", lambda takes: takes.vcpus / MILLI),
    "accelerator-share": ("of an accelerator", lambda takes: takes.share / WHOLE_SHARE),
}
_OF_AN_ACCELERATOR = ("accelerator-owner", "accelerator-memory", "accelerator-share")


def findings(
    problem: Problem, plan: Plan, violations: Iterable[Violation], dealt: dict[str, DealFit]
) -> list[BrokenRule]:
    """The broken rules of what runs.

    `plan`: what runs, as a plan.
    `violations`: what the referee says of it.
    `dealt`: by machine with copies of unknown accelerators, whether they can have what they need. Where that is not
        known, rules of its accelerators are left out: see `unjudged`.
    """
    needs = {row.name: [copy_need(mode) for mode in row.modes] for row in problem.components}
    on: dict[str, list[Assignment]] = {}
    for row in plan.assignments:
        if row.component in needs and row.option < len(needs[row.component]):
            on.setdefault(row.instance, []).append(row)
    found = (
        _broken_rule(violation, on.get(violation.spot.instance, []), needs, dealt.get(violation.spot.instance))
        for violation in violations
        if _is_broken(violation, on, dealt)
    )
    return list(dict.fromkeys(found))  # of alike copies the referee says the same of each


def unjudged(dealt: dict[str, DealFit], violations: Iterable[Violation]) -> list[str]:
    """Machines of which it is not known whether their accelerators hold what they run."""
    at = {row.spot.instance for row in violations if row.rule in _OF_AN_ACCELERATOR}
    return [name for name, fit in dealt.items() if fit is DealFit.UNKNOWN and name in at]


def _is_broken(violation: Violation, on: dict[str, list[Assignment]], dealt: dict[str, DealFit]) -> bool:
    """Whether what the referee says of the rows is so of what runs.

    A machine that drains has to be left, and an empty one is. On a machine whose accelerators were dealt out without an
    end of the search it is not known.
    """
    if violation.rule == "draining":
        return bool(on.get(violation.spot.instance))
    return violation.rule not in _OF_AN_ACCELERATOR or dealt.get(violation.spot.instance) is not DealFit.UNKNOWN


def _broken_rule(
    violation: Violation, here: list[Assignment], needs: dict[str, list[CopyNeed]], fit: DealFit | None
) -> BrokenRule:
    spot, figures = violation.spot, violation.figures
    counted = allowed = excess = unit = None
    if figures is not None:
        unit, scale = _UNITS.get(figures.unit, (figures.unit, 1))
        counted, allowed = figures.counted / scale, figures.allowed / scale
        excess = abs(figures.counted - figures.allowed) / scale
    held = _held(violation, here, needs) if spot.instance else ()
    return BrokenRule(
        rule=violation.rule,
        where=violation.where,
        message=_sentence(violation, len(here), counted, allowed, excess),
        instance=spot.instance or None,
        component=spot.component or None,
        accelerator=spot.accelerator,
        counted=counted,
        allowed=allowed,
        excess=excess,
        unit=unit,
        copies=held,
        accelerators_known=fit is None or violation.rule not in _OF_AN_ACCELERATOR,
    )


def _held(violation: Violation, here: list[Assignment], needs: dict[str, list[CopyNeed]]) -> tuple[HeldCopies, ...]:
    """The copies that have part in a rule of one machine, those that take most first."""
    accelerator, component = violation.spot.accelerator, violation.spot.component
    rows = here
    if accelerator is not None:
        rows = [row for row in here if accelerator in row.accelerators]
    elif component and violation.rule not in ("dedicated", "avoid"):
        rows = [row for row in here if row.component == component]
    counts = Counter((row.component, row.option) for row in rows)
    _, takes = _SHORT.get(violation.rule, ("", None))
    found = [
        HeldCopies(name, option, copies, takes(needs[name][option]) if takes else None)
        for (name, option), copies in counts.items()
    ]
    return tuple(sorted(found, key=lambda row: (-(row.takes or 0) * row.copies, row.component, row.option)))


def _sentence(
    violation: Violation, copies: int, counted: float | None, allowed: float | None, excess: float | None
) -> str:
    """The referee's sentence; of what is short the amount first, in the units of documents."""
    if violation.rule == "draining":
        return f"is draining, and {count(copies, 'copy still runs', 'copies still run')} there"
    if violation.rule in ("copies", "min-copies"):
        runs = "copy runs" if counted == 1 else "copies run"
        return f"{figure(counted or 0)} {runs}, {violation.message.partition(', ')[2]}"
    if violation.rule not in _SHORT or counted is None or allowed is None or excess is None:
        return violation.message
    return f"{figure(excess)} {_SHORT[violation.rule][0]} missing: needs {figure(counted)}, has {figure(allowed)}"


def figure(value: float) -> str:
    """An amount without digits that say nothing.

    >>> figure(11.0), figure(0.0009765625), figure(1234.56)
    ('11', '0.001', '1,234.56')
    """
    if value and abs(value) < 0.01:
        return f"{value:.1g}"
    return f"{value:,.2f}".rstrip("0").rstrip(".")
