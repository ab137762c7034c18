"""Machine counts of the pattern LP made whole: branch and bound over the columns at hand (Land and Doig 1960).

Copies and patterns stay in parts. One machine may cost a tenth of all, so few pools matter, and rounding all counts up
is dear (docs/notes/2026-11-scale.md). What is found is a start for packing, and no bound.

Land and Doig, "An automatic method of solving discrete programming problems", Econometrica 28.
"""

import heapq
import itertools
import math
from typing import NamedTuple

import numpy as np

from placement.arrays import Floats
from placement.compiled.fleet import Fleet
from placement.engines.parameters import ENGINE_PARAMETERS
from placement.patterns.master import PatternProgram, PatternSolution
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solving.budget import Budget
from placement.units import MICRO

_WHOLE = 1e-7  # of a machine


class CountsSolution(NamedTuple):
    """A `solution` of the LP, the machines of each pool in it, (P,), and the fewest and most allowed."""

    solution: PatternSolution
    counts: Floats
    low: Floats
    high: Floats

    @property
    def value(self) -> float:
        """Dollars an hour."""
        return self.solution.value


class WholeMachineCounts:
    """Whole counts for one `program`; the `fleet` has the prices, and limits that rounding up may break.

    `prices` : (P,) dollars an hour by which counts are rounded, if not those.
    """

    def __init__(self, program: PatternProgram, fleet: Fleet, prices: Floats | None = None) -> None:
        """O(pools)."""
        self._program, self._strict = program, bool(fleet.limits)
        self._prices = np.array([pool.price / MICRO for pool in fleet.pools]) if prices is None else prices

    def dive(self, root: CountsSolution, budget: Budget) -> CountsSolution | None:
        """Counts rounded one by one, the dearest machine's first, as the LP of then says; None where none hold all.

        Each becomes the nearest whole number; one that is rounded down goes up instead where the others have no room,
        or cost more than that does.
        """
        now: CountsSolution | None = root
        while now is not None and not budget.over():
            fractional = now.counts % 1 > 0
            if not fractional.any():
                return now
            now = self.rounded(now, int(np.where(fractional, self._prices, -1.0).argmax()), budget)
        return None

    def rounded(self, now: CountsSolution, pool: int, budget: Budget) -> CountsSolution | None:
        """The LP's solution with one count whole.

        Where a count that is rounded down makes one of dearer machines fractional, that would be rounded up, this one
        down once more, and so on.
        """
        low, high = now.low.copy(), now.high.copy()
        high[pool] = math.floor(now.counts[pool])
        low[pool] = high[pool] + 1
        part = now.counts[pool] - high[pool]
        down = self.within(now.low, high, budget) if 2 * part < 1 else None
        if down is not None and down.value <= now.value + (1 - part) * self._prices[pool]:
            fractional = (down.counts % 1 > 0) & (now.counts % 1 == 0)
            if not (fractional & (self._prices > self._prices[pool])).any():
                return down
        return self.within(low, now.high, budget) or self.within(now.low, high, budget)

    def cheapest(self, root: CountsSolution, budget: Budget) -> tuple[int, ...]:
        """The cheapest whole counts found by branching on the pool where rounding up loses most, best node first.

        It begins with those of a dive. From each node it goes down the cheaper side to whole counts. It ends within a
        part of the LP's value, or when time is over.
        """
        enough = max(0.0, ENGINE_PARAMETERS.integer_program.gap * root.value)
        best, cost = self._rounded_up(root)[0], math.inf
        dive = self.dive(root, budget)
        if dive is not None:
            best, cost = np.ceil(dive.counts), dive.value
        number = itertools.count()
        nodes = [(root.value, next(number), root)]
        while nodes and nodes[0][0] < cost - enough and not budget.over():
            now: CountsSolution | None = heapq.heappop(nodes)[-1]
            while now is not None and now.value < cost - enough:
                up, lost = self._rounded_up(now)
                if now.value + lost.sum() < cost and not (self._strict and lost.any()):
                    best, cost = up, now.value + float(lost.sum())
                if not lost.any() or next(number) >= COLUMN_GENERATION.mixes.nodes or budget.over():
                    break
                now, other = self._sides(now, up, int(lost.argmax()), budget)
                if other is not None:
                    heapq.heappush(nodes, (other.value, next(number), other))
        return tuple(map(int, best))

    def _rounded_up(self, now: CountsSolution) -> tuple[Floats, Floats]:
        """Counts rounded up, and the dollars an hour that each pool loses by that."""
        up = np.ceil(now.counts)
        return up, (up - now.counts) * self._prices

    def _sides(
        self, now: CountsSolution, up: Floats, pool: int, budget: Budget
    ) -> tuple[CountsSolution | None, CountsSolution | None]:
        """The LP with fewer machines of a pool than rounded up, and with no fewer: the cheaper one first."""
        low, high = now.low.copy(), now.high.copy()
        low[pool], high[pool] = up[pool], up[pool] - 1
        sides = self.within(now.low, high, budget), self.within(low, now.high, budget)
        first, second = sorted(sides, key=lambda side: math.inf if side is None else side.value)
        return first, second

    def within(self, low: Floats, high: Floats, budget: Budget) -> CountsSolution | None:
        """The LP's solution within other counts; None where there is no room, or no time."""
        self._program.limit(high.tolist(), low.tolist())
        return machine_counts(self._program.solve(budget.left()), low, high)


def machine_counts(solution: PatternSolution | None, low: Floats, high: Floats) -> CountsSolution | None:
    """The machines of a solution that was found within these counts; None where there was no room, or no solution."""
    if solution is None or solution.uses_artificials:
        return None
    counts = np.clip(solution.counts[: len(low)], low, high)  # the LP's may be a hair beyond what they are within
    whole = np.round(counts)
    return CountsSolution(solution, np.where(np.abs(counts - whole) <= _WHOLE, whole, counts), low, high)
