"""Between packings and values of the model's variables, both ways."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from placement.exact.cp_sat.model import Kind, kind_of, weight
from placement.exact.deal import deal
from placement.packing import Machine, Packing, Seat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.exact.cp_sat.model import DirectModel
    from placement.exact.slots import Slot
    from placement.fleet import Option


def decode(model: DirectModel, values: Sequence[int]) -> Packing:
    """The packing that a solution of the model stands for; `values` are by variable index."""
    machines = []
    for slot in model.slots:
        seats = _seats(model, slot, values)
        if seats:
            machines.append(Machine(slot.pool, slot.instance, tuple(sorted(seats))))
    return Packing(tuple(machines))


def _seats(model: DirectModel, slot: Slot, values: Sequence[int]) -> list[Seat]:
    """Kept copies where they are; shared free ones dealt out kind by kind; the rest on the accelerators they own."""
    seats = []
    for index in model.places_on(slot.index):
        place = model.fleet.places[index]
        times = values[model.kept[index].index]
        seats += [Seat(place.component, place.option, place.accelerators or ())] * times
    everything = range(model.fleet.pools[slot.pool].shape.accelerators)
    free = {who: values[var.index] for who, var in model.free(slot.index) if values[var.index]}
    owned = model.owned.get(slot.index)
    alone = iter(everything if owned is None else [k for k in everything if values[owned[k].index]])
    dealt: dict[Kind, list[tuple[int, ...]]] = {}
    for kind, total in _by_kind(model, free).items():
        touching = model.touching.get((kind, slot.index))
        dealt[kind] = deal(total, [total if touching is None else values[touching[k].index] for k in everything])
    for (c, o), times in free.items():
        option = model.fleet.components[c].options[o]
        for _ in range(times):
            if option.accelerators and option.shared:
                accelerators = dealt[kind_of(option)].pop()
            else:
                accelerators = tuple(next(alone) for _ in range(option.accelerators))
            seats.append(Seat(c, o, accelerators))
    return seats


def _by_kind(model: DirectModel, free: dict[tuple[int, int], int]) -> Counter[Kind]:
    total: Counter[Kind] = Counter()
    for (c, o), times in free.items():
        option = model.fleet.components[c].options[o]
        if option.accelerators and option.shared:
            total[kind_of(option)] += times
    return total


def encode(model: DirectModel, packing: Packing) -> list[int] | None:
    """Values of all variables for a packing, by variable index; None when it needs machines that the model has not.

    New machines and alike accelerators are put in the order that the model asks for.
    """
    values = [0] * len(model.program.ranges)
    for slot, machine in _assign(model, packing):
        if slot is None:
            return None
        rest = _keep(model, slot, Counter(machine.seats), values)
        for seat, times in rest.items():
            values[model.copies[seat.component, seat.option, slot.index].index] += times
        _touch(model, slot, rest, values)
    model.program.complete(values)
    return values


def _assign(model: DirectModel, packing: Packing) -> list[tuple[Slot | None, Machine]]:
    """A slot for each machine: its own for a running one, by descending volume for new ones."""
    running = {slot.instance: slot for slot in model.slots if slot.instance is not None}
    new: dict[int, list[Slot]] = defaultdict(list)
    for slot in model.slots:
        if slot.instance is None:
            new[slot.pool].append(slot)
    busy = [machine for machine in packing.machines if machine.seats]
    found: list[tuple[Slot | None, Machine]] = [(running.get(m.instance), m) for m in busy if m.instance is not None]
    for p, slots in new.items():
        mine = [machine for machine in busy if machine.instance is None and machine.pool == p]
        mine.sort(key=lambda machine: -_volume(model, machine))
        found += zip(slots, mine, strict=False)
        found += [(None, machine) for machine in mine[len(slots) :]]
    found += [(None, m) for m in busy if m.instance is None and m.pool not in new]
    return found


def _volume(model: DirectModel, machine: Machine) -> int:
    return sum(model.volume(seat.component, seat.option, machine.pool) for seat in machine.seats)


def _keep(model: DirectModel, slot: Slot, seats: Counter[Seat], values: list[int]) -> Counter[Seat]:
    """Count seats at places that can be kept; what is left are free copies."""
    for index in model.places_on(slot.index):
        place = model.fleet.places[index]
        seat = Seat(place.component, place.option, place.accelerators or ())
        times = min(place.count, seats[seat])
        values[model.kept[index].index] = times
        seats[seat] -= times
    return +seats


def _touch(model: DirectModel, slot: Slot, seats: Counter[Seat], values: list[int]) -> None:
    """Fill in which accelerators free copies touch; alike accelerators are put in order first."""
    everything = range(model.fleet.pools[slot.pool].shape.accelerators)
    owned = [0] * len(everything)
    load = [0] * len(everything)
    touching: dict[Kind, list[int]] = defaultdict(lambda: [0] * len(everything))
    for seat, times in seats.items():
        option = model.fleet.components[seat.component].options[seat.option]
        for k in seat.accelerators:
            if option.shared:
                touching[kind_of(option)][k] += times
                load[k] += times * weight(kind_of(option))
            else:
                owned[k] += times
    order = list(everything)
    if not model.places_on(slot.index):
        order.sort(key=lambda k: (-owned[k], -load[k]))
    for position, k in enumerate(order):
        if slot.index in model.owned:
            values[model.owned[slot.index][position].index] = owned[k]
        for kind, times_on in touching.items():
            if (kind, slot.index) in model.touching:
                values[model.touching[kind, slot.index][position].index] = times_on[k]
