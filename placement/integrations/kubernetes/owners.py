"""What becomes of the owners that run copies now: the steps end them, they are left as they are, or a person ends them.

A StatefulSet, a LeaderWorkerSet or a Rollout of Argo can be scaled, and is where the plan has none of its copies. What
starts its pods again by itself, such as a KServe service or another operator's object, is to be changed there.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from placement.integrations.kubernetes.naming import NAMED, Owner
from placement.units import count

if TYPE_CHECKING:
    from placement.documents import Component
    from placement.integrations.kubernetes.objects import KubeObject
    from placement.integrations.kubernetes.templates import Templates
    from placement.integrations.notes import Notes

ENDED = ("Deployment", "ReplicaSet")  # owners that the steps scale to 0 once new copies run
_REPLACED = (*ENDED, "Component")  # these, or an earlier export's
_SCALED = ("StatefulSet", "LeaderWorkerSet", "Rollout")  # that `kubectl scale` knows too


def ends_by_scaling(component: Component, copies: int, templates: Templates) -> bool:
    """Whether the steps scale a component's owner to 0: once new copies run, or where the plan has none of them."""
    if component.name in templates.services:
        return bool(copies)
    kind = Owner.of(component).kind
    return kind in ENDED or (kind in _SCALED and not copies)


def tell_owner(component: Component, copies: int, running: int, templates: Templates, notes: Notes) -> None:
    """What becomes of a component's owner where that is no Deployment; `copies` of it are in the plan."""
    place, owner = f"component {component.name}", Owner.of(component)
    if owner.kind == "Component":
        for other in (row for row in templates.beside(component.name) if row.kind not in ENDED):
            told = "runs copies beside what an export made: no step here ends those, so end them there"
            notes.inexact(place, f"{other.place} {told}")
    service = templates.services.get(component.name)
    if service:
        tell_service(place, service, copies, notes)
    elif not copies:
        _tell_none(place, owner, running, notes)
    elif owner.kind in NAMED:
        _tell_named(place, owner, copies, running, notes)
    elif owner.is_left_alone:
        notes.assumed(place, f"its owner is a {owner.kind}: its pods are left as they are")
    elif owner.kind not in _REPLACED and owner.namespace:
        told = f"a {owner.kind} runs its copies: no step here ends those, so end them there as new ones start"
        notes.inexact(place, told)


def tell_service(place: str, service: KubeObject, copies: int, notes: Notes) -> None:
    """A service that runs a component; `copies` are those of the plan."""
    if copies:
        told = f"{service.place} runs it, and would start again what the steps end"
        way = "point clients elsewhere and delete it once the new copies serve: its address goes with it"
        notes.inexact(place, f"{told}: {way}; or write services (export kserve)")
    else:
        space, name = shlex.quote(service.namespace), shlex.quote(service.name)
        told = f"the plan has none of its copies, and {service.place} runs on: point clients elsewhere, then delete it"
        notes.inexact(place, f"{told} (kubectl -n {space} delete {service.kind.lower()} {name})")


def _tell_none(place: str, owner: Owner, running: int, notes: Notes) -> None:
    """A component of which the plan has no copy."""
    if not running or owner.kind in _REPLACED or not owner.namespace:
        return
    if owner.kind in _SCALED:
        volumes = ", whose volumes stay unless it says otherwise" if owner.kind == "StatefulSet" else ""
        notes.assumed(place, f"the plan has none of its copies: the steps scale {owner.place} to 0{volumes}")
    else:
        told = f"the plan has none of its {count(running, 'copy', 'copies')}, and no step here ends {owner.place}"
        notes.inexact(place, f"{told}: end it there")


def _tell_named(place: str, owner: Owner, copies: int, running: int, notes: Notes) -> None:
    """Pods with names, volumes or groups of their own."""
    told = f"its pods, of a {owner.kind}, have names, volumes or groups of their own: it is left as it is"
    notes.inexact(place, f"{told}, and its places are for you to set")
    if copies == running or not owner.namespace:
        return
    told = f"the plan has {count(copies, 'copy', 'copies')}, and {running} run"
    if owner.kind == "StatefulSet":
        target = shlex.quote(f"statefulset/{owner.name}")
        command = f"kubectl -n {shlex.quote(owner.namespace)} scale {target} --replicas={copies}"
        which = ", which ends those of the highest numbers, wherever they stand" if copies < running else ""
        notes.inexact(place, f"{told}: {command}{which}")
    else:
        notes.inexact(place, f"{told}: set the groups of {owner.place}")
