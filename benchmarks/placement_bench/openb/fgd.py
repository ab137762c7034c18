"""Fragmentation gradient descent (Weng et al., USENIX ATC 2023).

Each pod goes where the typical pods lose least. The *fragmentation* of a node is the expected amount of its free GPU
that a pod drawn from the typical mix cannot use (section 4 of the paper): all of it when the pod does not fit there,
otherwise what is free on GPUs that have too little for it. A pod without GPUs cannot use any. The score of a
placement is the logistic function of the decrease, in whole points, as in the published runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from placement_bench.openb.published import POINTS, whole_gpus
from placement_bench.openb.trace import MILLI, Demand

if TYPE_CHECKING:
    import numpy.typing as npt

    from placement_bench.openb.replay import Floats, State
    from placement_bench.openb.trace import Cluster, Ints, Trace

COVERED = 0.95  # the typical pods are the most frequent ones that make up this share of the list
KINDS_OF_LOSS = 6


def typical_pods(trace: Trace) -> tuple[tuple[Demand, float], ...]:
    """The mix of the trace without its rarest pods, most frequent first, with shares that sum to 1.

    Pods that differ in memory alone are one kind. Among equally frequent ones the larger comes first, so that sums
    over the mix are always taken in the same order.
    """
    counts: dict[tuple[int, int, int, str], int] = {}
    for demand, count in zip(trace.kinds, trace.counts().tolist(), strict=True):
        key = (demand.cpu, demand.milli, demand.gpus, demand.spec)
        counts[key] = counts.get(key, 0) + count
    total = sum(counts.values())
    kept: list[tuple[tuple[int, int, int, str], int]] = []
    for key, count in sorted(counts.items(), key=lambda item: (item[1], item[0]), reverse=True):
        if sum(count for _, count in kept) >= COVERED * total:
            break
        kept.append((key, count))
    covered = sum(count for _, count in kept)
    # Divided twice, as the published runs do: the last bit of a share decides ties.
    return tuple(
        (Demand(cpu, 0, gpus, milli, spec), count / total / (covered / total))
        for (cpu, milli, gpus, spec), count in kept
    )


@dataclass(slots=True)
class Mix:
    """The typical pods as arrays, and the fragmentation of node states under them."""

    cluster: Cluster
    pods: tuple[tuple[Demand, float], ...]
    cpu: Ints = field(init=False)
    gpus: Ints = field(init=False)
    share: Floats = field(init=False)
    level: Ints = field(init=False)  # index of the thousandths asked of one GPU among the L distinct ones
    enough: Ints = field(init=False)  # (1001, L) whether so many free thousandths suffice, 1 or 0
    short: Ints = field(init=False)  # (1001, L) what is free where it does not suffice
    barred: Ints = field(init=False)  # (M, K) whether the kind may not run beside the GPU type

    def __post_init__(self) -> None:
        demands = [demand for demand, _ in self.pods]
        self.cpu = np.array([demand.cpu for demand in demands])
        self.gpus = np.array([demand.gpus for demand in demands])
        self.share = np.array([share for _, share in self.pods])
        levels, self.level = np.unique([demand.milli for demand in demands], return_inverse=True)
        free = np.arange(MILLI + 1)[:, None]
        self.enough = (free >= levels).astype(np.int64)
        self.short = np.where(free >= levels, 0, free)
        self.barred = np.array([[not demand.allows(model) for demand in demands] for model in self.cluster.models])

    def waste(self, model: Ints, cpu: Ints, gpu: Ints) -> Floats:
        """(S,) expected thousandths of GPU that the mix cannot use, of S node states. O(S x (levels x 8 + pods))."""
        wasted: Floats = self._losses(model, cpu, gpu)[0].sum(axis=1)
        return wasted

    def fragmentation(self, model: Ints, cpu: Ints, gpu: Ints) -> Floats:
        """The same, added up in the order of the published runs.

        Six kinds of loss are added up apart and then together, each in the order of the mix. In floating point the
        order matters: a placement that changes nothing must score exactly 50 points, and would else lose one.
        """
        amount, roomy, cpu_ok = self._losses(model, cpu, gpu)
        kind = np.where(roomy, np.where(cpu_ok, 1, 2), np.where(cpu_ok, 1, 0))
        kind = np.where(self.barred[model], 5, kind)
        kind = np.where(self.gpus == 0, np.where(cpu_ok, 3, 4), kind)
        index = kind + KINDS_OF_LOSS * np.arange(len(cpu))[:, None]
        sums = np.bincount(index.ravel(), amount.ravel(), KINDS_OF_LOSS * len(cpu)).reshape(-1, KINDS_OF_LOSS)
        total = np.zeros(len(cpu))
        for column in sums.T:
            total += column
        return total

    def _losses(self, model: Ints, cpu: Ints, gpu: Ints) -> tuple[Floats, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """(S, K) what each kind can't use times its share; where it has GPUs enough; where it has CPU enough."""
        roomy = self.enough[gpu].sum(axis=1)[:, self.level] >= self.gpus
        cpu_ok = cpu[:, None] >= self.cpu
        usable = roomy & cpu_ok & ~self.barred[model] & (self.gpus > 0)
        unusable = self.short[gpu].sum(axis=1)[:, self.level]
        return np.where(usable, unusable, gpu.sum(axis=1)[:, None]) * self.share, roomy, cpu_ok


