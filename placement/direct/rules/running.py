"""Rules of what runs now: copies that are pinned, and how many move."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from placement.compiled.fleet import FleetComponent
from placement.direct.program import Linear, Var, fixed, total_of
from placement.direct.variables import Variables


def pins(model: Variables) -> None:
    """Pinned copies stay: at their accelerators when known; if some are unknown, enough of all on the instance."""
    wanted: dict[tuple[int, int, int], int] = defaultdict(int)
    there: dict[tuple[int, int, int], list[Var]] = {}
    for index, place in enumerate(model.fleet.places):
        if place.pinned:
            key = place.component, place.option, place.instance
            wanted[key] += place.pinned
            free = model.free_at(place)
            there[key] = [] if free is None else [free]
            if place.accelerators is not None:
                exactly = [model.kept[index]] if index in model.kept else []
                model.program.at_least(total_of(exactly), place.pinned)
    for index, var in model.kept.items():
        place = model.fleet.places[index]
        there.get((place.component, place.option, place.instance), []).append(var)
    for key, number in wanted.items():
        model.program.at_least(total_of(there[key]), number)


def max_moves(model: Variables, moved: Sequence[Linear]) -> None:
    """The moves of all components together, `moved` (C,), are at most `max_moves`."""
    if model.fleet.max_moves is not None:
        model.program.at_most(sum(moved), model.fleet.max_moves)


def moves(model: Variables, component: FleetComponent) -> Linear:
    """Copies of a component that move: min(running, placed) less those that stay, or more when nothing is minimised.

    None where moves neither cost anything nor are limited.
    """
    c, running, placed = component.index, model.fleet.running[component.index], model.placed[component.index]
    if not running or not (component.move_cost or model.fleet.max_moves is not None):
        return fixed(0)
    stay = total_of(list(_may_stay(model, c)))
    if placed.low >= running or placed.high <= running:  # known which is less
        least = running if component.required >= running else placed
        return least - stay

    def moved(values: Sequence[int]) -> int:
        return max(0, min(running, placed.value(values)) - stay.value(values))

    moves = model.program.derive(0, running, moved)
    model.program.reaches_lesser(moves + stay, placed, running)
    return moves


def _may_stay(model: Variables, c: int) -> Iterator[Var]:
    """Variables whose sum is the copies of a component that need not move."""
    for index, place in enumerate(model.fleet.places):
        if place.component == c and index in model.kept:
            yield model.kept[index]
        elif place.component == c and place.accelerators is None:
            free = model.free_at(place)  # any accelerators there are the same place
            if free is not None:
                yield model.program.lesser(free, place.count)
