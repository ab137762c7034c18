"""The two documents side by side: what stands where by a plan, in whole units, as far as its rows can be read."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from placement.documents import InstanceType, Option, Problem
from placement.documents.plan import Assignment, Plan
from placement.units import MIB_PER_GIB, MILLI, WHOLE_SHARE, micro_dollars, need, room


class CopyNeed(NamedTuple):
    """What one copy takes: memory and share on each accelerator; MiB, thousandths, milli-vCPU."""

    accelerators: int
    memory: int
    share: int
    shared: bool
    vcpus: int
    host: int


class MachineRoom(NamedTuple):
    """What an empty machine offers once what is reserved is off; `memory` is of each accelerator."""

    accelerators: int
    memory: int
    vcpus: int
    host: int


class StandingCopy(NamedTuple):
    """One placed copy, but for its machine; `accelerators` as the plan has them, ascending."""

    component: str
    option: int
    accelerators: tuple[int, ...]


Content = tuple[str, tuple[int, ...]]  # pool of a machine, and the copies on it as indices of `Standing.kinds`


class Standing:
    """What stands where by the plan, as far as its rows can be read. Rows that can't are violations of `_rows`.

    Plans have many copies, but few that differ in more than their machine, and fewer still are the machines that
    differ in more than their name. `kinds` are the copies that differ, `on` has their indices by machine in the order
    of the plan, and `contents` counts machines of one pool that hold the same: what one of them keeps all keep.
    """

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.problem = problem
        self.plan = plan
        self.pools = {row.name: row for row in problem.pools}
        self.components = {row.name: row for row in problem.components}
        self.modes = {row.name: row.modes for row in problem.components}
        self.running = {row.id: row for row in problem.instances}
        self.needs = {name: [copy_need(mode) for mode in modes] for name, modes in self.modes.items()}
        self._room_of = {name: machine_room(problem, row) for name, row in problem.instance_types.items()}
        self.rooms = {row.name: self._room_of[row.instance_type] for row in problem.pools}
        self._usable: dict[str, set[str]] = defaultdict(set)  # by instance type, zones with a pool that may be used
        for row in problem.pools:
            if row.max_instances != 0:
                self._usable[row.instance_type].add(row.zone)
        self._eligible: dict[object, set[str]] = {}

        self.machines = {row.id: row.pool for row in plan.instances if row.pool in self.pools}
        self.used = Counter(self.machines.values())
        self.kinds: list[StandingCopy] = []
        self.on: dict[str, list[int]] = {}
        self.copies = self._read(plan.assignments)
        self.contents: Counter[Content] = Counter(map(self.content, self.on))
        self.by_option: Counter[tuple[str, int]] = Counter()
        self.zones: dict[str, Counter[str]] = defaultdict(Counter)
        self.by_pool: dict[str, Counter[str]] = defaultdict(Counter)
        self.fullest: Counter[str] = Counter()  # the most copies of a component on one machine
        for (pool, held), machines in self.contents.items():
            for kind in held:
                copy = self.kinds[kind]
                self.by_option[copy.component, copy.option] += machines
                self.zones[copy.component][self.pools[pool].zone] += machines
                self.by_pool[copy.component][pool] += machines
            for component, count in Counter(self.kinds[kind].component for kind in held).items():
                self.fullest[component] = max(self.fullest[component], count)
        self._placed = {name: zones.total() for name, zones in self.zones.items()}

    def _read(self, rows: Iterable[Assignment]) -> int:
        """Note the copies by machine; returns how many rows can be read."""
        machines, on = self.machines, self.on
        index: dict[tuple[str, int, tuple[int, ...]], int | None] = {}
        count = 0
        for row in rows:
            key = (row.component, row.option, tuple(row.accelerators))
            kind = index.get(key, -1)
            if kind == -1:
                kind = index[key] = self._kind(*key)
            machine = row.instance
            if kind is None or machine not in machines:
                continue
            count += 1
            if machine in on:
                on[machine].append(kind)
            else:
                on[machine] = [kind]
        return count

    def _kind(self, component: str, option: int, accelerators: tuple[int, ...]) -> int | None:
        """The index of a copy that was not seen before; None when it names no component, or none of its options."""
        if not self.can_read(component, option):
            return None
        self.kinds.append(StandingCopy(component, option, tuple(sorted(accelerators))))
        return len(self.kinds) - 1

    def can_read(self, component: str, option: int) -> bool:
        """Whether there is such a component with such an option."""
        return component in self.components and option < len(self.modes[component])

    def content(self, machine: str) -> Content:
        """Pool and copies of a machine of the plan."""
        return self.machines[machine], tuple(self.on[machine])

    def standing(self, machine: str) -> list[StandingCopy]:
        """The copies on a machine, in the order of the plan."""
        return [self.kinds[kind] for kind in self.on.get(machine, ())]

    def need(self, copy: StandingCopy) -> CopyNeed:
        return self.needs[copy.component][copy.option]

    def placed(self, name: str) -> int:
        """Copies of the component that the plan places."""
        return self._placed.get(name, 0)

    def paid(self, pool: str) -> int:
        """Machines of the pool that are paid for: those of the plan, or as many as `min_instances` asks for."""
        return max(self.used[pool], self.pools[pool].min_instances)

    def price(self, pool: str) -> int:
        """Micro-dollars per hour of one machine of the pool."""
        return micro_dollars(self.problem.price_of(self.pools[pool]))

    def allows(self, mode: Option, instance_type: str) -> bool:
        """Whether the option's allow-lists admit the instance type and its accelerator."""
        accelerator = self.problem.instance_types[instance_type].accelerator
        by_accelerator = mode.on is None or accelerator in mode.on
        return by_accelerator and (mode.instance_types is None or instance_type in mode.instance_types)

    def eligible_zones(self, name: str) -> set[str]:
        """Allowed zones with a pool that may be used and whose empty machine holds one copy by some option.

        Components with the same lists and needs are looked at once.
        """
        allowed, modes, needs = self.components[name].zones, self.modes[name], self.needs[name]
        key = allowed, *((mode.on, mode.instance_types, takes) for mode, takes in zip(modes, needs, strict=True))
        if key not in self._eligible:
            zones: set[str] = set()
            for kind, usable in self._usable.items():
                has = self._room_of[kind]
                if any(self.allows(mode, kind) and _fits(takes, has) for mode, takes in zip(modes, needs, strict=True)):
                    zones |= usable
            self._eligible[key] = zones if allowed is None else zones & set(allowed)
        return self._eligible[key]


