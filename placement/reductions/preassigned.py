"""Dedicated components given their machines first: which ones, at what machines are worth.

Their machines are theirs alone, so what is left is a problem without them, on the other machines. A linear program
would give them parts of machines; here they are whole: in each zone the least worth of machines that hold n copies (a
covering knapsack with quotas), then the least over zones.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from placement.compiled.fleet import Fleet, FleetComponent
from placement.compiled.machine_state import Copy, MachineState, tightest
from placement.compiled.packing import Machine, Packing, Seat
from placement.compiled.spread import keeps_zone_rules
from placement.compiled.survival import cap_per_pool
from placement.patterns.parameters import PATTERNS
from placement.patterns.zone_limits import zone_limits
from placement.reductions.base import CarriedBound, Reduction
from placement.reductions.limits import beside
from placement.reductions.parameters import PreassignedParameters as _PARAMS

Choice = tuple[float, tuple[tuple[int, int], ...]]  # what machines are worth, and the copies of each pool


@dataclass(frozen=True, slots=True)
class Preassigned(Reduction):
    """The fleet without its dedicated components and without the machines that they got, `used` of each pool.

    `at_quotas` is the same with the quotas of the whole. Pools that are used up still exist there: a pattern LP whose
    machine counts a fleet mix sets wants it so.
    """

    at_quotas: Fleet
    machines: tuple[Machine, ...]
    used: tuple[int, ...]

    @classmethod
    def of(cls, fleet: Fleet, machine_values: Sequence[float]) -> Self | None:
        """Machines for all dedicated components of a fleet whose copies are all required; None when some get none.

        Nor where machines run. `machine_values`, (P,), are what a machine of each pool is worth, in any unit.
        Components with many copies come first. O(zones x copies x (copies + machines)) a component, whose copies are
        few (`counts_whole`).
        """
        if fleet.instances or fleet.levels:
            return None
        used = [0] * len(fleet.pools)
        machines: list[Machine] = []
        gone = [c for c in fleet.components if c.dedicated and c.required]
        for component in sorted(gone, key=lambda c: -c.required):
            may = not component.demand and component.required <= PATTERNS.dedicated.most_copies
            found = _machines_for(fleet, component, machine_values, used) if may else None
            if found is None:
                return None
            machines += found
            for machine in found:
                used[machine.pool] += 1
        rest = replace(fleet, components=tuple(_without_copies(c) if c.dedicated else c for c in fleet.components))
        return cls(fleet, beside(rest, used), rest, tuple(machines), tuple(used))

    def lift(self, packing: Packing) -> Packing:
        return Packing((*self.machines, *packing.machines))

    @property
    def keeps_bound(self) -> CarriedBound | None:
        """Not where a component got its machines: on others the rest may be cheaper."""
        return self.unchanged


def _without_copies(component: FleetComponent) -> FleetComponent:
    options = tuple(replace(option, pools=frozenset()) for option in component.options)
    return replace(component, options=options, required=0, copies=0, eligible_zones=())


def _machines_for(
    fleet: Fleet, component: FleetComponent, machine_values: Sequence[float], used: Sequence[int]
) -> list[Machine] | None:
    """Machines for one component, each filled as far as it goes."""
    seats = {
        pool.index: _fill(fleet, component, pool.index)
        for pool in fleet.pools
        if any(pool.index in option.pools for option in component.options)
    }
    holds = {p: len(many) for p, many in seats.items()}
    best: dict[tuple[int, ...], Choice] = {(): (0.0, ())}  # copies in the zones so far
    limits = zone_limits(component)
    for zone in range(len(fleet.zones)):
        here = _cheapest_in_zone(fleet, component, zone, holds, machine_values, used)
        low, high = (limits.least.get(zone, 0), limits.most.get(zone, 0)) if limits else (0, component.required)
        after: dict[tuple[int, ...], Choice] = {}
        for counts, (paid, pools) in best.items():
            for n in range(low, min(high, component.required - sum(counts)) + 1):
                if here[n][0] < math.inf:
                    after[(*counts, n)] = (paid + here[n][0], pools + here[n][1])
        best = dict(sorted(after.items(), key=lambda entry: entry[1][0])[: _PARAMS.most_splits])
    whole = {n: c for n, c in best.items() if sum(n) == component.required and keeps_zone_rules(component, n)}
    if not whole:
        return None
    counts = min(whole, key=lambda n: (whole[n][0], n))
    return [
        Machine(p, None, tuple(sorted(seats[p][: copies - before])))
        for p, copies in whole[counts][1]
        for before in range(0, copies, len(seats[p]))
    ]


def _cheapest_in_zone(
    fleet: Fleet,
    component: FleetComponent,
    zone: int,
    holds: dict[int, int],
    machine_values: Sequence[float],
    used: Sequence[int],
) -> list[Choice]:
    """For each number of copies, the machines of a zone that hold so many and are worth least.

    No pool holds more than may be lost with it.
    """
    required, cap = component.required, cap_per_pool(component)
    nothing: Choice = (math.inf, ())
    best: list[Choice] = [(0.0, ()), *[nothing] * required]
    for p, many in holds.items():
        pool = fleet.pools[p]
        if pool.zone != zone or not many:
            continue
        room = required if pool.max_instances is None else many * max(0, pool.max_instances - used[p])
        alone = [
            -(-n // many) * machine_values[p] for n in range(min(required, room, required if cap is None else cap) + 1)
        ]
        best = [
            min(
                (best[n - k][0] + alone[k], best[n - k][1] + ((p, k),) * (k > 0)) for k in range(min(n + 1, len(alone)))
            )
            for n in range(required + 1)
        ]
    return best


def _fill(fleet: Fleet, component: FleetComponent, p: int) -> list[Seat]:
    """As many copies as one option, then others, bring to an empty machine of pool p; the best of the first options."""
    found: list[Seat] = []
    here = [option for option in component.options if p in option.pools]
    for first in here:
        open_machine = MachineState(fleet, p, None)
        for option in [first, *here]:
            while (
                len(open_machine.copies) < component.required
                and open_machine.takes(option)
                and open_machine.welcomes(component, fleet.components)
                and (on := tightest(open_machine, option)) is not None
            ):
                open_machine.put(Copy(-1, option, on), component.index)
        if len(open_machine.copies) > len(found):
            found = [Seat(component.index, copy.option.index, copy.on) for copy in open_machine.copies]
    return found
