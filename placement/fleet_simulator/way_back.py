"""A rollout up to one of its batches, and back again: whether every moment keeps the rules."""

from collections import Counter
from collections.abc import Collection, Iterator

from placement.documents import Instance, Problem
from placement.documents.rollout import Rollout
from placement.documents.transition import Transition, TransitionStep
from placement.fleet_simulator.fleet import SimulatedCopy, SimulatedFleet, copy_of
from placement.fleet_simulator.judge import Breach, simulate


def simulate_way_back(
    problem: Problem, rollout: Rollout, batch: int, failed: Collection[int] = (), *, each_step: bool = False
) -> tuple[Breach, ...]:
    """Carry a rollout out up to a batch, then its way back, and tell every rule that this breaks at any moment.

    It has to end in what ran before. Machines that drain and take old copies back are let take them.

    `problem`: with old and new options on the component: `asked` of the document.
    `batch`: the last one that was begun. Without `failed` it is done, and undone all the same.
    `failed`: by `id` those of its steps that open a machine or start a copy and went wrong, so that nothing of it
        stops.

    O(batches) times what the referee takes for one plan.
    """
    assert rollout.plan is not None
    there = [step for step in rollout.steps if step.batch < batch or (step.batch == batch and not failed)]
    begun = _begun_and_undone(rollout, batch, failed) if failed else []
    last = batch - 1 if failed else batch
    back = [step for step in rollout.rollback_steps if step.batch <= last]
    steps = [*there, *begun, *(step.model_copy(update={"batch": batch + 1 + last - step.batch}) for step in back)]
    taking = {step.instance for step in back if step.action == "start"}
    problem = problem.model_copy(update={"instances": tuple(_let_take(row, taking) for row in problem.instances)})
    fleet = SimulatedFleet(problem, rollout.plan, rollout.steps)
    way = Transition(status="feasible", steps=tuple(steps))
    return simulate(problem, fleet.plan_of(fleet.serving), way, each_step=each_step)


def _begun_and_undone(rollout: Rollout, batch: int, failed: Collection[int]) -> Iterator[TransitionStep]:
    """What of a batch is done although steps of it went wrong, and what undoes that."""
    steps = [step for step in rollout.steps if step.batch == batch]
    missing = {step.instance for step in steps if step.id in failed and step.action == "open"}
    started: Counter[SimulatedCopy] = Counter()
    for step in steps:
        goes_well = step.action in ("open", "start") and step.id not in failed and step.instance not in missing
        if goes_well or step.action == "wait":
            started[copy_of(step)] += step.action == "start"
            yield step
    for step in rollout.rollback_steps:
        if step.batch == batch and step.action in ("stop", "close") and step.instance not in missing:
            copy = copy_of(step)
            if step.action == "close" or started[copy]:
                started[copy] -= step.action == "stop"
                yield step


def _let_take(row: Instance, taking: Collection[str | None]) -> Instance:
    """The machine, cordoned where it drains and has to take copies back."""
    if row.state == "draining" and row.id in taking:
        return row.model_copy(update={"state": "cordoned"})
    return row