@dataclass(slots=True)
class Fgd:
    """The policy. `mix` is what it expects to come."""

    mix: Mix
    keeps: ClassVar[bool] = True

    @classmethod
    def of(cls, cluster: Cluster, trace: Trace) -> Fgd:
        """With the typical pods of the trace."""
        return cls(Mix(cluster, typical_pods(trace)))

    def scores(self, state: State, demand: Demand, nodes: Ints) -> Floats:
        """Points of the best placement on each node."""
        row, _, points = self._placements(state, demand, nodes)
        best = np.full(len(nodes), -np.inf)
        np.maximum.at(best, row, points)
        return best

    def choose(self, state: State, demand: Demand, node: int) -> tuple[int, ...]:
        """The GPU with the best score, the first among equals."""
        if not demand.shares:
            return whole_gpus(state.gpu[node], demand)
        _, gpu, points = self._placements(state, demand, np.array([node]))
        return (int(gpu[points.argmax()]),)

    def _placements(self, state: State, demand: Demand, nodes: Ints) -> tuple[Ints, Ints, Floats]:
        """Rows of `nodes`, GPUs (or 0) and points of every placement that differs from the others on its node."""
        free = state.gpu[nodes]
        if demand.shares:
            row, gpu = distinct_gpus(free, demand.milli)
            after = free[row]
            after[np.arange(len(row)), gpu] -= demand.milli
        else:
            row, gpu = np.arange(len(nodes)), np.zeros(len(nodes), dtype=np.int64)
            whole = free == MILLI
            after = np.where(whole & (whole.cumsum(axis=1) <= demand.gpus), 0, free)
        model, cpu = state.cluster.model[nodes], state.cpu[nodes]
        before = self.mix.fragmentation(model, cpu, free)[row]
        left = self.mix.fragmentation(model[row], cpu[row] - demand.cpu, after)
        points = np.trunc(1.0 / (1.0 + np.exp(-((before - left) / MILLI))) * float(POINTS))
        return row, gpu, points


def distinct_gpus(free: Ints, milli: int) -> tuple[Ints, Ints]:
    """Row and column of the GPUs with `milli` free, of those alike on a node the first, in order."""
    candidate = free >= milli
    for column in range(1, free.shape[1]):
        candidate[:, column] &= (free[:, :column] != free[:, column, None]).all(axis=1)
    row, gpu = np.nonzero(candidate)
    return row, gpu
