"""Which labels a selector takes, which nodes a pod may stand on by selector, affinity and taints.

As the scheduler decides it: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/.
Selectors of pods know In, NotIn, Exists and DoesNotExist; those of nodes Gt and Lt too.

By Gt and Lt a toleration compares whole numbers: the taint's value must be more, or less, than its own. Taints by which
Kubernetes says how a node is doing are the state of a machine, and no rule of who may stand on it:
https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from placement.catalogue.readers.fields import At
from placement.integrations.kubernetes.naming import HOSTNAME, REQUIRED
from placement.integrations.kubernetes.objects import KubeObject, texts
from placement.integrations.notes import Notes
from placement.units import whole_in

OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
NODE_OPERATORS = (*OPERATORS, "Gt", "Lt")
_NAME = "metadata.name"
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
CORDON = "node.kubernetes.io/unschedulable"
LEAVING = (
    "karpenter.sh/disrupted",
    "karpenter.sh/disruption",
    "ToBeDeletedByClusterAutoscaler",
    "DeletionCandidateOfClusterAutoscaler",
    "node.kubernetes.io/out-of-service",
)
TROUBLE = (
    *("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable", "node.kubernetes.io/memory-pressure"),
    *("node.kubernetes.io/disk-pressure", "node.kubernetes.io/pid-pressure", "node.kubernetes.io/network-unavailable"),
)
_WISH = "PreferNoSchedule"
_COMPARING = ("Gt", "Lt")
_OPERATORS = ("Exists", "Equal", *_COMPARING)
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,18}", re.ASCII)  # as the API server writes it, without zeros in front
_BITS = 63


@dataclass(frozen=True, slots=True)
class Requirement:
    """A key, an operator and values."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether labels keep it.

        >>> Requirement("zone", "NotIn", ("a",)).takes({}), Requirement("gpus", "Gt", ("4",)).takes({"gpus": "8"})
        (True, True)
        """
        held = labels.get(self.key)
        if self.operator == "In":
            return held in self.values
        if self.operator == "NotIn":
            return held not in self.values
        if self.operator == "Exists":
            return held is not None
        if self.operator == "DoesNotExist":
            return held is None
        return _compare(self.operator, _number(held or ""), _number(self.values[0]))


def _compare(operator: str, held: int | None, bound: int | None) -> bool:
    """Whether a number is more than a bound by Gt, less by Lt; what is no number is neither."""
    return held is not None and bound is not None and (held > bound if operator == "Gt" else held < bound)


def _number(text: str) -> int | None:
    return None if whole_in(text.removeprefix("-"), digits=19) is None else int(text)


@dataclass(frozen=True, slots=True)
class Selector:
    """Requirements that must all be kept. One without any takes everything."""

    requirements: tuple[Requirement, ...] = ()

    def takes(self, labels: Mapping[str, str]) -> bool:
        return all(row.takes(labels) for row in self.requirements)


def label_selector(at: At | None) -> Selector | None:
    """A selector of pods; None where there is none, which takes nothing."""
    if at is None:
        return None
    found = [Requirement(key, "In", (value,)) for key, value in texts(at.get("matchLabels")).items()]
    found += [_requirement(row, OPERATORS) for row in at.rows("matchExpressions")]
    return Selector(tuple(found))


def _requirement(at: At, operators: tuple[str, ...]) -> Requirement:
    operator = at.key("operator").choice_at(operators)
    values = tuple(_value(row) for row in at.rows("values"))
    if operator in ("In", "NotIn") and not values:
        raise at.fault("must have values")
    if operator in ("Exists", "DoesNotExist") and values:
        raise at.key("values").fault(f"must be empty with the operator {operator}")
    if operator in ("Gt", "Lt") and (len(values) != 1 or _number(values[0]) is None):
        raise at.fault(f"must have one whole number as its values, with the operator {operator}")
    return Requirement(at.key("key").text(), operator, values)


def _value(at: At) -> str:
    if not isinstance(at.value, str):
        raise at.fault("must be text")
    return at.value


@dataclass(frozen=True, slots=True)
class NodeTerm:
    """One term of a node selector: labels, and the names of nodes (`matchFields`)."""

    labels: Selector
    names: Selector

    def takes(self, labels: Mapping[str, str], name: str) -> bool:
        """Whether a node keeps it. A term without any requirement takes no node."""
        if not self.labels.requirements and not self.names.requirements:
            return False
        return self.labels.takes(labels) and self.names.takes({_NAME: name})

    @property
    def names_node(self) -> bool:
        """Whether it takes nodes that it names alone."""
        told = (*self.names.requirements, *(row for row in self.labels.requirements if row.key == HOSTNAME))
        return any(row.operator == "In" for row in told)


@dataclass(frozen=True, slots=True)
class Taint:
    """What keeps pods off a node that don't tolerate it."""

    key: str
    value: str
    effect: str

    @property
    def is_wish(self) -> bool:
        """Whether the scheduler may pass over it."""
        return self.effect == _WISH

    @property
    def is_state(self) -> bool:
        """Whether it says how the node is doing."""
        return self.key in (CORDON, *LEAVING, *TROUBLE)


