"""Between packings and values of the direct model's variables, both ways."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from placement.compiled.packing import Machine, Packing, Seat
from placement.compiled.shared_need import SharedNeed
from placement.compiled.wrap_around import deal
from placement.direct.program import Values
from placement.direct.slots import Slot
from placement.direct.variables import Variables


def decode(model: Variables, values: Values) -> Packing:
    """The packing that a solution stands for; `values` are by variable index.

    Raises ValueError: the values break a row so that copies can't be dealt out: the tolerance of a float engine was too
    large.
    """
    machines = []
    for slot in model.slots:
        seats = sorted(_seats(model, slot, values))
        if seats:
            machines.append(Machine(slot.pool, slot.instance, tuple(seats)))
    return Packing(tuple(machines))


def _seats(model: Variables, slot: Slot, values: Values) -> Iterator[Seat]:
    """Copies that stay, where they are; shared free ones dealt out by need; others on accelerators of their own."""
    s, everything = slot.index, range(model.fleet.pools[slot.pool].shape.accelerators)
    for place, var, _ in model.may_stay(s):
        yield from [Seat(place.component, place.option, place.accelerators or ())] * values[var.index]
    total: Counter[SharedNeed] = Counter()
    for _, _, var, option in model.free(s):
        if option.shared and option.accelerators:
            total[SharedNeed.of(option)] += values[var.index]
    dealt = {}
    for need, copies in (+total).items():
        counts = model.touching.get((need, s))
        touching = [copies if counts is None else values[counts[k].index] for k in everything]
        if sum(touching) != copies * need.accelerators or max(touching) > copies:
            raise ValueError(f"{copies} copies of {need} can't touch accelerators as in {touching}")
        dealt[need] = iter(deal(copies, touching))
    owned = model.owned.get(s)
    own = [k for k in everything if owned is None or values[owned[k].index]]
    for c, o, var, option in model.free(s):
        for _ in range(values[var.index]):
            if option.shared and option.accelerators:
                yield Seat(c, o, next(dealt[SharedNeed.of(option)]))
            else:
                mine, own = own[: option.accelerators], own[option.accelerators :]
                yield Seat(c, o, tuple(mine))


def encode(model: Variables, packing: Packing) -> list[int] | None:
    """Values of all variables for a packing, by index; None when it needs machines or copies that the model has not.

    New machines, and where the model orders them alike accelerators, are put in the order that it asks for. In an
    outline copies on new machines count by pool.
    """
    values = [0] * len(model.program.ranges)
    new = [iter(slots) for slots in model.new_slots]
    for machine in packing.machines:
        if machine.instance is None and model.form.outline:
            if not _count(model, machine, values):
                return None
        elif machine.seats:
            instance = machine.instance
            slot = next(new[machine.pool], None) if instance is None else model.slot_of.get(instance)
            if slot is None or not _fill(model, slot, machine, values):
                return None
    model.program.complete(values)
    within = all(low <= value <= high for (low, high), value in zip(model.program.ranges, values, strict=True))
    return values if within else None


def _count(model: Variables, machine: Machine, values: list[int]) -> bool:
    """Count a new machine of an outline, and its copies; False when the model has no variable for one of them."""
    new = model.new[machine.pool]
    for k in new.columns:
        values[k] += 1
    for seat in machine.seats:
        there = model.on_new.get((seat.component, seat.option, machine.pool))
        if there is None:
            return False
        values[there.index] += 1
    return True


def _fill(model: Variables, slot: Slot, machine: Machine, values: list[int]) -> bool:
    """Write one machine's copies into the values; False when the model has no variable for one of them."""
    s = slot.index
    seats = Counter(machine.seats)
    for place, var, _ in model.may_stay(s):
        seat = Seat(place.component, place.option, place.accelerators or ())
        values[var.index] = min(place.count, seats[seat])
        seats[seat] -= values[var.index]
    touching: dict[SharedNeed, Counter[int]] = defaultdict(Counter)
    owned: Counter[int] = Counter()
    for seat, times in (+seats).items():
        free = model.copies.get((seat.component, seat.option, s))
        if free is None:
            return False
        values[free.index] += times
        option = model.fleet.components[seat.component].options[seat.option]
        for k in seat.accelerators:
            (touching[SharedNeed.of(option)] if option.shared else owned)[k] += times
    order = list(range(model.fleet.pools[slot.pool].shape.accelerators))
    if model.form.tight and not any(place.accelerators for place, _, _ in model.may_stay(s)):
        order.sort(key=lambda k: -owned[k])
    for position, k in enumerate(order):
        if s in model.owned:
            values[model.owned[s][position].index] = owned[k]
        for need, times_on in touching.items():
            if (need, s) in model.touching:
                values[model.touching[need, s][position].index] = times_on[k]
    return True
