"""A simulator of fleets: it carries a transition out step by step and holds every moment against the rules.

It is to a transition what the referee is to a plan. It knows the documents and the rules alone, shares no line with the
code that orders steps, and asks the referee about what stands on the machines at each moment.

While a copy starts or stops it takes its room. A copy serves from when it is ready until it begins to stop. So rules
that limit (room, owners, caps, company, quotas, limits) are held against all copies present, and those that ask for
enough (copies available, copies left after a loss) against the copies that serve. So are skew and the number of zones,
where a new copy and an old one that goes in the same batch and zone count as one; and as steps of a batch go side by
side, they are held for every order in which copies may get ready, and drain. Of a component of which no copy runs
before, or none is in the plan, they are held at the end of each batch alone. A rule that today's state breaks may stay
broken where it is, but no machine gets fuller than it may be, and no spread gets worse.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, NamedTuple

from placement.documents import Instance, Placement, Problem
from placement.documents.plan import Assignment, Plan, PlanInstance
from placement.documents.transition import Transition
from placement.referee import violations
from placement.referee.standing import Standing
from placement.units import exact

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from placement.documents.rollout import Rollout
    from placement.documents.transition import TransitionStep

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
FILLING = frozenset({"vcpus", "host-memory", "accelerator-memory", "accelerator-share"})
_SLACK = Fraction(1, 10**9)  # of a demand, as the format has it

FaultKind = Literal["start", "open", "machine"]


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that a transition breaks: at which step, which rule, and a sentence."""

    step: int
    rule: str
    message: str

    def __str__(self) -> str:
        """One line for people."""
        return f"step {self.step}: {self.message} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class StepFault:
    """What goes wrong: the copy of a step does not start, its machine does not come, or a machine dies after it."""

    kind: FaultKind
    step: int
    machine: str = ""


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
        """A machine is given back."""
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
        """A copy stops."""
        if not self.serving[copy]:
            return f"{copy.component} option {copy.option} does not run on {copy.instance} {list(copy.accelerators)}"
        self.serving[copy] -= 1
        self.serving = +self.serving
        return ""

    def die(self, machine: str) -> None:
        """A machine is gone, with all that stands on it."""
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
    planned, stopped = _copies_of(plan), Counter[SimulatedCopy]()
    before = Counter(planned)
    for step in steps:
        if step.action == "start":
            before[_copy_of(step)] -= 1
        elif step.action == "stop":
            before[_copy_of(step)] += 1
            stopped[_copy_of(step)] += 1
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


def _copies_of(plan: Plan) -> Counter[SimulatedCopy]:
    return Counter(
        SimulatedCopy(row.component, row.option, row.instance, tuple(sorted(row.accelerators)))
        for row in plan.assignments
    )


class _Floors:
    """What must serve at every moment: copies, and throughput of components with a demand."""

    def __init__(
        self, problem: Problem, plan: Plan, now: Counter[SimulatedCopy], unavailable: Mapping[str, int]
    ) -> None:
        self._rows = {row.name: row for row in problem.components}
        self._rate = {
            (row.name, o): exact(mode.throughput or 0) for row in problem.components for o, mode in enumerate(row.modes)
        }
        self._least: dict[str, tuple[int, Fraction]] = {}
        before, after = self._count(now), self._count(_copies_of(plan))
        for name, row in self._rows.items():
            missing = unavailable.get(name, 0)
            copies, rate = min(before[name][0], after[name][0] - missing), Fraction(0)
            if row.demand is not None:
                best = max(self._rate[name, o] for o in range(len(row.modes)))
                copies = min(before[name][0], after[name][0], row.required_copies) - missing
                rate = min(before[name][1], after[name][1], exact(row.demand)) - missing * best
                rate -= _SLACK * max(Fraction(1), exact(row.demand))
            self._least[name] = copies, rate

    def _count(self, copies: Counter[SimulatedCopy]) -> dict[str, tuple[int, Fraction]]:
        found: dict[str, tuple[int, Fraction]] = defaultdict(lambda: (0, Fraction(0)))
        for copy, count in copies.items():
            number, rate = found[copy.component]
            found[copy.component] = number + count, rate + count * self._rate[copy.component, copy.option]
        return found

    def broken(self, serving: Counter[SimulatedCopy]) -> Iterator[tuple[str, str]]:
        """Rule and sentence of each floor that does not hold."""
        found = self._count(serving)
        for name, (copies, rate) in self._least.items():
            if found[name][0] < copies:
                yield "available", f"{found[name][0]} copies of {name} serve, at least {copies} must"
            if found[name][1] < rate:
                yield "served", f"{name} serves {float(found[name][1]):.12g}, at least {float(rate):.12g} is needed"


