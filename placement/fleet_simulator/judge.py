"""The verdict on a transition: every rule that it breaks, at which step."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from placement.documents import Plan, Problem
from placement.documents.transition import Transition, TransitionStep
from placement.fleet_simulator.fleet import SimulatedCopy, SimulatedFleet, copies_of, copy_of
from placement.fleet_simulator.serving import FloorJudge, SpreadJudge
from placement.referee import Violation, violations
from placement.units import exact

# Of the referee's rules: those that more copies or machines can break, and those that fewer can.
UPPER = frozenset({
    "unique-instance", "known-pool", "known-component", "listed-instance", "known-option",
    "allowed-type", "allowed-zone", "accelerator-set", "accelerator-range",
    "vcpus", "host-memory", "accelerator-owner", "accelerator-memory", "accelerator-share",
    "max-per-instance", "dedicated", "avoid", "max-per-zone", "max-instances", "limit",
    "not-removable", "cordoned", "pinned",
})  # fmt: skip
LOWER = frozenset({"zone-loss", "pool-loss", "instance-loss"})
AT_THE_END = frozenset({"max-skew", "min-zones"})
# Those that are kept otherwise: of rows of a plan alone, floors (`serving.py`), and what only the last state must have.
ELSEWHERE = frozenset({"known-instance", "instance-pool", "copies", "min-copies", "demand", "draining", "max-moves"})
FILLING = frozenset({"vcpus", "host-memory", "accelerator-memory", "accelerator-share"})
_STATES = 3  # that are remembered: before, while copies start, after some have stopped
_RANK = {"": -1, "go": 0, "wait": 1, "stop": 2, "close": 3}


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that a transition breaks: at which step, which rule, and a sentence."""

    step: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"step {self.step}: {self.message} [{self.rule}]"


def simulate(problem: Problem, plan: Plan, transition: Transition, *, each_step: bool = False) -> tuple[Breach, ...]:
    """Carry a transition out, and tell every rule that it breaks at any moment; empty when it is safe.

    `each_step`: look after every single step, not only where the steps of a phase are all done; the answer is the same
        as rules are monotone inside a phase, but for steps that are wrong in themselves.

    O(batches) times what the referee takes for one plan, of what the steps touch: two plans a batch. What no step
    touches keeps and breaks the same rules at every moment.
    """
    return tuple(_Trial(problem, plan, transition, each_step=each_step).breaches())


