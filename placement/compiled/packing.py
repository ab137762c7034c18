"""A plan in compiled form, and what it is worth."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from placement.compiled.fleet import Fleet


class Seat(NamedTuple):
    """One placed copy on a machine: component, option and the accelerators it touches, ascending."""

    component: int
    option: int
    accelerators: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine in use: its pool, the running instance it is (None: a new one), and the copies on it."""

    pool: int
    instance: int | None
    seats: tuple[Seat, ...]


@dataclass(frozen=True, slots=True)
class Packing:
    """Machines that hold copies. Machines that are paid for while empty are not listed; `evaluate` counts them."""

    machines: tuple[Machine, ...]

    def seats(self) -> Iterator[tuple[Machine, Seat]]:
        """Every placed copy with its machine."""
        for machine in self.machines:
            for seat in machine.seats:
                yield machine, seat


@dataclass(frozen=True, slots=True, order=True)
class Value:
    """The two objectives, compared in order: optional copies left out per level, highest priority first; then ticks."""

    left_out: tuple[int, ...]
    ticks: int


def evaluate(fleet: Fleet, packing: Packing) -> Value:
    """What a packing that keeps every rule is worth. O(copies + pools)."""
    placed = Counter(seat.component for _, seat in packing.seats())
    return Value(left_out(fleet, placed), ticks_of(fleet, machine_price(fleet, packing), moves(fleet, packing)))


def left_out(fleet: Fleet, placed: Mapping[int, int]) -> tuple[int, ...]:
    """Optional copies that are not `placed`, by component, per level."""
    found = [0] * len(fleet.levels)
    for component in fleet.components:
        if component.level is not None:
            found[component.level] += component.copies - placed[component.index]
    return tuple(found)


def optional_copies(fleet: Fleet) -> tuple[int, ...]:
    """How many optional copies there are at each level. O(components)."""
    return left_out(fleet, {component.index: component.required for component in fleet.components})


def ticks_of(fleet: Fleet, price: int, moved: Iterable[int]) -> int:
    """The money objective: `price` in micro-dollars per hour, `moved` copies per component."""
    cost = sum(n * fleet.components[c].move_cost for c, n in enumerate(moved))
    return fleet.tick_price * price + fleet.tick_move * cost


def cost_of(fleet: Fleet, price: int, moved: Iterable[int]) -> int:
    """What a plan costs, micro-dollars: its price over the horizon, to the nearest (the even of two), and its moves.

    Rounded so, as the format does, price and moves do not add up as ticks do: `Fleet.cost` of the same plan's ticks may
    be one apart, where half a micro-dollar is left.
    """
    paid = sum(n * fleet.components[c].move_cost for c, n in enumerate(moved))
    return round(Fraction(fleet.tick_price * price, fleet.tick_move)) + paid


def machines_held(fleet: Fleet, packing: Packing) -> Counter[int]:
    """Machines by pool that count against its quota: those in use, and idle ones that can't be released."""
    held = Counter(machine.pool for machine in packing.machines)
    busy = {machine.instance for machine in packing.machines if machine.instance is not None}
    held.update(i.pool for i in fleet.instances if not i.removable and i.index not in busy)
    return held


def machines_paid(fleet: Fleet, packing: Packing) -> list[int]:
    """(P,) machines that are paid for: in use, or not to be released, or as many as `min_instances` asks for."""
    held = machines_held(fleet, packing)
    return [max(held[pool.index], pool.min_instances) for pool in fleet.pools]


def machine_price(fleet: Fleet, packing: Packing) -> int:
    """Micro-dollars per hour of the machines that are paid for, on top of what is committed."""
    return fleet.rent(machines_paid(fleet, packing))


def moves(fleet: Fleet, packing: Packing) -> tuple[int, ...]:
    """(C,) moved copies per component: those that neither stay where they are nor just start or stop."""
    placed = Counter(seat.component for _, seat in packing.seats())
    if not fleet.places:
        return tuple(min(n, placed[c]) for c, n in enumerate(fleet.running))
    planned = Counter((m.instance, *seat) for m in packing.machines if m.instance is not None for seat in m.seats)
    kept = [0] * len(fleet.components)
    for place in fleet.places:
        if place.accelerators is not None:
            key = (place.instance, place.component, place.option, place.accelerators)
            stay = min(place.count, planned.get(key, 0))
            if stay:
                kept[place.component] += stay
                planned[key] -= stay
    loose = [place for place in fleet.places if place.accelerators is None]
    left: Counter[tuple[int | None, int, int]] = Counter()  # what stands there beside copies whose place was known
    for (i, c, o, _), n in planned.items() if loose else ():
        left[i, c, o] += n
    for place in loose:
        kept[place.component] += min(place.count, left[place.instance, place.component, place.option])
    return tuple(max(0, min(n, placed[c]) - kept[c]) for c, n in enumerate(fleet.running))
