"""What platforms do with the machines and processes of the ROADEF/EURO challenge 2012.

The challenge has its own resources, any number of them, and no prices of machines, so `Cluster`, which stands on the
rooms of the library, can't hold its states. The rules are the same: Karpenter's consolidation and the descheduler's
`HighNodeUtilization`, as `karpenter` and `descheduler` of this folder describe them. What differs:

- All machines are alike to a bill, and there are no others: nothing is replaced, only emptied.
- A scheduler is told capacities, that processes of a service stay apart, and the fewest locations of a service
  (``minDomains`` of a topology spread). It is not told what a service depends on, and a process that is evicted is gone
  before it starts again, so what a transient resource takes on both machines is not known to it either.

Their aim is another, too: they empty machines, and the challenge asks that load be even. So these baselines say what
comes of a consolidation rule where machines cost nothing.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from placement_bench.consolidation.descheduler import MOST_CYCLES, THRESHOLD
from placement_bench.consolidation.karpenter import MOST_CANDIDATES, in_turns, longest_prefix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from placement_bench.consolidation.karpenter import Turn
    from placement_bench.machine_reassignment import Reassignment

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

GONE = -1  # the machine of a process that is evicted and not placed yet


class ProcessCluster:
    """Processes on machines, and the scheduler: a process starts where the most is allocated.

    Attributes
    ----------
    machine_of : (P,) the assignment.
    open : (M,) whether processes may start there.
    evicted : processes that were evicted and started again.
    """

    def __init__(self, problem: Reassignment) -> None:
        """Every process where it is now. O(P R + S M)."""
        self.problem = problem
        self.machine_of: Ints = problem.initial.copy()
        self.open: Mask = np.ones(problem.machines, dtype=np.bool_)
        self.evicted = 0
        self._used: Ints = np.zeros((problem.machines, problem.resources), dtype=np.int64)
        np.add.at(self._used, self.machine_of, problem.demand)
        self._on: Mask = np.zeros((problem.services, problem.machines), dtype=np.bool_)
        self._on[problem.service, self.machine_of] = True
        locations = int(problem.location.max(initial=-1)) + 1
        self._there: Ints = np.zeros((problem.services, locations), dtype=np.int64)
        np.add.at(self._there, (problem.service, problem.location[self.machine_of]), 1)
        self._journal: list[tuple[int, int]] = []

    def used(self) -> Floats:
        """(M, R) parts of the capacities that are taken; 1 of what a machine has none of."""
        return self._parts(self._used)

    def on(self, machine: int) -> list[int]:
        """The processes of a machine, by number."""
        found: list[int] = np.flatnonzero(self.machine_of == machine).tolist()
        return found

    def counts(self) -> Ints:
        """(M,) processes of each machine."""
        return np.bincount(self.machine_of[self.machine_of != GONE], minlength=self.problem.machines)

    def evict(self, process: int) -> None:
        """Take a process off its machine."""
        self._set(process, GONE)

    def fitting(self, process: int) -> Mask:
        """(M,) where an evicted process may start by what the scheduler knows. O(M R)."""
        problem, service = self.problem, int(self.problem.service[process])
        fits: Mask = (self._used + problem.demand[process] <= problem.capacity).all(axis=1)
        fits &= self.open & ~self._on[service]
        there = self._there[service] > 0
        if np.count_nonzero(there) < problem.spread[service]:
            fits &= ~there[problem.location]
        return fits

    def place(self, process: int) -> bool:
        """Start an evicted process where the most is allocated once it runs there; False where it fits nowhere."""
        rows = np.flatnonzero(self.fitting(process))
        if not len(rows):
            return False
        parts = self._parts(self._used[rows] + self.problem.demand[process], rows)
        self._set(process, int(rows[int(parts.mean(axis=1).argmax())]))
        return True

    def mark(self) -> int:
        """A point to come back to."""
        return len(self._journal)

    def rollback(self, mark: int) -> None:
        """Undo all since a mark."""
        while len(self._journal) > mark:
            process, before = self._journal.pop()
            self._move(process, before)

    def _set(self, process: int, machine: int) -> None:
        self._journal.append((process, int(self.machine_of[process])))
        self._move(process, machine)

    def _move(self, process: int, machine: int) -> None:
        problem, before = self.problem, int(self.machine_of[process])
        service, demand = int(problem.service[process]), problem.demand[process]
        for at, sign in ((before, -1), (machine, 1)):
            if at != GONE:
                self._used[at] += sign * demand
                self._on[service, at] = sign > 0
                self._there[service, problem.location[at]] += sign
        self.machine_of[process] = machine

    def _parts(self, used: Ints, rows: Ints | None = None) -> Floats:
        capacity = self.problem.capacity if rows is None else self.problem.capacity[rows]
        return np.divide(used, capacity, out=np.ones(used.shape), where=capacity > 0)


def karpenter(problem: Reassignment) -> ProcessCluster:
    """Machines emptied, several at once or else one, until none can go. Those without processes go first."""
    cluster = ProcessCluster(problem)
    cluster.open &= cluster.counts() > 0
    for _ in in_turns(partial(_several, cluster), partial(_single, cluster)):
        pass
    return cluster


def _candidates(cluster: ProcessCluster) -> list[int]:
    """Machines that may go, those with the fewest processes first."""
    counts = cluster.counts()
    rows = np.flatnonzero(cluster.open)
    ordered: list[int] = rows[np.argsort(counts[rows], kind="stable")].tolist()
    return ordered


def _several(cluster: ProcessCluster) -> list[int] | None:
    """The longest prefix of the candidates that can go, of two at least, as binary search finds it."""
    rows = _candidates(cluster)[:MOST_CANDIDATES]
    best = longest_prefix(len(rows), lambda count: _remove(cluster, rows[:count], keep=False))
    return rows[:best] if best and _remove(cluster, rows[:best], keep=True) else None


def _single(cluster: ProcessCluster, after: Turn) -> tuple[list[int], Turn] | None:
    """The first machine after another that can go: it goes. Each process that moves costs one."""
    counts = cluster.counts()
    for machine in _candidates(cluster):
        place = float(counts[machine]), machine
        if place > after and _remove(cluster, [machine], keep=True):
            return [machine], place
    return None


def _remove(cluster: ProcessCluster, rows: Sequence[int], *, keep: bool) -> bool:
    """Whether all processes of these machines find room on others. They move where `keep` says so."""
    mark, moving = cluster.mark(), [process for machine in rows for process in cluster.on(machine)]
    cluster.open[list(rows)] = False
    for process in moving:
        cluster.evict(process)
    fits = all(cluster.place(process) for process in moving)
    if fits and keep:
        cluster.evicted += len(moving)
    else:
        cluster.rollback(mark)
        cluster.open[list(rows)] = True
    return fits


def descheduler(problem: Reassignment, threshold: float = THRESHOLD) -> ProcessCluster:
    """Processes evicted from machines of which less than a threshold of every resource is taken, in cycles."""
    cluster = ProcessCluster(problem)
    cluster.open &= cluster.counts() > 0
    for _ in range(MOST_CYCLES):
        before = int(cluster.open.sum())
        _cycle(cluster, threshold)
        cluster.open &= cluster.counts() > 0
        if int(cluster.open.sum()) >= before:
            break
    return cluster


def _cycle(cluster: ProcessCluster, threshold: float) -> None:
    used = cluster.used()
    under = cluster.open & (used < threshold).all(axis=1)
    others = cluster.open & ~under
    low = np.flatnonzero(under)
    if not len(low) or not others.any():
        return
    for machine in low[np.argsort(used[low].mean(axis=1), kind="stable")].tolist():
        for process in cluster.on(machine):
            mark = cluster.mark()
            cluster.evict(process)
            if (cluster.fitting(process) & others).any() and cluster.place(process):
                cluster.evicted += 1
            else:
                cluster.rollback(mark)
