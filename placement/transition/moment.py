"""The fleet at one moment of a transition: what stands where, what may start, and which copies may stop.

Upper rules (room, owners, caps, dedicated, `avoid`, quotas, limits, cordoned and draining machines) are asked before a
copy starts or a machine opens, with all copies present that have not stopped. Lower ones (copies available, what is
left when a zone, a pool or a machine is lost) are asked before a copy stops. Skew and number of zones are asked of what
a batch has done so far, for all moments on the way there; see `spread`. What was broken before the transition may stay
broken and is never made worse.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from placement.compiled.fleet import Fleet, FleetComponent, FleetOption
from placement.transition.difference import Difference, Stand
from placement.transition.spread import has_zones_inside, skew_inside
from placement.units import WHOLE_SHARE

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Floors:
    """What a component must never fall below: copies, what they serve, and copies left after each kind of loss.

    `skew` is the most there may be between two zones, `zones` the fewest that copies stand in. Where no copy runs
    before the transition, or none is in the plan, nobody counts on its spread on the way: it is `held` at ends alone.
    Where none is in the plan, a loss asks for nothing either, as the last copy goes some time.
    """

    copies: int
    served: int
    zone: int
    pool: int
    instance: int
    zones: int
    skew: int | None
    held: bool  # skew and zones, at each moment

    @property
    def has_spread(self) -> bool:
        """Whether skew or number of zones ask anything at the moments of a batch."""
        return self.held and (self.skew is not None or self.zones > 1)


class Sites:
    """What does not change in a transition: needs, rooms, rules and floors. One for all attempts at an order."""

    def __init__(self, fleet: Fleet, due: Difference, unavailable: Mapping[str, int]) -> None:
        """Compile; `unavailable` is by component how many copies may be missing."""
        problem = fleet.problem
        self.fleet = fleet
        self.components: dict[str, FleetComponent] = {row.name: row for row in fleet.components}
        self.pool_index = {row.name: row.index for row in fleet.pools}
        self.pool_of = {name: self.pool_index[pool] for name, pool in due.pools.items()}
        self.named = frozenset(due.pools)
        self.draining = {row.id for row in problem.instances if row.state == "draining"}
        residents: dict[str, Counter[str]] = defaultdict(Counter)
        for stand in due.now:
            residents[stand.instance][stand.component] += 1
        self.residents = {row.id: residents[row.id] for row in problem.instances if row.state == "cordoned"}
        self.unavailable = unavailable
        self.floors: dict[str, Floors] = {}
        self.strict: dict[str, Floors] = {}  # as if no copy might be missing
        self.spread: frozenset[str] = frozenset()
        start, end = Moment(self, due.running, due.now), Moment(self, (), due.planned)
        for component in fleet.components:
            name, missing = component.name, unavailable.get(component.name, 0)
            now, then = start.counts(name), end.counts(name)
            self.strict[name] = _floors(component, now, then, 0)
            self.floors[name] = _floors(component, now, then, missing) if missing else self.strict[name]
        self.spread = frozenset(name for name, floors in self.floors.items() if floors.has_spread)

    def option(self, stand: Stand) -> FleetOption:
        """What the copy takes."""
        return self.components[stand.component].options[stand.option]

    def zone(self, machine: str) -> int:
        return self.fleet.pools[self.pool_of[machine]].zone


def _floors(component: FleetComponent, now: ComponentCounts, then: ComponentCounts, missing: int) -> Floors:
    """Floors of a component between two states, where so many copies may be missing."""
    served, copies = 0, max(0, min(now.copies, then.copies - missing))
    if component.demand:
        best = max((option.throughput for option in component.options), default=0)
        served = max(0, min(now.served, then.served, component.demand) - missing * best)
        copies = max(0, min(now.copies, then.copies, component.required) - missing)
    was_spread = len(now.zones) >= min(component.min_zones, now.copies)
    stays = then.copies > 0
    return Floors(
        copies=copies,
        served=served,
        zone=min(component.zone_loss_floor, now.left_after(now.zones)) if stays else 0,
        pool=min(component.pool_loss_floor, now.left_after(now.pools)) if stays else 0,
        instance=min(component.instance_loss_floor, now.left_after(now.machines)) if stays else 0,
        zones=component.min_zones if was_spread else len(now.zones),
        skew=None if component.max_skew is None else max(component.max_skew, now.skew(component.eligible_zones)),
        held=now.copies > 0 and stays,
    )


class ComponentCounts:
    """How the copies of one component stand at a moment."""

    __slots__ = ("copies", "machines", "pools", "served", "zones")

    def __init__(self) -> None:
        self.copies = self.served = 0
        self.zones: Counter[int] = Counter()
        self.pools: Counter[int] = Counter()
        self.machines: Counter[str] = Counter()

    def left_after(self, where: Mapping[object, int] | Counter[int] | Counter[str]) -> int:
        """Copies left when the fullest of these is lost."""
        return self.copies - max(where.values(), default=0)

    def skew(self, eligible: Collection[int]) -> int:
        """The largest count of a zone less the smallest, over the eligible zones and those in use."""
        if not self.copies:
            return 0
        fewest = min(self.zones.values()) if all(self.zones[z] for z in eligible) else 0
        return max(self.zones.values()) - fewest

    def add(self, zone: int, pool: int, machine: str, served: int, sign: int) -> None:
        """One more copy, or one less."""
        self.copies += sign
        self.served += sign * served
        _count(self.zones, zone, sign)
        _count(self.pools, pool, sign)
        _count(self.machines, machine, sign)


def _count(counter: Counter[K], key: K, sign: int) -> None:
    """One more, or one less; a key that is counted no more is gone."""
    counter[key] += sign
    if not counter[key]:
        del counter[key]


class PresentLoad:
    """What the copies on one machine take; per accelerator memory (MiB), share (thousandths), copies and owners."""

    __slots__ = ("by_component", "host", "memory", "owners", "share", "users", "vcpus")

    def __init__(self, accelerators: int) -> None:
        self.vcpus = self.host = 0
        self.memory = [0] * accelerators
        self.share = [0] * accelerators
        self.users = [0] * accelerators
        self.owners = [0] * accelerators
        self.by_component: Counter[str] = Counter()

    def add(self, stand: Stand, option: FleetOption, sign: int) -> None:
        """One more copy, or one less."""
        self.vcpus += sign * option.vcpus
        self.host += sign * option.host_mib
        for k in stand.accelerators:
            self.memory[k] += sign * option.memory_mib
            self.share[k] += sign * option.share
            self.users[k] += sign
            self.owners[k] += sign * (not option.shared)
        _count(self.by_component, stand.component, sign)


class Moment:
    """Copies and machines at one moment. Changes are made one by one, and can be made backwards."""

    def __init__(self, sites: Sites, machines: Iterable[str], copies: Iterable[Stand]) -> None:
        """The machines that are open, and the copies present on them."""
        self.sites = sites
        self.floors = sites.floors
        self.open: dict[str, None] = {}
        self.opened: set[str] = set()  # at any time
        self.paid: Counter[int] = Counter()
        self.loads: dict[str, PresentLoad] = {}
        self.on: dict[str, Counter[Stand]] = defaultdict(Counter)
        self._counts: dict[str, ComponentCounts] = defaultdict(ComponentCounts)
        self._before: dict[str, Counter[int]] = {}  # copies by zone when the batch began, of components that changed
        for machine in machines:
            self.open_machine(machine)
        for stand in copies:
            self.start(stand)
        self.begin_batch()

    def counts(self, component: str) -> ComponentCounts:
        return self._counts[component]

    def begin_batch(self) -> None:
        """A batch begins: what is done from now on is done side by side."""
        self._before.clear()

    def load(self, machine: str) -> PresentLoad:
        """What stands on a machine, which may still be closed."""
        found = self.loads.get(machine)
        if found is None:
            sites = self.sites
            found = self.loads[machine] = PresentLoad(sites.fleet.pools[sites.pool_of[machine]].shape.accelerators)
        return found

    # --- machines

    def may_open(self, pool: int) -> bool:
        """Whether quota and limits let one more machine of the pool be open."""
        row = self.sites.fleet.pools[pool]
        count = self.paid[pool]
        if row.max_instances is not None and count >= row.max_instances:
            return False
        if count < row.min_instances:
            return True  # it is paid for as it is
        paid = [max(self.paid[p.index], p.min_instances) for p in self.sites.fleet.pools]
        paid[pool] += 1
        return all(limit.sum(paid) <= limit.most for limit in self.sites.fleet.limits if limit.weight.get(pool, 0))

    def open_machine(self, machine: str) -> None:
        self.open[machine] = None
        self.opened.add(machine)
        self.paid[self.sites.pool_of[machine]] += 1

    def close_machine(self, machine: str) -> None:
        """Give an empty machine back."""
        del self.open[machine]
        self.paid[self.sites.pool_of[machine]] -= 1

    def is_empty(self, machine: str) -> bool:
        return not self.on.get(machine)

    # --- copies

    def start(self, stand: Stand, sign: int = 1) -> None:
        """A copy is there, from its start on."""
        option = self.sites.option(stand)
        self.load(stand.instance).add(stand, option, sign)
        _count(self.on[stand.instance], stand, sign)
        pool = self.sites.pool_of[stand.instance]
        zone = self.sites.fleet.pools[pool].zone
        counts = self._counts[stand.component]
        if stand.component in self.sites.spread and stand.component not in self._before:
            self._before[stand.component] = counts.zones.copy()
        counts.add(zone, pool, stand.instance, option.throughput, sign)

    def stop(self, stand: Stand) -> None:
        """A copy is gone."""
        self.start(stand, -1)

    def fits(self, stand: Stand) -> bool:
        """Whether all upper rules let the copy start at its place now; its machine may still be closed."""
        return self._on_host(stand) and self._on_accelerators(stand) and not self._company_broken(stand)

    def why_not(self, stand: Stand) -> str:
        """The first rule that keeps the copy from starting, in words; empty when none does."""
        machine = stand.instance
        if machine not in self.open and not self.may_open(self.sites.pool_of[machine]):
            return f"no more machine of pool {self.sites.fleet.pools[self.sites.pool_of[machine]].name} may be open"
        if not self._on_host(stand):
            return "vCPUs or host memory"
        if not self._on_accelerators(stand):
            return "accelerators"
        return self._company_broken(stand) or self._spread_with(stand)

    def _spread_with(self, stand: Stand) -> str:
        """The rule over zones that breaks when the copy starts and nothing else is done; empty when none does."""
        self.start(stand)
        broken = self.spread_broken(stand.component)
        self.stop(stand)
        return broken

    def _on_host(self, stand: Stand) -> bool:
        option, load = self.sites.option(stand), self.load(stand.instance)
        shape = self.sites.fleet.pools[self.sites.pool_of[stand.instance]].shape
        vcpus = not option.vcpus or load.vcpus + option.vcpus <= shape.vcpus
        return vcpus and (not option.host_mib or load.host + option.host_mib <= shape.host_mib)

    def _on_accelerators(self, stand: Stand) -> bool:
        option, load = self.sites.option(stand), self.load(stand.instance)
        memory = self.sites.fleet.pools[self.sites.pool_of[stand.instance]].shape.memory_mib
        return all(room_on(load, option, memory, k) for k in stand.accelerators)

    def _company_broken(self, stand: Stand) -> str:
        """The rule of the machine, or of who stands there, that keeps a copy away; empty when none does."""
        sites, name = self.sites, stand.component
        component, here = sites.components[name], self.load(stand.instance).by_component
        if stand.instance in sites.draining:
            return "the machine drains"
        residents = sites.residents.get(stand.instance)
        if residents is not None and here[name] >= residents[name]:
            return "the machine is cordoned"
        if component.max_per_instance is not None and here[name] >= component.max_per_instance:
            return "max_per_instance"
        most = component.max_per_zone
        if most is not None and self._counts[name].zones[sites.zone(stand.instance)] >= most:
            return "max_per_zone"
        for other in (sites.components[key] for key in here if key != name):
            if component.dedicated or other.dedicated:
                return "dedicated"
            if other.index in component.avoids:
                return "avoid"
        return ""

    def may_stop(self, stand: Stand) -> bool:
        """Whether every floor of its component holds without the copy."""
        floors, counts = self.floors[stand.component], self._counts[stand.component]
        option = self.sites.option(stand)
        if counts.copies - 1 < floors.copies or counts.served - option.throughput < floors.served:
            return False
        if not (floors.zone or floors.pool or floors.instance):
            return True
        self.stop(stand)
        kept = (
            counts.left_after(counts.zones) >= floors.zone
            and counts.left_after(counts.pools) >= floors.pool
            and counts.left_after(counts.machines) >= floors.instance
        )
        self.start(stand)
        return kept

    def is_spread(self, component: str) -> bool:
        """Whether the batch may end like this; see `spread_broken`."""
        return not self.spread_broken(component)

    def spread_broken(self, component: str) -> str:
        """The rule that breaks now or at a moment since the batch began: `max_skew`, `min_zones`, or none.

        A rule that was broken before the transition breaks where it gets worse.
        """
        floors, counts = self.floors[component], self._counts[component]
        eligible = self.sites.components[component].eligible_zones
        before = self._before.get(component, counts.zones)
        skew = max(counts.skew(eligible), skew_inside(before, counts.zones, eligible))
        if floors.skew is not None and skew > floors.skew:
            return "max_skew"
        return "" if has_zones_inside(before, counts.zones, floors.zones) else "min_zones"


def room_on(load: PresentLoad, option: FleetOption, memory: int, k: int) -> bool:
    """Whether accelerator k has room for one copy."""
    if load.owners[k] or (not option.shared and load.users[k]):
        return False
    if option.memory_mib and load.memory[k] + option.memory_mib > memory:
        return False
    return not option.share or load.share[k] + option.share <= WHOLE_SHARE
