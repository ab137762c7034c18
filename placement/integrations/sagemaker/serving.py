"""Components in their groups: which inference component, under which name, on which endpoint, with how many copies."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from placement.documents import Component
from placement.integrations.sagemaker import labels
from placement.integrations.sagemaker.groups import PlanView, ServingGroup, Unit, new_groups, running_groups
from placement.integrations.sagemaker.machine_mix import with_expected_machines
from placement.integrations.sagemaker.names import ResourceNames, is_name
from placement.integrations.sagemaker.packing import Machines, fit
from placement.integrations.sagemaker.specification import check_options

MOST_POOLS = 5


@dataclass(frozen=True, slots=True)
class Served:
    """One inference component. `runs`: it is there already, under the component's own name."""

    name: str
    component: str
    units: tuple[Unit, ...]
    group: ServingGroup
    copies: int
    runs: bool
    adapters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # their settings by name

    @property
    def place(self) -> str:
        return f"component {self.name}"


@dataclass(frozen=True, slots=True)
class Deployment:
    """All groups, those that run first, and all inference components in the order in which they are created."""

    groups: tuple[ServingGroup, ...]
    served: tuple[Served, ...]

    def parts(self, component: str) -> list[Served]:
        """The inference components that are to have copies of a component, or have them now."""
        return [each for each in self.served if each.component == component and (each.copies or each.runs)]


def deployment(view: PlanView) -> Deployment:
    """Groups with names, and the components on them."""
    running = with_expected_machines(view, running_groups(view))
    names = ResourceNames()
    for group in running:
        names.keep(group.endpoint)
    start = ResourceNames().take(view.wish.name or view.problem.name or "placement")
    fresh = new_groups(view, exact=view.wish.exact)
    alone = len(fresh) == 1 and not running
    named = [_named(view, group, start, names, alone=alone) for group in fresh]
    if view.wish.fallback:
        named = [replace(group, fallbacks=_fallbacks(view, group)) for group in named]
    groups = (*running, *named)
    return Deployment(groups, tuple(_served(view, groups, f"{start}-")))


def _named(view: PlanView, group: ServingGroup, start: str, names: ResourceNames, *, alone: bool) -> ServingGroup:
    """A new group with the names by which an import calls its pool and its problem as they are, where that can be.

    A pool that is named as an import names pools, ENDPOINT/VARIANT, keeps both. An endpoint that is `alone` has the
    problem's name, others have it with their type behind.
    """
    endpoint, _, variant = group.pools[0].name.partition("/")
    are_names = is_name(endpoint) and is_name(variant) and names.is_free(endpoint)
    if len(group.pools) == 1 and not view.wish.name and are_names:
        return replace(group, endpoint=names.keep(endpoint), variant=variant)
    (kind,) = group.kinds
    name = names.take(start) if alone else names.take(start, kind.removeprefix("ml."))
    return replace(group, endpoint=name, variant=labels.MAIN)


def _served(view: PlanView, groups: Sequence[ServingGroup], start: str) -> list[Served]:
    """Those that run, under their names, then new ones, largest copies first.

    Those that run stand in the order of the problem, which is that of their creation, where they fit in any order.
    What stands on several endpoints has the name of each behind its own, without what they all `start` with.
    """
    names = ResourceNames()
    found: list[Served] = []
    homes = {row.name: [group for group in groups if is_home(row, group)] for row in view.problem.components}
    for component in view.problem.components:
        if homes[component.name]:
            found.append(_at_home(view, component, homes[component.name], names.keep(component.name)))
            for adapter in adapters_of(component):
                names.keep(adapter)
    if any(each.group.fit.strength != "any order" for each in found):  # as the packing was simulated
        order = {unit: index for index, unit in enumerate(view.ordered(each.units[0] for each in found))}
        found.sort(key=lambda each: order[each.units[0]])
    places = _new_places(view, groups, homes)
    often = Counter(component for _, component, _ in places)
    whole = [name for _, name, _ in places if often[name] == 1 and not homes[name]]
    own = {name: names.take(name) for name in whole if is_name(name)}  # before others take a name like theirs
    for group, name, units in places:
        parts = [name]
        if often[name] > 1 or homes[name]:
            parts.append(group.endpoint.removeprefix(start))
        new = own.get(name) or names.take(*parts)
        copies = sum(group.copies[unit] for unit in units)
        told = adapters_of(view.components[name])
        adapters = {names.take(key, group.endpoint.removeprefix(start)): told[key] for key in told}
        of_types = view.with_other_types(units, group.pools)
        found.append(Served(new, name, of_types, group, copies, runs=False, adapters=adapters))
    return found


