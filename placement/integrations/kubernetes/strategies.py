"""How the copies of an exported Deployment are replaced: as its owner wrote it, unless the problem asks for less."""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from placement.integrations.kubernetes.roll_outs import RollOut
from placement.integrations.kubernetes.upkeep import MAX_SURGE, ROLLED, asked_away, is_of_budget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.documents import Component
    from placement.integrations.kubernetes.groups import CopyGroup
    from placement.integrations.kubernetes.objects import KubeObject
    from placement.integrations.notes import Notes

    Json = dict[str, Any]

_DEFAULT = "25%"  # of both settings


def strategy_of(group: CopyGroup, deployment: KubeObject | None, notes: Notes) -> Json:
    """The owner's strategy as it was written; what a person asks for in `max_unavailable` comes before it."""
    component = group.component
    kept = _written(deployment) if deployment else None
    asked = None if is_of_budget(component) else asked_away(component)
    if kept and kept.get("type") == "Recreate" and (asked is None or asked >= group.copies):
        return kept
    if group.node:  # there is no room beside itself for a copy that has its place
        pinned = {"maxSurge": 0, "maxUnavailable": 1}
        if kept and kept.get("rollingUpdate") not in (None, pinned):
            told = "beside a copy with its place is no room: pinned ones end before others start (maxSurge 0)"
            notes.inexact(f"component {component.name} strategy", told)
        return {"type": "RollingUpdate", "rollingUpdate": pinned}
    if kept and asked is None:
        return kept
    return {"type": "RollingUpdate", **_rolling(group, asked)}


def _written(deployment: KubeObject) -> Json | None:
    found = deployment.at.key("spec").value.get("strategy")
    return copy.deepcopy(found) if isinstance(found, dict) and found else None


def _rolling(group: CopyGroup, asked: int | None) -> Json:
    """How many pods of a Deployment may be away, or be there beside the others, while it is rolled out."""
    told = group.component.labels
    away, surge = _number(told.get(ROLLED, "")) if asked is None else asked, _number(told.get(MAX_SURGE, ""))
    if away is None:
        return {}
    away, more = min(away, group.copies), 1 if surge is None else surge
    return {"rollingUpdate": {"maxSurge": more or int(not away), "maxUnavailable": away}}  # both at 0 are refused


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


def tell_roll_outs(groups: Sequence[CopyGroup], work: Sequence[Json], notes: Notes) -> None:
    """Where roll-outs of several Deployments take more copies away than the component may be without."""
    taken: dict[str, list[int]] = defaultdict(list)
    components: dict[str, Component] = {}
    for group, row in zip(groups, work, strict=True):
        strategy = row["spec"]["strategy"]
        rolling = strategy.get("rollingUpdate") or {}
        away, more = (str(rolling.get(key, _DEFAULT)) for key in ("maxUnavailable", "maxSurge"))
        found = RollOut("100%", "0") if strategy.get("type") == "Recreate" else RollOut(away, more)
        taken[group.component.name].append(found.of(group.copies)[0])
        components[group.component.name] = group.component
    for name, counts in taken.items():
        component = components[name]
        allowed = max(component.max_unavailable, _number(component.labels.get(ROLLED, "")) or 0)
        if "max_unavailable" in component.model_fields_set and len(counts) > 1 and sum(counts) > allowed:
            told = f"a roll-out of all its {len(counts)} Deployments at once takes {sum(counts)} copies away"
            notes.inexact(f"component {name} max_unavailable", f"{told}, not {allowed}")
