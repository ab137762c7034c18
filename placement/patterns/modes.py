"""Ways in which copies may run, one by one and as arrays, so that all of them are priced at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from placement.arrays import Ints

Whole = NDArray[np.object_]  # integers of any size


@dataclass(frozen=True, slots=True)
class Mode:
    """One component by one option on one pool.

    `item` (of `device_class`) is what one copy puts on each of `touches` accelerators; `owns` accelerators are the
    copy's alone, in no pattern. `parts`: a copy of a dedicated component takes one of so many parts of a machine; else
    0. `mean` is how many stand on one machine on average when machines are whole, at most `parts`: the LP's guess, no
    proof rests on it.
    """

    component: int
    option: int
    pool: int
    zone: int
    device_class: int | None
    item: int | None
    touches: int
    owns: int
    usage: tuple[int, ...]
    throughput: int
    parts: int = 0
    mean: float = 0.0


@dataclass(frozen=True, slots=True)
class Uses:
    """Of one thing that modes take: which modes (N,), which one of it (N,), and how much of that (N,)."""

    modes: Ints
    of: Ints
    amounts: Whole

    @classmethod
    def listed(cls, uses: Sequence[tuple[int, int, int]]) -> Uses:
        """From rows (mode, of, amount)."""
        modes, of, amounts = (list(column) for column in zip(*uses, strict=True)) if uses else ([], [], [])
        return cls(np.array(modes, dtype=np.int64), np.array(of, dtype=np.int64), np.array(amounts, dtype=object))

    def charge(self, values: Whole, prices: Sequence[int]) -> None:
        """Add what each mode takes, at the prices of each, to the values (modes,). O(N); nothing where all is free."""
        if len(self.modes) and any(prices):
            values[self.modes] += np.array(prices, dtype=object)[self.of] * self.amounts


@dataclass(frozen=True, slots=True)
class ModeArrays:
    """What a copy by each mode takes."""

    modes: int  # how many there are
    ends: tuple[int, ...]  # (C + 1,) the first mode of each component, and the end of the last
    owned: Uses  # accelerators of a device class that are the copy's alone
    items: Uses  # times an item, of those of all device classes one after the other
    volumes: tuple[Uses, ...]  # of each resource, by pool
    # (mode, pool, parts) of copies that take one of so many parts of a machine, and nothing else.
    parts: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, modes_of: Sequence[Sequence[Mode]], items: Sequence[int]) -> ModeArrays:
        """Of the modes by component, and how many items each device class has. O(modes)."""
        modes = [mode for of_component in modes_of for mode in of_component]
        first = np.cumsum([0, *items]).tolist()
        whole = [(w, mode) for w, mode in enumerate(modes) if not mode.parts]
        in_class = [(w, mode, mode.device_class) for w, mode in whole if mode.device_class is not None]
        resources = range(len(modes[0].usage) if modes else 0)
        return cls(
            modes=len(modes),
            ends=tuple(np.cumsum([0, *map(len, modes_of)]).tolist()),
            owned=Uses.listed([(w, q, mode.owns) for w, mode, q in in_class if mode.owns]),
            items=Uses.listed(
                [(w, first[q] + mode.item, mode.touches) for w, mode, q in in_class if mode.item is not None]
            ),
            volumes=tuple(Uses.listed([(w, m.pool, m.usage[r]) for w, m in whole if m.usage[r]]) for r in resources),
            parts=tuple((w, mode.pool, mode.parts) for w, mode in enumerate(modes) if mode.parts),
        )
