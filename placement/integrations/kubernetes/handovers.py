"""What takes the place of what: which Deployments start, which stop, and which must stop before their successors start.

Copies that their owner never lets run beside each other (`Recreate`), or that mount a volume which one node at a time
may hold, end first. A volume of one zone does not follow copies to another.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from placement.integrations.kubernetes.deployments import ends_before_it_starts
from placement.integrations.kubernetes.naming import OWNER, namespace_of
from placement.integrations.kubernetes.objects import rows, text_at
from placement.integrations.kubernetes.pods import controller_of, deployment_of
from placement.integrations.notes import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence, Set

    from placement.documents import Component, Problem
    from placement.integrations.kubernetes.generations import PodGeneration
    from placement.integrations.kubernetes.groups import CopyGroup
    from placement.integrations.kubernetes.objects import KubeCluster, KubeObject
    from placement.integrations.kubernetes.templates import Json, Templates
    from placement.integrations.notes import Notes

_OF_MANY = ("ReadWriteMany", "ReadOnlyMany")


class OldOwner(NamedTuple):
    """What runs copies now and ends: kind, namespace, name; how its pods are told, for `kubectl wait`."""

    kind: str
    space: str
    name: str
    pods: tuple[str, ...] = ()


class Handover(NamedTuple):
    """Of one component the Deployments that start (namespace, name), and what stops."""

    starts: Sequence[tuple[str, str]]
    stops: Sequence[OldOwner]
    stops_first: bool


def handovers(
    problem: Problem,
    groups: Sequence[CopyGroup],
    work: Sequence[Json],
    templates: Templates,
    replaced: Set[str],
    notes: Notes,
) -> list[Handover]:
    """One for each component that is replaced, then what earlier exports made of components that are no more."""
    starts: dict[str, list[tuple[str, str]]] = defaultdict(list)
    zones: dict[str, set[str]] = defaultdict(set)
    for group, made in zip(groups, work, strict=True):
        starts[group.component.name].append((made["metadata"]["namespace"], made["metadata"]["name"]))
        zones[group.component.name].add(group.pool.zone)
    written = {key for keys in starts.values() for key in keys}
    known = {row.name for row in problem.components}
    outdated: dict[str, list[OldOwner]] = defaultdict(list)
    for (space, name), component in sorted(templates.exported.items()):
        if (space, name) not in written and (component in replaced or component not in known):
            outdated[component].append(_old("Deployment", space, name, templates))
    found = []
    for row in (row for row in problem.components if row.name in replaced):
        name = row.name
        stops = [*_owner(row, templates), *outdated.pop(name, ())]
        why = _why_first(name, templates) if stops and starts[name] else ""
        if why:
            notes.assumed(f"component {name}", f"{why}: the steps end its old copies before new ones start")
        _tell_volumes(name, zones[name], problem, templates, notes)
        found.append(Handover(starts[name], stops, bool(why)))
    return found + [Handover((), stops, stops_first=False) for stops in outdated.values()]


def _owner(component: Component, templates: Templates) -> Iterator[OldOwner]:
    """What ran a component before it was exported, if anything did that can be scaled."""
    owner = component.labels.get(OWNER, "")
    kind, _, name = owner.partition(" ")
    space = namespace_of(owner)
    if space and kind in ("Deployment", "ReplicaSet"):
        yield _old(kind, space, name.partition("/")[2], templates)


def _old(kind: str, space: str, name: str, templates: Templates) -> OldOwner:
    return OldOwner(kind, space, name, tuple(_pods(kind, space, name, templates)))


def _pods(kind: str, space: str, name: str, templates: Templates) -> list[str]:
    """Arguments that name the pods of an owner: its selector where that is plain labels, else the pods that run."""
    found = templates.cluster.get(kind, space, name)
    selector = found.dig("spec", "selector") if found else None
    told = selector.value if selector and isinstance(selector.value, dict) else {}
    if [*told] == ["matchLabels"] and told["matchLabels"]:
        return ["pod", "-l", ",".join(f"{key}={value}" for key, value in sorted(told["matchLabels"].items()))]
    return [
        f"pod/{row.pod.name}" for row, _ in templates.rows if _is_of(row.pod, (kind, space, name), templates.cluster)
    ]


def _is_of(pod: KubeObject, owner: tuple[str, str, str], cluster: KubeCluster) -> bool:
    made = deployment_of(pod, cluster)
    controller = controller_of(pod)
    direct = (controller[0], pod.namespace, controller[1]) if controller else None
    return owner in (made, direct)


def _why_first(component: str, templates: Templates) -> str:
    """Why its old copies must be gone before new ones start; empty where they need not."""
    made_by = [row.deployment for row in _generations(component, templates) if row.deployment is not None]
    if any(map(ends_before_it_starts, made_by)):
        return "the strategy of its Deployment is Recreate"
    volumes = _volumes(component, templates)
    return f"it mounts {listed(volumes)}, which pods of one node at a time may hold" if volumes else ""


def _tell_volumes(component: str, zones: Set[str], problem: Problem, templates: Templates, notes: Notes) -> None:
    """A note on copies in a zone where none of their component runs, to which no volume follows them."""
    volumes = _volumes(component, templates)
    if not volumes:
        return
    zone_of = {row.name: row.zone for row in problem.pools}
    pool_of = {row.id: row.pool for row in problem.instances}
    now = {zone_of[pool_of[row.instance]] for row in problem.placements if row.component == component}
    if now and zones - now:
        told = f"to {listed(sorted(zones - now))}: a volume of one zone does not follow, and new copies there wait"
        way = f"name the zones of the volume in `zones` ({listed(sorted(now))}), or move its data first"
        notes.inexact(f"component {component} {listed(volumes)}", f"the plan moves its copies {told}; {way}")


def _generations(component: str, templates: Templates) -> list[PodGeneration]:
    return [row for (name, _), row in templates.pods.items() if name == component]


def _volumes(component: str, templates: Templates) -> list[str]:
    """The claims of volumes that its pods mount, but for those known to be of many nodes."""
    found = {
        (pod.namespace, text_at(volume, "persistentVolumeClaim", "claimName"))
        for generation in _generations(component, templates)
        for pod in generation.pods
        for volume in rows(pod.at.key("spec"), "volumes")
    }
    return [
        f"PersistentVolumeClaim {space}/{name}"
        for space, name in sorted(found)
        if name and not _is_of_many(templates.cluster, space, name)
    ]


def _is_of_many(cluster: KubeCluster, space: str, name: str) -> bool:
    claim = cluster.get("PersistentVolumeClaim", space, name)
    modes = claim.dig("spec", "accessModes") if claim else None
    return modes is not None and isinstance(modes.value, list) and any(mode in _OF_MANY for mode in modes.value)
