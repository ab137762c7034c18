"""Exchange of contents between machines of one kind, until no host is overloaded (or no exchange helps).

The flow sees hosts in aggregate, so a decoded machine may ask for more vCPUs or memory than it has while another has
plenty. Two *units* of equally many accelerators change places when each fits where the other was: a unit is one copy,
or all copies within an aligned block of accelerators (none at all, too). The best exchange of the most overloaded
machine with some others, drawn at random, is done as long as it lowers the sum of overloads: a local search.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from placement.compiled.packing import Seat

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from placement.compiled.fleet import Fleet, Option, Shape

    Floats = NDArray[np.float64]

_DRAWN = 48  # machines looked at for one exchange
_TRIES = 4  # draws before a machine is given up
_HAIR = 1e-9
# Columns of a unit's row.
_ACCELERATORS, _TOP, _ROOM, _VCPUS, _MEMORY = range(5)


@dataclass(slots=True)
class Host:
    """One machine while it is filled. `promised` is what the flow's sizes will ask of the host, on average."""

    pool: int
    shape: Shape
    promised: float = 0.0
    seats: list[Seat] = field(default_factory=list)


@dataclass(slots=True)
class _Unit:
    """Copies that stand on some accelerators of a machine."""

    accelerators: tuple[int, ...]
    seats: list[Seat]


class Balance:
    """The search on the machines of one kind."""

    def __init__(self, fleet: Fleet, hosts: Sequence[Host], seed: int) -> None:
        """O(copies x accelerators)."""
        self._fleet, self._hosts = fleet, hosts
        self._rng = np.random.default_rng(seed)
        room = [(max(1, host.shape.vcpus), max(1, host.shape.host_mib)) for host in hosts]
        self._room = np.array(room, dtype=np.float64).reshape(-1, 2)
        self._used = np.array([self._usage(h.seats) for h in hosts], dtype=np.float64).reshape(-1, 2)
        self._units: list[list[_Unit]] = [[] for _ in hosts]
        self._rows: list[Floats] = [np.zeros((0, 5)) for _ in hosts]
        self.exchanges = 0

    def run(self, most: int, is_over: Callable[[], bool] = lambda: False) -> bool:
        """At most so many exchanges, none once `is_over`; says whether no host is overloaded any more."""
        over = self._overload(self._used, self._room)
        if not over.any():
            return True
        for m in range(len(self._hosts)):
            self._take_stock(m)
        tries: dict[int, int] = {}
        while self.exchanges < most and not is_over():
            worst = max(np.flatnonzero(over).tolist(), key=lambda m: (tries.get(m, 0) < _TRIES, over[m]), default=-1)
            if worst < 0 or tries.get(worst, 0) >= _TRIES:
                break
            other = self._exchange(worst)
            if other is None:
                tries[worst] = tries.get(worst, 0) + 1
                continue
            tries.pop(worst, None)
            for m in (worst, other):
                self._used[m] = self._usage(self._hosts[m].seats)
                over[m] = self._overload(self._used[m], self._room[m])
                self._take_stock(m)
        return not over.any()

    def _option(self, seat: Seat) -> Option:
        return self._fleet.components[seat.component].options[seat.option]

    def _usage(self, seats: Sequence[Seat]) -> tuple[int, int]:
        options = [self._option(seat) for seat in seats]
        return sum(o.vcpus for o in options), sum(o.host_mib for o in options)

    @staticmethod
    def _overload(used: Floats, room: Floats) -> Floats:
        """What is asked for beyond what there is, as a part of it, both resources together."""
        over: Floats = np.maximum(used / room - 1, 0).sum(axis=-1)
        return over

    def _take_stock(self, m: int) -> None:
        """All units of machine m and what they need and have."""
        host = self._hosts[m]
        count, memory = host.shape.accelerators, host.shape.memory_mib
        height = np.zeros(count)
        for seat in host.seats:
            for k in seat.accelerators:
                height[k] += self._height(seat, memory)
        units, rows = [], []
        size = 1
        while size <= count:
            for first in range(0, count - size + 1, size):
                block = tuple(range(first, first + size))
                inside = [s for s in host.seats if s.accelerators and set(s.accelerators) <= set(block)]
                own = np.zeros(count)
                for seat in inside:
                    own[list(seat.accelerators)] += self._height(seat, memory)
                ks = list(block)
                top, room = float(own[ks].max()), float((memory - height[ks] + own[ks]).min())
                units.append(_Unit(block, inside))
                rows.append((size, top, room, *self._usage(inside)))
            size *= 2
        for seat in host.seats:
            own_height = self._height(seat, memory)
            room = min((memory - height[k] + own_height for k in seat.accelerators), default=0.0)
            units.append(_Unit(seat.accelerators, [seat]))
            rows.append((len(seat.accelerators), own_height if seat.accelerators else 0.0, room, *self._usage([seat])))
        self._units[m] = units
        self._rows[m] = np.array(rows, dtype=np.float64).reshape(-1, 5)

    def _height(self, seat: Seat, memory: int) -> int:
        option = self._option(seat)
        return option.memory_mib if option.shared else memory

    def _exchange(self, m: int) -> int | None:
        """The best exchange of machine m with one of some drawn machines; returns that machine."""
        others = [other for other in range(len(self._hosts)) if other != m]
        if len(others) > _DRAWN:
            others = [others[k] for k in self._rng.choice(len(others), _DRAWN, replace=False).tolist()]
        if not others:
            return None
        mine = self._rows[m][:, None, :]
        theirs = np.concatenate([self._rows[other] for other in others])
        owner = np.repeat(others, [len(self._rows[other]) for other in others])
        possible = mine[..., _ACCELERATORS] == theirs[:, _ACCELERATORS]
        possible &= (mine[..., _TOP] <= theirs[:, _ROOM]) & (theirs[:, _TOP] <= mine[..., _ROOM])
        moved = theirs[:, _VCPUS:] - mine[..., _VCPUS:]
        after = self._overload(self._used[m] + moved, self._room[m])
        after += self._overload(self._used[owner] - moved, self._room[owner])
        before = self._overload(self._used[m], self._room[m]) + self._overload(self._used[owner], self._room[owner])
        gain = np.where(possible, before - after, -1.0)
        for flat in np.argsort(-gain, axis=None)[:8].tolist():
            a, b = divmod(flat, len(owner))
            if gain[a, b] <= _HAIR:
                return None
            other = int(owner[b])
            unit = b - int(np.flatnonzero(owner == other)[0])
            if self._swap(m, self._units[m][a], other, self._units[other][unit]):
                self.exchanges += 1
                return other
        return None

    def _swap(self, m: int, mine: _Unit, other: int, theirs: _Unit) -> bool:
        """Let two units change places, if their options allow it."""
        here, there = self._hosts[m], self._hosts[other]
        if any(there.pool not in self._option(seat).pools for seat in mine.seats):
            return False
        if any(here.pool not in self._option(seat).pools for seat in theirs.seats):
            return False
        for seat in mine.seats:
            here.seats.remove(seat)
        for seat in theirs.seats:
            there.seats.remove(seat)
        here.seats += _renumbered(theirs, mine.accelerators)
        there.seats += _renumbered(mine, theirs.accelerators)
        return True


def _renumbered(unit: _Unit, accelerators: tuple[int, ...]) -> list[Seat]:
    """The unit's copies on other accelerators."""
    new = dict(zip(unit.accelerators, accelerators, strict=True))
    return [Seat(seat.component, seat.option, tuple(sorted(new[k] for k in seat.accelerators))) for seat in unit.seats]
