"""Volumes of pods: who may hold one at a time, and the nodes that can reach it.

A claim names its access modes and the volume that it is bound to; the volume says by labels of nodes where it can be
mounted: https://kubernetes.io/docs/concepts/storage/persistent-volumes/.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from placement.catalogue.readers.kubernetes import ZONE_LABELS
from placement.integrations.kubernetes.objects import KubeCluster, KubeObject
from placement.integrations.kubernetes.selectors import NodeTerm, Requirement, Selector, node_terms
from placement.units import listed

ONE_POD = "ReadWriteOncePod"
MODES = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", ONE_POD)
_OF_MANY = ("ReadOnlyMany", "ReadWriteMany")
_APART = "__"  # between zones in a label of an old volume
Terms = tuple[NodeTerm, ...]  # a node must keep one of them


@dataclass(frozen=True, slots=True)
class MountedClaim:
    """A PersistentVolumeClaim that a pod mounts; `is_known`: it was given."""

    namespace: str
    name: str
    modes: tuple[str, ...] = ()
    volume: str = ""
    is_known: bool = False

    @property
    def place(self) -> str:
        return f"PersistentVolumeClaim {self.namespace}/{self.name}"

    @property
    def is_of_many(self) -> bool:
        """Whether pods of many nodes may hold it at once, as far as it is known."""
        return any(mode in _OF_MANY for mode in self.modes)

    @property
    def is_of_one_pod(self) -> bool:
        """Whether no two pods may hold it at once."""
        return self.modes == (ONE_POD,)

    @property
    def holders(self) -> str:
        """Who may hold it at once, for those that not many may."""
        if not self.is_known:
            return "pods of one node at a time may hold it, unless its access modes, which were not given, say more"
        return f"{'one pod' if self.is_of_one_pod else 'pods of one node'} at a time may hold it ({listed(self.modes)})"


@dataclass(frozen=True)
class Volumes:
    """Claims by namespace and name, and the terms of volumes by name: none where any node can mount it."""

    claims: Mapping[tuple[str, str], MountedClaim] = field(default_factory=dict)
    terms: Mapping[str, Terms] = field(default_factory=dict)

    @classmethod
    def of(cls, cluster: KubeCluster) -> Self:
        claims = cluster.read_each(cluster.of("PersistentVolumeClaim"), _claim)
        terms = cluster.read_kind("PersistentVolume", _terms)
        return cls({(row.namespace, row.name): row for row in claims}, {row.name: told for row, told in terms})

    def mounted_by(self, pod: KubeObject) -> list[MountedClaim]:
        keys = ((pod.namespace, name) for name in names_mounted(pod))
        return [self.claims.get(key) or MountedClaim(*key) for key in keys]

    def is_free(self, claim: MountedClaim) -> bool:
        """Whether it is known that every node can mount what a claim is bound to."""
        return self.terms.get(claim.volume) == ()

    def terms_of(self, pod: KubeObject) -> tuple[Terms, ...]:
        """What a node must keep to mount each of its volumes."""
        return tuple(filter(None, (self.terms.get(row.volume) for row in self.mounted_by(pod))))


def names_mounted(pod: KubeObject) -> list[str]:
    """Names of the claims that a pod mounts, in order. Ephemeral ones hold none: each pod has its own made anew."""
    names = [row.text_at("persistentVolumeClaim", "claimName") for row in pod.at.key("spec").rows("volumes")]
    return list(dict.fromkeys(filter(None, names)))


def _claim(found: KubeObject) -> MountedClaim:
    modes = found.at.rows("spec", "accessModes")
    for row in modes:
        if row.text() not in MODES:
            raise row.fault(f"must be one of {', '.join(MODES)}")
    told = tuple(row.text() for row in modes)
    return MountedClaim(found.namespace, found.name, told, found.at.text_at("spec", "volumeName"), is_known=True)


def _terms(found: KubeObject) -> Terms:
    required = found.at.get("spec", "nodeAffinity", "required")
    if required is not None:
        return node_terms(required)
    told = [(key, found.labels[key]) for key in ZONE_LABELS if found.labels.get(key)]
    labels = tuple(Requirement(key, "In", tuple(value.split(_APART))) for key, value in told)
    return (NodeTerm(Selector(labels), Selector()),) if labels else ()
