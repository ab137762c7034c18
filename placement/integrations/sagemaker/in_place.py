"""Whether the platform fits what a plan changes beside what runs, which stays on the machines that it is on.

Those machines are not told. So several states are tried, in which each reading of the rules would have put the copies
and the one that the import reconstructed; copies that go are those of the fullest machines, or of the emptiest; and
each reading of the rules places those that come. Then all is left to lots a few times. A new configuration is a new
fleet, on which all copies are placed anew, in an order that nobody tells: as they were made, and the largest first.

A component that gets another specification is updated in steps: new copies are placed before as many old ones go.

How many machines the platform may add while copies change is up to the range that is in force then: that which runs,
unless a new configuration comes before.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from placement.integrations.sagemaker.packing import (
    IN_ANY_ORDER,
    READINGS,
    Amounts,
    Demand,
    Fit,
    Machines,
    PackedMachine,
    Reading,
    Strategy,
    by_lot,
    empty_machines,
    fits_in_any_order,
    must_part,
    place_copy,
    too_many,
)
from placement.integrations.sagemaker.rolling import batch_of

_LOTS = 6  # scenarios by lot
_SETS = 4  # of machines that go by lot


@dataclass(frozen=True, slots=True)
class Respecified:
    """A component that gets another specification: its copies by the old one and by the new.

    `first`: before copies are added, as it takes no more; else once others are gone.
    """

    old: Demand
    new: Demand
    first: bool


@dataclass(frozen=True, slots=True)
class VariantChange:
    """What a plan changes of a variant that runs.

    `now`: machines that run.
    `after`: those of the plan; where the platform manages their number, as they are now.
    `added`: what a machine is that the platform adds where a copy finds no room; None: it adds none.
    `spare`: how many of those it may add while copies change.
    `present`: copies of each component that run, in the order in which they were made.
    `wanted`: copies of each component by the plan, in the order of the calls.
    `placed`: for each machine that runs the copies of each component, as they were reconstructed.
    `unknown`: components whose policy of placement is not told.
    `respecified`: components that get another specification, in the order of the calls; `present` has their old needs.
    `before`: machines of the new configuration that comes before copies change; None: none does.
    `renewed_last`: whether `after` are new machines, of a configuration that comes once copies have changed.
    `spare_last`: how many machines the platform may add to those.
    """

    now: Machines
    after: Machines
    added: tuple[str, Amounts] | None
    spare: int
    present: Sequence[Demand]
    wanted: Sequence[Demand]
    placed: Sequence[Mapping[str, int]]
    unknown: frozenset[str]
    respecified: Sequence[Respecified] = ()
    before: Machines | None = None
    renewed_last: bool = False
    spare_last: int = 0

    @property
    def numbered(self) -> list[Demand]:
        """What is wanted while copies are added and taken away: by the old needs of those that are updated later."""
        old = {each.old.component: each.old for each in self.respecified if not each.first}
        return [replace(old.get(each.component, each), copies=each.copies) for each in self.wanted]

    @property
    def anew(self) -> bool:
        """Whether all machines are new ones at some time, by a new configuration."""
        return self.before is not None or self.renewed_last

    @property
    def grows(self) -> bool:
        """Whether machines of the plan are added to those that run."""
        return not self.anew and len(self.after) >= len(self.now)

    @property
    def during(self) -> Machines:
        """The machines while copies change, without those that the platform may add."""
        return self.before if self.before is not None else self.after if self.grows else self.now


@dataclass(frozen=True, slots=True)
class InPlace:
    """How surely a change fits; whether copies must go before others come; how many machines are added at most."""

    fit: Fit
    needs_room: bool
    used: int


def fit_in_place(change: VariantChange) -> InPlace:
    """How surely the platform carries out a change, by all scenarios.

    O(scenarios x copies x machines); there are up to 60 scenarios.
    """
    apart = must_part(change.wanted)
    if apart:
        return InPlace(Fit("no", apart), _room_is_needed(change), 0)
    lasts, at_once = _proved(change)
    if lasts and at_once:
        return InPlace(IN_ANY_ORDER, False, 0)
    needs_room = _room_is_needed(change)
    if lasts and needs_room and change.before is None and not change.respecified:
        return InPlace(IN_ANY_ORDER, True, 0)
    used, played = 0, 0
    for scenario in _scenarios(change):
        problem, more = scenario.play(down_first=needs_room)
        used, played = max(used, more), played + 1
        if problem:
            return InPlace(Fit("no", f"{problem} (read as: {scenario.name})"), needs_room, used)
    return InPlace(Fit("simulated", f"fits beside what runs, in each of {played} scenarios"), needs_room, used)


def _proved(change: VariantChange) -> tuple[bool, bool]:
    """Whether in any order all copies fit that are to stay, and those beside them that go only then."""
    machines = (*(change.now if change.before is None else change.before), *change.after)
    kinds = {kind for kind, _ in machines} | ({change.added[0]} if change.added is not None else set())
    if len(kinds) > 1 or any(demand.most_per_machine is not None for demand in change.wanted):
        return False, False
    most = [_at_most(change, each) for each in change.wanted]
    at_once = fits_in_any_order(change.during, most)
    at_once = at_once and all(_step_fits(change.during, most, each) for each in change.respecified)
    lasts = all(fits_in_any_order(each, change.wanted) for each in (change.during, change.after))
    return lasts, at_once


def _at_most(change: VariantChange, demand: Demand) -> Demand:
    """The most copies of a component, and the most that each takes, at any moment."""
    old = next((each.old for each in change.respecified if each.old.component == demand.component), demand)
    needs = {kind: Amounts(*map(max, need, old.needs.get(kind, need))) for kind, need in demand.needs.items()}
    return replace(demand, needs=needs, copies=max(demand.copies, _copies(change.present, demand.component)))


def _step_fits(machines: Machines, most: Sequence[Demand], change: Respecified) -> bool:
    """Whether in any order each step of an update fits beside the most of all others."""
    (own,) = (each for each in most if each.component == change.new.component)
    others = [each for each in most if each is not own]
    batch = batch_of(own.copies)
    return all(
        fits_in_any_order(
            machines,
            [
                *others,
                replace(change.old, copies=own.copies - done),
                replace(change.new, copies=min(own.copies, done + batch)),
            ],
        )
        for done in range(0, own.copies, batch)
    )


def _room_is_needed(change: VariantChange) -> bool:
    """Whether copies that come may find no room before others go."""
    return any(scenario.play(down_first=False)[0] for scenario in _scenarios(change)) and any(
        now.copies > _copies(change.wanted, now.component) for now in change.present
    )


def _copies(demands: Sequence[Demand], component: str) -> int:
    return sum(demand.copies for demand in demands if demand.component == component)


def _scenarios(change: VariantChange) -> Iterator[_Scenario]:
    """All that is tried; states that a reading can't have led to are left out."""
    policies: tuple[Strategy | None, ...] = ("SPREAD", "BINPACK") if change.unknown else (None,)
    crowded = any(demand.most_per_machine is not None for demand in change.wanted)
    for policy in policies:
        known = _with_policy(change, policy)
        for name, reading in READINGS.items():
            read = _filled(known.now, known.present, reading)
            starts = [read] if read is not None else []
            if not starts or not crowded:  # where copies are counted, a guess that packs them says nothing
                starts.append(_as_placed(known))
            for start, fullest, largest in product(starts, (True, False), (True, False) if change.anew else (False,)):
                yield _Scenario(known, name, reading, start, fullest, largest)
        for lot in range(_LOTS):
            reading = by_lot(lot, anywhere=bool(change.unknown) and lot % 2 == 0)
            read = _filled(known.now, known.present, reading)
            if read is not None:
                yield _Scenario(
                    known, "by lot among equals", reading, read, bool(lot % 2), change.anew and lot % 3 == 0
                )


