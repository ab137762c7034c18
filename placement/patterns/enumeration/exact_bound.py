r"""What prices prove of a linear program, in integers: a bound below every solution, whatever an engine's tolerances.

For any prices :math:`y` of rows :math:`l \le A x \le h`, a solution within :math:`0 \le u \le x \le v` costs, with
:math:`d = c - y A`,

.. math:: c x = y A x + d x \ge \sum_r \min(y_r l_r, y_r h_r) + \sum_k \min(d_k u_k, d_k v_k).

Neumaier and Shcherbina 2004, *Safe bounds in linear and mixed-integer linear programming*, Math. Program. 99. Here
prices are whole numbers of a small unit, so nothing is rounded at all.
"""

import math
from collections.abc import Sequence

from placement.patterns.enumeration.rows import IntegerRows


def price_bound(rows: IntegerRows, costs: Sequence[int], prices: Sequence[int]) -> int:
    """The least that any solution may cost by these prices; a price whose row has no such side counts as none.

    Parameters
    ----------
    rows : the program, all of whose numbers are whole, with finite limits of columns.
    costs : (columns,), in the unit of the prices.
    prices : (rows,) of a unit more on each row's side: at least 0 where that is its lower one.

    O(entries).
    """
    left, total = list(costs), 0
    for r, price in enumerate(prices):
        side = rows.low[r] if price > 0 else rows.high[r]
        if not price or math.isinf(side):
            continue
        total += price * int(side)
        for k, n in rows.terms(r).items():
            left[k] -= price * int(n)
    ends = zip(left, rows.lower, rows.upper, strict=True)
    return total + sum(d * int(low if d > 0 else high) for d, low, high in ends if d)
