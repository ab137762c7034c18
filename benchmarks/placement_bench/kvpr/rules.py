"""The published heuristics."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from placement_bench.kvpr.problem import Kvpr


def round_robin(case: Kvpr) -> list[int]:
    """Model i on GPU i modulo the number of GPUs: the leaderboard's zero."""
    return [model % case.gpus for model in range(len(case.sizes))]


def prism_greedy(case: Kvpr) -> list[int] | None:
    """Heaviest load first, each on the GPU under least pressure that has room (Yu et al., arXiv 2505.04021).

    The pressure is the one before the model comes. None when a model finds no room. O(models x GPUs).
    """
    gpu_of = [0] * len(case.sizes)
    left, load = [case.memory] * case.gpus, [0] * case.gpus
    for model in sorted(range(len(gpu_of)), key=lambda model: -case.loads[model]):
        roomy = [gpu for gpu in range(case.gpus) if left[gpu] > case.sizes[model]]
        if not roomy:
            return None
        gpu = min(roomy, key=lambda gpu: Fraction(load[gpu], left[gpu]))
        gpu_of[model] = gpu
        left[gpu] -= case.sizes[model]
        load[gpu] += case.loads[model]
    return gpu_of
