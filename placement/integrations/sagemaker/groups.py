"""Which machines of a plan become one variant of one endpoint, and which components share it.

Machines that run belong to the endpoint and variant that their pool is labelled with. New machines are grouped by type,
as coarsely as the platform's packing is sure to keep the plan:

1. all machines of a type are one endpoint;
2. else machines that share a component are;
3. else machines that hold the same are, and such sets of machines are put together as far as that stays sure. Then a
   component that stands on several of them becomes several inference components. Spread evenly over alike machines,
   each holds just what the plan says, whatever the order.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from placement.documents import Option, Plan, Pool, Problem
from placement.errors import UsageError, printable
from placement.grouping import grouped
from placement.integrations.sagemaker import labels
from placement.integrations.sagemaker.packing import Amounts, Demand, Fit, Machines, Strategy, fit
from placement.integrations.sagemaker.wish import ExportWish
from placement.integrations.variants import avoided
from placement.referee.standing import copy_need, machine_room

_TYPE = labels.INSTANCE_TYPE

LEAST_MEMORY_MIB = 128  # that a component may reserve
LEAST_MILLI_VCPUS = 250


@dataclass(frozen=True, order=True, slots=True)
class Unit:
    """Copies of one component by one of its options: what one inference component can be."""

    component: str
    option: int


@dataclass(frozen=True, slots=True)
class OtherMachines:
    """Machines by type that will run in place of a plan's, and why; `most`: as many of them, or fewer."""

    kinds: Mapping[str, int]
    because: str
    most: bool = False


@dataclass(frozen=True, slots=True)
class ServingGroup:
    """Machines that serve as one: those of a variant that runs (`endpoint` and `variant` are set), or of a new one."""

    kinds: Mapping[str, int]  # machines by type, as SageMaker calls it
    pools: tuple[Pool, ...]
    copies: Mapping[Unit, int]
    fit: Fit
    strategies: Mapping[Unit, Strategy]
    endpoint: str = ""
    variant: str = ""
    fallbacks: tuple[str, ...] = field(default=())
    others: OtherMachines | None = None
    needs_room: bool = False  # copies that come may find room only once others are gone
    range_first: bool = False  # its endpoint gets its new range before copies change, though no machine comes

    @property
    def place(self) -> str:
        return f"endpoint {self.endpoint} variant {self.variant}"

    @property
    def expected(self) -> Mapping[str, int]:
        """Machines by type that will run, or the most that may."""
        return self.kinds if self.others is None else self.others.kinds

    @property
    def machines(self) -> int:
        return sum(self.kinds.values())


