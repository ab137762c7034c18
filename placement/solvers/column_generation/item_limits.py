"""How many unassigned copies there can be of each item of the pattern LP: no accelerator holds more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.patterns.formulation import Relaxation


class ItemLimits:
    """The limits of one relaxation, from copies by component and by mode.

    A copy on several accelerators touches each of them once. An item may be a copy of several components, each by
    several modes: its *users* here are pairs of item and component.
    """

    def __init__(self, relaxation: Relaxation) -> None:
        """O(modes)."""
        sizes = [len(device_class.items) for device_class in relaxation.device_classes]
        self._ends = np.cumsum(sizes)
        first = self._ends - sizes
        users: dict[tuple[int, int], int] = {}
        self._modes, user_of = [], []
        for w, mode in enumerate(relaxation.modes):
            if mode.device_class is not None and mode.item is not None:
                self._modes.append(w)
                user_of.append(
                    users.setdefault((int(first[mode.device_class]) + mode.item, mode.component), len(users))
                )
        self._user_of = np.array(user_of, dtype=np.int64)
        self._item = np.array([item for item, _ in users], dtype=np.int64)
        self._component = np.array([c for _, c in users], dtype=np.int64)
        self._whole = np.array(
            [n for device_class in relaxation.device_classes for n in device_class.knapsack.limits], dtype=np.int64
        )

    def of(self, unassigned: Sequence[int], most: Sequence[float]) -> list[list[int]]:
        """By device class and item, when so many copies of each component are out and each mode may have so many."""
        may = np.bincount(self._user_of, np.asarray(most, dtype=float)[self._modes], len(self._item))
        copies = np.floor(np.minimum(np.asarray(unassigned, dtype=float)[self._component], may))
        limits = np.minimum(np.bincount(self._item, copies, len(self._whole)), self._whole).astype(np.int64)
        return [part.tolist() for part in np.split(limits, self._ends[:-1])]
