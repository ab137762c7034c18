"""Which of the templates that pods of a component were made of new copies have.

While a Deployment is rolled out, or where that stopped half-way, pods of several ReplicaSets run. New copies have the
Deployment's own template where it was given, else that of the newest ReplicaSet (`revisions.py`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from placement.catalogue.readers.fields import At
from placement.integrations.kubernetes.cleaning import clean_spec, own_labels
from placement.integrations.kubernetes.neighbours import neighbours_of
from placement.integrations.kubernetes.objects import texts
from placement.integrations.kubernetes.own_rules import as_written
from placement.integrations.kubernetes.pods import controller_of, deployment_of
from placement.integrations.kubernetes.requests import effective_requests
from placement.integrations.kubernetes.revisions import containers_of, is_part, newest_first, replica_set_of
from placement.integrations.notes import Notes
from placement.units import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.integrations.kubernetes.objects import KubeCluster, KubeObject

    Json = dict[str, Any]

_RULES = ("nodeSelector", "affinity", "topologySpreadConstraints", "resourceClaims")


@dataclass(frozen=True)
class PodGeneration:
    """Pods alike of one component and option, newest first, and what new ones are made of.

    `source` has the labels, annotations and spec of a new copy: one of the pods, or the template of an owner seen as a
    pod. `newest` are the pods of the newest ReplicaSet. `has_deployment`: a Deployment made them, given or not.
    """

    pods: Sequence[KubeObject]
    newest: Sequence[KubeObject]
    source: KubeObject
    deployment: KubeObject | None
    has_deployment: bool
    remarks: tuple[str, ...]


def generation_of(pods: Sequence[KubeObject], cluster: KubeCluster) -> PodGeneration:
    """What new copies of pods of one component and option are made of.

    Raises
    ------
    DocumentError
        A Deployment or a ReplicaSet is damaged.
    """
    ordered = newest_first(pods, cluster)
    first = ordered[0]
    made_by = deployment_of(first, cluster)
    deployment = cluster.get(*made_by) if made_by else None
    remarks = []
    chosen, place = first, first.place
    for owner in (deployment, replica_set_of(first, cluster)):
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
    if chosen is not first and not is_part(containers_of(chosen.at.value), containers_of(first.at.value)):
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
    template = owner.dig("spec", "template")
    if template is None or template.get("spec") is None:
        return None
    told = template.get("metadata")
    labels, annotations = (texts(told.get(key)) if told else {} for key in ("labels", "annotations"))
    made = replace(owner, labels=labels, annotations=annotations, at=At(template.value, template.mode))
    return as_written(made)


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