class PlanView:
    """A plan as an export sees it: machines with their types and contents, what copies take, and what was asked for."""

    def __init__(self, problem: Problem, plan: Plan, wish: ExportWish) -> None:
        """O(rows of both)."""
        self.problem = problem
        self.wish = wish
        self.pools = {pool.name: pool for pool in problem.pools}
        self.components = {component.name: component for component in problem.components}
        self._rows = {component.name: row for row, component in enumerate(problem.components)}
        self.pool_of = {row.id: row.pool for row in plan.instances}
        self.holds: dict[str, Counter[Unit]] = {row.id: Counter() for row in plan.instances}
        for row in plan.assignments:
            self.holds[row.instance][Unit(row.component, row.option)] += 1
        told = {row.instance_type: row.labels[_TYPE] for row in problem.pools if _TYPE in row.labels}
        self._kinds = {name: _kind(pool, told) for name, pool in self.pools.items()}
        self._rooms = {name: machine_room(problem, row) for name, row in problem.instance_types.items()}
        self._avoids = avoided(problem)

    def kind(self, pool: str) -> str:
        """The type of a pool's machines, as SageMaker calls it."""
        return self._kinds[pool]

    def option(self, unit: Unit) -> Option:
        return self.components[unit.component].modes[unit.option]

    def needs(self, unit: Unit) -> Amounts:
        """What one copy takes, as far as SageMaker knows: whole accelerators, and no less than may be reserved."""
        return amounts(self.option(unit))

    def room(self, row: str) -> Amounts:
        """What a machine of a row of instance types has for components."""
        has = self._rooms[row]
        return Amounts(has.accelerators, has.vcpus, has.host)

    def may_stand(self, unit: Unit, pool: Pool) -> bool:
        """Whether copies of a unit may be on a pool's machines, by its lists and by the memory of their accelerators.

        SageMaker knows nothing of that memory: it would put a copy on any type that it has a specification for.
        """
        option, row = self.option(unit), self.problem.instance_types[pool.instance_type]
        if option.instance_types is not None and pool.instance_type not in option.instance_types:
            return False
        if not option.accelerators or row.accelerator is None:
            return True
        fits = copy_need(option).memory <= self._rooms[pool.instance_type].memory
        return fits and (option.on is None or row.accelerator in option.on)

    def kinds(self, units: Iterable[Unit], pools: Iterable[Pool]) -> set[str]:
        """Types of some pools that copies of units may be on."""
        pools = list(pools)
        return {self.kind(pool.name) for unit in units for pool in pools if self.may_stand(unit, pool)}

    def able(self, component: str, pools: Sequence[Pool]) -> list[Unit]:
        """The options by which a component may be on some pools; its first where there is none."""
        units = [Unit(component, index) for index in range(len(self.components[component].modes))]
        return [unit for unit in units if self.kinds([unit], pools)] or units[:1]

    def with_other_types(self, units: Iterable[Unit], pools: Sequence[Pool]) -> tuple[Unit, ...]:
        """Units of a component, and options for types that none of them is for: the platform chooses the type."""
        found = list(units)
        for unit in self.able(found[0].component, pools):
            if unit not in found and not self.kinds([unit], pools) & self.kinds(found, pools):
                found.append(unit)
        return tuple(sorted(found))

    def of_all_types(self, copies: Mapping[Unit, int], pools: Sequence[Pool]) -> dict[Unit, int]:
        """Copies, and none by the options for types of pools on which the plan has none."""
        of = grouped((unit.component, unit) for unit in copies)
        return {unit: copies.get(unit, 0) for units in of.values() for unit in self.with_other_types(units, pools)}

    def strategy(self, name: str) -> Strategy:
        """The policy that suits a component: spread where a rule of it is about machines or zones."""
        component = self.components[name]
        rules = (component.min_available_on_instance_loss, component.min_available_on_zone_loss)
        return "SPREAD" if any(rules) or component.spread.model_fields_set else "BINPACK"

    def ordered(self, units: Iterable[Unit]) -> list[Unit]:
        """The order in which components are created: largest first, which packs best; else that of the problem.

        Not by name: the platform has names of its own, and the order of those may be another.
        """

        def rank(unit: Unit) -> tuple[int, ...]:
            return (*(-amount for amount in self.needs(unit).by_weight), self._rows[unit.component], unit.option)

        return sorted(units, key=rank)

    def demand(self, unit: Unit, copies: int, strategy: Strategy, kinds: Iterable[str]) -> Demand:
        """A unit's copies as the packing sees them."""
        component = self.components[unit.component]
        return Demand(
            unit.component,
            copies,
            dict.fromkeys(kinds, self.needs(unit)),
            strategy,
            component.spread.max_per_instance,
            component.dedicated,
            self._avoids[unit.component],
        )


def amounts(option: Option) -> Amounts:
    """What a copy takes by an option, in the amounts that a component may reserve."""
    takes = copy_need(option)
    vcpus = max(LEAST_MILLI_VCPUS, takes.vcpus) if takes.vcpus else 0
    return Amounts(takes.accelerators, vcpus, max(LEAST_MEMORY_MIB, takes.host))


