"""The covering knapsack in parts: what is cheapest for its worth first.

Dantzig, G. B. (1957). Discrete-variable extremum problems. Operations Research 5(2), 266-288.
https://doi.org/10.1287/opre.5.2.266
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

Offer = tuple[int, int, int | None]  # price, worth, how many there are; None: no end


def cheapest_cover(missing: int, offers: Iterable[Offer]) -> tuple[Fraction, Fraction]:
    """The least price of offers, parts allowed, that are worth `missing`; and what even all of them lack.

    O(offers log offers).
    """
    total, left = Fraction(0), Fraction(missing)
    useful = [(price, dual_value, most) for price, dual_value, most in offers if dual_value > 0]
    for price, dual_value, most in sorted(useful, key=lambda offer: Fraction(offer[0], offer[1])):
        if left <= 0:
            break
        taken = left / dual_value if most is None else min(left / dual_value, Fraction(most))
        total += taken * price
        left -= taken * dual_value
    return total, left
