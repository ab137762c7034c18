"""The referee inside: which rules a plan breaks and what it costs, from the two documents alone.

Nobody marks their own work. This module shares no line with the compiled fleet, its packings or any solver, and no
solver imports it: the planner asks it about every plan before a user sees one, and `placement verify` about anyone's.

A plan is also held to its word. Where the format leaves a choice, the stricter reading is taken: the architecture page
lists what is refused here and accepted by the second opinion that ships with the file format.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, NamedTuple

from placement import arguments
from placement.documents import Problem
from placement.documents.plan import Plan
from placement.documents.references import GROUP
from placement.units import MIB_PER_GIB, MICRO, MILLI, WHOLE_SHARE, dollars, exact, horizon, micro_dollars, need, room

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sized

    from placement.documents import Commitment, Component, Instance, InstanceType, Option, Placement, Pool
    from placement.documents.plan import Assignment, PlanInstance

Rule = Literal[
    # the rows of a plan refer to what there is
    "unique-instance", "known-pool", "known-instance", "instance-pool",
    "known-component", "listed-instance", "known-option",
    # where one copy may stand
    "allowed-type", "allowed-zone", "accelerator-set", "accelerator-range",
    # what stands on one machine
    "vcpus", "host-memory", "accelerator-owner", "accelerator-memory", "accelerator-share",
    "max-per-instance", "dedicated", "avoid",
    # how many copies, and how they are spread
    "copies", "min-copies", "demand", "max-skew", "min-zones", "max-per-zone",
    "zone-loss", "pool-loss", "instance-loss",
    # pools, and the machines and copies that run now
    "max-instances", "limit", "draining", "not-removable", "cordoned", "pinned", "max-moves",
    # what a plan says of itself
    "claimed-problem", "claimed-status", "claimed-price", "claimed-cost", "claimed-moves", "claimed-bound",
    "claimed-gap", "claimed-optimal", "claimed-unplaced", "claimed-left-out",
]  # fmt: skip

PROBLEM_RULE = 'a Problem: make one by Problem(**document) or read("FILE")'
PLAN_RULE = 'a Plan: make one by Plan(**document) or read_plan("FILE")'

_CLAIM_TOLERANCE = 1e-5  # of money relative, at least of one dollar: plans carry dollars, we count micro-dollars
_PROVED_GAP = Fraction(1, 10**9)  # relative; the gap at which the format calls a plan optimal
_DEMAND_TOLERANCE = Fraction(1, 10**9)  # relative, at least of one unit


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: its stable name, where it is broken, and a sentence with both figures."""

    rule: Rule
    where: str
    message: str

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.where}: {self.message} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the documents say of a plan, whatever the plan says of itself.

    Attributes
    ----------
    violations : every broken rule; empty for a plan that may be carried out as it is.
    price_per_hour : micro-dollars per hour of all machines that are paid for, less what commitments pay.
    moves : copies that run now and run on, but not where they are.
    cost : micro-dollars: the price over the horizon, rounded half to even, plus the moves.
    left_out : copies left out by priority; only priorities that leave any out. Components with a demand leave none out.
    copies : placed copies.
    instances : machines that the plan lists.
    """

    violations: tuple[Violation, ...]
    price_per_hour: int
    moves: int
    cost: int
    left_out: dict[int, int]
    copies: int
    instances: int

    @property
    def ok(self) -> bool:
        """Whether every rule is kept and what the plan says of itself is true."""
        return not self.violations


def verify(problem: Problem, plan: Plan) -> Verdict:
    """Every rule the plan breaks, and its price, moves and cost, from the documents alone.

    A plan that says `infeasible` or `unknown` and places nothing has no rows to check, only its words.

    Returns
    -------
    Verdict
        Money in micro-dollars. Figures are those of the rows that can be read: a row on a machine or of a component
        that does not exist is a violation and counts nowhere.

    Raises
    ------
    UsageError
        One of the two is not the document but something else, such as a dictionary.

    Notes
    -----
    O(copies + components x pools x options), and for each machine that holds something else than those before, the
    accelerators of its copies and the square of the number of components on it. Integers and fractions only, but for
    the tolerance on what the plan says of itself.

    Examples
    --------
    >>> from placement.documents.plan import Plan
    >>> from placement.documents import Problem
    >>> problem = Problem(
    ...     instance_types={"c7i.xlarge": {"vcpus": 4, "memory_gib": 8, "price_per_hour": 0.18}},
    ...     pools=[{"name": "cpu", "instance_type": "c7i.xlarge", "zone": "a"}],
    ...     components=[{"name": "router", "copies": 2, "accelerators": 0, "vcpus": 3}],
    ... )
    >>> plan = Plan(
    ...     instances=[{"id": "cpu/new-1", "pool": "cpu"}],
    ...     assignments=[{"component": "router", "instance": "cpu/new-1"}] * 2,
    ... )
    >>> verdict = verify(problem, plan)
    >>> print(*verdict.violations)
    cpu/new-1: needs 6000 milli-vCPU, has 4000 [vcpus]
    >>> verdict.cost
    180000
    """
    arguments.instance("problem", problem, Problem, PROBLEM_RULE)
    arguments.instance("plan", plan, Plan, PLAN_RULE)
    if _places_nothing(plan):
        told = (*_name_claim(problem, plan), *_no_plan_claims(problem, plan))
        return Verdict(told, price_per_hour=0, moves=0, cost=0, left_out={}, copies=0, instances=0)
    stand = _Standing(problem, plan)
    price, moves = _price(stand), _moves(stand)
    total = round(price * horizon(problem.objective.horizon_hours)) + _move_cost(problem, moves)
    moved = sum(moves.values())
    left_out = _by_priority(stand)
    told = (
        *_name_claim(problem, plan),
        *_status_claims(plan, total, left_out),
        *_figure_claims(plan, price, moved, total),
        *_left_out_claims(stand, left_out),
    )
    return Verdict(
        violations=(*_broken(stand), *told),
        price_per_hour=price,
        moves=moved,
        cost=total,
        left_out=left_out,
        copies=stand.copies,
        instances=len(stand.machines),
    )


def violations(problem: Problem, plan: Plan) -> tuple[Violation, ...]:
    """Every rule the plan breaks; see `verify`."""
    return verify(problem, plan).violations


def cost(problem: Problem, plan: Plan) -> int:
    """Cost of the plan's rows, micro-dollars; see `verify`."""
    return verify(problem, plan).cost


