r"""Moves that no plan avoids because a machine holds more than it has room for.

State is no rule: copies may run today where they do not fit together, as when they grew. Of the copies on one machine
that may stay there, some must then leave, and those left must fit. The least that must leave is a covering problem:
take copies off until each resource that is over is within its room,

.. math:: \min \sum_k w_k x_k \quad \text{s.t.} \quad \sum_k a_{rk} x_k \ge b_r \ \forall r, \qquad 0 \le x_k \le n_k,

over kinds of copies k, :math:`n_k` of each. Resources are the host's, all accelerators' memory together, and memory,
share and ownership of each accelerator where it is known who stands there. It is solved exactly by depth-first search
over kinds, bounded by the best single resource's `fractional_cover`; on the machines we know of it takes a few nodes. A
machine that takes more than `nodes` gets that bound instead.

A copy that leaves is a move where its component needs all copies that run; others may just stop, and weigh nothing. A
plan may leave a machine altogether: then all leave, which is no less. Machines are independent, so the sum over all of
them is a bound, beside one on the price of machines: of moves for any other reason it says nothing.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from placement.bounds.fractional_cover import cheapest_cover
from placement.bounds.parameters import OverloadParameters as _PARAMS
from placement.compiled.fleet import Fleet, Shape
from placement.units import WHOLE_SHARE

RELAXES = (
    "moves, but off machines that may not hold so many copies of the component, or have no room for all they hold; "
    "where copies that leave find room"
)


@dataclass(frozen=True, slots=True)
class Overload:
    """What must leave one machine.

    `leave`: (place, copies) that may leave so that the rest fits, the fewest moves, then the fewest and smallest
        copies; empty where the search was cut short.
    """

    instance: int  # the machine
    least: int  # moves by it, at least
    ticks: int  # what they cost, at least
    leave: tuple[tuple[int, int], ...]


def overloads(fleet: Fleet) -> list[Overload]:
    """Machines that hold more than fits, and what must leave each. O(places) where none is over."""
    on: dict[int, list[int]] = defaultdict(list)
    for k, place in enumerate(fleet.places):
        instance = fleet.instances[place.instance]
        if instance.pool in fleet.components[place.component].options[place.option].pools:
            on[place.instance].append(k)
    running: Counter[int] = Counter()
    for place in fleet.places:
        running[place.component] += place.count
    # Of a part of a fleet only some of the copies that stand there are its own: the others are no moves of it.
    own = {c for c, n in running.items() if n <= fleet.running[c] <= fleet.components[c].required}
    found = (_overload(fleet, i, places, own) for i, places in on.items())
    return [overload for overload in found if overload is not None]


def overload_ticks(fleet: Fleet) -> int:
    """Ticks that any plan pays for moves off machines that are over, beside those that `least_moves` counts."""
    return sum(overload.ticks for overload in overloads(fleet))


def overload_moves(fleet: Fleet) -> int:
    """How many moves that are, at least."""
    return sum(overload.least for overload in overloads(fleet))


class _OverRow(NamedTuple):
    """A resource that is over: by how much, and what one copy of each place takes of it."""

    over: int
    needs: tuple[int, ...]


class _Kind(NamedTuple):
    """Copies of one place: how many may leave, what one weighs, and what it frees of each row."""

    place: int
    copies: int
    weight: int
    frees: tuple[int, ...]


def _overload(fleet: Fleet, i: int, places: Sequence[int], own: set[int]) -> Overload | None:
    shape = fleet.pools[fleet.instances[i].pool].shape
    rows = [row for row in _rows(fleet, shape, places) if row.over > 0]
    if not rows:
        return None
    counted = _counted_elsewhere(fleet, places)
    moves, ticks, over = [], [], tuple(row.over for row in rows)
    for n, k in enumerate(places):
        place, frees = fleet.places[k], tuple(row.needs[n] for row in rows)
        component = fleet.components[place.component]
        needed = place.component in own and place.component not in counted
        moves.append(_Kind(k, place.count, int(needed), frees))
        ticks.append(_Kind(k, place.count, fleet.tick_move * component.move_cost if needed else 0, frees))
    least, leave = _cheapest_cover(moves, over)
    paid, _ = (0, ()) if not any(kind.weight for kind in ticks) else _cheapest_cover(ticks, over)
    return Overload(i, least, paid, leave)


def _counted_elsewhere(fleet: Fleet, places: Sequence[int]) -> set[int]:
    """Components with more copies here than `max_per_instance`: `least_moves` counts some that leave."""
    here: Counter[int] = Counter()
    for k in places:
        here[fleet.places[k].component] += fleet.places[k].count
    caps = {c: fleet.components[c].max_per_instance for c in here}
    return {c for c, cap in caps.items() if cap is not None and here[c] > cap}


def _rows(fleet: Fleet, shape: Shape, places: Sequence[int]) -> Iterator[_OverRow]:
    """What all copies take of the machine, then of each accelerator."""
    residents = [fleet.places[k] for k in places]
    options = [fleet.components[place.component].options[place.option] for place in residents]
    counts = [place.count for place in residents]

    def row(room: int, needs: Iterable[int]) -> _OverRow:
        taken = tuple(needs)
        return _OverRow(sum(n * count for n, count in zip(taken, counts, strict=True)) - room, taken)

    yield row(shape.vcpus, (option.vcpus for option in options))
    yield row(shape.host_mib, (option.host_mib for option in options))
    memory = [option.memory_mib if option.shared else shape.memory_mib for option in options]
    share = [option.share if option.shared else WHOLE_SHARE for option in options]
    for each, room in ((memory, max(0, shape.memory_mib)), (share, WHOLE_SHARE)):
        wide = (n * option.accelerators for n, option in zip(each, options, strict=True))
        yield row(room * shape.accelerators, wide)
    for a in sorted({a for place in residents for a in place.accelerators or ()}):
        here = [a in (place.accelerators or ()) for place in residents]
        for each, room in ((memory, max(0, shape.memory_mib)), (share, WHOLE_SHARE)):
            yield row(room, (n if there else 0 for n, there in zip(each, here, strict=True)))
        # An owner weighs as much as all, and stands with nobody.
        alone = sum(count for count, there in zip(counts, here, strict=True) if there)
        weights = zip(options, here, strict=True)
        yield row(alone, (0 if not there else 1 if option.shared else alone for option, there in weights))


def _cheapest_cover(kinds: Sequence[_Kind], over: tuple[int, ...]) -> tuple[int, tuple[tuple[int, int], ...]]:
    """The least weight that frees what is over, and copies that do, of equal weight the fewest, then the smallest.

    Where the search is cut short: the best single row's bound, and nobody.
    """
    search = _CoverSearch(
        sorted((kind for kind in kinds if any(kind.frees)), key=lambda kind: (kind.weight, kind.frees))
    )
    search.run(0, over, [], 0)
    if search.nodes > _PARAMS.nodes or search.best is None:
        return search.bound(0, over), ()
    count: Counter[int] = Counter(search.kinds[k].place for k in search.best[3])
    return search.best[0], tuple(sorted(count.items()))


class _CoverSearch:
    """Depth-first search: one copy after the other leaves, kinds in order."""

    def __init__(self, kinds: list[_Kind]) -> None:
        self.kinds = kinds
        self.best: tuple[int, int, int, tuple[int, ...]] | None = None  # weight, copies, what they free, who
        self.nodes = 0
        self._left = [kind.copies for kind in kinds]

    def run(self, first: int, over: tuple[int, ...], chosen: list[int], weight: int) -> None:
        """All ways to take copies of the kinds from `first` on, that may be better than the best."""
        self.nodes += 1
        if self.nodes > _PARAMS.nodes:
            return
        if all(amount <= 0 for amount in over):
            freed = sum(sum(self.kinds[k].frees) for k in chosen)
            found = (weight, len(chosen), freed, tuple(chosen))
            if self.best is None or found < self.best:
                self.best = found
            return
        if self.best is not None and (weight + self.bound(first, over), len(chosen) + 1) > self.best[:2]:
            return
        for k in range(first, len(self.kinds)):
            kind = self.kinds[k]
            if self._left[k] and any(amount > 0 < free for amount, free in zip(over, kind.frees, strict=True)):
                self._left[k] -= 1
                less = tuple(amount - free for amount, free in zip(over, kind.frees, strict=True))
                self.run(k, less, [*chosen, k], weight + kind.weight)
                self._left[k] += 1

    def bound(self, first: int, over: tuple[int, ...]) -> int:
        """The largest of the rows' fractional covers by kinds from `first` on, rounded up."""
        return max((self._row_bound(r, first, amount) for r, amount in enumerate(over) if amount > 0), default=0)

    def _row_bound(self, r: int, first: int, amount: int) -> int:
        offers = [
            (kind.weight, kind.frees[r], self._left[k])
            for k, kind in enumerate(self.kinds[first:], first)
            if kind.frees[r] and self._left[k]
        ]
        return math.ceil(cheapest_cover(amount, offers)[0])
