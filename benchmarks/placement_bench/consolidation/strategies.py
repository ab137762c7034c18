"""One running state, replanned in several ways: what it then costs, what has to move, which rules are broken.

All begin with the same state. The platforms' rules begin with the same cluster, in which copies that are too many have
stopped and those that are missing have started. A platform's plan may break rules that no platform knows; these are
counted and listed, and no fault of the run.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import placement
from placement.compiled.fleet import compile_fleet
from placement.compiled.translate import to_plan
from placement.documents.plan import Plan
from placement.errors import UsageError
from placement.referee import verify
from placement.replanning import MoveLimits, replan_within
from placement.replanning.moved_memory import dearer, gib, memory_of_moves
from placement_bench.cases import Answer, Check
from placement_bench.consolidation.cluster import Cluster
from placement_bench.consolidation.descheduler import THRESHOLD, HighNodeUtilization
from placement_bench.consolidation.karpenter import Karpenter

if TYPE_CHECKING:
    from collections.abc import Callable

    from placement.compiled.fleet import Fleet
    from placement.documents import Problem
    from placement.solving.result import Result
    from placement_bench.cases import Document, Limits

MICRO = 1_000_000
FEW = 10  # moves of the strategy `few-moves`, beyond those that no plan avoids
NEVER, KARPENTER, DESCHEDULER = "never-move", "karpenter", "descheduler"
SAME_OPTION = "karpenter-same-option"  # a copy starts again by the option it ran by, as Karpenter has it today
SCRATCH, FEW_MOVES, AS_MANY, REPLAN = "from-scratch", "few-moves", "as-many-moves", "replan"
PLATFORMS = (NEVER, KARPENTER, SAME_OPTION, DESCHEDULER)
OURS = (SCRATCH, FEW_MOVES, AS_MANY, REPLAN)
CHECKER = "placement.referee.verify"


@dataclass(frozen=True, slots=True)
class ConsolidationTask:
    """One fleet that runs, as a problem document."""

    document: Document

    def solvers(self) -> tuple[str, ...]:
        """The strategies."""
        return (*PLATFORMS, *OURS)

    def run(self, solver: str, limits: Limits) -> Answer:
        """Replan the state. Platforms have no limit of time: they end when they find nothing.

        Option `threshold` of the descheduler: per cent.

        Raises
        ------
        UsageError
            No such strategy or option, or a problem that platforms can't be told.
        """
        problem = placement.Problem(**self.document)
        begin = time.perf_counter()
        more: dict[str, Any] = {}
        plan: Plan | None
        bound, proven = None, False
        if solver in PLATFORMS:
            plan, more = platform_plan(problem, solver, limits.options)
        elif solver in OURS:
            plan, bound, proven = _planned(problem, solver, limits)
        else:
            raise UsageError(f"no strategy {solver}; there are {', '.join(self.solvers())}")
        seconds = time.perf_counter() - begin
        if plan is None:
            return Answer("unknown", None, bound, None, seconds)
        facts = facts_of(problem, plan)
        status = "optimal" if proven else "feasible"
        return Answer(status, facts.pop("cost"), bound, plan.to_document(), seconds, metrics={**facts, **more})

    def check(self, answer: Answer) -> Check:
        """Cost and broken rules again, from the two documents; the library's own plans may break none."""
        if answer.value is None:
            return Check(None, (), "nothing to check")
        facts = facts_of(placement.Problem(**self.document), Plan(**answer.solution))
        faults = [
            f"{CHECKER} counts {name} {facts[name]}, the answer says {told}"
            for name, told in (("cost", answer.value), ("broken", answer.metrics["broken"]))
            if facts[name] != told
        ]
        if "evicted" not in answer.metrics and facts["broken"]:
            faults.append(f"{facts['broken']} broken rules: {facts['rules']}")
        return Check(facts["cost"], tuple(faults), CHECKER)


