"""Components in parts, each of which is a component of its own: how they are numbered, and how copies come back."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from placement.compiled.fleet import FleetComponent
from placement.compiled.packing import Machine, Packing, Seat


def number_parts(
    parts: Sequence[FleetComponent], origin: Sequence[int], apart: Collection[int] = ()
) -> tuple[FleetComponent, ...]:
    """The parts numbered anew: whoever avoids a component avoids all parts of it, and those `apart` their own.

    O(parts + pairs that avoid each other).
    """
    parts_of: dict[int, set[int]] = {}
    for index, c in enumerate(origin):
        parts_of.setdefault(c, set()).add(index)
    found = []
    for index, (part, c) in enumerate(zip(parts, origin, strict=True)):
        avoided = set().union(*(parts_of.get(other, set()) for other in part.avoids))
        if c in apart:
            avoided |= parts_of[c] - {index}
        found.append(replace(part, index=index, avoids=frozenset(avoided)))
    return tuple(found)


def mapped(packing: Packing, seat_of: Callable[[Seat], Seat]) -> Packing:
    """The same machines, with each copy as `seat_of` has it; asked in the order of `Packing.seats`. O(copies)."""
    machines = (Machine(m.pool, m.instance, tuple(seat_of(seat) for seat in m.seats)) for m in packing.machines)
    return Packing(tuple(machines))


def join_parts(packing: Packing, origin: Sequence[int]) -> Packing:
    """The same copies on the same machines, as those of `origin`, the component of each part. O(copies)."""
    return mapped(packing, lambda seat: seat._replace(component=origin[seat.component]))
