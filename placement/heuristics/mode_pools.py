"""The pools where copies may run, in arrays, as a plan under construction reads them."""

from collections.abc import Iterable

import numpy as np

from placement.arrays import Bools, Ints
from placement.compiled.fleet import Fleet


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


def mode_pools(fleet: Fleet) -> list[list[Pools]]:
    """Those of each component, by option; options with the same pools share one. O(components x options x pools)."""
    zone_of = np.array([pool.zone for pool in fleet.pools], dtype=np.int64)
    sets = {option.pools for component in fleet.components for option in component.options}
    found = {pools: Pools(pools, zone_of) for pools in sets}
    return [[found[option.pools] for option in component.options] for component in fleet.components]
