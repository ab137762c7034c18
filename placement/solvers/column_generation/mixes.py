"""Fleet mixes with spare capacity: the cheapest whole machine counts that may allow a packing.

Counts on which the pattern LP has just room for all copies can hardly be packed, so it is asked for a little more of
each component whose copies share one accelerator, the *spare* part. Copies that own theirs, or that stand on several,
leave little room between them, and a little more of one may be a whole machine more. The fleet that is packed is not
that of the bound, as dedicated components have their machines by then, so some rounds of pricing come first. Then
counts are made whole by branch and bound over the same columns (Land and Doig 1960, Econometrica 28); copies and
patterns stay in parts. None of this enters a bound.
"""

from __future__ import annotations

import heapq
import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from placement.compiled.survival import cap_per_pool
from placement.engines.parameters import ENGINE_PARAMETERS
from placement.patterns.columns import PatternColumns
from placement.patterns.covering import any_domain
from placement.patterns.group_rows import add_group_rows
from placement.patterns.master import PatternProgram
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solving.schedule import SCHEDULE
from placement.units import MICRO

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from placement.arrays import Floats
    from placement.compiled.fleet import Fleet
    from placement.patterns.formulation import Relaxation
    from placement.patterns.master import Pattern
    from placement.solving.budget import Budget

_PARAMS = COLUMN_GENERATION.mixes
_TIME = SCHEDULE.column_generation.mixes.offer
_WHOLE = 1e-7  # of a machine


class FleetMix(NamedTuple):
    """Machines of each pool, and the most copies by each mode of a relaxation, if there are such limits."""

    machines: tuple[int, ...]
    most: list[float] | None = None

    def within_caps(self, relaxation: Relaxation) -> FleetMix:
        """The mix with no more copies by a mode than the loss of its pool leaves room for. O(modes)."""
        caps = {c.index: cap_per_pool(c) for c in relaxation.fleet.components}
        if all(cap is None for cap in caps.values()):
            return self
        most = self.most or [math.inf] * len(relaxation.modes)
        in_pool = [math.inf if (cap := caps[mode.component]) is None else cap for mode in relaxation.modes]
        return self._replace(most=list(map(min, most, in_pool)))


class _Solution(NamedTuple):
    """A solution of the LP: dollars an hour, the machines of each pool, (P,), and the fewest and most allowed."""

    value: float
    counts: Floats
    low: Floats
    high: Floats


class FleetMixes:
    """Mixes of one fleet; patterns that one call finds are kept for the next."""

    def __init__(
        self, relaxation: Relaxation, patterns: Iterable[Pattern], seed: int = 0, fleet: Fleet | None = None
    ) -> None:
        """O(modes + patterns). `fleet` has the quotas, limits and commitments, if not that of the relaxation."""
        self._relaxation, self._fleet = relaxation, fleet or relaxation.fleet
        self._program = PatternProgram(relaxation)
        add_group_rows(self._program.solver, self._fleet)
        self._program.add_patterns(patterns)
        self._columns = PatternColumns(relaxation, self._program, seed)
        self._prices = np.array([pool.price / MICRO for pool in self._fleet.pools])
        self._shares = [
            any(option.shared and option.accelerators == 1 for option in c.options) for c in relaxation.fleet.components
        ]

    def offer(self, spare: float, least: Sequence[int], budget: Budget) -> FleetMix | None:
        """The cheapest counts, at least `least` of each pool, with room for `spare` (relative) more of what shares.

        Where the quotas have no such room, those with room for what is required; None without.
        """
        low = np.array(least, dtype=float)
        high = np.maximum(low, self._most())
        parts = self._priced(spare, low, high, budget) or self._priced(0.0, low, high, budget)
        if parts is None:
            return None
        return FleetMix(tuple(map(int, self._whole(parts, _TIME.whole.of(budget)))))

    def _priced(self, spare: float, low: Floats, high: Floats, budget: Budget) -> _Solution | None:
        """The LP's solution after some rounds of pricing; None where there is no room, or no time."""
        program = self._program
        program.limit(high.tolist(), low.tolist())
        components = zip(self._relaxation.fleet.components, self._shares, strict=True)
        program.ask_for([c.required * (1 + spare * shares) for c, shares in components], {}, 1 + spare)
        return self._solution(low, high) if self._columns.solve(_PARAMS.rounds, budget) else None

    def _whole(self, root: _Solution, budget: Budget) -> Floats:
        """The cheapest whole counts found by branching on the pool where rounding up loses most, best node first.

        From each node it goes down the cheaper side to whole counts. It ends within a part of the LP's value, or when
        time is over. One machine may cost a tenth of all, so few pools matter, and rounding all counts up is dear
        (docs/notes/2026-11-scale.md).
        """
        strict, enough = bool(self._fleet.limits), max(0.0, ENGINE_PARAMETERS.integer_program.gap * root.value)
        best, cost = self._rounded(root)[0], math.inf
        number = itertools.count()
        nodes = [(root.value, next(number), root)]
        while nodes and nodes[0][0] < cost - enough and not budget.over():
            now: _Solution | None = heapq.heappop(nodes)[-1]
            while now is not None and now.value < cost - enough:
                up, lost = self._rounded(now)
                if now.value + lost.sum() < cost and not (strict and lost.any()):  # rounded up they may break a limit
                    best, cost = up, now.value + float(lost.sum())
                if not lost.any() or next(number) >= _PARAMS.nodes or budget.over():
                    break
                now, other = self._sides(now, up, int(lost.argmax()), budget)
                if other is not None:
                    heapq.heappush(nodes, (other.value, next(number), other))
        return best

    def _rounded(self, now: _Solution) -> tuple[Floats, Floats]:
        """Counts rounded up, and the dollars an hour that each pool loses by that."""
        up = np.ceil(now.counts)
        return up, (up - now.counts) * self._prices

    def _sides(
        self, now: _Solution, up: Floats, pool: int, budget: Budget
    ) -> tuple[_Solution | None, _Solution | None]:
        """The LP with fewer machines of a pool than rounded up, and with no fewer: the cheaper one first."""
        low, high = now.low.copy(), now.high.copy()
        low[pool], high[pool] = up[pool], up[pool] - 1
        sides = self._within(now.low, high, budget), self._within(low, now.high, budget)
        first, second = sorted(sides, key=lambda side: math.inf if side is None else side.value)
        return first, second

    def _within(self, low: Floats, high: Floats, budget: Budget) -> _Solution | None:
        """The LP's solution within other counts; None where there is no room, or no time."""
        self._program.limit(high.tolist(), low.tolist())
        return self._solution(low, high) if self._program.solve(budget.left()) else None

    def _solution(self, low: Floats, high: Floats) -> _Solution | None:
        program = self._program
        if program.uses_artificials():
            return None
        counts = np.clip(program.counts()[: len(low)], low, high)  # the LP's may be a hair beyond what they are within
        whole = np.round(counts)
        return _Solution(program.value(), np.where(np.abs(counts - whole) <= _WHOLE, whole, counts), low, high)

    def _most(self) -> Floats:
        """The quotas; without one, twice the machines that all copies can use, so that the spare grows not for ever."""
        useful = any_domain(self._fleet).most
        quotas = (pool.max_instances for pool in self._fleet.pools)
        return np.array([2.0 * n if quota is None else n for n, quota in zip(useful, quotas, strict=True)], dtype=float)