def _says_none(plan: Plan) -> bool:
    """Whether the plan says that there is none. One that leaves its status out says nothing of it."""
    return "status" in plan.model_fields_set and plan.status in ("infeasible", "unknown")


def _places_nothing(plan: Plan) -> bool:
    """Whether the plan is the news that there is none, rather than rows to check."""
    return _says_none(plan) and not plan.assignments


# --- The two documents side by side


class _Need(NamedTuple):
    """What one copy takes: memory and share on each accelerator; MiB, thousandths, milli-vCPU."""

    accelerators: int
    memory: int
    share: int
    shared: bool
    vcpus: int
    host: int


class _Room(NamedTuple):
    """What an empty machine offers once what is reserved is off; `memory` is of each accelerator."""

    accelerators: int
    memory: int
    vcpus: int
    host: int


class _Copy(NamedTuple):
    """One placed copy, but for its machine; `accelerators` as the plan has them, ascending."""

    component: str
    option: int
    accelerators: tuple[int, ...]


_Content = tuple[str, tuple[int, ...]]  # pool of a machine, and the copies on it as indices of `_Standing.kinds`


class _Standing:
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
        self.needs = {name: [_need(mode) for mode in modes] for name, modes in self.modes.items()}
        self._room_of = {name: _room(problem, row) for name, row in problem.instance_types.items()}
        self.rooms = {row.name: self._room_of[row.instance_type] for row in problem.pools}
        self._usable: dict[str, set[str]] = defaultdict(set)  # by instance type, zones with a pool that may be used
        for row in problem.pools:
            if row.max_instances != 0:
                self._usable[row.instance_type].add(row.zone)
        self._eligible: dict[object, set[str]] = {}

        self.machines = {row.id: row.pool for row in plan.instances if row.pool in self.pools}
        self.used = Counter(self.machines.values())
        self.kinds: list[_Copy] = []
        self.on: dict[str, list[int]] = {}
        self.copies = self._read(plan.assignments)
        self.contents: Counter[_Content] = Counter(map(self.content, self.on))
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
        self.kinds.append(_Copy(component, option, tuple(sorted(accelerators))))
        return len(self.kinds) - 1

    def can_read(self, component: str, option: int) -> bool:
        """Whether there is such a component with such an option."""
        return component in self.components and option < len(self.modes[component])

    def content(self, machine: str) -> _Content:
        """Pool and copies of a machine of the plan."""
        return self.machines[machine], tuple(self.on[machine])

    def standing(self, machine: str) -> list[_Copy]:
        """The copies on a machine, in the order of the plan."""
        return [self.kinds[kind] for kind in self.on.get(machine, ())]

    def need(self, copy: _Copy) -> _Need:
        """What a placed copy takes."""
        return self.needs[copy.component][copy.option]

    def placed(self, name: str) -> int:
        """Copies of the component that the plan places."""
        return self._placed.get(name, 0)

    def paid(self, pool: str) -> int:
        """Machines of the pool that are paid for: those of the plan, or as many as `min_instances` asks for."""
        return max(self.used[pool], self.pools[pool].min_instances)

    def price(self, pool: str) -> int:
        """Micro-dollars per hour of one machine of the pool."""
        row = self.pools[pool]
        own = row.price_per_hour
        return micro_dollars(self.problem.instance_types[row.instance_type].price_per_hour if own is None else own)

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