class _Spread:
    """Skew and number of zones at every moment of a batch, from the copies by zone at its begin and its end."""

    def __init__(self, problem: Problem, plan: Plan, now: Counter[SimulatedCopy], machines: Iterable[Instance]) -> None:
        self._zone_of_pool = {row.name: row.zone for row in problem.pools}
        before, after = self.zones(now, machines), self.zones(_copies_of(plan), plan.instances)
        standing = Standing(problem, Plan())
        self._rules: dict[str, tuple[set[str], int | None, int]] = {}  # eligible zones, most skew, fewest zones
        for row in problem.components:
            held = before[row.name], after[row.name]
            if not all(held):
                continue
            eligible, skew, zones = standing.eligible_zones(row.name), row.spread.max_skew, row.spread.min_zones or 0
            if skew is not None:
                skew = max(skew, _skew(held[0], eligible))
            if len(held[0]) < min(zones, held[0].total()):
                zones = len(held[0])
            self._rules[row.name] = eligible, skew, zones

    def zones(
        self, copies: Counter[SimulatedCopy], machines: Iterable[Instance | PlanInstance]
    ) -> dict[str, Counter[str]]:
        """Copies by zone, of each component."""
        zone_of = {row.id: self._zone_of_pool[row.pool] for row in machines if row.pool in self._zone_of_pool}
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for copy, count in copies.items():
            if copy.instance in zone_of:
                found[copy.component][zone_of[copy.instance]] += count
        return found

    def broken(self, before: dict[str, Counter[str]], after: dict[str, Counter[str]]) -> Iterator[tuple[str, str]]:
        """Rule and sentence of what breaks at some moment, whichever copies get ready first, and drain last."""
        for name, (eligible, most, wanted) in self._rules.items():
            for first, moment in _worst(before[name], after[name]):
                low = min((moment[zone] for zone in eligible - {first}), default=moment[first])
                skew = moment[first] - low
                if most is not None and skew > most:
                    yield "max-skew", f"{name}: zones may differ by {skew} copies inside of a batch, at most {most}"
                    break
                used = len(+moment)
                if used < min(wanted, moment.total()):
                    yield "min-zones", f"{name}: may serve in {used} zones inside of a batch, at least {wanted}"
                    break


def _worst(before: Counter[str], after: Counter[str]) -> Iterator[tuple[str, Counter[str]]]:
    """A zone, and copies by zone when its copies were ready before all others, or drain after all others.

    A new copy in a zone with an old one to go is that one over again, so no zone has more than at the begin or the end.
    """
    peak = before | after
    for zone, count in peak.items():
        for end in (before, after):
            yield zone, end | Counter({zone: count})


def _skew(zones: Counter[str], eligible: set[str]) -> int:
    return max(zones.values()) - min(zones[zone] for zone in {*eligible, *zones})


def simulate(problem: Problem, plan: Plan, transition: Transition, *, each_step: bool = False) -> tuple[Breach, ...]:
    """Carry a transition out, and tell every rule that it breaks at any moment; empty when it is safe.

    Parameters
    ----------
    each_step : look after every single step, not only where the steps of a phase are all done; the answer is the same
        as rules are monotone inside a phase, but for steps that are wrong in themselves.

    Notes
    -----
    O(batches) times what the referee takes for one plan.
    """
    return tuple(_Trial(problem, plan, transition, each_step=each_step).breaches())


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
                fleet.start(_copy_of(step))
        elif step.action == "wait":
            fleet.ready()
        elif at.action in ("stop", "close") or step.batch < at.batch:
            if step.action == "stop":
                fleet.stop(_copy_of(step))
            else:
                fleet.close(step.instance or "")
        if hit and fault.kind == "machine":
            fleet.die(fault.machine)
            failed.add(fault.machine)
            if at.action in ("stop", "close"):
                break
    fleet.ready()
    return fleet.to_problem()


