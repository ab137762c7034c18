"""What keeps pods off a node, and which pods stand it, as the scheduler decides it.

https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/. The operators Gt and Lt compare whole
numbers: the taint's value must be more, or less, than the toleration's. Taints by which Kubernetes says how a node is
doing are the state of a machine, and no rule of who may stand on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from placement.integrations.kubernetes.objects import KubeObject, choice_at, rows, text_at, whole_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from placement.catalogue.readers.fields import At
    from placement.integrations.notes import Notes

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
        """Whether it compares numbers."""
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
        held, bound = whole_number(taint.value), whole_number(self.value)
        if held is None or bound is None:
            return False
        return held > bound if self.operator == "Gt" else held < bound


def whole_number(text: str) -> int | None:
    """The number that a text is to the operators Gt and Lt; None where it is none.

    >>> whole_number("-7"), whole_number("07"), whole_number("9223372036854775808")
    (-7, None, None)
    """
    found = int(text) if _WHOLE.fullmatch(text) else None
    return found if found is not None and -(2**_BITS) <= found < 2**_BITS else None


def taints_of(node: KubeObject) -> tuple[Taint, ...]:
    """The taints of a node."""
    return tuple(
        Taint(row.key("key").text(), text_at(row, "value"), choice_at(row.key("effect"), EFFECTS))
        for row in rows(node.at.get("spec"), "taints")
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
    found = tuple(_toleration(row) for row in rows(spec, "tolerations"))
    for at in rows(spec, "tolerations"):
        seconds, key = whole_at(at, "tolerationSeconds"), text_at(at, "key")
        if seconds is not None and key not in TROUBLE:  # those are on every pod
            told = f"it stands the taint for {seconds} s; here it stays as long as others"
            notes.ignored(f"{owner} tolerations[{key}].tolerationSeconds", told)
    for row in (row for row in found if row.compares):
        told = "the cluster compares numbers: Kubernetes 1.35 and later, with TaintTolerationComparisonOperators"
        notes.assumed(f"{owner} tolerations[{row.key}] {row.operator} {row.value}", told)
    return found


def _toleration(at: At) -> Toleration:
    operator = choice_at(at, _OPERATORS, "operator") or "Equal"
    found = Toleration(text_at(at, "key"), operator, text_at(at, "value"), choice_at(at, EFFECTS, "effect"))
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
