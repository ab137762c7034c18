"""Rules of a pod about other pods: topology spread constraints, and required (anti-)affinity between pods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from placement.integrations.kubernetes.objects import rows, text_at, whole_at
from placement.integrations.kubernetes.selectors import Selector, label_selector

if TYPE_CHECKING:
    from collections.abc import Mapping

    from placement.catalogue.readers.fields import At
    from placement.integrations.kubernetes.objects import KubeObject
    from placement.integrations.notes import Notes

HOSTNAME = "kubernetes.io/hostname"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


@dataclass(frozen=True, slots=True)
class SpreadRule:
    """A constraint that must be kept: at most so many more pods in one domain than in another."""

    key: str
    max_skew: int
    min_domains: int
    selector: Selector | None
    counts_affinity: bool  # domains are those of nodes that the pod's selector and affinity take
    counts_taints: bool  # ... and whose taints it tolerates


@dataclass(frozen=True, slots=True)
class Apart:
    """Pods with such labels, in such namespaces, must not be in the same domain (or must, for `together`)."""

    key: str
    selector: Selector | None
    namespaces: tuple[str, ...] | None  # None: all of them

    def takes(self, namespace: str, labels: Mapping[str, str]) -> bool:
        """Whether it is about a pod."""
        if self.selector is None or (self.namespaces is not None and namespace not in self.namespaces):
            return False
        return self.selector.takes(labels)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """All rules of one pod about others."""

    spread: tuple[SpreadRule, ...] = ()
    apart: tuple[Apart, ...] = ()
    together: tuple[Apart, ...] = ()


def neighbours_of(pod: KubeObject, notes: Notes, owner: str) -> Neighbours:
    """The rules that must be kept; of wishes a note says that they are not."""
    spec = pod.at.key("spec")
    spread = []
    for row in rows(spec, "topologySpreadConstraints"):
        if text_at(row, "whenUnsatisfiable") == "ScheduleAnyway":
            place = f"{owner} topologySpreadConstraints[{text_at(row, 'topologyKey')}]"
            notes.ignored(place, "ScheduleAnyway is a wish, no rule")
            continue
        keys = [key.text() for key in rows(row, "matchLabelKeys")]
        for key in sorted({*keys} - {"pod-template-hash", "controller-revision-hash"}):
            notes.ignored(f"{owner} topologySpreadConstraints.matchLabelKeys", f"{key} is not compared")
        spread.append(_spread(row))
    affinity = spec.get("affinity")
    for name in ("nodeAffinity", "podAffinity", "podAntiAffinity"):
        if rows(affinity, name, _PREFERRED):
            notes.ignored(f"{owner} affinity.{name}.preferred", "is a wish, no rule")
    apart = tuple(_apart(row, pod, notes, owner) for row in rows(affinity, "podAntiAffinity", _REQUIRED))
    together = tuple(_apart(row, pod, notes, owner) for row in rows(affinity, "podAffinity", _REQUIRED))
    return Neighbours(tuple(spread), apart, together)


def _spread(at: At) -> SpreadRule:
    skew = at.key("maxSkew")
    if (whole_at(at, "maxSkew") or 0) < 1:
        raise skew.fault("must be a whole number, at least 1")
    return SpreadRule(
        at.key("topologyKey").text(),
        whole_at(at, "maxSkew") or 1,
        whole_at(at, "minDomains") or 1,
        label_selector(at.get("labelSelector")),
        text_at(at, "nodeAffinityPolicy") != "Ignore",
        text_at(at, "nodeTaintsPolicy") == "Honor",
    )


def _apart(at: At, pod: KubeObject, notes: Notes, owner: str) -> Apart:
    key = at.key("topologyKey").text()
    listed = tuple(row.text() for row in rows(at, "namespaces"))
    everywhere = at.get("namespaceSelector")
    namespaces: tuple[str, ...] | None = listed or (pod.namespace,)
    if everywhere is not None:
        namespaces = None
        if label_selector(everywhere) != Selector():
            notes.assumed(
                f"{owner} affinity[{key}].namespaceSelector", "labels of namespaces are not known: it takes all"
            )
    return Apart(key, label_selector(at.get("labelSelector")), namespaces)
