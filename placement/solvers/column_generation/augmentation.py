"""Augment an infeasible fleet mix, one cheapest useful machine at a time, until all copies are assigned.

Where machines are dear, what a dive leaves out is cheap beside the machine that best fit would rent for it: a copy of
one dollar an hour may stand on nothing less than a machine of thirty. With a small machine more, `Refill` moves others
there, and the copy comes in where they stood.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from placement.local_search.refill import bring_in
from placement.reductions.limits import AtFleetMix
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.units import MICRO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Machine
    from placement.heuristics import Missing, PartialPacking
    from placement.solving.context import Solve

    Machines = tuple[int, ...]

_PARAMS = COLUMN_GENERATION.augmentation


class FleetAugmentation:
    """Grows mixes of one fleet; `grown` counts machines that were kept."""

    def __init__(self, fleet: Fleet, penalties: Sequence[float]) -> None:
        """`penalties` are dollars an hour of an unassigned copy of each component."""
        self._fleet, self._penalties = fleet, penalties
        self.grown = 0

    def run(
        self,
        machines: Machines,
        start: PartialPacking,
        solve: Solve,
        pays: Callable[[Machines], bool],
        *,
        effort: float = 1.0,
        held: Sequence[Machine] = (),
    ) -> PartialPacking:
        """The packing after the last machine that was worth it; no copy is missing if all goes well.

        `effort` and `held` as in `bring_in`, for each machine.
        """
        failed: set[int] = set()
        for seed in count(solve.seed):
            if not start.missing or solve.ended:
                break
            p = next((p for p in self._candidates(machines, start.missing) if p not in failed), None)
            if p is None:
                break
            more = tuple(n + (q == p) for q, n in enumerate(machines))
            if not pays(more):
                break
            narrow, part = AtFleetMix.of(self._fleet, more).fleet, solve.within(solve.budget, seed=seed)
            filled = bring_in(narrow, start, part, self._penalties, effort, held)
            penalty, price = self._penalty(start.missing), self._fleet.pools[p].price / MICRO
            gained = penalty - self._penalty(filled.missing)
            if gained <= 0 or gained < _PARAMS.gain * min(price, penalty):
                failed.add(p)
                continue
            machines, start, failed = more, filled, set()
            self.grown += 1
        return start

    def _candidates(self, machines: Machines, missing: Missing) -> Iterator[int]:
        """Pools of the zones where copies are missing: the cheap first, then those where most of it may stand.

        It need not stand there: others may move there, and it where they stood.
        """
        fits: dict[int, float] = {}
        for (c, zone, o), n in missing.items():
            options = self._fleet.components[c].options
            stands = {p for option in (options if o is None else options[o : o + 1]) for p in option.pools}
            for pool in self._fleet.pools:
                if zone is None or pool.zone == zone:
                    fits[pool.index] = fits.get(pool.index, 0.0) + n * self._penalties[c] * (pool.index in stands)
        least = _PARAMS.least * self._penalty(missing) * MICRO
        for p in sorted(fits, key=lambda p: (self._fleet.pools[p].price, -fits[p])):
            pool = self._fleet.pools[p]
            if pool.price >= least and (pool.max_instances is None or machines[p] < pool.max_instances):
                yield p

    def _penalty(self, missing: Missing) -> float:
        """The penalty of missing copies, dollars an hour."""
        return sum(n * self._penalties[c] for (c, _, _), n in missing.items())
