"""The compiled problem: integers and indices, what every solver reads.

`compile_fleet` is the one door from documents to algorithms. Copies of a component are a count, machines of a pool are
a count, and only machines that run now are named one by one. Units: MiB, milli-vCPU, thousandths of an accelerator,
micro-dollars per hour; the objective is in *ticks*, see `Fleet.tick_price`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from placement.compiled.demand import demand_units, most_copies
from placement.compiled.groups import FleetCommitment, FleetLimit, compile_commitments, compile_limits
from placement.compiled.running import Place, RunningInstance, compile_running_state
from placement.documents import Component as ComponentRow
from placement.documents import InstanceType, Placement, Problem
from placement.documents import Option as OptionRow
from placement.documents.quantities import limiting
from placement.documents.references import GROUP
from placement.grouping import grouped
from placement.units import MIB_PER_GIB, MILLI, WHOLE_SHARE, horizon, micro_dollars, need, room


@dataclass(frozen=True, slots=True)
class Shape:
    """What one empty machine offers after what is reserved; `memory_mib` is of each accelerator."""

    accelerators: int
    memory_mib: int
    vcpus: int
    host_mib: int


@dataclass(frozen=True, slots=True)
class FleetPool:
    """A supply of identical machines. `max_instances` is None without a quota; `price` is micro-dollars per hour.

    `instance_type` and `accelerator` (None: none) are names of the document.
    """

    index: int
    name: str
    zone: int
    shape: Shape
    price: int
    min_instances: int
    max_instances: int | None
    instance_type: str = ""
    accelerator: str | None = None


@dataclass(frozen=True, slots=True)
class FleetOption:
    """One way to run one copy; `memory_mib` and `share` are on each of its accelerators.

    `pools` are those where a copy may run: allowed by the option and by the component's zones, a quota that is not 0,
    and an empty machine that holds one copy. `throughput` is in the units of the component's `demand`. Where there are
    none, `without_quota` are those where it might run, but for a quota of 0.
    """

    index: int
    accelerators: int
    shared: bool
    memory_mib: int
    share: int
    vcpus: int
    host_mib: int
    throughput: int
    pools: frozenset[int]
    without_quota: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class FleetComponent:
    """A model to serve.

    `required` copies must be placed and at most `copies` may be. With a `demand` (0: none, or one that is met without a
    copy), the throughput of the placed copies must reach it, and `copies` is the most that an optimal plan can need.
    `level` is the index in `Fleet.levels` of its optional copies, None when it has none. `avoids` holds both ways.
    `eligible_zones` are those of the pools of its options. Limits that are absent are None.
    """

    index: int
    name: str
    options: tuple[FleetOption, ...]
    required: int
    copies: int
    demand: int
    level: int | None
    move_cost: int
    eligible_zones: tuple[int, ...]
    max_skew: int | None
    min_zones: int
    max_per_zone: int | None
    max_per_instance: int | None
    zone_loss_floor: int
    pool_loss_floor: int
    instance_loss_floor: int
    dedicated: bool
    avoids: frozenset[int]

    @property
    def optional(self) -> int:
        """Copies that may be left out and are then counted in the first objective."""
        return 0 if self.demand else self.copies - self.required

    @property
    def most_on_any_machine(self) -> int:
        """The most of its copies on any machine, by its count, `max_per_instance` and `max_per_zone`."""
        limits = (self.copies, self.max_per_instance, self.max_per_zone)
        return min(limit for limit in limits if limit is not None)

    @property
    def has_zone_rules(self) -> bool:
        """Whether any rule reads how many of its copies stand in each zone; one zone for some copy says nothing."""
        return (
            self.max_skew is not None or self.min_zones > 1 or self.max_per_zone is not None or self.zone_loss_floor > 0
        )


@dataclass(frozen=True, slots=True)
class Fleet:
    """A compiled problem.

    `levels`: priorities that have optional copies, highest first; the first objective has one count per level.
    `tick_price`, `tick_move`: weights that make the money objective an integer. One tick is 1 / tick_move
        micro-dollars: ``ticks = tick_price * (price of the machines) + tick_move * (sum of moves x move_cost)``.
    `limits`, `commitments`: of groups of pools.
    """

    problem: Problem
    zones: tuple[str, ...]
    pools: tuple[FleetPool, ...]
    components: tuple[FleetComponent, ...]
    instances: tuple[RunningInstance, ...]
    places: tuple[Place, ...]  # where they run, on instances that may stay
    running: tuple[int, ...]  # (C,) copies that run now, those on draining instances too
    levels: tuple[int, ...]
    tick_price: int
    tick_move: int
    limits: tuple[FleetLimit, ...] = ()
    commitments: tuple[FleetCommitment, ...] = ()
    max_moves: int | None = None  # the most copies that may move, all components together; None for no limit
    _forced: tuple[tuple[int, ...], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sort the instances that can't be released by pool, once. O(pools + instances)."""
        forced: list[list[int]] = [[] for _ in self.pools]
        for i in self.instances:
            if not i.removable:
                forced[i.pool].append(i.index)
        object.__setattr__(self, "_forced", tuple(map(tuple, forced)))

    @property
    def copies(self) -> int:
        """Copies of all components, those that may be left out too; of a demand the most that may be."""
        return sum(component.copies for component in self.components)

    @property
    def has_few_moves(self) -> bool:
        """Whether copies run, and `max_moves` says how many may move."""
        return self.max_moves is not None and any(self.running)

    @property
    def has_demand(self) -> bool:
        """Whether any component has a demand in place of a count."""
        return any(component.demand for component in self.components)

    def cost(self, ticks: int) -> int:
        """Ticks as micro-dollars, nearest, half to even: the cost in a plan. Never decreasing in ticks."""
        return round(Fraction(ticks, self.tick_move))

    def least_cost(self, ticks: int) -> int:
        """The least cost, micro-dollars, of any plan of so many ticks or more, however its price is rounded.

        Of half a micro-dollar the even neighbour is taken, before moves are added. Where those come to an even number
        whatever moves, it is also the even one of the sum: the cost of a plan of just so many ticks.
        """
        if all(component.move_cost % 2 == 0 for component in self.components):
            return self.cost(ticks)
        return math.ceil(Fraction(ticks, self.tick_move) - Fraction(1, 2))

    def rent(self, paid: Sequence[int]) -> int:
        """Micro-dollars per hour of `paid` (P,) machines of each pool, on top of what is committed. O(pools)."""
        total = sum(n * pool.price for n, pool in zip(paid, self.pools, strict=True))
        if self.commitments:
            prices = [pool.price for pool in self.pools]
            total -= sum(commitment.pays(paid, prices) for commitment in self.commitments)
        return total

    def forced(self, p: int) -> tuple[int, ...]:
        """The instances of pool p that can't be released: paid for whatever the plan."""
        return self._forced[p]

    def fewest(self, p: int) -> int:
        """Machines of pool p that any plan pays for."""
        return max(self.pools[p].min_instances, len(self.forced(p)))


