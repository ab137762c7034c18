"""The fleet that a fault in the middle of a transition leaves, to plan from again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from placement.fleet_simulator.fleet import SimulatedFleet, copy_of

if TYPE_CHECKING:
    from placement.documents import Problem
    from placement.documents.plan import Plan
    from placement.documents.transition import Transition

FaultKind = Literal["start", "open", "machine"]


@dataclass(frozen=True, slots=True)
class StepFault:
    """What goes wrong: the copy of a step does not start, its machine does not come, or a machine dies after it."""

    kind: FaultKind
    step: int
    machine: str = ""


def state_after(problem: Problem, plan: Plan, transition: Transition, fault: StepFault) -> Problem:
    """The fleet after a fault, as a problem with what runs then.

    Whoever carries the steps out goes on with those of the same phase of the batch (others start), and then holds: what
    was to stop after that runs on.
    """
    fleet = SimulatedFleet(problem, plan, transition.steps)
    failed: set[str] = set()
    at = next(step for step in transition.steps if step.id == fault.step)
    for step in transition.steps:
        if step.batch > at.batch:
            break
        hit = step.id == fault.step
        if step.action == "open":
            if hit and fault.kind == "open":
                failed.add(step.instance or "")
            else:
                fleet.open(step.instance or "", step.pool or "")
        elif step.action == "start":
            if not (hit and fault.kind == "start") and step.instance not in failed:
                fleet.start(copy_of(step))
        elif step.action == "wait":
            fleet.ready()
        elif at.action in ("stop", "close") or step.batch < at.batch:
            if step.action == "stop":
                fleet.stop(copy_of(step))
            else:
                fleet.close(step.instance or "")
        if hit and fault.kind == "machine":
            fleet.die(fault.machine)
            failed.add(fault.machine)
            if at.action in ("stop", "close"):
                break
    fleet.ready()
    return fleet.to_problem()
