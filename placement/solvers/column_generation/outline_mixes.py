"""Mixes that hold what running machines hold in an outline's solutions (`direct.milp.outline`).

Such a solution says which machines stay and what stands on each, moved copies too, and counts new machines by volume.
Those are counted anew in the pattern LP of the copies that are left (`rounding`), with no fewer of some pools than the
outline has: of none, of those whose machines are dear, of which the LP likes parts, or of all. The best plan is taken
for an outline, too. Which is best differs from fleet to fleet, and a try is short, so all are taken in turn.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from placement.compiled.packing import Machine, Packing, Seat
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solvers.column_generation.rounding import Rounding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from placement.compiled.fleet import Fleet
    from placement.patterns.formulation import Relaxation
    from placement.patterns.master import Pattern
    from placement.solvers.column_generation.mixes import FleetMix
    from placement.solving.budget import Budget
    from placement.solving.incumbent import Incumbent

_PARAMS = COLUMN_GENERATION.outline_mixes
_TRIES = [
    (spare, back, part) for spare in _PARAMS.spares for back in range(_PARAMS.latest + 1) for part in _PARAMS.dear
]


class OutlineMixes:
    """Mixes of a fleet without what runs, from an incumbent's outlines, of which there may be more meanwhile."""

    def __init__(
        self, fleet: Fleet, relaxation: Relaxation, patterns: Iterable[Pattern], incumbent: Incumbent, seed: int
    ) -> None:
        """O(patterns). The incumbent has outlines and the best plan, of the fleet with what runs."""
        self._fleet, self._relaxation, self._incumbent, self._seed = fleet, relaxation, incumbent, seed
        self._patterns = list(patterns)
        self._tried = 0

    def offer(self, least: Sequence[int], budget: Budget) -> FleetMix | None:
        """The next mix with at least `least` machines of each pool; None when all were tried."""
        while self._tried < len(_TRIES) and not budget.over():
            spare, back, part = _TRIES[self._tried]
            self._tried += 1
            outline = self._outline(back)
            if outline is None:
                continue
            held = tuple(self._held(outline))
            rounding = Rounding(self._fleet, self._relaxation, self._patterns, self._seed + self._tried, held)
            mix = rounding.offer(spare, self._at_least(outline, held, part, least), budget)
            if mix is not None:
                return mix
        return None

    def _outline(self, back: int) -> Packing | None:
        """The outline that is so far from the cheapest, from 1; 0: the best plan, where there is any outline."""
        outlines, best = self._incumbent.outlines, self._incumbent.best
        if not outlines or back > len(outlines):
            return None
        if back:
            return outlines[-back]
        return None if best is None else Packing(tuple(_emptied(machine) for machine in best[0].machines))

    def _held(self, outline: Packing) -> Iterator[Machine]:
        """Running machines with no more copies of a component than the fleet has, within the quotas."""
        left = Counter({component.index: component.copies for component in self._fleet.components})
        room = [pool.max_instances for pool in self._fleet.pools]
        for machine in outline.machines:
            seats: list[Seat] = []
            for seat in machine.seats:
                if left[seat.component] > 0:
                    left[seat.component] -= 1
                    seats.append(seat)
            quota = room[machine.pool]
            if seats and (quota is None or quota > 0):
                room[machine.pool] = None if quota is None else quota - 1
                yield Machine(machine.pool, None, tuple(seats))

    def _at_least(self, outline: Packing, held: Sequence[Machine], part: float, least: Sequence[int]) -> list[int]:
        """`least`, or what is held and the outline's new machines, where one of them costs such a part of them all."""
        pools = self._fleet.pools
        new = Counter(machine.pool for machine in outline.machines if not machine.seats)
        there = Counter(machine.pool for machine in held) + new
        dear = part * sum(pools[p].price * n for p, n in there.items())
        found = []
        for pool, low in zip(pools, least, strict=True):
            wanted = there[pool.index] if pool.price >= dear else low
            found.append(max(low, wanted if pool.max_instances is None else min(wanted, pool.max_instances)))
        return found


def _emptied(machine: Machine) -> Machine:
    """A machine that runs; a new one without what it holds."""
    return machine if machine.instance is not None else Machine(machine.pool, None, ())