@dataclass(frozen=True, slots=True)
class Toleration:
    """Taints that a pod stands; an empty key with Exists is all of them, an empty effect every effect."""

    key: str
    operator: str
    value: str
    effect: str

    @property
    def compares(self) -> bool:
        return self.operator in _COMPARING

    def tolerates(self, taint: Taint) -> bool:
        """Whether it makes up for a taint.

        >>> Toleration("sla", "Gt", "900", "").tolerates(Taint("sla", "950", "NoSchedule"))
        True
        """
        if self.effect not in ("", taint.effect) or self.key not in ("", taint.key):
            return False
        if not self.compares:
            return self.operator == "Exists" or (bool(self.key) and self.value == taint.value)
        return _compare(self.operator, whole_number(taint.value), whole_number(self.value))


def whole_number(text: str) -> int | None:
    """The number that a text is to the operators Gt and Lt; None where it is none.

    >>> whole_number("-7"), whole_number("07"), whole_number("9223372036854775808")
    (-7, None, None)
    """
    found = int(text) if _WHOLE.fullmatch(text) else None
    return found if found is not None and -(2**_BITS) <= found < 2**_BITS else None


def taints_of(node: KubeObject) -> tuple[Taint, ...]:
    return tuple(
        Taint(row.key("key").text(), row.text_at("value"), row.key("effect").choice_at(EFFECTS))
        for row in node.at.rows("spec", "taints")
    )


def tell_taints(node: KubeObject, taints: Iterable[Taint], notes: Notes) -> None:
    """Notes on wishes, and on what stops a node for now."""
    for taint in taints:
        if taint.key in TROUBLE and not taint.is_wish:
            told = f"{taint.effect}: taken as cordoned, so it takes no more copies"
            notes.assumed(f"{node.place} taint {taint.key}", told)
        elif taint.is_wish and not taint.is_state:
            notes.ignored(f"taint {taint.key}", f"{_WISH} is a wish, no rule")


def tolerations_of(spec: At, notes: Notes, owner: str) -> tuple[Toleration, ...]:
    """The tolerations of a pod; `owner` is what notes are about."""
    found = tuple(_toleration(row) for row in spec.rows("tolerations"))
    for at in spec.rows("tolerations"):
        seconds, key = at.whole_at("tolerationSeconds"), at.text_at("key")
        if seconds is not None and key not in TROUBLE:  # those are on every pod
            told = f"it stands the taint for {seconds} s; here it stays as long as others"
            notes.ignored(f"{owner} tolerations[{key}].tolerationSeconds", told)
    for row in (row for row in found if row.compares):
        told = "the cluster compares numbers: Kubernetes 1.35 and later, with TaintTolerationComparisonOperators"
        notes.assumed(f"{owner} tolerations[{row.key}] {row.operator} {row.value}", told)
    return found


def _toleration(at: At) -> Toleration:
    operator = at.choice_at(_OPERATORS, "operator") or "Equal"
    found = Toleration(at.text_at("key"), operator, at.text_at("value"), at.choice_at(EFFECTS, "effect"))
    if not found.key and operator != "Exists":
        raise at.fault("must have a key, or the operator Exists")
    if found.compares and whole_number(found.value) is None:
        raise at.key("value").fault(f"must be a whole number, as text, with the operator {operator}")
    return found


