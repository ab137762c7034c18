"""Resources that a driver of claims serves by their names: `nvidia.com/gpu` in a pod, a claim behind it.

A DeviceClass may name one (`spec.extendedResourceName`). Without the class a pod that has such a claim tells it. Where
nothing does, a pod that asks for the resource waits beside accelerators that are handed out by claims.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from placement.integrations.kubernetes.claims import DRIVER
from placement.integrations.kubernetes.objects import mappings_under, rows, text_at

if TYPE_CHECKING:
    from placement.integrations.kubernetes.objects import KubeCluster, KubeObject
    from placement.integrations.notes import Notes

_OF_DRIVER = re.compile(
    rf"""device\.driver\s*==\s*['"]{re.escape(DRIVER)}['"]"""
    rf"""|device\.attributes\[['"]{re.escape(DRIVER)}['"]\]\.type\s*==\s*['"](?:gpu|mig)['"]""",
    re.ASCII,
)


def mapped_resources(cluster: KubeCluster, notes: Notes) -> set[str]:
    """Names of resources that the driver of accelerators serves, by classes and by pods that have such a claim.

    Raises
    ------
    DocumentError
        A class is damaged.
    """
    by_class = cluster.read_each(cluster.of("DeviceClass"), lambda row: _of_class(row, notes))
    return {*filter(None, by_class)} | _of_pods(cluster)


def _of_class(found: KubeObject, notes: Notes) -> str:
    """The resource that a class of the driver names; empty for others."""
    spec = found.at.get("spec")
    name = text_at(spec, "extendedResourceName")
    asked = [text_at(row, "cel", "expression") for row in rows(spec, "selectors")]
    if not name or not any(DRIVER in text for text in asked):
        return ""
    for part in (part.strip() for text in asked for part in text.split("&&")):
        if not _OF_DRIVER.fullmatch(part):
            notes.ignored(f"{found.place} selectors", f"is not understood, so it is not kept: {part[:80]}")
    return name


def _of_pods(cluster: KubeCluster) -> set[str]:
    """What pods say that they have by a claim."""
    way = ("status", "extendedResourceClaimStatus", "requestMappings")
    names = (row.get("resourceName") for pod in cluster.of("Pod") for row in mappings_under(pod.at.value, *way))
    return {name for name in names if isinstance(name, str)}
