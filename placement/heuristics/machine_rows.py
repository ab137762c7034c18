"""Machines as rows of arrays that grow: what is free on each, and which copies it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from placement.units import WHOLE_SHARE

if TYPE_CHECKING:
    import numpy.typing as npt

    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Seat

    Ints = npt.NDArray[np.int64]

_FIRST_ROWS = 64


class MachineRows:
    """Rows of machines, each of a pool; new ones are empty.

    Attributes
    ----------
    rows : number of rows; arrays below are longer, only ``[:rows]`` counts.
    pool, instance : (M,) the row's pool, and its running instance or -1.
    free_memory : (M, K) MiB that shared copies may still take on each accelerator; -1 where a copy owns it or there is
        none. full_memory : (P, K) what an empty machine of a pool has.
    ranked : (M, K) `free_memory`, largest first: ``ranked[m, g - 1] >= n`` says whether g accelerators have n MiB each.
    share : (M, K) thousandths free. users : (M, K) copies on each accelerator. vacant : (M,) accelerators without any.
    vcpus, host : (M,) free milli-vCPU and MiB.
    busy : (M,) whether the row is in use or must be paid for. cordoned : (M,) whether only residents may stand there.
    owner : (M,) the dedicated component that has the row, -1 without one.
    seats : per row, the copies on it. kinds : per row, component -> copies on it.
    """

    pool: Ints
    instance: Ints
    free_memory: Ints
    ranked: Ints
    share: Ints
    users: Ints
    vacant: Ints
    vcpus: Ints
    host: Ints
    busy: npt.NDArray[np.bool_]
    cordoned: npt.NDArray[np.bool_]
    owner: Ints

    def __init__(self, fleet: Fleet) -> None:
        """No rows; O(pools)."""
        self.fleet = fleet
        self.width = max([1, *(pool.shape.accelerators for pool in fleet.pools)])
        self.full_memory = np.full((len(fleet.pools), self.width), -1, dtype=np.int64)
        for p, pool in enumerate(fleet.pools):
            self.full_memory[p, : pool.shape.accelerators] = pool.shape.memory_mib
        self.rows = 0
        self.seats: list[list[Seat]] = []
        self.kinds: list[dict[int, int]] = []
        self._allocate(max(_FIRST_ROWS, 2 * len(fleet.instances)))

    def _allocate(self, size: int) -> None:
        self.pool = np.zeros(size, dtype=np.int64)
        self.instance = np.full(size, -1, dtype=np.int64)
        self.free_memory = np.full((size, self.width), -1, dtype=np.int64)
        self.ranked = np.full((size, self.width), -1, dtype=np.int64)
        self.share = np.zeros((size, self.width), dtype=np.int64)
        self.users = np.zeros((size, self.width), dtype=np.int64)
        self.vacant = np.zeros(size, dtype=np.int64)
        self.vcpus = np.zeros(size, dtype=np.int64)
        self.host = np.zeros(size, dtype=np.int64)
        self.busy = np.zeros(size, dtype=np.bool_)
        self.cordoned = np.zeros(size, dtype=np.bool_)
        self.owner = np.full(size, -1, dtype=np.int64)  # the dedicated component that has the row, -1 without one

    ARRAYS = (
        *("pool", "instance", "free_memory", "ranked", "share", "users", "vacant"),
        *("vcpus", "host", "busy", "cordoned", "owner"),
    )

    def reserve(self, more: int) -> None:
        """Make room for so many more rows."""
        n = self.rows
        if n + more > len(self.pool):
            old = {name: getattr(self, name) for name in self.ARRAYS}
            self._allocate(max(2 * n, n + more))
            for name, values in old.items():
                getattr(self, name)[:n] = values[:n]

    def append(self, p: int) -> int:
        """One more row of a pool, new and empty."""
        m = self.rows
        self.reserve(1)
        self.rows += 1
        shape = self.fleet.pools[p].shape
        self.pool[m], self.instance[m] = p, -1
        self.free_memory[m] = self.ranked[m] = self.full_memory[p]
        self.share[m, : shape.accelerators] = WHOLE_SHARE
        self.vacant[m], self.vcpus[m], self.host[m] = shape.accelerators, shape.vcpus, shape.host_mib
        self.seats.append([])
        self.kinds.append({})
        return m

    def append_all(self, pools: Ints) -> None:
        """Rows of these pools, empty; as `append`, all at once."""
        count, first = len(pools), self.rows
        self.reserve(count)
        self.rows += count
        rows, shapes = slice(first, self.rows), [pool.shape for pool in self.fleet.pools]
        accelerators = np.array([shape.accelerators for shape in shapes], dtype=np.int64)[pools]
        self.pool[rows] = pools
        self.free_memory[rows] = self.ranked[rows] = self.full_memory[pools]
        self.share[rows] = np.where(np.arange(self.width) < accelerators[:, None], WHOLE_SHARE, 0)
        self.vacant[rows] = accelerators
        self.vcpus[rows] = np.array([shape.vcpus for shape in shapes], dtype=np.int64)[pools]
        self.host[rows] = np.array([shape.host_mib for shape in shapes], dtype=np.int64)[pools]
        self.seats.extend([] for _ in range(count))
        self.kinds.extend({} for _ in range(count))

    def append_copies(self, m: int, count: int) -> range:
        """So many rows that hold what row m holds."""
        self.reserve(count)
        rows = range(self.rows, self.rows + count)
        self.rows += count
        for name in self.ARRAYS:
            values = getattr(self, name)
            values[rows.start : rows.stop] = values[m]
        self.seats.extend(list(self.seats[m]) for _ in rows)
        self.kinds.extend(dict(self.kinds[m]) for _ in rows)
        return rows
