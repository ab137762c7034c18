"""What prices prove of a node, as an exact number and as the leaf of a certificate that says so."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple, Self, TypeAlias

from placement.bounds.moves import least_move_ticks
from placement.certificates.cliques import CliquePrices
from placement.patterns.certificate import UNIT, Cut, Groups, NodeDomain, Prices, capacity_values, certify
from placement.patterns.committed import paid_for, rents, saved_by_free
from placement.patterns.formulation import Relaxation
from placement.patterns.multiplicity import Multiplicity

AnyPrices: TypeAlias = Prices | CliquePrices

_MOST_SCALES = 60  # factors that are tried for one cut


class RulePrices(NamedTuple):
    """What limits over groups of pools and commitments of dollars are worth; all at least 0, none: ().

    `limits` by limit: micro-dollars per hour of a unit; `parts` by commitment: of a dollar that is paid for, at most 1.
    """

    limits: tuple[Fraction, ...] = ()
    parts: tuple[Fraction, ...] = ()

    @classmethod
    def of(cls, prices: AnyPrices, factor: Fraction) -> Self:
        """Those of some prices that count so many times."""
        each = factor / UNIT
        return cls(
            tuple(each * price for price in prices.limits), tuple(min(Fraction(1), each * a) for a in prices.committed)
        )


NO_RULES = RulePrices()


class Reason(NamedTuple):
    """A bound on ticks, infinite where no plan is left, by prices with factors.

    With `running`, in place of others, by these prices and their rewards for copies that are kept.
    """

    ticks: float | int
    use: tuple[tuple[AnyPrices, Fraction], ...]
    rules: RulePrices = NO_RULES
    running: Prices | None = None

    @property
    def excludes(self) -> bool:
        return self.ticks == math.inf


class Reasons:
    """What prices prove of nodes of one relaxation."""

    def __init__(self, relaxation: Relaxation, groups: Groups, multiplicity: Multiplicity) -> None:
        """O(components + pools)."""
        self.relaxation, self.groups, self._multiplicity = relaxation, groups, multiplicity
        fleet = relaxation.fleet
        self._moves = least_move_ticks(fleet)
        paid = (commitment.money or 0 for commitment in fleet.commitments)
        self._step = math.gcd(*paid, *(pool.price for pool in fleet.pools if pool.max_instances != 0))
        self._cuts: dict[tuple[int, object], Cut] = {}  # of prices (by id) and limits on copies
        self._counted: dict[tuple[int, frozenset[int]], Prices] = {}  # by id, and the sums that have a price
        self._kept: list[Prices] = []  # so that no id is used again

    def best(self, candidates: Iterable[Prices], domain: NodeDomain, enough: float, *, scaled: bool = False) -> Reason:
        """The best bound that one of some prices proves of a node; the first that is `enough` will do."""
        best = Reason(self.ticks(total([], self.relaxation, self.groups, domain)), ())
        for prices in candidates:
            found = self._of(prices, domain, scaled=scaled)
            if found.ticks > best.ticks or not best.use:
                best = found
            if best.ticks >= enough:
                break
        return best

    def counted(self, prices: Prices, aggregates: Iterable[int]) -> Prices:
        """The prices as they count where just these sums of copies are limited: others have no price there."""
        limited = {s: price for s, price in prices.aggregates.items() if s in set(aggregates)}
        if len(limited) == len(prices.aggregates):
            return prices
        key = id(prices), frozenset(limited)
        if key not in self._counted:
            self._counted[key] = replace(prices, aggregates=limited)
            self._kept.append(prices)
        return self._counted[key]

    def _of(self, prices: Prices, domain: NodeDomain, *, scaled: bool) -> Reason:
        """What prices prove of a node: as they are or, `scaled`, with the factor that proves most."""
        prices = self.counted(prices, domain.aggregates)
        cut = self.cut(prices, domain)
        if self._total(cut, prices, domain, Fraction(1), money=0) > 0:
            return _reason(math.inf, prices, Fraction(1))
        found = _reason(self.ticks(self._total(cut, prices, domain, Fraction(1))), prices, Fraction(1))
        for factor in self._factors(cut, prices) if scaled else ():
            ticks = self.ticks(self._total(cut, prices, domain, factor))
            if ticks > found.ticks:
                found = _reason(ticks, prices, factor)
        return found

    def cut(self, prices: Prices, domain: NodeDomain) -> Cut:
        """The inequality on machine counts that prices prove in a node."""
        limits = self._multiplicity.limits(domain.aggregates)
        key = id(prices), (limits, tuple(sorted(domain.aggregates.items())))
        if key not in self._cuts:
            knapsacks = [
                device_class.knapsack.with_limits(most)
                for device_class, most in zip(self.relaxation.device_classes, limits, strict=True)
            ]
            capacity = capacity_values(self.relaxation, prices, knapsacks)
            self._cuts[key] = certify(self.relaxation, prices, capacity, domain.aggregates)
            self._kept.append(prices)
        return self._cuts[key]

    def ticks(self, total: Fraction) -> int:
        """Rent, in 1 / UNIT micro-dollars, as ticks: rents are multiples of what all prices have in common."""
        rent = max(0, math.ceil(total / UNIT))
        if self._step:
            rent = -(-rent // self._step) * self._step
        return self.relaxation.fleet.tick_price * rent + self._moves

    def _total(self, cut: Cut, prices: Prices, domain: NodeDomain, factor: Fraction, money: int = 1) -> Fraction:
        rules = RulePrices.of(prices, factor)
        return total([(cut, prices, factor)], self.relaxation, self.groups, domain, money, rules)

    def _factors(self, cut: Cut, prices: Prices) -> Iterable[Fraction]:
        """Where the bound may be largest as a function of the factor: where machines of a pool come to cost nothing."""
        coefficients = list(cut.coefficients)
        for g, price in enumerate(prices.group):
            for p in self.groups[g]:
                coefficients[p] -= price
        pools = self.relaxation.fleet.pools
        found = {
            Fraction(pool.price * UNIT, w) for pool, w in zip(pools, coefficients, strict=True) if w > 0 and pool.price
        }
        ordered = sorted(found, key=lambda factor: abs(math.log(factor)))
        return ordered[:_MOST_SCALES]


def total(
    cuts: Sequence[tuple[Cut, AnyPrices, Fraction]],
    relaxation: Relaxation,
    groups: Groups,
    domain: NodeDomain,
    money: int = 1,
    rules: RulePrices = NO_RULES,
) -> Fraction:
    """The least rent in a node by cuts with factors, in 1 / UNIT micro-dollars; with no `money`, of machines alone.

    Above 0 without money, it says that no machine counts of the node keep the cuts and limits. O(cuts x pools).
    """
    fleet, unit = relaxation.fleet, Fraction(UNIT)
    parts = [unit * part for part in rules.parts]
    costs = rents(fleet, parts, unit) if money else [Fraction(0)] * len(fleet.pools)
    sets = [Fraction(0)] * len(groups)
    least = Fraction(0)
    for price, limit in zip(rules.limits, fleet.limits, strict=False):
        least -= unit * price * limit.most
        for p, weight in limit.weight.items():
            costs[p] += unit * price * weight
    for cut, prices, factor in cuts:
        least += factor * cut.least
        for p, coefficient in enumerate(cut.coefficients):
            costs[p] -= factor * coefficient
        for g, tie in enumerate(prices.group):
            sets[g] -= factor * tie
            for p in groups[g]:
                costs[p] += factor * tie
    ends = [*zip(domain.fewest, domain.most, strict=True)]
    least += sum(
        (min(cost * low, cost * high) for cost, (low, high) in zip((*costs, *sets), ends, strict=True)),
        start=Fraction(0),
    )
    return Fraction(least - paid_for(fleet, parts) - saved_by_free(fleet, costs, ends, unit)) if money else least


def _reason(ticks: float, prices: AnyPrices, factor: Fraction) -> Reason:
    return Reason(ticks, ((prices, factor),), RulePrices.of(prices, factor))