def _kind(pool: Pool, told: Mapping[str, str]) -> str:
    """The type of a pool's machines by its label, else by that of another pool of the same row, else the row's name."""
    kind = pool.labels.get(_TYPE, told.get(pool.instance_type, pool.instance_type))
    if not kind.startswith("ml."):
        raise UsageError(
            f'pool {printable(pool.name)}: "{printable(kind)}" is no type of SageMaker, whose names begin with ml.; '
            f"label the pool {_TYPE} with the type's name"
        )
    return kind


def running_groups(view: PlanView) -> list[ServingGroup]:
    """A group for each variant that pools are labelled with; of those that the plan leaves empty, if it is there."""
    named = (pool for pool in view.pools.values() if labels.ENDPOINT in pool.labels)
    pools = grouped(((row.labels[labels.ENDPOINT], row.labels.get(labels.VARIANT, labels.MAIN)), row) for row in named)
    groups = []
    for (endpoint, variant), own in pools.items():
        names = {pool.name for pool in own}
        machines = [machine for machine, pool in view.pool_of.items() if pool in names]
        if machines or not is_new_variant(view, own):
            groups.append(replace(_group(view, machines, own), endpoint=endpoint, variant=variant))
    return groups


def is_new_variant(view: PlanView, pools: Sequence[Pool]) -> bool:
    """Whether an import read the endpoint of these pools, and their variant was added by hand since."""
    endpoint, own = pools[0].labels.get(labels.ENDPOINT), {pool.name for pool in pools}
    read = {
        name
        for name, pool in view.pools.items()
        if pool.labels.get(labels.ENDPOINT) == endpoint and labels.CONFIGURATION in pool.labels
    }
    return bool(read) and not read & own and not any(row.pool in own for row in view.problem.instances)


def new_groups(view: PlanView, *, exact: bool = False) -> list[ServingGroup]:
    """Groups of the machines whose pools have no endpoint yet; `exact`: always machines that hold the same.

    Raises UsageError: a machine holds what SageMaker can't place on it: copies that share an accelerator, say.
    """
    by_kind = grouped(
        (view.pools[pool].instance_type, machine)
        for machine, pool in view.pool_of.items()
        if labels.ENDPOINT not in view.pools[pool].labels
    )
    groups: list[ServingGroup] = []
    for machines in by_kind.values():
        pools = [view.pools[name] for name in dict.fromkeys(view.pool_of[machine] for machine in machines)]
        for together in [machines] if not exact else _alike(view, machines):
            groups += _split(view, together, pools)
    return groups


def _split(view: PlanView, machines: Sequence[str], pools: Sequence[Pool]) -> list[ServingGroup]:
    """Machines of one type as few groups, each of which the platform's packing fits."""
    whole = _group(view, machines, pools)
    if whole.fit.strength != "no":
        return [whole]
    found = []
    parts = _linked(view, machines)
    for part in parts:
        group = whole if len(parts) == 1 else _group(view, part, pools)
        if group.fit.strength != "no":
            found.append(group)
            continue
        found += _merged(view, _alike(view, part), pools)
    return found


def _merged(view: PlanView, sets: Sequence[Sequence[str]], pools: Sequence[Pool]) -> list[ServingGroup]:
    """Sets of alike machines put together as far as each packing fits: fewer endpoints, fewer split components.

    In order of size, each joins the first group that takes it, those first with which it shares most components.
    O(sets^2) packings.
    """
    groups: list[tuple[list[str], ServingGroup]] = []
    for alike in sorted(sets, key=len, reverse=True):
        least = _group(view, alike, pools)
        if least.fit.strength == "no":
            raise UsageError(
                f"machine {printable(alike[0])}: SageMaker can't place what the plan has there: "
                f"{printable(least.fit.reason)}. A copy gets whole accelerators: none are shared"
            )
        for index in sorted(range(len(groups)), key=lambda n: -len(groups[n][1].copies.keys() & least.copies.keys())):
            together = [*groups[index][0], *alike]
            group = _group(view, together, pools)
            if group.fit.strength != "no":
                groups[index] = together, group
                break
        else:
            groups.append(([*alike], least))
    return [group for _, group in groups]


