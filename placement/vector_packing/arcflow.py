"""Exact search for one size: arc-flow on the arcs that can still matter, an integer program for HiGHS.

Nodes are loads 0 to C of a bin, an arc of item i goes from load c to c + size_i (Valerio de Carvalho 1999), items of a
path come in decreasing size. A packing is a flow from 0 to the bin types. With prices from column generation every path
has a reduced cost, and a packing that costs no more than the aim can't use a path whose reduced cost is more than
the aim less the bound: arcs on no better path are left out (de Lima, Iori and Miyazawa 2023). The nearer the bound to
the aim, the smaller the program; often a few hundred arcs are left of a hundred thousand.

Prices and values are integers, so nothing is left out by a rounding error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from placement.vector_packing.certificate import dual_values_of, slack_of
from placement.vector_packing.cover import covers, next_cutoff
from placement.vector_packing.heuristics import offer
from placement.vector_packing.parameters import VECTOR_PACKING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from placement.vector_packing.compiled import Compiled, Ints, Load
    from placement.vector_packing.generation import Generation

    Floats = NDArray[np.float64]

NAME = "arc-flow"
_NONE = -(2**60)
_PARAMS = VECTOR_PACKING.arcflow


@dataclass(frozen=True, slots=True)
class Arcs:
    """Arcs that may be on a path worth having: row, tail, head; and per bin type the loads where a path may end."""

    row: Ints
    tail: Ints
    head: Ints
    ends: tuple[Ints, ...]


def useful_arcs(problem: Compiled, price: Ints, dual_value: tuple[int, ...], slack: int) -> Arcs:
    """Arcs of paths with ``dual_value[t] - value <= slack`` for their bin type t. O(rows x room x copies).

    `price` per item; `dual_value[t]`: a bound on the value of any pattern of type t. Any packing's paths have
    differences that sum to no more than the slack, so each alone keeps it.
    """
    size = problem.size[:, 0]
    order = np.argsort(-size, kind="stable")
    value = price[problem.item]
    most = int(problem.capacity.max())
    before = _before(size, value, problem.limit, order, most)
    reached = [loads > _NONE // 2 for loads in before]
    # By load: the best of what follows, less what the bin must be worth.
    after = np.full(most + 1, _NONE, dtype=np.int64)
    ends = []
    for t in range(problem.types):
        capacity = int(problem.capacity[t, 0])
        after[: capacity + 1] = np.maximum(after[: capacity + 1], -dual_value[t])
    rows: list[Ints] = []
    tails: list[Ints] = []
    for k in range(len(order) - 1, -1, -1):
        row = int(order[k])
        weight, each = int(size[row]), int(value[row])
        keep = np.zeros(most + 1, dtype=bool)
        best = after.copy()
        start = before[k]
        long = np.zeros(most + 1, dtype=bool)  # whether a path worth having takes n or more copies from here
        for n in range(min(int(problem.limit[row]), most // weight), 0, -1):
            length = weight * n
            rest = after[length:] + each * n
            long[: most + 1 - length] |= (start[: most + 1 - length] + rest >= -slack) & reached[k][: most + 1 - length]
            keep[np.flatnonzero(long) + length - weight] = True
            np.maximum(best[: most + 1 - length], rest, out=best[: most + 1 - length])
        tail = np.flatnonzero(keep)
        rows.append(np.full(len(tail), row))
        tails.append(tail)
        after = best
    last = before[len(order)]
    for t in range(problem.types):
        capacity = int(problem.capacity[t, 0])
        ends.append(np.flatnonzero(reached[-1][: capacity + 1] & (last[: capacity + 1] - dual_value[t] >= -slack)))
    row_of = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)
    tail_of = np.concatenate(tails) if tails else np.zeros(0, dtype=np.int64)
    return Arcs(row_of, tail_of, tail_of + size[row_of], tuple(ends))


def _before(size: Ints, value: Ints, limit: Ints, order: Ints, most: int) -> list[Ints]:
    """Per position in the order: the best value of the rows before it with exactly each load."""
    now = np.full(most + 1, _NONE, dtype=np.int64)
    now[0] = 0
    found = [now]
    for row in order:
        best = now.copy()
        for n in range(1, int(limit[row]) + 1):
            length = int(size[row]) * n
            if length > most:
                break
            np.maximum(best[length:], now[: most + 1 - length] + int(value[row]) * n, out=best[length:])
        now = best
        found.append(now)
    return found


class ArcFlow:
    """The integer program over some arcs."""

    def __init__(self, problem: Compiled, arcs: Arcs, cutoff: int, unit: int = 1) -> None:
        """`cutoff`: only packings that cost at most this are of interest; every cost is a multiple of the `unit`."""
        import highspy

        from placement.engines.highs import linear_program

        self._problem, self._arcs = problem, arcs
        self.cutoff = cutoff
        used = np.unique(np.concatenate([[0], arcs.tail, arcs.head, *arcs.ends]))
        node = {int(n): k for k, n in enumerate(used)}
        columns: list[list[tuple[int, float]]] = []
        most: list[float] = []
        nodes, items, types = len(used), len(problem.demand), problem.types
        for row, tail, head in zip(arcs.row.tolist(), arcs.tail.tolist(), arcs.head.tolist(), strict=True):
            item = int(problem.item[row])
            columns.append([(node[tail], -1.0), (node[head], 1.0), (nodes + item, 1.0)])
            most.append(float(problem.demand[item]))
        self._end_of: list[tuple[int, int]] = []
        for t, ends in enumerate(arcs.ends):
            for load in ends.tolist():
                if load:
                    self._end_of.append((t, load))
                    columns.append([(node[load], -1.0), (nodes + items + t, 1.0)])
                    most.append(highspy.kHighsInf)
        # Bins of a type in use, and those that are paid for while empty.
        cost = [float(each // unit) for each in problem.cost.tolist()]
        columns += [[(nodes + items + t, -1.0), (nodes + items + types, cost[t])] for t in range(types)]
        most += np.maximum(problem.available, problem.least).astype(float).tolist()
        low = np.concatenate([np.zeros(nodes), problem.demand, np.zeros(types + 1)])
        high = np.concatenate(
            [np.zeros(nodes), np.full(items, highspy.kHighsInf), np.zeros(types), [cutoff // unit + 0.5]]
        )
        low[0] = -highspy.kHighsInf
        low[nodes + items :] = -highspy.kHighsInf
        arcs_before = [0.0] * (len(columns) - types)
        self._lp = linear_program(
            columns,
            cost=arcs_before + cost,
            within=(arcs_before + problem.least.tolist(), most),
            rows=(low, high),
            integer=True,
        )
        self.columns = len(columns)

    def solve(self, generation: Generation) -> bool:
        """Find the cheapest packing that costs at most the aim and raise the bound; says whether it was decided."""
        import highspy

        from placement.engines.highs import least_steps, none_up_to, prove, whole_solution

        state = generation.state
        ran = prove(
            self._lp,
            seconds=state.budget.left(),
            nodes=2**31 - 1 if state.budget.work is None else state.budget.work,
            ended=state.budget.over,
            mip_abs_gap=0.4,
            mip_rel_gap=0.0,
            mip_detect_symmetry=True,
        )
        if ran is None:
            return False
        solver, status = ran
        flow = whole_solution(solver)
        loads = None if flow is None else self._decode(flow)
        if loads is not None and covers(self._problem, loads):
            offer(self._problem, state, loads, NAME)
        steps, bound = self.cutoff // state.unit, solver.getInfo().mip_dual_bound
        if status == highspy.HighsModelStatus.kInfeasible:
            state.raise_bound(none_up_to(steps) * state.unit, NAME)
        elif bound > 0:
            state.raise_bound(min(steps + 1, least_steps(min(bound, steps + 1.0))) * state.unit, NAME)
        return status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kOptimal)

    def _decode(self, flow: list[int]) -> list[tuple[Load, int]] | None:
        """The flow as loads, path by path."""
        arcs = self._arcs
        out: dict[int, list[list[int]]] = {}
        for j, (row, tail, head) in enumerate(
            zip(arcs.row.tolist(), arcs.tail.tolist(), arcs.head.tolist(), strict=True)
        ):
            if flow[j]:
                out.setdefault(tail, []).append([row, head, flow[j]])
        ends: dict[int, list[list[int]]] = {}
        for (t, load), n in zip(self._end_of, flow[len(arcs.row) :], strict=False):
            if n:
                ends.setdefault(load, []).append([t, n])
        loads: dict[Load, int] = {}
        while out.get(0):
            at, counts = 0, dict[int, int]()
            while not ends.get(at):
                if not out.get(at):
                    return None
                step = out[at][-1]
                counts[step[0]] = counts.get(step[0], 0) + 1
                step[2] -= 1
                if not step[2]:
                    out[at].pop()
                at = step[1]
            end = ends[at][-1]
            end[1] -= 1
            if not end[1]:
                ends[at].pop()
            found = (end[0], tuple(sorted(counts.items())))
            loads[found] = loads.get(found, 0) + 1
        return list(loads.items())


def close_by_arcs(generation: Generation) -> None:
    """Raise the bound or find a packing that meets it, aim by aim, until nothing is left between them."""
    problem, state = generation.problem, generation.state
    if problem.size.shape[1] != 1 or not problem.plain or not problem.one_mode or generation.bound is None:
        return
    if not problem.size.all():
        return  # an item without size has no arc
    if not generation.pricer.tabular or int(problem.capacity.max()) * problem.rows > _PARAMS.most_cells:
        return
    dual_value = dual_values_of(problem, generation.cut, generation.scale)
    while not state.ended:
        cutoff = next_cutoff(state, 1.0)
        slack = slack_of(problem, generation.cut, dual_value, cutoff * generation.scale, generation.scale)
        if slack < 0:
            state.raise_bound(cutoff + state.unit, NAME)
            continue
        program = ArcFlow(problem, useful_arcs(problem, generation.price, dual_value, slack), cutoff, state.unit)
        state.stats["arcs"] = program.columns
        if not program.solve(generation) or state.bound <= cutoff < (state.cost or cutoff + 1):
            return  # what HiGHS says is not sharp enough, and would not be the next time
