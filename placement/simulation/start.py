"""The first moment of a simulation: nothing has run before, so its copies are placed as a plan says.

A fleet that is sized once for all time is worth as much as the plan that it was sized by. Solvers that look at no clock
make it, so the same inputs come to the same plan; fleets too large for that start copy by copy, as they go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from placement.compiled.fleet_rules import named_fleet_rules
from placement.compiled.translate import from_plan
from placement.planner import solve
from placement.simulation.fleets import with_copies
from placement.simulation.hours import allowed_copies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.documents import Problem
    from placement.documents.plan import Plan
    from placement.simulation.cluster import Cluster

_GREEDY, _EXACT = 1500, 200  # copies up to which the greedy heuristic plans, and column generation after it
_FIRST = {"restarts": 6}  # options of the first
_WORK = 12  # units of work of the second


def plan_start(cluster: Cluster, problem: Problem, wanted: Sequence[int], now: int) -> int:
    """Place what is wanted (C,) at the first moment on machines that run at once; the copies that were placed.

    `problem` is the cluster's own, as `simulated` made it. None are placed where the fleet is too large, or no plan is
    found.
    """
    if not 0 < sum(wanted) <= _GREEDY:
        return 0
    copies = allowed_copies(problem, np.array([wanted], dtype=np.int64))[0].tolist()
    knows = sum(copies) <= _EXACT and not named_fleet_rules(cluster.fleet)
    plan = _best_plan(with_copies(problem, copies), exactly=knows)
    if plan is None:
        return 0
    ws = cluster.ws
    mark = ws.mark()
    for machine in from_plan(cluster.fleet, plan).machines:
        m = ws.rent(machine.pool)
        for seat in machine.seats:
            if not ws.can_stand(seat, m):  # copies that may go again are held to stricter rules over losses
                ws.rollback(mark)
                return 0
            ws.place(seat, m)
    return len(cluster.commit(mark, now, 0, running=True))


def _best_plan(problem: Problem, *, exactly: bool) -> Plan | None:
    """The cheapest plan of one solver or both.

    Raises KeyboardInterrupt: a solve was interrupted. It hands out a plan then, and another plan is another simulation.
    """
    results = [solve(problem, "greedy", time_limit=None, seed=0, options=_FIRST)]
    if exactly and not results[0].interrupted:
        results.append(solve(problem, "column-generation", time_limit=None, seed=0, work=_WORK))
    if any(result.interrupted for result in results):
        raise KeyboardInterrupt
    found = [result for result in results if result.plan.assignments and result.cost is not None]
    return min(found, key=lambda result: result.cost or 0).plan if found else None
