"""Rules of a pod about other pods: topology spread constraints, and required (anti-)affinity between pods."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from placement.catalogue.readers.fields import At
from placement.integrations.kubernetes.naming import HOSTNAME, PREFERRED, REQUIRED
from placement.integrations.kubernetes.objects import KubeObject
from placement.integrations.kubernetes.requests import is_sidecar
from placement.integrations.kubernetes.selectors import Selector, label_selector
from placement.integrations.notes import Notes

_UNSATISFIABLE = ("DoNotSchedule", "ScheduleAnyway")
_MOST_PORT = 65_535
_POLICIES = ("Honor", "Ignore")
_PROTOCOLS = ("TCP", "UDP", "SCTP")
_OF_REVISIONS = ("pod-template-hash", "controller-revision-hash")  # labels that tell revisions of a template
_ALL_ADDRESSES = ("0.0.0.0", "::")


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
        if self.selector is None or (self.namespaces is not None and namespace not in self.namespaces):
            return False
        return self.selector.takes(labels)


@dataclass(frozen=True, slots=True)
class HostPort:
    """A port of its node that a pod takes: no other pod has it there, on the same address."""

    protocol: str
    number: int
    address: str  # empty: all of them

    def clashes(self, other: Self) -> bool:
        """Whether pods with these two can't be on one node.

        >>> HostPort("TCP", 80, "").clashes(HostPort("TCP", 80, "10.0.0.1"))
        True
        """
        same = (self.protocol, self.number) == (other.protocol, other.number)
        return same and (self.address == other.address or not self.address or not other.address)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """All rules of one pod about others."""

    spread: tuple[SpreadRule, ...] = ()
    apart: tuple[Apart, ...] = ()
    together: tuple[Apart, ...] = ()
    ports: tuple[HostPort, ...] = ()

    def domains(self) -> tuple[str, ...]:
        """Labels that a node must have for the pod to start there: those that its constraints of spread go by.

        Every node has the label of its host.
        """
        return tuple(sorted({row.key for row in self.spread} - {HOSTNAME}))


def neighbours_of(pod: KubeObject, notes: Notes, owner: str) -> Neighbours:
    """The rules that must be kept; of wishes a note says that they are not."""
    spec = pod.at.key("spec")
    spread = []
    for row in spec.rows("topologySpreadConstraints"):
        if row.choice_at(_UNSATISFIABLE, "whenUnsatisfiable") == "ScheduleAnyway":
            place = f"{owner} topologySpreadConstraints[{row.text_at('topologyKey')}]"
            notes.ignored(place, "ScheduleAnyway is a wish, no rule")
            continue
        rule = spread_rule(row)
        for key in sorted({key.text() for key in row.rows("matchLabelKeys")} - {*_OF_REVISIONS}):
            if not _is_merged(rule.selector, key):
                notes.ignored(f"{owner} topologySpreadConstraints.matchLabelKeys", f"{key} is not compared")
        spread.append(rule)
    for name in ("nodeAffinity", "podAffinity", "podAntiAffinity"):
        if spec.rows("affinity", name, PREFERRED):
            notes.ignored(f"{owner} affinity.{name}.preferred", "is a wish, no rule")
    apart = tuple(_apart(row, pod, notes, owner) for row in spec.rows("affinity", "podAntiAffinity", REQUIRED))
    together = tuple(_apart(row, pod, notes, owner) for row in spec.rows("affinity", "podAffinity", REQUIRED))
    return Neighbours(tuple(spread), apart, together, _ports(spec))


def _ports(spec: At) -> tuple[HostPort, ...]:
    """Ports of containers, and of sidecars: those of other init containers are free again when the pod runs."""
    sidecars = [row for row in spec.rows("initContainers") if is_sidecar(row)]
    found = set()
    for row in (port for container in [*spec.rows("containers"), *sidecars] for port in container.rows("ports")):
        number = row.whole_at("hostPort")
        if number and not 0 < number <= _MOST_PORT:
            raise row.key("hostPort").fault(f"must be from 1 to {_MOST_PORT}")
        if number:
            address, protocol = row.text_at("hostIP"), row.choice_at(_PROTOCOLS, "protocol")
            found.add((protocol or "TCP", number, "" if address in _ALL_ADDRESSES else address))
    return tuple(HostPort(*row) for row in sorted(found))


def is_kept_by_plans(constraint: Mapping[str, Any], zone_label: str) -> bool:
    """Whether a spread constraint is a rule over hosts or zones, which plans know; others are the scheduler's alone."""
    is_rule = constraint.get("whenUnsatisfiable") != "ScheduleAnyway"
    return is_rule and constraint.get("topologyKey") in (HOSTNAME, zone_label)


def spread_rule(at: At) -> SpreadRule:
    at.key("maxSkew")
    return SpreadRule(
        at.key("topologyKey").text(),
        _at_least_one(at, "maxSkew"),
        _at_least_one(at, "minDomains"),
        _of_all_revisions(at),
        at.choice_at(_POLICIES, "nodeAffinityPolicy") != "Ignore",
        at.choice_at(_POLICIES, "nodeTaintsPolicy") == "Honor",
    )


def _at_least_one(at: At, key: str) -> int:
    """A whole number, 1 where nothing is said."""
    found = at.whole_at(key)
    if found is not None and found < 1:
        raise at.key(key).fault("must be a whole number, at least 1")
    return found or 1


def _apart(at: At, pod: KubeObject, notes: Notes, owner: str) -> Apart:
    key = at.key("topologyKey").text()
    found = apart_of(at, pod.namespace)
    for field in ("matchLabelKeys", "mismatchLabelKeys"):
        for name in at.rows(field):
            if not _is_merged(found.selector, name.text()):
                notes.ignored(f"{owner} affinity[{key}].{field}", f"{name.text()} is not compared")
    everywhere = at.get("namespaceSelector")
    if everywhere is not None and label_selector(everywhere) != Selector():
        notes.assumed(f"{owner} affinity[{key}].namespaceSelector", "labels of namespaces are not known: it takes all")
    return found


def apart_of(at: At, space: str) -> Apart:
    """A term of (anti-)affinity of a pod in the namespace `space`."""
    listed = tuple(row.text() for row in at.rows("namespaces"))
    namespaces = None if at.get("namespaceSelector") is not None else listed or (space,)
    return Apart(at.key("topologyKey").text(), _of_all_revisions(at), namespaces)


def _of_all_revisions(at: At) -> Selector | None:
    """A selector without what the API server adds for `matchLabelKeys`: that pods are of the same revision.

    So copies of an old and a new template have one rule, as the person wrote it.
    """
    found = label_selector(at.get("labelSelector"))
    added = {key.text() for key in at.rows("matchLabelKeys")} & {*_OF_REVISIONS}
    if found is None or not added:
        return found
    return Selector(tuple(row for row in found.requirements if row.key not in added))


def _is_merged(selector: Selector | None, key: str) -> bool:
    """Whether the API server wrote the pod's own value of a label into a selector."""
    return selector is not None and any(row.key == key for row in selector.requirements)