def _with_policy(change: VariantChange, policy: Strategy | None) -> VariantChange:
    if policy is None:
        return change
    present, wanted = (
        [replace(each, strategy=policy) if each.component in change.unknown else each for each in demands]
        for demands in (change.present, change.wanted)
    )
    return replace(change, present=present, wanted=wanted)


def _filled(machines: Machines, demands: Sequence[Demand], reading: Reading) -> list[PackedMachine] | None:
    """Machines with copies placed in order by a reading; None where one finds no room."""
    state = empty_machines(machines)
    placed = all(place_copy(state, demand, reading) for demand in demands for _ in range(demand.copies))
    return state if placed else None


def _as_placed(change: VariantChange) -> list[PackedMachine]:
    state = empty_machines(change.now)
    of = {demand.component: demand for demand in change.present}
    for machine, copies in zip(state, change.placed, strict=True):
        for component, count in copies.items():
            for _ in range(count):
                if machine.kind in of[component].needs:
                    machine.take(of[component])
    return state


@dataclass(frozen=True, slots=True)
class _Scenario:
    """One course of things."""

    change: VariantChange
    name: str
    reading: Reading
    start: Sequence[PackedMachine]
    fullest: bool  # copies that go are of the fullest machines
    largest: bool  # a new fleet gets the largest copies first

    def play(self, *, down_first: bool) -> tuple[str, int]:
        """The first that goes wrong in words, else empty; and how many spare machines were added."""
        fleet = _Fleet(copy.deepcopy(list(self.start)), self.change, self.reading)
        problem = ""
        if self.change.before is not None:
            problem = fleet.renew(self.change.before, self._ordered(self.change.present))
        elif self.change.grows:
            fleet.grow(self.change.after)
        problem = problem or self._respecify(fleet, first=True)
        for down in (True, False) if down_first else (False, True):
            fleet.release()
            problem = problem or self._change(fleet, down=down)
        problem = problem or self._respecify(fleet, first=False)
        if problem:
            return problem, fleet.used
        if self.change.renewed_last:
            fleet.spare, fleet.used = self.change.spare_last, 0
            problem = fleet.renew(self.change.after, self._ordered(self.change.wanted))
        elif not self.change.anew and not self.change.grows:
            problem = fleet.shrink(len(self.change.now) - len(self.change.after), self.change.wanted)
        crowded = next((words for each in self.change.wanted if (words := too_many(fleet.state, each))), "")
        return problem or crowded, fleet.used

    def _change(self, fleet: _Fleet, *, down: bool) -> str:
        """Copies that go, or those that come."""
        for demand in self.change.numbered:
            now = _copies(self.change.present, demand.component)
            if down:
                fleet.remove(demand, now - demand.copies, fullest=self.fullest)
                continue
            for number in range(now + 1, demand.copies + 1):
                if not fleet.place(demand):
                    return f"copy {number} of {demand.copies} of {demand.component} finds no machine with room"
        return ""

    def _respecify(self, fleet: _Fleet, *, first: bool) -> str:
        """Components that get another specification, before copies are added or once others are gone."""
        changes = [each for each in self.change.respecified if each.first == first]
        return next((words for each in changes if (words := fleet.update(each, fullest=self.fullest))), "")

    def _ordered(self, demands: Sequence[Demand]) -> list[Demand]:
        if not self.largest:
            order = [demand.component for demand in self.change.present]
            return sorted(
                demands, key=lambda each: order.index(each.component) if each.component in order else len(order)
            )
        return sorted(demands, key=lambda each: max(each.needs.values(), default=(0, 0, 0)), reverse=True)


