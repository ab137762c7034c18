"""What an accelerator in use may hold: some of the copies that run there, and the best pattern in the room left."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from placement.compiled.fleet import Fleet
from placement.patterns.certificate import Prices
from placement.patterns.running.state import RunningSeat, RunningState
from placement.vector_packing.knapsack import Knapsack


class Content(NamedTuple):
    """What stands on a seat: residents that are kept, (number, times), and items beside them, (item, times)."""

    seat: int
    kept: tuple[tuple[int, int], ...]
    others: tuple[tuple[int, int], ...]


class FilledSeats(NamedTuple):
    """The most that each seat can be worth, (seats,), and the contents with something kept that are, where any are."""

    highest: list[int]
    contents: list[Content]


def by_place(fleet: Fleet, rewards: Sequence[int]) -> list[int]:
    """(places,) what a copy kept there counts, of rewards by component."""
    return [rewards[place.component] for place in fleet.places]


def fill_seats(
    state: RunningState,
    prices: Prices,
    rewards: Sequence[int],
    capacity: Sequence[int],
    closed: Collection[int] = (),
    knapsacks: Sequence[Knapsack] | None = None,
) -> FilledSeats:
    """Fill each seat at its best.

    Parameters
    ----------
    rewards : (places,) for each copy kept there, in 1 / SCALE micro-dollars.
    capacity : (device classes,) the most that an accelerator with nothing kept can be worth.
    closed : seats where nothing joins what is kept.
    knapsacks : (device classes,) with what a node allows of each item; the relaxation's own by default.

    O(seats x residents x limits), and one table for each device class.
    """
    by_class: dict[int, list[int]] = {}
    for s, seat in enumerate(state.seats):
        by_class.setdefault(seat.device_class, []).append(s)
    highest, contents = [0] * len(state.seats), list[Content]()
    for q, seats in by_class.items():
        knapsack = state.relaxation.device_classes[q].knapsack if knapsacks is None else knapsacks[q]
        coverage = prices.coverage[q]
        table = knapsack.table(coverage)
        nothing = np.zeros_like(table)
        kept: list[tuple[int, tuple[tuple[int, int], ...], list[int]]] = []
        for s in seats:
            if s in closed:
                highest[s], chosen, _ = _fill(
                    state.seats[s], knapsack, coverage, rewards, capacity[q], nothing, shut=True
                )
                contents += [Content(s, chosen, ())] if chosen else []
                continue
            highest[s], chosen, room = _fill(state.seats[s], knapsack, coverage, rewards, capacity[q], table)
            if chosen:
                kept.append((s, chosen, room))
        others = knapsack.best_patterns(coverage, [room for _, _, room in kept])
        contents += [
            Content(s, chosen, tuple(sorted(items.items())))
            for (s, chosen, _), (_, items) in zip(kept, others, strict=True)
        ]
    return FilledSeats(highest, contents)


def _fill(
    seat: RunningSeat,
    knapsack: Knapsack,
    coverage: Sequence[int],
    rewards: Sequence[int],
    capacity: int,
    table: NDArray[Any],
    *,
    shut: bool = False,
) -> tuple[int, tuple[tuple[int, int], ...], list[int]]:
    """The most that a seat can be worth; the shared residents kept in the best content, and the room they leave.

    With `shut` nothing stands there but residents: no pattern where none is an owner.
    """
    part = [-(-rewards[resident.place] // resident.width) for resident in seat.residents]
    own = [value for r, value in zip(seat.residents, part, strict=True) if r.item is None]
    anything = [] if shut and not own else [capacity + max(own, default=0)]
    shared = [(k, r.item, r.count) for k, r in enumerate(seat.residents) if r.item is not None]
    value, times, room = knapsack.extend(table, [(item, most, coverage[item] + part[k]) for k, item, most in shared])
    chosen = tuple((k, n) for (k, _, _), n in zip(shared, times, strict=True) if n)
    return max([value, *anything]), chosen, room
