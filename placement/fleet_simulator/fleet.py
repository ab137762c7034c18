"""Machines and copies as they are at one moment of a transition, and what a step does to them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from placement.documents import Instance, Placement, Problem
from placement.documents.plan import Assignment, Plan, PlanInstance
from placement.documents.transition import TransitionStep


class SimulatedCopy(NamedTuple):
    """A copy that is there."""

    component: str
    option: int
    instance: str
    accelerators: tuple[int, ...]


class SimulatedFleet:
    """Machines and copies as they are at one moment. It does what it is told, and says which rules that breaks."""

    def __init__(self, problem: Problem, plan: Plan, steps: Iterable[TransitionStep]) -> None:
        """The fleet that runs now; plan and steps tell where copies of unknown accelerators stand."""
        self.problem = problem
        self.machines: dict[str, Instance] = {row.id: row for row in problem.instances}
        self.serving: Counter[SimulatedCopy] = Counter()
        self.starting: Counter[SimulatedCopy] = Counter()
        self.pinned: Counter[SimulatedCopy] = Counter()
        for row, copy in _where_they_run(problem, plan, steps):
            self.serving[copy] += 1
            self.pinned[copy] += row.pinned

    def copies(self) -> Counter[SimulatedCopy]:
        """All copies that take room."""
        return self.serving + self.starting

    def open(self, machine: str, pool: str) -> str:
        """A machine comes. What is wrong with that, or nothing."""
        if machine in self.machines:
            return f"{machine} is open already"
        self.machines[machine] = Instance(id=machine, pool=pool)
        return ""

    def close(self, machine: str) -> str:
        row = self.machines.pop(machine, None)
        if row is None:
            return f"{machine} is not open"
        if not row.removable:
            return f"{machine} can't be removed"
        left = [copy.component for copy in self.copies() if copy.instance == machine]
        return f"{machine} still holds {', '.join(sorted(left))}" if left else ""

    def start(self, copy: SimulatedCopy) -> str:
        """A copy begins to start, and takes its room."""
        self.starting[copy] += 1
        row = self.machines.get(copy.instance)
        if row is None:
            return f"{copy.component} starts on {copy.instance}, which is not open"
        return f"{copy.component} starts on {row.id}, which is draining" if row.state == "draining" else ""

    def ready(self) -> None:
        """All copies that start are ready."""
        self.serving += self.starting
        self.starting.clear()

    def stop(self, copy: SimulatedCopy) -> str:
        if not self.serving[copy]:
            return f"{copy.component} option {copy.option} does not run on {copy.instance} {list(copy.accelerators)}"
        self.serving[copy] -= 1
        self.serving = +self.serving
        return ""

    def die(self, machine: str) -> None:
        self.machines.pop(machine, None)
        for counter in (self.serving, self.starting, self.pinned):
            for copy in [copy for copy in counter if copy.instance == machine]:
                del counter[copy]

    def plan_of(self, copies: Counter[SimulatedCopy]) -> Plan:
        """The machines with some copies, as a plan that claims nothing."""
        return Plan(
            instances=[PlanInstance(id=row.id, pool=row.pool) for row in self.machines.values()],
            assignments=[
                Assignment(component=c, option=o, instance=i, accelerators=k) for c, o, i, k in copies.elements()
            ],
        )

    def to_problem(self) -> Problem:
        """The problem with what runs at this moment: what a transition is asked from again."""
        document = self.problem.to_document()
        machines = [row.model_dump(mode="json", exclude_unset=True) for row in self.machines.values()]
        placements = []
        for copy, count in self.copies().items():
            for number in range(count):
                row = {"component": copy.component, "instance": copy.instance, "option": copy.option}
                row |= {"accelerators": list(copy.accelerators)}
                placements.append(row | ({"pinned": True} if number < self.pinned[copy] else {}))
        return Problem(**document | {"instances": machines, "placements": placements})


def _where_they_run(
    problem: Problem, plan: Plan, steps: Iterable[TransitionStep]
) -> Iterator[tuple[Placement, SimulatedCopy]]:
    """Each copy that runs; of unknown accelerators, where one must have run for the steps to end in the plan."""
    names = {row.name: [mode.name for mode in row.modes] for row in problem.components}
    planned, stopped = copies_of(plan), Counter[SimulatedCopy]()
    before = Counter(planned)
    for step in steps:
        if step.action == "start":
            before[copy_of(step)] -= 1
        elif step.action == "stop":
            before[copy_of(step)] += 1
            stopped[copy_of(step)] += 1
    unknown = []
    for row in sorted(problem.placements, key=lambda row: not row.pinned):
        option = names[row.component].index(row.option) if isinstance(row.option, str) else row.option
        if row.accelerators is None:
            unknown.append((row, option))
            continue
        copy = SimulatedCopy(row.component, option, row.instance, tuple(sorted(row.accelerators)))
        before[copy] -= 1
        yield row, copy
    for row, option in unknown:
        place = (row.component, option, row.instance)
        here = [key for key in dict.fromkeys((*before, *planned, *stopped)) if key[:3] == place]
        known = min(here, key=lambda key: (before[key] <= 0, stopped[key] > 0 if row.pinned else planned[key] > 0))
        before[known] -= 1
        yield row, known


def copies_of(plan: Plan) -> Counter[SimulatedCopy]:
    return Counter(
        SimulatedCopy(row.component, row.option, row.instance, tuple(sorted(row.accelerators)))
        for row in plan.assignments
    )


def copy_of(step: TransitionStep) -> SimulatedCopy:
    return SimulatedCopy(
        step.component or "", step.option or 0, step.instance or "", tuple(sorted(step.accelerators or ()))
    )
