"""A plan under construction: what is free on every machine, in arrays that answer "where does this copy fit?" at once.

Rows are machines: the running instances first (row = instance index), then machines rented anew; a rented machine that
becomes empty is reused. Only *busy* rows (those that hold copies, or can't be released) take part in `fits`; an idle
row is brought into use by `rent`. Every change is journalled, so a trial can be undone with `rollback`.

The workspace keeps the rules of one machine at each step (memory, share, ownership, host, caps, dedicated, avoid,
cordons, quotas). Rules over a whole component (zones, counts, demand, pins) are kept by `compiled.spread` and `check`.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Self

import numpy as np

from placement.arrays import Bools, Ints
from placement.compiled.fleet import Fleet
from placement.compiled.packing import Machine, Packing, Seat, Value
from placement.compiled.survival import cap_per_instance, cap_per_pool
from placement.heuristics.machine_rows import MachineRows
from placement.heuristics.mode_pools import Pools, mode_pools
from placement.heuristics.parameters import HEURISTICS
from placement.heuristics.rented import Rented
from placement.heuristics.running_copies import RunningCopyCounts
from placement.solving.budget import Budget
from placement.solving.steps import count_steps


class Workspace(MachineRows):
    """Mutable state of a plan for `fleet`; starts with nothing placed.

    Attributes
    ----------
    modes, reach : (C,) options of each component, and the pools where each may run.
    where : per component, row -> copies there. running : copies that run now, and moves so far.
    placed, served : (C,) copies, and their throughput. zoned : (C, Z) copies by zone, nested lists.
    rented : machines in use by pool, what they cost, and which may be used beside them.
    budget : when it is over, construction ends with what it has; None for no limit.
    cap_per_instance, cap_per_pool : (C,) copies that one machine, one pool may hold at most; None for no limit.
    pooled : (C,) pool -> copies there, of components that `cap_per_pool` limits.
    stacked : (C,) number of copies -> machines with so many, of components with a floor for the loss of an instance.
    lacking : (C,) what `check.lacking` found; None where copies have come or gone since.
    """

    def __init__(self, fleet: Fleet, like: Self | None = None, budget: Budget | None = None) -> None:
        """O(components x options x pools + instances); less with a workspace of the same fleet to be `like`."""
        super().__init__(fleet)
        self.budget = budget
        self.zone_of = [pool.zone for pool in fleet.pools]
        self.zone_of_pool = np.array(self.zone_of, dtype=np.int64)
        self.modes = [component.options for component in fleet.components]
        self.reach: list[list[Pools]] = mode_pools(fleet) if like is None else like.reach
        self.where: list[dict[int, int]] = [{} for _ in fleet.components]
        self.placed = [0] * len(fleet.components)
        self.served = [0] * len(fleet.components)
        self.zoned = [[0] * len(fleet.zones) for _ in fleet.components]
        self.lacking: list[str | None] = [None] * len(fleet.components)
        self.rented = Rented(fleet)
        self.cap_per_instance = [cap_per_instance(component) for component in fleet.components]
        self.cap_per_pool = [cap_per_pool(component) for component in fleet.components]
        self.pooled: list[dict[int, int]] = [{} for _ in fleet.components]
        self.stacked = [Counter[int]() if c.instance_loss_floor else None for c in fleet.components]
        # Idle rows by pool, the next to be rented last: a dictionary, since any of them may go.
        self._idle: list[dict[int, None]] = [{} for _ in fleet.pools]
        self._journal: list[tuple[bool, int, Seat]] = []
        self._changes = 0  # copies placed and removed so far
        self._conflicts: tuple[tuple[int, int], Ints] = (-1, 0), np.zeros(0, dtype=np.int64)  # of the last asked for
        self._optional = [(c.index, c.level) for c in fleet.components if c.level is not None]
        self._has_dedicated = any(c.dedicated for c in fleet.components)
        self.residents: list[dict[int, int]] = [{} for _ in fleet.components]
        self.running = RunningCopyCounts(fleet)
        self.append_all(np.array([i.pool for i in fleet.instances], dtype=np.int64))
        for i in fleet.instances:
            m = i.index
            self.instance[m], self.cordoned[m] = m, i.cordoned
            if i.cordoned:
                for c, n in i.residents.items():
                    self.residents[c][m] = n
            if not i.removable:
                self._start(m)
            elif not i.cordoned:
                self._idle[i.pool][m] = None
        # Rent takes the last: running machines in their order.
        self._idle = [dict.fromkeys(reversed(rows)) for rows in self._idle]

    # -- what is fixed

    def out_of_time(self) -> bool:
        return self.budget is not None and self.budget.over()

    # -- machines

    def can_rent(self, p: int) -> bool:
        return bool(self.rented.rentable[p])

    def may_use(self, m: int) -> bool:
        """Whether the row is in use, or one more machine of its pool may be."""
        return bool(self.busy[m]) or self.can_rent(int(self.pool[m]))

    def rentals(self, c: int, o: int, zone: int = -1) -> Ints:
        """The pools of which one more machine may be used for copies of c by option o, ascending. O(pools)."""
        pools = self.reach[c][o].of_zone(zone)
        found: Ints = pools[self.may_rent(c)[pools]]
        return found

    def may_rent(self, c: int) -> Bools:
        """(P,) of which pools one more machine may be used for copies of c, as far as quotas, limits and losses go."""
        rentable, most = self.rented.rentable, self.cap_per_pool[c]
        full = () if most is None else [p for p, n in self.pooled[c].items() if n >= most]
        if full:
            rentable = rentable.copy()
            rentable[full] = False
        return rentable

    def rent(self, p: int) -> int:
        """An idle row of the pool, a running machine if there is one; it counts once something is placed on it."""
        return next(reversed(self._idle[p])) if self._idle[p] else self.open_row(p)

    def open_row(self, p: int) -> int:
        """One more row of the pool, idle, beside those that are idle already; it counts once something stands there."""
        m = self.append(p)
        self._idle[p][m] = None
        return m

    def _start(self, m: int) -> None:
        p = int(self.pool[m])
        self.rented.add(p, 1)
        self.busy[m] = True
        self._idle[p].pop(m, None)

    def _stop(self, m: int) -> None:
        if self.is_forced(m):
            return
        p = int(self.pool[m])
        self.rented.add(p, -1)
        self.busy[m] = False
        if not self.cordoned[m]:
            self._idle[p][m] = None

    def alike(self, m: int, most: int) -> int:
        """How many machines like row m, which was just rented, can be opened at once for the same price each.

        None of them when idle machines wait to be used first.
        """
        p = int(self.pool[m])
        if self.instance[m] >= 0 or self._idle[p]:
            return 0
        for c, n in self.kinds[m].items():
            in_pool = self.cap_per_pool[c]
            if in_pool is not None:
                most = min(most, (in_pool - self.pooled[c].get(p, 0)) // n)
        return self.rented.most_alike(p, most)

    def open_alike(self, m: int, count: int) -> None:
        """Open `count` new machines that hold what row m holds; `alike` must have said that it can. O(copies)."""
        p, seats = int(self.pool[m]), self.seats[m]
        rows = self.append_copies(m, count)
        self.rented.add(p, count)
        for c, n in self.kinds[m].items():
            self.where[c].update(dict.fromkeys(rows, n))
            self._stack(c, 0, n, count)
        for seat, n in Counter(Seat(c, o, ()) for c, o, _ in seats).items():
            self._count(seat, rows[0], count * n)
        self._journal.extend((True, row, seat) for row in rows for seat in seats)

    def is_forced(self, m: int) -> bool:
        """Whether the row is paid for even when empty, because its instance can't be released."""
        i = int(self.instance[m])
        return i >= 0 and not self.fleet.instances[i].removable

    # -- what fits

    def fits(self, c: int, o: int, zone: int = -1, pools: Bools | None = None) -> Bools:
        """(rows,) which busy machines can take one more copy of c by option o, in `zone` (-1: any). O(rows).

        With `pools` (P,) only machines of these.
        """
        mode, n = self.modes[c][o], self.rows
        allowed = self.reach[c][o].allowed_in(zone)
        ok: Bools = (allowed if pools is None else allowed & pools)[self.pool[:n]]
        ok &= self.busy[:n]
        ok &= ~self.cordoned[:n]
        self.strike_out_full(mode, ok)
        self._without_conflicts(c, ok)
        for m in self.residents[c]:
            p = int(self.pool[m])
            here = zone in (-1, self.zone_of[p]) and (pools is None or bool(pools[p]))
            ok[m] = here and bool(self.busy[m]) and self.seat_on(c, o, m) is not None
        return ok

    def busy_rows(self, c: int, o: int, zone: int = -1) -> Ints:
        """Machines in use, full or not, where copies of c by option o may run, ascending. O(rows)."""
        pools = self.pool[: self.rows]
        rows: Ints = np.flatnonzero(self.reach[c][o].allowed[pools] & self.busy[: self.rows])
        return rows if zone == -1 else rows[self.zone_of_pool[pools[rows]] == zone]

    def _without_conflicts(self, c: int, ok: Bools) -> None:
        """Strike out rows where another component, or the cap per instance, keeps c away."""
        component = self.fleet.components[c]
        if self._has_dedicated:
            owner = self.owner[: self.rows]
            ok &= (owner == -1) | (owner == c)
        if component.dedicated:
            for m in np.flatnonzero(ok).tolist():
                if self.kinds[m] and (len(self.kinds[m]) > 1 or c not in self.kinds[m]):
                    ok[m] = False
        cap = self.cap_per_instance[c]
        if component.avoids or cap is not None:
            rows = self._conflicting(c)
            if len(rows):
                ok[rows] = False
            if cap == 0:
                ok[:] = False
        in_pool = self.cap_per_pool[c]
        for p in () if in_pool is None else [p for p, count in self.pooled[c].items() if count >= in_pool]:
            ok &= self.pool[: self.rows] != p

    def _conflicting(self, c: int) -> Ints:
        """Rows where a component to be avoided stands, or as many copies of c as may; the same for all its options."""
        if self._conflicts[0] != (c, self._changes):
            rows: list[int] = []
            for other in self.fleet.components[c].avoids:
                rows.extend(self.where[other])
            cap = self.cap_per_instance[c]
            if cap is not None:
                rows.extend(m for m, count in self.where[c].items() if count >= cap)
            self._conflicts = (c, self._changes), np.array(rows, dtype=np.int64)
        return self._conflicts[1]

    def welcomes(self, c: int, m: int) -> bool:
        """Whether caps, cordons, dedication and `avoid` let one more copy of c stand on row m."""
        component, here = self.fleet.components[c], self.kinds[m]
        cap, in_pool = self.cap_per_instance[c], self.cap_per_pool[c]
        if cap is not None and here.get(c, 0) >= cap:
            return False
        if in_pool is not None and self.pooled[c].get(int(self.pool[m]), 0) >= in_pool:
            return False
        if self.cordoned.item(m) and here.get(c, 0) >= self.residents[c].get(m, 0):
            return False
        if here and not (len(here) == 1 and c in here):
            if component.dedicated or self.owner[m] not in (-1, c):
                return False
            if component.avoids and any(other in here for other in component.avoids):
                return False
        return True

    def seat_on(self, c: int, o: int, m: int, *, level: bool = False) -> tuple[int, ...] | None:
        """Accelerators for one more copy on row m, busy or not; None when it can't stand there. O(K log K).

        The tightest are taken, or with `level` the roomiest.
        """
        mode = self.modes[c][o]
        if not self.reach[c][o].allowed.item(self.pool.item(m)) or not self.has_host(mode, m):
            return None
        return self.choose(mode, m, level=level) if self.welcomes(c, m) else None

    def can_stand(self, seat: Seat, m: int) -> bool:
        """Whether the copy can stand on row m on exactly those accelerators."""
        c, o, accelerators = seat
        mode = self.modes[c][o]
        if not self.reach[c][o].allowed.item(self.pool.item(m)) or not self.has_host(mode, m):
            return False
        return self.welcomes(c, m) and self.can_take(mode, m, accelerators)

    # -- changes

    def place(self, seat: Seat, m: int, *, counted: bool = True) -> None:
        """Put a copy on row m; `seat_on` or `can_stand` must have said that it can. O(K log K).

        It counts as work, unless it is a part of a trial that has a count of its own.
        """
        if counted:
            count_steps(HEURISTICS.solve.counted)
        self._journal.append((True, m, seat))
        self._place(seat, m)

    def remove(self, seat: Seat, m: int) -> None:
        """Take one copy equal to `seat` off row m; an empty machine is released. O(K log K + copies there)."""
        self._journal.append((False, m, seat))
        self._remove(seat, m)

    def mark(self) -> int:
        """A point to return to with `rollback`."""
        return len(self._journal)

    def changes(self, mark: int) -> list[tuple[bool, int, Seat]]:
        """What was done since the mark, in order: whether a copy was placed or removed, its row, and the copy."""
        return self._journal[mark:]

    def touched(self, mark: int) -> list[int]:
        """Rows changed since the mark, ascending."""
        return sorted({m for _, m, _ in self._journal[mark:]})

    def forget(self) -> None:
        """Drop the journal: what is done can't be undone any more, and earlier marks mean nothing."""
        self._journal.clear()

    def rollback(self, mark: int) -> None:
        while len(self._journal) > mark:
            was_placed, m, seat = self._journal.pop()
            if was_placed:
                self._remove(seat, m)
            else:
                self._place(seat, m)

    def _place(self, seat: Seat, m: int) -> None:
        c = seat.component
        if not self.busy[m]:
            self._start(m)
        self.take(self.modes[c][seat.option], seat, m)
        self.where[c][m] = n = self.kinds[m][c]
        self._stack(c, n - 1, n)
        if self._has_dedicated and self.fleet.components[c].dedicated:
            self.owner[m] = c
        self._count(seat, m, 1)

    def _remove(self, seat: Seat, m: int) -> None:
        c = seat.component
        self.give_back(self.modes[c][seat.option], seat, m)
        n = self.kinds[m].get(c, 0)
        self._stack(c, n + 1, n)
        if n:
            self.where[c][m] = n
        else:
            del self.where[c][m]
            if self.owner[m] == c:
                self.owner[m] = -1
        self._count(seat, m, -1)
        if not self.seats[m]:
            self._stop(m)

    def _stack(self, c: int, before: int, after: int, machines: int = 1) -> None:
        """Note how many copies of c machines hold that held another number of them."""
        stacked = self.stacked[c]
        if stacked is not None:
            stacked[before] -= machines
            stacked[after] += machines

    def _count(self, seat: Seat, m: int, change: int) -> None:
        c, o, _ = seat
        self._changes += 1
        self.lacking[c] = None
        self.placed[c] += change
        self.served[c] += change * self.modes[c][o].throughput
        p = self.pool.item(m)
        self.zoned[c][self.zone_of[p]] += change
        if self.cap_per_pool[c] is not None:
            self.pooled[c][p] = self.pooled[c].get(p, 0) + change
        if self.fleet.running[c]:
            self.running.recount(seat, int(self.instance[m]), self.seats[m], self.placed[c])

    def is_movable(self, seat: Seat, m: int) -> bool:
        """Whether the copy may leave row m: no pin needs it there."""
        return self.running.may_leave(seat, int(self.instance[m]), self.seats[m])

    def movable(self, c: int) -> Iterator[tuple[Seat, int]]:
        """The copies of component c that may leave, and their rows; each is looked at in its turn."""
        for m in sorted(self.where[c]):
            for seat in [seat for seat in self.seats[m] if seat.component == c]:
                if self.is_movable(seat, m):
                    yield seat, m

    # -- what it is worth

    def ticks(self) -> int:
        """The money objective of what is placed so far."""
        return self.fleet.tick_price * self.rented.price + self.fleet.tick_move * self.running.cost

    def left_out(self) -> tuple[int, ...]:
        """Optional copies not placed so far, per level."""
        found = [0] * len(self.fleet.levels)
        for c, level in self._optional:
            found[level] += self.fleet.components[c].copies - self.placed[c]
        return tuple(found)

    def value(self) -> Value:
        """Both objectives of what is placed so far."""
        return Value(self.left_out(), self.ticks())

    def to_packing(self) -> Packing:
        """The plan so far; its seats and machines are in a canonical order."""
        machines = []
        for m in range(self.rows):
            if self.seats[m]:
                i = int(self.instance[m])
                machines.append(Machine(int(self.pool[m]), None if i < 0 else i, tuple(sorted(self.seats[m]))))
        return Packing(tuple(machines))

    def load(self, packing: Packing) -> bool:
        """Place every copy of a packing that keeps the rules of its machines; nothing may be placed yet.

        False when the budget was over before the last of them.
        """
        for machine in packing.machines:
            if self.out_of_time():
                return False
            m = self.rent(machine.pool) if machine.instance is None else machine.instance
            if machine.instance is None and self.instance[m] >= 0:
                m = self.append(machine.pool)
            for seat in machine.seats:
                self.place(seat, m)
        return True
