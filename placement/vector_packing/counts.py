"""Bin counts that listed loads can hold, as far as a linear program tells: the cheapest of them is a bound.

Counts are cheap to enumerate and there are few of them between the bound and the best packing, while the linear program
mixes them at will. So the cheapest whole counts that keep all inequalities so far are asked whether fractions of loads
can hold the items in so many bins. If not, the dual solution is an inequality more, which leaves out many other counts
(Benders 1962, as in `mix`; here with all loads that matter in place of pricing).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from placement.engines.highs import limit_time, linear_program, load_lp, run
from placement.vector_packing.certificate import PackingCut
from placement.vector_packing.cover import loads_within, next_cutoff
from placement.vector_packing.mix import cheapest_counts, pack_counts
from placement.vector_packing.parameters import VECTOR_PACKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.arrays import Ints
    from placement.vector_packing.compiled import Compiled, Load
    from placement.vector_packing.generation import Generation
    from placement.vector_packing.state import PackingState

NAME = "bin counts"
_PRECISION = 2**30  # of prices: an item that is worth most has so many units


class ListedCounts:
    """The linear program of all items over some loads, of which there are at most so many of each type."""

    def __init__(self, problem: Compiled, loads: Sequence[Load]) -> None:
        """O(loads x items)."""
        self._problem = problem
        self._items = items = len(problem.demand)
        self._type = np.array([t for t, _ in loads], dtype=np.int64)
        self._coverage = np.array([problem.copies_in(pattern) for _, pattern in loads], dtype=np.int64)
        columns = [
            [*((int(i), float(row[i])) for i in np.flatnonzero(row)), (items + int(t), 1.0)]
            for t, row in zip(self._type, self._coverage, strict=True)
        ]
        lacking = [[(i, 1.0)] for i in range(items)]
        lp = linear_program(
            columns + lacking,
            cost=np.concatenate([np.zeros(len(loads)), np.ones(items)]),
            within=(0.0, math.inf),
            rows=(
                np.concatenate([problem.demand, np.zeros(problem.types)]),
                np.concatenate([np.full(items, math.inf), np.zeros(problem.types)]),
            ),
        )
        self._solver = load_lp(lp, presolve="off", simplex_strategy=1)

    def separate(self, counts: Ints, seconds: float) -> PackingCut | None:
        """An inequality that these counts break; None when fractions of loads hold all items, or time is up.

        It is exact: prices are whole numbers, and a bin of each type is worth the most that a load of it is.
        """
        import highspy

        for t, n in enumerate(counts):
            self._solver.changeRowBounds(self._items + t, 0.0, float(n))
        limit_time(self._solver, seconds)
        if run(self._solver) != highspy.HighsModelStatus.kOptimal:
            return None
        dual = np.maximum(np.array(self._solver.getSolution().row_dual)[: self._items], 0.0)
        if dual.max(initial=0.0) <= 0.0:
            return None
        price = np.floor(dual / dual.max() * _PRECISION).astype(np.int64)
        value = self._coverage @ price
        dual_value = [int(value[self._type == t].max(initial=0)) for t in range(self._problem.types)]
        cut = PackingCut(tuple(dual_value), int(price @ self._problem.demand))
        return cut if sum(w * int(n) for w, n in zip(dual_value, counts, strict=True)) < cut.least else None


def close_by_counts(generation: Generation, cuts: Sequence[PackingCut], seed: int = 0) -> None:
    """Raise the bound to the cheapest counts that listed loads fit in fractions, and try to pack into those.

    Loads are those that a packing between the bound and the best one can use, or of a part of that gap, where there are
    too many. The program of the column generation is solved to its end first.
    """
    problem, state, part = generation.problem, generation.state, 1.0
    if problem.types == 1:
        return
    generation.run(state.budget, thorough=True)
    if generation.bound is None:
        return
    while not state.ended and part > VECTOR_PACKING.cover.least_part:
        cutoff = next_cutoff(state, part)
        loads = loads_within(generation, cutoff)
        if loads is not None:
            counts = raise_by_counts(problem, state, loads, [*cuts, generation.cut], cutoff, seed)
            if counts is not None:
                pack_counts(problem, state, counts, seed=seed)
            return
        part /= 2


def raise_by_counts(
    problem: Compiled, state: PackingState, loads: Sequence[Load], cuts: list[PackingCut], cutoff: int, seed: int = 0
) -> Ints | None:
    """Raise the bound to the cheapest counts that fractions of loads fit, and return those; None when not known.

    `loads` are all that a packing of at most `cutoff` can use. `cuts` hold for such packings, and those that are found
    are added. Where no counts of at most the cutoff keep them, the bound is above it.
    """
    program = ListedCounts(problem, loads)
    without_news = 0
    while not state.ended and without_news < VECTOR_PACKING.mix.patience:
        found = cheapest_counts(problem, state, cuts, seed)
        bound = cutoff + state.unit if found is None else min(found.bound, cutoff + state.unit)
        without_news = 0 if bound > state.bound else without_news + 1
        state.raise_bound(bound, NAME)
        if found is None or found.counts is None or bound > cutoff:
            return None
        cut = program.separate(found.counts, state.budget.left())
        if cut is None:
            return found.counts
        cuts.append(cut)
    return None
