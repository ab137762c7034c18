"""One rolling update batch by batch, and how many machines its first batch needs at least.

Each batch starts new copies where there is room: on the fullest machines first, then on extra machines that are there
already, then on one more; or first where the fewest old ones stand, which empties machines. Where zones have rules
they start in zones with old copies to go, and these go, so counts by zone stay as they are. Then as many old copies
stop, first where a new one fits once they are gone; machines that are empty then are given back, but for those that
later new copies fit on. Which old ones go first decides what has room later, so attempts differ by a seed.
O(copies x machines) an attempt.
"""

import random
from collections import Counter
from dataclasses import dataclass

from placement.compiled.fleet import FleetComponent, FleetOption, Shape
from placement.compiled.shared_need import SharedNeed
from placement.transition.batches import Batch, Order
from placement.transition.difference import Difference, Stand
from placement.transition.moment import Moment, PresentLoad, Sites
from placement.transition.spare import free_name, places
from placement.units import WHOLE_SHARE

_MANY = 10**6  # copies, where nothing limits them
HELD = 0.7  # of empty machines that a new copy fits on, in attempts that differ


@dataclass(frozen=True, slots=True)
class Roll:
    """What is to be rolled: the component, the index of its first new option, copies of a batch."""

    component: str
    first: int
    batch: int


def roll(
    sites: Sites, due: Difference, what: Roll, most_extra: int, seed: int, *, emptying: bool = False
) -> Order | None:
    """Batches with at most so many extra machines; None where this attempt gets stuck.

    `emptying`: new copies start where the fewest old ones stand, so that machines are empty at the end.
    """
    moment = Moment(sites, due.running, due.now)
    rng = random.Random(seed) if seed else None
    left, extra, batches = list(due.leaving), dict[str, int](), []
    most_open = len(due.running) + most_extra
    to_give_back = machines_to_empty(due)
    zoned = _has_zone_rules(moment, what) and seed % 3 != 2
    while left:
        size = min(what.batch, len(left))
        batch = Batch()
        moment.begin_batch()
        for _ in range(size):
            # Where more old copies than new ones stand, an old one can go for one more.
            zones = _zones_with_more(moment, left, batch.starts) if zoned else None
            place = _place(moment, what, extra, most_open, emptying=emptying, zones=zones)
            if place is None:
                return None
            if place.instance not in moment.open:
                moment.open_machine(place.instance)
                extra[place.instance] = sites.pool_of[place.instance]
                batch.opens.append(place.instance)
            moment.start(place)
            batch.starts.append(place)
        for _ in range(size):
            zones = _zones_with_more(moment, batch.starts, batch.stops) if zoned else None
            stand = _goes(moment, what, left, rng, zones)
            if stand is None:
                return None
            moment.stop(stand)
            left.remove(stand)
            batch.stops.append(stand)
        if not moment.is_spread(what.component):
            return None
        for machine in [name for name in to_give_back if moment.is_empty(name)]:
            if left and _is_of_use(moment, what, machine) and (rng is None or rng.random() < HELD):
                continue
            pool = sites.pool_of[machine]
            if moment.paid[pool] <= sites.fleet.pools[pool].min_instances:
                continue
            moment.close_machine(machine)
            to_give_back.remove(machine)
            batch.closes.append(machine)
        batches.append(batch)
    return Order(tuple(batches), extra, ())


def machines_to_empty(due: Difference) -> list[str]:
    """Machines that may be given back once no copy stands there: all they hold is rolled."""
    held = {stand.instance for stand in due.kept}
    old = {stand.instance for stand in due.leaving}
    return [machine for machine in due.closing if machine in old - held]


def _is_of_use(moment: Moment, what: Roll, machine: str) -> bool:
    """Whether a new copy fits there."""
    return next(places(moment, what.component, machine, what.first), None) is not None


def extra_at_once(order: Order) -> int:
    """Machines beyond as many as before, at the moment with most of them."""
    most = now = 0
    for batch in order.batches:
        now += len(batch.opens)
        most = max(most, now)
        now -= len(batch.closes)
    return most


def more_at_the_end(order: Order) -> int:
    """Machines that hold copies when all is done, beyond those that did before."""
    return max(0, len(order.temporary) - sum(len(batch.closes) for batch in order.batches))


def _has_zone_rules(moment: Moment, what: Roll) -> bool:
    floors = moment.floors[what.component]
    return floors.skew is not None or floors.zones > 1 or floors.zone > 0


