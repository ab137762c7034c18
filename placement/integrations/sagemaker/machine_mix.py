"""Which machines a variant of several types will have: SageMaker is told how many there may be, never of which type.

Types are tried in the order of their priorities, the next one where the first has no capacity. So machines that are
added are of the first type, and an endpoint that is made, or gets a new configuration, starts machines of that type
alone. Those that run stay; where SageMaker manages their number, while they hold copies: so it is the most that may be.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from placement.documents import Pool
from placement.grouping import grouped
from placement.integrations.sagemaker import labels
from placement.integrations.sagemaker.configuration import (
    MachineRange,
    asked_range,
    configuration_changes,
    running_range,
    when_machines_go,
)
from placement.integrations.sagemaker.groups import (
    OtherMachines,
    PlanView,
    ServingGroup,
    Unit,
    best_fit,
    demands_of,
    is_new_variant,
    machines_of,
)
from placement.integrations.sagemaker.in_place import Respecified, VariantChange, fit_in_place
from placement.integrations.sagemaker.packing import STRENGTHS, Demand, Fit, Strategy
from placement.integrations.sagemaker.specification import amounts_of, specification_change
from placement.units import count, micro_dollars

NEW_ONES = "new machines are of the first type that has capacity"


def with_expected_machines(view: PlanView, groups: Iterable[ServingGroup]) -> list[ServingGroup]:
    """Groups that run, with how copies fit beside what runs; those of several types with the machines that will run."""
    of_endpoint = grouped((group.endpoint, group) for group in groups)
    found = []
    for together in of_endpoint.values():
        expected = _together(view, together)
        if any(_range_widens(view, group) and group.fit.strength == "no" for group in expected):
            other = _together(view, [replace(group, range_first=True) for group in together])
            if all(group.fit.strength != "no" for group in other):
                expected = other
        found += expected
    return found


def _together(view: PlanView, groups: Sequence[ServingGroup]) -> list[ServingGroup]:
    """The variants of one endpoint: a new configuration of one is a new fleet of all."""
    before: list[int | None] = [None] * len(groups)
    after = before
    if not view.wish.as_new and any(is_configured_anew(view, group) for group in groups):
        before, after = configurations(view, groups)
    rows = zip(groups, before, after, strict=True)
    return [_expected(view, group, first, last) for group, first, last in rows]


def _range_widens(view: PlanView, group: ServingGroup) -> bool:
    """Whether the platform may add machines by the new range that it may not add by the one that runs."""
    asked = asked_range(view, group, group.machines)
    running = running_range(group.pools)
    if view.wish.as_new or asked is None or running is None or running[1] is None:
        return False
    return asked[1] is None or asked[1] > running[1]


def configurations(view: PlanView, groups: Sequence[ServingGroup]) -> tuple[list[int | None], list[int | None]]:
    """Machines of each variant of an endpoint by its configurations before and after copies change; None: no such."""
    now = [running_machines(view, group).total() for group in groups]
    return _in_turn(now, [group.machines for group in groups], range_first=any(group.range_first for group in groups))


def _in_turn(
    now: Sequence[int], planned: Sequence[int], *, range_first: bool = False
) -> tuple[list[int | None], list[int | None]]:
    """Numbers of machines before and after copies change.

    Machines come before copies do, and go after copies went. One number with another range, or the like, comes before.

    >>> _in_turn([3, 3], [4, 3]), _in_turn([3, 3], [2, 3]), _in_turn([3, 3], [2, 4])
    (([4, 3], [None, None]), ([None, None], [2, 3]), ([3, 4], [2, 4]))
    """
    most: list[int | None] = [max(pair) for pair in zip(now, planned, strict=True)]
    none: list[int | None] = [None] * len(most)
    if most == list(planned):
        return most, none
    return none if most == list(now) and not range_first else most, list(planned)


def running_machines(view: PlanView, group: ServingGroup) -> Counter[str]:
    """Machines of a variant that run, by type."""
    own = {pool.name for pool in group.pools}
    return Counter(view.kind(row.pool) for row in view.problem.instances if row.pool in own)


def is_configured_anew(view: PlanView, group: ServingGroup) -> bool:
    """Whether a variant that runs gets a new configuration: with another range of machines, or something else."""
    asked = asked_range(view, group, group.machines)
    return asked != running_range(group.pools) or bool(other_configuration(view, group))


def other_configuration(view: PlanView, group: ServingGroup) -> tuple[str, ...]:
    """What a variant's configuration has otherwise than was read, besides its range, in words."""
    if is_new_variant(view, group.pools):
        return ("the variant is new",)
    return configuration_changes(group.pools, [view.kind(pool.name) for pool in group.pools])


