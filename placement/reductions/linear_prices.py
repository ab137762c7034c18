r"""Fleets whose machines have a price each and no rule over groups of pools: a Lagrangian relaxation.

What is paid on top of a commitment is no sum of prices, and a limit ties pools together. Yet for any multipliers of at
least 0 no plan's rent is less than that of machines at other prices, and a constant:

- a commitment of N machines with :math:`\pi`: each at most :math:`\pi`, less :math:`\pi N` in all;
- one of X dollars with a part :math:`a \le 1`: each at a of its price, less a X;
- a limit of at most L with :math:`\lambda`: each :math:`\lambda w_p` dearer, less :math:`\lambda L`;
- at most M moves with :math:`\mu`: each move :math:`\mu` dearer, less :math:`\mu M`.

(Geoffrion 1974, *Lagrangean relaxation for integer programming*, Math. Program. Study 2.) Losses of a pool or an
instance stay as they are. Everything that knows no groups of pools may then look for a bound.
"""

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Self

from placement.compiled.fleet import Fleet
from placement.reductions.base import CarriedBound, RelaxingReduction

RELAXES = "limits over groups of pools and max_moves but at their price"


@dataclass(frozen=True, slots=True)
class Multipliers:
    """What one more committed machine or dollar is worth, and one more unit of a limit; all at least 0.

    `committed`: by commitment: micro-dollars per hour of a machine, or the part of a dollar, at most 1.
    """

    committed: tuple[Fraction, ...]
    limits: tuple[Fraction, ...]  # by limit, micro-dollars per hour of a unit
    move: int = 0  # micro-dollars, where moves are limited

    @classmethod
    def none(cls, fleet: Fleet) -> Self:
        """Machines at their own price: what is committed is worth its whole price, a limit nothing."""
        whole = (
            Fraction(1) if k.money is not None else Fraction(max(fleet.pools[p].price for p in k.pools))
            for k in fleet.commitments
        )
        return cls(tuple(whole), (Fraction(0),) * len(fleet.limits))


@dataclass(frozen=True, slots=True)
class LinearPrices(RelaxingReduction):
    """The fleet at other prices; plans of the whole cost at least what they cost here, less a constant.

    `constant` is micro-dollars per hour, `moves` micro-dollars in all.
    """

    constant: int
    moves: int = 0

    @classmethod
    def of(cls, fleet: Fleet, multipliers: Multipliers) -> Self:
        """O(components + pools of limits and commitments). Prices are rounded down, the constant up."""
        price = [Fraction(pool.price) for pool in fleet.pools]
        constant = Fraction(0)
        for commitment, multiplier in zip(fleet.commitments, multipliers.committed, strict=True):
            for p in commitment.pools:
                price[p] = min(price[p], multiplier) if commitment.money is None else price[p] * multiplier
            constant += multiplier * (commitment.instances if commitment.money is None else commitment.money)
        for limit, multiplier in zip(fleet.limits, multipliers.limits, strict=True):
            for p, weight in limit.weight.items():
                price[p] += multiplier * weight
            constant += multiplier * limit.most
        components, moves = fleet.components, 0
        if fleet.max_moves is not None and multipliers.move:
            moves = multipliers.move * fleet.max_moves
            components = tuple(replace(c, move_cost=c.move_cost + multipliers.move) for c in components)
        plain = replace(
            fleet,
            pools=tuple(replace(pool, price=math.floor(p)) for pool, p in zip(fleet.pools, price, strict=True)),
            components=components,
            limits=(),
            commitments=(),
            max_moves=None,
        )
        return cls(fleet, plain, math.ceil(constant), moves)

    @property
    def keeps_bound(self) -> CarriedBound:
        """Less the constant."""
        less = self.whole.tick_price * self.constant + self.whole.tick_move * self.moves
        return CarriedBound(RELAXES, less=less)
