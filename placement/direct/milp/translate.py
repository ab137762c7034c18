"""Between packings and values of the model's variables, both ways."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from placement.compiled.packing import Machine, Packing, Seat
from placement.compiled.wrap_around import deal
from placement.direct.milp.model import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.direct.milp.model import DirectModel, Kind
    from placement.direct.milp.program import Values, Var
    from placement.direct.slots import Slot


def decode(model: DirectModel, values: Values) -> Packing:
    """The packing that a solution stands for.

    Raises
    ------
    ValueError
        The values break a row so that copies can't be dealt out: an engine's tolerance was more than a hair.
    """
    machines = []
    for slot in model.slots:
        seats = sorted(_seats(model, slot, values))
        if seats:
            machines.append(Machine(slot.pool, slot.instance, tuple(seats)))
    return Packing(tuple(machines))


def _seats(model: DirectModel, slot: Slot, values: Values) -> Iterator[Seat]:
    """Copies that stay, where they are; shared free ones dealt out by kind; others on accelerators of their own."""
    s, everything = slot.index, range(model.fleet.pools[slot.pool].shape.accelerators)
    for place, var, _ in model.staying(s):
        yield from [Seat(place.component, place.option, place.accelerators or ())] * values[var]
    total: Counter[Kind] = Counter()
    for _, _, var, option in model.free(s):
        if option.shared and option.accelerators:
            total[kind_of(option)] += values[var]
    dealt = {}
    for kind, copies in total.items():
        counts = model.touching.get((kind, s))
        touching = [copies if counts is None else values[counts[k]] for k in everything]
        if sum(touching) != copies * kind.accelerators or max(touching) > copies:
            raise ValueError(f"{copies} copies of {kind} can't touch accelerators as in {touching}")
        dealt[kind] = iter(deal(copies, touching))
    owned = model.owned.get(s)
    own = [k for k in everything if owned is None or values[owned[k]]]
    for c, o, var, option in model.free(s):
        for _ in range(values[var]):
            if option.shared and option.accelerators:
                yield Seat(c, o, next(dealt[kind_of(option)]))
            else:
                mine, own = own[: option.accelerators], own[option.accelerators :]
                yield Seat(c, o, tuple(mine))


def encode(model: DirectModel, packing: Packing) -> dict[Var, int] | None:
    """Values of all variables for a packing; None when it needs machines or copies that the model has not.

    New machines and alike accelerators are put in the order that the model asks for.
    """
    values = dict.fromkeys(model.program.high, 0)
    for slot, machine in _assign(model, packing):
        if slot is None or not _fill(model, slot, machine, values):
            return None
    model.program.complete(values)
    low, high = model.program.low, model.program.high
    return values if all(low[var] <= value <= high[var] for var, value in values.items()) else None


def _assign(model: DirectModel, packing: Packing) -> Iterator[tuple[Slot | None, Machine]]:
    """A slot for each machine: its own for a running one, the next of its pool for a new one."""
    running = {slot.instance: slot for slot in model.slots if slot.instance is not None}
    new: dict[int, list[Slot]] = defaultdict(list)
    for slot in reversed(model.slots):
        if slot.instance is None:
            new[slot.pool].append(slot)
    for machine in packing.machines:
        if machine.instance is not None:
            yield running.get(machine.instance), machine
        else:
            yield new[machine.pool].pop() if new[machine.pool] else None, machine


def _fill(model: DirectModel, slot: Slot, machine: Machine, values: dict[Var, int]) -> bool:
    """Write one machine's copies into the values; False when the model has no variable for one of them."""
    s, program = slot.index, model.program
    if model.used[s] in program.high:
        values[model.used[s]] = 1
    seats = Counter(machine.seats)
    for place, var, _ in model.staying(s):
        seat = Seat(place.component, place.option, place.accelerators or ())
        values[var] = min(place.count, seats[seat])
        seats[seat] -= values[var]
    touching: dict[Kind, Counter[int]] = defaultdict(Counter)
    owned: Counter[int] = Counter()
    for seat, times in (+seats).items():
        var = model.copies.get((seat.component, seat.option, s))
        if var is None:
            return False
        values[var] += times
        option = model.fleet.components[seat.component].options[seat.option]
        for k in seat.accelerators:
            (touching[kind_of(option)] if option.shared else owned)[k] += times
    order = list(range(model.fleet.pools[slot.pool].shape.accelerators))
    if not any(place.accelerators for place, _, _ in model.staying(s)):
        order.sort(key=lambda k: -owned[k])
    for position, k in enumerate(order):
        if s in model.owned:
            values[model.owned[s][position]] = owned[k]
        for kind, times_on in touching.items():
            if (kind, s) in model.touching:
                values[model.touching[kind, s][position]] = times_on[k]
    return True
