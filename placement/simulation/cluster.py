"""The fleet while it lives: copies start, load, move and stop on machines that are ordered and released.

It stands on a `Workspace`, which keeps the rules of machines; rules over zones and losses are kept here, copy by copy.
A copy that moves stands twice until the new one is loaded, as rolling updates do it, so that nothing is served less.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import astuple
from typing import Any

import numpy as np

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Seat
from placement.compiled.spread import keeps_zone_rules, least_total
from placement.compiled.survival import survives
from placement.demand import ScalingRules
from placement.demand.rows import MachineTimes
from placement.heuristics.best_fit import BestFit
from placement.heuristics.construct import UNLIMITED, place_total
from placement.heuristics.first_fit_decreasing import FirstFitDecreasing
from placement.heuristics.shares import Shares
from placement.heuristics.workspace import Workspace
from placement.simulation.machines import MachineLedger, RentedMachine

Spot = tuple[int, Seat]  # a row, and a copy on it
_MORE = 4  # copies beyond what is wanted, that are tried for the sake of rules over losses


class WarmBestFit(BestFit):
    """Best fit; machines that wait for their release are taken before others are rented."""

    def __init__(self, ws: Workspace, shares: Shares, ledger: MachineLedger) -> None:
        super().__init__(ws, shares)
        self._ledger = ledger
        # (C,) micro-dollars an hour that a copy costs on the machine that is cheapest for its like
        self.least_cost: list[float] = shares.least_of_each(self.cost.min(axis=1, initial=math.inf)).tolist()

    def machines(self, ws: Workspace, c: int, zone: int) -> Iterator[tuple[int, int]]:
        """Those in use, tightest first, then those that wait, longest first."""
        yield from super().machines(ws, c, zone)
        yield from _waiting(ws, self._ledger, self.options_of[c], c, zone)


class WarmFirstFit(WarmBestFit):
    """The same with the first machine that has room; what is rented is still what costs least for a copy."""

    def machines(self, ws: Workspace, c: int, zone: int) -> Iterator[tuple[int, int]]:
        """Those in use in the order of their rows, then those that wait."""
        yield from FirstFitDecreasing.machines(self, ws, c, zone)
        yield from _waiting(ws, self._ledger, self.options_of[c], c, zone)


def _waiting(ws: Workspace, ledger: MachineLedger, options: list[int], c: int, zone: int) -> Iterator[tuple[int, int]]:
    for m in ledger.warm:
        p = int(ws.pool[m])
        if ws.busy[m] or zone not in (-1, ws.zone_of[p]) or not ws.can_rent(p):
            continue
        for o in options:
            if ws.seat_on(c, o, m) is not None:
                yield o, m
                break


class Cluster:
    """Copies on machines at one moment.

    `loading`: spot -> times when copies there are loaded; those that are loaded are not in it.
    `leaving`: (time, row, copy) of copies that have a new one elsewhere, which is loaded then.
    `arriving`: the new ones of those, in the same form: nothing moves or stops them until then.
    """

    def __init__(self, fleet: Fleet, rules: ScalingRules, times: MachineTimes, *, first_fit: bool = False) -> None:
        self.fleet, self.rules, self.times = fleet, rules, times
        self.ws = Workspace(fleet)
        self.ledger = MachineLedger(fleet, times.start_seconds, times.minimum_billed_seconds)
        policy = WarmFirstFit if first_fit else WarmBestFit
        self.policy = policy(self.ws, Shares(fleet), self.ledger)
        self.order = self.policy.order(self.ws, range(len(fleet.components)))
        self.loading: dict[Spot, list[int]] = {}
        self.leaving: list[tuple[int, int, Seat]] = []
        self.arriving: list[tuple[int, int, Seat]] = []
        self._leaving_of: Counter[int] = Counter()

    # -- what there is

    def placed(self, c: int) -> int:
        """Copies of c, one that moves counted once."""
        return self.ws.placed[c] - self._leaving_of[c]

    def still_loading(self, now: int) -> dict[int, list[int]]:
        """By component, when its copies are loaded that are not at a time; moved ones serve from where they were."""
        found: dict[int, list[int]] = {}
        for (_, seat), times in self.loading.items():
            found.setdefault(seat.component, []).extend(at for at in times if at > now)
        return found

    def accelerators_used(self) -> int:
        ws = self.ws
        return sum(
            self.fleet.pools[int(ws.pool[m])].shape.accelerators - int(ws.vacant[m])
            for m in self.ledger.rented
            if ws.seats[m]
        )

    def accelerators_rented(self) -> int:
        return sum(self.fleet.pools[machine.pool].shape.accelerators for machine in self.ledger.rented.values())

    def memory(self) -> tuple[int, int]:
        """MiB of the accelerators of all rented machines, and how many of them copies take, owned ones as a whole."""
        shapes = [(m, self.fleet.pools[machine.pool].shape) for m, machine in self.ledger.rented.items()]
        whole = sum(shape.accelerators * shape.memory_mib for _, shape in shapes)
        rows = [m for m, _ in shapes]
        return whole, whole - int(np.maximum(0, self.ws.free_memory[rows]).sum())

    # -- copies start and stop

    def grow(self, c: int, total: int, now: int, later: int, *, running: bool = False) -> int:
        """Bring component c to `total` copies, or as near as there is room; the copies that started.

        Where its rules over zones can't be kept by so many, the next number that can is taken. A copy is loaded `later`
        seconds after its machine is in service; `running` ones are at once.
        """
        ws, component = self.ws, self.fleet.components[c]
        least = least_total(component, ws.zoned[c], total + self._leaving_of[c], (UNLIMITED,) * len(self.fleet.zones))
        if least is None or least <= ws.placed[c]:
            return 0
        mark = ws.mark()
        for more in range(_MORE):  # rules over losses may ask for copies elsewhere
            whole = place_total(ws, self.policy, c, least + more)
            if self.keeps(c) or not whole:
                break
        if not self.keeps(c):
            ws.rollback(mark)
            return 0
        new = self.commit(mark, now, later, running=running)
        for spot, ready in new:
            if ready > now:
                self.loading.setdefault(spot, []).append(ready)
        return len(new)

    def commit(self, mark: int, now: int, later: int, *, running: bool = False) -> list[tuple[Spot, int]]:
        """Order machines for what was placed since the mark; each new copy and when it is loaded."""
        ws = self.ws
        new: Counter[Spot] = Counter()
        for was_placed, m, seat in ws.changes(mark):
            new[m, seat] += 1 if was_placed else -1
        found = []
        for (m, seat), count in new.items():
            if count <= 0:
                continue
            machine = self.ledger.rented.get(m)
            if machine is None:
                machine = self.ledger.order(m, int(ws.pool[m]), now, later, running=running)
            elif machine.release is not None:
                self.ledger.take(m)
            ready = now if running else max(machine.ready, now + later) + int(self.rules.load[seat.component])
            found += [((m, seat), ready)] * count
        ws.forget()
        return found

    def shrink(self, c: int, total: int, now: int) -> int:
        """Stop copies of c down to `total`, as far as its rules allow; those that stopped.

        Copies that still load go first, then those on the emptiest machines.
        """
        stopped = 0
        if not total and self.ws.placed[c] == self.placed(c):  # none may be allowed where one is not
            stopped = self._stop_all(c, now)
        while self.placed(c) > total:
            spot = next((spot for spot in self.stoppable(c) if self.keeps_without(c, spot)), None)
            if spot is None:
                break
            self._stop(spot, now, self.times.release_after_seconds)
            stopped += 1
        self.ws.forget()
        return stopped

    def _stop_all(self, c: int, now: int) -> int:
        """Stop every copy of c, if nothing holds one; how many."""
        spots = [(m, seat) for m in self.ws.where[c] for seat in self.ws.seats[m] if seat.component == c]
        if any(self.held(m) for m, _ in spots):
            return 0
        for spot in spots:
            self._stop(spot, now, self.times.release_after_seconds)
        return len(spots)

    def stoppable(self, c: int) -> list[Spot]:
        """Copies of c that nothing holds, the first to stop first."""
        ws, found = self.ws, []
        for m in ws.where[c]:
            held = self.held(m)
            spots = Counter(seat for seat in ws.seats[m] if seat.component == c)
            for seat, count in spots.items():
                if count > held[seat]:
                    loads = (m, seat) in self.loading
                    found.append((not loads, len(ws.seats[m]), -int(self.ledger.rented[m].pool), m, seat))
        return [(m, seat) for *_, m, seat in sorted(found)]

    def held(self, m: int) -> Counter[Seat]:
        """Copies on row m that are on their way, from there or to there."""
        return Counter(seat for _, row, seat in (*self.leaving, *self.arriving) if row == m)

    def is_moving(self, c: int) -> bool:
        """Whether a copy of c stands twice."""
        return self._leaving_of[c] > 0

    def keeps_without(self, c: int, spot: Spot) -> bool:
        """Whether the rules of component c are kept without one of its copies."""
        if not self.has_rules(c):
            return True
        mark = self.ws.mark()
        self.ws.remove(spot[1], spot[0])
        kept = self.keeps(c)
        self.ws.rollback(mark)
        return kept

    def keeps(self, c: int, moving: Iterable[int] = ()) -> bool:
        """Whether the copies of c keep its rules over zones and losses: now, and when those that move have gone.

        `moving` are the rows of copies that are about to, one entry a copy, beside those that do already.
        """
        if not self.has_rules(c):
            return True
        gone = Counter([*moving, *(m for _, m, seat in self.leaving if seat.component == c)])
        return self._kept(c, Counter()) and (not gone or self._kept(c, gone))

    def has_rules(self, c: int) -> bool:
        """Whether any rule looks at all copies of c together."""
        component = self.fleet.components[c]
        return component.has_zone_rules or component.pool_loss_floor > 0 or component.instance_loss_floor > 0

    def _kept(self, c: int, gone: Counter[int]) -> bool:
        """Whether the rules are kept without so many copies on some rows."""
        ws, component = self.ws, self.fleet.components[c]
        zoned, in_pool, most = [0] * len(self.fleet.zones), Counter[int](), 0
        for m, here in ws.where[c].items():
            n, p = here - gone[m], int(ws.pool[m])
            zoned[ws.zone_of[p]] += n
            in_pool[p] += n
            most = max(most, n)
        return keeps_zone_rules(component, zoned) and survives(
            component, sum(zoned), max(in_pool.values(), default=0), most
        )

    def _stop(self, spot: Spot, at: int, wait: int) -> None:
        """Take one copy off; a machine that becomes empty waits, and goes."""
        m, seat = spot
        self.ws.remove(seat, m)
        times = self.loading.get(spot)
        if times:
            times.remove(max(times))
            if not times:
                del self.loading[spot]
        if not self.ws.seats[m]:
            self.ledger.vacate(m, at, wait)

    # -- time goes on

    def advance(self, now: int) -> None:
        """What has come to its end by now: copies are loaded, moved ones leave, machines that waited go."""
        self.loading = {
            spot: left for spot, times in self.loading.items() if (left := [at for at in times if at > now])
        }
        due = [row for row in self.leaving if row[0] <= now]
        if due:
            self.leaving = [row for row in self.leaving if row[0] > now]
            for at, m, seat in due:
                self._leaving_of[seat.component] -= 1
                if not any(row == m for _, row, _ in self.leaving):
                    self.ws.cordoned[m] = False
                self._stop((m, seat), at, 0)
            self.ws.forget()
        self.arriving = [row for row in self.arriving if row[0] > now]
        self.ledger.release_until(now)

    def move(self, old: list[Spot], new: list[tuple[Spot, int]]) -> None:
        """Copies that stand twice until all new ones are loaded; the old ones leave then."""
        at = max(ready for _, ready in new)
        for m, seat in old:
            self.leaving.append((at, m, seat))
            self._leaving_of[seat.component] += 1
        self.arriving += [(at, *spot) for spot, _ in new]

    # -- as a document

    def to_document(self) -> dict[str, Any]:
        """All of it, in JSON's terms; `restore` makes the same of it."""
        ws = self.ws
        rows: list[list[Any]] = []
        place: dict[int, int] = {}
        for m in sorted(self.ledger.rented, key=lambda m: (not ws.seats[m], m)):
            place[m] = len(rows)
            machine = list(astuple(self.ledger.rented[m]))
            rows.append([machine, bool(ws.cordoned[m]), [_plain(seat) for seat in ws.seats[m]]])
        return {
            "ledger": self.ledger.to_document(),
            "machines": rows,
            "loading": [[place[m], *_plain(seat), times] for (m, seat), times in self.loading.items()],
            "leaving": [[at, place[m], *_plain(seat)] for at, m, seat in self.leaving],
            "arriving": [[at, place[m], *_plain(seat)] for at, m, seat in self.arriving],
        }

    def restore(self, document: dict[str, Any]) -> None:
        """What `to_document` wrote; nothing may run yet."""
        ws = self.ws
        self.ledger.restore(document["ledger"])
        for number, (machine, cordoned, seats) in enumerate(document["machines"]):
            m = ws.open_row(machine[1])
            assert m == number, "rows of a restored cluster come in their order"
            for seat in seats:
                ws.place(_seat(*seat), m)
            ws.cordoned[m] = cordoned
            self.ledger.rented[m] = RentedMachine(*machine)
        self.loading = {(m, _seat(c, o, ks)): list(times) for m, c, o, ks, times in document["loading"]}
        self.leaving = [(at, m, _seat(c, o, ks)) for at, m, c, o, ks in document["leaving"]]
        self.arriving = [(at, m, _seat(c, o, ks)) for at, m, c, o, ks in document["arriving"]]
        self._leaving_of = Counter(seat.component for _, _, seat in self.leaving)
        ws.forget()


def _plain(seat: Seat) -> list[Any]:
    return [seat.component, seat.option, list(seat.accelerators)]


def _seat(c: int, o: int, accelerators: list[int]) -> Seat:
    return Seat(c, o, tuple(accelerators))
