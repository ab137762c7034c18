"""What a plan does, counted from its rows: by machine, by component, in all. For plans that keep every rule."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, Self, TypeVar

from placement.compiled.fleet import Fleet, FleetOption, compile_fleet
from placement.documents import Component, Problem
from placement.documents.plan import Assignment, Plan
from placement.grouping import grouped
from placement.units import WHOLE_SHARE


class Amount(NamedTuple):
    """How much is used of how much there is, in the unit of the resource."""

    used: int
    room: int


@dataclass(frozen=True, slots=True, order=True)
class Device:
    """One accelerator: the copies on it, whether one owns it alone, memory in MiB, share in thousandths."""

    copies: int
    owned: bool
    memory: Amount
    share: int

    @property
    def fill(self) -> float:
        """How full it is, 0 to 1: wholly when owned, else by memory or share, whichever is scarcer."""
        if self.owned:
            return 1.0
        by_memory = self.memory.used / self.memory.room if self.memory.room else float(self.copies > 0)
        return max(by_memory, self.share / WHOLE_SHARE)


class ComponentOption(NamedTuple):
    """Copies of one component by one option; `option` is its name, empty when the component has only one."""

    component: str
    option: str

    def __str__(self) -> str:
        """``xgen-30b/tp2``."""
        return f"{self.component}/{self.option}" if self.option else self.component


class PlacedCopy(NamedTuple):
    """One copy where it stands: its accelerators, and the option that it runs by."""

    kind: ComponentOption
    accelerators: tuple[int, ...]
    option: FleetOption


@dataclass(frozen=True, slots=True, eq=False)
class MachineLoad:
    """What a machine of a pool holds. Price in micro-dollars per hour, vCPUs in thousandths, host memory in MiB.

    Machines of a pool that hold the same copies, in the order of the plan, share one. `copies` counts those that
    `standing` has one by one.
    """

    pool: str
    type: str
    zone: str
    price: int
    devices: tuple[Device, ...]
    copies: tuple[tuple[ComponentOption, int], ...]
    standing: tuple[PlacedCopy, ...]
    vcpus: Amount
    host: Amount


class MachineTotals(NamedTuple):
    """Machines together: how many, the copies on them, their price, and how much of each resource is used.

    Accelerators count those touched. `shares` are thousandths, all of an accelerator that is owned; `with_shares` tells
    whether any copy asks for some.
    """

    machines: int
    copies: int
    price: int
    accelerators: Amount
    memory: Amount
    shares: int
    with_shares: bool
    vcpus: Amount
    host: Amount

    @classmethod
    def of(cls, loads: Sequence[tuple[MachineLoad, int]]) -> Self:
        """Of so many machines of each content."""
        devices = [(device, number) for load, number in loads for device in load.devices]
        return cls(
            machines=sum(number for _, number in loads),
            copies=sum(number * len(load.standing) for load, number in loads),
            price=sum(number * load.price for load, number in loads),
            accelerators=total((Amount(int(device.copies > 0), 1), number) for device, number in devices),
            memory=total((device.memory, number) for device, number in devices),
            shares=sum(number * (WHOLE_SHARE if device.owned else device.share) for device, number in devices),
            with_shares=any(device.share for device, _ in devices),
            vcpus=total((load.vcpus, number) for load, number in loads),
            host=total((load.host, number) for load, number in loads),
        )


K = TypeVar("K", bound=Hashable)


def totals_by(loads: Mapping[MachineLoad, int], key: Callable[[MachineLoad], K]) -> dict[K, MachineTotals]:
    """The totals of machines for which the key is the same, in the order in which they first come."""
    groups = grouped((key(load), (load, number)) for load, number in loads.items())
    return {name: MachineTotals.of(group) for name, group in groups.items()}


class MachineFacts(NamedTuple):
    """One machine of a plan, and what it holds; `state` is new, active or cordoned."""

    id: str
    state: str
    load: MachineLoad


def alike(machines: Iterable[MachineFacts]) -> list[list[MachineFacts]]:
    """Machines of one pool and state with the same copies and the same fill, in order of first appearance."""
    groups: dict[object, list[MachineFacts]] = defaultdict(list)
    keys: dict[MachineLoad, object] = {}
    known: dict[object, int] = {}
    for machine in machines:
        load = machine.load
        if load not in keys:
            key = (load.pool, tuple(sorted(load.copies)), tuple(sorted(load.devices)))
            keys[load] = known.setdefault(key, len(known))
        groups[keys[load], machine.state].append(machine)
    return list(groups.values())


@dataclass(frozen=True, slots=True)
class ComponentFacts:
    """One component of a plan; `wanted` is None with a demand. `options` and `zones` count copies."""

    name: str
    placed: int
    wanted: int | None
    options: dict[str, int]
    zones: dict[str, int]
    machines: int
    running: int
    reason: str


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """A whole plan.

    `loads` counts the machines that share one, `whole` has the totals of all. `price` is what is paid on top of
    commitments, that of `whole` the sum of the machines' prices; micro-dollars per hour. `paid` (P,) are the machines
    paid for by pool.
    """

    fleet: Fleet
    machines: tuple[MachineFacts, ...]
    loads: Counter[MachineLoad]
    components: tuple[ComponentFacts, ...]
    price: int
    paid: tuple[int, ...]
    whole: MachineTotals

    @property
    def list_price(self) -> int:
        """The sum of the machines' prices, micro-dollars per hour."""
        return self.whole.price


