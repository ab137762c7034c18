"""Fleet mixes with spare capacity: the cheapest whole machine counts that may allow a packing.

Counts on which the pattern LP has just room for all copies can hardly be packed, so it is asked for a little more of
each component whose copies share one accelerator, the *spare* part. Copies that own theirs, or that stand on several,
leave little room between them, and a little more of one may be a whole machine more. The fleet that is packed is not
that of the bound, as dedicated components have their machines by then, so some rounds of pricing come first. Then
counts are made whole (`whole_counts`). None of this enters a bound.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from placement.arrays import Floats
from placement.compiled.fleet import Fleet
from placement.compiled.survival import cap_per_pool
from placement.patterns.columns import PatternColumns
from placement.patterns.covering import any_domain
from placement.patterns.formulation import Relaxation
from placement.patterns.group_rows import add_group_rows
from placement.patterns.master import Pattern, PatternProgram
from placement.solvers.column_generation.parameters import MixParameters as _PARAMS
from placement.solvers.column_generation.whole_counts import CountsSolution, WholeMachineCounts, machine_counts
from placement.solving.budget import Budget
from placement.solving.schedule import SCHEDULE

_TIME = SCHEDULE.column_generation.mixes.offer


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
        self._counts = WholeMachineCounts(self._program, self._fleet)

    def offer(self, spare: float, least: Sequence[int], budget: Budget) -> FleetMix | None:
        """The cheapest counts, at least `least` of each pool, with room for `spare` (relative) more of what shares.

        Where the quotas have no such room, those with room for what is required; None without.
        """
        low = np.array(least, dtype=float)
        high = np.maximum(low, self._most())
        parts = self._priced(spare, low, high, budget) or self._priced(0.0, low, high, budget)
        return None if parts is None else FleetMix(self._counts.cheapest(parts, _TIME.whole.of(budget)))

    def _priced(self, spare: float, low: Floats, high: Floats, budget: Budget) -> CountsSolution | None:
        """The LP's solution after some rounds of pricing; None where there is no room, or no time."""
        program = self._program
        program.limit(high.tolist(), low.tolist())
        program.ask_for(_with_spare(self._relaxation.fleet, spare), {}, 1 + spare)
        return machine_counts(self._columns.solve(_PARAMS.rounds, budget), low, high)

    def _most(self) -> Floats:
        """The quotas; without one, twice the machines that all copies can use, so that the spare grows not for ever."""
        useful = any_domain(self._fleet).most
        quotas = (pool.max_instances for pool in self._fleet.pools)
        return np.array([2.0 * n if quota is None else n for n, quota in zip(useful, quotas, strict=True)], dtype=float)


def _with_spare(fleet: Fleet, spare: float) -> list[float]:
    """(C,) required copies, and that part more of each component whose copies share one accelerator."""
    shares = (any(option.shared and option.accelerators == 1 for option in c.options) for c in fleet.components)
    return [c.required * (1 + spare * more) for c, more in zip(fleet.components, shares, strict=True)]
