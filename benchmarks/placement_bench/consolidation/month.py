"""A month of copies that come and go, with a fleet replanned at every hour by one rule.

Copies start and stop at their seconds in the trace; each starts where the most is allocated, or on the machine that
costs least for it. A machine is paid for while it holds a copy. On the full hour a rule may move copies. Which of the
alike copies moves is settled afterwards: those whose place is still there stay.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import placement
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import Packing, Seat
from placement.compiled.translate import from_plan
from placement.errors import UsageError
from placement.patterns.copy_prices import copy_prices
from placement_bench.consolidation.cluster import Cluster
from placement_bench.consolidation.descheduler import THRESHOLD, HighNodeUtilization
from placement_bench.consolidation.karpenter import Karpenter
from placement_bench.consolidation.recount import HOUR, MonthRecount
from placement_bench.consolidation.strategies import DESCHEDULER, KARPENTER, NEVER, REPLAN, SCRATCH
from placement_bench.consolidation.trace import month_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from placement.compiled.fleet import Fleet
    from placement_bench.consolidation.trace import MonthTrace

STRATEGIES = (NEVER, KARPENTER, DESCHEDULER, SCRATCH, REPLAN)
MOVE_COST = 0.25  # dollars an hour that a move must save, of `replan`
SECONDS = 3.0  # for one plan
WORTH = 0.004  # of the price, by which its distance to the bound has to grow until `replan` plans again

Spot = tuple[int, Seat]


@dataclass(slots=True)
class MonthPlayed:
    """What came of a month, recounted; `floor` is a proven bound on `bill`, both micro-dollar-seconds."""

    recount: MonthRecount
    evicted: int
    floor: int
    prices: list[int] = field(default_factory=list)  # micro-dollars an hour, after each hour's replanning


class Month:
    """One strategy on a trace. `plans` counts those that were asked of this library."""

    def __init__(
        self, trace: MonthTrace, strategy: str, hours: int, *, seed: int = 0, seconds: float = SECONDS
    ) -> None:
        """Nothing runs. `seconds` for each plan of this library.

        Raises
        ------
        UsageError
            No strategy of that name plays a month.
        """
        self._rules: dict[str, Callable[[], int]] = {
            NEVER: lambda: 0,
            KARPENTER: self._karpenter,
            DESCHEDULER: self._descheduler,
            SCRATCH: self._from_scratch,
            REPLAN: self._replanned,
        }
        if strategy not in self._rules:
            raise UsageError(f"no strategy {strategy} plays a month; there are {', '.join(STRATEGIES)}")
        self._trace, self._hours, self._rule = trace, hours, self._rules[strategy]
        self._seed, self._seconds = seed, seconds
        self.document = month_problem(trace, trace.most(hours))
        fleet = compile_fleet(placement.Problem(**self.document))
        self.cluster = Cluster(fleet)
        self._kinds = [pool.name for pool in fleet.pools]
        self._floor, self._excess = _Floor(fleet, seed), 0
        self.plans = 0
        self._spot: dict[int, Spot] = {}  # of each copy that is alive
        self._count = [0] * len(trace.shapes)

    def play(self) -> MonthPlayed:
        """All hours. O(events x machines + hours x the rule)."""
        played = MonthPlayed(MonthRecount(self._trace, self.document), 0, 0)
        self._begin(played.recount)
        events = iter([*self._trace.events(self._hours), (self._hours * HOUR, -1, -1)])
        event = next(events)
        now = 0
        for hour in range(self._hours):
            while event[0] < hour * HOUR or (event[0] == hour * HOUR and event[1] >= 0):
                now = self._pass(event[0], now, played)
                self._change(event[1], event[2], played.recount)
                event = next(events)
            now = self._pass(hour * HOUR, now, played)
            played.evicted += self._replan(played.recount)
            played.recount.alive(set(self._spot))
            played.prices.append(played.recount.price)
        while event[1] >= 0:
            now = self._pass(event[0], now, played)
            self._change(event[1], event[2], played.recount)
            event = next(events)
        self._pass(self._hours * HOUR, now, played)
        return played

    def _pass(self, second: int, now: int, played: MonthPlayed) -> int:
        if second > now:
            played.recount.until(second)
            played.floor += self._floor.of(self._count) * (second - now)
        return second

    # -- copies

    def _begin(self, recount: MonthRecount) -> None:
        """Start all copies that run as the month begins, at once."""
        ws, numbers = self.cluster.ws, defaultdict(list)
        for number in self._trace.at_start():
            numbers[self._trace.copies[number].component].append(number)
        self.cluster.start([c for c, found in numbers.items() for _ in found])
        ws.forget()
        for m in range(ws.rows):
            for seat in ws.seats[m]:
                number = numbers[seat.component].pop()
                self._spot[number] = m, seat
                self._count[seat.component] += 1
                recount.start(number, m, self._kinds[int(ws.pool[m])])
        recount.alive(set(self._trace.at_start()))

    def _change(self, starts: int, number: int, recount: MonthRecount) -> None:
        if starts:
            self._start(number, recount)
            return
        m, seat = self._spot.pop(number)
        self.cluster.ws.remove(seat, m)
        self.cluster.ws.forget()
        self._count[seat.component] -= 1
        recount.stop(number)

    def _start(self, number: int, recount: MonthRecount) -> None:
        c, ws = self._trace.copies[number].component, self.cluster.ws
        if self.cluster.start([c]):
            raise UsageError(f"copy {number} of {self._trace.shapes[c].name} fits on no machine")
        _, m, seat = ws.changes(0)[-1]
        ws.forget()
        self._spot[number] = m, seat
        self._count[c] += 1
        recount.start(number, m, self._kinds[int(ws.pool[m])])

    def _replan(self, recount: MonthRecount) -> int:
        """Let the rule move copies; those that restarted."""
        evicted = self._rule()
        self.cluster.ws.forget()
        if evicted:
            ws, free = self.cluster.ws, self._free()
            lost = []
            for number, (m, seat) in self._spot.items():
                if m in free[seat.component]:
                    _take(free[seat.component], m)
                else:
                    lost.append((number, seat.component))
            for number, c in lost:
                m = next(iter(free[c]))
                _take(free[c], m)
                recount.move(number, m, self._kinds[int(ws.pool[m])])
                self._spot[number] = m, Seat(c, 0, ())
            self._read_seats()
        return evicted

    def _free(self) -> list[dict[int, int]]:
        """By component, how many copies each machine holds."""
        return [dict(where) for where in self.cluster.ws.where]

    def _read_seats(self) -> None:
        """Which accelerators the copies have, now that it is known on which machines they are."""
        seats: dict[tuple[int, int], list[Seat]] = defaultdict(list)
        for m in range(self.cluster.ws.rows):
            for seat in self.cluster.ws.seats[m]:
                seats[m, seat.component].append(seat)
        for number, (m, seat) in self._spot.items():
            self._spot[number] = m, seats[m, seat.component].pop()

    # -- rules

    def _karpenter(self) -> int:
        before = self.cluster.moved
        Karpenter(self.cluster).run()
        return self.cluster.moved - before

    def _descheduler(self) -> int:
        return HighNodeUtilization(self.cluster, THRESHOLD).run()

    def _from_scratch(self) -> int:
        """A plan as if moves were free; alike machines and accelerators are exchanged so that few copies move."""
        return self._planned(0.0)

    def _replanned(self) -> int:
        """A plan that pays for its moves, where the fleet costs more beyond its bound than after the last one."""
        price, least = self.cluster.ws.rented.price, self._floor.of(self._count)
        if price - least <= self._excess + WORTH * price:
            return 0
        moved = self._planned(MOVE_COST)
        self._excess = self.cluster.ws.rented.price - least
        return moved

    def _planned(self, move_cost: float) -> int:
        self.plans += 1
        problem = self._running({"move_cost": move_cost})
        result = placement.solve(problem, time_limit=self._seconds, seed=self._seed, threads=1)
        return self._follow(problem, result)

    def _running(self, objective: dict[str, Any]) -> placement.Problem:
        """What runs, as a problem whose instances are called by their rows."""
        ws, names = self.cluster.ws, [component.name for component in self.cluster.fleet.components]
        document = month_problem(self._trace, self._count)
        document["objective"] |= objective
        document["components"] = [row for row in document["components"] if row["copies"]]
        document["instances"], document["placements"] = [], []
        for m in range(ws.rows):
            if ws.seats[m]:
                document["instances"].append({"id": f"m{m}", "pool": self._kinds[int(ws.pool[m])]})
                document["placements"] += [
                    {
                        "component": names[s.component],
                        "option": 0,
                        "instance": f"m{m}",
                        "accelerators": list(s.accelerators),
                    }
                    for s in ws.seats[m]
                ]
        return placement.Problem(**document)

    def _follow(self, problem: placement.Problem, result: placement.Result) -> int:
        """Bring the cluster to a plan, if there is one; the copies that moved."""
        if result.packing is None or result.plan.price_per_hour is None:
            return 0
        fleet = compile_fleet(problem)
        packing: Packing = from_plan(fleet, result.plan)
        index = {component.name: component.index for component in self.cluster.fleet.components}
        own = [index[component.name] for component in fleet.components]
        ws, wanted = self.cluster.ws, {}
        new: list[tuple[int, list[Seat]]] = []
        for machine in packing.machines:
            seats = [Seat(own[s.component], s.option, s.accelerators) for s in machine.seats]
            if machine.instance is None:
                new.append((machine.pool, seats))
            else:
                wanted[int(fleet.instances[machine.instance].id[1:])] = seats
        out = [(m, seat) for m in range(ws.rows) for seat in _beyond(ws.seats[m], wanted.get(m, []))]
        into = [(m, seat) for m, seats in wanted.items() for seat in _beyond(seats, ws.seats[m])]
        for m, seat in out:
            ws.remove(seat, m)
        for m, seat in into:
            ws.place(seat, m)
        for p, seats in new:
            m = self.cluster.new_row(p)
            for seat in seats:
                ws.place(seat, m)
        return result.plan.moves or 0


class _Floor:
    """What no fleet that holds the copies can cost less than, at any moment: by the prices of one linear program."""

    def __init__(self, fleet: Fleet, seed: int) -> None:
        """`fleet` has the most copies of each component that are ever alive."""
        self._prices = copy_prices(fleet, seed=seed)
        self._known: dict[tuple[int, ...], int] = {}

    def of(self, count: list[int]) -> int:
        """Micro-dollars an hour, with so many copies (C,)."""
        key = tuple(count)
        if key not in self._known:
            self._known[key] = 0 if self._prices is None else self._prices.bound(count)
        return self._known[key]


def _take(machines: dict[int, int], m: int) -> None:
    machines[m] -= 1
    if not machines[m]:
        del machines[m]


def _beyond(seats: list[Seat], others: list[Seat]) -> Iterator[Seat]:
    """Those of the first list that the second one does not have."""
    left = list(others)
    for seat in seats:
        if seat in left:
            left.remove(seat)
        else:
            yield seat
