"""Ways that good plans hardly use, left out: a smaller problem for a search that drowns in choices.

A copy by a way whose reduced cost in the pattern LP is high makes any plan dearer by as much. Within a gap of some per
cent that proves little, but nearly all copies of good plans are by the cheapest ways, which are often half of all or
fewer. No bound may rest on what is left; a plan of it is a plan of the whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from placement.reductions.base import CarriedBound, Reduction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.compiled.fleet import Component, Fleet
    from placement.compiled.packing import Packing
    from placement.patterns.formulation import Way

_DEAR = 0.3  # prices of the cheapest machine, of reduced cost beyond the cheapest way in the zone


@dataclass(frozen=True, slots=True)
class ModeFilter(Reduction):
    """The fleet with some of the pools left out where options may run."""

    @classmethod
    def of(cls, fleet: Fleet, ways: Sequence[Way], reduced: Sequence[float], plan: Packing | None = None) -> ModeFilter:
        """The ways are left that are nearly the cheapest of their component in their zone, or that a plan uses.

        `reduced` is the cost of each way in dollars per hour. O(ways + copies).
        """
        most = _DEAR * min((pool.price for pool in fleet.pools if pool.price), default=0) / 1e6
        cheapest: dict[tuple[int, int], float] = {}
        for way, cost in zip(ways, reduced, strict=True):
            key = way.component, way.zone
            cheapest[key] = min(cost, cheapest.get(key, cost))
        kept: list[set[tuple[int, int]]] = [set() for _ in fleet.components]
        for way, cost in zip(ways, reduced, strict=True):
            if cost <= cheapest[way.component, way.zone] + most:
                kept[way.component].add((way.option, way.pool))
        for machine, seat in () if plan is None else plan.seats():
            kept[seat.component].add((seat.option, machine.pool))
        return cls(fleet, replace(fleet, components=tuple(_less(c, kept[c.index]) for c in fleet.components)))

    def lift(self, packing: Packing) -> Packing:
        """The packing itself."""
        return packing

    @property
    def keeps_bound(self) -> CarriedBound | None:
        """Not where a way is left out."""
        return self.unchanged


def _less(component: Component, kept: set[tuple[int, int]]) -> Component:
    options = tuple(
        replace(option, pools=frozenset(p for p in option.pools if (option.index, p) in kept))
        for option in component.options
    )
    return replace(component, options=options)