def _need(mode: Option) -> _Need:
    return _Need(
        accelerators=mode.accelerators,
        memory=need(mode.accelerator_memory_gib, MIB_PER_GIB),
        share=need(mode.accelerator_share, WHOLE_SHARE),
        shared=mode.shared,
        vcpus=need(mode.vcpus, MILLI),
        host=need(mode.memory_gib, MIB_PER_GIB),
    )


def _room(problem: Problem, row: InstanceType) -> _Room:
    memory = 0
    if row.accelerator is not None:
        memory = room(problem.accelerators[row.accelerator].memory_gib, MIB_PER_GIB)
        memory -= need(row.reserved.accelerator_memory_gib, MIB_PER_GIB)
    return _Room(
        accelerators=row.accelerator_count,
        memory=memory,
        vcpus=room(row.vcpus, MILLI) - need(row.reserved.vcpus, MILLI),
        host=room(row.memory_gib, MIB_PER_GIB) - need(row.reserved.memory_gib, MIB_PER_GIB),
    )


def _fits(takes: _Need, has: _Room) -> bool:
    """Whether an empty machine holds one copy, allow-lists aside."""
    memory = takes.accelerators == 0 or takes.memory <= has.memory
    return memory and takes.accelerators <= has.accelerators and takes.vcpus <= has.vcpus and takes.host <= has.host


# --- Rules, one function a family


def _broken(stand: _Standing) -> Iterator[Violation]:
    """Every broken rule: rows first, then copies, machines, components, pools and what runs now."""
    yield from _instance_rows(stand)
    yield from _assignment_rows(stand)
    yield from _copies_at_their_places(stand)
    yield from _machines(stand)
    for component in stand.components.values():
        yield from _how_many(stand, component)
        yield from _spread(stand, component)
        yield from _losses(stand, component)
    yield from _quotas(stand)
    yield from _limits(stand)
    now = _by_instance(stand.problem.placements)
    for instance in stand.running.values():
        yield from _running_machine(stand, instance, now.get(instance.id, []))
    yield from _pinned(stand)
    yield from _most_moves(stand)


def _instance_rows(stand: _Standing) -> Iterator[Violation]:
    """Every machine of the plan is of a pool there is, stands once, and is what it says: new, or one that runs now."""
    seen: set[str] = set()
    for row in stand.plan.instances:
        if row.id in seen:
            yield Violation("unique-instance", row.id, "is listed twice in the plan's instances")
        seen.add(row.id)
        if row.pool not in stand.pools:
            yield Violation("known-pool", row.id, f'is of pool "{row.pool}", which the problem does not have')
        else:
            yield from _identity(row, stand.running.get(row.id))


def _identity(row: PlanInstance, running: Instance | None) -> Iterator[Violation]:
    if running is None:
        if not row.new:
            yield Violation("known-instance", row.id, "is said to run now, but the problem has no such instance")
        return
    if row.new and "new" in row.model_fields_set:
        yield Violation("known-instance", row.id, "is said to be new, but the problem has it among its instances")
    if running.pool != row.pool:
        yield Violation("instance-pool", row.id, f"runs in pool {running.pool}, but the plan says {row.pool}")


def _assignment_rows(stand: _Standing) -> Iterator[Violation]:
    """Every copy is of a component and an option there are, on a machine that the plan lists."""
    if stand.copies == len(stand.plan.assignments):
        return
    for index, row in enumerate(stand.plan.assignments):
        where = f"assignments[{index}]"
        if row.component not in stand.components:
            yield Violation("known-component", where, f'component "{row.component}" is not in the problem')
            continue
        if row.instance not in stand.machines:
            yield Violation("listed-instance", where, f'instance "{row.instance}" is not in the plan\'s instances')
        options = len(stand.modes[row.component])
        if row.option >= options:
            message = f"option {row.option} of {row.component}, which has {options}, numbered from 0"
            yield Violation("known-option", where, message)


def _copies_at_their_places(stand: _Standing) -> Iterator[Violation]:
    """What each copy must keep by itself, whatever else stands there; in the order of the plan."""
    places = dict.fromkeys((pool, kind) for pool, held in stand.contents for kind in held)
    if not any(_where_it_stands(stand, "", pool, stand.kinds[kind]) for pool, kind in places):
        return
    for row in stand.plan.assignments:
        if row.instance in stand.machines and stand.can_read(row.component, row.option):
            copy = _Copy(row.component, row.option, tuple(sorted(row.accelerators)))
            yield from _where_it_stands(stand, row.instance, stand.machines[row.instance], copy)


