"""Cheap machine counts that can hold all copies, or those that held machines leave over, by rounding the pattern LP.

Copies on several accelerators are rounded first, as the LP puts halves of them in gaps where none fits; then the
machines of one pool after the other. Numbers that are nearly whole are rounded up at once. Of the others the largest
fractions are rounded up first; the last few are rounded down or up, whichever costs less. The LP is solved again after
each step.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from placement.solvers.column_generation.diving import KeptAssignment
from placement.solvers.column_generation.diving.residual_master import ResidualProgram
from placement.solvers.column_generation.item_limits import ItemLimits
from placement.solvers.column_generation.mixes import FleetMix
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.units import MICRO

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Machine
    from placement.patterns.formulation import Relaxation
    from placement.patterns.master import Floats, Pattern
    from placement.solving.budget import Budget

_PARAMS = COLUMN_GENERATION.rounding
_WIDE = 2  # accelerators of a copy that is whole
_WHOLE = 1e-6


class Rounding:
    """Mixes of one fleet from all patterns known to the bound; what one call finds is kept for the next."""

    def __init__(
        self,
        fleet: Fleet,
        relaxation: Relaxation,
        patterns: Iterable[Pattern],
        seed: int,
        held: tuple[Machine, ...] = (),
    ) -> None:
        """O(patterns). `fleet` has the quotas, `relaxation` may have more; those `held` stand, within them."""
        self._fleet, self._relaxation, self._held = fleet, relaxation, held
        self._rng = np.random.default_rng(seed)
        self._kept = KeptAssignment(relaxation, held)
        self._program = ResidualProgram(relaxation)
        self._program.add_patterns(patterns)
        self._prices = np.array([pool.price / MICRO for pool in fleet.pools])
        self._sizes = np.zeros(len(relaxation.modes))  # of wide copies
        for w, mode in enumerate(relaxation.modes):
            option = fleet.components[mode.component].options[mode.option]
            if option.accelerators >= _WIDE:
                self._sizes[w] = mode.usage[0] / max(1, fleet.pools[mode.pool].shape.memory_mib)
        sized = {relaxation.modes[w].component for w in np.flatnonzero(self._sizes)}
        self._spares = np.array([c.index not in sized for c in fleet.components])
        self._item_limits = ItemLimits(relaxation)
        self._program.offer(self._kept.residuals, owners=True)
        self._stand = np.array(self._kept.machines)
        self._fewest, self._most = self._anything()
        self._low = self._high = np.zeros(len(fleet.pools))  # limits on new machines

    def _anything(self) -> tuple[Floats, Floats]:
        return np.zeros(len(self._sizes)), np.full(len(self._sizes), math.inf)

    def cost(self, least: Sequence[int], budget: Budget) -> float | None:
        """Dollars an hour of new machines, parts allowed, beside those that stand; None when the LP is not solved."""
        return self._program.value() if self._ask(0.0, least, budget) else None

    def offer(self, spare: float, least: Sequence[int], budget: Budget) -> FleetMix | None:
        """Cheap machine counts with room for `spare` (relative) more copies; None when none are found in time.

        There are at least `least` of each pool, within the quotas, those that stand among them. Wide copies get pools,
        and no more room than they need.
        """
        if not self._ask(spare, least, budget):
            return None
        steps = _PARAMS.steps
        while (wide := self._broken_copies()).size:
            if not self._round(wide, -(-len(wide) // max(1, steps)), budget):
                return None
            steps -= 1
        whole = np.round(np.array(self._program.amounts()[0]))
        self._fewest = np.where(self._sizes > 0, whole, 0.0)
        self._most = np.where(self._sizes > 0, whole, math.inf)
        if not self._solve(budget):
            return None
        while (broken := self._broken_counts()).size:
            if not self._round_counts(broken, budget):
                return None
        most = self._most + np.array(self._kept.by_mode)
        return FleetMix(tuple(round(n) for n in self._counts() + self._stand), most.tolist(), self._held)

    def _ask(self, spare: float, least: Sequence[int], budget: Budget) -> bool:
        """Solve the LP for all unassigned copies, and `spare` more, before anything is rounded; whether that can be."""
        pools = self._fleet.pools
        self._low = np.maximum(0.0, np.array(least, dtype=float) - self._stand)
        most = [math.inf if pool.max_instances is None else float(pool.max_instances) for pool in pools]
        self._high = np.maximum(self._low, np.array(most) - self._stand)
        out = np.array(self._kept.unassigned, dtype=float)
        self._program.ask_for((out * (1 + spare * self._spares)).tolist(), self._kept.zoned, 1 + spare)
        self._fewest, self._most = self._anything()
        return self._solve(budget, _PARAMS.kept_rounds if self._held else 0)

    def _counts(self) -> Floats:
        return np.array(self._program.counts()[: len(self._low)])

    def _broken_copies(self) -> NDArray[np.int64]:
        copies = np.array(self._program.amounts()[0])
        return np.flatnonzero((self._sizes > 0) & (np.abs(copies - np.round(copies)) > _WHOLE))

    def _broken_counts(self) -> NDArray[np.int64]:
        counts = self._counts()
        return np.flatnonzero(np.abs(counts - np.round(counts)) > _WHOLE)

    def _round(self, wide: NDArray[np.int64], at_once: int, budget: Budget) -> bool:
        """Round up the copies that are nearly whole; else the largest parts, one a component; one alone up or down."""
        copies = np.array(self._program.amounts()[0])
        parts = copies[wide] - np.floor(copies[wide])
        sure = wide[parts >= _PARAMS.sure]
        if not sure.size:
            order = np.argsort(-self._sizes[wide] * (parts + _PARAMS.noise * self._rng.random(wide.size)))
            if at_once == 1:
                w = int(wide[order[0]])
                return self._halve(w, float(copies[w]), self._fewest, self._most, budget)
            first: dict[int, int] = {}
            for w, part in zip(wide[order].tolist(), parts[order].tolist(), strict=True):
                if part >= _PARAMS.likely or not first:
                    first.setdefault(self._relaxation.modes[w].component, w)
            sure = np.array(list(first.values())[:at_once])
        before = self._fewest.copy()
        self._fewest[sure] = np.ceil(copies[sure])
        if self._solve(budget):
            return True
        self._fewest = before
        w = int(sure[0])
        return self._halve(w, float(copies[w]), self._fewest, self._most, budget)

    def _round_counts(self, broken: NDArray[np.int64], budget: Budget) -> bool:
        """Round up the counts that are nearly whole; else the largest part, or, of few, up or down."""
        counts = self._counts()
        parts = counts[broken] - np.floor(counts[broken])
        sure = broken[parts >= _PARAMS.sure]
        if not sure.size and broken.size > _PARAMS.few:
            sure = broken[[np.argmax(parts)]]
        if sure.size:
            self._low[sure] = np.ceil(counts[sure])
            return self._solve(budget)
        p = int(broken[np.argmax(np.minimum(parts, 1 - parts) * self._prices[broken])])
        return self._halve(p, float(counts[p]), self._low, self._high, budget)

    def _halve(self, k: int, value: float, low: Floats, high: Floats, budget: Budget) -> bool:
        """Round the limits of number k to whole ones below or above its value, whichever makes all cheaper."""
        lowest, highest = low[k], high[k]
        high[k] = math.floor(value)
        down = self._program.value() if self._solve(budget) else math.inf
        low[k], high[k] = math.ceil(value), highest
        if self._solve(budget) and self._program.value() <= down:
            return True
        low[k], high[k] = lowest, math.floor(value)
        return down < math.inf and self._solve(budget)

    def _solve(self, budget: Budget, least: int = 0) -> bool:
        """Solve for what is allowed, with more patterns as long as it lacks machines; False if it does in the end.

        Patterns are priced `least` times in any case, as long as that brings any.
        """
        program = self._program
        program.limit(self._high.tolist(), self._low.tolist())
        program.limit_copies(self._fewest.tolist(), self._most.tolist())
        limits = self._item_limits.of(self._kept.unassigned, self._most.tolist())
        program.allow(limits)
        knapsacks = {
            device_class.index: device_class.knapsack.with_limits(limits[device_class.index])
            for device_class in self._relaxation.device_classes
        }
        program.allow_residual_patterns(limits, ())
        rooms = self._kept.residuals.knapsacks(limits)
        for done in range(_PARAMS.rounds + least):
            if not program.solve(budget.left()):
                return False
            if done >= least and not program.uses_artificials():
                return True
            duals = program.duals()
            prices = program.prices(duals)
            if not program.improve(duals, prices, knapsacks) + program.improve_residual_patterns(duals, prices, rooms):
                return not program.uses_artificials()
        return False
