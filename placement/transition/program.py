"""The time-indexed program of a transition, for CP-SAT: which copy starts and stops in which batch, and where.

Formulation. K batches; in each, copies start and then copies stop. Of a copy that has to go there is one variable a
batch, of one that has to come one a batch and candidate place (a copy of the plan has one place, one that stops over
many). At the peak of each batch all that has started and not stopped before it has room: a row a machine and
resource, and a row an accelerator for memory, share and owners. At its end floors, skew and zones hold; skew and zones
also between its begin and its end, in any order (`spread` has the rule). Machines that open and close are counted at
each peak against quotas and limits.

Every batch but the last stops a copy, closes a machine, or starts a copy of a component whose spread has to hold at
each moment: one that only opens machines and starts others is as well done with the next. `most_batches` counts them.

A fleet that breaks a rule of room, caps or quotas before anything is done has no such rows, and no program here:
`fits_program` says so.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product
from typing import Any

from ortools.sat.python import cp_model

from placement.compiled.fleet import FleetOption
from placement.grouping import grouped
from placement.transition.difference import Difference, Stand
from placement.transition.moment import Moment, Sites
from placement.units import WHOLE_SHARE

MOST_VARIABLES = 40_000  # of one program, about; a larger one is not written
Linear = Any  # a variable of CP-SAT, a sum of such, or a number


@dataclass(frozen=True, slots=True)
class Starter:
    """A copy that comes, at one of some places; it may stay away (`optional`), or go again (`leaves`)."""

    places: tuple[Stand, ...]
    optional: bool = False
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class ProgramSize:
    """Machines that may come, by the pool of each, and how many batches."""

    batches: int
    temporary: dict[str, int]


class TransitionProgram:
    """Builds the program; the caller adds what is minimised, solves, and reads the batches."""

    def __init__(self, sites: Sites, due: Difference, starters: Sequence[Starter], size: ProgramSize) -> None:
        """O(batches x (copies + candidate places) x accelerators of one) terms."""
        self.model = cp_model.CpModel()
        self.sites, self.due, self.size, self.starters = sites, due, size, starters
        self.batches = range(size.batches)
        self.stop = [[self.model.new_bool_var("") for _ in self.batches] for _ in due.leaving]
        for row in self.stop:
            self.model.add_exactly_one(row)
        self.start = [[[self.model.new_bool_var("") for _ in self.batches] for _ in s.places] for s in starters]
        self.leave = [
            [[self.model.new_bool_var("") for _ in self.batches] for _ in s.places] if s.leaves else []
            for s in starters
        ]
        for starter, starts, leaves in zip(starters, self.start, self.leave, strict=True):
            self._starter(starter, starts, leaves)
        self._peak: list[list[tuple[Stand, Linear]]] = [list(self._present(k, peak=True)) for k in self.batches]
        self._end: list[list[tuple[Stand, Linear]]] = [list(self._present(k, peak=False)) for k in self.batches]
        self.is_open = self._machines()
        self._rooms()
        self._company()
        self._quotas()
        for component in dict.fromkeys(stand.component for stand, _ in self._peak[0]):
            self._floors(component)
        self._no_idle_batch()

    def _starter(self, starter: Starter, starts: list[list[Linear]], leaves: list[list[Linear]]) -> None:
        flat = [start for row in starts for start in row]
        if starter.optional:
            self.model.add_at_most_one(flat)
        else:
            self.model.add_exactly_one(flat)
        for row, gone in zip(starts, leaves, strict=False):
            self.model.add(sum(gone) == sum(row))
            for k in self.batches:
                self.model.add(sum(gone[: k + 1]) <= sum(row[:k]))  # from the next batch on

    def _present(self, k: int, *, peak: bool) -> Iterator[tuple[Stand, Linear]]:
        """Copies that come or go, and whether they are there at the peak or at the end of a batch."""
        last = k if peak else k + 1
        for stand, stops in zip(self.due.leaving, self.stop, strict=True):
            yield stand, 1 - sum(stops[:last])
        for starter, starts, leaves in zip(self.starters, self.start, self.leave, strict=True):
            for p, stand in enumerate(starter.places):
                gone = sum(leaves[p][:last]) if leaves else 0
                yield stand, sum(starts[p][: k + 1]) - gone

    def _no_idle_batch(self) -> None:
        """Nothing is done in a batch unless the one before had to be apart: else both are as well done as one.

        A machine that closes gives room under quotas and limits to the peak of the next batch, as a copy that stops
        gives room on its machine.
        """
        stops = [*self.stop, *(row for rows in self.leave for row in rows)]
        starts = [row for rows in self.start for row in rows]
        spread = [
            row
            for starter, rows in zip(self.starters, self.start, strict=True)
            for stand, row in zip(starter.places, rows, strict=True)
            if stand.component in self.sites.spread
        ]
        for k in self.batches[1:]:
            closes = sum(self.is_open[machine][k - 1] - self.is_open[machine][k] for machine in self.due.closing)
            before = closes + sum(row[k - 1] for row in (*stops, *spread))
            for row in (*stops, *starts):
                self.model.add(row[k] <= before)

    # --- rules

    def _machines(self) -> dict[str, list[Linear]]:
        """Whether each machine that comes or goes is open at the peak of each batch."""
        found: dict[str, list[Linear]] = {}
        for machine in (*self.due.opening, *self.due.closing, *self.size.temporary):
            found[machine] = [self.model.new_bool_var("") for _ in self.batches]
            for k in self.batches[1:]:
                if machine in self.due.opening:
                    self.model.add(found[machine][k] >= found[machine][k - 1])
                if machine in self.due.closing:
                    self.model.add(found[machine][k] <= found[machine][k - 1])
        for k in self.batches:
            for stand, there in self._peak[k]:
                if stand.instance in found:
                    self.model.add(found[stand.instance][k] >= there)
        for machine in self.due.closing:
            self.model.add(found[machine][0] == 1)
        for machine in self.due.opening:
            self.model.add(found[machine][self.size.batches - 1] == 1)
        return found

    def _rooms(self) -> None:
        """Host and accelerators of each machine, at each peak."""
        kept = Moment(self.sites, (), self.due.kept)
        for k in self.batches:
            there = grouped((stand.instance, (stand, present)) for stand, present in self._peak[k])
            for machine, rows in there.items():
                self._room(kept, machine, rows)

    def _room(self, kept: Moment, machine: str, rows: list[tuple[Stand, Linear]]) -> None:
        shape = self.sites.fleet.pools[self.sites.pool_of[machine]].shape
        load = kept.load(machine)
        needs = [(self.sites.option(stand), stand, present) for stand, present in rows]
        self._sum([(option.vcpus, present) for option, _, present in needs], shape.vcpus - load.vcpus)
        self._sum([(option.host_mib, present) for option, _, present in needs], shape.host_mib - load.host)
        for a in range(shape.accelerators):
            here = [(option, present) for option, stand, present in needs if a in stand.accelerators]
            if not here:
                continue
            self._sum([(option.memory_mib, present) for option, present in here], shape.memory_mib - load.memory[a])
            self._sum([(option.share, present) for option, present in here], WHOLE_SHARE - load.share[a])
            whole = len(here) + load.users[a]  # one that owns it counts as all there could be
            owned = [(1 if option.shared else whole, present) for option, present in here]
            self._sum(owned, whole - (whole if load.owners[a] else load.users[a]))

    def _sum(self, terms: list[tuple[int, Linear]], most: int) -> None:
        used = [(weight, present) for weight, present in terms if weight]
        if used and sum(weight for weight, _ in used) > most:
            self.model.add(sum(weight * present for weight, present in used) <= most)

    def _company(self) -> None:
        """Caps of one machine and of a zone, cordoned machines, `dedicated` and `avoid`, at each peak."""
        components = self.sites.components
        kept = Moment(self.sites, (), self.due.kept)
        for k in self.batches:
            on: dict[tuple[str, str], list[Linear]] = defaultdict(list)
            zones: dict[tuple[str, int], list[Linear]] = defaultdict(list)
            for stand, present in self._peak[k]:
                on[stand.instance, stand.component].append(present)
                zones[stand.component, self.sites.zone(stand.instance)].append(present)
            for (machine, name), rows in on.items():
                here = kept.load(machine).by_component[name]
                caps = [components[name].max_per_instance]
                if machine in self.sites.residents:
                    caps.append(self.sites.residents[machine][name])
                for cap in caps:
                    if cap is not None:
                        self.model.add(sum(rows) <= cap - here)
            for (name, zone), rows in zones.items():
                most = components[name].max_per_zone
                if most is not None:
                    self.model.add(sum(rows) <= most - kept.counts(name).zones[zone])
            self._apart(k)

    def _apart(self, k: int) -> None:
        """Copies that never share a machine; two that do before may go on until one leaves."""
        by_machine = grouped((row[0].instance, row) for row in self._peak[k])
        leaving = set(self.due.leaving)
        for rows in by_machine.values():
            for (one, there), (other, also) in combinations(rows, 2):
                if self._conflict(one.component, other.component) and not (one in leaving and other in leaving):
                    self.model.add(there + also <= 1)

    def _conflict(self, one: str, other: str) -> bool:
        first, second = self.sites.components[one], self.sites.components[other]
        return one != other and (first.dedicated or second.dedicated or second.index in first.avoids)

    def _quotas(self) -> None:
        """Machines of each pool, and of each limit, at each peak."""
        fleet, pool_of = self.sites.fleet, self.sites.pool_of
        always: dict[int, int] = defaultdict(int)
        for machine in self.due.running:
            if machine not in self.is_open:
                always[pool_of[machine]] += 1
        for k in self.batches:
            count: dict[int, Linear] = {p.index: always[p.index] for p in fleet.pools}
            for machine, rows in self.is_open.items():
                count[pool_of[machine]] += rows[k]
            for pool in fleet.pools:
                if pool.max_instances is not None:
                    self.model.add(count[pool.index] <= pool.max_instances)
            for limit in fleet.limits:
                self.model.add(sum(w * self._paid(count[p], p) for p, w in limit.weight.items()) <= limit.most)

    def _paid(self, count: Linear, pool: int) -> Linear:
        least = self.sites.fleet.pools[pool].min_instances
        if not least:
            return count
        paid = self.model.new_int_var(least, 10**6, "")
        self.model.add(paid >= count)
        return paid

    def _floors(self, component: str) -> None:
        """Copies that serve at the end of each batch, what is left after a loss, and their spread."""
        floors, row = self.sites.floors[component], self.sites.components[component]
        kept = Moment(self.sites, (), self.due.kept).counts(component)
        now = Moment(self.sites, (), self.due.now).counts(component).zones
        before: dict[Any, Linear] = {z: now[z] for z in (*row.eligible_zones, *now)}
        for k in self.batches:
            mine = [(stand, there) for stand, there in self._end[k] if stand.component == component]
            copies = kept.copies + sum(there for _, there in mine)
            self.model.add(copies >= floors.copies)
            if floors.served:
                served = sum(self.sites.option(stand).throughput * there for stand, there in mine)
                self.model.add(kept.served + served >= floors.served)
            zones: dict[Any, Linear] = dict(kept.zones) | {z: kept.zones[z] for z in row.eligible_zones}
            pools: dict[Any, Linear] = dict(kept.pools)
            machines: dict[Any, Linear] = dict(kept.machines)
            for stand, there in mine:
                zone, pool = self.sites.zone(stand.instance), self.sites.pool_of[stand.instance]
                zones[zone] = zones.get(zone, 0) + there
                pools[pool] = pools.get(pool, 0) + there
                machines[stand.instance] = machines.get(stand.instance, 0) + there
            for least, where in ((floors.zone, zones), (floors.pool, pools), (floors.instance, machines)):
                if least:
                    for count in where.values():
                        self.model.add(copies - count >= least)
            if floors.skew is not None:
                self._skew(zones, zones, floors.skew)
            if floors.zones > 1:
                self._many_zones(list(zones.values()), copies, floors.zones)
            if floors.skew is not None and floors.held:
                self._skew(zones, before, floors.skew)
                self._skew(before, zones, floors.skew)
            if floors.zones > 1 and floors.held:
                most = kept.copies + len(mine)
                self._many_zones_inside(before, zones, floors.zones, most)
                self._many_zones_inside(zones, before, floors.zones, most)
            before = zones

    def _skew(self, full: dict[Any, Linear], few: dict[Any, Linear], most: int) -> None:
        """No zone of the first has so many copies more than another one of the second; all are eligible."""
        for (z, count), (y, least) in product(full.items(), few.items()):
            if z != y:
                self.model.add(count - least <= most)

    def _many_zones(self, zones: list[Linear], copies: Linear, least: int) -> None:
        used = self._used(zones)
        wanted = self.model.new_int_var(0, least, "")
        some = self.model.new_int_var(0, 10**6, "")
        self.model.add(some == copies)
        self.model.add_min_equality(wanted, [some, least])
        self.model.add(sum(used) >= wanted)

    def _many_zones_inside(self, end: dict[Any, Linear], other: dict[Any, Linear], least: int, most: int) -> None:
        """Between one end of a batch and its peak: see `spread.has_zones_inside`. At the ends the rule holds.

        Where copies stand in fewer zones than `least`, each has its own. `most` is more than any zone holds.
        """
        used = sum(self._used(list(end.values())))
        enough, all_but_one = self.model.new_bool_var(""), self.model.new_bool_var("")
        self.model.add(used >= least).only_enforce_if(enough)
        self.model.add(used >= least - 1).only_enforce_if(all_but_one)
        for zone, count in end.items():
            self.model.add(other[zone] <= 1 + most * (1 - count)).only_enforce_if(~enough)
            self.model.add(other[zone] <= 1 + most * all_but_one).only_enforce_if(~enough)

    def _used(self, zones: list[Linear]) -> list[Linear]:
        """For each zone a variable that is 1 only if a copy stands there."""
        used = [self.model.new_bool_var("") for _ in zones]
        for count, flag in zip(zones, used, strict=True):
            self.model.add(count >= flag)
        return used


def most_batches(sites: Sites, due: Difference) -> int:
    """An order of more batches has one that is as well done with the next.

    Each copy that has to go stops, and perhaps one that stops over for it; so does a last batch. Machines that are
    empty today may have to close first, all in one batch; others close when their last copy stops. Where spread has to
    hold at each moment, each copy of the component that starts may take one more.
    """
    used = {stand.instance for stand in due.now}
    first = any(machine not in used for machine in due.closing)
    return (
        2 * len(due.leaving)
        + 1
        + first
        + sum(stand.component in sites.spread for stand in (*due.arriving, *due.leaving))
    )


def fits_program(sites: Sites, due: Difference) -> bool:
    """Whether today's state keeps every rule that the program takes for kept."""
    moment = Moment(sites, due.running, ())
    for pool in sites.fleet.pools:
        if pool.max_instances is not None and moment.paid[pool.index] > pool.max_instances:
            return False
    paid = [max(moment.paid[pool.index], pool.min_instances) for pool in sites.fleet.pools]
    if any(limit.sum(paid) > limit.most for limit in sites.fleet.limits):
        return False
    draining, sites.draining = sites.draining, set()  # what stands there may stand there
    try:
        for stand in due.now:
            if not moment.fits(stand):
                return False
            moment.start(stand)
    finally:
        sites.draining = draining
    for name, component in sites.components.items():
        if component.max_skew is not None and set(moment.counts(name).zones) - set(component.eligible_zones):
            return False
    return True


def machines_for_hire(sites: Sites, options: Iterable[FleetOption], kind: str, most: int) -> dict[str, int]:
    """So many machines of each pool where one of the options may run, that no problem names; the pool of each."""
    found = {}
    usable = set[int]().union(*(option.pools for option in options))
    for pool in (pool for pool in sites.fleet.pools if pool.index in usable):
        names = (f"{pool.name}/{kind}-{number}" for number in range(1, most + len(sites.named) + 1))
        for name in islice((name for name in names if name not in sites.named), most):
            found[name] = sites.pool_of[name] = pool.index
    return found


def all_places(sites: Sites, component: str, machines: Sequence[str]) -> Iterator[Stand]:
    """Every place of a copy on some machines, rules of company and room aside."""
    for machine in machines:
        if machine in sites.draining:
            continue
        pool = sites.pool_of[machine]
        accelerators = range(sites.fleet.pools[pool].shape.accelerators)
        for option in sites.components[component].options:
            if pool in option.pools:
                for on in combinations(accelerators, option.accelerators):
                    yield Stand(component, option.index, machine, on)