def compile_fleet(problem: Problem) -> Fleet:
    """A valid problem as integers. O(components x options x (shapes + zones) + pools x allow-lists + placements).

    Allow-lists: as many as there are distinct ones. Shapes: distinct machines. Copies and quotas do not matter.
    """
    zones = tuple(dict.fromkeys(pool.zone for pool in problem.pools))
    zone_index = {name: z for z, name in enumerate(zones)}
    shapes = {name: _shape(problem, row) for name, row in problem.instance_types.items()}
    pools = tuple(
        FleetPool(
            index=p,
            name=row.name,
            zone=zone_index[row.zone],
            shape=shapes[row.instance_type],
            price=micro_dollars(problem.price_of(row)),
            min_instances=row.min_instances,
            max_instances=limiting(row.max_instances),
            instance_type=row.instance_type,
            accelerator=problem.instance_types[row.instance_type].accelerator,
        )
        for p, row in enumerate(problem.pools)
    )
    placed_now = grouped((placed.component, placed) for placed in problem.placements)
    levels = tuple(sorted({row.priority for row in problem.components if _optional(row)}, reverse=True))
    avoids = _avoids(problem)
    supply = _Supply(problem, pools)
    components = tuple(
        _component(problem, c, row, supply, placed_now[row.name], levels, avoids[c])
        for c, row in enumerate(problem.components)
    )
    instances, places = compile_running_state(problem)
    hours = horizon(problem.objective.horizon_hours)
    return Fleet(
        problem=problem,
        zones=zones,
        pools=pools,
        components=components,
        instances=instances,
        places=places,
        running=tuple(len(placed_now[row.name]) for row in problem.components),
        levels=levels,
        tick_price=hours.numerator,
        tick_move=hours.denominator,
        limits=compile_limits(problem, [pool.price for pool in pools]),
        commitments=compile_commitments(problem, [pool.price for pool in pools]),
        max_moves=problem.objective.max_moves,
    )