def gather(problem: Problem, plan: Plan, fleet: Fleet | None = None) -> PlanFacts:
    """Count a plan that keeps every rule of the problem; `fleet` is the problem compiled, where that is at hand.

    O(copies + machines), and the accelerators of each copy on machines that hold something else than those before.
    """
    fleet = compile_fleet(problem) if fleet is None else fleet
    on = _contents(plan.assignments)
    pools = {pool.name: pool.index for pool in fleet.pools}
    states = {instance.id: instance.state for instance in problem.instances}
    rows = sorted(plan.instances, key=lambda row: pools[row.pool])  # stable: within a pool as the plan has them
    load_of = _loads(problem, fleet)
    machines = tuple(
        MachineFacts(row.id, states.get(row.id, "new"), load_of(pools[row.pool], tuple(on.get(row.id, ()))))
        for row in rows
    )
    loads = Counter(machine.load for machine in machines)
    used = Counter(pools[row.pool] for row in rows)
    paid = tuple(max(used[pool.index], pool.min_instances) for pool in fleet.pools)
    whole = MachineTotals.of(list(loads.items()))
    return PlanFacts(
        fleet=fleet,
        machines=machines,
        loads=loads,
        components=_components(problem, fleet, plan, loads),
        price=fleet.rent(paid) if fleet.commitments else whole.price,
        paid=paid,
        whole=whole,
    )


_Copy = tuple[str, int, tuple[int, ...]]  # component, option, accelerators


def _contents(rows: Iterable[Assignment]) -> dict[str, list[_Copy]]:
    """The copies by machine. Equal ones are one object, so that contents are compared at once."""
    known: dict[_Copy, _Copy] = {}
    on: dict[str, list[_Copy]] = defaultdict(list)
    for row in rows:
        copy = (row.component, row.option, row.accelerators)
        on[row.instance].append(known.setdefault(copy, copy))
    return on


def total(amounts: Iterable[tuple[Amount, int]]) -> Amount:
    """So many times each of them, together."""
    used = room = 0
    for amount, times in amounts:
        used += times * amount.used
        room += times * amount.room
    return Amount(used, room)


def _loads(problem: Problem, fleet: Fleet) -> Callable[[int, tuple[_Copy, ...]], MachineLoad]:
    """What gives the load of a machine of a pool with some copies, one for all that hold the same."""
    components = {component.name: component.index for component in fleet.components}
    kinds = [_kinds(row) for row in problem.components]

    @cache
    def load_of(p: int, copies: tuple[_Copy, ...]) -> MachineLoad:
        pool, shape = fleet.pools[p], fleet.pools[p].shape
        named = [(components[component], option) for component, option, _ in copies]
        options = [fleet.components[c].options[o] for c, o in named]
        on: list[list[FleetOption]] = [[] for _ in range(shape.accelerators)]
        for (_, _, accelerators), option in zip(copies, options, strict=True):
            for k in accelerators:
                on[k].append(option)
        devices = [
            Device(
                copies=len(here),
                owned=any(not option.shared for option in here),
                memory=Amount(sum(option.memory_mib for option in here), shape.memory_mib),
                share=sum(option.share for option in here),
            )
            for here in on
        ]
        return MachineLoad(
            pool=pool.name,
            type=fleet.problem.pools[p].instance_type,
            zone=fleet.zones[pool.zone],
            price=pool.price,
            devices=tuple(devices),
            copies=tuple(Counter(kinds[c][o] for c, o in named).items()),
            standing=tuple(
                PlacedCopy(kinds[c][o], accelerators, option)
                for (c, o), (_, _, accelerators), option in zip(named, copies, options, strict=True)
            ),
            vcpus=Amount(sum(option.vcpus for option in options), shape.vcpus),
            host=Amount(sum(option.host_mib for option in options), shape.host_mib),
        )

    return load_of


def _kinds(component: Component) -> list[ComponentOption]:
    modes = component.modes
    if len(modes) == 1:
        return [ComponentOption(component.name, "")]
    return [ComponentOption(component.name, mode.name or str(o)) for o, mode in enumerate(modes)]


def _components(problem: Problem, fleet: Fleet, plan: Plan, loads: Counter[MachineLoad]) -> tuple[ComponentFacts, ...]:
    options: dict[str, Counter[str]] = defaultdict(Counter)
    zones: dict[str, Counter[str]] = defaultdict(Counter)
    on: Counter[str] = Counter()
    for load, machines in loads.items():
        for kind, copies in load.copies:
            options[kind.component][kind.option] += copies * machines
            zones[kind.component][load.zone] += copies * machines
        for component in {kind.component for kind, _ in load.copies}:
            on[component] += machines
    reasons = {row.component: row.reason for row in plan.unplaced}
    return tuple(
        ComponentFacts(
            name=row.name,
            placed=zones[row.name].total(),
            wanted=row.copies,
            options=dict(options[row.name]),
            zones=dict(sorted(zones[row.name].items())),
            machines=on[row.name],
            running=fleet.running[c],
            reason=reasons.get(row.name, ""),
        )
        for c, row in enumerate(problem.components)
    )
