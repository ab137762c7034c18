"""Which pods of an owner are the newest, whatever their order in a file.

While a Deployment is rolled out, or where that stopped half-way, pods of several ReplicaSets run. The newest is the one
that the Deployment's template was made into, where it was given; else it is told by revision, or by when the
ReplicaSet, or the first pod of it, was made.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from placement.integrations.kubernetes.objects import mapping_under
from placement.integrations.kubernetes.pods import controller_of, deployment_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.integrations.kubernetes.objects import KubeCluster, KubeObject

    Json = dict[str, Any]

_REVISION = "deployment.kubernetes.io/revision"
_Group = tuple[str, str]


def newest_first(pods: Sequence[KubeObject], cluster: KubeCluster) -> list[KubeObject]:
    """By the Deployment that was changed last, then by ReplicaSet and by age; equal ones by name."""
    members: dict[_Group, list[KubeObject]] = defaultdict(list)
    for pod in pods:
        members[_group(pod, cluster)].append(pod)
    rank: dict[_Group, tuple[bool, int, str]] = {}
    for group, rows in members.items():
        made_by, replica_set = deployment_of(rows[0], cluster), replica_set_of(rows[0], cluster)
        deployment = cluster.get(*made_by) if made_by else None
        born = min(map(_born, rows)) if replica_set is None else _born(replica_set)
        revision = "" if replica_set is None else replica_set.annotations.get(_REVISION, "")
        is_current = deployment is not None and _is_made_of(deployment, rows)
        rank[group] = (is_current, int(revision) if _is_number(revision) else -1, born)
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
    return made_by.place if made_by else "", " ".join(controller_of(pod) or ())


def replica_set_of(pod: KubeObject, cluster: KubeCluster) -> KubeObject | None:
    """The ReplicaSet that made a pod, or None."""
    controller = controller_of(pod)
    return cluster.get("ReplicaSet", pod.namespace, controller[1]) if controller else None


def _born(found: KubeObject) -> str:
    """When an object was made, as text that sorts; empty where that is not told."""
    told = mapping_under(found.at.value, "metadata").get("creationTimestamp")
    return told if isinstance(told, str) else ""


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _is_made_of(deployment: KubeObject, pods: Sequence[KubeObject]) -> bool:
    """Whether the containers of pods are those of a Deployment's template, with what the cluster may have added."""
    asked = containers_of(mapping_under(deployment.at.value, "spec", "template"))
    return bool(asked) and any(is_part(asked, containers_of(pod.at.value)) for pod in pods)


def containers_of(made: Json) -> Json:
    """The containers of a pod, or of a template, as they are written."""
    spec = mapping_under(made, "spec")
    return {key: spec[key] for key in ("containers", "initContainers") if key in spec}


def is_part(asked: Any, held: Any) -> bool:
    """Whether all of a value stands in another one: of mappings each key, of lists each entry."""
    if isinstance(asked, dict):
        return isinstance(held, dict) and all(key in held and is_part(asked[key], held[key]) for key in asked)
    if isinstance(asked, list):
        return isinstance(held, list) and all(any(is_part(one, other) for other in held) for one in asked)
    return bool(asked == held)
