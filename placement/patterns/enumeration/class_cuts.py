r"""Inequalities in place of the patterns of one device class, where these are too many to list.

Give each item a value. No accelerator holds more than its most valuable pattern, of value :math:`\alpha`, so

.. math:: \sum_i v_i t_i \le \alpha (K n - o),

where copies touch t_i accelerators by item, and o of the K n accelerators are owned. For values from the prices of the
pattern LP that is its bound, projected on machines and copies (Benders 1962). Which values a given solution breaks is
the dual of the LP for its copies alone (Gilmore and Gomory 1961). Integers: the knapsack over all patterns is exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from placement.engines.highs import EngineError, linear_program, load_lp, run
from placement.patterns.parameters import PATTERNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from placement.patterns.formulation import DeviceClass

_PARAMS = PATTERNS.class_cuts
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


def broken_cut(device_class: DeviceClass, touches: Mapping[int, int], accelerators: int) -> ClassCut | None:
    """One that copies break, which touch so many accelerators by item where there are so many in all; None: not known.

    O(rounds x knapsack), of an LP that has a row for each item.
    """
    knapsack, rows = device_class.knapsack, {i: k for k, i in enumerate(touches)}
    if any(not knapsack.limits[i] for i in touches):
        return None
    patterns = [{i: knapsack.limits[i]} for i in touches]
    for _ in range(_PARAMS.rounds):
        columns = [[(rows[i], float(n)) for i, n in pattern.items()] for pattern in patterns]
        lp = linear_program(
            columns, [1.0] * len(columns), (0.0, np.inf), ([float(n) for n in touches.values()], np.inf)
        )
        try:
            solver = load_lp(lp)
            run(solver)
        except EngineError:
            return None
        duals = solver.getSolution().row_dual
        values = [0] * len(device_class.items)
        for i, k in rows.items():
            values[i] = max(0, int(duals[k] * _FINE))
        value, pattern = knapsack.best_pattern(values)
        pattern = {i: n for i, n in pattern.items() if i in rows}
        if value <= _FINE * (1 + _PARAMS.more) or pattern in patterns:
            break
        patterns.append(pattern)
    cut = cut_at(device_class, values)
    taken = 0 if cut is None else sum(cut.items[i] * n for i, n in touches.items())
    return cut if cut is not None and taken > cut.accelerator * accelerators else None
