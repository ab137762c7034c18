"""One order by list scheduling: each batch starts whatever fits and then stops whatever may stop.

Where nothing can go on, a copy that is in the way stops over: at a spare slot of a machine that is open or will be,
else on a temporary machine; or it stops before its successor runs, where copies may be missing. A second pass then
schedules the same actions again, each as early as it can be.

O(batches x (copies to start and to stop) x what one machine holds), and a search over machines for each stop-over. What
starts first decides what has room, so attempts differ by a seed; see `search`.
"""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from placement.grouping import grouped
from placement.transition.batches import Batch, Order, Stuck
from placement.transition.difference import Difference, Stand
from placement.transition.moment import Moment, Sites
from placement.transition.spare import spare_places, temporary_places

_COPIES = 40  # that are asked to stop over before another way is tried; those most in the way come first


@dataclass(frozen=True, slots=True)
class Manner:
    """How an attempt goes about it.

    `hold`: machines that are given back stay until the end, unless a quota wants them earlier: copies may stop over
        there.
    """

    temporary: int  # the most machines that may be rented for the transition alone
    eager: bool = False  # copies may be missing whenever that is allowed, not only where nothing else goes on
    hold: bool = False


class Attempt:
    def __init__(self, sites: Sites, due: Difference, manner: Manner, rng: random.Random | None) -> None:
        """Prepare; without `rng` copies start first whose component is most in the way of others."""
        self._sites, self._manner, self._rng = sites, manner, rng
        self._moment = Moment(sites, due.running, due.now)
        self._moment.floors = sites.floors if manner.eager else sites.strict
        self._arriving = list(due.arriving)
        self._leaving = list(due.leaving)
        self._closing = dict.fromkeys(due.closing)
        self._unopened = dict.fromkeys(due.opening)
        self._temporary: dict[str, int] = {}
        self._stopovers: list[Stand] = []
        self._expected: Counter[Stand] = Counter()  # copies to start that do not stay
        self._hops = Counter(stand.component for stand in due.leaving)  # how many more may stop over
        self._batches: list[Batch] = []

    def run(self) -> Order | Stuck:
        """Batch after batch until all is done, or nothing goes on."""
        self._sort()
        while self._arriving or self._leaving or self._unopened or self._closing:
            batch = self._batch()
            if not batch:
                batch = self._give_way() or self._close_empty()
            if not batch:
                return self._stuck()
            self._batches.append(batch)
        return Order(tuple(self._batches), self._temporary, tuple(self._stopovers))

    def resume(self, order: Order) -> Order | Stuck:
        """The same actions as an order that was found, each as early as it can be done."""
        self._temporary = dict(order.temporary)
        self._stopovers = list(order.stopovers)
        self._expected = Counter(order.stopovers)
        self._arriving = [*order.stopovers, *self._arriving]
        self._closing |= dict.fromkeys(order.temporary)
        self._unopened |= dict.fromkeys(order.temporary)
        self._hops.clear()
        return self.run()

    def _stuck(self) -> Stuck:
        present = tuple(stand for there in self._moment.on.values() for stand in there.elements())
        return Stuck(
            tuple(self._batches), tuple(self._moment.open), present, tuple(self._arriving), tuple(self._leaving)
        )

    # --- one batch

    def _sort(self) -> None:
        """Which copies start first: those whose component stands most in the way; or any, by the seed."""
        if self._rng is not None:
            self._rng.shuffle(self._arriving)
            self._rng.shuffle(self._leaving)
            return
        wanted = {stand.instance for stand in self._arriving}
        in_way = Counter(stand.component for stand in self._leaving if stand.instance in wanted)
        self._arriving.sort(key=lambda stand: -in_way[stand.component])

    def _batch(self) -> Batch:
        """Whatever may be done now."""
        batch = Batch()
        self._moment.begin_batch()
        for stand in self._arriving[:]:
            self._try_start(stand, batch)
        wanted = {stand.instance for stand in self._arriving}
        for stand in sorted(self._leaving, key=lambda stand: stand.instance not in wanted):  # stable
            if self._moment.may_stop(stand):
                self._stop(stand, batch)
        for component in dict.fromkeys(stand.component for stand in (*batch.starts, *batch.stops)):
            if not self._moment.is_spread(component):
                self._spread_again(component, batch)
        if not self._arriving:
            for machine in list(self._unopened):
                self._open(machine, batch)
        for stand in batch.starts:
            if self._expected[stand] > 0:
                self._expected[stand] -= 1
                self._leaving.append(stand)  # from the next batch on, after all others
        last = not (self._arriving or self._leaving or self._unopened)
        if last or not self._manner.hold:
            self._close(batch)
        else:
            self._close(batch, among=self._temporary)
        return batch

    def _try_start(self, stand: Stand, batch: Batch) -> None:
        if not self._moment.fits(stand):
            return
        if stand.instance not in self._moment.open and not self._open(stand.instance, batch):
            return
        self._start(stand, batch)

    def _open(self, machine: str, batch: Batch) -> bool:
        if not self._moment.may_open(self._sites.pool_of[machine]):
            return False
        self._moment.open_machine(machine)
        self._unopened.pop(machine, None)
        batch.opens.append(machine)
        return True

    def _start(self, stand: Stand, batch: Batch) -> None:
        self._moment.start(stand)
        self._arriving.remove(stand)
        batch.starts.append(stand)

    def _stop(self, stand: Stand, batch: Batch) -> None:
        self._moment.stop(stand)
        self._leaving.remove(stand)
        batch.stops.append(stand)

    def _take_back_start(self, stand: Stand, batch: Batch) -> None:
        self._moment.stop(stand)
        batch.starts.remove(stand)
        self._arriving.append(stand)

    def _take_back_stop(self, stand: Stand, batch: Batch) -> None:
        self._moment.start(stand)
        batch.stops.remove(stand)
        self._leaving.append(stand)

    def _spread_again(self, component: str, batch: Batch) -> None:
        """Where a batch would leave a component badly spread: take back what it does, then do what keeps the spread."""
        starts = [stand for stand in batch.starts if stand.component == component]
        stops = [stand for stand in batch.stops if stand.component == component]
        for stand in stops:
            self._take_back_stop(stand, batch)
        for stand in starts:
            self._take_back_start(stand, batch)
        left = [*stops]
        for stand in starts:
            self._start(stand, batch)
            partner = next((other for other in left if self._stops_well(other, batch)), None)
            if partner is not None:
                left.remove(partner)
            elif not self._moment.is_spread(component):
                self._take_back_start(stand, batch)
        for other in left:
            self._stops_well(other, batch)

    def _stops_well(self, stand: Stand, batch: Batch) -> bool:
        """Stop a copy if floors and spread are kept then."""
        if not self._moment.may_stop(stand):
            return False
        self._stop(stand, batch)
        if self._moment.is_spread(stand.component):
            return True
        self._take_back_stop(stand, batch)
        return False

    def _close(self, batch: Batch, among: Iterable[str] | None = None) -> None:
        """Give back machines that are empty and not in the plan."""
        due = {stand.instance for stand in self._arriving}  # copies that are yet to stop over
        for machine in list(self._closing):
            wanted = machine in due or machine not in self._moment.open
            if not wanted and self._moment.is_empty(machine) and (among is None or machine in among):
                self._moment.close_machine(machine)
                del self._closing[machine]
                batch.closes.append(machine)

    def _close_empty(self) -> Batch:
        """Where nothing else goes on: machines that were held, as a quota may want them."""
        batch = Batch()
        self._close(batch)
        return batch

    # --- where nothing goes on

    def _give_way(self) -> Batch:
        """Let one copy that is in the way stop over, or stop before its successor runs; empty where none can."""
        in_way = self._in_way()
        for score in (True, False):
            copies = [stand for stand, frees in in_way if bool(frees) is score]
            batch = self._stop_early(copies) or self._stop_over(copies, temporary=False)
            if not batch and len(self._temporary) < self._manner.temporary:
                batch = self._stop_over(copies, temporary=True)
            if batch:
                self._close(batch)
                return batch
        return Batch()

    def _in_way(self) -> list[tuple[Stand, int]]:
        """Copies to stop, and how many waiting copies could start if only it were gone; most first."""
        waiting = grouped((stand.instance, stand) for stand in self._arriving)
        found = []
        for stand in dict.fromkeys(self._leaving):
            self._moment.stop(stand)
            found.append((stand, sum(self._moment.fits(other) for other in waiting[stand.instance])))
            self._moment.start(stand)
        return sorted(found, key=lambda row: -row[1])

    def _stop_early(self, copies: list[Stand]) -> Batch:
        """Use an allowance: a copy stops although its successor does not run yet."""
        moment, batch = self._moment, Batch()
        moment.floors = self._sites.floors
        for stand in copies:
            if self._stops_well(stand, batch):
                break
        moment.floors = self._sites.floors if self._manner.eager else self._sites.strict
        return batch

    def _stop_over(self, copies: list[Stand], *, temporary: bool) -> Batch:
        """Start a copy elsewhere for now, and stop the one that is in the way."""
        moment = self._moment
        avoided = {stand.instance for stand in self._arriving}
        seen: set[tuple[str, str]] = set()  # of one component on one machine: all alike
        for stand in copies:
            if self._hops[stand.component] <= 0 or (stand.component, stand.instance) in seen:
                continue
            seen.add((stand.component, stand.instance))
            if len(seen) > _COPIES:
                break
            if temporary:
                found = temporary_places(moment, stand)
            else:
                found = spare_places(moment, stand, self._unopened, avoided)
            for place in found:
                batch = self._hop(stand, place, temporary=temporary)
                if batch:
                    return batch
        return Batch()

    def _hop(self, stand: Stand, place: Stand, *, temporary: bool) -> Batch:
        """Let one copy stop over at one place; an empty batch, and nothing done, where rules forbid it."""
        moment, batch = self._moment, Batch()
        opened = place.instance not in moment.open
        if opened and not self._open(place.instance, batch):
            return Batch()
        if temporary:
            self._temporary[place.instance] = self._sites.pool_of[place.instance]
            self._closing[place.instance] = None
        self._arriving.append(place)
        self._start(place, batch)
        if self._stops_well(stand, batch):
            self._hops[stand.component] -= 1
            self._stopovers.append(place)
            self._leaving.append(place)
            return batch
        moment.stop(place)
        if opened:
            moment.close_machine(place.instance)
            if temporary:
                del self._closing[place.instance], self._temporary[place.instance]
            else:
                self._unopened[place.instance] = None
        return Batch()
