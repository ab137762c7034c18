"""Which copies must stand: optional ones made required, as a plan places them.

Searches at a fleet mix know required copies alone. So they look for plans that leave out no more than one at hand.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Packing, left_out
from placement.reductions.base import EXACT, CarriedBound, Restriction


@dataclass(frozen=True, slots=True)
class RequiredAsPlaced(Restriction):
    """As many optional copies as a packing places are required, and there are no others."""

    left_out: tuple[int, ...] | None  # by level of the whole; None where nothing is changed

    @classmethod
    def of(cls, fleet: Fleet, packing: Packing | None) -> Self:
        """The packing need not keep any other rule; without one nothing is changed. O(components + copies)."""
        if packing is None:
            return cls(fleet, fleet, None)
        return cls.placing(fleet, Counter(seat.component for _, seat in packing.seats()))

    @classmethod
    def all_copies(cls, fleet: Fleet) -> Self:
        """As if a packing placed every copy. O(components)."""
        return cls.placing(fleet, {c.index: c.copies for c in fleet.components})

    @classmethod
    def placing(cls, fleet: Fleet, placed: Mapping[int, int]) -> Self:
        """As if a packing placed so many copies of each component. O(components)."""
        if not fleet.levels:
            return cls(fleet, fleet, None)
        components = tuple(
            c if c.level is None else replace(c, required=placed[c.index], copies=placed[c.index], level=None)
            for c in fleet.components
        )
        return cls(fleet, replace(fleet, components=components, levels=()), left_out(fleet, placed))

    @property
    def keeps_bound(self) -> CarriedBound | None:
        """Only where every copy is placed, of plans that place every copy: else others may be left out."""
        if self.left_out is None:
            return EXACT
        return None if any(self.left_out) else CarriedBound(given=self.left_out)


@dataclass(frozen=True, slots=True)
class RequiredAtLeast(Restriction):
    """So many copies of each component are required, others may be left out as before."""

    @classmethod
    def of(cls, fleet: Fleet, placed: Mapping[int, int]) -> Self:
        """`placed` are copies by component, absent ones 0; of components with optional copies. O(components)."""
        if not fleet.levels:
            return cls(fleet, fleet)
        components = tuple(
            c if c.level is None else replace(c, required=max(c.required, placed.get(c.index, 0)))
            for c in fleet.components
        )
        return cls(fleet, replace(fleet, components=components))
