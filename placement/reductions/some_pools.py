"""Machines of a few alike pools in one zone as a fleet of their own, once it is decided how many copies stand there.

No rule over zones, pools or the whole plan is left: whoever decides the counts sees to those. Packings of all such
parts together are one of the fleet. Pools, components and their indices are those of the fleet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from placement.reductions.base import Reduction
from placement.reductions.fixed_counts import with_just, without_spread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Packing


@dataclass(frozen=True, slots=True)
class SomePools(Reduction):
    """So many machines of some pools, and so many copies of each component on them, all of them required."""

    @classmethod
    def of(cls, fleet: Fleet, machines: Mapping[int, int], copies: Mapping[int, int]) -> SomePools:
        """`machines` by pool, `copies` by component; none of others. O(pools + options).

        The fleet has no machines that run and no demands, and its losses of an instance are caps (`capped`).
        """
        pools = tuple(replace(p, min_instances=0, max_instances=machines.get(p.index, 0)) for p in fleet.pools)
        here = frozenset(machines)
        counted = (with_just(fleet, c, copies.get(c.index, 0), here) for c in fleet.components)
        components = tuple(replace(without_spread(c), level=None) for c in counted)
        return cls(fleet, replace(fleet, pools=pools, components=components, limits=(), commitments=(), levels=()))

    def lift(self, packing: Packing) -> Packing:
        """The packing itself: a part of one of the fleet."""
        return packing
