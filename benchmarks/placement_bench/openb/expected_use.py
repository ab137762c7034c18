"""Our own online policy: keep what is left of a node useful, and scarce GPU types for those who need them.

The *use* of a node is the expected GPU amount that it could still serve if it were filled with pods of one kind, the
kind drawn from the expected mix::

    use(node) = sum_k share[k] * size[k] * min(whole pods by GPU, pods by CPU, pods by memory)

where a kind that may not run beside the node's GPUs counts nothing. A pod goes where it takes the least use, counted
with the price of the GPUs it takes (`scarcity`)::

    score = use(after) - use(before) - pressure * price[type] * GPU taken

in steps, and among equals to the first node of a fixed order, so that few nodes are open at a time.

Against fragmentation gradient descent (`fgd`), which asks whether *one* more pod of a kind fits: here a node whose CPU
or memory runs out before its GPUs loses use pod by pod, long before nothing fits. The policy knows the mix, as FGD
does, and nothing of the order to come.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from placement_bench.openb.fgd import Mix, distinct_gpus, typical_pods
from placement_bench.openb.published import whole_gpus
from placement_bench.openb.scarcity import gpu_prices
from placement_bench.openb.trace import MILLI, Demand

if TYPE_CHECKING:
    from placement_bench.openb.replay import Floats, State
    from placement_bench.openb.trace import Cluster, Ints, Trace

COVERED = 0.95  # of the GPU amount asked for; rarer kinds are left out of the mix


@dataclass(frozen=True, slots=True)
class Weights:
    """What the policy was tuned in, on five of the published seeds (42 to 46).

    Attributes
    ----------
    by_size : kinds are weighted by their number times their GPU amount to this power.
    step : thousandths of a GPU within which two placements are alike.
    pressure : how much the price of a GPU counts.
    fragmentation : how much the fragmentation of `fgd` counts beside.
    """

    by_size: float = 0.3
    step: float = 60.0
    pressure: float = 2.0
    fragmentation: float = 0.0


@dataclass(slots=True)
class ExpectedUse:
    """The policy."""

    cluster: Cluster
    weights: Weights
    price: Floats
    mix: Mix
    kinds: Kinds
    keeps: ClassVar[bool] = True

    @classmethod
    def of(cls, cluster: Cluster, trace: Trace, weights: Weights | None = None) -> ExpectedUse:
        """For the mix of a pod list."""
        weights = weights or Weights()
        kinds = Kinds.of(cluster, trace, weights.by_size)
        return cls(cluster, weights, gpu_prices(cluster, trace), Mix(cluster, typical_pods(trace)), kinds)

    def scores(self, state: State, demand: Demand, nodes: Ints) -> Floats:
        """The best placement on each node."""
        row, _, score = self._placements(state, demand, nodes)
        best = np.full(len(nodes), -np.inf)
        np.maximum.at(best, row, score)
        return best

    def choose(self, state: State, demand: Demand, node: int) -> tuple[int, ...]:
        """The GPU with the best score, the first among equals."""
        if not demand.shares:
            return whole_gpus(state.gpu[node], demand)
        _, gpu, score = self._placements(state, demand, np.array([node]))
        return (int(gpu[score.argmax()]),)

    def _placements(self, state: State, demand: Demand, nodes: Ints) -> tuple[Ints, Ints, Floats]:
        """Rows of `nodes`, GPUs (or 0) and scores of the placements that differ."""
        row, gpu, after = placements(state.gpu[nodes], demand)
        model, cpu, memory = self.cluster.model[nodes], state.cpu[nodes], state.memory[nodes]
        before = self.kinds.use(model, cpu, memory, state.gpu[nodes])[row]
        score = self.kinds.use(model[row], cpu[row] - demand.cpu, memory[row] - demand.memory, after) - before
        score -= self.weights.pressure * self.price[model[row]] * demand.gpu_milli
        if self.weights.fragmentation:
            lost = self.mix.fragmentation(model[row], cpu[row] - demand.cpu, after)
            lost -= self.mix.fragmentation(model, cpu, state.gpu[nodes])[row]
            score -= self.weights.fragmentation * lost
        return row, gpu, np.floor(score / self.weights.step)


@dataclass(slots=True)
class Kinds:
    """The expected mix as arrays: (K,) figures of each kind of pod with GPUs."""

    share: Floats
    cpu: Ints
    memory: Ints
    gpus: Ints
    size: Ints  # thousandths of GPU in all
    level: Ints  # index into `levels`
    levels: Ints  # distinct thousandths asked of one GPU
    allowed: Floats = field(repr=False)  # (M, K) 1 where the kind may run beside the GPU type

    @classmethod
    def of(cls, cluster: Cluster, trace: Trace, by_size: float) -> Kinds:
        """The kinds that ask for most of the GPU amount."""
        counted = [pair for pair in zip(trace.kinds, trace.counts().tolist(), strict=True) if pair[0].gpus]
        counted.sort(key=lambda pair: (-pair[0].gpu_milli * pair[1], pair[0]))
        amount = np.cumsum([demand.gpu_milli * count for demand, count in counted])
        kept = counted[: int(np.searchsorted(amount, COVERED * amount[-1])) + 1] if counted else []
        demands = [demand for demand, _ in kept]
        weight = np.array([count * demand.gpu_milli**by_size for demand, count in kept])
        levels, level = np.unique(np.array([demand.milli for demand in demands], dtype=np.int64), return_inverse=True)
        return cls(
            share=weight / max(weight.sum(), 1),
            cpu=np.array([max(demand.cpu, 1) for demand in demands], dtype=np.int64),
            memory=np.array([max(demand.memory, 1) for demand in demands], dtype=np.int64),
            gpus=np.array([demand.gpus for demand in demands], dtype=np.int64),
            size=np.array([demand.gpu_milli for demand in demands], dtype=np.int64),
            level=level,
            levels=levels,
            allowed=np.array([[float(demand.allows(model)) for demand in demands] for model in cluster.models]),
        )

    def use(self, model: Ints, cpu: Ints, memory: Ints, gpu: Ints) -> Floats:
        """(S,) the use of S node states. O(S x (levels x 8 + kinds))."""
        by_gpu = (gpu[:, :, None] // self.levels).sum(axis=1)[:, self.level] // self.gpus
        pods = np.minimum(np.minimum(by_gpu, cpu[:, None] / self.cpu), memory[:, None] / self.memory)
        used: Floats = (pods * self.size * self.allowed[model]) @ self.share
        return used


def placements(free: Ints, demand: Demand) -> tuple[Ints, Ints, Ints]:
    """The ways to put a pod on nodes with these free GPUs: row, GPU (0 when it shares none), free GPUs after it."""
    if demand.shares:
        row, gpu = distinct_gpus(free, demand.milli)
        after = free[row]
        after[np.arange(len(row)), gpu] -= demand.milli
        return row, gpu, after
    whole = free == MILLI
    after = np.where(whole & (whole.cumsum(axis=1) <= demand.gpus), 0, free)
    return np.arange(len(free)), np.zeros(len(free), dtype=np.int64), after