def _where_it_stands(stand: _Standing, machine: str, pool: str, copy: _Copy) -> list[Violation]:
    return [*_where_allowed(stand, machine, stand.pools[pool], copy), *_accelerators_named(stand, machine, pool, copy)]


def _where_allowed(stand: _Standing, machine: str, pool: Pool, copy: _Copy) -> Iterator[Violation]:
    """A copy stands on a type that its option allows, in a zone that its component allows."""
    where = f"{copy.component} on {machine}"
    if not stand.allows(stand.modes[copy.component][copy.option], pool.instance_type):
        accelerator = stand.problem.instance_types[pool.instance_type].accelerator or "no accelerator"
        message = f"option {copy.option} may not run on {pool.instance_type} ({accelerator})"
        yield Violation("allowed-type", where, message)
    allowed = stand.components[copy.component].zones
    if allowed is not None and pool.zone not in allowed:
        yield Violation("allowed-zone", where, f"stands in zone {pool.zone}, allowed: {', '.join(allowed) or 'none'}")


def _accelerators_named(stand: _Standing, machine: str, pool: str, copy: _Copy) -> Iterator[Violation]:
    """A copy names as many distinct accelerators as its option takes, all of them on its machine."""
    where, named = f"{copy.component} on {machine}", list(copy.accelerators)
    wanted, there = stand.need(copy).accelerators, stand.rooms[pool].accelerators
    if len(named) != wanted or len(set(named)) != wanted:
        yield Violation("accelerator-set", where, f"needs {wanted} distinct accelerators, has {named}")
    if named and named[-1] >= there:
        yield Violation("accelerator-range", where, f"the machine has {there} accelerators from 0, the copy {named}")


def _machines(stand: _Standing) -> Iterator[Violation]:
    """What the copies of each machine must keep together. Alike machines that hold the same are looked at once."""
    sizes = {(stand.rooms[pool], held) for pool, held in stand.contents}
    broken = {size for size in sizes if _on_one_machine(stand, "", *size)}
    for machine in stand.on if broken else ():
        pool, held = stand.content(machine)
        if (stand.rooms[pool], held) in broken:
            yield from _on_one_machine(stand, machine, stand.rooms[pool], held)


def _on_one_machine(stand: _Standing, machine: str, has: _Room, held: tuple[int, ...]) -> list[Violation]:
    copies = [stand.kinds[kind] for kind in held]
    return [
        *_host_room(stand, machine, has, copies),
        *_accelerator_room(stand, machine, has, copies),
        *_company(stand, machine, copies),
    ]


def _host_room(stand: _Standing, machine: str, has: _Room, copies: list[_Copy]) -> Iterator[Violation]:
    """vCPUs and host memory of a machine hold what its copies need."""
    vcpus = sum(stand.need(copy).vcpus for copy in copies)
    host = sum(stand.need(copy).host for copy in copies)
    if vcpus > has.vcpus:
        yield Violation("vcpus", machine, f"needs {vcpus} milli-vCPU, has {has.vcpus}")
    if host > has.host:
        yield Violation("host-memory", machine, f"needs {host} MiB of host memory, has {has.host}")


def _accelerator_room(stand: _Standing, machine: str, has: _Room, copies: list[_Copy]) -> Iterator[Violation]:
    """An accelerator holds one copy that owns it, or shared ones within its memory and one whole share."""
    users: dict[int, list[_Need]] = defaultdict(list)
    for copy in copies:
        for accelerator in copy.accelerators:
            users[accelerator].append(stand.need(copy))
    for accelerator, needs in sorted(users.items()):
        where = f"{machine} accelerator {accelerator}"
        owners = sum(not takes.shared for takes in needs)
        if owners and len(needs) > 1:
            message = f"holds {len(needs)} copies, {owners} of which must own it alone"
            yield Violation("accelerator-owner", where, message)
        memory = sum(takes.memory for takes in needs)
        if memory > has.memory:
            yield Violation("accelerator-memory", where, f"needs {memory} MiB, has {has.memory}")
        share = sum(takes.share for takes in needs)
        if share > WHOLE_SHARE:
            yield Violation("accelerator-share", where, f"shares sum to {share} thousandths, at most {WHOLE_SHARE}")


