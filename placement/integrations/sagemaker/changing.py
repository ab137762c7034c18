"""What a plan changes of a variant that runs, as the packing sees it: machines, copies that run, and those wanted."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from placement.integrations.sagemaker import labels
from placement.integrations.sagemaker.groups import PlanView, ServingGroup, demands_of, machines_of
from placement.integrations.sagemaker.in_place import Respecified, VariantChange
from placement.integrations.sagemaker.specification import amounts_of, specification_change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from placement.documents import Component
    from placement.integrations.sagemaker.packing import Demand, Strategy


def change_of(
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
    respecified = list(_respecified(view, group, running, _in_order(view, group, running, wanted)))
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
        wanted=[_demand(view, group, name, wanted) for name in _in_order(view, group, running, wanted)],
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


def _in_order(view: PlanView, group: ServingGroup, running: Mapping[str, int], wanted: Mapping[str, int]) -> list[str]:
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
    own = _own_policy(view.components[name])
    if own is not None:
        return own
    if view.strategy(name) == "SPREAD":
        return "SPREAD"
    chosen = [strategy for unit, strategy in group.strategies.items() if unit.component == name]
    return None if running[name] or not chosen else chosen[0]


def _own_policy(component: Component) -> Strategy | None:
    rows: Sequence[Mapping[str, Any]] = labels.unpacked(component.labels, labels.SETTINGS) or ()
    told = (row.get("SchedulingConfig", {}).get("PlacementStrategy") for row in rows)
    return next((word for word in told if word in ("SPREAD", "BINPACK")), None)
