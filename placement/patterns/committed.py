r"""What commitments pay of the machines of a node of machine counts.

*Machines*: of those of pools P that are paid for, the dearest N are free. Let a machine of pool p cost :math:`d_p` when
all that ties pools together has a price, its rent :math:`c_p` in it. The least of
:math:`\sum d_p n_p - \sum c_p f_p` over :math:`n_p` in its range, :math:`f_p \le n_p` and :math:`\sum f_p \le N` needs
no multiplier: without free machines each count is at one end of its range, a machine that is there saves :math:`c_p`
when it is free, and one more, which is there as it is free, :math:`c_p - d_p`. In each pool the former are worth at
least as much as the latter, so the best N are a choice that can be made.

*Dollars*: of X dollars any part :math:`a \le 1` of each may be taken: machines cost a of their price, less a X in all
(`reductions.linear_prices`).
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeVar

from placement.compiled.fleet import Fleet

Number = TypeVar("Number", int, Fraction)


def rents(fleet: Fleet, parts: Sequence[Number], unit: Number) -> list[Number]:
    """What a machine of each pool costs, (P,), in 1 / unit micro-dollars, where a dollar is `unit` parts.

    Machines of a commitment of dollars cost their `parts` by commitment, none where there are no such. O(pools).
    """
    found = [pool.price * unit for pool in fleet.pools]
    for k, commitment in enumerate(fleet.commitments):
        if commitment.money is not None:
            for p in commitment.pools:
                found[p] = fleet.pools[p].price * (parts[k] if parts else unit - unit)
    return found


def paid_for(fleet: Fleet, parts: Sequence[Number]) -> Number | int:
    """What comes off for commitments of dollars, in the same unit."""
    pairs = zip(parts, fleet.commitments, strict=False)
    return sum(part * commitment.money for part, commitment in pairs if commitment.money is not None)


def saved_by_free(fleet: Fleet, costs: Sequence[Number], ends: Sequence[tuple[int, int]], unit: Number) -> Number | int:
    """The most that free machines save where one of each pool costs so much, in these ranges. O(pools log pools)."""
    total: Number | int = 0
    for commitment in fleet.commitments:
        offers: list[tuple[Number, int]] = []
        for p in commitment.pools if commitment.money is None else ():
            (low, high), price = ends[p], fleet.pools[p].price * unit
            offers += [(price, low), (price - max(unit - unit, costs[p]), high - low)]
        left = commitment.instances
        for value, most in sorted(offers, reverse=True):
            taken = min(left, max(0, most)) if value > 0 else 0
            left, total = left - taken, total + taken * value
    return total
