"""The terms of commitments and the weights of scenarios as integers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from placement.compiled.groups import FleetCommitment
from placement.documents import Problem
from placement.scenarios.document import ScenarioSet, pool_prices
from placement.units import dollars, exact, micro_dollars

_FINEST = 10**6  # of a weight, as a part of all


@dataclass(frozen=True, slots=True)
class Term:
    """What may be committed.

    `pools`, `pool_names`: dearest first, then by index: the order in which committed machines are counted as free.
    """

    name: str  # of the commitment
    pools: tuple[int, ...]
    pool_names: tuple[str, ...]
    prices: tuple[int, ...]  # (P,) of all pools, on demand, micro-dollars per hour
    price: int  # of a committed machine, used or not, micro-dollars per hour
    most: int | None  # machines; None for no limit

    @property
    def dollars(self) -> float:
        """The price of a committed machine in dollars per hour."""
        return dollars(self.price)

    def pays(self, paid: Sequence[int], machines: int) -> int:
        """What so many committed machines pay, micro-dollars per hour, of the machines of all pools paid for (P,)."""
        return FleetCommitment(self.name, self.pools, machines, None).pays(paid, self.prices)


def compile_terms(problem: Problem, document: ScenarioSet) -> tuple[Term, ...]:
    """The terms of a document that was checked against the problem."""
    index = {pool.name: p for p, pool in enumerate(problem.pools)}
    price = {pool.name: next(iter(pool_prices(problem, [pool.name]))) for pool in problem.pools}
    found = []
    for row in document.commitments:
        names = sorted(row.pools, key=lambda name: (-price[name], index[name]))
        if row.price_per_hour is not None:
            each = micro_dollars(row.price_per_hour)
        else:
            assert row.discount is not None
            each = round((1 - exact(row.discount)) * price[names[0]])
        pools = tuple(index[name] for name in names)
        found.append(Term(row.name, pools, tuple(names), tuple(price.values()), each, row.max_instances))
    return tuple(found)


def whole_weights(document: ScenarioSet) -> tuple[int, ...]:
    """(S,) the weights as whole numbers without a common divisor; as written, or to the nearest millionth of all.

    What they add up to stands for all of the time, so thirds that were written with six digits are thirds of it.
    """
    given = [exact(row.weight) for row in document.scenarios]
    total = sum(given, Fraction(0))
    parts = [max(Fraction(1, _FINEST), (weight / total).limit_denominator(_FINEST)) for weight in given]
    if math.lcm(*(part.denominator for part in parts)) > _FINEST:
        parts = [Fraction(max(1, round(part * _FINEST)), _FINEST) for part in parts]
    common = math.lcm(*(part.denominator for part in parts))
    scaled = [int(part * common) for part in parts]
    divisor = math.gcd(*scaled)
    return tuple(n // divisor for n in scaled)
