"""What a plan does, counted from its rows: by machine, by component, in all. For plans that keep every rule."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from placement.fleet import compile_fleet
from placement.units import WHOLE_SHARE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from placement.fleet import Fleet, Option
    from placement.plan import Assignment, Plan, PlanInstance
    from placement.problem import Component, Problem


class Amount(NamedTuple):
    """How much is used of how much there is, in the unit of the resource."""

    used: int
    room: int

    def plus(self, other: Amount) -> Amount:
        """Both together."""
        return Amount(self.used + other.used, self.room + other.room)


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


class Kind(NamedTuple):
    """Copies of one component by one option; `option` is its name, empty when the component has only one."""

    component: str
    option: str

    def __str__(self) -> str:
        """``xgen-30b/tp2``."""
        return f"{self.component}/{self.option}" if self.option else self.component


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """One machine of a plan. Price in micro-dollars per hour, vCPUs in thousandths, host memory in MiB."""

    id: str
    pool: str
    type: str
    zone: str
    price: int
    state: str  # new, active or cordoned
    devices: tuple[Device, ...]
    copies: tuple[tuple[Kind, int], ...]
    vcpus: Amount
    host: Amount


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
    """A whole plan. Accelerators count those touched; memory is what copies need of what machines offer."""

    fleet: Fleet
    machines: tuple[MachineFacts, ...]
    components: tuple[ComponentFacts, ...]
    price: int
    accelerators: Amount
    memory: Amount
    vcpus: Amount
    host: Amount


def gather(problem: Problem, plan: Plan) -> PlanFacts:
    """Count a plan that keeps every rule of the problem. O(copies x accelerators per copy + machines)."""
    fleet = compile_fleet(problem)
    on: dict[str, list[Assignment]] = defaultdict(list)
    for row in plan.assignments:
        on[row.instance].append(row)
    names = _Names(
        pools={pool.name: pool.index for pool in fleet.pools},
        components={component.name: component.index for component in fleet.components},
        states={instance.id: instance.state for instance in problem.instances},
        kinds=[_kinds(row) for row in problem.components],
    )
    rows = sorted(plan.instances, key=lambda row: names.pools[row.pool])  # stable: within a pool as the plan has them
    machines = tuple(_machine(fleet, names, row, on[row.id]) for row in rows)
    return PlanFacts(
        fleet=fleet,
        machines=machines,
        components=_components(problem, fleet, plan, machines),
        price=sum(machine.price for machine in machines),
        accelerators=Amount(
            sum(device.copies > 0 for machine in machines for device in machine.devices),
            sum(len(machine.devices) for machine in machines),
        ),
        memory=_sum(device.memory for machine in machines for device in machine.devices),
        vcpus=_sum(machine.vcpus for machine in machines),
        host=_sum(machine.host for machine in machines),
    )


class _Names(NamedTuple):
    """Where the rows of a problem stand, by name; running machines by id with their state; kinds by option."""

    pools: dict[str, int]
    components: dict[str, int]
    states: dict[str, str]
    kinds: list[list[Kind]]


def _sum(amounts: Iterable[Amount]) -> Amount:
    total = Amount(0, 0)
    for amount in amounts:
        total = total.plus(amount)
    return total


def _machine(fleet: Fleet, names: _Names, row: PlanInstance, rows: list[Assignment]) -> MachineFacts:
    pool = fleet.pools[names.pools[row.pool]]
    shape = pool.shape
    options = [fleet.components[names.components[copy.component]].options[copy.option] for copy in rows]
    on: list[list[Option]] = [[] for _ in range(shape.accelerators)]
    for copy, option in zip(rows, options, strict=True):
        for k in copy.accelerators:
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
    copies = Counter(names.kinds[names.components[copy.component]][copy.option] for copy in rows)
    return MachineFacts(
        id=row.id,
        pool=row.pool,
        type=fleet.problem.pools[pool.index].instance_type,
        zone=fleet.zones[pool.zone],
        price=pool.price,
        state=names.states.get(row.id, "new"),
        devices=tuple(devices),
        copies=tuple(copies.items()),
        vcpus=Amount(sum(option.vcpus for option in options), shape.vcpus),
        host=Amount(sum(option.host_mib for option in options), shape.host_mib),
    )


def _kinds(component: Component) -> list[Kind]:
    ways = component.ways
    if len(ways) == 1:
        return [Kind(component.name, "")]
    return [Kind(component.name, way.name or str(o)) for o, way in enumerate(ways)]


def _components(
    problem: Problem, fleet: Fleet, plan: Plan, machines: tuple[MachineFacts, ...]
) -> tuple[ComponentFacts, ...]:
    options: dict[str, Counter[str]] = defaultdict(Counter)
    zones: dict[str, Counter[str]] = defaultdict(Counter)
    on: Counter[str] = Counter()
    for machine in machines:
        for kind, copies in machine.copies:
            options[kind.component][kind.option] += copies
            zones[kind.component][machine.zone] += copies
        on.update({kind.component for kind, _ in machine.copies})
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
