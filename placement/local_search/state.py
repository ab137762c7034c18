"""The machines of a fleet mix, with the copies on them and the unassigned copies, for local search.

Rules over a component are kept by *items*: copies of one component that are alike in what they may do, as in
`reductions.subproblem`: a component with rules over zones is one item a zone, and `rezone` alone moves copies between
them; one with a demand is one item an option.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from placement.arrays import Floats
from placement.compiled.capacity import most_on_one
from placement.compiled.fleet import Fleet, FleetComponent, FleetOption
from placement.compiled.machine_state import Copy, MachineState, Saved
from placement.compiled.packing import Machine, Packing, Seat
from placement.compiled.spread import keeps_zone_rules
from placement.heuristics import Key, Missing
from placement.heuristics.prices import resource_prices
from placement.heuristics.shares import Shares
from placement.local_search.parameters import RefillStateParameters as _PARAMS
from placement.reductions.subproblem import key_of, may_be_freed
from placement.units import MICRO


@dataclass(frozen=True, slots=True)
class Item:
    """Copies that are alike. `options` are by pool; `penalty` is what the cheapest of them costs, dollars an hour."""

    component: FleetComponent
    key: Key
    options: dict[int, tuple[FleetOption, ...]]
    penalty: float


class SavedStates(NamedTuple):
    """All that changes in `MachineStates`: the machines, the state of each, and the counts of copies."""

    machines: list[MachineState]
    states: list[Saved]
    missing: dict[int, int]
    zoned: dict[int, list[int]]


class MachineStates:
    """Every machine of a mix and the unassigned copies.

    Attributes
    ----------
    machines : the state of each, those of the packing first.
    items : what there is to place.
    missing : item -> unassigned copies of it, none of 0.
    zoned : component with rules over zones -> its copies by zone, unassigned ones too.
    """

    def __init__(
        self,
        fleet: Fleet,
        packing: Packing,
        missing: Missing,
        *,
        idle: bool = True,
        penalties: Sequence[float] | None = None,
        held: Sequence[Machine] = (),
    ) -> None:
        """The machines of a packing, and empty ones: with `idle`, up to the (finite) quotas, else those that must stay.

        Copies of machines that are `held` stay where they are, as pinned ones do: each is a part of one of the packing.
        `penalties` are dollars an hour of an unassigned copy of each component; by default, of its cheapest option.
        O(copies + items x pools).
        """
        self.fleet, self._penalties = fleet, penalties
        shares = Shares(fleet)
        self._cost, self._first = shares.cost(0.0, *resource_prices(fleet, shares)) / MICRO, shares.first
        self._index: dict[Key, int] = {}
        self.items: list[Item] = []
        self.missing: dict[int, int] = {}
        self._pinned = Counter({(p.component, p.option, p.instance): p.pinned for p in fleet.places if p.pinned})
        self.zoned: dict[int, list[int]] = {}
        left = list(held)
        self.machines = [self._state_of(machine, _stays(machine, left)) for machine in packing.machines]
        self._add_forced()
        if idle:
            self._add_idle()
        for key, n in missing.items():
            self.missing[self._item(key)] = n
            self._count(*key[:2], n)

    def _state_of(self, machine: Machine, stays: Counter[Seat]) -> MachineState:
        state = MachineState(self.fleet, machine.pool, machine.instance)
        state.frozen = not may_be_freed(self.fleet, machine)
        fixed = []
        for seat in machine.seats:
            key = key_of(self.fleet, seat.component, seat.option, machine.pool)
            item = self._item(key)
            self._count(*key[:2], 1)
            option = self.fleet.components[seat.component].options[seat.option]
            state.put(Copy(item, option, seat.accelerators), seat.component)
            if state.frozen or stays[seat] or (*seat[:2], machine.instance) in self._pinned:
                stays[seat] -= 1
                state.copies.pop()
                fixed.append(seat)
        state.fixed = tuple(fixed)
        return state

    def _add_forced(self) -> None:
        """Empty machines that run now and can't be released."""
        busy = {machine.instance for machine in self.machines}
        for instance in self.fleet.instances:
            if not instance.removable and instance.index not in busy:
                self.machines.append(MachineState(self.fleet, instance.pool, instance.index))
                self.machines[-1].frozen = instance.cordoned

    def _add_idle(self) -> None:
        """Empty new machines up to each quota."""
        used = Counter(machine.pool for machine in self.machines)
        for pool in self.fleet.pools:
            for _ in range((pool.max_instances or 0) - used[pool.index]):
                self.machines.append(MachineState(self.fleet, pool.index, None))

    def _item(self, key: Key) -> int:
        if key not in self._index:
            c, zone, option = key
            zones = (None,) if zone is None else self.fleet.components[c].eligible_zones
            for other in {zone, *zones}:
                self._index[c, other, option] = len(self.items)
                item = _make_item(self.fleet, (c, other, option), self._cost[self._first[c] :])
                self.items.append(item if self._penalties is None else replace(item, penalty=self._penalties[c]))
        return self._index[key]

    def _count(self, c: int, zone: int | None, n: int) -> None:
        if zone is not None:
            self.zoned.setdefault(c, [0] * len(self.fleet.zones))[zone] += n

    def rezone(self, i: int, zone: int) -> int | None:
        """Let an unassigned copy go to another zone, if the rules over zones allow it; returns its new item."""
        c, old, option = self.items[i].key
        if old is None or zone == old or (c, zone, option) not in self._index:
            return None
        counts = self.zoned[c]
        counts[old] -= 1
        counts[zone] += 1
        if not keeps_zone_rules(self.items[i].component, counts):
            counts[old] += 1
            counts[zone] -= 1
            return None
        j = self._index[c, zone, option]
        self._lose(i)
        self.missing[j] = self.missing.get(j, 0) + 1
        return j

    def count_back(self, i: int, zone: int) -> None:
        """Undo what `rezone` counted when it made a copy of another zone one of item i; `missing` is the caller's."""
        counts = self.zoned[self.items[i].key[0]]
        counts[self.items[i].key[1] or 0] -= 1
        counts[zone] += 1

    def _lose(self, i: int) -> None:
        if self.missing[i] == 1:
            del self.missing[i]
        else:
            self.missing[i] -= 1

    def put(self, machine: MachineState, copy: Copy) -> None:
        machine.put(copy, self.items[copy.item].component.index)
        self._lose(copy.item)

    def take(self, machine: MachineState, copy: Copy) -> None:
        machine.take(copy, self.items[copy.item].component.index)
        self.missing[copy.item] = self.missing.get(copy.item, 0) + 1

    def to_packing(self) -> Packing:
        machines = []
        for machine in self.machines:
            seats = [Seat(self.items[copy.item].key[0], copy.option.index, copy.on) for copy in machine.copies]
            seats.extend(machine.fixed)
            if seats:
                machines.append(Machine(machine.pool, machine.instance, tuple(sorted(seats))))
        return Packing(tuple(machines))

    def save(self) -> SavedStates:
        """All that changes, for `restore`; O(machines + copies)."""
        zoned = {c: counts[:] for c, counts in self.zoned.items()}
        return SavedStates(self.machines[:], [machine.save() for machine in self.machines], self.missing.copy(), zoned)

    def restore(self, saved: SavedStates) -> None:
        """Go back to what `save` returned, its machines in its order."""
        self.machines, self.missing, self.zoned = saved.machines, saved.missing, saved.zoned
        for machine, state in zip(saved.machines, saved.states, strict=True):
            machine.restore(state)

    def left_out(self) -> Missing:
        return Counter({self.items[i].key: n for i, n in self.missing.items()})


def _stays(machine: Machine, held: list[Machine]) -> Counter[Seat]:
    """What is held on a machine, by the first of those that are a part of it, which is taken out."""
    here = Counter(machine.seats)
    for k, other in enumerate(held):
        if other.pool == machine.pool and Counter(other.seats) <= here:
            return Counter(held.pop(k).seats)
    return Counter()


def _make_item(fleet: Fleet, key: Key, cost: Floats) -> Item:
    c, zone, fixed = key
    component = fleet.components[c]
    options: dict[int, list[FleetOption]] = {}
    costs: list[float] = []
    for option in component.options if fixed is None else (component.options[fixed],):
        for pool in (fleet.pools[p] for p in sorted(option.pools)):
            if pool.max_instances != 0 and zone in (None, pool.zone):
                each = float(cost[option.index, pool.index])
                if component.dedicated:  # its part of all of the machine, needed or not
                    each = pool.price / MICRO / most_on_one(fleet, component, pool.index)
                options.setdefault(pool.index, []).append(option)
                costs.append(each)
    penalty = max(min(costs, default=1.0), _PARAMS.least_penalty)
    return Item(component, key, {p: tuple(many) for p, many in options.items()}, penalty)
