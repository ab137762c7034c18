"""What keeps copies apart in an exported pod: `avoid` and `dedicated` as anti-affinity, and what no plan knows.

Copies of the export are told apart by the label of their component. Pods that it leaves as they are (StatefulSets,
Jobs, what comes with a node) have no such label: a term that a pod had about its host is kept where the problem says
the same, and what is missing is said by the labels that those pods have.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from placement.catalogue.readers.fields import At
from placement.integrations.kubernetes.cleaning import own_labels
from placement.integrations.kubernetes.groups import is_left_alone
from placement.integrations.kubernetes.naming import COMPONENT_LABEL, HOSTNAME, slug
from placement.integrations.kubernetes.neighbours import Apart, apart_of, is_kept_by_plans
from placement.integrations.kubernetes.own_rules import others_than_ours
from placement.integrations.kubernetes.zone_rules import Surroundings, counted_by, over_zones

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from placement.documents import Component
    from placement.integrations.kubernetes.objects import Json, KubeObject
    from placement.integrations.notes import Notes

    PodsOf = Mapping[str, Sequence[KubeObject]]  # by component


def apart_terms(
    component: Component, before: Sequence[Json], space: str, around: Surroundings, notes: Notes
) -> list[Json]:
    """Required terms of a copy in the namespace `space`: those of `before` that the problem says too, then ours.

    A term about hosts that is about no pod that runs is kept, and so are terms that the problem can't say: over
    other domains, and over zones about other components.
    """
    problem, pods = around.problem, around.pods
    others = around.avoided[component.name]
    kept = [(row, apart_of(At(row), space)) for row in before if row.get("topologyKey") == HOSTNAME]
    meant = {*others} | ({component.name} if component.spread.max_per_instance == 1 else set())
    kept = [(row, rule) for row, rule in kept if component.dedicated or _taken(rule, pods) <= meant]
    found = [copy.deepcopy(row) for row, _ in kept]
    for row in before:
        key = row.get("topologyKey")
        about = _taken(apart_of(At(row), space), pods) - {component.name}
        if key not in (HOSTNAME, around.zone_label) or (key == around.zone_label and about):
            notes.inexact(f"component {component.name} podAntiAffinity[{key}]", _NOT_IN_PLANS)
            found.append(copy.deepcopy(row))
    left = [row.name for row in problem.components if row.name in others and is_left_alone(row)]
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


def other_constraints(
    component: Component, spec: Mapping[str, Any], space: str, around: Surroundings, notes: Notes
) -> list[Json]:
    """Of a pod with this spec, before it is held to a pool, the spread constraints that stay: wishes, and unknown ones.

    No plan knows those over domains that are neither hosts nor zones, and over zones that count other components too.
    """
    found = []
    for row in map(copy.deepcopy, others_than_ours(spec.get("topologySpreadConstraints"))):
        place = f"component {component.name} topologySpreadConstraints[{row.get('topologyKey')}]"
        counted = counted_by(row, component.name, space, around)
        if row.get("whenUnsatisfiable") == "ScheduleAnyway":
            found.append(row)
        elif not is_kept_by_plans(row, around.zone_label):
            notes.inexact(place, _NOT_IN_PLANS)
            found.append(row)
        elif row.get("topologyKey") == around.zone_label and len(counted) > 1:
            kept, why = over_zones(row, spec, counted, around)
            notes.inexact(place, why)
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
    return {
        "topologyKey": HOSTNAME,
        "namespaces": [pod.namespace],
        "labelSelector": {"matchLabels": own_labels(pod)},
    }


def _host_term(expressions: Sequence[Json]) -> Json:
    return {"topologyKey": HOSTNAME, "namespaceSelector": {}, "labelSelector": {"matchExpressions": list(expressions)}}
