"""The cheapest whole counts of bins, and of copies by group of bin types, that fractions of loads fit: a bound.

That both counts are whole is what this adds to the linear program over loads: on sums of this kind Vanderbeck
(2011, doi:10.1007/s10107-009-0334-1) branches. Here an integer program chooses them, `shares` answers with
inequalities of what so many bins can't hold, and both go on until they agree. The linear relaxation of the integer
program comes first, as its inequalities cost least.
"""

import math
from dataclasses import dataclass, field

import highspy
import numpy as np

from placement.arrays import Floats, Ints
from placement.engines.highs import Entries, prove, solved, sparse_program, whole_solution
from placement.solving.budget import Budget
from placement.solving.schedule import SCHEDULE
from placement.vector_packing.certificate import PackingCut
from placement.vector_packing.compiled import Compiled
from placement.vector_packing.cover import proved_steps
from placement.vector_packing.parameters import VECTOR_PACKING
from placement.vector_packing.shares import SCALE, ListedCounts, ShareCut
from placement.vector_packing.state import PackingState

Counts = Floats | Ints

NAME = "counts by group"


def raise_by_groups(program: ListedCounts, state: PackingState, known: list[PackingCut], cutoff: int) -> Ints | None:
    """Raise the bound to the cheapest counts that fractions of loads fit in each group; their bins, or None: not known.

    The loads are all that a packing of at most `cutoff` can use, and `known` holds for such packings. Where no counts
    of at most the cutoff are left, the bound is above it.
    """
    shares, budget = len(program.groups.item), SCHEDULE.vector_packing.groups.of(state.budget)
    if len(program.groups) == 1 or shares > VECTOR_PACKING.mix.most_shares:
        return None
    counting = CountingProgram(program.problem, program.groups.item, state.unit, known)
    _cut_relaxation(counting, program, cutoff, budget)
    while not state.ended and not budget.over():
        cheapest = counting.cheapest(state.bound, cutoff, budget)
        if cheapest is None:
            return None
        state.raise_bound(min(cheapest.bound, cutoff + state.unit), NAME)
        if cheapest.counts is None or state.bound > cutoff:
            return None
        if not _separate(counting, program, *cheapest.counts, budget):
            return None if budget.over() else cheapest.counts[0]
    return None


@dataclass(frozen=True, slots=True)
class WholeCounts:
    """The cheapest whole counts, (types,) and (shares,), if they were found, and what any cost at least."""

    counts: tuple[Ints, Ints] | None
    bound: int


@dataclass(slots=True)
class CountingProgram:
    """The integer program of bins, a column for each type, and copies, a column for each share, that keep the cuts."""

    problem: Compiled
    item: Ints  # (shares,) of each share
    unit: int  # every cost is a multiple of it
    known: list[PackingCut]  # inequalities of bins alone
    cuts: list[ShareCut] = field(default_factory=list)  # inequalities of both, which may be added to

    def relaxed(self, bound: int, cutoff: int, budget: Budget) -> tuple[Floats, Floats] | None:
        """The cheapest counts in fractions that cost between these two; None: there are none, or HiGHS finds none."""
        solver = solved(self._lp(bound, cutoff, integer=False), budget)
        if solver is None:
            return None
        values = np.array(solver.getSolution().col_value)
        return values[: self.problem.types], values[self.problem.types :]

    def cheapest(self, bound: int, cutoff: int, budget: Budget) -> WholeCounts | None:
        """The cheapest whole counts that cost between these two; None where HiGHS fails at it."""
        import highspy

        ran = prove(self._lp(bound, cutoff, integer=True), budget, mip_rel_gap=0.0, mip_abs_gap=0.4)
        if ran is None:
            return None
        solver, status = ran
        proved = proved_steps(solver, status, cutoff // self.unit) * self.unit
        values = whole_solution(solver) if status == highspy.HighsModelStatus.kOptimal else None
        if values is None:
            return WholeCounts(None, proved)
        types = self.problem.types
        return WholeCounts((np.array(values[:types]), np.array(values[types:])), proved)

    def _lp(self, bound: int, cutoff: int, *, integer: bool) -> highspy.HighsLp:
        """The rows are items, what all costs, and the inequalities. O(rows x columns)."""
        problem, infinity = self.problem, math.inf
        items, columns = len(problem.demand), problem.types + len(self.item)
        share = np.arange(len(self.item))
        of_item = np.zeros((items, columns))
        of_item[self.item, problem.types + share] = 1.0
        cost = np.concatenate([(problem.cost // self.unit).astype(float), np.zeros(len(share))])
        rows = [*of_item, cost]
        low = [*problem.demand.astype(float), bound // self.unit - 0.5]
        high = [*problem.demand.astype(float), cutoff // self.unit + 0.5]
        for cut in self.known:
            if cut.least > 0:
                scaled = [min(SCALE, -(-value * SCALE // cut.least)) for value in cut.coefficients]
                rows.append(np.array(scaled + [0] * len(share), dtype=float))
                low.append(float(SCALE))
                high.append(infinity)
        for share_cut in self.cuts:
            rows.append(np.concatenate([share_cut.coefficients, -share_cut.price]).astype(float))
            low.append(0.0)
            high.append(infinity)
        matrix = np.array(rows)
        row, column = np.nonzero(matrix)
        entries = Entries(np.searchsorted(row, np.arange(len(rows) + 1)), column, matrix[row, column], by_rows=True)
        most = np.concatenate([problem.most_bins(infinity), problem.demand[self.item].astype(float)])
        least = np.concatenate([problem.least.astype(float), np.zeros(len(share))])
        return sparse_program(entries, cost, (least, most), (np.array(low), np.array(high)), integer=integer)


def _cut_relaxation(counting: CountingProgram, program: ListedCounts, cutoff: int, budget: Budget) -> None:
    """Inequalities until fractions of loads fit the counts in fractions."""
    while not budget.over():
        found = counting.relaxed(0, cutoff, budget)
        if found is None or not _separate(counting, program, *found, budget):
            return


def _separate(counting: CountingProgram, program: ListedCounts, bins: Counts, copies: Counts, budget: Budget) -> bool:
    """Add the inequalities that these counts break; says whether there are any."""
    cuts = [cut.rounded() for cut in program.separate(bins, copies, budget.left()) or ()]
    broken = [cut for cut in cuts if cut.broken_by(bins, copies)]
    counting.cuts += broken
    return bool(broken)
