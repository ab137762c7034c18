r"""What a copy of each component is worth at the prices of one pattern LP: a bound for every number of copies at once.

Prices that are dual feasible for the patterns say that no machine of pool p holds copies worth more than
:math:`W_p`, whatever the copies are counts of. So machines that hold :math:`n_c` copies of each component keep

.. math:: \sum_p W_p m_p \ge \sum_c u_c n_c,

with :math:`u_c` the least that a copy of c is worth by any option on any pool (Geoffrion 1974). One LP thus bounds what
a fleet costs at many moments, most tightly near the counts that it was solved for. Exact: prices are integers.

The counts may not exceed those of the fleet that the LP was solved for, whose patterns are limited by them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from placement.compiled.fleet import Fleet
from placement.patterns.bound import PatternBound
from placement.patterns.certificate import Cut, capacity_values, certify, mode_values
from placement.patterns.covering import covering_bound
from placement.solving.context import Solve


@dataclass(frozen=True, slots=True)
class CopyPrices:
    """What copies of each component (C,) and machines of each pool (P,) are worth, in the units of `certificate`."""

    fleet: Fleet
    copy: tuple[int, ...]
    machine: tuple[int, ...]

    def bound(self, copies: Sequence[int]) -> int:
        """The least price, micro-dollars an hour, of machines that hold at least these copies (C,).

        None of them may be more than the fleet has. O(C + pools log pools).
        """
        least = sum(u * n for u, n in zip(self.copy, copies, strict=True))
        found = covering_bound(self.fleet, Cut(self.machine, least))
        return 0 if found is None else found  # no machines are enough: there is no plan, and nothing to say


def copy_prices(fleet: Fleet, *, seed: int = 0) -> CopyPrices | None:
    """The prices that are best for a fleet's own copies; None where nothing is to be placed.

    O(rounds of column generation), as the bound of one solve.
    """
    if not any(component.required for component in fleet.components):
        return None
    patterns = PatternBound(Solve.of(fleet, seed=seed), engines=False)
    prices = patterns.root_prices()
    if prices is None:
        return None
    relaxation = patterns.relaxation
    capacity = capacity_values(relaxation, prices)
    machine = certify(relaxation, prices, capacity).coefficients
    values = mode_values(relaxation, prices, capacity, machine)
    copy = tuple(max(0, min(values[first:end], default=0)) for first, end in pairwise(relaxation.arrays.ends))
    return CopyPrices(fleet, copy, machine)
