r"""Inequalities that copies on one device class keep, whatever its patterns, and that a given solution breaks.

Give each item a value. No accelerator holds more than its most valuable pattern, of value :math:`\alpha`, so

.. math:: \sum_i v_i t_i \le \alpha (K n - o),

where copies touch t_i accelerators by item, and o of the K n accelerators are owned. For values from the prices of the
pattern LP that is its bound, projected on machines and copies (Benders 1962). Which values a given solution breaks is
the dual of the LP for its copies alone (Gilmore and Gomory 1961). Integers: the knapsack over all patterns is exact.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from placement.engines.highs import linear_program, solved
from placement.patterns.formulation import DeviceClass
from placement.patterns.parameters import ClassCutParameters as _PARAMS

_FINE = 10**6  # of the LP's values, in integers


class ClassCut(NamedTuple):
    """The value of each item, and of the most valuable pattern of one accelerator."""

    items: tuple[int, ...]
    accelerator: int


def cut_at(device_class: DeviceClass, values: Sequence[int]) -> ClassCut | None:
    """The inequality for these values, made as small as `PATTERNS.class_cuts` says; None where all are 0."""
    largest = max(values, default=0)
    if largest <= 0:
        return None
    items = [max(0, round(_PARAMS.largest * value / largest)) for value in values]
    return ClassCut(tuple(items), device_class.knapsack.value(items))


def item_prices(patterns: Sequence[Mapping[int, int]], wanted: Mapping[int, float]) -> dict[int, float] | None:
    """What one more accelerator touched by each item asks for of accelerators, when these patterns may be cut.

    None where the engine fails. Items that are not `wanted`, so often each, stand in patterns for nothing.
    """
    row = {i: r for r, i in enumerate(wanted)}
    columns = [[(row[i], float(n)) for i, n in pattern.items() if i in row] for pattern in patterns]
    lp = linear_program(columns, np.ones(len(patterns)), within=(0.0, np.inf), rows=([*wanted.values()], np.inf))
    solver = solved(lp)
    if solver is None:
        return None
    return dict(zip(row, (max(0.0, price) for price in solver.getSolution().row_dual), strict=True))


def broken_cut(device_class: DeviceClass, touches: Mapping[int, int], accelerators: int) -> ClassCut | None:
    """One that copies break, which touch so many accelerators by item where there are so many in all; None: not known.

    O(rounds x knapsack), of an LP that has a row for each item.
    """
    knapsack = device_class.knapsack
    if any(not knapsack.limits[i] for i in touches):
        return None
    patterns = [{i: knapsack.limits[i]} for i in touches]
    for _ in range(_PARAMS.rounds):
        prices = item_prices(patterns, touches)
        if prices is None:
            return None
        values = [0] * len(device_class.items)
        for i, price in prices.items():
            values[i] = int(price * _FINE)
        value, pattern = knapsack.best_pattern(values)
        pattern = {i: n for i, n in pattern.items() if i in prices}
        if value <= _FINE * (1 + _PARAMS.more) or pattern in patterns:
            break
        patterns.append(pattern)
    cut = cut_at(device_class, values)
    taken = 0 if cut is None else sum(cut.items[i] * n for i, n in touches.items())
    return cut if cut is not None and taken > cut.accelerator * accelerators else None
