"""Rules over zones as copies that must stand in a zone: for searches that know no zones, such as bin packing.

The rules over zones say how few of a component's copies each zone may have. So many are a component of their own, which
may stand in that zone alone, and the other copies may stand anywhere. Over two zones nothing is lost: what one of them
has at most is what the other has at least. Over more zones, and where a machine may have few copies of a component, a
packing may break a rule; what it costs is a bound all the same.
"""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Self

from placement.compiled.fleet import Fleet, FleetComponent
from placement.compiled.fleet_rules import named_fleet_rules
from placement.compiled.packing import Packing
from placement.compiled.spread import keeps_zone_rules
from placement.patterns.zone_limits import zone_limits
from placement.reductions.base import EXACT, CarriedBound, Reduction
from placement.reductions.fixed_counts import with_just, without_zone_rules
from placement.reductions.parts import join_parts, number_parts

RELAXES = "how many copies three or more zones may have at most; max_per_instance of components with rules over zones"


@dataclass(frozen=True, slots=True)
class ZoneFloors(Reduction):
    """Each component with rules over zones in parts: what each of its zones must have, and the rest."""

    origin: tuple[int, ...]  # the component of the whole, of each component of the fleet
    exact: bool  # whether the rules over zones say no more

    @classmethod
    def of(cls, fleet: Fleet) -> Self | None:
        """Components with optional copies or with a demand stay as they are.

        None where copies run now (see `Greenfield`), or rules look at the whole plan. O(components x zones x pools).
        """
        if fleet.instances or any(fleet.running) or named_fleet_rules(fleet):
            return None
        if not any(_splits(c) for c in fleet.components):
            return cls(fleet, fleet, tuple(range(len(fleet.components))), exact=True)
        parts: list[FleetComponent] = []
        origin: list[int] = []
        exact = True
        everyone = frozenset(c.index for c in fleet.components)
        dedicated = frozenset(c.index for c in fleet.components if c.dedicated)
        for c in fleet.components:
            avoids = everyone - {c.index} if c.dedicated else c.avoids | (dedicated - {c.index})
            found = _parts(fleet, replace(c, dedicated=False, avoids=avoids))
            whole = len(found) == 1 or c.max_per_instance is None
            exact &= not _splits(c) or (whole and len(c.eligible_zones) <= 2)
            parts += found
            origin += [c.index] * len(found)
        reduced = replace(fleet, components=number_parts(parts, origin), running=(0,) * len(parts))
        return cls(fleet, reduced, tuple(origin), exact)

    def lift(self, packing: Packing) -> Packing | None:
        """The copies as those of whole components; None where that breaks a rule."""
        whole = join_parts(packing, self.origin)
        return whole if self.fleet is self.whole or self._keeps_rules(whole) else None

    @property
    def keeps_bound(self) -> CarriedBound:
        """All plans of the whole are plans here, too."""
        return EXACT if self.exact else CarriedBound(RELAXES)

    def _keeps_rules(self, packing: Packing) -> bool:
        in_zone: Counter[tuple[int, int]] = Counter()
        for machine in packing.machines:
            here = Counter(seat.component for seat in machine.seats)
            for c, n in here.items():
                most = self.whole.components[c].max_per_instance
                if most is not None and n > most:
                    return False
                in_zone[c, self.whole.pools[machine.pool].zone] += n
        zones = range(len(self.whole.zones))
        return all(keeps_zone_rules(c, [in_zone[c.index, z] for z in zones]) for c in self.whole.components)


def _splits(component: FleetComponent) -> bool:
    """Whether it is put in parts."""
    return component.has_zone_rules and not component.demand and component.required == component.copies > 0


def _parts(fleet: Fleet, component: FleetComponent) -> list[FleetComponent]:
    """What each zone must have, if anything, and the rest; the component itself where nothing is said of zones."""
    if not _splits(component):
        return [component]
    floor = least_in_a_zone(component)
    pools_of = {z: frozenset(p.index for p in fleet.pools if p.zone == z) for z in component.eligible_zones}
    found = [with_just(fleet, component, floor, pools) for pools in pools_of.values() if floor]
    rest = component.copies - floor * len(found)
    if rest:
        found.append(replace(without_zone_rules(component), required=rest, copies=rest))
    return found


def least_in_a_zone(component: FleetComponent) -> int:
    """How few copies each eligible zone may have, all of them placed, by the rules over zones. O(1)."""
    copies, zones = component.copies, component.eligible_zones
    if not zones:
        return 0
    limits = zone_limits(component)
    low, high = (0, copies) if limits is None else (limits.least[zones[0]], limits.most[zones[0]])  # of each zone
    least = max(low, copies - (len(zones) - 1) * high)  # the others hold no more
    return min(least, copies // len(zones))  # where the rules ask for more there is no plan
