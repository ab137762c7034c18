"""How the copies of an exported Deployment are replaced: as its owner wrote it, unless the problem asks for less."""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import TYPE_CHECKING

from placement.integrations.kubernetes.objects import Json, KubeObject, mapping_under
from placement.integrations.kubernetes.roll_outs import RollOut
from placement.integrations.kubernetes.upkeep import MAX_SURGE, ROLLED, asked_away, is_of_budget
from placement.units import count, listed, whole_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.documents import Component, Plan, Problem
    from placement.integrations.notes import Notes
    from placement.integrations.variants import PlanVariant


_DEFAULT = "25%"  # of both settings


def strategy_of(group: PlanVariant, deployment: KubeObject | None, notes: Notes) -> Json:
    """The owner's strategy as it was written; `max_unavailable` of a person comes before it, but for `Recreate`.

    By that no old copy may run beside a new one, so no roll-out keeps any of them.
    """
    component = group.component
    kept = copy.deepcopy(mapping_under(deployment.at.value, "spec", "strategy")) if deployment else {}
    asked = None if is_of_budget(component) else asked_away(component)
    if kept.get("type") == "Recreate":
        if asked is not None and asked < group.copies:
            told = f"the strategy of its Deployment is Recreate: a roll-out takes all of a Deployment away, not {asked}"
            notes.inexact(f"component {component.name} max_unavailable", told)
        return kept
    if group.machine:  # there is no room beside itself for a copy that has its place
        pinned = {"maxSurge": 0, "maxUnavailable": 1}
        if kept.get("rollingUpdate") not in (None, pinned):
            told = "beside a copy with its place is no room: pinned ones end before others start (maxSurge 0)"
            notes.inexact(f"component {component.name} strategy", told)
        return {"type": "RollingUpdate", "rollingUpdate": pinned}
    if kept and asked is None:
        return kept
    return {"type": "RollingUpdate", **_rolling(group, asked)}


def _rolling(group: PlanVariant, asked: int | None) -> Json:
    """How many pods of a Deployment may be away, or be there beside the others, while it is rolled out."""
    told = group.component.labels
    away = whole_in(told.get(ROLLED, ""), digits=6) if asked is None else asked
    surge = whole_in(told.get(MAX_SURGE, ""), digits=6)
    if away is None:
        return {}
    away, more = min(away, group.copies), 1 if surge is None else surge
    return {"rollingUpdate": {"maxSurge": more or int(not away), "maxUnavailable": away}}  # both at 0 are refused


def tell_roll_outs(
    problem: Problem, plan: Plan, groups: Sequence[PlanVariant], work: Sequence[Json], notes: Notes
) -> None:
    """Roll-outs that take more copies away than the component may be without, or have no room for a copy more."""
    taken: dict[str, list[int]] = defaultdict(list)
    components: dict[str, Component] = {}
    waiting: dict[str, list[str]] = defaultdict(list)
    free = _free(problem, plan)
    for group, row in zip(groups, work, strict=True):
        away = _away(row["spec"]["strategy"], group.copies)
        taken[group.component.name].append(away)
        components[group.component.name] = group.component
        if not away and not group.mode.shared and group.mode.accelerators > free[group.pool.name]:
            waiting[group.pool.name].append(group.component.name)
    for pool, names in waiting.items():
        told = "end no copy before another runs, and no machine of the plan has its accelerators free: they wait"
        notes.inexact(f"pool {pool}", f"roll-outs of {listed([*dict.fromkeys(names)])} {told}")
    for name, counts in taken.items():
        component = components[name]
        allowed = max(component.most_unavailable, whole_in(component.labels.get(ROLLED, ""), digits=6) or 0)
        if "max_unavailable" in component.model_fields_set and len(counts) > 1 and sum(counts) > allowed:
            taken_away = count(sum(counts), "copy", "copies")
            told = f"a roll-out of all its {len(counts)} Deployments at once takes {taken_away} away"
            notes.inexact(f"component {name} max_unavailable", f"{told}, not {allowed}")


def _away(strategy: Json, copies: int) -> int:
    """How many copies of so many a roll-out ends before others run."""
    if strategy.get("type") == "Recreate":
        return copies
    rolling = strategy.get("rollingUpdate") or {}
    away, more = (str(rolling.get(key, _DEFAULT)) for key in ("maxUnavailable", "maxSurge"))
    return RollOut(away, more).of(copies)[0]


def _free(problem: Problem, plan: Plan) -> dict[str, int]:
    """By pool the most accelerators that are free on one machine of the plan."""
    used: dict[str, set[int]] = defaultdict(set)
    for row in plan.assignments:
        used[row.instance] |= {*row.accelerators}
    held = {row.name: problem.instance_types[row.instance_type].accelerator_count for row in problem.pools}
    found: dict[str, int] = defaultdict(int)
    for machine in plan.instances:
        found[machine.pool] = max(found[machine.pool], held[machine.pool] - len(used[machine.id]))
    return found
