"""Rules over groups of pools in a linear program whose first columns are machine counts: limits and commitments.

A limit is a row. What a commitment pays is a column with a gain, at most what the machines of its pools cost: the cost
on top is convex in the counts, so a program that minimises it takes all of that.
"""

from math import inf

from placement.compiled.fleet import Fleet
from placement.compiled.groups import FleetCommitment
from placement.engines.highs import QuietHighs
from placement.units import MICRO


def add_group_rows(solver: QuietHighs, fleet: Fleet) -> tuple[list[int], list[int]]:
    """Rows of limits, and columns and rows of commitments, in dollars per hour; machine counts are columns 0 to P - 1.

    By limit and by commitment, the row that has what it is at most. Columns come after those that are there. A limit's
    row is divided by its largest weight. O(pools of limits and commitments).
    """
    limits = []
    for limit in fleet.limits:
        scale = max(limit.weight.values(), default=1)
        limits.append(solver.add_row(-inf, limit.most / scale, {p: n / scale for p, n in limit.weight.items()}))
    return limits, [_commit(solver, fleet, commitment) for commitment in fleet.commitments]


def _commit(solver: QuietHighs, fleet: Fleet, commitment: FleetCommitment) -> int:
    price = {p: fleet.pools[p].price / MICRO for p in commitment.pools}
    if commitment.money is not None:
        paid = solver.add_column(-1.0, inf)
        solver.add_row(-inf, 0.0, {p: -each for p, each in price.items()} | {paid: 1.0})
        return solver.add_row(-inf, commitment.money / MICRO, {paid: 1.0})
    free = {p: solver.add_column(-each, inf) for p, each in price.items()}
    for p, column in free.items():
        solver.add_row(-inf, 0.0, {p: -1.0, column: 1.0})
    return solver.add_row(-inf, float(commitment.instances), dict.fromkeys(free.values(), 1.0))