class _Trial:
    """One run of a transition."""

    def __init__(self, problem: Problem, plan: Plan, transition: Transition, *, each_step: bool) -> None:
        self._problem, self._plan, self._steps, self._each = problem, plan, transition.steps, each_step
        self._fleet = SimulatedFleet(problem, plan, self._steps)
        self._machines, self._components = _touched(self._steps)
        serving, after = self._concerned(self._fleet.serving), self._concerned(copies_of(plan))
        self._problem = problem = self._of_concern(problem, {copy.component for copy in (*serving, *after)})
        self._known: dict[object, tuple[Violation, ...]] = {}
        self._floors = FloorJudge(problem, after, serving, transition.unavailable or {})
        self._before = set(self._rules(serving, UPPER | LOWER | AT_THE_END))
        self._overfull = {where.split(" accelerator ")[0] for rule, where in self._before if rule in FILLING}
        self._full = self._loads(serving)
        self._spread = SpreadJudge(problem, (after, plan.instances), (serving, self._fleet.machines.values()))
        self._began = self._zones()
        kept = {row.component for row in plan.assignments}
        self._ending = {row.name for row in problem.components} - kept

    def _concerned(self, copies: Counter[SimulatedCopy]) -> Counter[SimulatedCopy]:
        """The copies on machines, or of components, that some step touches."""
        machines, components = self._machines, self._components
        return Counter({c: n for c, n in copies.items() if c.component in components or c.instance in machines})

    def _of_concern(self, problem: Problem, there: set[str]) -> Problem:
        """The problem of these components alone; all machines stay, as pools and limits count them.

        A rule on anything else is broken before the first step as after the last, and none of the transition's.
        """
        there = there | self._components
        components = tuple(row for row in problem.components if row.name in there)
        placements = tuple(
            row for row in problem.placements if row.component in self._components or row.instance in self._machines
        )
        return problem.model_copy(update={"components": components, "placements": placements})

    def _zones(self) -> dict[str, Counter[str]]:
        """Copies that serve by zone, of each component."""
        return self._spread.zones(self._concerned(self._fleet.serving), self._fleet.machines.values())

    def _rules(self, copies: Counter[SimulatedCopy], rules: frozenset[str]) -> dict[tuple[str, str], str]:
        found = self._broken_with(copies)
        return {(row.rule, row.where): f"{row.where}: {row.message}" for row in found if row.rule in rules}

    def _broken_with(self, copies: Counter[SimulatedCopy]) -> tuple[Violation, ...]:
        """The referee's word on the machines with some copies; a batch has six to eight looks at two states."""
        machines = tuple((row.id, row.pool) for row in self._fleet.machines.values())
        state = machines, frozenset(copies.items())
        found = self._known.get(state)
        if found is None:
            found = violations(self._problem, self._fleet.plan_of(copies))
            self._known = dict([*self._known.items(), (state, found)][-_STATES:])
        return found

    def _loads(self, copies: Counter[SimulatedCopy]) -> dict[tuple[str, str], Fraction]:
        """What the copies take on machines that are fuller than they may be before anything is done."""
        modes = {row.name: row.modes for row in self._problem.components}
        found: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
        for copy, count in copies.items():
            if copy.instance in self._overfull:
                mode = modes[copy.component][copy.option]
                found[copy.instance, "vcpus"] += count * exact(mode.vcpus)
                found[copy.instance, "host-memory"] += count * exact(mode.memory_gib)
                for k in copy.accelerators:
                    where = f"{copy.instance} accelerator {k}"
                    found[where, "accelerator-memory"] += count * exact(mode.accelerator_memory_gib)
                    found[where, "accelerator-share"] += count * exact(mode.accelerator_share)
        return found

    def breaches(self) -> Iterator[Breach]:
        """All of them, in the order of the steps."""
        phase, last = (0, ""), 0
        for step in self._steps:
            now = step.batch, "go" if step.action in ("open", "start") else step.action
            if now < (phase[0], "") or (now[0] == phase[0] and _RANK[now[1]] < _RANK[phase[1]]):
                yield Breach(
                    step.id, "order", f"{step.action} of batch {step.batch} comes after {phase[1]} of batch {phase[0]}"
                )
            if phase[1] and (now != phase or self._each):
                yield from self._look(last, ended=step.batch > phase[0])
            wrong = self._do(step)
            if wrong:
                yield Breach(step.id, "step", wrong)
            phase, last = now, step.id
        yield from self._look(last, ended=True)
        yield from self._at_the_end(last)

    def _do(self, step: TransitionStep) -> str:
        fleet = self._fleet
        if step.action == "open":
            return fleet.open(step.instance or "", step.pool or "")
        if step.action == "close":
            return fleet.close(step.instance or "")
        if step.action == "start":
            return fleet.start(copy_of(step))
        if step.action == "stop":
            waiting = f"{step.component} stops before the copies of its batch are ready" if fleet.starting else ""
            return fleet.stop(copy_of(step)) or waiting
        fleet.ready()
        return ""

    def _look(self, step: int, *, ended: bool) -> Iterator[Breach]:
        """Every rule that is broken now and was not before the transition."""
        there, serving = self._concerned(self._fleet.copies()), self._concerned(self._fleet.serving)
        for (rule, where), message in self._rules(there, UPPER).items():
            if (rule, where) not in self._before:
                yield Breach(step, rule, message)
        for (where, rule), load in self._loads(there).items():
            if (rule, where) in self._before and load > self._full[where, rule]:
                yield Breach(step, rule, f"{where} is fuller than it may be, and got fuller than it was")
        rules = LOWER | AT_THE_END if ended else LOWER
        for (rule, where), message in self._rules(serving, rules).items():
            ends = rule in LOWER and where in self._ending
            if (rule, where) not in self._before and not ends:
                yield Breach(step, rule, message)
        for rule, message in self._floors.broken(serving):
            yield Breach(step, rule, message)
        if ended:
            began, self._began = self._began, self._zones()
            for rule, message in self._spread.broken(began, self._began):
                yield Breach(step, rule, message)

    def _at_the_end(self, step: int) -> Iterator[Breach]:
        """What runs is the plan; draining machines that may not be removed are left behind empty."""
        fleet = self._fleet
        wanted = copies_of(self._plan)
        for copy in (wanted - fleet.serving) + (fleet.serving - wanted):
            yield Breach(step, "end", f"{copy.component} on {copy.instance} is not as the plan has it")
        if fleet.starting:
            yield Breach(step, "end", "copies still start")
        listed = {row.id for row in self._plan.instances}
        left = {row.id for row in fleet.machines.values() if row.state == "draining" and not row.removable}
        for machine in sorted(listed ^ (set(fleet.machines) - (left - listed))):
            yield Breach(step, "end", f"{machine} is not as the plan has it")


def _touched(steps: Iterable[TransitionStep]) -> tuple[set[str], set[str]]:
    """Machines and components that the steps name."""
    rows = list(steps)
    return {row.instance for row in rows if row.instance}, {row.component for row in rows if row.component}
