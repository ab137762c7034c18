"""What keeps copies apart in an exported pod: `avoid` and `dedicated` as anti-affinity, and what no plan knows.

Copies of the export are told apart by the label of their component. Pods that it leaves as they are (StatefulSets,
Jobs, what comes with a node) have no such label: a term that a pod had about its host is kept where the problem says
the same, and what is missing is said by the labels that those pods have.

Spread constraints over zones that count pods of several components no plan knows, but the scheduler can keep them.
A Deployment of an export is held to one zone. A constraint of it looks at the zones that its affinity takes, unless it
says `nodeAffinityPolicy: Ignore`: at that one alone, so it would limit nothing. With `Ignore` it looks at all zones of
the cluster. That is the owner's rule as long as its own affinity takes nodes in all of them, and copies come to run by
it alone if the plan keeps it, and old and new copies together do.
"""

import copy
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from placement.catalogue.readers.fields import At
from placement.documents import Component
from placement.integrations.kubernetes.cleaning import own_labels
from placement.integrations.kubernetes.naming import COMPONENT_LABEL, HOSTNAME, Owner, slug
from placement.integrations.kubernetes.neighbours import Apart, apart_of, is_kept_by_plans
from placement.integrations.kubernetes.objects import Json, KubeObject
from placement.integrations.kubernetes.own_rules import IGNORE, POLICY, others_than_ours
from placement.integrations.kubernetes.selectors import label_selector, node_rules
from placement.integrations.kubernetes.templates import ExportContext
from placement.integrations.notes import Notes
from placement.units import listed

PodsOf = Mapping[str, Sequence[KubeObject]]  # by component


def apart_terms(component: Component, before: Sequence[Json], space: str, export: ExportContext) -> list[Json]:
    """Required terms of a copy in the namespace `space`: those of `before` that the problem says too, then ours.

    A term about hosts that is about no pod that runs is kept, and so are terms that the problem can't say: over
    other domains, and over zones about other components.
    """
    problem, pods, notes = export.problem, export.templates.by_component, export.notes
    others = export.avoided[component.name]
    kept = [(row, apart_of(At(row), space)) for row in before if row.get("topologyKey") == HOSTNAME]
    meant = {*others} | ({component.name} if component.spread.max_per_instance == 1 else set())
    kept = [(row, rule) for row, rule in kept if component.dedicated or _taken(rule, pods) <= meant]
    found = [copy.deepcopy(row) for row, _ in kept]
    for row in before:
        key = row.get("topologyKey")
        about = _taken(apart_of(At(row), space), pods) - {component.name}
        if key not in (HOSTNAME, export.zone_label) or (key == export.zone_label and about):
            notes.inexact(f"component {component.name} podAntiAffinity[{key}]", _NOT_IN_PLANS)
            found.append(copy.deepcopy(row))
    left = [row.name for row in problem.components if row.name in others and Owner.of(row).is_left_alone]
    exported = sorted({slug(name) for name in others if name not in left})
    if exported:
        found.append(_host_term([{"key": COMPONENT_LABEL, "operator": "In", "values": exported}]))
    for name in left:
        found += _of_left_alone(component, name, [rule for _, rule in kept], pods, notes)
    if component.dedicated:
        own = {"key": COMPONENT_LABEL, "operator": "NotIn", "values": [slug(component.name)]}
        found.append(_host_term([{"key": COMPONENT_LABEL, "operator": "Exists"}, own]))
        told = "keeps off pods of this export alone: others may be put on its machines"
        notes.inexact(f"component {component.name} dedicated", told)
    return found


def other_constraints(component: Component, spec: Mapping[str, Any], space: str, export: ExportContext) -> list[Json]:
    """Of a pod with this spec, before it is held to a pool, the spread constraints that stay: wishes, and unknown ones.

    No plan knows those over domains that are neither hosts nor zones, and over zones that count other components too.
    """
    found = []
    for row in map(copy.deepcopy, others_than_ours(spec.get("topologySpreadConstraints"))):
        place = f"component {component.name} topologySpreadConstraints[{row.get('topologyKey')}]"
        counted = _counted_by(row, component.name, space, export)
        if row.get("whenUnsatisfiable") == "ScheduleAnyway":
            found.append(row)
        elif not is_kept_by_plans(row, export.zone_label):
            export.notes.inexact(place, _NOT_IN_PLANS)
            found.append(row)
        elif row.get("topologyKey") == export.zone_label and len(counted) > 1:
            kept, why = _over_zones(row, spec, counted, export)
            export.notes.inexact(place, why)
            found.append(kept)
    return found


_NOT_IN_PLANS = "stays as it is, and no plan knows it: where the scheduler can't keep it, copies wait"