def most_machines(view: PlanView, group: ServingGroup) -> dict[str, int] | None:
    """Machines by type once SageMaker has added all that it may where copies find no room; None: there is no most."""
    managed = asked_range(view, group, group.machines)
    found = dict(group.expected)
    if managed is None:
        return found
    if managed[1] is None:
        return None
    first = _in_order(view, group.pools)[0]
    found[first] = found.get(first, 0) + max(0, managed[1] - sum(found.values()))
    return found


def price_per_hour(view: PlanView, group: ServingGroup, kinds: Mapping[str, int]) -> int:
    """Micro-dollars an hour of a group's machines by type, at list prices."""
    prices = {view.kind(pool.name): view.problem.price_of(pool) for pool in reversed(group.pools)}
    return sum(number * micro_dollars(prices[kind]) for kind, number in kinds.items())


def _expected(view: PlanView, group: ServingGroup, before: int | None, after: int | None) -> ServingGroup:
    """`before` and `after`: machines of its new configurations before and after copies change; None: no such one."""
    kinds = _in_order(view, group.pools)
    if not group.machines:
        return group
    managed = asked_range(view, group, group.machines)
    running = running_machines(view, group)
    anew = before is not None or after is not None
    if anew or view.wish.as_new:
        start = {kinds[0]: max(group.machines, managed[0] if managed else 0)}
        because = f"a new configuration begins anew, and {NEW_ONES}"
    elif managed is None:
        start = _of_number(kinds, running, group.machines)
        which = ", which of them go is SageMaker's choice" if group.machines < running.total() else ""
        because = f"machines that run stay{which}, and {NEW_ONES}"
    else:
        start = {kind: running[kind] for kind in kinds if running[kind]}
        because = f"{when_machines_go(group.pools)}; {NEW_ONES}"
    least = sum(start.values())
    if view.wish.as_new:
        group, used = _from_nothing(view, group, start, least + _spare(group, managed, least))
    else:
        added = kinds[0] if managed is not None else None
        change = _change_of(view, group, start, added, _spare(group, running_range(group.pools), running.total()))
        if after is not None:
            change = replace(change, renewed_last=True, spare_last=_spare(group, managed, least))
        if before is not None:
            limits = asked_range(view, group, before)
            first = max(before, limits[0] if limits else 0)
            machines = machines_of(view, group.pools, {kinds[0]: first})
            change = replace(change, before=machines, spare=_spare(group, limits, first))
        found = fit_in_place(change)
        fit = _also_on_fewer(group, found.fit) if group.machines < least and not anew else found.fit
        group, used = replace(group, fit=fit, needs_room=found.needs_room), found.used
    coming = {kind: n for kind in kinds if (n := start.get(kind, 0) + used * (kind == kinds[0]))}
    if len(kinds) == 1 and (not used or sum(coming.values()) <= group.machines):
        return group
    if used:
        because = f"what runs stays where it is, so one is added where a copy finds no room; {because}"
    others = OtherMachines(coming, because, most=managed is not None and (not (anew or view.wish.as_new) or used > 0))
    return replace(group, others=others if coming != dict(group.kinds) else None)


def _spare(group: ServingGroup, limits: MachineRange | None, machines: int) -> int:
    """How many machines the platform may add to so many within limits: none where it manages no number of them."""
    if limits is None:
        return 0
    return sum(group.copies.values()) if limits[1] is None else max(0, limits[1] - machines)


def _also_on_fewer(group: ServingGroup, fit: Fit) -> Fit:
    """How surely copies fit on what runs, and on the fewer machines of the plan once others were given back."""
    if STRENGTHS.index(group.fit.strength) <= STRENGTHS.index(fit.strength):
        return fit
    return replace(group.fit, reason=f"on the {count(group.machines, 'machine')} of the plan: {group.fit.reason}")


def _from_nothing(view: PlanView, group: ServingGroup, start: Mapping[str, int], most: int) -> tuple[ServingGroup, int]:
    """A group that is made again, on as many more machines of the first type as its copies need."""
    kinds = _in_order(view, group.pools)
    copies = view.of_all_types(group.copies, group.pools)

    def best(more: int) -> tuple[dict[Unit, Strategy], Fit]:
        mix = {**start, kinds[0]: start.get(kinds[0], 0) + more}
        return best_fit(view, machines_of(view, group.pools, mix), copies, group.pools)

    used = bisect_left(range(most - sum(start.values())), True, key=lambda more: best(more)[1].strength != "no")
    strategies, fit = best(used)
    return replace(group, fit=fit, strategies=strategies), used


