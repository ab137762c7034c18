"""Whole machines that keep several inequalities at once: a small branch and bound whose leaves are exact.

Each inequality (`bounds.patterns.certificate.Cut`) holds for every plan. The linear program over machine counts says
with which factors they add up to the strongest one; factors are rounded to fractions, and what they prove of a node is
computed exactly (`reasons.total`). Where that is not enough, the count that is furthest from whole splits the node.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import highspy

from placement.certificates.reasons import Reason, total
from placement.engines.highs import EngineError, linear_program, load_lp, run
from placement.patterns.certificate import UNIT, Cut, Prices
from placement.patterns.history import NodeCase, Subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.certificates.reasons import AnyPrices, Reasons
    from placement.patterns.certificate import NodeDomain
    from placement.solving.budget import Budget

_MOST_NODES = 3_000
_MOST_CUTS = 60
_GRAIN = 2**24  # factors are whole multiples of its inverse
_WHOLE = 1e-6
_LACK = 1e4  # times the dearest machine's price and the pools: what it costs not to keep an inequality


@dataclass(slots=True)
class Cover:
    """The tree, and the reason of each of its leaves by the identity of the case."""

    root: NodeCase
    reasons: dict[int, Reason] = field(default_factory=dict)


def cover(
    reasons: Reasons, cuts: Sequence[tuple[Cut, AnyPrices]], domain: NodeDomain, enough: float, budget: Budget
) -> Cover | None:
    """A tree in which each leaf proves `enough` ticks (or that it holds no plan); None when none was found.

    Parameters
    ----------
    cuts : inequalities that every plan keeps, with the prices that prove them.
    node : machine counts that any plan worth having pays for.
    """
    kept = [(cut, prices) for cut, prices in cuts if cut.least > 0][-_MOST_CUTS:]
    found = Cover(NodeCase(domain))
    todo = [found.root]
    for _ in range(_MOST_NODES):
        if not todo:
            return found
        if budget.over():
            return None
        case = todo.pop()
        reason, counts = _solve(reasons, kept, case.domain)
        found.reasons[id(case)] = reason
        if reason.ticks >= enough:
            continue
        k = max(range(len(counts)), key=lambda k: _apart(counts[k]), default=None)
        if k is None or _apart(counts[k]) <= _WHOLE:
            return None
        todo += _split(case, k, math.floor(counts[k]))
    return None


def _split(case: NodeCase, k: int, below: int) -> list[NodeCase]:
    """Two cases: at most so many machines of a pool or group, and more."""
    most, fewest = list(case.domain.most), list(case.domain.fewest)
    most[k], fewest[k] = below, below + 1
    parts = (replace(case.domain, most=tuple(most)), replace(case.domain, fewest=tuple(fewest)))
    low, high = (NodeCase(part, case) for part in parts)
    case.splits, case.above, case.below = [(Subject(copies=False, number=k), below)], [high], low
    return [low, high]


def _apart(count: float) -> float:
    return abs(count - round(count))


def _solve(reasons: Reasons, cuts: Sequence[tuple[Cut, AnyPrices]], domain: NodeDomain) -> tuple[Reason, list[float]]:
    """What the cuts prove of a node together, and counts, per pool and group, that keep them as cheaply as may be."""
    pools, groups = reasons.relaxation.fleet.pools, reasons.groups
    # Columns: machines per pool, per group, and what the inequalities lack, which costs more than any machine.
    unit = max(1, *(pool.price for pool in pools))  # of money, so that the engine's tolerances are small beside it
    columns: list[list[tuple[int, float]]] = [[] for _ in range(len(pools) + len(groups) + 1)]
    for r, (cut, _) in enumerate(cuts):
        for p, dual_value in enumerate(cut.coefficients):
            if dual_value:
                columns[p].append((r, dual_value / cut.least))
        columns[-1].append((r, 1.0))
    for g, group in enumerate(groups):
        for p in group:
            columns[p].append((len(cuts) + g, 1.0))
        columns[len(pools) + g].append((len(cuts) + g, -1.0))
    lp = linear_program(
        columns,
        cost=[pool.price / unit for pool in pools] + [0.0] * len(groups) + [_LACK * len(pools)],
        within=([*domain.fewest, 0.0], [*domain.most, highspy.kHighsInf]),
        rows=([1.0] * len(cuts) + [0.0] * len(groups), [highspy.kHighsInf] * len(cuts) + [0.0] * len(groups)),
    )
    try:
        solver = load_lp(lp)
        if run(solver) != highspy.HighsModelStatus.kOptimal:
            return Reason(0, ()), []
    except EngineError:  # numbers too far apart for it
        return Reason(0, ()), []
    solution = solver.getSolution()
    counts, duals = list(solution.col_value), [dual * unit for dual in solution.row_dual]
    return _reason(reasons, cuts, domain, duals), counts[:-1]


def _reason(
    reasons: Reasons, cuts: Sequence[tuple[Cut, AnyPrices]], domain: NodeDomain, duals: Sequence[float]
) -> Reason:
    """What the duals prove, once they are fractions.

    The equation that ties a group to its pools has a price of its own here, whatever the prices of the cuts say of it.
    """
    used: list[tuple[Cut, AnyPrices, Fraction]] = []
    ties = [Fraction(-dual) * UNIT for dual in duals[len(cuts) :]]
    for (cut, prices), dual in zip(cuts, duals, strict=False):
        factor = Fraction(round(dual * _GRAIN), _GRAIN) * UNIT / cut.least
        if factor > 0:
            used.append((cut, prices, factor))
            for g, price in enumerate(prices.group):
                ties[g] -= factor * price
    if any(ties):
        nothing = Cut((0,) * len(reasons.relaxation.fleet.pools), 0)
        used.append((nothing, Prices([], [], group=[round(price) for price in ties]), Fraction(1)))
    use = tuple((prices, factor) for _, prices, factor in used)
    if total(used, reasons.relaxation, reasons.groups, domain, money=0) > 0:
        return Reason(math.inf, use)
    return Reason(reasons.ticks(total(used, reasons.relaxation, reasons.groups, domain)), use)
