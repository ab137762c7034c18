"""The integer program: slices of a bucket by type, whole GPUs of a type, their cost.

    minimise    sum_g price[g] n[g]
    subject to  sum_g x[b,g] = slices              for each bucket b
                sum_b load[b,g] x[b,g] <= n[g]     for each type g
                x, n whole, >= 0

Slices of one bucket are alike, so they are counted and not numbered. HiGHS works to a tolerance; the cost is counted
again from the slices in fractions, and its bound is rounded up to the next cost there is, less that tolerance.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import highspy
import numpy as np

from placement.engines.highs import linear_program, load_lp, run

if TYPE_CHECKING:
    from fractions import Fraction

    from placement_bench.melange.problem import Melange

TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Mixed:
    """Slices by bucket and type (None when none were found in time) and a bound on the cost."""

    slices: list[list[int]] | None
    bound: Fraction | None


def solve(case: Melange, seconds: float, seed: int = 0) -> Mixed:
    """The cheapest mix, zero gap asked for."""
    solver = load_lp(
        _program(case), time_limit=max(seconds, 0.0), mip_rel_gap=0.0, mip_abs_gap=0.0, random_seed=seed % (1 << 31)
    )
    run(solver)
    info = solver.getInfo()
    slices = None
    if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        values = np.rint(np.array(solver.getSolution().col_value)).astype(int)
        slices = values[: len(case.buckets) * len(case.types)].reshape(len(case.buckets), -1).tolist()
    if not np.isfinite(info.mip_dual_bound):
        return Mixed(slices, None)
    steps = info.mip_dual_bound / float(case.grid())
    return Mixed(slices, ceil(steps - TOLERANCE * max(1.0, abs(steps))) * case.grid())


def one_type(case: Melange) -> list[list[int]] | None:
    """All slices on the type that is cheapest alone; None when none serves every bucket."""
    whole = [
        [[case.slices * (column == g) for column in range(len(case.types))] for _ in case.buckets]
        for g in range(len(case.types))
        if all(load[g] is not None for load in case.load)
    ]
    return min(whole, key=lambda slices: case.cost(case.counts(slices)), default=None)


def _program(case: Melange) -> highspy.HighsLp:
    buckets, types = len(case.buckets), len(case.types)
    usable = [float(case.slices) if load is not None else 0.0 for row in case.load for load in row]
    columns: list[list[tuple[int, float]]] = [
        [(b, 1.0), (buckets + g, float(load or 0))] for b, row in enumerate(case.load) for g, load in enumerate(row)
    ]
    columns += [[(buckets + g, -1.0)] for g in range(types)]
    return linear_program(
        columns,
        cost=[0.0] * (buckets * types) + [float(price) for price in case.price],
        within=(0.0, usable + [highspy.kHighsInf] * types),
        rows=(
            [case.slices] * buckets + [-highspy.kHighsInf] * types,
            [case.slices] * buckets + [0.0] * types,
        ),
        integer=True,
    )
