"""One zone of a fleet as a fleet of its own, once it is decided how many copies of each component stand there.

Without zones to choose from no rule over zones is left, so the zones can be packed independently of each other: their
packings together are one of the fleet, which costs what they cost and keeps every rule, if the counts keep the rules
over zones. Pools, components and their indices are those of the fleet, so nothing needs to be translated back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from placement.reductions.base import Reduction
from placement.reductions.fixed_counts import with_just

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Packing


@dataclass(frozen=True, slots=True)
class OneZone(Reduction):
    """One zone, with so many copies of each component, all of them required."""

    zone: int

    @classmethod
    def of(cls, fleet: Fleet, zone: int, counts: Sequence[int]) -> OneZone:
        """With `counts` (C,) copies in the zone. O(options x pools).

        The fleet has no machines that run, no optional copies and no demands. With the copies in the other zones the
        counts keep the rules over zones.
        """
        pools = tuple(p if p.zone == zone else replace(p, min_instances=0, max_instances=0) for p in fleet.pools)
        here = frozenset(p.index for p in fleet.pools if p.zone == zone)
        components = tuple(with_just(fleet, c, n, here) for c, n in zip(fleet.components, counts, strict=True))
        return cls(fleet, replace(fleet, pools=pools, components=components), zone)

    def lift(self, packing: Packing) -> Packing:
        """The packing itself: a part of one of the fleet."""
        return packing