def facts_of(problem: Problem, plan: Plan) -> dict[str, Any]:
    """What a plan costs, moves and breaks: dollars, GiB, rules by name."""
    verdict = verify(problem, plan)
    rules = Counter(violation.rule for violation in verdict.violations)
    return {
        "cost": verdict.cost / MICRO,
        "price_per_hour": verdict.price_per_hour / MICRO,
        "moves": verdict.moves,
        "moved_gib": round(gib(_moved_mib(problem, plan)), 3),
        "broken": len(verdict.violations),
        "rules": " ".join(f"{rule}:{count}" for rule, count in sorted(rules.items())),
        "left_out": sum(verdict.left_out.values()),
        "machines": verdict.instances,
    }


def _moved_mib(problem: Problem, plan: Plan) -> int:
    from placement.referee.money import moved_copies
    from placement.referee.standing import Standing

    fleet = compile_fleet(problem)
    moved = moved_copies(Standing(problem, plan))
    return sum(moved.get(c.name, 0) * mib for c, mib in zip(fleet.components, memory_of_moves(fleet), strict=True))


def platform_plan(problem: Problem, solver: str, options: Document) -> tuple[Plan, dict[str, Any]]:
    """The plan that a platform comes to, and what it did: copies evicted, and actions."""
    fleet = compile_fleet(problem)
    cluster = running_cluster(fleet, keeps_option=solver == SAME_OPTION)
    before = cluster.ws.rented.price
    told: dict[str, Any] = {}
    if solver in (KARPENTER, SAME_OPTION):
        actions = Karpenter(cluster).run()
        told = {"actions": len(actions), "several": sum(len(action.gone) > 1 for action in actions)}
    elif solver == DESCHEDULER:
        HighNodeUtilization(cluster, _number(options, "threshold", 100 * THRESHOLD) / 100).run()
    plan = to_plan(fleet, cluster.ws.to_packing(), status="feasible")
    return plan, {"evicted": cluster.moved, "price_before": before / MICRO, **told}


def running_cluster(fleet: Fleet, *, keeps_option: bool = False) -> Cluster:
    """The cluster that runs now, with the copies that are wanted."""
    cluster = Cluster(fleet, keeps_option=keeps_option)
    cluster.load_running()
    cluster.settle()
    return cluster


def _number(options: Document, name: str, default: float) -> float:
    try:
        return float(options.get(name, default))
    except (TypeError, ValueError):
        raise UsageError(f"option {name} is a number; got {options[name]}") from None


def _planned(problem: Problem, solver: str, limits: Limits) -> tuple[Plan | None, float | None, bool]:
    """A plan of the library; where it is of the problem as it stands, the bound on all plans, and whether it meets."""
    asked: dict[str, Any] = {
        "time_limit": limits.seconds, "work": limits.work, "seed": limits.seed, "threads": limits.threads
    }  # fmt: skip
    if solver == REPLAN:
        result = placement.solve(problem, gap=limits.gap, **asked)
        return _bare(result), result.plan.lower_bound, result.status is placement.Status.OPTIMAL
    if solver == SCRATCH:
        result = placement.solve(dearer(problem, [0.0] * len(problem.components)), gap=limits.gap, **asked)
        return _bare(result), None, False
    most = _most_moves[solver](problem)
    return _bare(replan_within(problem, MoveLimits(max_moves=most), **asked).result), None, False


def _bare(result: Result) -> Plan | None:
    """The rows of a plan, without what it says of itself: some were made for a problem with other prices of moves."""
    if result.packing is None:
        return None
    return Plan(instances=result.plan.instances, assignments=result.plan.assignments, status="feasible")


def _few(problem: Problem) -> int:
    return _moves_of(problem, NEVER) + FEW


def _as_karpenter(problem: Problem) -> int:
    return _moves_of(problem, KARPENTER)


def _moves_of(problem: Problem, platform: str) -> int:
    return verify(problem, platform_plan(problem, platform, {})[0]).moves


_most_moves: dict[str, Callable[[Problem], int]] = {FEW_MOVES: _few, AS_MANY: _as_karpenter}
