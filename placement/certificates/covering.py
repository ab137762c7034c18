"""Whole machines that keep several inequalities at once: a small branch and bound whose leaves are exact.

Each inequality (`patterns.certificate.Cut`) holds for every plan. The linear program over machine counts, with the
fleet's limits and what commitments pay, says with which factors they add up to the strongest one and what limits and
committed dollars are worth in a node. All that is rounded to fractions, and what it proves of the node is computed
exactly (`reasons.total`). Where that is not enough, the count that is furthest from whole splits the node.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import inf

from placement.certificates.reasons import AnyPrices, Reason, Reasons, RulePrices, total
from placement.compiled.fleet import Fleet
from placement.compiled.groups import FleetCommitment
from placement.engines.highs import linear_program, solved
from placement.patterns.branch_and_price import WHOLE, apart, branch_on_machines
from placement.patterns.certificate import UNIT, Cut, NodeDomain, Prices
from placement.patterns.history import NodeCase
from placement.solving.budget import Budget

_MOST_NODES = 3_000  # of one tree that are split
_MOST_CUTS = 60  # of those that there are, the last
_GRAIN = 2**24  # factors are whole multiples of its inverse
_LACK = 1e4  # times the dearest machine's price and the pools: what it costs not to keep an inequality


@dataclass(slots=True)
class Cover:
    """The tree, the reason of each of its leaves by the identity of the case, and what all of them prove, in ticks."""

    root: NodeCase
    reasons: dict[int, Reason] = field(default_factory=dict)
    ticks: float = 0


def cover(
    reasons: Reasons, cuts: Sequence[tuple[Cut, AnyPrices]], domain: NodeDomain, enough: float, budget: Budget
) -> Cover | None:
    """A tree in which each leaf proves `enough` ticks (or that it holds no plan), or as much as was reached.

    The leaf that proves least is split first. None without an engine's answer at the root.

    `cuts`: inequalities that every plan keeps, with the prices that prove them.
    `domain`: machine counts that any plan worth having pays for.
    """
    kept = [(cut, prices) for cut, prices in cuts if cut.least > 0][-_MOST_CUTS:]
    program, found = _CoverProgram(reasons, kept), Cover(NodeCase(domain))
    reason, counts = _solve(program, reasons, kept, domain)
    if not counts and not reason.excludes:
        return None
    found.reasons[id(found.root)] = reason
    leaves = [(reason.ticks, 0, found.root, counts)]
    for number in range(1, 2 * _MOST_NODES, 2):
        _, _, case, counts = leaves[0]
        k = _furthest(counts)
        if leaves[0][0] >= enough or budget.over() or k is None:
            break
        heapq.heappop(leaves)
        for part, child in enumerate(_split(case, k, counts[k])):
            reason, counts_there = _solve(program, reasons, kept, child.domain)
            reason = max(reason, found.reasons[id(case)], key=lambda one: one.ticks)  # which holds for a part, too
            found.reasons[id(child)] = reason
            heapq.heappush(leaves, (reason.ticks, number + part, child, counts_there))
    found.ticks = leaves[0][0]
    return found


def _split(case: NodeCase, k: int, count: float) -> list[NodeCase]:
    """Two cases: at most so many machines of a pool or group, and more."""
    subject, at_most, parts = branch_on_machines(case.domain, k, count)
    low, high = (NodeCase(part, case) for part in parts)
    case.splits, case.above, case.below = [(subject, at_most)], [high], low
    return [low, high]


def _furthest(counts: Sequence[float]) -> int | None:
    """The count that is furthest from whole; None where all are whole, or none is known."""
    k = max(range(len(counts)), key=lambda k: apart(counts[k]), default=None)
    return None if k is None or apart(counts[k]) <= WHOLE else k


class _CoverProgram:
    """The linear program over machine counts, in the dearest machine's price, so that tolerances are small beside it.

    Columns: machines per pool, per group, what inequalities lack and what is over limits, which costs more than any
    machine, then what commitments pay. Rows: inequalities, groups, limits, commitments, free machines by pool.
    """

    def __init__(self, reasons: Reasons, cuts: Sequence[tuple[Cut, AnyPrices]]) -> None:
        """All but the ranges of counts. O(cuts x pools)."""
        fleet, groups = reasons.relaxation.fleet, reasons.groups
        self.pools, self.counts = len(fleet.pools), len(fleet.pools) + len(groups)
        self.unit = max(1, *(pool.price for pool in fleet.pools))
        self._rows: list[tuple[float, float]] = []
        self._columns: list[list[tuple[int, float]]] = [[] for _ in range(self.counts + 1)]
        self._cost = [pool.price / self.unit for pool in fleet.pools] + [0.0] * len(groups) + [_LACK * self.pools]
        self._most = [inf]  # of what follows the counts
        lack = self.counts
        for cut, _ in cuts:
            entries = [(p, coefficient / cut.least) for p, coefficient in enumerate(cut.coefficients) if coefficient]
            self._row(1.0, inf, [*entries, (lack, 1.0)])
        for g, group in enumerate(groups):
            self._row(0.0, 0.0, [*((p, 1.0) for p in group), (self.pools + g, -1.0)])
        self._scale = [max(limit.weight.values(), default=1) for limit in fleet.limits]
        for limit, scale in zip(fleet.limits, self._scale, strict=True):
            entries = [(p, weight / scale) for p, weight in limit.weight.items()]
            self._row(-inf, limit.most / scale, [*entries, (lack, -1.0)])
        self._commitments = len(self._rows)
        for commitment in fleet.commitments:
            self._commit(fleet, commitment)

    def _row(self, low: float, high: float, entries: Iterable[tuple[int, float]]) -> None:
        for column, value in entries:
            self._columns[column].append((len(self._rows), value))
        self._rows.append((low, high))

    def _commit(self, fleet: Fleet, commitment: FleetCommitment) -> None:
        """One row and its columns: dollars paid of what machines cost, or free machines, of which there are no more."""
        price = {p: fleet.pools[p].price / self.unit for p in commitment.pools}
        if commitment.money is not None:
            paid = self._pays(1.0, commitment.money / self.unit)
            self._row(-inf, 0.0, [(paid, 1.0), *((p, -price[p]) for p in commitment.pools)])
            return
        free = {p: self._pays(price[p], inf) for p in commitment.pools}
        self._row(-inf, float(commitment.instances), [(column, 1.0) for column in free.values()])
        for p, column in free.items():
            self._row(-inf, 0.0, [(column, 1.0), (p, -1.0)])

    def _pays(self, each: float, most: float) -> int:
        self._columns.append([])
        self._cost.append(-each)
        self._most.append(most)
        return len(self._columns) - 1

    def solve(self, domain: NodeDomain) -> tuple[list[float], list[float]] | None:
        """Counts, and the duals of all rows in micro-dollars; None without a solution."""
        rest = [0.0] * len(self._most)
        low, high = [low for low, _ in self._rows], [high for _, high in self._rows]
        lp = linear_program(
            self._columns,
            cost=self._cost,
            within=([*domain.fewest, *rest], [*domain.most, *self._most]),
            rows=(low, high),
        )
        solver = solved(lp)
        if solver is None:  # also where numbers are too far apart
            return None
        solution = solver.getSolution()
        return list(solution.col_value)[: self.counts], [dual * self.unit for dual in solution.row_dual]

    def rules(self, fleet: Fleet, duals: Sequence[float]) -> RulePrices:
        """What the duals of limits and of dollars that are paid for say."""
        first = self._commitments - len(fleet.limits)
        limits = [
            _fraction(max(0.0, -dual / scale))
            for dual, scale in zip(duals[first : self._commitments], self._scale, strict=True)
        ]
        row, parts = self._commitments, []
        for commitment in fleet.commitments:
            part = 0.0 if commitment.money is None else 1 + duals[row] / self.unit
            parts.append(_fraction(min(1.0, max(0.0, part))))
            row += 1 if commitment.money is not None else 1 + len(commitment.pools)
        return RulePrices(tuple(limits), tuple(parts))


def _fraction(value: float) -> Fraction:
    return Fraction(round(value * _GRAIN), _GRAIN)


def _solve(
    program: _CoverProgram, reasons: Reasons, cuts: Sequence[tuple[Cut, AnyPrices]], domain: NodeDomain
) -> tuple[Reason, list[float]]:
    """What the cuts prove of a node together, and counts, per pool and group, that keep them as cheaply as may be."""
    solved = program.solve(domain)
    if solved is None:
        return Reason(0, ()), []
    counts, duals = solved
    return _reason(program, reasons, cuts, domain, duals), counts


def _reason(
    program: _CoverProgram,
    reasons: Reasons,
    cuts: Sequence[tuple[Cut, AnyPrices]],
    domain: NodeDomain,
    duals: Sequence[float],
) -> Reason:
    """What the duals prove, once they are fractions.

    The equation that ties a group to its pools has a price of its own here, whatever the prices of the cuts say of it.
    """
    fleet, groups = reasons.relaxation.fleet, reasons.groups
    used: list[tuple[Cut, AnyPrices, Fraction]] = []
    ties = [Fraction(-dual) * UNIT for dual in duals[len(cuts) : len(cuts) + len(groups)]]
    for (cut, prices), dual in zip(cuts, duals, strict=False):
        factor = _fraction(dual) * UNIT / cut.least
        if factor > 0:
            used.append((cut, prices, factor))
            for g, price in enumerate(prices.group):
                ties[g] -= factor * price
    if any(ties):
        nothing = Cut((0,) * len(fleet.pools), 0)
        used.append((nothing, Prices([], [], group=[round(price) for price in ties]), Fraction(1)))
    use, rules = tuple((prices, factor) for _, prices, factor in used), program.rules(fleet, duals)
    if total(used, reasons.relaxation, groups, domain, 0, rules) > 0:
        return Reason(inf, use, rules)
    return Reason(reasons.ticks(total(used, reasons.relaxation, groups, domain, rules=rules)), use, rules)
