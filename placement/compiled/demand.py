"""A component's demand in whole numbers: its units, what a copy serves of them, and how many copies may be of use."""

import math
from collections.abc import Sequence
from fractions import Fraction

from placement.documents import Component as ComponentRow
from placement.units import exact

_DEMAND_RANGE = 2**44  # demand in integer units: fine enough for its 1e-9 tolerance, coarse enough for int64 sums
_MOST_SUMS = 10_000  # sets of copies to go through: milliseconds


def demand_units(row: ComponentRow, *, pinned: bool) -> tuple[int, list[int]]:
    """The demand in whole units, rounded up, and what a copy serves of it by each option; zeros without a demand.

    The rule has a tolerance: 1e-9 of the demand, at least of one. The demand less the tolerance is compared exactly
    where it is a small multiple of a number that all throughputs are multiples of. Otherwise throughputs are rounded
    down to units far smaller than the tolerance, so that a plan that meets the integers meets the document, and
    `_least_sum` says how many units are enough.

    A demand within the tolerance needs no copy. Then the component is scaled to zero, unless `min_copies` or a pin asks
    for a copy; any copy serves such a demand.
    """
    if row.demand is None:
        return 0, [0] * len(row.modes)
    demand = exact(row.demand)
    least = demand - Fraction(1, 10**9) * max(demand, Fraction(1))
    if least <= 0:
        return (1, [1] * len(row.modes)) if row.required_copies or pinned else (0, [0] * len(row.modes))
    rates = [exact(mode.throughput or 0) for mode in row.modes]
    scale = math.lcm(*(rate.denominator for rate in rates))
    whole = [int(rate * scale) for rate in rates]
    units = math.ceil(least * scale)
    if max(demand, *rates) * scale > _DEMAND_RANGE:
        common = math.gcd(*whole)
        whole, units = [rate // common for rate in whole], -(-units // common)
    if units > _DEMAND_RANGE:
        parts = [_DEMAND_RANGE * min(units, rate) // units for rate in whole]
        whole, units = parts, _least_sum(units, whole, parts)
    # No copy serves more than all of the demand; said here, sums of throughput stay far inside 64 bits.
    return units, [min(units, rate) for rate in whole]


def _least_sum(least: int, rates: list[int], parts: list[int]) -> int:
    """The fewest parts of any copies that serve `least`, if no copies that serve less come to as many.

    Found by going through all copies that serve less. Where these are too many, or come to as many, all parts are
    asked for: then copies that serve `least` may be refused, when they do by less than a part for each copy.
    """
    fewest, most, seen = _DEMAND_RANGE, 0, 0
    stack = [(0, 0, 0)]  # the first option of the copies to come; what those so far serve, and their parts
    while stack:
        first, served, sum_of_parts = stack.pop()
        most, seen = max(most, sum_of_parts), seen + 1
        if seen > _MOST_SUMS:
            return _DEMAND_RANGE
        for o in range(first, len(rates)):
            more = served + rates[o], sum_of_parts + parts[o]
            if more[0] >= least:
                fewest = min(fewest, more[1])
            else:
                stack.append((o, *more))
    return fewest if most < fewest else _DEMAND_RANGE


def most_copies(demand: int, row: ComponentRow, rates: Sequence[int], zones: int, running: int) -> int:
    """Copies of a component with a demand beyond which one can be dropped from any plan at no cost.

    Let there be more copies than the demand and `min_copies` ask for, more than zones x running ones, and for each loss
    floor a more than 2a + 1 and than a + running ones. Take one from a zone that holds most of them: skew, zone count
    and caps stay kept, and the zone-loss floor too, since a tie of two fullest zones means that at least n/2 - 1 >= a
    copies stand elsewhere. A floor over pools or instances that is just kept has n - a > n/2 copies on one of them, in
    the fullest zone, and more than run now: one of these is taken. Where such a floor is more than kept, any copy may
    go. So there is one that does not run where it stands, and neither a pin nor a kept copy is lost.
    """
    slowest = min((rate for rate in rates if rate), default=1)
    enough = -(-demand // slowest)
    floor = max(row.min_available_on_zone_loss, row.min_available_on_pool_loss, row.min_available_on_instance_loss)
    return max(enough, row.required_copies, 2 * floor + 1, floor + running, zones * running)