def copy_need(mode: Option) -> CopyNeed:
    """What one copy takes by an option, rounded up."""
    return CopyNeed(
        accelerators=mode.accelerators,
        memory=need(mode.accelerator_memory_gib, MIB_PER_GIB),
        share=need(mode.accelerator_share, WHOLE_SHARE),
        shared=mode.shared,
        vcpus=need(mode.vcpus, MILLI),
        host=need(mode.memory_gib, MIB_PER_GIB),
    )


def machine_room(problem: Problem, row: InstanceType) -> MachineRoom:
    """What a machine of a type offers, rounded down, what is reserved taken off."""
    memory = 0
    if row.accelerator is not None:
        memory = room(problem.accelerators[row.accelerator].memory_gib, MIB_PER_GIB)
        memory -= need(row.reserved.accelerator_memory_gib, MIB_PER_GIB)
    return MachineRoom(
        accelerators=row.accelerator_count,
        memory=memory,
        vcpus=room(row.vcpus, MILLI) - need(row.reserved.vcpus, MILLI),
        host=room(row.memory_gib, MIB_PER_GIB) - need(row.reserved.memory_gib, MIB_PER_GIB),
    )


def _fits(takes: CopyNeed, has: MachineRoom) -> bool:
    """Whether an empty machine holds one copy, allow-lists aside."""
    memory = takes.accelerators == 0 or takes.memory <= has.memory
    return memory and takes.accelerators <= has.accelerators and takes.vcpus <= has.vcpus and takes.host <= has.host
