"""Figures of many runs: what each solver solved of each set, how far it stayed from the best, how long it took."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from placement_bench.judge import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from placement_bench.rows import Row

CLOCK = 0.01  # seconds; shorter times are noise, and count as this in ratios and geometric means
TARGETS = (0.01, 0.001)  # gaps whose times are told: 1 %, 0.1 %

CaseName = tuple[str, str]  # set, case


@dataclass(frozen=True, slots=True)
class Reference:
    """The best value known of a case, and whether it is proven optimal: as published, or by a run at hand.

    `left_out` optional copies go with it; a value of a plan that leaves out more says nothing beside it.
    """

    value: float
    proven: bool
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Spread:
    """How some numbers are spread; `p90` is the 90th percentile, by nearest rank."""

    lowest: float
    median: float
    p90: float
    highest: float


@dataclass(frozen=True, slots=True)
class Summary:
    """What one solver did on one set.

    Attributes
    ----------
    runs, failed, refused, wrong : all runs; those that broke; cases the solver does not take; answers with faults.
    solved : proven optimal or proven infeasible, checked, without fault.
    published, matched : runs on cases with a published best value, and how many reach it (or better it).
    gap_mean, gap_max : to the published best value, over the runs that have both; None without any.
    bound_gap_median : between own value and own bound, a run without counted as the widest; None when half have none.
    seconds : geometric mean, a failed run counted with its whole time limit, a refused one not at all.
    ratio : value over the best value known (for maximisation the inverse), 1 is best; None without any.
    proven_references : how many of the cases behind `ratio` have a proven optimum.
    """

    set: str
    label: str
    runs: int
    failed: int
    refused: int
    wrong: int
    solved: int
    published: int
    matched: int
    gap_mean: float | None
    gap_max: float | None
    bound_gap_median: float | None
    seconds: float
    ratio: Spread | None
    proven_references: int


def references(rows: Iterable[Row]) -> dict[CaseName, Reference]:
    """Of each case the best value that is published or was found by a sound run here."""
    found: dict[CaseName, Reference] = {}
    for row in rows:
        name = (row.asked.set, row.asked.case)
        if row.best_known is not None:
            found[name] = _better(found.get(name), Reference(row.best_known, row.best_known_proven), sign_of(row))
        if row.sound and row.value is not None:
            found[name] = _better(found.get(name), Reference(row.value, row.solved, row.left_out), sign_of(row))
    return found


def _better(one: Reference | None, other: Reference, sign: int) -> Reference:
    """The better of two values of a case; of equal ones the proven one."""
    if one is None or other.left_out < one.left_out:
        return other
    distance = sign * (other.value - one.value)
    same = abs(distance) <= TOLERANCE * abs(one.value)
    if other.left_out > one.left_out or (not same and distance > 0) or (same and not other.proven):
        return one
    return Reference(one.value, True, one.left_out) if same else other


def summarise(rows: Sequence[Row]) -> list[Summary]:
    """One summary for each set and solver, in the order in which they first appear."""
    known = references(rows)
    return [_summary(group, known) for group in groups(rows).values()]


def groups(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    """Rows by set and solver."""
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        found[row.asked.set, row.label].append(row)
    first: dict[str, int] = {}
    for one, _ in found:
        first.setdefault(one, len(first))
    return dict(sorted(found.items(), key=lambda item: first[item[0][0]]))


def _summary(rows: Sequence[Row], known: Mapping[CaseName, Reference]) -> Summary:
    sound = [row for row in rows if row.sound]
    published = [row for row in rows if row.best_known is not None]
    gaps = [row.gap_to_best_known for row in published if row.sound and row.gap_to_best_known is not None]
    compared = [(row, ratio) for row in sound if (ratio := value_ratio(row, known)) is not None]
    return Summary(
        set=rows[0].asked.set,
        label=rows[0].label,
        runs=len(rows),
        failed=sum(row.failed and not row.refused for row in rows),
        refused=sum(row.refused for row in rows),
        wrong=sum(bool(row.faults) for row in rows),
        solved=sum(row.solved for row in rows),
        published=len(published),
        matched=sum(gap <= TOLERANCE for gap in gaps),
        gap_mean=statistics.fmean(gaps) if gaps else None,
        gap_max=max(gaps, default=None),
        bound_gap_median=median(row.gap if row.sound else None for row in rows),
        seconds=geometric_mean([time_of(row) for row in rows if not row.refused] or [0.0]),
        ratio=spread([ratio for _, ratio in compared]) if compared else None,
        proven_references=sum(known[row.asked.set, row.asked.case].proven for row, _ in compared),
    )


def value_ratio(row: Row, known: Mapping[CaseName, Reference]) -> float | None:
    """A value over the best one known, inverted where more is better, so that 1 is best; None when it can't be told."""
    reference = known.get((row.asked.set, row.asked.case))
    if row.value is None or reference is None or row.left_out > reference.left_out:
        return None
    worse, better = (reference.value, row.value) if row.higher_is_better else (row.value, reference.value)
    if worse == better:
        return 1.0
    return worse / better if better else None


