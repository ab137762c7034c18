"""What got better and what got worse between two campaigns: the same runs paired, with an exact sign test."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import comb
from typing import TYPE_CHECKING

from placement.errors import UsageError
from placement_bench.judge import TOLERANCE
from placement_bench.markdown import escaped, fault_line, number, percent, seconds, text
from placement_bench.stats import CLOCK, sign_of, time_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement_bench.rows import Row

Pair = tuple["Row", "Row"]  # before, after
SHOWN = 20  # pairs listed one by one

SIGN_NOTE = (
    "p is the chance of a split at least this uneven were better and worse equally likely "
    "(exact two-sided sign test over the pairs that differ)."
)


@dataclass(slots=True)
class Score:
    """Pairs in which the later campaign is better, worse and the same."""

    better: int = 0
    worse: int = 0
    same: int = 0

    def add(self, change: float) -> None:
        """Count a change: above 0 better, below 0 worse."""
        if change > 0:
            self.better += 1
        elif change < 0:
            self.worse += 1
        else:
            self.same += 1


@dataclass(slots=True)
class Scores:
    """What a solver did on a set in both campaigns."""

    value: Score = field(default_factory=Score)
    bound: Score = field(default_factory=Score)
    time: Score = field(default_factory=Score)


def sign_test(better: int, worse: int) -> Fraction:
    """Chance of a split at least this uneven when both sides are equally likely; exact, two-sided.

    >>> sign_test(0, 6)
    Fraction(1, 32)
    >>> sign_test(3, 3)
    Fraction(1, 1)
    """
    count = better + worse
    tail = sum(comb(count, k) for k in range(min(better, worse) + 1))
    return min(Fraction(1), Fraction(2 * tail, 2**count))


def compare_rows(before: Sequence[Row], after: Sequence[Row], time_tolerance: float) -> str:
    """The comparison as Markdown.

    Raises
    ------
    UsageError
        The campaigns have no run in common.
    """
    pairs, alone = _paired(before, after)
    if not pairs:
        raise UsageError("the two have no run in common: none of the same set, case, solver, options and seed")
    scores: dict[tuple[str, str], Scores] = {}
    for one, other in pairs:
        score = scores.setdefault((one.asked.set, one.label), Scores())
        score.value.add(value_change(one, other))
        score.bound.add(bound_change(one, other))
        score.time.add(time_change(one, other, time_tolerance))
    head = ("set", "solver", "figure", "better", "worse", "same", "p")
    lines = [
        [one, label, figure, str(score.better), str(score.worse), str(score.same), _p(score)]
        for (one, label), figures in scores.items()
        for figure, score in (("value", figures.value), ("bound", figures.bound), ("time", figures.time))
    ]
    parts = [f"# {len(pairs)} runs of both", escaped(_identity(before, after, alone)), text((head, lines)), SIGN_NOTE]
    moved = [pair for pair in pairs if value_change(*pair) or bound_change(*pair)]
    if moved:
        parts += ["## Values and bounds that changed", text(_changes(moved[:SHOWN]))]
        parts += [f"and {len(moved) - SHOWN} more"] if len(moved) > SHOWN else []
    wrong = [row for _, row in pairs if row.wrong]
    if wrong:
        parts += ["## What went wrong in the second", "\n".join(f"- {escaped(fault_line(row))}" for row in wrong)]
    return "\n\n".join(parts) + "\n"


def value_change(before: Row, after: Row) -> float:
    """Above 0 when the later value is better: a sound answer than none, then fewer copies left out, then the value."""
    if not (before.sound and after.sound):
        return int(after.sound) - int(before.sound)
    if before.left_out != after.left_out:
        return before.left_out - after.left_out
    return _change(before.value, after.value, sign_of(before))


def bound_change(before: Row, after: Row) -> float:
    """Above 0 when the later bound is tighter; a bound is better than none. A faulty run has none."""
    one, other = (row.bound if row.sound else None for row in (before, after))
    return _change(one, other, -sign_of(before))


def time_change(before: Row, after: Row, tolerance: float) -> float:
    """Above 0 when the later run was faster by more than the tolerance, which is relative; failed runs took all."""
    one, other = max(CLOCK, time_of(before)), max(CLOCK, time_of(after))
    return 0.0 if abs(one - other) <= tolerance * max(one, other) else one - other


def _change(before: float | None, after: float | None, sign: int) -> float:
    if before is None or after is None:
        return int(after is not None) - int(before is not None)
    if abs(before - after) <= TOLERANCE * max(abs(before), abs(after)):
        return 0.0
    return sign * (before - after)


def _paired(before: Sequence[Row], after: Sequence[Row]) -> tuple[list[Pair], int]:
    """Runs asked the same, and how many have no partner. Of a run made twice in one campaign the last counts."""
    first, second = ({(row.asked.pair, row.asked.peer): row for row in rows} for rows in (before, after))
    pairs = [(first[key], second[key]) for key in first if key in second]
    return pairs, len(first) + len(second) - 2 * len(pairs)


def _identity(before: Sequence[Row], after: Sequence[Row], alone: int) -> str:
    commits = [", ".join(sorted({row.commit for row in rows})) for rows in (before, after)]
    rest = f" {alone} runs of one of them only are passed over." if alone else ""
    return f"From commit {commits[0]} to {commits[1]}.{rest}"


def _changes(pairs: Sequence[Pair]) -> tuple[tuple[str, ...], list[list[str]]]:
    head = (
        "set",
        "case",
        "solver",
        "seed",
        "value before",
        "after",
        "change",
        "bound before",
        "after ",
        "s before",
        "s after",
    )
    lines = []
    for one, other in pairs:
        moved = None if not one.value or other.value is None else (other.value - one.value) / abs(one.value)
        lines.append(
            [
                *(one.asked.set, one.asked.case, one.label, str(one.asked.seed)),
                *(number(one.value), number(other.value), percent(moved), number(one.bound), number(other.bound)),
                *(seconds(one.seconds), seconds(other.seconds)),
            ]
        )
    return head, lines


def _p(score: Score) -> str:
    if score.better + score.worse == 0:
        return "-"
    p = sign_test(score.better, score.worse)
    return f"{float(p):.3f}" if p >= Fraction(1, 1000) else f"{float(p):.1e}"