def _optional(row: ComponentRow) -> int:
    return 0 if row.copies is None else row.copies - row.required_copies


def _shape(problem: Problem, row: InstanceType) -> Shape:
    memory = 0
    if row.accelerator is not None:
        memory = room(problem.accelerators[row.accelerator].memory_gib, MIB_PER_GIB)
        memory -= need(row.reserved.accelerator_memory_gib, MIB_PER_GIB)
    return Shape(
        accelerators=row.accelerator_count,
        memory_mib=memory,
        vcpus=room(row.vcpus, MILLI) - need(row.reserved.vcpus, MILLI),
        host_mib=room(row.memory_gib, MIB_PER_GIB) - need(row.reserved.memory_gib, MIB_PER_GIB),
    )


def _avoids(problem: Problem) -> list[frozenset[int]]:
    """Per component, those it must not share an instance with, by its own word or by theirs."""
    index = {row.name: c for c, row in enumerate(problem.components)}
    members: dict[str, set[int]] = defaultdict(set)
    for c, row in enumerate(problem.components):
        for label in row.groups:
            members[label].add(c)
    found: list[set[int]] = [set() for _ in problem.components]
    for c, row in enumerate(problem.components):
        for entry in row.avoid:
            others = members[entry.removeprefix(GROUP)] if entry.startswith(GROUP) else {index[entry]}
            for other in others - {c}:
                found[c].add(other)
                found[other].add(c)
    return [frozenset(others) for others in found]


def _component(
    problem: Problem,
    c: int,
    row: ComponentRow,
    supply: _Supply,
    placed_now: Sequence[Placement],
    levels: tuple[int, ...],
    avoids: frozenset[int],
) -> FleetComponent:
    allowed = None if row.zones is None else supply.zones_named(row.zones)
    demand, rates = demand_units(row, pinned=any(placed.pinned for placed in placed_now))
    options = tuple(
        _option(o, mode, supply, allowed, rate) for o, (mode, rate) in enumerate(zip(row.modes, rates, strict=True))
    )
    zones = tuple(sorted(set().union(*(supply.zones_of(option.pools) for option in options))))
    copies = row.copies
    if copies is None and not demand:
        copies = 0
    elif copies is None:
        copies = most_copies(demand, row, [o.throughput for o in options], len(zones), len(placed_now))
    return FleetComponent(
        index=c,
        name=row.name,
        options=options,
        required=row.required_copies,
        copies=copies,
        demand=demand,
        level=levels.index(row.priority) if _optional(row) else None,
        move_cost=micro_dollars(problem.objective.move_cost if row.move_cost is None else row.move_cost),
        eligible_zones=zones,
        max_skew=row.spread.max_skew,
        min_zones=row.spread.min_zones or 0,
        max_per_zone=row.spread.max_per_zone,
        max_per_instance=row.spread.max_per_instance,
        zone_loss_floor=row.min_available_on_zone_loss,
        pool_loss_floor=row.min_available_on_pool_loss,
        instance_loss_floor=row.min_available_on_instance_loss,
        dedicated=row.dedicated,
        avoids=avoids,
    )


