"""All that the page is drawn from, gathered once: the two documents, what was counted, and what is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from placement.compiled.fleet import Fleet, compile_fleet
from placement.errors import UsageError
from placement.fleet_simulator import simulate
from placement.referee import Verdict, refused, verify
from placement.report import words
from placement.report.baseline import Baseline, dedicated_baseline
from placement.report.changes import Changes, changes
from placement.report.facts import MachineLoad, PlanFacts, gather
from placement.report.fullness import FullnessReason, reasons
from placement.report.left_out import levels_of
from placement.report.map.sketch import Sketcher
from placement.running_state import running_plan
from placement.solving.result import relative_gap
from placement.units import horizon, micro_dollars

if TYPE_CHECKING:
    from placement.documents import Plan, Problem
    from placement.documents.transition import Transition
    from placement.replanning.document import FrontierDocument
    from placement.scenarios.headroom_document import HeadroomDocument
    from placement.solving.left_out import LeftOutLevel


class MoreDocuments(NamedTuple):
    """What gets a section of its own where it is given: ordered steps to the plan, cost against moves, and headroom."""

    transition: Transition | None = None
    frontier: FrontierDocument | None = None
    headroom: HeadroomDocument | None = None


NO_MORE = MoreDocuments()


@dataclass(frozen=True, slots=True)
class View:
    """A plan of a problem; as it is here, one that places nothing because none was found.

    `cost`, `bound`: micro-dollars over the horizon; the cost as the referee counts it, the bound as the plan claims it.
    """

    problem: Problem
    plan: Plan
    verdict: Verdict
    fleet: Fleet

    @property
    def cost(self) -> int:
        """What is minimised, in micro-dollars."""
        return self.verdict.cost

    @property
    def bound(self) -> int | None:
        """What the plan says that no plan costs less than; None when it says nothing of that."""
        if self.plan.status == "optimal":
            return self.cost
        return None if not self.plan.lower_bound else min(self.cost, micro_dollars(self.plan.lower_bound))

    @property
    def levels(self) -> list[LeftOutLevel]:
        """Optional copies left out beside what the plan says is proven of them, highest priority first."""
        return levels_of(self.problem, self.plan, self.verdict.left_out)

    @property
    def scope(self) -> str:
        """How a sentence begins that says what no plan costs less than."""
        return words.no_plan(self.problem, self.plan, left_out=any(self.verdict.left_out.values()))

    @property
    def is_hourly(self) -> bool:
        """Whether the cost is the price of one hour, and nothing else."""
        return horizon(self.problem.objective.horizon_hours) == 1 and self.cost == self.verdict.price_per_hour


@dataclass(frozen=True, slots=True)
class PlacedView(View):
    """A plan that was found, counted.

    `changes`, `today`: what the plan changes of what runs now, and that counted; None where nothing runs.
    `more`: its transition is one to the plan; plans of its frontier and its headroom are checked where they are shown.
    """

    facts: PlanFacts
    baseline: Baseline
    changes: Changes | None
    today: PlanFacts | None
    reasons: dict[MachineLoad, FullnessReason]  # why no more stands on machines of each content
    sketcher: Sketcher
    more: MoreDocuments

    @property
    def gap(self) -> float:
        """What could still be saved, as a part of the cost."""
        return relative_gap(self.cost, self.bound) or 0.0


def look(problem: Problem, plan: Plan, fleet: Fleet | None = None, more: MoreDocuments = NO_MORE) -> View:
    """Check a plan and count what it does; `fleet` is the problem compiled, where that is at hand.

    Raises UsageError: the plan breaks a rule: figures of it would mean nothing. Or the transition is not one to this
    plan.
    """
    verdict = verify(problem, plan)
    if verdict.violations:
        raise refused("plan", plan, verdict.violations, ", so it can't be shown")
    if more.transition is not None and more.transition.steps:
        broken = simulate(problem, plan, more.transition)
        if broken:
            rule = f"is none from this problem to this plan: {broken[0]}; write it anew with `placement transition`"
            raise UsageError(f"transition at $.steps: {rule}", "transition")
    fleet = compile_fleet(problem) if fleet is None else fleet
    if not plan.assignments and plan.status in ("infeasible", "unknown"):
        return View(problem, plan, verdict, fleet)
    facts = gather(problem, plan, fleet)
    baseline = dedicated_baseline(fleet, [row.placed for row in facts.components])
    runs = bool(problem.instances)
    today = gather(problem, running_plan(problem).plan, fleet) if runs else None
    changed = changes(problem, plan) if runs else None
    sketcher = Sketcher(facts) if today is None else Sketcher(facts, today)
    return PlacedView(problem, plan, verdict, fleet, facts, baseline, changed, today, reasons(facts), sketcher, more)