class _Fleet:
    """Machines while things change."""

    def __init__(self, state: list[PackedMachine], change: VariantChange, reading: Reading) -> None:
        self.state = state
        self.change = change
        self.reading = reading
        self.spare = change.spare
        self.used = 0

    def place(self, demand: Demand) -> bool:
        """One more copy, on a machine that the platform adds where no other has room."""
        if place_copy(self.state, demand, self.reading):
            return True
        if not self.spare or self.change.added is None:
            return False
        (more,) = empty_machines([self.change.added])
        if not more.has_room(demand):
            return False
        more.index = max((machine.index for machine in self.state), default=-1) + 1
        more.take(demand)
        self.state.append(more)
        self.spare -= 1
        self.used += 1
        return True

    def release(self) -> None:
        """Machines of other types without a copy are given back, in place of which the platform may add one again."""
        added = self.change.added
        if added is not None:
            idle = [machine for machine in self.state if machine.kind != added[0] and not machine.holds.total()]
            self.state = [machine for machine in self.state if machine not in idle]
            self.spare += len(idle)

    def remove(self, demand: Demand, copies: int, *, fullest: bool) -> None:
        """Take copies away, of the machines that hold most of all copies, or fewest."""
        for _ in range(copies):
            holders = [machine for machine in self.state if machine.holds[demand.component]]
            if not holders:
                return
            chosen = (max if fullest else min)(holders, key=lambda machine: machine.holds.total())
            chosen.give_back(demand)

    def update(self, change: Respecified, *, fullest: bool) -> str:
        """Copies by another specification in the place of all that run, new ones first in each step."""
        name = change.old.component
        new = replace(change.new, component=f"{name} anew")  # counted apart until all are there
        left = sum(machine.holds[name] for machine in self.state)
        batch = batch_of(left)
        while left:
            step = min(batch, left)
            if not all(self.place(new) for _ in range(step)):
                return f"a step of the update of {name} finds no room for {step} more beside those that run"
            self.remove(change.old, step, fullest=fullest)
            left -= step
        for machine in self.state:
            machine.holds[name] += machine.holds.pop(new.component, 0)
        return ""

    def grow(self, after: Machines) -> None:
        left = list(after)
        for machine in self.state:
            kinds = [kind for kind, _ in left]
            if machine.kind in kinds:
                del left[kinds.index(machine.kind)]
        start = len(self.state)
        self.state += [replace(machine, index=start + machine.index) for machine in empty_machines(left)]

    def renew(self, machines: Machines, demands: Sequence[Demand]) -> str:
        """A new fleet, on which all copies are placed anew."""
        self.state = empty_machines(machines)
        return self._again([(demand, demand.copies) for demand in demands], "on new machines")

    def shrink(self, count: int, demands: Sequence[Demand]) -> str:
        """Machines go, and their copies are placed anew: the fullest, the emptiest, each type, and sets by lot."""
        ordered = sorted(self.state, key=lambda machine: machine.holds.total())
        rng = random.Random(len(ordered))
        choices = [ordered[:count], ordered[-count:], *(rng.sample(ordered, count) for _ in range(_SETS))]
        kinds = dict.fromkeys(machine.kind for machine in ordered)
        choices += [sorted(ordered, key=lambda each: each.kind != kind)[:count] for kind in kinds]
        for gone in choices:
            kept = [copy.deepcopy(each) for each in self.state if each not in gone]
            left = _Fleet(kept, replace(self.change, spare=0), self.reading)
            rows = [(each, sum(machine.holds[each.component] for machine in gone)) for each in demands]
            rng.shuffle(rows)
            problem = left._again(rows, f"once {count} of {len(self.state)} machines {'goes' if count == 1 else 'go'}")
            if problem:
                return problem
        return ""

    def _again(self, rows: Sequence[tuple[Demand, int]], when: str) -> str:
        for demand, copies in rows:
            for _ in range(copies):
                if not self.place(demand):
                    return f"a copy of {demand.component} finds no machine with room {when}"
        return ""