def _at_home(view: PlanView, component: Component, homes: Sequence[ServingGroup], name: str) -> Served:
    """The component that runs: its copies on all groups that it is bound to."""
    check_options(view, component)

    def copies_on(group: ServingGroup) -> int:
        return sum(copies for unit, copies in group.copies.items() if unit.component == component.name)

    most = max(homes, key=copies_on)
    used = [unit for unit in most.copies if unit.component == component.name]
    units = view.with_other_types(used or view.able(component.name, most.pools)[:1], most.pools)
    copies = sum(map(copies_on, homes))
    return Served(name, component.name, units, most, copies, runs=True, adapters=adapters_of(component))


def _new_places(
    view: PlanView, groups: Sequence[ServingGroup], homes: Mapping[str, Sequence[ServingGroup]]
) -> list[tuple[ServingGroup, str, tuple[Unit, ...]]]:
    """Groups that hold copies of a component which has no home there; options of different types are one."""
    places = []
    for group in groups:
        taken: dict[str, list[list[Unit]]] = {}
        for unit in group.copies:
            if group in homes[unit.component]:
                continue
            sets = taken.setdefault(unit.component, [])
            own = view.kinds([unit], group.pools)
            same = next((units for units in sets if not view.kinds(units, group.pools) & own), None)
            if same is None:
                sets.append([unit])
            else:
                same.append(unit)
        places += [(group, name, tuple(units)) for name, sets in taken.items() for units in sets]
    return places


def adapters_of(component: Component) -> dict[str, dict[str, Any]]:
    """What the adapters of a component are made of, by name."""
    return labels.unpacked(component.labels, labels.ADAPTERS) or {}


def is_home(component: Component, group: ServingGroup) -> bool:
    """Whether a component runs on a group already: by its labels."""
    told = component.labels
    if not group.endpoint or told.get(labels.ENDPOINT) != group.endpoint:
        return False
    return told.get(labels.VARIANT, group.variant) == group.variant


def _fallbacks(view: PlanView, group: ServingGroup) -> tuple[str, ...]:
    """Other types on which as many machines surely hold the same copies, the cheapest first.

    Every component of the group must have the option that the plan uses allowed there, and a pool of that type must
    have as many machines left.
    """
    own = next(iter(group.kinds))
    prices: dict[str, float] = {}
    rooms = {}
    for pool in view.pools.values():
        kind = view.kind(pool.name)
        allowed = all(view.may_stand(unit, pool) for unit in group.copies)
        used = sum(name == pool.name for name in view.pool_of.values())
        open_for = pool.max_instances is None or pool.max_instances - used >= group.machines
        if kind != own and allowed and open_for and labels.ENDPOINT not in pool.labels:
            price = view.problem.price_of(pool)
            prices[kind] = min(price, prices.get(kind, price))
            rooms[kind] = view.room(pool.instance_type)
    found = []
    for kind in sorted(prices, key=lambda kind: (prices[kind], kind)):
        machines: Machines = ((kind, rooms[kind]),) * group.machines
        demands = [view.demand(unit, copies, group.strategies[unit], [kind]) for unit, copies in group.copies.items()]
        if fit(machines, demands).strength != "no":
            found.append(kind)
    return tuple(found[: MOST_POOLS - 1])
