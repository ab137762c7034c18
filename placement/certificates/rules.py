"""Rules over groups of pools, and a limit on moves, as prices: a certificate is of the fleet at these.

The reduction is `reductions.linear_prices`; which prices prove most the bound of such a fleet has found
(`patterns.group_bound`).
"""

from dataclasses import dataclass, field
from typing import Any

from placement.compiled.fleet import Fleet
from placement.patterns.bound import PatternBound
from placement.patterns.group_bound import (
    LinearBound,
    linear_bounds,
    needs_group_bound,
    raise_bound_by_move_prices,
    raise_group_bound,
)
from placement.patterns.size import may_build
from placement.reductions.linear_prices import LinearPrices, Multipliers
from placement.solving.context import Solve

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PricedRules:
    """A fleet whose bounds, less so many ticks, are bounds of the whole; as a certificate says it, and what is known.

    Without such rules it is the whole, less nothing, and there is nothing to say.
    """

    fleet: Fleet
    less: int = 0
    document: Document = field(default_factory=dict)
    known: tuple[PatternBound, ...] = ()


def priced_rules(solve: Solve) -> PricedRules:
    """The prices of rules that are known to prove most, or found within the solve's budget; else those of none."""
    fleet = solve.fleet
    if not needs_group_bound(fleet):
        return PricedRules(fleet)
    known = linear_bounds(solve)
    unpriced = fleet.has_few_moves and not any(one.multipliers.move for one in known)
    if (not known or unpriced) and may_build(fleet, solve.budget):
        known = _more_linear_bounds(solve, known)
    usable = [one for one in known if one.patterns.given == solve.left_out]
    if not usable:
        none = Multipliers.none(fleet)
        return _priced(LinearPrices.of(fleet, none), none)
    best = max(usable, key=lambda one: one.ticks)
    return _priced(best.linear, best.multipliers, best.patterns)


def _more_linear_bounds(solve: Solve, known: list[LinearBound]) -> list[LinearBound]:
    """Those at prices of groups of pools, where none are known, and of moves, which a solve may do without."""
    part = solve.reduced(solve.fleet)
    if solve.packing is not None:
        part.incumbent.offer(solve.packing, "given")
    part.incumbent.evidence += known
    if not known:
        raise_group_bound(part)
    raise_bound_by_move_prices(part)
    return linear_bounds(part)


def _priced(linear: LinearPrices, multipliers: Multipliers, *known: PatternBound) -> PricedRules:
    return PricedRules(linear.fleet, linear.keeps_bound.less, _document(linear.whole, multipliers), known)


def _document(fleet: Fleet, multipliers: Multipliers) -> Document:
    """The multipliers by the names of their rules; limits that have none are left out."""
    prices: list[list[Any]] = [
        [commitment.name, m.numerator, m.denominator]
        for commitment, m in zip(fleet.commitments, multipliers.committed, strict=True)
    ]
    prices += [
        [limit.name, limit.what, m.numerator, m.denominator]
        for limit, m in zip(fleet.limits, multipliers.limits, strict=True)
        if m
    ]
    return {"prices": prices} | ({"move": multipliers.move} if multipliers.move else {})