def _option(o: int, row: OptionRow, supply: _Supply, allowed: frozenset[int] | None, throughput: int) -> FleetOption:
    option = FleetOption(
        index=o,
        accelerators=row.accelerators,
        shared=row.shared,
        memory_mib=need(row.accelerator_memory_gib, MIB_PER_GIB),
        share=need(row.accelerator_share, WHOLE_SHARE),
        vcpus=need(row.vcpus, MILLI),
        host_mib=need(row.memory_gib, MIB_PER_GIB),
        throughput=throughput,
        pools=frozenset(),
    )
    pools = supply.holding(option, row, allowed)
    return replace(option, pools=pools, without_quota=frozenset() if pools else supply.closed(option, row, allowed))


class _Supply:
    """The pools, and which of them allow-lists admit: the lists are few, the components that carry them many.

    Pools of one shape hold the same copies, so whether a copy fits is asked once a shape, and options that fit the
    same shapes within the same lists share one set of pools.
    """

    def __init__(self, problem: Problem, pools: tuple[FleetPool, ...]) -> None:
        self.pools = pools
        self._problem = problem
        self._admitted: dict[tuple[object, ...], dict[Shape, list[int]]] = {}
        self._found: dict[tuple[object, ...], frozenset[int]] = {}
        self._zones: dict[frozenset[int], frozenset[int]] = {}
        self._zone_index = {problem.pools[pool.index].zone: pool.zone for pool in pools}

    def holding(self, option: FleetOption, row: OptionRow, zones: frozenset[int] | None) -> frozenset[int]:
        """The pools that may run the option, by name, zone and quota, and whose empty machine holds one copy."""
        names = None if row.on is None else tuple(row.on)
        types = None if row.instance_types is None else tuple(row.instance_types)
        key = (names, types, zones)
        if key not in self._admitted:
            self._admitted[key] = self._admit(row, zones)
        admitted = self._admitted[key]
        fitting = tuple(shape for shape in admitted if holds(shape, option))
        if (key, fitting) not in self._found:
            self._found[key, fitting] = frozenset(p for shape in fitting for p in admitted[shape])
        return self._found[key, fitting]

    def closed(self, option: FleetOption, row: OptionRow, zones: frozenset[int] | None) -> frozenset[int]:
        """The pools that might run the option, but for a quota of 0."""
        return frozenset(
            pool.index
            for pool in self.pools
            if pool.max_instances == 0
            and (zones is None or pool.zone in zones)
            and allows(self._problem, row, pool.index)
            and holds(pool.shape, option)
        )

    def _admit(self, row: OptionRow, zones: frozenset[int] | None) -> dict[Shape, list[int]]:
        """Pools by shape, of those that the row's lists, the zones and the quotas admit."""
        found: dict[Shape, list[int]] = defaultdict(list)
        for pool in self.pools:
            reached = (zones is None or pool.zone in zones) and pool.max_instances != 0
            if reached and allows(self._problem, row, pool.index):
                found[pool.shape].append(pool.index)
        return found

    def zones_named(self, names: Iterable[str]) -> frozenset[int]:
        """Those of these zones that have pools."""
        return frozenset(self._zone_index[name] for name in names if name in self._zone_index)

    def zones_of(self, pools: frozenset[int]) -> frozenset[int]:
        """The zones of some pools."""
        if pools not in self._zones:
            self._zones[pools] = frozenset(self.pools[p].zone for p in pools)
        return self._zones[pools]


def allows(problem: Problem, row: OptionRow, p: int) -> bool:
    """Whether the option may run on the pool's type at all, by name."""
    type_name = problem.pools[p].instance_type
    if row.on is not None and problem.instance_types[type_name].accelerator not in row.on:
        return False
    return row.instance_types is None or type_name in row.instance_types


def holds(shape: Shape, option: FleetOption) -> bool:
    """Whether one empty machine of this shape holds one copy by this option."""
    return (
        option.accelerators <= shape.accelerators
        and (option.accelerators == 0 or option.memory_mib <= shape.memory_mib)
        and option.vcpus <= shape.vcpus
        and option.host_mib <= shape.host_mib
    )
