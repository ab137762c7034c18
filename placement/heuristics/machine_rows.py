"""Machines as rows of arrays that grow: what is free on each, what copies take of it, and which copies it holds."""

import numpy as np

from placement.arrays import Bools, Ints
from placement.compiled.fleet import Fleet, FleetOption
from placement.compiled.packing import Seat
from placement.units import WHOLE_SHARE

_BY_ACCELERATOR = ("free_memory", "ranked", "share", "users")
_FIRST_ROWS = 64
_MANY = 2**30  # copies: as many as memory that none of them needs


class MachineRows:
    """Rows of machines, each of a pool; new ones are empty.

    `rows`: number of rows; arrays below are longer, only ``[:rows]`` counts.
    `full_memory`: (P, K) what an empty machine of a pool has.
    `seats`, `kinds`: per row, the copies on it; and component -> copies on it.
    """

    pool: Ints  # (M,) the row's pool
    instance: Ints  # (M,) its running instance, or -1
    free_memory: Ints  # (M, K) MiB that shared copies may still take on each accelerator; -1: a copy owns it, or none
    ranked: Ints  # (M, K) that, largest first: ``ranked[m, g - 1] >= n`` where g accelerators have n MiB each
    share: Ints  # (M, K) thousandths free
    users: Ints  # (M, K) copies on each accelerator
    vacant: Ints  # (M,) accelerators without any
    vcpus: Ints  # (M,) free milli-vCPU
    host: Ints  # (M,) free MiB
    busy: Bools  # (M,) whether the row is in use or must be paid for
    cordoned: Bools  # (M,) whether only residents may stand there
    owner: Ints  # (M,) the dedicated component that has the row, -1 without one

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
        size = max(_FIRST_ROWS, 2 * len(fleet.instances))
        for name, empty in self.ARRAYS.items():
            setattr(self, name, np.full((size, self.width) if name in _BY_ACCELERATOR else size, empty))

    # What stands in each where nothing is said of a row.
    ARRAYS = (
        dict.fromkeys(("pool", "share", "users", "vacant", "vcpus", "host"), np.int64(0))
        | dict.fromkeys(("instance", "free_memory", "ranked", "owner"), np.int64(-1))
        | dict.fromkeys(("busy", "cordoned"), np.False_)
    )

    def reserve(self, more: int) -> None:
        n = self.rows
        if n + more > len(self.pool):
            for name, empty in self.ARRAYS.items():
                old = getattr(self, name)
                setattr(self, name, np.full((max(2 * n, n + more), *old.shape[1:]), empty))
                getattr(self, name)[:n] = old[:n]

    def append(self, p: int) -> int:
        """One more row of a pool, new and empty."""
        self.append_all(np.array([p]))
        return self.rows - 1

    def append_all(self, pools: Ints) -> None:
        """Rows of these pools, new and empty."""
        count, first = len(pools), self.rows
        self.reserve(count)
        self.rows += count
        rows, shapes = slice(first, self.rows), [self.fleet.pools[p].shape for p in pools.tolist()]
        accelerators = np.array([shape.accelerators for shape in shapes], dtype=np.int64)
        self.pool[rows] = pools
        self.free_memory[rows] = self.ranked[rows] = self.full_memory[pools]
        self.share[rows] = np.where(np.arange(self.width) < accelerators[:, None], WHOLE_SHARE, 0)
        self.vacant[rows] = accelerators
        self.vcpus[rows] = [shape.vcpus for shape in shapes]
        self.host[rows] = [shape.host_mib for shape in shapes]
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

    # -- what is free

    def strike_out_full(self, mode: FleetOption, ok: Bools) -> None:
        """Strike out of `ok` (rows,) the machines that have too little free for one more copy. O(rows)."""
        n, g = self.rows, mode.accelerators
        if g > self.width:
            ok[:] = False
        elif g and mode.shared:
            ok &= self.ranked[:n, g - 1] >= mode.memory_mib
            if mode.share:
                rows = ok.nonzero()[0]
                enough = (self.free_memory[rows] >= mode.memory_mib) & (self.share[rows] >= mode.share)
                ok[rows] = enough.sum(axis=1) >= g
        elif g:
            ok &= self.vacant[:n] >= g
        if mode.vcpus:
            ok &= self.vcpus[:n] >= mode.vcpus
        if mode.host_mib:
            ok &= self.host[:n] >= mode.host_mib

    def has_host(self, mode: FleetOption, m: int) -> bool:
        """Whether row m has the vCPUs and the host memory of one more copy."""
        return self.vcpus.item(m) >= mode.vcpus and self.host.item(m) >= mode.host_mib

    def choose(self, mode: FleetOption, m: int, *, level: bool) -> tuple[int, ...] | None:
        """Accelerators of row m for one more copy, None when too few have room. O(K log K).

        Those with the least room that is enough (best fit), lowest index first among equals; with `level` those with
        the most room.
        """
        g = mode.accelerators
        if g == 0:
            return ()
        if not mode.shared:
            if self.vacant[m] < g:
                return None
            users = self.users[m, : self.fleet.pools[self.pool.item(m)].shape.accelerators].tolist()
            return tuple([k for k, n in enumerate(users) if not n][:g])
        need = mode.memory_mib
        if mode.share:
            shares = self.share[m].tolist()
            rooms = [
                (r, k) for k, r in enumerate(self.free_memory[m].tolist()) if r >= need and shares[k] >= mode.share
            ]
        else:
            rooms = [(r, k) for k, r in enumerate(self.free_memory[m].tolist()) if r >= need]
        if len(rooms) < g:
            return None
        if g == 1:
            return (min(rooms)[1],)
        rooms.sort()
        return tuple(sorted(k for _, k in (rooms[-g:] if level else rooms[:g])))

    def can_take(self, mode: FleetOption, m: int, accelerators: tuple[int, ...]) -> bool:
        """Whether one more copy can have exactly those accelerators of row m."""
        there = self.fleet.pools[self.pool.item(m)].shape.accelerators
        if len(accelerators) != mode.accelerators or max(accelerators, default=-1) >= there:
            return False
        if not mode.shared:
            users = self.users[m].tolist()
            return not any(users[k] for k in accelerators)
        free_memory, share = self.free_memory[m].tolist(), self.share[m].tolist()
        return all(free_memory[k] >= mode.memory_mib and share[k] >= mode.share for k in accelerators)

    def most_copies(self, mode: FleetOption, m: int) -> int:
        """Most copies that the accelerators of row m take: the greatest n with sum min(cap, n) >= g n.

        That so many can be dealt, each to distinct accelerators, is the Gale-Ryser theorem for rows of equal sums.
        """
        caps = []
        for free_memory, share in zip(self.free_memory[m].tolist(), self.share[m].tolist(), strict=True):
            by_memory = free_memory // mode.memory_mib if mode.memory_mib else (_MANY if free_memory >= 0 else 0)
            caps.append(max(0, min(by_memory, share // mode.share if mode.share else _MANY)))
        n = sum(caps) // mode.accelerators
        while n and sum(min(cap, n) for cap in caps) < mode.accelerators * n:
            n = sum(min(cap, n) for cap in caps) // mode.accelerators
        return n

    # -- what a copy takes

    def take(self, mode: FleetOption, seat: Seat, m: int) -> None:
        """Note a copy on row m, which has room for it. O(K log K)."""
        self.seats[m].append(seat)
        self._note(mode, seat, m, 1)

    def give_back(self, mode: FleetOption, seat: Seat, m: int) -> None:
        """Note that a copy equal to `seat` has left row m. O(K log K + copies there)."""
        self.seats[m].remove(seat)
        self._note(mode, seat, m, -1)

    def _note(self, mode: FleetOption, seat: Seat, m: int, copies: int) -> None:
        """One copy more on row m, or one fewer.

        `item` is a plain integer: reading and writing it takes a third of what arithmetic on elements of arrays takes.
        """
        here, c = self.kinds[m], seat.component
        here[c] = here.get(c, 0) + copies
        if not here[c]:
            del here[c]
        self.vcpus[m] = self.vcpus.item(m) - copies * mode.vcpus
        self.host[m] = self.host.item(m) - copies * mode.host_mib
        if not seat.accelerators:
            return
        free_memory, share, users = self.free_memory[m], self.share[m], self.users[m]
        for k in seat.accelerators:
            before = users.item(k)
            users[k] = after = before + copies
            if not before or not after:
                self.vacant[m] -= copies
            if mode.shared:
                free_memory[k] = free_memory.item(k) - copies * mode.memory_mib
                share[k] = share.item(k) - copies * mode.share
            else:
                free_memory[k] = -1 if after else self.full_memory[self.pool.item(m), k]
        ascending = free_memory.copy()
        ascending.sort()
        self.ranked[m] = ascending[::-1]
