"""Large-neighbourhood search (Shaw 1998): take some bins of the best packing apart, pack their items exactly, better.

Wasteful bins, by the prices of the linear program, are taken apart more often. As many go as leave a covering program
that is decided in no time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from placement.vector_packing.certificate import dual_values_of
from placement.vector_packing.dive import pack_rest
from placement.vector_packing.parameters import VECTOR_PACKING

if TYPE_CHECKING:
    from placement.vector_packing.generation import Generation

_PARAMS = VECTOR_PACKING.improve


def improve(generation: Generation, *, steps: int, patience: int, seed: int) -> None:
    """Take up to `steps` steps, fewer when `patience` of them in succession change nothing."""
    problem, state = generation.problem, generation.state
    generator = np.random.default_rng(seed)
    dual_value = dual_values_of(problem, generation.cut, generation.scale)
    value = generation.price[problem.item]
    idle = 0
    for _ in range(steps):
        if state.ended or not state.loads or idle >= patience:
            return
        bins = [load for load, n in state.loads for _ in range(n)]
        waste = np.array(
            [dual_value[t] - sum(int(value[row]) * n for row, n in pattern) for t, pattern in bins], dtype=float
        )
        waste = np.maximum(waste, 0) / max(1.0, float(waste.max()))
        order = np.argsort((waste + 0.05) * generator.exponential(size=len(bins)), kind="stable")
        better = pack_rest(generation, [bins[b] for b in order], _PARAMS.seconds, _PARAMS.loads, "improvement")
        idle = 0 if better else idle + 1
