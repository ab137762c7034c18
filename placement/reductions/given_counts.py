"""Parts of a fleet as fleets of their own, once it is decided how many copies of each component stand there.

The parts can be packed independently of each other: their packings together are one of the fleet, which costs what they
cost and keeps every rule, if the counts keep the rules that the parts leave out. Pools, components and their indices
are those of the fleet, so nothing needs to be translated back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from placement.compiled.fleet import Fleet, FleetComponent
from placement.compiled.groups import FleetCommitment, FleetLimit
from placement.compiled.packing import Packing
from placement.compiled.survival import cap_per_instance, cap_per_pool
from placement.reductions.base import Reduction
from placement.reductions.fixed_counts import with_just, without_spread


@dataclass(frozen=True, slots=True)
class GivenCounts(Reduction):
    """A part with so many copies of each component, all of them required: its packings are parts of the fleet's."""

    def lift(self, packing: Packing) -> Packing:
        return packing


@dataclass(frozen=True, slots=True)
class OneZone(GivenCounts):
    """One zone: without zones to choose from no rule over zones is left."""

    zone: int

    @classmethod
    def of(
        cls,
        fleet: Fleet,
        zone: int,
        counts: Sequence[int],
        limits: tuple[FleetLimit, ...] = (),
        commitments: tuple[FleetCommitment, ...] = (),
    ) -> Self:
        """With `counts` (C,) copies in the zone, and its share of limits and commitments. O(options x pools).

        The fleet has no machines that run, no optional copies and no demands. With the copies in the other zones the
        counts keep the rules over zones.
        """
        pools = tuple(p if p.zone == zone else replace(p, min_instances=0, max_instances=0) for p in fleet.pools)
        here = frozenset(p.index for p in fleet.pools if p.zone == zone)
        components = tuple(_in_zone(fleet, c, n, here) for c, n in zip(fleet.components, counts, strict=True))
        alone = replace(fleet, pools=pools, components=components, limits=limits, commitments=commitments)
        return cls(fleet, alone, zone)


def _in_zone(fleet: Fleet, component: FleetComponent, copies: int, pools: frozenset[int]) -> FleetComponent:
    """So many copies in a zone: pools and instances there hold no more of them than losses allow among all copies."""
    most = cap_per_pool(component)
    floor = 0 if most is None else max(0, copies - most)
    here, cap = with_just(fleet, component, copies, pools), cap_per_instance(component)
    return replace(here, pool_loss_floor=floor, max_per_instance=cap, instance_loss_floor=0)


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
