"""The machines of a mix in plain integers, so that thousands of trials a second can be made and undone.

It keeps the rules of one machine (memory, share, ownership, host, caps, dedicated, avoid). Rules over a component are
kept by *items*: copies of one component that are alike in what they may do, as in `exact.neighbourhood`: a component
with rules over zones is one item a zone, and `rezone` alone moves copies between them; one with a demand is one item an
option.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from placement.bounds.capacity import most_on_one
from placement.exact.neighbourhood import may_be_freed
from placement.heuristics.prices import resource_prices
from placement.heuristics.shares import Shares
from placement.heuristics.zones import keeps_zone_rules
from placement.packing import Machine, Packing, Seat
from placement.units import WHOLE_SHARE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.fleet import Component, Fleet, Option
    from placement.heuristics import Key, Missing
    from placement.heuristics.shares import Floats


_LEAST_WORTH = 1e-6  # dollars an hour: where machines are free, copies still count


class Way(NamedTuple):
    """One option of an item on one pool: what a copy takes, on each accelerator and on the host.

    One that owns its accelerators takes one MiB more than there is, so that nothing shared fits beside it. `cost` is
    its part of the machine's price, dollars an hour, by what is scarce in this mix.
    """

    option: int
    accelerators: int
    owned: bool
    memory: int
    share: int
    vcpus: int
    host: int
    cost: float


class Copy(NamedTuple):
    """One copy on a box: its item, its way and the accelerators that it touches."""

    item: int
    way: Way
    on: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """Copies that are alike. `ways` are by pool; `worth` is what the cheapest of them costs, dollars an hour."""

    component: Component
    key: Key
    ways: dict[int, tuple[Way, ...]]
    worth: float


class Box:
    """One machine: what is free, and what stands on it. `fixed` copies are part of it for good and not in `copies`."""

    __slots__ = (
        "copies",
        "counts",
        "fixed",
        "frozen",
        "host",
        "instance",
        "memory",
        "pool",
        "room",
        "share",
        "users",
        "vcpus",
    )

    def __init__(self, fleet: Fleet, pool: int, instance: int | None) -> None:
        """An empty machine."""
        shape = fleet.pools[pool].shape
        self.pool, self.instance, self.memory = pool, instance, max(1, shape.memory_mib)
        self.room = [shape.memory_mib] * shape.accelerators
        self.share = [WHOLE_SHARE] * shape.accelerators
        self.users = [0] * shape.accelerators
        self.vcpus, self.host = shape.vcpus, shape.host_mib
        self.copies: list[Copy] = []
        self.fixed: tuple[Seat, ...] = ()
        self.counts: dict[int, int] = {}
        self.frozen = False

    def put(self, copy: Copy, component: int) -> None:
        """Take one more copy."""
        self.copies.append(copy)
        self._use(copy.way, copy.on, component, 1)

    def take(self, copy: Copy, component: int) -> None:
        """Lose a copy."""
        self.copies.remove(copy)
        self._use(copy.way, copy.on, component, -1)

    def _use(self, way: Way, on: tuple[int, ...], component: int, sign: int) -> None:
        self.vcpus -= sign * way.vcpus
        self.host -= sign * way.host
        for k in on:
            self.users[k] += sign
            self.room[k] -= sign * way.memory
            self.share[k] -= sign * way.share
        count = self.counts.get(component, 0) + sign
        if count:
            self.counts[component] = count
        else:
            del self.counts[component]

    def takes(self, way: Way) -> bool:
        """Whether the host has room for one copy."""
        return self.vcpus >= way.vcpus and self.host >= way.host

    def welcomes(self, component: Component, components: Sequence[Component]) -> bool:
        """Whether caps, dedication and `avoid` let one more copy of the component stand here."""
        here = self.counts
        cap = component.max_per_instance
        if cap is not None and here.get(component.index, 0) >= cap:
            return False
        for other in here:
            if other != component.index and (
                component.dedicated or other in component.avoids or components[other].dedicated
            ):
                return False
        return True

    def fits_on(self, way: Way, k: int) -> bool:
        """Whether one accelerator has room for a copy."""
        if way.owned:
            return not self.users[k]
        return self.room[k] >= way.memory and self.share[k] >= way.share

    def save(self) -> Saved:
        """All that changes, for `restore`."""
        return (
            *(self.room[:], self.share[:], self.users[:]),
            *(self.vcpus, self.host, self.copies[:], self.counts.copy()),
        )

    def restore(self, saved: Saved) -> None:
        """Be as before."""
        self.room, self.share, self.users, self.vcpus, self.host, self.copies, self.counts = saved


Saved = tuple[list[int], list[int], list[int], int, int, list[Copy], dict[int, int]]


SavedBoxes = tuple[list[Box], list[Saved], dict[int, int], dict[int, list[int]]]


class Boxes:
    """Every machine of a mix and the copies that are out.

    Attributes
    ----------
    items : what there is to place. missing : item -> copies of it that are out, none of 0.
    zoned : component with rules over zones -> its copies by zone, those that are out too.
    """

    def __init__(
        self,
        fleet: Fleet,
        packing: Packing,
        missing: Missing,
        *,
        idle: bool = True,
        worths: Sequence[float] | None = None,
    ) -> None:
        """The machines of a packing, and empty ones: with `idle`, up to the (finite) quotas, else those that must stay.

        `worths` are dollars an hour of a copy of each component that is out; by default what the cheapest way costs.
        O(copies + items x pools).
        """
        self.fleet, self._worths = fleet, worths
        shares = Shares(fleet)
        self._cost, self._first = shares.cost(0.0, *resource_prices(fleet, shares)) / 1e6, shares.first
        self._index: dict[Key, int] = {}
        self.items: list[Item] = []
        self.missing: dict[int, int] = {}
        self._pinned = Counter({(p.component, p.option, p.instance): p.pinned for p in fleet.places if p.pinned})
        self.zoned: dict[int, list[int]] = {}
        self.boxes = [self._box(machine) for machine in packing.machines]
        self._add_forced()
        if idle:
            self._add_idle()
        for key, n in missing.items():
            self.missing[self._item(key)] = n
            self._count(*key[:2], n)

    def _box(self, machine: Machine) -> Box:
        box = Box(self.fleet, machine.pool, machine.instance)
        box.frozen = not may_be_freed(self.fleet, machine)
        fixed = []
        for seat in machine.seats:
            component = self.fleet.components[seat.component]
            bound = component.has_zone_rules
            zone = self.fleet.pools[machine.pool].zone if bound else None
            item = self._item((seat.component, zone, seat.option if component.demand else None))
            self._count(seat.component, zone, 1)
            way = next(w for w in self.items[item].ways[machine.pool] if w.option == seat.option)
            box.put(Copy(item, way, seat.accelerators), seat.component)
            if box.frozen or self._is_pinned(machine, seat):
                box.copies.pop()
                fixed.append(seat)
        box.fixed = tuple(fixed)
        return box

    def _is_pinned(self, machine: Machine, seat: Seat) -> bool:
        return machine.instance is not None and (seat.component, seat.option, machine.instance) in self._pinned

    def _add_forced(self) -> None:
        """Empty machines that run now and can't be released."""
        busy = {box.instance for box in self.boxes}
        for instance in self.fleet.instances:
            if not instance.removable and instance.index not in busy:
                self.boxes.append(Box(self.fleet, instance.pool, instance.index))
                self.boxes[-1].frozen = instance.cordoned

    def _add_idle(self) -> None:
        """Empty new machines up to each quota."""
        used = Counter(box.pool for box in self.boxes)
        for pool in self.fleet.pools:
            for _ in range((pool.max_instances or 0) - used[pool.index]):
                self.boxes.append(Box(self.fleet, pool.index, None))

    def _item(self, key: Key) -> int:
        if key not in self._index:
            c, zone, option = key
            zones = (None,) if zone is None else self.fleet.components[c].eligible_zones
            for other in {zone, *zones}:
                self._index[c, other, option] = len(self.items)
                item = _make_item(self.fleet, (c, other, option), self._cost[self._first[c] :])
                self.items.append(item if self._worths is None else replace(item, worth=self._worths[c]))
        return self._index[key]

    def _count(self, c: int, zone: int | None, n: int) -> None:
        if zone is not None:
            self.zoned.setdefault(c, [0] * len(self.fleet.zones))[zone] += n

    def rezone(self, i: int, zone: int) -> int | None:
        """Let a copy that is out go to another zone, if the rules over zones allow it; returns its new item."""
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

    def put(self, box: Box, copy: Copy) -> None:
        """Place a copy that is out."""
        box.put(copy, self.items[copy.item].component.index)
        self._lose(copy.item)

    def take(self, box: Box, copy: Copy) -> None:
        """Take a copy out."""
        box.take(copy, self.items[copy.item].component.index)
        self.missing[copy.item] = self.missing.get(copy.item, 0) + 1

    def to_packing(self) -> Packing:
        """The packing as it is."""
        machines = []
        for box in self.boxes:
            seats = [Seat(self.items[copy.item].key[0], copy.way.option, copy.on) for copy in box.copies]
            seats.extend(box.fixed)
            if seats:
                machines.append(Machine(box.pool, box.instance, tuple(sorted(seats))))
        return Packing(tuple(machines))

    def save(self) -> SavedBoxes:
        """All that changes, for `restore`; O(boxes + copies)."""
        zoned = {c: counts[:] for c, counts in self.zoned.items()}
        return self.boxes[:], [box.save() for box in self.boxes], self.missing.copy(), zoned

    def restore(self, saved: SavedBoxes) -> None:
        """Be as before, the same boxes and all."""
        self.boxes, states, self.missing, self.zoned = saved
        for box, state in zip(self.boxes, states, strict=True):
            box.restore(state)

    def left_out(self) -> Missing:
        """The copies that are out."""
        return Counter({self.items[i].key: n for i, n in self.missing.items()})


