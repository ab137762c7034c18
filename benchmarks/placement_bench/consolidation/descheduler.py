"""The Kubernetes descheduler's `HighNodeUtilization`, written from its documentation.

A machine is under-utilised when less than a threshold of every resource is asked for. Copies on such machines are
evicted, the emptiest machine first, if one of the others has room for them (`nodeFit`); the scheduler then starts each
where the most is allocated (`MostAllocated`), which may be another under-utilised machine. A machine that becomes empty
goes, as an autoscaler beside it would have it. Nothing is done when all machines are under-utilised, or none is.
A component at its least (a PodDisruptionBudget) and pinned copies are not evicted. No new machine is ever rented.

In its favour: the accelerators are among the resources of the thresholds, and cycles follow until one of them empties
no machine; the evictions of that last one are made all the same.

.. [1] https://github.com/kubernetes-sigs/descheduler, README (HighNodeUtilization, node fit, pod evictions).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from placement.compiled.packing import Seat
    from placement_bench.consolidation.cluster import Cluster

THRESHOLD = 0.5
MOST_CYCLES = 12  # an hour at the default interval of five minutes


class HighNodeUtilization:
    """The descheduler in one cluster."""

    def __init__(self, cluster: Cluster, threshold: float = THRESHOLD, floors: Mapping[str, int] | None = None) -> None:
        """`threshold` is a part of processors, memory and accelerators alike; `floors` as budgets have them."""
        self.cluster, self.ws, self.threshold = cluster, cluster.ws, threshold
        names = {component.name: component.index for component in cluster.fleet.components}
        self._floor = {names[name]: least for name, least in (floors or {}).items()}
        self._priority = [row.priority for row in cluster.fleet.problem.components]

    def run(self, cycles: int = MOST_CYCLES) -> int:
        """Cycles until one empties no machine; the copies that were evicted."""
        before = self.cluster.moved
        for _ in range(cycles):
            machines = self._in_use()
            self.cycle()
            if self._in_use() >= machines:
                break
        return self.cluster.moved - before

    def cycle(self) -> None:
        """Evict what can be, once. O(copies on under-utilised machines x machines)."""
        rows = np.array([m for m in range(self.ws.rows) if self.ws.busy[m]], dtype=np.int64)
        used = self.cluster.used(rows)
        under = (used < self.threshold).all(axis=1)
        low, others = rows[under], set(rows[~under].tolist())
        if not len(low) or not others:
            return
        for m in low[np.argsort(used[under].mean(axis=1), kind="stable")].tolist():
            for seat in sorted(self.ws.seats[m], key=lambda seat: (self._priority[seat.component], seat)):
                self._evict(m, seat, others)
        self.ws.forget()

    def _in_use(self) -> int:
        return int(self.ws.busy[: self.ws.rows].sum())

    def _evict(self, m: int, seat: Seat, others: set[int]) -> None:
        """Evict one copy, if it may go and fits on one of the others; the scheduler says where it starts again."""
        ws, c = self.ws, seat.component
        if not ws.is_movable(seat, m) or ws.placed[c] <= self._floor.get(c, 0):
            return
        options = self.cluster.options(c, seat.option)
        mark = ws.mark()
        ws.remove(seat, m)
        fits = any(not others.isdisjoint(self.cluster.fitting(c, o).tolist()) for o in options)
        if not fits or not self.cluster.place(c, options):
            ws.rollback(mark)
        else:
            self.cluster.moved += 1  # also where it starts on the same machine again: it was down all the same
