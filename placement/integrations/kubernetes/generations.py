"""Which of the templates that pods of a component were made of new copies have, and which pods are the newest.

While a Deployment is rolled out, or where that stopped half-way, pods of several ReplicaSets run. The newest is the one
that the Deployment's template was made into, where it was given; else it is told by revision, or by when the
ReplicaSet, or the first pod of it, was made. New copies have the Deployment's own template, else that of the newest
ReplicaSet.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from placement.catalogue.readers.fields import At
from placement.grouping import grouped, in_common
from placement.integrations.kubernetes.cleaning import clean_spec, kept_annotations, own_labels, written_spec
from placement.integrations.kubernetes.neighbours import neighbours_of
from placement.integrations.kubernetes.objects import Json, KubeCluster, KubeObject, mapping_under, texts
from placement.integrations.kubernetes.own_rules import as_written
from placement.integrations.kubernetes.pods import controller_of, deployment_of
from placement.integrations.kubernetes.requests import effective_requests
from placement.integrations.notes import Notes
from placement.units import count, whole_in

_RULES = ("nodeSelector", "affinity", "topologySpreadConstraints", "resourceClaims")
_REVISION = "deployment.kubernetes.io/revision"
_Group = tuple[str, str]


@dataclass(frozen=True)
class PodGeneration:
    """Pods alike of one component and option, newest first, and what new ones are made of.

    `source` has the labels, annotations and spec of a new copy: one of the pods, or the template of an owner seen as a
    pod. `newest` are the pods of the newest ReplicaSet. `has_deployment`: a Deployment made them, given or not.
    `remarks` say which of several templates it is.
    """

    pods: Sequence[KubeObject]
    newest: Sequence[KubeObject]
    source: KubeObject
    deployment: KubeObject | None
    has_deployment: bool
    remarks: tuple[str, ...]

    @cached_property
    def _written(self) -> dict[str, str]:
        """Annotations of the template of an owner."""
        return {} if self.source in self.pods else kept_annotations(self.source.annotations)

    @cached_property
    def _kept(self) -> list[dict[str, str]]:
        """Annotations that the owner of the newest pods wrote, of each."""
        return [kept_annotations(pod.annotations) for pod in self.newest]

    @property
    def labels(self) -> dict[str, str]:
        return own_labels(self.source)

    @property
    def annotations(self) -> dict[str, str]:
        """Of a new copy: those that pods which run have alike, and those of the template."""
        return in_common(self._kept) | self._written

    @property
    def differing(self) -> list[str]:
        """Annotations that pods which run do not have alike, so that a new copy has none."""
        return sorted({key for row in self._kept for key in row} - {*in_common(self._kept), *self._written})

    @property
    def spec(self) -> Json:
        spec = self.source.at.key("spec").value
        return clean_spec(spec) if self.source in self.pods else written_spec(spec)


def generation_of(pods: Sequence[KubeObject], cluster: KubeCluster) -> PodGeneration:
    """What new copies of pods of one component and option are made of."""
    ordered = newest_first(pods, cluster)
    first = ordered[0]
    made_by = deployment_of(first, cluster)
    deployment = cluster.get(*made_by) if made_by else None
    remarks = []
    chosen, place = first, first.place
    for owner in (deployment, _replica_set_of(first, cluster)):
        if owner is None:
            continue
        written = cluster.read_one(owner, _template)
        if written is None:
            continue
        if cluster.read_one(owner, lambda _, written=written: _asks_alike(written, first)):  # type: ignore[misc]
            chosen, place = written, owner.place
            break
        remarks.append(f"the template of {owner.place} asks for something else than its pods that run: theirs is kept")
    newest = [pod for pod in ordered if controller_of(pod) == controller_of(first)]
    older = [pod for pod in ordered if _runs(pod) != _runs(first)]
    if chosen is not first and not _is_part(_containers_of(chosen.at.value), _containers_of(first.at.value)):
        older = [*ordered]
    if older:
        told = f"{len(older)} of its {count(len(ordered), 'pod')} run by another template"
        remarks.append(f"{told} (a roll-out?): new copies have that of {place}")
    return PodGeneration(ordered, newest, chosen, deployment, made_by is not None, tuple(remarks))


def _runs(pod: KubeObject) -> str:
    """What a pod runs, as text: its containers, and its labels without those of its ReplicaSet."""
    spec = {key: value for key, value in clean_spec(pod.at.key("spec").value).items() if key not in _RULES}
    return json.dumps([spec, own_labels(pod)], sort_keys=True)


def _template(owner: KubeObject) -> KubeObject | None:
    """The template of an owner as the pod that it makes, with the rules that it had before an export."""
    template = owner.at.get("spec", "template")
    if template is None or template.get("spec") is None:
        return None
    told = template.get("metadata")
    labels, annotations = (texts(told.get(key)) if told else {} for key in ("labels", "annotations"))
    return as_written(replace(owner, labels=labels, annotations=annotations, at=At(template.value, template.way)))


def _asks_alike(written: KubeObject, pod: KubeObject) -> bool:
    """Whether a template asks for what its pod does: needs, nodes, neighbours, claims. The cluster may add needs."""
    needs, has = effective_requests(written.at), effective_requests(pod.at)
    if any(has.get(name) != amount for name, amount in needs.items()):
        return False
    ports, held = (neighbours_of(row, Notes(), "").ports for row in (written, pod))
    here, there = (row.at.key("spec") for row in (written, pod))
    return ports == held and all(_value(here, key) == _value(there, key) for key in _RULES)


def _value(spec: At, key: str) -> Any:
    found = spec.get(key)
    return None if found is None else found.value or None


def newest_first(pods: Sequence[KubeObject], cluster: KubeCluster) -> list[KubeObject]:
    """By the Deployment that was changed last, then by ReplicaSet and by age; equal ones by name."""
    members = grouped((_group(pod, cluster), pod) for pod in pods)
    rank: dict[_Group, tuple[bool, int, str]] = {}
    for group, rows in members.items():
        made_by, replica_set = deployment_of(rows[0], cluster), _replica_set_of(rows[0], cluster)
        deployment = cluster.get(*made_by) if made_by else None
        born = min(map(_born, rows)) if replica_set is None else _born(replica_set)
        revision = None if replica_set is None else whole_in(replica_set.annotations.get(_REVISION, ""))
        # The containers of its pods are those of its template, with what the cluster may have added.
        asked = _containers_of(mapping_under(deployment.at.value, "spec", "template")) if deployment else {}
        is_current = bool(asked) and any(_is_part(asked, _containers_of(pod.at.value)) for pod in rows)
        rank[group] = (is_current, -1 if revision is None else revision, born)
    last: dict[str, str] = defaultdict(str)
    for group, (_, _, born) in rank.items():
        last[group[0]] = max(born, last[group[0]])

    def age(pod: KubeObject) -> tuple[object, ...]:
        group = _group(pod, cluster)
        return (last[group[0]], rank[group], _born(pod))

    by_name = sorted(pods, key=lambda pod: (_group(pod, cluster), pod.name))
    return sorted(by_name, key=age, reverse=True)


def _group(pod: KubeObject, cluster: KubeCluster) -> _Group:
    """The Deployment, or whatever else made a pod, and the ReplicaSet of it."""
    made_by = deployment_of(pod, cluster)
    controller = controller_of(pod)
    return made_by.place if made_by else "", f"{controller.kind} {controller.name}" if controller else ""


def _replica_set_of(pod: KubeObject, cluster: KubeCluster) -> KubeObject | None:
    controller = controller_of(pod)
    return cluster.get(*controller._replace(kind="ReplicaSet")) if controller else None


def _born(found: KubeObject) -> str:
    """When an object was made, as text that sorts; empty where that is not told."""
    told = mapping_under(found.at.value, "metadata").get("creationTimestamp")
    return told if isinstance(told, str) else ""


def _containers_of(made: Json) -> Json:
    spec = mapping_under(made, "spec")
    return {key: spec[key] for key in ("containers", "initContainers") if key in spec}


def _is_part(asked: Any, held: Any) -> bool:
    """Whether all of a value stands in another one: of mappings each key, of lists each entry."""
    if isinstance(asked, dict):
        return isinstance(held, dict) and all(key in held and _is_part(asked[key], held[key]) for key in asked)
    if isinstance(asked, list):
        return isinstance(held, list) and all(any(_is_part(one, other) for other in held) for one in asked)
    return bool(asked == held)
