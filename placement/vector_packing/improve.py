"""Large-neighbourhood search (Shaw 1998): take some bins of the best packing apart, pack their items exactly, better.

Wasteful bins, by the prices of the linear program, are taken apart more often. As many go as leave a covering program
that is decided in no time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from placement.vector_packing.certificate import dual_values_of
from placement.vector_packing.dive import pack_rest

if TYPE_CHECKING:
    from placement.vector_packing.generation import Generation


def improve(generation: Generation, *, patience: int, seed: int) -> None:
    """Take steps until `patience` of them in succession change nothing."""
    problem, state = generation.problem, generation.state
    generator = np.random.default_rng(seed)
    dual_value = dual_values_of(problem, generation.cut, generation.scale)
    value = generation.price[problem.item]
    idle = 0
    while state.loads and idle < patience and not state.ended:
        bins = [load for load, n in state.loads for _ in range(n)]
        waste = np.array(
            [dual_value[t] - sum(int(value[row]) * n for row, n in pattern) for t, pattern in bins], dtype=float
        )
        waste = np.maximum(waste, 0) / max(1.0, float(waste.max()))
        order = np.argsort((waste + 0.05) * generator.exponential(size=len(bins)), kind="stable")
        better = pack_rest(generation, [bins[b] for b in order], "improvement")
        idle = 0 if better else idle + 1