def _company(stand: _Standing, machine: str, copies: list[_Copy]) -> Iterator[Violation]:
    """Who may stand on one machine: caps per instance, dedicated components, and those that avoid each other."""
    here = Counter(copy.component for copy in copies)
    for name, count in here.items():
        component = stand.components[name]
        most = component.spread.max_per_instance
        if most is not None and count > most:
            yield Violation("max-per-instance", machine, f"holds {count} copies of {name}, at most {most}")
        if component.dedicated and len(here) > 1:
            yield Violation("dedicated", machine, f"{name} is dedicated, but {len(here)} components stand here")
        for other in here:
            if other != name and _avoids(component, stand.components[other]):
                yield Violation("avoid", machine, f"{name} avoids {other}, but both stand here")


def _avoids(component: Component, other: Component) -> bool:
    """Whether the component's own list names the other, or a group it is in."""
    return any(
        entry.removeprefix(GROUP) in other.groups if entry.startswith(GROUP) else entry == other.name
        for entry in component.avoid
    )


def _how_many(stand: _Standing, component: Component) -> Iterator[Violation]:
    """At most `copies`, at least those required, and the demand served within a hair."""
    name, placed = component.name, stand.placed(component.name)
    if component.copies is not None and placed > component.copies:
        yield Violation("copies", name, f"{placed} copies placed, {component.copies} wanted")
    if placed < component.required_copies:
        yield Violation("min-copies", name, f"{placed} copies placed, at least {component.required_copies} required")
    if component.demand is not None:
        demand, served = exact(component.demand), _served(stand, component)
        if served + _DEMAND_TOLERANCE * max(Fraction(1), demand) < demand:
            yield Violation("demand", name, f"serves {float(served):.12g}, demand is {component.demand:.12g}")


def _served(stand: _Standing, component: Component) -> Fraction:
    """Sum of the throughput of a component's placed copies, exact in the decimals of the document."""
    name = component.name
    modes = enumerate(stand.modes[name])
    return sum((exact(mode.throughput or 0) * stand.by_option[name, option] for option, mode in modes), Fraction(0))


def _spread(stand: _Standing, component: Component) -> Iterator[Violation]:
    """Copies of a component over zones: skew over the eligible ones, number of zones, cap per zone."""
    name, spread, zones = component.name, component.spread, stand.zones[component.name]
    placed = zones.total()
    if placed and spread.max_skew is not None:
        # A zone that is not eligible yet holds a copy counts too: a plan can't hide skew in a forbidden zone.
        fewest = min(zones.values()) if stand.eligible_zones(name) <= zones.keys() else 0
        skew = max(zones.values()) - fewest
        if skew > spread.max_skew:
            message = f"zones differ by {skew} copies, at most {spread.max_skew}{_listed(zones)}"
            yield Violation("max-skew", name, message)
    least = min(spread.min_zones or 0, placed)
    used = sum(count > 0 for count in zones.values())
    if used < least:
        yield Violation("min-zones", name, f"stands in {used} zones, at least {least}{_listed(zones)}")
    for zone, count in sorted(zones.items()):
        if spread.max_per_zone is not None and count > spread.max_per_zone:
            yield Violation("max-per-zone", name, f"{count} copies in zone {zone}, at most {spread.max_per_zone}")


def _losses(stand: _Standing, component: Component) -> Iterator[Violation]:
    """Whichever zone, pool or machine is lost, enough copies stand elsewhere.

    A component that needs no copy may also have none.
    """
    name = component.name
    placed, zones, pools = stand.placed(name), stand.zones[name], stand.by_pool[name]
    lost: tuple[tuple[Rule, str, int, int, str], ...] = (
        ("zone-loss", "zone", component.min_available_on_zone_loss, max(zones.values(), default=0), _listed(zones)),
        ("pool-loss", "pool", component.min_available_on_pool_loss, max(pools.values(), default=0), _listed(pools)),
        ("instance-loss", "instance", component.min_available_on_instance_loss, stand.fullest[name], ""),
    )
    for rule, what, least, most, listed in lost:
        if (placed or component.required_copies) and placed - most < least:
            message = f"losing its fullest {what} leaves {placed - most} copies, at least {least} wanted{listed}"
            yield Violation(rule, name, message)


def _listed(counts: Counter[str]) -> str:
    return f" ({', '.join(f'{name}: {count}' for name, count in sorted(counts.items()))})" if counts else ""


def _quotas(stand: _Standing) -> Iterator[Violation]:
    """No pool lends more machines than its `max_instances`, new ones and running ones together."""
    used = stand.used
    for name, pool in stand.pools.items():
        if pool.max_instances is not None and used[name] > pool.max_instances:
            yield Violation("max-instances", f"pool {name}", f"{used[name]} instances, at most {pool.max_instances}")


