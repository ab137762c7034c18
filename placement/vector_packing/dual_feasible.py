"""Instant bounds: total sizes, and total sizes after a dual feasible function, each dimension on its own.

A function f of sizes with ``sum f(x) <= f(C)`` whenever ``sum x <= C`` turns any dimension into one whose volume is a
bound as well. Here, for each threshold a of at most half the room (Martello and Toth 1990, L2; Fekete and Schepers
2001): sizes above C - a count as C, sizes below a as 0, others as they are.
"""

from collections.abc import Iterator

import numpy as np

from placement.vector_packing.certificate import PackingCut
from placement.vector_packing.compiled import Compiled


def total_sizes(problem: Compiled) -> list[int]:
    """Per dimension, the least that all copies can take, in exact integers. O(rows x dimensions)."""
    demand = [int(n) for n in problem.demand]
    sizes = problem.least_by_item(problem.size).T.tolist()
    return [sum(a * n for a, n in zip(least, demand, strict=True)) for least in sizes]


def volume_cuts(problem: Compiled) -> list[PackingCut]:
    """Per dimension: the bins have room for the least that all copies can take. O(rows x dimensions)."""
    return [
        PackingCut(tuple(int(n) for n in problem.capacity[:, k]), total)
        for k, total in enumerate(total_sizes(problem))
        if total
    ]


def dual_feasible_cuts(problem: Compiled) -> Iterator[PackingCut]:
    """Per dimension, the best threshold; for one bin type. O(items^2 x dimensions)."""
    if problem.types != 1:
        return
    for k, least in enumerate(problem.least_by_item(problem.size).T):
        capacity = int(problem.capacity[0, k])
        best = 0
        for threshold in np.unique(least[(least > 0) & (2 * least <= capacity)]).tolist():
            kept = np.where(least >= threshold, least, 0)
            kept = np.where(least > capacity - threshold, capacity, kept)
            best = max(best, int(kept @ problem.demand))
        big = 2 * least > capacity
        best = max(best, int(np.where(big, capacity, 0) @ problem.demand))
        if best:
            yield PackingCut((capacity,), best)
