"""What must stay up: PodDisruptionBudgets and roll-out settings, and what spot capacity taken back would take.

They bound how many copies may be away at once while copies move: `max_unavailable` of a component, which
`placement transition` keeps. They are no rule of a plan.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from placement.integrations.kubernetes.classes import NodePoolRow
from placement.integrations.kubernetes.objects import KubeCluster, KubeObject
from placement.integrations.kubernetes.own_rules import own_rules
from placement.integrations.kubernetes.roll_outs import (
    BUDGET,
    CHANGED,
    MAX_SURGE,
    ROLLED,
    count_text,
    roll_out,
    share_of,
)
from placement.integrations.kubernetes.selectors import Selector, label_selector
from placement.integrations.kubernetes.standing import Candidates
from placement.integrations.kubernetes.workloads import Workload
from placement.integrations.notes import Notes
from placement.units import count, listed

MADE = "gpu-placement/made"  # annotation of an exported budget: what it says, and what of that the component asked for
_ROLLED_OUT = ("Deployment", "StatefulSet", "LeaderWorkerSet")


@dataclass
class Upkeep:
    """How many copies of a component may be away at once, where anything tells, and labels that say what does.

    `stay` is how many its budgets want up, whatever its own roll-out allows.
    """

    away: int | None = None
    stay: int | None = None
    labels: dict[str, str] = field(default_factory=dict)

    def keep(self, copies: int, away: int, budget: KubeObject, *, is_changed: bool) -> None:
        """Within what a budget allows, too; `is_changed`: by somebody, after an export wrote it."""
        away = min(copies, away)
        self.away = away if self.away is None else min(away, self.away)
        self.stay = max(copies - away, self.stay or 0)
        if is_changed:
            self.labels[CHANGED] = budget.name
        elif MADE not in budget.annotations:  # the next export writes its own again
            self.labels[BUDGET] = budget.name

    def keys(self) -> dict[str, int]:
        return {} if self.away is None else {"max_unavailable": self.away}


def upkeep_of_all(standing: Candidates, cluster: KubeCluster, notes: Notes) -> list[Upkeep]:
    """Of each workload what its budgets and its roll-out allow; of several the strictest."""
    workloads, pods = standing.workloads, standing.pods
    found = [_of_rollout(workload, cluster, notes) for workload in workloads]
    copies = [workload.copies for workload in workloads]
    counting: dict[int, list[str]] = defaultdict(list)
    for budget, read in cluster.read_kind("PodDisruptionBudget", read_budget):
        taken = pods.taken(read.selector, {budget.namespace})
        if read.is_ours:
            continue
        if not read.key:
            notes.ignored(budget.place, "says neither minAvailable nor maxUnavailable, so it limits nothing")
        elif not taken:
            notes.ignored(budget.place, "its selector takes no pod that is a copy, so it limits nothing here")
        away = read.away(sum(copies[w] for w in taken))
        for w in taken if read.key else ():
            found[w].keep(copies[w], away, budget, is_changed=read.is_changed)
            counting[w].append(budget.place)
            if not away:
                notes.assumed(workloads[w].place, f"{budget.place} lets no copy be away, so none can be evicted")
        if read.key and away and len(taken) > 1:
            names = listed([workloads[w].name for w in taken])
            told = f"lets {away} of all copies of {names} be away; here each of them may be without as many"
            notes.ignored(budget.place, told)
    for w, places in counting.items():
        if len(places) > 1:
            told = f"{' and '.join(places)} count its pods, and Kubernetes evicts no pod that several budgets count"
            notes.assumed(workloads[w].place, f"{told}; here the strictest of them holds")
    return found


@dataclass(frozen=True, slots=True)
class DisruptionBudget:
    """What a PodDisruptionBudget says: so many, or so many per cent, of the pods that its selector takes."""

    selector: Selector | None
    key: str  # which of the two limits; empty where there is none
    text: str
    is_ours: bool = False  # an export made it for a component that asked for nothing
    is_changed: bool = False  # an export made it with the other limit: to write that again would leave both in it

    def counts(self, labels: Mapping[str, str]) -> bool:
        """Whether it counts pods of its namespace with such labels."""
        return self.selector is not None and self.selector.takes(labels)

    def away(self, copies: int) -> int:
        """How many of so many copies may be away."""
        amount = share_of(self.text, copies, up=True)
        return max(0, copies - amount) if self.key == _LEAST else min(copies, amount)


_LEAST, _MOST = "minAvailable", "maxUnavailable"


def read_budget(found: KubeObject) -> DisruptionBudget:
    """What a PodDisruptionBudget says, which may be damaged."""
    spec = found.at.key("spec")
    told = {key: count_text(at) for key in (_LEAST, _MOST) if (at := spec.get(key)) is not None}
    if len(told) > 1:
        raise spec.key(_MOST).fault(f"must not stand beside {_LEAST}: a budget has one of them")
    for key, text in told.items():
        if text.endswith("%") and int(text[:-1]) > 100:
            raise spec.key(key).fault("must be at most 100%")
        own = _own(found, text) if key == _MOST else text
        selector, is_changed = label_selector(spec.get("selector")), key == _LEAST and MADE in found.annotations
        return DisruptionBudget(selector, key, text if own is None else own, is_ours=own is None, is_changed=is_changed)
    return DisruptionBudget(None, "", "0")


def made_text(away: int, own: int | None) -> str:
    """The annotation of an exported budget: how many may be away by it, and `max_unavailable` of its component."""
    return f"{away} of {'none' if own is None else own}"


def _own(budget: KubeObject, text: str) -> str | None:
    """What an exported budget stands for: what its component asked for, perhaps nothing, until somebody changes it."""
    found = _MADE.fullmatch(budget.annotations.get(MADE, ""))
    if found is None or found["away"] != text:
        return text
    return None if found["own"] == "none" else found["own"]


_MADE = re.compile(r"(?P<away>[0-9]{1,9}) of (?P<own>none|[0-9]{1,9})", re.ASCII)


def _of_rollout(workload: Workload, cluster: KubeCluster, notes: Notes) -> Upkeep:
    """An owner's own limits on a roll-out; what of them a component can't say is told."""
    owner = workload.owner
    if not owner.kind:
        return _of_exported(workload, cluster)
    found = cluster.get(owner.kind, owner.namespace, owner.name) if owner.kind in _ROLLED_OUT else None
    if found is None:
        return Upkeep()
    told = cluster.read_one(found, roll_out)
    if told is None:
        return Upkeep()
    for field_name, why in told.told:
        notes.ignored(f"{found.place} {field_name}", why)
    away, more = told.of(workload.copies)
    return Upkeep(away, labels={MAX_SURGE: str(more), ROLLED: str(away)})


def _of_exported(workload: Workload, cluster: KubeCluster) -> Upkeep:
    """What an export wrote on the pods."""
    told = cluster.read_each((row.pod for row, _ in workload.pods), own_rules)
    away = min((row.away for row in told if row.away is not None), default=None)
    surge = next((row.surge for row in told if row.surge), "")
    labels = {MAX_SURGE: surge, ROLLED: next((row.rolled for row in told if row.rolled), "")}
    return Upkeep(away, labels={key: text for key, text in labels.items() if text})


def suggest_for_spot(
    workloads: Sequence[Workload], upkeep: Sequence[Upkeep], pools: Sequence[NodePoolRow], notes: Notes
) -> None:
    """Name the components that the loss of one spot pool would take below what must stay up."""
    spot = {machine.name: pool.name for pool in pools if pool.first.buy == "spot" for machine in pool.machines}
    for workload, row in zip(workloads, upkeep, strict=True):
        held = Counter(spot[pod.node] for pod, _ in workload.pods if pod.node in spot)
        copies = sum(1 for pod, _ in workload.pods if pod.node)
        if not held or copies < 2:
            continue
        pool, most = held.most_common(1)[0]
        wanted = 1 if row.stay is None else min(row.stay, copies)
        if copies - most < wanted:
            stand = f"{most} of {count(copies, 'copy', 'copies')} {'stands' if most == 1 else 'stand'}"
            told = f"{stand} in the spot pool {pool}, and {wanted} should stay up"
            notes.suggested(workload.name, f"{told}: min_available_on_pool_loss: {wanted}")
