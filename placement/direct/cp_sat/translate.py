"""Between packings and values of the model's variables, both ways."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from typing import TYPE_CHECKING

from placement.compiled.packing import Machine, Packing, Seat
from placement.compiled.wrap_around import deal
from placement.direct.cp_sat.model import Kind, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from placement.direct.cp_sat.model import DirectModel
    from placement.direct.slots import Slot


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
    """Values of all variables for a packing, by variable index; None when it needs machines that the model has not."""
    values = [0] * len(model.program.ranges)
    for slot, machine in _assign(model, packing):
        if slot is None:
            return None
        rest = _keep(model, slot, Counter(machine.seats), values)
        for seat, times in rest.items():
            values[model.copies[seat.component, seat.option, slot.index].index] += times
            _touch(model, slot, seat, times, values)
    model.program.complete(values)
    return values


def _assign(model: DirectModel, packing: Packing) -> Iterator[tuple[Slot | None, Machine]]:
    """A slot for each machine with copies: its own for a running one, the next of its pool for a new one."""
    running = {slot.instance: slot for slot in model.slots if slot.instance is not None}
    new: dict[int, deque[Slot]] = defaultdict(deque)
    for slot in model.slots:
        if slot.instance is None:
            new[slot.pool].append(slot)
    for machine in packing.machines:
        if machine.seats and machine.instance is not None:
            yield running.get(machine.instance), machine
        elif machine.seats:
            yield (new[machine.pool].popleft() if new[machine.pool] else None), machine


def _keep(model: DirectModel, slot: Slot, seats: Counter[Seat], values: list[int]) -> Counter[Seat]:
    """Count seats at places that can be kept; what is left are free copies."""
    for index in model.places_on(slot.index):
        place = model.fleet.places[index]
        seat = Seat(place.component, place.option, place.accelerators or ())
        times = min(place.count, seats[seat])
        values[model.kept[index].index] = times
        seats[seat] -= times
    return +seats


def _touch(model: DirectModel, slot: Slot, seat: Seat, times: int, values: list[int]) -> None:
    """Which accelerators some equal free copies own, or touch together with others of their kind."""
    option = model.fleet.components[seat.component].options[seat.option]
    on = model.touching.get((kind_of(option), slot.index)) if option.shared else model.owned.get(slot.index)
    if on is not None:
        for k in seat.accelerators:
            values[on[k].index] += times
