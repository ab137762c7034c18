"""Rules over groups of pools in a linear program whose first columns are machine counts: limits and commitments.

A limit is a row. What a commitment pays is a column with a gain, at most what the machines of its pools cost: the cost
on top is convex in the counts, so a program that minimises it takes all of that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import highspy
import numpy as np

from placement.units import MICRO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from placement.compiled.fleet import Fleet
    from placement.compiled.groups import FleetCommitment

_INF = highspy.kHighsInf


class GroupRows(NamedTuple):
    """By limit and by commitment, the row that has what it is at most."""

    limits: tuple[int, ...]
    committed: tuple[int, ...]


def add_group_rows(solver: highspy.Highs, fleet: Fleet) -> GroupRows:
    """Rows of limits, and columns and rows of commitments, in dollars per hour; machine counts are columns 0 to P - 1.

    Columns come after those that are there. A limit's row is divided by its largest weight. O(pools of limits and
    commitments).
    """
    limits = []
    for limit in fleet.limits:
        scale = max(limit.weight.values(), default=1)
        limits.append(_row(solver, limit.most / scale, {p: weight / scale for p, weight in limit.weight.items()}))
    return GroupRows(tuple(limits), tuple(_commit(solver, fleet, commitment) for commitment in fleet.commitments))


def _commit(solver: highspy.Highs, fleet: Fleet, commitment: FleetCommitment) -> int:
    price = {p: fleet.pools[p].price / MICRO for p in commitment.pools}
    if commitment.money is not None:
        paid = _gain(solver, 1.0)
        _row(solver, 0.0, {p: -each for p, each in price.items()} | {paid: 1.0})
        return _row(solver, commitment.money / MICRO, {paid: 1.0})
    free = {p: _gain(solver, each) for p, each in price.items()}
    for p, column in free.items():
        _row(solver, 0.0, {p: -1.0, column: 1.0})
    return _row(solver, float(commitment.instances), dict.fromkeys(free.values(), 1.0))


def _gain(solver: highspy.Highs, each: float) -> int:
    solver.addCol(-each, 0.0, _INF, 0, np.array([], dtype=np.int32), np.array([]))
    return int(solver.getNumCol()) - 1


def _row(solver: highspy.Highs, most: float, values: Mapping[int, float]) -> int:
    columns = np.array(list(values), dtype=np.int32)
    solver.addRow(-_INF, most, len(columns), columns, np.array(list(values.values())))
    return int(solver.getNumRow()) - 1
