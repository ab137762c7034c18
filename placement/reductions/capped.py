"""Losses of one instance as caps on what an instance holds, for searches that know those alone.

Where all copies of a component are required, n of them with a floor of a are n - a at most on any instance: the same
rule. Losses of a pool stay as they are.
"""

from dataclasses import dataclass, replace
from typing import Self

from placement.compiled.fleet import Fleet
from placement.compiled.survival import cap_per_instance
from placement.reductions.base import Restriction


@dataclass(frozen=True, slots=True)
class CappedInstances(Restriction):
    """The fleet with `max_per_instance` as low as losses of an instance ask for."""

    @classmethod
    def of(cls, fleet: Fleet) -> Self:
        """Where copies are optional, or serve a demand, the cap is that of the fewest there may be. O(components)."""
        if not any(c.instance_loss_floor for c in fleet.components):
            return cls(fleet, fleet)
        components = tuple(replace(c, max_per_instance=cap_per_instance(c)) for c in fleet.components)
        return cls(fleet, replace(fleet, components=components))
