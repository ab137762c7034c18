"""The last digits of what a program costs, which HiGHS's tolerances hide where numbers are large.

What it says of all solutions holds to its tolerance. Whether there is a solution of just some steps is asked again: as
one program for each choice of machine counts that cost so much, without money; or with money in two numbers of half as
many digits.
"""

from collections.abc import Iterator, Mapping

import highspy

from placement.engines.highs import prove
from placement.grouping import grouped
from placement.patterns.enumeration.counts_costing import counts_costing
from placement.patterns.enumeration.rows import IntegerRows
from placement.patterns.parameters import PatternProgramParameters as _PARAMS
from placement.solving.budget import Budget


def any_between(given: IntegerRows, cost: Mapping[int, float], least: int, most: int, budget: Budget) -> bool | None:
    """Whether there is a solution of so many steps; None when that is not known.

    `given` : the rows without money. `cost` : the whole steps that machines cost, by column.
    """
    same_price = grouped((int(price), k) for k, price in cost.items())
    lower, upper = given.lower, given.upper
    ranges = [(int(sum(lower[k] for k in same)), int(sum(upper[k] for k in same))) for same in same_price.values()]
    counts = counts_costing(list(same_price), ranges, least, most, _PARAMS.most_counts)
    if counts is None and most - least > _PARAMS.last_digits * most:  # as hard as the program itself
        return None
    programs = (
        _by_halves(given, cost, least, most)
        if counts is None
        else (_with_counts(given, zip(same_price.values(), some, strict=True)) for some in counts)
    )
    for rows in programs:
        there = _is_there(rows, budget)
        if there is not False:
            return there
    return False


def _with_counts(given: IntegerRows, counts: Iterator[tuple[list[int], int]]) -> IntegerRows:
    """The rows with so many machines of each price."""
    rows = given.first(len(given.low))
    for columns, n in counts:
        rows.row(n, n, dict.fromkeys(columns, 1.0))
    return rows


def _by_halves(given: IntegerRows, cost: Mapping[int, float], least: int, most: int) -> Iterator[IntegerRows]:
    """The rows with money from `least` to `most` in two more: its first digits, and the others, which carry.

    In numbers of half as many digits HiGHS's tolerances are less than one.
    """
    base = 10 ** (len(str(most)) // 2)
    leading = {k: float(n // base) for k, n in cost.items()}
    others = {k: float(n % base) for k, n in cost.items()}
    most_carried = sum(n * given.upper[k] for k, n in others.items()) // base
    for first in range(least // base, most // base + 1):
        rows = given.first(len(given.low))
        carried = rows.column(most_carried)
        rows.row(first, first, leading | {carried: 1.0})
        rows.row(max(0, least - first * base), min(base - 1, most - first * base), others | {carried: -float(base)})
        yield rows


def _is_there(rows: IntegerRows, budget: Budget) -> bool | None:
    ran = prove(rows.program(), budget, nodes=_PARAMS.nodes)
    if ran is None:
        return None
    if ran[1] == highspy.HighsModelStatus.kInfeasible:
        return False
    return True if ran[1] == highspy.HighsModelStatus.kOptimal else None
