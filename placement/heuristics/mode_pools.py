"""The pools where copies may run, in arrays, as a plan under construction reads them."""

from collections.abc import Iterable

import numpy as np

from placement.arrays import Bools, Ints
from placement.compiled.fleet import Fleet


class Pools:
    """A set of pools: `allowed` (P,) as a mask, `listed` ascending; by zone on demand. O(pools) to make, and a zone."""

    def __init__(self, pools: Iterable[int], zone_of: Ints) -> None:
        """`zone_of` (P,) is the zone of every pool of the fleet."""
        self.listed: Ints = np.array(sorted(pools), dtype=np.int64)
        self.allowed = np.zeros(len(zone_of), dtype=np.bool_)
        self.allowed[self.listed] = True
        self._zone_of = zone_of
        self._listed_in: dict[int, Ints] = {-1: self.listed}
        self._allowed_in: dict[int, Bools] = {-1: self.allowed}

    def of_zone(self, zone: int) -> Ints:
        """Those of a zone, ascending; all for -1."""
        found = self._listed_in.get(zone)
        if found is None:
            found = self._listed_in[zone] = np.flatnonzero(self.allowed_in(zone))
        return found

    def allowed_in(self, zone: int) -> Bools:
        """(P,) `allowed`, of a zone alone; of all for -1."""
        found = self._allowed_in.get(zone)
        if found is None:
            found = self._allowed_in[zone] = self.allowed & (self._zone_of == zone)
        return found


def mode_pools(fleet: Fleet) -> list[list[Pools]]:
    """Those of each component, by option; options with the same pools share one. O(components x options x pools)."""
    zone_of = np.array([pool.zone for pool in fleet.pools], dtype=np.int64)
    sets = {option.pools for component in fleet.components for option in component.options}
    found = {pools: Pools(pools, zone_of) for pools in sets}
    return [[found[option.pools] for option in component.options] for component in fleet.components]
