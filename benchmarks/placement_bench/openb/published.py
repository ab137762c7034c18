"""The policies of the published experiment (Weng et al., USENIX ATC 2023), each with the rounding it was run with.

The published runs scored nodes in whole points from 0 to 100 and gave ties to the first name. Both are kept: they
decide many placements, and without them the published values are not met.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from placement_bench.openb.replay import SHARERS
from placement_bench.openb.trace import GPUS, MILLI

if TYPE_CHECKING:
    from placement_bench.openb.replay import Floats, State
    from placement_bench.openb.trace import Demand, Ints

MOST_CPU = 128_000  # the largest node, by which free CPU is measured
MOST_GPU = GPUS * MILLI
POINTS = 100


class _TightestGpu:
    """Puts a sharing pod on the GPU with the least free that suffices, and whole-GPU pods on the first free ones."""

    keeps: ClassVar[bool] = True

    def choose(self, state: State, demand: Demand, node: int) -> tuple[int, ...]:
        free = state.gpu[node]
        if not demand.shares:
            return whole_gpus(free, demand)
        return (int(np.where(free >= demand.milli, free, MILLI + 1).argmin()),)


def whole_gpus(free: Ints, demand: Demand) -> tuple[int, ...]:
    """The first GPUs of a node that are wholly free, as many as asked."""
    return tuple(np.flatnonzero(free == MILLI)[: demand.gpus].tolist())


@dataclass(slots=True)
class RandomNode:
    """Any node that the pod fits on, any GPU there that has room."""

    rng: np.random.Generator
    keeps: ClassVar[bool] = False

    def scores(self, state: State, demand: Demand, nodes: Ints) -> Floats:
        """Chance."""
        del state, demand
        return self.rng.random(len(nodes))

    def choose(self, state: State, demand: Demand, node: int) -> tuple[int, ...]:
        """A GPU at random for a sharing pod."""
        free = state.gpu[node]
        if not demand.shares:
            return whole_gpus(free, demand)
        return (int(self.rng.choice(np.flatnonzero(free >= demand.milli))),)


class DotProduct(_TightestGpu):
    """The node whose free vector has the least inner product with the demand (after Tetris, SIGCOMM 2014)."""

    def scores(self, state: State, demand: Demand, nodes: Ints) -> Floats:
        """Free and demanded CPU and GPU, each over the largest node."""
        cpu = (state.cpu[nodes] / MOST_CPU) * (demand.cpu / MOST_CPU)
        gpu = (state.gpu[nodes].sum(axis=1) / MOST_GPU) * (demand.gpu_milli / MOST_GPU)
        points: Floats = np.floor(POINTS * (1 - (cpu + gpu) / 2))
        return points


class GpuClustering(_TightestGpu):
    """Pods of one size together: nodes with only that kind, then with it among others, then empty, then the rest."""

    def scores(self, state: State, demand: Demand, nodes: Ints) -> Floats:
        """Within each of the four groups, the fuller node first."""
        if not demand.gpus:
            return np.zeros(len(nodes))
        present = state.tenants[nodes] > 0
        kinds = present.sum(axis=1)
        same = present[:, SHARERS if demand.shares else demand.gpus]
        group = np.where(same, np.where(kinds == 1, 75, 50), np.where(kinds == 0, 25, 0))
        used = MOST_GPU - state.gpu[nodes].sum(axis=1)
        points: Floats = (group + 25 * used // MOST_GPU).astype(float)
        return points


class GpuPacking(_TightestGpu):
    """GPUs in use first, then free GPUs of nodes in use, then empty nodes."""

    def scores(self, state: State, demand: Demand, nodes: Ints) -> Floats:
        """The tightest choice of GPUs on each node decides its group."""
        if not demand.gpus:
            return np.zeros(len(nodes))
        gpu = state.gpu[nodes]
        free = np.count_nonzero(gpu == MILLI, axis=1)
        idle_node = np.maximum(POINTS // 3 - free, free)
        taken = np.sort(np.where(gpu >= demand.milli, gpu, 2 * MILLI), axis=1)[:, : demand.gpus]
        fresh = np.count_nonzero(taken == MILLI, axis=1)
        fresh_gpu = np.maximum(POINTS // 2 - fresh, POINTS // 3)
        shared_gpu = np.maximum(POINTS - (taken * 100 // MILLI).sum(axis=1) // 10, POINTS // 2)
        idle = free == state.cluster.gpus[nodes]
        points: Floats = np.where(idle, idle_node, np.where(fresh > 0, fresh_gpu, shared_gpu)).astype(float)
        return points


class BestFit(_TightestGpu):
    """The node with the least CPU and GPU left over, each over the largest node, weighted equally."""

    def scores(self, state: State, demand: Demand, nodes: Ints) -> Floats:
        """Points for what is not left over."""
        cpu = (state.cpu[nodes] - demand.cpu) / MOST_CPU * 0.5
        gpu = (state.gpu[nodes].sum(axis=1) - demand.gpu_milli) / MOST_GPU * 0.5
        points: Floats = np.trunc((1.0 - (cpu + gpu)) * float(POINTS))
        return points
