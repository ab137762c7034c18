"""Where a copy may stop over: at a spare slot, or on a machine that is rented for it."""

from collections.abc import Collection, Iterator
from itertools import count

from placement.compiled.fleet import FleetOption
from placement.transition.difference import Stand
from placement.transition.moment import Moment, room_on

TRIED = 4  # places for one copy, at most


def spare_places(moment: Moment, stand: Stand, unopened: Collection[str], avoided: Collection[str]) -> list[Stand]:
    """Places for another copy of a component now, on machines that are open or will be; the best few, best first.

    In the zone of the copy first, where its component has rules over zones. Then machines on which no other copy is due
    to arrive, those that are open, and the fullest: room that somebody waits for is not taken where there is other
    room. O(machines x options x accelerators).
    """
    machines = [*moment.open, *(name for name in unopened if name not in moment.open)]
    found = []
    for order, machine in enumerate(machines):
        place = next(_other_places(moment, stand, machine), None)
        if place is not None:
            closed = machine not in moment.open
            if closed and not moment.may_open(moment.sites.pool_of[machine]):
                continue
            far = _far(moment, stand, moment.sites.pool_of[machine])
            found.append(((far, machine in avoided, closed, _free(moment, machine), order), place))
    return [place for _, place in sorted(found)[:TRIED]]


def has_spare_place(moment: Moment, stand: Stand, unopened: Collection[str], closed: Collection[str]) -> bool:
    """Whether another copy fits anywhere; `closed` are machines that are as good as open. Ends at the first."""
    reachable = (machine for machine in unopened if moment.may_open(moment.sites.pool_of[machine]))
    return any(any(_other_places(moment, stand, machine)) for machine in (*moment.open, *closed, *reachable))


def _other_places(moment: Moment, stand: Stand, machine: str) -> Iterator[Stand]:
    """Places on a machine that are not where the copy itself stands: on its own at other accelerators, if any fit."""
    own = stand.accelerators if machine == stand.instance else ()
    return (place for place in places(moment, stand.component, machine, last=own) if place != stand)


def temporary_places(moment: Moment, stand: Stand) -> list[Stand]:
    """Places for another copy of a component on one more machine: of the cheapest pools that may lend one."""
    sites = moment.sites
    found: list[Stand] = []
    for pool in sorted(sites.fleet.pools, key=lambda row: (_far(moment, stand, row.index), row.price, row.index)):
        if not any(pool.index in option.pools for option in sites.components[stand.component].options):
            continue
        if not moment.may_open(pool.index):
            continue
        machine = free_name(moment, pool.name, "temp")
        sites.pool_of[machine] = pool.index
        place = next(places(moment, stand.component, machine), None)
        if place is not None:
            found.append(place)
        if len(found) == TRIED:
            break
    return found


def _far(moment: Moment, stand: Stand, pool: int) -> bool:
    """Whether a place is in another zone, and its component has rules over zones."""
    sites = moment.sites
    zone = sites.fleet.pools[pool].zone
    return sites.components[stand.component].has_zone_rules and zone != sites.zone(stand.instance)


def free_name(moment: Moment, pool: str, kind: str) -> str:
    """``POOL/KIND-N``, with the least N that no machine had or has, and that the plan does not use."""
    names = (f"{pool}/{kind}-{number}" for number in count(1))
    return next(name for name in names if name not in moment.opened and name not in moment.sites.named)


def places(moment: Moment, component: str, machine: str, first: int = 0, last: Collection[int] = ()) -> Iterator[Stand]:
    """A place on a machine for each option that fits, at the accelerators with the least room that is enough.

    `first` is the index of the first option that counts, `last` are accelerators to take only if no others fit.
    """
    pool = moment.sites.pool_of[machine]
    for option in moment.sites.components[component].options[first:]:
        if pool in option.pools:
            on = _tightest(moment, machine, option, last)
            if on is not None:
                place = Stand(component, option.index, machine, on)
                if moment.fits(place):
                    yield place


def _tightest(moment: Moment, machine: str, option: FleetOption, last: Collection[int]) -> tuple[int, ...] | None:
    load = moment.load(machine)
    memory = moment.sites.fleet.pools[moment.sites.pool_of[machine]].shape.memory_mib
    fitting = [(k in last, -load.memory[k], k) for k in range(len(load.memory)) if room_on(load, option, memory, k)]
    if len(fitting) < option.accelerators:
        return None
    return tuple(sorted(k for *_, k in sorted(fitting)[: option.accelerators]))


def _free(moment: Moment, machine: str) -> int:
    return sum(not users for users in moment.load(machine).users)
