"""How many copies of each item of the pattern LP there can be, of what is out: no accelerator holds more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.patterns.formulation import Relaxation


class ItemLimits:
    """The limits of one relaxation, from copies by component and by way.

    A copy on several accelerators touches each of them once. An item may be a copy of several components, each by
    several ways: its *users* here are pairs of item and component.
    """

    def __init__(self, relaxation: Relaxation) -> None:
        """O(ways)."""
        sizes = [len(kind.items) for kind in relaxation.kinds]
        self._ends = np.cumsum(sizes)
        first = self._ends - sizes
        users: dict[tuple[int, int], int] = {}
        self._ways, user_of = [], []
        for w, way in enumerate(relaxation.ways):
            if way.kind is not None and way.item is not None:
                self._ways.append(w)
                user_of.append(users.setdefault((int(first[way.kind]) + way.item, way.component), len(users)))
        self._user_of = np.array(user_of, dtype=np.int64)
        self._item = np.array([item for item, _ in users], dtype=np.int64)
        self._component = np.array([c for _, c in users], dtype=np.int64)
        self._whole = np.array([n for kind in relaxation.kinds for n in kind.knapsack.limits], dtype=np.int64)

    def of(self, out: Sequence[int], most: Sequence[float]) -> list[list[int]]:
        """By kind and item, when so many copies of each component are out and each way may have so many of them."""
        may = np.bincount(self._user_of, np.asarray(most, dtype=float)[self._ways], len(self._item))
        copies = np.floor(np.minimum(np.asarray(out, dtype=float)[self._component], may))
        limits = np.minimum(np.bincount(self._item, copies, len(self._whole)), self._whole).astype(np.int64)
        return [part.tolist() for part in np.split(limits, self._ends[:-1])]
