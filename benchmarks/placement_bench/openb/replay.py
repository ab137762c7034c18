"""The arrival replay: pods come one at a time and are placed at once or turned away for good.

Nothing leaves and nothing moves. A policy scores the nodes a pod fits on; the best score wins, and among equals the
node whose name comes first. A score depends on the node's own state and on the pod alone, so it is kept per class of
pods and computed again only for nodes that changed since: a replay of 10,000 arrivals on 1,213 nodes takes seconds.

The experiment and its measure are those of Weng et al. (USENIX ATC 2023); the rules in full are in the set's
description in ``docs/benchmarks/clusters.md``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from placement_bench.openb.trace import GPUS, MILLI

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from placement_bench.openb.trace import Cluster, Demand, Ints

    Floats = npt.NDArray[np.float64]

SHARERS = 0  # column of `State.tenants` that counts pods with a part of a GPU; column g counts pods with g whole GPUs


@dataclass(slots=True)
class State:
    """What is free on each node.

    Attributes
    ----------
    cpu, memory : (N,) free thousandths of a vCPU, free MiB.
    gpu : (N, 8) free thousandths of each GPU; 0 where the node has fewer GPUs.
    tenants : (N, 9) pods with GPUs on the node, by kind: sharers, then by number of whole GPUs.
    """

    cluster: Cluster
    cpu: Ints
    memory: Ints
    gpu: Ints
    tenants: Ints

    @classmethod
    def empty(cls, cluster: Cluster) -> State:
        """The cluster with nothing on it."""
        nodes = len(cluster.names)
        gpu = np.where(np.arange(GPUS) < cluster.gpus[:, None], MILLI, 0).astype(np.int64)
        return cls(cluster, cluster.cpu.copy(), cluster.memory.copy(), gpu, np.zeros((nodes, GPUS + 1), dtype=np.int64))

    def fits(self, demand: Demand, nodes: Ints) -> npt.NDArray[np.bool_]:
        """Which of the nodes can take the pod. Memory, CPU, GPU type, enough GPUs with enough free."""
        fits = (self.cpu[nodes] >= demand.cpu) & (self.memory[nodes] >= demand.memory)
        if demand.spec:
            allowed = np.array([demand.allows(model) for model in self.cluster.models])
            fits &= allowed[self.cluster.model[nodes]]
        if demand.gpus:
            fits &= np.count_nonzero(self.gpu[nodes] >= demand.milli, axis=1) >= demand.gpus
        return fits

    def place(self, demand: Demand, node: int, gpus: Sequence[int]) -> None:
        """Take what the pod asks for off the node."""
        self.cpu[node] -= demand.cpu
        self.memory[node] -= demand.memory
        for gpu in gpus:
            self.gpu[node, gpu] -= demand.milli
        if demand.gpus:
            self.tenants[node, SHARERS if demand.shares else demand.gpus] += 1


class Policy(Protocol):
    """Which node a pod goes to, and which GPUs there.

    `keeps` tells whether the score of an unchanged node holds for later pods of the class; chance does not.
    """

    keeps: ClassVar[bool]

    def scores(self, state: State, demand: Demand, nodes: Ints) -> Floats:
        """A score for each of the nodes, all of which the pod fits on; the highest wins."""

    def choose(self, state: State, demand: Demand, node: int) -> tuple[int, ...]:
        """The GPUs of the chosen node that the pod is put on."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What happened.

    Attributes
    ----------
    arrived, allocated : (E,) thousandths of GPUs asked for so far, and in use, after each arrival.
    node : (E,) the node each pod went to, -1 when it was turned away.
    gpus : the GPUs each pod went to.
    total : thousandths of GPUs in the cluster.
    """

    arrived: Ints
    allocated: Ints
    node: Ints
    gpus: tuple[tuple[int, ...], ...]
    total: int

    def column(self, percent: int) -> float | None:
        """Mean allocated % over the arrivals whose arrived % rounds to `percent`, to two decimals; None without any."""
        gpus = self.total / MILLI
        at = np.round(self.arrived / gpus / 10) == percent
        if not at.any():
            return None
        # A mean is often halfway between hundredths. The published figures round shares as Python does, by the exact
        # binary value, and the mean as NumPy does, by that of 100 times it, half to even.
        shares = [round(share, 2) for share in (self.allocated[at] / gpus / 10).tolist()]
        return float(np.round(np.mean(shares), 2))


def replay(cluster: Cluster, kinds: Sequence[Demand], order: Ints, policy: Policy) -> Replay:
    """Play the pods `kinds[order[0]]`, `kinds[order[1]]`, ... against the policy. O(arrivals x nodes)."""
    state = State.empty(cluster)
    memory = _Memory(state, policy)
    placed = [memory.place(kinds[kind]) for kind in order.tolist()]
    asked = np.array([demand.gpu_milli for demand in kinds], dtype=np.int64)[order]
    node = np.array([where for where, _ in placed], dtype=np.int64)
    return Replay(
        arrived=np.cumsum(asked),
        allocated=np.cumsum(np.where(node >= 0, asked, 0)),
        node=node,
        gpus=tuple(gpus for _, gpus in placed),
        total=cluster.gpu_milli,
    )


@dataclass(slots=True)
class _Memory:
    """Scores that still hold, by class of pods. `changed` lists the nodes in the order they changed."""

    state: State
    policy: Policy
    changed: list[int] = field(default_factory=list)
    known: dict[Demand, tuple[Floats, int]] = field(default_factory=dict)  # scores, and how much of `changed` they saw

    def place(self, demand: Demand) -> tuple[int, tuple[int, ...]]:
        """Put one pod where the policy wants it; (-1, ()) when it fits nowhere."""
        scores = self._scores(demand)
        node = int(scores.argmax())  # the first of the best: ties go to the first name
        if scores[node] == -np.inf:
            return -1, ()
        gpus = self.policy.choose(self.state, demand, node) if demand.gpus else ()
        self.state.place(demand, node, gpus)
        self.changed.append(node)
        return node, gpus

    def _scores(self, demand: Demand) -> Floats:
        everywhere = np.arange(len(self.state.cpu))
        scores, seen = self.known.get(demand, (np.zeros(len(everywhere)), 0))
        stale = (
            np.unique(np.array(self.changed[seen:], dtype=np.int64))
            if demand in self.known and self.policy.keeps
            else everywhere
        )
        # A node only ever fills up: where a pod did not fit, none of its class ever will.
        stale = stale[scores[stale] > -np.inf]
        if len(stale):
            fits = self.state.fits(demand, stale)
            scores[stale[~fits]] = -np.inf
            if fits.any():
                scores[stale[fits]] = self.policy.scores(self.state, demand, stale[fits])
        self.known[demand] = scores, len(self.changed)
        return scores