def _limits(stand: _Standing) -> Iterator[Violation]:
    """The machines paid for in the pools of a limit are within it, `min_instances` included, commitments aside."""
    for limit in stand.problem.limits:
        pools = [(stand.paid(name), stand.price(name), _type_of(stand, name)) for name in limit.pools]
        counted: tuple[tuple[str, float | None, int, int], ...] = (
            ("max_instances", limit.max_instances, sum(n for n, _, _ in pools), 1),
            ("max_accelerators", limit.max_accelerators, sum(n * t.accelerator_count for n, _, t in pools), 1),
            ("max_vcpus", limit.max_vcpus, sum(n * room(t.vcpus, MILLI) for n, _, t in pools), MILLI),
            ("max_price_per_hour", limit.max_price_per_hour, sum(n * price for n, price, _ in pools), MICRO),
        )
        for key, most, found, scale in counted:
            if most is not None and found > round(most * scale):
                message = f"{key} is {found / scale:.12g}, at most {most:.12g}"
                yield Violation("limit", f"limit {limit.name}", message)


def _type_of(stand: _Standing, pool: str) -> InstanceType:
    return stand.problem.instance_types[stand.pools[pool].instance_type]


def _by_instance(placements: Iterable[Placement]) -> dict[str, list[Placement]]:
    """The copies that run now, by machine."""
    found: dict[str, list[Placement]] = defaultdict(list)
    for row in placements:
        found[row.instance].append(row)
    return found


def _running_machine(stand: _Standing, instance: Instance, rows: list[Placement]) -> Iterator[Violation]:
    """A draining machine is left, one that is not removable stays, a cordoned one takes nothing new.

    `rows` are the copies that run there now.
    """
    listed = instance.id in stand.machines
    if instance.state == "draining":
        if listed:
            yield Violation("draining", instance.id, "is draining, but the plan uses it")
        return
    if not instance.removable and not listed:
        yield Violation("not-removable", instance.id, "can't be removed, but the plan does not list it")
    if instance.state == "cordoned":
        now = Counter(row.component for row in rows)
        planned = Counter(copy.component for copy in stand.standing(instance.id))
        for name, count in planned.items():
            if count > now[name]:
                message = f"is cordoned and runs {now[name]} copies of {name} now, but the plan puts {count} there"
                yield Violation("cordoned", instance.id, message)


def _pinned(stand: _Standing) -> Iterator[Violation]:
    """Each pinned row keeps a copy of its own: at its accelerators when known, else anywhere on its instance."""
    rows = [row for row in stand.problem.placements if row.pinned]
    there = _there(stand, rows)
    exactly = Counter(place for row in rows if (place := _known_place(stand, row)) is not None)
    for place, wanted in exactly.items():
        if there[place] < wanted:
            component, option, instance, accelerators = place
            where, on = f"{component} on {instance}", list(accelerators)
            message = f"{wanted} pinned at accelerators {on} by option {option}, {there[place]} planned there"
            yield Violation("pinned", where, message)
    told = _without_accelerators(exactly - there)  # those missing there are missing here again
    anywhere = _without_accelerators(there)
    for (component, option, instance), wanted in Counter(_loose_place(stand, row) for row in rows).items():
        count = anywhere[component, option, instance]
        if wanted - count > told[component, option, instance]:
            message = f"{wanted} pinned by option {option}, {count} planned there"
            yield Violation("pinned", f"{component} on {instance}", message)


# --- Price, moves and copies left out

_Place = tuple[str, int, str, tuple[int, ...]]  # component, option, instance, accelerators ascending
_LoosePlace = tuple[str, int, str]  # the same, but for accelerators


def _price(stand: _Standing) -> int:
    """Micro-dollars per hour: every machine the plan lists, and what `min_instances` adds, less what is committed."""
    total = sum(stand.paid(name) * stand.price(name) for name in stand.pools)
    return total - sum(_committed(stand, commitment) for commitment in stand.problem.commitments)


def _committed(stand: _Standing, commitment: Commitment) -> int:
    """Micro-dollars per hour that a commitment pays of a plan's machines: the dearest N, or up to its own amount."""
    paid = {name: stand.paid(name) for name in commitment.pools}
    if commitment.price_per_hour is not None:
        rent = sum(count * stand.price(name) for name, count in paid.items())
        return min(rent, micro_dollars(commitment.price_per_hour))
    left, total = commitment.instances or 0, 0
    for name in sorted(paid, key=stand.price, reverse=True):
        free = min(left, paid[name])
        left, total = left - free, total + free * stand.price(name)
    return total


def _moves(stand: _Standing) -> dict[str, int]:
    """Moved copies by component: of those that run now and will run, the ones that are not kept."""
    now = Counter(row.component for row in stand.problem.placements)
    kept = _kept(stand)
    return {name: max(0, min(now[name], stand.placed(name)) - kept[name]) for name in stand.components}


