"""Alibaba's openb trace (Weng et al., USENIX ATC 2023): pods on a cluster of 1,213 nodes with 6,212 GPUs.

- ``openb-online``: the published arrival replay; a solver is a policy, the value the allocated GPU % when the pods that
  have come asked for 100 % of the cluster. A case is a pod list and one of the published seeds.
- ``openb-nodes``: all pods of a list on as few of the cluster's nodes as can hold them, as a problem document.
- ``openb-cost``: the cheapest nodes of the cluster's shapes for all pods, any number of each, at stand-in prices.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from placement.errors import UsageError
from placement_bench.cases import Answer, BestKnown, Case, CaseSet, Check
from placement_bench.openb import static
from placement_bench.openb.policies import POLICIES, PUBLISHED
from placement_bench.openb.replay import Replay, replay
from placement_bench.openb.trace import (
    MILLI,
    Arrivals,
    Cluster,
    Trace,
    draw,
    read_cluster,
    read_published,
    read_trace,
    traces,
)
from placement_bench.tasks import BINS, ProblemTask, Scale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from placement_bench.cases import Document, Limits

ONLINE, NODES, COST = "openb-online", "openb-nodes", "openb-cost"
SEEDS = range(42, 52)
BEST_PUBLISHED = "FGD"
ASKED = 100  # the arrived % at which a policy is judged
SATURATED = 130
SOURCE = "Weng et al., Beware of Fragmentation, USENIX ATC 2023; alibaba/clusterdata, cluster-trace-gpu-v2023"
CHECKER = "openb checker"


@dataclass(frozen=True, slots=True)
class OnlineTask:
    """One arrival sequence. A solution is, by arrival, the node's name and its GPUs; None for a pod turned away.

    Attributes
    ----------
    published : allocated % by policy, at every arrived % from 0 to 130.
    """

    cluster: Cluster
    trace: Trace
    arrivals: Arrivals
    published: dict[str, list[float]]

    def solvers(self) -> tuple[str, ...]:
        """The published policies and our own."""
        return tuple(POLICIES)

    def run(self, solver: str, limits: Limits) -> Answer:
        """Play the whole sequence. The limits have no say: a policy decides each pod at once.

        Raises
        ------
        UsageError
            No policy of that name.
        """
        if solver not in POLICIES:
            raise UsageError(f"{ONLINE} has no policy {solver}; it has {', '.join(POLICIES)}")
        begin = time.perf_counter()
        cluster = self.cluster.ordered(self.arrivals.nodes)
        policy = POLICIES[solver](cluster, self.trace, limits.seed)
        played = replay(cluster, self.trace.kinds, self.trace.rows[self.arrivals.rows], policy)
        seconds = time.perf_counter() - begin
        solution = [
            None if node < 0 else [cluster.names[node], list(gpus)]
            for node, gpus in zip(played.node.tolist(), played.gpus, strict=True)
        ]
        return Answer("feasible", played.column(ASKED), None, solution, seconds, metrics=self._metrics(solver, played))

    def check(self, answer: Answer) -> Check:
        """Every pod again, one at a time, on figures of the trace's own; then the measure."""
        try:
            value = recount(self.cluster, self.trace, self.arrivals, answer.solution)
        except ValueError as error:
            return Check(None, (str(error),), CHECKER)
        wrong = [] if value == answer.value else [f"allocated is {value} %, the answer says {answer.value}"]
        return Check(value, tuple(wrong), CHECKER)

    def _metrics(self, solver: str, played: Replay) -> Document:
        """The value at 130 %, pods turned away, and how far a published policy is from its published curve."""
        columns = [played.column(percent) for percent in range(SATURATED + 1)]
        told: dict[str, Any] = {
            f"allocated_{SATURATED}": columns[SATURATED],
            "turned_away": int(np.count_nonzero(played.node < 0)),
        }
        curve = self.published.get(PUBLISHED.get(solver, ""))
        if curve is not None:
            gaps = [abs(ours - theirs) for ours, theirs in zip(columns, curve, strict=True) if ours is not None]
            told |= {"published": curve[ASKED], "furthest_from_published": round(max(gaps), 2)}
        return told