def _in_order(view: PlanView, pools: Sequence[Pool]) -> list[str]:
    """The types of pools in the order in which the platform tries them."""
    ranked = sorted(pools, key=lambda pool: labels.unpacked(pool.labels, labels.PRIORITY) or 1)
    return list(dict.fromkeys(view.kind(pool.name) for pool in ranked))


def _of_number(kinds: Sequence[str], running: Mapping[str, int], machines: int) -> dict[str, int]:
    """So many machines: of those that run the first types', then new ones of the first type."""
    found: dict[str, int] = {}
    for kind in kinds:
        found[kind] = min(running[kind], machines - sum(found.values()))
    found[kinds[0]] += machines - sum(found.values())
    return found


def _change_of(
    view: PlanView, group: ServingGroup, after: Mapping[str, int], added: str | None, spare: int
) -> VariantChange:
    """What becomes of a variant without a new configuration.

    `after`: its machines by type before the platform adds any, which are of type `added`; None where it adds none.
    """
    own = {pool.name: pool for pool in group.pools}
    machines = [row for row in view.problem.instances if row.pool in own]
    now = tuple((view.kind(row.pool), view.room(own[row.pool].instance_type)) for row in machines)
    placed: dict[str, Counter[str]] = {row.id: Counter() for row in machines}
    for copy in view.problem.placements:
        if copy.instance in placed:
            placed[copy.instance][copy.component] += 1
    running = sum(placed.values(), Counter[str]())
    wanted = Counter[str]()
    for unit, copies in group.copies.items():
        wanted[unit.component] += copies
    respecified = list(_respecified(view, group, running, _in_order_of_calls(view, group, running, wanted)))
    old = {each.old.component: each.old for each in respecified}
    return VariantChange(
        now=now,
        after=machines_of(view, group.pools, after),
        added=machines_of(view, group.pools, {added: 1})[0] if added is not None else None,
        spare=spare,
        present=[
            replace(old.get(name) or _demand(view, group, name, running), copies=running[name])
            for name in view.components
            if running[name]
        ],
        wanted=[_demand(view, group, name, wanted) for name in _in_order_of_calls(view, group, running, wanted)],
        placed=list(placed.values()),
        unknown=frozenset(name for name in running if _policy(view, group, name, running) is None),
        respecified=respecified,
    )


def _respecified(
    view: PlanView, group: ServingGroup, running: Mapping[str, int], names: Iterable[str]
) -> Iterator[Respecified]:
    """Components that run here and get another specification, those that take no more first."""
    for name in names:
        change = specification_change(view, name) if running[name] else None
        if change is not None:
            new = _demand(view, group, name, running)
            needs = {kind: amounts_of(change.before[kind]) for kind in new.needs if kind in change.before}
            needs = {kind: needs.get(kind, need) for kind, need in new.needs.items()}
            yield Respecified(replace(new, needs=needs), new, change.takes_no_more)


def _in_order_of_calls(
    view: PlanView, group: ServingGroup, running: Mapping[str, int], wanted: Mapping[str, int]
) -> list[str]:
    """Components that run or are wanted in the order of the calls: those that are made, then others, largest first."""
    units = [view.able(name, group.pools)[0] for name in view.components if running[name] or wanted[name]]
    ordered = [unit.component for unit in view.ordered(units)]
    return sorted(ordered, key=lambda name: bool(running[name]))


def _demand(view: PlanView, group: ServingGroup, name: str, copies: Mapping[str, int]) -> Demand:
    """The copies of a component: of its options for one type the platform has the first."""
    units = [unit for unit in group.copies if unit.component == name]
    units += [unit for unit in view.able(name, group.pools) if unit not in units]
    strategy = _policy(view, group, name, copies) or "BINPACK"
    rows = demands_of(view, units, dict.fromkeys(units, 0), dict.fromkeys(units, strategy), group.pools)
    needs = {kind: need for row in reversed(rows) for kind, need in row.needs.items()}
    return replace(rows[0], needs=needs, copies=copies[name])


def _policy(view: PlanView, group: ServingGroup, name: str, running: Mapping[str, int]) -> Strategy | None:
    """The policy of placement of a component: its own, else the one that suits its rules; None where none is told."""
    settings: Sequence[Mapping[str, Any]] = labels.unpacked(view.components[name].labels, labels.SETTINGS) or ()
    for row in settings:
        own: Strategy | None = row.get("SchedulingConfig", {}).get("PlacementStrategy")
        if own in ("SPREAD", "BINPACK"):
            return own
    if view.strategy(name) == "SPREAD":
        return "SPREAD"
    chosen = [strategy for unit, strategy in group.strategies.items() if unit.component == name]
    return None if running[name] or not chosen else chosen[0]