def _most_moves(stand: _Standing) -> Iterator[Violation]:
    """All components together move at most `max_moves` copies."""
    most, moved = stand.problem.objective.max_moves, sum(_moves(stand).values())
    if most is not None and moved > most:
        yield Violation("max-moves", "plan", f"moves {moved} copies, at most {most}")


def _kept(stand: _Standing) -> Counter[str]:
    """Kept copies by component: matched at known accelerators first, then unknown ones with what is left there."""
    rows = stand.problem.placements
    there = _there(stand, rows)
    exactly = Counter(place for row in rows if (place := _known_place(stand, row)) is not None) & there
    kept: Counter[str] = Counter()
    for (component, *_), count in exactly.items():
        kept[component] += count
    unknown = Counter(_loose_place(stand, row) for row in rows if row.accelerators is None)
    if unknown:
        left = _without_accelerators(there) - _without_accelerators(exactly)
        for (component, _, _), count in (unknown & left).items():
            kept[component] += count
    return kept


def _there(stand: _Standing, rows: Iterable[Placement]) -> Counter[_Place]:
    """The planned copies on machines of some copies that run now."""
    return Counter(
        (copy.component, copy.option, machine, copy.accelerators)
        for machine in dict.fromkeys(row.instance for row in rows)
        for copy in stand.standing(machine)
    )


def _known_place(stand: _Standing, row: Placement) -> _Place | None:
    """The running copy as a planned one would stand there; None when its accelerators are unknown."""
    if row.accelerators is None:
        return None
    return (*_loose_place(stand, row), tuple(sorted(row.accelerators)))


def _loose_place(stand: _Standing, row: Placement) -> _LoosePlace:
    option = row.option
    if isinstance(option, str):
        option = [mode.name for mode in stand.modes[row.component]].index(option)
    return row.component, option, row.instance


def _without_accelerators(places: Counter[_Place]) -> Counter[_LoosePlace]:
    found: Counter[_LoosePlace] = Counter()
    for (component, option, instance, _), count in places.items():
        found[component, option, instance] += count
    return found


def _move_cost(problem: Problem, moves: dict[str, int]) -> int:
    """Micro-dollars for the moves, each component at its own price or the objective's."""
    common = problem.objective.move_cost
    each = {row.name: micro_dollars(common if row.move_cost is None else row.move_cost) for row in problem.components}
    return sum(each[name] * count for name, count in moves.items())


def _left_out(stand: _Standing) -> dict[str, int]:
    """Wanted copies that are not placed, by component; only components that lack some."""
    wanted = ((name, component.copies or 0) for name, component in stand.components.items())
    return {name: copies - stand.placed(name) for name, copies in wanted if copies > stand.placed(name)}


def _by_priority(stand: _Standing) -> dict[int, int]:
    """Wanted copies that are not placed, by priority, highest first."""
    found: Counter[int] = Counter()
    for name, copies in _left_out(stand).items():
        found[stand.components[name].priority] += copies
    return dict(sorted(found.items(), reverse=True))


# --- What a plan says of itself


def _name_claim(problem: Problem, plan: Plan) -> Iterator[Violation]:
    """A plan that names its problem names this one."""
    if "problem" in plan.model_fields_set and plan.problem != problem.name:
        here = f'"{problem.name}"' if problem.name else "one without a name"
        yield Violation("claimed-problem", "plan", f'is a plan of the problem "{plan.problem}", this is {here}')


def _no_plan_claims(problem: Problem, plan: Plan) -> Iterator[Violation]:
    """The news that there is no plan comes without one; and it is not true where placing nothing keeps every rule."""
    figures = ("price_per_hour", "cost", "moves", "gap")
    said = [f"{key} {getattr(plan, key):.12g}" for key in figures if getattr(plan, key) is not None]
    said += [f"{len(rows)} rows of {key}" for key, rows in _rows_beside(plan).items() if rows]
    if said:
        message = f"called {plan.status}, so there is no plan to speak of, yet it gives {', '.join(said)}"
        yield Violation("claimed-status", "plan", message)
    if plan.status == "infeasible" and not any(_broken(_Standing(problem, _nothing(problem)))):
        message = "called infeasible, but a plan that places 0 copies keeps every rule"
        yield Violation("claimed-status", "plan", message)
    yield from _stop_claim(plan)


def _rows_beside(plan: Plan) -> dict[str, Sized]:
    return {"instances": plan.instances, "unplaced": plan.unplaced}


def _nothing(problem: Problem) -> Plan:
    """The plan that places nothing, on the machines that can't be left."""
    stays = [row for row in problem.instances if not row.removable and row.state != "draining"]
    return Plan(instances=[{"id": row.id, "pool": row.pool, "new": False} for row in stays])


