"""A few machines of a plan as a problem of their own, so that an exact solver can pack them anew.

The rest of the plan stands still. What the freed copies may do is set so that any packing of the small problem, put
back into the plan, keeps every rule of the whole:

- a component with rules over zones keeps its number of copies in each zone (one small component a zone),
- a component with a demand keeps its number of copies by each option (one small component an option),
- quotas, limits and `min_instances` are those less the machines that stand still; places are those of freed instances,
- a component with a floor on what is left when a pool is lost stays out of pools that could not take all its freed
  copies beside those that stand still; when an instance is lost, no instance has more than the floor allows,
- as many moves are allowed as the whole plan has left; machines that stand still use what is committed first,
- optional copies that are left out may come in, where no rule over zones forbids it.

The cost of a packing of the small problem differs from the cost of the whole plan by a constant, or by less where
commitments cover pools of several prices.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from placement.compiled.packing import Machine, Packing, Seat, moves
from placement.compiled.survival import capped_by_placed
from placement.reductions.base import Reduction
from placement.reductions.fixed_counts import without_spread, zones_of
from placement.reductions.limits import commitments_beside, limits_beside

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from placement.compiled.fleet import Fleet, FleetComponent, FleetOption, FleetPool
    from placement.compiled.groups import FleetCommitment, FleetLimit
    from placement.compiled.running import Place
    from placement.heuristics import Key, Missing


@dataclass(frozen=True, slots=True)
class Subproblem(Reduction):
    """The small problem, the part of the plan it packs anew, and the part that stands still."""

    packing: Packing
    still: tuple[Machine, ...]
    keys: tuple[Key, ...]
    instances: tuple[int, ...]

    @property
    def holds_counts(self) -> bool:
        """Whether a component has to keep its number of copies in each zone, or by each option."""
        return any(zone is not None or option is not None for _, zone, option in self.keys)

    @classmethod
    def of(cls, fleet: Fleet, packing: Packing, freed: Iterable[int], missing: Missing | None = None) -> Subproblem:
        """Free machines of a packing by their index. O(copies + components).

        `missing` are copies that may come in; absent, they are the optional copies left out of components without
        rules over zones.
        """
        chosen = set(freed)
        machines = [machine for m, machine in enumerate(packing.machines) if m in chosen]
        still = tuple(machine for m, machine in enumerate(packing.machines) if m not in chosen)
        more = _left_out(fleet, packing) if missing is None else missing
        keys = _keys(fleet, machines, more)
        index = {key: k for k, key in enumerate(keys)}
        instances = tuple(sorted({m.instance for m in machines if m.instance is not None}))
        count: Counter[Key] = Counter()
        small = []
        for machine in machines:
            seats = []
            for seat in machine.seats:
                key = _key(fleet, machine, seat)
                count[key] += 1
                seats.append(Seat(index[key], 0 if key[2] is not None else seat.option, seat.accelerators))
            position = None if machine.instance is None else instances.index(machine.instance)
            small.append(Machine(machine.pool, position, tuple(sorted(seats))))
        untouched = _untouched(fleet, still, instances)
        beside = _Beside(fleet, packing, still, untouched)
        components = tuple(
            beside.within_floors(_component(fleet, key, index, count[key], more[key]), key[0]) for key in keys
        )
        sub = replace(
            fleet,
            limits=beside.limits(),
            commitments=beside.commitments(),
            pools=tuple(_pools(fleet, untouched)),
            components=components,
            instances=tuple(
                replace(fleet.instances[i], index=position, residents={}) for position, i in enumerate(instances)
            ),
            places=tuple(_places(fleet, index, instances)),
            running=tuple(component.required if fleet.places else 0 for component in components),
        )
        small_packing = Packing(tuple(small))
        sub = replace(sub, max_moves=beside.most_moves(sub, small_packing))
        return cls(fleet, sub, small_packing, still, keys, instances)

    @property
    def admits_plan(self) -> bool:
        """Whether what the plan has on the freed machines is a packing of the small problem. O(copies).

        It is not where copies of one component that stand in several pools may together be too many for one of them.
        """
        components = self.fleet.components
        return all(
            machine.pool in components[seat.component].options[seat.option].pools
            for machine, seat in self.packing.seats()
        )

    def lift(self, packing: Packing) -> Packing:
        """The whole plan with a packing of the small problem in the place of the freed machines."""
        machines = [
            Machine(
                machine.pool,
                None if machine.instance is None else self.instances[machine.instance],
                tuple(
                    sorted(
                        Seat(self.keys[seat.component][0], self._option(seat), seat.accelerators)
                        for seat in machine.seats
                    )
                ),
            )
            for machine in packing.machines
        ]
        return Packing((*self.still, *machines))

    def _option(self, seat: Seat) -> int:
        fixed = self.keys[seat.component][2]
        return seat.option if fixed is None else fixed

    @property
    def keeps_bound(self) -> None:
        """Other plans have other machines that stand still."""
        return


def may_be_freed(fleet: Fleet, machine: Machine) -> bool:
    """Whether a machine can be packed anew: not cordoned, and no copy whose rules the small problem would lose.

    Copies by several options of one component with a demand are several small components, and the small problem would
    know neither their common cap per instance nor that dedicated copies may stand beside their own kind.
    """
    if machine.instance is not None and fleet.instances[machine.instance].cordoned:
        return False
    return not any(_is_torn(fleet.components[seat.component]) for seat in machine.seats)


def _is_torn(component: FleetComponent) -> bool:
    several = component.demand and len(component.options) > 1
    capped = component.max_per_instance is not None or component.instance_loss_floor
    return bool(several and (capped or component.dedicated))


def _key(fleet: Fleet, machine: Machine, seat: Seat) -> Key:
    component = fleet.components[seat.component]
    zone = fleet.pools[machine.pool].zone if component.has_zone_rules else None
    return seat.component, zone, seat.option if component.demand else None


def _left_out(fleet: Fleet, packing: Packing) -> Missing:
    """Optional copies left out, of components that may place them anywhere."""
    placed = Counter(seat.component for _, seat in packing.seats())
    return Counter(
        {
            (c.index, None, None): c.copies - placed[c.index]
            for c in fleet.components
            if c.level is not None and not c.has_zone_rules and placed[c.index] < c.copies
        }
    )


def _keys(fleet: Fleet, machines: Sequence[Machine], missing: Missing) -> tuple[Key, ...]:
    found = {_key(fleet, machine, seat) for machine in machines for seat in machine.seats}
    found |= set(missing)
    return tuple(sorted(found, key=in_order))


def in_order(key: Key) -> tuple[int, ...]:
    """To sort keys by: what is not fixed comes first."""
    return tuple(-1 if part is None else part for part in key)


def _component(fleet: Fleet, key: Key, index: dict[Key, int], count: int, more: int) -> FleetComponent:
    c, zone, fixed = key
    whole = fleet.components[c]
    options: list[FleetOption] = []
    for option in whole.options if fixed is None else (whole.options[fixed],):
        pools = option.pools if zone is None else frozenset(p for p in option.pools if fleet.pools[p].zone == zone)
        options.append(replace(option, pools=pools, index=len(options)))
    return replace(
        without_spread(whole),
        index=index[key],
        options=tuple(options),
        required=count,
        copies=count + more,
        demand=0,
        level=whole.level if more else None,
        eligible_zones=zones_of(fleet, options),
        avoids=frozenset(k for other, k in index.items() if other[0] in whole.avoids),
    )


class _Beside:
    """What rules of the whole plan leave to the small problem, beside the machines that stand still."""

    def __init__(self, fleet: Fleet, packing: Packing, still: Sequence[Machine], untouched: Counter[int]) -> None:
        self._fleet, self._packing = fleet, packing
        self._counts = [untouched[pool.index] for pool in fleet.pools]
        floors = any(c.pool_loss_floor or c.instance_loss_floor for c in fleet.components)
        self._placed = Counter(seat.component for _, seat in packing.seats()) if floors else Counter[int]()
        self._there = Counter((seat.component, m.pool) for m in still for seat in m.seats) if floors else Counter()

    def limits(self) -> tuple[FleetLimit, ...]:
        """What is left of each, perhaps less than nothing where the plan at hand breaks it."""
        return limits_beside(self._fleet, self._counts)

    def commitments(self) -> tuple[FleetCommitment, ...]:
        """What the machines that stand still do not use."""
        return commitments_beside(self._fleet, self._counts)

    def most_moves(self, small: Fleet, packing: Packing) -> int | None:
        """As many as the packing at hand has there, and as the whole plan is below its limit."""
        if self._fleet.max_moves is None:
            return None
        return max(0, sum(moves(small, packing)) + self._fleet.max_moves - sum(moves(self._fleet, self._packing)))

    def within_floors(self, small: FleetComponent, c: int) -> FleetComponent:
        """The small component within the floors of the whole one."""
        whole = self._fleet.components[c]
        if not whole.pool_loss_floor and not whole.instance_loss_floor:
            return small
        placed = self._placed[c]
        small = capped_by_placed(small, whole.instance_loss_floor, placed)
        if not whole.pool_loss_floor:
            return small
        pools = set().union(*(option.pools for option in whole.options))
        freed = max(placed - sum(self._there[c, p] for p in pools), small.copies)
        most = placed - whole.pool_loss_floor
        options = tuple(
            replace(option, pools=frozenset(p for p in option.pools if self._there[c, p] + freed <= most))
            for option in small.options
        )
        return replace(small, options=options, eligible_zones=zones_of(self._fleet, options))


def _untouched(fleet: Fleet, still: Sequence[Machine], instances: Sequence[int]) -> Counter[int]:
    """Machines by pool that stand still: also idle ones that can't be released and are not freed."""
    busy = {machine.instance for machine in still}
    used = Counter(machine.pool for machine in still)
    for instance in fleet.instances:
        if not instance.removable and instance.index not in busy and instance.index not in instances:
            used[instance.pool] += 1
    return used


def _pools(fleet: Fleet, used: Counter[int]) -> Iterable[FleetPool]:
    """Quotas less the machines that stand still."""
    for pool in fleet.pools:
        quota = None if pool.max_instances is None else max(0, pool.max_instances - used[pool.index])
        yield replace(pool, max_instances=quota, min_instances=max(0, pool.min_instances - used[pool.index]))


def _places(fleet: Fleet, index: dict[Key, int], instances: Sequence[int]) -> Iterable[Place]:
    position = {i: k for k, i in enumerate(instances)}
    for place in fleet.places:
        if place.instance not in position:
            continue
        component = fleet.components[place.component]
        zone = fleet.pools[fleet.instances[place.instance].pool].zone if component.has_zone_rules else None
        key = (place.component, zone, place.option if component.demand else None)
        if key in index:
            option = 0 if component.demand else place.option
            yield replace(place, component=index[key], option=option, instance=position[place.instance])
