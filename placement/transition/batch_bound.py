"""The fewest batches any order needs, from what each copy waits for by itself: a relaxation, so never too many.

Copies that start are taken to need room but to use none, so each looks only at what stays and at what has not left yet.
In each round all copies start that then fit, and copies of a component may stop as its floors allow. This is the
delete relaxation of planning, whose rounds are the heuristic h_max [1]_: the longest chain of waits. Where a round adds
nothing and something is left, no order exists at all.

Where skew has to hold at each moment, a batch does not change the fewest copies of a zone by more than the skew that is
allowed: with b_y the fewest before, and any other zone z, the e_z after are at most b_y + skew; and back, see `spread`.

O(rounds x copies that start or stop), and a search over machines for each component that may stop over.

References
----------
.. [1] Bonet, B. and Geffner, H. (2001). Planning as heuristic search. Artificial Intelligence 129, 5-33.
   https://doi.org/10.1016/S0004-3702(01)00108-4
"""

from collections import Counter
from collections.abc import Sequence

from placement.transition.difference import Difference, Stand
from placement.transition.moment import Moment, Sites
from placement.transition.spare import has_spare_place, temporary_places


def fewest_batches(sites: Sites, due: Difference, *, temporary: bool) -> int | None:
    """A lower bound on the batches of every order; None when there is none.

    Copies may stop over on machines that run or that the plan uses; with `temporary` on machines rented for that, too.
    """
    moment = Moment(sites, due.running, due.now)
    arriving, leaving = list(due.arriving), list(due.leaving)
    copies: Counter[str] = Counter()  # that run or have started, as if none had stopped
    served: Counter[str] = Counter()
    for stand in due.now:
        copies[stand.component] += 1
        served[stand.component] += sites.option(stand).throughput
    closing, closed, unopened = set(due.closing), list[str](), list(due.opening)
    hops: set[str] = set()
    rounds = 0
    while arriving or leaving or closing or unopened:
        rounds += 1
        before = len(arriving), len(leaving), len(closing), len(unopened), len(hops)
        started = [stand for stand in arriving if _can_start(moment, stand)]
        for stand in started:
            arriving.remove(stand)
            copies[stand.component] += 1
            served[stand.component] += sites.option(stand).throughput
        unopened = [machine for machine in unopened if not moment.may_open(sites.pool_of[machine])]
        hops |= _that_may_stop_over(moment, leaving, hops, due.opening, closed, temporary=temporary)
        for stand in _that_may_stop(moment, leaving, copies, served, hops):
            moment.stop(stand)
            leaving.remove(stand)
        for machine in [name for name in closing if moment.is_empty(name)]:
            moment.close_machine(machine)
            closing.remove(machine)
            closed.append(machine)  # whoever stops over there may be there before it closes
        if before == (len(arriving), len(leaving), len(closing), len(unopened), len(hops)):
            return None
    return max(rounds, _batches_for_skew(sites, due))


def _batches_for_skew(sites: Sites, due: Difference) -> int:
    """The fewest batches in which the zones of each component grow, or shrink, no further apart than allowed."""
    now, then = Moment(sites, (), due.now), Moment(sites, (), due.planned)
    most = 0
    for name in sites.spread:
        skew, zones = sites.floors[name].skew, sites.components[name].eligible_zones
        if skew is not None and len(zones) > 1:
            change = min(now.counts(name).zones[z] for z in zones) - min(then.counts(name).zones[z] for z in zones)
            most = max(most, -(-abs(change) // max(1, skew)))
    return most


def _can_start(moment: Moment, stand: Stand) -> bool:
    open_now = stand.instance in moment.open or moment.may_open(moment.sites.pool_of[stand.instance])
    return open_now and moment.fits(stand)


def _that_may_stop(
    moment: Moment, leaving: list[Stand], copies: Counter[str], served: Counter[str], hops: set[str]
) -> list[Stand]:
    """Copies that may be gone by now, whichever of their component went first.

    Once one copy of a component may be gone, any of them may be that one, so all are taken to be.
    """

    def may(stand: Stand) -> bool:
        name, floors = stand.component, moment.floors[stand.component]
        if name in hops:
            return True
        throughput = moment.sites.option(stand).throughput
        return copies[name] - 1 >= floors.copies and served[name] - throughput >= floors.served

    return [stand for stand in leaving if may(stand)]


def _that_may_stop_over(
    moment: Moment,
    leaving: list[Stand],
    hops: set[str],
    opening: Sequence[str],
    closed: Sequence[str],
    *,
    temporary: bool,
) -> set[str]:
    found = set()
    for stand in leaving:
        if stand.component in hops or stand.component in found:
            continue
        if has_spare_place(moment, stand, opening, closed) or (temporary and temporary_places(moment, stand)):
            found.add(stand.component)
    return found
