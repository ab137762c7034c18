"""What it would cost to give every component machines of its own, as one endpoint per model does.

A comparison, not a bound. Each component alone is run at the least price that its own rules allow: options, zones, spread,
copies per instance, zone loss. Quotas are not looked at (a pool whose quota is 0 can't be used, though), nor are machines
that run now or are paid for empty, so the figure flatters the dedicated way if anything. It is exact or it is not given.

For one component machines differ only by zone, price and the most copies they hold, so the least price of n copies in
one zone is a covering knapsack [1]_, and zones are joined by a second dynamic program over the copies in each.

.. [1] Gilmore, P. C. and Gomory, R. E. (1966). The theory and computation of knapsack functions. Operations Research
   14(6), 1045-1074. https://doi.org/10.1287/opre.14.6.1045
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from placement.units import WHOLE_SHARE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from placement.fleet import Component, Fleet, Option, Shape

_LARGEST_TABLE = 2_000_000  # entries of a dynamic program, about a second of work
_LARGEST_MIX = 100_000  # accelerator states looked at to mix options on one machine


class Rent(NamedTuple):
    """Machines of one component: micro-dollars per hour, then how many, so that the cheapest and fewest compares least."""

    price: int
    machines: int

    def plus(self, other: Rent) -> Rent:
        """Both together."""
        return Rent(self.price + other.price, self.machines + other.machines)


@dataclass(frozen=True, slots=True)
class Baseline:
    """Every component on machines of its own.

    Attributes
    ----------
    rents : (C,) the cheapest machines of each component; None where that is not known.
    missing : why, by the name of each component without a rent.
    """

    rents: tuple[Rent | None, ...]
    missing: dict[str, str]

    @property
    def total(self) -> Rent | None:
        """All components together; None unless every one is known: a partial sum would mislead."""
        total = Rent(0, 0)
        for rent in self.rents:
            if rent is None:
                return None
            total = total.plus(rent)
        return total


class _Unknown(Exception):
    """The exact figure is out of reach; the message says why."""


def dedicated_baseline(fleet: Fleet, copies: Sequence[int]) -> Baseline:
    """The cheapest machines of its own for each component.

    Parameters
    ----------
    copies : (C,) copies that each component is to run: those of the plan compared with. A component with a demand is
        given copies for its demand instead, when it runs any.

    Returns
    -------
    Baseline

    Notes
    -----
    O(copies x kinds of machine) for a component without zone rules, O(zones^2 x copies^2) at most with them.
    """
    rents: list[Rent | None] = []
    missing = {}
    for component, wanted in zip(fleet.components, copies, strict=True):
        try:
            rents.append(_rent(fleet, component, wanted))
        except _Unknown as unknown:
            rents.append(None)
            missing[component.name] = str(unknown)
    return Baseline(tuple(rents), missing)


def _rent(fleet: Fleet, component: Component, wanted: int) -> Rent:
    if wanted == 0:
        return Rent(0, 0)
    if component.demand and len({option.throughput for option in component.options if option.pools}) > 1:
        return _rent_by_throughput(fleet, component)
    rents = [_rent_of_copies(fleet, component, n) for n in _counts(component, wanted)]
    found = [rent for rent in rents if rent is not None]
    if not found:
        raise _Unknown("its own rules can't be kept with that many copies")
    return min(found)


def _counts(component: Component, wanted: int) -> range:
    """Numbers of copies worth trying.

    With a demand, more copies than it asks for pay only where the zone-loss floor a needs them: beyond 2a + 1 one can be
    taken from a fullest zone with every rule still kept.
    """
    if not component.demand:
        return range(wanted, wanted + 1)
    rate = max((option.throughput for option in component.options if option.pools), default=1)
    least = max(component.required, -(-component.demand // max(1, rate)))
    return range(least, max(least, 2 * component.zone_loss_floor + 1) + 1)


# --- One component, so many copies


def _rent_of_copies(fleet: Fleet, component: Component, copies: int) -> Rent | None:
    """The cheapest machines for exactly so many copies under the component's zone rules; None when there are none."""
    zones = component.eligible_zones
    kinds = {z: _kinds(fleet, component, z, copies) for z in zones}
    if not _has_zone_rules(component):
        return _cover(copies, [kind for z in zones for kind in kinds[z]])[copies]
    if len(zones) ** 2 * copies**2 > _LARGEST_TABLE:
        raise _Unknown("too many copies under zone rules to compute exactly")
    most = copies - component.zone_loss_floor
    if component.max_per_zone is not None:
        most = min(most, component.max_per_zone)
    costs = [_cover(copies, kinds[z]) for z in zones]
    if component.max_skew is None:
        windows = [(0, most)]
    else:
        # The emptiest eligible zone holds `low` copies, so all hold low to low + skew; zones x low <= copies.
        windows = [
            (low, min(most, low + component.max_skew)) for low in range(copies // max(1, len(zones)) + 1)
        ]
    least_zones = min(component.min_zones, copies)
    found = [rent for low, high in windows if (rent := _join(costs, copies, low, high, least_zones)) is not None]
    return min(found, default=None)


def _has_zone_rules(component: Component) -> bool:
    return (
        component.max_skew is not None
        or component.min_zones > 1
        or component.max_per_zone is not None
        or component.zone_loss_floor > 0
    )


def _cover(copies: int, kinds: Iterable[tuple[int, int]]) -> list[Rent | None]:
    """(copies + 1,) the cheapest machines that hold at least n copies; `kinds` are (most copies, price)."""
    kinds = list(kinds)
    best: list[Rent | None] = [Rent(0, 0)]
    for n in range(1, copies + 1):
        rents = [
            rent.plus(Rent(price, 1)) for most, price in kinds if (rent := best[max(0, n - most)]) is not None
        ]
        best.append(min(rents, default=None))
    return best


def _join(costs: list[list[Rent | None]], copies: int, low: int, high: int, least_zones: int) -> Rent | None:
    """Deal the copies to the zones, `low` to `high` in each, at least `least_zones` of them in use."""
    table: dict[tuple[int, int], Rent] = {(0, 0): Rent(0, 0)}  # (copies dealt, zones in use) -> cheapest
    for cost in costs:
        after: dict[tuple[int, int], Rent] = {}
        for (dealt, used), rent in table.items():
            for n in range(low, min(high, copies - dealt) + 1):
                more = cost[n]
                if more is None:
                    continue
                key = (dealt + n, used + (n > 0))
                total = rent.plus(more)
                if key not in after or total < after[key]:
                    after[key] = total
        table = after
    return min((rent for (dealt, used), rent in table.items() if dealt == copies and used >= least_zones), default=None)


def _kinds(fleet: Fleet, component: Component, z: int, limit: int) -> list[tuple[int, int]]:
    """Machines of zone z for this component: (most copies, price), the cheapest of each size."""
    cheapest: dict[int, int] = {}
    for pool in fleet.pools:
        options = [option for option in component.options if pool.index in option.pools]
        if pool.zone != z or not options:
            continue
        allowed = limit if component.max_per_instance is None else min(limit, component.max_per_instance)
        most = _most_on_one(pool.shape, options, allowed, [1] * len(options))
        if most:
            cheapest[most] = min(pool.price, cheapest.get(most, pool.price))
    return sorted(cheapest.items())


# --- One component, a demand, copies of different throughput


def _rent_by_throughput(fleet: Fleet, component: Component) -> Rent:
    """The cheapest machines that serve the demand, where it alone says how many copies run."""
    if component.required > 1 or _has_zone_rules(component):
        raise _Unknown("copies of different throughput under rules that count copies")
    kinds: dict[int, int] = {}
    for pool in fleet.pools:
        options = [option for option in component.options if pool.index in option.pools]
        if not options:
            continue
        rates = [option.throughput for option in options]
        limit = component.copies if component.max_per_instance is None else component.max_per_instance
        most = _most_on_one(pool.shape, options, limit, rates)
        if most:
            kinds[most] = min(pool.price, kinds.get(most, pool.price))
    unit = math.gcd(*kinds)
    units = -(-component.demand // unit) if unit else 0
    if not kinds or units * len(kinds) > _LARGEST_TABLE:
        raise _Unknown("throughputs too fine to compute exactly")
    rent = _cover(units, [(most // unit, price) for most, price in kinds.items()])[units]
    if rent is None:
        raise _Unknown("its own rules can't be kept")
    return rent


# --- One machine


def _most_on_one(shape: Shape, options: list[Option], limit: int, worth: list[int]) -> int:
    """The most that copies of one component on one empty machine are worth together, at most `limit` copies."""
    keep = [k for k, _ in enumerate(options) if not _is_dominated(k, options, worth)]
    options, worth = [options[k] for k in keep], [worth[k] for k in keep]
    alone = [min(limit, _most_by_one_option(shape, option, limit)) for option in options]
    best = max(n * each for n, each in zip(alone, worth, strict=True))
    if len(options) == 1 or best >= limit * max(worth):
        return best
    if math.prod(n + 1 for n in alone) > _LARGEST_MIX:
        raise _Unknown("too many ways to mix options on one machine")
    mixes = []
    for mix in product(*(range(n + 1) for n in alone)):
        value = sum(n * each for n, each in zip(mix, worth, strict=True))
        if value > best and sum(mix) <= limit and _host_holds(shape, options, mix):
            mixes.append((value, mix))
    looked_at = 0
    for value, mix in sorted(mixes, reverse=True):
        fits, states = _accelerators_hold(shape, options, mix)
        if fits:
            return value
        looked_at += states
        if looked_at > _LARGEST_MIX:
            raise _Unknown("too many ways to mix options on one machine")
    return best


def _is_dominated(k: int, options: list[Option], worth: list[int]) -> bool:
    """Whether another option needs no more of anything and is worth no less (of equal ones the first stays)."""
    return any(
        other != k and _no_worse(options[other], options[k], worth[other] - worth[k])
        and (other < k or not _no_worse(options[k], options[other], worth[k] - worth[other]))
        for other in range(len(options))
    )


def _no_worse(one: Option, other: Option, more_worth: int) -> bool:
    return (
        more_worth >= 0
        and (one.shared or not other.shared or one.accelerators == 0)
        and one.accelerators <= other.accelerators
        and (one.accelerators == 0 or (one.memory_mib <= other.memory_mib and one.share <= other.share))
        and one.vcpus <= other.vcpus
        and one.host_mib <= other.host_mib
    )


def _most_by_one_option(shape: Shape, option: Option, limit: int) -> int:
    most = limit
    if option.vcpus:
        most = min(most, shape.vcpus // option.vcpus)
    if option.host_mib:
        most = min(most, shape.host_mib // option.host_mib)
    if option.accelerators:
        beside = _most_beside(shape, option, limit)
        # Copies that wrap around the accelerators, `beside` on each, never meet one twice (see exact.deal).
        most = min(most, shape.accelerators * beside // option.accelerators)
    return most


def _most_beside(shape: Shape, option: Option, limit: int) -> int:
    """Copies on one accelerator."""
    if not option.shared:
        return 1
    beside = limit
    if option.memory_mib:
        beside = min(beside, shape.memory_mib // option.memory_mib)
    if option.share:
        beside = min(beside, WHOLE_SHARE // option.share)
    return beside


def _host_holds(shape: Shape, options: list[Option], mix: tuple[int, ...]) -> bool:
    vcpus = sum(n * option.vcpus for n, option in zip(mix, options, strict=True))
    host = sum(n * option.host_mib for n, option in zip(mix, options, strict=True))
    return vcpus <= shape.vcpus and host <= shape.host_mib


def _accelerators_hold(shape: Shape, options: list[Option], mix: tuple[int, ...]) -> tuple[bool, int]:
    """Whether the accelerators of an empty machine hold the mix, and how many states that took.

    Counts per accelerator are enough: when each is at most the copies of its option and they sum to copies x accelerators,
    they can be dealt out (Gale-Ryser). A sum that is exceeded can be thinned, so what is left is cut off at 0.
    """
    touches = tuple(n * option.accelerators for n, option in zip(mix, options, strict=True))
    patterns = _patterns(shape, options, mix)
    states, looked_at = {touches}, 0
    for _ in range(shape.accelerators):
        states = {
            tuple(max(0, left - n) for left, n in zip(state, pattern, strict=True))
            for state in states
            for pattern in patterns
        }
        looked_at += len(states) * len(patterns)
        if any(not any(state) for state in states):
            return True, looked_at
    return not any(touches), looked_at


def _patterns(shape: Shape, options: list[Option], mix: tuple[int, ...]) -> list[tuple[int, ...]]:
    """What may stand on one accelerator: one copy that owns it, or shared ones within its memory and shares."""
    size = len(options)
    found = [
        tuple(int(other == o) for other in range(size))
        for o, option in enumerate(options)
        if mix[o] and option.accelerators and not option.shared
    ]
    tops = [
        min(mix[o], _most_beside(shape, option, mix[o])) if option.shared and option.accelerators else 0
        for o, option in enumerate(options)
    ]
    for counts in product(*(range(top + 1) for top in tops)):
        memory = sum(n * option.memory_mib for n, option in zip(counts, options, strict=True))
        share = sum(n * option.share for n, option in zip(counts, options, strict=True))
        if any(counts) and memory <= shape.memory_mib and share <= WHOLE_SHARE:
            found.append(counts)
    return found
