"""Fleet mixes with spare capacity: the cheapest whole machine counts that may allow a packing.

Counts on which the pattern LP has just room for all copies can hardly be packed, so it is asked for a little more of
each component, the *spare* part. The fleet that is packed is not that of the bound, as dedicated components have their
machines by then, so some rounds of pricing come first. Then an integer program over the same columns makes the counts
whole; copies and patterns stay in parts. None of this enters a bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from placement.patterns.covering import any_domain
from placement.patterns.group_rows import add_group_rows
from placement.patterns.master import PatternProgram
from placement.solvers.column_generation.parameters import COLUMN_GENERATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from placement.compiled.fleet import Fleet
    from placement.heuristics.shares import Floats
    from placement.patterns.formulation import Relaxation
    from placement.patterns.master import Pattern
    from placement.solving.budget import Budget

_PARAMS = COLUMN_GENERATION.mixes
_WHOLE = 1e-7  # of a machine


class FleetMix(NamedTuple):
    """Machines of each pool, and the most copies by each mode of a relaxation, if there are such limits."""

    machines: tuple[int, ...]
    most: list[float] | None = None


class FleetMixes:
    """Mixes of one fleet; patterns that one call finds are kept for the next."""

    def __init__(
        self, relaxation: Relaxation, patterns: Iterable[Pattern], seed: int = 0, fleet: Fleet | None = None
    ) -> None:
        """O(modes + patterns). `fleet` has the quotas, limits and commitments, if not that of the relaxation."""
        self._relaxation, self._fleet, self._seed = relaxation, fleet or relaxation.fleet, seed
        self._program = PatternProgram(relaxation)
        add_group_rows(self._program.solver, self._fleet)
        self._program.add_patterns(patterns)
        self._knapsacks = {device_class.index: device_class.knapsack for device_class in relaxation.device_classes}
        self._took = 0.0  # seconds, by the last LP

    def offer(self, spare: float, least: Sequence[int], budget: Budget) -> FleetMix | None:
        """The cheapest counts with room for `spare` (relative) more, at least `least` of each pool; None without.

        Where the quotas have no such room, those with room for what is required. Where time is too short for the
        integer program, those of the LP are rounded up.
        """
        low = np.array(least, dtype=float)
        high = np.maximum(low, self._most())
        parts = self._parts(spare, low, high, budget) or self._parts(0.0, low, high, budget)
        if parts is None:
            return None
        rounded = np.minimum(high, np.ceil(np.array(parts) - _WHOLE))
        return FleetMix(self._whole(budget) or tuple(map(int, rounded)))

    def _parts(self, spare: float, low: Floats, high: Floats, budget: Budget) -> list[float] | None:
        """The LP's counts, after some rounds of pricing; None where there is no room, or no time."""
        program = self._program
        program.limit(high.tolist(), low.tolist())
        program.ask_for([c.required * (1 + spare) for c in self._relaxation.fleet.components], {}, 1 + spare)
        for left in range(_PARAMS.rounds, -1, -1):
            began = budget.elapsed()
            if not program.solve(budget.left()):
                return None
            self._took = budget.elapsed() - began
            duals = program.duals()
            if not left or self._hurried(budget) or not program.improve(duals, program.prices(duals), self._knapsacks):
                break
        return None if program.uses_artificials() else program.counts()[: len(low)]

    def _whole(self, budget: Budget) -> tuple[int, ...] | None:
        if self._hurried(budget):
            return None
        return self._program.whole_counts(
            budget.left(), mip_rel_gap=_PARAMS.gap, mip_max_nodes=_PARAMS.nodes, random_seed=self._seed % 2**31
        )

    def _hurried(self, budget: Budget) -> bool:
        """Whether too little time is left for what takes several times as long as the LP."""
        return budget.left() < _PARAMS.whole * self._took

    def _most(self) -> Floats:
        """The quotas; without one, twice the machines that all copies can use, so that the spare grows not for ever."""
        useful = any_domain(self._fleet).most
        quotas = (pool.max_instances for pool in self._fleet.pools)
        return np.array([2.0 * n if quota is None else n for n, quota in zip(useful, quotas, strict=True)], dtype=float)
