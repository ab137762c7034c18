"""The least pressure with its proof: bisection, each question one of bin packing in whole numbers.

A GPU with loads w and sizes s is under pressure at most T when sum(w) <= T (memory - sum(s)), that is when
sum(w + T s) <= T memory: for a fixed T the models are items of a bin-packing problem. With T = p / q all weights are
whole. The proof asks for less than the value reached, p / q, which is one unit less of capacity: when that packing
does not exist, no assignment is better.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from placement_bench.kvpr.rules import prism_greedy, round_robin

if TYPE_CHECKING:
    from collections.abc import Callable

    from placement_bench.kvpr.problem import Kvpr

HALVINGS = 10  # of the interval between bound and value; then the value reached is put to the proof
LOOK = 4096  # nodes between two looks at the clock
GRID = 1 << 16  # denominators of the pressures tried

Packing = list[int]


class OutOfWorkError(Exception):
    """The work limit was reached before the question was decided."""


@dataclass(slots=True)
class Found:
    """The best assignment, the proven bound on its value, and how many packings were asked for."""

    gpu_of: Packing
    value: Fraction
    bound: Fraction
    questions: int = 0


class Pack(Protocol):
    """Decides whether items fit into equal bins; the bin of each, or None as a proof that they do not."""

    def __call__(self, weights: list[int], bins: int, capacity: int) -> Packing | None:
        """Raises `OutOfWorkError` when it can't tell."""


def solve(case: Kvpr, pack: Pack, *, over: Callable[[], bool]) -> Found | None:
    """The least pressure, with `pack` to decide; None when neither heuristic finds a start.

    Stops early, with a valid bound, when `over()` says so or `pack` gives up.
    """
    starts = [start for start in (prism_greedy(case), round_robin(case)) if start is not None]
    valued = [(value, start) for start in starts if (value := case.value(start)) is not None]
    if not valued:
        return None
    value, gpu_of = min(valued)
    found = Found(gpu_of, value, min(case.relaxation(), value))
    halved = 0
    while found.bound < found.value and not over():
        middle = (found.bound + found.value) / 2
        proving = halved >= HALVINGS
        target = found.value if proving else Fraction(round(middle * GRID), GRID)
        found.questions += 1
        try:
            packing = _pack_below(case, target, pack, strict=proving)
        except OutOfWorkError:
            break
        if packing is None:
            found.bound = max(found.bound, target)
            halved += 1
            continue
        better = case.value(packing)
        if better is None or better > target or (proving and better == target):
            raise AssertionError(f"a packing for pressure {target} has pressure {better}")
        found.gpu_of, found.value = packing, better
        halved += not proving
    return found


def _pack_below(case: Kvpr, target: Fraction, pack: Pack, *, strict: bool) -> Packing | None:
    """An assignment with pressure at most `target` (less than it when `strict`), or None: there is none."""
    p, q = target.numerator * case.unit, target.denominator
    weights = [load * q + p * size for load, size in zip(case.loads, case.sizes, strict=True)]
    return pack(weights, case.gpus, p * case.memory - strict)


def branch_and_bound(nodes: int | None = None, over: Callable[[], bool] = lambda: False) -> Pack:
    """Depth-first bin packing with at most so many nodes in all, or until `over()`; `OutOfWorkError` beyond."""
    left = [nodes if nodes is not None else -1]  # counts down to 0; from -1 it never comes there

    def pack(weights: list[int], bins: int, capacity: int) -> Packing | None:
        order = sorted(range(len(weights)), key=lambda item: -weights[item])
        if capacity < 0 or sum(weights) > bins * capacity:
            return None
        bin_of = _place([weights[item] for item in order], bins, capacity, left, over)
        return None if bin_of is None else [bin_of[order.index(item)] for item in range(len(weights))]

    return pack


def _place(weights: list[int], bins: int, capacity: int, left: list[int], over: Callable[[], bool]) -> Packing | None:
    """Items in decreasing order, each tried in every bin with a different rest, tightest first.

    A rest too small for the last item is lost; when more is lost than the packing can spare, the branch is dead.
    """
    rest = [capacity] * bins
    bin_of = [0] * len(weights)
    spare = bins * capacity - sum(weights)
    least = weights[-1] if weights else 0

    def place(item: int, spare: int) -> bool:
        if item == len(weights):
            return True
        if left[0] == 0 or (left[0] % LOOK == 0 and over()):
            raise OutOfWorkError
        left[0] -= 1
        tried = set()
        for b in sorted(range(bins), key=rest.__getitem__):
            after = rest[b] - weights[item]
            if after < 0 or rest[b] in tried:
                continue
            tried.add(rest[b])
            lost = after if after < least else 0
            if lost > spare:
                continue
            rest[b], bin_of[item] = after, b
            if place(item + 1, spare - lost):
                return True
            rest[b] += weights[item]
        return False

    return bin_of if place(0, spare) else None
