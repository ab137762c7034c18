"""The covering knapsack in parts: what is cheapest for its value first.

Dantzig, G. B. (1957). Discrete-variable extremum problems. Operations Research 5(2), 266-288.
https://doi.org/10.1287/opre.5.2.266
"""

from collections.abc import Iterable
from fractions import Fraction

Offer = tuple[int, int, int | None]  # price, value, how many there are; None: no end


def cheapest_cover(missing: int, offers: Iterable[Offer]) -> tuple[Fraction, Fraction]:
    """The least price of offers, parts allowed, that are worth `missing`; and what even all of them lack.

    O(offers log offers).
    """
    total, left = Fraction(0), Fraction(missing)
    useful = [(price, value, most) for price, value, most in offers if value > 0]
    for price, value, most in sorted(useful, key=lambda offer: Fraction(offer[0], offer[1])):
        if left <= 0:
            break
        taken = left / value if most is None else min(left / value, Fraction(most))
        total += taken * price
        left -= taken * value
    return total, left
