"""Whether new copies have room beside what they replace, which goes on until they run.

By what the problem counts: parts of accelerators, vCPUs and memory of each machine, and what keeps copies apart there.
Copies that are held to a node or its accelerators look for room there, others on any machine of the plan in their pool.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set

from placement.documents import Component, InstanceType, Option, Plan, Problem
from placement.grouping import grouped
from placement.integrations.notes import Notes
from placement.integrations.variants import PlanVariant, avoided
from placement.referee.standing import machine_room
from placement.units import MIB_PER_GIB, MILLI, listed, need

_PARTS = 1_000_000  # of an accelerator
Amounts = tuple[int, int, int]  # parts of accelerators, mCPU, MiB


def tied(problem: Problem, names: Iterable[str], short: Mapping[str, Set[str]]) -> list[list[str]]:
    """These components in groups of those that wait for places of each other, in order; `short` is a `shortage`."""
    group = {name: [name] for name in names}
    held: dict[str, set[str]] = defaultdict(set)
    for row in problem.placements:
        held[row.instance].add(row.component)
    for machine, waiting in short.items():
        here = [name for name in group if name in waiting or name in held[machine]]
        merged = list(dict.fromkeys(name for one in here for name in group[one]))
        for name in merged:
            group[name] = merged
    return [names for name, names in group.items() if names[0] == name]


def shortage(problem: Problem, plan: Plan, added: Sequence[PlanVariant], ended: Set[str]) -> dict[str, set[str]]:
    """By machine where one more copy may find no room, the components of which some may have to wait for it.

    All that runs stays, but for that of the components `ended`.
    `added`: variants of the plan, with the copies that start beside what runs.
    By first fit, the largest first: where that fails the scheduler may do so too. O(added copies x machines of a pool).
    """
    places = _Places(problem, plan, ended)
    by_size = sorted(added, key=places.asked, reverse=True)
    for group in sorted(by_size, key=lambda row: not row.machine):  # what is held to a node looks first
        places.take(group)
    waiting: dict[str, set[str]] = {}
    for group in (row for row in added if row.copies):
        for machine in places.of(group):
            if machine in places.short:
                waiting.setdefault(machine, set()).add(group.component.name)
    return waiting


def cordoned(problem: Problem) -> set[str]:
    """Machines that take no new copies."""
    return {row.id for row in problem.instances if row.state != "active"}


def tell_cordoned(problem: Problem, plan: Plan, added: Sequence[PlanVariant], notes: Notes) -> None:
    """A note on components with copies that are to start where machines take none."""
    closed = cordoned(problem)
    places = _Places(problem, plan, frozenset())
    found: dict[str, set[str]] = defaultdict(set)
    for group in (row for row in added if row.copies and not places.of(row)):
        there = [group.machine] if group.machine else [row.id for row in plan.instances if row.pool == group.pool.name]
        found[group.component.name] |= {*there} & closed
    if found:
        nodes = listed(sorted({name for names in found.values() for name in names}))
        told = f"the plan keeps copies on {nodes}, cordoned: no new pod starts there"
        way = "old ones go on; uncordon first, or leave out what stays (--changed)"
        notes.inexact(f"{'component' if len(found) == 1 else 'components'} {listed([*found])}", f"{told}, so {way}")


class _Places:
    """Machines with what is free on them, and with the components that stand there, as copies are put."""

    def __init__(self, problem: Problem, plan: Plan, ended: Set[str]) -> None:
        self.problem = problem
        self.short: set[str] = set()
        self._pool_of = {row.id: row.pool for row in problem.instances} | {row.id: row.pool for row in plan.instances}
        self._kinds = {row.name: problem.instance_types[row.instance_type] for row in problem.pools}
        self._zones = {row.name: row.zone for row in problem.pools}
        empty = {pool: room_of(problem, kind) for pool, kind in self._kinds.items()}
        self._free: dict[str, Amounts] = {name: empty[pool] for name, pool in self._pool_of.items()}
        self._held: dict[str, Counter[str]] = defaultdict(Counter)  # by machine
        self._in_zone: Counter[tuple[str, str]] = Counter()  # by component and zone
        self._apart = avoided(problem)
        self._used: Counter[tuple[str, int]] = Counter()  # parts of each accelerator, as far as it is known who has it
        self._cordoned = cordoned(problem)
        self._in_pool = grouped((row.pool, row.id) for row in plan.instances if row.id not in self._cordoned)
        components = {row.name: row for row in problem.components}
        for copy in (row for row in problem.placements if row.component not in ended):
            component, told = components[copy.component], copy.option
            mode = next(row for k, row in enumerate(component.modes) if told in (k, row.name))
            self._put(copy.instance, component, mode, copy.accelerators or ())

    def of(self, group: PlanVariant) -> Sequence[str]:
        """Where the copies of a group may start."""
        if group.machine:
            return [] if group.machine in self._cordoned else [group.machine]
        return self._in_pool[group.pool.name]

    def asked(self, group: PlanVariant) -> Amounts:
        return asked_on(group.mode, self._kinds[group.pool.name], self.problem)

    def take(self, group: PlanVariant) -> None:
        """Put the copies where they find room; where one does not, all of its machines are short."""
        copies = group.copies
        for here in self.of(group):  # one that is full for a copy stays so for the next one
            while copies and self._fits(here, group):
                self._put(here, group.component, group.mode, group.accelerators or ())
                copies -= 1
        if copies:
            self.short |= {*self.of(group)}

    def _put(self, machine: str, component: Component, mode: Option, accelerators: Sequence[int]) -> None:
        pool = self._pool_of[machine]
        for accelerator in accelerators:
            self._used[machine, accelerator] += _parts_of_one(mode, self._kinds[pool], self.problem)
        self._free[machine] = _less(self._free[machine], asked_on(mode, self._kinds[pool], self.problem))
        self._held[machine][component.name] += 1
        self._in_zone[component.name, self._zones[pool]] += 1

    def _fits(self, machine: str, group: PlanVariant) -> bool:
        """By room, and by what keeps copies apart: an old copy counts as one of the plan."""
        component, spread = group.component, group.component.spread
        held, in_zone = self._held[machine], self._in_zone[component.name, self._zones[self._pool_of[machine]]]
        if spread.max_per_instance and held[component.name] >= spread.max_per_instance:
            return False
        if spread.max_per_zone and in_zone >= spread.max_per_zone:
            return False
        parts = _parts_of_one(group.mode, self._kinds[group.pool.name], self.problem)
        if any(self._used[machine, accelerator] + parts > _PARTS for accelerator in group.accelerators or ()):
            return False
        others = {name for name, copies in held.items() if copies and name != component.name}
        if others & self._apart[component.name] or (others and component.dedicated):
            return False
        return all(a <= f for a, f in zip(self.asked(group), self._free[machine], strict=True))


def room_of(problem: Problem, kind: InstanceType) -> Amounts:
    """What an empty machine of a type has."""
    has = machine_room(problem, kind)
    return has.accelerators * _PARTS, has.vcpus, has.host


def _less(held: Amounts, asked: Amounts) -> Amounts:
    return held[0] - asked[0], held[1] - asked[1], held[2] - asked[2]


def _parts_of_one(mode: Option, kind: InstanceType, problem: Problem) -> int:
    """What a copy takes of each of its accelerators: of one that it shares the larger part of memory and share."""
    if not mode.shared or not kind.accelerator:
        return _PARTS
    memory = problem.accelerators[kind.accelerator].memory_gib
    part = need(mode.accelerator_memory_gib / memory, _PARTS) if memory else 0
    return max(part, need(mode.accelerator_share, _PARTS))


def asked_on(mode: Option, kind: InstanceType, problem: Problem) -> Amounts:
    parts = mode.accelerators * _parts_of_one(mode, kind, problem)
    return parts, need(mode.vcpus, MILLI), need(mode.memory_gib, MIB_PER_GIB)