def sign_of(row: Row) -> int:
    """1 when less is better, -1 when more is."""
    return -1 if row.higher_is_better else 1


def time_of(row: Row) -> float:
    """Seconds of a run; one that failed is taken to have used all it had."""
    seconds = row.seconds or 0.0
    return max(seconds, row.asked.seconds) if row.failed else seconds


def geometric_mean(seconds: Sequence[float]) -> float:
    """Geometric mean of times, each at least `CLOCK`."""
    return math.exp(statistics.fmean(math.log(max(CLOCK, one)) for one in seconds))


def median(some: Iterable[float | None]) -> float | None:
    """The median, a missing figure taken for larger than any: None when the middle falls among those.

    >>> median([3.0, None, 1.0]), median([3.0, None]), median([None, 1.0, None])
    (3.0, None, None)
    """
    figures = list(some)
    told = sorted(figure for figure in figures if figure is not None)
    missing = len(figures) - len(told)
    middle = statistics.median([*told, *[math.inf] * missing]) if figures else math.inf
    return None if math.isinf(middle) else middle


def spread(numbers: Sequence[float]) -> Spread:
    """How numbers are spread.

    >>> spread([1.0, 1.1, 1.3])
    Spread(lowest=1.0, median=1.1, p90=1.3, highest=1.3)
    """
    ordered = sorted(numbers)
    p90 = ordered[math.ceil(0.9 * len(ordered)) - 1]
    return Spread(ordered[0], statistics.median(ordered), p90, ordered[-1])


def first_time(row: Row) -> float | None:
    """Seconds until the first plan, None without one."""
    return next((seconds for seconds, value, *_ in row.trace if value is not None), None)


def time_to(row: Row, target: float) -> float | None:
    """Seconds until the value was within a relative gap of the run's own final bound; None if it never was."""
    if row.bound is None:
        return None
    for seconds, value, *_ in row.trace:
        if value is None:
            continue
        distance = sign_of(row) * (value - row.bound)
        if distance <= target * max(abs(value), abs(row.bound)):
            return seconds
    return None


@dataclass(frozen=True, slots=True)
class Profile:
    """A performance profile [1]_: of each solver, the share of cases on which its cost is within a factor of the best.

    `factors` of a solver are sorted, one a case it solved; `cases` counts all cases, those nobody solved too.

    .. [1] Dolan, E. D., Moré, J. J. (2002). Benchmarking optimization software with performance profiles.
       Mathematical Programming 91, 201-213. https://doi.org/10.1007/s101070100263
    """

    cases: int
    factors: dict[str, list[float]]

    def share(self, label: str, factor: float) -> float:
        """The share of cases within a factor of the best."""
        return sum(one <= factor for one in self.factors[label]) / self.cases


def time_profile(rows: Iterable[Row]) -> Profile:
    """The profile of the time to a checked proof; a case that is not proven has no factor."""
    times = {
        (row.asked.set, row.asked.case, row.asked.seed, row.label): (
            max(CLOCK, time_of(row)) if row.solved else math.inf
        )
        for row in rows
    }
    return _profile(times)


def value_profile(rows: Iterable[Row]) -> Profile:
    """The profile of the value over the best one known; a run without a checked value has no factor."""
    rows = list(rows)
    known = references(rows)
    factors = {}
    for row in rows:
        ratio = value_ratio(row, known) if row.sound else None
        key = (row.asked.set, row.asked.case, row.asked.seed, row.label)
        factors[key] = math.inf if ratio is None else ratio
    return _collect(factors)


def _profile(costs: Mapping[tuple[str, str, int, str], float]) -> Profile:
    best: dict[tuple[str, str, int], float] = {}
    for key, cost in costs.items():
        best[key[:3]] = min(cost, best.get(key[:3], math.inf))
    return _collect({key: cost / best[key[:3]] if cost < math.inf else math.inf for key, cost in costs.items()})


def _collect(factors: Mapping[tuple[str, str, int, str], float]) -> Profile:
    found: dict[str, list[float]] = {}
    for (*_, label), factor in factors.items():
        found.setdefault(label, [])
        if factor < math.inf:
            found[label].append(factor)
    cases = len({key[:3] for key in factors})
    return Profile(cases, {label: sorted(some) for label, some in found.items()})
