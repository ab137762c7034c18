"""Parts of a fleet as fleets of their own, once it is decided how many copies of each component stand there.

The parts can be packed independently of each other: their packings together are one of the fleet, which costs what they
cost and keeps every rule, if the counts keep the rules that the parts leave out. Pools, components and their indices
are those of the fleet, so nothing needs to be translated back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Packing
from placement.reductions.base import Reduction
from placement.reductions.fixed_counts import with_just, without_spread


@dataclass(frozen=True, slots=True)
class GivenCounts(Reduction):
    """A part with so many copies of each component, all of them required."""

    def lift(self, packing: Packing) -> Packing:
        """The packing itself: a part of one of the fleet."""
        return packing


@dataclass(frozen=True, slots=True)
class OneZone(GivenCounts):
    """One zone: without zones to choose from no rule over zones is left."""

    zone: int

    @classmethod
    def of(cls, fleet: Fleet, zone: int, counts: Sequence[int]) -> Self:
        """With `counts` (C,) copies in the zone. O(options x pools).

        The fleet has no machines that run, no optional copies and no demands. With the copies in the other zones the
        counts keep the rules over zones.
        """
        pools = tuple(p if p.zone == zone else replace(p, min_instances=0, max_instances=0) for p in fleet.pools)
        here = frozenset(p.index for p in fleet.pools if p.zone == zone)
        components = tuple(with_just(fleet, c, n, here) for c, n in zip(fleet.components, counts, strict=True))
        return cls(fleet, replace(fleet, pools=pools, components=components), zone)


@dataclass(frozen=True, slots=True)
class SomePools(GivenCounts):
    """So many machines of a few alike pools in one zone: no rule over zones, pools or the whole plan is left."""

    @classmethod
    def of(cls, fleet: Fleet, machines: Mapping[int, int], copies: Mapping[int, int]) -> Self:
        """`machines` by pool, `copies` by component; none of others. O(pools + options).

        The fleet has no machines that run and no demands, and its losses of an instance are caps (`capped`).
        """
        pools = tuple(replace(p, min_instances=0, max_instances=machines.get(p.index, 0)) for p in fleet.pools)
        here = frozenset(machines)
        counted = (with_just(fleet, c, copies.get(c.index, 0), here) for c in fleet.components)
        components = tuple(replace(without_spread(c), level=None) for c in counted)
        return cls(fleet, replace(fleet, pools=pools, components=components, limits=(), commitments=(), levels=()))