def _make_item(fleet: Fleet, key: Key, cost: Floats) -> Item:
    c, zone, fixed = key
    component = fleet.components[c]
    ways: dict[int, list[Way]] = {}
    for option in component.options if fixed is None else (component.options[fixed],):
        for pool in (fleet.pools[p] for p in sorted(option.pools)):
            if pool.max_instances != 0 and zone in (None, pool.zone):
                each = float(cost[option.index, pool.index])
                if component.dedicated:  # its part of all of the machine, needed or not
                    each = pool.price / 1e6 / most_on_one(fleet, component, pool.index)
                ways.setdefault(pool.index, []).append(way_of(option, pool.shape.memory_mib, each))
    worth = min((way.cost for many in ways.values() for way in many), default=1.0)
    return Item(component, key, {p: tuple(many) for p, many in ways.items()}, max(worth, _LEAST_WORTH))


def way_of(option: Option, memory: int, cost: float = 0.0) -> Way:
    """An option on machines whose accelerators have so much memory."""
    owned = not option.shared
    return Way(
        option=option.index,
        accelerators=option.accelerators,
        owned=owned,
        memory=memory + 1 if owned else option.memory_mib,
        share=0 if owned else option.share,
        vcpus=option.vcpus,
        host=option.host_mib,
        cost=cost,
    )


def tightest(box: Box, way: Way) -> tuple[int, ...] | None:
    """The accelerators with the least room that is enough for a copy."""
    found = sorted((room, k) for k, room in enumerate(box.room) if box.fits_on(way, k))
    if len(found) < way.accelerators:
        return None
    return tuple(sorted(k for _, k in found[: way.accelerators]))
