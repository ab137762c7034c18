"""Moves that no plan avoids: copies that run where they can't stay, and are needed all the same.

Moves of a component are min(running, planned) less the copies that are kept. At least `required` copies are planned,
and a copy can be kept only on a machine that may stay, by an option that may run there, within `max_per_instance`. Each
component is looked at alone, so this relaxes whatever else stands in the way of keeping, and which machines the plan
pays for.
"""

from collections import Counter

from placement.compiled.fleet import Fleet
from placement.compiled.packing import ticks_of

RELAXES = "moves, but off machines that may not hold so many copies of the component"


def least_moves(fleet: Fleet) -> tuple[int, ...]:
    """(C,) moves of each component in any plan, at least. O(components + places)."""
    stay: dict[tuple[int, int], int] = {}  # by component and instance; plain, as there are many
    for place in fleet.places:
        instance = fleet.instances[place.instance]
        if instance.pool in fleet.components[place.component].options[place.option].pools:
            key = (place.component, place.instance)
            stay[key] = stay.get(key, 0) + place.count
    kept: Counter[int] = Counter()
    for (c, _), n in stay.items():
        cap = fleet.components[c].max_per_instance
        kept[c] += n if cap is None else min(n, cap)
    return tuple(max(0, min(fleet.running[c.index], c.required) - kept[c.index]) for c in fleet.components)


def least_move_ticks(fleet: Fleet) -> int:
    """Ticks that any plan pays for moves, at least."""
    return ticks_of(fleet, 0, least_moves(fleet))