def tell_uncompared(
    nodes: Iterable[tuple[str, Sequence[Taint]]], tolerations: Iterable[Toleration], notes: Notes
) -> None:
    """A note on each taint whose value is no number, though a toleration compares it. `nodes` are places and taints."""
    compared = {row.key for row in tolerations if row.compares}
    for place, taints in nodes:
        for taint in taints:
            if taint.key in compared and whole_number(taint.value) is None:
                told = "is no whole number: no toleration by Gt or Lt stands it"
                notes.ignored(f"{place} taint {taint.key}={taint.value}", told)


@dataclass(frozen=True, slots=True)
class NodeRules:
    """Where a pod may stand, of all that looks at a node alone: equal rules of many pods are one value."""

    selector: Selector
    terms: tuple[NodeTerm, ...] | None  # one of them must be kept; None: there is no such rule
    tolerations: tuple[Toleration, ...]
    volumes: tuple[tuple[NodeTerm, ...], ...] = ()  # of each volume: one of its terms must be kept
    domains: tuple[str, ...] = ()  # labels that a node must have, whatever their value, as pods are spread by them

    def takes(self, labels: Mapping[str, str], name: str) -> bool:
        """Whether selector, affinity, volumes and domains take a node; taints are another question (`tolerates`)."""
        if not self.selector.takes(labels) or any(key not in labels for key in self.domains):
            return False
        return all(any(term.takes(labels, name) for term in one) for one in self._choices())

    def _choices(self) -> tuple[tuple[NodeTerm, ...], ...]:
        """Of each of these one term must be kept."""
        return self.volumes if self.terms is None else (self.terms, *self.volumes)

    def _terms(self) -> Iterator[NodeTerm]:
        return (term for one in self._choices() for term in one)

    def tolerates(self, taints: tuple[Taint, ...]) -> bool:
        """Whether every taint that keeps pods off is tolerated."""
        hard = (taint for taint in taints if not taint.is_wish)
        return all(any(row.tolerates(taint) for row in self.tolerations) for taint in hard)

    def looked_at(self) -> set[str]:
        """Labels of nodes that the rules look at."""
        found = {row.key for row in self.selector.requirements}
        return found | {row.key for term in self._terms() for row in term.labels.requirements}

    def names_asked_for(self) -> set[str | None]:
        """Nodes that a rule takes or refuses by name; None among them: it is about the name of every node."""
        rows = [row for row in self.selector.requirements if row.key == HOSTNAME]
        for term in self._terms():
            rows += [*(row for row in term.labels.requirements if row.key == HOSTNAME), *term.names.requirements]
        return {name for row in rows for name in (row.values if row.operator in ("In", "NotIn") else (None,))}


def node_rules(spec: At, notes: Notes, owner: str) -> NodeRules:
    """The rules of a pod on the nodes it may stand on; `owner` is what notes are about."""
    chosen = tuple(Requirement(key, "In", (value,)) for key, value in texts(spec.get("nodeSelector")).items())
    affinity = spec.get("affinity")
    node = affinity.get("nodeAffinity") if affinity else None
    required = node.get(REQUIRED) if node else None
    terms = None if required is None else node_terms(required)
    return NodeRules(Selector(chosen), terms, tolerations_of(spec, notes, owner))


def node_terms(required: At) -> tuple[NodeTerm, ...]:
    """The terms of a node selector, at least one."""
    terms = tuple(_term(row) for row in required.rows("nodeSelectorTerms"))
    if not terms:
        raise required.fault("must have a term in its nodeSelectorTerms")
    return terms


def _term(at: At) -> NodeTerm:
    labels = tuple(_requirement(row, NODE_OPERATORS) for row in at.rows("matchExpressions"))
    names = tuple(_field(row) for row in at.rows("matchFields"))
    return NodeTerm(Selector(labels), Selector(names))


def _field(at: At) -> Requirement:
    """A requirement on a field of the node: there is one."""
    at.key("key").choice_at((_NAME,))
    return _requirement(at, ("In", "NotIn"))
