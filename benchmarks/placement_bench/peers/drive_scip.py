"""The textbook integer programs by SCIP (https://www.scipopt.org), through PySCIPOpt.

One size an item: the arc-flow formulation [1]_, one graph for all kinds of bins. Else the assignment formulation
[2]_: which copies in which bin, and which bins are open, with the open ones of a kind first.

.. [1] Valério de Carvalho, J. M. (1999). Exact solution of bin-packing problems using column generation and
   branch-and-bound. Annals of Operations Research 86, 629-659.
.. [2] Martello, S., Toth, P. (1990). Knapsack Problems, section 8.1. Wiley.
"""

from __future__ import annotations

import itertools
import math
import time
from functools import reduce

import packing

MOST_VARIABLES = 1_000_000
INFINITE = 1e19  # SCIP writes 1e20 for what it does not have yet


def solve(case: packing.Packing, seconds: float, seed: int, threads: int) -> packing.Packed:
    """The smaller of the formulations that can say it."""
    del threads  # one, as in the wheel
    for item in case.items:
        if not any(mode.bins for mode in item.modes):
            return packing.Packed([], None, 0.0, infeasible=True)
    program = ArcFlow(case) if ArcFlow.can_say(case) else Assignment(case)
    started = time.monotonic()
    model = program.model
    model.hideOutput()
    model.setParam("randomization/randomseedshift", seed)
    trace = _record(model, started)
    program.build()
    model.setParam("limits/time", max(0.1, seconds - (time.monotonic() - started)))
    model.optimize()
    status, low = model.getStatus(), model.getDualbound()
    bound = low if abs(low) < INFINITE else None
    loads = program.loads() if model.getNSols() else []
    took = time.monotonic() - started
    return packing.Packed(
        loads, bound, took, status == "optimal", status == "infeasible", type(program).__name__, trace
    )


def _record(model, started: float) -> packing.Trace:
    """Have each new best solution noted as it comes."""
    from pyscipopt import SCIP_EVENTTYPE, Eventhdlr

    trace: packing.Trace = []

    class Recorder(Eventhdlr):
        def eventinit(self) -> None:
            self.model.catchEvent(SCIP_EVENTTYPE.BESTSOLFOUND, self)

        def eventexit(self) -> None:
            self.model.dropEvent(SCIP_EVENTTYPE.BESTSOLFOUND, self)

        def eventexec(self, event) -> None:
            del event
            best, low = (
                value if abs(value) < INFINITE else None
                for value in (self.model.getPrimalbound(), self.model.getDualbound())
            )
            trace.append((time.monotonic() - started, best, low))

    model.includeEventhdlr(Recorder(), "recorder", "notes each new best solution")
    return trace