def _stop_claim(plan: Plan) -> Iterator[Violation]:
    """A search that ended with a proof says what is proven."""
    if plan.stop == "proved" and "status" in plan.model_fields_set and plan.status in ("feasible", "unknown"):
        yield Violation("claimed-status", "plan", f'its stop is "proved", yet its status is {plan.status}')


def _status_claims(plan: Plan, total: int, left_out: dict[int, int]) -> Iterator[Violation]:
    """A plan that places copies is a plan, and an optimal one meets its bounds on both levels of the objective."""
    if _says_none(plan):
        yield Violation("claimed-status", "plan", f"called {plan.status}, yet it places {len(plan.assignments)} copies")
    yield from _stop_claim(plan)
    if plan.status != "optimal":
        return
    bound = plan.lower_bound
    # In whole micro-dollars, as costs are: a bound's binary fraction of dollars must not cost a proof.
    if bound is None or total - round(Fraction(bound) * MICRO) > _PROVED_GAP * total:
        shown = "none" if bound is None else f"{bound:.12g}"
        message = f"called optimal, but the lower bound is {shown} and the cost {dollars(total):.12g}"
        yield Violation("claimed-optimal", "plan", message)
    proven = _proven(plan)
    for priority, copies in left_out.items():
        least = proven.get(priority, 0)
        if least < copies:
            message = f"called optimal, but leaves out {copies} copies of priority {priority} where {least} is proven"
            yield Violation("claimed-optimal", "plan", message)


def _figure_claims(plan: Plan, price: int, moves: int, total: int) -> Iterator[Violation]:
    """Price, cost and moves are what was counted, a bound is not above the cost, and the gap is that of the two."""
    money: tuple[tuple[Rule, str, float | None, int], ...] = (
        ("claimed-price", "price_per_hour", plan.price_per_hour, price),
        ("claimed-cost", "cost", plan.cost, total),
    )
    for rule, key, said, counted in money:
        if said is not None and abs(said - dollars(counted)) > _slack(counted):
            yield Violation(rule, "plan", f"says {key} {said:.12g}, counted {dollars(counted):.12g}")
    if plan.moves is not None and plan.moves != moves:
        yield Violation("claimed-moves", "plan", f"says {plan.moves} moves, counted {moves}")
    bound = plan.lower_bound
    if bound is not None and bound > dollars(total) + _slack(total):
        yield Violation("claimed-bound", "plan", f"lower bound {bound:.12g} is above the cost {dollars(total):.12g}")
    if plan.gap is not None:
        yield from _gap_claim(plan.gap, bound, total)


def _gap_claim(said: float, bound: float | None, total: int) -> Iterator[Violation]:
    """The gap is (cost - bound) / cost, 0 when the cost is 0, and none without a bound."""
    if bound is None:
        yield Violation("claimed-gap", "plan", f"says gap {said:.12g}, but its lower bound is none")
        return
    counted = (dollars(total) - bound) / dollars(total) if total else 0.0
    if abs(said - counted) > _CLAIM_TOLERANCE:
        message = f"says gap {said:.12g}, counted {counted:.12g} of cost {dollars(total):.12g} and bound {bound:.12g}"
        yield Violation("claimed-gap", "plan", message)


def _left_out_claims(stand: _Standing, left_out: dict[int, int]) -> Iterator[Violation]:
    """`unplaced`, when given, has just the copies left out; `left_out_bound` is not above what the plan leaves out."""
    if "unplaced" in stand.plan.model_fields_set:
        said: Counter[str] = Counter()
        for row in stand.plan.unplaced:
            said[row.component] += row.copies
        counted = _left_out(stand)
        for name in {**counted, **said}:
            if said[name] != counted.get(name, 0):
                message = f"says {said[name]} copies unplaced, counted {counted.get(name, 0)}"
                yield Violation("claimed-unplaced", name, message)
    for priority, least in sorted(_proven(stand.plan).items(), reverse=True):
        out = left_out.get(priority, 0)
        if least > out:
            message = (
                f"says that every plan leaves out {least} copies of priority {priority}, this one leaves out {out}"
            )
            yield Violation("claimed-left-out", "plan", message)
        if least != out:
            break  # a bound at a lower priority is on plans that meet those before


def _proven(plan: Plan) -> dict[int, int]:
    """By priority, how many copies every plan leaves out, as the plan says."""
    return {int(priority): least for priority, least in (plan.left_out_bound or {}).items()}


def _slack(counted: int) -> float:
    """What a claim in dollars may be off."""
    return _CLAIM_TOLERANCE * max(1.0, dollars(counted))
