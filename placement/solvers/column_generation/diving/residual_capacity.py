"""Residual capacity of partly filled accelerators, grouped by class, in units; and the machines that have it.

A *space* is a kind of accelerators and the units that are free on one; accelerators with equal spaces are alike, but
for their machines. A *content* is what may stand there together: copies on one accelerator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.patterns.formulation import RESOURCES
from placement.patterns.grid import fit_grid
from placement.patterns.pricing import Knapsack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from placement.compiled.machine_state import Box, Saved
    from placement.patterns.formulation import Kind, Relaxation

    Space = tuple[int, tuple[int, ...]]  # kind, units that are free
    Place = tuple[Box, int]  # a machine and one of its accelerators
    Rooms = list[tuple[Knapsack, list[Space]]]  # those of one kind
    Content = tuple[Space, tuple[tuple[int, int], ...]]  # (item, times) ascending


class SpaceGrid:
    """Units for one kind: needs rounded up and rooms down, so that what fits does."""

    def __init__(self, kind: Kind) -> None:
        """O(items)."""
        self._grid = fit_grid(kind.room, kind.items, kind.knapsack.limits, up=True)
        self._room = self._grid.room(kind.room)
        self._needs = [self._grid.need(item) for item in kind.items]
        self._least = min((item.memory_mib for item in kind.items), default=0)

    def free(self, box: Box, k: int) -> tuple[int, ...] | None:
        """Units that are free on one accelerator; None where nothing could stand."""
        if box.room[k] < self._least:
            return None
        amounts = (box.room[k], box.share[k], box.vcpus, box.host)
        return self._grid.room([max(0, have) for have in amounts])

    def fits(self, room: Sequence[int], content: Mapping[int, int], full: float = 0.0) -> bool:
        """Whether a content fits into a room, in units, and fills that part of it in some dimension."""
        taken = [sum(times * self._needs[i][r] for i, times in content.items()) for r in range(len(room))]
        if any(n > have for n, have in zip(taken, room, strict=True)):
            return False
        return not room or any(n >= full * have for n, have in zip(taken, room, strict=True))

    def knapsack(self, limits: Sequence[int]) -> Knapsack:
        """All contents with at most so many of each item."""
        return Knapsack(self._room, self._needs, limits)


class Spaces:
    """The machines of a dive, and the places that are open on them."""

    def __init__(self, relaxation: Relaxation) -> None:
        """None yet."""
        self._relaxation = relaxation
        self.grids = [SpaceGrid(kind) for kind in relaxation.kinds]
        self.clear()

    def clear(self) -> None:
        """Reset: no machines."""
        self.boxes: list[Box] = []
        self.places: dict[Space, list[Place]] = {}
        self.wanted: list[tuple[Place, dict[int, int]]] = []  # in the order of the machines
        self._told = 0  # how many of them

    def add(self, box: Box, wanted: Mapping[int, dict[int, int]]) -> None:
        """One more machine, and what is wanted on its accelerators first."""
        self.boxes.append(box)
        for k in range(len(box.room)):
            self.open((box, k))
            if wanted.get(k):
                self.wanted.append(((box, k), wanted[k]))

    def reopen(self) -> None:
        """Look at all machines anew, after wide copies came."""
        self.places = {}
        for box in self.boxes:
            for k in range(len(box.room)):
                self.open((box, k))

    def restore(self, boxes: list[Box], states: Sequence[Saved] = ()) -> None:
        """Have these machines, in these states; what was wanted is forgotten."""
        for box, state in zip(boxes, states, strict=bool(states)):
            box.restore(state)
        self.boxes, self.wanted, self._told = boxes, [], 0
        self.reopen()

    def open(self, place: Place) -> None:
        """Offer what is free on an accelerator, if something could stand there."""
        space = self.space_of(place)
        if space is not None:
            self.places.setdefault(space, []).append(place)

    def close(self, space: Space, place: Place) -> None:
        """Offer it no more."""
        self.places[space].remove(place)
        if not self.places[space]:
            del self.places[space]

    def space_of(self, place: Place) -> Space | None:
        """What is free on an accelerator."""
        box, k = place
        q = self._relaxation.kind_of[box.pool]
        free = self.grids[q].free(box, k)
        return None if free is None else (q, free)

    def knapsacks(self, limits: Sequence[Sequence[int]]) -> Rooms:
        """The spaces by kind, each kind with all contents of at most so many of each item, (kinds, items)."""
        of_kind: dict[int, list[Space]] = {}
        for space in self.places:
            of_kind.setdefault(space[0], []).append(space)
        return [(self.grids[q].knapsack(limits[q]), some) for q, some in of_kind.items()]

    def news(self) -> Iterator[Content]:
        """The contents that are wanted on machines since the last call, if they fit: patterns are rounded down."""
        news, self._told = self.wanted[self._told :], len(self.wanted)
        for place, items in news:
            space = self.space_of(place)
            if space is not None and self.grids[space[0]].fits(space[1], items):
                yield space, tuple(sorted(items.items()))

    def volumes(self) -> dict[tuple[int, int], float]:
        """What the machines have free of each resource, by pool."""
        free: dict[tuple[int, int], float] = {}
        for box in self.boxes:
            amounts = (sum(max(0, have) for have in box.room), sum(box.share), box.vcpus, box.host)
            for r, amount in zip(range(len(RESOURCES)), amounts, strict=True):
                free[box.pool, r] = free.get((box.pool, r), 0.0) + amount
        return free

    def vacancies(self) -> dict[tuple[int, int], int]:
        """How many more copies of a component machines of a pool may hold, where a few fill one."""
        by_pool: dict[int, list[Box]] = {}
        for box in self.boxes:
            by_pool.setdefault(box.pool, []).append(box)
        return {
            (c, p): sum(most - box.counts.get(c, 0) for box in by_pool.get(p, ()))
            for (c, p), most in self._relaxation.on_one.items()
        }
