"""The best order of a small transition, by Dijkstra's search over all that may be done, one copy or machine at a time.

A batch opens machines and starts copies; then, all of them ready, it stops copies; then it closes machines. A copy that
the plan keeps is not touched, and no more copies of a component stop over than have to go.
"""

from __future__ import annotations

import heapq
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.transition.small_fleet import Copies, Copy, SmallFleet

Bag = tuple[tuple["Copy", int], ...]
STARTING, STOPPING, CLOSING = range(3)
DRAIN = 98


class Moment(NamedTuple):
    """Copies that have to go, that have come, that stop over; machines; and what the batch has done so far."""

    leaving: Bag
    arrived: Bag
    over: Bag
    hops: tuple[tuple[str, int], ...]  # copies that have stopped over, by component
    machines: tuple[str, ...]
    rented: int
    phase: int = STARTING
    ready: int = -1  # seconds until all is ready; -1: nothing was done
    drains: bool = False
    fresh: tuple[str, ...] = ()  # machines that this batch has opened
    began: tuple[tuple[tuple[str, str], int], ...] = ()  # copies by component and zone when this batch began


class EveryOrder:
    """All orders from what runs to a plan."""

    def __init__(
        self,
        fleet: SmallFleet,
        planned: Mapping[str, str],
        *,
        temporary: int = 0,
        startup: Mapping[str, int] | None = None,
        opening: int = 0,
    ) -> None:
        """`planned` is the pool of each machine of the plan, `startup` by component in seconds."""
        self._fleet, self._temporary, self._opening = fleet, temporary, opening
        self._startup = startup or {}
        self._kept = fleet.now & fleet.then
        self._leaving, self._arriving = fleet.now - self._kept, fleet.then - self._kept
        self._coming = [machine for machine in planned if machine not in fleet.instances]
        self._going = {
            machine for machine, row in fleet.instances.items() if machine not in planned and row.get("removable", True)
        }
        self._for_hire = [
            f"{pool}/hired-{k}" for pool in fleet.pools for k in range(min(temporary, self._leaving.total()))
        ]
        fleet.pool_of |= dict(planned) | {name: name.rpartition("/")[0] for name in self._for_hire}
        self._goal = (set(fleet.instances) - self._going) | set(planned)
        every = [*fleet.instances, *self._coming, *self._for_hire]
        self._hops = Counter(copy.component for copy in self._leaving.elements())
        self._places = {name: fleet.places(name, every) for name in self._hops}

    def best(self, most: int = 60_000) -> tuple[int, int] | None:
        """Seconds of temporary machines and batches of the best order; None where there is none.

        Raises
        ------
        OverflowError
            More than `most` moments.
        """
        start = Moment(_bag(self._leaving), (), (), (), tuple(sorted(self._fleet.instances)), 0)
        start = self._begins(start)
        heap: list[tuple[tuple[int, int], int, Moment]] = [((0, 0), 0, start)]
        reached, done = {start: (0, 0)}, set[Moment]()
        while heap:
            spent, _, now = heapq.heappop(heap)
            if now in done:
                continue
            if self._is_over(now):
                return spent
            done.add(now)
            if len(done) > most:
                raise OverflowError(most)
            for after, (seconds, batches) in self._next(now):
                cost = spent[0] + seconds, spent[1] + batches
                if after not in reached or cost < reached[after]:
                    reached[after] = cost
                    heapq.heappush(heap, (cost, len(reached) + len(heap), after))
        return None

    def _is_over(self, now: Moment) -> bool:
        begins = now.phase == STARTING and now.ready < 0
        there = not now.leaving and not now.over and Counter(dict(now.arrived)) == self._arriving
        return begins and there and set(now.machines) == self._goal

    def _begins(self, now: Moment) -> Moment:
        """The same as the begin of a batch."""
        zones = self._fleet.by_zone(self._copies(now))
        return now._replace(phase=STARTING, ready=-1, drains=False, began=tuple(sorted(zones.items())))

    def _copies(self, now: Moment) -> Copies:
        return sum((Counter(dict(bag)) for bag in (now.leaving, now.arrived, now.over)), self._kept)

    def _next(self, now: Moment) -> Iterator[tuple[Moment, tuple[int, int]]]:
        """What one thing done leads to, with what that costs."""
        free = 0, 0
        if now.phase == STARTING:
            yield from ((after, free) for after in self._opens(now))
            yield from ((after, free) for after in self._starts(now))
            ready = max(now.ready, self._opening) if now.fresh and now.ready <= 0 else now.ready
            yield now._replace(phase=STOPPING, ready=ready, fresh=()), free
            return
        if now.phase == STOPPING:
            yield from ((after, free) for after in self._stops(now))
        copies = self._copies(now)
        span = max(0, now.ready) + DRAIN * now.drains
        for machine in now.machines:
            if (machine in self._going or machine in self._for_hire) and not any(c.machine == machine for c in copies):
                rest = tuple(name for name in now.machines if name != machine)
                after = now._replace(machines=rest, phase=CLOSING, ready=max(0, now.ready))
                yield after, (span * (machine in self._for_hire), 0)
        if (now.ready >= 0 or now.drains) and self._fleet.may_pass(Counter(dict(now.began)), copies):
            yield self._begins(now), (span * sum(machine in self._for_hire for machine in now.machines), 1)

    def _opens(self, now: Moment) -> Iterator[Moment]:
        closed = [machine for machine in self._coming if machine not in now.machines]
        if now.rented < self._temporary:  # those of a pool are alike
            hired = {self._fleet.pool_of[m]: m for m in reversed(self._for_hire) if m not in now.machines}
            closed += hired.values()
        for machine in closed:
            if self._fleet.may_open(now.machines, self._fleet.pool_of[machine]):
                yield now._replace(
                    machines=tuple(sorted((*now.machines, machine))),
                    rented=now.rented + (machine in self._for_hire),
                    ready=max(now.ready, 0),
                    fresh=tuple(sorted((*now.fresh, machine))),
                )

    def _starts(self, now: Moment) -> Iterator[Moment]:
        copies, hops = self._copies(now), Counter(dict(now.hops))

        def ready(copy: Copy) -> int:
            wait = self._opening if copy.machine in now.fresh else 0
            return max(now.ready, self._startup.get(copy.component, 42) + wait)

        def may(copy: Copy) -> bool:
            return copy.machine in now.machines and self._fleet.fits(copies, copy)

        for copy in self._arriving - Counter(dict(now.arrived)):
            if may(copy):
                yield now._replace(arrived=_more(now.arrived, copy), ready=ready(copy))
        for name, places in self._places.items():
            for copy in places if hops[name] < self._hops[name] else ():
                if may(copy):
                    used = tuple(sorted((hops + Counter([name])).items()))
                    yield now._replace(over=_more(now.over, copy), hops=used, ready=ready(copy))

    def _stops(self, now: Moment) -> Iterator[Moment]:
        copies = self._copies(now)
        for copy in {copy for copy, _ in (*now.leaving, *now.over)}:
            if not self._fleet.is_enough(copies - Counter([copy]), copy.component):
                continue
            if any(copy == other for other, _ in now.leaving):
                yield now._replace(leaving=_less(now.leaving, copy), drains=True)
            if any(copy == other for other, _ in now.over):
                yield now._replace(over=_less(now.over, copy), drains=True)


def _bag(copies: Copies) -> Bag:
    return tuple(sorted(copies.items()))


def _more(bag: Bag, copy: Copy) -> Bag:
    return _bag(Counter(dict(bag)) + Counter([copy]))


def _less(bag: Bag, copy: Copy) -> Bag:
    return _bag(Counter(dict(bag)) - Counter([copy]))
