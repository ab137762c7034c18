"""Our own online policy: keep what is left of a node useful, and scarce GPU types for those who name them.

The *use* of a node is the expected GPU amount that it could still serve if it were filled with pods of one kind, the
kind drawn from the expected mix::

    use(node) = sum_k share[k] * size[k] * min(whole pods by GPU, pods by CPU, pods by memory)

where a kind that may not run beside the node's GPUs counts nothing. The *waste* of a node is its fragmentation (`fgd`):
what of its free GPU one more pod of the mix can't use. With the pressure on the type of the GPUs that the pod takes
(`scarcity`), a placement is worth::

    change of use - fragmentation * change of waste - scarcity * pressure[type] * GPU taken

in steps. The best one is made, and among equals that on the first node of a fixed order: few nodes are open at a time.

Waste asks whether one more pod of a kind fits; use falls pod by pod on a node whose CPU or memory will run out before
its GPUs. The policy knows the mix, as fragmentation gradient descent does, and nothing of the order to come. It turns
no pod away that fits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from placement_bench.openb.fgd import Mix, distinct_gpus, typical_pods
from placement_bench.openb.published import whole_gpus
from placement_bench.openb.scarcity import named_pressure
from placement_bench.openb.trace import MILLI, Demand

if TYPE_CHECKING:
    from placement_bench.openb.replay import Floats, State
    from placement_bench.openb.trace import Cluster, Ints, Trace

COVERED = 0.95  # of the GPU amount asked for; rarer kinds are left out of the mix


@dataclass(frozen=True, slots=True)
class Weights:
    """What was tuned, on seeds 42 to 44 of the lists ``default`` and ``gpuspec33`` and 42 and 43 of a few others.

    Attributes
    ----------
    by_size : kinds are weighted by their number times their GPU amount to this power.
    step : thousandths of a GPU within which two placements are alike.
    scarcity : what a GPU of a type under pressure 1 counts, in GPUs of use.
    fragmentation : what a GPU of waste counts, in GPUs of use.
    """

    by_size: float = 0.3
    step: float = 40.0
    scarcity: float = 1.0
    fragmentation: float = 1.0


@dataclass(slots=True)
class ExpectedUse:
    """The policy."""

    cluster: Cluster
    weights: Weights
    pressure: Floats  # (M,)
    mix: Mix
    kinds: Kinds
    keeps: ClassVar[bool] = True

    @classmethod
    def of(cls, cluster: Cluster, trace: Trace, weights: Weights | None = None) -> ExpectedUse:
        """For the mix of a pod list."""
        weights = weights or Weights()
        kinds = Kinds.of(cluster, trace, weights.by_size)
        return cls(cluster, weights, named_pressure(cluster, trace), Mix(cluster, typical_pods(trace)), kinds)

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
        score -= self.weights.scarcity * self.pressure[model[row]] * demand.gpu_milli
        if self.weights.fragmentation:
            lost = self.mix.waste(model[row], cpu[row] - demand.cpu, after)
            lost -= self.mix.waste(model, cpu, state.gpu[nodes])[row]
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
    level: Ints  # index of the thousandths asked of one GPU among the L distinct ones
    fitting: Ints  # (1001, L) how many of each level fit on a GPU with so many thousandths free
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
            fitting=np.arange(MILLI + 1)[:, None] // levels,
            allowed=np.array([[float(demand.allows(model)) for demand in demands] for model in cluster.models]),
        )

    def use(self, model: Ints, cpu: Ints, memory: Ints, gpu: Ints) -> Floats:
        """(S,) the use of S node states. O(S x (levels x 8 + kinds))."""
        by_gpu = self.fitting[gpu].sum(axis=1)[:, self.level] // self.gpus
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