def _linked(view: PlanView, machines: Iterable[str]) -> list[list[str]]:
    """Machines that share a component, directly or by others, together."""
    import networkx as nx

    graph: nx.Graph[tuple[str, str | Unit]] = nx.Graph()
    for machine in machines:
        graph.add_node(("machine", machine))
        graph.add_edges_from((("machine", machine), ("unit", unit)) for unit in view.holds[machine])
    parts = [[name for _, name in part if isinstance(name, str)] for part in nx.connected_components(graph)]
    order = {machine: index for index, machine in enumerate(view.holds)}
    return sorted((sorted(part, key=order.__getitem__) for part in parts), key=lambda part: order[part[0]])


def _alike(view: PlanView, machines: Iterable[str]) -> list[list[str]]:
    """Machines that hold the same together."""
    return list(grouped((frozenset(view.holds[machine].items()), machine) for machine in machines).values())


def _group(view: PlanView, machines: Sequence[str], pools: Sequence[Pool]) -> ServingGroup:
    """Some machines as a group, with the policies under which its copies fit most surely."""
    copies: Counter[Unit] = Counter()
    for machine in machines:
        copies.update(view.holds[machine])
    kinds = Counter(view.kind(view.pool_of[machine]) for machine in machines)
    rooms: Machines = tuple(
        (view.kind(pool), view.room(view.pools[pool].instance_type))
        for pool in (view.pool_of[machine] for machine in machines)
    )
    strategies, found = best_fit(view, rooms, copies, pools)
    ordered = {unit: copies[unit] for unit in view.ordered(copies)}
    return ServingGroup(dict(kinds), tuple(pools), ordered, found, strategies)


def machines_of(view: PlanView, pools: Sequence[Pool], kinds: Mapping[str, int]) -> Machines:
    """Machines by type, of some pools, as the packing sees them."""
    rooms = {view.kind(pool.name): view.room(pool.instance_type) for pool in reversed(pools)}
    return tuple((kind, rooms[kind]) for kind, count in kinds.items() for _ in range(count))


def best_fit(
    view: PlanView, machines: Machines, copies: Mapping[Unit, int], pools: Sequence[Pool]
) -> tuple[dict[Unit, Strategy], Fit]:
    """The policies under which copies fit most surely on machines, and how surely."""
    units = view.ordered(copies)
    wanted: dict[Unit, Strategy] = {unit: view.strategy(unit.component) for unit in units}
    tries: list[dict[Unit, Strategy]] = [wanted, dict.fromkeys(units, "SPREAD"), dict.fromkeys(units, "BINPACK")]
    fits = ((strategies, fit(machines, demands_of(view, units, copies, strategies, pools))) for strategies in tries)
    first = next(fits)
    return next((each for each in chain([first], fits) if each[1].strength != "no"), first)


def demands_of(
    view: PlanView,
    units: Iterable[Unit],
    copies: Mapping[Unit, int],
    strategies: Mapping[Unit, Strategy],
    pools: Iterable[Pool],
) -> list[Demand]:
    """What the platform has to place.

    Options of a component for different types are one inference component: the platform chooses the type of each copy.
    """
    found: list[Demand] = []
    for unit in units:
        kinds = [view.kind(pool.name) for pool in pools if view.may_stand(unit, pool)]
        new = view.demand(unit, copies[unit], strategies[unit], kinds)
        same = next((d for d in found if d.component == new.component and not d.needs.keys() & new.needs.keys()), None)
        if same is None:
            found.append(new)
        else:
            found[found.index(same)] = replace(same, copies=same.copies + new.copies, needs={**same.needs, **new.needs})
    return found