def recount(cluster: Cluster, trace: Trace, arrivals: Arrivals, solution: list[list[Any] | None]) -> float:
    """Allocated % when the pods asked for 100 % (mean over the arrivals that round to it), by plain counting.

    Raises
    ------
    ValueError
        A rule is broken: a pod where it doesn't fit, or not one decision for each arrival.
    """
    if len(solution) != len(arrivals.rows):
        raise ValueError(f"{len(solution)} decisions for {len(arrivals.rows)} pods")
    at = {name: node for node, name in enumerate(cluster.names)}
    host = list(zip(cluster.cpu.tolist(), cluster.memory.tolist(), strict=True))
    free = [[MILLI] * gpus for gpus in cluster.gpus.tolist()]
    asked = given = 0
    gpus_in_all = cluster.gpu_milli / MILLI
    seen: list[float] = []
    for number, (row, decision) in enumerate(zip(arrivals.rows.tolist(), solution, strict=True)):
        pod = trace.kinds[trace.rows[row]]
        asked += pod.gpus * pod.milli
        if decision is not None:
            node, gpus = at[decision[0]], decision[1]
            if pod.gpus and not pod.allows(cluster.models[cluster.model[node]]):
                raise ValueError(f"pod {number} asks for {pod.spec}, not for the GPUs of {decision[0]}")
            if len(gpus) != pod.gpus or len(set(gpus)) != len(gpus):
                raise ValueError(f"pod {number} asks for {pod.gpus} GPUs and has {gpus}")
            host[node] = host[node][0] - pod.cpu, host[node][1] - pod.memory
            for gpu in gpus:
                free[node][gpu] -= pod.milli
            if min(*host[node], *(free[node][gpu] for gpu in gpus), 0) < 0:
                raise ValueError(f"pod {number} does not fit on {decision[0]}")
            given += pod.gpus * pod.milli
        if round(asked / gpus_in_all / 10) == ASKED:
            seen.append(round(given / gpus_in_all / 10, 2))
    return float(np.round(np.mean(seen), 2))


def online_cases(data: Path) -> Iterator[Case]:
    """Every pod list that has published runs, with every seed."""
    for name, curves in sorted(read_published(data).items()):
        for seed in SEEDS:
            best = BestKnown(curves[BEST_PUBLISHED, seed][ASKED])
            yield Case(ONLINE, f"{name}-{seed}", best, partial(load_online, data, name, seed))


def load_online(data: Path, name: str, seed: int) -> OnlineTask:
    """One arrival sequence; drawn afresh, since it is made of the pod list and the seed alone."""
    cluster, trace = read_cluster(data), read_trace(data, name)
    published = {policy: curve for (policy, of), curve in read_published(data)[name].items() if of == seed}
    return OnlineTask(cluster, trace, draw(cluster, trace, seed), published)


def static_cases(data: Path, of: str) -> Iterator[Case]:
    """Every pod list."""
    for name in traces(data):
        yield Case(of, name, None, partial(load_static, data, name, of))


def load_static(data: Path, name: str, of: str) -> ProblemTask:
    """A pod list as a problem document: `NODES` counts nodes of the cluster, `COST` rents at stand-in prices."""
    cluster, trace = read_cluster(data), read_trace(data, name)
    price = static.by_the_node if of == NODES else static.proxy_price
    return ProblemTask(
        static.document(cluster, trace, f"{of}-{name}", price, quotas=of == NODES),
        scale=BINS if of == NODES else Scale(),
        native=partial(static_check, cluster, trace, price, of == NODES),
    )


def static_check(
    cluster: Cluster, trace: Trace, price: Callable[[static.Shape], float], quotas: bool, plan: Document
) -> Check:
    """The cost of the nodes used, and the trace's own rules."""
    used, wrong = static.recount(cluster, trace, plan, quotas=quotas)
    nodes = static.shapes(cluster)
    cost = sum((Fraction(str(price(nodes[name][0]))) * number for name, number in used.items()), Fraction(0))
    return Check(int(cost) if cost.denominator == 1 else float(cost), tuple(wrong), CHECKER)


SETS = (
    CaseSet(
        name=ONLINE,
        title="Alibaba openb: pods placed as they arrive, 17 lists x 10 seeds",
        objective=f"allocated GPU % when pods have asked for {ASKED} % of the cluster",
        unit="% of the GPUs",
        source=SOURCE,
        cases=online_cases,
        higher_is_better=True,
        quick=("default-42", "gpuspec33-42"),
    ),
    CaseSet(
        name=NODES,
        title="Alibaba openb: a pod list on the fewest nodes of the cluster, 24 lists",
        objective="fewest nodes that hold all pods",
        unit="nodes",
        source=SOURCE,
        cases=partial(static_cases, of=NODES),
        quick=("gpushare100",),
    ),
    CaseSet(
        name=COST,
        title="Alibaba openb: the cheapest nodes for a pod list, 24 lists",
        objective="least price of nodes of the cluster's shapes, any number of each",
        unit="USD/h at stand-in prices",
        source=SOURCE,
        cases=partial(static_cases, of=COST),
        quick=("gpushare100",),
    ),
)
