"""A zone of a plan, packed anew beside what the plan has in the others: what `OneZone` alone does not know."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from placement.compiled.packing import Packing, machines_paid
from placement.reductions.base import Reduction
from placement.reductions.given_counts import OneZone
from placement.reductions.rule_shares import zone_shares

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Machine


@dataclass(frozen=True, slots=True)
class ZoneOfPlan(Reduction):
    """One zone with the copies that a plan has there; `others` are its machines elsewhere."""

    one: OneZone
    others: tuple[Machine, ...]

    def lift(self, packing: Packing) -> Packing:
        """The packing beside the machines of the other zones."""
        return Packing((*self.others, *self.one.lift(packing).machines))


def plan_by_zone(fleet: Fleet, packing: Packing) -> Iterator[ZoneOfPlan]:
    """Each zone of a packing that keeps every rule, of a fleet as `OneZone` takes it."""
    shares = zone_shares(fleet, machines_paid(fleet, packing))
    for zone, share in enumerate(shares):
        here = [m for m in packing.machines if fleet.pools[m.pool].zone == zone]
        others = tuple(m for m in packing.machines if fleet.pools[m.pool].zone != zone)
        placed = Counter(seat.component for machine in here for seat in machine.seats)
        one = OneZone.of(fleet, zone, [placed[c.index] for c in fleet.components], *share)
        yield ZoneOfPlan(fleet, one.fleet, one, others)