class ArcFlow:
    """Flow units are bins; a path from 0 is what one holds, and leaves at the capacity of its kind."""

    def __init__(self, case: packing.Packing) -> None:
        """An empty model."""
        from pyscipopt import Model

        self.case = case
        self.model = Model()
        self.dimension = packing.used_dimensions(case)[0] if packing.used_dimensions(case) else 0
        unit = reduce(math.gcd, [item.modes[0].size[self.dimension] for item in case.items], 0) or 1
        self.sizes = [item.modes[0].size[self.dimension] // unit for item in case.items]
        self.capacities = [one.capacity[self.dimension] // unit for one in case.bins]

    @staticmethod
    def can_say(case: packing.Packing) -> bool:
        """One size, one way, every item into every bin that holds it; and not larger than the assignment."""
        if len(packing.used_dimensions(case)) > 1 or any(len(item.modes) > 1 for item in case.items):
            return False
        mine = ArcFlow(case)
        if not all(mine.sizes):
            return False
        for item, size in zip(case.items, mine.sizes, strict=False):
            if set(item.modes[0].bins) != {k for k, capacity in enumerate(mine.capacities) if capacity >= size}:
                return False
        return len(mine.arcs()) <= MOST_VARIABLES

    def arcs(self) -> list[tuple[int, int, int]]:
        """(from, to, item): items by decreasing size, so that each content is one path."""
        most = max(self.capacities)
        reached, arcs = {0}, set()
        for item in sorted(range(len(self.sizes)), key=lambda i: -self.sizes[i]):
            size, copies = self.sizes[item], self.case.items[item].copies
            now = set(reached)
            for _ in range(copies):
                now = {node + size for node in now if node + size <= most}
                arcs.update((node - size, node, item) for node in now)
                if now <= reached:
                    break
                reached |= now
        return sorted(arcs)

    def build(self) -> None:
        """Variables and rows."""
        model, case, arcs = self.model, self.case, self.arcs()
        nodes = sorted({0, *self.capacities, *(node for arc in arcs for node in arc[:2])})
        self.flow = {arc: model.addVar(vtype="I", lb=0, ub=case.items[arc[2]].copies) for arc in arcs}
        self.loss = {(a, b): model.addVar(vtype="I", lb=0) for a, b in itertools.pairwise(nodes)}
        self.used = [model.addVar(vtype="I", lb=0, ub=one.count, obj=one.cost / packing.MICRO) for one in case.bins]
        into, out = {node: [] for node in nodes}, {node: [] for node in nodes}
        for (a, b, _), variable in self.flow.items():
            out[a].append(variable)
            into[b].append(variable)
        for (a, b), variable in self.loss.items():
            out[a].append(variable)
            into[b].append(variable)
        for kind, capacity in enumerate(self.capacities):
            out[capacity].append(self.used[kind])
        for node in nodes[1:]:
            model.addCons(_sum(into[node]) == _sum(out[node]))
        model.addCons(_sum(out[0]) == _sum(self.used))
        for item, one in enumerate(case.items):
            model.addCons(_sum([v for arc, v in self.flow.items() if arc[2] == item]) >= one.copies)

    def loads(self) -> list[tuple[int, list[tuple[int, int]]]]:
        """The flow taken apart into bins; what is packed beyond the copies is left out, and bins of nothing else.

        Paths are taken as often as they can be: SCIP's first flows may have ten thousand bins that hold nothing.
        """
        leaving = self._positive()
        left = [item.copies for item in self.case.items]
        loads = []
        while leaving.get(0):
            node, path = 0, []
            while node is not None:
                path.append(leaving[node])
                node = leaving[node][-1][1]
            steps = [some[-1] for some in path]
            times = min(step[0] for step in steps)
            for some in path:
                some[-1][0] -= times
                if not some[-1][0]:
                    some.pop()
            content = [item for _, _, item in steps[:-1] if item is not None]
            for _ in range(times):
                kept = _take(content, left)
                if not kept:
                    break
                loads.append((steps[-1][2], kept))
        return loads

    def _positive(self) -> dict[int, list[list[int | None]]]:
        """By node, the flows that leave it: how much, to where, and with which item; None is out, with kind of bin."""
        arcs = [(a, b, item, variable) for (a, b, item), variable in self.flow.items()]
        arcs += [(a, b, None, variable) for (a, b), variable in self.loss.items()]
        arcs += [(self.capacities[kind], None, kind, variable) for kind, variable in enumerate(self.used)]
        leaving: dict[int, list[list[int | None]]] = {}
        for a, b, label, variable in arcs:
            amount = round(self.model.getVal(variable))
            if amount:
                leaving.setdefault(a, []).append([amount, b, label])
        return leaving


def _take(content: list[int], left: list[int]) -> list[tuple[int, int]]:
    """Of the items of a bin those of which copies are left."""
    kept = []
    for item in content:
        if left[item]:
            left[item] -= 1
            kept.append((item, 0))
    return kept


class Assignment:
    """So many copies of an item, one way, in a bin; a bin that is open costs."""

    def __init__(self, case: packing.Packing) -> None:
        """An empty model."""
        from pyscipopt import Model

        self.case = case
        self.model = Model()
        self.slots = [
            (kind, number) for kind in range(len(case.bins)) for number in range(packing.most_used(case, kind))
        ]
        pairs = sum(len(item.modes) for item in case.items) * len(self.slots)
        if pairs > MOST_VARIABLES:
            raise packing.RefusedError(f"the assignment program would have {pairs} variables")

    def build(self) -> None:
        """Variables and rows."""
        model, case = self.model, self.case
        self.open = {slot: model.addVar(vtype="B", obj=case.bins[slot[0]].cost / packing.MICRO) for slot in self.slots}
        self.put = {
            (slot, i, w): model.addVar(vtype="I", lb=0, ub=item.copies)
            for slot in self.slots
            for i, item in enumerate(case.items)
            for w, mode in enumerate(item.modes)
            if slot[0] in mode.bins
        }
        for i, item in enumerate(case.items):
            model.addCons(_sum([v for (_, j, _), v in self.put.items() if j == i]) == item.copies)
        inside = {slot: [] for slot in self.slots}
        for (slot, i, w), variable in self.put.items():
            inside[slot].append((case.items[i].modes[w].size, variable))
        for slot, content in inside.items():
            capacity = case.bins[slot[0]].capacity
            for d in range(len(capacity)):
                taken = [size[d] * variable for size, variable in content if size[d]]
                if taken:
                    model.addCons(_sum(taken) <= capacity[d] * self.open[slot])
            for size, variable in content:
                if not any(size):
                    model.addCons(variable <= variable.getUbOriginal() * self.open[slot])
        for kind, number in self.slots:
            if (kind, number + 1) in self.open:
                model.addCons(self.open[kind, number] >= self.open[kind, number + 1])

    def loads(self) -> list[tuple[int, list[tuple[int, int]]]]:
        """The bins that are open."""
        value = self.model.getVal
        content = {slot: [] for slot in self.slots}
        for (slot, i, w), variable in self.put.items():
            content[slot] += [(i, w)] * round(value(variable))
        return [(slot[0], some) for slot, some in content.items() if some]


def _sum(terms):
    from pyscipopt import quicksum

    return quicksum(terms)


if __name__ == "__main__":
    packing.drive("scip", solve)
