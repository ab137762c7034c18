"""What must stay up: PodDisruptionBudgets and roll-out settings, and what spot capacity taken back would take.

They bound how many copies may be away at once while copies move: `max_unavailable` of a component, which
`placement transition` keeps. They are no rule of a plan.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from placement.integrations.kubernetes.objects import of_each
from placement.integrations.kubernetes.roll_outs import count_text, roll_out, share_of
from placement.integrations.kubernetes.selectors import label_selector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.integrations.kubernetes.classes import NodePoolRow
    from placement.integrations.kubernetes.objects import KubeCluster, KubeObject
    from placement.integrations.kubernetes.population import Population
    from placement.integrations.kubernetes.selectors import Selector
    from placement.integrations.kubernetes.workloads import Workload
    from placement.integrations.notes import Notes

MAX_SURGE, BUDGET = "max-surge", "pod-disruption-budget"
_ROLLED_OUT = ("Deployment", "StatefulSet", "LeaderWorkerSet")


@dataclass
class Upkeep:
    """How many copies of a component may be away at once, where anything tells, and labels that say what does.

    `stay` is how many its budgets want up, whatever its own roll-out allows.
    """

    away: int | None = None
    stay: int | None = None
    labels: dict[str, str] = field(default_factory=dict)

    def keys(self) -> dict[str, int]:
        """The keys of a component."""
        return {} if self.away is None else {"max_unavailable": self.away}


def upkeep_of_all(
    workloads: Sequence[Workload], pods: Population, cluster: KubeCluster, notes: Notes, source: str
) -> list[Upkeep]:
    """Of each workload what its budgets and its roll-out allow; of several the strictest."""
    objects = cluster.of("PodDisruptionBudget")
    budgets = list(zip(objects, of_each(objects, _budget, source), strict=True))
    found = []
    counting: dict[int, list[tuple[KubeObject, str, str]]] = defaultdict(list)
    for budget, (selector, key, text) in budgets:
        taken = pods.taken(selector, {budget.namespace})
        if not key:
            notes.ignored(budget.place, "says neither minAvailable nor maxUnavailable, so it limits nothing")
        elif not taken:
            notes.ignored(budget.place, "its selector takes no pod that is a copy, so it limits nothing here")
        for w in taken if key else ():
            counting[w].append((budget, key, text))
    for w, workload in enumerate(workloads):
        upkeep = _of_rollout(workload, cluster, notes, source)
        copies = max(len(workload.pods), workload.wanted)
        for budget, key, text in counting[w]:
            amount = share_of(text, copies, up=True)
            away = max(0, copies - amount) if key == "minAvailable" else min(copies, amount)
            upkeep.away = away if upkeep.away is None else min(away, upkeep.away)
            upkeep.stay = max(copies - away, upkeep.stay or 0)
            upkeep.labels[BUDGET] = budget.name
            if not away:
                notes.assumed(workload.place, f"{budget.place} lets no copy be away, so none can be evicted")
        found.append(upkeep)
    return found


def _budget(found: KubeObject) -> tuple[Selector | None, str, str]:
    spec = found.at.key("spec")
    for key in ("minAvailable", "maxUnavailable"):
        told = spec.get(key)
        if told is not None:
            return label_selector(spec.get("selector")), key, count_text(told)
    return None, "", "0"


def _of_rollout(workload: Workload, cluster: KubeCluster, notes: Notes, source: str) -> Upkeep:
    """An owner's own limits on a roll-out; what of them a component can't say is told."""
    owner = workload.owner
    found = cluster.get(owner.kind, owner.namespace, owner.name) if owner.kind in _ROLLED_OUT else None
    if found is None:
        return Upkeep()
    (told,) = of_each([found], roll_out, source)
    if told is None:
        return Upkeep()
    for field_name, why in told.told:
        notes.ignored(f"{found.place} {field_name}", why)
    away, more = told.of(max(len(workload.pods), workload.wanted))
    return Upkeep(away, labels={MAX_SURGE: str(more)})


def suggest_for_spot(
    workloads: Sequence[Workload], upkeep: Sequence[Upkeep], pools: Sequence[NodePoolRow], notes: Notes
) -> None:
    """Name the components that the loss of one spot pool would take below what must stay up."""
    spot = {machine.name: pool.name for pool in pools if pool.buy == "spot" for machine in pool.machines}
    for workload, row in zip(workloads, upkeep, strict=True):
        held = Counter(spot[pod.node] for pod, _ in workload.pods if pod.node in spot)
        copies = sum(1 for pod, _ in workload.pods if pod.node)
        if not held or copies < 2:
            continue
        pool, most = held.most_common(1)[0]
        wanted = 1 if row.stay is None else min(row.stay, copies)
        if copies - most < wanted:
            told = f"{most} of {copies} copies stand in the spot pool {pool}, and {wanted} should stay up"
            notes.suggested(workload.name, f"{told}: min_available_on_pool_loss: {wanted}")