def _taken(rule: Apart, pods: PodsOf) -> set[str]:
    """The components that a term is about, by the pods that run."""
    return {name for name, rows in pods.items() if any(rule.takes(row.namespace, row.labels) for row in rows)}


def _of_left_alone(component: Component, name: str, kept: Sequence[Apart], pods: PodsOf, notes: Notes) -> list[Json]:
    """Terms about pods that keep their own labels; none where what stands there takes them already."""
    own = pods.get(name, ())
    terms = [_term_about(pod) for pod in own if not any(rule.takes(pod.namespace, pod.labels) for rule in kept)]
    told_apart = [row for row in terms if _taken(apart_of(At(row), ""), pods) == {name}]
    if not own or len(told_apart) < len(terms):
        told = f"pods of {name} are left as they are, and no labels of theirs are known that no others have"
        notes.inexact(f"component {component.name} avoid", f"{told}: nothing keeps them apart")
    return told_apart


def _term_about(pod: KubeObject) -> Json:
    return {"topologyKey": HOSTNAME, "namespaces": [pod.namespace], "labelSelector": {"matchLabels": own_labels(pod)}}


def _host_term(expressions: Sequence[Json]) -> Json:
    return {"topologyKey": HOSTNAME, "namespaceSelector": {}, "labelSelector": {"matchExpressions": list(expressions)}}


def _over_zones(row: Json, spec: Mapping[str, Any], counted: Sequence[str], export: ExportContext) -> tuple[Json, str]:
    """How a constraint over zones that counts these components is written, and what it does then.

    The spec is that of its pod before it is held to a pool.
    """
    is_over_all = row.get(POLICY) == IGNORE
    told = f"it counts pods of {listed(counted)}"
    if row.get("matchLabelKeys"):
        return row, f"{told}, but those of one ReplicaSet alone: {_NO_LIMIT}"
    if not export.templates.labels:
        return row, f"{told}, and no nodes were given, so which zones it is about is not known"
    planned = Counter(zone for name in counted for zone in export.zones_planned[name])
    own = (row for row in export.problem.components if row.name in counted)
    both = sum((_beside(row, export) for row in own), Counter[str]())
    domains = {labels[export.zone_label] for labels in export.templates.labels.values() if export.zone_label in labels}
    domains |= {*planned}
    for counts, of in ((planned, "the plan has"), (both, "old and new copies together have")):
        if _skew(counts, domains, row) > row.get("maxSkew", 1):
            zones = ", ".join(f"{counts[zone]} in {zone}" for zone in sorted(domains))
            why = f"{told}, and {of} {zones}, more than its maxSkew of {row.get('maxSkew', 1)} apart"
            return row, f"{why}: {'copies wait' if is_over_all else _NO_LIMIT}"
    if is_over_all:
        return row, f"{told}, which no plan knows; this one keeps it"
    if domains - _zones_taken(spec, export) - {*planned}:
        why = f"{told}, and its pods may not stand in some zones, which {POLICY} {IGNORE} would count"
        return row, f"{why}: {_NO_LIMIT}"
    why = f"{told}, which no plan knows; this one keeps it, and {POLICY} {IGNORE} makes the scheduler keep it"
    return {**row, POLICY: IGNORE}, why


_NO_LIMIT = "it stays, and limits nothing, as each Deployment is of one zone"


def _counted_by(row: Json, component: str, space: str, export: ExportContext) -> list[str]:
    """The components whose pods a constraint counts, its own first."""
    told = row.get("labelSelector")
    selector = None if told is None else label_selector(At(told))
    if selector is None:
        return [component]
    others = [
        name
        for name, pods in export.templates.by_component.items()
        if name != component and any(pod.namespace == space and selector.takes(pod.labels) for pod in pods)
    ]
    return [component, *others]


def _zones_taken(spec: Mapping[str, Any], export: ExportContext) -> set[str]:
    """Zones with nodes that a pod's own selector and affinity take."""
    rules = node_rules(At(dict(spec)), Notes(), "")
    rows = export.templates.labels.items()
    return {row[export.zone_label] for name, row in rows if export.zone_label in row and rules.takes(row, name)}


def _skew(counts: Counter[str], domains: Iterable[str], row: Json) -> int:
    held = [counts[zone] for zone in domains]
    least = 0 if len(held) < row.get("minDomains", 1) else min(held, default=0)
    return max(held, default=0) - least


def _beside(component: Component, export: ExportContext) -> Counter[str]:
    """By zone the most copies while old and new ones run: of an earlier export's Deployments what is added."""
    now, then = (Counter(of[component.name]) for of in (export.zones_running, export.zones_planned))
    owner = Owner.of(component)
    return (now | then) if owner.is_left_alone or owner.kind in ("", "Component") else (now + then)
