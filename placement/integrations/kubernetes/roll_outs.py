"""Roll-outs: what owners of pods say of them, and how the copies of an exported Deployment are replaced.

Of a Deployment, a StatefulSet (one pod at a time unless `maxUnavailable` says more, which it rounds up) and a
LeaderWorkerSet, which counts groups of pods: https://kubernetes.io/docs/concepts/workloads/controllers/ and
https://lws.sigs.k8s.io/docs/reference/leaderworkerset.v1/.
"""

import copy
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from placement.catalogue.readers.fields import At
from placement.documents import Component, Plan, Problem
from placement.grouping import grouped
from placement.integrations.kubernetes.objects import Json, KubeObject, mapping_under
from placement.integrations.notes import Notes
from placement.integrations.variants import PlanVariant, WrittenCopies
from placement.units import count, listed, whole_in

# Labels of a component: what its owner's roll-outs do, and which budget counts its copies.
MAX_SURGE, ROLLED, BUDGET = "max-surge", "max-unavailable-of-roll-outs", "pod-disruption-budget"
CHANGED = "changed-pod-disruption-budget"  # of an export, which counts its copies by their component
_DEFAULT = "25%"  # of both settings of a Deployment
_MOST_PODS = 1_000_000  # of one group
# Of each kind where its settings stand, the types of its strategy, and what is away and more by default.
_KINDS = {
    "Deployment": ("strategy", "rollingUpdate", ("RollingUpdate", "Recreate"), _DEFAULT, _DEFAULT),
    "StatefulSet": ("updateStrategy", "rollingUpdate", ("RollingUpdate", "OnDelete"), "1", "0"),
    "LeaderWorkerSet": ("rolloutStrategy", "rollingUpdateConfiguration", (), "1", "0"),
}


@dataclass(frozen=True, slots=True)
class RollOut:
    """Settings of one owner: `away` and `more` are numbers or percentages of its units, each so many pods."""

    away: str
    more: str
    rounds_up: bool = False  # a percentage that is away
    pods: int = 1  # of one unit
    told: tuple[tuple[str, str], ...] = ()  # fields that no component can say, and why

    def of(self, copies: int) -> tuple[int, int]:
        """Copies of so many that may be away, and that there may be more. One may be away where neither is allowed."""
        units = -(-copies // self.pods)
        more = share_of(self.more, units, up=True)
        away = share_of(self.away, units, up=self.rounds_up) or (0 if more else 1)
        return min(copies, away * self.pods), more * self.pods


def roll_out(found: KubeObject) -> RollOut | None:
    """What an owner says; None where a roll-out takes nothing away by itself."""
    strategy, settings, types, away, more = _KINDS[found.kind]
    kind = found.at.choice_at(types, "spec", strategy, "type") if types else ""
    if kind == "OnDelete":
        return None
    rolling = found.at.get("spec", strategy, settings)
    if kind == "Recreate":  # all copies end before new ones start
        if rolling is not None:
            raise rolling.fault("must not be there with the type Recreate")
        return RollOut("100%", "0")
    pods = found.at.whole_at("spec", "leaderWorkerTemplate", "size")
    if pods is not None and not 1 <= pods <= _MOST_PODS:
        raise found.at.key("spec", "leaderWorkerTemplate", "size").fault("must be from 1 to 1,000,000")
    is_set = found.kind == "StatefulSet"
    if rolling is not None:
        away = rolling.optional(count_text, "maxUnavailable") or away
        more = more if is_set else rolling.optional(count_text, "maxSurge") or more
        _check_moves(rolling.get("maxUnavailable"), away, more)
    partition = found.at.whole_at("spec", strategy, settings, "partition") if found.kind != "Deployment" else None
    why = f"copies numbered below {partition} keep the old template: not carried over"
    told = ((f"spec.{strategy}.{settings}.partition", why),) if partition else ()
    return RollOut(away, more, rounds_up=is_set, pods=pods or 1, told=told)


def _check_moves(at: At | None, away: str, more: str) -> None:
    """A roll-out takes pods away or adds some, and takes no more away than there are."""
    if at is not None and not int(away.removesuffix("%")) and not int(more.removesuffix("%")):
        raise at.fault("must be more than 0 where no pod may be added (maxSurge)")
    if at is not None and away.endswith("%") and int(away[:-1]) > 100:
        raise at.fault("must be at most 100%")


def count_text(at: At) -> str:
    """A whole number, which is no text, or a percentage, as text."""
    value = at.value
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise at.fault("must be a whole number or a percentage")
    text = str(value)
    digits = text.removesuffix("%")
    is_number = whole_in(digits) is not None
    if isinstance(value, str) and digits == text and is_number:
        raise at.fault("must be a whole number or a percentage: without a per cent sign it is no text in quotes")
    if not is_number:
        raise at.fault("must be a whole number or a percentage")
    return text


def share_of(text: str, copies: int, *, up: bool) -> int:
    """A number, or a percentage of the copies, rounded up (budgets, surge) or down (what a roll-out takes away).

    >>> share_of("50%", 3, up=True), share_of("25%", 3, up=False), share_of("2", 9, up=True)
    (2, 0, 2)
    """
    if not text.endswith("%"):
        return int(text)
    parts = int(text[:-1]) * copies
    return -(-parts // 100) if up else parts // 100


def asked_away(component: Component) -> int | None:
    """`max_unavailable` where a budget or a person set it; None where it is what its owner's roll-outs allow."""
    away = component.most_unavailable
    if "max_unavailable" not in component.model_fields_set:
        return None
    return away if is_of_budget(component) or component.labels.get(ROLLED) != str(away) else None


def is_of_budget(component: Component) -> bool:
    """Whether a PodDisruptionBudget that it was imported with counts its copies."""
    return BUDGET in component.labels or CHANGED in component.labels


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


def tell_roll_outs(problem: Problem, plan: Plan, new: Sequence[WrittenCopies], notes: Notes) -> None:
    """Roll-outs that take more copies away than the component may be without, or have no room for a copy more."""
    free = _free(problem, plan)
    taken = grouped((row.component, _away(row)) for row in new)
    staying = (row.variant for row in new if not _away(row))
    alone = (row for row in staying if not row.mode.shared and row.mode.accelerators > free[row.pool.name])
    for pool, names in grouped((row.pool.name, row.component.name) for row in alone).items():
        told = "end no copy before another runs, and no machine of the plan has its accelerators free: they wait"
        notes.inexact(f"pool {pool}", f"roll-outs of {listed([*dict.fromkeys(names)])} {told}")
    components = {row.name: row for row in problem.components}
    for name, counts in taken.items():
        component = components[name]
        allowed = max(component.most_unavailable, whole_in(component.labels.get(ROLLED, ""), digits=6) or 0)
        if "max_unavailable" in component.model_fields_set and len(counts) > 1 and sum(counts) > allowed:
            taken_away = count(sum(counts), "copy", "copies")
            told = f"a roll-out of all its {len(counts)} Deployments at once takes {taken_away} away"
            notes.inexact(f"component {name} max_unavailable", f"{told}, not {allowed}")


def _away(row: WrittenCopies) -> int:
    """How many copies a roll-out ends before others run."""
    strategy = row.document["spec"]["strategy"]
    if strategy.get("type") == "Recreate":
        return row.variant.copies
    rolling = strategy.get("rollingUpdate") or {}
    away, more = (str(rolling.get(key, _DEFAULT)) for key in ("maxUnavailable", "maxSurge"))
    return RollOut(away, more).of(row.variant.copies)[0]


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
