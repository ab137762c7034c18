"""The price of a MiB to ask next: that at which the two plans cost the same between which the limit lies.

Plans are points of memory moved and cost. What prices can find are the corners of the lower convex hull of all plans,
and the best bound is at the price that is the slope of its edge over the limit. Of the plans known so far that edge is
the pair, one within the limit and one beyond, whose line is lowest there. A solve at its slope finds a plan below the
line, and the edge moves, or there is none, and the price was the best one (the secant method of Handler and Zang 1980,
*A dual algorithm for the constrained shortest path problem*, Networks 10).
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple


class MovedAndCost(NamedTuple):
    """A plan: MiB that it moves, and its cost, micro-dollars."""

    moved: int
    cost: int


def even_price(within: Iterable[MovedAndCost], beyond: Iterable[MovedAndCost], most: int) -> int | None:
    """Micro-dollars a MiB, rounded up, for plans that move at most so much and for others; None where no other pays.

    O(within x beyond).

    >>> even_price([MovedAndCost(0, 100)], [MovedAndCost(50, 20), MovedAndCost(20, 60)], 10)
    2
    >>> even_price([MovedAndCost(0, 100)], [MovedAndCost(50, 100)], 10)
    """
    pairs = [(one, other) for one in within for other in beyond if other.cost < one.cost]
    if not pairs:
        return None

    def at_the_limit(pair: tuple[MovedAndCost, MovedAndCost]) -> Fraction:
        one, other = pair
        return one.cost - Fraction((one.cost - other.cost) * (most - one.moved), other.moved - one.moved)

    one, other = min(pairs, key=at_the_limit)
    return -((other.cost - one.cost) // (other.moved - one.moved))
