"""A day of a simulation: from the document of a moment to the document of a later one.

Whatever runs a simulation, wherever, runs it in these parts. One that goes on from a checkpoint goes on from the same
document as one that was never stopped, so both come to the same end.

At the first moment nothing has run before, so its copies are placed as a plan says: a fleet that is sized once for all
time is worth as much as the plan that it was sized by. Solvers that look at no clock make it, so the same inputs come
to the same plan; fleets too large for that start copy by copy, as they go on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from placement.arrays import Bools, Ints
from placement.compiled.fleet import compile_fleet
from placement.compiled.fleet_rules import named_fleet_rules
from placement.compiled.translate import from_plan
from placement.demand import ScalingRules
from placement.demand.controller import STEP_COOLDOWN
from placement.demand.rows import MachineTimes, Replanning
from placement.documents import Plan, Problem
from placement.planner import solve
from placement.simulation.cluster import Cluster
from placement.simulation.consolidation import Consolidation
from placement.simulation.fleets import simulated, with_copies
from placement.simulation.hours import allowed_copies
from placement.simulation.strategies import Strategy

SERIES = (
    *("cost", "machines", "accelerators", "accelerators_used", "copies", "requested", "unserved"),
    *("started", "stopped", "moves", "unplaced", "memory_mib", "memory_mib_used"),
)


@dataclass(frozen=True, slots=True)
class StrategyTask:
    """Some steps of one strategy.

    `wanted`, `rates`: (N, C) copies, and micro-requests a second, of the steps.
    """

    problem: Problem
    strategy: Strategy
    rules: ScalingRules
    times: MachineTimes
    replanning: Replanning
    every: int  # seconds of a step
    first: int  # the step that the part begins with
    most: Ints  # (C,) copies that the strategy ever wants
    wanted: Ints
    rates: Ints
    woken: Bools  # (N, C) left zero for a request


@dataclass(slots=True)
class StrategyPart:
    """What came of a task: series of it, and the document of the moment after.

    `unserved` is of each component, micro-requests; `short` the seconds in which some were not served; `pools` has for
    each step the machine-seconds of the pools that have any.
    """

    document: dict[str, Any]
    series: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in SERIES})
    unserved: list[int] = field(default_factory=list)
    short: list[int] = field(default_factory=list)
    pools: list[list[tuple[int, int]]] = field(default_factory=list)


def play(task: StrategyTask, document: dict[str, Any] | None) -> StrategyPart:
    """Run the steps of a task from a moment on; None is the beginning, where nothing has run before."""
    cluster = make_cluster(task)
    if document is not None:
        cluster.restore(document)
    part = StrategyPart({})
    for _ in steps(task, cluster, part, fresh=document is None):
        pass
    part.document = cluster.to_document()
    return part


def make_cluster(task: StrategyTask) -> Cluster:
    """An empty fleet in which a strategy can do what it does."""
    # A copy that moves stands twice, and rules over zones may ask for more copies than the policy does.
    room = 2 * task.most + 8
    strategy = task.strategy
    problem = simulated(
        task.problem, room.tolist(), dedicated=strategy.dedicated, whole=strategy.whole, alone=strategy.alone
    )
    return Cluster(compile_fleet(problem), task.rules, task.times, first_fit=strategy.first_fit)


def steps(task: StrategyTask, cluster: Cluster, part: StrategyPart, *, fresh: bool) -> Iterator[int]:
    """Play step after step, the number of each; the cluster then is what it is once its beginning is decided on."""
    count = len(task.most)
    part.unserved, part.short = [0] * count, [0] * count
    consolidation = None
    if task.strategy.consolidate:
        consolidation = Consolidation(cluster, task.replanning, rent=task.strategy.rent)
    order = cluster.order
    priority = [row.priority for row in cluster.fleet.problem.components]
    order = sorted(order, key=lambda c: -priority[c])  # stable: biggest first among equals
    reaction = task.times.reaction_seconds
    for k in range(len(task.wanted)):
        now = (task.first + k) * task.every
        running = fresh and k == 0
        wanted = task.wanted[k].tolist()
        stopped = started = 0
        if running and task.strategy.planned:
            started += plan_start(cluster, cluster.fleet.problem, wanted, now)
        for c in range(count):
            if cluster.placed(c) > wanted[c]:
                stopped += cluster.shrink(c, wanted[c], now)
        for c in order:
            if cluster.placed(c) < wanted[c]:
                later = reaction
                if task.woken[k, c] and not cluster.placed(c):  # the step adds one copy, its cooldown later come others
                    started += cluster.grow(c, 1, now, reaction, running=running)
                    later += STEP_COOLDOWN
                if cluster.placed(c) < wanted[c]:
                    started += cluster.grow(c, wanted[c], now, later, running=running)
        moved = 0 if consolidation is None or running else consolidation.run(now)
        _record(task, cluster, part, k, (started, stopped, moved))
        yield k
        # What leaves within the step is paid for up to then, so it has to have left before the step is.
        cluster.advance(now + task.every)
        before = list(cluster.ledger.seconds)
        part.series["cost"].append(cluster.ledger.close_step(now, now + task.every))
        billed = zip(before, cluster.ledger.seconds, strict=True)
        part.pools.append([(p, after - least) for p, (least, after) in enumerate(billed) if after > least])


def _record(task: StrategyTask, cluster: Cluster, part: StrategyPart, k: int, changes: tuple[int, int, int]) -> None:
    """Write down the step that begins now, but for its cost."""
    series = part.series
    placed = np.array([cluster.placed(c) for c in range(len(task.most))], dtype=np.int64)
    series["machines"].append(len(cluster.ledger.rented))
    series["accelerators"].append(cluster.accelerators_rented())
    series["accelerators_used"].append(cluster.accelerators_used())
    rented, taken = cluster.memory()
    series["memory_mib"].append(rented)
    series["memory_mib_used"].append(taken)
    series["copies"].append(int(placed.sum()))
    series["unplaced"].append(int(np.maximum(0, task.wanted[k] - placed).sum()))
    for name, value in zip(("started", "stopped", "moves"), changes, strict=True):
        series[name].append(value)
    lost = _unserved(task, cluster, part, k, placed)
    series["requested"].append(int(task.rates[k].sum()) * task.every)
    series["unserved"].append(lost)


def _unserved(task: StrategyTask, cluster: Cluster, part: StrategyPart, k: int, placed: Ints) -> int:
    """Micro-requests of a step that found no copy with room, each component's noted too."""
    now, end = (task.first + k) * task.every, (task.first + k + 1) * task.every
    rates, capacity = task.rates[k], task.rules.capacity
    loading = cluster.still_loading(now)
    lacks = np.maximum(0, rates - placed * capacity) * task.every
    total = 0
    for c in np.flatnonzero(lacks).tolist():
        if c not in loading:
            part.unserved[c] += int(lacks[c])
            part.short[c] += task.every
            total += int(lacks[c])
    for c, moments in loading.items():
        lost, short = _while_loading(int(rates[c]), int(capacity[c]), int(placed[c]), sorted(moments), now, end)
        part.unserved[c] += lost
        part.short[c] += short
        total += lost
    return total


def _while_loading(rate: int, capacity: int, placed: int, moments: list[int], now: int, end: int) -> tuple[int, int]:
    """Micro-requests lost, and seconds in which some were, while `moments` of the placed copies come one by one."""
    serves, at, lost, short = placed - len(moments), now, 0, 0
    for moment in [*moments, end]:
        until = min(moment, end)
        missing = max(0, rate - serves * capacity)
        if missing and until > at:
            lost += missing * (until - at)
            short += until - at
        at, serves = max(at, until), serves + 1
    return lost, short


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
