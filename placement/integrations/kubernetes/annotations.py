"""Annotations of running pods that a new copy has too: those that its owner wrote, not those that the cluster added.

A pod does not say who wrote what. So what is known to be added is left out by name, and everything else is kept as far
as all pods of a component have it alike: rules of schedulers, meshes and autoscalers stand there, of any name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What the API server, admission, networks and schedulers write on a pod that runs; all that begins so.
_ADDED = (
    *("gpu-placement/", "kubectl.kubernetes.io/last-applied-configuration", "kubectl.kubernetes.io/restartedAt"),
    *("kubernetes.io/config.", "kubernetes.io/limit-ranger", "kubernetes.io/psp", "openshift.io/scc"),
    *("security.openshift.io/validated-scc-subject-type", "sidecar.istio.io/status", "vpaObservedContainers"),
    *("vpaUpdates", "cni.projectcalico.org/containerID", "cni.projectcalico.org/podIP", "k8s.ovn.org/pod-networks"),
    *("k8s.v1.cni.cncf.io/network-status", "k8s.v1.cni.cncf.io/networks-status", "vpc.amazonaws.com/pod-"),
    *("cloud.google.com/cluster_autoscaler_unhelpable", "hami.io/bind-", "hami.io/vgpu-", "pod-group-name"),
    *("meta.helm.sh/", "received-resource-type", "batch.kubernetes.io/job-completion-index"),
)


def kept_annotations(told: Mapping[str, str]) -> dict[str, str]:
    """Those that the owner wrote."""
    return {key: value for key, value in told.items() if not key.startswith(_ADDED)}


def in_common(pods: Sequence[Mapping[str, str]]) -> tuple[dict[str, str], list[str]]:
    """Kept annotations that all pods have alike, and the names of the others.

    >>> in_common([{"a": "1", "b": "1"}, {"a": "1", "b": "2"}])
    ({'a': '1'}, ['b'])
    """
    kept = [kept_annotations(told) for told in pods]
    alike = {key: value for key, value in kept[0].items() if all(row.get(key) == value for row in kept)}
    return alike, sorted({key for row in kept for key in row} - {*alike})
