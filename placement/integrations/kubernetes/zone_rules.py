"""Spread constraints over zones that count pods of several components: no plan knows them, the scheduler can keep them.

A Deployment of an export is held to one zone. A constraint of it looks at the zones that its affinity takes, unless it
says `nodeAffinityPolicy: Ignore`: at that one alone, so it would limit nothing. With `Ignore` it looks at all zones of
the cluster. That is the owner's rule as long as its own affinity takes nodes in all of them, and copies come to run by
it alone if the plan keeps it, and old and new copies together do.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from placement.catalogue.readers.fields import At
from placement.integrations.kubernetes.groups import is_left_alone, owner_kind
from placement.integrations.kubernetes.selectors import label_selector, node_rules
from placement.integrations.notes import Notes
from placement.integrations.variants import avoided
from placement.units import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set

    from placement.documents import Plan, Problem
    from placement.integrations.kubernetes.objects import Json, KubeObject


POLICY, IGNORE = "nodeAffinityPolicy", "Ignore"


@dataclass(frozen=True)
class Surroundings:
    """What rules about others are about.

    The problem and a plan, the pods that run by component, the label of nodes that tells zones; the labels of nodes.
    """

    problem: Problem
    plan: Plan
    pods: Mapping[str, Sequence[KubeObject]]
    zone_label: str
    nodes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    counts: dict[tuple[str, ...], tuple[Counter[str], Counter[str]]] = field(default_factory=dict)  # asked for so far

    @cached_property
    def avoided(self) -> Mapping[str, Set[str]]:
        """By component those that must not be on one machine with it."""
        return avoided(self.problem)


def over_zones(row: Json, spec: Mapping[str, Any], counted: Sequence[str], around: Surroundings) -> tuple[Json, str]:
    """How a constraint over zones that counts these components is written, and what it does then.

    The spec is that of its pod before it is held to a pool.
    """
    is_over_all = row.get(POLICY) == IGNORE
    told = f"it counts pods of {listed(counted)}"
    if row.get("matchLabelKeys"):
        return row, f"{told}, but those of one ReplicaSet alone: {NO_LIMIT}"
    if not around.nodes:
        return row, f"{told}, and no nodes were given, so which zones it is about is not known"
    key = tuple(counted)
    if key not in around.counts:
        around.counts[key] = _planned(counted, around), _beside(counted, around)
    planned, both = around.counts[key]
    domains = {labels[around.zone_label] for labels in around.nodes.values() if around.zone_label in labels}
    domains |= {*planned}
    for counts, of in ((planned, "the plan has"), (both, "old and new copies together have")):
        if _skew(counts, domains, row) > row.get("maxSkew", 1):
            zones = ", ".join(f"{counts[zone]} in {zone}" for zone in sorted(domains))
            why = f"{told}, and {of} {zones}, more than its maxSkew of {row.get('maxSkew', 1)} apart"
            return row, f"{why}: {'copies wait' if is_over_all else NO_LIMIT}"
    if is_over_all:
        return row, f"{told}, which no plan knows; this one keeps it"
    if domains - _taken(spec, around) - {*planned}:
        why = f"{told}, and its pods may not stand in some zones, which {POLICY} {IGNORE} would count"
        return row, f"{why}: {NO_LIMIT}"
    why = f"{told}, which no plan knows; this one keeps it, and {POLICY} {IGNORE} makes the scheduler keep it"
    return {**row, POLICY: IGNORE}, why


NO_LIMIT = "it stays, and limits nothing, as each Deployment is of one zone"


def counted_by(row: Json, component: str, space: str, around: Surroundings) -> list[str]:
    """The components whose pods a constraint counts, its own first."""
    told = row.get("labelSelector")
    selector = None if told is None else label_selector(At(told))
    if selector is None:
        return [component]
    others = [
        name
        for name, pods in around.pods.items()
        if name != component and any(pod.namespace == space and selector.takes(pod.labels) for pod in pods)
    ]
    return [component, *others]


def without_ours(here: Any, told: Sequence[Json] | None) -> Any:
    """Constraints of an exported pod without those that stand for others of `told`, over all zones."""
    if not isinstance(here, list) or not told:
        return here
    own = [_bare(row) for row in told if isinstance(row, dict) and row.get(POLICY) != IGNORE]
    return [row for row in here if not (isinstance(row, dict) and row.get(POLICY) == IGNORE and _bare(row) in own)]


def _bare(row: Json) -> Json:
    return {key: value for key, value in row.items() if key != POLICY}


def _taken(spec: Mapping[str, Any], around: Surroundings) -> set[str]:
    """Zones with nodes that a pod's own selector and affinity take."""
    rules = node_rules(At(dict(spec)), Notes(), "")
    rows = around.nodes.items()
    return {row[around.zone_label] for name, row in rows if around.zone_label in row and rules.takes(row, name)}


def _skew(counts: Counter[str], domains: Iterable[str], row: Json) -> int:
    held = [counts[zone] for zone in domains]
    least = 0 if len(held) < row.get("minDomains", 1) else min(held, default=0)
    return max(held, default=0) - least


def _planned(names: Sequence[str], around: Surroundings) -> Counter[str]:
    """By zone the copies of some components in the plan."""
    zone_of = around.problem.zones_of(around.plan.instances)
    return Counter(zone_of[row.instance] for row in around.plan.assignments if row.component in names)


def _beside(names: Sequence[str], around: Surroundings) -> Counter[str]:
    """By zone the most copies of them while old and new ones run: of an earlier export's Deployments what is added."""
    zone_of = around.problem.zones_of(around.problem.instances)
    found: Counter[str] = Counter()
    for component in (row for row in around.problem.components if row.name in names):
        name = component.name
        now = Counter(zone_of[row.instance] for row in around.problem.placements if row.component == name)
        then = _planned([name], around)
        stays = is_left_alone(component) or owner_kind(component) in ("", "Component")
        found += (now | then) if stays else (now + then)
    return found