def _zones_with_more(moment: Moment, some: list[Stand], others: list[Stand]) -> set[int]:
    """Zones with more of some copies than of others."""
    count = Counter(moment.sites.zone(stand.instance) for stand in some)
    count.subtract(moment.sites.zone(stand.instance) for stand in others)
    return {zone for zone, more in count.items() if more > 0}


def _place(
    moment: Moment, what: Roll, extra: dict[str, int], most_open: int, *, emptying: bool, zones: set[int] | None
) -> Stand | None:
    """Where the next new copy starts; in these zones if it can."""
    for within in (zones, None) if zones is not None else (None,):
        place = _on_open(moment, what, extra, within, emptying=emptying)
        if place is None and len(moment.open) < most_open:
            place = _on_one_more(moment, what, within)
        if place is not None:
            return place
    return None


def _on_open(
    moment: Moment, what: Roll, extra: dict[str, int], zones: set[int] | None, *, emptying: bool
) -> Stand | None:
    found = []
    for order, machine in enumerate(moment.open):
        if zones is not None and moment.sites.zone(machine) not in zones:
            continue
        place = next(places(moment, what.component, machine, what.first), None)
        if place is not None:
            free = sum(not users for users in moment.load(machine).users)
            old = _old_copies(moment, what, machine) if emptying else int(machine in extra)
            found.append(((old, free, order), place))
    return min(found)[1] if found else None


def _on_one_more(moment: Moment, what: Roll, zones: set[int] | None) -> Stand | None:
    """On a machine more, of the pool that is cheapest for each copy of a batch."""
    sites = moment.sites
    component = sites.components[what.component]
    ranked = []
    for pool in sites.fleet.pools:
        holds = most_new(component, what.first, pool.shape, None, pool.index)
        if holds and (zones is None or pool.zone in zones) and moment.may_open(pool.index):
            ranked.append((pool.price / min(holds, what.batch), pool.index))
    for _, p in sorted(ranked):
        machine = free_name(moment, sites.fleet.pools[p].name, "new")
        sites.pool_of[machine] = p
        place = next(places(moment, what.component, machine, what.first), None)
        if place is not None:
            return place
    return None


def _old_copies(moment: Moment, what: Roll, machine: str) -> int:
    there = moment.on[machine].items()
    return sum(n for stand, n in there if stand.component == what.component and stand.option < what.first)


def _goes(
    moment: Moment, what: Roll, left: list[Stand], rng: random.Random | None, zones: set[int] | None
) -> Stand | None:
    """The old copy that stops next: in these zones, one that leaves room for a new one, one beside others that went."""
    there = Counter(stand.instance for stand in left)
    best: tuple[tuple[float, ...], Stand] | None = None
    for stand in dict.fromkeys(left):
        if not moment.may_stop(stand):
            continue
        moment.stop(stand)
        fits = _is_of_use(moment, what, stand.instance)
        spread = moment.is_spread(what.component)
        moment.start(stand)
        noise = rng.random() if rng is not None else 0.0
        elsewhere = zones is not None and moment.sites.zone(stand.instance) not in zones
        late = noise if rng is not None and rng.random() < 0.3 else 0.0
        key = (elsewhere, not spread, not fits, late, there[stand.instance])
        if best is None or (key, stand) < best:
            best = key, stand
    return None if best is None else best[1]


def most_new(component: FleetComponent, first: int, shape: Shape, load: PresentLoad | None, pool: int) -> int:
    """No machine like this takes more new copies: by what the least needy option takes of each resource.

    `load` is what stands there already. O(options x accelerators).
    """
    options = [option for option in component.options[first:] if pool in option.pools]
    if not options:
        return 0
    load = load or PresentLoad(shape.accelerators)
    limits = [] if component.max_per_instance is None else [component.max_per_instance]
    for needs, room in (
        (min(o.vcpus for o in options), shape.vcpus - load.vcpus),
        (min(o.host_mib for o in options), shape.host_mib - load.host),
    ):
        if needs:
            limits.append(max(0, room) // needs)
    width = min(option.accelerators for option in options)
    if width:
        beside = sum(_on_one(options, shape, load, k) for k in range(shape.accelerators))
        limits.append(beside // width)
    return min(limits, default=_MANY)


def _on_one(options: list[FleetOption], shape: Shape, load: PresentLoad, k: int) -> int:
    """New copies that one accelerator takes at most."""
    if load.owners[k]:
        return 0
    memory, share = max(0, shape.memory_mib - load.memory[k]), max(0, WHOLE_SHARE - load.share[k])
    return max(
        SharedNeed.of(option).most_in(memory, share, _MANY) if option.shared else int(not load.users[k])
        for option in options
    )
