"""Options as a plan under construction reads them, and the pools where they may run, in arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from placement.arrays import Bools, Ints
    from placement.compiled.fleet import Fleet, FleetOption


class Pools:
    """A set of pools: `allowed` (P,) as a mask, `listed` ascending; by zone on demand. O(pools) to make and split."""

    def __init__(self, pools: Iterable[int], zone_of: Ints) -> None:
        """`zone_of` (P,) is the zone of every pool of the fleet."""
        self.listed: Ints = np.array(sorted(pools), dtype=np.int64)
        self.allowed = np.zeros(len(zone_of), dtype=np.bool_)
        self.allowed[self.listed] = True
        self._zone_of = zone_of
        self._by_zone: dict[int, Ints] | None = None
        self._allowed_in: dict[int, Bools] = {-1: self.allowed}

    def of_zone(self, zone: int) -> Ints:
        """Those of a zone, ascending; all for -1."""
        if zone == -1:
            return self.listed
        if self._by_zone is None:
            order = self.listed[np.argsort(self._zone_of[self.listed], kind="stable")]
            zones, first = np.unique(self._zone_of[order], return_index=True)
            self._by_zone = dict(zip(zones.tolist(), np.split(order, first[1:]), strict=True)) if len(order) else {}
        return self._by_zone.get(zone, _NO_POOLS)

    def allowed_in(self, zone: int) -> Bools:
        """(P,) `allowed`, of a zone alone; of all for -1."""
        found = self._allowed_in.get(zone)
        if found is None:
            found = self._allowed_in[zone] = self.allowed & (self._zone_of == zone)
        return found


_NO_POOLS = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class PlacementMode:
    """An option as the workspace reads it; options that may run on the same pools share their `where`."""

    accelerators: int
    shared: bool
    memory: int
    share: int
    vcpus: int
    host: int
    throughput: int
    where: Pools


def placement_modes(fleet: Fleet) -> list[list[PlacementMode]]:
    """Those of every component, by option. O(components x options x pools)."""
    zone_of = np.array([pool.zone for pool in fleet.pools], dtype=np.int64)
    places: dict[frozenset[int], Pools] = {}
    return [[_mode(option, places, zone_of) for option in c.options] for c in fleet.components]


def _mode(option: FleetOption, places: dict[frozenset[int], Pools], zone_of: Ints) -> PlacementMode:
    """An option's; those that may run on the same pools share what says where."""
    if option.pools not in places:
        places[option.pools] = Pools(option.pools, zone_of)
    return PlacementMode(
        accelerators=option.accelerators,
        shared=option.shared,
        memory=option.memory_mib,
        share=option.share if option.shared else 0,
        vcpus=option.vcpus,
        host=option.host_mib,
        throughput=option.throughput,
        where=places[option.pools],
    )
