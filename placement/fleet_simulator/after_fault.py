"""The fleet that a fault in the middle of a transition leaves, to plan from again."""

from dataclasses import dataclass
from typing import Literal

from placement import arguments
from placement.documents import Plan, Problem
from placement.documents.transition import Transition, TransitionStep
from placement.errors import nearest, wrong_argument
from placement.fleet_simulator.fleet import SimulatedFleet, copy_of
from placement.referee import PLAN_RULE, PROBLEM_RULE

FaultKind = Literal["start", "open", "machine"]


@dataclass(frozen=True, slots=True)
class StepFault:
    """What goes wrong: the copy of a step does not start, its machine does not come, or a machine dies after it.

    `machine` names the one that dies; the other kinds are about the machine of the step.
    """

    kind: FaultKind
    step: int
    machine: str = ""


def state_after(problem: Problem, plan: Plan, transition: Transition, fault: StepFault) -> Problem:
    """The fleet after a fault, as a problem with what runs then.

    Whoever carries the steps out goes on with those of the same phase of the batch (others start), and then holds: what
    was to stop after that runs on.

    Raises UsageError: the transition has no such step, what is to go wrong is not what the step does, the machine that
    is to die was never there by then, or an argument is of another type.
    """
    arguments.instance("problem", problem, Problem, PROBLEM_RULE)
    arguments.instance("plan", plan, Plan, PLAN_RULE)
    arguments.instance("transition", transition, Transition, "a Transition: plan_transition finds one")
    arguments.instance("fault", fault, StepFault, "a StepFault, from placement.fleet_simulator")
    fleet = SimulatedFleet(problem, plan, transition.steps)
    failed: set[str] = set()
    at = _step_of(fault, transition)
    _check_machine(fault, problem, transition)
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


def _step_of(fault: StepFault, transition: Transition) -> TransitionStep:
    at = next((step for step in transition.steps if step.id == fault.step), None)
    if at is None:
        raise wrong_argument("fault.step", "the id of a step of the transition", fault.step)
    if fault.kind not in (at.action, "machine"):
        rule = f"{at.action} or machine, as step {at.id} is to {at.action}"
        raise wrong_argument("fault.kind", rule if at.action in ("start", "open") else "machine", fault.kind)
    return at


def _check_machine(fault: StepFault, problem: Problem, transition: Transition) -> None:
    if fault.kind != "machine":
        return
    came = [row.id for row in problem.instances]
    for step in transition.steps:
        came += [step.instance or ""] * (step.action == "open")
        if step.id == fault.step:
            break
    if arguments.text("fault.machine", fault.machine) not in came:
        rule = f"a machine that runs, or that came by step {fault.step} ({nearest(fault.machine, came)})"
        raise wrong_argument("fault.machine", rule, fault.machine)
