"""Demands as counts: so many copies of a component by each option, where a component asks for throughput.

What is left is a fleet of fixed counts, for every search that knows those alone. Any packing of it is a plan of the
whole, as the counts serve the demands; which counts are good ones is for `patterns.counts` to say.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from placement.compiled.fleet import Fleet, FleetComponent
from placement.compiled.fleet_rules import named_fleet_rules
from placement.compiled.packing import Packing
from placement.compiled.spread import keeps_zone_rules
from placement.reductions.base import Reduction
from placement.reductions.fixed_counts import without_zone_rules
from placement.reductions.parts import join_parts, number_parts

Copies = Counter[tuple[int, int]]  # of one component, by option and zone; absent ones 0


@dataclass(frozen=True, slots=True)
class Counted(Reduction):
    """Each component with a demand becomes components with a number of copies, one for each option that it uses.

    Where spread rules are about such a component, and it uses several options, there is one for each zone, too, so that
    the counts keep the rules. Parts of one component that has a limit on a machine's copies are kept apart.
    """

    origin: tuple[int, ...]  # the component of the whole, of each component of the fleet

    @classmethod
    def of(cls, fleet: Fleet, copies: Mapping[tuple[int, int, int], int]) -> Self | None:
        """`copies` by component, option and zone, of components with a demand; others are left as they are.

        Zones count where spread rules are about a component that uses several options. None where the copies do not
        serve a demand, or break such a rule; or where copies run now (see `Greenfield`), or rules look
        at the whole plan.
        O(components x options x pools + components that avoid each other).
        """
        if fleet.instances or any(fleet.running) or named_fleet_rules(fleet):
            return None
        of_component: dict[int, Copies] = {c.index: Counter() for c in fleet.components}
        for (c, o, z), n in copies.items():
            if n:
                of_component[c][o, z] = n
        parts: list[FleetComponent] = []
        origin: list[int] = []
        for component in fleet.components:
            found = _parts(fleet, component, of_component[component.index]) if component.demand else (component,)
            if found is None:
                return None
            parts += found
            origin += [component.index] * len(found)
        numbered = number_parts(parts, origin, {c.index for c in fleet.components if c.max_per_instance is not None})
        running = (0,) * len(numbered)
        return cls(fleet, replace(fleet, components=numbered, running=running), tuple(origin))

    def lift(self, packing: Packing) -> Packing:
        """The same copies on the same machines, as those of the components that they are parts of."""
        return join_parts(packing, self.origin)


def _parts(fleet: Fleet, component: FleetComponent, copies: Copies) -> tuple[FleetComponent, ...] | None:
    """Components of fixed counts in place of one, with its own rules where it uses just one option; None: none."""
    served = sum(n * component.options[o].throughput for (o, _), n in copies.items())
    if served < component.demand or copies.total() < component.required:
        return None
    of_option: Counter[int] = Counter()
    for (o, _), n in copies.items():
        of_option[o] += n
    if len(of_option) == 1 or not component.has_zone_rules:
        return tuple(_only(fleet, component, o, None, n) for o, n in sorted(of_option.items()))
    zoned = [sum(n for (_, zone), n in copies.items() if zone == z) for z in range(len(fleet.zones))]
    if not keeps_zone_rules(component, zoned):
        return None
    free = without_zone_rules(component)
    return tuple(_only(fleet, free, o, z, n) for (o, z), n in sorted(copies.items()))


def _only(fleet: Fleet, component: FleetComponent, o: int, zone: int | None, copies: int) -> FleetComponent:
    """The component with so many copies by one option, in one zone or in any."""
    options = tuple(
        replace(
            option,
            pools=frozenset(p for p in option.pools if option.index == o and zone in (None, fleet.pools[p].zone)),
        )
        for option in component.options
    )
    zones = component.eligible_zones if zone is None else (zone,)
    return replace(component, options=options, required=copies, copies=copies, demand=0, eligible_zones=zones)