def simulate_way_back(
    problem: Problem, rollout: Rollout, batch: int, failed: Collection[int] = (), *, each_step: bool = False
) -> tuple[Breach, ...]:
    """Carry a rollout out up to a batch, then its way back, and tell every rule that this breaks at any moment.

    It has to end in what ran before. Machines that drain and take old copies back are let take them.

    Parameters
    ----------
    problem : with old and new options on the component: `asked` of the document.
    batch : the last one that was begun. Without `failed` it is done, and undone all the same.
    failed : by `id` those of its steps that open a machine or start a copy and went wrong, so that nothing of it stops.

    Notes
    -----
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
            started[_copy_of(step)] += step.action == "start"
            yield step
    for step in rollout.rollback_steps:
        if step.batch == batch and step.action in ("stop", "close") and step.instance not in missing:
            copy = _copy_of(step)
            if step.action == "close" or started[copy]:
                started[copy] -= step.action == "stop"
                yield step


def _let_take(row: Instance, taking: Collection[str | None]) -> Instance:
    """The machine, cordoned where it drains and has to take copies back."""
    if row.state == "draining" and row.id in taking:
        return row.model_copy(update={"state": "cordoned"})
    return row


def _copy_of(step: TransitionStep) -> SimulatedCopy:
    return SimulatedCopy(
        step.component or "", step.option or 0, step.instance or "", tuple(sorted(step.accelerators or ()))
    )


class _Trial:
    """One run of a transition."""

    def __init__(self, problem: Problem, plan: Plan, transition: Transition, *, each_step: bool) -> None:
        self._problem, self._plan, self._steps, self._each = problem, plan, transition.steps, each_step
        self._fleet = SimulatedFleet(problem, plan, self._steps)
        serving = self._fleet.serving
        self._floors = _Floors(problem, plan, serving, transition.unavailable or {})
        self._before = set(self._rules(serving, UPPER | LOWER | AT_THE_END))
        self._overfull = {where.split(" accelerator ")[0] for rule, where in self._before if rule in FILLING}
        self._full = self._loads(serving)
        self._spread = _Spread(problem, plan, serving, self._fleet.machines.values())
        self._began = self._zones()

    def _zones(self) -> dict[str, Counter[str]]:
        """Copies that serve by zone, of each component."""
        return self._spread.zones(self._fleet.serving, self._fleet.machines.values())

    def _rules(self, copies: Counter[SimulatedCopy], rules: frozenset[str]) -> dict[tuple[str, str], str]:
        found = violations(self._problem, self._fleet.plan_of(copies))
        return {(row.rule, row.where): f"{row.where}: {row.message}" for row in found if row.rule in rules}

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
            return fleet.start(_copy_of(step))
        if step.action == "stop":
            waiting = f"{step.component} stops before the copies of its batch are ready" if fleet.starting else ""
            return fleet.stop(_copy_of(step)) or waiting
        fleet.ready()
        return ""

    def _look(self, step: int, *, ended: bool) -> Iterator[Breach]:
        """Every rule that is broken now and was not before the transition."""
        fleet = self._fleet
        for (rule, where), message in self._rules(fleet.copies(), UPPER).items():
            if (rule, where) not in self._before:
                yield Breach(step, rule, message)
        for (where, rule), load in self._loads(fleet.copies()).items():
            if (rule, where) in self._before and load > self._full[where, rule]:
                yield Breach(step, rule, f"{where} is fuller than it may be, and got fuller than it was")
        rules = LOWER | AT_THE_END if ended else LOWER
        for (rule, where), message in self._rules(fleet.serving, rules).items():
            if (rule, where) not in self._before:
                yield Breach(step, rule, message)
        for rule, message in self._floors.broken(fleet.serving):
            yield Breach(step, rule, message)
        if ended:
            began, self._began = self._began, self._zones()
            for rule, message in self._spread.broken(began, self._began):
                yield Breach(step, rule, message)

    def _at_the_end(self, step: int) -> Iterator[Breach]:
        """What runs is the plan; draining machines that may not be removed are left behind empty."""
        fleet = self._fleet
        wanted = _copies_of(self._plan)
        for copy in (wanted - fleet.serving) + (fleet.serving - wanted):
            yield Breach(step, "end", f"{copy.component} on {copy.instance} is not as the plan has it")
        if fleet.starting:
            yield Breach(step, "end", "copies still start")
        listed = {row.id for row in self._plan.instances}
        left = {row.id for row in fleet.machines.values() if row.state == "draining" and not row.removable}
        for machine in sorted(listed ^ (set(fleet.machines) - (left - listed))):
            yield Breach(step, "end", f"{machine} is not as the plan has it")


_RANK = {"": -1, "go": 0, "wait": 1, "stop": 2, "close": 3}
