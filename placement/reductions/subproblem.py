"""A few machines of a plan as a problem of their own, so that an exact solver can pack them anew.

The rest of the plan stands still. What the freed copies may do is set so that any packing of the small problem, put
back into the plan, keeps every rule of the whole:

- a component with rules over zones keeps its number of copies in each zone (one small component a zone),
- a component with a demand keeps its number of copies by each option (one small component an option),
- quotas, limits and `min_instances` are those less the machines that stand still; places are those of freed instances,
- a component with a floor on what is left when a pool is lost stays out of pools that could not take all its freed
  copies beside those that stand still; when an instance is lost, no instance has more than the floor allows,
- as many moves are allowed as the whole plan has left; machines that stand still use what is committed first,
- optional copies that are left out may come in, where no rule over zones forbids it; what runs elsewhere moves then.

The cost of a packing of the small problem differs from the cost of the whole plan by a constant, or by less where
commitments cover pools of several prices.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from placement.compiled.fleet import Fleet, FleetComponent, FleetOption
from placement.compiled.packing import Machine, Packing, Seat, moves
from placement.compiled.running import Place
from placement.compiled.survival import capped_by_placed
from placement.heuristics import Key, Missing
from placement.reductions.base import Reduction
from placement.reductions.fixed_counts import without_spread, zones_of
from placement.reductions.limits import beside


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
    def of(cls, fleet: Fleet, packing: Packing, freed: Iterable[int], missing: Missing | None = None) -> Self:
        """Free machines of a packing by their index. O(copies + components).

        `missing` are copies that may come in; absent, they are the optional copies left out of components without
        rules over zones.
        """
        chosen = set(freed)
        machines = [machine for m, machine in enumerate(packing.machines) if m in chosen]
        still = tuple(machine for m, machine in enumerate(packing.machines) if m not in chosen)
        more = copies_left_out(fleet, packing) if missing is None else missing
        keys = _keys(fleet, machines, more)
        index = {key: k for k, key in enumerate(keys)}
        instances = tuple(sorted({m.instance for m in machines if m.instance is not None}))
        count: Counter[Key] = Counter()
        small = []
        for machine in machines:
            seats = []
            for seat in machine.seats:
                key = key_of(fleet, seat.component, seat.option, machine.pool)
                count[key] += 1
                seats.append(Seat(index[key], 0 if key[2] is not None else seat.option, seat.accelerators))
            position = None if machine.instance is None else instances.index(machine.instance)
            small.append(Machine(machine.pool, position, tuple(sorted(seats))))
        floors = _Floors(fleet, packing, still)
        components = tuple(floors.within(_component(fleet, key, index, count[key], more[key]), key[0]) for key in keys)
        sub = replace(
            beside(fleet, _untouched(fleet, still, instances)),
            components=components,
            instances=tuple(
                replace(fleet.instances[i], index=position, residents={}) for position, i in enumerate(instances)
            ),
            places=tuple(_places(fleet, index, instances)),
            running=running_of(fleet, keys, components, running_beyond(fleet, packing)),
        )
        small_packing = Packing(tuple(small))
        if fleet.max_moves is not None:  # as many as the packing at hand has there, and as the whole is below its limit
            spare = fleet.max_moves - sum(moves(fleet, packing))
            sub = replace(sub, max_moves=max(0, sum(moves(sub, small_packing)) + spare))
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
        machines = list(self.still)
        for machine in packing.machines:
            seats = []
            for seat in machine.seats:
                c, _, option = self.keys[seat.component]
                seats.append(Seat(c, seat.option if option is None else option, seat.accelerators))
            instance = None if machine.instance is None else self.instances[machine.instance]
            machines.append(Machine(machine.pool, instance, tuple(sorted(seats))))
        return Packing(tuple(machines))


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


def key_of(fleet: Fleet, c: int, o: int, p: int) -> Key:
    """Of a copy of component c by option o on pool p: with its zone where rules look at zones, its option by demand."""
    component = fleet.components[c]
    return c, fleet.pools[p].zone if component.has_zone_rules else None, o if component.demand else None


def copies_left_out(fleet: Fleet, packing: Packing) -> Missing:
    """Optional copies left out, of components that may place them anywhere."""
    placed = Counter(seat.component for _, seat in packing.seats())
    return Counter(
        {
            (c.index, None, None): c.copies - placed[c.index]
            for c in fleet.components
            if c.level is not None and not c.has_zone_rules and placed[c.index] < c.copies
        }
    )


def running_beyond(fleet: Fleet, packing: Packing) -> Counter[int]:
    """Copies that run now beyond those that a packing places, by component: one that comes in moves. O(copies)."""
    return Counter({c: n for c, n in enumerate(fleet.running) if n}) - Counter(s.component for _, s in packing.seats())


def running_of(
    fleet: Fleet, keys: Sequence[Key], components: Sequence[FleetComponent], beyond: Counter[int]
) -> tuple[int, ...]:
    """Copies that run now of each small component: so many that it has moved as many as the whole one. O(keys)."""
    more = [min(c.optional, beyond[key[0]]) for key, c in zip(keys, components, strict=True)]
    return tuple(c.required + n if fleet.places or n else 0 for c, n in zip(components, more, strict=True))


def _keys(fleet: Fleet, machines: Sequence[Machine], missing: Missing) -> tuple[Key, ...]:
    found = {key_of(fleet, seat.component, seat.option, machine.pool) for machine in machines for seat in machine.seats}
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


class _Floors:
    """What must be left of components when a pool or an instance is lost, beside the machines that stand still."""

    def __init__(self, fleet: Fleet, packing: Packing, still: Sequence[Machine]) -> None:
        self._fleet = fleet
        floors = any(c.pool_loss_floor or c.instance_loss_floor for c in fleet.components)
        self._placed = Counter(seat.component for _, seat in packing.seats()) if floors else Counter[int]()
        self._there = Counter((seat.component, m.pool) for m in still for seat in m.seats) if floors else Counter()

    def within(self, small: FleetComponent, c: int) -> FleetComponent:
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


def _untouched(fleet: Fleet, still: Sequence[Machine], instances: Sequence[int]) -> list[int]:
    """(P,) machines that stand still: also idle ones that can't be released and are not freed."""
    busy = {machine.instance for machine in still}
    used = Counter(machine.pool for machine in still)
    for instance in fleet.instances:
        if not instance.removable and instance.index not in busy and instance.index not in instances:
            used[instance.pool] += 1
    return [used[pool.index] for pool in fleet.pools]


def _places(fleet: Fleet, index: dict[Key, int], instances: Sequence[int]) -> Iterable[Place]:
    position = {i: k for k, i in enumerate(instances)}
    for place in fleet.places:
        if place.instance not in position:
            continue
        key = key_of(fleet, place.component, place.option, fleet.instances[place.instance].pool)
        if key in index:
            option = place.option if key[2] is None else 0
            yield replace(place, component=index[key], option=option, instance=position[place.instance])
