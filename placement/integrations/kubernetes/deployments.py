"""What a Deployment has beside the template of its pods: an exported one has it too, as far as that is known."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from placement.integrations.kubernetes.annotations import kept_annotations
from placement.integrations.kubernetes.objects import dig, text_at
from placement.integrations.notes import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from placement.integrations.kubernetes.objects import KubeObject
    from placement.integrations.notes import Notes

    Json = dict[str, Any]

_OF_THE_PLAN = ("replicas", "selector", "template", "strategy", "paused")
_OF_THE_SERVER = ("deployment.kubernetes.io/",)
# Whoever manages the Deployment that runs would take a copy with these for its own, and delete what it did not write.
_OF_TOOLS = (
    *("argocd.argoproj.io/", "helm.toolkit.fluxcd.io/", "kustomize.toolkit.fluxcd.io/", "objectset.rio.cattle.io/"),
    *("meta.helm.sh/", "app.kubernetes.io/managed-by", "applyset.kubernetes.io/"),
)


def kept_metadata(found: KubeObject, notes: Notes) -> tuple[dict[str, str], dict[str, str]]:
    """Labels and annotations of an object that one in its place has too; a note on those that name who manages it."""
    told = {**found.labels, **found.annotations}
    tools = sorted(key for key in told if key.startswith(_OF_TOOLS))
    if tools:
        why = "say which tool manages it: not carried over. It goes on to manage that one, and may start it again"
        why += ": take it out there once the new one runs"
        notes.ignored(f"{found.place} {listed(tools)}", why)
    labels = {key: value for key, value in found.labels.items() if not key.startswith("gpu-placement/")}
    kept = (labels, kept_annotations(found.annotations))
    labels, annotations = (_without(rows, (*_OF_TOOLS, *_OF_THE_SERVER)) for rows in kept)
    return labels, annotations


def _without(rows: Mapping[str, str], starts: tuple[str, ...]) -> dict[str, str]:
    return {key: value for key, value in rows.items() if not key.startswith(starts)}


def kept_settings(found: KubeObject, notes: Notes) -> Json:
    """Fields of its specification that no plan says, such as `minReadySeconds`."""
    spec = found.at.value.get("spec") or {}
    if spec.get("paused"):
        notes.ignored(f"{found.place} spec.paused", "a new Deployment that is paused would start no copy")
    return {key: copy.deepcopy(value) for key, value in spec.items() if key not in _OF_THE_PLAN}


def ends_before_it_starts(found: KubeObject) -> bool:
    """Whether its old copies must be gone before new ones start (`Recreate`)."""
    strategy = dig(found.at, "spec", "strategy")
    return text_at(strategy, "type") == "Recreate"


def tell_unknown(components: Iterable[str], notes: Notes) -> None:
    """A note on components whose Deployments were not given."""
    names = sorted(set(components))
    if names:
        told = "their own labels, annotations and settings (minReadySeconds, ...) are not known: add deployments"
        notes.assumed(f"Deployments of {listed(names)}", f"were not given with --cluster, so {told}")
