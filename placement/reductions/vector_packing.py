"""Fleets that are vector packing: machines as bins, pools as bin types, components as items, options as modes.

That is so when nothing on a machine depends on *which* accelerator a copy gets: copies own whole accelerators, or share
one on machines that have no other; and when no rule looks beyond one machine. A machine's sizes are then

- accelerator units: an owned accelerator takes all units of one, a copy that shares takes one unit, so both can't meet;
- accelerator memory and share, of copies that share;
- vCPU and host memory.

Sizes that no copy needs are left out. Pools that differ in name alone become one bin type.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Self

from placement.compiled.alike_pools import alike_pools, sum_of_quotas
from placement.compiled.fleet import Fleet, FleetComponent, FleetOption, FleetPool
from placement.compiled.fleet_rules import named_fleet_rules
from placement.compiled.packing import Machine, Packing, Seat
from placement.reductions.base import Restriction
from placement.units import WHOLE_SHARE
from placement.vector_packing import Bin, Bins, VectorPacking
from placement.vector_packing.problem import LARGEST


@dataclass(frozen=True, slots=True)
class FleetBins(Restriction):
    """A fleet, which stays as it is, as a packing problem with bounds in micro-dollars.

    `members` are the pools of each bin type.
    """

    problem: VectorPacking
    members: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, fleet: Fleet) -> Self | None:
        """The fleet as a packing problem with the same plans at the same price; None when it is not one.

        O(components x options x pools).
        """
        if fleet.instances or fleet.levels or any(fleet.running) or not (fleet.components and fleet.pools):
            return None
        if named_fleet_rules(fleet) or any(not _separable(fleet, component) for component in fleet.components):
            return None
        units = 1 + any(o.shared and o.accelerators for c in fleet.components for o in c.options) * sum(
            c.copies for c in fleet.components
        )
        members = alike_pools(fleet)
        bin_type_of = {p: t for t, pools in enumerate(members) for p in pools}
        sizes = [[_size(option, units) for option in c.options] for c in fleet.components]
        capacities = [_capacity(fleet.pools[pools[0]], units) for pools in members]
        allowed = [[{bin_type_of[p] for p in option.pools} for option in c.options] for c in fleet.components]
        costs = [fleet.pools[pools[0]].price for pools in members]
        if max(*costs, *chain(*capacities), *chain(*chain(*sizes))) > LARGEST:  # more than the core counts with
            return None
        kept = _binding(sizes, capacities, allowed, [c.copies for c in fleet.components])
        problem = VectorPacking(
            sizes=[[[row[r] for r in kept] for row in rows] for rows in sizes],
            demands=[c.copies for c in fleet.components],
            capacities=[[capacity[r] for r in kept] for capacity in capacities],
            costs=costs,
            available=[sum_of_quotas(fleet.pools[p].max_instances for p in pools) for pools in members],
            least=[sum(fleet.pools[p].min_instances for p in pools) for pools in members],
            conflicts=_conflicts(fleet),
            most=[c.max_per_instance for c in fleet.components],
            allowed=allowed,
        )
        return cls(fleet, fleet, problem, tuple(map(tuple, members)))

    def packing(self, bins: Bins) -> Packing:
        """Bins as machines: those that are paid for anyway first, accelerators in order of the copies."""
        pools = self.fleet.pools
        supply: list[list[int]] = []
        for members in self.members:
            paid = [p for p in members for _ in range(pools[p].min_instances)]
            more = [p for p in members for _ in range(self._most(pools[p]) - pools[p].min_instances)]
            supply.append((paid + more)[::-1])
        machines = [
            Machine(supply[row.bin_type].pop(), None, tuple(self._seats(row))) for row in bins for _ in range(row.count)
        ]
        return Packing(tuple(machines))

    def _most(self, pool: FleetPool) -> int:
        copies = self.problem.copies
        return copies if pool.max_instances is None else min(copies, pool.max_instances)

    def _seats(self, row: Bin) -> list[Seat]:
        seats, free = [], 0
        for c, o, copies in row.content:
            option = self.fleet.components[c].options[o]
            for _ in range(copies):
                if option.shared and option.accelerators:
                    seats.append(Seat(c, o, (0,)))
                    continue
                seats.append(Seat(c, o, tuple(range(free, free + option.accelerators))))
                free += option.accelerators
        return seats


def _binding(
    sizes: Sequence[Sequence[Sequence[int]]],
    capacities: Sequence[Sequence[int]],
    allowed: Sequence[Sequence[set[int]]],
    copies: Sequence[int],
) -> list[int]:
    """The sizes that can keep a copy out of a bin.

    Not those of which a bin has room for all copies at once, nor those of which every copy takes no larger part of the
    bin than of another size. Plain bin packing so is one-dimensional, for which the packing core has its best methods.
    """
    uses = [
        (c, row, k)
        for c, (rows, modes) in enumerate(zip(sizes, allowed, strict=True))
        for row, on in zip(rows, modes, strict=True)
        for k in on
    ]

    def roomy(r: int) -> bool:
        most = {(c, k): 0 for c, _, k in uses}
        for c, row, k in uses:
            most[c, k] = max(most[c, k], row[r])
        return all(
            sum(copies[c] * need for (c, on), need in most.items() if on == k) <= capacity[r]
            for k, capacity in enumerate(capacities)
        )

    def implied(r: int, by: int) -> bool:
        return all(
            not row[r] or (row[by] and row[r] * capacities[k][by] <= row[by] * capacities[k][r]) for _, row, k in uses
        )

    kept = [r for r in range(len(capacities[0])) if not roomy(r)]
    for r in list(kept):
        if any(implied(r, other) for other in kept if other != r):
            kept.remove(r)
    return kept or [0]


def _separable(fleet: Fleet, component: FleetComponent) -> bool:
    """Whether a plan is right for this component, all of its copies required, as soon as each machine is."""
    if component.demand or component.min_zones > 1 or component.max_per_zone is not None or component.zone_loss_floor:
        return False
    if component.max_skew is not None and len(component.eligible_zones) > 1:
        return False
    return _owns(fleet, component)


def owns_accelerators(fleet: Fleet) -> bool:
    """Whether no copy shares accelerators of machines with several. O(components x options x pools)."""
    return all(_owns(fleet, component) for component in fleet.components)


def _owns(fleet: Fleet, component: FleetComponent) -> bool:
    return all(
        not option.shared
        or not option.accelerators
        or all(fleet.pools[p].shape.accelerators == 1 for p in option.pools)
        for option in component.options
    )


def _size(option: FleetOption, units: int) -> tuple[int, ...]:
    """Accelerator units, accelerator memory, share, vCPU, host memory."""
    if option.shared and option.accelerators:
        return (1, option.memory_mib, option.share, option.vcpus, option.host_mib)
    return (option.accelerators * units, 0, 0, option.vcpus, option.host_mib)


def _capacity(pool: FleetPool, units: int) -> tuple[int, ...]:
    shape = pool.shape
    return (
        shape.accelerators * units,
        max(0, shape.memory_mib),
        WHOLE_SHARE,
        max(0, shape.vcpus),
        max(0, shape.host_mib),
    )


def _conflicts(fleet: Fleet) -> list[tuple[int, int]]:
    pairs = {(min(c.index, other), max(c.index, other)) for c in fleet.components for other in c.avoids}
    for c in fleet.components:
        if c.dedicated:
            pairs |= {(min(c.index, o.index), max(c.index, o.index)) for o in fleet.components if o is not c}
    return sorted(pairs)
