"""The copies that are wanted at one moment, from the rates of that moment and what runs."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from placement.catalogue.readers.fields import CsvRow, FieldError, each, parse_csv
from placement.demand.controller import ScalingState, decide
from placement.demand.document import ScalingPolicy
from placement.demand.rules import MOST_RATE, compile_rules
from placement.documents import Problem
from placement.documents.problem import revised
from placement.documents.read import read_text
from placement.documents.rows import asking_for
from placement.errors import DocumentError, Fault, nearest
from placement.units import MICRO

_A_MINUTE = 60  # of a loop that scales: from zero, target tracking then sees what the step has done


@dataclass(frozen=True, slots=True)
class CopiesNow:
    """One component now: micro-requests a second (None when nobody said), copies, and what decided."""

    name: str
    rate: int | None
    running: int
    wanted: int
    why: str


def read_rates(path: str | Path, known: Iterable[str]) -> dict[str, int]:
    """Micro-requests a second by component, from a CSV with the columns component and rate.

    Raises DocumentError: a row names no component of the problem, one twice, or has no rate of at least 0: with its
    number.
    """
    source, text = read_text(path)
    rows = parse_csv(text, source) if text.strip() else []
    if not rows:
        rule = "has no rows below it: name the columns component and rate, and give each component's rate a row"
        raise DocumentError([Fault("row 1", rule)], source)
    if not {"component", "rate"} <= rows[0].cells.keys():
        raise DocumentError([Fault("row 1", "must name the columns component and rate")], source)
    names, seen = dict.fromkeys(known), set()

    def one(row: CsvRow) -> tuple[str, int]:
        name = row.required("component")
        if name not in names:
            rule = f"is no component of the problem; {nearest(name, names)}"
            raise FieldError(row.place("component"), rule, name)
        if name in seen:
            raise FieldError(row.place("component"), "stands there already; a component has one rate", name)
        seen.add(name)
        return name, rate(row.text("rate"), row.place("rate"))

    return dict(each(rows, one, source))


def rate(text: str, place: str) -> int:
    """Requests a second as micro-requests a second, to the nearest."""
    try:
        found = float("" if "_" in text else text)  # Python's own grouping of digits is no other program's
    except ValueError:
        raise FieldError(place, "must be a number of requests a second", text or ...) from None
    if found < 0:
        raise FieldError(place, "must not be negative", text)
    if not found <= MOST_RATE // MICRO:  # NaN fails this too
        raise FieldError(place, "must be a finite number of at most 100000 requests a second", text)
    return round(found * MICRO)


def scale_now(
    problem: Problem, policy: ScalingPolicy, rates: Mapping[str, int], week_second: int
) -> tuple[CopiesNow, ...]:
    """The copies that a policy wants now.

    `problem`: with what runs now; that is what cooldowns would hold back from, were any known. They are taken as over.
    `rates`: micro-requests a second by component; one without a rate keeps what it has, within its limits.
    `week_second`: seconds since a Monday's midnight, for schedules.
    """
    rules = compile_rules(problem, policy)
    placed = Counter(row.component for row in problem.placements)
    running = np.array([placed[component.name] for component in problem.components], dtype=np.int64)
    known = [rates.get(component.name) for component in problem.components]
    asked = np.array([0 if value is None else value for value in known], dtype=np.int64)
    floor, ceiling = rules.limits(week_second)
    wanted = decide(rules, ScalingState.of(running), asked, 0, week_second, _A_MINUTE).state.copies
    found = []
    for c, component in enumerate(problem.components):
        low, high, value = int(floor[c]), int(ceiling[c]), known[c]
        copies = min(high, max(low, int(running[c]))) if value is None else int(wanted[c])
        needed = copies if value is None else -(-value // int(rules.target[c]))
        found.append(CopiesNow(component.name, value, int(running[c]), copies, _why(value, needed, copies, low, high)))
    return tuple(found)


def _why(value: int | None, needed: int, copies: int, low: int, high: int) -> str:
    if value is None:
        return "no rate: as it runs"
    if copies == high < needed:
        return "max_capacity"
    if copies == low > needed:
        return "min_capacity"
    if copies == 0:
        return "no requests"
    return "target" if copies == needed else "near the target: stays"


def with_wanted(problem: Problem, copies: Sequence[int]) -> Problem:
    """The problem with these copies (C,) in place of its own, and all that runs; pinned copies are always wanted."""
    pinned = Counter(row.component for row in problem.placements if row.pinned)
    rows = zip(problem.components, copies, strict=True)
    return revised(problem, components=[asking_for(row, max(int(n), pinned[row.name])) for row, n in rows])
