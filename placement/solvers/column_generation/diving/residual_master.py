"""The pattern LP with spaces: accelerators that are filled in part hold contents, as whole ones hold patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import highspy
import numpy as np

from placement.patterns.formulation import volumes
from placement.patterns.master import PatternProgram

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from placement.patterns.certificate import Prices
    from placement.patterns.formulation import Relaxation
    from placement.patterns.master import Duals
    from placement.solvers.column_generation.diving.residual_capacity import Content, Rooms, Space, Spaces

_INF = highspy.kHighsInf
_SOME = 1e-7


class SpaceProgram(PatternProgram):
    """The pattern program of a relaxation, with a row for each space beside its machines."""

    def __init__(self, relaxation: Relaxation, paid: float | None = None) -> None:
        """O(modes); there are no spaces yet."""
        super().__init__(relaxation, paid=paid)
        self._space: dict[Space, int] = {}  # their rows
        self._contents: dict[Content, int] = {}  # their columns
        self._size = {pool.index: volumes(relaxation.fleet, pool.index) for pool in relaxation.fleet.pools}

    def offer(self, spaces: Spaces) -> list[Space]:
        """Let the program have these spaces, and no others; their machines' volumes too. Returns those new to it."""
        self._primal = False
        new = [space for space in spaces.places if space not in self._space]
        for space in new:
            self._space[space] = self._later_row(0.0)
        free, vacancies = spaces.volumes(), spaces.vacancies()
        supply = {row: float(len(spaces.places.get(space, ()))) for space, row in self._space.items()}
        supply |= {row: free.get((p, r), 0.0) / self._size[p][r] for (p, r), row in self._volume.items()}
        supply |= {row: float(vacancies[key]) for key, row in self._on_one.items()}
        for row, amount in supply.items():
            self._solver.changeRowBounds(row, -amount, _INF)
        return new

    def cap_zones(self, most: Mapping[int, Sequence[int]]) -> None:
        """Ask for no least of some components in each zone, and at most so many more; after `ask_for`."""
        for (c, z), row in self._zone.items():
            if c in most:
                self._solver.changeRowBounds(row, 0.0, float(most[c][z]))

    def add_contents(self, found: Iterable[tuple[Space, dict[int, int]]]) -> int:
        """Add contents of spaces that are offered; says how many were new."""
        new: list[tuple[int, int, Mapping[int, int]]] = []
        for space, content in found:
            key = (space, tuple(sorted(content.items())))
            if content and key not in self._contents:
                self._contents[key] = self._solver.getNumCol() + len(new)
                new.append((self._space[space], space[0], content))
        self._add(new)
        return len(new)

    def allow_contents(self, limits: Sequence[Sequence[int]], banned: Collection[Content]) -> None:
        """Allow contents with at most so many of each item, by device class, that are not banned."""
        self._primal = False
        most = [
            0.0 if key in banned or any(times > limits[key[0][0]][i] for i, times in key[1]) else _INF
            for key in self._contents
        ]
        columns = np.array(list(self._contents.values()), dtype=np.int32)
        self._solver.changeColsBounds(len(columns), columns, np.zeros(len(columns)), np.array(most))

    def improve_contents(self, duals: Duals, prices: Prices, rooms: Rooms) -> int:
        """Price the contents of spaces, one table a device class; says how many better ones were added."""
        found = []
        for knapsack, spaces in rooms:
            best = knapsack.best_patterns(prices.coverage[spaces[0][0]], [room for _, room in spaces])
            found += [(space, content) for space, (_, content) in zip(spaces, best, strict=True)]
        return self.add_contents(
            (space, content)
            for space, content in found
            if self._holds_more(duals, self._space[space], space[0], content)
        )

    def held(self) -> dict[Content, float]:
        """Spaces by content in the last solution, none of 0."""
        values = self._solver.getSolution().col_value
        return {key: values[column] for key, column in self._contents.items() if values[column] > _SOME}
