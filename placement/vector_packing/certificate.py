"""Prices to a proof: any non-negative item prices give a bound on the cost of every packing.

With price :math:`\\pi_i` for a copy of item i and :math:`\\alpha_t` no less than any pattern of bin type t is worth,

.. math:: \\sum_t \\alpha_t n_t \\ge \\sum_i d_i \\pi_i

for the bin counts n of every packing. Together with :math:`l_t \\le n_t \\le u_t` this bounds the cost (Lagrangian
bound; where a type is unlimited, prices are scaled down until its patterns pay: Farley 1990). Prices are integers in
1 / SCALE of a unit of cost and the arithmetic is that of whole numbers and fractions, so the bound is exact.
"""

from dataclasses import dataclass
from fractions import Fraction

from placement.vector_packing.compiled import Compiled


@dataclass(frozen=True, slots=True)
class PackingCut:
    """Every packing has ``sum(coefficients[t] * bins of type t) >= least``."""

    coefficients: tuple[int, ...]
    least: int


def cost_bound(problem: Compiled, cut: PackingCut, scale: int) -> Fraction:
    """What every packing costs at least, by one cut."""
    factor = Fraction(1)
    for t in range(problem.types):
        cost = int(problem.cost[t]) * scale
        if not problem.limited[t] and cut.coefficients[t] > cost:
            factor = min(factor, Fraction(cost, cut.coefficients[t]))
    total = factor * cut.least
    for t in range(problem.types):
        spare = int(problem.cost[t]) * scale - factor * cut.coefficients[t]
        total += spare * int(problem.least[t] if spare >= 0 else max(problem.available[t], problem.least[t]))
    return total / scale


def highest_values(problem: Compiled, cut: PackingCut, scale: int) -> tuple[int, ...]:
    """(types,) no less than any pattern of a type is worth: what a bin costs, if that is more and none is paid for."""
    cost = [int(n) * scale for n in problem.cost]
    return tuple(w if problem.least[t] else max(w, cost[t]) for t, w in enumerate(cut.coefficients))


def slack_of(problem: Compiled, cut: PackingCut, highest: tuple[int, ...], cutoff: int, scale: int) -> int:
    """What the differences ``highest[t] - value`` of all bins of a packing that costs at most `cutoff` can sum to.

    With n bins of type t the values sum to at least ``cut.least``, and ``sum(cost[t] * n[t]) <= cutoff`` (in 1 /
    scale), so the differences sum to at most ``cutoff - cut.least + sum((highest[t] - cost[t]) * n[t])``. Negative:
    there is no such packing.
    """
    slack = cutoff - cut.least
    for t in range(problem.types):
        each = highest[t] - int(problem.cost[t]) * scale
        slack += each * int(max(problem.available[t], problem.least[t]) if each > 0 else problem.least[t])
    return slack
