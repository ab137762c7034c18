"""One zone of a fleet as a fleet of its own, once it is decided how many copies of each component stand there.

Without zones to choose from no rule over zones is left, so the zones can be packed independently of each other: their
packings together are one of the fleet, which costs what they cost and keeps every rule, if the counts keep the rules
over zones. Pools, components and their indices are those of the fleet, so nothing needs to be translated back.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from placement.compiled.packing import Packing
from placement.reductions.base import Reduction
from placement.reductions.fixed_counts import with_just

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Machine


@dataclass(frozen=True, slots=True)
class OneZone(Reduction):
    """One zone, with so many copies of each component, all of them required; `others` are the machines elsewhere.

    Where the other zones are still to be packed there are no `others`, and what is lifted lacks their copies.
    """

    zone: int
    others: tuple[Machine, ...] = ()

    @classmethod
    def of(cls, fleet: Fleet, zone: int, counts: Sequence[int], others: tuple[Machine, ...] = ()) -> OneZone:
        """With `counts` (C,) copies in the zone. O(options x pools).

        The fleet has no machines that run, no optional copies and no demands. With the copies on the `others` the
        counts keep the rules over zones.
        """
        pools = tuple(p if p.zone == zone else replace(p, min_instances=0, max_instances=0) for p in fleet.pools)
        here = frozenset(p.index for p in fleet.pools if p.zone == zone)
        components = tuple(with_just(fleet, c, n, here) for c, n in zip(fleet.components, counts, strict=True))
        return cls(fleet, replace(fleet, pools=pools, components=components), zone, others)

    @classmethod
    def in_plan(cls, fleet: Fleet, packing: Packing, zone: int) -> OneZone:
        """The zone of a packing that keeps every rule, with its copies there. O(copies + options x pools)."""
        here = [m for m in packing.machines if fleet.pools[m.pool].zone == zone]
        others = tuple(m for m in packing.machines if fleet.pools[m.pool].zone != zone)
        placed = Counter(seat.component for machine in here for seat in machine.seats)
        return cls.of(fleet, zone, [placed[c.index] for c in fleet.components], others)

    def lift(self, packing: Packing) -> Packing:
        """The packing beside the machines of the other zones."""
        return Packing((*self.others, *packing.machines))
